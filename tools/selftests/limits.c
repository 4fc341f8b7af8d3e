// SPDX-License-Identifier: GPL-2.0
/*
 * limits - how many reservations an owner, a uid and a network namespace may hold, and
 * how many one request is compared with.
 *
 * The limits are parameters of the module and hold for the whole machine; each test
 * leaves them as they were.
 */
#include "selftest.h"

#define PARAMETERS	"/sys/module/netport/parameters/"

static const char *const parameters[] = {
	PARAMETERS "max_per_owner", PARAMETERS "max_per_uid", PARAMETERS "max_per_netns",
};

enum { PER_OWNER, PER_UID, PER_NETNS };

/* Nobody else in the machine has these. */
#define UID	31001
#define UID2	31002

FIXTURE(limits) {
	char saved[ARRAY_SIZE(parameters)][32];
};

FIXTURE_SETUP(limits)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(parameters); i++)
		ASSERT_NE(NULL, read_file(parameters[i], self->saved[i], sizeof(self->saved[i])))
			TH_LOG("%s", parameters[i]);
}

/* Also if the test has come to a sudden end. */
FIXTURE_TEARDOWN_PARENT(limits)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(parameters); i++)
		write_file(parameters[i], self->saved[i]);
}

static void set_limit(int which, unsigned int max)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", max);
	write_file(parameters[which], text);
}

/* Reserves ports of @protocol from @port on, until it gets an error; how many. */
static unsigned int fill(int fd, unsigned int protocol, unsigned int port, int *err)
{
	unsigned int n;
	char text[64];

	for (n = 0; n < 100; n++) {
		snprintf(text, sizeof(text), "%u 4 *:%u", protocol, port + n);
		*err = reserve(fd, text);
		if (*err)
			break;
	}
	return n;
}

/* Takes exactly @want more, in every way there is to take one. */
static bool room(int fd, unsigned int want)
{
	struct netport_candidate c = candidate_request("253 4 *:0 =40000-40999");
	unsigned int port, n;
	int err;

	for (n = 0; n <= want; n++) {
		err = available(fd, "253 4 *:0 =40000-40999");
		if (err != (n == want ? EDQUOT : 0)) {
			fprintf(stderr, "# AVAILABLE with %u of %u: %d\n", n, want, err);
			return false;
		}
		if (n == want)
			break;
		err = pick(fd, "253 4 *:0 =40000-40999", &port);
		if (err) {
			fprintf(stderr, "# pick with %u of %u: %d\n", n, want, err);
			return false;
		}
	}
	if (pick(fd, "253 4 *:0 =40000-40999", &port) != EDQUOT ||
	    candidate(fd, &c) != EDQUOT || reserve(fd, "253 4 *:39999") != EDQUOT ||
	    release_key(fd, "253 4 *:39999") != ENOENT) {
		fprintf(stderr, "# more than %u\n", want);
		return false;
	}
	return true;
}

TEST_F(limits, defaults_are_sane)
{
	unsigned long n[ARRAY_SIZE(parameters)];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(parameters); i++)
		n[i] = strtoul(self->saved[i], NULL, 10);
	/* An owner can hold all ports of an address; no owner can hold all of the rest. */
	EXPECT_GE(n[PER_OWNER], 65535);
	EXPECT_LE(n[PER_OWNER], n[PER_UID]);
	EXPECT_LE(n[PER_UID], n[PER_NETNS]);
	EXPECT_LE(n[PER_NETNS], 100000000);
}

TEST_F(limits, unprivileged_cannot_set_them)
{
	pid_t pid = spawn();

	if (!pid) {
		become(NOBODY);
		for (unsigned int i = 0; i < ARRAY_SIZE(parameters); i++)
			CHECK_EQ(EACCES, try_write_file(parameters[i], "5"));
		_exit(0);
	}
	EXPECT_EQ(0, ended(pid));
}

TEST_F(limits, per_owner)
{
	int a = owner(), b = owner(), err;
	__u64 token;

	set_limit(PER_OWNER, 5);
	EXPECT_EQ(5, fill(a, IPPROTO_TCP, 5000, &err));
	EXPECT_EQ(EDQUOT, err);
	EXPECT_TRUE(all_free(IPPROTO_TCP, 5005));
	EXPECT_TRUE(room(a, 0));
	/* Not of the uid. */
	EXPECT_EQ(5, fill(b, IPPROTO_UDP, 5000, &err));
	EXPECT_EQ(EDQUOT, err);
	/* What is given back, by token or key, can be had again. */
	EXPECT_EQ(0, release_key(a, "6 4 *:5000"));
	EXPECT_EQ(0, reserve_token(a, "tcp 4 *:6000", &token));
	EXPECT_TRUE(room(a, 0));
	EXPECT_EQ(0, release(a, token));
	EXPECT_EQ(0, release_key(a, "6 4 *:5001"));
	EXPECT_TRUE(room(a, 2));
	close(a);
	a = owner();
	EXPECT_TRUE(room(a, 5));
}

TEST_F(limits, per_uid)
{
	int a = owner_as(UID), b = owner_as(UID), c = owner_as(UID2), err;

	set_limit(PER_UID, 5);
	EXPECT_EQ(5, fill(a, IPPROTO_TCP, 5000, &err));
	EXPECT_EQ(EDQUOT, err);
	EXPECT_TRUE(room(b, 0));
	/* Not of another uid; and root is one like any other. */
	EXPECT_TRUE(room(c, 5));
	EXPECT_EQ(0, release_key(a, "6 4 *:5000"));
	EXPECT_EQ(0, release_key(a, "6 4 *:5001"));
	EXPECT_EQ(0, reserve(b, "udp 4 *:5000"));
	EXPECT_TRUE(room(a, 1));
	close(a);
	EXPECT_TRUE(room(b, 4));
	close(b);
	a = owner_as(UID);
	EXPECT_TRUE(room(a, 5));
}

TEST_F(limits, per_uid_of_all_namespaces)
{
	int a = owner_as(UID), b, err;

	set_limit(PER_UID, 5);
	EXPECT_EQ(0, reserve(a, "tcp 4 *:5000"));
	EXPECT_EQ(0, reserve(a, "tcp 4 *:5001"));
	new_netns();
	b = owner_as(UID);
	EXPECT_EQ(3, fill(b, IPPROTO_TCP, 5000, &err));
	EXPECT_EQ(EDQUOT, err);
	close(b);
	EXPECT_EQ(3, fill(a, IPPROTO_UDP, 5000, &err));
	EXPECT_EQ(EDQUOT, err);
}

TEST_F(limits, per_netns)
{
	int a = owner_as(UID), b = owner_as(UID2), c = owner(), other;
	unsigned int port;

	set_limit(PER_NETNS, 5);
	EXPECT_EQ(0, reserve(a, "tcp 4 *:5000"));
	EXPECT_EQ(0, reserve(a, "tcp 4 *:5001"));
	EXPECT_EQ(0, reserve(b, "tcp 4 *:5002"));
	EXPECT_EQ(0, reserve(b, "tcp 4 *:5003"));
	EXPECT_EQ(0, reserve(c, "tcp 4 *:5004"));
	EXPECT_EQ(EDQUOT, reserve(a, "tcp 4 *:5005"));
	EXPECT_EQ(EDQUOT, reserve(b, "tcp 4 *:5005"));
	EXPECT_EQ(EDQUOT, reserve(c, "tcp 4 *:5005"));
	EXPECT_EQ(EDQUOT, pick(c, "tcp 4 *:0", &port));
	/* Another namespace has as many of its own. */
	new_netns();
	other = owner();
	EXPECT_TRUE(room(other, 5));
	close(other);
	close(a);
	EXPECT_EQ(0, reserve(b, "tcp 4 *:5000"));
	EXPECT_EQ(0, reserve(c, "tcp 4 *:5001"));
	EXPECT_EQ(EDQUOT, reserve(c, "tcp 4 *:5005"));
}

static void use_up(int which, int fd, unsigned int n)
{
	int err;

	set_limit(which, n);
	if (fill(fd, IPPROTO_TCP, 5000, &err) != n)
		die("%u weren't to be had", n);
}

TEST_F(limits, what_fails_takes_nothing)
{
	struct netport_reserve bad = request("tcp 4 *:5000");
	struct netport_reserve *unwritable;
	int which, i;

	unwritable = mmap(NULL, getpagesize(), PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, unwritable);
	*unwritable = request("udp 4 *:7000");
	ASSERT_EQ(0, mprotect(unwritable, getpagesize(), PROT_READ));
	bad.binding.families = 4;
	for (which = PER_OWNER; which <= PER_NETNS; which++) {
		struct netport_candidate c = candidate_request("udp 4 *:0 =6000-6000");
		int fd = owner_as(UID);
		unsigned int port;

		set_limit(which, 6);
		ASSERT_EQ(0, reserve(fd, "udp 4 *:6000"));
		for (i = 0; i < 20; i++) {
			EXPECT_EQ(EADDRINUSE, reserve(fd, "udp 4 *:6000"));
			EXPECT_EQ(EADDRNOTAVAIL, pick(fd, "udp 4 *:0 =6000-6000", &port));
			EXPECT_EQ(EADDRNOTAVAIL, candidate(fd, &c));
			EXPECT_EQ(EINVAL, command(fd, NETPORT_IOC_RESERVE, &bad));
			EXPECT_EQ(-1, ioctl(fd, NETPORT_IOC_RESERVE, unwritable));
			EXPECT_EQ(EFAULT, errno);
			EXPECT_EQ(0, available(fd, "udp 4 *:6001"));
			EXPECT_EQ(ENOENT, release_key(fd, "udp 4 *:6001"));
		}
		EXPECT_TRUE(room(fd, 5)) TH_LOG("%s", parameters[which]);
		close(fd);
		write_file(parameters[which], self->saved[which]);
	}
}

TEST_F(limits, candidate_counts_once)
{
	int which, i, round;

	for (which = PER_OWNER; which <= PER_NETNS; which++) {
		for (round = 0; round < 3; round++) {
			struct netport_candidate c = candidate_request("udp 4 *:0 =6000-6009");
			int fd = owner_as(UID);

			set_limit(which, 3);
			ASSERT_EQ(0, reserve(fd, "tcp 4 *:5000"));
			ASSERT_EQ(0, reserve(fd, "tcp 4 *:5001"));
			ASSERT_EQ(0, candidate(fd, &c));
			EXPECT_EQ(EDQUOT, reserve(fd, "tcp 4 *:5002"));
			/* At the limit, the next one takes the place of this one. */
			for (i = 0; i < 9; i++)
				EXPECT_EQ(0, candidate(fd, &c));
			EXPECT_EQ(EADDRNOTAVAIL, candidate(fd, &c));
			EXPECT_EQ(EDQUOT, reserve(fd, "tcp 4 *:5002"));
			switch (round) {
			case 0:
				EXPECT_EQ(0, release(fd, c.reserve.token));
				break;
			case 1:
				EXPECT_EQ(0, accept_token(fd, c.reserve.token));
				EXPECT_EQ(EDQUOT, reserve(fd, "tcp 4 *:5002"));
				EXPECT_EQ(0, release(fd, c.reserve.token));
				break;
			default:
				/* Goes with the owner. */
				close(fd);
				fd = owner_as(UID);
				ASSERT_EQ(0, reserve(fd, "tcp 4 *:5000"));
				ASSERT_EQ(0, reserve(fd, "tcp 4 *:5001"));
			}
			EXPECT_TRUE(room(fd, 1)) TH_LOG("%s", parameters[which]);
			close(fd);
		}
		write_file(parameters[which], self->saved[which]);
	}
}

/* The next candidate can't be told: it takes no place, and the one before keeps its own. */
TEST_F(limits, candidate_that_cannot_be_told)
{
	struct netport_candidate c = candidate_request("udp 4 *:0 =6000-6009"), *unwritable;
	int fd = owner_as(UID), i;

	unwritable = mmap(NULL, getpagesize(), PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, unwritable);
	set_limit(PER_OWNER, 2);
	ASSERT_EQ(0, candidate(fd, &c));
	*unwritable = c;
	ASSERT_EQ(0, mprotect(unwritable, getpagesize(), PROT_READ));
	for (i = 0; i < 5; i++) {
		EXPECT_EQ(-1, ioctl(fd, NETPORT_IOC_CANDIDATE, unwritable));
		EXPECT_EQ(EFAULT, errno);
	}
	ASSERT_EQ(0, reserve(fd, "tcp 4 *:5000"));
	EXPECT_EQ(EDQUOT, reserve(fd, "tcp 4 *:5001"));
	EXPECT_EQ(0, candidate(fd, &c));
	EXPECT_EQ(0, release(fd, c.reserve.token));
	EXPECT_TRUE(room(fd, 1));
}

TEST_F(limits, lowered_below_what_is_held)
{
	int fd = owner();

	use_up(PER_OWNER, fd, 5);
	set_limit(PER_OWNER, 2);
	EXPECT_EQ(EDQUOT, reserve(fd, "tcp 4 *:6000"));
	EXPECT_FALSE(all_free(IPPROTO_TCP, 5004));
	EXPECT_EQ(0, release_key(fd, "6 4 *:5000"));
	EXPECT_EQ(0, release_key(fd, "6 4 *:5001"));
	EXPECT_EQ(0, release_key(fd, "6 4 *:5002"));
	EXPECT_EQ(EDQUOT, reserve(fd, "tcp 4 *:6000"));
	EXPECT_EQ(0, release_key(fd, "6 4 *:5003"));
	EXPECT_TRUE(room(fd, 1));
}

TEST_F(limits, none_at_all)
{
	int which;

	for (which = PER_OWNER; which <= PER_NETNS; which++) {
		int fd = owner();

		set_limit(which, 0);
		EXPECT_EQ(EDQUOT, reserve(fd, "tcp 4 *:5000"));
		write_file(parameters[which], self->saved[which]);
		EXPECT_TRUE(all_free(IPPROTO_TCP, 5000));
		close(fd);
	}
}

TEST_F(limits, which_error_is_said)
{
	int fd = owner_as(UID);
	unsigned int port;
	pid_t pid;

	use_up(PER_OWNER, fd, 2);
	/* EINVAL before EACCES before EDQUOT before EADDRINUSE and EADDRNOTAVAIL. */
	EXPECT_EQ(EDQUOT, reserve(fd, "tcp 4 *:5000"));
	EXPECT_EQ(EDQUOT, available(fd, "tcp 4 *:5000"));
	EXPECT_EQ(EDQUOT, pick(fd, "tcp 4 *:0 =5000-5001", &port));
	EXPECT_EQ(EDQUOT, available(fd, "tcp 4 *:0 =5000-5001"));
	EXPECT_EQ(EINVAL, pick(fd, "tcp 4 *:0 =5001-5000", &port));
	pid = spawn();
	if (!pid) {
		become(NOBODY);
		CHECK_EQ(EACCES, reserve(fd, "tcp 4 *:80"));
		CHECK_EQ(EACCES, available(fd, "tcp 4 *:80"));
		CHECK_EQ(EDQUOT, reserve(fd, "tcp 4 *:5000"));
		_exit(0);
	}
	EXPECT_EQ(0, ended(pid));
}

/* Devices and remotes are compared one by one, and that has an end. */
TEST_F(limits, comparisons)
{
	int fd = owner(), other = owner();
	char text[80];
	int i;

	for (i = 1; i <= 4096; i++) {
		snprintf(text, sizeof(text), "tcp 4 10.0.0.1:443 >1.1.1.1:%d %%2", i);
		ASSERT_EQ(0, reserve(fd, text));
	}
	EXPECT_EQ(0, reserve(other, "tcp 4 10.0.0.1:443 %1"));
	EXPECT_EQ(0, release_key(other, "tcp 4 10.0.0.1:443 %1"));
	ASSERT_EQ(0, reserve(fd, "tcp 4 10.0.0.1:443 >1.1.1.1:4097 %2"));
	EXPECT_EQ(EDQUOT, reserve(other, "tcp 4 10.0.0.1:443 %1"));
	EXPECT_EQ(EDQUOT, available(other, "tcp 4 10.0.0.1:443 %1"));
	EXPECT_EQ(ENOENT, release_key(other, "tcp 4 10.0.0.1:443 %1"));
	/* Where one look is enough it is no matter how many there are. */
	EXPECT_EQ(0, reserve(other, "tcp 4 10.0.0.1:443 >1.1.1.1:1 %1"));
	EXPECT_EQ(EADDRINUSE, reserve(other, "tcp 4 10.0.0.1:443 >1.1.1.1:2"));
	EXPECT_EQ(EADDRINUSE, reserve(other, "tcp 4 10.0.0.1:443"));
	EXPECT_EQ(0, reserve(other, "tcp 4 10.0.0.2:443"));
	close(fd);
	EXPECT_EQ(0, reserve(other, "tcp 4 10.0.0.1:443 %3"));
}

SELFTEST_MAIN
