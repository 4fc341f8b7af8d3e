// SPDX-License-Identifier: GPL-2.0
/* Says what the module can do, and lists what is reserved in this network namespace. */
#include <err.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <linux/netport.h>

#define MANY	32

int main(void)
{
	struct netport_entry entry[MANY];
	struct netport_list list = { .entries = (uintptr_t)entry, .size = sizeof(entry[0]) };
	struct netport_request r = { .reserve.binding = {
		.families = NETPORT_FAMILY_IPV4, .protocol = IPPROTO_TCP },
		.terms.label = "to be listed" };
	struct netport_info info;
	int fd = open(NETPORT_DEVICE, O_RDWR | O_CLOEXEC), found = 0;
	unsigned int i;

	if (fd < 0 || ioctl(fd, NETPORT_IOC_INFO, &info))
		err(1, "ask the module");		/* ENOTTY: an older one */
	if (!(info.features & NETPORT_FEATURE_LABELS) || ioctl(fd, NETPORT_IOC_REQUEST, &r))
		err(1, "reserve");
	do {
		list.count = MANY;			/* as many as there is room for */
		if (ioctl(fd, NETPORT_IOC_LIST, &list))
			err(1, "list");
		for (i = 0; i < list.count; i++) {
			printf("protocol %u, port %u: uid %u, \"%s\"%s\n",
			       entry[i].binding.protocol, entry[i].binding.port, entry[i].uid,
			       entry[i].label, entry[i].owner == info.owner ? ", ours" : "");
			found += entry[i].token == r.reserve.token;
		}
	} while (list.count);
	return found == 1 ? 0 : 1;
}
