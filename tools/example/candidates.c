// SPDX-License-Identifier: GPL-2.0
/* With libnetport: a UDP port that the host's stack can bind, too, found by trying. */
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <netport.h>

/* The port is held meanwhile.  0: it will do; 1: the next one; below 0: an error. */
static int try_to_bind(unsigned int port, void *arg)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int *sock = arg;

	if (!bind(*sock, (struct sockaddr *)&sa, sizeof(sa)))
		return 0;
	return errno == EADDRINUSE ? 1 : -errno;
}

int main(void)
{
	struct netport_request r = { .reserve.binding.protocol = IPPROTO_UDP,
				     .terms.label = "echo server" };
	int sock = socket(AF_INET, SOCK_DGRAM, 0), fd = netport_open();
	char text[NETPORT_TEXT_LEN];

	if (sock < 0 || fd < 0 || netport_binding_from_text(&r.reserve.binding, "127.0.0.1"))
		err(1, "set out");
	if (netport_pick(fd, &r, try_to_bind, &sock))
		err(1, "find a port");
	netport_binding_to_text(text, sizeof(text), &r.reserve.binding);
	printf("bound to %s\n", text);
	return 0;
}
