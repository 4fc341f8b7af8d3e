// SPDX-License-Identifier: GPL-2.0
/* One port for TCP and UDP, IPv4 and IPv6; then for SCTP too; then another one instead. */
#include <err.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <linux/netport.h>

#define BOTH	(NETPORT_FAMILY_IPV4 | NETPORT_FAMILY_IPV6)

int main(void)
{
	struct netport_binding udp = { .families = BOTH, .protocol = IPPROTO_UDP };
	struct netport_request set = {
		.reserve.binding = { .families = BOTH, .protocol = IPPROTO_TCP },
		.terms = { .bindings = (uintptr_t)&udp, .nbindings = 1 } };
	struct netport_request more = {
		.reserve.binding = { .families = BOTH, .protocol = IPPROTO_SCTP } };
	int fd = open(NETPORT_DEVICE, O_RDWR | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, NETPORT_IOC_REQUEST, &set))
		err(1, "find a port for TCP and UDP");
	printf("TCP and UDP: %d\n", set.reserve.binding.port);

	more.reserve.token = set.reserve.token;
	if (ioctl(fd, NETPORT_IOC_EXTEND, &more))
		err(1, "have it for SCTP as well");
	printf("SCTP, too: %d\n", more.reserve.binding.port);

	set.reserve.binding.port = 0;		/* pick again; on an error we have what we had */
	if (ioctl(fd, NETPORT_IOC_REBIND, &set))
		err(1, "find another port");
	printf("TCP and UDP instead: %d\n", set.reserve.binding.port);
	return 0;
}
