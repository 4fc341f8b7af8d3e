// SPDX-License-Identifier: GPL-2.0
/*
 * concurrency - many at once: one port has one winner, what ends in a race ends once, and
 * 200,000 random operations of 8 threads are all answered as some order of them would be.
 *
 * NETPORT_ROUNDS is how often each race is run (200), NETPORT_OPS how many random
 * operations there are (200000), NETPORT_SEED where they start (said at the end).  In 32 bit, and
 * with NETPORT_FEWER set, there are fewer of both.
 */
#include "selftest.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdarg.h>

#define PROCESSES	2
#define THREADS		4
#define RACERS		(PROCESSES * THREADS)

static unsigned int rounds(void)
{
	return so_many("NETPORT_ROUNDS", 200, 40);
}

static unsigned int ops(void)
{
	return so_many("NETPORT_OPS", 200000, 20000);
}

/*
 * Racers: threads of several processes, each with an owner of its own, that do the same
 * thing at the same time, round after round.
 */
struct race {
	pthread_barrier_t start, end, next;
	atomic_uint won, failed;
	atomic_uint port[RACERS];
	/* Does it; returns true if it has won.  Says what it finds wrong. */
	bool (*run)(struct race *r, int fd, unsigned int racer, unsigned int round);
	/* Undoes it. */
	void (*undo)(struct race *r, int fd, unsigned int racer, unsigned int round);
	/* How many must have won. */
	unsigned int winners;
};

/* A racer has found something wrong: it is noted, and the race goes on. */
#define racer_expects(r, cond, fmt, ...) do {				\
	if (!(cond)) {							\
		if (!atomic_fetch_add(&(r)->failed, 1))			\
			fprintf(stderr, "# %s:%d: not so: %s: " fmt "\n", \
				__FILE__, __LINE__, #cond, ##__VA_ARGS__);	\
	}								\
} while (0)

struct racer {
	struct race *race;
	unsigned int number;
};

static void *race_thread(void *arg)
{
	struct racer *me = arg;
	struct race *r = me->race;
	int fd = owner();
	unsigned int round;

	for (round = 0; round < rounds(); round++) {
		bool won;

		pthread_barrier_wait(&r->start);
		won = r->run(r, fd, me->number, round);
		if (won)
			atomic_fetch_add(&r->won, 1);
		pthread_barrier_wait(&r->end);
		if (!me->number) {
			racer_expects(r, atomic_load(&r->won) == r->winners,
				      "round %u: %u of %u", round, atomic_load(&r->won),
				      r->winners);
			atomic_store(&r->won, 0);
		}
		if (won && round % 3 == 2) {
			close(fd);
			fd = owner();
		} else if (won) {
			r->undo(r, fd, me->number, round);
		}
		atomic_store(&r->port[me->number], 0);
		pthread_barrier_wait(&r->next);
	}
	close(fd);
	return NULL;
}

static unsigned int run_race(struct race *proto)
{
	struct race *r = mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_barrierattr_t attr;
	pid_t pid[PROCESSES];
	unsigned int i, j, failed = 0;

	if (r == MAP_FAILED)
		die("mmap");
	*r = *proto;
	pthread_barrierattr_init(&attr);
	pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&r->start, &attr, RACERS);
	pthread_barrier_init(&r->end, &attr, RACERS);
	pthread_barrier_init(&r->next, &attr, RACERS);
	for (i = 0; i < PROCESSES; i++) {
		struct racer racer[THREADS];
		pthread_t thread[THREADS];

		pid[i] = spawn();
		if (pid[i])
			continue;
		for (j = 0; j < THREADS; j++) {
			racer[j] = (struct racer){ r, i * THREADS + j };
			if (pthread_create(&thread[j], NULL, race_thread, &racer[j]))
				die("pthread_create");
		}
		for (j = 0; j < THREADS; j++)
			pthread_join(thread[j], NULL);
		_exit(0);
	}
	for (i = 0; i < PROCESSES; i++)
		failed += !!ended(pid[i]);
	failed += atomic_load(&r->failed);
	munmap(r, sizeof(*r));
	return failed;
}

static bool try_text(struct race *r, int fd, const char *text)
{
	int err = reserve(fd, text);

	racer_expects(r, !err || err == EADDRINUSE, "'%s' gives %d", text, err);
	return !err;
}

static bool same_binding(struct race *r, int fd, unsigned int racer, unsigned int round)
{
	(void)racer;
	(void)round;
	return try_text(r, fd, "tcp 4 10.0.0.1:5000");
}

static void undo_same_binding(struct race *r, int fd, unsigned int racer, unsigned int round)
{
	(void)racer;
	(void)round;
	racer_expects(r, !release_key(fd, "tcp 4 10.0.0.1:5000"), "release");
}

TEST(one_binding_has_one_winner)
{
	struct race race = { .run = same_binding, .undo = undo_same_binding, .winners = 1 };

	EXPECT_EQ(0, run_race(&race));
	EXPECT_TRUE(all_free(IPPROTO_TCP, 5000));
}

/* Not the same, but each is in the way of each. */
static const char *const overlapping[] = {
	"udp 4 10.0.0.1:5000", "udp 46 *:5000 LB", "udp 4 *:5000", "udp 6 [::ffff:10.0.0.1]:5000",
	"udp 4 *:5000 TO", "udp 4 10.0.0.1:5000 MR", "udp 46 *:5000", "udp 4 *:5000",
};

static bool overlapping_binding(struct race *r, int fd, unsigned int racer, unsigned int round)
{
	return try_text(r, fd, overlapping[(racer + round) % ARRAY_SIZE(overlapping)]);
}

static void undo_overlapping(struct race *r, int fd, unsigned int racer, unsigned int round)
{
	int err = release_key(fd, overlapping[(racer + round) % ARRAY_SIZE(overlapping)]);

	racer_expects(r, !err, "release gives %d", err);
}

TEST(one_port_has_one_winner)
{
	struct race race = { .run = overlapping_binding, .undo = undo_overlapping,
			     .winners = 1 };

	EXPECT_EQ(0, run_race(&race));
	EXPECT_TRUE(all_free(IPPROTO_UDP, 5000));
}

static bool same_tuple(struct race *r, int fd, unsigned int racer, unsigned int round)
{
	(void)racer;
	(void)round;
	return try_text(r, fd, "tcp 4 10.0.0.1:5000 >1.1.1.1:5 tuple");
}

static void undo_same_tuple(struct race *r, int fd, unsigned int racer, unsigned int round)
{
	(void)racer;
	(void)round;
	racer_expects(r, !release_key(fd, "tcp 4 10.0.0.1:5000 >1.1.1.1:5 tuple"), "release");
}

TEST(one_tuple_has_one_winner)
{
	struct race race = { .run = same_tuple, .undo = undo_same_tuple, .winners = 1 };
	int fd = owner();

	ASSERT_EQ(0, reserve(fd, "tcp 46 *:5000"));
	EXPECT_EQ(0, run_race(&race));
	EXPECT_EQ(0, release_key(fd, "tcp 46 *:5000"));
	EXPECT_TRUE(all_free(IPPROTO_TCP, 5000));
}

/* As many ports as racers: everybody gets one of its own. */

static void own_port(struct race *r, unsigned int racer, unsigned int port)
{
	unsigned int i;

	atomic_store(&r->port[racer], port);
	for (i = 0; i < RACERS; i++)
		racer_expects(r, i == racer || atomic_load(&r->port[i]) != port,
			      "port %u of two", port);
}

static bool pick_one(struct race *r, int fd, unsigned int racer, unsigned int round)
{
	unsigned int port;
	int err = pick(fd, round % 2 ? "tcp 4 10.0.0.1:0 =40060-40067" :
		       "tcp 46 *:0 LB =40060-40067", &port);

	racer_expects(r, !err, "pick gives %d", err);
	if (!err)
		own_port(r, racer, port);
	return !err;
}

static void undo_pick(struct race *r, int fd, unsigned int racer, unsigned int round)
{
	unsigned int port = atomic_load(&r->port[racer]);
	char text[64];
	int err;

	snprintf(text, sizeof(text), round % 2 ? "tcp 4 10.0.0.1:%u" : "tcp 46 *:%u LB", port);
	err = release_key(fd, text);
	racer_expects(r, !err, "release of '%s' gives %d", text, err);
}

static bool candidate_one(struct race *r, int fd, unsigned int racer, unsigned int round)
{
	/* Each has two for a moment, the one turned down and the next. */
	struct netport_candidate c = candidate_request("tcp 4 *:0 =40060-40075");
	unsigned int i;
	int err;

	for (i = 0; i < 1 + (racer + round) % 4; i++) {
		err = candidate(fd, &c);
		racer_expects(r, !err, "candidate gives %d", err);
		if (err)
			return false;
	}
	racer_expects(r, !accept_token(fd, c.reserve.token), "accept");
	own_port(r, racer, c.reserve.binding.port);
	return true;
}

static void undo_candidate(struct race *r, int fd, unsigned int racer, unsigned int round)
{
	unsigned int port = atomic_load(&r->port[racer]);
	char text[64];

	(void)round;
	snprintf(text, sizeof(text), "tcp 4 *:%u", port);
	racer_expects(r, !release_key(fd, text), "release of '%s'", text);
}

TEST(picks_are_all_different)
{
	struct race race = { .run = pick_one, .undo = undo_pick, .winners = RACERS };
	unsigned int port;

	EXPECT_EQ(0, run_race(&race));
	for (port = 40060; port <= 40067; port++)
		EXPECT_TRUE(all_free(IPPROTO_TCP, port));
}

TEST(candidates_are_all_different)
{
	struct race race = { .run = candidate_one, .undo = undo_candidate, .winners = RACERS };
	unsigned int port;

	EXPECT_EQ(0, run_race(&race));
	for (port = 40060; port <= 40075; port++)
		EXPECT_TRUE(all_free(IPPROTO_TCP, port));
}

/*
 * Threads that share a file.  All but the first are let loose by a barrier in each round,
 * for which the first has prepared something.
 */
struct crew {
	pthread_barrier_t start, end;
	int fd;
	atomic_bool quit;
	__u64 token;
	struct netport_candidate c;
	int result[THREADS];
	struct netport_candidate next[THREADS];
	int (*run)(struct crew *crew, unsigned int number);
};

struct hand {
	struct crew *crew;
	unsigned int number;
};

static void *crew_thread(void *arg)
{
	struct hand *me = arg;
	struct crew *crew = me->crew;

	for (;;) {
		pthread_barrier_wait(&crew->start);
		if (atomic_load(&crew->quit))
			return NULL;
		crew->result[me->number] = crew->run(crew, me->number);
		pthread_barrier_wait(&crew->end);
	}
}

static struct hand hands[THREADS];
static pthread_t hand_threads[THREADS];

static void crew_begin(struct crew *crew, int (*run)(struct crew *crew, unsigned int number))
{
	unsigned int i;

	memset(crew, 0, sizeof(*crew));
	crew->fd = owner();
	crew->run = run;
	pthread_barrier_init(&crew->start, NULL, THREADS + 1);
	pthread_barrier_init(&crew->end, NULL, THREADS + 1);
	for (i = 0; i < THREADS; i++) {
		hands[i] = (struct hand){ crew, i };
		if (pthread_create(&hand_threads[i], NULL, crew_thread, &hands[i]))
			die("pthread_create");
	}
}

static void crew_round(struct crew *crew)
{
	pthread_barrier_wait(&crew->start);
	pthread_barrier_wait(&crew->end);
}

static void crew_finish(struct crew *crew)
{
	unsigned int i;

	atomic_store(&crew->quit, true);
	pthread_barrier_wait(&crew->start);
	for (i = 0; i < THREADS; i++)
		pthread_join(hand_threads[i], NULL);
	close(crew->fd);
}

static unsigned int results(const struct crew *crew, int value)
{
	unsigned int i, n = 0;

	for (i = 0; i < THREADS; i++)
		n += crew->result[i] == value;
	return n;
}

static int release_it(struct crew *crew, unsigned int number)
{
	return number % 2 ? release(crew->fd, crew->token) :
			    release_key(crew->fd, "tcp 4 *:5000");
}

TEST(one_reservation_is_released_once)
{
	struct crew crew;
	unsigned int i;

	crew_begin(&crew, release_it);
	for (i = 0; i < rounds(); i++) {
		ASSERT_EQ(0, reserve_token(crew.fd, "tcp 4 *:5000", &crew.token));
		crew_round(&crew);
		ASSERT_EQ(1, results(&crew, 0));
		ASSERT_EQ(THREADS - 1, results(&crew, ENOENT));
	}
	crew_finish(&crew);
	EXPECT_TRUE(all_free(IPPROTO_TCP, 5000));
}

static int accept_or_release_it(struct crew *crew, unsigned int number)
{
	return number % 2 ? accept_token(crew->fd, crew->token) :
			    release(crew->fd, crew->token);
}

TEST(one_candidate_is_accepted_once)
{
	struct crew crew;
	unsigned int i;

	crew_begin(&crew, accept_or_release_it);
	for (i = 0; i < rounds(); i++) {
		struct netport_candidate c = candidate_request("tcp 4 *:0 =40000-40000");

		ASSERT_EQ(0, candidate(crew.fd, &c));
		crew.token = c.reserve.token;
		crew_round(&crew);
		/* Somebody has released it; at most one has accepted it before. */
		ASSERT_EQ(1, !crew.result[0] + !crew.result[2]);
		ASSERT_LE(!crew.result[1] + !crew.result[3], 1);
		ASSERT_EQ(THREADS, results(&crew, 0) + results(&crew, ENOENT) +
			  results(&crew, EINVAL));
	}
	crew_finish(&crew);
	EXPECT_TRUE(all_free(IPPROTO_TCP, 40000));
}

static int accept_or_turn_down(struct crew *crew, unsigned int number)
{
	if (number)
		return number == 1 ? accept_token(crew->fd, crew->token) : 0;
	crew->next[0] = crew->c;
	return candidate(crew->fd, &crew->next[0]);
}

/* Who accepts a candidate has it, though another thread turns it down. */
TEST(candidate_accepted_and_turned_down)
{
	unsigned int i, accepted = 0;
	struct crew crew;

	crew_begin(&crew, accept_or_turn_down);
	for (i = 0; i < 5 * rounds(); i++) {
		crew.c = candidate_request("tcp 4 *:0 =40000-40007");
		ASSERT_EQ(0, candidate(crew.fd, &crew.c));
		crew.token = crew.c.reserve.token;
		crew_round(&crew);
		if (!crew.result[1]) {
			accepted++;
			ASSERT_EQ(EINVAL, crew.result[0]) TH_LOG("round %u", i);
			ASSERT_EQ(0, release(crew.fd, crew.token));
		} else {
			ASSERT_EQ(ENOENT, crew.result[1]);
			ASSERT_EQ(0, crew.result[0]);
			ASSERT_EQ(ENOENT, release(crew.fd, crew.token));
			ASSERT_EQ(0, release(crew.fd, crew.next[0].reserve.token));
		}
	}
	crew_finish(&crew);
	for (i = 40000; i < 40008; i++)
		EXPECT_TRUE(all_free(IPPROTO_TCP, i));
	TH_LOG("accepted in %u rounds of %u", accepted, 5 * rounds());
}

static int turn_down(struct crew *crew, unsigned int number)
{
	crew->next[number] = crew->c;
	return candidate(crew->fd, &crew->next[number]);
}

TEST(candidate_is_turned_down_once)
{
	struct crew crew;
	unsigned int i, j;
	int other = owner();

	crew_begin(&crew, turn_down);
	for (i = 0; i < rounds(); i++) {
		crew.c = candidate_request("tcp 4 *:0 =40000-40007");
		ASSERT_EQ(0, candidate(crew.fd, &crew.c));
		crew_round(&crew);
		ASSERT_EQ(1, results(&crew, 0));
		ASSERT_EQ(THREADS - 1, results(&crew, ENOENT));
		for (j = 0; j < THREADS; j++)
			if (!crew.result[j])
				ASSERT_EQ(0, release(crew.fd, crew.next[j].reserve.token));
		/* That was all there is. */
		for (j = 40000; j < 40008; j++)
			ASSERT_TRUE(all_free_to(other, IPPROTO_TCP, j));
	}
	crew_finish(&crew);
}

/* The last close comes in the middle of calls, which have the file until they return. */
static int use_a_closing_file(struct crew *crew, unsigned int number)
{
	struct netport_reserve r = request("tcp 4 *:0 =40000-40063");
	struct netport_candidate c = candidate_request("udp 4 *:0 LB =40000-40063");
	unsigned int i;
	int err = 0;

	for (i = 0; i < 300 && err != EBADF; i++) {
		struct netport_reserve s = r;

		if ((i + number) % 2) {
			c.reserve.token = 0;
			err = candidate(crew->fd, &c);
		} else {
			err = reserve_request(crew->fd, &s);
			if (!err && i % 3)
				release(crew->fd, s.token);
		}
		if (err == EADDRNOTAVAIL)
			err = 0;
		if (err && err != EBADF)
			return err;
	}
	return 0;
}

TEST(close_in_the_middle)
{
	unsigned int i, port;
	struct crew crew;
	int fd = owner();

	crew_begin(&crew, use_a_closing_file);
	for (i = 0; i < 12; i++) {
		pthread_barrier_wait(&crew.start);
		sleep_ms(i % 7);
		close(crew.fd);
		pthread_barrier_wait(&crew.end);
		ASSERT_EQ(THREADS, results(&crew, 0));
		for (port = 40000; port < 40064; port++) {
			ASSERT_TRUE(all_free_to(fd, IPPROTO_TCP, port)) TH_LOG("%u", port);
			ASSERT_TRUE(all_free_to(fd, IPPROTO_UDP, port)) TH_LOG("%u", port);
		}
		crew.fd = owner();
	}
	crew_finish(&crew);
}

TEST(sigkill_of_many_threads)
{
	unsigned int i, j, port;
	int other = owner();

	for (i = 0; i < 8; i++) {
		struct gate ready = gate_new();
		pid_t pid = spawn();

		if (!pid) {
			struct crew crew;

			crew_begin(&crew, use_a_closing_file);
			gate_open(&ready);
			for (;;)
				crew_round(&crew);
		}
		gate_wait(&ready);
		sleep_ms(2 + 5 * i);
		kill(pid, SIGKILL);
		ASSERT_EQ(256 + SIGKILL, ended(pid));
		for (port = 40000; port < 40064; port++) {
			ASSERT_TRUE(all_free_to(other, IPPROTO_TCP, port));
			ASSERT_TRUE(all_free_to(other, IPPROTO_UDP, port));
		}
		for (j = 0; j < 2; j++)
			close(ready.fd[j]);
	}
}

/*
 * The random operations.
 *
 * Eight threads reserve, pick, ask, release and close, on few ports and addresses, so
 * that most of what they do is in each other's way.  A model keeps what may be held.  An
 * entry is in it from before the call that makes it until after the one that ends it;
 * in between, it is *certain* from the success of the first until the start of the
 * second.  Time is the number of changes of the model, which are made under a mutex;
 * the calls themselves are not.
 *
 * Then, with the share rule written once more here:
 *
 * - What is granted must fit with all that was certain during the whole call, and share a
 *   flag with each single one that is certain when it returns.
 * - What is refused must not fit with all that was possible at some time of the call.  The
 *   rule refuses no less when more is there, so this is no less than what was.
 */

#define OP_THREADS	8
#define OP_OWNERS	7		/* the last two threads share one */
#define OP_HELD		12		/* by each thread, at most */
#define OP_PORT		40000
#define OP_PORTS	8
#define OP_PAST		8192

static const __u16 op_protocols[] = { IPPROTO_TCP, IPPROTO_UDP };

/* Local addresses; both ANY and SAME are pairs that the rule treats as one. */
static const struct {
	const char *text;
	unsigned int families;
	/* Those with the same number are the same address; 0 is any. */
	unsigned int address;
} op_locals[] = {
	{ "4 *", NETPORT_FAMILY_IPV4, 0 },
	{ "6 *", NETPORT_FAMILY_IPV6, 0 },
	{ "46 *", NETPORT_FAMILY_IPV4 | NETPORT_FAMILY_IPV6, 0 },
	{ "4 10.0.0.1", NETPORT_FAMILY_IPV4, 1 },
	{ "6 [::ffff:10.0.0.1]", NETPORT_FAMILY_IPV4, 1 },
	{ "4 10.0.0.2", NETPORT_FAMILY_IPV4, 2 },
	{ "6 [2001:db8::1]", NETPORT_FAMILY_IPV6, 3 },
};

#define OP_ADDRESSES	4

static const struct {
	const char *ipv4, *mapped, *ipv6;
	/* 0 is every one. */
	unsigned int remote, port;
} op_remotes[] = {
	{ "", "", "", 0, 0 },
	{ ">1.1.1.1:5", ">[::ffff:1.1.1.1]:5", ">[2001:db8::a]:5", 1, 5 },
	{ ">1.1.1.1:6", ">[::ffff:1.1.1.1]:6", ">[2001:db8::a]:6", 1, 6 },
	{ ">1.1.1.1:0", ">[::ffff:1.1.1.1]:0", ">[2001:db8::a]:0", 1, 0 },
	{ ">1.1.1.2:5", ">[::ffff:1.1.1.2]:5", ">[2001:db8::b]:5", 2, 5 },
};

struct entry {
	/* what it claims; port 0 is any of the range */
	unsigned int protocol, port, families, address, device, remote, remote_port, share;
	bool tuple;
	uid_t uid;
	/* whose it is */
	unsigned int owner;
	struct netport_reserve r;
	__u64 cursor;
	bool is_candidate;
	/* when it was possible and certain, 0 for not yet */
	unsigned long asked, certain, ended;
	bool listed;
};

static struct {
	pthread_mutex_t lock;
	unsigned long now;
	struct entry *list[OP_THREADS * (OP_HELD + 1)];
	unsigned int n;
	/* what has ended, a ring */
	struct entry past[OP_PAST];
	unsigned long npast;
	/* what went wrong first, and where */
	char wrong[1024];
	unsigned long granted, refused, unjudged;
} model = { .lock = PTHREAD_MUTEX_INITIALIZER };

static unsigned long op_seed;

static void describe(char *buf, size_t size, const struct entry *e)
{
	snprintf(buf, size,
		 "[%u port %u families %u address %u device %u remote %u:%u share %u%s%s uid %u owner %u, %lu-%lu-%lu]",
		 e->protocol, e->port, e->families, e->address, e->device, e->remote,
		 e->remote_port, e->share, e->tuple ? " tuple" : "",
		 e->is_candidate ? " candidate" : "", e->uid, e->owner, e->asked, e->certain,
		 e->ended);
}

static void wrong(const struct entry *e, const struct entry *other, const char *fmt, ...)
{
	char text[256], one[256] = "", two[256] = "";
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (e)
		describe(one, sizeof(one), e);
	if (other)
		describe(two, sizeof(two), other);
	if (!model.wrong[0])
		snprintf(model.wrong, sizeof(model.wrong), "%s: %s %s", text, one, two);
}

/* the share rule */

static bool device_overlaps(const struct entry *a, const struct entry *b)
{
	return !a->device || !b->device || a->device == b->device;
}

static bool remote_overlaps(const struct entry *a, const struct entry *b)
{
	return !a->remote || !b->remote ||
	       (a->remote == b->remote &&
		(!a->remote_port || !b->remote_port || a->remote_port == b->remote_port));
}

static bool overlaps(const struct entry *a, const struct entry *b)
{
	return a->protocol == b->protocol && (!a->port || !b->port || a->port == b->port) &&
	       (a->families & b->families) &&
	       (!a->address || !b->address || a->address == b->address) &&
	       device_overlaps(a, b) && remote_overlaps(a, b);
}

/* Is @held in the way of @e, if their flags don't agree? */
static bool in_the_way(const struct entry *held, const struct entry *e)
{
	if (!overlaps(held, e))
		return false;
	return !e->tuple || (held->address == e->address && held->remote == e->remote &&
			     held->remote_port == e->remote_port);
}

static unsigned int flags_for(const struct entry *held, const struct entry *e)
{
	return held->uid == e->uid ? held->share : held->share & ~LB;
}

/* The flags that are left, for each local address; 0.0.0.0 and :: are two. */
struct verdict {
	unsigned int share[OP_ADDRESSES + 1];
	bool any;
};

static void verdict_init(struct verdict *v, const struct entry *e)
{
	unsigned int i;

	v->any = false;
	for (i = 0; i <= OP_ADDRESSES; i++)
		v->share[i] = e->share;
}

static void verdict_add(struct verdict *v, const struct entry *held, const struct entry *e)
{
	unsigned int families;

	if (!in_the_way(held, e))
		return;
	v->any = true;
	families = held->families & e->families;
	if (held->address) {
		v->share[held->address] &= flags_for(held, e);
		return;
	}
	if (families & NETPORT_FAMILY_IPV4)
		v->share[0] &= flags_for(held, e);
	if (families & NETPORT_FAMILY_IPV6)
		v->share[OP_ADDRESSES] &= flags_for(held, e);
}

static bool verdict_fits(const struct verdict *v, const struct entry *e, bool picked)
{
	unsigned int i;

	if (!v->any)
		return true;
	if (picked && e->protocol == IPPROTO_TCP)
		return false;
	for (i = 0; i <= OP_ADDRESSES; i++)
		if (!v->share[i])
			return false;
	return true;
}

/* the model; all of it under its lock */

static void model_ask(struct entry *e)
{
	e->asked = ++model.now;
	e->certain = 0;
	e->ended = 0;
	e->listed = true;
	model.list[model.n++] = e;
}

static struct entry **model_find(const struct entry *e)
{
	unsigned int i;

	for (i = 0; model.list[i] != e; i++)
		;
	return &model.list[i];
}

/* It has never been there. */
static void model_forget(struct entry *e)
{
	*model_find(e) = model.list[--model.n];
	++model.now;
	e->listed = false;
}

/* It isn't there any more. */
static void model_end(struct entry *e)
{
	e->ended = model.now + 1;
	model.past[model.npast++ % OP_PAST] = *e;
	model_forget(e);
}

/* @e has been granted, in a call that began at @since. */
static void model_granted(struct entry *e, unsigned long since, bool picked)
{
	struct verdict v;
	unsigned int i;

	verdict_init(&v, e);
	for (i = 0; i < model.n; i++) {
		struct entry *held = model.list[i];

		if (held == e || !held->certain)
			continue;
		if (held->certain <= since)
			verdict_add(&v, held, e);
		/* Which of the two was there first isn't known: a tuple needn't ask. */
		if (!held->tuple && !e->tuple && overlaps(held, e) &&
		    !(flags_for(held, e) & e->share))
			wrong(e, held, "granted, and held with no flag in common");
	}
	if (!verdict_fits(&v, e, picked))
		wrong(e, NULL, "granted against the rule");
	e->certain = ++model.now;
	model.granted++;
}

/* Whether @e, with a port, was in somebody's way at some time since. */
static bool was_refusable(const struct entry *e, unsigned long since, bool picked)
{
	struct verdict v;
	unsigned long i;

	verdict_init(&v, e);
	for (i = 0; i < model.n; i++)
		if (model.list[i] != e)
			verdict_add(&v, model.list[i], e);
	for (i = model.npast; i && model.npast - i < OP_PAST; i--) {
		const struct entry *past = &model.past[(i - 1) % OP_PAST];

		if (past->ended < since)
			break;
		verdict_add(&v, past, e);
	}
	return !verdict_fits(&v, e, picked);
}

/* Is there a judgement to be made of what ended since? */
static bool remembered(unsigned long since)
{
	return model.npast < OP_PAST || model.past[model.npast % OP_PAST].ended < since;
}

static void model_refused(const struct entry *e, unsigned long since, bool picked)
{
	struct entry one = *e;

	model.refused++;
	if (!remembered(since)) {
		model.unjudged++;
		return;
	}
	if (e->port) {
		if (!was_refusable(e, since, picked))
			wrong(e, NULL, "refused since %lu, and nothing was in its way", since);
		return;
	}
	for (one.port = OP_PORT; one.port < OP_PORT + OP_PORTS; one.port++)
		if (!was_refusable(&one, since, picked))
			wrong(&one, NULL, "no port found since %lu, but this one was free", since);
}

/* the threads */

static struct op_owner {
	int fd;
	uid_t uid;
	bool shared;
} op_owners[OP_OWNERS] = {
	{ .uid = 0 }, { .uid = 0 }, { .uid = 0 }, { .uid = 1000 }, { .uid = 1000 },
	{ .uid = 1001 }, { .uid = 1001, .shared = true },
};

/*
 * One that holds nothing.  (None of the above can play its part: a file that somebody uses
 * isn't closed before they are done with it.)
 */
static int op_stranger;

struct op_thread {
	unsigned int number;
	unsigned long ops;
	__u64 random;
	struct entry slot[OP_HELD + 1];
	unsigned long done[8];
};

static unsigned int op_random(struct op_thread *t, unsigned int below)
{
	/* xorshift64*: nothing is said here about its quality but that it will do. */
	t->random ^= t->random >> 12;
	t->random ^= t->random << 25;
	t->random ^= t->random >> 27;
	return (t->random * 0x2545f4914f6cdd1dULL >> 33) % below;
}

static unsigned int op_owner_of(const struct op_thread *t)
{
	return t->number < OP_OWNERS ? t->number : OP_OWNERS - 1;
}

static void op_lock(void)
{
	pthread_mutex_lock(&model.lock);
}

static void op_unlock(void)
{
	pthread_mutex_unlock(&model.lock);
}

/* A random binding, as an entry and as the request for it. */
static void op_make(struct op_thread *t, struct entry *e, bool with_port)
{
	static const unsigned int flags[] = {
		0, 0, LB, LB, MR, TO, LB | MR, MR | TO, LB | MR | TO,
	};
	unsigned int local = op_random(t, ARRAY_SIZE(op_locals));
	unsigned int remote = op_random(t, 2) ? 0 : op_random(t, ARRAY_SIZE(op_remotes));
	const char *remote_text;
	char text[128];

	memset(e, 0, sizeof(*e));
	e->owner = op_owner_of(t);
	e->uid = op_owners[e->owner].uid;
	e->protocol = op_protocols[op_random(t, ARRAY_SIZE(op_protocols))];
	e->families = op_locals[local].families;
	e->address = op_locals[local].address;
	e->device = op_random(t, 3) ? 0 : 1 + op_random(t, 2);
	e->share = flags[op_random(t, ARRAY_SIZE(flags))];
	if (e->families == (NETPORT_FAMILY_IPV4 | NETPORT_FAMILY_IPV6))
		remote = 0;
	e->remote = op_remotes[remote].remote;
	e->remote_port = op_remotes[remote].port;
	if (with_port) {
		e->port = OP_PORT + op_random(t, OP_PORTS);
		e->tuple = e->address && e->remote && e->remote_port && op_random(t, 2);
	}
	if (op_locals[local].text[0] == '4')
		remote_text = op_remotes[remote].ipv4;
	else if (e->families == NETPORT_FAMILY_IPV4)
		remote_text = op_remotes[remote].mapped;
	else
		remote_text = op_remotes[remote].ipv6;
	snprintf(text, sizeof(text), "%u %s:%u %s", e->protocol, op_locals[local].text, e->port,
		 remote_text);
	e->r = request(text);
	e->r.binding.share = e->share;
	e->r.binding.ifindex = e->device;
	e->r.options = e->tuple ? NETPORT_OPT_TUPLE : 0;
	if (!with_port) {
		e->r.low = OP_PORT;
		e->r.high = OP_PORT + OP_PORTS - 1;
	}
}

static struct entry *op_free_slot(struct op_thread *t)
{
	unsigned int i;

	for (i = 0; i < OP_HELD; i++)
		if (!t->slot[i].listed)
			return &t->slot[i];
	return NULL;
}

static struct entry *op_some_slot(struct op_thread *t)
{
	unsigned int i, first = op_random(t, OP_HELD);

	for (i = 0; i < OP_HELD; i++)
		if (t->slot[(first + i) % OP_HELD].listed)
			return &t->slot[(first + i) % OP_HELD];
	return NULL;
}

static void op_reserve(struct op_thread *t, bool picked, bool candidates)
{
	int refusal = picked ? EADDRNOTAVAIL : EADDRINUSE, err;
	struct entry *e = op_free_slot(t);
	struct netport_candidate c;
	unsigned long since;

	if (!e)
		return;
	op_make(t, e, !picked);
	e->is_candidate = candidates;
	op_lock();
	model_ask(e);
	since = model.now;
	op_unlock();
	if (candidates) {
		c = (struct netport_candidate){ .reserve = e->r };
		err = candidate(op_owners[e->owner].fd, &c);
		if (!err) {
			e->r = c.reserve;
			e->cursor = c.cursor;
		}
	} else {
		err = reserve_request(op_owners[e->owner].fd, &e->r);
	}
	op_lock();
	if (!err) {
		e->port = e->r.binding.port;
		if (e->port < OP_PORT || e->port >= OP_PORT + OP_PORTS)
			wrong(e, NULL, "not a port of the range");
		model_granted(e, since, picked);
	} else {
		if (err == refusal)
			model_refused(e, since, picked);
		else
			wrong(e, NULL, "error %d", err);
		model_forget(e);
	}
	op_unlock();
}

static void op_next_candidate(struct op_thread *t)
{
	struct entry *e = op_some_slot(t), *next = &t->slot[OP_HELD];
	struct netport_candidate c;
	unsigned long since;
	int err;

	if (!e || !e->is_candidate)
		return;
	*next = *e;
	next->port = 0;
	c = (struct netport_candidate){ .reserve = e->r, .cursor = e->cursor };
	op_lock();
	e->certain = 0;
	model_ask(next);
	since = model.now;
	op_unlock();
	err = candidate(op_owners[e->owner].fd, &c);
	op_lock();
	if (!err) {
		model_end(e);
		next->r = c.reserve;
		next->cursor = c.cursor;
		next->port = c.reserve.binding.port;
		model_granted(next, since, true);
		/* It moves to where the old one was. */
		*model_find(next) = e;
		*e = *next;
		next->listed = false;
	} else {
		if (err != EADDRNOTAVAIL)
			wrong(e, NULL, "next candidate: error %d", err);
		model_forget(next);
		e->certain = ++model.now;
	}
	op_unlock();
}

static void op_accept(struct op_thread *t)
{
	struct entry *e = op_some_slot(t);
	int err;

	if (!e)
		return;
	err = accept_token(op_owners[e->owner].fd, e->r.token);
	if (err != (e->is_candidate ? 0 : EINVAL)) {
		op_lock();
		wrong(e, NULL, "accept: error %d", err);
		op_unlock();
	}
	e->is_candidate = false;
}

/* Does the owner hold another that has the same key? */
static bool op_key_is_unique(struct op_thread *t, const struct entry *e)
{
	unsigned int i;

	if (op_owners[e->owner].shared)
		return false;
	for (i = 0; i < OP_HELD; i++) {
		const struct entry *o = &t->slot[i];

		if (o != e && o->listed && o->protocol == e->protocol && o->port == e->port &&
		    o->families == e->families && o->address == e->address &&
		    o->device == e->device && o->remote == e->remote &&
		    o->remote_port == e->remote_port && o->share == e->share &&
		    o->tuple == e->tuple)
			return false;
	}
	return true;
}

static int op_release_key(const struct entry *e, unsigned int share)
{
	struct netport_reserve r = e->r;

	r.binding.share = share;
	return release_request(op_owners[e->owner].fd, &r);
}

static void op_release(struct op_thread *t)
{
	struct entry *e = op_some_slot(t);
	int err;

	if (!e)
		return;
	op_lock();
	e->certain = 0;
	++model.now;
	op_unlock();
	err = op_key_is_unique(t, e) && op_random(t, 2) ? op_release_key(e, e->share) :
	      release(op_owners[e->owner].fd, e->r.token);
	op_lock();
	if (err)
		wrong(e, NULL, "release: error %d", err);
	model_end(e);
	op_unlock();
}

/* Of another's, of what has gone, with the wrong flags: nothing of that may change anything. */
static void op_bad_release(struct op_thread *t)
{
	struct entry *e = op_some_slot(t);
	unsigned int share, i;
	bool unheld = true;
	int err;

	if (!e)
		return;
	err = release(op_stranger, e->r.token);
	if (err != ENOENT) {
		op_lock();
		wrong(e, NULL, "release by another owner: error %d", err);
		op_unlock();
	}
	if (op_owners[e->owner].shared)
		return;
	share = op_random(t, 8);
	for (i = 0; i < OP_HELD; i++)
		unheld &= !t->slot[i].listed || t->slot[i].share != share;
	if (!unheld)
		return;
	err = op_release_key(e, share);
	if (err != ENOENT) {
		op_lock();
		wrong(e, NULL, "release with flags %u: error %d", share, err);
		op_unlock();
	}
}

static void op_available(struct op_thread *t)
{
	bool picked = !op_random(t, 4);
	struct entry e;
	struct netport_reserve r;
	unsigned long since;
	int err;

	op_make(t, &e, !picked);
	op_lock();
	since = ++model.now;
	op_unlock();
	r = e.r;
	r.token = 0;
	err = command(op_owners[e.owner].fd, NETPORT_IOC_AVAILABLE, &r);
	op_lock();
	if (err == (picked ? EADDRNOTAVAIL : EADDRINUSE)) {
		model_refused(&e, since, picked);
	} else if (err) {
		wrong(&e, NULL, "AVAILABLE: error %d", err);
	} else if (!picked) {
		struct verdict v;
		unsigned int i;

		verdict_init(&v, &e);
		for (i = 0; i < model.n; i++)
			if (model.list[i]->certain && model.list[i]->certain <= since)
				verdict_add(&v, model.list[i], &e);
		if (!verdict_fits(&v, &e, false))
			wrong(&e, NULL, "said to be available against the rule");
	}
	op_unlock();
}

/* The owner goes, and with it all that it holds; another takes its place. */
static void op_close(struct op_thread *t)
{
	struct op_owner *o = &op_owners[op_owner_of(t)];
	unsigned int i;

	if (o->shared)
		return;
	op_lock();
	++model.now;
	for (i = 0; i < OP_HELD; i++)
		if (t->slot[i].listed)
			t->slot[i].certain = 0;
	op_unlock();
	close(o->fd);
	o->fd = owner_as(o->uid);
	op_lock();
	for (i = 0; i < OP_HELD; i++)
		if (t->slot[i].listed)
			model_end(&t->slot[i]);
	op_unlock();
}

static void *op_thread(void *arg)
{
	struct op_thread *t = arg;
	unsigned long i;

	for (i = 0; i < t->ops && !model.wrong[0]; i++) {
		unsigned int what = op_random(t, 1000);

		if (what < 350)
			op_reserve(t, false, false);
		else if (what < 450)
			op_reserve(t, true, false);
		else if (what < 510)
			op_reserve(t, true, true);
		else if (what < 570)
			op_next_candidate(t);
		else if (what < 600)
			op_accept(t);
		else if (what < 860)
			op_release(t);
		else if (what < 890)
			op_bad_release(t);
		else if (what < 995)
			op_available(t);
		else
			op_close(t);
	}
	return NULL;
}

/* When all is quiet, what is held must be held, and nothing else. */
static unsigned int op_compare(struct op_thread *threads)
{
	unsigned int failed = 0, i, j;
	int fd = owner();

	for (i = 0; i < OP_THREADS; i++) {
		for (j = 0; j < OP_HELD; j++) {
			struct entry *e = &threads[i].slot[j];
			struct netport_reserve r = e->r;

			if (!e->listed)
				continue;
			r.low = 0;
			r.high = 0;
			r.binding.share = 0;
			failed += command(fd, NETPORT_IOC_AVAILABLE, &r) != EADDRINUSE;
			failed += release(op_owners[e->owner].fd, e->r.token) != 0;
		}
	}
	for (i = 0; i < ARRAY_SIZE(op_protocols); i++)
		for (j = 0; j < OP_PORTS; j++)
			failed += !all_free(op_protocols[i], OP_PORT + j);
	close(fd);
	return failed;
}

FIXTURE(random) {
	struct op_thread thread[OP_THREADS];
};

FIXTURE_SETUP(random)
{
	unsigned int i;

	op_seed = env_number("NETPORT_SEED", time(NULL) ^ (unsigned long)getpid() << 16);
	op_stranger = owner();
	for (i = 0; i < OP_OWNERS; i++)
		op_owners[i].fd = owner_as(op_owners[i].uid);
	for (i = 0; i < OP_THREADS; i++) {
		self->thread[i].number = i;
		self->thread[i].ops = ops() / OP_THREADS;
		self->thread[i].random = (op_seed + 1) * 0x9e3779b97f4a7c15ULL + i * 7919;
	}
}

FIXTURE_TEARDOWN(random)
{
}

TEST_F_TIMEOUT(random, operations_of_many_threads, 280)
{
	pthread_t thread[OP_THREADS];
	unsigned int i, port;

	for (i = 0; i < OP_THREADS; i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, op_thread, &self->thread[i]));
	for (i = 0; i < OP_THREADS; i++)
		pthread_join(thread[i], NULL);
	EXPECT_STREQ("", model.wrong);
	TH_LOG("%lu granted, %lu refused (%lu not judged), seed %lu", model.granted,
	       model.refused, model.unjudged, op_seed);
	/* They must have got in each other's way. */
	if (ops() >= 10000) {
		EXPECT_GT(model.granted, ops() / 20);
		EXPECT_GT(model.refused, ops() / 20);
		EXPECT_LT(model.unjudged, model.refused / 2 + 1);
	}
	EXPECT_EQ(0, op_compare(self->thread));

	/* And what isn't released goes with the files. */
	for (i = 0; i < OP_THREADS; i++)
		self->thread[i].ops = 50;
	memset(model.wrong, 0, sizeof(model.wrong));
	model.n = 0;
	for (i = 0; i < OP_THREADS; i++) {
		memset(self->thread[i].slot, 0, sizeof(self->thread[i].slot));
		op_thread(&self->thread[i]);
	}
	EXPECT_STREQ("", model.wrong);
	EXPECT_GT(model.n, 0);
	for (i = 0; i < OP_OWNERS; i++)
		close(op_owners[i].fd);
	for (port = OP_PORT; port < OP_PORT + OP_PORTS; port++) {
		EXPECT_TRUE(all_free(IPPROTO_TCP, port));
		EXPECT_TRUE(all_free(IPPROTO_UDP, port));
	}
}

SELFTEST_MAIN
