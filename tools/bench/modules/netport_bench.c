// SPDX-License-Identifier: GPL-2.0
/*
 * What netport's kernel API costs.  It is measured as the module is loaded, with the clock,
 * which counts instructions on the machine of make bench.
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/in.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/netport.h>
#include <linux/sort.h>
#include <net/net_namespace.h>

static uint pair;
module_param(pair, uint, 0444);
MODULE_PARM_DESC(pair, "hundredths of nanoseconds of reserving and releasing (result)");

#define SAMPLES	25
#define CALLS	64

static int by_number(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

static u64 median(u64 *sample)
{
	sort(sample, SAMPLES, sizeof(*sample), by_number, NULL);
	return sample[SAMPLES / 2];
}

static u64 clock_cost(void)
{
	u64 sample[SAMPLES], start;
	uint i;

	for (i = 0; i < SAMPLES; i++) {
		start = ktime_get_ns();
		sample[i] = ktime_get_ns() - start;
	}
	return median(sample);
}

static int reserve_release(struct netport_owner *owner)
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
	u64 sample[SAMPLES], start;
	int err = 0;
	uint i, j;

	if (IS_ERR(owner))
		return PTR_ERR(owner);
	for (i = 0; i < SAMPLES && !err; i++) {
		start = ktime_get_ns();
		for (j = 0; j < CALLS && !err; j++)
			err = reserve_release(owner);
		sample[i] = ktime_get_ns() - start;
	}
	netport_owner_destroy(owner);
	if (!err)
		pair = div_u64((median(sample) - clock_cost()) * 100, CALLS);
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
