// SPDX-License-Identifier: GPL-2.0
/*
 * crossing - sets and blocks that get in each other's way at the same time, in whatever
 * order they name their bindings: never a deadlock, one winner, and nothing left of the
 * others.  And one reservation that several threads change and release at once.
 *
 * NETPORT_ROUNDS is how often each race is run (30, or 8 with NETPORT_FEWER set).
 */
#include "terms.h"

#include <pthread.h>
#include <stdatomic.h>

#define RACERS	4

static unsigned int rounds(void)
{
	return so_many("NETPORT_ROUNDS", 30, 8);
}

/*
 * Racers are processes, each with an owner of its own, that ask for something at the same
 * time, round after round; who has got it releases it.
 */
struct race {
	pthread_barrier_t start, end;
	atomic_uint failed;
	atomic_uint won[RACERS];
	const char *text[RACERS];
	/* Is this outcome right? */
	bool (*judge)(const bool *won);
};

#define racer_expects(r, cond, fmt, ...) do {				\
	if (!(cond)) {							\
		if (!atomic_fetch_add(&(r)->failed, 1))			\
			fprintf(stderr, "# %s:%d: not so: %s: " fmt "\n", \
				__FILE__, __LINE__, #cond, ##__VA_ARGS__);	\
	}								\
} while (0)

static void race_judge(struct race *r, unsigned int round)
{
	bool won[RACERS];
	unsigned int i;

	for (i = 0; i < RACERS; i++)
		won[i] = atomic_load(&r->won[i]);
	racer_expects(r, r->judge(won), "round %u: %d %d %d %d", round, won[0], won[1], won[2],
		      won[3]);
}

static void race_run(struct race *r, unsigned int me)
{
	unsigned int round, want;
	int fd = owner(), err;
	struct ask a;

	ask_init(&a, r->text[me]);
	want = (a.req.terms.nbindings + 1) * (a.req.terms.count ?: 1);
	for (round = 0; round < rounds(); round++) {
		unsigned int n;
		__u64 token;

		pthread_barrier_wait(&r->start);
		err = ask_text(fd, r->text[me], &token, NULL);
		atomic_store(&r->won[me], !err);
		racer_expects(r, !err || err == EADDRINUSE || err == EADDRNOTAVAIL, "%d", err);
		pthread_barrier_wait(&r->end);
		n = held(fd);
		racer_expects(r, n == (err ? 0 : want), "%u held after %d", n, err);
		if (!me)
			race_judge(r, round);
		if (!err && round % 2) {
			close(fd);
			fd = owner();
		} else if (!err) {
			err = release(fd, token);
			racer_expects(r, !err, "release: %d", err);
		}
	}
	close(fd);
}

static unsigned int race(const char *const text[RACERS], bool (*judge)(const bool *won),
			 unsigned int low, unsigned int high)
{
	struct race *r = mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_barrierattr_t attr;
	pid_t pid[RACERS];
	unsigned int i, failed = 0;

	if (r == MAP_FAILED)
		die("mmap");
	pthread_barrierattr_init(&attr);
	pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&r->start, &attr, RACERS);
	pthread_barrier_init(&r->end, &attr, RACERS);
	memcpy(r->text, text, sizeof(r->text));
	r->judge = judge;
	for (i = 0; i < RACERS; i++) {
		pid[i] = spawn();
		if (!pid[i]) {
			race_run(r, i);
			_exit(0);
		}
	}
	for (i = 0; i < RACERS; i++)
		failed += !!ended(pid[i]);
	failed += atomic_load(&r->failed);
	for (; low <= high; low++)
		if (!all_free(IPPROTO_TCP, low) || !all_free(IPPROTO_UDP, low)) {
			fprintf(stderr, "# port %u is still held\n", low);
			failed++;
		}
	munmap(r, sizeof(*r));
	return failed;
}

static unsigned int winners(const bool *won)
{
	return won[0] + won[1] + won[2] + won[3];
}

static bool one_winner(const bool *won)
{
	return winners(won) == 1;
}

static bool a_winner(const bool *won)
{
	return winners(won) >= 1;
}

static bool all_win(const bool *won)
{
	return winners(won) == 4;
}

static bool none_wins(const bool *won)
{
	return !winners(won);
}

static bool two_and_one(const bool *won)
{
	return won[0] && won[1] && won[2] != won[3];
}

/* 0 and 1 get in each other's way, and so do 2 and 3. */
static bool one_of_each_pair(const bool *won)
{
	return won[0] != won[1] && won[2] != won[3];
}

TEST(sets_in_opposite_order)
{
	static const char *const text[RACERS] = {
		"tcp 4 10.0.0.1:5000 + udp 4 10.0.0.1:0 + tcp 6 [::1]:0 + udp 6 [::1]:0",
		"udp 6 [::1]:5000 + tcp 6 [::1]:0 + udp 4 10.0.0.1:0 + tcp 4 10.0.0.1:0",
		"tcp 6 [::1]:5000 + tcp 4 10.0.0.1:0 + udp 6 [::1]:0 + udp 4 10.0.0.1:0",
		"udp 46 *:5000 + tcp 46 *:0",
	};

	EXPECT_EQ(0, race(text, one_winner, 5000, 5000));
}

/* Each has something that the next one wants. */
TEST(sets_in_a_ring)
{
	static const char *const text[RACERS] = {
		"tcp 4 10.0.0.1:5000 + tcp 4 10.0.0.2:0",
		"tcp 4 10.0.0.2:5000 + tcp 4 10.0.0.3:0",
		"tcp 4 10.0.0.3:5000 + tcp 4 10.0.0.4:0",
		"tcp 4 10.0.0.4:5000 + tcp 4 10.0.0.1:0",
	};

	EXPECT_EQ(0, race(text, a_winner, 5000, 5000));
}

TEST(sets_that_find_a_port_each)
{
	static const char *const text[RACERS] = {
		"tcp 4 10.0.0.1:0 =40000-40003 + udp 4 10.0.0.1:0",
		"udp 4 10.0.0.1:0 =40000-40003 + tcp 4 10.0.0.1:0",
		"udp 4 *:0 =40000-40003 + tcp 4 10.0.0.1:0",
		"tcp 46 *:0 =40000-40003 + udp 6 *:0 + udp 4 10.0.0.1:0",
	};

	EXPECT_EQ(0, race(text, all_win, 40000, 40003));
}

TEST(blocks_that_overlap)
{
	static const char *const text[RACERS] = {
		"tcp 4 *:40000 x200", "tcp 4 10.0.0.1:40100 x200",
		"tcp 4 *:40199 x100", "tcp 4 10.0.0.1:40150 x50 + udp 4 *:0",
	};

	EXPECT_EQ(0, race(text, one_winner, 40000, 40300));
}

TEST(blocks_in_opposite_order_of_bindings)
{
	static const char *const text[RACERS] = {
		"tcp 4 *:40000 x100 + udp 4 *:0", "udp 4 *:40000 x100 + tcp 4 *:0",
		"tcp 6 *:40050 x100 + udp 6 *:0", "udp 6 *:40060 x100 + tcp 6 *:0",
	};

	EXPECT_EQ(0, race(text, one_of_each_pair, 40000, 40160));
}

/* Whoever has the first port of a gap gets the rest, so nobody is turned away in vain. */
TEST(blocks_into_as_many_gaps)
{
	static const char *const text[RACERS] = {
		"tcp 4 *:0 =40000-40063 x32 /32", "tcp 4 *:0 =40000-40063 x32 /32",
		"tcp 4 *:0 =40064-40127 x64", "tcp 4 *:0 =40064-40127 x64",
	};
	static const char *const own[RACERS] = {
		"tcp 4 *:0 =40000-40127 x32 /32", "tcp 4 *:0 =40000-40127 x32 /32",
		"tcp 4 *:0 =40000-40127 x32 /32", "tcp 4 *:0 =40000-40127 x32 /32",
	};

	EXPECT_EQ(0, race(own, all_win, 40000, 40127));
	EXPECT_EQ(0, race(text, two_and_one, 40000, 40127));
}

/* Somebody in the midst of it all: what was taken of a block is given back. */
TEST(blocks_that_nobody_gets)
{
	static const char *const text[RACERS] = {
		"tcp 4 *:40000 x200", "tcp 4 *:40100 x200", "tcp 4 *:40000 x300",
		"tcp 4 10.0.0.1:40190 x10",
	};
	int fd = owner();

	ASSERT_EQ(0, reserve(fd, "tcp 4 10.0.0.1:40199"));
	EXPECT_EQ(0, race(text, none_wins, 40000, 40198));
}

/* one reservation, several threads of its owner */

struct thread {
	pthread_t id;
	struct shared *shared;
	unsigned int number;
	unsigned int released;
};

struct shared {
	pthread_barrier_t start;
	int fd, fd2;
	__u64 token, token2;
	atomic_uint failed;
};

static bool one_of(int err, int a, int b, int c)
{
	return err == a || err == b || err == c;
}

/* Each does another of the changes, and in the end releases it. */
static void *change_it(void *arg)
{
	static const char *const more[] = { "udp 4 10.0.0.1:0", "udp 6 [::1]:0 + sctp 4 *:0" };
	static const char *const moves[] = {
		"tcp 4 10.0.0.1:5000", "tcp 4 *:5100", "tcp 4 10.0.0.1:5000 + tcp 6 *:0",
		"tcp 4 10.0.0.1:0 =5000-5300 + udp 6 [::1]:0", "udp 6 *:5064",
	};
	struct thread *t = arg;
	struct shared *s = t->shared;
	unsigned int i;
	int err;

	pthread_barrier_wait(&s->start);
	for (i = 0; i < 12; i++) {
		switch ((t->number + i / 4) % 4) {
		case 0:
			err = extend(s->fd, s->token, more[i % ARRAY_SIZE(more)]);
			racer_expects(s, one_of(err, 0, ENOENT, EADDRINUSE), "extend: %d", err);
			break;
		case 1:
			err = rebind(s->fd, s->token, moves[i % ARRAY_SIZE(moves)]);
			racer_expects(s, one_of(err, 0, ENOENT, ENOENT), "rebind: %d", err);
			break;
		case 2:
			err = rebind(s->fd, s->token, moves[(i + 3) % ARRAY_SIZE(moves)]);
			racer_expects(s, one_of(err, 0, ENOENT, ENOENT), "rebind: %d", err);
			break;
		case 3:
			err = label(s->fd, s->token, "changing");
			racer_expects(s, one_of(err, 0, ENOENT, ENOENT), "label: %d", err);
			break;
		}
	}
	err = release(s->fd, s->token);
	racer_expects(s, one_of(err, 0, ENOENT, ENOENT), "release: %d", err);
	t->released = !err;
	return NULL;
}

static void run_threads(struct thread *t, struct shared *s, void *(*run)(void *arg))
{
	unsigned int i;

	pthread_barrier_init(&s->start, NULL, RACERS);
	for (i = 0; i < RACERS; i++) {
		t[i] = (struct thread){ .shared = s, .number = i };
		if (pthread_create(&t[i].id, NULL, run, &t[i]))
			die("pthread_create");
	}
	for (i = 0; i < RACERS; i++)
		pthread_join(t[i].id, NULL);
	pthread_barrier_destroy(&s->start);
}

TEST(changes_of_one_reservation)
{
	struct shared s = { .fd = owner() };
	struct thread t[RACERS];
	unsigned int round, i, n;

	for (round = 0; round < rounds(); round++) {
		ASSERT_EQ(0, reserve_token(s.fd, "tcp 4 10.0.0.1:5000", &s.token));
		run_threads(t, &s, change_it);
		for (n = 0, i = 0; i < RACERS; i++)
			n += t[i].released;
		ASSERT_EQ(1, n);
		ASSERT_EQ(0, atomic_load(&s.failed));
		ASSERT_EQ(0, held(s.fd));
	}
	for (i = 5000; i <= 5300; i++)
		EXPECT_TRUE(all_free(IPPROTO_TCP, i) && all_free(IPPROTO_UDP, i) &&
			    all_free(IPPROTO_SCTP, i)) TH_LOG("port %u", i);
}

/* Two reservations, and each wants to where the other one is; in vain, always. */
static void *cross_it(void *arg)
{
	struct thread *t = arg;
	struct shared *s = t->shared;
	bool first = t->number % 2;
	char text[64];
	unsigned int i;
	int err;

	sprintf(text, "tcp 4 *:%u", first ? 5100 : 5000);
	pthread_barrier_wait(&s->start);
	for (i = 0; i < 50; i++) {
		err = first ? rebind(s->fd, s->token, text) : rebind(s->fd2, s->token2, text);
		racer_expects(s, err == EADDRINUSE, "%d", err);
	}
	return NULL;
}

TEST(rebinding_crosswise)
{
	struct shared s = { .fd = owner(), .fd2 = owner() };
	struct thread t[RACERS];
	struct netport_entry e;

	ASSERT_EQ(0, reserve_token(s.fd, "tcp 4 10.0.0.1:5000", &s.token));
	ASSERT_EQ(0, reserve_token(s.fd2, "tcp 4 10.0.0.1:5100", &s.token2));
	run_threads(t, &s, cross_it);
	EXPECT_EQ(0, atomic_load(&s.failed));
	EXPECT_EQ(1, held_by(s.fd, s.token, &e));
	EXPECT_EQ(5000, e.binding.port);
	EXPECT_EQ(1, held_by(s.fd2, s.token2, &e));
	EXPECT_EQ(5100, e.binding.port);
}

/* One port, and several who want to move there. */
static void *move_it(void *arg)
{
	struct thread *t = arg;
	struct shared *s = t->shared;
	int fd = owner(), err;
	char text[64];
	__u64 token;

	sprintf(text, "tcp 4 10.0.0.1:%u", 5100 + 100 * t->number);
	err = reserve_token(fd, text, &token);
	racer_expects(s, !err, "%s: %d", text, err);
	pthread_barrier_wait(&s->start);
	err = rebind(fd, token, t->number % 2 ? "tcp 4 *:5000" : "tcp 46 *:5000 + udp 4 *:0");
	racer_expects(s, !err || err == EADDRINUSE, "%d", err);
	t->released = !err;
	err = free_for_others(text);
	racer_expects(s, err == (t->released ? 0 : EADDRINUSE), "%s: %d", text, err);
	pthread_barrier_wait(&s->start);
	close(fd);
	return NULL;
}

TEST(one_moves_in)
{
	struct shared s = { .fd = -1 };
	struct thread t[RACERS];
	unsigned int round, i, n;

	for (round = 0; round < rounds(); round++) {
		run_threads(t, &s, move_it);
		for (n = 0, i = 0; i < RACERS; i++)
			n += t[i].released;
		ASSERT_EQ(1, n);
		ASSERT_EQ(0, atomic_load(&s.failed));
	}
	EXPECT_TRUE(all_free(IPPROTO_TCP, 5000) && all_free(IPPROTO_UDP, 5000));
	for (i = 0; i < RACERS; i++)
		EXPECT_TRUE(all_free(IPPROTO_TCP, 5100 + 100 * i));
}

/* Parts of a block, each of which is released once. */
static void *release_parts(void *arg)
{
	struct thread *t = arg;
	struct shared *s = t->shared;
	unsigned int i;
	int err;

	pthread_barrier_wait(&s->start);
	for (i = 0; i < 64; i++) {
		err = release_part(s->fd, s->token, 40000 + (i * 7 + t->number * 13) % 64, 1);
		racer_expects(s, !err || err == ENOENT, "%d", err);
		t->released += !err;
	}
	return NULL;
}

TEST(parts_of_one_block)
{
	struct shared s = { .fd = owner() };
	struct thread t[RACERS];
	unsigned int round, i, n;

	for (round = 0; round < rounds(); round++) {
		ASSERT_EQ(0, ask_text(s.fd, "tcp 4 *:40000 x64", &s.token, NULL));
		run_threads(t, &s, release_parts);
		for (n = 0, i = 0; i < RACERS; i++)
			n += t[i].released;
		ASSERT_EQ(64, n);
		ASSERT_EQ(0, atomic_load(&s.failed));
		ASSERT_EQ(0, held(s.fd));
		ASSERT_EQ(ENOENT, release(s.fd, s.token));
	}
}

SELFTEST_MAIN
