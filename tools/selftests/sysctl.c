// SPDX-License-Identifier: GPL-2.0
/*
 * sysctl - net.netport.range and the limits of a network namespace: what they take, what they
 * do, and who may set them.
 */
#include "look.h"

#include <limits.h>

#define SYS	"/proc/sys/net/netport/"

/* Nobody else in the machine has these. */
#define UID	31331
#define UID2	31332

static const char *const names[LIMITS] = { "max_per_owner", "max_per_uid", "max_per_netns" };

static const char *path_of(int which)
{
	static char path[64];

	snprintf(path, sizeof(path), SYS "%s", names[which]);
	return path;
}

static int set(int which, const char *text)
{
	return try_write_file(path_of(which), text);
}

static unsigned int get(int which)
{
	char text[32];

	if (!read_file(path_of(which), text, sizeof(text)))
		die("%s", path_of(which));
	return strtoul(text, NULL, 10);
}

FIXTURE(sysctl) {
	int fd;
	char text[64];
};

FIXTURE_SETUP(sysctl)
{
	keep_netns();
	self->fd = owner();
}

FIXTURE_TEARDOWN_PARENT(sysctl)
{
	restore_limits();
}

TEST_F(sysctl, defaults)
{
	int i;

	EXPECT_STREQ("16000\t65535", read_file(SYS "range", self->text, sizeof(self->text)));
	for (i = 0; i < LIMITS; i++)
		EXPECT_EQ(UINT_MAX, get(i));
	/* And where nobody has opened the device. */
	close(new_netns());
	EXPECT_STREQ("16000\t65535", read_file(SYS "range", self->text, sizeof(self->text)));
	for (i = 0; i < LIMITS; i++)
		EXPECT_EQ(UINT_MAX, get(i));
}

TEST_F(sysctl, range)
{
	static const char *const bad[] = {
		"0 5", "5 4", "1 65536", "-1 5", "5 x", "x", "70000 70001", "4294967297 5",
		"-65531 9",
	};
	unsigned int low, high, port, i;

	ASSERT_EQ(0, try_write_file(SYS "range", "20000 20001"));
	ASSERT_EQ(0, get_range(self->fd, &low, &high));
	EXPECT_EQ(20000, low);
	EXPECT_EQ(20001, high);
	ASSERT_EQ(0, pick(self->fd, "tcp 4 *:0", &port));
	EXPECT_EQ(20000, port & ~1);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(EINVAL, try_write_file(SYS "range", bad[i])) TH_LOG("%s", bad[i]);
	EXPECT_STREQ("20000\t20001", read_file(SYS "range", self->text, sizeof(self->text)));
	ASSERT_EQ(0, set_range(self->fd, 1, 65535));
	EXPECT_STREQ("1\t65535", read_file(SYS "range", self->text, sizeof(self->text)));
	/* Where nobody has opened the device it's there for those who do. */
	close(new_netns());
	ASSERT_EQ(0, try_write_file(SYS "range", "7 9"));
	self->fd = owner();
	ASSERT_EQ(0, get_range(self->fd, &low, &high));
	EXPECT_EQ(7, low);
	EXPECT_EQ(9, high);
}

/* How many ports more @fd can have, up to 50; it has them then. */
static unsigned int room(int fd)
{
	static unsigned int port = 2000;
	unsigned int n;
	char text[64];

	for (n = 0; n < 50; n++) {
		snprintf(text, sizeof(text), "253 4 *:%u", port++);
		if (reserve(fd, text))
			break;
	}
	return n;
}

TEST_F(sysctl, limits)
{
	int third = owner_as(UID), fourth = owner_as(UID), fifth = owner_as(UID2);

	ASSERT_EQ(0, set(PER_OWNER, "3"));
	ASSERT_EQ(0, set(PER_UID, "5"));
	ASSERT_EQ(0, set(PER_NETNS, "7"));
	EXPECT_EQ(3, info(self->fd).max_per_owner);
	EXPECT_EQ(5, info(self->fd).max_per_uid);
	EXPECT_EQ(7, info(self->fd).max_per_netns);
	EXPECT_EQ(3, room(third));
	EXPECT_EQ(2, room(fourth));
	EXPECT_EQ(2, room(fifth));
	EXPECT_EQ(EDQUOT, available(fifth, "253 4 *:9999"));
	/* What is held stays, whatever the limit. */
	ASSERT_EQ(0, set(PER_NETNS, "1"));
	EXPECT_EQ(7, counter("Held"));
	EXPECT_EQ(EDQUOT, reserve(fifth, "253 4 *:9999"));
	ASSERT_EQ(0, set(PER_NETNS, "4294967295"));
	EXPECT_EQ(0, reserve(fifth, "253 4 *:9999"));
	/* Nothing else than a number. */
	EXPECT_EQ(EINVAL, set(PER_OWNER, "x"));
	EXPECT_EQ(EINVAL, set(PER_OWNER, "-1"));
	EXPECT_EQ(EINVAL, set(PER_OWNER, "4294967296"));
	EXPECT_EQ(3, get(PER_OWNER));
}

static unsigned int effective(int fd, int which)
{
	struct netport_info i = info(fd);

	return which == PER_OWNER ? i.max_per_owner :
	       which == PER_UID ? i.max_per_uid : i.max_per_netns;
}

/* The least of both counts. */
TEST_F(sysctl, module_and_namespace)
{
	int fd, i;

	for (i = 0; i < LIMITS; i++) {
		close(new_netns());
		fd = owner_as(UID);
		set_limit(i, 4);
		ASSERT_EQ(0, set(i, "6"));
		EXPECT_EQ(4, effective(fd, i));
		EXPECT_EQ(6, get(i));
		EXPECT_EQ(4, room(fd));
		set_limit(i, 8);
		EXPECT_EQ(6, effective(fd, i));
		EXPECT_EQ(2, room(fd));
		ASSERT_EQ(0, set(i, "0"));
		EXPECT_EQ(0, room(owner()));
		close(fd);
	}
}

/* A uid's ports count wherever they are; a namespace says how many are too many there. */
TEST_F(sysctl, of_one_namespace)
{
	int here = owner_as(UID), there;
	int back = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	ASSERT_EQ(0, set(PER_UID, "2"));
	EXPECT_EQ(2, room(here));
	close(new_netns());
	EXPECT_EQ(UINT_MAX, get(PER_UID));
	there = owner_as(UID);
	EXPECT_EQ(50, room(there));
	ASSERT_EQ(0, set(PER_UID, "52"));
	EXPECT_EQ(EDQUOT, reserve(there, "253 4 *:9999"));
	ASSERT_EQ(0, setns(back, CLONE_NEWNET));
	EXPECT_EQ(2, get(PER_UID));
}

/* Who has CAP_NET_ADMIN over the namespace, and nobody else. */
TEST_F(sysctl, rights)
{
	pid_t pid = spawn();

	if (!pid) {
		become(UID);
		CHECK_EQ(EACCES, set(PER_OWNER, "1"));
		CHECK_EQ(EACCES, try_write_file(SYS "range", "1 2"));
		_exit(0);
	}
	EXPECT_EQ(0, ended(pid));
	EXPECT_EQ(UINT_MAX, get(PER_OWNER));
}

/* In a user namespace of one's own the limits are one's own, below those of the module. */
TEST_F(sysctl, root_of_a_user_namespace)
{
	pid_t pid;

	set_limit(PER_OWNER, 10);
	pid = spawn();
	if (!pid) {
		int fd;

		become(UID);
		if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
			_exit(errno == EPERM ? 77 : 1);
		CHECK_EQ(0, set(PER_OWNER, "2"));
		CHECK_EQ(0, try_write_file(SYS "range", "30000 30001"));
		fd = owner();
		CHECK_EQ(2, info(fd).max_per_owner);
		CHECK_EQ(2, room(fd));
		CHECK_EQ(0, set(PER_OWNER, "4000000000"));
		CHECK_EQ(10, info(fd).max_per_owner);
		CHECK_EQ(8, room(fd));
		_exit(0);
	}
	switch (ended(pid)) {
	case 77:
		SKIP(return, "no user namespaces for users here");
	case 0:
		break;
	default:
		ASSERT_TRUE(false);
	}
	EXPECT_EQ(UINT_MAX, get(PER_OWNER));
	EXPECT_EQ(10, info(self->fd).max_per_owner);
}

SELFTEST_MAIN
