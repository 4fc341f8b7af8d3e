// SPDX-License-Identifier: GPL-2.0
/*
 * waitrace - many who wait, and races: a thousand in turn, somebody who tries to come
 * between, a release that meets the beginning or the end of a wait.
 *
 * NETPORT_ROUNDS is how often each race is run (200, or 40 with NETPORT_FEWER set),
 * NETPORT_WAITERS how many wait (1000, or 200).
 */
#include "waiter.h"

#define PORT	40000
#define A	"udp 4 10.0.0.1:40000"
#define ANY	"udp 4 10.0.0.1:0 =40000-40000"
#define SET	"udp 4 10.0.0.1:40000;tcp 4 10.0.0.1:40000"

static unsigned int rounds(void)
{
	return so_many("NETPORT_ROUNDS", 200, 40);
}

static unsigned int many(void)
{
	return so_many("NETPORT_WAITERS", 1000, 200);
}

/* a thousand */

static atomic_uint holders;
static atomic_bool broken;

/* Has it, alone, and passes it on. */
static void *passing_thread(void *arg)
{
	struct waiter *w = arg;

	waiter_thread(w);
	if (w->err || atomic_fetch_add(&holders, 1))
		atomic_store(&broken, true);
	atomic_fetch_sub(&holders, 1);
	if (!w->err && waiter_release(w))
		atomic_store(&broken, true);
	return NULL;
}

static void pass_on(struct __test_metadata *_metadata, const char *text, unsigned int n)
{
	struct waiter *w = calloc(n, sizeof(*w));
	int holder = owner(), fd = owner();
	unsigned int i;
	long sleeps = 0;

	ASSERT_NE(NULL, w);
	ASSERT_EQ(0, reserve(holder, A));
	atomic_store(&waiters_done, 0);
	for (i = 0; i < n; i++) {
		w[i].fd = fd;
		w[i].req = terms_request(text, w[i].more);
		w[i].req.terms.deadline = FOREVER;
		waiter_run(&w[i], passing_thread);
		ASSERT_TRUE(waiter_waits(&w[i]));
	}
	EXPECT_EQ(0, atomic_load(&waiters_done));
	EXPECT_EQ(0, release_key(holder, A));
	for (i = 0; i < n; i++) {
		EXPECT_EQ(0, waiter_end(&w[i]));
		EXPECT_EQ(i, w[i].place);
		sleeps += w[i].sleeps;
	}
	EXPECT_FALSE(atomic_load(&broken));
	/* Each is woken once, for its own turn; a few may have slept for other reasons. */
	EXPECT_LE(sleeps, n + n / 10);
	EXPECT_TRUE(all_free(IPPROTO_UDP, PORT));
	close(holder);
	close(fd);
	free(w);
}

TEST(a_thousand_in_turn)
{
	pass_on(_metadata, A, many());
}

TEST(a_hundred_in_turn_for_any_port_or_a_set)
{
	pass_on(_metadata, ANY, 100);
	pass_on(_metadata, SET, 100);
}

/* coming between */

static atomic_bool stop;
static atomic_uint tries, won;

/* Doesn't wait, and tries all the time. */
static void *barging_thread(void *arg)
{
	const char *text = arg;
	int fd = owner();

	while (!atomic_load(&stop)) {
		if (!reserve(fd, text)) {
			atomic_fetch_add(&won, 1);
			close(fd);
			fd = owner();
		}
		atomic_fetch_add(&tries, 1);
	}
	close(fd);
	return NULL;
}

/* There's always somebody who waits; those who don't get nothing. */
static void expect_no_barging(struct __test_metadata *_metadata, const char *text,
			      const char *barger)
{
	int holder = owner(), fd = owner();
	unsigned int i, seen;
	struct waiter w[2];
	pthread_t thread;
	__u64 token;

	atomic_store(&stop, false);
	atomic_store(&won, 0);
	ASSERT_EQ(0, wait_for(holder, text, FOREVER, &token));
	ASSERT_TRUE(waiter_queue(&w[0], fd, text));
	ASSERT_EQ(0, pthread_create(&thread, NULL, barging_thread, (void *)barger));
	for (i = 0; i < rounds() / 4; i++) {
		/* It's at work. */
		seen = atomic_load(&tries);
		while (atomic_load(&tries) == seen)
			breathe();
		ASSERT_EQ(0, release(i ? fd : holder, token));
		ASSERT_EQ(0, waiter_end(&w[i % 2]));
		token = w[i % 2].req.reserve.token;
		ASSERT_TRUE(waiter_queue(&w[(i + 1) % 2], fd, text));
	}
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	EXPECT_EQ(0, atomic_load(&won));
	EXPECT_EQ(0, release(fd, token));
	EXPECT_EQ(0, waiter_end(&w[i % 2]));
	close(fd);
	close(holder);
}

TEST(nobody_comes_between)
{
	expect_no_barging(_metadata, A, A);
	expect_no_barging(_metadata, A, ANY);
	expect_no_barging(_metadata, ANY, A);
}

/* Not even for a part. */
TEST(nobody_comes_between_for_half_of_a_set)
{
	expect_no_barging(_metadata, SET, "udp 4 10.0.0.1:40000");
	expect_no_barging(_metadata, SET, "tcp 4 10.0.0.1:40000");
}

/* a release, and the beginning of a wait */

struct meeting {
	const char		*text;
	pthread_barrier_t	start;
	int			fd;
	atomic_int		err;
};

static void *meeting_thread(void *arg)
{
	struct meeting *m = arg;
	unsigned int i;
	__u64 token;
	int err = 0;

	for (i = 0; i < rounds() * 5; i++) {
		pthread_barrier_wait(&m->start);
		if (!err)
			err = wait_for(m->fd, m->text, in_ms(20000), &token) ?:
			      release(m->fd, token);
		pthread_barrier_wait(&m->start);
	}
	atomic_store(&m->err, err);
	return NULL;
}

static void expect_to_meet(struct __test_metadata *_metadata, const char *text)
{
	struct meeting m = { .text = text, .fd = owner() };
	int holder = owner();
	pthread_t thread;
	unsigned int i;

	pthread_barrier_init(&m.start, NULL, 2);
	ASSERT_EQ(0, pthread_create(&thread, NULL, meeting_thread, &m));
	for (i = 0; i < rounds() * 5; i++) {
		EXPECT_EQ(0, reserve(holder, A));
		pthread_barrier_wait(&m.start);
		EXPECT_EQ(0, release_key(holder, A));
		pthread_barrier_wait(&m.start);
	}
	pthread_join(thread, NULL);
	EXPECT_EQ(0, atomic_load(&m.err));
	close(holder);
	close(m.fd);
}

TEST(release_meets_the_beginning)
{
	expect_to_meet(_metadata, A);
	expect_to_meet(_metadata, ANY);
	expect_to_meet(_metadata, SET);
}

/* a release, and the end of a wait */

TEST(release_meets_the_deadline)
{
	static const char *const texts[] = { A, ANY, SET };
	unsigned int i, granted = 0, late = 0;
	int holder = owner(), fd = owner();
	struct waiter w;
	__u64 deadline;

	for (i = 0; i < rounds(); i++) {
		ASSERT_EQ(0, reserve(holder, A));
		deadline = in_ms(3);
		waiter_start(&w, fd, texts[i % 3], deadline);
		/* A bit before or after it. */
		deadline -= i % 8 * 10000;
		while (now_ns() < deadline)
			;
		ASSERT_EQ(0, release_key(holder, A));
		if (!waiter_end(&w)) {
			granted++;
			ASSERT_EQ(0, waiter_release(&w));
		} else {
			late++;
			ASSERT_EQ(ETIMEDOUT, w.err);
		}
		ASSERT_TRUE(all_free_to(holder, IPPROTO_UDP, PORT));
	}
	TH_LOG("%u granted, %u late", granted, late);
}

/*
 * What was handed to somebody who was killed then is the file's, and goes with it.  So the
 * file is closed, in this process before the other is gone, or after.
 */
TEST(release_and_close_meet_a_kill)
{
	static const char *const texts[] = { A, ANY, SET };
	int holder = owner(), fd, status;
	unsigned int i;
	pid_t pid;

	for (i = 0; i < rounds() / 2; i++) {
		fd = owner();
		ASSERT_EQ(0, reserve(holder, A));
		pid = waiting_child(fd, texts[i % 3]);
		if (i % 4 != 1)
			close(fd);
		if (i % 4 < 2)
			kill(pid, SIGKILL);
		ASSERT_EQ(0, release_key(holder, A));
		if (i % 4 == 1)
			close(fd);
		if (i % 4 == 2)
			kill(pid, SIGKILL);
		/* Who is killed too late has ended by itself, with the port in its hands. */
		status = ended(pid);
		ASSERT_TRUE(status == 256 + SIGKILL || (!status && i % 4 >= 2));
		ASSERT_TRUE(all_free_to(holder, IPPROTO_UDP, PORT)) TH_LOG("round %u", i);
	}
}

/* many of all kinds */

struct crowd {
	int	fd[4];
	atomic_uint	granted, late, other;
};

static void *crowd_thread(void *arg)
{
	static const char *const texts[] = {
		A, ANY, SET, "udp 4 *:40000", "udp 4 10.0.0.1:0 =40000-40001",
		"udp 4 10.0.0.1:40000 LB", "udp 4 10.0.0.2:40000",
	};
	struct crowd *c = arg;
	unsigned int seed = syscall(SYS_gettid), i, fd;
	__u64 token;
	int err;

	for (i = 0; i < rounds(); i++) {
		fd = c->fd[rand_r(&seed) % 4];
		err = wait_for(fd, texts[rand_r(&seed) % ARRAY_SIZE(texts)],
			       in_ms(rand_r(&seed) % 3), &token);
		if (!err) {
			atomic_fetch_add(&c->granted, 1);
			if (rand_r(&seed) % 2)
				sched_yield();
			err = release(fd, token);
		} else if (err == ETIMEDOUT) {
			atomic_fetch_add(&c->late, 1);
			err = 0;
		}
		if (err)
			atomic_fetch_add(&c->other, 1);
	}
	return NULL;
}

TEST(crowd)
{
	struct crowd c = { .granted = 0 };
	pthread_t thread[16];
	unsigned int i;

	for (i = 0; i < 4; i++)
		c.fd[i] = owner();
	for (i = 0; i < 16; i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, crowd_thread, &c));
	for (i = 0; i < 16; i++)
		pthread_join(thread[i], NULL);
	EXPECT_EQ(0, atomic_load(&c.other));
	EXPECT_LT(0, atomic_load(&c.granted));
	EXPECT_TRUE(all_free(IPPROTO_UDP, PORT));
	EXPECT_TRUE(all_free(IPPROTO_UDP, PORT + 1));
	EXPECT_TRUE(all_free(IPPROTO_TCP, PORT));
	TH_LOG("%u granted, %u late", atomic_load(&c.granted), atomic_load(&c.late));
}

SELFTEST_MAIN
