// SPDX-License-Identifier: GPL-2.0
/* Picks a thousand ports in one call, and gives them back in another. */
#include <err.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <linux/netport.h>

#define COUNT	1000

int main(void)
{
	static struct netport_reserve wanted[COUNT];	/* or netport_request, for more */
	static __u64 names[COUNT];
	struct netport_batch batch = { .requests = (uintptr_t)wanted, .count = COUNT,
				       .size = sizeof(wanted[0]) };
	struct netport_tokens tokens = { .tokens = (uintptr_t)names, .count = COUNT };
	int fd = open(NETPORT_DEVICE, O_RDWR | O_CLOEXEC), i;

	for (i = 0; i < COUNT; i++) {
		wanted[i].binding.families = NETPORT_FAMILY_IPV4;
		wanted[i].binding.protocol = IPPROTO_TCP;
	}
	if (fd < 0 || ioctl(fd, NETPORT_IOC_BATCH, &batch))
		err(1, "find %d ports", COUNT);		/* it's all of them or none */
	printf("%d ports: %d, %d, ...\n", batch.done, wanted[0].binding.port,
	       wanted[1].binding.port);

	for (i = 0; i < COUNT; i++)
		names[i] = wanted[i].token;
	if (ioctl(fd, NETPORT_IOC_RELEASE_BATCH, &tokens))
		err(1, "release them");
	return tokens.done == COUNT ? 0 : 1;
}
