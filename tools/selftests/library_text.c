// SPDX-License-Identifier: GPL-2.0
/*
 * library_text - bindings from texts and from the addresses of sockets, and back.  The kernel
 * isn't asked about them here, except for devices.
 */
#include "selftest.h"
#include "netport.h"

#include <net/if.h>

#define V4	NETPORT_FAMILY_IPV4
#define V6	NETPORT_FAMILY_IPV6
#define BOTH	(V4 | V6)

/* What a function that writes nothing leaves as it is. */
static struct netport_binding untouched(void)
{
	struct netport_binding b;

	memset(&b, 0xcc, sizeof(b));
	b.protocol = IPPROTO_TCP;
	return b;
}

static bool same(const struct netport_binding *a, const struct netport_binding *b)
{
	return !memcmp(a, b, sizeof(*a));
}

FIXTURE(place) {
	char buf[NETPORT_TEXT_LEN];
};

FIXTURE_VARIANT(place) {
	const char *text;
	const char *again;	/* how it is written, if not the same */
	unsigned int families;
	const char *addr;
	unsigned int port;
	unsigned int ifindex;	/* 1 is lo */
};

FIXTURE_SETUP(place) { }
FIXTURE_TEARDOWN(place) { }

#define PLACE(_name, _text, _families, _addr, _port, ...)		\
	FIXTURE_VARIANT_ADD(place, _name) {				\
		.text = _text, .families = _families, .addr = _addr,	\
		.port = _port, __VA_ARGS__ }

PLACE(ipv4, "10.0.0.1:80", V4, "10.0.0.1", 80);
PLACE(ipv4_any, "0.0.0.0:80", V4, "0.0.0.0", 80);
PLACE(ipv4_alone, "10.0.0.1", V4, "10.0.0.1", 0);
PLACE(ipv4_port_0, "10.0.0.1:0", V4, "10.0.0.1", 0, .again = "10.0.0.1");
PLACE(ipv4_device, "10.0.0.1%lo:80", V4, "10.0.0.1", 80, .ifindex = 1);
PLACE(ipv6, "[fc00::1]:65535", V6, "fc00::1", 65535);
PLACE(ipv6_any, "[::]:80", V6, "::", 80);
PLACE(ipv6_alone, "fc00::1", V6, "fc00::1", 0);
PLACE(ipv6_any_alone, "::", V6, "::", 0);
PLACE(ipv6_brackets, "[fc00::1]", V6, "fc00::1", 0, .again = "fc00::1");
PLACE(ipv6_long, "[fc00:0:0:0:0:0:0:1]:1", V6, "fc00::1", 1, .again = "[fc00::1]:1");
PLACE(ipv6_device, "[fe80::1%lo]:80", V6, "fe80::1", 80, .ifindex = 1);
PLACE(ipv6_device_alone, "fe80::1%lo", V6, "fe80::1", 0, .ifindex = 1);
PLACE(ipv6_mapped, "[::ffff:10.0.0.1]:80", V6, "::ffff:10.0.0.1", 80);
PLACE(device_number, "fe80::1%1", V6, "fe80::1", 0, .ifindex = 1, .again = "fe80::1%lo");
PLACE(device_gone, "[fe80::1%2147483647]:80", V6, "fe80::1", 80, .ifindex = 2147483647);
PLACE(both, "*:80", BOTH, "::", 80);
PLACE(both_alone, "*", BOTH, "::", 0);
PLACE(both_device, "*%lo:80", BOTH, "::", 80, .ifindex = 1);
PLACE(service, "10.0.0.1:https", V4, "10.0.0.1", 443, .again = "10.0.0.1:443");
PLACE(service_alias, "[::1]:www", V6, "::1", 80, .again = "[::1]:80");

TEST_F(place, is_read_and_written)
{
	struct netport_binding b = untouched(), want = b;
	const char *again = variant->again ?: variant->text;

	want.families = variant->families;
	want.port = variant->port;
	want.ifindex = variant->ifindex;
	memset(want.addr, 0, sizeof(want.addr));
	inet_pton(want.families == V4 ? AF_INET : AF_INET6, variant->addr, want.addr);

	ASSERT_EQ(0, netport_binding_from_text(&b, variant->text));
	EXPECT_TRUE(same(&want, &b));
	EXPECT_EQ((int)strlen(again), netport_binding_to_text(self->buf, sizeof(self->buf), &b));
	EXPECT_STREQ(again, self->buf);
	/* As snprintf() when there is no room. */
	EXPECT_EQ((int)strlen(again), netport_binding_to_text(self->buf, 3, &b));
	EXPECT_EQ(strnlen(again, 2), strlen(self->buf));
	EXPECT_EQ((int)strlen(again), netport_binding_to_text(NULL, 0, &b));
}

TEST_F(place, survives_a_socket)
{
	struct netport_binding b = untouched(), back = b;
	struct sockaddr_storage sa;
	int len;

	ASSERT_EQ(0, netport_binding_from_text(&b, variant->text));
	memset(&sa, 0xcc, sizeof(sa));
	len = netport_binding_to_sockaddr(&b, &sa);
	ASSERT_EQ(b.families == V4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6),
		  (size_t)len);
	EXPECT_EQ(b.families == V4 ? AF_INET : AF_INET6, sa.ss_family);
	ASSERT_EQ(0, netport_binding_from_sockaddr(&back, (struct sockaddr *)&sa, len));
	if (b.families == BOTH)
		b.families = V6;
	if (strncmp(variant->addr, "fe80", 4))
		b.ifindex = 0;		/* a socket has no place for it */
	EXPECT_TRUE(same(&b, &back));
}

FIXTURE(no_place) { };

FIXTURE_VARIANT(no_place) {
	const char *text;
	int error;
};

FIXTURE_SETUP(no_place) { }
FIXTURE_TEARDOWN(no_place) { }

#define NO_PLACE(_name, _text, _error)					\
	FIXTURE_VARIANT_ADD(no_place, _name) { .text = _text, .error = _error }

NO_PLACE(empty, "", EINVAL);
NO_PLACE(port_alone, ":80", EINVAL);
NO_PLACE(name, "localhost:80", EINVAL);
NO_PLACE(three_bytes, "10.0.1:80", EINVAL);
NO_PLACE(space, " 10.0.0.1:80", EINVAL);
NO_PLACE(ipv4_in_brackets, "[10.0.0.1]:80", EINVAL);
NO_PLACE(open_bracket, "[::1:80", EINVAL);
NO_PLACE(after_bracket, "[::1]80", EINVAL);
NO_PLACE(no_device, "[fe80::1%nodev]:80", ENODEV);
NO_PLACE(empty_device, "[fe80::1%]:80", ENODEV);
NO_PLACE(device_0, "[fe80::1%0]:80", ENODEV);
NO_PLACE(large_device, "[fe80::1%2147483648]:80", ENODEV);
NO_PLACE(empty_port, "10.0.0.1:", ERANGE);
NO_PLACE(large_port, "10.0.0.1:65536", ERANGE);
NO_PLACE(huge_port, "10.0.0.1:99999999999999999999", ERANGE);
NO_PLACE(signed_port, "10.0.0.1:+80", ERANGE);
NO_PLACE(hex_port, "10.0.0.1:0x50", ERANGE);
NO_PLACE(no_service, "[::1]:nosuchservice", ERANGE);
NO_PLACE(service_of_another, "[::1]:tftp", ERANGE);

TEST_F(no_place, is_refused_and_writes_nothing)
{
	struct netport_binding b = untouched(), before = b;

	errno = 0;
	EXPECT_EQ(-1, netport_binding_from_text(&b, variant->text));
	EXPECT_EQ(variant->error, errno);
	EXPECT_TRUE(same(&before, &b));
	errno = 0;
	EXPECT_EQ(-1, netport_remote_from_text(&b, variant->text));
	EXPECT_EQ(variant->error, errno);
	EXPECT_TRUE(same(&before, &b));
}

TEST(a_long_text_is_refused)
{
	struct netport_binding b = untouched(), before = b;
	char text[4096] = "[fe80::1%";

	memset(text + strlen(text), 'x', sizeof(text) - strlen(text) - 1);
	EXPECT_EQ(-1, netport_binding_from_text(&b, text));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_TRUE(same(&before, &b));
}

TEST(services_are_those_of_the_protocol)
{
	struct netport_binding b = { .protocol = IPPROTO_UDP };

	EXPECT_EQ(0, netport_binding_from_text(&b, "*:tftp"));
	EXPECT_EQ(69, b.port);
	b.protocol = 253;
	EXPECT_EQ(-1, netport_binding_from_text(&b, "*:tftp"));
	EXPECT_EQ(ERANGE, errno);
}

FIXTURE(remote) { };

FIXTURE_VARIANT(remote) {
	const char *local;
	const char *remote;
	int error;
	unsigned int families;	/* of the binding, then; its local part stays */
	unsigned int ifindex;
	const char *again;	/* how the remote is written */
};

FIXTURE_SETUP(remote) { }
FIXTURE_TEARDOWN(remote) { }

#define REMOTE(_name, _local, _remote, _families, _again, ...)		\
	FIXTURE_VARIANT_ADD(remote, _name) {				\
		.local = _local, .remote = _remote, .families = _families, \
		.again = _again, __VA_ARGS__ }
#define NO_REMOTE(_name, _local, _remote)				\
	FIXTURE_VARIANT_ADD(remote, _name) {				\
		.local = _local, .remote = _remote, .error = EINVAL }

REMOTE(ipv4, "10.0.0.1:80", "10.0.0.2:5", V4, "10.0.0.2:5");
REMOTE(every_port, "10.0.0.1:80", "10.0.0.2", V4, "10.0.0.2");
REMOTE(ipv6, "[fc00::1]:80", "[fc00::2]:5", V6, "[fc00::2]:5");
REMOTE(decides_family, "*:80", "10.0.0.2:5", V4, "10.0.0.2:5");
REMOTE(brings_device, "[fe80::1]:80", "[fe80::2%lo]:5", V6, "[fe80::2]:5", .ifindex = 1);
REMOTE(same_device, "[fe80::1%lo]:80", "[fe80::2%lo]:5", V6, "[fe80::2]:5", .ifindex = 1);
NO_REMOTE(other_family, "10.0.0.1:80", "[fc00::2]:5");
NO_REMOTE(other_device, "[fe80::1%lo]:80", "[fe80::2%77]:5");
NO_REMOTE(any, "10.0.0.1:80", "0.0.0.0:5");
NO_REMOTE(both_any, "10.0.0.1:80", "*:5");

TEST_F(remote, is_read_and_written)
{
	struct netport_binding b = { .protocol = IPPROTO_TCP }, want, sock;
	struct sockaddr_storage sa;
	char buf[NETPORT_TEXT_LEN];
	int len;

	ASSERT_EQ(0, netport_binding_from_text(&b, variant->local));
	want = b;
	sock = b;
	errno = 0;
	ASSERT_EQ(variant->error ? -1 : 0, netport_remote_from_text(&b, variant->remote));
	EXPECT_EQ(variant->error, variant->error ? errno : 0);
	if (variant->error) {
		EXPECT_TRUE(same(&want, &b));
		return;
	}
	EXPECT_EQ(variant->families, b.families);
	EXPECT_EQ(variant->ifindex, b.ifindex);
	netport_remote_to_text(buf, sizeof(buf), &b);
	EXPECT_STREQ(variant->again, buf);

	/* The local part is as it was, and the remote of a socket comes out the same. */
	want.families = variant->families;
	want.ifindex = variant->ifindex;
	want.remote_port = b.remote_port;
	memcpy(want.remote, b.remote, sizeof(want.remote));
	EXPECT_TRUE(same(&want, &b));
	want = (struct netport_binding){ .families = b.families, .port = b.remote_port,
					 .ifindex = b.ifindex };
	memcpy(want.addr, b.remote, sizeof(want.addr));
	len = netport_binding_to_sockaddr(&want, &sa);
	EXPECT_EQ(0, netport_remote_from_sockaddr(&sock, (struct sockaddr *)&sa, len));
	EXPECT_TRUE(same(&b, &sock));
}

TEST(every_remote_is_a_star)
{
	struct netport_binding b = { .remote_port = 5, .remote = { 1 } };
	char buf[NETPORT_TEXT_LEN];

	EXPECT_EQ(0, netport_remote_from_text(&b, "*"));
	EXPECT_TRUE(same(&(struct netport_binding){ 0 }, &b));
	EXPECT_EQ(1, netport_remote_to_text(buf, sizeof(buf), &b));
	EXPECT_STREQ("*", buf);
}

TEST(sockets_of_other_families_are_refused)
{
	struct netport_binding b = untouched(), before = b;
	struct sockaddr_storage sa = { .ss_family = AF_INET };

	EXPECT_EQ(-1, netport_binding_from_sockaddr(&b, (struct sockaddr *)&sa,
						    sizeof(struct sockaddr_in) - 1));
	EXPECT_EQ(EINVAL, errno);
	sa.ss_family = AF_INET6;
	EXPECT_EQ(-1, netport_binding_from_sockaddr(&b, (struct sockaddr *)&sa,
						    sizeof(struct sockaddr_in6) - 1));
	EXPECT_EQ(EINVAL, errno);
	sa.ss_family = AF_UNIX;
	EXPECT_EQ(-1, netport_binding_from_sockaddr(&b, (struct sockaddr *)&sa, 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, netport_binding_from_sockaddr(&b, (struct sockaddr *)&sa, sizeof(sa)));
	EXPECT_EQ(EAFNOSUPPORT, errno);
	EXPECT_EQ(-1, netport_remote_from_sockaddr(&b, (struct sockaddr *)&sa, sizeof(sa)));
	EXPECT_EQ(EAFNOSUPPORT, errno);
	EXPECT_TRUE(same(&before, &b));
	b.families = 0;
	EXPECT_EQ(-1, netport_binding_to_sockaddr(&b, &sa));
	EXPECT_EQ(EINVAL, errno);
	b.families = 4;
	EXPECT_EQ(-1, netport_binding_to_sockaddr(&b, &sa));
	EXPECT_EQ(EINVAL, errno);
}

/* As it is for bind(). */
TEST(a_scope_counts_for_link_local_addresses)
{
	static const struct { const char *addr; unsigned int scope; } addrs[] = {
		{ "fe80::1", 5 }, { "febf::1", 5 }, { "fec0::1", 0 }, { "fc00::1", 0 }, { "::", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(addrs); i++) {
		struct sockaddr_in6 sa = { .sin6_family = AF_INET6, .sin6_scope_id = 5 };
		struct sockaddr_storage out;
		struct netport_binding b;

		inet_pton(AF_INET6, addrs[i].addr, &sa.sin6_addr);
		ASSERT_EQ(0, netport_binding_from_sockaddr(&b, (struct sockaddr *)&sa, sizeof(sa)));
		EXPECT_EQ(addrs[i].scope, b.ifindex);
		b.ifindex = 5;
		netport_binding_to_sockaddr(&b, &out);
		memcpy(&sa, &out, sizeof(sa));
		EXPECT_EQ(addrs[i].scope, sa.sin6_scope_id);
	}
}

/* What a socket has bound is what the binding says. */
TEST(a_socket_is_bound_where_the_binding_says)
{
	struct netport_binding b = { .protocol = IPPROTO_TCP }, bound = b;
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ASSERT_EQ(0, netport_binding_from_text(&b, "*:8080"));
	ASSERT_EQ(0, bind(fd, (struct sockaddr *)&sa, netport_binding_to_sockaddr(&b, &sa)));
	ASSERT_EQ(0, getsockname(fd, (struct sockaddr *)&sa, &len));
	ASSERT_EQ(0, netport_binding_from_sockaddr(&bound, (struct sockaddr *)&sa, len));
	bound.families = BOTH;
	EXPECT_TRUE(same(&b, &bound));
	close(fd);
}

TEST(protocols)
{
	static const struct { const char *text; int number; const char *again; } good[] = {
		{ "tcp", 6, "tcp" }, { "udp", 17, "udp" }, { "sctp", 132, "sctp" },
		{ "homa", 146, "homa" }, { "mptcp", 262, "mptcp" }, { "6", 6, "tcp" },
		{ "0", 0, "0" }, { "65535", 65535, "65535" },
	};
	static const char *const bad[] = { "", "TCP", "tcp ", "65536", "-1", "0x6", "icmp6?" };
	char buf[NETPORT_TEXT_LEN];

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		EXPECT_EQ(good[i].number, netport_protocol_from_text(good[i].text));
		EXPECT_EQ((int)strlen(good[i].again),
			  netport_protocol_to_text(buf, sizeof(buf), good[i].number));
		EXPECT_STREQ(good[i].again, buf);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		errno = 0;
		EXPECT_EQ(-1, netport_protocol_from_text(bad[i]));
		EXPECT_EQ(EINVAL, errno);
	}
}

TEST(share_flags)
{
	static const struct { const char *text; int flags; const char *again; } good[] = {
		{ "lb", LB, "lb" }, { "mr", MR, "mr" }, { "to", TO, "to" },
		{ "load-balanced", LB, "lb" }, { "to,most-recent", TO | MR, "mr,to" },
		{ "to,tuple-only,lb,mr", LB | MR | TO, "lb,mr,to" },
	};
	static const char *const bad[] = { "", ",", "lb,", ",lb", "l", "lbx", "LB", "lb mr" };
	char buf[NETPORT_TEXT_LEN];

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		EXPECT_EQ(good[i].flags, netport_share_from_text(good[i].text));
		EXPECT_EQ((int)strlen(good[i].again),
			  netport_share_to_text(buf, sizeof(buf), good[i].flags));
		EXPECT_STREQ(good[i].again, buf);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		errno = 0;
		EXPECT_EQ(-1, netport_share_from_text(bad[i]));
		EXPECT_EQ(EINVAL, errno);
	}
	EXPECT_EQ(0, netport_share_to_text(buf, sizeof(buf), 0));
	EXPECT_STREQ("", buf);
}

TEST(ranges)
{
	static const struct { const char *text; __u16 low, high; } good[] = {
		{ "1-65535", 1, 65535 }, { "80-80", 80, 80 }, { "1024-", 1024, 0 },
		{ "-1023", 0, 1023 },
	};
	static const char *const bad[] = { "", "-", "80", "0-80", "80-0", "81-80", "1-65536",
					   "1--2", "1-2-3", "a-b", " 1-2", "1-2 ", "1-99999999" };
	__u16 low, high;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		EXPECT_EQ(0, netport_range_from_text(&low, &high, good[i].text));
		EXPECT_EQ(good[i].low, low);
		EXPECT_EQ(good[i].high, high);
	}
	low = 7;
	high = 8;
	EXPECT_EQ(-1, netport_range_from_text(&low, &high, "80\00081-82"));
	EXPECT_EQ(-1, netport_range_from_text(&low, &high, "80\00082"));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		errno = 0;
		EXPECT_EQ(-1, netport_range_from_text(&low, &high, bad[i])) TH_LOG("%s", bad[i]);
		EXPECT_EQ(EINVAL, errno);
	}
	EXPECT_EQ(7, low);
	EXPECT_EQ(8, high);
}

SELFTEST_MAIN
