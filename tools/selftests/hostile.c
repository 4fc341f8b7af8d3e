// SPDX-License-Identifier: GPL-2.0
/*
 * hostile - users who want what isn't theirs: more than their share, others' reservations,
 * privileges outside of a namespace of their own, and what is in the kernel's memory.
 *
 * assault is the same without a plan.
 */
#include "tidy.h"

#include <stddef.h>
#include <sys/resource.h>

/* Nobody else in the machine has these. */
#define UID	31401
#define UID2	31402

#define NO_USERNS	4

FIXTURE(hostile) {
	int fd;
};

FIXTURE_SETUP(hostile)
{
	keep_netns();
	self->fd = owner();
}

/* Also if the test has come to a sudden end. */
FIXTURE_TEARDOWN_PARENT(hostile)
{
	restore_limits();
}

/* more than their share */

#define SHARE	300
#define BOMBS	12
#define FDS	40

/* As many owners as it can open, and with each as much as it can have. */
static void bomb(const struct gate *ready, atomic_uint *got)
{
	struct rlimit limit = { .rlim_cur = FDS, .rlim_max = FDS };
	struct netport_reserve r[8];
	struct netport_batch b = {
		.requests = (uintptr_t)r, .count = ARRAY_SIZE(r), .size = sizeof(r[0]),
		.flags = NETPORT_BATCH_PARTIAL,
	};
	unsigned int i;
	int fd;

	become(UID);
	CHECK_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	while ((fd = try_owner()) >= 0) {
		for (i = 0; i < ARRAY_SIZE(r); i++)
			r[i] = request("udp 4 *:0 =2000-40000");
		CHECK_EQ(0, command(fd, NETPORT_IOC_BATCH, &b));
		atomic_fetch_add(got, b.done);
	}
	CHECK_EQ(EMFILE, errno);
	gate_open(ready);
	pause();
}

/* Whether exactly so many more can be had by @uid. */
static bool has_room(uid_t uid, unsigned int want)
{
	int fd = owner_as(uid), err = 0;
	unsigned int n;

	for (n = 0; n <= want && !err; n++)
		err = pick(fd, "udp 4 *:0 =40001-50000", NULL);
	close(fd);
	return err == EDQUOT && n == want + 1;
}

TEST_F(hostile, fork_bomb_of_owners)
{
	struct gate ready = gate_new();
	pid_t pid[BOMBS];
	atomic_uint *got;
	unsigned int i;

	got = mmap(NULL, sizeof(*got), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, got);
	set_limit(PER_UID, SHARE);
	for (i = 0; i < BOMBS; i++) {
		pid[i] = spawn();
		if (!pid[i])
			bomb(&ready, got);
	}
	for (i = 0; i < BOMBS; i++)
		gate_wait(&ready);
	/* Together they have what one may have, and it's not another one's loss. */
	EXPECT_EQ(SHARE, atomic_load(got));
	EXPECT_TRUE(has_room(UID, 0));
	EXPECT_TRUE(has_room(UID2, SHARE));
	for (i = 0; i < BOMBS; i++)
		kill(pid[i], SIGKILL);
	for (i = 0; i < BOMBS; i++)
		EXPECT_EQ(256 + SIGKILL, ended(pid[i]));
	EXPECT_EQ(0, list_all(self->fd)->n);
	EXPECT_TRUE(has_room(UID, SHARE));
}

/* user namespaces */

/* Root in a user namespace of its own, which UID has made. */
static void become_root_of(int flags)
{
	char map[32];

	become(UID);
	prctl(PR_SET_DUMPABLE, 1);
	if (unshare(CLONE_NEWUSER | flags))
		_exit(NO_USERNS);
	snprintf(map, sizeof(map), "0 %u 1", UID);
	if (try_write_file("/proc/self/uid_map", map))
		_exit(NO_USERNS);
}

TEST_F(hostile, root_of_a_user_namespace_is_nobody_here)
{
	__u64 orphan, held, theirs;
	int other = owner(), status;
	pid_t pid;

	ASSERT_EQ(0, ask_with(other, "tcp 4 *:2000", PERSISTENT, &orphan));
	ASSERT_EQ(0, ask_with(other, "tcp 4 *:2001", 0, &held));
	ASSERT_EQ(0, release_hold(other, held, NETPORT_HOLD_MAX, 0));
	close(other);
	other = owner_as(UID2);
	ASSERT_EQ(0, reserve_token(other, "tcp 4 *:2002", &theirs));
	ASSERT_EQ(0, set_label(other, theirs, "a secret"));
	pid = spawn();
	if (!pid) {
		struct netport_tokens t = { .tokens = (uintptr_t)&orphan, .count = 1 };
		struct netport_entry e;
		int fd;

		become_root_of(0);
		fd = owner();
		CHECK_EQ(0, geteuid());
		CHECK_EQ(EACCES, reserve(fd, "tcp 4 *:80"));
		CHECK_EQ(EPERM, set_range(fd, 20000, 30000));
		CHECK_EQ(EPERM, ask_with(fd, "tcp 4 *:3000", PERSISTENT, NULL));
		CHECK_EQ(EPERM, adopt(fd, orphan));
		CHECK_EQ(ENOENT, release(fd, orphan));
		CHECK_EQ(ENOENT, release(fd, held));
		CHECK_EQ(ENOENT, release_hold(fd, orphan, 1, NETPORT_RELEASE_PORT));
		CHECK_EQ(0, command(fd, NETPORT_IOC_RELEASE_BATCH, &t));
		CHECK_EQ(0, t.done);
		/* With whose file it asks makes no difference. */
		CHECK_EQ(ENOENT, release(self->fd, held));
		CHECK_EQ(EPERM, adopt(self->fd, orphan));
		/* Somebody is there, and that's all that it's told. */
		CHECK_EQ(1, find(fd, theirs, &e));
		CHECK_EQ(NOBODY, e.uid);
		CHECK(!e.pid && !e.comm[0] && !e.label[0] && !e.owner_label[0]);
		CHECK_EQ(EADDRINUSE, blocked_by(fd, "tcp 4 *:2002", 0, &e));
		CHECK_EQ(NOBODY, e.uid);
		CHECK(!e.pid && !e.comm[0] && !e.label[0] && !e.owner_label[0]);
		_exit(0);
	}
	status = ended(pid);
	if (status == NO_USERNS)
		SKIP(return, "no user namespaces for users");
	EXPECT_EQ(0, status);
	EXPECT_EQ(ORPHAN, state_of(self->fd, orphan));
	EXPECT_EQ(HELD, state_of(self->fd, held));
	EXPECT_EQ(0, state_of(self->fd, theirs));
	close(other);
	EXPECT_TRUE(tidied_up(self->fd));
}

/* In network namespaces of its own it may do as it likes, within the limits of who made them. */
TEST_F(hostile, own_namespaces_are_no_way_around_limits)
{
	int outer = owner_as(UID), status;
	pid_t pid;

	set_limit(PER_UID, 50);
	ASSERT_EQ(0, reserve(outer, "tcp 4 *:2000"));
	pid = spawn();
	if (!pid) {
		unsigned int i, n = 1;
		int fd = -1, err;

		become_root_of(CLONE_NEWNET);
		for (i = 0; i < 5; i++) {
			/* The one before stays, too. */
			new_netns();
			fd = owner();
			CHECK_EQ(0, set_range(fd, 1, 20));
			do
				err = ask_with(fd, "tcp 4 *:0", PERSISTENT, NULL);
			while (!err && ++n);
			CHECK_EQ(i < 2 ? EADDRNOTAVAIL : EDQUOT, err);
		}
		CHECK_EQ(50, n);
		CHECK_EQ(EDQUOT, reserve(outer, "tcp 4 *:2001"));
		/* Nothing crosses a border. */
		CHECK_EQ(EINVAL, transfer(fd, 1, outer));
		CHECK_EQ(EINVAL, transfer(outer, 1, fd));
		_exit(0);
	}
	status = ended(pid);
	if (status == NO_USERNS)
		SKIP(return, "no user namespaces for users");
	EXPECT_EQ(0, status);
	/* Its namespaces go with it, though something persistent is in them. */
	EXPECT_TRUE(AWAIT(has_room(UID, 49)));
}

/* others' tokens */

/* Everything that takes a token, with one that isn't @fd's. */
static void try_token(struct __test_metadata *_metadata, int fd, __u64 token, bool admin)
{
	struct netport_release part = { .token = token, .port = 3100, .count = 1 };
	struct netport_tokens batch = { .tokens = (uintptr_t)&token, .count = 1, .hold = 1000 };
	struct netport_candidate next = candidate_request("tcp 4 *:0 =2000-2009");
	struct netport_granted granted = { .wish = token };
	struct netport_token name = { .token = token };
	int to = owner();

	EXPECT_EQ(ENOENT, release(fd, token));
	EXPECT_EQ(ENOENT, release_hold(fd, token, 1000, 0));
	EXPECT_EQ(ENOENT, release_hold(fd, token, 1000, NETPORT_RELEASE_PORT));
	EXPECT_EQ(ENOENT, command(fd, NETPORT_IOC_RELEASE, &part));
	EXPECT_EQ(0, command(fd, NETPORT_IOC_RELEASE_BATCH, &batch));
	EXPECT_EQ(0, batch.done);
	EXPECT_EQ(ENOENT, accept_token(fd, token));
	next.reserve.token = token;
	next.cursor = 2000 | 2009ULL << 16 | 2000ULL << 32;
	EXPECT_EQ(ENOENT, command(fd, NETPORT_IOC_CANDIDATE, &next));
	EXPECT_EQ(ENOENT, change(fd, NETPORT_IOC_EXTEND, token, "udp 4 *:0", 0));
	EXPECT_EQ(ENOENT, change(fd, NETPORT_IOC_REBIND, token, "udp 4 *:3000", 0));
	EXPECT_EQ(ENOENT, transfer(fd, token, to));
	EXPECT_EQ(admin ? ENOENT : EPERM, adopt(fd, token));
	EXPECT_EQ(ENOENT, set_label(fd, token, "mine"));
	EXPECT_EQ(ENOENT, command(fd, NETPORT_IOC_GRANTED, &granted));
	EXPECT_EQ(ENOENT, command(fd, NETPORT_IOC_UNWISH, &name));
	close(to);
}

TEST_F(hostile, tokens_of_others_are_useless)
{
	struct netport_candidate c = candidate_request("tcp 4 *:0 =2000-2009");
	struct netport_request wish = ask_for("udp 4 *:4000", 0);
	struct netport_request later = ask_for("udp 4 *:4001", 0);
	int victim = owner_as(UID), thief[3], i, there;
	static struct listing before;
	__u64 token[9];
	unsigned int j;

	ASSERT_EQ(0, reserve_token(victim, "udp 4 *:4001", &token[0]));
	ASSERT_EQ(0, ask_set(victim, "tcp 4 *:3000,udp 4 *:3000", 0, &token[1]));
	ASSERT_EQ(0, ask_block(victim, "tcp 4 *:3100", 4, &token[2]));
	ASSERT_EQ(0, ask_with(victim, "tcp 4 *:3200 LB", PERSISTENT, &token[3]));
	ASSERT_EQ(0, candidate(victim, &c));
	token[4] = c.reserve.token;
	/* One that is granted, and one that isn't. */
	ASSERT_EQ(0, command(victim, NETPORT_IOC_WISH, &wish));
	token[5] = wish.reserve.token;
	ASSERT_EQ(0, command(victim, NETPORT_IOC_WISH, &later));
	token[6] = later.reserve.token;
	token[7] = POISON;
	/* Of another namespace, where the same number may be somebody's. */
	there = new_netns();
	ASSERT_EQ(0, reserve_token(owner_as(UID), "tcp 4 *:3000", &token[8]));
	ASSERT_EQ(0, setns(there, CLONE_NEWNET));

	thief[0] = owner_as(UID);
	thief[1] = owner_as(UID2);
	thief[2] = owner();
	before = *list_all(self->fd);
	ASSERT_EQ(10, before.n);
	for (i = 0; i < 3; i++) {
		be_admin(i == 2);
		for (j = 0; j < ARRAY_SIZE(token); j++)
			try_token(_metadata, thief[i], token[j], i == 2);
	}
	EXPECT_EQ(before.n, list_all(self->fd)->n);
	EXPECT_EQ(0, memcmp(before.e, list_all(self->fd)->e, before.n * sizeof(before.e[0])));
	/* And the wishes are still the victim's. */
	EXPECT_EQ(0, release(victim, token[0]));
	for (i = 0; i < 2; i++) {
		struct netport_granted g = { .wish = token[5 + i] };

		EXPECT_EQ(0, command(victim, NETPORT_IOC_GRANTED, &g));
	}
	close(victim);
	EXPECT_TRUE(tidied_up(self->fd));
}

/* what is in the kernel's memory */

/* Of a structure; @read says that it's more than a result. */
struct field {
	size_t at, len;
	bool read;
};

#define OUT(type, member)	{ offsetof(type, member), sizeof(((type *)0)->member), false }
#define IN_OUT(type, member)	{ offsetof(type, member), sizeof(((type *)0)->member), true }

/* What each command may write into its structure; and must, all of it. */
static const struct writes {
	unsigned long cmd;
	struct field field[3];
} writes[] = {
	{ NETPORT_IOC_RESERVE, { IN_OUT(struct netport_reserve, binding.port),
				 OUT(struct netport_reserve, token) } },
	{ NETPORT_IOC_REQUEST, { IN_OUT(struct netport_reserve, binding.port),
				 OUT(struct netport_reserve, token) } },
	{ NETPORT_IOC_AVAILABLE, { { 0 } } },
	{ NETPORT_IOC_AVAILABLE_REQUEST, { { 0 } } },
	{ NETPORT_IOC_CANDIDATE, { OUT(struct netport_candidate, reserve.binding.port),
				   IN_OUT(struct netport_candidate, reserve.token),
				   OUT(struct netport_candidate, cursor) } },
	{ NETPORT_IOC_ACCEPT, { { 0 } } },
	{ NETPORT_IOC_RELEASE, { { 0 } } },
	{ NETPORT_IOC_GET_RANGE, { OUT(struct netport_range, low),
				   OUT(struct netport_range, high) } },
	{ NETPORT_IOC_SET_RANGE, { { 0 } } },
	{ NETPORT_IOC_EPHEMERAL, { OUT(struct netport_ephemeral, port),
				   IN_OUT(struct netport_ephemeral, cursor) } },
	{ NETPORT_IOC_EXTEND, { IN_OUT(struct netport_reserve, binding.port) } },
	{ NETPORT_IOC_REBIND, { IN_OUT(struct netport_reserve, binding.port) } },
	{ NETPORT_IOC_BATCH, { OUT(struct netport_batch, done) } },
	{ NETPORT_IOC_RELEASE_BATCH, { OUT(struct netport_tokens, done) } },
	{ NETPORT_IOC_TRANSFER, { { 0 } } },
	{ NETPORT_IOC_ADOPT, { { 0 } } },
	{ NETPORT_IOC_LABEL, { { 0 } } },
	{ NETPORT_IOC_WISH, { OUT(struct netport_reserve, token) } },
	{ NETPORT_IOC_GRANTED, { IN_OUT(struct netport_granted, wish),
				 OUT(struct netport_granted, token),
				 OUT(struct netport_granted, port) } },
	{ NETPORT_IOC_UNWISH, { { 0 } } },
	{ NETPORT_IOC_LIST, { IN_OUT(struct netport_list, cursor),
			      IN_OUT(struct netport_list, count) } },
	{ NETPORT_IOC_INFO, { { 0, sizeof(struct netport_info), false } } },
};

/* The field that a byte belongs to. */
static const struct field *field_at(const struct writes *w, size_t at)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(w->field); i++)
		if (at >= w->field[i].at && at < w->field[i].at + w->field[i].len)
			return &w->field[i];
	return NULL;
}

#define AROUND	64

/* A call, in the middle of memory that is none of its business, and with a structure of @size. */
static bool call_writes(const struct writes *w, int fd, void *arg, size_t size, __u8 poison)
{
	__u8 mem[2 * AROUND + 256], before[sizeof(mem)];
	size_t i;

	memset(mem, poison, sizeof(mem));
	memset(mem + AROUND, 0, size);
	memcpy(mem + AROUND, arg, _IOC_SIZE(w->cmd));
	memcpy(before, mem, sizeof(mem));
	if (ioctl(fd, _IOC(_IOC_READ | _IOC_WRITE, NETPORT_IOC_MAGIC, _IOC_NR(w->cmd), size),
		  mem + AROUND)) {
		fprintf(stderr, "# command %#lx: %s\n", w->cmd, strerror(errno));
		return false;
	}
	for (i = 0; i < sizeof(mem); i++) {
		if (mem[i] != before[i] && (i < AROUND || !field_at(w, i - AROUND))) {
			fprintf(stderr, "# command %#lx wrote at %zd\n", w->cmd,
				(ssize_t)i - AROUND);
			return false;
		}
	}
	memcpy(arg, mem + AROUND, _IOC_SIZE(w->cmd));
	return true;
}

/* What is needed to do each of them, each time anew. */
struct stage {
	int fd, other;
	__u64 token, orphan;
	struct netport_entry entry[2];
	struct netport_reserve batch[2];
	__u64 list[2];
};

static void stage_set(struct __test_metadata *_metadata, struct stage *s)
{
	struct netport_request wish = ask_for("sctp 4 *:5001", 0);
	int leaver = owner();

	s->fd = owner();
	s->other = owner();
	ASSERT_EQ(0, reserve_token(s->fd, "tcp 4 *:5000", &s->token));
	ASSERT_EQ(0, ask_with(leaver, "tcp 4 *:5002", PERSISTENT, &s->orphan));
	ASSERT_EQ(0, command(s->fd, NETPORT_IOC_WISH, &wish));
	s->list[0] = s->token;
	s->list[1] = wish.reserve.token;
	s->batch[0] = request("udp 4 *:0");
	s->batch[1] = request("udp 4 *:5003");
	close(leaver);
}

static void stage_clear(struct __test_metadata *_metadata, struct stage *s, int fd)
{
	close(s->fd);
	close(s->other);
	EXPECT_EQ(0, release(fd, s->orphan));
	EXPECT_EQ(0, list_all(fd)->n);
}

/* An argument with which the command works; its results are @poison. */
static void stage_arg(struct stage *s, const struct writes *w, void *arg, __u8 poison)
{
	struct netport_candidate c = candidate_request("udp 4 *:0");
	struct netport_request r = ask_for("udp 4 *:0", 0);
	unsigned int i;

	memset(arg, 0, 256);
	switch (w->cmd) {
	case NETPORT_IOC_RESERVE: case NETPORT_IOC_REQUEST:
	case NETPORT_IOC_AVAILABLE: case NETPORT_IOC_AVAILABLE_REQUEST: case NETPORT_IOC_WISH:
		memcpy(arg, &r, _IOC_SIZE(w->cmd));
		break;
	case NETPORT_IOC_EXTEND: case NETPORT_IOC_REBIND:
		r.reserve.token = s->token;
		memcpy(arg, &r, sizeof(r));
		break;
	case NETPORT_IOC_CANDIDATE:
		memcpy(arg, &c, sizeof(c));
		break;
	case NETPORT_IOC_ACCEPT:
		if (candidate(s->fd, &c))
			die("a candidate");
		memcpy(arg, &c.reserve.token, sizeof(__u64));
		break;
	case NETPORT_IOC_RELEASE:
		((struct netport_release *)arg)->token = s->token;
		break;
	case NETPORT_IOC_SET_RANGE:
		*(struct netport_range *)arg = (struct netport_range){ 16000, 65535, 0 };
		break;
	case NETPORT_IOC_BATCH:
		*(struct netport_batch *)arg = (struct netport_batch){
			.requests = (uintptr_t)s->batch, .count = 2,
			.size = sizeof(s->batch[0]) };
		break;
	case NETPORT_IOC_RELEASE_BATCH:
		*(struct netport_tokens *)arg = (struct netport_tokens){
			.tokens = (uintptr_t)s->list, .count = 2 };
		break;
	case NETPORT_IOC_TRANSFER:
		*(struct netport_transfer *)arg = (struct netport_transfer){
			.token = s->token, .fd = s->other };
		break;
	case NETPORT_IOC_ADOPT:
		((struct netport_token *)arg)->token = s->orphan;
		break;
	case NETPORT_IOC_UNWISH:
		((struct netport_token *)arg)->token = s->list[1];
		break;
	case NETPORT_IOC_LIST:
		*(struct netport_list *)arg = (struct netport_list){
			.entries = (uintptr_t)s->entry, .count = 2,
			.size = sizeof(s->entry[0]) };
		break;
	}
	for (i = 0; i < ARRAY_SIZE(w->field); i++)
		if (!w->field[i].read)
			memset((__u8 *)arg + w->field[i].at, poison, w->field[i].len);
}

TEST_F(hostile, commands_write_their_results_and_nothing_else)
{
	/* So many that no result is equal to each of them by chance. */
	static const __u8 poison[] = { 0xcc, 0x35, 0x9a };
	__u8 arg[ARRAY_SIZE(poison)][256];
	unsigned int i, j, extra;
	const struct field *f;
	struct stage s;
	size_t at;

	for (i = 0; i < ARRAY_SIZE(writes); i++) {
		const struct writes *w = &writes[i];

		for (extra = 0; extra <= 32; extra += 16) {
			for (j = 0; j < ARRAY_SIZE(poison); j++) {
				stage_set(_metadata, &s);
				stage_arg(&s, w, arg[j], poison[j]);
				EXPECT_TRUE(call_writes(w, s.fd, arg[j],
							_IOC_SIZE(w->cmd) + extra, poison[j]));
				stage_clear(_metadata, &s, self->fd);
			}
			for (at = 0; at < _IOC_SIZE(w->cmd); at++) {
				f = field_at(w, at);
				if (!f || f->read)
					continue;
				EXPECT_TRUE(arg[0][at] != poison[0] || arg[1][at] != poison[1] ||
					    arg[2][at] != poison[2])
					TH_LOG("command %#lx leaves %zu as it was", w->cmd, at);
			}
		}
	}
}

/* An entry, but for the port of @text. */
static struct netport_entry entry_of(const char *text, __u64 token, int fd)
{
	struct netport_entry e = { .binding = request(text).binding, .token = token };

	e.owner = info(fd).owner;
	e.pid = getpid();
	e.parts = 1;
	prctl(PR_GET_NAME, e.comm);
	return e;
}

static bool all_are(const void *mem, size_t size, __u8 value)
{
	const __u8 *byte = mem;

	while (size--)
		if (*byte++ != value)
			return false;
	return true;
}

#define STRIDE	(sizeof(struct netport_entry) + 40)

/* Each byte of an entry, listed or in the way, is what it's said to be; what's behind, too. */
TEST_F(hostile, entries_have_nothing_that_is_not_said)
{
	static const char *const texts[] = {
		"tcp 46 *:2000", "udp 4 10.0.0.1:2000 LB %3",
		"262 6 [2001:db8::1]:2000 >[2001:db8::2]:5 MR",
		"tcp 4 10.0.0.1:2001 >1.1.1.1:5 tuple",
	};
	struct netport_entry want, told;
	__u8 mem[3 * STRIDE];
	unsigned int i;
	__u64 token;

	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		struct netport_list l = {
			.entries = (uintptr_t)mem, .count = 2, .size = STRIDE,
		};
		struct netport_request r = ask_for(texts[i], 0);
		int fd = owner();

		ASSERT_EQ(0, reserve_token(fd, texts[i], &token));
		want = entry_of(texts[i], token, fd);
		want.options = request(texts[i]).options;
		memset(mem, 0xcc, sizeof(mem));
		ASSERT_EQ(0, command(self->fd, NETPORT_IOC_LIST, &l));
		EXPECT_EQ(1, l.count);
		EXPECT_EQ(0, memcmp(&want, mem, sizeof(want))) TH_LOG("%s", texts[i]);
		EXPECT_TRUE(all_are(mem + sizeof(want), STRIDE - sizeof(want), 0));
		EXPECT_TRUE(all_are(mem + STRIDE, sizeof(mem) - STRIDE, 0xcc));
		memset(&told, 0xcc, sizeof(told));
		r.terms.conflict = (uintptr_t)&told;
		r.reserve.binding.share = 0;
		EXPECT_EQ(EADDRINUSE, ask(self->fd, &r));
		EXPECT_EQ(0, memcmp(&want, &told, sizeof(want))) TH_LOG("%s", texts[i]);
		close(fd);
	}
}

TEST_F(hostile, batches_write_what_was_had)
{
	struct {
		__u8 before[8];
		struct netport_reserve r[3];
		__u8 after[8];
	} mem;
	__s32 errors[5];
	struct netport_batch b = {
		.requests = (uintptr_t)mem.r, .errors = (uintptr_t)&errors[1], .count = 3,
		.size = sizeof(mem.r[0]), .flags = NETPORT_BATCH_PARTIAL,
	};
	unsigned int i;

	memset(&mem, 0xcc, sizeof(mem));
	memset(errors, 0xcc, sizeof(errors));
	ASSERT_EQ(0, reserve(self->fd, "tcp 4 *:2001"));
	for (i = 0; i < 3; i++) {
		mem.r[i] = request("tcp 4 *:2000");
		mem.r[i].binding.port += i;
		mem.r[i].token = POISON;
	}
	ASSERT_EQ(0, command(self->fd, NETPORT_IOC_BATCH, &b));
	EXPECT_EQ(2, b.done);
	EXPECT_TRUE(all_are(mem.before, 8, 0xcc) && all_are(mem.after, 8, 0xcc));
	EXPECT_TRUE(all_are(&errors[0], 4, 0xcc) && all_are(&errors[4], 4, 0xcc));
	for (i = 0; i < 3; i++) {
		struct netport_reserve want = request("tcp 4 *:2000");

		want.binding.port += i;
		EXPECT_EQ(i == 1, !mem.r[i].token);
		EXPECT_EQ(i == 1 ? EADDRINUSE : 0, errors[1 + i]);
		want.token = mem.r[i].token;
		EXPECT_EQ(0, memcmp(&want, &mem.r[i], sizeof(want)));
	}
}

SELFTEST_MAIN
