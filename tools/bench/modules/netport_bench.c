// SPDX-License-Identifier: GPL-2.0
/*
 * What netport's kernel API costs.  It is measured as the module is loaded.
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/in.h>
#include <linux/module.h>
#include <linux/netport.h>
#include <net/net_namespace.h>

#include "measure.h"

static uint pair;
module_param(pair, uint, 0444);
MODULE_PARM_DESC(pair, "hundredths of nanoseconds of reserving and releasing (result)");

static int reserve_release(void *owner)
{
	struct netport_reserve req = {
		.binding.families = NETPORT_FAMILY_IPV4,
		.binding.protocol = IPPROTO_UDP,
		.binding.port = 40000,
		.binding.addr = { 10, 0, 0, 1 },
	};

	return netport_reserve(owner, &req, GFP_KERNEL) ?: netport_release(owner, req.token);
}

static int __init netport_bench_init(void)
{
	struct netport_owner *owner = netport_owner_create(&init_net, current_uid());
	int err;

	if (IS_ERR(owner))
		return PTR_ERR(owner);
	err = measure(reserve_release, owner, &pair);
	netport_owner_destroy(owner);
	return err;
}

static void __exit netport_bench_exit(void)
{
}

module_init(netport_bench_init);
module_exit(netport_bench_exit);

MODULE_DESCRIPTION("What netport's kernel API costs");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(NETPORT_NS);
