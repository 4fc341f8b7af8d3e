// SPDX-License-Identifier: GPL-2.0
/* A pair of ports for RTP and RTCP; an even port; 64 ports, of which half is given back. */
#include <err.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <linux/netport.h>

#define UDP	{ .families = NETPORT_FAMILY_IPV4, .protocol = IPPROTO_UDP }

int main(void)
{
	const __u16 avoid[] = { 5004, 5060 };
	struct netport_request pair = {
		.reserve.binding = UDP,
		.terms = { .count = 2, .align = 2 } };
	struct netport_request even = {
		.reserve = { .binding = UDP, .low = 5000, .high = 5999 },
		.terms = { .align = 2, .exclude = (uintptr_t)avoid, .nexclude = 2 } };
	struct netport_request block = {
		.reserve.binding = UDP,
		.terms = { .count = 64, .align = 64 } };
	struct netport_release half = { .count = 32 };
	int fd = open(NETPORT_DEVICE, O_RDWR | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, NETPORT_IOC_REQUEST, &pair))
		err(1, "find two ports");
	printf("RTP %d, RTCP %d\n", pair.reserve.binding.port, pair.reserve.binding.port + 1);
	if (ioctl(fd, NETPORT_IOC_REQUEST, &even))
		err(1, "find an even port");
	printf("even: %d\n", even.reserve.binding.port);
	if (ioctl(fd, NETPORT_IOC_REQUEST, &block))
		err(1, "find 64 ports");
	half.token = block.reserve.token;
	half.port = block.reserve.binding.port + 32;
	if (ioctl(fd, NETPORT_IOC_RELEASE, &half))
		err(1, "release 32 ports");
	printf("block: %d to %d\n", block.reserve.binding.port, half.port - 1);
	return 0;
}
