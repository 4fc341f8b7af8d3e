// SPDX-License-Identifier: GPL-2.0
/*
 * dgtalk - samples/datagram: two sockets that send to each other, of whichever families
 */
#include "datagram.h"

#define PORT	5000

FIXTURE(talk) {
	int a, b;
};

FIXTURE_VARIANT(talk) {
	const char *addr;
	const char *seen;	/* how the receiver is told of it */
	const char *there;	/* where the receiver is bound */
	unsigned int longest;
};

FIXTURE_VARIANT_ADD(talk, v4) {
	.addr = "127.0.0.1", .seen = "127.0.0.1", .there = "127.0.0.1", .longest = 65507,
};

FIXTURE_VARIANT_ADD(talk, v6) {
	.addr = "::1", .seen = "::1", .there = "::1", .longest = 65527,
};

FIXTURE_VARIANT_ADD(talk, v4_to_both) {
	.addr = "127.0.0.1", .seen = "::ffff:127.0.0.1", .there = "::", .longest = 65507,
};

FIXTURE_VARIANT_ADD(talk, v6_to_both) {
	.addr = "::1", .seen = "::1", .there = "::", .longest = 65527,
};

FIXTURE_VARIANT_ADD(talk, mapped) {
	.addr = "::ffff:127.0.0.1", .seen = "127.0.0.1", .there = "0.0.0.0", .longest = 65507,
};

FIXTURE_SETUP(talk)
{
	if (access(module_path(MODULE), R_OK))
		SKIP(return, "no %s; set NETPORT_MODULES", module_path(MODULE));
	ASSERT_EQ(0, load_anew());
	keep_netns();
	self->a = bound(variant->addr, 0);
	self->b = bound(variant->there, PORT);
}

FIXTURE_TEARDOWN_PARENT(talk)
{
	if (!unload_soon(MODULE))
		fprintf(stderr, "# %s stays\n", MODULE);
}

TEST_F(talk, there_and_back)
{
	union name from, want = name_of(variant->seen, port_of(self->a));

	ASSERT_EQ(0, send_text(self->a, variant->addr, PORT, "there"));
	ASSERT_TRUE(arrives_from(self->b, "there", &from));
	EXPECT_TRUE(same_name(&want, &from));
	ASSERT_EQ(4, sendto(self->b, "back", 4, 0, &from.any, name_len(&from)));
	ASSERT_TRUE(arrives_from(self->a, "back", &from));
	want = name_of(variant->addr, PORT);
	EXPECT_TRUE(same_name(&want, &from));
	EXPECT_EQ(2, counted("sent"));
	EXPECT_EQ(2, counted("received"));
}

TEST_F(talk, whatever_length)
{
	static char out[65536], in[65536];
	unsigned int i, len[] = { 0, 1, 7, 1472, 4000, 20000, variant->longest };

	for (i = 0; i < sizeof(out); i++)
		out[i] = i * 7 + i / 256;
	for (i = 0; i < ARRAY_SIZE(len); i++) {
		memset(in, 0xcc, sizeof(in));
		ASSERT_EQ(0, send_to(self->a, variant->addr, PORT, out, len[i]));
		ASSERT_TRUE(arrives(self->b));
		ASSERT_EQ(len[i], recv(self->b, in, sizeof(in), 0));
		EXPECT_EQ(0, memcmp(in, out, len[i]));
	}
	EXPECT_EQ(EMSGSIZE, send_to(self->a, variant->addr, PORT, out, variant->longest + 1));
	EXPECT_TRUE(nothing_there(self->b));
	EXPECT_EQ(ARRAY_SIZE(len), counted("sent"));
	EXPECT_EQ(ARRAY_SIZE(len), counted("received"));
}

TEST_F(talk, receive_flags)
{
	char buf[8];
	struct iovec iov = { .iov_base = buf, .iov_len = 2 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct pollfd p = { .fd = self->b, .events = POLLIN | POLLOUT };

	EXPECT_TRUE(nothing_there(self->b));
	EXPECT_EQ(1, poll(&p, 1, 0));
	EXPECT_EQ(POLLOUT, p.revents);
	ASSERT_EQ(0, send_text(self->a, variant->addr, PORT, "first"));
	ASSERT_EQ(0, send_text(self->a, variant->addr, PORT, "second"));
	ASSERT_TRUE(arrives(self->b));

	EXPECT_EQ(5, recv(self->b, buf, sizeof(buf), MSG_PEEK));
	EXPECT_EQ(2, recv(self->b, buf, 2, MSG_PEEK));
	EXPECT_EQ(5, recv(self->b, buf, 2, MSG_PEEK | MSG_TRUNC));
	EXPECT_EQ(2, recvmsg(self->b, &msg, 0));
	EXPECT_EQ(MSG_TRUNC, msg.msg_flags);
	EXPECT_EQ(0, memcmp(buf, "fi", 2));
	EXPECT_TRUE(arrives_text(self->b, "second"));
	EXPECT_TRUE(nothing_there(self->b));
	EXPECT_EQ(-1, recv(self->b, buf, sizeof(buf), MSG_ERRQUEUE));
	EXPECT_EQ(EOPNOTSUPP, errno);
	EXPECT_EQ(-1, recv(self->b, buf, sizeof(buf), MSG_OOB));
	EXPECT_EQ(EOPNOTSUPP, errno);
}

TEST_F(talk, connected)
{
	int other = bound(variant->addr, 0);
	unsigned int port = port_of(self->a);

	EXPECT_EQ(-ENOTCONN, peer_port(self->a));
	EXPECT_EQ(-1, send(self->a, "x", 1, 0));
	EXPECT_EQ(EDESTADDRREQ, errno);
	ASSERT_EQ(0, try_connect(self->a, variant->addr, PORT));
	EXPECT_EQ(PORT, peer_port(self->a));
	EXPECT_EQ(port, port_of(self->a));
	ASSERT_EQ(1, send(self->a, "x", 1, 0));
	ASSERT_TRUE(arrives_text(self->b, "x"));

	/* What others send has nobody to go to. */
	ASSERT_EQ(0, send_text(other, variant->addr, port, "stray"));
	EXPECT_TRUE(AWAIT(counted("no_socket") == 1));
	EXPECT_TRUE(nothing_there(self->a));

	/* To another one, in one step. */
	ASSERT_EQ(0, try_connect(self->a, variant->addr, port_of(other)));
	ASSERT_EQ(1, send(self->a, "y", 1, 0));
	ASSERT_TRUE(arrives_text(other, "y"));
	ASSERT_EQ(0, send_text(other, variant->addr, port, "fine"));
	EXPECT_TRUE(arrives_text(self->a, "fine"));

	/* And to all again. */
	ASSERT_EQ(0, disconnect(self->a));
	EXPECT_EQ(-ENOTCONN, peer_port(self->a));
	EXPECT_EQ(0, list_all(owner())->e[0].state);
	ASSERT_EQ(-1, send(self->a, "x", 1, 0));
	EXPECT_EQ(EDESTADDRREQ, errno);
}

SELFTEST_MAIN
