// SPDX-License-Identifier: GPL-2.0
/*
 * pick - port 0: which port comes out, when none does, and the two searches that a
 * caller steers: candidates, which are held, and the ephemeral walk, which holds nothing.
 *
 * Statements about chance are made so that a correct module fails them less than once
 * in 10^9 runs.
 */
#include "selftest.h"

/* Picks until there is none; marks the ports in @seen. Returns how many, or -1. */
static int pick_all(int fd, const char *text, unsigned char *seen)
{
	struct netport_reserve r = request(text), s;
	unsigned int n = 0;
	int err;

	memset(seen, 0, 65536);
	for (;;) {
		s = r;
		err = reserve_request(fd, &s);
		if (err)
			break;
		if (seen[s.binding.port]++) {
			fprintf(stderr, "# port %u twice\n", s.binding.port);
			return -1;
		}
		n++;
	}
	if (err != EADDRNOTAVAIL) {
		fprintf(stderr, "# '%s' gives %d at last\n", text, err);
		return -1;
	}
	return n;
}

static unsigned int seen_between(const unsigned char *seen, unsigned int low, unsigned int high)
{
	unsigned int port, n = 0;

	for (port = low; port <= high; port++)
		n += seen[port];
	return n;
}

FIXTURE(pick) {
	int fd;
	unsigned char seen[65536];
};

FIXTURE_SETUP(pick)
{
	self->fd = owner();
}

/* Also if the test has come to a sudden end. */
FIXTURE_TEARDOWN_PARENT(pick)
{
	restore_netns();
}

TEST_F(pick, default_range)
{
	unsigned int low, high, port, i;

	ASSERT_EQ(0, get_range(self->fd, &low, &high));
	EXPECT_EQ(16000, low);
	EXPECT_EQ(65535, high);
	for (i = 0; i < 200; i++) {
		ASSERT_EQ(0, pick(self->fd, "tcp 4 *:0", &port));
		ASSERT_GE(port, 16000);
		ASSERT_EQ(0, self->seen[port]++);
	}
}

TEST_F(pick, what_is_picked_is_held)
{
	struct netport_reserve r = request("tcp 6 [2001:db8::1]:0 %1 LB =40000-40000");
	int other = owner();

	ASSERT_EQ(0, reserve_request(self->fd, &r));
	EXPECT_EQ(40000, r.binding.port);
	EXPECT_EQ(EADDRINUSE, reserve(other, "tcp 6 [2001:db8::1]:40000 %1"));
	EXPECT_EQ(ENOENT, release(other, r.token));
	EXPECT_EQ(0, release_key(self->fd, "tcp 6 [2001:db8::1]:40000 %1 LB"));
	EXPECT_EQ(ENOENT, release(self->fd, r.token));
	EXPECT_TRUE(all_free(IPPROTO_TCP, 40000));
}

TEST_F(pick, namespace_range)
{
	ASSERT_EQ(0, set_range(self->fd, 30000, 30099));
	EXPECT_EQ(100, pick_all(self->fd, "tcp 4 *:0", self->seen));
	EXPECT_EQ(100, seen_between(self->seen, 30000, 30099));
	/* Setting another one touches no reservation. */
	ASSERT_EQ(0, set_range(self->fd, 30099, 30101));
	EXPECT_EQ(2, pick_all(self->fd, "tcp 4 *:0", self->seen));
	EXPECT_FALSE(all_free(IPPROTO_TCP, 30000));
	EXPECT_EQ(0, release_key(self->fd, "tcp 4 *:30000"));
	/* It is for picking only. */
	EXPECT_EQ(0, reserve(self->fd, "tcp 4 *:29999"));
}

static const struct {
	const char *desc;
	const char *text;
	unsigned int low, high;
} ranges[] = {
	{ "a hundred", "tcp 4 *:0 =40000-40099", 40000, 40099 },
	{ "one", "tcp 4 *:0 =40100-40100", 40100, 40100 },
	{ "two", "tcp 4 *:0 =40101-40102", 40101, 40102 },
	{ "a word of a bitmap", "tcp 4 *:0 =40128-40191", 40128, 40191 },
	{ "a word and one more port", "tcp 4 *:0 =40256-40320", 40256, 40320 },
	{ "over the end of a word", "tcp 4 *:0 =40383-40384", 40383, 40384 },
	{ "over the end of a chunk", "tcp 4 *:0 =40900-41100", 40900, 41100 },
	{ "up to the last port", "tcp 4 *:0 =65530-65535", 65530, 65535 },
	{ "the last port", "tcp 6 *:0 =65535-65535", 65535, 65535 },
	{ "the first port", "tcp 6 *:0 =1-1", 1, 1 },
	{ "from the first port", "udp 4 *:0 =1-70", 1, 70 },
	{ "an open end", "udp 4 *:0 =65500-0", 65500, 65535 },
	{ "an open beginning", "udp 6 *:0 =0-9", 1, 9 },
};

TEST_F(pick, every_port_of_a_range_once)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ranges); i++) {
		unsigned int n = ranges[i].high - ranges[i].low + 1;

		EXPECT_EQ((int)n, pick_all(self->fd, ranges[i].text, self->seen))
			TH_LOG("%s", ranges[i].desc);
		EXPECT_EQ(n, seen_between(self->seen, ranges[i].low, ranges[i].high))
			TH_LOG("%s", ranges[i].desc);
		EXPECT_EQ(EADDRNOTAVAIL, available(self->fd, ranges[i].text));
	}
}

TEST_F(pick, whole_namespace)
{
	/* All that there is, a little at the ends excepted to be quick. */
	ASSERT_EQ(0, set_range(self->fd, 65000, 65535));
	EXPECT_EQ(536, pick_all(self->fd, "udp 4 *:0", self->seen));
	EXPECT_EQ(536, seen_between(self->seen, 65000, 65535));
	ASSERT_EQ(0, set_range(self->fd, 1, 500));
	EXPECT_EQ(500, pick_all(self->fd, "udp 4 *:0", self->seen));
	EXPECT_EQ(500, seen_between(self->seen, 1, 500));
	ASSERT_EQ(0, set_range(self->fd, 1, 65535));
	ASSERT_EQ(0, pick(self->fd, "udp 4 *:0", NULL));
}

TEST_F(pick, one_port_left)
{
	unsigned int port, i;
	char text[64];

	for (i = 40000; i < 40200; i++) {
		if (i == 40137)
			continue;
		snprintf(text, sizeof(text), "tcp 4 *:%u", i);
		ASSERT_EQ(0, reserve(self->fd, text));
	}
	for (i = 0; i < 20; i++) {
		EXPECT_EQ(0, available(self->fd, "tcp 4 *:0 =40000-40199"));
		ASSERT_EQ(0, pick(self->fd, "tcp 4 *:0 =40000-40199", &port));
		EXPECT_EQ(40137, port);
		EXPECT_EQ(EADDRNOTAVAIL, available(self->fd, "tcp 4 *:0 =40000-40199"));
		EXPECT_EQ(EADDRNOTAVAIL, pick(self->fd, "tcp 4 *:0 =40000-40199", &port));
		EXPECT_EQ(0, release_key(self->fd, "tcp 4 *:40137"));
	}
}

TEST_F(pick, first_and_last_are_no_exception)
{
	static const unsigned int left[] = { 40000, 40199 };
	unsigned int port, i, j;
	char text[64];

	for (j = 0; j < ARRAY_SIZE(left); j++) {
		int fd = owner();

		for (i = 40000; i < 40200; i++) {
			snprintf(text, sizeof(text), "tcp 4 *:%u", i);
			if (i != left[j])
				ASSERT_EQ(0, reserve(fd, text));
		}
		EXPECT_EQ(0, pick(fd, "tcp 4 *:0 =40000-40199", &port));
		EXPECT_EQ(left[j], port);
		close(fd);
	}
}

TEST_F(pick, start_is_random)
{
	unsigned int i, port, distinct = 0, quarter[4] = { 0 };
	__u64 token;

	for (i = 0; i < 400; i++) {
		struct netport_reserve r = request("tcp 4 *:0");

		ASSERT_EQ(0, reserve_request(self->fd, &r));
		token = r.token;
		port = r.binding.port;
		distinct += !self->seen[port]++;
		quarter[(port - 16000) / 12384]++;
		ASSERT_EQ(0, release(self->fd, token));
	}
	/* 398 and 100 each are to be expected. */
	EXPECT_GT(distinct, 350);
	for (i = 0; i < 4; i++) {
		EXPECT_GT(quarter[i], 40);
		EXPECT_LT(quarter[i], 160);
	}
}

TEST_F(pick, start_is_any_port_of_a_small_range)
{
	unsigned int i, port;
	int count[4] = { 0 };

	for (i = 0; i < 400; i++) {
		ASSERT_EQ(0, pick(self->fd, "tcp 4 *:0 =65532-65535", &port));
		count[port - 65532]++;
		close(self->fd);
		self->fd = owner();
	}
	for (i = 0; i < 4; i++) {
		EXPECT_GT(count[i], 40);
		EXPECT_LT(count[i], 160);
	}
}

TEST_F(pick, next_port_that_is_free)
{
	unsigned int port, i, low = 0;
	char text[64];

	/* From any start but the last two ports, what comes next is 40063. */
	for (i = 40000; i < 40063; i++) {
		snprintf(text, sizeof(text), "tcp 4 *:%u", i);
		ASSERT_EQ(0, reserve(self->fd, text));
	}
	for (i = 0; i < 200; i++) {
		struct netport_reserve r = request("tcp 4 *:0 =40000-40064");

		ASSERT_EQ(0, reserve_request(self->fd, &r));
		port = r.binding.port;
		low += port == 40063;
		ASSERT_EQ(0, release(self->fd, r.token));
	}
	EXPECT_GT(low, 160);
}

/* what is in the way of a pick */

TEST_F(pick, other_addresses_are_not)
{
	int other = owner();
	unsigned int port;

	ASSERT_EQ(50, pick_all(other, "tcp 4 10.0.0.2:0 =40000-40049", self->seen));
	EXPECT_EQ(50, pick_all(self->fd, "tcp 4 10.0.0.1:0 =40000-40049", self->seen));
	EXPECT_EQ(50, pick_all(self->fd, "udp 4 10.0.0.2:0 =40000-40049", self->seen));
	EXPECT_EQ(50, pick_all(self->fd, "tcp 6 *:0 =40000-40049", self->seen));
	EXPECT_EQ(EADDRNOTAVAIL, pick(self->fd, "tcp 4 *:0 =40000-40049", &port));
	EXPECT_EQ(EADDRNOTAVAIL, pick(self->fd, "tcp 46 *:0 =40000-40049", &port));
}

TEST_F(pick, any_avoids_what_an_address_has)
{
	int other = owner();
	unsigned int port, i;
	char text[64];

	for (i = 0; i < 50; i++) {
		snprintf(text, sizeof(text), "tcp 4 10.0.0.%u:%u", i + 1, 40000 + i);
		if (i != 21)
			ASSERT_EQ(0, reserve(other, text));
	}
	EXPECT_EQ(0, pick(self->fd, "tcp 4 *:0 =40000-40049", &port));
	EXPECT_EQ(40021, port);
	EXPECT_EQ(EADDRNOTAVAIL, pick(self->fd, "tcp 4 *:0 =40000-40049", &port));
	/* And an address avoids what any has. */
	EXPECT_EQ(0, pick(self->fd, "tcp 4 10.0.0.1:0 =40020-40021", &port));
	EXPECT_EQ(40020, port);
}

TEST_F(pick, both_families_avoid_what_either_has)
{
	unsigned int port, i;
	int other = owner();
	char text[64];

	for (i = 0; i < 50; i++) {
		snprintf(text, sizeof(text), i % 2 ? "tcp 4 10.0.0.1:%u" :
			 i % 4 ? "tcp 6 [2001:db8::1]:%u" : "tcp 6 *:%u", 40000 + i);
		if (i != 33)
			ASSERT_EQ(0, reserve(other, text));
	}
	EXPECT_EQ(EADDRNOTAVAIL, pick(self->fd, "tcp 46 *:0 =40000-40032", &port));
	EXPECT_EQ(0, pick(self->fd, "tcp 46 *:0 =40000-40049", &port));
	EXPECT_EQ(40033, port);
	EXPECT_FALSE(!available(other, "tcp 4 *:40033"));
	EXPECT_FALSE(!available(other, "tcp 6 *:40033"));
	/* One family at a time finds what the other one has. */
	EXPECT_EQ(25, pick_all(self->fd, "tcp 4 *:0 =40000-40049", self->seen));
	EXPECT_EQ(24, pick_all(self->fd, "tcp 6 *:0 =40000-40049", self->seen));
}

TEST_F(pick, other_devices_are_not)
{
	int other = owner();
	unsigned int port;

	ASSERT_EQ(20, pick_all(other, "tcp 4 *:0 %1 =40000-40019", self->seen));
	EXPECT_EQ(EADDRNOTAVAIL, pick(self->fd, "tcp 4 *:0 =40000-40019", &port));
	EXPECT_EQ(EADDRNOTAVAIL, pick(self->fd, "tcp 4 *:0 %1 =40000-40019", &port));
	EXPECT_EQ(20, pick_all(self->fd, "tcp 4 *:0 %2 =40000-40019", self->seen));
	EXPECT_EQ(20, seen_between(self->seen, 40000, 40019));
}

TEST_F(pick, one_address_reaches_one_destination_from_each_port)
{
	unsigned int port;

	EXPECT_EQ(20, pick_all(self->fd, "tcp 4 10.0.0.1:0 >1.1.1.1:5 =40000-40019",
			       self->seen));
	EXPECT_EQ(20, pick_all(self->fd, "tcp 4 10.0.0.1:0 >1.1.1.1:6 =40000-40019",
			       self->seen));
	EXPECT_EQ(20, pick_all(self->fd, "tcp 4 10.0.0.1:0 >1.1.1.2:5 =40000-40019",
			       self->seen));
	EXPECT_EQ(EADDRNOTAVAIL, pick(self->fd, "tcp 4 10.0.0.1:0 =40000-40019", &port));
	EXPECT_EQ(EADDRNOTAVAIL,
		  pick(self->fd, "tcp 4 10.0.0.1:0 >1.1.1.1:0 =40000-40019", &port));
}

TEST_F(pick, what_nobody_has_is_preferred)
{
	unsigned int port, i;
	int other = owner();

	/* That holds for other remotes and devices, and for what could be shared. */
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(19, pick_all(other, "tcp 4 *:0 =40001-40019", self->seen));
		close(other);
		other = owner();
		ASSERT_EQ(0, pick(self->fd, "tcp 4 *:0 >1.1.1.1:5 =40000-40000", &port));
		ASSERT_EQ(0, pick(other, "tcp 4 *:0 >1.1.1.2:5 =40000-40001", &port));
		EXPECT_EQ(40001, port);
		ASSERT_EQ(0, pick(self->fd, "udp 4 *:0 LB =40000-40000", &port));
		ASSERT_EQ(0, pick(other, "udp 4 *:0 LB =40000-40001", &port));
		EXPECT_EQ(40001, port);
		ASSERT_EQ(0, release_key(self->fd, "tcp 4 *:40000 >1.1.1.1:5"));
		ASSERT_EQ(0, release_key(self->fd, "udp 4 *:40000 LB"));
		close(other);
		other = owner();
	}
}

/* sharing */

static const char *const shareable[] = { "udp", "sctp", "262", "0" };

TEST_F(pick, shares_when_none_is_free)
{
	unsigned int i, j, port, low;
	char text[64];
	int other;

	for (i = 0; i < ARRAY_SIZE(shareable); i++) {
		snprintf(text, sizeof(text), "%s 4 *:0 LB|MR =40000-40003", shareable[i]);
		/* Each is taken alone before any is shared, and then any may be. */
		memset(self->seen, 0, sizeof(self->seen));
		for (j = 0; j < 4; j++) {
			ASSERT_EQ(0, pick(self->fd, text, &port));
			EXPECT_EQ(0, self->seen[port]++);
		}
		other = owner();
		low = 0;
		for (j = 0; j < 100; j++) {
			ASSERT_EQ(0, available(other, text));
			ASSERT_EQ(0, pick(other, text, &port));
			ASSERT_GE(port, 40000);
			ASSERT_LE(port, 40003);
			low += port < 40002;
		}
		EXPECT_GT(low, 10);
		EXPECT_LT(low, 90);
		close(other);
		/* Only who has a flag in common. */
		snprintf(text, sizeof(text), "%s 4 *:0 =40000-40003", shareable[i]);
		EXPECT_EQ(EADDRNOTAVAIL, pick(self->fd, text, &port));
		snprintf(text, sizeof(text), "%s 4 *:0 TO =40000-40003", shareable[i]);
		EXPECT_EQ(EADDRNOTAVAIL, pick(self->fd, text, &port));
		EXPECT_EQ(EADDRNOTAVAIL, available(self->fd, text));
	}
}

TEST_F(pick, tcp_never_shares)
{
	unsigned int port;

	EXPECT_EQ(4, pick_all(self->fd, "tcp 4 *:0 LB|MR|TO =40000-40003", self->seen));
	EXPECT_EQ(EADDRNOTAVAIL, pick(self->fd, "tcp 4 10.0.0.1:0 LB =40000-40003", &port));
	EXPECT_EQ(EADDRNOTAVAIL,
		  pick(self->fd, "tcp 4 10.0.0.1:0 >1.1.1.1:5 TO =40000-40003", &port));
	EXPECT_EQ(EADDRNOTAVAIL, available(self->fd, "tcp 4 *:0 LB =40000-40003"));
	/* By number it may. */
	EXPECT_EQ(0, reserve(self->fd, "tcp 4 *:40000 LB"));
}

TEST_F(pick, shares_with_its_own_uid_only)
{
	int x = owner_as(1000), y = owner_as(1000), z = owner_as(1001);
	unsigned int port;

	ASSERT_EQ(0, pick(x, "udp 4 *:0 LB =40000-40000", &port));
	EXPECT_EQ(EADDRNOTAVAIL, pick(z, "udp 4 *:0 LB =40000-40000", &port));
	EXPECT_EQ(EADDRNOTAVAIL, pick(self->fd, "udp 4 *:0 LB =40000-40000", &port));
	EXPECT_EQ(0, pick(y, "udp 4 *:0 LB =40000-40000", &port));
}

TEST_F(pick, shares_the_one_it_can)
{
	unsigned int port, i;
	char text[64];

	for (i = 40000; i < 40100; i++) {
		snprintf(text, sizeof(text), "udp 4 *:%u %s", i, i == 40077 ? "MR" : "LB");
		ASSERT_EQ(0, reserve(self->fd, text));
	}
	for (i = 0; i < 10; i++) {
		EXPECT_EQ(0, pick(self->fd, "udp 4 *:0 MR =40000-40099", &port));
		EXPECT_EQ(40077, port);
	}
	EXPECT_EQ(EADDRNOTAVAIL, pick(self->fd, "udp 4 *:0 MR =40000-40076", &port));
}

/* net.ipv4.ip_local_reserved_ports */

TEST_F(pick, skips_what_the_host_reserved)
{
	struct netport_candidate c = candidate_request("udp 4 *:0 =41000-41011");
	unsigned int port, i;

	if (access(RESERVED_PORTS, W_OK))
		SKIP(return, "no " RESERVED_PORTS);
	write_file(RESERVED_PORTS, "41000-41008,41011");
	EXPECT_EQ(2, pick_all(self->fd, "tcp 4 *:0 =41000-41011", self->seen));
	EXPECT_EQ(2, seen_between(self->seen, 41009, 41010));
	EXPECT_EQ(EADDRNOTAVAIL, available(self->fd, "tcp 4 *:0 =41000-41008"));
	/* Nor is one shared. */
	ASSERT_EQ(0, reserve(self->fd, "sctp 4 *:41000 LB"));
	EXPECT_EQ(EADDRNOTAVAIL, pick(self->fd, "sctp 4 *:0 LB =41000-41008", &port));
	/* Nor offered. */
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, candidate(self->fd, &c));
		EXPECT_EQ(1, c.reserve.binding.port == 41009 || c.reserve.binding.port == 41010);
	}
	EXPECT_EQ(EADDRNOTAVAIL, candidate(self->fd, &c));
	/* But it can be had by number, and by a name given to the search afterwards. */
	EXPECT_EQ(0, reserve(self->fd, "tcp 4 *:41005"));
	write_file(RESERVED_PORTS, "41000-41007");
	EXPECT_EQ(0, pick(self->fd, "tcp 4 *:0 =41000-41008", &port));
	EXPECT_EQ(41008, port);
	write_file(RESERVED_PORTS, "\n");
	EXPECT_EQ(7, pick_all(self->fd, "tcp 4 *:0 =41000-41007", self->seen));
}

/* candidates */

TEST_F(pick, candidates_offer_each_port_once)
{
	unsigned int i, n, round, port = 0;
	int other = owner();

	for (round = 0; round < 8; round++) {
		struct netport_candidate c = candidate_request("tcp 4 *:0 =40000-40009");

		memset(self->seen, 0, sizeof(self->seen));
		for (i = 0; i < 10; i++) {
			ASSERT_EQ(0, candidate(self->fd, &c));
			/* The next one, and from the end to the beginning. */
			if (i)
				EXPECT_EQ(port == 40009 ? 40000 : port + 1,
					  c.reserve.binding.port);
			/* The one turned down is free, and this one is not. */
			if (i)
				EXPECT_TRUE(all_free(IPPROTO_TCP, port));
			port = c.reserve.binding.port;
			EXPECT_EQ(0, self->seen[port]++);
			EXPECT_FALSE(all_free(IPPROTO_TCP, port));
			EXPECT_EQ(ENOENT, release(other, c.reserve.token));
		}
		n = seen_between(self->seen, 40000, 40009);
		EXPECT_EQ(10, n);
		/* Then there is none, and the last one is still held. */
		for (i = 0; i < 2; i++) {
			EXPECT_EQ(EADDRNOTAVAIL, candidate(self->fd, &c));
			EXPECT_FALSE(all_free(IPPROTO_TCP, port));
		}
		EXPECT_EQ(0, round % 2 ? release(self->fd, c.reserve.token) :
			  accept_token(self->fd, c.reserve.token));
		if (round % 2 == 0)
			EXPECT_EQ(0, release(self->fd, c.reserve.token));
		for (port = 40000; port < 40010; port++)
			EXPECT_TRUE(all_free(IPPROTO_TCP, port));
	}
}

TEST_F(pick, candidate_of_one_port)
{
	struct netport_candidate c = candidate_request("udp 6 [2001:db8::1]:0 =65535-65535 MR");

	ASSERT_EQ(0, candidate(self->fd, &c));
	EXPECT_EQ(65535, c.reserve.binding.port);
	EXPECT_EQ(EADDRNOTAVAIL, candidate(self->fd, &c));
	EXPECT_EQ(0, accept_token(self->fd, c.reserve.token));
}

TEST_F(pick, candidate_of_the_namespace_range)
{
	struct netport_candidate c = candidate_request("tcp 46 *:0");
	unsigned int i;

	ASSERT_EQ(0, set_range(self->fd, 30000, 30002));
	ASSERT_EQ(0, candidate(self->fd, &c));
	/* A search that has begun doesn't know of another range. */
	ASSERT_EQ(0, set_range(self->fd, 31000, 31002));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, candidate(self->fd, &c));
		EXPECT_GE(c.reserve.binding.port, 30000);
		EXPECT_LE(c.reserve.binding.port, 30002);
	}
	EXPECT_EQ(EADDRNOTAVAIL, candidate(self->fd, &c));
}

TEST_F(pick, candidate_of_another_range_than_the_first)
{
	static const struct {
		unsigned int low, high;
	} bad[] = {
		{ 40000, 40008 }, { 40001, 40009 }, { 50000, 50009 }, { 1, 65535 },
	};
	struct netport_candidate c = candidate_request("tcp 4 *:0 =40000-40009"), other;
	unsigned int i;

	ASSERT_EQ(0, candidate(self->fd, &c));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		other = c;
		other.reserve.low = bad[i].low;
		other.reserve.high = bad[i].high;
		EXPECT_EQ(EINVAL, candidate(self->fd, &other));
	}
	EXPECT_EQ(0, candidate(self->fd, &c));
	EXPECT_EQ(0, accept_token(self->fd, c.reserve.token));
}

TEST_F(pick, candidate_accepted_is_a_reservation)
{
	struct netport_candidate c = candidate_request("tcp 4 10.0.0.1:0 =40000-40009 LB"), again;
	char text[64];

	ASSERT_EQ(0, candidate(self->fd, &c));
	ASSERT_EQ(0, candidate(self->fd, &c));
	EXPECT_EQ(0, accept_token(self->fd, c.reserve.token));
	again = c;
	EXPECT_EQ(EINVAL, candidate(self->fd, &again));
	snprintf(text, sizeof(text), "tcp 4 10.0.0.1:%u", c.reserve.binding.port);
	EXPECT_EQ(EADDRINUSE, free_for_others(text));
	strcat(text, " LB");
	EXPECT_EQ(0, release_key(self->fd, text));
	EXPECT_EQ(ENOENT, release(self->fd, c.reserve.token));
}

TEST_F(pick, candidate_given_up_ends_the_search)
{
	struct netport_candidate c = candidate_request("tcp 4 *:0 =40000-40009");
	unsigned int port;

	ASSERT_EQ(0, candidate(self->fd, &c));
	EXPECT_EQ(0, release(self->fd, c.reserve.token));
	EXPECT_EQ(ENOENT, candidate(self->fd, &c));
	for (port = 40000; port < 40010; port++)
		EXPECT_TRUE(all_free(IPPROTO_TCP, port));
}

TEST_F(pick, candidates_skip_what_is_held)
{
	struct netport_candidate c = candidate_request("tcp 4 10.0.0.1:0 =40000-40009");
	unsigned int n = 0;
	int other = owner();

	ASSERT_EQ(0, reserve(other, "tcp 4 *:40000"));
	ASSERT_EQ(0, reserve(other, "tcp 4 10.0.0.1:40004"));
	ASSERT_EQ(0, reserve(other, "tcp 46 *:40009"));
	ASSERT_EQ(0, reserve(other, "tcp 4 10.0.0.2:40005"));
	while (!candidate(self->fd, &c)) {
		ASSERT_EQ(0, self->seen[c.reserve.binding.port]++);
		ASSERT_LE(++n, 10);
	}
	EXPECT_EQ(7, n);
	EXPECT_EQ(0, self->seen[40000] + self->seen[40004] + self->seen[40009]);
}

TEST_F(pick, two_searches_never_meet)
{
	struct netport_candidate a = candidate_request("tcp 4 *:0 =40000-40004"), b = a;
	int other = owner();
	unsigned int i;

	ASSERT_EQ(0, candidate(self->fd, &a));
	ASSERT_EQ(0, candidate(other, &b));
	for (i = 0; i < 4; i++) {
		EXPECT_NE(a.reserve.binding.port, b.reserve.binding.port);
		if (candidate(self->fd, &a) || candidate(other, &b))
			break;
	}
}

/* A search that has offered free ports doesn't go on to those that have to be shared. */
TEST_F(pick, candidates_are_not_shared_after_free_ones)
{
	struct netport_candidate c = candidate_request("udp 4 *:0 LB =40000-40009");
	unsigned int n = 0, port;
	int other = owner();

	ASSERT_EQ(0, reserve(other, "udp 4 *:40002 LB"));
	ASSERT_EQ(0, reserve(other, "udp 4 *:40003 MR"));
	ASSERT_EQ(0, reserve(other, "udp 4 *:40007 LB"));
	while (!candidate(self->fd, &c)) {
		port = c.reserve.binding.port;
		ASSERT_EQ(0, self->seen[port]++);
		ASSERT_LE(++n, 10);
	}
	EXPECT_EQ(7, n);
	EXPECT_EQ(0, self->seen[40002] + self->seen[40003] + self->seen[40007]);
}

/* What other devices or remotes have needn't be shared: it is as good as free. */
TEST_F(pick, candidates_offer_what_other_remotes_have)
{
	struct netport_candidate c =
		candidate_request("tcp 4 10.0.0.1:0 >1.1.1.1:5 =40000-40009");
	unsigned int n = 0, port, first = 0, last = 0;
	int other = owner();

	ASSERT_EQ(0, reserve(other, "tcp 4 10.0.0.1:40002 >1.1.1.2:5"));
	ASSERT_EQ(0, reserve(other, "tcp 4 10.0.0.1:40003 >1.1.1.1:5"));
	ASSERT_EQ(0, reserve(other, "tcp 4 10.0.0.1:40007 %7"));
	ASSERT_EQ(0, reserve(other, "tcp 4 10.0.0.1:40008 >1.1.1.3:0"));
	while (!candidate(self->fd, &c)) {
		port = c.reserve.binding.port;
		ASSERT_EQ(0, self->seen[port]++);
		if (!n)
			first = port;
		EXPECT_EQ(n > 0, (port + 10 - first) % 10 > (last + 10 - first) % 10);
		last = port;
		ASSERT_LE(++n, 10);
	}
	EXPECT_EQ(8, n);
	EXPECT_EQ(0, self->seen[40003] + self->seen[40007]);
}

TEST_F(pick, candidates_where_all_are_shared)
{
	struct netport_candidate c = candidate_request("udp 4 *:0 LB =40000-40009");
	unsigned int n = 0;
	int other = owner();

	for (n = 0; n < 10; n++) {
		unsigned int port;

		ASSERT_EQ(0, pick(other, "udp 4 *:0 LB =40000-40009", &port));
	}
	memset(self->seen, 0, sizeof(self->seen));
	n = 0;
	while (!candidate(self->fd, &c)) {
		ASSERT_EQ(0, self->seen[c.reserve.binding.port]++);
		ASSERT_LE(++n, 10);
	}
	EXPECT_EQ(10, n);
}

TEST_F(pick, killed_caller_frees_its_candidate)
{
	struct gate ready = gate_new();
	pid_t pid = spawn();

	if (!pid) {
		struct netport_candidate c = candidate_request("tcp 4 *:0 =40000-40001");
		int fd = owner();

		CHECK_EQ(0, candidate(fd, &c));
		CHECK_EQ(0, candidate(fd, &c));
		gate_open(&ready);
		pause();
	}
	close(ready.fd[1]);
	gate_wait(&ready);
	EXPECT_NE(all_free(IPPROTO_TCP, 40000), all_free(IPPROTO_TCP, 40001));
	kill(pid, SIGKILL);
	EXPECT_EQ(256 + SIGKILL, ended(pid));
	EXPECT_TRUE(all_free(IPPROTO_TCP, 40000));
	EXPECT_TRUE(all_free(IPPROTO_TCP, 40001));
}

/* the walk that holds nothing */

static int walk(int fd, struct netport_ephemeral *e)
{
	struct netport_ephemeral before = *e;
	int err;

	e->port = 0xcccc;
	err = command(fd, NETPORT_IOC_EPHEMERAL, e);
	if (!err && (e->low != before.low || e->high != before.high || e->__pad ||
		     !e->port || !e->cursor)) {
		fprintf(stderr, "# EPHEMERAL wrote more than its results\n");
		return BROKEN;
	}
	return err;
}

TEST_F(pick, walk_offers_each_port_once)
{
	static const struct {
		unsigned int low, high, first, last;
	} table[] = {
		{ 40000, 40099, 40000, 40099 },
		{ 40000, 40000, 40000, 40000 },
		{ 1, 1, 1, 1 },
		{ 65535, 65535, 65535, 65535 },
		{ 65000, 65535, 65000, 65535 },
		/* The namespace's, as a whole and one end of it. */
		{ 0, 0, 30000, 30299 },
		{ 30200, 0, 30200, 30299 },
		{ 0, 30009, 30000, 30009 },
		{ 0, 65535, 30000, 65535 },
	};
	unsigned int i, n, size, port = 0;

	ASSERT_EQ(0, set_range(self->fd, 30000, 30299));
	/* Whoever holds them. */
	ASSERT_EQ(0, reserve(self->fd, "tcp 46 *:40000"));
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		struct netport_ephemeral e = { .low = table[i].low, .high = table[i].high };

		size = table[i].last - table[i].first + 1;
		if (size > 2000)
			size = 2000;
		memset(self->seen, 0, sizeof(self->seen));
		for (n = 0; n < size; n++) {
			ASSERT_EQ(0, walk(self->fd, &e)) TH_LOG("range %u port %u", i, n);
			if (n)
				ASSERT_EQ(e.port,
					  port == table[i].last ? table[i].first : port + 1);
			port = e.port;
			ASSERT_EQ(0, self->seen[port]++);
		}
		EXPECT_EQ(size, seen_between(self->seen, table[i].first, table[i].last));
		if (size == 2000)
			continue;
		EXPECT_EQ(EADDRNOTAVAIL, walk(self->fd, &e));
		EXPECT_EQ(EADDRNOTAVAIL, walk(self->fd, &e));
	}
	for (port = 40001; port < 40100; port++)
		EXPECT_TRUE(all_free(IPPROTO_TCP, port));
}

TEST_F(pick, walk_starts_at_random)
{
	unsigned int i, distinct = 0, quarter[4] = { 0 };

	for (i = 0; i < 400; i++) {
		struct netport_ephemeral e = { .low = 0 };

		ASSERT_EQ(0, walk(self->fd, &e));
		ASSERT_GE(e.port, 16000);
		distinct += !self->seen[e.port]++;
		quarter[(e.port - 16000) / 12384]++;
	}
	EXPECT_GT(distinct, 350);
	for (i = 0; i < 4; i++) {
		EXPECT_GT(quarter[i], 40);
		EXPECT_LT(quarter[i], 160);
	}
}

SELFTEST_MAIN
