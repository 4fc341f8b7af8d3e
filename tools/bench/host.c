// SPDX-License-Identifier: GPL-2.0
/*
 * The rows of the kernel's own bind(): PEER is udp or tcp.
 *
 * All of 127.0.0.0/8 are addresses of the machine.  As bind() keeps a port only as long as
 * there is a socket, a reservation is socket(), bind() and close(); where the row says so,
 * bind() alone.
 */
#include "bench.h"

#include <netinet/in.h>

#define PORT	40000
#define ANY	0
#define OURS	0x7f000001
#define OTHERS	0x7f010000
#define HELD	20000

static int type;		/* SOCK_DGRAM or SOCK_STREAM */
static int sock;
static struct sockaddr_in want;
static bool share;
static int want_errno;

static struct sockaddr_in name(uint32_t addr, unsigned int port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(addr),
	};
}

static int new_socket(void)
{
	int s = socket(AF_INET, type | SOCK_CLOEXEC, 0), yes = 1;

	if (s < 0)
		err(1, "socket");
	if (share && setsockopt(s, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof(yes)))
		err(1, "SO_REUSEPORT");
	return s;
}

static void hold(uint32_t addr, unsigned int port)
{
	struct sockaddr_in sin = name(addr, port);
	int s = new_socket();

	if (bind(s, (struct sockaddr *)&sin, sizeof(sin)))
		err(1, "bind to port %u", port);
}

static void hold_port(uint32_t addr, unsigned int naddrs)
{
	unsigned int i;

	for (i = 0; i < naddrs; i++)
		hold(addr + i, PORT);
}

/* The work. */

static void open_socket(void)
{
	sock = new_socket();
}

static void bind_socket(void)
{
	if (bind(sock, (struct sockaddr *)&want, sizeof(want)))
		err(1, "bind");
}

static void bind_refused(void)
{
	if (!bind(sock, (struct sockaddr *)&want, sizeof(want)) || errno != want_errno)
		errx(1, "a bind() that was to be refused");
}

static void close_socket(void)
{
	close(sock);
}

static void socket_bind_close(void)
{
	open_socket();
	bind_socket();
	close_socket();
}

static void get_parent(void)
{
	getppid();
}

/* Samples in which the timer ticks: what close() puts off is done then, and is part of it. */
static double per_close(void (*work)(void))
{
	return measure(work, 25, 512);
}

static double single(uint32_t addr, unsigned int port)
{
	want = name(addr, port);
	return per_close(socket_bind_close);
}

static double bind_alone(uint32_t addr, unsigned int port)
{
	want = name(addr, port);
	return measure_between(open_socket, bind_socket, close_socket, SAMPLES, RANDOM_CALLS);
}

/* The rows, in the order of ./rows. */

static double row_control(void)
{
	return per_call(get_parent);
}

static double row_reserve_release(void)
{
	return single(OURS, PORT);
}

static double row_refused(void)
{
	hold(OURS, PORT);
	want = name(OURS, PORT);
	want_errno = EADDRINUSE;
	return measure_between(open_socket, bind_refused, close_socket, SAMPLES, 1);
}

static double row_pick_empty(void)
{
	return bind_alone(OURS, 0);
}

/* One in @n ports is free. */
static double pick_among(unsigned int n)
{
	unsigned int port;

	for (port = LOW; port <= HIGH; port++)
		if (!left_free(port, n))
			hold(OURS, port);
	return bind_alone(OURS, 0);
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

static double pick_full(uint32_t holder)
{
	unsigned int port;

	for (port = LOW; port <= HIGH; port++)
		hold(holder, port);
	want = name(OURS, 0);
	want_errno = EADDRINUSE;
	return measure_between(open_socket, bind_refused, close_socket, 9, 1);
}

static double row_pick_full(void)
{
	return pick_full(OURS);
}

static double row_pick_full_any(void)
{
	return pick_full(ANY);
}

static double row_pick_other(void)
{
	unsigned int port;

	for (port = LOW; port <= HIGH; port++)
		hold(OTHERS, port);
	return bind_alone(OURS, 0);
}

static double row_beside_10000(void)
{
	hold_port(OTHERS, 10000);
	return single(OURS, PORT);
}

static double row_wildcard_1(void)
{
	share = true;
	hold_port(OTHERS, 1);
	return single(ANY, PORT);
}

static double row_wildcard_10000(void)
{
	share = true;
	hold_port(OTHERS, 10000);
	want = name(ANY, PORT);
	return measure(socket_bind_close, SAMPLES, 1);
}

static void hold_many(unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		hold(OTHERS + i / 50000, 10000 + i % 50000);
}

static double beside(unsigned int n)
{
	hold_many(n);
	return single(OURS, PORT);
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

static double row_killed(void)
{
	return kill_cost(hold_many, HELD);
}

static double row_memory(void)
{
	double before = slab_bytes(0);

	hold_many(HELD);
	return (slab_bytes(0) - before) / HELD;
}

static double row_memory_all(void)
{
	double before = free_bytes();

	hold_many(HELD);
	return (before - free_bytes()) / HELD;
}

/* Four sockets: TCP and UDP, IPv4 and IPv6. */
static void four_sockets(void)
{
	struct sockaddr_in sin = name(ANY, PORT);
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6, .sin6_port = htons(PORT) };
	int s[4], i, yes = 1;

	for (i = 0; i < 4; i++) {
		s[i] = socket(i & 1 ? AF_INET6 : AF_INET,
			      (i & 2 ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
		if (i & 1)
			setsockopt(s[i], IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes));
		if (bind(s[i], i & 1 ? (struct sockaddr *)&sin6 : (struct sockaddr *)&sin,
			 i & 1 ? sizeof(sin6) : sizeof(sin)))
			err(1, "bind");
	}
	for (i = 0; i < 4; i++)
		close(s[i]);
}

static double row_set(void)
{
	return per_close(four_sockets);
}

static double row_join_1000(void)
{
	unsigned int i;

	share = true;
	for (i = 0; i < 1000; i++)
		hold(OURS, PORT);
	return single(OURS, PORT);
}

#define ROW(name) { #name, row_##name }

static const struct row rows[] = {
	ROW(control), ROW(reserve_release), { "reserve_release_charged", row_reserve_release },
	ROW(refused), ROW(pick_empty), ROW(pick_50), ROW(pick_90), ROW(pick_99), ROW(pick_999),
	ROW(pick_full), ROW(pick_full_any), ROW(pick_other), ROW(beside_10000), ROW(wildcard_1),
	ROW(wildcard_10000), ROW(held_1k), ROW(held_10k), ROW(held_100k), ROW(killed),
	ROW(memory), ROW(memory_all), ROW(set), ROW(join_1000),
};

int main(int argc, char **argv)
{
	if (argc != 3)
		errx(2, "usage: %s PEER ROW", argv[0]);
	type = !strcmp(argv[1], "tcp") ? SOCK_STREAM : SOCK_DGRAM;
	allow_many_files();
	return run_row(rows, ARRAY_SIZE(rows), argv[1], argv[2]);
}
