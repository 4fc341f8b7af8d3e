// SPDX-License-Identifier: GPL-2.0
/*
 * hold - a port that is released with a hold is nobody's for a while, whoever asks and
 * whatever becomes of who had it; and then it is free by itself.
 */
#include "keep.h"

/* Longer than any test takes. */
#define LONG	600000

/* Longer than it takes to look, as a rule. */
#define WHILE	80

#define WHOLE	NETPORT_RELEASE_PORT

/* Nobody else in the machine has these, nor another test: a hold outlives it for a moment. */
#define UID	31101
#define UID2	31102
#define UID3	31103
#define UID4	31104
#define UID5	31105

FIXTURE(hold) {
	int fd;
	int other;
	__u64 token;
	struct netport_entry e;
};

FIXTURE_SETUP(hold)
{
	keep_netns();
	self->fd = owner();
	self->other = owner();
}

/* Also if the test has come to a sudden end. */
FIXTURE_TEARDOWN_PARENT(hold)
{
	restore_limits();
}

/* Refused, or its time is over already: the machine may be slow. */
static bool held(const char *text, __u64 start, unsigned int ms)
{
	int err = free_for_others(text);

	return err == EADDRINUSE || (!err && now_ns() - start >= ms * 1000000ULL);
}

/* its time */

FIXTURE(hold_time) {
	int fd;
};

FIXTURE_VARIANT(hold_time) {
	unsigned int ms;
	unsigned int options;
};

FIXTURE_VARIANT_ADD(hold_time, ms_1) { .ms = 1 };
FIXTURE_VARIANT_ADD(hold_time, ms_15) { .ms = 15 };
FIXTURE_VARIANT_ADD(hold_time, ms_16) { .ms = 16 };
FIXTURE_VARIANT_ADD(hold_time, ms_17) { .ms = 17 };
FIXTURE_VARIANT_ADD(hold_time, ms_33_port) { .ms = 33, .options = WHOLE };
FIXTURE_VARIANT_ADD(hold_time, ms_129) { .ms = 129 };

FIXTURE_SETUP(hold_time)
{
	keep_netns();
	self->fd = owner();
}

FIXTURE_TEARDOWN(hold_time)
{
}

TEST_F(hold_time, not_shorter)
{
	__u64 token, start;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, reserve_token(self->fd, "tcp 4 10.0.0.1:80", &token));
		start = now_ns();
		ASSERT_EQ(0, release_hold(self->fd, token, variant->ms, variant->options));
		EXPECT_TRUE(AWAIT(!available(self->fd, "tcp 4 10.0.0.1:80")));
		EXPECT_GE(now_ns() - start, variant->ms * 1000000ULL);
		EXPECT_TRUE(all_free(IPPROTO_TCP, 80));
	}
}

TEST_F(hold, many_of_different_lengths)
{
	enum { N = 200 };
	unsigned int ms[N], left = N, i;
	__u64 start[N], now;
	char text[64];

	for (i = 0; i < N; i++) {
		ms[i] = 1 + i * 7919 % 200;
		snprintf(text, sizeof(text), "udp 4 *:%u", 1000 + i);
		ASSERT_EQ(0, reserve_token(self->fd, text, &self->token));
		start[i] = now_ns();
		ASSERT_EQ(0, release_hold(self->fd, self->token, ms[i], i % 3 ? 0 : WHOLE));
	}
	/* Each is the first to be asked about after some other has ended. */
	now = now_ns() + PATIENCE_MS * 1000000ULL;
	while (left && now_ns() < now) {
		for (i = 0; i < N; i++) {
			snprintf(text, sizeof(text), "udp 4 *:%u", 1000 + i);
			if (!ms[i] || available(self->fd, text))
				continue;
			EXPECT_GE(now_ns() - start[i], ms[i] * 1000000ULL) TH_LOG("%u", i);
			ms[i] = 0;
			left--;
		}
	}
	EXPECT_EQ(0, left);
	EXPECT_EQ(0, list_all(self->fd)->n);
}

/* A short one that begins when a long one is there already doesn't wait for it. */
TEST_F(hold, short_ones_end_first)
{
	__u64 token;

	ASSERT_EQ(0, reserve_token(self->fd, "tcp 4 *:80", &self->token));
	ASSERT_EQ(0, release_hold(self->fd, self->token, LONG, 0));
	ASSERT_EQ(0, reserve_token(self->fd, "tcp 4 *:81", &token));
	ASSERT_EQ(0, release_hold(self->fd, token, 20, 0));
	EXPECT_TRUE(AWAIT(!free_for_others("tcp 4 *:81")));
	EXPECT_EQ(EADDRINUSE, free_for_others("tcp 4 *:80"));
	EXPECT_EQ(HELD, state_of(self->fd, self->token));
}

TEST_F(hold, thousands_at_once)
{
	enum { MAX = 10000, STEP = 1000 };
	const unsigned int n = so_many("THOUSANDS", MAX / STEP, 2) * STEP;
	static struct netport_request req[STEP];
	static __u64 token[MAX];
	struct netport_batch b = {
		.requests = (uintptr_t)req, .count = STEP, .size = sizeof(req[0]),
	};
	struct netport_tokens t = { .count = STEP, .hold = 600 };
	unsigned int i, j;
	char last[32];
	__u64 start;

	ASSERT_LE(n, MAX);
	for (i = 0; i < n; i += STEP) {
		for (j = 0; j < STEP; j++) {
			req[j] = ask_for("tcp 4 *:0", 0);
			req[j].reserve.binding.port = 20000 + i + j;
		}
		ASSERT_EQ(0, command(self->fd, NETPORT_IOC_BATCH, &b));
		ASSERT_EQ(STEP, b.done);
		for (j = 0; j < STEP; j++)
			token[i + j] = req[j].reserve.token;
	}
	start = now_ns();
	for (i = 0; i < n; i += STEP) {
		t.tokens = (uintptr_t)&token[i];
		ASSERT_EQ(0, command(self->fd, NETPORT_IOC_RELEASE_BATCH, &t));
		EXPECT_EQ(STEP, t.done);
	}
	close(self->fd);
	/* All of them, unless this took so long that the first ones have ended. */
	i = list_all(self->other)->n;
	if (now_ns() - start < 600 * 1000000ULL)
		EXPECT_EQ(n, i);
	EXPECT_TRUE(AWAIT(!list_all(self->other)->n));
	EXPECT_GE(now_ns() - start, 600 * 1000000ULL);
	EXPECT_EQ(0, reserve(self->other, "tcp 46 *:20000"));
	snprintf(last, sizeof(last), "tcp 46 *:%u", 20000 + n - 1);
	EXPECT_EQ(0, reserve(self->other, last));
}

/* They are chained where one that isn't held would be: looking for that one isn't endless. */
TEST_F(hold, named_among_thousands)
{
	enum { N = 5, STEP = 1000 };
	static struct netport_request req[STEP];
	static __u64 token[N * STEP];
	struct netport_batch b = {
		.requests = (uintptr_t)req, .count = STEP, .size = sizeof(req[0]),
	};
	struct netport_tokens t = { .count = STEP, .hold = LONG };
	unsigned int i, j;

	for (i = 0; i < N * STEP; i += STEP) {
		for (j = 0; j < STEP; j++)
			req[j] = ask_for("udp 4 *:2000 LB", 0);
		ASSERT_EQ(0, command(self->fd, NETPORT_IOC_BATCH, &b));
		for (j = 0; j < STEP; j++)
			token[i + j] = req[j].reserve.token;
	}
	for (i = 0; i < 4 * STEP; i += STEP) {
		t.tokens = (uintptr_t)&token[i];
		ASSERT_EQ(0, command(self->fd, NETPORT_IOC_RELEASE_BATCH, &t));
	}
	EXPECT_EQ(ENOENT, release_key(self->fd, "udp 4 *:2000"));
	t.tokens = (uintptr_t)&token[4 * STEP];
	ASSERT_EQ(0, command(self->fd, NETPORT_IOC_RELEASE_BATCH, &t));
	EXPECT_EQ(EDQUOT, release_key(self->fd, "udp 4 *:2000"));
	EXPECT_EQ(ENOENT, release_key(self->fd, "udp 4 *:2000 LB"));
	EXPECT_EQ(N * STEP, list_all(self->other)->n);
	/* Root ends them. */
	t.hold = 0;
	for (i = 0; i < N * STEP; i += STEP) {
		t.tokens = (uintptr_t)&token[i];
		ASSERT_EQ(0, command(self->fd, NETPORT_IOC_RELEASE_BATCH, &t));
		EXPECT_EQ(STEP, t.done);
	}
	EXPECT_EQ(ENOENT, release_key(self->fd, "udp 4 *:2000"));
	EXPECT_EQ(0, list_all(self->other)->n);
}

TEST_F(hold, the_longest)
{
	ASSERT_EQ(0, reserve_token(self->fd, "tcp 4 *:80", &self->token));
	ASSERT_EQ(0, release_hold(self->fd, self->token, NETPORT_HOLD_MAX, 0));
	ASSERT_EQ(1, find(self->fd, self->token, &self->e));
	/* Rounded up, but by now a bit of it is over. */
	EXPECT_GE(self->e.hold, NETPORT_HOLD_MAX - PATIENCE_MS);
	EXPECT_LE(self->e.hold, NETPORT_HOLD_MAX + NETPORT_HOLD_MAX / 8 + 1);
	EXPECT_EQ(EADDRINUSE, free_for_others("tcp 4 *:80"));
}

/* whose it is */

TEST_F(hold, survives_the_close)
{
	struct netport_info me = info(self->fd);

	ASSERT_EQ(0, reserve_token(self->fd, "tcp 4 10.0.0.1:80", &self->token));
	ASSERT_EQ(0, release_hold(self->fd, self->token, LONG, 0));
	close(self->fd);
	EXPECT_EQ(EADDRINUSE, reserve(self->other, "tcp 4 10.0.0.1:80"));
	ASSERT_EQ(1, find(self->other, self->token, &self->e));
	EXPECT_EQ(HELD, self->e.state);
	EXPECT_EQ(me.owner, self->e.owner);
	EXPECT_EQ(getpid(), self->e.pid);

	/* And one that ends after it. */
	self->fd = owner();
	ASSERT_EQ(0, reserve_token(self->fd, "tcp 4 10.0.0.1:81", &self->token));
	ASSERT_EQ(0, release_hold(self->fd, self->token, 50, WHOLE));
	close(self->fd);
	EXPECT_TRUE(AWAIT(!reserve(self->other, "tcp 4 *:81")));
}

TEST_F(hold, survives_the_process)
{
	struct gate done = gate_new();
	pid_t pid = spawn();

	if (!pid) {
		int fd = owner();
		__u64 token;

		CHECK_EQ(0, reserve_token(fd, "tcp 4 10.0.0.1:80", &token));
		CHECK_EQ(0, release_hold(fd, token, LONG, 0));
		CHECK_EQ(0, reserve(fd, "tcp 4 10.0.0.1:81"));
		gate_open(&done);
		pause();
	}
	gate_wait(&done);
	kill(pid, SIGKILL);
	EXPECT_EQ(256 + SIGKILL, ended(pid));
	EXPECT_EQ(EADDRINUSE, reserve(self->other, "tcp 4 10.0.0.1:80"));
	EXPECT_EQ(0, reserve(self->other, "tcp 4 10.0.0.1:81"));
}

TEST_F(hold, is_listed)
{
	struct netport_list mine = { .flags = NETPORT_LIST_MINE };
	static struct listing l;
	__u32 before;

	ASSERT_EQ(0, reserve_token(self->fd, "tcp 4 10.0.0.1:80 >10.0.0.9:7", &self->token));
	ASSERT_EQ(0, set_label(self->fd, self->token, "a label"));
	ASSERT_EQ(0, release_hold(self->fd, self->token, LONG, 0));
	ASSERT_EQ(1, find(self->other, self->token, &self->e));
	EXPECT_EQ(HELD, self->e.state);
	EXPECT_EQ(80, self->e.binding.port);
	EXPECT_EQ(7, self->e.binding.remote_port);
	EXPECT_EQ(1, self->e.parts);
	EXPECT_STREQ("a label", (char *)self->e.label);
	EXPECT_LE(self->e.hold, LONG + LONG / 8 + 1);
	EXPECT_GE(self->e.hold, LONG - PATIENCE_MS);
	before = self->e.hold;
	EXPECT_TRUE(AWAIT(find(self->other, self->token, &self->e) == 1 &&
			  self->e.hold < before));

	ASSERT_EQ(0, list_of(self->fd, &mine, 8, &l));
	EXPECT_EQ(0, l.n);
	EXPECT_EQ(EADDRINUSE, blocked_by(self->other, "tcp 4 *:80", 0, &self->e));
	EXPECT_EQ(self->token, self->e.token);
	EXPECT_EQ(HELD, self->e.state);
}

TEST_F(hold, is_not_the_owners_any_more)
{
	struct netport_candidate c = candidate_request("tcp 4 *:0");
	struct netport_release part = { .port = 80, .count = 1 };
	struct netport_tokens t = { .tokens = (uintptr_t)&self->token, .count = 1 };

	ASSERT_EQ(0, reserve_token(self->fd, "tcp 4 10.0.0.1:80", &self->token));
	ASSERT_EQ(0, release_hold(self->fd, self->token, LONG, 0));
	part.token = self->token;
	c.reserve.token = self->token;

	/* An administrator can end it, and nothing else. */
	EXPECT_EQ(ENOENT, release_hold(self->fd, self->token, 1, 0));
	EXPECT_EQ(ENOENT, release_hold(self->fd, self->token, 1, WHOLE));
	EXPECT_EQ(ENOENT, adopt(self->fd, self->token));
	EXPECT_EQ(ENOENT, adopt(self->other, self->token));
	be_admin(false);
	EXPECT_EQ(ENOENT, release(self->fd, self->token));
	EXPECT_EQ(ENOENT, release_key(self->fd, "tcp 4 10.0.0.1:80"));
	EXPECT_EQ(ENOENT, release_hold(self->fd, self->token, 1, 0));
	EXPECT_EQ(ENOENT, release_hold(self->fd, self->token, 1, WHOLE));
	EXPECT_EQ(ENOENT, command(self->fd, NETPORT_IOC_RELEASE, &part));
	EXPECT_EQ(0, command(self->fd, NETPORT_IOC_RELEASE_BATCH, &t));
	EXPECT_EQ(0, t.done);
	EXPECT_EQ(ENOENT, transfer(self->fd, self->token, self->other));
	EXPECT_EQ(EPERM, adopt(self->fd, self->token));
	EXPECT_EQ(ENOENT, set_label(self->fd, self->token, "mine"));
	EXPECT_EQ(ENOENT, accept_token(self->fd, self->token));
	EXPECT_EQ(ENOENT, command(self->fd, NETPORT_IOC_CANDIDATE, &c));
	EXPECT_EQ(ENOENT, change(self->fd, NETPORT_IOC_EXTEND, self->token, "udp 4 *:80", 0));
	EXPECT_EQ(ENOENT, change(self->fd, NETPORT_IOC_REBIND, self->token, "tcp 4 *:81", 0));
	/* Nor can it be had by who had it. */
	EXPECT_EQ(EADDRINUSE, reserve(self->fd, "tcp 4 10.0.0.1:80"));
	EXPECT_EQ(HELD, state_of(self->fd, self->token));
	EXPECT_EQ(1, list_all(self->fd)->n);
}

/* By its token, from any file: and then all of it is as if it had ended. */
TEST_F(hold, an_administrator_ends_it)
{
	struct netport_release part = { .port = 1000, .count = 1 };
	struct netport_tokens t = { .tokens = (uintptr_t)&self->token, .count = 1 };
	int fd = owner_as(UID5);

	set_limit(PER_UID, 12);
	ASSERT_EQ(0, ask_block(fd, "udp 4 10.0.0.1:1000", 10, &part.token));
	ASSERT_EQ(0, ask_with(fd, "tcp 4 *:2000", HOLD_HOST, &self->token));
	ASSERT_EQ(0, release_hold(fd, part.token, LONG, WHOLE));
	ASSERT_EQ(0, release_hold(fd, self->token, LONG, 0));
	close(fd);
	be_admin(false);
	EXPECT_EQ(ENOENT, release(self->other, part.token));
	EXPECT_EQ(0, command(self->other, NETPORT_IOC_RELEASE_BATCH, &t));
	EXPECT_EQ(0, t.done);
	be_admin(true);
	EXPECT_EQ(ENOENT, command(self->other, NETPORT_IOC_RELEASE, &part));
	EXPECT_EQ(ENOENT, release_key(self->other, "tcp 4 *:2000"));
	EXPECT_EQ(11, list_all(self->other)->n);
	ASSERT_EQ(0, release(self->other, part.token));
	EXPECT_EQ(ENOENT, release(self->other, part.token));
	EXPECT_TRUE(all_free(IPPROTO_UDP, 1000));
	EXPECT_TRUE(all_free(IPPROTO_UDP, 1009));
	EXPECT_EQ(0, command(self->other, NETPORT_IOC_RELEASE_BATCH, &t));
	EXPECT_EQ(1, t.done);
	EXPECT_EQ(0, ask_with(self->other, "tcp 4 *:2000", HOLD_HOST, NULL));
	EXPECT_EQ(1, list_all(self->other)->n);
	/* Nor does it count any more. */
	fd = owner_as(UID5);
	EXPECT_EQ(0, ask_block(fd, "udp 4 10.0.0.1:2000", 12, &self->token));
}

TEST_F(hold, counts_for_uid_and_namespace_only)
{
	int a = owner_as(UID), b = owner_as(UID), c = owner_as(UID2);

	set_limit(PER_OWNER, 1);
	set_limit(PER_UID, 2);
	set_limit(PER_NETNS, 3);
	ASSERT_EQ(0, reserve_token(a, "tcp 4 *:1080", &self->token));
	EXPECT_EQ(EDQUOT, reserve(a, "tcp 4 *:1081"));
	ASSERT_EQ(0, release_hold(a, self->token, LONG, 0));
	/* Not for the owner. */
	EXPECT_EQ(0, reserve(a, "tcp 4 *:1081"));
	/* But for the uid, also when the owner has gone. */
	EXPECT_EQ(EDQUOT, reserve(b, "tcp 4 *:1082"));
	EXPECT_EQ(EDQUOT, available(b, "tcp 4 *:1082"));
	EXPECT_EQ(0, release_key(a, "tcp 4 *:1081"));
	close(a);
	EXPECT_EQ(0, reserve(b, "tcp 4 *:1082"));
	a = owner_as(UID);
	EXPECT_EQ(EDQUOT, reserve(a, "tcp 4 *:1083"));
	/* And for the namespace. */
	EXPECT_EQ(0, reserve(c, "tcp 4 *:1084"));
	EXPECT_EQ(EDQUOT, reserve(self->fd, "tcp 4 *:1085"));
}

TEST_F(hold, counts_until_it_ends)
{
	int a = owner_as(UID3), b = owner_as(UID4);

	set_limit(PER_UID, 2);
	set_limit(PER_NETNS, 3);
	ASSERT_EQ(0, ask_set(a, "tcp 4 *:1080,udp 4 *:1080", 0, &self->token));
	ASSERT_EQ(0, release_hold(a, self->token, 40, WHOLE));
	EXPECT_TRUE(AWAIT(!available(a, "tcp 4 *:1080")));
	EXPECT_TRUE(AWAIT(!list_all(a)->n));
	EXPECT_EQ(0, reserve(a, "tcp 4 *:1081"));
	EXPECT_EQ(0, reserve(a, "tcp 4 *:1082"));
	EXPECT_EQ(EDQUOT, reserve(a, "tcp 4 *:1083"));
	EXPECT_EQ(0, reserve(b, "tcp 4 *:1083"));
	EXPECT_EQ(EDQUOT, reserve(b, "tcp 4 *:1084"));
}

/* what is held */

TEST_F(hold, exactly_what_was_reserved)
{
	ASSERT_EQ(0, reserve_token(self->fd, "tcp 4 10.0.0.1:80 >10.0.0.9:7", &self->token));
	ASSERT_EQ(0, release_hold(self->fd, self->token, LONG, 0));
	EXPECT_EQ(EADDRINUSE, free_for_others("tcp 4 10.0.0.1:80 >10.0.0.9:7"));
	EXPECT_EQ(EADDRINUSE, free_for_others("tcp 4 10.0.0.1:80 >10.0.0.9:7 tuple"));
	EXPECT_EQ(EADDRINUSE, free_for_others("tcp 4 10.0.0.1:80 >10.0.0.9:0"));
	EXPECT_EQ(EADDRINUSE, free_for_others("tcp 4 10.0.0.1:80"));
	EXPECT_EQ(EADDRINUSE, free_for_others("tcp 46 *:80 LB|MR|TO"));
	EXPECT_EQ(0, free_for_others("tcp 4 10.0.0.1:80 >10.0.0.9:8"));
	EXPECT_EQ(0, free_for_others("tcp 4 10.0.0.1:80 >10.0.0.8:7"));
	EXPECT_EQ(0, free_for_others("tcp 4 10.0.0.2:80"));
	EXPECT_EQ(0, free_for_others("tcp 6 *:80"));
	EXPECT_EQ(0, free_for_others("udp 4 10.0.0.1:80"));
}

TEST_F(hold, the_whole_port)
{
	ASSERT_EQ(0, reserve_token(self->fd, "tcp 4 10.0.0.1:80 %3 >10.0.0.9:7", &self->token));
	ASSERT_EQ(0, release_hold(self->fd, self->token, LONG, WHOLE));
	EXPECT_EQ(EADDRINUSE, free_for_others("tcp 4 10.0.0.1:80 >10.0.0.9:7"));
	EXPECT_EQ(EADDRINUSE, free_for_others("tcp 4 10.0.0.1:80 >10.0.0.8:7"));
	EXPECT_EQ(EADDRINUSE, free_for_others("tcp 4 10.0.0.2:80"));
	EXPECT_EQ(EADDRINUSE, free_for_others("tcp 4 *:80 %9 LB|MR|TO"));
	EXPECT_EQ(EADDRINUSE, free_for_others("tcp 6 [2001:db8::1]:80"));
	EXPECT_EQ(EADDRINUSE, free_for_others("tcp 46 *:80"));
	EXPECT_EQ(0, free_for_others("udp 46 *:80"));
	EXPECT_EQ(0, free_for_others("tcp 46 *:81"));
	EXPECT_EQ(1, find(self->fd, self->token, &self->e));
}

/* Who is there already stays, and can go; nobody new comes. */
TEST_F(hold, the_whole_port_beside_others)
{
	__u64 theirs, start;

	ASSERT_EQ(0, reserve_token(self->other, "tcp 4 10.0.0.2:80", &theirs));
	ASSERT_EQ(0, reserve(self->other, "tcp 6 [2001:db8::2]:80"));
	ASSERT_EQ(0, reserve_token(self->fd, "tcp 4 10.0.0.1:80", &self->token));
	start = now_ns();
	ASSERT_EQ(0, release_hold(self->fd, self->token, WHILE, WHOLE));
	EXPECT_EQ(0, state_of(self->fd, theirs));
	EXPECT_TRUE(held("tcp 4 10.0.0.3:80", start, WHILE));
	EXPECT_EQ(0, set_label(self->other, theirs, "still there"));
	EXPECT_EQ(0, release(self->other, theirs));
	EXPECT_TRUE(held("tcp 4 10.0.0.2:80", start, WHILE));
	EXPECT_TRUE(AWAIT(!free_for_others("tcp 4 *:80")));
	EXPECT_EQ(EADDRINUSE, free_for_others("tcp 46 *:80"));
	EXPECT_EQ(0, release_key(self->other, "tcp 6 [2001:db8::2]:80"));
	EXPECT_TRUE(all_free(IPPROTO_TCP, 80));
}

FIXTURE(hold_shared) {
	int fd;
	int other;
};

FIXTURE_VARIANT(hold_shared) {
	const char *text;
	unsigned int options;
};

FIXTURE_VARIANT_ADD(hold_shared, lone_address) { .text = "udp 4 10.0.0.1:80 LB|MR" };
FIXTURE_VARIANT_ADD(hold_shared, any_address) { .text = "udp 46 *:80 LB|MR" };
FIXTURE_VARIANT_ADD(hold_shared, device) { .text = "udp 4 10.0.0.1:80 %2 LB|MR" };
FIXTURE_VARIANT_ADD(hold_shared, remote) { .text = "udp 4 10.0.0.1:80 >10.0.0.2:1 LB|MR" };
FIXTURE_VARIANT_ADD(hold_shared, whole_port) {
	.text = "udp 4 10.0.0.1:80 LB|MR", .options = WHOLE
};

FIXTURE_SETUP(hold_shared)
{
	keep_netns();
	self->fd = owner();
	self->other = owner();
}

FIXTURE_TEARDOWN(hold_shared)
{
}

TEST_F(hold_shared, others_live_on_and_nobody_gets_in)
{
	__u64 token, theirs, start;
	unsigned int state;

	ASSERT_EQ(0, reserve_token(self->other, variant->text, &theirs));
	ASSERT_EQ(0, reserve_token(self->fd, variant->text, &token));
	ASSERT_EQ(0, free_for_others(variant->text));
	start = now_ns();
	ASSERT_EQ(0, release_hold(self->fd, token, WHILE, variant->options));
	state = state_of(self->fd, token);
	EXPECT_TRUE(state == HELD || now_ns() - start >= WHILE * 1000000ULL);
	EXPECT_TRUE(held(variant->text, start, WHILE));
	EXPECT_EQ(0, state_of(self->fd, theirs));
	EXPECT_TRUE(AWAIT(!free_for_others(variant->text)));
	/* And share again; now the other goes first. */
	EXPECT_EQ(0, reserve_token(self->fd, variant->text, &token));
	start = now_ns();
	ASSERT_EQ(0, release_hold(self->fd, token, WHILE, variant->options));
	EXPECT_EQ(0, release(self->other, theirs));
	EXPECT_TRUE(held(variant->text, start, WHILE));
	EXPECT_TRUE(AWAIT(!free_for_others(variant->text)));
	EXPECT_TRUE(all_free(IPPROTO_UDP, 80));
}

TEST_F(hold, is_not_picked)
{
	unsigned int port, i;
	char text[64];

	for (i = 40000; i < 40009; i++) {
		snprintf(text, sizeof(text), "udp 4 10.0.0.1:%u LB", i);
		ASSERT_EQ(0, reserve_token(self->fd, text, &self->token));
		ASSERT_EQ(0, release_hold(self->fd, self->token, LONG, i % 2 ? WHOLE : 0));
	}
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, pick(self->fd, "udp 4 10.0.0.1:0 LB =40000-40009", &port));
		EXPECT_EQ(40009, port);
		ASSERT_EQ(0, pick(self->fd, "udp 4 *:0 LB =40000-40009", &port));
		EXPECT_EQ(40009, port);
	}
	ASSERT_EQ(0, reserve(self->fd, "udp 4 10.0.0.2:40008"));
	EXPECT_EQ(EADDRINUSE, reserve(self->fd, "udp 4 10.0.0.2:40007"));
	close(self->fd);
	self->fd = owner();
	ASSERT_EQ(0, reserve(self->fd, "udp 46 *:40009"));
	EXPECT_EQ(EADDRNOTAVAIL, pick(self->fd, "udp 4 10.0.0.1:0 LB =40000-40009", &port));
}

/* kinds of reservations */

FIXTURE(hold_kind) {
	int fd;
	__u64 token;
	__u64 start;
};

FIXTURE_VARIANT(hold_kind) {
	unsigned int options;
};

FIXTURE_VARIANT_ADD(hold_kind, exact) { .options = 0 };
FIXTURE_VARIANT_ADD(hold_kind, port) { .options = WHOLE };

FIXTURE_SETUP(hold_kind)
{
	keep_netns();
	self->fd = owner();
}

FIXTURE_TEARDOWN(hold_kind)
{
}

/* Each of "a,b" is held, or all are free, as @free says. */
static bool each(const char *texts, bool free, __u64 start)
{
	char copy[256], *save, *text;

	snprintf(copy, sizeof(copy), "%s", texts);
	for (text = strtok_r(copy, ",", &save); text; text = strtok_r(NULL, ",", &save)) {
		if (free ? AWAIT(!free_for_others(text)) : held(text, start, WHILE))
			continue;
		fprintf(stderr, "# %s is %s\n", text, free ? "still held" : "free");
		return false;
	}
	return true;
}

/* Held as @n entries for as long as it should be, from @start on; then it's all free. */
static bool held_then_free(int fd, __u64 token, unsigned int n, const char *texts, __u64 start)
{
	struct netport_entry e;
	unsigned int found = find(fd, token, &e);

	if (now_ns() - start < WHILE * 1000000ULL &&
	    (found != n || e.state != HELD || e.parts != n)) {
		fprintf(stderr, "# listed %u times, state %#x, parts %u\n", found, e.state,
			e.parts);
		return false;
	}
	return each(texts, false, start) && each(texts, true, start) &&
	       AWAIT(!find(fd, token, &e));
}

TEST_F(hold_kind, set)
{
	const char *texts =
		"tcp 4 10.0.0.1:80,tcp 4 10.0.0.2:80,tcp 6 [2001:db8::1]:80,udp 4 *:80,262 46 *:80";

	ASSERT_EQ(0, ask_set(self->fd, texts, 0, &self->token));
	self->start = now_ns();
	ASSERT_EQ(0, release_hold(self->fd, self->token, WHILE, variant->options));
	EXPECT_TRUE(held_then_free(self->fd, self->token, 5, texts, self->start));
	EXPECT_TRUE(all_free(IPPROTO_TCP, 80));
	EXPECT_TRUE(all_free(IPPROTO_UDP, 80));
	EXPECT_TRUE(all_free(262, 80));
}

TEST_F(hold_kind, block)
{
	const char *texts = "udp 4 10.0.0.1:1020,udp 4 10.0.0.1:1100,udp 46 *:1219";

	ASSERT_EQ(0, ask_block(self->fd, "udp 4 10.0.0.1:1020", 200, &self->token));
	self->start = now_ns();
	ASSERT_EQ(0, release_hold(self->fd, self->token, WHILE, variant->options));
	EXPECT_TRUE(held_then_free(self->fd, self->token, 200, texts, self->start));
	EXPECT_TRUE(all_free(IPPROTO_UDP, 1020));
	EXPECT_TRUE(all_free(IPPROTO_UDP, 1219));
}

TEST_F(hold_kind, what_is_left_of_a_block)
{
	const char *texts = "udp 4 10.0.0.1:1020,udp 4 10.0.0.1:1040";
	struct netport_release part = { .port = 1030, .count = 10 };

	ASSERT_EQ(0, ask_block(self->fd, "udp 4 10.0.0.1:1020", 30, &self->token));
	part.token = self->token;
	ASSERT_EQ(0, command(self->fd, NETPORT_IOC_RELEASE, &part));
	self->start = now_ns();
	ASSERT_EQ(0, release_hold(self->fd, self->token, WHILE, variant->options));
	EXPECT_EQ(0, free_for_others("udp 4 10.0.0.1:1030"));
	EXPECT_EQ(0, free_for_others("udp 4 10.0.0.1:1039"));
	EXPECT_TRUE(held_then_free(self->fd, self->token, 20, texts, self->start));
}

TEST_F(hold_kind, rebound)
{
	const char *texts = "tcp 4 10.0.0.1:4000,tcp 4 10.0.0.2:4000";

	ASSERT_EQ(0, reserve_token(self->fd, "tcp 4 10.0.0.1:80", &self->token));
	ASSERT_EQ(0, change(self->fd, NETPORT_IOC_REBIND, self->token, "tcp 4 10.0.0.1:4000", 0));
	ASSERT_EQ(0, change(self->fd, NETPORT_IOC_EXTEND, self->token, "tcp 4 10.0.0.2:0", 0));
	self->start = now_ns();
	ASSERT_EQ(0, release_hold(self->fd, self->token, WHILE, variant->options));
	EXPECT_EQ(0, free_for_others("tcp 4 10.0.0.1:80"));
	EXPECT_TRUE(held_then_free(self->fd, self->token, 2, texts, self->start));
}

TEST_F(hold_kind, candidate)
{
	struct netport_candidate c = candidate_request("tcp 4 10.0.0.1:0 =40000-40000");

	ASSERT_EQ(0, candidate(self->fd, &c));
	self->start = now_ns();
	ASSERT_EQ(0, release_hold(self->fd, c.reserve.token, WHILE, variant->options));
	EXPECT_EQ(ENOENT, accept_token(self->fd, c.reserve.token));
	EXPECT_TRUE(held_then_free(self->fd, c.reserve.token, 1, "tcp 4 10.0.0.1:40000",
				   self->start));
}

TEST_F(hold_kind, labelled)
{
	struct netport_entry e;

	ASSERT_EQ(0, reserve_token(self->fd, "tcp 4 10.0.0.1:80", &self->token));
	ASSERT_EQ(0, set_label(self->fd, self->token, "TIME_WAIT"));
	ASSERT_EQ(0, set_label(self->fd, 0, "a stack"));
	self->start = now_ns();
	ASSERT_EQ(0, release_hold(self->fd, self->token, WHILE, variant->options));
	close(self->fd);
	self->fd = owner();
	if (find(self->fd, self->token, &e)) {
		EXPECT_STREQ("TIME_WAIT", (char *)e.label);
		EXPECT_STREQ("a stack", (char *)e.owner_label);
	}
	EXPECT_TRUE(held_then_free(self->fd, self->token, 1, "tcp 4 10.0.0.1:80", self->start));
}

TEST_F(hold_kind, named_by_its_binding)
{
	struct netport_reserve r = request("tcp 4 10.0.0.1:80 >10.0.0.2:1 tuple");
	struct netport_release rel = {
		.binding = r.binding, .options = r.options | variant->options, .hold = WHILE,
	};

	ASSERT_EQ(0, reserve_request(self->fd, &r));
	self->start = now_ns();
	ASSERT_EQ(0, command(self->fd, NETPORT_IOC_RELEASE, &rel));
	EXPECT_EQ(ENOENT, command(self->fd, NETPORT_IOC_RELEASE, &rel));
	EXPECT_TRUE(held_then_free(self->fd, r.token, 1, "tcp 4 10.0.0.1:80 >10.0.0.2:1",
				   self->start));
}

TEST_F(hold_kind, one_of_a_batch)
{
	__u64 token[3];
	struct netport_tokens t = {
		.tokens = (uintptr_t)token, .count = 3,
		.hold = WHILE, .options = variant->options,
	};

	ASSERT_EQ(0, reserve_token(self->fd, "tcp 4 *:80", &token[0]));
	token[1] = POISON;
	ASSERT_EQ(0, reserve_token(self->fd, "tcp 4 *:81", &token[2]));
	self->start = now_ns();
	ASSERT_EQ(0, command(self->fd, NETPORT_IOC_RELEASE_BATCH, &t));
	EXPECT_EQ(2, t.done);
	EXPECT_TRUE(held("tcp 4 *:81", self->start, WHILE));
	EXPECT_TRUE(held_then_free(self->fd, token[0], 1, "tcp 4 *:80", self->start));
	EXPECT_TRUE(AWAIT(!free_for_others("tcp 4 *:81")));
}

/* A persistent one ends with its hold, too. */
TEST_F(hold_kind, persistent)
{
	ASSERT_EQ(0, ask_with(self->fd, "tcp 4 *:80", PERSISTENT, &self->token));
	self->start = now_ns();
	ASSERT_EQ(0, release_hold(self->fd, self->token, WHILE, variant->options));
	close(self->fd);
	self->fd = owner();
	EXPECT_EQ(ENOENT, adopt(self->fd, self->token));
	EXPECT_TRUE(held_then_free(self->fd, self->token, 1, "tcp 4 *:80", self->start));
}

TEST_F(hold_kind, orphan)
{
	ASSERT_EQ(0, ask_set(self->fd, "tcp 4 *:80,udp 4 *:80", PERSISTENT, &self->token));
	close(self->fd);
	self->fd = owner();
	ASSERT_EQ(ORPHAN, state_of(self->fd, self->token));
	self->start = now_ns();
	ASSERT_EQ(0, release_hold(self->fd, self->token, WHILE, variant->options));
	EXPECT_EQ(ENOENT, adopt(self->fd, self->token));
	be_admin(false);
	EXPECT_EQ(ENOENT, release(self->fd, self->token));
	EXPECT_TRUE(held_then_free(self->fd, self->token, 2, "tcp 4 *:80,udp 4 *:80", self->start));
}

/* those who are fast */

struct racer {
	const char *text;
	atomic_bool stop;
	atomic_uint won;
	atomic_uint tried;
};

static void *racer_run(void *arg)
{
	struct racer *r = arg;
	int fd = owner();
	__u64 token;

	while (!r->stop) {
		if (!reserve_token(fd, r->text, &token)) {
			r->won++;
			release(fd, token);
		}
		r->tried++;
	}
	close(fd);
	return NULL;
}

TEST_F(hold_kind, nobody_comes_between)
{
	struct racer r = { .text = "tcp 4 10.0.0.1:80" };
	struct netport_entry e;
	pthread_t thread;
	unsigned int i, n = so_many("ROUNDS", 15, 5), before;

	for (i = 0; i < n; i++) {
		r.stop = false;
		r.won = 0;
		ASSERT_EQ(0, reserve_token(self->fd, "tcp 4 10.0.0.1:80", &self->token));
		ASSERT_EQ(0, pthread_create(&thread, NULL, racer_run, &r));
		before = r.tried;
		while (r.tried == before)
			sched_yield();
		ASSERT_EQ(0, release_hold(self->fd, self->token, LONG, variant->options));
		before = r.tried;
		while (r.tried < before + 3)
			sched_yield();
		r.stop = true;
		pthread_join(thread, NULL);
		EXPECT_EQ(0, r.won);
		EXPECT_EQ(1, find(self->fd, self->token, &e));
		keep_netns();
		close(self->fd);
		self->fd = owner();
	}
}

/* refusals */

TEST_F(hold, refusals)
{
	const struct netport_release good = { .hold = LONG };
	struct netport_tokens t = { .tokens = (uintptr_t)&self->token, .count = 1, .hold = LONG };
	struct netport_release r;

	ASSERT_EQ(0, reserve_token(self->fd, "tcp 4 *:80", &self->token));
#define REFUSED(err, set) do {						\
		r = good;						\
		r.token = self->token;					\
		set;							\
		EXPECT_EQ(err, command(self->fd, NETPORT_IOC_RELEASE, &r))	\
			TH_LOG(#set);					\
	} while (0)
	REFUSED(EINVAL, r.hold = NETPORT_HOLD_MAX + 1);
	REFUSED(EINVAL, r.hold = ~0U);
	REFUSED(EINVAL, r.__pad = 1);
	REFUSED(EINVAL, r.options = 1 << 30);
	REFUSED(EINVAL, r.options = NETPORT_OPT_TUPLE);
	REFUSED(EINVAL, r.options = WHOLE; r.hold = 0);
	REFUSED(EINVAL, r.port = 80; r.count = 1);
	REFUSED(EINVAL, r.port = 80);
	REFUSED(EINVAL, r.count = 1);
	REFUSED(EINVAL, r.binding.port = 80);
	REFUSED(EINVAL, r.binding.remote[15] = 1);
	REFUSED(EINVAL, r.token = 0);
	REFUSED(ENOENT, r.token++);
	REFUSED(ENOENT, r.token = POISON; r.options = WHOLE);
#undef REFUSED
	EXPECT_EQ(ENOENT, release_hold(self->other, self->token, LONG, 0));
	EXPECT_EQ(ENOENT, release_hold(self->other, self->token, LONG, WHOLE));

	t.hold = NETPORT_HOLD_MAX + 1;
	EXPECT_EQ(EINVAL, command(self->fd, NETPORT_IOC_RELEASE_BATCH, &t));
	t.hold = 0;
	t.options = WHOLE;
	EXPECT_EQ(EINVAL, command(self->fd, NETPORT_IOC_RELEASE_BATCH, &t));
	t.hold = LONG;
	t.options = NETPORT_OPT_TUPLE;
	EXPECT_EQ(EINVAL, command(self->fd, NETPORT_IOC_RELEASE_BATCH, &t));

	EXPECT_EQ(0, state_of(self->fd, self->token));
	EXPECT_EQ(0, release(self->fd, self->token));
	EXPECT_EQ(0, list_all(self->fd)->n);
}

/* A caller of the first version has no hold to ask for. */
TEST_F(hold, not_in_the_first_version)
{
	struct netport_release r = { .hold = LONG, .__pad = ~0U };

	ASSERT_EQ(0, reserve_token(self->fd, "tcp 4 *:80", &self->token));
	r.token = self->token;
	/* Its hold is where the first version has padding: that is a hold all the same. */
	EXPECT_EQ(0, command(self->fd, _IOC(_IOC_READ | _IOC_WRITE, NETPORT_IOC_MAGIC, 1, 64), &r));
	EXPECT_EQ(HELD, state_of(self->fd, self->token));
}

SELFTEST_MAIN
