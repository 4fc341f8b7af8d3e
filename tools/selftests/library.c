// SPDX-License-Identifier: GPL-2.0
/*
 * library - what libnetport's functions do, through the device: results, errors, and what is
 * held afterwards.  That of the commands themselves is in the other programs.
 */
#include "keep.h"
#include "netport.h"

#include <limits.h>

#define LOW	40000
#define HIGH	40009
#define PORTS	(HIGH - LOW + 1)

/* A function's outcome: 0, or the errno; and nothing else comes of it. */
#define OUTCOME(call) ({						\
	int __ret;							\
	errno = 0;							\
	__ret = (call);							\
	__ret == -1 ? errno : __ret ? BROKEN : 0;			\
})

/* Likewise of one that returns a number. */
#define NUMBER(call) ({							\
	int __ret;							\
	errno = 0;							\
	__ret = (call);							\
	__ret == -1 ? -errno : __ret < 0 ? -BROKEN : __ret;		\
})

FIXTURE(library) {
	int fd;
	int other;
};

FIXTURE_SETUP(library)
{
	keep_netns();
	self->fd = netport_open();
	ASSERT_LE(0, self->fd);
	self->other = netport_open();
	ASSERT_LE(0, self->other);
}

/* Also if the test has come to a sudden end. */
FIXTURE_TEARDOWN_PARENT(library)
{
	restore_limits();
}

static unsigned int held(int fd)
{
	struct netport_list mine = { .flags = NETPORT_LIST_MINE };
	static struct listing l;

	errno = list_of(fd, &mine, 64, &l);
	if (errno)
		die("NETPORT_IOC_LIST");
	return l.n;
}

TEST_F(library, opens_an_owner_that_exec_closes)
{
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->fd, F_GETFD));
	EXPECT_EQ(0, reserve(self->fd, "tcp 4 *:80"));
	EXPECT_EQ(EADDRINUSE, reserve(self->other, "tcp 4 *:80"));
	close(self->fd);
	EXPECT_EQ(0, reserve(self->other, "tcp 4 *:80"));
}

TEST_F(library, tells_what_there_is)
{
	struct netport_info a, b;

	memset(&a, 0xcc, sizeof(a));
	EXPECT_EQ(0, OUTCOME(netport_info(self->fd, &a)));
	EXPECT_EQ(0, OUTCOME(netport_info(self->other, &b)));
	EXPECT_NE(a.owner, b.owner);
	EXPECT_EQ(sizeof(struct netport_entry), a.entry_size);
	EXPECT_EQ(ENOTTY, OUTCOME(netport_info(0, &a)));
	EXPECT_EQ(EBADF, OUTCOME(netport_info(-1, &a)));
}

TEST_F(library, reserves_and_releases)
{
	struct netport_reserve r = request("tcp 46 *:0");
	struct netport_reserve again;

	ASSERT_EQ(0, OUTCOME(netport_reserve(self->fd, &r)));
	EXPECT_NE(0, r.token);
	again = request("tcp 4 10.0.0.1:0");
	again.binding.port = r.binding.port;
	EXPECT_EQ(EADDRINUSE, OUTCOME(netport_reserve(self->other, &again)));
	EXPECT_EQ(ENOENT, OUTCOME(netport_release(self->other, r.token)));
	EXPECT_EQ(0, OUTCOME(netport_release(self->fd, r.token)));
	EXPECT_EQ(ENOENT, OUTCOME(netport_release(self->fd, r.token)));
	EXPECT_EQ(0, OUTCOME(netport_reserve(self->other, &again)));
}

TEST_F(library, reserves_with_terms)
{
	struct netport_binding udp = request("udp 4 *:0").binding;
	struct netport_request r = { .reserve = request("tcp 4 *:0"),
				     .terms = { .bindings = (uintptr_t)&udp, .nbindings = 1 } };
	struct netport_request more = { .reserve = request("tcp 6 *:0") };
	struct netport_request move = { .reserve = request("sctp 4 *:7") };
	struct netport_entry e;
	unsigned int port;

	ASSERT_EQ(0, OUTCOME(netport_request(self->fd, &r)));
	port = r.reserve.binding.port;
	EXPECT_EQ(2, find(self->fd, r.reserve.token, &e));
	EXPECT_EQ(port, e.binding.port);

	more.reserve.token = r.reserve.token;
	EXPECT_EQ(ENOENT, OUTCOME(netport_extend(self->other, &more)));
	EXPECT_EQ(0, OUTCOME(netport_extend(self->fd, &more)));
	EXPECT_EQ(port, more.reserve.binding.port);
	EXPECT_EQ(3, find(self->fd, r.reserve.token, &e));

	move.reserve.token = r.reserve.token;
	EXPECT_EQ(ENOENT, OUTCOME(netport_rebind(self->other, &move)));
	EXPECT_EQ(3, held(self->fd));
	EXPECT_EQ(0, OUTCOME(netport_rebind(self->fd, &move)));
	EXPECT_EQ(1, find(self->fd, r.reserve.token, &e));
	EXPECT_EQ(7, e.binding.port);
	EXPECT_EQ(IPPROTO_SCTP, e.binding.protocol);
}

TEST_F(library, tells_what_would_be_refused_and_by_whom)
{
	struct netport_entry who = { .token = POISON };
	struct netport_request r = ask_for("udp 4 10.0.0.1:53", 0);
	__u64 token;

	r.terms.conflict = (uintptr_t)&who;
	EXPECT_EQ(0, OUTCOME(netport_available(self->fd, &r)));
	EXPECT_EQ(0, held(self->fd));
	ASSERT_EQ(0, reserve_token(self->other, "udp 46 *:53", &token));
	EXPECT_EQ(EADDRINUSE, OUTCOME(netport_available(self->fd, &r)));
	EXPECT_EQ(token, who.token);
}

TEST_F(library, releases_by_binding_with_a_hold_and_in_part)
{
	struct netport_release by = { .binding = request("tcp 4 10.0.0.1:80").binding };
	struct netport_release part = { .port = LOW, .count = 1 };
	struct netport_release hold = { .hold = 60000 };
	__u64 token;

	ASSERT_EQ(0, reserve(self->fd, "tcp 4 10.0.0.1:80"));
	EXPECT_EQ(ENOENT, OUTCOME(netport_release_by(self->other, &by)));
	EXPECT_EQ(0, OUTCOME(netport_release_by(self->fd, &by)));
	EXPECT_EQ(0, held(self->fd));

	ASSERT_EQ(0, ask_block(self->fd, "udp 4 *:40000", 2, &part.token));
	EXPECT_EQ(0, OUTCOME(netport_release_by(self->fd, &part)));
	EXPECT_EQ(1, held(self->fd));

	ASSERT_EQ(0, reserve_token(self->fd, "tcp 4 10.0.0.1:80", &token));
	hold.token = token;
	EXPECT_EQ(0, OUTCOME(netport_release_by(self->fd, &hold)));
	EXPECT_EQ(HELD, state_of(self->fd, token));
}

TEST_F(library, reserves_many_all_or_none)
{
	struct netport_request r[3] = { ask_for("tcp 4 *:1001", 0), ask_for("tcp 4 *:1002", 0),
					ask_for("tcp 4 *:1003", 0) };
	__s32 errors[3] = { -1, -1, -1 };
	__u64 tokens[3];

	ASSERT_EQ(0, reserve(self->other, "tcp 4 *:1002"));
	EXPECT_EQ(-EADDRINUSE, NUMBER(netport_batch(self->fd, r, 3, 0, errors)));
	EXPECT_EQ(0, errors[0]);
	EXPECT_EQ(EADDRINUSE, errors[1]);
	EXPECT_EQ(0, errors[2]);
	EXPECT_EQ(0, held(self->fd));
	EXPECT_EQ(2, NUMBER(netport_batch(self->fd, r, 3, NETPORT_BATCH_PARTIAL, NULL)));
	EXPECT_EQ(2, held(self->fd));
	EXPECT_EQ(0, r[1].reserve.token);

	for (int i = 0; i < 3; i++)
		tokens[i] = r[i].reserve.token;
	EXPECT_EQ(0, NUMBER(netport_release_batch(self->other, tokens, 3, 0, 0)));
	EXPECT_EQ(2, NUMBER(netport_release_batch(self->fd, tokens, 3, 0, 0)));
	EXPECT_EQ(0, held(self->fd));
	EXPECT_EQ(-EINVAL, NUMBER(netport_release_batch(self->fd, tokens, 0, 0, 0)));
}

TEST_F(library, reserves_many_without_terms)
{
	struct netport_reserve r[2] = { request("tcp 4 *:0"), request("udp 4 *:0") };

	EXPECT_EQ(2, NUMBER(netport_batch_sized(self->fd, r, sizeof(r[0]), 2, 0, NULL)));
	EXPECT_EQ(2, held(self->fd));
	EXPECT_NE(0, r[0].binding.port);
	EXPECT_NE(0, r[1].token);
	EXPECT_EQ(-EINVAL, NUMBER(netport_batch_sized(self->fd, r, sizeof(r[0]) + 4, 2, 0, NULL)));
}

TEST_F(library, releases_many_with_a_hold)
{
	__u64 tokens[2];

	ASSERT_EQ(0, reserve_token(self->fd, "tcp 4 10.0.0.1:80", &tokens[0]));
	ASSERT_EQ(0, reserve_token(self->fd, "tcp 4 10.0.0.1:81", &tokens[1]));
	EXPECT_EQ(2, NUMBER(netport_release_batch(self->fd, tokens, 2, 60000,
						  NETPORT_RELEASE_PORT)));
	EXPECT_EQ(HELD, state_of(self->fd, tokens[0]));
	EXPECT_EQ(HELD, state_of(self->fd, tokens[1]));
	EXPECT_EQ(EADDRINUSE, reserve(self->other, "tcp 4 10.0.0.2:80"));
}

TEST_F(library, hands_over)
{
	__u64 token;

	ASSERT_EQ(0, reserve_token(self->fd, "tcp 4 *:80", &token));
	EXPECT_EQ(EINVAL, OUTCOME(netport_transfer(self->fd, token, self->fd)));
	EXPECT_EQ(EBADF, OUTCOME(netport_transfer(self->fd, token, -1)));
	EXPECT_EQ(1, held(self->fd));
	EXPECT_EQ(0, OUTCOME(netport_transfer(self->fd, token, self->other)));
	EXPECT_EQ(0, held(self->fd));
	EXPECT_EQ(1, held(self->other));
}

TEST_F(library, adopts)
{
	__u64 token;

	ASSERT_EQ(0, ask_with(self->other, "tcp 4 *:80", PERSISTENT, &token));
	EXPECT_EQ(ENOENT, OUTCOME(netport_adopt(self->fd, token)));
	close(self->other);
	EXPECT_EQ(ORPHAN, state_of(self->fd, token));
	EXPECT_EQ(0, OUTCOME(netport_adopt(self->fd, token)));
	EXPECT_EQ(1, held(self->fd));
	EXPECT_EQ(0, OUTCOME(netport_release(self->fd, token)));
}

TEST_F(library, labels)
{
	const char *longest = "1234567890123456789012345678901";
	struct netport_entry e;
	__u64 token;

	ASSERT_EQ(0, reserve_token(self->fd, "tcp 4 *:80", &token));
	EXPECT_EQ(0, OUTCOME(netport_label(self->fd, token, longest)));
	EXPECT_EQ(0, OUTCOME(netport_label(self->fd, 0, "mine")));
	EXPECT_EQ(EINVAL, OUTCOME(netport_label(self->fd, token,
						"12345678901234567890123456789012")));
	EXPECT_EQ(ENOENT, OUTCOME(netport_label(self->other, token, "theirs")));
	ASSERT_EQ(1, find(self->fd, token, &e));
	EXPECT_STREQ(longest, (char *)e.label);
	EXPECT_STREQ("mine", (char *)e.owner_label);
	EXPECT_EQ(0, OUTCOME(netport_label(self->fd, token, "")));
	ASSERT_EQ(1, find(self->fd, token, &e));
	EXPECT_STREQ("", (char *)e.label);
}

/* picking with a test */

struct testing {
	int other;		/* an owner that tries to have the port meanwhile, or 0 */
	unsigned int calls;
	unsigned int accept;	/* in this call, or never if it's 0 */
	int error;		/* what is said in that call */
	unsigned int ports[PORTS];
	unsigned int stolen;
};

static int judge(unsigned int port, void *arg)
{
	struct testing *t = arg;

	if (t->calls < PORTS)
		t->ports[t->calls] = port;
	t->calls++;
	if (t->other) {
		struct netport_reserve r = request("udp 4 10.0.0.1:0");

		r.binding.port = port;
		t->stolen += !netport_reserve(t->other, &r);
	}
	return t->calls == t->accept ? t->error : 1;
}

static struct netport_request to_pick(void)
{
	return ask_for("udp 4 10.0.0.1:0 =40000-40009", 0);
}

/* Each of the ports of the range was asked about once. */
static bool each_once(const struct testing *t)
{
	unsigned int seen = 0;

	for (unsigned int i = 0; i < PORTS; i++)
		if (t->ports[i] >= LOW && t->ports[i] <= HIGH)
			seen |= 1U << (t->ports[i] - LOW);
	return t->calls == PORTS && seen == (1U << PORTS) - 1;
}

TEST_F(library, picks_what_passes_the_test)
{
	struct testing t = { .other = self->other, .accept = 4 };
	struct netport_request r = to_pick();

	ASSERT_EQ(0, OUTCOME(netport_pick(self->fd, &r, judge, &t)));
	EXPECT_EQ(4, t.calls);
	EXPECT_EQ(t.ports[3], r.reserve.binding.port);
	EXPECT_EQ(0, t.stolen);
	EXPECT_EQ(1, held(self->fd));
	EXPECT_EQ(0, state_of(self->fd, r.reserve.token));
}

TEST_F(library, picks_without_a_test)
{
	struct netport_request r = to_pick();

	ASSERT_EQ(0, OUTCOME(netport_pick(self->fd, &r, NULL, NULL)));
	EXPECT_LE(LOW, r.reserve.binding.port);
	EXPECT_GE(HIGH, r.reserve.binding.port);
	EXPECT_EQ(0, state_of(self->fd, r.reserve.token));
}

TEST_F(library, offers_each_port_once_and_then_holds_none)
{
	struct netport_request r = to_pick(), before = r;
	struct testing t = { .other = self->other };

	EXPECT_EQ(EADDRNOTAVAIL, OUTCOME(netport_pick(self->fd, &r, judge, &t)));
	EXPECT_TRUE(each_once(&t));
	EXPECT_EQ(0, t.stolen);
	EXPECT_EQ(0, held(self->fd));
	EXPECT_EQ(0, memcmp(&before, &r, sizeof(r)));
}

TEST_F(library, returns_the_error_of_the_test_as_it_is)
{
	struct netport_request r = to_pick(), before = r;
	struct testing t = { .accept = 3, .error = -ENOTBLK };

	EXPECT_EQ(ENOTBLK, OUTCOME(netport_pick(self->fd, &r, judge, &t)));
	EXPECT_EQ(3, t.calls);
	EXPECT_EQ(0, held(self->fd));
	EXPECT_EQ(0, memcmp(&before, &r, sizeof(r)));

	t = (struct testing){ .accept = 1, .error = -12345 };
	EXPECT_EQ(12345, OUTCOME(netport_pick(self->fd, &r, judge, &t)));
	EXPECT_EQ(0, held(self->fd));
}

TEST_F(library, picks_a_set)
{
	struct netport_binding tcp = request("tcp 6 *:0").binding;
	struct testing t = { .accept = 2 };
	struct netport_request r = to_pick();
	struct netport_entry e;

	r.terms.bindings = (uintptr_t)&tcp;
	r.terms.nbindings = 1;
	r.terms.align = 2;
	ASSERT_EQ(0, OUTCOME(netport_pick(self->fd, &r, judge, &t)));
	EXPECT_EQ(2, find(self->fd, r.reserve.token, &e));
	EXPECT_EQ(0, r.reserve.binding.port % 2);
}

TEST_F(library, picks_no_port_that_is_given)
{
	struct netport_request r = ask_for("udp 4 10.0.0.1:40000", 0);
	struct testing t = { .accept = 1 };

	EXPECT_EQ(EINVAL, OUTCOME(netport_pick(self->fd, &r, judge, &t)));
	r = to_pick();
	r.terms.deadline = netport_deadline(1000);
	EXPECT_EQ(EINVAL, OUTCOME(netport_pick(self->fd, &r, judge, &t)));
	r = to_pick();
	EXPECT_EQ(EINVAL, OUTCOME(netport_pick_sized(self->fd, &r, 56, judge, &t)));
	EXPECT_EQ(0, t.calls);
	EXPECT_EQ(0, held(self->fd));
}

TEST_F(library, searches_step_by_step)
{
	struct netport_candidate c = { .reserve = request("udp 4 10.0.0.1:0") };
	__u64 first;

	ASSERT_EQ(0, OUTCOME(netport_candidate(self->fd, &c)));
	first = c.reserve.token;
	ASSERT_EQ(0, OUTCOME(netport_candidate(self->fd, &c)));
	EXPECT_EQ(ENOENT, OUTCOME(netport_accept(self->fd, first)));
	EXPECT_EQ(NETPORT_STATE_CANDIDATE, state_of(self->fd, c.reserve.token));
	EXPECT_EQ(0, OUTCOME(netport_accept(self->fd, c.reserve.token)));
	EXPECT_EQ(EINVAL, OUTCOME(netport_accept(self->fd, c.reserve.token)));
	EXPECT_EQ(1, held(self->fd));
}

TEST_F(library, searches_the_bare_range)
{
	struct testing t = { .accept = 5 };
	int port;

	/* No table is asked. */
	ASSERT_EQ(0, reserve(self->other, "udp 46 *:40003"));
	port = NUMBER(netport_ephemeral(self->fd, LOW, HIGH, judge, &t));
	EXPECT_EQ(5, t.calls);
	EXPECT_EQ(t.ports[4], port);

	t = (struct testing){ 0 };
	EXPECT_EQ(-EADDRNOTAVAIL, NUMBER(netport_ephemeral(self->fd, LOW, HIGH, judge, &t)));
	EXPECT_TRUE(each_once(&t));
	t = (struct testing){ .accept = 2, .error = -EDOM };
	EXPECT_EQ(-EDOM, NUMBER(netport_ephemeral(self->fd, LOW, HIGH, judge, &t)));
	EXPECT_EQ(2, t.calls);
	EXPECT_EQ(-EINVAL, NUMBER(netport_ephemeral(self->fd, LOW, 65536, judge, &t)));
	EXPECT_EQ(-EINVAL, NUMBER(netport_ephemeral(self->fd, HIGH, LOW, judge, &t)));
	EXPECT_EQ(2, t.calls);
	EXPECT_EQ(0, held(self->fd));

	EXPECT_EQ(0, OUTCOME(netport_set_range(self->fd, 50000, 50000)));
	EXPECT_EQ(50000, NUMBER(netport_ephemeral(self->fd, 0, 0, NULL, NULL)));
}

TEST_F(library, sets_the_range)
{
	unsigned int low = 1, high = 1;

	EXPECT_EQ(0, OUTCOME(netport_get_range(self->fd, &low, &high)));
	EXPECT_EQ(16000, low);
	EXPECT_EQ(65535, high);
	EXPECT_EQ(EINVAL, OUTCOME(netport_set_range(self->fd, 5000, 65536 + 5001)));
	EXPECT_EQ(EINVAL, OUTCOME(netport_set_range(self->fd, 65536 + 1, 65536 + 2)));
	EXPECT_EQ(EINVAL, OUTCOME(netport_set_range(self->fd, 0, 65535)));
	EXPECT_EQ(0, OUTCOME(netport_set_range(self->fd, 5000, 5001)));
	be_admin(false);
	EXPECT_EQ(EPERM, OUTCOME(netport_set_range(self->fd, 6000, 6001)));
	be_admin(true);
	EXPECT_EQ(0, OUTCOME(netport_get_range(self->other, &low, &high)));
	EXPECT_EQ(5000, low);
	EXPECT_EQ(5001, high);
	EXPECT_EQ(EBADF, OUTCOME(netport_get_range(-1, &low, &high)));
	EXPECT_EQ(5000, low);
}

/* waiting */

TEST_F(library, reckons_deadlines)
{
	__u64 before = now_ns(), at = netport_deadline(5000), after = now_ns();

	EXPECT_LE(before + 5000000000, at);
	EXPECT_GE(after + 5000000000, at);
	EXPECT_LE(after, netport_deadline(0));
	EXPECT_EQ(INT64_MAX, netport_deadline(-1));
	EXPECT_EQ(INT64_MAX, netport_deadline(LLONG_MAX));
	EXPECT_EQ(INT64_MAX, netport_deadline(LLONG_MAX / 1000000));
	EXPECT_GT(INT64_MAX, netport_deadline(LLONG_MAX / 1000000 / 2));
}

TEST_F(library, waits_until_the_deadline)
{
	struct netport_request r = ask_for("tcp 4 *:80", 0);
	__u64 begin = now_ns();

	ASSERT_EQ(0, reserve(self->other, "tcp 4 *:80"));
	r.terms.deadline = netport_deadline(50);
	EXPECT_EQ(ETIMEDOUT, OUTCOME(netport_request(self->fd, &r)));
	EXPECT_LE(begin + 50000000, now_ns());
	close(self->other);
	r.terms.deadline = netport_deadline(-1);
	EXPECT_EQ(0, OUTCOME(netport_request(self->fd, &r)));
	EXPECT_EQ(1, held(self->fd));
}

TEST_F(library, wishes)
{
	struct netport_request w = ask_for("tcp 4 *:80", 0), w2 = w;
	struct pollfd p = { .fd = self->fd, .events = POLLIN };
	struct netport_granted g = { .wish = 0 };
	__u64 token;

	ASSERT_EQ(0, reserve_token(self->other, "tcp 4 *:80", &token));
	ASSERT_EQ(0, OUTCOME(netport_wish(self->fd, &w)));
	ASSERT_EQ(0, OUTCOME(netport_wish(self->fd, &w2)));
	EXPECT_EQ(ENOENT, OUTCOME(netport_granted(self->fd, &g)));
	EXPECT_EQ(0, poll(&p, 1, 0));
	EXPECT_EQ(0, OUTCOME(netport_unwish(self->fd, w.reserve.token)));
	EXPECT_EQ(ENOENT, OUTCOME(netport_unwish(self->fd, w.reserve.token)));

	ASSERT_EQ(0, OUTCOME(netport_release(self->other, token)));
	ASSERT_EQ(1, poll(&p, 1, PATIENCE_MS));
	ASSERT_EQ(0, OUTCOME(netport_granted(self->fd, &g)));
	EXPECT_EQ(w2.reserve.token, g.wish);
	EXPECT_EQ(80, g.port);
	EXPECT_EQ(0, OUTCOME(netport_release(self->fd, g.token)));
}

/* listings */

struct looking {
	int fd;			/* to list from within, or 0 */
	unsigned int calls;
	unsigned int stop;	/* in this call, or never if it's 0 */
	int verdict;		/* what is said in that call */
	unsigned int ports;	/* their sum */
	unsigned int inner;
};

static int count(const struct netport_entry *entry, void *arg)
{
	struct looking *l = arg;

	(void)entry;
	l->inner++;
	return 0;
}

static int look(const struct netport_entry *entry, void *arg)
{
	struct looking *l = arg;

	l->calls++;
	l->ports += entry->binding.port;
	if (l->fd && l->calls == 1 && netport_list_each(l->fd, NULL, count, l))
		return -errno;
	return l->calls == l->stop ? l->verdict : 0;
}

/* More than one turn of the listing takes. */
#define LISTED	500

static void fill(int fd)
{
	char text[64];

	for (unsigned int i = 1; i <= LISTED; i++) {
		snprintf(text, sizeof(text), "udp 4 10.0.0.1:%u", 20000 + i);
		if (reserve(fd, text))
			die("%s", text);
	}
}

#define SUM	(20000 * LISTED + LISTED * (LISTED + 1) / 2)

TEST_F(library, goes_over_a_listing)
{
	struct netport_list udp = { .flags = NETPORT_LIST_PROTOCOL, .protocol = IPPROTO_UDP,
				    .count = 3, .cursor = { 1, 2, 3 } };
	struct looking l = { .fd = self->other };

	fill(self->fd);
	ASSERT_EQ(0, reserve(self->other, "tcp 4 *:1"));
	EXPECT_EQ(0, NUMBER(netport_list_each(self->other, NULL, look, &l)));
	EXPECT_EQ(LISTED + 1, l.calls);
	EXPECT_EQ(LISTED + 1, l.inner);
	EXPECT_EQ(SUM + 1, l.ports);

	l = (struct looking){ 0 };
	EXPECT_EQ(0, NUMBER(netport_list_each(self->other, &udp, look, &l)));
	EXPECT_EQ(LISTED, l.calls);
	EXPECT_EQ(SUM, l.ports);
	EXPECT_EQ(3, udp.count);
}

TEST_F(library, ends_a_listing)
{
	struct looking l = { .stop = 200, .verdict = 7 };
	struct netport_list bad = { .flags = 1U << 31 };

	fill(self->fd);
	EXPECT_EQ(7, NUMBER(netport_list_each(self->fd, NULL, look, &l)));
	EXPECT_EQ(200, l.calls);
	l = (struct looking){ .stop = 1, .verdict = -EDOM };
	EXPECT_EQ(-EDOM, NUMBER(netport_list_each(self->fd, NULL, look, &l)));
	EXPECT_EQ(1, l.calls);
	EXPECT_EQ(-EINVAL, NUMBER(netport_list_each(self->fd, &bad, look, &l)));
	EXPECT_EQ(1, l.calls);
}

TEST_F(library, lists_step_by_step)
{
	struct netport_entry e[2] = { 0 };
	struct netport_list l = { .entries = (uintptr_t)e, .size = sizeof(e[0]), .count = 2 };

	ASSERT_EQ(0, reserve(self->fd, "tcp 4 *:80"));
	EXPECT_EQ(0, OUTCOME(netport_list(self->other, &l)));
	EXPECT_EQ(1, l.count);
	EXPECT_EQ(80, e[0].binding.port);
	l.count = 2;
	EXPECT_EQ(0, OUTCOME(netport_list(self->other, &l)));
	EXPECT_EQ(0, l.count);
	EXPECT_EQ(EINVAL, OUTCOME(netport_list(self->other, &l)));
}

/* structures of another size: those of a caller that is older or younger than all the rest */

#define GROWN(_type, _name)	struct { _type now; __u8 later[64]; } _name

TEST_F(library, takes_structures_of_the_first_version)
{
	struct netport_release r = { .binding = request("tcp 4 *:80").binding,
				     .count = 0xcccc, .__pad = 0xcccccccc };
	struct netport_info i;
	struct testing t = { .accept = 1 };
	struct netport_request p = to_pick();

	ASSERT_EQ(0, reserve(self->fd, "tcp 4 *:80"));
	EXPECT_EQ(0, OUTCOME(netport_release_by_sized(self->fd, &r, 64)));
	EXPECT_EQ(0, held(self->fd));

	memset(&i, 0xcc, sizeof(i));
	EXPECT_EQ(EINVAL, OUTCOME(netport_info_sized(self->fd, &i, 8)));

	memset(&p.terms, 0xcc, sizeof(p.terms));
	ASSERT_EQ(0, OUTCOME(netport_pick_sized(self->fd, &p, sizeof(p.reserve), judge, &t)));
	EXPECT_EQ(1, held(self->fd));
	EXPECT_EQ(0xcccc, p.terms.count);
}

TEST_F(library, takes_structures_that_have_grown)
{
	GROWN(struct netport_request, r) = { .now = to_pick() };
	GROWN(struct netport_list, list) = { .now.flags = NETPORT_LIST_MINE };
	GROWN(struct netport_info, i);
	struct testing t = { .accept = 2 };
	struct looking l = { 0 };
	unsigned int first;

	memset(&i, 0xcc, sizeof(i));
	EXPECT_EQ(0, OUTCOME(netport_info_sized(self->fd, &i.now, sizeof(i))));
	EXPECT_EQ(0, i.later[0]);

	ASSERT_EQ(0, OUTCOME(netport_request_sized(self->fd, &r.now, sizeof(r))));
	first = r.now.reserve.binding.port;
	r.now = to_pick();
	ASSERT_EQ(0, OUTCOME(netport_pick_sized(self->fd, &r.now, sizeof(r), judge, &t)));
	EXPECT_EQ(t.ports[1], r.now.reserve.binding.port);
	EXPECT_EQ(2, held(self->fd));

	/* Entries, too. */
	EXPECT_EQ(0, NUMBER(netport_list_each_sized(self->fd, &list.now, sizeof(list),
						    sizeof(struct netport_entry) + 64, look, &l)));
	EXPECT_EQ(2, l.calls);
	EXPECT_EQ(first + r.now.reserve.binding.port, l.ports);
}

TEST_F(library, refuses_what_it_does_not_know)
{
	GROWN(struct netport_request, r) = { .now = to_pick(), .later[63] = 1 };
	GROWN(struct netport_list, list) = { .later[0] = 1 };
	struct testing t = { .accept = 1 };
	struct looking l = { 0 };

	EXPECT_EQ(E2BIG, OUTCOME(netport_request_sized(self->fd, &r.now, sizeof(r))));
	EXPECT_EQ(E2BIG, OUTCOME(netport_pick_sized(self->fd, &r.now, sizeof(r), judge, &t)));
	EXPECT_EQ(0, t.calls);
	EXPECT_EQ(-E2BIG, NUMBER(netport_list_each_sized(self->fd, &list.now, sizeof(list), 168,
							 look, &l)));
	EXPECT_EQ(-EINVAL, NUMBER(netport_list_each_sized(self->fd, NULL, 0, 0, look, &l)));
	EXPECT_EQ(-EINVAL, NUMBER(netport_list_each_sized(self->fd, NULL, 0, 1U << 20, look, &l)));
	/* A size that has no room in a command's number. */
	EXPECT_EQ(E2BIG, OUTCOME(netport_request_sized(self->fd, &r.now, 1U << 14)));
	EXPECT_EQ(0, l.calls);
	EXPECT_EQ(0, held(self->fd));
}

/* threads */

#define THREADS	8
#define ROUNDS	50

struct picking {
	pthread_t thread;
	int fd;
	unsigned int wrong;
};

static int second(unsigned int port, void *arg)
{
	(void)port;
	return (*(int *)arg)++ != 1;
}

static void *pick_and_release(void *arg)
{
	struct picking *p = arg;

	for (int i = 0; i < ROUNDS; i++) {
		struct netport_request r = ask_for("udp 4 10.0.0.1:0", 0);
		int calls = 0;

		if (netport_pick(p->fd, &r, second, &calls) || calls != 2 ||
		    netport_release(p->fd, r.reserve.token))
			p->wrong++;
		/* errno is the thread's own. */
		if (OUTCOME(netport_release(p->fd, 1ULL << 60)) != ENOENT)
			p->wrong++;
	}
	return NULL;
}

TEST_F(library, serves_threads)
{
	struct picking p[THREADS];

	for (int i = 0; i < THREADS; i++) {
		p[i] = (struct picking){ .fd = self->fd };
		ASSERT_EQ(0, pthread_create(&p[i].thread, NULL, pick_and_release, &p[i]));
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(p[i].thread, NULL);
		EXPECT_EQ(0, p[i].wrong);
	}
	EXPECT_EQ(0, held(self->fd));
}

SELFTEST_MAIN
