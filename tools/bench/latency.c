// SPDX-License-Identifier: GPL-2.0
/*
 * latency N - what make latency looks on at: every command of netport beside N reservations, the
 * making of these, and the end of those who hold them.
 */
#include "bench.h"
#include "hold.h"

#include <poll.h>

#define ROUNDS	200

static int fd;

static void call(int file, unsigned long cmd, void *arg, int want)
{
	if (ioctl(file, cmd, arg) ? errno != want : want)
		errx(1, "command %#lx: %s, not %s", cmd, strerror(errno), strerror(want));
}

static uint64_t reserve(struct netport_reserve r, int want)
{
	call(fd, NETPORT_IOC_RESERVE, &r, want);
	return r.token;
}

static uint64_t request(struct netport_request r, int want)
{
	call(fd, NETPORT_IOC_REQUEST, &r, want);
	return r.reserve.token;
}

static void release(uint64_t token, uint32_t hold)
{
	struct netport_release r = { .token = token, .hold = hold };

	call(fd, NETPORT_IOC_RELEASE, &r, 0);
}

/* Given, refused, picked: where there is room, where there's none, and on the any-address. */
static void single_ports(void)
{
	struct netport_reserve free = binding(OURS, PORT, 0), pick = binding(OURS, 0, 0);

	release(reserve(free, 0), 0);
	release(reserve(pick, 0), 0);
	release(reserve(binding(OTHERS, 0, 0), 0), 0);
	release(reserve(binding(ANY, 0, LB), 0), 0);
	pick.low = 50000;
	release(reserve(pick, 0), 1);
	call(fd, NETPORT_IOC_AVAILABLE, &free, 0);
	reserve(binding(OTHERS, 10000, 0), EADDRINUSE);
	reserve(binding(ANY, 10000, 0), EADDRINUSE);
	pick = binding(OTHERS, 0, 0);
	pick.low = 10000;
	pick.high = 10999;
	reserve(pick, EADDRNOTAVAIL);
	pick = binding(ANY, 0, 0);
	pick.low = 10000;
	pick.high = 10999;
	reserve(pick, EADDRNOTAVAIL);
}

/* Sixty-four bindings, as many as there may be, moved to other ports; and blocks. */
static void wide_ones(void)
{
	static struct netport_binding more[NETPORT_BINDINGS_MAX - 1];
	struct netport_request set = {
		.reserve = binding(OURS, 0, 0),
		.terms = { .bindings = (uintptr_t)more, .nbindings = NETPORT_BINDINGS_MAX - 1 },
	};
	struct netport_request block = { .reserve = binding(OURS, 0, 0), .terms.count = 1024 };
	struct netport_release part = { .count = 512 };
	struct netport_label label = { .label = "latency" };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(more); i++)
		more[i] = binding(OURS + 1 + i, 0, 0).binding;
	set.reserve.token = request(set, 0);
	label.token = set.reserve.token;
	call(fd, NETPORT_IOC_LABEL, &label, 0);
	call(fd, NETPORT_IOC_REBIND, &set, 0);
	release(label.token, 0);

	call(fd, NETPORT_IOC_REQUEST, &block, 0);
	part.token = block.reserve.token;
	part.port = block.reserve.binding.port + 512;
	call(fd, NETPORT_IOC_RELEASE, &part, 0);
	release(part.token, 0);
}

static void candidates(void)
{
	struct netport_candidate c = { .reserve = binding(OURS, 0, 0) };
	struct netport_token t;

	call(fd, NETPORT_IOC_CANDIDATE, &c, 0);
	call(fd, NETPORT_IOC_CANDIDATE, &c, 0);
	t.token = c.reserve.token;
	call(fd, NETPORT_IOC_ACCEPT, &t, 0);
	release(t.token, 0);
}

static void batches(void)
{
	static struct netport_reserve reqs[NETPORT_BATCH_MAX];
	static uint64_t tokens[NETPORT_BATCH_MAX];
	struct netport_batch b = {
		.requests = (uintptr_t)reqs, .count = NETPORT_BATCH_MAX, .size = sizeof(reqs[0]),
	};
	struct netport_tokens t = { .tokens = (uintptr_t)tokens, .count = NETPORT_BATCH_MAX };
	unsigned int i;

	for (i = 0; i < NETPORT_BATCH_MAX; i++)
		reqs[i] = binding(OURS, 0, 0);
	call(fd, NETPORT_IOC_BATCH, &b, 0);
	for (i = 0; i < NETPORT_BATCH_MAX; i++)
		tokens[i] = reqs[i].token;
	call(fd, NETPORT_IOC_RELEASE_BATCH, &t, 0);
}

/* Who wishes for a port that is held gets it when it's given back; so does who waits. */
static void waits(void)
{
	struct netport_request wish = { .reserve = binding(OURS, PORT, 0) };
	struct netport_request any = { .reserve = binding(OTHERS, 0, 0) };
	struct netport_granted granted = { 0 };
	uint64_t token = reserve(wish.reserve, 0);
	struct pollfd p = { .fd = fd, .events = POLLPRI | POLLIN };

	call(fd, NETPORT_IOC_WISH, &wish, 0);
	release(token, 0);
	poll(&p, 1, 0);
	call(fd, NETPORT_IOC_GRANTED, &granted, 0);
	release(granted.token, 0);

	any.reserve.low = 10000;
	any.reserve.high = 10999;
	any.terms.deadline = now() + 1000;
	request(any, ETIMEDOUT);
}

static void transfers(void)
{
	struct netport_transfer t = { .fd = owner() };

	t.token = reserve(binding(OURS, PORT, 0), 0);
	call(fd, NETPORT_IOC_TRANSFER, &t, 0);
	close(t.fd);
}

static void list_all(void)
{
	static struct netport_entry entries[256];
	struct netport_list l = { .entries = (uintptr_t)entries, .size = sizeof(entries[0]) };

	do {
		l.count = ARRAY_SIZE(entries);
		call(fd, NETPORT_IOC_LIST, &l, 0);
	} while (l.count);
}

/* Ports on two addresses: what each needs comes from a fresh slab page now and then. */
static void both(void)
{
	unsigned int i;
	int file = owner();

	for (i = 0; i < 5000; i++) {
		hold(file, binding(OURS + 100, 10000 + i, 0));
		hold(file, binding(OURS + 101, 10000 + i, 0));
	}
	hold_all(file);
	close(file);
}

/* Many who share one port, below and on the any-address. */
static void shared(unsigned int n)
{
	unsigned int i;
	int file = owner();

	for (i = 0; i < n; i++)
		hold(file, binding(i % 2 ? OTHERS + i : OURS, 9999, LB));
	hold_all(file);
	for (i = 0; i < ROUNDS; i++) {
		release(reserve(binding(ANY, 9999, LB), 0), 0);
		release(reserve(binding(OURS, 9999, LB), 0), 0);
		reserve(binding(ANY, 9999, 0), EADDRINUSE);
	}
	close(file);
}

int main(int argc, char **argv)
{
	unsigned int i, n = argc == 2 ? strtoul(argv[1], NULL, 0) : 0;
	int file;

	if (!n)
		errx(2, "usage: %s N", argv[0]);
	fd = owner();
	file = hold_many(n);
	for (i = 0; i < ROUNDS; i++) {
		single_ports();
		candidates();
		waits();
		transfers();
	}
	for (i = 0; i < 10; i++) {
		wide_ones();
		batches();
	}
	list_all();
	both();
	shared(n / 10);
	close(file);
	return 0;
}
