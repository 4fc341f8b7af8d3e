/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the programs of the demonstration share.  Each says what it found in lines that
 * begin with three blanks, and exits 0 if that is what it claims, 1 otherwise.
 */
#ifndef _DEMO_H
#define _DEMO_H

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/netport.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

static inline double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

/* A new owner. */
static inline int open_owner(void)
{
	int fd = open(NETPORT_DEVICE, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		err(1, "can't open %s", NETPORT_DEVICE);
	return fd;
}

static inline struct netport_range get_range(int fd)
{
	struct netport_range range = { 0 };

	if (ioctl(fd, NETPORT_IOC_GET_RANGE, &range))
		err(1, "NETPORT_IOC_GET_RANGE");
	return range;
}

/* A request for @port of 127.0.0.1, or for any port of the range if it is 0. */
static inline struct netport_reserve loopback_request(int protocol, unsigned int port)
{
	struct netport_reserve r = {
		.binding.families = NETPORT_FAMILY_IPV4,
		.binding.protocol = protocol,
		.binding.port = port,
		.binding.addr = { 127, 0, 0, 1 },
	};

	return r;
}

/* A port of 127.0.0.1 that is now @fd's, or 0 when the range has none left. */
static inline unsigned int pick_loopback(int fd, int protocol)
{
	struct netport_reserve r = loopback_request(protocol, 0);

	if (!ioctl(fd, NETPORT_IOC_RESERVE, &r))
		return r.binding.port;
	if (errno != EADDRNOTAVAIL)
		err(1, "NETPORT_IOC_RESERVE");
	return 0;
}

/* A socket bound to @port of 127.0.0.1, without SO_REUSEADDR or SO_REUSEPORT; or -1. */
static inline int bind_loopback(int type, unsigned int port)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, type, 0);

	if (fd < 0)
		err(1, "socket");
	if (!bind(fd, (struct sockaddr *)&sin, sizeof(sin)) &&
	    (type == SOCK_DGRAM || !listen(fd, 64)))
		return fd;
	if (errno != EADDRINUSE)
		err(1, "bind");
	close(fd);
	return -1;
}

/* Memory that all children share. */
static inline void *shared_memory(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		err(1, "mmap");
	return p;
}

/* A child that doesn't outlive its parent. */
static inline pid_t fork_child(void)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

/* How many of @n children didn't exit with 0. */
static inline int wait_children(const pid_t *pids, int n)
{
	int bad = 0;

	for (int i = 0; i < n; i++) {
		int status;

		if (waitpid(pids[i], &status, 0) != pids[i] || status)
			bad++;
	}
	return bad;
}

#endif /* _DEMO_H */
