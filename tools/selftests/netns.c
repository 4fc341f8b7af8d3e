// SPDX-License-Identifier: GPL-2.0
/*
 * netns - network namespaces have nothing to do with each other, a file stays with the
 * one it was opened in, and one that goes away takes its reservations along.
 */
#include "selftest.h"

TEST(each_has_its_own_ports)
{
	int first = owner(), second;

	ASSERT_EQ(0, reserve(first, "tcp 46 *:80"));
	new_netns();
	second = owner();
	EXPECT_EQ(0, available(second, "tcp 46 *:80"));
	EXPECT_EQ(0, reserve(second, "tcp 46 *:80"));
	EXPECT_EQ(EADDRINUSE, reserve(second, "tcp 4 *:80"));
	/* Releasing one is not releasing the other. */
	EXPECT_EQ(0, release_key(first, "tcp 46 *:80"));
	EXPECT_EQ(EADDRINUSE, reserve(second, "tcp 4 *:80"));
	EXPECT_EQ(0, reserve(first, "tcp 4 *:80"));
	close(second);
	EXPECT_EQ(EADDRINUSE, reserve(first, "tcp 4 *:80"));
	EXPECT_TRUE(all_free(IPPROTO_TCP, 80));
}

TEST(each_has_its_own_picks)
{
	int first = owner(), second;
	unsigned int port, i;

	for (i = 0; i < 10; i++)
		ASSERT_EQ(0, pick(first, "tcp 4 *:0 =40000-40009", &port));
	EXPECT_EQ(EADDRNOTAVAIL, pick(first, "tcp 4 *:0 =40000-40009", &port));
	new_netns();
	second = owner();
	for (i = 0; i < 10; i++)
		EXPECT_EQ(0, pick(second, "tcp 4 *:0 =40000-40009", &port));
	EXPECT_EQ(EADDRNOTAVAIL, pick(second, "tcp 4 *:0 =40000-40009", &port));
}

TEST(each_has_its_own_range)
{
	int first = owner(), second;
	unsigned int low, high;

	ASSERT_EQ(0, set_range(first, 20000, 20010));
	new_netns();
	second = owner();
	EXPECT_EQ(0, get_range(second, &low, &high));
	EXPECT_EQ(16000, low);
	EXPECT_EQ(65535, high);
	EXPECT_EQ(0, set_range(second, 30000, 30010));
	EXPECT_EQ(0, get_range(first, &low, &high));
	EXPECT_EQ(20000, low);
	EXPECT_EQ(20010, high);
	EXPECT_EQ(0, set_range(first, 16000, 65535));
}

TEST(range_outlives_the_files)
{
	unsigned int low, high;
	int fd;

	new_netns();
	fd = owner();
	ASSERT_EQ(0, set_range(fd, 20000, 20010));
	close(fd);
	fd = owner();
	EXPECT_EQ(0, get_range(fd, &low, &high));
	EXPECT_EQ(20000, low);
	EXPECT_EQ(20010, high);
}

TEST(each_has_its_own_sysctls)
{
	int first = owner(), second;
	unsigned int port;
	pid_t pid;

	if (access(RESERVED_PORTS, W_OK) || access(FIRST_UNPRIVILEGED, W_OK))
		SKIP(return, "no net.ipv4 sysctls");
	write_file(RESERVED_PORTS, "40000");
	write_file(FIRST_UNPRIVILEGED, "10");
	new_netns();
	second = owner();
	EXPECT_EQ(EADDRNOTAVAIL, pick(first, "tcp 4 *:0 =40000-40000", &port));
	EXPECT_EQ(0, pick(second, "tcp 4 *:0 =40000-40000", &port));
	pid = spawn();
	if (!pid) {
		become(NOBODY);
		CHECK_EQ(0, reserve(first, "tcp 4 *:80"));
		CHECK_EQ(EACCES, reserve(second, "tcp 4 *:80"));
		_exit(0);
	}
	EXPECT_EQ(0, ended(pid));
}

TEST(file_stays_with_the_namespace_of_its_open)
{
	int first = owner(), second, old, new;
	unsigned int low, high;
	__u64 token;

	old = new_netns();
	second = owner();
	new = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	ASSERT_GE(new, 0);
	ASSERT_EQ(0, reserve_token(first, "tcp 4 *:80", &token));
	EXPECT_EQ(0, reserve(second, "tcp 4 *:80"));
	ASSERT_EQ(0, set_range(first, 20000, 20010));
	EXPECT_EQ(0, get_range(second, &low, &high));
	EXPECT_EQ(16000, low);
	/* Back there, it is held by the first file. */
	ASSERT_EQ(0, setns(old, CLONE_NEWNET));
	EXPECT_FALSE(all_free(IPPROTO_TCP, 80));
	EXPECT_EQ(0, reserve(second, "tcp 4 *:81"));
	EXPECT_TRUE(all_free(IPPROTO_TCP, 81));
	EXPECT_EQ(0, release(first, token));
	EXPECT_TRUE(all_free(IPPROTO_TCP, 80));
	EXPECT_EQ(0, set_range(first, 16000, 65535));
}

/* a namespace that goes away */

/* What is held there, besides a candidate, when it goes. */
struct orphan {
	int fd;
	__u64 token;
	struct netport_candidate c;
};

/* Makes a namespace and an owner in it that holds something; then it has no process. */
static struct orphan orphan_new(uid_t uid)
{
	struct orphan o;
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		die("socketpair");
	pid = spawn();
	if (!pid) {
		close(new_netns());
		o.fd = owner_as(uid);
		o.c = candidate_request("udp 4 *:0 =40000-40001");
		CHECK_EQ(0, reserve_token(o.fd, "tcp 46 *:80", &o.token));
		CHECK_EQ(0, reserve(o.fd, "tcp 4 *:81 LB"));
		CHECK_EQ(0, reserve(o.fd, "tcp 4 *:81 LB"));
		CHECK_EQ(0, reserve(o.fd, "udp 6 [2001:db8::1]:80 >[2001:db8::2]:5 %3"));
		CHECK_EQ(0, candidate(o.fd, &o.c));
		send_fd(pair[0], o.fd);
		CHECK(write(pair[0], &o, sizeof(o)) == sizeof(o));
		_exit(0);
	}
	close(pair[0]);
	o.fd = receive_fd(pair[1]);
	int fd = o.fd;

	if (read(pair[1], &o, sizeof(o)) != sizeof(o))
		die("read");
	o.fd = fd;
	close(pair[1]);
	if (ended(pid))
		die("the namespace couldn't be filled");
	return o;
}

/* Until then, everything works. */
static bool orphan_is_gone(int fd)
{
	int i, err = 0;

	for (i = 0; i < 6000; i++) {
		err = reserve(fd, "tcp 4 *:5000");
		if (!err)
			err = release_key(fd, "tcp 4 *:5000");
		if (err == ENETDOWN)
			return true;
		/* It may go between the two. */
		if (err && err != ENOENT) {
			fprintf(stderr, "# %s\n", strerror(err));
			return false;
		}
		sleep_ms(10);
	}
	fprintf(stderr, "# the namespace is still there after a minute\n");
	return false;
}

TEST(gone_while_a_file_is_open)
{
	struct orphan o = orphan_new(0);
	struct netport_candidate c = candidate_request("tcp 4 *:0");
	struct netport_ephemeral e = { .low = 0 };
	unsigned int low, high, port, i;

	ASSERT_TRUE(orphan_is_gone(o.fd));
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(ENETDOWN, reserve(o.fd, "tcp 46 *:80"));
		EXPECT_EQ(ENETDOWN, reserve(o.fd, "sctp 6 [2001:db8::1]:8080 LB"));
		EXPECT_EQ(ENETDOWN, reserve(o.fd, "tcp 4 10.0.0.1:80 >1.1.1.1:5 tuple"));
		EXPECT_EQ(ENETDOWN, available(o.fd, "tcp 4 *:8080"));
		EXPECT_EQ(ENETDOWN, available(o.fd, "tcp 4 *:0"));
		EXPECT_EQ(ENETDOWN, pick(o.fd, "tcp 4 *:0", &port));
		EXPECT_EQ(ENETDOWN, candidate(o.fd, &c));
		EXPECT_EQ(ENETDOWN, get_range(o.fd, &low, &high));
		EXPECT_EQ(ENETDOWN, set_range(o.fd, 20000, 30000));
		EXPECT_EQ(ENETDOWN, command(o.fd, NETPORT_IOC_EPHEMERAL, &e));
		/* All that was held is gone. */
		EXPECT_EQ(ENOENT, release(o.fd, o.token));
		EXPECT_EQ(ENOENT, release_key(o.fd, "tcp 46 *:80"));
		EXPECT_EQ(ENOENT, release_key(o.fd, "tcp 4 *:81 LB"));
		EXPECT_EQ(ENOENT, release(o.fd, o.c.reserve.token));
		EXPECT_EQ(ENOENT, accept_token(o.fd, o.c.reserve.token));
	}
	EXPECT_EQ(0, close(o.fd));
	EXPECT_TRUE(all_free(IPPROTO_TCP, 80));
}

TEST(malformed_is_malformed_there_too)
{
	struct netport_reserve r = request("tcp 4 *:80");
	struct orphan o = orphan_new(0);

	ASSERT_TRUE(orphan_is_gone(o.fd));
	r.binding.families = 0;
	EXPECT_EQ(EINVAL, command(o.fd, NETPORT_IOC_RESERVE, &r));
}

/* The next candidate of a search that began when it was there. */
TEST(gone_in_the_middle_of_a_search)
{
	struct orphan o = orphan_new(0);
	int err;

	ASSERT_TRUE(orphan_is_gone(o.fd));
	err = candidate(o.fd, &o.c);
	EXPECT_TRUE(err == ENETDOWN || err == ENOENT) TH_LOG("%s", strerror(err));
}

TEST(closed_while_it_goes)
{
	int i;

	for (i = 0; i < 20; i++) {
		struct orphan o = orphan_new(0);

		sleep_ms(i);
		EXPECT_EQ(0, close(o.fd));
	}
}

/* The limits of the uid are for all namespaces: a lost one must not count any more. */
TEST(gone_counts_no_more)
{
	static const char *const path = "/sys/module/netport/parameters/max_per_uid";
	struct orphan o = orphan_new(31003);
	int fd = owner_as(31003), err;
	char saved[32];

	/* Of a uid that nobody else has. */
	ASSERT_NE(NULL, read_file(path, saved, sizeof(saved)));
	write_file(path, "4");
	/* It holds 5. */
	EXPECT_EQ(EDQUOT, reserve(fd, "tcp 4 *:8080"));
	write_file(path, saved);
	ASSERT_TRUE(orphan_is_gone(o.fd));
	write_file(path, "1");
	/* What it held goes in the background. */
	for (int i = 0; i < 3000; i++) {
		err = reserve(fd, "tcp 4 *:8080");
		if (err != EDQUOT)
			break;
		sleep_ms(10);
	}
	EXPECT_EQ(0, err);
	EXPECT_EQ(EDQUOT, reserve(fd, "tcp 4 *:8081"));
	write_file(path, saved);
	close(o.fd);
}

/* Everybody is in the middle of something when it goes. */
TEST(gone_under_load)
{
	int round, worker;

	for (round = 0; round < 4; round++) {
		struct orphan o = orphan_new(0);
		pid_t pid[4];

		for (worker = 0; worker < 4; worker++) {
			pid[worker] = spawn();
			if (pid[worker])
				continue;
			for (int gone = 0; gone < 100;) {
				struct netport_reserve r = request("udp 46 *:0 LB");
				struct netport_candidate c = candidate_request("tcp 4 *:0");
				int err = reserve_request(o.fd, &r);

				CHECK(err == (gone ? ENETDOWN : err ? ENETDOWN : 0));
				gone += err == ENETDOWN;
				if (!err) {
					err = release(o.fd, r.token);
					CHECK(err == 0 || err == ENOENT);
				}
				err = candidate(o.fd, &c);
				if (!err)
					err = candidate(o.fd, &c);
				CHECK(err == 0 || err == ENETDOWN || err == ENOENT);
				if (!err) {
					err = accept_token(o.fd, c.reserve.token);
					CHECK(err == 0 || err == ENOENT);
				}
			}
			_exit(0);
		}
		/* The workers keep the file, not the namespace. */
		close(o.fd);
		for (worker = 0; worker < 4; worker++)
			EXPECT_EQ(0, ended(pid[worker]));
	}
}

SELFTEST_MAIN
