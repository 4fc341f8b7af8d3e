// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* What calls back: picking with a test, the bare search, the listing. */
#include <stdint.h>

#include "lib.h"

/* Ends a search that has found nothing, with the errno that it has. */
static int give_back(int fd, __u64 candidate)
{
	int error = errno;

	if (candidate)
		netport_release(fd, candidate);
	return fail(error);
}

int netport_pick_sized(int fd, struct netport_request *r, size_t size, netport_test_fn *test,
		       void *arg)
{
	struct netport_candidate c = { .cursor = 0 };
	struct netport_request request;
	int verdict;

	if (size < sizeof(r->reserve))
		return fail(EINVAL);
	if (copy_struct(&request, sizeof(request), r, size))
		return -1;
	if (request.reserve.binding.port)
		return fail(EINVAL);
	c.reserve = request.reserve;
	c.reserve.token = 0;
	c.terms = request.terms;
	do {
		if (ioctl(fd, NETPORT_IOC_CANDIDATE, &c))
			return give_back(fd, c.reserve.token);
		verdict = test ? test(c.reserve.binding.port, arg) : 0;
	} while (verdict > 0);
	if (verdict < 0) {
		errno = -verdict;
		return give_back(fd, c.reserve.token);
	}
	if (netport_accept(fd, c.reserve.token))
		return give_back(fd, c.reserve.token);
	r->reserve.binding.port = c.reserve.binding.port;
	r->reserve.token = c.reserve.token;
	return 0;
}

int netport_ephemeral(int fd, unsigned int low, unsigned int high, netport_test_fn *test,
		      void *arg)
{
	struct netport_ephemeral e = { .low = low, .high = high };
	int verdict;

	if (low > UINT16_MAX || high > UINT16_MAX)
		return fail(EINVAL);
	do {
		if (ioctl(fd, NETPORT_IOC_EPHEMERAL, &e))
			return -1;
		verdict = test ? test(e.port, arg) : 0;
	} while (verdict > 0);
	return verdict < 0 ? fail(-verdict) : e.port;
}

int netport_list_each_sized(int fd, const struct netport_list *filter, size_t size,
			    size_t entry_size, netport_each_fn *each, void *arg)
{
	__u64 room[2048];
	struct netport_list list = { .flags = 0 };
	int verdict;

	if (filter && copy_struct(&list, sizeof(list), filter, size))
		return -1;
	if (!entry_size || entry_size > sizeof(room))
		return fail(EINVAL);
	list.entries = (uintptr_t)room;
	list.size = entry_size;
	memset(list.cursor, 0, sizeof(list.cursor));
	do {
		list.count = sizeof(room) / entry_size;
		if (ioctl(fd, NETPORT_IOC_LIST, &list))
			return -1;
		for (__u32 i = 0; i < list.count; i++) {
			verdict = each((void *)((char *)room + i * entry_size), arg);
			if (verdict)
				return verdict < 0 ? fail(-verdict) : verdict;
		}
	} while (list.count);
	return 0;
}
