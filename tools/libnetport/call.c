// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* The commands, one by one. */
#include <fcntl.h>
#include <stdint.h>
#include <time.h>

#include "lib.h"

int netport_open(void)
{
	return open(NETPORT_DEVICE, O_RDWR | O_CLOEXEC);
}

int netport_info_sized(int fd, struct netport_info *info, size_t size)
{
	memset(info, 0, size);		/* what the module doesn't know has to be */
	return command(fd, NETPORT_IOC_INFO, info, size);
}

int netport_reserve_sized(int fd, struct netport_reserve *r, size_t size)
{
	return command(fd, NETPORT_IOC_RESERVE, r, size);
}

int netport_request_sized(int fd, struct netport_request *r, size_t size)
{
	return command(fd, NETPORT_IOC_REQUEST, r, size);
}

int netport_available_sized(int fd, const struct netport_request *r, size_t size)
{
	return command(fd, NETPORT_IOC_AVAILABLE, r, size);
}

int netport_release(int fd, __u64 token)
{
	struct netport_release r = { .token = token };

	return ioctl(fd, NETPORT_IOC_RELEASE, &r);
}

int netport_release_by_sized(int fd, const struct netport_release *r, size_t size)
{
	return command(fd, NETPORT_IOC_RELEASE, r, size);
}

int netport_extend_sized(int fd, struct netport_request *r, size_t size)
{
	return command(fd, NETPORT_IOC_EXTEND, r, size);
}

int netport_rebind_sized(int fd, struct netport_request *r, size_t size)
{
	return command(fd, NETPORT_IOC_REBIND, r, size);
}

int netport_batch_sized(int fd, void *requests, size_t size, unsigned int count,
			unsigned int flags, __s32 *errors)
{
	struct netport_batch b = {
		.requests = (uintptr_t)requests, .errors = (uintptr_t)errors,
		.count = count, .size = size, .flags = flags,
	};

	if (size > UINT32_MAX)
		return fail(EINVAL);
	return ioctl(fd, NETPORT_IOC_BATCH, &b) ?: (int)b.done;
}

int netport_release_batch(int fd, const __u64 *tokens, unsigned int count, unsigned int hold,
			  unsigned int options)
{
	struct netport_tokens t = {
		.tokens = (uintptr_t)tokens, .count = count, .hold = hold, .options = options,
	};

	return ioctl(fd, NETPORT_IOC_RELEASE_BATCH, &t) ?: (int)t.done;
}

int netport_transfer(int fd, __u64 token, int to)
{
	struct netport_transfer t = { .token = token, .fd = to };

	return ioctl(fd, NETPORT_IOC_TRANSFER, &t);
}

static int name_token(int fd, unsigned long cmd, __u64 token)
{
	struct netport_token t = { .token = token };

	return ioctl(fd, cmd, &t);
}

int netport_adopt(int fd, __u64 token)
{
	return name_token(fd, NETPORT_IOC_ADOPT, token);
}

int netport_label(int fd, __u64 token, const char *text)
{
	struct netport_label l = { .token = token };
	size_t length = strlen(text);

	if (length >= sizeof(l.label))
		return fail(EINVAL);
	memcpy(l.label, text, length);
	return ioctl(fd, NETPORT_IOC_LABEL, &l);
}

int netport_candidate_sized(int fd, struct netport_candidate *c, size_t size)
{
	return command(fd, NETPORT_IOC_CANDIDATE, c, size);
}

int netport_accept(int fd, __u64 token)
{
	return name_token(fd, NETPORT_IOC_ACCEPT, token);
}

int netport_get_range(int fd, unsigned int *low, unsigned int *high)
{
	struct netport_range r = { 0 };

	if (ioctl(fd, NETPORT_IOC_GET_RANGE, &r))
		return -1;
	*low = r.low;
	*high = r.high;
	return 0;
}

int netport_set_range(int fd, unsigned int low, unsigned int high)
{
	struct netport_range r = { .low = low, .high = high };

	if (low > UINT16_MAX || high > UINT16_MAX)
		return fail(EINVAL);
	return ioctl(fd, NETPORT_IOC_SET_RANGE, &r);
}

__u64 netport_deadline(long long ms)
{
	struct timespec now;
	long long ns;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ns = now.tv_sec * 1000000000LL + now.tv_nsec;
	if (ms < 0 || ms > (INT64_MAX - ns) / 1000000)
		return INT64_MAX;
	return ns + ms * 1000000;
}

int netport_wish_sized(int fd, struct netport_request *r, size_t size)
{
	return command(fd, NETPORT_IOC_WISH, r, size);
}

int netport_granted_sized(int fd, struct netport_granted *g, size_t size)
{
	return command(fd, NETPORT_IOC_GRANTED, g, size);
}

int netport_unwish(int fd, __u64 wish)
{
	return name_token(fd, NETPORT_IOC_UNWISH, wish);
}

int netport_list_sized(int fd, struct netport_list *l, size_t size)
{
	return command(fd, NETPORT_IOC_LIST, l, size);
}
