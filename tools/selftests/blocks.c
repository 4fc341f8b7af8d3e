// SPDX-License-Identifier: GPL-2.0
/*
 * blocks - consecutive ports under one token, given back whole or in parts; and narrower
 * picks: alignment, ports to leave out, and one local port for many remotes.
 */
#include "terms.h"

static bool all_free_between(unsigned int low, unsigned int high)
{
	int fd = owner();
	bool ok = true;

	for (; low <= high && ok; low++)
		ok = all_free_to(fd, IPPROTO_TCP, low) && all_free_to(fd, IPPROTO_UDP, low);
	if (!ok)
		fprintf(stderr, "# port %u is held\n", low - 1);
	close(fd);
	return ok;
}

/* Are the ports of a block, and no others, held on a binding? */
static bool held_exactly(unsigned int low, unsigned int count)
{
	struct netport_reserve r = request("tcp 4 10.0.0.1:1");
	int fd = owner();
	unsigned int port;
	bool ok = true;

	for (port = low - 1; port <= low + count && ok; port++) {
		if (port > 65535)
			break;
		r.binding.port = port;
		if (port < low || port == low + count)
			ok = !reserve_request(fd, &r);
		else
			ok = reserve_request(fd, &r) == EADDRINUSE;
		if (!ok)
			fprintf(stderr, "# port %u isn't what it should be\n", port);
	}
	close(fd);
	return ok;
}

/* blocks */

TEST(from_a_port_on)
{
	static const struct { const char *text; unsigned int low, count; } blocks[] = {
		{ "tcp 4 10.0.0.1:40000 x10", 40000, 10 },
		{ "tcp 4 10.0.0.1:40000 x1", 40000, 1 },
		{ "tcp 4 *:40001 x63", 40001, 63 },
		{ "tcp 4 *:40000 x64", 40000, 64 },
		/* Several words, and locks; more than all of these. */
		{ "tcp 4 *:39999 x130", 39999, 130 },
		{ "tcp 46 *:40001 x1024", 40001, 1024 },
		{ "tcp 4 *:65526 x10", 65526, 10 },
		{ "tcp 4 *:2 x1024", 2, 1024 },
	};
	int fd = owner();
	unsigned int i, port;
	__u64 token;

	for (i = 0; i < ARRAY_SIZE(blocks); i++) {
		EXPECT_EQ(0, ask_available(fd, blocks[i].text));
		ASSERT_EQ(0, ask_text(fd, blocks[i].text, &token, &port))
			TH_LOG("%s", blocks[i].text);
		EXPECT_EQ(blocks[i].low, port);
		EXPECT_TRUE(held_exactly(blocks[i].low, blocks[i].count));
		EXPECT_EQ(blocks[i].count, held_by(fd, token, NULL));
		EXPECT_EQ(EADDRINUSE, ask_available(fd, blocks[i].text));
		EXPECT_EQ(0, release(fd, token));
		EXPECT_EQ(ENOENT, release(fd, token));
		EXPECT_TRUE(all_free_between(blocks[i].low,
					     blocks[i].low + blocks[i].count - 1));
	}
}

TEST(on_several_bindings)
{
	int fd = owner();
	unsigned int i;
	__u64 token;

	ASSERT_EQ(0, ask_text(fd, "tcp 4 10.0.0.1:40000 x100 + udp 46 *:0", &token, NULL));
	EXPECT_TRUE(held_exactly(40000, 100));
	for (i = 40000; i < 40100; i++)
		EXPECT_FALSE(all_free(IPPROTO_UDP, i));
	EXPECT_TRUE(all_free(IPPROTO_UDP, 39999));
	EXPECT_TRUE(all_free(IPPROTO_UDP, 40100));
	EXPECT_EQ(200, held_by(fd, token, NULL));
	close(fd);
	EXPECT_TRUE(all_free_between(40000, 40099));
}

TEST(as_many_as_there_may_be)
{
	static const struct netport_binding udp = {
		.families = NETPORT_FAMILY_IPV4, .protocol = IPPROTO_UDP,
	};
	int fd = owner();
	unsigned int i;
	struct ask a;

	EXPECT_EQ(EINVAL, ask_text(fd, "tcp 4 *:40000 x1025", NULL, NULL));
	EXPECT_EQ(EINVAL, ask_text(fd, "tcp 4 *:40000 x513 + udp 4 *:0", NULL, NULL));
	EXPECT_EQ(EINVAL, ask_text(fd, "tcp 4 *:40000 x65535", NULL, NULL));
	EXPECT_EQ(0, held(fd));
	ask_init(&a, "tcp 4 *:40000 x16");
	for (i = 0; i < 63; i++) {
		struct netport_binding b = udp;

		b.addr[0] = 10;
		b.addr[3] = i + 1;
		ask_binding(&a, &b);
	}
	EXPECT_EQ(0, ask(fd, &a));
	EXPECT_EQ(1024, held(fd));
	EXPECT_EQ(0, release(fd, a.req.reserve.token));
	a.req.reserve.binding.port = 0;
	a.req.terms.count = 17;
	EXPECT_EQ(EINVAL, ask(fd, &a));
	a.req.terms.count = 16;
	EXPECT_EQ(0, ask(fd, &a));
	EXPECT_EQ(0, release(fd, a.req.reserve.token));
	EXPECT_EQ(0, ask_text(fd, "tcp 4 *:0 x1024", NULL, NULL));
	EXPECT_EQ(0, ask_text(fd, "tcp 4 *:0 x512 + udp 4 *:0", NULL, NULL));
}

TEST(past_the_last_port)
{
	int fd = owner();

	EXPECT_EQ(EINVAL, ask_text(fd, "tcp 4 *:65527 x10", NULL, NULL));
	EXPECT_EQ(EINVAL, ask_text(fd, "tcp 4 *:65535 x2", NULL, NULL));
	EXPECT_TRUE(all_free_between(65527, 65535));
	EXPECT_EQ(0, ask_text(fd, "tcp 4 *:65535 x1", NULL, NULL));
	EXPECT_EQ(EADDRNOTAVAIL, ask_text(fd, "tcp 4 *:0 =65534-0 x3", NULL, NULL));
	EXPECT_EQ(EADDRNOTAVAIL, ask_text(fd, "tcp 4 *:0 =65534-0 x2", NULL, NULL));
	EXPECT_EQ(1, held(fd));
}

TEST(alignment_of_a_given_port)
{
	int fd = owner();

	EXPECT_EQ(EINVAL, ask_text(fd, "tcp 4 *:40001 x2 /2", NULL, NULL));
	EXPECT_EQ(EINVAL, ask_text(fd, "tcp 4 *:40000 x2 /2 @1", NULL, NULL));
	EXPECT_EQ(0, ask_text(fd, "tcp 4 *:40001 x2 /2 @1", NULL, NULL));
	EXPECT_EQ(0, ask_text(fd, "tcp 4 *:40004 x2 /4", NULL, NULL));
	/* One port that is given is where it is. */
	EXPECT_EQ(EINVAL, ask_text(fd, "tcp 4 *:41000 /2", NULL, NULL));
	EXPECT_EQ(EINVAL, ask_text(fd, "tcp 4 *:41000 x1 /2", NULL, NULL));
	EXPECT_EQ(EINVAL, ask_text(fd, "tcp 4 *:41000 x2 !41005", NULL, NULL));
	EXPECT_EQ(4, held(fd));
}

TEST(privileged_ports)
{
	pid_t pid = spawn();

	if (!pid) {
		unsigned int port;
		int fd = owner();

		become(NOBODY);
		CHECK_EQ(EACCES, ask_text(fd, "tcp 4 *:1020 x10", NULL, NULL));
		CHECK_EQ(EACCES, ask_text(fd, "tcp 4 *:0 =1000-1100 x10", NULL, NULL));
		CHECK_EQ(0, held(fd));
		CHECK_EQ(0, ask_text(fd, "tcp 4 *:0 =0-1039 x16", NULL, &port));
		CHECK_EQ(1024, port);
		_exit(0);
	}
	EXPECT_EQ(0, ended(pid));
}

TEST(none_if_one_port_is_taken)
{
	static const unsigned int busy[] = { 40000, 40001, 40063, 40064, 40098, 40099 };
	struct netport_reserve r = request("udp 4 10.1.1.1:1");
	int fd = owner(), fd2 = owner();
	unsigned int i;
	struct ask a;

	for (i = 0; i < ARRAY_SIZE(busy); i++) {
		r.binding.port = busy[i];
		ASSERT_EQ(0, reserve_request(fd2, &r));
		ask_init(&a, "tcp 4 10.0.0.1:40000 x100 + udp 4 *:0");
		EXPECT_EQ(EADDRINUSE, ask(fd, &a));
		EXPECT_EQ(busy[i], a.conflict.binding.port);
		EXPECT_EQ(IPPROTO_UDP, a.conflict.binding.protocol);
		EXPECT_EQ(r.token, a.conflict.token);
		EXPECT_EQ(0, held(fd));
		ASSERT_EQ(0, release(fd2, r.token));
		EXPECT_TRUE(all_free_between(40000, 40099));
	}
	EXPECT_EQ(0, ask(fd, &a));
}

TEST(picked_inside_the_range)
{
	int fd = owner();
	unsigned int i, port;
	__u64 token;

	for (i = 0; i < 32; i++) {
		ASSERT_EQ(0, ask_text(fd, "tcp 4 10.0.0.1:0 =40000-40019 x20", &token, &port));
		EXPECT_EQ(40000, port);
		EXPECT_TRUE(held_exactly(40000, 20));
		ASSERT_EQ(0, release(fd, token));
		ASSERT_EQ(0, ask_text(fd, "tcp 4 10.0.0.1:0 =40000-40019 x17 /4", &token, &port));
		EXPECT_EQ(40000, port);
		ASSERT_EQ(0, release(fd, token));
		ASSERT_EQ(0, ask_text(fd, "tcp 4 10.0.0.1:0 =40000-40199 x100", &token, &port));
		EXPECT_LE(40000, port);
		EXPECT_GE(40100, port);
		EXPECT_TRUE(held_exactly(port, 100));
		ASSERT_EQ(0, release(fd, token));
	}
	EXPECT_EQ(EADDRNOTAVAIL, ask_text(fd, "tcp 4 *:0 =40000-40019 x21", NULL, NULL));
	EXPECT_EQ(EADDRNOTAVAIL, ask_available(fd, "tcp 4 *:0 =40000-40019 x21"));
	EXPECT_EQ(EADDRNOTAVAIL, ask_text(fd, "tcp 4 *:0 =40001-40019 x17 /4", NULL, NULL));
	EXPECT_EQ(EADDRNOTAVAIL, ask_text(fd, "tcp 4 *:0 =40000-40000 x2", NULL, NULL));
	EXPECT_EQ(0, held(fd));
}

/* A range with room for one, at each place where it can be. */
TEST(the_only_gap)
{
	static const unsigned int counts[] = { 2, 3, 16, 63, 64, 65, 128, 200 };
	unsigned int i, gap, port, n;
	int fd = owner(), fd2 = owner();
	char text[128];
	struct ask a;
	__u64 token;

	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		n = counts[i];
		for (gap = 40000; gap + n <= 40256; gap += 61) {
			if (gap > 40000) {
				ask_init(&a, "tcp 4 *:40000");
				a.req.terms.count = gap - 40000;
				ASSERT_EQ(0, ask(fd2, &a));
			}
			if (gap + n < 40256) {
				ask_init(&a, "tcp 4 *:40000");
				a.req.reserve.binding.port = gap + n;
				a.req.terms.count = 40256 - gap - n;
				ASSERT_EQ(0, ask(fd2, &a));
			}
			sprintf(text, "tcp 4 10.0.0.1:0 =40000-40255 x%u", n + 1);
			EXPECT_EQ(EADDRNOTAVAIL, ask_text(fd, text, NULL, NULL));
			sprintf(text, "tcp 4 10.0.0.1:0 =40000-40255 x%u", n);
			EXPECT_EQ(0, ask_text(fd, text, &token, &port))
				TH_LOG("%u from %u on", n, gap);
			EXPECT_EQ(gap, port);
			EXPECT_EQ(EADDRNOTAVAIL, ask_text(fd, text, NULL, NULL));
			release(fd, token);
			close(fd2);
			fd2 = owner();
		}
	}
}

/* Free runs enough, long enough, but only one that is aligned. */
TEST(the_only_aligned_gap)
{
	int fd = owner(), fd2 = owner();
	unsigned int i, port;
	__u64 token;

	/* 30 free from each 32 * n + 1 on, but for one place: 31 from 32 * n on. */
	for (i = 40000; i < 40256; i += 16) {
		struct netport_reserve r = request("tcp 4 *:1");

		if (i == 40160)
			continue;
		r.binding.port = i + (i / 16 % 2 ? 15 : 0);
		ASSERT_EQ(0, reserve_request(fd2, &r));
	}
	EXPECT_EQ(EADDRNOTAVAIL, ask_text(fd, "tcp 4 *:0 =40000-40255 x32 /16", NULL, NULL));
	for (i = 0; i < 16; i++) {
		ASSERT_EQ(0, ask_text(fd, "tcp 4 *:0 =40000-40255 x31 /16", &token, &port));
		EXPECT_EQ(40160, port);
		EXPECT_EQ(EADDRNOTAVAIL,
			  ask_text(fd2, "tcp 4 *:0 =40000-40255 x31 /16", NULL, NULL));
		ASSERT_EQ(0, release(fd, token));
	}
	/* Unaligned there are more: one for each other 16. */
	for (i = 0; !ask_text(fd, "tcp 4 *:0 =40000-40255 x30 /2 @1", NULL, NULL); i++)
		;
	EXPECT_EQ(8, i);
}

TEST(until_nothing_is_left)
{
	static const struct { const char *text; unsigned int count, least, most; } cases[] = {
		{ "tcp 4 *:0 =40000-40255 x16 /16", 16, 16, 16 },
		{ "tcp 4 *:0 =40000-40255 x2 /2", 2, 128, 128 },
		{ "tcp 4 *:0 =40000-40255 x2 /2 @1", 2, 127, 127 },
		{ "tcp 4 *:0 =40000-40255 x64 /64", 64, 4, 4 },
		{ "tcp 4 *:0 =40000-40255 x1 /1", 1, 256, 256 },
		/* What lies between two may be too short by one. */
		{ "tcp 4 *:0 =40000-40255 x3", 3, 256 / 5, 85 },
		{ "tcp 4 *:0 =40000-40255 x100", 100, 1, 2 },
	};
	unsigned int i, j, n, port;
	bool taken[256];
	int fd = owner();

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		memset(taken, 0, sizeof(taken));
		for (n = 0; n < 1000; n++) {
			int err = ask_text(fd, cases[i].text, NULL, &port);

			if (err) {
				EXPECT_EQ(EADDRNOTAVAIL, err);
				break;
			}
			ASSERT_LE(40000, port);
			ASSERT_GE(40256, port + cases[i].count);
			for (j = 0; j < cases[i].count; j++) {
				EXPECT_FALSE(taken[port - 40000 + j]);
				taken[port - 40000 + j] = true;
			}
		}
		EXPECT_LE(cases[i].least, n) TH_LOG("%s", cases[i].text);
		EXPECT_GE(cases[i].most, n) TH_LOG("%s", cases[i].text);
		EXPECT_EQ(n * cases[i].count, held(fd));
		close(fd);
		fd = owner();
	}
}

/* Only from ports that nobody is in the way of, though it might share them. */
TEST(picked_blocks_do_not_share)
{
	int fd = owner();
	unsigned int port;

	ASSERT_EQ(0, reserve(fd, "udp 4 *:40005 MR"));
	ASSERT_EQ(0, reserve(fd, "udp 4 *:40015 %1"));
	EXPECT_EQ(EADDRNOTAVAIL, ask_text(fd, "udp 4 *:0 MR =40000-40009 x10", NULL, NULL));
	EXPECT_EQ(EADDRNOTAVAIL, ask_text(fd, "udp 4 *:0 %2 =40010-40019 x10", NULL, NULL));
	EXPECT_EQ(0, ask_text(fd, "udp 4 *:0 MR =40000-40019 x9", NULL, &port));
	EXPECT_EQ(40006, port);
	/* By number they may. */
	EXPECT_EQ(0, ask_text(fd, "udp 4 *:40000 MR x10", NULL, NULL));
	EXPECT_EQ(0, ask_text(fd, "udp 4 *:40015 %2 x2", NULL, NULL));
}

TEST(not_over_ports_to_leave_out)
{
	int fd = owner();
	unsigned int port;

	EXPECT_EQ(EADDRNOTAVAIL,
		  ask_text(fd, "tcp 4 *:0 =40000-40019 !40009,40010 x10", NULL, NULL));
	EXPECT_EQ(0, ask_text(fd, "tcp 4 *:0 =40000-40019 !40010 x10", NULL, &port));
	EXPECT_EQ(40000, port);
	if (access(RESERVED_PORTS, W_OK))
		return;
	write_file(RESERVED_PORTS, "41005");
	EXPECT_EQ(EADDRNOTAVAIL, ask_text(fd, "tcp 4 *:0 =41000-41009 x6", NULL, NULL));
	EXPECT_EQ(0, ask_text(fd, "tcp 4 *:0 =41000-41009 x5", NULL, &port));
	EXPECT_EQ(41000, port);
	EXPECT_EQ(0, ask_text(fd, "tcp 4 *:41005 x5", NULL, NULL));
	restore_netns();
}

/* releasing parts */

TEST(released_in_parts)
{
	struct netport_entry e;
	int fd = owner();
	__u64 token;

	ASSERT_EQ(0, ask_text(fd, "tcp 4 10.0.0.1:40000 x100 + udp 4 *:0", &token, NULL));
	/* The first port, whose lock the token has; some in the midst; the last. */
	EXPECT_EQ(0, release_part(fd, token, 40000, 1));
	EXPECT_EQ(198, held_by(fd, token, &e));
	EXPECT_EQ(198, e.parts);
	EXPECT_TRUE(held_exactly(40001, 99));
	EXPECT_EQ(0, release_part(fd, token, 40050, 20));
	EXPECT_TRUE(held_exactly(40001, 49));
	EXPECT_TRUE(held_exactly(40070, 30));
	EXPECT_TRUE(all_free_between(40050, 40069));
	EXPECT_EQ(0, release_part(fd, token, 40099, 1));
	EXPECT_EQ(156, held_by(fd, token, NULL));
	EXPECT_FALSE(all_free(IPPROTO_UDP, 40098));
	EXPECT_EQ(0, release(fd, token));
	EXPECT_TRUE(all_free_between(40000, 40099));
	EXPECT_EQ(0, held(fd));
}

TEST(gone_with_its_last_part)
{
	int fd = owner();
	unsigned int i;
	__u64 token;

	ASSERT_EQ(0, ask_text(fd, "tcp 4 *:40000 x4", &token, NULL));
	for (i = 0; i < 4; i++) {
		EXPECT_EQ(4 - i, held_by(fd, token, NULL));
		EXPECT_EQ(0, release_part(fd, token, 40000 + i, 1));
		EXPECT_EQ(ENOENT, release_part(fd, token, 40000 + i, 1));
	}
	EXPECT_EQ(ENOENT, release(fd, token));
	ASSERT_EQ(0, ask_text(fd, "tcp 4 *:40000 x4", &token, NULL));
	EXPECT_EQ(0, release_part(fd, token, 40000, 4));
	EXPECT_EQ(ENOENT, release(fd, token));
	EXPECT_TRUE(all_free_between(40000, 40003));
}

/* With one port left it's a block all the same: by its binding it isn't known. */
TEST(what_is_left_is_a_block)
{
	int fd = owner();
	__u64 token;

	ASSERT_EQ(0, ask_text(fd, "tcp 4 10.0.0.1:40000 x4", &token, NULL));
	ASSERT_EQ(0, release_part(fd, token, 40001, 3));
	EXPECT_EQ(ENOENT, release_key(fd, "tcp 4 10.0.0.1:40000"));
	EXPECT_TRUE(held_exactly(40000, 1));
	EXPECT_EQ(0, release_part(fd, token, 40000, 1));
	EXPECT_EQ(ENOENT, release(fd, token));
	EXPECT_TRUE(all_free(IPPROTO_TCP, 40000));
	/* One of one port is none. */
	ASSERT_EQ(0, ask_text(fd, "tcp 4 10.0.0.1:40000 x1", &token, NULL));
	EXPECT_EQ(0, release_key(fd, "tcp 4 10.0.0.1:40000"));
	EXPECT_EQ(ENOENT, release(fd, token));
}

TEST(parts_that_it_has_not)
{
	struct netport_release rel = { 0 };
	int fd = owner(), fd2 = owner();
	__u64 token, set, one;

	ASSERT_EQ(0, ask_text(fd, "tcp 4 *:40000 x10", &token, NULL));
	ASSERT_EQ(0, ask_text(fd, "tcp 4 *:5000 + udp 4 *:0", &set, NULL));
	ASSERT_EQ(0, reserve_token(fd, "tcp 4 *:6000", &one));
	EXPECT_EQ(0, release_part(fd, token, 40004, 1));

	EXPECT_EQ(ENOENT, release_part(fd, token, 39999, 1));
	EXPECT_EQ(ENOENT, release_part(fd, token, 39999, 2));
	EXPECT_EQ(ENOENT, release_part(fd, token, 40009, 2));
	EXPECT_EQ(ENOENT, release_part(fd, token, 40010, 1));
	EXPECT_EQ(ENOENT, release_part(fd, token, 40000, 10));
	EXPECT_EQ(ENOENT, release_part(fd, token, 40003, 2));
	EXPECT_EQ(ENOENT, release_part(fd, token, 40004, 1));
	EXPECT_EQ(ENOENT, release_part(fd, token, 40000, 65535));
	EXPECT_EQ(ENOENT, release_part(fd, token, 65535, 65535));
	EXPECT_EQ(ENOENT, release_part(fd2, token, 40000, 1));
	EXPECT_EQ(ENOENT, release_part(fd, ~0ULL, 40000, 1));
	EXPECT_EQ(EINVAL, release_part(fd, token, 40000, 0));
	EXPECT_EQ(EINVAL, release_part(fd, token, 0, 1));
	EXPECT_EQ(EINVAL, release_part(fd, set, 5000, 1));
	EXPECT_EQ(EINVAL, release_part(fd, one, 6000, 1));
	/* A part needs a token, and isn't held. */
	rel.binding = request("tcp 4 *:6000").binding;
	rel.port = 6000;
	rel.count = 1;
	EXPECT_EQ(EINVAL, command(fd, NETPORT_IOC_RELEASE, &rel));
	rel = (struct netport_release){
		.token = token, .port = 40000, .count = 1, .hold = 1000,
	};
	EXPECT_EQ(EINVAL, command(fd, NETPORT_IOC_RELEASE, &rel));
	EXPECT_EQ(12, held(fd));
	EXPECT_EQ(0, release_part(fd, token, 40000, 4));
	EXPECT_EQ(0, release_part(fd, token, 40005, 5));
	EXPECT_EQ(3, held(fd));
}

TEST(parts_and_the_limit)
{
	int fd;
	__u64 token;

	set_limit("max_per_owner", 10);
	fd = owner();
	EXPECT_EQ(EDQUOT, ask_text(fd, "tcp 4 *:0 x11", NULL, NULL));
	EXPECT_EQ(EDQUOT, ask_text(fd, "tcp 4 *:0 x6 + udp 4 *:0", NULL, NULL));
	EXPECT_EQ(0, ask_text(fd, "tcp 4 *:40000 x5 + udp 4 *:0", &token, NULL));
	EXPECT_EQ(EDQUOT, reserve(fd, "tcp 4 *:5000"));
	EXPECT_EQ(0, release_part(fd, token, 40002, 1));
	EXPECT_EQ(EDQUOT, ask_text(fd, "tcp 4 *:5000 x3", NULL, NULL));
	EXPECT_EQ(0, ask_text(fd, "tcp 4 *:5000 x2", NULL, NULL));
	EXPECT_EQ(EDQUOT, reserve(fd, "tcp 4 *:6000"));
	EXPECT_EQ(0, release(fd, token));
	EXPECT_EQ(EDQUOT, ask_text(fd, "tcp 4 *:40000 x9", NULL, NULL));
	EXPECT_EQ(0, ask_text(fd, "tcp 4 *:40000 x8", NULL, NULL));
	restore_limits();
}

/* narrower picks */

TEST(parity)
{
	int fd = owner();
	unsigned int i, port;

	for (i = 0; i < 7; i++) {
		ASSERT_EQ(0, ask_text(fd, "udp 4 *:0 =40001-40015 /2", NULL, &port));
		EXPECT_EQ(0, port % 2);
	}
	EXPECT_EQ(EADDRNOTAVAIL, ask_text(fd, "udp 4 *:0 =40001-40015 /2", NULL, NULL));
	for (i = 0; i < 8; i++) {
		ASSERT_EQ(0, ask_text(fd, "udp 4 *:0 =40001-40015 /2 @1", NULL, &port));
		EXPECT_EQ(1, port % 2);
	}
	EXPECT_EQ(EADDRNOTAVAIL, ask_text(fd, "udp 4 *:0 =40001-40015 /2 @1", NULL, NULL));
}

TEST(each_alignment)
{
	int fd = owner();
	unsigned int align, port, i;
	char text[128];
	__u64 token;

	for (align = 1; align <= 32768; align *= 2) {
		const unsigned int offsets[] = { 0, 1, align / 2, align / 3, align - 1 };

		for (i = 0; i < ARRAY_SIZE(offsets); i++) {
			if (offsets[i] >= align)
				continue;
			sprintf(text, "udp 4 *:0 =1-65535 /%u @%u", align, offsets[i]);
			EXPECT_EQ(0, ask_text(fd, text, &token, &port)) TH_LOG("%s", text);
			EXPECT_EQ(offsets[i], port % align) TH_LOG("%s: %u", text, port);
			EXPECT_EQ(0, release(fd, token));
			sprintf(text, "udp 4 *:0 =1-65535 /%u @%u x2", align, offsets[i]);
			EXPECT_EQ(0, ask_text(fd, text, &token, &port)) TH_LOG("%s", text);
			EXPECT_EQ(offsets[i], port % align) TH_LOG("%s: %u", text, port);
			EXPECT_EQ(0, release(fd, token));
		}
	}
	/* The only one there is. */
	EXPECT_EQ(0, ask_text(fd, "udp 4 *:0 =1-65535 /32768", NULL, &port));
	EXPECT_EQ(32768, port);
	EXPECT_EQ(EADDRNOTAVAIL, ask_text(fd, "udp 4 *:0 =1-65535 /32768", NULL, NULL));
	EXPECT_EQ(EADDRNOTAVAIL, ask_text(fd, "udp 4 *:0 =40001-40007 /8", NULL, NULL));
}

/* Every port that fits, and none that doesn't: in all, what the range has. */
TEST(each_aligned_port_once)
{
	int fd = owner();
	unsigned int i, port;
	bool taken[1024] = { 0 };

	for (i = 0; i < 32; i++) {
		ASSERT_EQ(0, ask_text(fd, "udp 4 *:0 =40000-41023 /32 @5", NULL, &port));
		ASSERT_LE(40000, port);
		ASSERT_GE(41023, port);
		EXPECT_EQ(5, port % 32);
		EXPECT_FALSE(taken[port - 40000]);
		taken[port - 40000] = true;
	}
	EXPECT_EQ(EADDRNOTAVAIL, ask_text(fd, "udp 4 *:0 =40000-41023 /32 @5", NULL, NULL));
	EXPECT_EQ(EADDRNOTAVAIL, ask_available(fd, "udp 4 *:0 =40000-41023 /32 @5"));
	EXPECT_EQ(0, ask_text(fd, "udp 4 *:0 =40000-41023 /32 @6", NULL, NULL));
}

TEST(alignments_that_are_none)
{
	static const char *const bad[] = {
		"udp 4 *:0 /3", "udp 4 *:0 /6", "udp 4 *:0 /65535", "udp 4 *:0 /32769",
		"udp 4 *:0 @1", "udp 4 *:0 /1 @1", "udp 4 *:0 /2 @2", "udp 4 *:0 /16 @65535",
		"udp 4 *:5000 /2", "udp 4 *:5000 x2 /3", "udp 4 *:5000 @1",
	};
	int fd = owner();
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(EINVAL, ask_text(fd, bad[i], NULL, NULL)) TH_LOG("%s", bad[i]);
		EXPECT_EQ(EINVAL, ask_available(fd, bad[i])) TH_LOG("%s", bad[i]);
	}
	EXPECT_EQ(0, held(fd));
}

TEST(ports_to_leave_out)
{
	int fd = owner();
	unsigned int i, port;
	struct ask a;
	__u64 token;

	for (i = 0; i < 16; i++) {
		ASSERT_EQ(0, ask_text(fd, "udp 4 *:0 =40000-40003 !40003,40001,40000,40001,0,65535",
				      &token, &port));
		EXPECT_EQ(40002, port);
		ASSERT_EQ(0, release(fd, token));
	}
	EXPECT_EQ(EADDRNOTAVAIL, ask_text(fd, "udp 4 *:0 =40000-40001 !40001,40000", NULL, NULL));
	EXPECT_EQ(EADDRNOTAVAIL, ask_available(fd, "udp 4 *:0 =40000-40001 !40001,40000"));

	/* As many as there may be, over several words. */
	ask_init(&a, "udp 4 *:0 =40000-41024");
	for (i = 0; i < 1025; i++)
		if (i != 777)
			ask_exclude(&a, 40000 + i);
	EXPECT_EQ(0, ask(fd, &a));
	EXPECT_EQ(40777, a.req.reserve.binding.port);
	a.req.reserve.binding.port = 0;
	EXPECT_EQ(EADDRNOTAVAIL, ask(fd, &a));
	a.req.terms.nexclude = NETPORT_EXCLUDE_MAX + 1;
	EXPECT_EQ(EINVAL, ask(fd, &a));
	/* They can be had by number all the same, and by others. */
	EXPECT_EQ(0, reserve(fd, "udp 4 *:40000"));
}

TEST(candidates_are_picked_likewise)
{
	static const __u16 exclude[] = { 40004 };
	struct netport_candidate c = candidate_request("udp 4 *:0 =40000-40010");
	unsigned int n = 0, seen = 0;
	int fd = owner(), err;

	c.terms.align = 4;
	c.terms.exclude = pointer(exclude);
	c.terms.nexclude = 1;
	while (!(err = candidate(fd, &c)) && n < 8) {
		seen |= 1 << (c.reserve.binding.port - 40000);
		n++;
	}
	EXPECT_EQ(EADDRNOTAVAIL, err);
	EXPECT_EQ(2, n);
	EXPECT_EQ(1 << 0 | 1 << 8, seen);
}

/* One address reaches a remote from each of its ports once, and every remote from each. */
TEST(a_port_for_each_remote)
{
	static const char *const remotes[] = {
		"192.0.2.1:80", "192.0.2.1:81", "192.0.2.2:80", "192.0.2.3:0",
	};
	static const char *const protocols[] = { "tcp", "udp" };
	int fd = owner(), fd2 = owner();
	unsigned int i, j, k, port, seen;
	char text[128];

	for (k = 0; k < ARRAY_SIZE(protocols); k++) {
		for (i = 0; i < ARRAY_SIZE(remotes); i++) {
			sprintf(text, "%s 4 10.0.0.1:0 >%s =40000-40007", protocols[k], remotes[i]);
			for (seen = 0, j = 0; j < 8; j++) {
				ASSERT_EQ(0, ask_text(j % 2 ? fd : fd2, text, NULL, &port));
				EXPECT_FALSE(seen & 1 << (port - 40000));
				seen |= 1 << (port - 40000);
			}
			EXPECT_EQ(EADDRNOTAVAIL, ask_text(fd, text, NULL, NULL));
			EXPECT_EQ(EADDRNOTAVAIL, pick(fd, text, NULL));
		}
		/* And who wants one for every remote finds none. */
		sprintf(text, "%s 4 10.0.0.1:0 =40000-40007", protocols[k]);
		EXPECT_EQ(EADDRNOTAVAIL, ask_text(fd, text, NULL, NULL));
		sprintf(text, "%s 4 10.0.0.2:0 =40000-40007", protocols[k]);
		EXPECT_EQ(0, ask_text(fd, text, NULL, NULL));
	}
}

/* With alignment and holes, too, where it has to look beside others. */
TEST(aligned_beside_others)
{
	int fd = owner();
	unsigned int i, port;

	for (i = 40000; i < 40016; i++) {
		struct netport_reserve r = request("tcp 4 10.0.0.1:1 >192.0.2.1:80");

		r.binding.port = i;
		ASSERT_EQ(0, reserve_request(fd, &r));
	}
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(0, ask_text(fd, "tcp 4 10.0.0.1:0 >192.0.2.2:80 =40000-40015 /4 !40008",
				      NULL, &port));
		EXPECT_EQ(0, port % 4);
		EXPECT_NE(40008, port);
	}
	EXPECT_EQ(EADDRNOTAVAIL,
		  ask_text(fd, "tcp 4 10.0.0.1:0 >192.0.2.2:80 =40000-40015 /4 !40008", NULL,
			   NULL));
	EXPECT_EQ(0, ask_text(fd, "tcp 4 10.0.0.1:0 >192.0.2.2:80 =40000-40015 /4", NULL, &port));
	EXPECT_EQ(40008, port);
}

SELFTEST_MAIN
