// SPDX-License-Identifier: GPL-2.0
/*
 * datagram - samples/datagram: a protocol of the kernel's whose ports are netport's
 *
 * What its sockets hold, who gets what arrives, and when the modules go.  Each test loads the
 * module and unloads it.  More is in dgtalk, and what others bind and close meanwhile in dgsoak.
 */
#include "datagram.h"

#include <linux/filter.h>
#include <linux/if_addr.h>

#define PORT	5000

FIXTURE(datagram) {
	int unused;
};

FIXTURE_SETUP(datagram)
{
	if (access(module_path(MODULE), R_OK))
		SKIP(return, "no %s; set NETPORT_MODULES", module_path(MODULE));
	ASSERT_EQ(0, without_suites());
	ASSERT_EQ(0, load_anew());
	keep_netns();
}

FIXTURE_TEARDOWN_PARENT(datagram)
{
	if (!loaded("netport") && load("netport"))
		fprintf(stderr, "# netport can't be loaded\n");
	if (!unload_soon(MODULE))
		fprintf(stderr, "# %s stays\n", MODULE);
}

/* socket, bind, close */

TEST_F(datagram, port_that_is_named)
{
	struct listing *l;
	int fd = bound("127.0.0.1", PORT);
	union name n = own_name(fd);
	struct netport_binding want = {
		.families = NETPORT_FAMILY_IPV4, .protocol = DATAGRAM, .port = PORT,
		.addr = { 127, 0, 0, 1 } };

	EXPECT_EQ(PORT, port_in(&n));
	EXPECT_EQ(htonl(INADDR_LOOPBACK), n.v4.sin_addr.s_addr);
	l = list_all(owner());
	ASSERT_EQ(1, l->n);
	EXPECT_EQ(0, memcmp(&want, &l->e[0].binding, sizeof(want)));
	EXPECT_EQ(0, l->e[0].uid);
	EXPECT_EQ(0, l->e[0].pid);
	EXPECT_EQ(0, l->e[0].state);
	EXPECT_STREQ("datagram", (char *)l->e[0].owner_label);

	/* Once only, and nobody else. */
	EXPECT_EQ(EINVAL, try_bind(fd, "127.0.0.1", PORT + 1));
	EXPECT_EQ(EADDRINUSE, bind_error("127.0.0.1", PORT, 0));
	EXPECT_EQ(EADDRINUSE, bind_error("0.0.0.0", PORT, 0));
	EXPECT_EQ(EADDRINUSE, bind_error("::", PORT, 0));
	EXPECT_EQ(EADDRINUSE, bind_error("::ffff:127.0.0.1", PORT, 0));
	EXPECT_EQ(0, bind_error("127.0.0.2", PORT, 0));
	EXPECT_EQ(0, bind_error("::1", PORT, 0));
	EXPECT_EQ(1, list_all(owner())->n);
	close(fd);
	EXPECT_EQ(0, list_all(owner())->n);
	EXPECT_EQ(0, bind_error("0.0.0.0", PORT, 0));
}

TEST_F(datagram, port_that_is_picked)
{
	unsigned int i, port;
	int fd;

	EXPECT_EQ(0, set_range(owner(), 20000, 20003));
	for (i = 0; i < 4; i++) {
		port = port_of(bound(i % 2 ? "::" : "127.0.0.1", 0));
		EXPECT_GE(port, 20000);
		EXPECT_LE(port, 20003);
	}
	/* None left is the same as taken, to bind(); to others it's EAGAIN. */
	EXPECT_EQ(EADDRINUSE, bind_error("0.0.0.0", 0, 0));
	fd = dg_socket(AF_INET);
	EXPECT_EQ(EAGAIN, send_text(fd, "127.0.0.1", PORT, "x"));
	EXPECT_EQ(EAGAIN, try_connect(fd, "127.0.0.1", PORT));
	EXPECT_EQ(0, set_range(owner(), 20000, 20004));
	EXPECT_EQ(0, send_text(fd, "127.0.0.1", PORT, "x"));
	EXPECT_EQ(20004, port_of(fd));
	EXPECT_EQ(5, list_all(owner())->n);
}

TEST_F(datagram, what_bind_refuses)
{
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6, .sin6_port = htons(PORT) };
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int fd = dg_socket(AF_INET), fd6 = dg_socket(AF_INET6);

	EXPECT_EQ(-1, bind(fd, (void *)&sin, sizeof(sin) - 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, bind(fd, (void *)&sin6, sizeof(sin6)));
	EXPECT_EQ(EAFNOSUPPORT, errno);
	EXPECT_EQ(-1, bind(fd6, (void *)&sin, sizeof(sin)));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(EADDRNOTAVAIL, try_bind(fd, "192.0.2.1", PORT));
	EXPECT_EQ(EADDRNOTAVAIL, try_bind(fd6, "2001:db8::1", PORT));
	/* A link-local address without a device. */
	EXPECT_EQ(EINVAL, try_bind(fd6, "fe80::1", PORT));
	EXPECT_EQ(0, list_all(owner())->n);
	/* Not for good. */
	EXPECT_EQ(0, try_bind(fd, "127.0.0.1", PORT));
	EXPECT_EQ(0, try_bind(fd6, "::1", PORT));
}

static void lose_capability(int cap)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2];

	if (syscall(SYS_capget, &h, d))
		die("capget");
	d[0].effective &= ~(1U << cap);
	if (syscall(SYS_capset, &h, d))
		die("capset");
}

TEST_F(datagram, privileged_port)
{
	EXPECT_EQ(0, bind_error("127.0.0.1", 1023, 0));
	lose_capability(CAP_NET_BIND_SERVICE);
	EXPECT_EQ(EACCES, bind_error("127.0.0.1", 1023, 0));
	EXPECT_EQ(EACCES, bind_error("::1", 1, 0));
	EXPECT_EQ(0, bind_error("127.0.0.1", 1024, 0));
	EXPECT_EQ(0, list_all(owner())->n);
	write_file(FIRST_UNPRIVILEGED, "1023");
	EXPECT_EQ(0, bind_error("127.0.0.1", 1023, 0));
	EXPECT_EQ(EACCES, bind_error("127.0.0.1", 1022, 0));
}

TEST_F(datagram, sharing_is_for_one_uid)
{
	int fd = bound_with("127.0.0.1", PORT, SO_REUSEPORT);
	pid_t pid;

	EXPECT_EQ(0, bind_error("127.0.0.1", PORT, SO_REUSEPORT));
	EXPECT_EQ(0, bind_error("0.0.0.0", PORT, SO_REUSEPORT));
	EXPECT_EQ(EADDRINUSE, bind_error("127.0.0.1", PORT, SO_REUSEADDR));
	EXPECT_EQ(EADDRINUSE, bind_error("127.0.0.1", PORT, 0));
	/* The socket's uid counts, not that of who binds it. */
	pid = spawn();
	if (!pid) {
		int ours = dg_socket(AF_INET), theirs;

		set_option(ours, SOL_SOCKET, SO_REUSEPORT, 1);
		become(NOBODY);
		theirs = dg_socket(AF_INET);
		set_option(theirs, SOL_SOCKET, SO_REUSEPORT, 1);
		CHECK_EQ(EADDRINUSE, try_bind(theirs, "127.0.0.1", PORT));
		CHECK_EQ(0, try_bind(ours, "127.0.0.1", PORT));
		_exit(0);
	}
	EXPECT_EQ(0, ended(pid));
	close(fd);
}

/* The listing is the same one for those who use the device. */
TEST_F(datagram, reservations_of_processes_count)
{
	int fd = owner(), sock;

	ASSERT_EQ(0, reserve(fd, "253 4 127.0.0.1:5000"));
	EXPECT_EQ(EADDRINUSE, bind_error("0.0.0.0", PORT, 0));
	EXPECT_EQ(0, release_key(fd, "253 4 127.0.0.1:5000"));
	sock = bound("0.0.0.0", PORT);
	EXPECT_EQ(EADDRINUSE, reserve(fd, "253 4 127.0.0.1:5000"));
	EXPECT_EQ(0, reserve(fd, "udp 4 127.0.0.1:5000"));
	close(sock);
	EXPECT_EQ(0, reserve(fd, "253 4 127.0.0.1:5000"));
}

/* what sendmsg() refuses */

TEST_F(datagram, what_send_refuses)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	union name n = name_of("127.0.0.1", PORT), n6 = name_of("::1", PORT);
	struct iovec iov = { .iov_base = (void *)"x", .iov_len = 1 };
	struct msghdr msg = { .msg_name = &n, .msg_namelen = sizeof(n.v4), .msg_iov = &iov,
			      .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = sizeof(control) };
	int fd = dg_socket(AF_INET), fd6 = dg_socket(AF_INET6), only6 = dg_socket(AF_INET6);
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	EXPECT_EQ(EINVAL, send_text(fd, "127.0.0.1", 0, "x"));
	EXPECT_EQ(EINVAL, send_text(fd6, "::1", 0, "x"));
	EXPECT_EQ(-1, sendto(fd, "x", 1, 0, &n.any, sizeof(n.v4) - 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, sendto(fd6, "x", 1, 0, &n6.any, sizeof(n.v4)));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(EAFNOSUPPORT, send_text(fd, "::1", PORT, "x"));
	EXPECT_EQ(-1, sendto(fd6, "x", 1, 0, &n.any, sizeof(n)));
	EXPECT_EQ(EAFNOSUPPORT, errno);
	EXPECT_EQ(-1, sendto(fd, "x", 1, MSG_OOB, &n.any, sizeof(n.v4)));
	EXPECT_EQ(EOPNOTSUPP, errno);
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	cmsg->cmsg_level = IPPROTO_IP;
	cmsg->cmsg_type = IP_TTL;
	EXPECT_EQ(-1, sendmsg(fd, &msg, 0));
	EXPECT_EQ(EOPNOTSUPP, errno);
	EXPECT_EQ(ENETUNREACH, send_text(fd, "192.0.2.1", PORT, "x"));
	EXPECT_EQ(ENETUNREACH, send_text(fd6, "2001:db8::1", PORT, "x"));
	EXPECT_EQ(EACCES, send_text(fd, "127.255.255.255", PORT, "x"));
	EXPECT_EQ(EACCES, send_text(fd6, "ff02::1", PORT, "x"));
	set_option(only6, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	EXPECT_EQ(ENETUNREACH, send_text(only6, "::ffff:127.0.0.1", PORT, "x"));
	EXPECT_EQ(EINVAL, send_text(bound("::ffff:127.0.0.1", 0), "::1", PORT, "x"));
	EXPECT_EQ(0, counted("sent"));
	ASSERT_EQ(0, shutdown(fd6, SHUT_RDWR) && errno != ENOTCONN);
}

/* connect */

static const struct netport_entry *entry_of(unsigned int port)
{
	struct listing *l = list_all(owner());
	unsigned int i;

	for (i = 0; i < l->n; i++)
		if (l->e[i].binding.port == port)
			return &l->e[i];
	die("port %u isn't listed", port);
}

TEST_F(datagram, connecting_narrows_the_reservation)
{
	int fd = bound("0.0.0.0", PORT), fd6 = bound("::", PORT + 1);
	const struct netport_entry *e;
	__u64 token = entry_of(PORT)->token;

	ASSERT_EQ(0, try_connect(fd, "127.0.0.9", 9));
	e = entry_of(PORT);
	EXPECT_EQ(token, e->token);
	EXPECT_EQ(NETPORT_STATE_CONNECTED, e->state);
	EXPECT_EQ(0, memcmp(e->binding.addr, "\x7f\0\0\1", 4));
	EXPECT_EQ(0, memcmp(e->binding.remote, "\x7f\0\0\x9", 4));
	EXPECT_EQ(9, e->binding.remote_port);
	EXPECT_EQ(0, bind_error("127.0.0.2", PORT, 0));

	/* A socket of both families becomes one of either. */
	EXPECT_EQ(NETPORT_FAMILY_IPV4 | NETPORT_FAMILY_IPV6, entry_of(PORT + 1)->binding.families);
	ASSERT_EQ(0, try_connect(fd6, "::1", 9));
	EXPECT_EQ(NETPORT_FAMILY_IPV6, entry_of(PORT + 1)->binding.families);
	ASSERT_EQ(0, disconnect(fd6));
	EXPECT_EQ(NETPORT_FAMILY_IPV4 | NETPORT_FAMILY_IPV6, entry_of(PORT + 1)->binding.families);
	EXPECT_EQ(0, entry_of(PORT + 1)->state);
	ASSERT_EQ(0, try_connect(fd6, "::ffff:127.0.0.9", 9));
	EXPECT_EQ(NETPORT_FAMILY_IPV4, entry_of(PORT + 1)->binding.families);
	EXPECT_EQ(0, memcmp(entry_of(PORT + 1)->binding.remote, "\x7f\0\0\x9", 4));
}

TEST_F(datagram, connected_beats_wildcard)
{
	int wild = bound_with("0.0.0.0", PORT, SO_REUSEPORT);
	int narrow = bound_with("0.0.0.0", PORT, SO_REUSEPORT);
	int a = bound("127.0.0.1", 0), b = bound("127.0.0.1", 0);
	unsigned int i;

	ASSERT_EQ(0, try_connect(narrow, "127.0.0.1", port_of(a)));
	for (i = 0; i < 32; i++) {
		ASSERT_EQ(0, send_text(a, "127.0.0.1", PORT, "a"));
		ASSERT_EQ(0, send_text(b, "127.0.0.1", PORT, "b"));
		ASSERT_TRUE(arrives_text(narrow, "a"));
		ASSERT_TRUE(arrives_text(wild, "b"));
	}
	close(narrow);
	ASSERT_EQ(0, send_text(a, "127.0.0.1", PORT, "a"));
	EXPECT_TRUE(arrives_text(wild, "a"));
}

TEST_F(datagram, address_beats_wildcard)
{
	int any = bound_with("::", PORT, SO_REUSEADDR);
	int any4 = bound_with("0.0.0.0", PORT, SO_REUSEADDR);
	int one = bound_with("127.0.0.1", PORT, SO_REUSEADDR);
	int from = bound("127.0.0.1", 0);

	ASSERT_EQ(0, send_text(from, "127.0.0.1", PORT, "one"));
	EXPECT_TRUE(arrives_text(one, "one"));
	ASSERT_EQ(0, send_text(from, "127.0.0.2", PORT, "any4"));
	EXPECT_TRUE(arrives_text(any4, "any4"));
	close(one);
	close(any4);
	ASSERT_EQ(0, send_text(from, "127.0.0.2", PORT, "any"));
	EXPECT_TRUE(arrives_text(any, "any"));
	ASSERT_EQ(0, send_text(bound("::1", 0), "::1", PORT, "six"));
	EXPECT_TRUE(arrives_text(any, "six"));
}

TEST_F(datagram, connecting_that_is_refused_changes_nothing)
{
	int fd = bound_with("0.0.0.0", PORT, SO_REUSEPORT);
	int other = bound_with("0.0.0.0", PORT, SO_REUSEPORT);
	int from = bound("127.0.0.1", 0), device = owner();
	union name any = name_of("0.0.0.0", PORT), now;
	unsigned int i;
	__u64 token;

	/* It shares no more, but the other one is there. */
	set_option(fd, SOL_SOCKET, SO_REUSEPORT, 0);
	EXPECT_EQ(EADDRINUSE, try_connect(fd, "127.0.0.1", port_of(from)));
	EXPECT_EQ(-ENOTCONN, peer_port(fd));
	now = own_name(fd);
	EXPECT_TRUE(same_name(&any, &now));
	/* Nor do these work. */
	EXPECT_EQ(EINVAL, try_connect(fd, "127.0.0.1", 0));
	EXPECT_EQ(ENETUNREACH, try_connect(fd, "192.0.2.1", 9));
	EXPECT_EQ(EAFNOSUPPORT, try_connect(fd, "::1", 9));
	EXPECT_EQ(-ENOTCONN, peer_port(fd));
	now = own_name(fd);
	EXPECT_TRUE(same_name(&any, &now));
	close(other);
	ASSERT_EQ(0, send_text(from, "127.0.0.3", PORT, "all"));
	EXPECT_TRUE(arrives_text(fd, "all"));

	/* Connected, and to another remote whose port somebody has. */
	ASSERT_EQ(0, try_connect(fd, "127.0.0.1", port_of(from)));
	token = entry_of(PORT)->token;
	ASSERT_EQ(0, reserve(device, "253 4 127.0.0.1:5000 >127.0.0.1:77"));
	EXPECT_EQ(EADDRINUSE, try_connect(fd, "127.0.0.1", 77));
	EXPECT_EQ(port_of(from), peer_port(fd));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(1, send(fd, "x", 1, 0));
		EXPECT_TRUE(arrives_text(from, "x"));
		ASSERT_EQ(0, send_text(from, "127.0.0.1", PORT, "y"));
		EXPECT_TRUE(arrives_text(fd, "y"));
		/* Nor can it be for all again. */
		EXPECT_EQ(EADDRINUSE, disconnect(fd));
		EXPECT_EQ(port_of(from), peer_port(fd));
		EXPECT_EQ(NETPORT_STATE_CONNECTED, state_of(device, token));
	}
	close(device);
	EXPECT_EQ(0, disconnect(fd));
	EXPECT_EQ(PORT, port_of(fd));
}

TEST_F(datagram, disconnecting_gives_a_picked_port_back)
{
	int fd = dg_socket(AF_INET), from = bound("127.0.0.1", 0);
	int fd6 = dg_socket(AF_INET6);

	ASSERT_EQ(0, try_connect(fd, "127.0.0.1", port_of(from)));
	EXPECT_NE(0, port_of(fd));
	EXPECT_EQ(2, list_all(owner())->n);
	ASSERT_EQ(0, disconnect(fd));
	EXPECT_EQ(0, port_of(fd));
	EXPECT_EQ(1, list_all(owner())->n);
	/* Twice is fine, and then it may get one of its own. */
	ASSERT_EQ(0, disconnect(fd));
	EXPECT_EQ(0, try_bind(fd, "127.0.0.1", PORT));
	ASSERT_EQ(0, send_text(from, "127.0.0.1", PORT, "x"));
	EXPECT_TRUE(arrives_text(fd, "x"));

	ASSERT_EQ(0, try_connect(fd6, "::1", 9));
	ASSERT_EQ(0, disconnect(fd6));
	EXPECT_EQ(0, port_of(fd6));
	EXPECT_EQ(2, list_all(owner())->n);
}

/* both families */

TEST_F(datagram, one_socket_for_both_families_or_not)
{
	int six = dg_socket(AF_INET6), four = bound("127.0.0.1", 0);
	int from = bound("::1", 0), only4;

	set_option(six, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	ASSERT_EQ(0, try_bind(six, "::", PORT));
	only4 = bound("0.0.0.0", PORT);
	ASSERT_EQ(0, send_text(four, "127.0.0.1", PORT, "four"));
	ASSERT_EQ(0, send_text(from, "::1", PORT, "six"));
	EXPECT_TRUE(arrives_text(only4, "four"));
	EXPECT_TRUE(arrives_text(six, "six"));
	close(only4);
	ASSERT_EQ(0, send_text(four, "127.0.0.1", PORT, "four"));
	EXPECT_TRUE(AWAIT(counted("no_socket") == 1));
	EXPECT_TRUE(nothing_there(six));
	EXPECT_EQ(EADDRINUSE, bind_error("::", PORT, 0));
}

/* sharing */

TEST_F(datagram, flows_are_spread_and_stay)
{
	enum { WORKERS = 4, FLOWS = 400 };
	unsigned int got[WORKERS] = { 0 }, i, w, port, twice = 0;
	unsigned int n = so_many("FLOWS", FLOWS, FLOWS / 2);
	static int of[FLOWS];
	struct pollfd p[WORKERS];
	int fd[WORKERS];
	char c;

	ASSERT_LE(n, FLOWS);
	for (w = 0; w < WORKERS; w++) {
		fd[w] = bound_with("127.0.0.1", PORT, SO_REUSEPORT);
		p[w] = (struct pollfd){ .fd = fd[w], .events = POLLIN };
	}
	for (i = 0; i < 2 * n; i++) {
		int from;

		port = 10000 + i % n;
		from = bound("127.0.0.1", port);
		ASSERT_EQ(0, send_text(from, "127.0.0.1", PORT, "x"));
		close(from);
		ASSERT_EQ(1, poll(p, WORKERS, PATIENCE_MS));
		for (w = 0; !p[w].revents; w++)
			;
		ASSERT_EQ(1, recv(fd[w], &c, 1, 0));
		if (i < n) {
			got[w]++;
			of[i] = w;
		} else if (of[i % n] != (int)w) {
			twice++;
		}
	}
	EXPECT_EQ(0, twice);
	/* A quarter each, give or take five times the standard deviation that it has for 200. */
	for (w = 0; w < WORKERS; w++) {
		EXPECT_GE(got[w], 3 * n / 40);
		EXPECT_LE(got[w], 17 * n / 40);
	}
	/* Those of one that goes, others get. */
	close(fd[0]);
	for (i = 0; i < n; i++) {
		int from = bound("127.0.0.1", 10000 + i);

		ASSERT_EQ(0, send_text(from, "127.0.0.1", PORT, "x"));
		close(from);
		ASSERT_EQ(1, poll(p + 1, WORKERS - 1, PATIENCE_MS));
		for (w = 1; !p[w].revents; w++)
			;
		ASSERT_EQ(1, recv(fd[w], &c, 1, 0));
	}
	EXPECT_EQ(0, counted("no_socket"));
}

TEST_F(datagram, most_recent_gets_it)
{
	int first = bound_with("127.0.0.1", PORT, SO_REUSEADDR);
	int second = bound_with("127.0.0.1", PORT, SO_REUSEADDR);
	int from = bound("127.0.0.1", 0);

	ASSERT_EQ(0, send_text(from, "127.0.0.1", PORT, "new"));
	EXPECT_TRUE(arrives_text(second, "new"));
	close(second);
	ASSERT_EQ(0, send_text(from, "127.0.0.1", PORT, "old"));
	EXPECT_TRUE(arrives_text(first, "old"));
}

/* devices */

static void bind_to(int fd, const char *dev)
{
	if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, dev, strlen(dev)))
		die("SO_BINDTODEVICE %s", dev);
}

TEST_F(datagram, device_is_part_of_it)
{
	struct joined j = join();
	int lo = dg_socket(AF_INET), veth = dg_socket(AF_INET), late, here, there;

	bind_to(lo, "lo");
	bind_to(veth, "veth0");
	ASSERT_EQ(0, try_bind(lo, "0.0.0.0", PORT));
	ASSERT_EQ(0, try_bind(veth, "0.0.0.0", PORT));
	EXPECT_EQ(EADDRINUSE, bind_error("0.0.0.0", PORT, 0));
	late = bound("0.0.0.0", PORT + 1);
	bind_to(late, "lo");
	here = bound(addr4[HERE], 0);
	enter(j.ns[THERE]);
	there = bound(addr4[THERE], 0);
	enter(j.ns[HERE]);

	ASSERT_EQ(0, send_text(there, addr4[HERE], PORT, "veth"));
	EXPECT_TRUE(arrives_text(veth, "veth"));
	ASSERT_EQ(0, send_text(here, "127.0.0.1", PORT, "lo"));
	EXPECT_TRUE(arrives_text(lo, "lo"));
	EXPECT_TRUE(nothing_there(veth));
	/* Who has a port and gets a device gets less. */
	ASSERT_EQ(0, send_text(there, addr4[HERE], PORT + 1, "veth"));
	EXPECT_TRUE(AWAIT(counted("no_socket") == 1));
	ASSERT_EQ(0, send_text(here, "127.0.0.1", PORT + 1, "lo"));
	EXPECT_TRUE(arrives_text(late, "lo"));
	/* With the device gone, so is what it's for. */
	close(veth);
	ASSERT_EQ(0, send_text(there, addr4[HERE], PORT, "veth"));
	EXPECT_TRUE(AWAIT(counted("no_socket") == 2));
	EXPECT_TRUE(nothing_there(lo));
}

/* It comes by itself, and is tentative at first. */
static bool has_link_local(int ifindex, union name *n)
{
	char line[128], hex[33];
	FILE *f = fopen("/proc/thread-self/net/if_inet6", "r");
	unsigned int index, flags, i;
	bool found = false;

	if (!f)
		die("read if_inet6");
	*n = name_of("::", 0);
	n->v6.sin6_scope_id = ifindex;
	while (!found && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%32s %x %*x %*x %x", hex, &index, &flags) != 3 ||
		    (int)index != ifindex || strncmp(hex, "fe80", 4) ||
		    flags & IFA_F_TENTATIVE)
			continue;
		for (i = 0; i < 16; i++)
			if (sscanf(hex + 2 * i, "%2hhx", &n->v6.sin6_addr.s6_addr[i]) != 1)
				die("no address: %s", hex);
		found = true;
	}
	fclose(f);
	return found;
}

TEST_F(datagram, link_local)
{
	struct joined j = join();
	union name to, own, from;
	int fd = dg_socket(AF_INET6), there;

	ASSERT_TRUE(AWAIT(has_link_local(j.ifindex[HERE], &own)));
	enter(j.ns[THERE]);
	ASSERT_TRUE(AWAIT(has_link_local(j.ifindex[THERE], &to)));
	to.v6.sin6_port = htons(PORT);
	there = dg_socket(AF_INET6);
	ASSERT_EQ(0, bind(there, &to.any, sizeof(to.v6)));
	enter(j.ns[HERE]);

	to.v6.sin6_scope_id = 0;
	EXPECT_EQ(-1, connect(fd, &to.any, sizeof(to.v6)));
	EXPECT_EQ(EINVAL, errno);
	to.v6.sin6_scope_id = j.ifindex[HERE];
	ASSERT_EQ(1, sendto(fd, "a", 1, 0, &to.any, sizeof(to.v6)));
	ASSERT_TRUE(arrives_from(there, "a", &from));
	EXPECT_EQ(0, memcmp(&own.v6.sin6_addr, &from.v6.sin6_addr, 16));
	EXPECT_EQ(j.ifindex[THERE], from.v6.sin6_scope_id);
	ASSERT_EQ(1, sendto(there, "b", 1, 0, &from.any, sizeof(from.v6)));
	EXPECT_TRUE(arrives_text(fd, "b"));

	ASSERT_EQ(0, connect(fd, &to.any, sizeof(to.v6)));
	EXPECT_EQ(j.ifindex[HERE], entry_of(port_of(fd))->binding.ifindex);
	ASSERT_EQ(1, send(fd, "c", 1, 0));
	ASSERT_TRUE(arrives_from(there, "c", &from));
	ASSERT_EQ(1, sendto(there, "d", 1, 0, &from.any, sizeof(from.v6)));
	EXPECT_TRUE(arrives_text(fd, "d"));
}

/* Over veth what is larger than its MTU goes in pieces. */
TEST_F(datagram, fragments)
{
	static char out[65507], in[65536];
	struct joined j = join();
	int here = bound("::", 0), there, i;

	enter(j.ns[THERE]);
	there = bound("::", PORT);
	for (i = 0; i < (int)sizeof(out); i++)
		out[i] = i * 13 + i / 256;
	for (i = 1400; i <= (int)sizeof(out); i = i * 3 + 17) {
		ASSERT_EQ(0, send_to(here, addr6[THERE], PORT, out, i));
		ASSERT_TRUE(arrives(there));
		ASSERT_EQ(i, recv(there, in, sizeof(in), 0));
		EXPECT_EQ(0, memcmp(in, out, i));
		ASSERT_EQ(0, send_to(here, "::ffff:10.9.0.2", PORT, out, i));
		ASSERT_TRUE(arrives(there));
		ASSERT_EQ(i, recv(there, in, sizeof(in), 0));
		EXPECT_EQ(0, memcmp(in, out, i));
	}
}

/* what is dropped */

TEST_F(datagram, queue_that_is_full)
{
	int fd = bound("127.0.0.1", PORT), from = bound("127.0.0.1", 0);
	unsigned int i, got = 0, dropped;
	char buf[256] = { 0 };

	set_option(fd, SOL_SOCKET, SO_RCVBUF, 4096);
	for (i = 0; i < 200; i++)
		ASSERT_EQ(0, send_to(from, "127.0.0.1", PORT, buf, sizeof(buf)));
	ASSERT_TRUE(AWAIT(counted("received") + counted("queue_full") == 200));
	dropped = counted("queue_full");
	EXPECT_GT(dropped, 0);
	EXPECT_LT(dropped, 200);
	EXPECT_EQ(dropped, drops_of(fd));
	while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) == sizeof(buf))
		got++;
	EXPECT_EQ(200 - dropped, got);
	ASSERT_EQ(0, send_text(from, "127.0.0.1", PORT, "room"));
	EXPECT_TRUE(arrives_text(fd, "room"));
}

TEST_F(datagram, filter)
{
	struct sock_filter none = { .code = BPF_RET | BPF_K, .k = 0 };
	struct sock_fprog prog = { .len = 1, .filter = &none };
	int fd = bound("127.0.0.1", PORT), from = bound("127.0.0.1", 0);

	ASSERT_EQ(0, setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)));
	ASSERT_EQ(0, send_text(from, "127.0.0.1", PORT, "x"));
	EXPECT_TRUE(AWAIT(counted("filtered") == 1));
	EXPECT_TRUE(nothing_there(fd));
	none.k = 3;
	ASSERT_EQ(0, setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)));
	ASSERT_EQ(0, send_text(from, "127.0.0.1", PORT, "shorter"));
	EXPECT_TRUE(arrives_text(fd, "sho"));
}

struct raw {
	__be16 source, dest, len, check;
	char data[8];
};

static __u32 sum16(const void *p, size_t len, __u32 sum)
{
	const __u16 *w = p;

	for (; len > 1; len -= 2)
		sum += *w++;
	return sum;
}

/* As it should be; @addr is source and destination. */
static struct raw raw_datagram(const char *addr)
{
	struct raw r = { htons(77), htons(PORT), htons(sizeof(r)), 0, "raw data" };
	union name n = name_of(addr, 0);
	__u32 sum = htons(DATAGRAM) + htons(sizeof(r));

	if (n.any.sa_family == AF_INET)
		sum = 2 * sum16(&n.v4.sin_addr, 4, 0) + sum;
	else
		sum = 2 * sum16(&n.v6.sin6_addr, 16, 0) + sum;
	sum = sum16(&r, sizeof(r), sum);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	r.check = ~sum;
	return r;
}

static void send_raw(const char *addr, const void *data, size_t len)
{
	union name n = name_of(addr, 0);
	int fd = socket(n.any.sa_family, SOCK_RAW | SOCK_CLOEXEC, DATAGRAM);

	if (fd < 0 || sendto(fd, data, len, 0, &n.any, name_len(&n)) != (ssize_t)len)
		die("send a raw packet");
	close(fd);
}

TEST_F(datagram, packets_that_are_wrong)
{
	const char *const addr[] = { "127.0.0.1", "::1" };
	unsigned long malformed = 0, bad = 0, received = 0, lost = 0;
	int fd = bound("::", PORT);
	unsigned int i, k;
	struct raw r;

	for (i = 0; i < ARRAY_SIZE(addr); i++) {
		r = raw_datagram(addr[i]);
		send_raw(addr[i], &r, sizeof(r));
		ASSERT_TRUE(arrives_text(fd, "raw data"));
		received++;

		for (k = 1; k < 8; k++, malformed++)
			send_raw(addr[i], &r, k);
		r.len = htons(7);
		send_raw(addr[i], &r, sizeof(r));
		r.len = htons(sizeof(r) + 1);
		send_raw(addr[i], &r, sizeof(r));
		r.len = 0;
		send_raw(addr[i], &r, sizeof(r));
		r.len = htons(65535);
		send_raw(addr[i], &r, sizeof(r));
		malformed += 4;

		/* Each bit counts; none is a checksum left out. */
		for (k = 0; k < 8 * sizeof(r); k++) {
			if (k / 16 == 2)
				continue;
			r = raw_datagram(addr[i]);
			((char *)&r)[k / 8] ^= 1 << k % 8;
			send_raw(addr[i], &r, sizeof(r));
			bad++;
		}
		r = raw_datagram(addr[i]);
		r.check = 0;
		send_raw(addr[i], &r, sizeof(r));
		bad++;

		/* More than the header says is cut off; the checksum is for what it says. */
		r = raw_datagram(addr[i]);
		{
			struct {
				struct raw r;
				char more[20];
			} longer = { r, "more" };

			send_raw(addr[i], &longer, sizeof(longer));
			ASSERT_TRUE(arrives_text(fd, "raw data"));
			received++;
		}
		/* In order, and for nobody. */
		r = raw_datagram(addr[i]);
		r.dest = htons(PORT - 1);
		r.source = htons(78);
		send_raw(addr[i], &r, sizeof(r));
		lost++;
	}
	EXPECT_TRUE(AWAIT(counted("malformed") == malformed && counted("bad_checksum") == bad &&
			  counted("no_socket") == lost));
	EXPECT_EQ(malformed, counted("malformed"));
	EXPECT_EQ(bad, counted("bad_checksum"));
	EXPECT_EQ(lost, counted("no_socket"));
	EXPECT_EQ(received, counted("received"));
	EXPECT_TRUE(nothing_there(fd));
}

/* modules and namespaces */

TEST_F(datagram, netport_stays_while_it_is_there)
{
	int fd;

	EXPECT_TRUE(refused(unload("netport")));
	fd = bound("127.0.0.1", PORT);
	EXPECT_TRUE(refused(unload("netport")));
	EXPECT_TRUE(refused(unload(MODULE)));
	/* And nothing has happened. */
	ASSERT_EQ(0, send_text(fd, "127.0.0.1", PORT, "x"));
	EXPECT_TRUE(arrives_text(fd, "x"));
	close(fd);
	/* There are namespaces, this one for instance, but no socket. */
	ASSERT_TRUE(unload_soon(MODULE));
	EXPECT_EQ(-1, socket(AF_INET, SOCK_DGRAM, DATAGRAM));
	EXPECT_EQ(EPROTONOSUPPORT, errno);
	EXPECT_NE(0, access("/proc/thread-self/net/" MODULE, F_OK));
	ASSERT_EQ(0, unload("netport"));
	EXPECT_NE(0, load(MODULE));
	ASSERT_EQ(0, load("netport"));
	ASSERT_EQ(0, load(MODULE));
	fd = bound("127.0.0.1", PORT);
	ASSERT_EQ(0, send_text(fd, "127.0.0.1", PORT, "x"));
	EXPECT_TRUE(arrives_text(fd, "x"));
}

TEST_F(datagram, socket_without_a_port_is_one_too)
{
	int fd = dg_socket(AF_INET), fd6 = dg_socket(AF_INET6);

	EXPECT_TRUE(refused(unload(MODULE)));
	close(fd);
	EXPECT_TRUE(refused(unload(MODULE)));
	close(fd6);
	EXPECT_TRUE(unload_soon(MODULE));
}

TEST_F(datagram, namespaces_that_go_with_sockets_open)
{
	pid_t pid[8];
	unsigned int i;
	struct gate up = gate_new();

	for (i = 0; i < ARRAY_SIZE(pid); i++) {
		pid[i] = spawn();
		if (!pid[i]) {
			int fd;

			keep_netns();
			fd = bound("::", PORT);
			bound("127.0.0.1", 0);
			CHECK_EQ(0, try_connect(dg_socket(AF_INET), "127.0.0.1", PORT));
			CHECK_EQ(0, send_text(fd, "::1", PORT, "never read"));
			CHECK(arrives(fd));
			gate_open(&up);
			pause();
		}
	}
	for (i = 0; i < ARRAY_SIZE(pid); i++)
		gate_wait(&up);
	for (i = 0; i < ARRAY_SIZE(pid); i++) {
		kill(pid[i], SIGKILL);
		EXPECT_EQ(256 + SIGKILL, ended(pid[i]));
	}
	ASSERT_TRUE(unload_soon(MODULE));
	ASSERT_EQ(0, unload("netport"));
}

/* A module that is loaded meets namespaces that are on their way out. */
TEST_F(datagram, loads_while_namespaces_go)
{
	unsigned int i, k, rounds = so_many("ROUNDS", 12, 3);
	pid_t pid[6];

	for (i = 0; i < rounds; i++) {
		ASSERT_TRUE(unload_soon(MODULE));
		for (k = 0; k < ARRAY_SIZE(pid); k++) {
			pid[k] = spawn();
			if (!pid[k]) {
				close(new_netns());
				_exit(0);
			}
		}
		for (k = 0; k < ARRAY_SIZE(pid); k++)
			EXPECT_EQ(0, ended(pid[k]));
		ASSERT_EQ(0, load(MODULE));
	}
	close(bound("::", PORT));
}

/* the sample's programs */

static pid_t run(int ns, int out, const char *const *argv)
{
	pid_t pid = spawn();

	if (pid)
		return pid;
	enter(ns);
	if (dup2(out, STDOUT_FILENO) < 0)
		die("dup2");
	execv(argv[0], (char **)argv);
	die("%s", argv[0]);
}

#define RUN(ns, out, ...) run(ns, out, (const char *const []){ __VA_ARGS__, NULL })

TEST_F(datagram, programs)
{
	const char *const to[] = { addr4[THERE], addr6[THERE] };
	struct joined j = join();
	int said[2], quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);
	const char *echo = "/bin/datagram-echo", *share = "/bin/datagram-share";
	unsigned int i, n = so_many("ROUNDS", 100, 20);
	char many[12], flows[12];
	pid_t server;
	char c;

	if (access(echo, X_OK))
		SKIP(return, "no %s", echo);
	snprintf(many, sizeof(many), "%u", n);
	snprintf(flows, sizeof(flows), "%u", n / 2);
	/* Each says a line when it's ready. */
	ASSERT_EQ(0, pipe2(said, O_CLOEXEC));
	server = RUN(j.ns[THERE], said[1], echo, "--serve");
	ASSERT_EQ(1, read(said[0], &c, 1));
	for (i = 0; i < ARRAY_SIZE(to); i++)
		EXPECT_EQ(0, ended(RUN(j.ns[HERE], quiet, echo, "-n", many, "-s", "3000", to[i])));
	/* Nobody is there: it says so, and fails. */
	EXPECT_EQ(1, ended(RUN(j.ns[HERE], quiet, echo, "-p", "8", "-t", "50", to[0])));
	EXPECT_EQ(2, ended(RUN(j.ns[HERE], quiet, echo, "-n", "many", to[0])));
	kill(server, SIGKILL);
	ended(server);

	ASSERT_EQ(0, pipe2(said, O_CLOEXEC));
	server = RUN(j.ns[THERE], said[1], share, "--serve", "--workers", "3");
	ASSERT_EQ(1, read(said[0], &c, 1));
	for (i = 0; i < ARRAY_SIZE(to); i++)
		EXPECT_EQ(0, ended(RUN(j.ns[HERE], quiet, share, "-w", "3", "-f", many, to[i])));
	/* The fourth is missing. */
	EXPECT_EQ(1, ended(RUN(j.ns[HERE], quiet, share, "-w", "4", "-f", flows, to[0])));
	kill(server, SIGKILL);
	ended(server);
}

SELFTEST_MAIN
