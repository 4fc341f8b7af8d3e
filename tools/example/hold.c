// SPDX-License-Identifier: GPL-2.0
/* Asks who is in the way of a port, while it is reserved and while it is held afterwards. */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <linux/netport.h>

#define TCP8081	{ .families = NETPORT_FAMILY_IPV4, .protocol = IPPROTO_TCP, .port = 8081 }

static void who(int fd)
{
	struct netport_entry e;
	struct netport_request req = { .reserve.binding = TCP8081,
				       .terms.conflict = (uintptr_t)&e };

	if (!ioctl(fd, NETPORT_IOC_AVAILABLE_REQUEST, &req))
		printf("8081 is free\n");
	else if (errno != EADDRINUSE)
		err(1, "ask for port 8081");
	else if (e.state & NETPORT_STATE_HELD)
		printf("8081 is nobody's for %u ms more\n", e.hold);
	else	/* pid, name and labels, if it's our own uid or we have CAP_NET_ADMIN */
		printf("8081 is of uid %u: %s[%d], \"%s\", \"%s\"\n", e.uid, e.comm, e.pid,
		       e.owner_label, e.label);
}

int main(void)
{
	struct netport_request web = { .reserve.binding = TCP8081, .terms.label = "web" };
	struct netport_label me = { .label = "an example" };
	struct netport_release release = { .hold = 60 };
	int fd = open(NETPORT_DEVICE, O_RDWR | O_CLOEXEC);
	int other = open(NETPORT_DEVICE, O_RDWR | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, NETPORT_IOC_LABEL, &me) || ioctl(fd, NETPORT_IOC_REQUEST, &web))
		err(1, "reserve port 8081");
	who(other);
	release.token = web.reserve.token;
	if (ioctl(fd, NETPORT_IOC_RELEASE, &release))
		err(1, "release");
	who(other);
	return 0;
}
