// SPDX-License-Identifier: GPL-2.0
/*
 * workers - processes that pick ports of one address at the same time, and use them
 *
 * workers N M: N processes, each an owner, each pick M UDP and M TCP ports of 127.0.0.1,
 * bind real sockets to them and answer what arrives there.  N clients, also at the same
 * time, then talk to every port and check which worker answers.
 *
 * First the same without reservations, as a control: ports drawn from the same range at
 * random, as libraries do that ask nobody.  If that had no collisions, the rest would
 * prove nothing.
 */
#include <poll.h>

#include "demo.h"

#define MAX_WORKERS	32
#define MAX_PICKS	256
#define TIMEOUT_MS	30000

enum { UDP, TCP, KINDS };

static const struct {
	const char	*name;
	int		protocol;
	int		type;
} kinds[KINDS] = {
	{ "UDP", IPPROTO_UDP, SOCK_DGRAM },
	{ "TCP", IPPROTO_TCP, SOCK_STREAM },
};

static int nworkers, npicks;

/* Written by each worker in its own row, read by everybody after the barrier. */
static struct {
	unsigned short	port[KINDS][MAX_WORKERS][MAX_PICKS];
	unsigned int	bound[MAX_WORKERS];	/* sockets that bind() gave a port */
	unsigned int	echoes[KINDS][MAX_WORKERS];
	double		begun[MAX_WORKERS];
	double		done[MAX_WORKERS];
} *shared;

/* Children say that they are ready on one pipe, and are let go by closing another. */
struct barrier {
	int	ready[2];
	int	go[2];
};

static void barrier_open(struct barrier *b)
{
	if (pipe(b->ready) || pipe(b->go))
		err(1, "pipe");
}

/* For a child, once: it must not hold the others back. */
static void barrier_join(struct barrier *b)
{
	close(b->go[1]);
}

static void barrier_wait(struct barrier *b)
{
	char c = 0;

	if (write(b->ready[1], &c, 1) != 1 || read(b->go[0], &c, 1) != 0)
		errx(1, "lost the others");
}

/* Until all of @n are ready; false if one is gone. */
static bool barrier_gather(struct barrier *b, int n)
{
	struct pollfd p = { .fd = b->ready[0], .events = POLLIN };
	char c;

	while (n--)
		if (poll(&p, 1, TIMEOUT_MS) != 1 || read(b->ready[0], &c, 1) != 1)
			return false;
	return true;
}

static void barrier_release(struct barrier *b)
{
	close(b->go[1]);
}

/* How many picks got a port that an earlier one in the table has too. */
static int count_collisions(int kind)
{
	static bool taken[65536];
	int collisions = 0;

	memset(taken, 0, sizeof(taken));
	for (int w = 0; w < nworkers; w++) {
		for (int i = 0; i < npicks; i++) {
			collisions += taken[shared->port[kind][w][i]];
			taken[shared->port[kind][w][i]] = true;
		}
	}
	return collisions;
}

static int count_outside(int kind, struct netport_range range)
{
	int outside = 0;

	for (int w = 0; w < nworkers; w++)
		for (int i = 0; i < npicks; i++)
			outside += shared->port[kind][w][i] < range.low ||
				   shared->port[kind][w][i] > range.high;
	return outside;
}

/* The control: each worker draws ports of its own, which differ from each other. */
static void draw_unreserved(int fd, int w)
{
	bool mine[65536] = { false };

	for (int i = 0; i < npicks; i++) {
		struct netport_ephemeral e = { 0 };

		do {
			if (ioctl(fd, NETPORT_IOC_EPHEMERAL, &e))
				err(1, "NETPORT_IOC_EPHEMERAL");
		} while (mine[e.port]);
		mine[e.port] = true;
		shared->port[UDP][w][i] = e.port;
	}
}

static void pick_all(int fd, int w)
{
	shared->begun[w] = now_us();
	for (int i = 0; i < npicks; i++)
		for (int k = 0; k < KINDS; k++)
			shared->port[k][w][i] = pick_loopback(fd, kinds[k].protocol);
	shared->done[w] = now_us();
}

/* The answer says who gives it. */
static int answer(char *reply, size_t size, int w, unsigned int port, const char *text, int len)
{
	return snprintf(reply, size, "worker %d, port %u: %.*s", w, port, len, text);
}

static void answer_udp(int fd, int w, unsigned int port)
{
	struct sockaddr_in from;
	socklen_t fromlen = sizeof(from);
	char text[64], reply[128];
	ssize_t len;

	len = recvfrom(fd, text, sizeof(text), 0, (struct sockaddr *)&from, &fromlen);
	if (len < 0)
		err(1, "recvfrom");
	len = answer(reply, sizeof(reply), w, port, text, len);
	if (sendto(fd, reply, len, 0, (struct sockaddr *)&from, fromlen) != len)
		err(1, "sendto");
}

static void answer_tcp(int fd, int w, unsigned int port)
{
	int conn = accept(fd, NULL, NULL);
	char text[64], reply[128];
	ssize_t len, n;

	if (conn < 0)
		err(1, "accept");
	/* The client ends first, so that no TIME_WAIT is left on the server's port. */
	for (len = 0; (n = read(conn, text + len, sizeof(text) - len)) > 0; len += n)
		;
	len = answer(reply, sizeof(reply), w, port, text, len);
	if (n < 0 || write(conn, reply, len) != len)
		err(1, "connection");
	close(conn);
}

/* Binds, and answers until @stop is closed at the other end. */
static void serve(int w, struct barrier *bound, int stop)
{
	struct pollfd fds[KINDS * MAX_PICKS + 1] = { { .fd = stop } };
	int n = 1;

	for (int k = 0; k < KINDS; k++) {
		for (int i = 0; i < npicks; i++, n++) {
			fds[n].fd = bind_loopback(kinds[k].type, shared->port[k][w][i]);
			fds[n].events = POLLIN;
			shared->bound[w] += fds[n].fd >= 0;
		}
	}
	barrier_wait(bound);

	while (!(fds[0].revents & POLLHUP)) {
		if (poll(fds, n, -1) < 0)
			err(1, "poll");
		for (int s = 1; s < n; s++) {
			int k = (s - 1) / npicks;
			unsigned int port = shared->port[k][w][(s - 1) % npicks];

			if (!(fds[s].revents & POLLIN))
				continue;
			if (k == UDP)
				answer_udp(fds[s].fd, w, port);
			else
				answer_tcp(fds[s].fd, w, port);
		}
	}
}

static bool echo(int kind, int w, unsigned int port)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct timeval limit = { .tv_sec = TIMEOUT_MS / 1000 };
	char text[64], expected[128], reply[128];
	ssize_t len = 0, want, n;
	int fd;

	fd = socket(AF_INET, kinds[kind].type, 0);
	if (fd < 0)
		err(1, "socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&sin, sizeof(sin)))
		err(1, "connect to %s port %u", kinds[kind].name, port);

	n = snprintf(text, sizeof(text), "pid %d says %08x", getpid(), rand());
	want = answer(expected, sizeof(expected), w, port, text, n);
	if (write(fd, text, n) != n)
		err(1, "write to %s port %u", kinds[kind].name, port);
	if (kind == TCP)
		shutdown(fd, SHUT_WR);
	do {
		n = read(fd, reply + len, sizeof(reply) - len);
		len += n > 0 ? n : 0;
	} while (n > 0 && kind == TCP);
	close(fd);
	return len == want && !memcmp(reply, expected, len);
}

/* Client @c talks to the ports of the worker after it. */
static int talk(int c)
{
	int w = (c + 1) % nworkers;

	srand(getpid());
	for (int k = 0; k < KINDS; k++)
		for (int i = 0; i < npicks; i++)
			shared->echoes[k][c] += echo(k, w, shared->port[k][w][i]);
	return 0;
}

/* Lets @nworkers processes draw ports at the same time; the number of collisions. */
static int control(void)
{
	pid_t pids[MAX_WORKERS];
	struct barrier start;

	barrier_open(&start);
	for (int w = 0; w < nworkers; w++) {
		pids[w] = fork_child();
		if (pids[w])
			continue;
		barrier_join(&start);
		barrier_wait(&start);
		draw_unreserved(open_owner(), w);
		_exit(0);
	}
	if (!barrier_gather(&start, nworkers))
		errx(1, "a worker didn't start");
	barrier_release(&start);
	if (wait_children(pids, nworkers))
		errx(1, "a worker failed");
	return count_collisions(UDP);
}

static void work(int w, struct barrier *start, struct barrier *bound, int stop)
{
	int fd = open_owner();

	barrier_wait(start);
	pick_all(fd, w);
	serve(w, bound, stop);
	_exit(0);
}

static int count_free(int fd)
{
	int n = 0;

	for (int k = 0; k < KINDS; k++) {
		for (int w = 0; w < nworkers; w++) {
			for (int i = 0; i < npicks; i++) {
				struct netport_reserve r = loopback_request(kinds[k].protocol,
									    shared->port[k][w][i]);

				n += !ioctl(fd, NETPORT_IOC_AVAILABLE, &r);
			}
		}
	}
	return n;
}

int main(int argc, char **argv)
{
	int total, bound_ports = 0, echoes[KINDS] = { 0 }, collisions, stop[2], free_before;
	pid_t workers[MAX_WORKERS], clients[MAX_WORKERS];
	double first = 0, last = 0, begun;
	struct barrier start, bound;
	struct netport_range range;
	bool good;
	int fd;

	if (argc == 3) {
		nworkers = atoi(argv[1]);
		npicks = atoi(argv[2]);
	}
	if (nworkers < 1 || nworkers > MAX_WORKERS || npicks < 1 || npicks > MAX_PICKS)
		errx(2, "usage: workers N M, N up to %d and M up to %d", MAX_WORKERS, MAX_PICKS);
	total = nworkers * npicks;
	shared = shared_memory(sizeof(*shared));

	fd = open_owner();
	range = get_range(fd);
	collisions = control();
	printf("   without netport: %d workers draw %d ports each from %u-%u at random:\n",
	       nworkers, npicks, range.low, range.high);
	printf("      %d of %d picks collide with another worker's\n", collisions, total);
	good = collisions > 0;

	barrier_open(&start);
	barrier_open(&bound);
	if (pipe(stop))
		err(1, "pipe");
	for (int w = 0; w < nworkers; w++) {
		workers[w] = fork_child();
		if (!workers[w]) {
			/* An owner is its open file: don't inherit that of the parent. */
			close(fd);
			close(stop[1]);
			barrier_join(&start);
			barrier_join(&bound);
			work(w, &start, &bound, stop[0]);
		}
	}
	close(stop[0]);
	if (!barrier_gather(&start, nworkers))
		errx(1, "a worker didn't start");
	barrier_release(&start);
	if (!barrier_gather(&bound, nworkers))
		errx(1, "a worker couldn't pick and bind");

	for (int w = 0; w < nworkers; w++) {
		bound_ports += shared->bound[w];
		if (!first || shared->begun[w] < first)
			first = shared->begun[w];
		if (shared->done[w] > last)
			last = shared->done[w];
	}
	printf("   with netport: the same for UDP and for TCP, all at 127.0.0.1, in %.1f ms:\n",
	       (last - first) / 1e3);
	for (int k = 0; k < KINDS; k++) {
		collisions = count_collisions(k);
		printf("      %s: %d ports, %d collisions, %d out of range\n", kinds[k].name, total,
		       collisions, count_outside(k, range));
		good &= !collisions && !count_outside(k, range);
	}
	printf("      %d of %d sockets bound to them, without SO_REUSEADDR\n", bound_ports,
	       KINDS * total);
	good &= bound_ports == KINDS * total;
	free_before = count_free(fd);

	barrier_release(&bound);
	begun = now_us();
	for (int c = 0; c < nworkers; c++) {
		clients[c] = fork_child();
		if (!clients[c])
			_exit(talk(c));
	}
	good &= !wait_children(clients, nworkers);
	begun = now_us() - begun;
	for (int c = 0; c < nworkers; c++)
		for (int k = 0; k < KINDS; k++)
			echoes[k] += shared->echoes[k][c];
	printf("      %d clients at once: %d of %d UDP and %d of %d TCP echoes came back from\n"
	       "      the worker that has the port, in %.0f ms\n", nworkers, echoes[UDP], total,
	       echoes[TCP], total, begun / 1e3);
	good &= echoes[UDP] == total && echoes[TCP] == total;

	close(stop[1]);
	good &= !wait_children(workers, nworkers);
	printf("   available of these %d ports: %d while the workers ran, %d now\n", KINDS * total,
	       free_before, count_free(fd));
	good &= !free_before && count_free(fd) == KINDS * total;
	return !good;
}
