// SPDX-License-Identifier: GPL-2.0
/*
 * handover - a reservation that is given to another file never is without an owner, and
 * one that is persistent outlives its own and can be adopted.
 */
#include "keep.h"

/* Nobody else in the machine has these. */
#define UID	31201
#define UID2	31202

FIXTURE(handover) {
	int from;
	int to;
	__u64 token;
	struct netport_entry e;
};

FIXTURE_SETUP(handover)
{
	keep_netns();
	self->from = owner();
	self->to = owner();
}

/* Also if the test has come to a sudden end. */
FIXTURE_TEARDOWN_PARENT(handover)
{
	restore_limits();
}

/* TRANSFER */

TEST_F(handover, to_another_file)
{
	ASSERT_EQ(0, reserve_token(self->from, "tcp 4 10.0.0.1:80", &self->token));
	ASSERT_EQ(0, set_label(self->from, self->token, "goes with it"));
	ASSERT_EQ(0, transfer(self->from, self->token, self->to));
	ASSERT_EQ(1, find(self->to, self->token, &self->e));
	EXPECT_EQ(info(self->to).owner, self->e.owner);
	EXPECT_EQ(0, self->e.state);
	EXPECT_STREQ("goes with it", (char *)self->e.label);
	/* It isn't the old one's. */
	EXPECT_EQ(ENOENT, release(self->from, self->token));
	EXPECT_EQ(ENOENT, release_key(self->from, "tcp 4 10.0.0.1:80"));
	EXPECT_EQ(ENOENT, transfer(self->from, self->token, self->to));
	EXPECT_EQ(ENOENT, set_label(self->from, self->token, "mine"));
	close(self->from);
	EXPECT_EQ(EADDRINUSE, free_for_others("tcp 4 10.0.0.1:80"));
	/* It is the new one's in every way. */
	EXPECT_EQ(0, set_label(self->to, self->token, "ours"));
	EXPECT_EQ(0, change(self->to, NETPORT_IOC_EXTEND, self->token, "udp 4 *:80", 0));
	EXPECT_EQ(0, change(self->to, NETPORT_IOC_REBIND, self->token, "tcp 4 *:81", 0));
	EXPECT_EQ(0, release(self->to, self->token));
	EXPECT_EQ(0, list_all(self->to)->n);
}

TEST_F(handover, named_by_its_binding_afterwards)
{
	const char *text = "udp 4 10.0.0.1:80 %2 LB|MR";

	ASSERT_EQ(0, reserve(self->to, "udp 4 10.0.0.1:80 %3 LB|MR"));
	ASSERT_EQ(0, reserve(self->to, text));
	ASSERT_EQ(0, reserve_token(self->from, text, &self->token));
	ASSERT_EQ(0, transfer(self->from, self->token, self->to));
	EXPECT_EQ(ENOENT, release_key(self->from, text));
	EXPECT_EQ(0, release_key(self->to, text));
	EXPECT_EQ(0, release_key(self->to, text));
	EXPECT_EQ(ENOENT, release_key(self->to, text));
	EXPECT_EQ(0, release_key(self->to, "udp 4 10.0.0.1:80 %3 LB|MR"));
	EXPECT_TRUE(all_free(IPPROTO_UDP, 80));
}

TEST_F(handover, goes_with_the_new_owner)
{
	ASSERT_EQ(0, reserve_token(self->from, "tcp 4 10.0.0.1:80", &self->token));
	ASSERT_EQ(0, reserve(self->from, "tcp 4 10.0.0.1:81"));
	ASSERT_EQ(0, transfer(self->from, self->token, self->to));
	close(self->to);
	EXPECT_EQ(0, free_for_others("tcp 4 10.0.0.1:80"));
	EXPECT_EQ(EADDRINUSE, free_for_others("tcp 4 10.0.0.1:81"));
}

TEST_F(handover, sets_and_blocks)
{
	__u64 block;

	ASSERT_EQ(0, ask_set(self->from, "tcp 4 10.0.0.1:80,tcp 4 10.0.0.2:80,udp 46 *:80", 0,
			     &self->token));
	ASSERT_EQ(0, ask_block(self->from, "udp 4 10.0.0.1:1020", 100, &block));
	ASSERT_EQ(0, transfer(self->from, self->token, self->to));
	ASSERT_EQ(0, transfer(self->from, block, self->to));
	close(self->from);
	EXPECT_EQ(3, find(self->to, self->token, &self->e));
	EXPECT_EQ(info(self->to).owner, self->e.owner);
	EXPECT_EQ(100, find(self->to, block, &self->e));
	EXPECT_EQ(EADDRINUSE, free_for_others("udp 4 *:1119"));
	EXPECT_EQ(0, release(self->to, self->token));
	close(self->to);
	EXPECT_TRUE(all_free(IPPROTO_TCP, 80));
	EXPECT_TRUE(all_free(IPPROTO_UDP, 80));
	EXPECT_TRUE(all_free(IPPROTO_UDP, 1119));
}

TEST_F(handover, what_was_picked_and_accepted)
{
	struct netport_candidate c = candidate_request("tcp 4 *:0");

	ASSERT_EQ(0, candidate(self->from, &c));
	EXPECT_EQ(EINVAL, transfer(self->from, c.reserve.token, self->to));
	ASSERT_EQ(0, accept_token(self->from, c.reserve.token));
	EXPECT_EQ(0, transfer(self->from, c.reserve.token, self->to));
	EXPECT_EQ(0, release(self->to, c.reserve.token));
}

TEST_F(handover, refusals)
{
	int pipes[2], null = open("/dev/null", O_RDWR), elsewhere, closed = dup(self->to);
	struct netport_transfer pad = { .fd = self->to, .__pad = 1 };
	__u64 theirs;

	close(closed);
	ASSERT_EQ(0, pipe(pipes));
	ASSERT_EQ(0, reserve_token(self->from, "tcp 4 *:80", &self->token));
	ASSERT_EQ(0, reserve_token(self->to, "tcp 4 *:81", &theirs));
	pad.token = self->token;
	new_netns();
	elsewhere = owner();

	EXPECT_EQ(EINVAL, command(self->from, NETPORT_IOC_TRANSFER, &pad));
	EXPECT_EQ(EBADF, transfer(self->from, self->token, -1));
	EXPECT_EQ(EBADF, transfer(self->from, self->token, closed));
	EXPECT_EQ(EBADF, transfer(self->from, self->token, 1 << 30));
	EXPECT_EQ(EBADF, transfer(self->from, self->token, null));
	EXPECT_EQ(EBADF, transfer(self->from, self->token, pipes[0]));
	EXPECT_EQ(EINVAL, transfer(self->from, self->token, self->from));
	EXPECT_EQ(EINVAL, transfer(self->from, self->token, dup(self->from)));
	EXPECT_EQ(EINVAL, transfer(self->from, self->token, elsewhere));
	EXPECT_EQ(ENOENT, transfer(self->from, theirs, self->to));
	EXPECT_EQ(ENOENT, transfer(self->from, 0, self->to));
	EXPECT_EQ(ENOENT, transfer(self->from, POISON, self->to));
	EXPECT_EQ(ENOENT, transfer(self->to, self->token, self->from));
	EXPECT_EQ(ENOENT, transfer(elsewhere, self->token, owner()));
	EXPECT_EQ(EFAULT, ioctl(self->from, NETPORT_IOC_TRANSFER, NULL) ? errno : 0);

	ASSERT_EQ(1, find(self->from, self->token, &self->e));
	EXPECT_EQ(info(self->from).owner, self->e.owner);
	EXPECT_EQ(2, list_all(self->from)->n);
	EXPECT_EQ(0, release(self->from, self->token));
}

TEST_F(handover, over_a_socket)
{
	int pair[2];
	pid_t pid;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	pid = spawn();
	if (!pid) {
		int fd = owner(), to = receive_fd(pair[1]);
		__u64 token;

		close(pair[0]);
		CHECK_EQ(0, reserve_token(fd, "tcp 4 *:80", &token));
		CHECK_EQ(0, transfer(fd, token, to));
		CHECK_EQ(sizeof(token), write(pair[1], &token, sizeof(token)));
		pause();
	}
	send_fd(pair[0], self->to);
	ASSERT_EQ(sizeof(self->token), read(pair[0], &self->token, sizeof(self->token)));
	kill(pid, SIGKILL);
	EXPECT_EQ(256 + SIGKILL, ended(pid));
	EXPECT_EQ(EADDRINUSE, free_for_others("tcp 4 *:80"));
	EXPECT_EQ(0, release(self->to, self->token));
}

TEST_F(handover, limits_are_the_new_owners)
{
	int a = owner_as(UID), b = owner_as(UID), c = owner_as(UID2), d = owner_as(UID2);
	__u64 token[3];
	unsigned int i;
	char text[32];

	for (i = 0; i < 3; i++) {
		snprintf(text, sizeof(text), "tcp 4 *:%u", 2000 + i);
		ASSERT_EQ(0, reserve_token(a, text, &token[i]));
	}
	ASSERT_EQ(0, reserve(d, "tcp 4 *:2010"));
	set_limit(PER_OWNER, 1);
	set_limit(PER_UID, 2);
	set_limit(PER_NETNS, 4);
	/* In one uid, however much it has. */
	EXPECT_EQ(0, transfer(a, token[0], b));
	EXPECT_EQ(EDQUOT, transfer(a, token[1], b));
	/* The other uid has room for one, and so has its second file. */
	EXPECT_EQ(EDQUOT, transfer(a, token[1], d));
	EXPECT_EQ(0, transfer(a, token[1], c));
	set_limit(PER_OWNER, 10);
	EXPECT_EQ(EDQUOT, transfer(a, token[2], c));
	EXPECT_EQ(EDQUOT, transfer(b, token[0], d));
	/* And who was refused has what it had. */
	ASSERT_EQ(1, find(self->from, token[2], &self->e));
	EXPECT_EQ(info(a).owner, self->e.owner);
	EXPECT_EQ(UID, self->e.uid);
	ASSERT_EQ(1, find(self->from, token[1], &self->e));
	EXPECT_EQ(info(c).owner, self->e.owner);
	EXPECT_EQ(UID2, self->e.uid);
	/* All is counted where it belongs: uid has 2, uid2 has 2. */
	set_limit(PER_NETNS, 100);
	EXPECT_EQ(EDQUOT, reserve(a, "tcp 4 *:2020"));
	EXPECT_EQ(EDQUOT, reserve(c, "tcp 4 *:2020"));
	EXPECT_EQ(0, release(a, token[2]));
	EXPECT_EQ(0, release(c, token[1]));
	EXPECT_EQ(0, reserve(b, "tcp 4 *:2020"));
	EXPECT_EQ(0, reserve(d, "tcp 4 *:2021"));
	EXPECT_EQ(EDQUOT, reserve(a, "tcp 4 *:2022"));
	EXPECT_EQ(EDQUOT, reserve(c, "tcp 4 *:2022"));
}

/* LOAD_BALANCED counts within a uid. */

TEST_F(handover, load_balanced_to_another_uid)
{
	int a = owner_as(UID), a2 = owner_as(UID), b = owner_as(UID2);
	__u64 token, second;

	ASSERT_EQ(0, reserve_token(a, "udp 4 *:2000 LB", &token));
	ASSERT_EQ(0, reserve_token(a, "udp 4 *:2000 LB", &second));
	/* Shared with the old uid: it would be in the way there. */
	EXPECT_EQ(EADDRINUSE, transfer(a, token, b));
	ASSERT_EQ(1, find(self->from, token, &self->e));
	EXPECT_EQ(info(a).owner, self->e.owner);
	EXPECT_EQ(0, reserve(a2, "udp 4 *:2000 LB"));
	EXPECT_EQ(EADDRINUSE, reserve(b, "udp 4 *:2000 LB"));
	/* Within the uid. */
	EXPECT_EQ(0, transfer(a, token, a2));
	/* Alone. */
	close(a);
	EXPECT_EQ(0, release_key(a2, "udp 4 *:2000 LB"));
	EXPECT_EQ(EADDRINUSE, reserve(b, "udp 4 *:2000 LB"));
	ASSERT_EQ(1, list_all(self->from)->n);
	token = list_all(self->from)->e[0].token;
	EXPECT_EQ(0, transfer(a2, token, b));
	EXPECT_EQ(0, reserve(b, "udp 4 *:2000 LB"));
	EXPECT_EQ(EADDRINUSE, reserve(a2, "udp 4 *:2000 LB"));
}

TEST_F(handover, other_flags_to_another_uid)
{
	int a = owner_as(UID), b = owner_as(UID2);
	__u64 token;

	ASSERT_EQ(0, reserve_token(a, "udp 4 10.0.0.1:2000 LB|MR", &token));
	ASSERT_EQ(0, reserve(a, "udp 4 10.0.0.1:2000 LB|MR"));
	ASSERT_EQ(0, reserve(a, "udp 4 *:2000 MR"));
	EXPECT_EQ(0, transfer(a, token, b));
	/* LOAD_BALANCED has nothing to say any more between them. */
	EXPECT_EQ(EADDRINUSE, reserve(a, "udp 4 10.0.0.1:2000 LB"));
	EXPECT_EQ(0, reserve(a, "udp 4 10.0.0.1:2000 MR"));
}

TEST_F(handover, a_set_of_which_one_is_shared)
{
	int a = owner_as(UID), b = owner_as(UID2);
	__u64 token, other;

	ASSERT_EQ(0, ask_set(a, "udp 4 10.0.0.1:2000 LB,udp 4 10.0.0.2:2000 LB", 0, &token));
	ASSERT_EQ(0, reserve_token(a, "udp 4 10.0.0.2:2000 LB", &other));
	EXPECT_EQ(EADDRINUSE, transfer(a, token, b));
	/* Nothing of it has changed. */
	EXPECT_EQ(0, reserve(a, "udp 4 10.0.0.1:2000 LB"));
	EXPECT_EQ(EADDRINUSE, reserve(b, "udp 4 10.0.0.1:2000 LB"));
	EXPECT_EQ(0, release_key(a, "udp 4 10.0.0.1:2000 LB"));
	EXPECT_EQ(0, release(a, other));
	EXPECT_EQ(0, transfer(a, token, b));
	EXPECT_EQ(2, find(a, token, &self->e));
	EXPECT_EQ(UID2, self->e.uid);
	EXPECT_EQ(0, reserve(b, "udp 4 10.0.0.1:2000 LB"));
	EXPECT_EQ(EADDRINUSE, reserve(a, "udp 4 10.0.0.2:2000 LB"));
}

/* Who waited for it may share it with the new owner. */
TEST_F(handover, those_who_wait_are_looked_at)
{
	int a = owner_as(UID), b = owner_as(UID2), b2 = owner_as(UID2);
	struct netport_request wish = ask_for("udp 4 *:2000 LB", 0);
	struct pollfd p = { .fd = b2, .events = POLLIN };
	__u64 token;

	ASSERT_EQ(0, reserve_token(a, "udp 4 *:2000 LB", &token));
	ASSERT_EQ(0, command(b2, NETPORT_IOC_WISH, &wish));
	EXPECT_EQ(0, poll(&p, 1, 0));
	ASSERT_EQ(0, transfer(a, token, b));
	EXPECT_EQ(1, poll(&p, 1, PATIENCE_MS));
	EXPECT_EQ(2, list_all(b)->n);
}

/* races */

struct taker {
	const char *text;
	atomic_bool stop;
	atomic_uint won;
	atomic_uint tried;
};

static void *taker_run(void *arg)
{
	struct taker *t = arg;
	int fd = owner();

	while (!t->stop) {
		if (!reserve(fd, t->text))
			t->won++;
		t->tried++;
	}
	close(fd);
	return NULL;
}

TEST_F(handover, never_without_an_owner)
{
	struct taker t = { .text = "tcp 46 *:1500" };
	int fd[2] = { self->from, self->to };
	pthread_t thread;
	unsigned int i;
	__u64 block;

	ASSERT_EQ(0, reserve_token(self->from, "tcp 4 10.0.0.1:1500", &self->token));
	ASSERT_EQ(0, ask_block(self->from, "tcp 6 [2001:db8::1]:1400", 200, &block));
	ASSERT_EQ(0, pthread_create(&thread, NULL, taker_run, &t));
	for (i = 0; i < 400 || t.tried < 400; i++) {
		ASSERT_EQ(0, transfer(fd[i % 2], self->token, fd[(i + 1) % 2]));
		ASSERT_EQ(0, transfer(fd[i % 2], block, fd[(i + 1) % 2]));
		/* The old one's close makes no difference. */
		close(fd[i % 2]);
		fd[i % 2] = owner();
	}
	t.stop = true;
	pthread_join(thread, NULL);
	EXPECT_EQ(0, t.won);
	EXPECT_EQ(1, find(fd[0], self->token, &self->e));
	EXPECT_EQ(200, find(fd[0], block, &self->e));
}

struct closer {
	atomic_int fd;
	atomic_bool stop;
};

/* Closes what it's given, and says when that is done. */
static void *closer_run(void *arg)
{
	struct closer *c = arg;
	int fd;

	while (!c->stop) {
		fd = c->fd;
		if (fd < 0)
			continue;
		close(fd);
		c->fd = -1;
	}
	return NULL;
}

TEST_F(handover, against_a_close)
{
	const unsigned int n = so_many("NETPORT_ROUNDS", 1000, 200);
	struct closer c = { .fd = -1 };
	unsigned int i, gone = 0;
	pthread_t thread;
	int to, err, own;

	ASSERT_EQ(0, pthread_create(&thread, NULL, closer_run, &c));
	for (i = 0; i < n; i++) {
		ASSERT_EQ(0, ask_set(self->from, "tcp 4 *:80,udp 4 *:80", i % 2 ? PERSISTENT : 0,
				     &self->token));
		to = owner();
		c.fd = to;
		err = transfer(self->from, self->token, to);
		/* Given in time, it has gone with the other; else it's still here. */
		if (!err) {
			ASSERT_TRUE(AWAIT(c.fd == -1));
			gone++;
			if (i % 2) {
				ASSERT_TRUE(AWAIT(state_of(self->from, self->token) == ORPHAN));
				ASSERT_EQ(0, release(self->from, self->token));
			} else {
				ASSERT_TRUE(AWAIT(!list_all(self->from)->n));
			}
		} else {
			ASSERT_EQ(EBADF, err);
			own = release(self->from, self->token);
			ASSERT_EQ(0, own);
		}
		ASSERT_TRUE(AWAIT(c.fd == -1));
	}
	c.stop = true;
	pthread_join(thread, NULL);
	TH_LOG("%u of %u were in time", gone, i);
	EXPECT_EQ(0, list_all(self->from)->n);
	EXPECT_TRUE(all_free(IPPROTO_TCP, 80));
}

/* PERSISTENT */

TEST_F(handover, persistent_needs_a_capability)
{
	EXPECT_EQ(0, ask_with(self->from, "tcp 4 *:2000", PERSISTENT, NULL));
	be_admin(false);
	EXPECT_EQ(EPERM, ask_with(self->from, "tcp 4 *:2001", PERSISTENT, NULL));
	EXPECT_EQ(EPERM, ask_set(self->from, "tcp 4 *:2001,udp 4 *:2001", PERSISTENT, NULL));
	EXPECT_EQ(0, ask_with(self->from, "tcp 4 *:2001", 0, NULL));
	EXPECT_EQ(2, list_all(self->from)->n);
}

TEST_F(handover, persistent_survives)
{
	__u64 set, block;
	struct netport_request r = ask_for("udp 4 *:2100", PERSISTENT);
	struct netport_info me = info(self->from);

	ASSERT_EQ(0, ask_with(self->from, "tcp 4 10.0.0.1:80", PERSISTENT, &self->token));
	ASSERT_EQ(0, ask_set(self->from, "tcp 4 *:81,udp 4 *:81", PERSISTENT, &set));
	r.terms.count = 10;
	ASSERT_EQ(0, ask(self->from, &r));
	block = r.reserve.token;
	ASSERT_EQ(0, reserve(self->from, "tcp 4 *:82"));
	ASSERT_EQ(0, set_label(self->from, set, "stays"));
	EXPECT_EQ(0, state_of(self->to, self->token));
	close(self->from);

	EXPECT_EQ(0, free_for_others("tcp 4 *:82"));
	EXPECT_EQ(EADDRINUSE, free_for_others("tcp 4 *:80"));
	EXPECT_EQ(EADDRINUSE, free_for_others("udp 4 *:81"));
	EXPECT_EQ(EADDRINUSE, free_for_others("udp 4 *:2109"));
	ASSERT_EQ(1, find(self->to, self->token, &self->e));
	EXPECT_EQ(ORPHAN, self->e.state);
	EXPECT_EQ(PERSISTENT, self->e.options);
	EXPECT_EQ(me.owner, self->e.owner);
	ASSERT_EQ(2, find(self->to, set, &self->e));
	EXPECT_EQ(ORPHAN, self->e.state);
	EXPECT_STREQ("stays", (char *)self->e.label);
	EXPECT_EQ(10, find(self->to, block, &self->e));
	EXPECT_EQ(EADDRINUSE, blocked_by(self->to, "tcp 46 *:80", 0, &self->e));
	EXPECT_EQ(ORPHAN, self->e.state);
	EXPECT_EQ(self->token, self->e.token);
}

TEST_F(handover, persistent_survives_the_process)
{
	struct gate done = gate_new();
	pid_t pid = spawn();

	if (!pid) {
		CHECK_EQ(0, ask_with(owner(), "tcp 4 *:80", PERSISTENT, NULL));
		gate_open(&done);
		pause();
	}
	gate_wait(&done);
	kill(pid, SIGKILL);
	EXPECT_EQ(256 + SIGKILL, ended(pid));
	EXPECT_EQ(EADDRINUSE, free_for_others("tcp 4 *:80"));
	ASSERT_EQ(1, list_all(self->from)->n);
	EXPECT_EQ(ORPHAN, list_all(self->from)->e[0].state);
	EXPECT_EQ(0, adopt(self->from, list_all(self->from)->e[0].token));
}

/* If the caller dies, a candidate is free again, whatever it would have become. */
TEST_F(handover, persistent_candidate_goes)
{
	struct netport_candidate c = candidate_request("tcp 4 *:0 =40000-40001");

	c.reserve.options = PERSISTENT;
	ASSERT_EQ(0, candidate(self->from, &c));
	close(self->from);
	EXPECT_EQ(0, list_all(self->to)->n);
	EXPECT_TRUE(all_free(IPPROTO_TCP, 40000));
	EXPECT_TRUE(all_free(IPPROTO_TCP, 40001));

	/* One that was accepted is one. */
	self->from = owner();
	c = candidate_request("tcp 4 *:0 =40000-40001");
	c.reserve.options = PERSISTENT;
	ASSERT_EQ(0, candidate(self->from, &c));
	ASSERT_EQ(0, accept_token(self->from, c.reserve.token));
	close(self->from);
	EXPECT_EQ(ORPHAN, state_of(self->to, c.reserve.token));
}

TEST_F(handover, adopt)
{
	ASSERT_EQ(0, ask_with(self->from, "tcp 4 *:80", PERSISTENT, &self->token));
	/* It has an owner. */
	EXPECT_EQ(ENOENT, adopt(self->to, self->token));
	EXPECT_EQ(ENOENT, adopt(self->from, self->token));
	close(self->from);
	EXPECT_EQ(ENOENT, adopt(self->to, self->token + (1 << 16)));
	EXPECT_EQ(ENOENT, adopt(self->to, 0));
	EXPECT_EQ(ENOENT, transfer(self->to, self->token, owner()));
	EXPECT_EQ(ENOENT, set_label(self->to, self->token, "mine"));
	EXPECT_EQ(ENOENT, change(self->to, NETPORT_IOC_REBIND, self->token, "tcp 4 *:81", 0));
	EXPECT_EQ(ENOENT, release_key(self->to, "tcp 4 *:80"));
	be_admin(false);
	EXPECT_EQ(EPERM, adopt(self->to, self->token));
	EXPECT_EQ(EPERM, adopt(self->to, 0));
	EXPECT_EQ(ENOENT, release(self->to, self->token));
	EXPECT_EQ(ENOENT, release_hold(self->to, self->token, 100, 0));
	EXPECT_EQ(ORPHAN, state_of(self->to, self->token));
	be_admin(true);
	EXPECT_EQ(0, adopt(self->to, self->token));
	ASSERT_EQ(1, find(self->to, self->token, &self->e));
	EXPECT_EQ(0, self->e.state);
	EXPECT_EQ(PERSISTENT, self->e.options);
	EXPECT_EQ(info(self->to).owner, self->e.owner);
	EXPECT_EQ(ENOENT, adopt(self->to, self->token));
	EXPECT_EQ(ENOENT, adopt(owner(), self->token));
	/* It's still persistent. */
	close(self->to);
	self->to = owner();
	EXPECT_EQ(ORPHAN, state_of(self->to, self->token));
	EXPECT_EQ(0, adopt(self->to, self->token));
	EXPECT_EQ(0, set_label(self->to, self->token, "mine"));
	EXPECT_EQ(0, release(self->to, self->token));
	EXPECT_TRUE(all_free(IPPROTO_TCP, 80));
}

TEST_F(handover, not_persistent_is_not_adopted)
{
	ASSERT_EQ(0, reserve_token(self->from, "tcp 4 *:80", &self->token));
	EXPECT_EQ(ENOENT, adopt(self->to, self->token));
	close(self->from);
	EXPECT_EQ(ENOENT, adopt(self->to, self->token));
}

TEST_F(handover, orphan_released_by_token)
{
	struct netport_release part = { .port = 2000, .count = 1 };
	struct netport_request r = ask_for("udp 4 *:2000", PERSISTENT);
	struct netport_tokens t = { .tokens = (uintptr_t)&self->token, .count = 1 };

	r.terms.count = 4;
	ASSERT_EQ(0, ask(self->from, &r));
	self->token = r.reserve.token;
	part.token = r.reserve.token;
	/* Not while it has an owner. */
	EXPECT_EQ(ENOENT, release(self->to, self->token));
	EXPECT_EQ(ENOENT, release_hold(self->to, self->token, 100, NETPORT_RELEASE_PORT));
	close(self->from);
	EXPECT_EQ(ENOENT, command(self->to, NETPORT_IOC_RELEASE, &part));
	EXPECT_EQ(ORPHAN, state_of(self->to, self->token));
	EXPECT_EQ(0, release(self->to, self->token));
	EXPECT_EQ(ENOENT, release(self->to, self->token));
	EXPECT_TRUE(all_free(IPPROTO_UDP, 2003));

	self->from = owner();
	ASSERT_EQ(0, ask_with(self->from, "udp 4 *:2000", PERSISTENT, &self->token));
	close(self->from);
	EXPECT_EQ(0, command(self->to, NETPORT_IOC_RELEASE_BATCH, &t));
	EXPECT_EQ(1, t.done);
	EXPECT_TRUE(all_free(IPPROTO_UDP, 2000));
}

TEST_F(handover, orphans_count)
{
	int a = owner_as(UID), b = owner_as(UID), c = owner_as(UID2);
	__u64 token;

	set_limit(PER_OWNER, 1);
	set_limit(PER_UID, 2);
	ASSERT_EQ(0, ask_with(a, "tcp 4 *:2000", PERSISTENT, &token));
	close(a);
	a = owner_as(UID);
	EXPECT_EQ(0, reserve(a, "tcp 4 *:2001"));
	EXPECT_EQ(EDQUOT, reserve(b, "tcp 4 *:2002"));
	/* The limit of the owner that adopts; its uid has room for what it has already. */
	EXPECT_EQ(EDQUOT, adopt(a, token));
	EXPECT_EQ(ORPHAN, state_of(b, token));
	EXPECT_EQ(0, adopt(c, token));
	EXPECT_EQ(0, reserve(b, "tcp 4 *:2002"));
	EXPECT_EQ(EDQUOT, reserve(c, "tcp 4 *:2003"));
	EXPECT_EQ(0, release(c, token));
	EXPECT_EQ(0, reserve(c, "tcp 4 *:2003"));
}

TEST_F(handover, adopt_load_balanced)
{
	int a = owner_as(UID), a2 = owner_as(UID), b = owner_as(UID2);
	__u64 token;

	ASSERT_EQ(0, ask_with(a, "udp 4 *:2000 LB", PERSISTENT, &token));
	close(a);
	/* It's still its uid's. */
	EXPECT_EQ(0, reserve(a2, "udp 4 *:2000 LB"));
	EXPECT_EQ(EADDRINUSE, reserve(b, "udp 4 *:2000 LB"));
	EXPECT_EQ(EADDRINUSE, adopt(b, token));
	EXPECT_EQ(ORPHAN, state_of(b, token));
	EXPECT_EQ(0, adopt(a2, token));
}

struct adopter {
	pthread_barrier_t *start;
	int fd;
	__u64 token;
	int err;
};

static void *adopter_run(void *arg)
{
	struct adopter *a = arg;

	pthread_barrier_wait(a->start);
	a->err = adopt(a->fd, a->token);
	return NULL;
}

TEST_F(handover, one_of_two_adopts)
{
	const unsigned int n = so_many("NETPORT_ROUNDS", 200, 50);
	struct adopter a[2];
	pthread_barrier_t start;
	pthread_t thread[2];
	unsigned int i, j;

	pthread_barrier_init(&start, NULL, 2);
	for (i = 0; i < n; i++) {
		self->from = owner();
		ASSERT_EQ(0, ask_with(self->from, "tcp 4 *:80", PERSISTENT, &self->token));
		close(self->from);
		for (j = 0; j < 2; j++) {
			a[j] = (struct adopter){ &start, owner(), self->token, 0 };
			ASSERT_EQ(0, pthread_create(&thread[j], NULL, adopter_run, &a[j]));
		}
		for (j = 0; j < 2; j++)
			pthread_join(thread[j], NULL);
		ASSERT_EQ(ENOENT, a[0].err + a[1].err);
		j = a[0].err ? 1 : 0;
		ASSERT_EQ(0, a[j].err);
		EXPECT_EQ(ENOENT, release_key(a[!j].fd, "tcp 4 *:80"));
		ASSERT_EQ(0, release_key(a[j].fd, "tcp 4 *:80"));
		close(a[0].fd);
		close(a[1].fd);
	}
	EXPECT_EQ(0, list_all(self->to)->n);
}

/* A namespace that goes takes all of it along. */
TEST_F(handover, goes_with_the_namespace)
{
	struct netport_list all = { .flags = 0 };
	static struct listing l;
	int pair[2], fd, i;
	pid_t pid;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	pid = spawn();
	if (!pid) {
		char text[64];

		keep_netns();
		fd = owner();
		for (i = 0; i < 50; i++) {
			__u64 token;

			snprintf(text, sizeof(text), "tcp 4 *:%u,udp 4 *:%u", 2000 + i, 2000 + i);
			CHECK_EQ(0, ask_set(fd, text, PERSISTENT, &token));
			if (i % 3 == 1)
				CHECK_EQ(0, release_hold(fd, token, 600000, 0));
			if (i % 3 == 2)
				CHECK_EQ(0, release_hold(fd, token, 600000,
							 NETPORT_RELEASE_PORT));
		}
		send_fd(pair[1], owner());
		_exit(0);
	}
	fd = receive_fd(pair[0]);
	EXPECT_EQ(0, ended(pid));
	EXPECT_TRUE(AWAIT(list_of(fd, &all, 8, &l) == ENETDOWN));
	EXPECT_EQ(ENETDOWN, adopt(fd, 1 << 16 | 2000));
	EXPECT_EQ(ENOENT, release(fd, 1 << 16 | 2000));
}

SELFTEST_MAIN
