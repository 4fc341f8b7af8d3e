// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * datagram-echo - sends datagrams of IP protocol 253, and sends them back
 *
 *	datagram-echo --serve [--address ADDR] [--port PORT] [--count N]
 *	datagram-echo [--port PORT] [--count N] [--size BYTES] [--window N] ADDR
 *
 * The client connects: from then on its port is for that remote alone, and nobody else's
 * datagrams arrive there.  It says how many came back, and fails if one is missing.
 */
#include "programs.h"

static const char usage[] =
	"usage: datagram-echo --serve [-a ADDRESS] [-p PORT] [-n COUNT]\n"
	"       datagram-echo [-p PORT] [-n COUNT] [-s BYTES] [-w WINDOW] ADDRESS\n"
	"  -S, --serve          send back what arrives\n"
	"  -a, --address ADDR   where to serve (default ::, IPv4 and IPv6)\n"
	"  -p, --port PORT      the server's port (default 7)\n"
	"  -n, --count N        how many datagrams; a server ends after so many (default:\n"
	"                       10, a server's is to serve for ever)\n"
	"  -s, --size BYTES     of each, at least 8 (default 64)\n"
	"  -w, --window N       how many may be under way (default 16)\n"
	"  -t, --timeout MS     how long to wait for an answer (default 2000)\n";

static const struct option options[] = {
	{ "serve", no_argument, NULL, 'S' },
	{ "address", required_argument, NULL, 'a' },
	{ "port", required_argument, NULL, 'p' },
	{ "count", required_argument, NULL, 'n' },
	{ "size", required_argument, NULL, 's' },
	{ "window", required_argument, NULL, 'w' },
	{ "timeout", required_argument, NULL, 't' },
	{ "help", no_argument, NULL, 'h' },
	{ }
};

static unsigned char buf[65536];

static int serve(const char *where, unsigned int port, unsigned int count)
{
	union address a = parse_address(where, port);
	int fd = datagram_socket(&a);
	unsigned int n;

	if (bind(fd, &a.any, address_len(&a)))
		err(1, "bind to %s port %u", where, port);
	printf("serving %s port %u\n", where, port);
	fflush(stdout);
	for (n = 0; !count || n < count; n++) {
		union address from;
		socklen_t from_len = sizeof(from);
		ssize_t len = recvfrom(fd, buf, sizeof(buf), 0, &from.any, &from_len);

		if (len < 0)
			err(1, "receive");
		if (sendto(fd, buf, len, 0, &from.any, from_len) != len)
			warn("send back");	/* that client will miss it; the others won't */
	}
	return 0;
}

struct run {
	unsigned int count, size, window, timeout;
};

static int ask(const char *whom, unsigned int port, const struct run *r)
{
	union address a = parse_address(whom, port);
	unsigned int sent = 0, back = 0, wrong = 0;
	uint64_t start = now_ms();
	int fd = datagram_socket(&a);
	uint64_t number;

	if (connect(fd, &a.any, address_len(&a)))
		err(1, "connect to %s port %u", whom, port);
	while (back + wrong < r->count) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t len;

		while (sent < r->count && sent - back - wrong < r->window) {
			number = sent;
			memcpy(buf, &number, sizeof(number));
			if (send(fd, buf, r->size, 0) != (ssize_t)r->size)
				err(1, "send");
			sent++;
		}
		len = poll(&p, 1, r->timeout);
		if (len < 0)
			err(1, "poll");
		if (!len)
			break;
		len = recv(fd, buf, sizeof(buf), 0);
		if (len < 0)
			err(1, "receive");
		memcpy(&number, buf, sizeof(number));
		if (len == (ssize_t)r->size && number < sent)
			back++;
		else
			wrong++;
	}
	printf("%u sent, %u back, %u wrong, %u missing; %llu ms\n", sent, back, wrong,
	       sent - back - wrong, (unsigned long long)(now_ms() - start));
	return back == r->count ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct run r = { .size = 64, .window = 16, .timeout = 2000 };
	const char *where = "::";
	unsigned int port = 7;
	int opt, server = 0;

	while ((opt = getopt_long(argc, argv, "Sa:p:n:s:w:t:h", options, NULL)) >= 0) {
		switch (opt) {
		case 'S':
			server = 1;
			break;
		case 'a':
			where = optarg;
			break;
		case 'p':
			port = parse_number("--port", optarg, 65535);
			break;
		case 'n':
			r.count = parse_number("--count", optarg, UINT32_MAX);
			break;
		case 's':
			r.size = parse_number("--size", optarg, 65507);
			break;
		case 'w':
			r.window = parse_number("--window", optarg, 1000000);
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
	if (argc - optind != !server || r.size < sizeof(uint64_t) || !r.window) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	if (server)
		return serve(where, port, r.count);
	if (!r.count)
		r.count = 10;
	return ask(argv[optind], port, &r);
}
