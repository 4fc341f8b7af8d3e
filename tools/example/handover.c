// SPDX-License-Identifier: GPL-2.0
/* Gives a port to another process, and leaves one behind for whoever comes later. */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/netport.h>

#define TCP	{ .families = NETPORT_FAMILY_IPV4, .protocol = IPPROTO_TCP }

int main(void)
{
	struct netport_reserve r = { .binding = TCP };
	struct netport_reserve stay = { .binding = TCP, .options = NETPORT_OPT_PERSISTENT };
	struct netport_release release = { 0 };
	struct netport_transfer give = { 0 };
	int fd = open(NETPORT_DEVICE, O_RDWR | O_CLOEXEC);

	give.fd = open(NETPORT_DEVICE, O_RDWR);		/* or received with SCM_RIGHTS */
	if (fd < 0 || give.fd < 0 || ioctl(fd, NETPORT_IOC_RESERVE, &r))
		err(1, "reserve");
	give.token = r.token;
	if (ioctl(fd, NETPORT_IOC_TRANSFER, &give))
		err(1, "transfer");
	if (!fork()) {		/* the port is its own now, for as long as it lives */
		printf("%d is the child's\n", r.binding.port);
		return 0;
	}
	close(give.fd);
	wait(NULL);

	if (ioctl(fd, NETPORT_IOC_RESERVE, &stay)) {
		if (errno != EPERM)	/* that needs CAP_NET_ADMIN, as adopting does */
			err(1, "reserve");
		return 0;
	}
	close(fd);		/* the port stays; NETPORT_IOC_LIST tells its token */
	fd = open(NETPORT_DEVICE, O_RDWR | O_CLOEXEC);
	release.token = stay.token;
	if (fd < 0 || ioctl(fd, NETPORT_IOC_ADOPT, &(struct netport_token){ stay.token }))
		err(1, "adopt");
	printf("%d was nobody's, and is ours again\n", stay.binding.port);
	if (ioctl(fd, NETPORT_IOC_RELEASE, &release))	/* or it would stay once more */
		err(1, "release");
	return 0;
}
