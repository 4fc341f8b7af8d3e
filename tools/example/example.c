// SPDX-License-Identifier: GPL-2.0
/* Reserves TCP port 8080, then an even UDP port that it chooses itself, and gives both back. */
#include <err.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <linux/netport.h>

int main(void)
{
	struct netport_reserve web = { .binding = {
		.families = NETPORT_FAMILY_IPV4 | NETPORT_FAMILY_IPV6,
		.protocol = IPPROTO_TCP, .port = 8080 } };
	struct netport_candidate rtp = { .reserve.binding = {
		.families = NETPORT_FAMILY_IPV4,
		.protocol = IPPROTO_UDP, .addr = { 127, 0, 0, 1 } } };
	struct netport_release release = { 0 };
	int fd = open(NETPORT_DEVICE, O_RDWR | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, NETPORT_IOC_RESERVE, &web))
		err(1, "reserve TCP port %d", web.binding.port);
	do {	/* held while it is looked at; the next call turns it down */
		if (ioctl(fd, NETPORT_IOC_CANDIDATE, &rtp))
			err(1, "find a UDP port");
	} while (rtp.reserve.binding.port % 2);
	if (ioctl(fd, NETPORT_IOC_ACCEPT, &(struct netport_token){ rtp.reserve.token }))
		err(1, "accept");
	printf("ours: TCP %d, UDP %d\n", web.binding.port, rtp.reserve.binding.port);
	release.token = web.token;
	if (ioctl(fd, NETPORT_IOC_RELEASE, &release))
		err(1, "release");
	return 0;	/* the UDP port is given back when the file is closed */
}
