// SPDX-License-Identifier: GPL-2.0
/*
 * cost - what calls cost, in instructions.
 *
 * On a machine whose clock counts instructions (make icount: one nanosecond each) the
 * figures are the same in every run, and promises about them are tested.  Elsewhere it only
 * shows that what is measured works.
 */
#include "modules.h"
#include "waiter.h"

#define A	"udp 4 10.0.0.1:40000"

static bool clock_counts_instructions(void)
{
	char line[4096];

	return read_file("/proc/cmdline", line, sizeof(line)) && strstr(line, "testbed.icount=1");
}

static int by_number(const void *a, const void *b)
{
	__u64 x = *(const __u64 *)a, y = *(const __u64 *)b;

	return x < y ? -1 : x > y;
}

static __u64 median(__u64 *sample, unsigned int n)
{
	qsort(sample, n, sizeof(*sample), by_number);
	return sample[n / 2];
}

/* What reading the clock costs. */
static __u64 clock_cost(void)
{
	__u64 sample[9], start;
	unsigned int i;

	for (i = 0; i < 9; i++) {
		start = now_ns();
		sample[i] = now_ns() - start;
	}
	return median(sample, 9);
}

/* Whoever measures isn't to be preempted by whoever he wakes. */
static void be_first(void)
{
	struct sched_param param = { .sched_priority = 1 };

	if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param))
		die("sched_setscheduler");
}

#define SAMPLES	9

/* The median of what a release costs that hands the port to one of @n who wait for it. */
static __u64 handing_over(struct __test_metadata *_metadata, const char *text, unsigned int n)
{
	struct waiter *w = calloc(n, sizeof(*w));
	struct netport_release r = { .token = 0 };
	int fd = owner(), holder = owner();
	__u64 sample[SAMPLES], start;
	unsigned int i;

	ASSERT_NE(NULL, w);
	ASSERT_EQ(0, reserve_token(holder, A, &start));
	r.token = start;
	for (i = 0; i < n; i++)
		ASSERT_TRUE(waiter_queue(&w[i], fd, text));
	for (i = 0; i < n; i++) {
		start = now_ns();
		ASSERT_EQ(0, ioctl(i ? fd : holder, NETPORT_IOC_RELEASE, &r));
		if (i < SAMPLES)
			sample[i] = now_ns() - start - clock_cost();
		ASSERT_EQ(0, waiter_end(&w[i]));
		r.token = w[i].req.reserve.token;
	}
	EXPECT_EQ(0, release(fd, r.token));
	close(holder);
	close(fd);
	free(w);
	return median(sample, SAMPLES);
}

static void expect_no_growth(struct __test_metadata *_metadata, const char *text)
{
	__u64 few = handing_over(_metadata, text, 10);
	__u64 many = handing_over(_metadata, text, so_many("NETPORT_WAITERS", 1000, 100));

	TH_LOG("%s: a release with 10 waiters costs %llu, with 1000 %llu", text,
	       (unsigned long long)few, (unsigned long long)many);
	if (clock_counts_instructions())
		EXPECT_LE(many * 10, few * 13);
}

TEST(release_doesnt_cost_more_with_a_thousand_waiters)
{
	be_first();
	expect_no_growth(_metadata, A);
	expect_no_growth(_metadata, "udp 4 10.0.0.1:0 =40000-40000");
	expect_no_growth(_metadata, "udp 4 *:40000");
}

#define LOOKUPS	"netport_lookups"

/* A lookup is no dearer than the host's among as many sockets that are bound likewise. */
static void expect_no_dearer(struct __test_metadata *_metadata, const char *shape,
			     unsigned int count)
{
	long ours, hosts, our_miss, hosts_miss;
	char params[64];

	snprintf(params, sizeof(params), "shape=%s count=%u", shape, count);
	ASSERT_EQ(0, load_with(LOOKUPS, params)) TH_LOG("%s", params);
	ours = module_number(LOOKUPS, "netport");
	hosts = module_number(LOOKUPS, "udp");
	our_miss = module_number(LOOKUPS, "netport_miss");
	hosts_miss = module_number(LOOKUPS, "udp_miss");
	ASSERT_EQ(0, unload(LOOKUPS));

	TH_LOG("%u %s: a lookup costs %ld, the host's %ld; in vain %ld and %ld", count, shape,
	       ours, hosts, our_miss, hosts_miss);
	/* 0: somebody else was found. */
	EXPECT_LT(0, ours);
	EXPECT_LT(0, hosts);
	EXPECT_LT(0, our_miss);
	EXPECT_LT(0, hosts_miss);
	if (clock_counts_instructions()) {
		EXPECT_LE(ours, hosts);
		EXPECT_LE(our_miss, hosts_miss);
	}
}

TEST(lookup_is_no_dearer_than_the_hosts)
{
	static const char * const shapes[] = { "local", "any", "remote", "mixed" };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(shapes); i++) {
		expect_no_dearer(_metadata, shapes[i], 10);
		expect_no_dearer(_metadata, shapes[i], 1000);
	}
	/* That many sockets take their time to be bound. */
	if (clock_counts_instructions())
		expect_no_dearer(_metadata, "local", 100000);
}

SELFTEST_MAIN
