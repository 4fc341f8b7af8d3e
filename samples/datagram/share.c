// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * datagram-share - several processes serve one port, and a client shows who got what
 *
 *	datagram-share --serve [--workers N] [--address ADDR] [--port PORT]
 *	datagram-share [--flows N] [--count N] [--port PORT] ADDR
 *
 * SO_REUSEPORT is NETPORT_SHARE_LOAD_BALANCED: netport_lookup() spreads flows over the workers by a
 * hash, and a flow stays with its worker.  A worker answers with its number; the client
 * has a socket for each flow, fails if a flow has more than one worker, or if one has none.
 */
#include "programs.h"

#include <sys/prctl.h>

static const char usage[] =
	"usage: datagram-share --serve [-w WORKERS] [-a ADDRESS] [-p PORT]\n"
	"       datagram-share [-f FLOWS] [-n COUNT] [-w WORKERS] [-p PORT] ADDRESS\n"
	"  -S, --serve          be the workers, until they are killed\n"
	"  -w, --workers N      how many there are (default 4)\n"
	"  -a, --address ADDR   where to serve (default ::, IPv4 and IPv6)\n"
	"  -p, --port PORT      the port they share (default 4000)\n"
	"  -f, --flows N        from how many ports to send (default 256)\n"
	"  -n, --count N        datagrams of each (default 4)\n"
	"  -t, --timeout MS     how long to wait for an answer (default 2000)\n";

static const struct option options[] = {
	{ "serve", no_argument, NULL, 'S' },
	{ "workers", required_argument, NULL, 'w' },
	{ "address", required_argument, NULL, 'a' },
	{ "port", required_argument, NULL, 'p' },
	{ "flows", required_argument, NULL, 'f' },
	{ "count", required_argument, NULL, 'n' },
	{ "timeout", required_argument, NULL, 't' },
	{ "help", no_argument, NULL, 'h' },
	{ }
};

#define WORKERS_MAX	256

static void work(int fd, uint32_t number)
{
	for (;;) {
		union address from;
		socklen_t len = sizeof(from);
		char c;

		if (recvfrom(fd, &c, 1, 0, &from.any, &len) < 0)
			err(1, "receive");
		if (sendto(fd, &number, sizeof(number), 0, &from.any, len) < 0)
			warn("answer");
	}
}

static int serve(const char *where, unsigned int port, unsigned int workers)
{
	union address a = parse_address(where, port);
	int status, fd, one = 1;
	unsigned int i;
	pid_t pid;

	for (i = 0; i < workers; i++) {
		fd = datagram_socket(&a);
		if (setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)))
			err(1, "SO_REUSEPORT");
		if (bind(fd, &a.any, address_len(&a)))
			err(1, "bind to %s port %u", where, port);
		pid = fork();
		if (pid < 0)
			err(1, "fork");
		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			work(fd, i);
		}
		close(fd);
	}
	printf("%u workers on %s port %u\n", workers, where, port);
	fflush(stdout);
	wait(&status);			/* a worker ends only if something is wrong */
	return 1;
}

struct run {
	unsigned int workers, flows, count, timeout;
};

/* The worker that answers on a flow. */
static int ask(int fd, unsigned int timeout)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint32_t number;

	if (send(fd, "", 1, 0) != 1)
		err(1, "send");
	if (poll(&p, 1, timeout) != 1)
		errx(1, "no answer");
	if (recv(fd, &number, sizeof(number), 0) != sizeof(number) || number >= WORKERS_MAX)
		errx(1, "that's no answer");
	return number;
}

static int spread(const char *whom, unsigned int port, const struct run *r)
{
	union address a = parse_address(whom, port);
	unsigned int got[WORKERS_MAX] = { 0 }, i, n, moved = 0, idle = 0;

	for (i = 0; i < r->flows; i++) {
		int fd = datagram_socket(&a), first;

		if (connect(fd, &a.any, address_len(&a)))
			err(1, "connect to %s port %u", whom, port);
		first = ask(fd, r->timeout);
		got[first]++;
		for (n = 1; n < r->count; n++)
			if (ask(fd, r->timeout) != first)
				moved++;
		close(fd);
	}
	for (i = 0; i < WORKERS_MAX; i++) {
		if (i < r->workers || got[i])
			printf("worker %u: %u flows\n", i, got[i]);
		if (i < r->workers && !got[i])
			idle++;
	}
	printf("%u flows, %u datagrams went elsewhere, %u workers without any\n", r->flows, moved,
	       idle);
	return moved || idle ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct run r = { .workers = 4, .flows = 256, .count = 4, .timeout = 2000 };
	const char *where = "::";
	unsigned int port = 4000;
	int opt, server = 0;

	while ((opt = getopt_long(argc, argv, "Sw:a:p:f:n:t:h", options, NULL)) >= 0) {
		switch (opt) {
		case 'S':
			server = 1;
			break;
		case 'w':
			r.workers = parse_number("--workers", optarg, WORKERS_MAX);
			break;
		case 'a':
			where = optarg;
			break;
		case 'p':
			port = parse_number("--port", optarg, 65535);
			break;
		case 'f':
			r.flows = parse_number("--flows", optarg, 40000);
			break;
		case 'n':
			r.count = parse_number("--count", optarg, 1000000);
			break;
		case 't':
			r.timeout = parse_number("--timeout", optarg, 1000000);
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			fputs(usage, stderr);
			return EXIT_USAGE;
		}
	}
	if (argc - optind != !server || !r.workers) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	if (server)
		return serve(where, port, r.workers);
	return spread(argv[optind], port, &r);
}
