// SPDX-License-Identifier: GPL-2.0
/* Picks a port that the host's own stack has free, and keeps it from having it. */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/netport.h>

/* What any program on this machine may do. */
static int host_binds(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
	int s = socket(AF_INET, SOCK_STREAM, 0);
	int error = s < 0 || bind(s, (struct sockaddr *)&a, sizeof(a)) ? errno : 0;

	close(s);
	return error;
}

int main(void)
{
	struct netport_request r = { .reserve = {
		.binding = { .families = NETPORT_FAMILY_IPV4, .protocol = IPPROTO_TCP },
		.options = NETPORT_OPT_HOST_HOLD } };
	int fd = open(NETPORT_DEVICE, O_RDWR | O_CLOEXEC), error;

	if (fd < 0 || ioctl(fd, NETPORT_IOC_REQUEST, &r))
		err(1, "find a port that the host doesn't use");
	error = host_binds(r.reserve.binding.port);
	if (error != EADDRINUSE)
		errx(1, "the host was not kept out");
	printf("%d is not the host's\n", r.reserve.binding.port);

	close(fd);
	error = host_binds(r.reserve.binding.port);
	if (error)
		errx(1, "the host is still kept out");
	printf("%d is\n", r.reserve.binding.port);
	return 0;
}
