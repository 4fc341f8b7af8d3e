// SPDX-License-Identifier: GPL-2.0
/*
 * A kernel-resident stack in miniature, for the rmmod selftest: one owner in the initial
 * network namespace, which holds UDP port @port from load to unload, and another port
 * that it picked.
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/in.h>
#include <linux/module.h>
#include <linux/netport.h>
#include <net/net_namespace.h>

static ushort port = 40123;
module_param(port, ushort, 0444);
MODULE_PARM_DESC(port, "UDP port to hold (default 40123)");

static ushort picked;
module_param(picked, ushort, 0444);
MODULE_PARM_DESC(picked, "even UDP port that was picked (result)");

static struct netport_owner *owner;

static int is_even(u16 candidate, void *arg)
{
	return candidate % 2 == 0;
}

static int __init netport_user_init(void)
{
	struct netport_reserve hold = {
		.binding.families = NETPORT_FAMILY_IPV4 | NETPORT_FAMILY_IPV6,
		.binding.protocol = IPPROTO_UDP,
		.binding.port = port,
	};
	struct netport_reserve any = {
		.binding.families = NETPORT_FAMILY_IPV4 | NETPORT_FAMILY_IPV6,
		.binding.protocol = IPPROTO_UDP,
	};
	int err;

	owner = netport_owner_create(&init_net, current_uid());
	if (IS_ERR(owner))
		return PTR_ERR(owner);
	err = netport_reserve(owner, &hold, GFP_KERNEL);
	if (!err)
		err = netport_pick(owner, &any, is_even, NULL, GFP_KERNEL);
	if (err) {
		netport_owner_destroy(owner);
		return err;
	}
	picked = any.binding.port;
	return 0;
}

static void __exit netport_user_exit(void)
{
	netport_owner_destroy(owner);
}

module_init(netport_user_init);
module_exit(netport_user_exit);

MODULE_DESCRIPTION("A user of netport, for its selftests");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(NETPORT_NS);
