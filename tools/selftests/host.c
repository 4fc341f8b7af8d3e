// SPDX-License-Identifier: GPL-2.0
/*
 * host - reservations that the host's own stack respects, with real sockets for it.
 */
#include "keep.h"

/* Nobody else in the machine has these. */
#define UID	31401
#define UID2	31402

/* The loopback device of any namespace. */
#define LO	"%1"

/*
 * A socket of the host: of the text of a request, with the options that are the share
 * flags' names for it.  A negative errno if it isn't to be had.
 */
static int host_socket(const char *text)
{
	struct netport_binding b = request(text).binding;
	bool v6 = b.families & NETPORT_FAMILY_IPV6;
	int only = !(b.families & NETPORT_FAMILY_IPV4), one = 1, err;
	struct sockaddr_in6 in6 = {
		.sin6_family = AF_INET6, .sin6_port = htons(b.port), .sin6_scope_id = b.ifindex,
	};
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(b.port) };
	int fd = socket(v6 ? AF_INET6 : AF_INET,
			(b.protocol == IPPROTO_TCP ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket");
	memcpy(&in6.sin6_addr, b.addr, sizeof(in6.sin6_addr));
	memcpy(&in.sin_addr, b.addr, sizeof(in.sin_addr));
	if (v6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only)))
		die("IPV6_V6ONLY");
	if ((b.share & LB) && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)))
		die("SO_REUSEPORT");
	if ((b.share & ~LB) && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)))
		die("SO_REUSEADDR");
	if (b.ifindex && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3))
		die("SO_BINDTODEVICE");
	if (bind(fd, v6 ? (struct sockaddr *)&in6 : (struct sockaddr *)&in,
		 v6 ? sizeof(in6) : sizeof(in))) {
		err = errno;
		close(fd);
		return -err;
	}
	return fd;
}

/* Would the host get it now? */
static int host_try(const char *text)
{
	int fd = host_socket(text);

	if (fd < 0)
		return -fd;
	close(fd);
	return 0;
}

/* Likewise, in another process with another uid. */
static int host_try_as(uid_t uid, const char *text)
{
	pid_t pid = spawn();

	if (!pid) {
		become(uid);
		_exit(host_try(text));
	}
	return ended(pid);
}

static int hold_host(int fd, const char *text, __u64 *token)
{
	return ask_with(fd, text, HOLD_HOST, token);
}

FIXTURE(host) {
	int fd;
	int other;
	__u64 token;
	struct netport_entry e;
	char max_netns[32];
};

#define MAX_NETNS	"/proc/sys/user/max_net_namespaces"

FIXTURE_SETUP(host)
{
	keep_netns();
	self->fd = owner();
	self->other = owner();
	read_file(MAX_NETNS, self->max_netns, sizeof(self->max_netns));
}

/* Also if the test has come to a sudden end. */
FIXTURE_TEARDOWN_PARENT(host)
{
	if (self->max_netns[0])
		write_file(MAX_NETNS, self->max_netns);
}

/* what is kept from the host, and for how long */

FIXTURE(host_held) {
	int fd;
	__u64 token;
};

FIXTURE_VARIANT(host_held) {
	const char *text;
	const char *kept;	/* or the same */
	const char *left;
};

#define KEPT(_name, _text, _kept, _left)				\
	FIXTURE_VARIANT_ADD(host_held, _name) {				\
		.text = _text, .kept = _kept, .left = _left		\
	}

KEPT(tcp_any4, "tcp 4 *:2000", "tcp 4 127.0.0.1:2000", "tcp 6 *:2000");
KEPT(tcp_lo4, "tcp 4 127.0.0.1:2000", "tcp 4 *:2000", "tcp 4 127.0.0.2:2000");
KEPT(tcp_any6, "tcp 6 *:2000", "tcp 6 [::1]:2000", "tcp 4 *:2000");
KEPT(tcp_lo6, "tcp 6 [::1]:2000", "tcp 46 *:2000", "tcp 4 *:2000");
KEPT(tcp_both, "tcp 46 *:2000", "tcp 4 127.0.0.1:2000", "udp 46 *:2000");
KEPT(tcp_device, "tcp 4 *:2000 " LO, "tcp 4 *:2000", "tcp 6 *:2000");
KEPT(tcp_device4, "tcp 4 127.0.0.1:2000 " LO, "tcp 4 127.0.0.1:2000", "tcp 4 127.0.0.2:2000");
KEPT(udp_any4, "udp 4 *:2000", "udp 4 127.0.0.1:2000", "udp 6 *:2000");
KEPT(udp_lo4, "udp 4 127.0.0.1:2000", "udp 46 *:2000", "udp 4 127.0.0.2:2000");
KEPT(udp_any6, "udp 6 *:2000", "udp 6 [::1]:2000", "udp 4 *:2000");
KEPT(udp_lo6, "udp 6 [::1]:2000", "udp 6 *:2000", "udp 4 127.0.0.1:2000");
KEPT(udp_both, "udp 46 *:2000", "udp 4 *:2000", "tcp 46 *:2000");
KEPT(udp_device, "udp 46 *:2000 " LO, "udp 4 127.0.0.1:2000 " LO, "udp 4 *:2001");
KEPT(mapped, "udp 6 [::ffff:127.0.0.1]:2000", "udp 4 127.0.0.1:2000", "udp 6 *:2000");
KEPT(privileged, "tcp 4 *:80", "tcp 4 127.0.0.1:80", "tcp 6 *:80");

FIXTURE_SETUP(host_held)
{
	keep_netns();
	self->fd = owner();
}

FIXTURE_TEARDOWN(host_held)
{
}

TEST_F(host_held, until_it_is_released)
{
	pid_t pid;

	ASSERT_EQ(0, hold_host(self->fd, variant->text, &self->token));
	EXPECT_EQ(EADDRINUSE, host_try(variant->kept));
	EXPECT_EQ(EADDRINUSE, host_try(variant->kept));
	EXPECT_EQ(0, host_try(variant->left));
	pid = spawn();
	if (!pid)
		_exit(host_try(variant->kept));
	EXPECT_EQ(EADDRINUSE, ended(pid));
	ASSERT_EQ(0, release(self->fd, self->token));
	EXPECT_EQ(0, host_try(variant->kept));
	/* And once more. */
	ASSERT_EQ(0, hold_host(self->fd, variant->text, &self->token));
	EXPECT_EQ(EADDRINUSE, host_try(variant->kept));
	close(self->fd);
	EXPECT_EQ(0, host_try(variant->kept));
}

TEST_F(host_held, until_the_process_is_killed)
{
	struct gate done = gate_new();
	pid_t pid = spawn();

	if (!pid) {
		CHECK_EQ(0, hold_host(owner(), variant->text, NULL));
		gate_open(&done);
		pause();
	}
	gate_wait(&done);
	EXPECT_EQ(EADDRINUSE, host_try(variant->kept));
	kill(pid, SIGKILL);
	EXPECT_EQ(256 + SIGKILL, ended(pid));
	EXPECT_EQ(0, host_try(variant->kept));
}

TEST_F(host_held, until_its_hold_ends)
{
	unsigned int options;
	__u64 start;

	for (options = 0; ; options = NETPORT_RELEASE_PORT) {
		ASSERT_EQ(0, hold_host(self->fd, variant->text, &self->token));
		start = now_ns();
		ASSERT_EQ(0, release_hold(self->fd, self->token, 30, options));
		EXPECT_TRUE(AWAIT(!host_try(variant->kept)));
		EXPECT_GE(now_ns() - start, 30 * 1000000ULL);
		EXPECT_TRUE(AWAIT(!free_for_others(variant->text)));
		if (options)
			break;
	}
}

TEST_F(host_held, not_when_only_checked)
{
	int host;

	ASSERT_EQ(0, ask_with(self->fd, variant->text, CHECK_HOST, &self->token));
	EXPECT_EQ(0, host_try(variant->kept));
	EXPECT_EQ(0, release(self->fd, self->token));
	host = host_socket(variant->kept);
	ASSERT_GE(host, 0);
	EXPECT_EQ(EADDRINUSE, ask_with(self->fd, variant->text, CHECK_HOST, NULL));
	/* Who doesn't ask for the host isn't told. */
	EXPECT_EQ(0, ask_with(self->fd, variant->text, 0, NULL));
	close(self->fd);
	self->fd = owner();
	close(host);
	EXPECT_EQ(0, ask_with(self->fd, variant->text, CHECK_HOST, NULL));
}

TEST_F(host_held, not_if_the_host_has_it)
{
	struct netport_request r = ask_for(variant->text, HOLD_HOST);
	struct netport_entry e;
	int host = host_socket(variant->kept);

	ASSERT_GE(host, 0);
	EXPECT_EQ(EADDRINUSE, blocked_by(self->fd, variant->text, HOLD_HOST, &e));
	EXPECT_EQ(NETPORT_STATE_HOST, e.state);
	EXPECT_EQ(r.reserve.binding.port, e.binding.port);
	EXPECT_EQ(r.reserve.binding.protocol, e.binding.protocol);
	EXPECT_EQ(0, e.token);
	EXPECT_EQ(0, e.owner);
	EXPECT_EQ(0, e.pid);
	EXPECT_EQ(EADDRINUSE, command(self->fd, NETPORT_IOC_AVAILABLE_REQUEST, &r));
	EXPECT_EQ(0, list_all(self->fd)->n);
	/* Nothing is left behind of that. */
	close(host);
	EXPECT_EQ(0, host_try(variant->kept));
	EXPECT_EQ(0, command(self->fd, NETPORT_IOC_AVAILABLE_REQUEST, &r));
	EXPECT_EQ(0, host_try(variant->kept));
	EXPECT_EQ(0, ask(self->fd, &r));
	/* And what netport has isn't the host's. */
	EXPECT_EQ(EADDRINUSE, blocked_by(self->fd, variant->text, HOLD_HOST, &e));
	EXPECT_EQ(0, e.state);
	EXPECT_EQ(r.reserve.token, e.token);
}

/* sharing */

TEST_F(host, shares_as_the_flags_say)
{
	int fd = owner_as(UID);

	/* SO_REUSEPORT is for the uid. */
	ASSERT_EQ(0, hold_host(fd, "udp 4 127.0.0.1:2000 LB", &self->token));
	EXPECT_EQ(0, host_try_as(UID, "udp 4 127.0.0.1:2000 LB"));
	EXPECT_EQ(EADDRINUSE, host_try_as(UID2, "udp 4 127.0.0.1:2000 LB"));
	EXPECT_EQ(EADDRINUSE, host_try_as(UID, "udp 4 127.0.0.1:2000 MR"));
	EXPECT_EQ(EADDRINUSE, host_try_as(UID, "udp 4 127.0.0.1:2000"));
	ASSERT_EQ(0, hold_host(fd, "tcp 4 127.0.0.1:2000 LB", NULL));
	EXPECT_EQ(0, host_try_as(UID, "tcp 4 127.0.0.1:2000 LB"));
	EXPECT_EQ(EADDRINUSE, host_try_as(UID2, "tcp 4 127.0.0.1:2000 LB"));
	EXPECT_EQ(EADDRINUSE, host_try_as(UID, "tcp 4 127.0.0.1:2000 TO"));
	/* Twice, for the host too. */
	EXPECT_EQ(0, hold_host(fd, "udp 4 127.0.0.1:2000 LB", NULL));
	EXPECT_EQ(0, hold_host(owner_as(UID), "tcp 4 127.0.0.1:2000 LB", NULL));

	/* SO_REUSEADDR for whoever has it. */
	ASSERT_EQ(0, hold_host(fd, "udp 4 127.0.0.1:2001 MR", NULL));
	EXPECT_EQ(0, host_try_as(UID2, "udp 4 127.0.0.1:2001 MR"));
	EXPECT_EQ(EADDRINUSE, host_try_as(UID, "udp 4 127.0.0.1:2001 LB"));
	EXPECT_EQ(EADDRINUSE, host_try_as(UID, "udp 4 127.0.0.1:2001"));
	ASSERT_EQ(0, hold_host(fd, "tcp 6 [::1]:2001 TO", NULL));
	EXPECT_EQ(0, host_try_as(UID2, "tcp 6 [::1]:2001 TO"));
	EXPECT_EQ(EADDRINUSE, host_try_as(UID, "tcp 6 [::1]:2001"));
	EXPECT_EQ(0, hold_host(self->fd, "tcp 6 [::1]:2001 TO", NULL));
}

TEST_F(host, shares_with_sockets_that_were_there)
{
	int host = host_socket("udp 4 127.0.0.1:2000 MR");

	ASSERT_GE(host, 0);
	EXPECT_EQ(EADDRINUSE, hold_host(self->fd, "udp 4 127.0.0.1:2000", NULL));
	EXPECT_EQ(EADDRINUSE, hold_host(self->fd, "udp 4 127.0.0.1:2000 LB", NULL));
	EXPECT_EQ(0, hold_host(self->fd, "udp 4 127.0.0.1:2000 MR", NULL));
	EXPECT_EQ(1, list_all(self->fd)->n);
}

/* picks */

TEST_F(host, a_pick_goes_on_to_the_next)
{
	static const unsigned int option[] = { CHECK_HOST, HOLD_HOST, CHECK_HOST | HOLD_HOST };
	struct netport_request r;
	unsigned int i, j;
	int sock[8];
	char text[64];

	for (i = 0; i < ARRAY_SIZE(sock); i++) {
		snprintf(text, sizeof(text), "udp 4 127.0.0.1:%u", 40000 + i);
		sock[i] = host_socket(text);
		ASSERT_GE(sock[i], 0);
	}
	for (j = 0; j < ARRAY_SIZE(option); j++) {
		r = ask_for("udp 4 *:0 =40000-40007", option[j]);
		EXPECT_EQ(EADDRNOTAVAIL, ask(self->fd, &r));
		EXPECT_EQ(0, list_all(self->fd)->n);
		EXPECT_EQ(EADDRNOTAVAIL, command(self->fd, NETPORT_IOC_AVAILABLE_REQUEST, &r));
	}
	close(sock[5]);
	for (i = 0; i < 20; i++) {
		r = ask_for("udp 4 *:0 =40000-40007", option[i % ARRAY_SIZE(option)]);
		ASSERT_EQ(0, ask(self->fd, &r));
		EXPECT_EQ(40005, r.reserve.binding.port);
		EXPECT_EQ(option[i % ARRAY_SIZE(option)] & HOLD_HOST ? EADDRINUSE : 0,
			  host_try("udp 4 127.0.0.1:40005"));
		EXPECT_EQ(EADDRNOTAVAIL, hold_host(self->fd, "udp 4 *:0 =40000-40007", NULL));
		ASSERT_EQ(0, release(self->fd, r.reserve.token));
		EXPECT_EQ(0, host_try("udp 4 *:40005"));
	}
	/* Of a block, all have to be the host's to give. */
	close(sock[0]);
	close(sock[1]);
	close(sock[2]);
	r = ask_for("udp 4 127.0.0.1:0 =40000-40007", HOLD_HOST);
	r.terms.count = 4;
	EXPECT_EQ(EADDRNOTAVAIL, ask(self->fd, &r));
	EXPECT_EQ(0, host_try("udp 4 *:40002"));
	r.terms.count = 3;
	ASSERT_EQ(0, ask(self->fd, &r));
	EXPECT_EQ(40000, r.reserve.binding.port);
	EXPECT_EQ(EADDRINUSE, host_try("udp 4 *:40002"));
	EXPECT_EQ(0, host_try("udp 4 *:40005"));
}

TEST_F(host, candidates)
{
	struct netport_candidate c = candidate_request("tcp 4 *:0 =40000-40002");
	unsigned int i, last;
	char text[64];
	int sock = host_socket("tcp 4 127.0.0.1:40001");

	ASSERT_GE(sock, 0);
	c.reserve.options = HOLD_HOST;
	for (i = 0; i < 2; i++) {
		last = i ? c.reserve.binding.port : 0;
		ASSERT_EQ(0, candidate(self->fd, &c));
		EXPECT_NE(40001, c.reserve.binding.port);
		snprintf(text, sizeof(text), "tcp 4 *:%u", c.reserve.binding.port);
		EXPECT_EQ(EADDRINUSE, host_try(text));
		/* The one turned down is the host's again. */
		snprintf(text, sizeof(text), "tcp 4 *:%u", last);
		if (last)
			EXPECT_EQ(0, host_try(text));
	}
	last = c.reserve.binding.port;
	snprintf(text, sizeof(text), "tcp 4 *:%u", last);
	EXPECT_EQ(EADDRNOTAVAIL, candidate(self->fd, &c));
	EXPECT_EQ(EADDRINUSE, host_try(text));
	ASSERT_EQ(0, accept_token(self->fd, c.reserve.token));
	EXPECT_EQ(EADDRINUSE, host_try(text));
	ASSERT_EQ(0, release(self->fd, c.reserve.token));
	EXPECT_EQ(0, host_try(text));
}

/* refusals */

TEST_F(host, refusals)
{
	struct netport_request r;

	EXPECT_EQ(EADDRNOTAVAIL, hold_host(self->fd, "tcp 4 203.0.113.1:2000", NULL));
	EXPECT_EQ(EADDRNOTAVAIL, hold_host(self->fd, "udp 4 203.0.113.1:2000", NULL));
	EXPECT_EQ(EADDRNOTAVAIL, hold_host(self->fd, "udp 6 [2001:db8::1]:2000", NULL));
	EXPECT_EQ(EADDRNOTAVAIL, ask_with(self->fd, "tcp 4 203.0.113.1:0", CHECK_HOST, NULL));
	EXPECT_EQ(EOPNOTSUPP, hold_host(self->fd, "sctp 4 *:2000", NULL));
	EXPECT_EQ(EOPNOTSUPP, ask_with(self->fd, "262 4 127.0.0.1:2000", CHECK_HOST, NULL));
	EXPECT_EQ(EOPNOTSUPP, ask_set(self->fd, "tcp 4 *:2000,sctp 4 *:2000", HOLD_HOST, NULL));
	EXPECT_EQ(EINVAL, hold_host(self->fd, "tcp 4 127.0.0.1:2000 >127.0.0.1:1", NULL));
	EXPECT_EQ(EINVAL, hold_host(self->fd, "tcp 4 *:2000 >127.0.0.1:0", NULL));
	EXPECT_EQ(EINVAL, hold_host(self->fd, "tcp 4 127.0.0.1:2000 >127.0.0.1:1 tuple", NULL));
	EXPECT_EQ(EINVAL, hold_host(self->fd, "sctp 4 127.0.0.1:2000 >127.0.0.1:1", NULL));
	EXPECT_EQ(EINVAL, ask_set(self->fd, "sctp 4 *:2000,tcp 4 *:2000 >127.0.0.1:0", HOLD_HOST,
				  NULL));
	r = ask_for("tcp 4 *:2000", HOLD_HOST);
	r.terms.deadline = now_ns();
	EXPECT_EQ(EINVAL, ask(self->fd, &r));
	r = ask_for("tcp 4 *:2000", HOLD_HOST);
	EXPECT_EQ(EINVAL, command(self->fd, NETPORT_IOC_WISH, &r));
	EXPECT_EQ(0, list_all(self->fd)->n);
	EXPECT_EQ(0, host_try("tcp 46 *:2000"));
}

TEST_F(host, privileged_ports)
{
	pid_t pid = spawn();

	if (!pid) {
		int fd;

		become(UID);
		fd = owner();
		CHECK_EQ(EACCES, hold_host(fd, "tcp 4 *:80", NULL));
		CHECK_EQ(EACCES, ask_with(fd, "tcp 4 *:80", CHECK_HOST, NULL));
		CHECK_EQ(EACCES, hold_host(fd, "udp 6 *:0 =1000-1100", NULL));
		CHECK_EQ(0, hold_host(fd, "tcp 4 *:1024", NULL));
		_exit(0);
	}
	EXPECT_EQ(0, ended(pid));
	EXPECT_EQ(0, host_try("tcp 4 *:80"));
	write_file(FIRST_UNPRIVILEGED, "70");
	pid = spawn();
	if (!pid) {
		int fd;

		become(UID);
		fd = owner();
		CHECK_EQ(EACCES, hold_host(fd, "tcp 4 *:69", NULL));
		CHECK_EQ(0, hold_host(fd, "tcp 4 *:80", NULL));
		CHECK_EQ(EADDRINUSE, host_try("tcp 4 *:80"));
		_exit(0);
	}
	EXPECT_EQ(0, ended(pid));
	EXPECT_EQ(0, hold_host(self->fd, "tcp 46 *:1", NULL));
	EXPECT_EQ(EADDRINUSE, host_try("tcp 46 *:1"));
}

/* sets and blocks */

TEST_F(host, sets)
{
	const char *set = "tcp 4 127.0.0.1:2000,udp 4 127.0.0.1:2000,tcp 6 [::1]:2000,udp 6 *:2000";
	int sock = host_socket("udp 6 [::1]:2000");

	ASSERT_GE(sock, 0);
	EXPECT_EQ(EADDRINUSE, ask_set(self->fd, set, HOLD_HOST, NULL));
	EXPECT_EQ(0, list_all(self->fd)->n);
	EXPECT_EQ(0, host_try("tcp 46 *:2000"));
	EXPECT_EQ(0, host_try("udp 4 *:2000"));
	close(sock);
	ASSERT_EQ(0, ask_set(self->fd, set, HOLD_HOST, &self->token));
	EXPECT_EQ(EADDRINUSE, host_try("tcp 4 127.0.0.1:2000"));
	EXPECT_EQ(EADDRINUSE, host_try("udp 4 *:2000"));
	EXPECT_EQ(EADDRINUSE, host_try("tcp 6 *:2000"));
	EXPECT_EQ(EADDRINUSE, host_try("udp 6 [::1]:2000"));
	EXPECT_EQ(0, host_try("tcp 4 127.0.0.2:2000"));
	ASSERT_EQ(0, release(self->fd, self->token));
	EXPECT_EQ(0, host_try("tcp 46 *:2000"));
	EXPECT_EQ(0, host_try("udp 46 *:2000"));

	/* One of the set can't be had in the table: none is bound. */
	ASSERT_EQ(0, reserve(self->other, "tcp 6 [::1]:2000"));
	EXPECT_EQ(EADDRINUSE, ask_set(self->fd, set, HOLD_HOST, NULL));
	EXPECT_EQ(0, host_try("tcp 46 *:2000"));
	EXPECT_EQ(0, host_try("udp 46 *:2000"));
}

TEST_F(host, blocks)
{
	struct netport_request r = ask_for("tcp 4 127.0.0.1:2000", HOLD_HOST);
	struct netport_release part = { .port = 2003, .count = 2 };
	int sock = host_socket("tcp 4 *:2007");

	ASSERT_GE(sock, 0);
	r.terms.count = 10;
	r.terms.conflict = (uintptr_t)&self->e;
	EXPECT_EQ(EADDRINUSE, ask(self->fd, &r));
	EXPECT_EQ(NETPORT_STATE_HOST, self->e.state);
	EXPECT_EQ(2007, self->e.binding.port);
	EXPECT_EQ(0, host_try("tcp 4 *:2000"));
	EXPECT_EQ(0, host_try("tcp 4 *:2006"));
	close(sock);
	ASSERT_EQ(0, ask(self->fd, &r));
	EXPECT_EQ(EADDRINUSE, host_try("tcp 4 *:2000"));
	EXPECT_EQ(EADDRINUSE, host_try("tcp 4 *:2004"));
	EXPECT_EQ(EADDRINUSE, host_try("tcp 4 *:2009"));
	part.token = r.reserve.token;
	ASSERT_EQ(0, command(self->fd, NETPORT_IOC_RELEASE, &part));
	EXPECT_EQ(EADDRINUSE, host_try("tcp 4 *:2002"));
	EXPECT_EQ(0, host_try("tcp 4 *:2003"));
	EXPECT_EQ(0, host_try("tcp 4 *:2004"));
	EXPECT_EQ(EADDRINUSE, host_try("tcp 4 *:2005"));
	ASSERT_EQ(0, release(self->fd, r.reserve.token));
	EXPECT_EQ(0, host_try("tcp 4 *:2000"));
	EXPECT_EQ(0, host_try("tcp 4 *:2009"));
}

/* changes */

TEST_F(host, extended)
{
	int sock;

	ASSERT_EQ(0, reserve_token(self->fd, "tcp 4 127.0.0.1:2000", &self->token));
	ASSERT_EQ(0, change(self->fd, NETPORT_IOC_EXTEND, self->token, "tcp 4 127.0.0.2:2000",
			    HOLD_HOST));
	/* For the new binding alone. */
	EXPECT_EQ(0, host_try("tcp 4 127.0.0.1:2000"));
	EXPECT_EQ(EADDRINUSE, host_try("tcp 4 127.0.0.2:2000"));
	/* Refused, by the host or the table: nothing is bound, and the rest is as it was. */
	sock = host_socket("udp 4 127.0.0.3:2000");
	ASSERT_GE(sock, 0);
	EXPECT_EQ(EADDRINUSE, change(self->fd, NETPORT_IOC_EXTEND, self->token,
				     "udp 4 *:2000", HOLD_HOST));
	close(sock);
	EXPECT_EQ(0, host_try("udp 4 *:2000"));
	ASSERT_EQ(0, reserve(self->other, "udp 6 *:2000"));
	EXPECT_EQ(EADDRINUSE, change(self->fd, NETPORT_IOC_EXTEND, self->token,
				     "udp 6 [::1]:2000", HOLD_HOST));
	EXPECT_EQ(0, host_try("udp 6 *:2000"));
	EXPECT_EQ(2, find(self->fd, self->token, &self->e));
	EXPECT_EQ(EADDRINUSE, host_try("tcp 4 127.0.0.2:2000"));
	ASSERT_EQ(0, release(self->fd, self->token));
	EXPECT_EQ(0, host_try("tcp 4 *:2000"));
}

TEST_F(host, rebound)
{
	int sock;

	ASSERT_EQ(0, hold_host(self->fd, "tcp 4 127.0.0.1:2000", &self->token));
	ASSERT_EQ(0, change(self->fd, NETPORT_IOC_REBIND, self->token, "tcp 4 127.0.0.1:2001",
			    HOLD_HOST));
	EXPECT_EQ(0, host_try("tcp 4 *:2000"));
	EXPECT_EQ(EADDRINUSE, host_try("tcp 4 *:2001"));
	/* Where the host is. */
	sock = host_socket("tcp 4 127.0.0.1:2002");
	ASSERT_GE(sock, 0);
	EXPECT_EQ(EADDRINUSE, change(self->fd, NETPORT_IOC_REBIND, self->token,
				     "tcp 4 127.0.0.1:2002", HOLD_HOST));
	EXPECT_EQ(EADDRINUSE, host_try("tcp 4 *:2001"));
	/* And where somebody is who doesn't keep the host out. */
	ASSERT_EQ(0, reserve(self->other, "tcp 4 *:2003"));
	EXPECT_EQ(EADDRINUSE, change(self->fd, NETPORT_IOC_REBIND, self->token,
				     "tcp 4 127.0.0.1:2003", HOLD_HOST));
	EXPECT_EQ(0, host_try("tcp 4 *:2003"));
	EXPECT_EQ(EADDRINUSE, host_try("tcp 4 *:2001"));
	ASSERT_EQ(1, find(self->fd, self->token, &self->e));
	EXPECT_EQ(2001, self->e.binding.port);
	/* Only one of these is left. */
	EXPECT_EQ(0, change(self->fd, NETPORT_IOC_REBIND, self->token,
			    "tcp 4 127.0.0.1:0 =2002-2004", HOLD_HOST));
	EXPECT_EQ(0, host_try("tcp 4 *:2001"));
	EXPECT_EQ(EADDRINUSE, host_try("tcp 4 *:2004"));
	/* And without. */
	EXPECT_EQ(0, change(self->fd, NETPORT_IOC_REBIND, self->token, "tcp 4 127.0.0.1:2005", 0));
	EXPECT_EQ(0, host_try("tcp 4 *:2004"));
	EXPECT_EQ(0, host_try("tcp 4 *:2005"));
}

/* Its own socket is in the way of another one as anybody's: then all stays as it was. */
TEST_F(host, rebound_on_its_port)
{
	int err;

	ASSERT_EQ(0, hold_host(self->fd, "tcp 4 127.0.0.1:2000", &self->token));
	err = change(self->fd, NETPORT_IOC_REBIND, self->token, "tcp 4 *:2000", HOLD_HOST);
	EXPECT_TRUE(!err || err == EADDRINUSE) TH_LOG("%d", err);
	EXPECT_EQ(EADDRINUSE, host_try("tcp 4 127.0.0.1:2000"));
	EXPECT_EQ(err ? 0 : EADDRINUSE, host_try("tcp 4 127.0.0.2:2000"));
	ASSERT_EQ(1, find(self->fd, self->token, &self->e));
	EXPECT_EQ(err ? 127 : 0, self->e.binding.addr[0]);
	/* Without one of its own, it isn't. */
	EXPECT_EQ(0, change(self->fd, NETPORT_IOC_REBIND, self->token, "tcp 4 *:2000", 0));
	EXPECT_EQ(0, host_try("tcp 4 *:2000"));
	EXPECT_EQ(0, change(self->fd, NETPORT_IOC_REBIND, self->token, "tcp 4 127.0.0.1:2000",
			    HOLD_HOST));
	EXPECT_EQ(EADDRINUSE, host_try("tcp 4 *:2000"));
}

TEST_F(host, with_its_new_owner)
{
	__u64 set;

	ASSERT_EQ(0, hold_host(self->fd, "tcp 4 *:2000", &self->token));
	ASSERT_EQ(0, ask_set(self->fd, "tcp 4 *:2001,udp 4 *:2001", HOLD_HOST | PERSISTENT, &set));
	ASSERT_EQ(0, transfer(self->fd, self->token, self->other));
	close(self->fd);
	EXPECT_EQ(EADDRINUSE, host_try("tcp 4 *:2000"));
	EXPECT_EQ(EADDRINUSE, host_try("udp 4 *:2001"));
	ASSERT_EQ(0, adopt(self->other, set));
	EXPECT_EQ(EADDRINUSE, host_try("udp 4 *:2001"));
	ASSERT_EQ(0, release(self->other, self->token));
	EXPECT_EQ(0, host_try("tcp 4 *:2000"));
	close(self->other);
	EXPECT_EQ(EADDRINUSE, host_try("tcp 4 *:2001"));
	ASSERT_EQ(0, release(owner(), set));
	EXPECT_EQ(0, host_try("tcp 4 *:2001"));
	EXPECT_EQ(0, host_try("udp 4 *:2001"));
}

/* SO_REUSEPORT is for the uid, which is another one then. */
TEST_F(host, shares_with_its_new_owners_uid)
{
	int from = owner_as(UID), to = owner_as(UID2);

	ASSERT_EQ(0, hold_host(from, "udp 4 127.0.0.1:2000 LB", &self->token));
	EXPECT_EQ(EADDRINUSE, host_try_as(UID2, "udp 4 127.0.0.1:2000 LB"));
	ASSERT_EQ(0, transfer(from, self->token, to));
	EXPECT_EQ(0, host_try_as(UID2, "udp 4 127.0.0.1:2000 LB"));
	EXPECT_EQ(EADDRINUSE, host_try_as(UID, "udp 4 127.0.0.1:2000 LB"));
	close(from);
	EXPECT_EQ(EADDRINUSE, host_try("udp 4 127.0.0.1:2000"));
	close(to);
	EXPECT_EQ(0, host_try("udp 4 127.0.0.1:2000"));
}

/* TCP keeps the uid with the port, too, for as long as it has nothing to look at. */
TEST_F(host, shares_no_more_with_its_old_owners_uid)
{
	int from = owner_as(UID), to = owner_as(UID2);

	ASSERT_EQ(0, hold_host(from, "tcp 4 127.0.0.1:2000 LB", &self->token));
	ASSERT_EQ(0, transfer(from, self->token, to));
	EXPECT_EQ(EADDRINUSE, host_try_as(UID, "tcp 4 127.0.0.1:2000 LB"));
	EXPECT_EQ(0, host_try_as(UID2, "tcp 4 127.0.0.1:2000 LB"));
	EXPECT_EQ(EADDRINUSE, host_try_as(UID, "tcp 4 127.0.0.1:2000 LB"));
	ASSERT_EQ(0, transfer(to, self->token, from));
	EXPECT_EQ(EADDRINUSE, host_try_as(UID2, "tcp 4 127.0.0.1:2000 LB"));
	EXPECT_EQ(0, host_try_as(UID, "tcp 4 127.0.0.1:2000 LB"));
	close(to);
	close(from);
	EXPECT_EQ(0, host_try("tcp 4 127.0.0.1:2000"));
}

/* the port, for those who send to it */

/* A number of /proc/net/udp's line for a port: 0 what is sent, 1 what is received. */
static long udp_queue(unsigned int port, int which)
{
	FILE *f = fopen("/proc/self/net/udp", "r");
	unsigned int p, tx, rx;
	char line[256];
	long n = -1;

	if (!f)
		die("/proc/self/net/udp");
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%*d: %*x:%x %*x:%*x %*x %x:%x", &p, &tx, &rx) == 3 && p == port)
			n = which ? rx : tx;
	fclose(f);
	return n;
}

static void send_to(int fd, unsigned int port, unsigned int n)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };
	unsigned int i;

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (i = 0; i < n; i++)
		if (sendto(fd, &i, sizeof(i), 0, (struct sockaddr *)&in, sizeof(in)) != sizeof(i))
			die("sendto");
}

TEST_F(host, queues_nothing)
{
	int sock = host_socket("udp 4 127.0.0.1:3000"), peer = host_socket("udp 4 127.0.0.1:3001");
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(2000) };
	char big[1000] = "";
	unsigned int i;

	ASSERT_EQ(0, hold_host(self->fd, "udp 4 *:2000", NULL));
	for (i = 0; i < 2000; i++)
		send_to(sock, 2000, 1);
	/* At most what came before it was deaf; and that is one datagram. */
	EXPECT_GE(udp_queue(2000, 1), 0);
	EXPECT_LT(udp_queue(2000, 1), 4096);
	/* Sockets of others work as ever. */
	send_to(sock, 3001, 3);
	EXPECT_EQ(4, recv(peer, big, sizeof(big), 0));
	/* It looks closed. */
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ASSERT_EQ(0, connect(sock, (struct sockaddr *)&in, sizeof(in)));
	ASSERT_EQ(1, send(sock, "", 1, 0));
	EXPECT_EQ(-1, recv(sock, big, sizeof(big), 0));
	EXPECT_EQ(ECONNREFUSED, errno);
	close(sock);
	ASSERT_EQ(0, hold_host(self->fd, "tcp 4 *:2000", NULL));
	sock = socket(AF_INET, SOCK_STREAM, 0);
	EXPECT_EQ(-1, connect(sock, (struct sockaddr *)&in, sizeof(in)));
	EXPECT_EQ(ECONNREFUSED, errno);
}

/* Where the host's sockets are let in, they get it all. */
TEST_F(host, takes_nothing_from_those_who_share)
{
	static const char *const share[] = { "LB", "MR" };
	int sock = host_socket("udp 4 127.0.0.1:3000"), sink, later;
	struct pollfd p = { .events = POLLIN };
	unsigned int i, j, got;
	char text[64], buf[8];

	for (j = 0; j < ARRAY_SIZE(share); j++) {
		snprintf(text, sizeof(text), "udp 4 127.0.0.1:%u %s", 2000 + j, share[j]);
		ASSERT_EQ(0, hold_host(self->fd, text, NULL));
		sink = host_socket(text);
		ASSERT_GE(sink, 0);
		p.fd = sink;
		/* Also one that is bound later than the host's. */
		ASSERT_EQ(0, hold_host(self->other, text, NULL));
		for (i = got = 0; i < 200 && got == i; i++) {
			later = dup(sock);
			send_to(later, 2000 + j, 1);
			close(later);
			/* On a busy machine it takes a moment. */
			got += poll(&p, 1, PATIENCE_MS) == 1 &&
			       recv(sink, buf, sizeof(buf), MSG_DONTWAIT) == 4;
		}
		EXPECT_EQ(200, got) TH_LOG("%s", share[j]);
	}
}

/* races */

struct binder {
	pthread_barrier_t *bar;
	const char *text;
	int sock;
	atomic_bool stop;
};

static void *binder_run(void *arg)
{
	struct binder *b = arg;

	for (;;) {
		pthread_barrier_wait(b->bar);
		if (b->stop)
			return NULL;
		b->sock = host_socket(b->text);
		pthread_barrier_wait(b->bar);
	}
}

TEST_F(host, one_winner)
{
	static const char *const text[] = {
		"tcp 4 127.0.0.1:2000", "udp 4 *:2000", "tcp 46 *:2000", "udp 6 [::1]:2000",
	};
	struct binder b = { .sock = -1 };
	const unsigned int n = so_many("NETPORT_ROUNDS", 1000, 150);
	unsigned int i, host = 0;
	pthread_barrier_t bar;
	pthread_t thread;
	int err;

	pthread_barrier_init(&bar, NULL, 2);
	b.bar = &bar;
	b.text = text[0];
	ASSERT_EQ(0, pthread_create(&thread, NULL, binder_run, &b));
	for (i = 0; i < n; i++) {
		b.text = text[i % ARRAY_SIZE(text)];
		pthread_barrier_wait(&bar);
		err = hold_host(self->fd, b.text, &self->token);
		pthread_barrier_wait(&bar);
		if (err) {
			ASSERT_EQ(EADDRINUSE, err);
			ASSERT_GE(b.sock, 0);
			close(b.sock);
			host++;
		} else {
			ASSERT_EQ(-EADDRINUSE, b.sock);
			ASSERT_EQ(0, release(self->fd, self->token));
		}
		ASSERT_EQ(0, host_try(b.text));
	}
	b.stop = true;
	pthread_barrier_wait(&bar);
	pthread_join(thread, NULL);
	TH_LOG("the host won %u of %u", host, i);
}

/* namespaces */

/*
 * One that goes takes its sockets along, and really goes: with few allowed, there would
 * soon be none to be had.
 */
TEST_F(host, namespaces_go)
{
	unsigned int i, j, n = so_many("NETPORT_ROUNDS", 40, 12);
	int pair[2], fd;
	char text[64];
	pid_t pid;

	snprintf(text, sizeof(text), "%u", n * 3 / 5);
	write_file(MAX_NETNS, text);
	for (i = 0; i < n; i++) {
		ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
		pid = spawn();
		if (!pid) {
			/* Those that are on their way out still count. */
			CHECK(AWAIT(!unshare(CLONE_NEWNET)));
			set_lo_up();
			fd = owner();
			for (j = 0; j < 10; j++) {
				__u64 token;

				snprintf(text, sizeof(text), "tcp 4 *:%u,udp 46 *:%u", 2000 + j,
					 2000 + j);
				CHECK_EQ(0, ask_set(fd, text, HOLD_HOST | (j % 2 ? PERSISTENT : 0),
						    &token));
				if (j % 3 == 1)
					CHECK_EQ(0, release_hold(fd, token, 600000, 0));
			}
			/* This file outlives it. */
			send_fd(pair[1], fd);
			_exit(0);
		}
		/* If the child is in trouble, there's nothing to wait for. */
		close(pair[1]);
		fd = receive_fd(pair[0]);
		close(pair[0]);
		ASSERT_EQ(0, ended(pid));
		if (i % 2)
			EXPECT_TRUE(AWAIT(hold_host(fd, "tcp 4 *:3000", NULL) == ENETDOWN));
		close(fd);
	}
}

SELFTEST_MAIN
