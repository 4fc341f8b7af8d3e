/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reservations, many at a time, for the programs that use netport's device.
 */
#ifndef _HOLD_H
#define _HOLD_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/ioctl.h>

#include <linux/netport.h>

#define PORT		40000
#define LB		NETPORT_SHARE_LOAD_BALANCED
#define ANY		0
#define OURS		0x0a000001		/* 10.0.0.1, and those after it */
#define OTHERS		0x0a010000

static const char *device = NETPORT_DEVICE;

static inline struct netport_reserve binding(uint32_t addr, unsigned int port, unsigned int share)
{
	struct netport_reserve r = {
		.binding.families = NETPORT_FAMILY_IPV4,
		.binding.protocol = IPPROTO_UDP,
		.binding.port = port,
		.binding.share = share,
	};

	addr = htonl(addr);
	memcpy(r.binding.addr, &addr, sizeof(addr));
	return r;
}

static inline int owner(void)
{
	int file = open(device, O_RDWR | O_CLOEXEC);

	if (file < 0)
		err(1, "%s", device);
	return file;
}

/* Many are reserved 1024 at a time. */
static struct netport_reserve many[NETPORT_BATCH_MAX];
static unsigned int nmany;

static inline void hold_all(int file)
{
	struct netport_batch b = {
		.requests = (uintptr_t)many, .count = nmany, .size = sizeof(many[0]),
	};

	if (nmany && ioctl(file, NETPORT_IOC_BATCH, &b))
		err(1, "NETPORT_IOC_BATCH");
	nmany = 0;
}

static inline void hold(int file, struct netport_reserve r)
{
	many[nmany++] = r;
	if (nmany == NETPORT_BATCH_MAX)
		hold_all(file);
}

/* @n on as many addresses as it takes, by a file of its own. */
static inline int hold_many(unsigned int n)
{
	unsigned int i, file = owner();

	for (i = 0; i < n; i++)
		hold(file, binding(OTHERS + i / 50000, 10000 + i % 50000, 0));
	hold_all(file);
	return file;
}

#endif /* _HOLD_H */
