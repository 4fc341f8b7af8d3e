/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the library's files share. */
#ifndef _LIB_H
#define _LIB_H

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>

#include "netport.h"

#define FAMILY_BOTH	(NETPORT_FAMILY_IPV4 | NETPORT_FAMILY_IPV6)

static inline int fail(int error)
{
	errno = error;
	return -1;
}

/* @cmd with a structure of the caller's size, which may be another than ours. */
static inline int command(int fd, unsigned long cmd, const void *arg, size_t size)
{
	if (size > _IOC_SIZEMASK)
		return fail(E2BIG);
	cmd &= ~((unsigned long)_IOC_SIZEMASK << _IOC_SIZESHIFT);
	return ioctl(fd, cmd | size << _IOC_SIZESHIFT, arg);
}

/*
 * A structure of the caller's size as one of ours, as the kernel takes them: what is missing
 * is zero, and so has to be what we don't know.
 */
static inline int copy_struct(void *to, size_t known, const void *from, size_t size)
{
	const __u8 *byte = from;

	for (size_t i = known; i < size; i++)
		if (byte[i])
			return fail(E2BIG);
	memset(to, 0, known);
	memcpy(to, from, size < known ? size : known);
	return 0;
}

static inline bool is_any(const __u8 addr[16])
{
	static const __u8 any[16];

	return !memcmp(addr, any, sizeof(any));
}

/* Makes the local part of @from the remote of @b; EINVAL if it can't be. */
__attribute__((visibility("hidden")))
int np_set_remote(struct netport_binding *b, const struct netport_binding *from);

#endif /* _LIB_H */
