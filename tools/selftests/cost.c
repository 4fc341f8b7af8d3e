// SPDX-License-Identifier: GPL-2.0
/*
 * cost - what calls cost, in instructions, and for how long they keep others from the CPU.
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
		expect_no_dearer(_metadata, "local", env_number("NETPORT_SOCKETS", 20000));
}

/* for how long a call keeps the CPU to itself */

/*
 * Whoever may run before all others, and wants to every so often: how late he has been.
 * Preempted he can be by nobody, so it's the kernel that hasn't let him run.
 */
#define PERIOD	200000

static struct watch {
	pthread_t thread;
	atomic_bool stop;
	atomic_ullong late;
} watch;

static void *watch_run(void *arg)
{
	struct sched_param param = { .sched_priority = 2 };
	__u64 next = now_ns(), now;
	struct timespec t;

	(void)arg;
	if (sched_setscheduler(0, SCHED_FIFO, &param))
		die("sched_setscheduler");
	while (!atomic_load(&watch.stop)) {
		next += PERIOD;
		t = (struct timespec){ next / 1000000000, next % 1000000000 };
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
		now = now_ns();
		if (now - next > atomic_load(&watch.late))
			atomic_store(&watch.late, now - next);
		if (now > next + PERIOD)
			next = now;
	}
	return NULL;
}

static void watch_start(void)
{
	stay_on_first_cpu();
	atomic_store(&watch.stop, false);
	if (pthread_create(&watch.thread, NULL, watch_run, NULL))
		die("pthread_create");
}

/* How late he was since the last time that this was asked. */
static __u64 watch_late(void)
{
	return atomic_exchange(&watch.late, 0);
}

static void watch_stop(void)
{
	atomic_store(&watch.stop, true);
	pthread_join(watch.thread, NULL);
}

/* What is kept for each of so many shows when there are all that the limits allow. */
#define MANY	16384
#define LATE	2500000

/* So many reservations, or wishes, of what @text says. */
static void make_many(int fd, unsigned long cmd, const char *text, unsigned int n)
{
	struct netport_request r = { .reserve = request(text) };

	while (n--) {
		struct netport_request one = r;

		if (ioctl(fd, cmd, &one))
			die("%s", text);
	}
}

static void expect_in_time(struct __test_metadata *_metadata, const char *what)
{
	__u64 late = watch_late();

	TH_LOG("%s: others wait for %llu us", what, (unsigned long long)late / 1000);
	if (clock_counts_instructions())
		EXPECT_LE(late, LATE);
}

FIXTURE(pause) {
	int fd;
};

FIXTURE_SETUP(pause)
{
	self->fd = owner();
	watch_start();
}

FIXTURE_TEARDOWN(pause)
{
	watch_stop();
	close(self->fd);
}

TEST_F(pause, end_of_an_owner)
{
	int other = owner();

	make_many(self->fd, NETPORT_IOC_REQUEST, "udp 4 *:0 =1024-65535", MANY);
	/* Where somebody waits for any port, each that comes free is looked at by itself. */
	make_many(other, NETPORT_IOC_REQUEST, "udp 4 *:1", 1);
	make_many(other, NETPORT_IOC_WISH, "udp 4 *:0 =1-1", 1);
	watch_late();
	close(self->fd);
	expect_in_time(_metadata, "an owner's end");
	self->fd = owner();
	make_many(self->fd, NETPORT_IOC_REQUEST, "udp 4 *:2000 LB", MANY);
	watch_late();
	close(self->fd);
	expect_in_time(_metadata, "an owner's end, all on one port");
	self->fd = owner();
	make_many(other, NETPORT_IOC_REQUEST, "udp 4 *:2000", 1);
	make_many(self->fd, NETPORT_IOC_WISH, "udp 4 *:2000", NETPORT_BATCH_MAX);
	watch_late();
	close(self->fd);
	expect_in_time(_metadata, "an owner's end, with wishes");
	self->fd = owner();
	close(other);
}

TEST_F(pause, end_of_a_namespace)
{
	struct pollfd p = { .fd = -1, .events = POLLIN };
	int there = new_netns(), fd[MANY / NETPORT_BATCH_MAX];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fd); i++) {
		fd[i] = owner();
		make_many(fd[i], NETPORT_IOC_REQUEST, "udp 4 *:0", NETPORT_BATCH_MAX);
		if (!i)
			make_many(fd[i], NETPORT_IOC_REQUEST, "tcp 4 *:2000", 1);
		make_many(fd[i], NETPORT_IOC_WISH, "tcp 4 *:2000", NETPORT_BATCH_MAX);
	}
	p.fd = fd[0];
	watch_late();
	ASSERT_EQ(0, setns(there, CLONE_NEWNET));
	ASSERT_EQ(1, poll(&p, 1, -1));
	while (available(fd[0], "tcp 4 *:0") != ENETDOWN)
		sleep_ms(1);
	sleep_ms(200);
	expect_in_time(_metadata, "a namespace's end");
	for (i = 0; i < ARRAY_SIZE(fd); i++)
		close(fd[i]);
	expect_in_time(_metadata, "and then the end of its owners");
}

/* As many comparisons as there may be, on each port. */
TEST_F(pause, comparisons)
{
	struct netport_binding more[15];
	struct netport_request block = {
		.reserve = request("udp 4 10.0.0.1:2000 %1"),
		.terms = { .bindings = (uintptr_t)more, .nbindings = ARRAY_SIZE(more),
			   .count = 64 },
	};
	unsigned int i, port;
	char text[64];

	for (i = 0; i < ARRAY_SIZE(more); i++) {
		more[i] = request("udp 4 10.0.0.1:0").binding;
		more[i].ifindex = 2 + i;
	}
	for (port = 2000; port < 2064; port++) {
		snprintf(text, sizeof(text), "udp 4 *:%u %%99 LB", port);
		make_many(self->fd, NETPORT_IOC_REQUEST, text, 250);
	}
	watch_late();
	EXPECT_EQ(0, command(self->fd, NETPORT_IOC_AVAILABLE_REQUEST, &block));
	expect_in_time(_metadata, "a look at a block among many devices");
	EXPECT_EQ(0, command(self->fd, NETPORT_IOC_REQUEST, &block));
	expect_in_time(_metadata, "a block among many devices");
	EXPECT_EQ(0, release(self->fd, block.reserve.token));
	expect_in_time(_metadata, "its release");
}

TEST_F(pause, blocks)
{
	struct netport_request block = {
		.reserve = request("udp 4 *:2000 LB"), .terms.count = NETPORT_PORTS_MAX,
	};
	struct netport_binding sctp = request("sctp 4 *:0").binding;
	struct netport_request wish = {
		.reserve = request("udp 4 10.0.0.1:0 =2000-3500"),
		.terms = { .bindings = (uintptr_t)&sctp, .nbindings = 1 },
	};
	struct netport_transfer t = { .fd = owner_as(NOBODY) };
	struct netport_release hold = { .hold = 1, .options = NETPORT_RELEASE_PORT };
	struct netport_request taken = {
		.reserve = request("sctp 4 *:2000"), .terms.count = NETPORT_PORTS_MAX,
	};
	unsigned int i;

	ASSERT_EQ(0, command(t.fd, NETPORT_IOC_REQUEST, &taken));
	taken.reserve.token = 0;
	taken.reserve.binding.port += NETPORT_PORTS_MAX;
	ASSERT_EQ(0, command(t.fd, NETPORT_IOC_REQUEST, &taken));
	/* They look at each port that comes free, and can't have it. */
	for (i = 0; i < NETPORT_WISHES_MAX; i++) {
		wish.reserve.binding.ifindex = i;
		ASSERT_EQ(0, command(self->fd, NETPORT_IOC_WISH, &wish));
	}
	watch_late();
	ASSERT_EQ(0, command(self->fd, NETPORT_IOC_REQUEST, &block));
	expect_in_time(_metadata, "a block");
	t.token = block.reserve.token;
	EXPECT_EQ(0, command(self->fd, NETPORT_IOC_TRANSFER, &t));
	sleep_ms(50);
	expect_in_time(_metadata, "its transfer");
	EXPECT_EQ(0, release(t.fd, t.token));
	sleep_ms(50);
	expect_in_time(_metadata, "its release, while many wait");
	block.reserve.token = 0;
	ASSERT_EQ(0, command(self->fd, NETPORT_IOC_REQUEST, &block));
	hold.token = block.reserve.token;
	watch_late();
	EXPECT_EQ(0, command(self->fd, NETPORT_IOC_RELEASE, &hold));
	expect_in_time(_metadata, "a hold of its ports");
	sleep_ms(100);
	expect_in_time(_metadata, "the end of that");
	close(t.fd);
}

TEST_F(pause, a_listing)
{
	struct netport_entry *e = calloc(MANY, sizeof(*e));
	struct netport_list l = {
		.entries = (uintptr_t)e, .count = MANY, .size = sizeof(*e),
	};

	ASSERT_NE(NULL, e);
	/* Memory that is there: to have it cleared takes longer than anything here. */
	memset(e, 0xcc, MANY * sizeof(*e));
	make_many(self->fd, NETPORT_IOC_REQUEST, "udp 4 *:0 =1024-65535", MANY);
	watch_late();
	EXPECT_EQ(0, command(self->fd, NETPORT_IOC_LIST, &l));
	EXPECT_EQ(MANY, l.count);
	expect_in_time(_metadata, "a listing");
	memset(l.cursor, 0, sizeof(l.cursor));
	l.flags = NETPORT_LIST_PROTOCOL;
	l.protocol = IPPROTO_TCP;
	l.count = MANY;
	EXPECT_EQ(0, command(self->fd, NETPORT_IOC_LIST, &l));
	expect_in_time(_metadata, "a listing of what isn't there");
	free(e);
}

SELFTEST_MAIN
