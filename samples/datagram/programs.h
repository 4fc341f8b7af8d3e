/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What the sample's programs share: sockets of IP protocol 253 and their addresses.
 */
#ifndef _DATAGRAM_PROGRAMS_H
#define _DATAGRAM_PROGRAMS_H

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define IPPROTO_DATAGRAM	253

/* Exit status: 0 all is well, 1 not, 2 wrong usage. */
#define EXIT_USAGE	2

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static inline socklen_t address_len(const union address *a)
{
	return a->any.sa_family == AF_INET ? sizeof(a->v4) : sizeof(a->v6);
}

/* "10.0.0.1", "fd00::1", "fe80::1%eth0", or "::" for both families. */
static inline union address parse_address(const char *text, unsigned int port)
{
	char copy[INET6_ADDRSTRLEN + IF_NAMESIZE + 1], *device;
	union address a = { .any.sa_family = AF_INET };

	snprintf(copy, sizeof(copy), "%s", text);
	device = strchr(copy, '%');
	if (device)
		*device++ = 0;
	a.v4.sin_port = htons(port);
	if (inet_pton(AF_INET, copy, &a.v4.sin_addr) == 1)
		return a;
	a.v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(port) };
	if (inet_pton(AF_INET6, copy, &a.v6.sin6_addr) != 1)
		errx(EXIT_USAGE, "no address: %s", text);
	if (device) {
		a.v6.sin6_scope_id = if_nametoindex(device);
		if (!a.v6.sin6_scope_id)
			err(EXIT_USAGE, "device %s", device);
	}
	return a;
}

static inline unsigned int parse_number(const char *what, const char *text, unsigned int max)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (!*text || *end || errno || n > max)
		errx(EXIT_USAGE, "%s: %s is no number up to %u", what, text, max);
	return n;
}

/* A socket for the family of @a. */
static inline int datagram_socket(const union address *a)
{
	int fd = socket(a->any.sa_family, SOCK_DGRAM, IPPROTO_DATAGRAM);

	if (fd < 0)
		err(1, "socket (is netport_datagram.ko loaded?)");
	return fd;
}

static inline uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ULL + t.tv_nsec / 1000000;
}

#endif /* _DATAGRAM_PROGRAMS_H */
