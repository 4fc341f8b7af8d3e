// SPDX-License-Identifier: GPL-2.0
/*
 * net.netport.*: the range and the limits of a network namespace, for whoever has CAP_NET_ADMIN
 * over it.
 *
 * A limit of a namespace that is above the module's has no effect: the least of both counts.
 */
#include <linux/slab.h>
#include <linux/sysctl.h>

#include "compat.h"
#include "netport_priv.h"

/* "LOW HIGH", with the checks of NETPORT_IOC_SET_RANGE. */
static int np_sysctl_range(NP_CTL_CONST struct ctl_table *ctl, int write, void *buffer,
			   size_t *lenp, loff_t *ppos)
{
	int range[2] = { NP_RANGE_LOW, NP_RANGE_HIGH }, min = 1, max = U16_MAX;
	struct ctl_table both = {
		.data = range, .maxlen = sizeof(range), .mode = ctl->mode,
		.extra1 = &min, .extra2 = &max,
	};
	struct np_net *nn = np_net_find(ctl->extra1);
	struct netport_range r = {};
	int err;

	if (nn) {
		np_net_range(nn, &r.low, &r.high);
		range[0] = r.low;
		range[1] = r.high;
		np_net_put(nn);
	}
	err = proc_dointvec_minmax(&both, write, buffer, lenp, ppos);
	if (err || !write)
		return err;
	nn = np_net_get(ctl->extra1);
	if (IS_ERR(nn))
		return PTR_ERR(nn);
	r.low = range[0];
	r.high = range[1];
	err = np_net_set_range(nn, &r, true);
	np_net_put(nn);
	return err;
}

static int np_sysctl_limit(NP_CTL_CONST struct ctl_table *ctl, int write, void *buffer,
			   size_t *lenp, loff_t *ppos)
{
	enum np_limit which = (uintptr_t)ctl->extra2;
	unsigned int max = NP_LIMIT_NONE;
	struct ctl_table one = { .data = &max, .maxlen = sizeof(max), .mode = ctl->mode };
	struct np_net *nn = np_net_find(ctl->extra1);
	int err;

	if (nn) {
		max = READ_ONCE(nn->max[which]);
		np_net_put(nn);
	}
	err = proc_douintvec(&one, write, buffer, lenp, ppos);
	if (err || !write)
		return err;
	nn = np_net_get(ctl->extra1);
	if (IS_ERR(nn))
		return PTR_ERR(nn);
	WRITE_ONCE(nn->max[which], max);
	np_net_put(nn);
	return 0;
}

#define NP_SYSCTL_LIMIT(_name, _which)						\
	{ .procname = _name, .mode = 0644, .proc_handler = np_sysctl_limit,	\
	  .extra2 = (void *)_which }

/* Ends with an empty entry, see compat.h. */
static const struct ctl_table np_sysctls[] = {
	{ .procname = "range", .mode = 0644, .proc_handler = np_sysctl_range },
	NP_SYSCTL_LIMIT("max_per_owner", NP_PER_OWNER),
	NP_SYSCTL_LIMIT("max_per_uid", NP_PER_UID),
	NP_SYSCTL_LIMIT("max_per_netns", NP_PER_NETNS),
	{}
};

#define NP_SYSCTLS	(ARRAY_SIZE(np_sysctls) - 1)

int __net_init np_sysctl_init(struct net *net)
{
	struct np_net_slot *slot = net_generic(net, np_net_id);
	struct ctl_table *table;
	unsigned int i;

	table = kmemdup(np_sysctls, sizeof(np_sysctls), GFP_KERNEL_ACCOUNT);
	if (!table)
		return -ENOMEM;
	for (i = 0; i < NP_SYSCTLS; i++)
		table[i].extra1 = net;
	slot->sysctls = register_net_sysctl_sz(net, "net/netport", table, NP_SYSCTLS);
	if (slot->sysctls)
		return 0;
	kfree(table);
	return -ENOMEM;
}

void __net_exit np_sysctl_exit(struct net *net)
{
	struct np_net_slot *slot = net_generic(net, np_net_id);
	const struct ctl_table *table = slot->sysctls->ctl_table_arg;

	unregister_net_sysctl_table(slot->sysctls);
	kfree(table);
}
