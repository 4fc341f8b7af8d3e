// SPDX-License-Identifier: GPL-2.0
/*
 * latency [-t] N - what make latency looks on at: every command of netport beside N reservations,
 * the making of these, and the end of those who hold them.
 * latency -w - look on at what others do, until SIGTERM.
 *
 * -t and -w: with the kernel's tracer of the time with interrupts or preemption off, which has
 * been switched on.  It keeps the longest only, of whatever the kernel does.  So it is asked
 * after each call (-w: a thousand times a second), and then begins anew.  At the end a line for
 * each function of netport in which such a time began: NANOSECONDS COUNT FUNCTION [netport].
 */
#include "bench.h"
#include "hold.h"

#include <poll.h>

#define ROUNDS	200
#define TRACING	"/sys/kernel/tracing/"

static int fd;

/* the tracer */

static int latency_file = -1, trace_file;

/* In microseconds, and how often it was netport's. */
static struct place {
	char name[64];
	unsigned long longest, count;
} places[256];

static void tracer_open(void)
{
	latency_file = open(TRACING "tracing_max_latency", O_RDWR | O_CLOEXEC);
	trace_file = open(TRACING "trace", O_RDONLY | O_CLOEXEC);
	if (latency_file < 0 || trace_file < 0)
		err(1, TRACING);
}

static struct place *place_of(const char *name)
{
	struct place *p = places;

	while (*p->name && strcmp(p->name, name))
		if (++p == places + ARRAY_SIZE(places))
			errx(1, "too many places");
	snprintf(p->name, sizeof(p->name), "%s", name);
	return p;
}

static void tracer_begin(void)
{
	if (latency_file >= 0 && pwrite(latency_file, "0", 1, 0) != 1)
		err(1, "tracing_max_latency");
}

static void read_text(int file, char *text, size_t size)
{
	ssize_t n = pread(file, text, size - 1, 0);

	if (n < 0)
		err(1, TRACING);
	text[n] = 0;
}

/* Whose was the longest?  With sym-offset its line ends in [netport] if it's the module's. */
static void tracer_end(void)
{
	char text[2048], name[64], *from;
	struct place *p;
	unsigned long us;

	if (latency_file < 0)
		return;
	read_text(latency_file, text, sizeof(text));
	us = strtoul(text, NULL, 10);
	if (!us)
		return;
	read_text(trace_file, text, sizeof(text));
	from = strstr(text, "started at: ");
	if (!from)
		return;
	from[strcspn(from, "\n")] = 0;
	if (!strstr(from, "[netport]") || sscanf(from, "started at: %63[^+ ]", name) != 1)
		return;
	p = place_of(name);
	p->count++;
	if (us > p->longest)
		p->longest = us;
}

static void tracer_tell(void)
{
	struct place *p;

	for (p = places; p < places + ARRAY_SIZE(places) && *p->name; p++)
		printf("%lu %lu %s [netport]\n", p->longest * 1000, p->count, p->name);
}

static void watch(void)
{
	struct timespec turn = { .tv_nsec = 1000000 };
	sigset_t enough;
	int sig;

	sigemptyset(&enough);
	sigaddset(&enough, SIGTERM);
	sigprocmask(SIG_BLOCK, &enough, NULL);
	do {
		tracer_begin();
		sig = sigtimedwait(&enough, NULL, &turn);
		tracer_end();
	} while (sig < 0);
}

/* the calls */

static void call(int file, unsigned long cmd, void *arg, int want)
{
	int got;

	tracer_begin();
	got = ioctl(file, cmd, arg) ? errno : 0;
	tracer_end();
	if (got != want)
		errx(1, "command %#lx: %s, not %s", cmd, strerror(got), strerror(want));
}

static void close_owner(int file)
{
	tracer_begin();
	close(file);
	tracer_end();
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
	close_owner(t.fd);
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
	close_owner(file);
}

int main(int argc, char **argv)
{
	bool traced = argc > 1 && !strcmp(argv[1], "-t");
	bool watching = argc == 2 && !strcmp(argv[1], "-w");
	unsigned int i, n = argc == 2 + traced ? strtoul(argv[1 + traced], NULL, 0) : 0;
	int file;

	if (!n && !watching)
		errx(2, "usage: %s [-t] N | -w", argv[0]);
	if (traced || watching)
		tracer_open();
	if (watching) {
		watch();
		tracer_tell();
		return 0;
	}
	fd = owner();
	tracer_begin();
	file = hold_many(n);
	tracer_end();
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
	shared(n / 10);
	close_owner(file);
	tracer_tell();
	return 0;
}
