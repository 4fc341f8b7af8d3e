// SPDX-License-Identifier: GPL-2.0
/*
 * sets - one port on several bindings: all or none, and one token; and reservations that
 * change, by EXTEND and REBIND: what they get, what they keep, and that a change that
 * fails is none.
 */
#include "terms.h"

#define WEB	"tcp 4 10.0.0.1:5000 + udp 4 10.0.0.1:0 + tcp 6 [2001:db8::1]:5000"

static const char *const web[] = {
	"tcp 4 10.0.0.1:5000", "udp 4 10.0.0.1:5000", "tcp 6 [2001:db8::1]:5000",
};

/* A set as large as they get: 64 addresses and one port. */
static void ask_many(struct ask *a, unsigned int n, unsigned int port)
{
	struct netport_binding b;
	unsigned int i;

	ask_init(a, "tcp 4 10.0.1.0:0");
	a->req.reserve.binding.port = port;
	b = a->req.reserve.binding;
	for (i = 1; i < n; i++) {
		b.addr[3] = i;
		ask_binding(a, &b);
	}
}

static bool nothing_on(unsigned int port)
{
	return all_free(IPPROTO_TCP, port) && all_free(IPPROTO_UDP, port) &&
	       all_free(IPPROTO_SCTP, port);
}

/* making */

TEST(one_port_on_each_binding)
{
	int fd = owner();
	unsigned int i;
	__u64 token;

	ASSERT_EQ(0, ask_text(fd, WEB, &token, NULL));
	for (i = 0; i < ARRAY_SIZE(web); i++)
		EXPECT_EQ(EADDRINUSE, free_for_others(web[i])) TH_LOG("%s", web[i]);
	/* And nothing else. */
	EXPECT_EQ(0, free_for_others("udp 6 [2001:db8::1]:5000"));
	EXPECT_EQ(0, free_for_others("tcp 4 10.0.0.2:5000"));
	EXPECT_EQ(0, free_for_others("tcp 4 10.0.0.1:5001"));
	EXPECT_EQ(ARRAY_SIZE(web), held_by(fd, token, NULL));
	EXPECT_EQ(ARRAY_SIZE(web), held(fd));
}

TEST(release_takes_all)
{
	int fd = owner(), fd2 = owner();
	__u64 token;

	ASSERT_EQ(0, ask_text(fd, WEB, &token, NULL));
	EXPECT_EQ(ENOENT, release(fd2, token));
	EXPECT_EQ(0, release(fd, token));
	EXPECT_TRUE(nothing_on(5000));
	EXPECT_EQ(ENOENT, release(fd, token));
	EXPECT_EQ(0, held(fd));
}

TEST(close_takes_all)
{
	int fd = owner();

	ASSERT_EQ(0, ask_text(fd, WEB, NULL, NULL));
	close(fd);
	EXPECT_TRUE(nothing_on(5000));
}

TEST(named_only_by_its_token)
{
	int fd = owner();
	unsigned int i;
	__u64 token;

	ASSERT_EQ(0, ask_text(fd, WEB, &token, NULL));
	for (i = 0; i < ARRAY_SIZE(web); i++)
		EXPECT_EQ(ENOENT, release_key(fd, web[i])) TH_LOG("%s", web[i]);
	EXPECT_EQ(ARRAY_SIZE(web), held_by(fd, token, NULL));
	EXPECT_EQ(0, release(fd, token));
}

TEST(none_if_one_is_taken)
{
	int fd = owner(), fd2 = owner();
	unsigned int i, j;
	__u64 token;

	for (i = 0; i < ARRAY_SIZE(web); i++) {
		ASSERT_EQ(0, reserve_token(fd2, web[i], &token));
		EXPECT_EQ(EADDRINUSE, ask_available(fd, WEB)) TH_LOG("%s", web[i]);
		EXPECT_EQ(EADDRINUSE, ask_text(fd, WEB, NULL, NULL)) TH_LOG("%s", web[i]);
		EXPECT_EQ(0, held(fd));
		for (j = 0; j < ARRAY_SIZE(web); j++)
			EXPECT_EQ(i == j ? EADDRINUSE : 0, free_for_others(web[j]));
		ASSERT_EQ(0, release(fd2, token));
	}
	EXPECT_EQ(0, ask_available(fd, WEB));
	EXPECT_EQ(0, held(fd));
	EXPECT_EQ(0, ask_text(fd, WEB, NULL, NULL));
}

/* Each of the others has one port less. */
TEST(port_0_finds_one_for_all)
{
	static const char *const text = "tcp 4 10.0.0.1:0 =40000-40003 + udp 4 *:0 + tcp 6 *:0";
	int fd = owner(), fd2 = owner();
	unsigned int port, i;
	__u64 token;

	ASSERT_EQ(0, reserve(fd2, "tcp 4 10.0.0.1:40000"));
	ASSERT_EQ(0, reserve(fd2, "udp 4 10.9.9.9:40001"));
	ASSERT_EQ(0, reserve(fd2, "tcp 6 [2001:db8::5]:40003"));
	for (i = 0; i < 8; i++) {
		EXPECT_EQ(0, ask_available(fd, text));
		ASSERT_EQ(0, ask_text(fd, text, &token, &port));
		EXPECT_EQ(40002, port);
		EXPECT_EQ(EADDRINUSE, free_for_others("udp 4 10.9.9.9:40002"));
		EXPECT_EQ(EADDRNOTAVAIL, ask_available(fd2, text));
		EXPECT_EQ(EADDRNOTAVAIL, ask_text(fd2, text, NULL, NULL));
		EXPECT_EQ(3, held(fd2));
		ASSERT_EQ(0, release(fd, token));
	}
	EXPECT_TRUE(nothing_on(40002));
}

TEST(pick_shares_when_all_of_it_may)
{
	static const char *const text = "udp 4 10.0.0.1:0 MR =40000-40001 + udp 4 10.0.0.2:0 MR";
	int fd = owner();
	unsigned int port;

	ASSERT_EQ(0, reserve(fd, "udp 4 10.0.0.1:40000 MR"));
	ASSERT_EQ(0, ask_text(fd, text, NULL, &port));
	EXPECT_EQ(40001, port);
	EXPECT_EQ(0, ask_text(fd, text, NULL, NULL));
	ASSERT_EQ(0, ask_text(fd, text, NULL, NULL));
	/* A binding that doesn't share has the last word, once each port has that address. */
	ASSERT_EQ(0, reserve(fd, "udp 4 10.0.0.2:40000 MR"));
	EXPECT_EQ(EADDRNOTAVAIL,
		  ask_text(fd, "udp 4 10.0.0.1:0 MR =40000-40001 + udp 4 10.0.0.2:0", NULL, NULL));
}

TEST(its_own_bindings_overlap)
{
	static const char *const bad[] = {
		"tcp 4 *:5000 + tcp 4 *:5000",
		"tcp 4 *:5000 + udp 4 *:5000 + tcp 4 *:5000",
		"tcp 4 *:5000 LB + tcp 4 *:5000 LB",
		"tcp 4 *:5000 MR + tcp 4 10.0.0.1:5000 MR",
		"tcp 4 10.0.0.1:5000 + tcp 4 *:5000",
		"tcp 4 10.0.0.1:5000 + tcp 6 [::ffff:10.0.0.1]:5000",
		"tcp 46 *:5000 + tcp 4 10.0.0.1:5000",
		"tcp 6 [2001:db8::1]:5000 + tcp 46 *:5000",
		"tcp 4 *:5000 %1 + tcp 4 *:5000",
		"tcp 4 *:5000 >1.1.1.1:5 + tcp 4 10.0.0.1:5000 >1.1.1.1:0",
	};
	static const char *const good[] = {
		"tcp 4 *:5000 + tcp 6 *:5000",
		"tcp 4 *:5000 %1 + tcp 4 *:5000 %2",
		"tcp 4 10.0.0.1:5000 + tcp 4 10.0.0.2:5000",
		"tcp 4 *:5000 >1.1.1.1:5 + tcp 4 *:5000 >1.1.1.1:6",
		"tcp 46 *:5000 + udp 46 *:5000 + 132 46 *:5000 + 262 46 *:5000 + 0 46 *:5000",
	};
	int fd = owner();
	unsigned int i;
	__u64 token;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(EINVAL, ask_text(fd, bad[i], NULL, NULL)) TH_LOG("%s", bad[i]);
		EXPECT_EQ(EINVAL, ask_available(fd, bad[i])) TH_LOG("%s", bad[i]);
		EXPECT_EQ(0, held(fd));
	}
	for (i = 0; i < ARRAY_SIZE(good); i++) {
		EXPECT_EQ(0, ask_text(fd, good[i], &token, NULL)) TH_LOG("%s", good[i]);
		EXPECT_EQ(0, release(fd, token));
	}
}

TEST(another_port_in_the_set)
{
	int fd = owner();

	EXPECT_EQ(EINVAL, ask_text(fd, "tcp 4 *:5000 + udp 4 *:5001", NULL, NULL));
	EXPECT_EQ(EINVAL, ask_text(fd, "tcp 4 *:0 + udp 4 *:5001", NULL, NULL));
	EXPECT_EQ(0, held(fd));
	EXPECT_EQ(0, ask_text(fd, "tcp 4 *:5000 + udp 4 *:0", NULL, NULL));
	EXPECT_EQ(0, ask_text(fd, "tcp 4 *:5001 + udp 4 *:5001", NULL, NULL));
}

/* The same rules as for one: any of the bindings may break them. */
TEST(malformed_binding_in_the_set)
{
	struct ask a;
	int fd = owner();

	ask_init(&a, WEB);
	a.more[1].families = 0;
	EXPECT_EQ(EINVAL, ask(fd, &a));
	ask_init(&a, WEB);
	a.more[0].share = 8;
	EXPECT_EQ(EINVAL, ask(fd, &a));
	ask_init(&a, WEB);
	a.more[1].remote_port = 1;
	EXPECT_EQ(EINVAL, ask(fd, &a));
	ask_init(&a, WEB);
	a.more[0].addr[15] = 1;
	EXPECT_EQ(EINVAL, ask(fd, &a));
	EXPECT_TRUE(nothing_on(5000));
	ask_init(&a, WEB);
	EXPECT_EQ(0, ask(fd, &a));
}

TEST(sixty_four_bindings)
{
	int fd = owner();
	struct ask a;

	ask_many(&a, 64, 5000);
	ASSERT_EQ(0, ask(fd, &a));
	EXPECT_EQ(64, held_by(fd, a.req.reserve.token, NULL));
	EXPECT_EQ(EADDRINUSE, free_for_others("tcp 4 10.0.1.63:5000"));
	EXPECT_EQ(0, free_for_others("tcp 4 10.0.1.64:5000"));
	EXPECT_EQ(0, release(fd, a.req.reserve.token));
	EXPECT_TRUE(nothing_on(5000));

	ask_many(&a, 65, 5000);
	EXPECT_EQ(EINVAL, ask(fd, &a));
	ask_many(&a, 64, 0);
	EXPECT_EQ(0, ask(fd, &a));
}

/* The options are for all of its bindings. */
TEST(tuples)
{
	static const char *const with_ports =
		"tcp 4 10.0.0.1:5000 >1.1.1.1:5 tuple + udp 4 10.0.0.1:5000 >1.1.1.1:5";
	static const char *const with_one =
		"tcp 4 10.0.0.1:5000 >1.1.1.1:5 tuple + udp 4 10.0.0.1:0 >1.1.1.1:5";
	static const char *const half_the_same =
		"tcp 4 10.0.0.1:5000 >1.1.1.1:6 tuple + udp 4 10.0.0.1:0 >1.1.1.1:5";
	static const char *const half_a_tuple =
		"tcp 4 10.0.0.2:5000 >1.1.1.1:5 tuple + udp 4 10.0.0.1:0";
	int fd = owner(), fd2 = owner();
	__u64 token;

	ASSERT_EQ(0, ask_text(fd2, "tcp 4 *:5000 + udp 4 *:0", NULL, NULL));
	EXPECT_EQ(0, ask_text(fd, with_ports, &token, NULL));
	EXPECT_EQ(EADDRINUSE, ask_text(fd, half_the_same, NULL, NULL));
	EXPECT_EQ(0, release(fd, token));
	/* The port of the first is that of all. */
	EXPECT_EQ(0, ask_text(fd, with_one, NULL, NULL));
	EXPECT_EQ(EINVAL, ask_text(fd, half_a_tuple, NULL, NULL));
	EXPECT_EQ(2, held(fd));
}

TEST(privileged_port)
{
	pid_t pid = spawn();

	if (!pid) {
		int fd = owner();

		become(NOBODY);
		CHECK_EQ(EACCES, ask_text(fd, "tcp 4 *:80 + udp 4 *:0", NULL, NULL));
		CHECK_EQ(EACCES, ask_available(fd, "tcp 4 *:80 + udp 4 *:0"));
		CHECK_EQ(0, held(fd));
		CHECK_EQ(0, ask_text(fd, "tcp 4 *:1024 + udp 4 *:0", NULL, NULL));
		_exit(0);
	}
	EXPECT_EQ(0, ended(pid));
}

/* extending */

TEST(extend_adds_bindings)
{
	int fd = owner();
	unsigned int port;
	__u64 token;

	ASSERT_EQ(0, reserve_token(fd, "tcp 4 10.0.0.1:5000", &token));
	EXPECT_EQ(0, ask_change(fd, NETPORT_IOC_EXTEND, token, "udp 4 *:0", &port));
	EXPECT_EQ(5000, port);
	EXPECT_EQ(0, extend(fd, token, "tcp 6 *:5000 + tcp 4 10.0.0.2:0"));
	EXPECT_EQ(4, held_by(fd, token, NULL));
	EXPECT_EQ(4, held(fd));
	EXPECT_EQ(EADDRINUSE, free_for_others("tcp 4 10.0.0.1:5000"));
	EXPECT_EQ(EADDRINUSE, free_for_others("udp 4 10.0.0.9:5000"));
	EXPECT_EQ(EADDRINUSE, free_for_others("tcp 6 [::1]:5000"));
	EXPECT_EQ(EADDRINUSE, free_for_others("tcp 4 10.0.0.2:5000"));
	EXPECT_EQ(0, free_for_others("tcp 4 10.0.0.3:5000"));
	EXPECT_EQ(0, release(fd, token));
	EXPECT_TRUE(nothing_on(5000));
}

TEST(extended_goes_with_its_owner)
{
	int fd = owner();
	__u64 token;

	ASSERT_EQ(0, ask_text(fd, WEB, &token, NULL));
	ASSERT_EQ(0, extend(fd, token, "132 46 *:0"));
	EXPECT_EQ(EADDRINUSE, free_for_others("sctp 6 *:5000"));
	close(fd);
	EXPECT_TRUE(nothing_on(5000));
}

/* An extended one isn't named by its binding any more. */
TEST(extended_is_a_set)
{
	int fd = owner();
	__u64 token;

	ASSERT_EQ(0, reserve_token(fd, "tcp 4 *:5000", &token));
	ASSERT_EQ(0, extend(fd, token, "udp 4 *:0"));
	EXPECT_EQ(ENOENT, release_key(fd, "tcp 4 *:5000"));
	EXPECT_EQ(0, release(fd, token));
}

/* But one that wasn't, though it was tried, is as it was. */
TEST(unextended_is_none)
{
	int fd = owner();
	__u64 token;

	ASSERT_EQ(0, reserve_token(fd, "tcp 4 *:5000", &token));
	ASSERT_EQ(EINVAL, extend(fd, token, "udp 4 *:5001"));
	ASSERT_EQ(0, label(fd, token, "web"));
	EXPECT_EQ(0, release_key(fd, "tcp 4 *:5000"));
	EXPECT_EQ(0, held(fd));
}

TEST(extend_all_or_none)
{
	int fd = owner(), fd2 = owner();
	__u64 token;

	ASSERT_EQ(0, reserve_token(fd, "tcp 4 *:5000", &token));
	ASSERT_EQ(0, reserve(fd2, "udp 6 [::1]:5000"));
	EXPECT_EQ(EADDRINUSE, extend(fd, token, "tcp 6 *:0 + udp 6 *:0"));
	EXPECT_EQ(EADDRINUSE, extend(fd, token, "udp 6 *:0 + tcp 6 *:0"));
	EXPECT_EQ(1, held_by(fd, token, NULL));
	EXPECT_EQ(0, free_for_others("tcp 6 *:5000"));
	close(fd2);
	EXPECT_EQ(0, extend(fd, token, "tcp 6 *:0 + udp 6 *:0"));
	EXPECT_EQ(3, held_by(fd, token, NULL));
}

/* It is in its own way, like anybody; unless it shares. */
TEST(extend_by_what_it_has)
{
	static const char *const bad[] = {
		"tcp 4 10.0.0.1:0", "tcp 4 10.0.0.1:5000 MR", "tcp 6 [::ffff:10.0.0.1]:0",
		"tcp 4 *:0", "tcp 46 *:0", "udp 4 *:0 + tcp 4 10.0.0.1:0",
		"tcp 4 10.0.0.1:0 %1", "tcp 4 10.0.0.1:0 >1.1.1.1:1",
	};
	int fd = owner();
	unsigned int i;
	__u64 token;

	ASSERT_EQ(0, reserve_token(fd, "tcp 4 10.0.0.1:5000 LB", &token));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(EADDRINUSE, extend(fd, token, bad[i])) TH_LOG("%s", bad[i]);
		EXPECT_EQ(1, held_by(fd, token, NULL));
	}
	EXPECT_EQ(EINVAL, extend(fd, token, "udp 4 *:0 + udp 4 *:0"));
	EXPECT_EQ(EINVAL, extend(fd, token, "udp 4 10.0.0.1:0 LB + udp 4 *:0 LB"));
	EXPECT_EQ(1, held_by(fd, token, NULL));
	EXPECT_EQ(0, extend(fd, token, "tcp 4 *:0 LB"));
	EXPECT_EQ(0, extend(fd, token, "tcp 4 *:0 LB + udp 4 *:0"));
	EXPECT_EQ(4, held_by(fd, token, NULL));
	EXPECT_EQ(0, rebind(fd, token, "tcp 4 *:5000"));
	EXPECT_EQ(EADDRINUSE, free_for_others("tcp 4 *:5000 LB"));
	EXPECT_EQ(0, release(fd, token));
	EXPECT_TRUE(nothing_on(5000));
}

TEST(extend_up_to_64)
{
	int fd = owner();
	struct ask a;
	__u64 token;

	ask_many(&a, 62, 5000);
	ASSERT_EQ(0, ask(fd, &a));
	token = a.req.reserve.token;
	EXPECT_EQ(EINVAL, extend(fd, token, "udp 4 *:0 + udp 6 *:0 + tcp 6 *:0"));
	EXPECT_EQ(62, held_by(fd, token, NULL));
	EXPECT_EQ(0, extend(fd, token, "udp 4 *:0"));
	EXPECT_EQ(0, extend(fd, token, "udp 6 *:0"));
	EXPECT_EQ(64, held_by(fd, token, NULL));
	EXPECT_EQ(EINVAL, extend(fd, token, "tcp 6 *:0"));
	EXPECT_EQ(0, free_for_others("tcp 6 *:5000"));
	EXPECT_EQ(0, release(fd, token));
	EXPECT_TRUE(nothing_on(5000));
}

TEST(extend_of_what_it_is_not_for)
{
	struct netport_candidate c = candidate_request("tcp 4 *:0 =40000-40000");
	int fd = owner(), fd2 = owner();
	__u64 token, block;

	ASSERT_EQ(0, reserve_token(fd, "tcp 4 *:5000", &token));
	ASSERT_EQ(0, ask_text(fd, "tcp 4 *:6000 x2", &block, NULL));
	ASSERT_EQ(0, candidate(fd, &c));
	EXPECT_EQ(ENOENT, extend(fd2, token, "udp 4 *:0"));
	EXPECT_EQ(ENOENT, extend(fd, 0, "udp 4 *:5000"));
	EXPECT_EQ(ENOENT, extend(fd, ~0ULL, "udp 4 *:0"));
	EXPECT_EQ(EINVAL, extend(fd, block, "udp 4 *:0"));
	EXPECT_EQ(EINVAL, extend(fd, c.reserve.token, "udp 4 *:0"));
	EXPECT_EQ(EINVAL, extend(fd, token, "udp 4 *:5001"));
	EXPECT_EQ(EINVAL, extend(fd, token, "udp 4 *:5000 + udp 6 *:5001"));
	EXPECT_EQ(4, held(fd));
	EXPECT_TRUE(all_free(IPPROTO_UDP, 5000));
	EXPECT_TRUE(all_free(IPPROTO_UDP, 5001));
	EXPECT_TRUE(all_free(IPPROTO_UDP, 40000));

	/* Once it is taken, it isn't a candidate. */
	EXPECT_EQ(0, accept_token(fd, c.reserve.token));
	EXPECT_EQ(0, extend(fd, c.reserve.token, "udp 4 *:0"));
	EXPECT_EQ(0, release(fd, c.reserve.token));
	EXPECT_EQ(ENOENT, extend(fd, c.reserve.token, "udp 4 *:0"));
}

/* Terms and options that are for new reservations; EXTEND and REBIND. */
static bool change_refuses(unsigned long cmd, int fd, __u64 token, const char *text,
			   void (*spoil)(struct ask *a))
{
	struct ask a;
	int err;

	ask_init(&a, text);
	a.req.reserve.token = token;
	spoil(&a);
	err = ask_command(fd, cmd, &a);
	if (err != EINVAL)
		fprintf(stderr, "# command %#lx of '%s' gave %d\n", cmd, text, err);
	return err == EINVAL && held_by(fd, token, NULL) == 1;
}

static void spoil_deadline(struct ask *a) { a->req.terms.deadline = 1; }
static void spoil_count(struct ask *a) { a->req.terms.count = 2; }
static void spoil_label(struct ask *a) { a->req.terms.label[0] = 'a'; }
static void spoil_label_end(struct ask *a) { a->req.terms.label[31] = 'a'; }
static void spoil_padding(struct ask *a) { a->req.terms.__pad = 1; }
static void spoil_align(struct ask *a) { a->req.terms.align = 1; }
static void spoil_offset(struct ask *a) { a->req.terms.offset = 1; }
static void spoil_low(struct ask *a) { a->req.reserve.low = 5000; }
static void spoil_high(struct ask *a) { a->req.reserve.high = 5000; }
static void spoil_exclude(struct ask *a) { ask_exclude(a, 1); }
static void spoil_persistent(struct ask *a) { a->req.reserve.options = NETPORT_OPT_PERSISTENT; }
static void spoil_option(struct ask *a) { a->req.reserve.options = 1U << 4; }
static void spoil_nbindings(struct ask *a) { a->req.terms.nbindings = 1; }
static void spoil_bindings(struct ask *a) { a->req.terms.bindings = pointer(a->more); }

TEST(change_with_terms_of_new_ones)
{
	static void (*const spoil[])(struct ask *a) = {
		spoil_deadline, spoil_count, spoil_label, spoil_label_end, spoil_padding,
		spoil_align, spoil_offset, spoil_low, spoil_high, spoil_exclude,
		spoil_persistent, spoil_option, spoil_nbindings, spoil_bindings,
	};
	int fd = owner();
	unsigned int i;
	__u64 token;

	ASSERT_EQ(0, reserve_token(fd, "tcp 4 *:5000", &token));
	for (i = 0; i < ARRAY_SIZE(spoil); i++) {
		EXPECT_TRUE(change_refuses(NETPORT_IOC_EXTEND, fd, token, "udp 4 *:0", spoil[i]))
			TH_LOG("%u", i);
		EXPECT_TRUE(change_refuses(NETPORT_IOC_REBIND, fd, token, "udp 4 *:6000",
					   spoil[i])) TH_LOG("%u", i);
	}
	EXPECT_TRUE(all_free(IPPROTO_UDP, 5000));
	EXPECT_TRUE(all_free(IPPROTO_UDP, 6000));
	EXPECT_FALSE(all_free(IPPROTO_TCP, 5000));
	EXPECT_EQ(0, extend(fd, token, "udp 4 *:0"));
	EXPECT_EQ(0, rebind(fd, token, "udp 4 *:6000"));
}

TEST(extend_by_tuples)
{
	static const char *const tuples =
		"tcp 4 10.0.0.2:0 >1.1.1.1:5 tuple + tcp 4 10.0.0.2:0 >1.1.1.1:6";
	int fd = owner();
	__u64 token;

	ASSERT_EQ(0, reserve_token(fd, "tcp 4 10.0.0.1:5000", &token));
	ASSERT_EQ(0, reserve(fd, "tcp 4 10.0.0.2:5000"));
	EXPECT_EQ(EADDRINUSE, extend(fd, token, "tcp 4 10.0.0.2:0 >1.1.1.1:5"));
	EXPECT_EQ(0, extend(fd, token, tuples));
	EXPECT_EQ(3, held_by(fd, token, NULL));
}

TEST(change_to_a_privileged_port)
{
	int fd = owner();
	__u64 low, high;
	pid_t pid;

	ASSERT_EQ(0, reserve_token(fd, "tcp 4 *:80", &low));
	ASSERT_EQ(0, reserve_token(fd, "tcp 4 *:5000", &high));
	pid = spawn();
	if (!pid) {
		become(NOBODY);
		CHECK_EQ(EACCES, extend(fd, low, "udp 4 *:0"));
		CHECK_EQ(EACCES, rebind(fd, high, "tcp 4 *:81"));
		CHECK_EQ(0, extend(fd, high, "udp 4 *:0"));
		CHECK_EQ(0, rebind(fd, low, "tcp 4 *:8080"));
		_exit(0);
	}
	EXPECT_EQ(0, ended(pid));
	EXPECT_TRUE(all_free(IPPROTO_TCP, 80));
}

/* rebinding */

TEST(rebind_to_another_port)
{
	struct netport_entry e;
	int fd = owner();
	unsigned int i;
	__u64 token;

	ASSERT_EQ(0, reserve_token(fd, "tcp 4 10.0.0.1:5000", &token));
	/* Some with the same lock as before, some with another one. */
	for (i = 5001; i < 5600; i += 37) {
		char text[64];

		sprintf(text, "tcp 4 10.0.0.1:%u", i);
		EXPECT_EQ(0, rebind(fd, token, text));
		EXPECT_EQ(EADDRINUSE, free_for_others(text));
		EXPECT_EQ(1, held_by(fd, token, &e));
		EXPECT_EQ(i, e.binding.port);
		EXPECT_EQ(1, held(fd));
		EXPECT_TRUE(nothing_on(i == 5001 ? 5000 : i - 37));
	}
	EXPECT_EQ(0, release(fd, token));
	EXPECT_TRUE(nothing_on(i - 37));
	EXPECT_EQ(ENOENT, rebind(fd, token, "tcp 4 *:5000"));
	EXPECT_EQ(0, held(fd));
}

/* What has gone to another lock's port is found by all that names it. */
TEST(rebound_is_as_good_as_new)
{
	int fd = owner(), fd2 = owner();
	struct netport_transfer t;
	struct netport_entry e;
	__u64 token;

	ASSERT_EQ(0, reserve_token(fd, "tcp 4 10.0.0.1:5000", &token));
	ASSERT_EQ(0, rebind(fd, token, "tcp 4 10.0.0.1:6000"));
	EXPECT_EQ(0, extend(fd, token, "udp 4 *:6000"));
	EXPECT_EQ(EINVAL, extend(fd, token, "udp 6 *:5000"));
	EXPECT_EQ(0, label(fd, token, "moved"));
	EXPECT_EQ(2, held_by(fd, token, &e));
	EXPECT_STREQ("moved", (char *)e.label);
	t = (struct netport_transfer){ .token = token, .fd = fd2 };
	EXPECT_EQ(0, command(fd, NETPORT_IOC_TRANSFER, &t));
	EXPECT_EQ(0, held(fd));
	EXPECT_EQ(0, rebind(fd2, token, "sctp 46 *:7000"));
	EXPECT_TRUE(nothing_on(6000));
	EXPECT_EQ(EADDRINUSE, free_for_others("sctp 6 *:7000"));
	close(fd2);
	EXPECT_TRUE(nothing_on(7000));
}

TEST(what_it_has_is_not_in_the_way)
{
	static const char *const texts[] = {
		"tcp 4 127.0.0.1:80", "tcp 4 *:80", "tcp 46 *:80", "tcp 6 *:80", "tcp 6 [::1]:80",
		"tcp 4 127.0.0.1:80 + tcp 6 [::1]:80", "tcp 46 *:80", "tcp 4 *:80 %3",
		"tcp 4 *:80", "tcp 4 *:80", "tcp 4 *:80 LB", "tcp 4 *:80 >1.1.1.1:1",
		"tcp 4 *:80 + tcp 6 *:80 + udp 46 *:80", "tcp 4 127.0.0.1:80",
	};
	int fd = owner();
	unsigned int i;
	__u64 token;

	ASSERT_EQ(0, reserve_token(fd, "tcp 4 127.0.0.1:80", &token));
	for (i = 0; i < ARRAY_SIZE(texts); i++)
		EXPECT_EQ(0, rebind(fd, token, texts[i])) TH_LOG("%s", texts[i]);
	/* The last one: nothing is left of the others. */
	EXPECT_EQ(1, held(fd));
	EXPECT_EQ(EADDRINUSE, free_for_others("tcp 4 127.0.0.1:80"));
	EXPECT_EQ(0, free_for_others("tcp 4 127.0.0.2:80"));
	EXPECT_EQ(0, free_for_others("tcp 6 *:80"));
	EXPECT_EQ(0, free_for_others("udp 46 *:80"));
	EXPECT_EQ(0, release(fd, token));
	EXPECT_TRUE(nothing_on(80));
}

TEST(rebind_picks)
{
	int fd = owner(), fd2 = owner();
	unsigned int port;
	__u64 token;

	ASSERT_EQ(0, reserve_token(fd, "tcp 4 10.0.0.1:5000", &token));
	ASSERT_EQ(0, reserve(fd2, "tcp 4 *:40000"));
	ASSERT_EQ(0, reserve(fd2, "udp 4 *:40002"));
	EXPECT_EQ(0, ask_change(fd, NETPORT_IOC_REBIND, token,
				"tcp 4 10.0.0.1:0 =40000-40003 !40001 + udp 4 *:0", &port));
	EXPECT_EQ(40003, port);
	EXPECT_TRUE(nothing_on(5000));
	EXPECT_EQ(2, held_by(fd, token, NULL));
	EXPECT_EQ(0, ask_change(fd, NETPORT_IOC_REBIND, token, "tcp 4 *:0 =40000-40003 /4 @1",
				&port));
	EXPECT_EQ(40001, port);
	EXPECT_TRUE(nothing_on(40003));
	EXPECT_EQ(EADDRNOTAVAIL, rebind(fd, token, "tcp 4 *:0 =40000-40000"));
	EXPECT_EQ(1, held_by(fd, token, NULL));
	EXPECT_EQ(EADDRINUSE, free_for_others("tcp 4 10.0.0.7:40001"));
}

/* If no other port is left, the one that it has is. */
TEST(rebind_picks_its_own)
{
	int fd = owner(), fd2 = owner();
	unsigned int port;
	__u64 token;

	ASSERT_EQ(0, reserve_token(fd, "tcp 4 10.0.0.1:40000", &token));
	ASSERT_EQ(0, reserve(fd2, "tcp 4 *:40001"));
	EXPECT_EQ(0, ask_change(fd, NETPORT_IOC_REBIND, token, "tcp 4 *:0 =40000-40001", &port));
	EXPECT_EQ(40000, port);
	EXPECT_EQ(EADDRINUSE, free_for_others("tcp 4 10.0.0.7:40000"));
	EXPECT_EQ(0, ask_change(fd, NETPORT_IOC_REBIND, token,
				"tcp 4 10.0.0.1:0 =40000-40001 + tcp 6 *:0", &port));
	EXPECT_EQ(40000, port);
	EXPECT_EQ(EADDRNOTAVAIL, rebind(fd, token, "tcp 4 *:0 =40000-40001 !40000"));
	EXPECT_EQ(EADDRNOTAVAIL, rebind(fd, token, "tcp 4 *:0 =40000-40001 /2 @1"));
	ASSERT_EQ(0, reserve(fd2, "tcp 4 10.0.0.2:40000"));
	EXPECT_EQ(EADDRNOTAVAIL, rebind(fd, token, "tcp 4 *:0 =40000-40001"));
	EXPECT_EQ(2, held_by(fd, token, NULL));
}

TEST(failed_rebind_changes_nothing)
{
	static const struct { const char *text; int err; } bad[] = {
		{ "tcp 4 *:6000", EADDRINUSE },
		{ "tcp 4 10.0.0.1:6000", EADDRINUSE },
		{ "tcp 46 *:5000 + udp 46 *:0", EADDRINUSE },
		{ "udp 4 *:7000 + tcp 4 *:7000 + udp 6 *:7000", EADDRINUSE },
		{ "tcp 4 *:0 =6000-6000", EADDRNOTAVAIL },
		{ "tcp 4 *:5000 + tcp 4 *:5000", EINVAL },
		{ "tcp 4 *:5000 + udp 4 *:5001", EINVAL },
	};
	int fd = owner(), fd2 = owner();
	unsigned int i, j;
	__u64 token;

	ASSERT_EQ(0, ask_text(fd, WEB, &token, NULL));
	ASSERT_EQ(0, reserve(fd2, "tcp 4 10.0.0.1:6000"));
	ASSERT_EQ(0, reserve(fd2, "udp 6 [::1]:5000"));
	ASSERT_EQ(0, reserve(fd2, "udp 6 [::1]:7000"));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(bad[i].err, rebind(fd, token, bad[i].text)) TH_LOG("%s", bad[i].text);
		EXPECT_EQ(3, held_by(fd, token, NULL));
		for (j = 0; j < ARRAY_SIZE(web); j++)
			EXPECT_EQ(EADDRINUSE, free_for_others(web[j]));
	}
	EXPECT_EQ(0, free_for_others("tcp 6 *:6000"));
	EXPECT_TRUE(all_free(IPPROTO_TCP, 7000));
	close(fd2);
	EXPECT_EQ(0, rebind(fd, token, "udp 4 *:7000 + tcp 4 *:7000 + udp 6 *:7000"));
	EXPECT_TRUE(nothing_on(5000));
}

TEST(rebind_of_what_it_is_not_for)
{
	struct netport_candidate c = candidate_request("tcp 4 *:0 =40000-40000");
	int fd = owner(), fd2 = owner();
	__u64 token, block;

	ASSERT_EQ(0, reserve_token(fd, "tcp 4 *:5000", &token));
	ASSERT_EQ(0, ask_text(fd, "tcp 4 *:6000 x2", &block, NULL));
	ASSERT_EQ(0, candidate(fd, &c));
	EXPECT_EQ(ENOENT, rebind(fd2, token, "tcp 4 *:7000"));
	EXPECT_EQ(ENOENT, rebind(fd, 0, "tcp 4 *:7000"));
	EXPECT_EQ(ENOENT, rebind(fd, ~0ULL, "tcp 4 *:7000"));
	EXPECT_EQ(EINVAL, rebind(fd, block, "tcp 4 *:7000"));
	/* In an order of their own: EINVAL before what else there would be to say. */
	EXPECT_EQ(EINVAL, rebind(fd, c.reserve.token, "tcp 4 *:7000"));
	EXPECT_EQ(EINVAL, rebind(fd, c.reserve.token, "tcp 4 *:5000"));
	EXPECT_EQ(EINVAL, rebind(fd, c.reserve.token, "tcp 4 *:0 =5000-5000"));
	EXPECT_EQ(EINVAL, rebind(fd, block, "tcp 4 *:0 =5000-5000"));
	EXPECT_EQ(4, held(fd));
	EXPECT_TRUE(nothing_on(7000));
	/* The candidate still is one. */
	EXPECT_EQ(EADDRNOTAVAIL, candidate(fd, &c));
	EXPECT_EQ(0, accept_token(fd, c.reserve.token));
	EXPECT_EQ(0, rebind(fd, c.reserve.token, "tcp 4 *:7000"));
}

TEST(rebind_keeps_label_and_persistence)
{
	struct netport_token t;
	struct netport_entry e;
	int fd = owner();
	struct ask a;

	ask_init(&a, "tcp 4 10.0.0.1:5000");
	a.req.reserve.options = NETPORT_OPT_PERSISTENT;
	strcpy((char *)a.req.terms.label, "web server");
	ASSERT_EQ(0, ask(fd, &a));
	t.token = a.req.reserve.token;
	ASSERT_EQ(0, rebind(fd, t.token, "tcp 4 *:6000 + udp 4 *:0"));
	EXPECT_EQ(2, held_by(fd, t.token, &e));
	EXPECT_STREQ("web server", (char *)e.label);
	EXPECT_EQ(NETPORT_OPT_PERSISTENT, e.options);
	close(fd);
	EXPECT_EQ(EADDRINUSE, free_for_others("udp 4 10.0.0.1:6000"));
	EXPECT_TRUE(nothing_on(5000));
	fd = owner();
	EXPECT_EQ(0, command(fd, NETPORT_IOC_ADOPT, &t));
	EXPECT_EQ(2, held_by(fd, t.token, &e));
	EXPECT_STREQ("web server", (char *)e.label);
	EXPECT_EQ(0, rebind(fd, t.token, "tcp 4 *:7000"));
	EXPECT_EQ(0, release(fd, t.token));
	EXPECT_TRUE(nothing_on(7000));
}

/* at the limit */

FIXTURE(at_the_limit) {
	int fd;
	__u64 token;
};

FIXTURE_SETUP(at_the_limit)
{
	set_limit("max_per_owner", 4);
	self->fd = owner();
	ASSERT_EQ(0, ask_text(self->fd, WEB, &self->token, NULL));
	ASSERT_EQ(0, reserve(self->fd, "tcp 4 *:6000"));
}

FIXTURE_TEARDOWN_PARENT(at_the_limit)
{
	restore_limits();
}

TEST_F(at_the_limit, each_binding_counts)
{
	int fd = owner();

	EXPECT_EQ(EDQUOT, ask_text(fd, WEB " + sctp 4 *:0 + sctp 6 *:0", NULL, NULL));
	EXPECT_EQ(EDQUOT, ask_available(fd, WEB " + sctp 4 *:0 + sctp 6 *:0"));
	EXPECT_EQ(0, held(fd));
	EXPECT_EQ(EDQUOT, reserve(self->fd, "tcp 4 *:7000"));
	EXPECT_EQ(0, release(self->fd, self->token));
	EXPECT_EQ(0, ask_text(self->fd, WEB, NULL, NULL));
	EXPECT_EQ(EDQUOT, reserve(self->fd, "tcp 4 *:7000"));
}

TEST_F(at_the_limit, extend)
{
	struct ask a;

	EXPECT_EQ(EDQUOT, extend(self->fd, self->token, "sctp 4 *:0"));
	EXPECT_EQ(4, held(self->fd));
	/* What is malformed comes first: 3 and 62 of them. */
	ask_many(&a, 62, 5000);
	a.req.reserve.token = self->token;
	EXPECT_EQ(EINVAL, ask_command(self->fd, NETPORT_IOC_EXTEND, &a));
	EXPECT_TRUE(all_free(IPPROTO_SCTP, 5000));
	EXPECT_EQ(0, release_key(self->fd, "tcp 4 *:6000"));
	EXPECT_EQ(EDQUOT, extend(self->fd, self->token, "sctp 4 *:0 + sctp 6 *:0"));
	EXPECT_EQ(0, extend(self->fd, self->token, "sctp 4 *:0"));
	/* What failed counts for nothing. */
	EXPECT_EQ(EDQUOT, reserve(self->fd, "tcp 4 *:6000"));
	EXPECT_EQ(0, release(self->fd, self->token));
	EXPECT_EQ(0, ask_text(self->fd, WEB " + sctp 4 *:0", NULL, NULL));
}

TEST_F(at_the_limit, rebind_to_as_many)
{
	EXPECT_EQ(0, rebind(self->fd, self->token, "tcp 4 *:7000 + udp 4 *:0 + sctp 4 *:0"));
	EXPECT_EQ(0, rebind(self->fd, self->token, "tcp 4 *:0 + udp 4 *:0 + sctp 4 *:0"));
	EXPECT_EQ(4, held(self->fd));
	EXPECT_EQ(EDQUOT, reserve(self->fd, "tcp 4 *:7000"));
}

TEST_F(at_the_limit, rebind_to_more)
{
	static const char nowhere[] =
		"tcp 4 *:0 =7000-7000 !7000 + udp 4 *:0 + sctp 4 *:0 + sctp 6 *:0";

	EXPECT_EQ(EDQUOT, rebind(self->fd, self->token,
				 "tcp 4 *:7000 + udp 4 *:0 + sctp 4 *:0 + sctp 6 *:0"));
	/* At once, not after a look at every port. */
	EXPECT_EQ(EDQUOT, rebind(self->fd, self->token,
				 "tcp 4 *:0 + udp 4 *:0 + sctp 4 *:0 + sctp 6 *:0"));
	/* The limit comes first, also where there is no port to look at. */
	EXPECT_EQ(EDQUOT, rebind(self->fd, self->token, nowhere));
	EXPECT_EQ(3, held_by(self->fd, self->token, NULL));
	EXPECT_FALSE(all_free(IPPROTO_UDP, 5000));
	EXPECT_TRUE(nothing_on(7000));
}

TEST_F(at_the_limit, rebind_to_less)
{
	unsigned int i;

	for (i = 0; i < 8; i++) {
		EXPECT_EQ(0, rebind(self->fd, self->token, "tcp 4 *:7000"));
		EXPECT_EQ(0, ask_text(self->fd, "tcp 4 *:8000 + udp 4 *:0", NULL, NULL));
		EXPECT_EQ(EDQUOT, reserve(self->fd, "tcp 4 *:9000"));
		EXPECT_EQ(4, held(self->fd));
		EXPECT_EQ(EDQUOT, rebind(self->fd, self->token, "tcp 4 *:7000 + udp 4 *:0"));
		close(self->fd);
		self->fd = owner();
		ASSERT_EQ(0, ask_text(self->fd, WEB, &self->token, NULL));
		ASSERT_EQ(0, reserve(self->fd, "tcp 4 *:6000"));
	}
}

SELFTEST_MAIN
