// SPDX-License-Identifier: GPL-2.0
/*
 * wait - requests with a deadline: what ends a wait, in which order ports are handed over,
 * and that nobody comes between.
 */
#include "waiter.h"

#define PORT	40000
#define A	"udp 4 10.0.0.1:40000"
#define ANY	"udp 4 10.0.0.1:0 =40000-40000"
#define SET	"udp 4 10.0.0.1:40000;tcp 4 10.0.0.1:40000"

/* ways a port comes free */

enum how {
	BY_TOKEN, BY_KEY, IN_A_BATCH, BY_CLOSE, BY_KILL, AFTER_A_HOLD, BY_REBIND, BY_PART,
	CANDIDATE_GIVEN_UP, CANDIDATE_TURNED_DOWN, BY_UNWISH, BY_ADMIN,
};

struct holder {
	enum how			how;
	int				fd;
	__u64				token;
	struct netport_candidate	candidate;
	pid_t				pid;
};

static int hold_block(struct holder *h)
{
	struct netport_request r = { .reserve = request("udp 4 10.0.0.1:39998") };
	int err;

	r.terms.count = 4;
	err = terms_reserve(h->fd, &r);
	h->token = r.reserve.token;
	return err;
}

/* One that comes first in its search, so that there's another after it. */
static int hold_candidate(struct holder *h)
{
	int err;

	for (;;) {
		h->candidate = candidate_request("udp 4 10.0.0.1:0 =40000-40001");
		err = candidate(h->fd, &h->candidate);
		h->token = h->candidate.reserve.token;
		if (err || h->candidate.reserve.binding.port == PORT)
			return err;
		err = release(h->fd, h->token);
		if (err)
			return err;
	}
}

static int turn_down(struct holder *h)
{
	int err = candidate(h->fd, &h->candidate);

	return err ?: h->candidate.reserve.binding.port == PORT + 1 ? 0 : BROKEN;
}

static int hold_wish(struct holder *h)
{
	struct netport_request r = { .reserve = request(A) };
	int err = command(h->fd, NETPORT_IOC_WISH, &r);

	h->token = r.reserve.token;
	return err;
}

static int hold_orphan(struct holder *h)
{
	struct netport_reserve r = request(A);
	int err, fd = owner();

	r.options = NETPORT_OPT_PERSISTENT;
	err = reserve_request(fd, &r);
	close(fd);
	h->token = r.token;
	return err;
}

/* Have PORT on 10.0.0.1. */
static int hold(struct holder *h, enum how how)
{
	memset(h, 0, sizeof(*h));
	h->how = how;
	h->fd = owner();
	switch (how) {
	case BY_PART:
		return hold_block(h);
	case CANDIDATE_GIVEN_UP:
	case CANDIDATE_TURNED_DOWN:
		return hold_candidate(h);
	case BY_UNWISH:
		return hold_wish(h);
	case BY_ADMIN:
		return hold_orphan(h);
	case BY_KILL:
		h->pid = spawn();
		if (!h->pid) {
			pause();
			_exit(0);
		}
		break;
	default:
		break;
	}
	return reserve_token(h->fd, A, &h->token);
}

/* Give it up; returns an errno. */
static int give(struct holder *h)
{
	struct netport_release rel = { .token = h->token };
	struct netport_tokens tokens = { .tokens = (uintptr_t)&h->token, .count = 1 };
	struct netport_request to = { .reserve = request("udp 4 10.0.0.1:40500") };
	struct netport_token token = { .token = h->token };

	switch (h->how) {
	case BY_TOKEN:
	case CANDIDATE_GIVEN_UP:
	case BY_ADMIN:
		return release(h->fd, h->token);
	case BY_KEY:
		return release_key(h->fd, A);
	case IN_A_BATCH:
		return command(h->fd, NETPORT_IOC_RELEASE_BATCH, &tokens);
	case BY_CLOSE:
		return close(h->fd);
	case BY_KILL:
		close(h->fd);
		kill(h->pid, SIGKILL);
		return ended(h->pid) == 256 + SIGKILL ? 0 : BROKEN;
	case AFTER_A_HOLD:
		rel.hold = 1;
		return command(h->fd, NETPORT_IOC_RELEASE, &rel);
	case BY_REBIND:
		to.reserve.token = h->token;
		return command(h->fd, NETPORT_IOC_REBIND, &to);
	case BY_PART:
		rel.port = PORT;
		rel.count = 1;
		return command(h->fd, NETPORT_IOC_RELEASE, &rel);
	case CANDIDATE_TURNED_DOWN:
		return turn_down(h);
	case BY_UNWISH:
		return command(h->fd, NETPORT_IOC_UNWISH, &token);
	}
	return BROKEN;
}

FIXTURE(handover) {
	struct holder	holder;
	int		fd;
};

FIXTURE_VARIANT(handover) {
	enum how how;
};

#define VARIANT(name) FIXTURE_VARIANT_ADD(handover, name) { .how = name }

VARIANT(BY_TOKEN);
VARIANT(BY_KEY);
VARIANT(IN_A_BATCH);
VARIANT(BY_CLOSE);
VARIANT(BY_KILL);
VARIANT(AFTER_A_HOLD);
VARIANT(BY_REBIND);
VARIANT(BY_PART);
VARIANT(CANDIDATE_GIVEN_UP);
VARIANT(CANDIDATE_TURNED_DOWN);
VARIANT(BY_UNWISH);
VARIANT(BY_ADMIN);

FIXTURE_SETUP(handover)
{
	ASSERT_EQ(0, hold(&self->holder, variant->how));
	self->fd = owner();
}

FIXTURE_TEARDOWN(handover)
{
	close(self->fd);
}

static bool handed_over(struct holder *h, int fd, const char *text)
{
	struct waiter w;

	if (!waiter_queue(&w, fd, text) || give(h) || waiter_end(&w))
		return false;
	return w.req.reserve.binding.port == PORT && free_for_others(A) == EADDRINUSE &&
	       !waiter_release(&w) && !free_for_others(A);
}

TEST_F(handover, of_the_port)
{
	EXPECT_TRUE(handed_over(&self->holder, self->fd, A));
}

TEST_F(handover, of_any_port_of_a_full_range)
{
	EXPECT_TRUE(handed_over(&self->holder, self->fd, ANY));
}

TEST_F(handover, to_a_set)
{
	EXPECT_TRUE(handed_over(&self->holder, self->fd, SET));
}

/* how a wait ends */

TEST(free_port_is_had_at_once)
{
	__u64 token;
	int fd = owner();

	ASSERT_EQ(0, wait_for(fd, A, FOREVER, &token));
	EXPECT_EQ(EADDRINUSE, free_for_others(A));
	EXPECT_EQ(0, release(fd, token));
	ASSERT_EQ(0, wait_for(fd, ANY, FOREVER, &token));
	EXPECT_EQ(0, release(fd, token));
	ASSERT_EQ(0, wait_for(fd, SET, FOREVER, &token));
	EXPECT_EQ(0, release(fd, token));
	/* Then the deadline doesn't matter. */
	EXPECT_EQ(0, wait_for(fd, A, 1, &token));
	EXPECT_EQ(0, release(fd, token));
	EXPECT_EQ(0, wait_for(fd, ANY, 1, &token));
	EXPECT_EQ(0, release(fd, token));
	EXPECT_TRUE(all_free(IPPROTO_UDP, PORT));
}

TEST(past_deadline_ends_it)
{
	int holder = owner(), fd = owner();
	__u64 token;

	ASSERT_EQ(0, reserve_token(holder, A, &token));
	EXPECT_EQ(ETIMEDOUT, wait_for(fd, A, 1, NULL));
	EXPECT_EQ(ETIMEDOUT, wait_for(fd, ANY, 1, NULL));
	EXPECT_EQ(ETIMEDOUT, wait_for(fd, SET, now_ns(), NULL));
	EXPECT_EQ(0, available(fd, "tcp 4 10.0.0.1:40000"));
	EXPECT_EQ(0, release(holder, token));
	EXPECT_TRUE(all_free(IPPROTO_UDP, PORT));
}

TEST(deadline_is_waited_for)
{
	int holder = owner(), fd = owner();
	__u64 deadline;

	ASSERT_EQ(0, reserve(holder, A));
	deadline = in_ms(30);
	EXPECT_EQ(ETIMEDOUT, wait_for(fd, A, deadline, NULL));
	EXPECT_GE(now_ns(), deadline);
	deadline = in_ms(30);
	EXPECT_EQ(ETIMEDOUT, wait_for(fd, ANY, deadline, NULL));
	EXPECT_GE(now_ns(), deadline);
	close(holder);
	EXPECT_TRUE(all_free(IPPROTO_UDP, PORT));
}

/* Who has given up is passed over. */
TEST(timed_out_is_not_served)
{
	int holder = owner(), a = owner(), b = owner();
	struct waiter w;

	ASSERT_EQ(0, reserve(holder, A));
	EXPECT_EQ(ETIMEDOUT, wait_for(a, A, in_ms(1), NULL));
	ASSERT_TRUE(waiter_queue(&w, b, A));
	EXPECT_EQ(ETIMEDOUT, wait_for(a, A, in_ms(1), NULL));
	EXPECT_EQ(ETIMEDOUT, wait_for(a, ANY, in_ms(1), NULL));
	EXPECT_EQ(0, release_key(holder, A));
	EXPECT_EQ(0, waiter_end(&w));
}

/* A wait isn't told that the port is in use, nor by whom. */
TEST(never_in_use)
{
	struct netport_entry conflict, before;
	struct netport_request r = { .reserve = request(A) };
	int holder = owner(), fd = owner();

	memset(&conflict, 0xcc, sizeof(conflict));
	before = conflict;
	ASSERT_EQ(0, reserve(holder, A));
	r.terms.conflict = (uintptr_t)&conflict;
	EXPECT_EQ(EADDRINUSE, terms_reserve(fd, &r));
	EXPECT_NE(0, memcmp(&conflict, &before, sizeof(before)));
	conflict = before;
	r.terms.deadline = in_ms(1);
	EXPECT_EQ(ETIMEDOUT, terms_reserve(fd, &r));
	EXPECT_EQ(0, memcmp(&conflict, &before, sizeof(before)));
}

static void kill_waiting(struct __test_metadata *_metadata, const char *text)
{
	int holder = owner(), shared = owner();
	struct waiter w;
	pid_t pid;

	ASSERT_EQ(0, reserve(holder, A));
	pid = waiting_child(shared, text);
	kill(pid, SIGKILL);
	EXPECT_EQ(256 + SIGKILL, ended(pid));
	/* The owner lives on, and holds nothing of it. */
	ASSERT_TRUE(waiter_queue(&w, shared, text));
	EXPECT_EQ(0, release_key(holder, A));
	EXPECT_EQ(0, waiter_end(&w));
	EXPECT_EQ(0, waiter_release(&w));
	EXPECT_TRUE(all_free(IPPROTO_UDP, PORT));
	close(shared);
	close(holder);
}

TEST(killed_leaves_nothing)
{
	kill_waiting(_metadata, A);
	kill_waiting(_metadata, ANY);
	kill_waiting(_metadata, SET);
}

static atomic_uint signals;

static void count_signal(int sig)
{
	(void)sig;
	atomic_fetch_add(&signals, 1);
}

TEST(signals_dont_end_it)
{
	struct sigaction action = { .sa_handler = count_signal };
	int holder = owner(), fd = owner();
	struct waiter w;
	unsigned int i;

	ASSERT_EQ(0, sigaction(SIGUSR1, &action, NULL));
	ASSERT_EQ(0, reserve(holder, A));
	ASSERT_TRUE(waiter_queue(&w, fd, A));
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(0, pthread_kill(w.thread, SIGUSR1));
		sched_yield();
	}
	sleep_ms(10);
	EXPECT_TRUE(waiter_waits(&w));
	EXPECT_EQ(0, atomic_load(&signals));
	EXPECT_EQ(0, release_key(holder, A));
	EXPECT_EQ(0, waiter_end(&w));
	/* It was only put off. */
	EXPECT_EQ(1, atomic_load(&signals));
}

TEST(result_that_cant_be_copied_out_is_undone)
{
	int holder = owner(), fd = owner();
	struct netport_request *r = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
					 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct waiter next;
	pid_t pid;

	ASSERT_NE(MAP_FAILED, r);
	r->reserve = request(A);
	r->terms.deadline = FOREVER;
	ASSERT_EQ(0, mprotect(r, 4096, PROT_READ));
	ASSERT_EQ(0, reserve(holder, A));
	pid = spawn();
	if (!pid) {
		CHECK_EQ(-1, ioctl(fd, NETPORT_IOC_REQUEST, r));
		_exit(errno);
	}
	while (!sleeps_in_netport(pid))
		breathe();
	ASSERT_TRUE(waiter_queue(&next, fd, A));
	EXPECT_EQ(0, release_key(holder, A));
	EXPECT_EQ(EFAULT, ended(pid));
	EXPECT_EQ(0, waiter_end(&next));
}

/* order */

/* Each gets it in turn, and all others sleep on. */
static void expect_turns(struct __test_metadata *_metadata, struct waiter *w, unsigned int n)
{
	unsigned int i, j;

	for (i = 0; i < n; i++) {
		EXPECT_EQ(0, waiter_end(&w[i]));
		for (j = i + 1; j < n; j++)
			EXPECT_TRUE(waiter_asleep(&w[j]))
				TH_LOG("%u is up after %u", j, i);
		EXPECT_EQ(0, waiter_release(&w[i]));
	}
}

static void in_turn(struct __test_metadata *_metadata, const char *const *texts, unsigned int n)
{
	int holder = owner(), fd = owner();
	struct waiter w[n];
	unsigned int i;

	ASSERT_EQ(0, reserve(holder, "udp 46 *:40000"));
	for (i = 0; i < n; i++)
		ASSERT_TRUE(waiter_queue(&w[i], i % 2 ? fd : owner(), texts[i]));
	EXPECT_EQ(0, release_key(holder, "udp 46 *:40000"));
	expect_turns(_metadata, w, n);
	EXPECT_TRUE(all_free(IPPROTO_UDP, PORT));
	close(holder);
}

TEST(first_come_first_served_among_equals)
{
	static const char *const texts[] = { A, A, A, A, A, A, A, A };
	static const char *const any[] = { ANY, ANY, ANY, ANY, ANY };

	in_turn(_metadata, texts, ARRAY_SIZE(texts));
	in_turn(_metadata, any, ARRAY_SIZE(any));
}

TEST(first_come_first_served_among_different)
{
	static const char *const texts[] = {
		A, ANY, "udp 4 *:40000", A, SET, "udp 46 *:0 =39999-40001 ", ANY, A,
		"udp 4 10.0.0.1:40000 %7", "udp 4 10.0.0.1:40000", ANY,
	};
	int other = owner();

	/* The wider range is full, too. */
	ASSERT_EQ(0, reserve(other, "udp 46 *:39999"));
	ASSERT_EQ(0, reserve(other, "udp 46 *:40001"));
	in_turn(_metadata, texts, ARRAY_SIZE(texts));
}

/* Some equal ones came before and some after another: they aren't served in one go. */
TEST(equals_dont_overtake)
{
	static const char *const texts[] = {
		A, "udp 4 *:40000", A, "udp 4 *:40000", "udp 46 *:40000", A, ANY, "udp 4 *:40000",
		ANY, A,
	};

	in_turn(_metadata, texts, ARRAY_SIZE(texts));
}

TEST(first_that_fits)
{
	int holder = owner(), fd = owner();
	struct waiter one, any, two, again;

	ASSERT_EQ(0, reserve(holder, "udp 4 *:40000"));
	ASSERT_TRUE(waiter_queue(&one, fd, "udp 4 10.0.0.1:40000"));
	ASSERT_TRUE(waiter_queue(&any, fd, "udp 4 *:40000"));
	ASSERT_TRUE(waiter_queue(&two, fd, "udp 4 10.0.0.2:0 =40000-40000"));
	ASSERT_TRUE(waiter_queue(&again, fd, "udp 4 10.0.0.2:40000"));
	EXPECT_EQ(0, release_key(holder, "udp 4 *:40000"));
	EXPECT_EQ(0, waiter_end(&one));
	EXPECT_EQ(0, waiter_end(&two));
	EXPECT_TRUE(waiter_asleep(&any));
	EXPECT_TRUE(waiter_asleep(&again));
	/* What fits goes to who asked first; the any-address still doesn't. */
	EXPECT_EQ(0, waiter_release(&two));
	EXPECT_EQ(0, waiter_end(&again));
	EXPECT_EQ(0, waiter_release(&again));
	EXPECT_TRUE(waiter_asleep(&any));
	EXPECT_EQ(0, waiter_release(&one));
	EXPECT_EQ(0, waiter_end(&any));
}

/* sharing */

#define SHARERS	50

static void all_share(struct __test_metadata *_metadata, const char *text)
{
	int holder = owner(), fd = owner();
	struct waiter w[SHARERS], last;
	unsigned int i;

	ASSERT_EQ(0, reserve(holder, A));
	for (i = 0; i < SHARERS; i++)
		ASSERT_TRUE(waiter_queue(&w[i], fd, text));
	ASSERT_TRUE(waiter_queue(&last, fd, A));
	EXPECT_EQ(0, release_key(holder, A));
	for (i = 0; i < SHARERS; i++)
		EXPECT_EQ(0, waiter_end(&w[i]));
	for (i = 0; i < SHARERS; i++) {
		EXPECT_TRUE(waiter_asleep(&last));
		EXPECT_EQ(0, waiter_release(&w[i]));
	}
	EXPECT_EQ(0, waiter_end(&last));
	close(fd);
	close(holder);
	EXPECT_TRUE(all_free(IPPROTO_UDP, PORT));
}

TEST(one_release_serves_all_who_share)
{
	all_share(_metadata, "udp 4 10.0.0.1:40000 LB");
	all_share(_metadata, "udp 4 10.0.0.1:0 =40000-40000 LB");
}

TEST(sharing_doesnt_overtake)
{
	int holder = owner(), fd = owner();
	struct waiter w[4];

	ASSERT_EQ(0, reserve(holder, A));
	ASSERT_TRUE(waiter_queue(&w[0], fd, "udp 4 10.0.0.1:40000 LB"));
	ASSERT_TRUE(waiter_queue(&w[1], fd, A));
	ASSERT_TRUE(waiter_queue(&w[2], fd, "udp 4 10.0.0.1:40000 LB"));
	ASSERT_TRUE(waiter_queue(&w[3], fd, "udp 4 10.0.0.1:40000 MR"));
	EXPECT_EQ(0, release_key(holder, A));
	/* The plain one doesn't fit then, so it isn't passed over by who shares. */
	EXPECT_EQ(0, waiter_end(&w[0]));
	EXPECT_EQ(0, waiter_end(&w[2]));
	EXPECT_TRUE(waiter_asleep(&w[1]));
	EXPECT_TRUE(waiter_asleep(&w[3]));
	EXPECT_EQ(0, waiter_release(&w[0]));
	EXPECT_TRUE(waiter_asleep(&w[1]));
	EXPECT_EQ(0, waiter_release(&w[2]));
	EXPECT_EQ(0, waiter_end(&w[1]));
	EXPECT_TRUE(waiter_asleep(&w[3]));
	EXPECT_EQ(0, waiter_release(&w[1]));
	EXPECT_EQ(0, waiter_end(&w[3]));
}

TEST(another_uid_doesnt_share)
{
	int holder = owner(), other = owner_as(NOBODY), fd = owner();
	struct waiter mine, theirs;

	ASSERT_EQ(0, reserve(holder, A));
	ASSERT_TRUE(waiter_queue(&mine, fd, "udp 4 10.0.0.1:40000 LB"));
	ASSERT_TRUE(waiter_queue(&theirs, other, "udp 4 10.0.0.1:40000 LB"));
	EXPECT_EQ(0, release_key(holder, A));
	EXPECT_EQ(0, waiter_end(&mine));
	EXPECT_TRUE(waiter_asleep(&theirs));
	EXPECT_EQ(0, waiter_release(&mine));
	EXPECT_EQ(0, waiter_end(&theirs));
}

/* sets */

TEST(set_waits_for_all_of_it)
{
	int holder = owner(), fd = owner(), other = owner();
	struct waiter w;

	ASSERT_EQ(0, reserve(holder, "udp 4 10.0.0.1:40000"));
	ASSERT_EQ(0, reserve(holder, "tcp 4 10.0.0.1:40000"));
	ASSERT_TRUE(waiter_queue(&w, fd, SET));
	EXPECT_EQ(0, release_key(holder, "udp 4 10.0.0.1:40000"));
	EXPECT_TRUE(waiter_asleep(&w));
	/* It has no half of it. */
	EXPECT_EQ(0, reserve(other, "udp 4 10.0.0.1:40000"));
	EXPECT_EQ(0, release_key(holder, "tcp 4 10.0.0.1:40000"));
	EXPECT_TRUE(waiter_asleep(&w));
	EXPECT_EQ(0, release_key(other, "udp 4 10.0.0.1:40000"));
	EXPECT_EQ(0, waiter_end(&w));
	EXPECT_EQ(EADDRINUSE, reserve(other, "udp 4 10.0.0.1:40000"));
	EXPECT_EQ(EADDRINUSE, reserve(other, "tcp 4 10.0.0.1:40000"));
	EXPECT_EQ(0, waiter_release(&w));
}

TEST(set_is_handed_over_whole)
{
	int holder = owner(), fd = owner();
	struct waiter set, half;
	__u64 token;

	ASSERT_EQ(0, wait_for(holder, SET, FOREVER, &token));
	ASSERT_TRUE(waiter_queue(&set, fd, SET));
	ASSERT_TRUE(waiter_queue(&half, fd, A));
	EXPECT_EQ(0, release(holder, token));
	EXPECT_EQ(0, waiter_end(&set));
	EXPECT_TRUE(waiter_asleep(&half));
	EXPECT_EQ(0, waiter_release(&set));
	EXPECT_EQ(0, waiter_end(&half));
}

TEST(set_waits_for_any_port)
{
	int holder = owner(), fd = owner();
	struct waiter w;

	ASSERT_EQ(0, reserve(holder, "udp 4 10.0.0.1:40000"));
	ASSERT_EQ(0, reserve(holder, "tcp 4 10.0.0.1:40001"));
	ASSERT_TRUE(waiter_queue(&w, fd, "udp 4 10.0.0.1:0 =40000-40001;tcp 4 10.0.0.1:0"));
	EXPECT_EQ(0, release_key(holder, "tcp 4 10.0.0.1:40001"));
	EXPECT_EQ(0, waiter_end(&w));
	EXPECT_EQ(40001, w.req.reserve.binding.port);
}

/* steered picks */

TEST(pick_takes_what_it_was_asked_for)
{
	__u16 exclude[] = { 40002 };
	int holder = owner(), fd = owner();
	struct waiter w = { .fd = fd };
	unsigned int port;
	char text[64];

	for (port = 40000; port < 40008; port++) {
		snprintf(text, sizeof(text), "udp 4 10.0.0.1:%u", port);
		ASSERT_EQ(0, reserve(holder, text));
	}
	write_file(RESERVED_PORTS, "40004");
	w.req = terms_request("udp 4 10.0.0.1:0 =40001-40006", w.more);
	w.req.terms.deadline = FOREVER;
	w.req.terms.align = 2;
	w.req.terms.exclude = (uintptr_t)exclude;
	w.req.terms.nexclude = 1;
	waiter_run(&w, waiter_thread);
	ASSERT_TRUE(waiter_waits(&w));
	for (port = 40000; port < 40008; port++) {
		if (port == 40006)
			continue;
		snprintf(text, sizeof(text), "udp 4 10.0.0.1:%u", port);
		EXPECT_EQ(0, release_key(holder, text));
		EXPECT_TRUE(waiter_asleep(&w)) TH_LOG("%u", port);
	}
	EXPECT_EQ(0, release_key(holder, "udp 4 10.0.0.1:40006"));
	EXPECT_EQ(0, waiter_end(&w));
	EXPECT_EQ(40006, w.req.reserve.binding.port);
	restore_netns();
}

/* limits */

#define MAX_PER_OWNER	"/sys/module/netport/parameters/max_per_owner"

/* Waiters of as many different requests as may wait, for a port of @text's. */
static void all_different(struct __test_metadata *_metadata, const char *text,
			  const char *one_more)
{
	int holder = owner(), fd = owner();
	static struct waiter w[NETPORT_WISHES_MAX + 1];
	unsigned int i;
	char copy[64];
	__u64 token;

	ASSERT_EQ(0, reserve(holder, "udp 46 *:40000"));
	for (i = 0; i < NETPORT_WISHES_MAX; i++) {
		snprintf(copy, sizeof(copy), text, i + 1);
		ASSERT_TRUE(waiter_queue(&w[i], fd, copy)) TH_LOG("%u", i);
	}
	EXPECT_EQ(EDQUOT, wait_for(fd, one_more, FOREVER, NULL));
	EXPECT_EQ(EDQUOT, wait_for(fd, one_more, 1, NULL));
	/* An equal one may wait, and one that needn't wait may have it. */
	snprintf(copy, sizeof(copy), text, 1);
	ASSERT_TRUE(waiter_queue(&w[i], fd, copy));
	EXPECT_EQ(0, wait_for(holder, "udp 4 *:40001", FOREVER, NULL));
	EXPECT_EQ(0, wait_for(holder, "udp 4 *:0 =40002-40002", FOREVER, NULL));
	EXPECT_EQ(0, release_key(holder, "udp 46 *:40000"));
	for (i = 0; i <= NETPORT_WISHES_MAX; i++) {
		EXPECT_EQ(0, waiter_end(&w[i]));
		EXPECT_EQ(0, waiter_release(&w[i]));
	}
	EXPECT_EQ(0, wait_for(fd, one_more, 1, &token));
	EXPECT_EQ(0, release(fd, token));
	close(holder);
	close(fd);
}

TEST(so_many_different_may_wait)
{
	all_different(_metadata, "udp 4 10.0.0.%u:40000", "udp 4 10.0.0.200:40000");
	all_different(_metadata, "udp 4 10.0.0.%u:0 =40000-40000",
		      "udp 4 10.0.0.200:0 =40000-40000");
	/* A port with many doesn't count for another. */
	all_different(_metadata, "udp 4 *:40000 %%%u", "udp 4 *:40000 %200");
}

FIXTURE(limited) {
	char saved[32];
	int holder, fd;
};

FIXTURE_SETUP(limited)
{
	ASSERT_NE(NULL, read_file(MAX_PER_OWNER, self->saved, sizeof(self->saved)));
	self->holder = owner();
	self->fd = owner();
	ASSERT_EQ(0, reserve(self->holder, "udp 46 *:40000"));
	write_file(MAX_PER_OWNER, "2");
}

FIXTURE_TEARDOWN_PARENT(limited)
{
	write_file(MAX_PER_OWNER, self->saved);
}

/* The owner holds nothing: it can have two. */
static bool has_room_for_two(int fd)
{
	return !reserve(fd, "tcp 4 *:1001") && !reserve(fd, "tcp 4 *:1002") &&
	       reserve(fd, "tcp 4 *:1003") == EDQUOT && !release_key(fd, "tcp 4 *:1001") &&
	       !release_key(fd, "tcp 4 *:1002");
}

TEST_F(limited, waiting_counts)
{
	struct waiter w;

	ASSERT_TRUE(waiter_queue(&w, self->fd, A));
	EXPECT_EQ(0, reserve(self->fd, "tcp 4 *:1001"));
	EXPECT_EQ(EDQUOT, reserve(self->fd, "tcp 4 *:1002"));
	EXPECT_EQ(EDQUOT, wait_for(self->fd, A, FOREVER, NULL));
	EXPECT_EQ(EDQUOT, wait_for(self->fd, ANY, FOREVER, NULL));
	EXPECT_EQ(0, release_key(self->fd, "tcp 4 *:1001"));
	EXPECT_EQ(EDQUOT, wait_for(self->fd, SET, FOREVER, NULL));
	/* Once, and not again when it's granted. */
	EXPECT_EQ(0, release_key(self->holder, "udp 46 *:40000"));
	EXPECT_EQ(0, waiter_end(&w));
	EXPECT_EQ(0, reserve(self->fd, "tcp 4 *:1001"));
	EXPECT_EQ(EDQUOT, reserve(self->fd, "tcp 4 *:1002"));
	EXPECT_EQ(0, release_key(self->fd, "tcp 4 *:1001"));
	EXPECT_EQ(0, waiter_release(&w));
	EXPECT_TRUE(has_room_for_two(self->fd));
}

TEST_F(limited, timeout_stops_counting)
{
	EXPECT_EQ(ETIMEDOUT, wait_for(self->fd, A, in_ms(1), NULL));
	EXPECT_EQ(ETIMEDOUT, wait_for(self->fd, ANY, in_ms(1), NULL));
	EXPECT_EQ(ETIMEDOUT, wait_for(self->fd, SET, in_ms(1), NULL));
	EXPECT_TRUE(has_room_for_two(self->fd));
}

TEST_F(limited, kill_stops_counting)
{
	static const char *const texts[] = { A, ANY, SET };
	unsigned int i;
	pid_t pid;

	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		pid = waiting_child(self->fd, texts[i]);
		EXPECT_FALSE(has_room_for_two(self->fd));
		while (!release_key(self->fd, "tcp 4 *:1001"))
			;
		kill(pid, SIGKILL);
		EXPECT_EQ(256 + SIGKILL, ended(pid));
		EXPECT_TRUE(has_room_for_two(self->fd));
	}
}

TEST_F(limited, refused_doesnt_count)
{
	struct netport_request r = { .reserve = request(A), .terms.deadline = FOREVER };

	r.terms.count = 2;
	EXPECT_EQ(EINVAL, terms_reserve(self->fd, &r));
	EXPECT_EQ(EINVAL, wait_for(self->fd, A, 1ULL << 63, NULL));
	EXPECT_TRUE(has_room_for_two(self->fd));
}

/* namespaces */

TEST(namespace_goes)
{
	struct waiter port, any, set, other;
	int old, own, holder, fd, here;

	holder = owner();
	here = owner();
	ASSERT_EQ(0, reserve(holder, A));
	ASSERT_TRUE(waiter_queue(&other, here, A));
	old = new_netns();
	own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	ASSERT_GE(own, 0);
	fd = owner();
	ASSERT_EQ(0, reserve(fd, A));
	/* The threads live in the old one; only the files are of the new. */
	ASSERT_EQ(0, setns(old, CLONE_NEWNET));
	ASSERT_TRUE(waiter_queue(&port, fd, A));
	ASSERT_TRUE(waiter_queue(&any, fd, ANY));
	ASSERT_TRUE(waiter_queue(&set, fd, SET));
	close(own);
	EXPECT_EQ(ENETDOWN, waiter_end(&port));
	EXPECT_EQ(ENETDOWN, waiter_end(&any));
	EXPECT_EQ(ENETDOWN, waiter_end(&set));
	EXPECT_EQ(ENETDOWN, wait_for(fd, A, FOREVER, NULL));
	EXPECT_EQ(ENETDOWN, wait_for(fd, ANY, FOREVER, NULL));
	EXPECT_TRUE(waiter_asleep(&other));
	EXPECT_EQ(0, release_key(holder, A));
	EXPECT_EQ(0, waiter_end(&other));
}

/* A port of one namespace isn't handed over in another. */
TEST(namespaces_wait_apart)
{
	int old, holder = owner(), fd = owner(), there;
	struct waiter w;

	ASSERT_EQ(0, reserve(holder, A));
	ASSERT_TRUE(waiter_queue(&w, fd, A));
	old = new_netns();
	there = owner();
	ASSERT_EQ(0, reserve(there, A));
	EXPECT_EQ(0, release_key(there, A));
	EXPECT_TRUE(waiter_asleep(&w));
	ASSERT_EQ(0, setns(old, CLONE_NEWNET));
	EXPECT_EQ(0, release_key(holder, A));
	EXPECT_EQ(0, waiter_end(&w));
}

/* refusals */

TEST(malformed)
{
	struct netport_request r, ok = { .reserve = request(A), .terms.deadline = FOREVER };
	struct netport_batch batch = {
		.requests = (uintptr_t)&r, .count = 1, .size = sizeof(r),
	};
	struct netport_candidate c = candidate_request(ANY);
	int fd = owner();

	r = ok;
	r.terms.deadline = 1ULL << 63;
	EXPECT_EQ(EINVAL, terms_reserve(fd, &r));
	r.terms.deadline = UINT64_MAX;
	EXPECT_EQ(EINVAL, terms_reserve(fd, &r));
	r = ok;
	r.terms.count = 2;
	EXPECT_EQ(EINVAL, terms_reserve(fd, &r));
	r = ok;
	r.reserve.options = NETPORT_OPT_HOST_CHECK;
	EXPECT_EQ(EINVAL, terms_reserve(fd, &r));
	r.reserve.options = NETPORT_OPT_HOST_HOLD;
	EXPECT_EQ(EINVAL, terms_reserve(fd, &r));
	r = ok;
	r.terms.__pad = 1;
	EXPECT_EQ(EINVAL, terms_reserve(fd, &r));
	r = ok;
	EXPECT_EQ(EINVAL, command(fd, NETPORT_IOC_BATCH, &batch));
	EXPECT_EQ(EINVAL, command(fd, NETPORT_IOC_AVAILABLE_REQUEST, &r));
	c.terms.deadline = FOREVER;
	EXPECT_EQ(EINVAL, command(fd, NETPORT_IOC_CANDIDATE, &c));
	EXPECT_TRUE(all_free(IPPROTO_UDP, PORT));
	/* One for the count is none too many. */
	r = ok;
	r.terms.count = 1;
	EXPECT_EQ(0, terms_reserve(fd, &r));
	ok.reserve = request("udp 4 10.0.0.1:40001");
	ok.reserve.token = r.reserve.token;
	EXPECT_EQ(EINVAL, command(fd, NETPORT_IOC_REBIND, &ok));
	ok.reserve.binding.port = 0;
	EXPECT_EQ(EINVAL, command(fd, NETPORT_IOC_EXTEND, &ok));
	EXPECT_EQ(0, release_key(fd, A));
}

TEST(privileged_port_isnt_waited_for)
{
	int holder = owner();
	pid_t pid;

	ASSERT_EQ(0, reserve(holder, "udp 4 *:80"));
	pid = spawn();
	if (!pid) {
		become(NOBODY);
		CHECK_EQ(EACCES, wait_for(owner(), "udp 4 *:80", FOREVER, NULL));
		_exit(0);
	}
	EXPECT_EQ(0, ended(pid));
}

SELFTEST_MAIN
