// SPDX-License-Identifier: GPL-2.0
/* Waits for two ports of another process: for one in a call, for the other with poll(). */
#include <err.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include <linux/netport.h>

#define TCP(_port) { .families = NETPORT_FAMILY_IPV4, .protocol = IPPROTO_TCP, .port = _port }

int main(void)
{
	struct netport_reserve a = { .binding = TCP(7001) }, b = { .binding = TCP(7002) };
	struct netport_request soon = { .reserve = a }, wish = { .reserve = b };
	struct netport_granted granted = { 0 };
	int theirs = open(NETPORT_DEVICE, O_RDWR | O_CLOEXEC);
	int fd = open(NETPORT_DEVICE, O_RDWR | O_CLOEXEC);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct timespec now;

	if (ioctl(theirs, NETPORT_IOC_RESERVE, &a) || ioctl(theirs, NETPORT_IOC_RESERVE, &b))
		err(1, "reserve");
	if (!fork()) {			/* it has the ports until it exits */
		usleep(200000);
		_exit(0);
	}
	close(theirs);

	if (ioctl(fd, NETPORT_IOC_WISH, &wish))
		err(1, "wish for port 7002");
	clock_gettime(CLOCK_MONOTONIC, &now);
	soon.terms.deadline = (now.tv_sec + 10) * 1000000000ULL + now.tv_nsec;
	if (ioctl(fd, NETPORT_IOC_REQUEST, &soon))
		err(1, "wait ten seconds for port 7001");
	if (poll(&p, 1, 10000) != 1 || ioctl(fd, NETPORT_IOC_GRANTED, &granted))
		err(1, "port 7002");
	printf("ours: %d and %d\n", soon.reserve.binding.port, granted.port);
	return 0;
}
