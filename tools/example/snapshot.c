// SPDX-License-Identifier: GPL-2.0
/* Reserves again what another owner had: two ports, one of them for TCP and UDP. */
#include <err.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <linux/netport.h>

#define ROOM	64
#define V4(_protocol)	{ .families = NETPORT_FAMILY_IPV4, .protocol = _protocol }

/* In the order in which the reservations of a port were made. */
static int by_token(const void *a, const void *b)
{
	const struct netport_entry *e = a, *f = b;

	return e->token < f->token ? -1 : e->token > f->token;
}

int main(void)
{
	struct netport_binding udp = V4(IPPROTO_UDP), had[ROOM];
	struct netport_request set = { .reserve.binding = V4(IPPROTO_TCP),
		.terms = { .bindings = (uintptr_t)&udp, .nbindings = 1 } };
	struct netport_reserve one = { .binding = V4(IPPROTO_TCP) };
	struct netport_entry entry[ROOM];
	struct netport_list list = { .entries = (uintptr_t)entry, .count = ROOM,
		.size = sizeof(entry[0]), .flags = NETPORT_LIST_MINE };
	struct netport_request again[ROOM] = { 0 };
	struct netport_batch batch = { .requests = (uintptr_t)again, .size = sizeof(again[0]) };
	int old = open(NETPORT_DEVICE, O_RDWR | O_CLOEXEC);
	int new = open(NETPORT_DEVICE, O_RDWR | O_CLOEXEC);
	unsigned int i;

	if (ioctl(old, NETPORT_IOC_REQUEST, &set) || ioctl(old, NETPORT_IOC_RESERVE, &one))
		err(1, "reserve");
	if (ioctl(old, NETPORT_IOC_LIST, &list) || list.count == ROOM)
		err(1, "list");
	close(old);

	qsort(entry, list.count, sizeof(entry[0]), by_token);
	for (i = 0; i < list.count; i++)
		had[i] = entry[i].binding;
	for (i = 0; i < list.count; i += entry[i].parts, batch.count++) {
		again[batch.count].reserve.binding = had[i];
		again[batch.count].reserve.options = entry[i].options;
		again[batch.count].terms.nbindings = entry[i].parts - 1;
		again[batch.count].terms.bindings = entry[i].parts > 1 ?
						    (uintptr_t)&had[i + 1] : 0;
	}
	if (ioctl(new, NETPORT_IOC_BATCH, &batch))
		err(1, "restore");
	printf("restored %u reservations on %u bindings\n", batch.done, list.count);
	return batch.done == 2 && list.count == 3 ? 0 : 1;
}
