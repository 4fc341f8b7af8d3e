// SPDX-License-Identifier: GPL-2.0
/*
 * conflict - who is in the way of a request that is refused: what everybody is told, and
 * what only those of the same uid or with CAP_NET_ADMIN are; and the labels that are told.
 */
#include "terms.h"

#include <linux/capability.h>

/* Nobody, but for one capability. */
static void become_capable(int cap)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	if (prctl(PR_SET_KEEPCAPS, 1))
		die("PR_SET_KEEPCAPS");
	become(NOBODY);
	data[cap / 32].permitted = 1U << cap % 32;
	data[cap / 32].effective = 1U << cap % 32;
	if (syscall(SYS_capset, &header, data))
		die("capset");
}

/* Ask for what is refused, and get who is in the way. */
static int conflict(int fd, const char *text, struct netport_entry *e)
{
	struct ask a;
	int err;

	ask_init(&a, text);
	err = ask(fd, &a);
	*e = a.conflict;
	return err;
}

static int available_conflict(int fd, const char *text, struct netport_entry *e)
{
	struct ask a;
	int err;

	ask_init(&a, text);
	a.req.reserve.token = POISON;
	err = ask_command(fd, NETPORT_IOC_AVAILABLE_REQUEST, &a);
	*e = a.conflict;
	return err;
}

static __u64 owner_number(int fd)
{
	struct netport_info info;

	if (command(fd, NETPORT_IOC_INFO, &info))
		die("INFO");
	return info.owner;
}

static bool is_binding(const struct netport_binding *b, const char *text)
{
	const struct netport_binding want = request(text).binding;

	return !memcmp(b, &want, sizeof(want));
}

/* the whole entry */

TEST(what_is_told)
{
	static const struct { const char *held, *asked; } cases[] = {
		{ "tcp 4 *:5000", "tcp 4 10.0.0.1:5000" },
		{ "tcp 4 10.0.0.1:5000", "tcp 4 *:5000" },
		{ "udp 46 *:5000 LB|TO", "udp 6 [::1]:5000 MR" },
		{ "tcp 6 [2001:db8::1]:5000 >[2001:db8::2]:7 %3", "tcp 46 *:5000" },
		{ "tcp 4 10.0.0.1:5000 >10.0.0.2:0", "tcp 4 10.0.0.1:5000 >10.0.0.2:9" },
		{ "262 4 10.0.0.1:5000 >10.0.0.2:5", "262 4 10.0.0.1:5000 >10.0.0.2:5 tuple" },
	};
	int fd = owner(), fd2 = owner();
	struct netport_entry e, want;
	char comm[NETPORT_COMM_LEN] = { 0 };
	unsigned int i;
	__u64 token;

	prctl(PR_GET_NAME, comm);
	ASSERT_EQ(0, label(fd, 0, "my stack"));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		ASSERT_EQ(0, reserve_token(fd, cases[i].held, &token));
		memset(&want, 0, sizeof(want));
		want.binding = request(cases[i].held).binding;
		want.token = token;
		want.owner = owner_number(fd);
		want.pid = getpid();
		want.parts = 1;
		memcpy(want.comm, comm, sizeof(comm));
		strcpy((char *)want.owner_label, "my stack");
		EXPECT_EQ(EADDRINUSE, conflict(fd2, cases[i].asked, &e))
			TH_LOG("%s", cases[i].asked);
		EXPECT_EQ(0, memcmp(&want, &e, sizeof(e))) TH_LOG("%s", cases[i].asked);
		EXPECT_EQ(EADDRINUSE, available_conflict(fd2, cases[i].asked, &e));
		EXPECT_EQ(0, memcmp(&want, &e, sizeof(e))) TH_LOG("%s", cases[i].asked);
		/* One's own are told as well. */
		EXPECT_EQ(EADDRINUSE, conflict(fd, cases[i].asked, &e));
		EXPECT_EQ(0, memcmp(&want, &e, sizeof(e)));
		ASSERT_EQ(0, release(fd, token));
	}
}

/* IPv4 is always told as IPv4. */
TEST(mapped_addresses)
{
	int fd = owner();
	struct netport_entry e;

	ASSERT_EQ(0, reserve(fd, "tcp 6 [::ffff:10.0.0.1]:5000 >[::ffff:10.0.0.2]:7"));
	EXPECT_EQ(EADDRINUSE, conflict(fd, "tcp 4 *:5000", &e));
	EXPECT_TRUE(is_binding(&e.binding, "tcp 4 10.0.0.1:5000 >10.0.0.2:7"));
}

/* Of several, the one that is in the way, and of a set, its binding. */
TEST(which_of_many)
{
	static const struct { const char *asked, *told; unsigned int parts; } cases[] = {
		{ "tcp 4 10.0.0.1:5000", "tcp 4 10.0.0.1:5000", 3 },
		{ "tcp 4 10.0.0.9:5000 + tcp 6 [::2]:0 + udp 4 10.0.0.9:0", "udp 4 *:5000", 3 },
		{ "tcp 4 10.0.0.2:5000", "tcp 4 10.0.0.2:5000", 1 },
		{ "tcp 4 *:5000 %7", "tcp 4 10.0.0.1:5000", 3 },
		{ "tcp 6 *:5000", "tcp 6 [::1]:5000", 3 },
		{ "tcp 4 10.0.0.3:4990 x20", "tcp 4 10.0.0.3:5003", 10 },
	};
	int fd = owner();
	struct netport_entry e;
	unsigned int i;

	/* On none of these addresses but one. */
	ASSERT_EQ(0, reserve(fd, "tcp 4 10.0.0.2:5000"));
	ASSERT_EQ(0, ask_text(fd, "tcp 4 10.0.0.1:5000 + udp 4 *:0 + tcp 6 [::1]:0", NULL, NULL));
	ASSERT_EQ(0, ask_text(fd, "tcp 4 10.0.0.3:5003 x10", NULL, NULL));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		EXPECT_EQ(EADDRINUSE, conflict(fd, cases[i].asked, &e))
			TH_LOG("%s", cases[i].asked);
		/* Either of two would do. */
		if (i != 3)
			EXPECT_TRUE(is_binding(&e.binding, cases[i].told))
				TH_LOG("%s", cases[i].asked);
		if (i != 3)
			EXPECT_EQ(cases[i].parts, e.parts);
	}
}

TEST(one_that_shares_and_one_that_does_not)
{
	struct netport_entry e;
	int fd = owner();
	__u64 token;

	ASSERT_EQ(0, reserve(fd, "udp 4 10.0.0.1:5000 MR %1"));
	ASSERT_EQ(0, reserve_token(fd, "udp 4 10.0.0.1:5000 LB %2", &token));
	ASSERT_EQ(0, reserve(fd, "udp 4 10.0.0.1:5000 MR %3"));
	EXPECT_EQ(EADDRINUSE, conflict(fd, "udp 4 10.0.0.1:5000 MR", &e));
	EXPECT_EQ(token, e.token);
	EXPECT_EQ(2, e.binding.ifindex);
	EXPECT_EQ(LB, e.binding.share);
}

TEST(states_and_options)
{
	struct netport_candidate c = candidate_request("tcp 4 *:0 =5000-5000");
	struct netport_release rel = { .hold = 600000 };
	struct netport_entry e;
	int fd, fd2;
	struct ask a;

	close(new_netns());
	fd = owner();
	fd2 = owner();
	ASSERT_EQ(0, candidate(fd, &c));
	EXPECT_EQ(EADDRINUSE, conflict(fd2, "tcp 4 *:5000", &e));
	EXPECT_EQ(NETPORT_STATE_CANDIDATE, e.state);
	EXPECT_EQ(c.reserve.token, e.token);
	ASSERT_EQ(0, accept_token(fd, c.reserve.token));
	EXPECT_EQ(EADDRINUSE, conflict(fd2, "tcp 4 *:5000", &e));
	EXPECT_EQ(0, e.state);
	EXPECT_EQ(0, e.hold);

	rel.token = c.reserve.token;
	ASSERT_EQ(0, command(fd, NETPORT_IOC_RELEASE, &rel));
	EXPECT_EQ(EADDRINUSE, conflict(fd2, "tcp 4 *:5000", &e));
	EXPECT_EQ(NETPORT_STATE_HELD, e.state);
	EXPECT_LT(0, e.hold);
	EXPECT_GE(600000 * 9 / 8, e.hold);
	EXPECT_EQ(rel.token, e.token);

	ASSERT_EQ(0, reserve(fd, "tcp 4 10.0.0.1:6000 >10.0.0.2:5 tuple"));
	EXPECT_EQ(EADDRINUSE, conflict(fd2, "tcp 4 *:6000", &e));
	EXPECT_EQ(NETPORT_OPT_TUPLE, e.options);
	ask_init(&a, "tcp 4 *:7000");
	a.req.reserve.options = NETPORT_OPT_PERSISTENT;
	ASSERT_EQ(0, ask(fd, &a));
	EXPECT_EQ(EADDRINUSE, conflict(fd2, "tcp 4 *:7000", &e));
	EXPECT_EQ(NETPORT_OPT_PERSISTENT, e.options);
	EXPECT_EQ(0, e.state);
	close(fd);
	EXPECT_EQ(EADDRINUSE, conflict(fd2, "tcp 4 *:7000", &e));
	EXPECT_EQ(NETPORT_STATE_ORPHAN, e.state);
	EXPECT_EQ(getpid(), e.pid);
}

/* Told only with EADDRINUSE: ask_command() sees to that. */
TEST(nobody_in_the_way)
{
	struct netport_entry e;
	int fd = owner();

	EXPECT_EQ(0, conflict(fd, "tcp 4 *:5000", &e));
	EXPECT_EQ(EADDRNOTAVAIL, conflict(fd, "tcp 4 *:0 =5000-5000", &e));
	EXPECT_EQ(EINVAL, conflict(fd, "tcp 4 *:5000 + tcp 4 *:5000", &e));
	EXPECT_EQ(0, available_conflict(fd, "tcp 4 *:5001", &e));
}

TEST(where_it_cannot_be_told)
{
	int fd = owner();
	struct ask a;

	ASSERT_EQ(0, reserve(fd, "tcp 4 *:5000"));
	ask_init(&a, "tcp 4 10.0.0.1:5000 + udp 4 *:0");
	a.req.terms.conflict = 8;
	EXPECT_EQ(EFAULT, ask(fd, &a));
	a.req.terms.conflict = ~0ULL;
	EXPECT_EQ(EFAULT, ask(fd, &a));
	a.req.terms.conflict = 0;
	EXPECT_EQ(EADDRINUSE, ask(fd, &a));
	EXPECT_EQ(1, held(fd));
	/* And where there is nothing to tell, it doesn't matter. */
	ask_init(&a, "tcp 4 *:5001");
	a.req.terms.conflict = 8;
	EXPECT_EQ(0, ask(fd, &a));
}

TEST(of_a_change)
{
	int fd = owner(), fd2 = owner();
	__u64 token, other;
	struct ask a;

	ASSERT_EQ(0, reserve_token(fd, "tcp 4 *:5000", &token));
	ASSERT_EQ(0, reserve_token(fd2, "udp 4 *:5000", &other));
	ask_init(&a, "udp 4 10.0.0.1:0");
	a.req.reserve.token = token;
	EXPECT_EQ(EADDRINUSE, ask_command(fd, NETPORT_IOC_EXTEND, &a));
	EXPECT_EQ(other, a.conflict.token);
	EXPECT_TRUE(is_binding(&a.conflict.binding, "udp 4 *:5000"));
	/* Not what it has itself. */
	ask_init(&a, "tcp 46 *:5000 + udp 46 *:0");
	a.req.reserve.token = token;
	EXPECT_EQ(EADDRINUSE, ask_command(fd, NETPORT_IOC_REBIND, &a));
	EXPECT_EQ(other, a.conflict.token);
}

/* who may know */

static bool empty(const void *p, size_t size)
{
	const char *c = p;

	while (size--)
		if (*c++)
			return false;
	return true;
}

static bool tells_whose(const struct netport_entry *e)
{
	return e->pid && *e->comm && !strcmp((char *)e->label, "web") &&
	       !strcmp((char *)e->owner_label, "stack");
}

static bool hides_whose(const struct netport_entry *e)
{
	return !e->pid && empty(e->comm, sizeof(e->comm)) && empty(e->label, sizeof(e->label)) &&
	       empty(e->owner_label, sizeof(e->owner_label));
}

/* An owner of a uid that has tcp 5000, with labels. */
static int labelled_owner(uid_t uid, __u64 *token)
{
	int fd = owner_as(uid);
	struct ask a;

	ask_init(&a, "tcp 4 *:5000");
	strcpy((char *)a.req.terms.label, "web");
	if (ask(fd, &a) || label(fd, 0, "stack"))
		die("no labelled owner");
	*token = a.req.reserve.token;
	return fd;
}

static void check_asker(bool may, uid_t uid, __u64 token)
{
	struct netport_entry e;
	int fd = owner();

	CHECK_EQ(EADDRINUSE, conflict(fd, "tcp 4 *:5000", &e));
	CHECK(may ? tells_whose(&e) : hides_whose(&e));
	/* What everybody is told. */
	CHECK_EQ(uid, e.uid);
	CHECK(e.token == token);
	CHECK(e.owner);
	CHECK_EQ(5000, e.binding.port);
	CHECK_EQ(EADDRINUSE, available_conflict(fd, "tcp 4 *:5000", &e));
	CHECK(may ? tells_whose(&e) : hides_whose(&e));
	_exit(0);
}

TEST(told_to_the_same_uid)
{
	__u64 token;
	pid_t pid;

	labelled_owner(NOBODY, &token);
	pid = spawn();
	if (!pid) {
		become(NOBODY);
		check_asker(true, NOBODY, token);
	}
	EXPECT_EQ(0, ended(pid));
}

TEST(hidden_from_another_uid)
{
	__u64 token;
	pid_t pid;

	labelled_owner(0, &token);
	pid = spawn();
	if (!pid) {
		become(NOBODY);
		check_asker(false, 0, token);
	}
	EXPECT_EQ(0, ended(pid));
}

TEST(told_to_who_has_the_capability)
{
	__u64 token;
	pid_t pid;

	labelled_owner(1234, &token);
	pid = spawn();
	if (!pid) {
		become_capable(CAP_NET_ADMIN);
		check_asker(true, 1234, token);
	}
	EXPECT_EQ(0, ended(pid));
	pid = spawn();
	if (!pid) {
		become_capable(CAP_NET_BIND_SERVICE);
		check_asker(false, 1234, token);
	}
	EXPECT_EQ(0, ended(pid));
	pid = spawn();
	if (!pid)
		check_asker(true, 1234, token);
	EXPECT_EQ(0, ended(pid));
}

/* The file says who owns, but it is whoever asks with it who has the capability. */
TEST(the_capability_is_that_of_the_caller)
{
	struct netport_entry e;
	__u64 token;
	pid_t pid;
	int fd;

	labelled_owner(1234, &token);
	fd = owner();
	pid = spawn();
	if (!pid) {
		become(NOBODY);
		CHECK_EQ(EADDRINUSE, conflict(fd, "tcp 4 *:5000", &e));
		CHECK(hides_whose(&e));
		_exit(0);
	}
	EXPECT_EQ(0, ended(pid));
	EXPECT_EQ(EADDRINUSE, conflict(fd, "tcp 4 *:5000", &e));
	EXPECT_TRUE(tells_whose(&e));
}

/* The pid of the process that opened the file, as the asker knows it. */
TEST(pids_of_the_asker)
{
	struct gate asked = gate_new(), done = gate_new();
	struct netport_entry e;
	__u64 token;
	int fd = labelled_owner(0, &token);
	pid_t outer, pid;

	outer = spawn();
	if (!outer) {
		/* Its children are in a new pid namespace; the first is 1, and has one, 2. */
		if (unshare(CLONE_NEWPID))
			die("unshare(CLONE_NEWPID)");
		pid = spawn();
		if (!pid) {
			int inner = owner();

			CHECK_EQ(1, getpid());
			CHECK_EQ(EADDRINUSE, conflict(inner, "tcp 4 *:5000", &e));
			/* Not visible from here; what else there is to tell is told. */
			CHECK_EQ(0, e.pid);
			CHECK(*e.comm);
			CHECK(!strcmp((char *)e.label, "web"));
			CHECK_EQ(0, reserve(inner, "tcp 4 *:6000"));
			pid = spawn();
			if (!pid) {
				int second = owner();

				CHECK_EQ(2, getpid());
				CHECK_EQ(EADDRINUSE, conflict(second, "tcp 4 *:6000", &e));
				CHECK_EQ(1, e.pid);
				_exit(0);
			}
			CHECK_EQ(0, ended(pid));
			gate_open(&asked);
			gate_wait(&done);
			_exit(0);
		}
		_exit(ended(pid));
	}
	gate_wait(&asked);
	EXPECT_EQ(EADDRINUSE, conflict(fd, "tcp 4 *:6000", &e));
	EXPECT_LT(1, e.pid);
	EXPECT_NE(outer, e.pid);
	/* It is alive, and the child of the one that is known. */
	EXPECT_EQ(0, kill(e.pid, 0));
	gate_open(&done);
	EXPECT_EQ(0, ended(outer));
}

/* A process that has gone is nobody's pid. */
TEST(pid_of_a_process_that_ended)
{
	int sock[2], fd = owner(), theirs;
	struct netport_entry e;
	pid_t pid;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sock));
	pid = spawn();
	if (!pid) {
		theirs = owner();
		CHECK_EQ(0, reserve(theirs, "tcp 4 *:5000"));
		send_fd(sock[1], theirs);
		_exit(0);
	}
	theirs = receive_fd(sock[0]);
	EXPECT_EQ(EADDRINUSE, conflict(fd, "tcp 4 *:5000", &e));
	EXPECT_EQ(pid, e.pid);
	EXPECT_EQ(0, ended(pid));
	EXPECT_EQ(EADDRINUSE, conflict(fd, "tcp 4 *:5000", &e));
	EXPECT_TRUE(!e.pid || e.pid == pid);
	EXPECT_NE(0, *e.comm);
	close(theirs);
	EXPECT_EQ(0, conflict(fd, "tcp 4 *:5000", &e));
}

/* labels */

TEST(labels_are_written_and_overwritten)
{
	static const char longest[] = "thirty-one bytes are the most!!";
	int fd = owner();
	struct netport_entry e;
	__u64 token, set;

	ASSERT_EQ(31, strlen(longest));
	ASSERT_EQ(0, reserve_token(fd, "tcp 4 10.0.0.1:5000", &token));
	ASSERT_EQ(0, ask_text(fd, "tcp 4 *:6000 + udp 4 *:0", &set, NULL));
	EXPECT_EQ(0, label(fd, token, "one"));
	EXPECT_EQ(0, label(fd, set, "two"));
	EXPECT_EQ(0, label(fd, 0, "me"));
	EXPECT_EQ(1, held_by(fd, token, &e));
	EXPECT_STREQ("one", (char *)e.label);
	EXPECT_STREQ("me", (char *)e.owner_label);
	EXPECT_EQ(2, held_by(fd, set, &e));
	EXPECT_STREQ("two", (char *)e.label);
	EXPECT_EQ(0, label(fd, token, longest));
	EXPECT_EQ(1, held_by(fd, token, &e));
	EXPECT_STREQ(longest, (char *)e.label);
	/* Nothing of it is left. */
	EXPECT_EQ(0, label(fd, token, "x"));
	EXPECT_EQ(1, held_by(fd, token, &e));
	EXPECT_STREQ("x", (char *)e.label);
	EXPECT_TRUE(empty(e.label + 1, sizeof(e.label) - 1));
	EXPECT_EQ(0, label(fd, token, ""));
	EXPECT_EQ(0, label(fd, 0, ""));
	EXPECT_EQ(1, held_by(fd, token, &e));
	EXPECT_TRUE(empty(e.label, sizeof(e.label)));
	EXPECT_TRUE(empty(e.owner_label, sizeof(e.owner_label)));
	/* A label changes nothing else: it is still named by its binding. */
	EXPECT_EQ(3, held(fd));
	EXPECT_EQ(0, release_key(fd, "tcp 4 10.0.0.1:5000"));
	EXPECT_EQ(2, held(fd));
}

/* Any bytes, not only text, as long as zeros are at the end. */
TEST(labels_of_any_bytes)
{
	struct netport_label l = { .label = "\xff\x01\n\x80 x" };
	struct netport_entry e;
	int fd = owner();
	__u64 token;

	ASSERT_EQ(0, reserve_token(fd, "tcp 4 *:5000", &token));
	l.token = token;
	EXPECT_EQ(0, command(fd, NETPORT_IOC_LABEL, &l));
	EXPECT_EQ(1, held_by(fd, token, &e));
	EXPECT_EQ(0, memcmp(l.label, e.label, sizeof(e.label)));
}

TEST(label_refusals)
{
	struct netport_label full, gap, good = { .label = "good" };
	int fd = owner(), fd2 = owner();
	struct netport_entry e;
	struct ask a;
	__u64 token;

	memset(&full, 'x', sizeof(full));
	gap = good;
	gap.label[31] = 'x';
	ASSERT_EQ(0, reserve_token(fd, "tcp 4 *:5000", &token));
	full.token = token;
	gap.token = token;
	good.token = token;
	EXPECT_EQ(EINVAL, command(fd, NETPORT_IOC_LABEL, &full));
	EXPECT_EQ(EINVAL, command(fd, NETPORT_IOC_LABEL, &gap));
	gap.label[31] = 0;
	gap.label[5] = 'x';
	EXPECT_EQ(EINVAL, command(fd, NETPORT_IOC_LABEL, &gap));
	memset(gap.label, 0, sizeof(gap.label));
	gap.label[1] = 'x';
	EXPECT_EQ(EINVAL, command(fd, NETPORT_IOC_LABEL, &gap));
	full.token = 0;
	gap.token = 0;
	EXPECT_EQ(EINVAL, command(fd, NETPORT_IOC_LABEL, &full));
	EXPECT_EQ(EINVAL, command(fd, NETPORT_IOC_LABEL, &gap));
	EXPECT_EQ(ENOENT, command(fd2, NETPORT_IOC_LABEL, &good));
	good.token = ~0ULL;
	EXPECT_EQ(ENOENT, command(fd, NETPORT_IOC_LABEL, &good));
	EXPECT_EQ(1, held_by(fd, token, &e));
	EXPECT_TRUE(empty(e.label, sizeof(e.label)));
	EXPECT_TRUE(empty(e.owner_label, sizeof(e.owner_label)));
	good.token = token;
	EXPECT_EQ(0, command(fd, NETPORT_IOC_LABEL, &good));
	EXPECT_EQ(0, release(fd, token));
	EXPECT_EQ(ENOENT, command(fd, NETPORT_IOC_LABEL, &good));

	/* Those of a request. */
	ask_init(&a, "tcp 4 *:5000");
	memcpy(a.req.terms.label, full.label, sizeof(full.label));
	EXPECT_EQ(EINVAL, ask(fd, &a));
	memcpy(a.req.terms.label, gap.label, sizeof(gap.label));
	EXPECT_EQ(EINVAL, ask(fd, &a));
	EXPECT_TRUE(all_free(IPPROTO_TCP, 5000));
}

/* A candidate may have one, and keeps it. */
TEST(label_of_a_candidate)
{
	struct netport_candidate c = candidate_request("tcp 4 *:0 =40000-40001");
	struct netport_entry e;
	int fd = owner();

	ASSERT_EQ(0, candidate(fd, &c));
	EXPECT_EQ(0, label(fd, c.reserve.token, "try"));
	EXPECT_EQ(0, candidate(fd, &c));
	EXPECT_EQ(1, held_by(fd, c.reserve.token, &e));
	EXPECT_TRUE(empty(e.label, sizeof(e.label)));
	EXPECT_EQ(0, label(fd, c.reserve.token, "taken"));
	EXPECT_EQ(0, accept_token(fd, c.reserve.token));
	EXPECT_EQ(1, held_by(fd, c.reserve.token, &e));
	EXPECT_STREQ("taken", (char *)e.label);
	EXPECT_EQ(0, e.state);
	EXPECT_EQ(EINVAL, accept_token(fd, c.reserve.token));
	EXPECT_EQ(1, held(fd));
}

SELFTEST_MAIN
