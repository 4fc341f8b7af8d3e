// SPDX-License-Identifier: GPL-2.0
/*
 * netport's rows, through /dev/netport; with "floor" for a PEER those of modules/netport_floor.c,
 * which has a device of its own.
 */
#include "bench.h"
#include "hold.h"

#define MILLION		1000000

static int fd;
static struct netport_reserve want;	/* what is measured */
static int want_errno;

/* The ports of the range, each on one of @naddrs addresses from @addr on. */
static void hold_range(uint32_t addr, unsigned int naddrs)
{
	unsigned int port, file = owner();

	for (port = LOW; port <= HIGH; port++)
		hold(file, binding(addr + port % naddrs, port, 0));
	hold_all(file);
}

static void hold_port(uint32_t addr, unsigned int naddrs, unsigned int share)
{
	unsigned int i, file = owner();

	for (i = 0; i < naddrs; i++)
		hold(file, binding(addr + i, PORT, share));
	hold_all(file);
}

/* The work. */

static void reserve_release(void)
{
	struct netport_reserve r = want;
	struct netport_release rel = { .token = 0 };

	if (ioctl(fd, NETPORT_IOC_RESERVE, &r))
		err(1, "NETPORT_IOC_RESERVE");
	rel.token = r.token;
	if (ioctl(fd, NETPORT_IOC_RELEASE, &rel))
		err(1, "NETPORT_IOC_RELEASE");
}

static void reserve_refused(void)
{
	struct netport_reserve r = want;

	if (!ioctl(fd, NETPORT_IOC_RESERVE, &r) || errno != want_errno)
		errx(1, "a reservation that was to be refused");
}

static void ask(void)
{
	struct netport_reserve r = want;

	if (ioctl(fd, NETPORT_IOC_AVAILABLE, &r))
		err(1, "NETPORT_IOC_AVAILABLE");
}

static void get_parent(void)
{
	getppid();
}

static double single(uint32_t addr, unsigned int port, unsigned int share)
{
	want = binding(addr, port, share);
	return per_call(reserve_release);
}

static double refused(uint32_t addr, unsigned int port, int error)
{
	want = binding(addr, port, 0);
	want_errno = error;
	return per_call(reserve_refused);
}

/* The rows, in the order of ./rows. */

static double row_control(void)
{
	return per_call(get_parent);
}

static double row_reserve_release(void)
{
	return single(OURS, PORT, 0);
}

static struct netport_reserve batch[NETPORT_BATCH_MAX];
static uint64_t tokens[NETPORT_BATCH_MAX];

static void batch_and_release(void)
{
	struct netport_batch b = {
		.requests = (uintptr_t)batch, .count = NETPORT_BATCH_MAX, .size = sizeof(batch[0]),
	};
	struct netport_tokens t = {
		.tokens = (uintptr_t)tokens, .count = NETPORT_BATCH_MAX,
	};
	unsigned int i;

	if (ioctl(fd, NETPORT_IOC_BATCH, &b))
		err(1, "NETPORT_IOC_BATCH");
	for (i = 0; i < NETPORT_BATCH_MAX; i++)
		tokens[i] = batch[i].token;
	if (ioctl(fd, NETPORT_IOC_RELEASE_BATCH, &t) || t.done != NETPORT_BATCH_MAX)
		err(1, "NETPORT_IOC_RELEASE_BATCH");
}

static double row_batch_pair(void)
{
	unsigned int i;

	for (i = 0; i < NETPORT_BATCH_MAX; i++)
		batch[i] = binding(OURS, PORT + i, 0);
	return measure(batch_and_release, SAMPLES, 1) / NETPORT_BATCH_MAX;
}

static double row_available(void)
{
	want = binding(OURS, PORT, 0);
	return per_call(ask);
}

static double row_refused(void)
{
	hold_port(OURS, 1, 0);
	return refused(OURS, PORT, EADDRINUSE);
}

static double row_pick_empty(void)
{
	return single(OURS, 0, 0);
}

/* One in @n ports is free. */
static double pick_among(unsigned int n)
{
	unsigned int port, file = owner();

	for (port = LOW; port <= HIGH; port++)
		if (!left_free(port, n))
			hold(file, binding(OURS, port, 0));
	hold_all(file);
	want = binding(OURS, 0, 0);
	return per_call(reserve_release);
}

static double row_pick_50(void)
{
	return pick_among(2);
}

static double row_pick_90(void)
{
	return pick_among(10);
}

static double row_pick_99(void)
{
	return pick_among(100);
}

static double row_pick_999(void)
{
	return pick_among(1000);
}

static double row_pick_full(void)
{
	hold_range(OURS, 1);
	return refused(OURS, 0, EADDRNOTAVAIL);
}

static double row_pick_full_any(void)
{
	hold_range(ANY, 1);
	return refused(OURS, 0, EADDRNOTAVAIL);
}

static double row_pick_full_half(void)
{
	unsigned int port, file = owner();

	for (port = LOW; port <= HIGH; port++)
		hold(file, binding(port % 2 ? ANY : OURS, port, 0));
	hold_all(file);
	return refused(OURS, 0, EADDRNOTAVAIL);
}

static double row_pick_full_others(void)
{
	hold_range(OTHERS, 100);
	return refused(ANY, 0, EADDRNOTAVAIL);
}

static double row_pick_other(void)
{
	hold_range(OTHERS, 1);
	return single(OURS, 0, 0);
}

static double row_pick_others(void)
{
	hold_range(OTHERS, 100);
	return single(OURS, 0, 0);
}

static double row_beside_10000(void)
{
	hold_port(OTHERS, 10000, 0);
	return single(OURS, PORT, 0);
}

static double row_wildcard_1(void)
{
	hold_port(OTHERS, 1, LB);
	return single(ANY, PORT, LB);
}

static double row_wildcard_10000(void)
{
	hold_port(OTHERS, 10000, LB);
	return single(ANY, PORT, LB);
}

static double beside(unsigned int n)
{
	hold_many(n);
	return single(OURS, PORT, 0);
}

static double row_held_1k(void)
{
	return beside(1000);
}

static double row_held_10k(void)
{
	return beside(10000);
}

static double row_held_100k(void)
{
	return beside(100000);
}

static double row_held_1m(void)
{
	return beside(MILLION);
}

static double row_build_1m(void)
{
	uint64_t start = now();

	hold_many(MILLION);
	return (now() - start) / (double)MILLION;
}

static double row_list_1m(void)
{
	static struct netport_entry entries[256];
	struct netport_list l = { .entries = (uintptr_t)entries, .size = sizeof(entries[0]) };
	unsigned int sum = 0;
	uint64_t start;

	hold_many(MILLION);
	start = now();
	do {
		l.count = ARRAY_SIZE(entries);
		if (ioctl(fd, NETPORT_IOC_LIST, &l))
			err(1, "NETPORT_IOC_LIST");
		sum += l.count;
	} while (l.count);
	if (sum != MILLION)
		errx(1, "%u entries", sum);
	return (now() - start) / (double)MILLION;
}

/* What debugfs says of the hash tables; the longest chain. */
static double row_chain_1m(void)
{
	unsigned int length, longest = 0;
	char table[16], line[64];
	unsigned long buckets;
	FILE *f;

	hold_many(MILLION);
	f = fopen("/sys/kernel/debug/netport/chains", "r");
	if (!f || !fgets(line, sizeof(line), f))
		err(1, "netport/chains in debugfs");
	while (fscanf(f, "%15s %u %lu", table, &length, &buckets) == 3) {
		printf("chains %s %u %lu\n", table, length, buckets);
		if (length > longest)
			longest = length;
	}
	fclose(f);
	return longest;
}

static void hold_until_killed(unsigned int n)
{
	hold_many(n);
}

static double row_killed(void)
{
	return kill_cost(hold_until_killed, 20000);
}

static double row_killed_1m(void)
{
	return kill_cost(hold_until_killed, MILLION);
}

static double row_memory(void)
{
	slab_bytes(0);
	hold_many(MILLION);
	return slab_bytes(MILLION / 10 * 9) / MILLION;
}

static double row_memory_all(void)
{
	double before = free_bytes();

	hold_many(MILLION);
	return (before - free_bytes()) / MILLION;
}

/* Ours: what those ask for who serve TCP and UDP on IPv4 and IPv6. */
static unsigned int set_port;

static void reserve_set(void)
{
	static struct netport_binding udp = {
		.families = NETPORT_FAMILY_IPV4 | NETPORT_FAMILY_IPV6,
		.protocol = IPPROTO_UDP,
	};
	struct netport_request r = {
		.reserve.binding = {
			.families = NETPORT_FAMILY_IPV4 | NETPORT_FAMILY_IPV6,
			.protocol = IPPROTO_TCP, .port = set_port,
		},
		.terms = { .bindings = (uintptr_t)&udp, .nbindings = 1 },
	};
	struct netport_release rel = { .token = 0 };

	if (ioctl(fd, NETPORT_IOC_REQUEST, &r))
		err(1, "NETPORT_IOC_REQUEST");
	rel.token = r.reserve.token;
	if (ioctl(fd, NETPORT_IOC_RELEASE, &rel))
		err(1, "NETPORT_IOC_RELEASE");
}

static double row_set(void)
{
	set_port = PORT;
	return per_call(reserve_set);
}

static double row_portserver(void)
{
	return per_call(reserve_set);
}

/* One more of those who share a port. */
static double row_join_1000(void)
{
	unsigned int i;

	for (i = 0; i < 1000; i++)
		hold(fd, binding(OURS, PORT, LB));
	hold_all(fd);
	return single(OURS, PORT, LB);
}

#define ROW(name) { #name, row_##name }

static const struct row rows[] = {
	ROW(control), ROW(reserve_release), { "reserve_release_charged", row_reserve_release },
	ROW(batch_pair), ROW(available), ROW(refused), ROW(pick_empty), ROW(pick_50),
	ROW(pick_90), ROW(pick_99), ROW(pick_999), ROW(pick_full), ROW(pick_full_any),
	ROW(pick_full_half), ROW(pick_full_others), ROW(pick_other), ROW(pick_others),
	ROW(beside_10000), ROW(wildcard_1), ROW(wildcard_10000), ROW(held_1k), ROW(held_10k),
	ROW(held_100k), ROW(held_1m), ROW(build_1m), ROW(list_1m), ROW(chain_1m),
	ROW(killed), ROW(killed_1m),
	ROW(memory), ROW(memory_all), ROW(set), ROW(join_1000),
	ROW(portserver),
};

int main(int argc, char **argv)
{
	if (argc != 3)
		errx(2, "usage: %s PEER ROW", argv[0]);
	if (!strcmp(argv[1], "floor"))
		device = "/dev/netport_floor";
	fd = owner();
	return run_row(rows, ARRAY_SIZE(rows), argv[1], argv[2]);
}
