// SPDX-License-Identifier: GPL-2.0
/*
 * privilege - what needs a capability, and over which namespace.
 *
 * Unprivileged processes are children that become nobody; what they find wrong they say
 * on standard error, and the test sees their exit status.
 */
#include "terms.h"

#include <linux/capability.h>

FIXTURE(privilege) {
	int fd;
};

FIXTURE_SETUP(privilege)
{
	self->fd = owner();
}

/* Also if the test has come to a sudden end. */
FIXTURE_TEARDOWN_PARENT(privilege)
{
	restore_netns();
}

static pid_t spawn_nobody(void)
{
	pid_t pid = spawn();

	if (!pid)
		become(NOBODY);
	return pid;
}

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

TEST_F(privilege, device_is_for_all)
{
	struct stat st;
	pid_t pid;

	ASSERT_EQ(0, stat(NETPORT_DEVICE, &st));
	EXPECT_TRUE(S_ISCHR(st.st_mode));
	EXPECT_EQ(0666, st.st_mode & 07777);
	pid = spawn_nobody();
	if (!pid) {
		CHECK_EQ(0, reserve(owner(), "tcp 4 *:8080"));
		_exit(0);
	}
	EXPECT_EQ(0, ended(pid));
}

TEST_F(privilege, low_ports)
{
	pid_t pid;

	pid = spawn_nobody();
	if (!pid) {
		int fd = owner();

		CHECK_EQ(EACCES, reserve(fd, "tcp 4 *:1"));
		CHECK_EQ(EACCES, reserve(fd, "tcp 4 *:80"));
		CHECK_EQ(EACCES, reserve(fd, "udp 6 [::1]:1023"));
		CHECK_EQ(EACCES, reserve(fd, "60000 46 *:1023 LB"));
		CHECK_EQ(EACCES, reserve(fd, "tcp 4 10.0.0.1:80 >1.1.1.1:5 tuple"));
		CHECK_EQ(EACCES, available(fd, "tcp 4 *:80"));
		CHECK_EQ(0, available(fd, "tcp 4 *:1024"));
		CHECK_EQ(0, reserve(fd, "tcp 4 *:1024"));
		CHECK_EQ(0, reserve(fd, "tcp 4 *:65535"));
		_exit(0);
	}
	EXPECT_EQ(0, ended(pid));
	EXPECT_TRUE(all_free(IPPROTO_TCP, 80));
	EXPECT_EQ(0, reserve(self->fd, "tcp 4 *:80"));
}

/* Those before it in the batch, and on the same address, need none. */
TEST_F(privilege, low_ports_in_a_batch)
{
	pid_t pid;

	pid = spawn_nobody();
	if (!pid) {
		struct netport_reserve req[] = {
			request("tcp 4 10.0.0.1:1024"), request("tcp 4 10.0.0.1:1025"),
			request("tcp 4 10.0.0.1:1023"), request("tcp 4 10.0.0.1:0 =80-1040"),
			request("tcp 4 10.0.0.1:1026"), request("tcp 4 10.0.0.2:1023"),
		};
		static const __s32 expected[ARRAY_SIZE(req)] = {
			0, 0, EACCES, EACCES, 0, EACCES,
		};
		__s32 errors[ARRAY_SIZE(req)];
		struct netport_batch b = {
			.requests = pointer(req), .errors = pointer(errors),
			.count = ARRAY_SIZE(req), .size = sizeof(req[0]),
			.flags = NETPORT_BATCH_PARTIAL,
		};
		int fd = owner();
		unsigned int i;

		CHECK_EQ(0, command(fd, NETPORT_IOC_BATCH, &b));
		CHECK_EQ(3, b.done);
		for (i = 0; i < ARRAY_SIZE(req); i++)
			CHECK_EQ(expected[i], errors[i]);
		CHECK_EQ(3, held(fd));
		_exit(0);
	}
	EXPECT_EQ(0, ended(pid));
	EXPECT_TRUE(all_free(IPPROTO_TCP, 1023));
}

TEST_F(privilege, first_unprivileged_port)
{
	pid_t pid;

	if (access(FIRST_UNPRIVILEGED, W_OK))
		SKIP(return, "no " FIRST_UNPRIVILEGED);
	write_file(FIRST_UNPRIVILEGED, "2000");
	pid = spawn_nobody();
	if (!pid) {
		CHECK_EQ(EACCES, reserve(owner(), "tcp 4 *:1999"));
		CHECK_EQ(0, reserve(owner(), "tcp 4 *:2000"));
		_exit(0);
	}
	EXPECT_EQ(0, ended(pid));
	write_file(FIRST_UNPRIVILEGED, "80");
	pid = spawn_nobody();
	if (!pid) {
		CHECK_EQ(EACCES, reserve(owner(), "tcp 4 *:79"));
		CHECK_EQ(0, reserve(owner(), "tcp 4 *:80"));
		_exit(0);
	}
	EXPECT_EQ(0, ended(pid));
	write_file(FIRST_UNPRIVILEGED, "0");
	pid = spawn_nobody();
	if (!pid) {
		unsigned int port;

		CHECK_EQ(0, reserve(owner(), "tcp 4 *:1"));
		CHECK_EQ(0, pick(owner(), "udp 4 *:0 =1-1", &port));
		CHECK_EQ(0, pick(owner(), "sctp 4 *:0 =0-1", &port));
		_exit(0);
	}
	EXPECT_EQ(0, ended(pid));
}

TEST_F(privilege, ranges_with_low_ports)
{
	pid_t pid;

	pid = spawn_nobody();
	if (!pid) {
		struct netport_candidate c = candidate_request("tcp 4 *:0 =1023-1024");
		int fd = owner();
		unsigned int port;

		CHECK_EQ(EACCES, pick(fd, "tcp 4 *:0 =1-65535", &port));
		CHECK_EQ(EACCES, pick(fd, "tcp 4 *:0 =1023-1024", &port));
		CHECK_EQ(EACCES, pick(fd, "tcp 4 *:0 =1023-0", &port));
		CHECK_EQ(EACCES, pick(fd, "tcp 4 *:0 =0-1023", &port));
		CHECK_EQ(EACCES, available(fd, "tcp 4 *:0 =1023-1024"));
		CHECK_EQ(EACCES, candidate(fd, &c));
		/* An open beginning is the first that the caller may have. */
		CHECK_EQ(0, pick(fd, "tcp 4 *:0 =0-1024", &port));
		CHECK_EQ(1024, port);
		CHECK_EQ(EADDRNOTAVAIL, pick(fd, "tcp 4 *:0 =0-1024", &port));
		CHECK_EQ(0, pick(fd, "tcp 4 *:0 =1025-1025", &port));
		_exit(0);
	}
	EXPECT_EQ(0, ended(pid));
}

TEST_F(privilege, low_ports_of_the_namespace_range)
{
	pid_t pid;

	ASSERT_EQ(0, set_range(self->fd, 1000, 1030));
	pid = spawn_nobody();
	if (!pid) {
		int fd = owner();
		unsigned int port;

		/* Less the ports that the caller may not have. */
		for (int i = 0; i < 7; i++) {
			CHECK_EQ(0, pick(fd, "tcp 4 *:0", &port));
			CHECK(port >= 1024 && port <= 1030);
		}
		CHECK_EQ(EADDRNOTAVAIL, pick(fd, "tcp 4 *:0", &port));
		_exit(0);
	}
	EXPECT_EQ(0, ended(pid));
	ASSERT_EQ(0, set_range(self->fd, 100, 200));
	pid = spawn_nobody();
	if (!pid) {
		unsigned int port;

		/* There are none, and it is the capability that is missing. */
		CHECK_EQ(EACCES, pick(owner(), "tcp 4 *:0", &port));
		CHECK_EQ(EACCES, available(owner(), "tcp 4 *:0"));
		_exit(0);
	}
	EXPECT_EQ(0, ended(pid));
	EXPECT_EQ(0, pick(self->fd, "tcp 4 *:0", NULL));
}

/* It is the caller that needs it, and only to reserve. */
TEST_F(privilege, file_of_a_privileged_opener)
{
	struct netport_candidate c = candidate_request("udp 4 *:0 =500-501");
	int fd = self->fd;
	__u64 token;
	pid_t pid;

	ASSERT_EQ(0, reserve_token(fd, "tcp 4 *:80", &token));
	ASSERT_EQ(0, reserve(fd, "tcp 4 *:81"));
	ASSERT_EQ(0, candidate(fd, &c));
	pid = spawn_nobody();
	if (!pid) {
		struct netport_candidate next = c;

		CHECK_EQ(EACCES, reserve(fd, "tcp 4 *:82"));
		CHECK_EQ(EPERM, set_range(fd, 20000, 30000));
		CHECK_EQ(EACCES, candidate(fd, &next));
		CHECK_EQ(0, release(fd, token));
		CHECK_EQ(0, release_key(fd, "tcp 4 *:81"));
		CHECK_EQ(0, accept_token(fd, c.reserve.token));
		_exit(0);
	}
	EXPECT_EQ(0, ended(pid));
	EXPECT_EQ(0, release(fd, c.reserve.token));
	EXPECT_TRUE(all_free(IPPROTO_TCP, 80));
	EXPECT_TRUE(all_free(IPPROTO_TCP, 81));
}

TEST_F(privilege, capabilities_are_what_counts)
{
	pid_t pid = spawn();

	if (!pid) {
		become_capable(CAP_NET_BIND_SERVICE);
		CHECK_EQ(0, reserve(owner(), "tcp 4 *:80"));
		CHECK_EQ(EPERM, set_range(owner(), 20000, 30000));
		_exit(0);
	}
	EXPECT_EQ(0, ended(pid));
	pid = spawn();
	if (!pid) {
		become_capable(CAP_NET_ADMIN);
		CHECK_EQ(EACCES, reserve(owner(), "tcp 4 *:80"));
		CHECK_EQ(0, set_range(owner(), 20000, 30000));
		_exit(0);
	}
	EXPECT_EQ(0, ended(pid));
}

TEST_F(privilege, setting_the_range)
{
	unsigned int low, high;
	pid_t pid;

	ASSERT_EQ(0, set_range(self->fd, 20000, 20010));
	pid = spawn_nobody();
	if (!pid) {
		unsigned int l;
		unsigned int h;
		int fd = owner();

		CHECK_EQ(EPERM, set_range(fd, 30000, 30010));
		/* Nor to what it is already. */
		CHECK_EQ(EPERM, set_range(fd, 20000, 20010));
		CHECK_EQ(0, get_range(fd, &l, &h));
		CHECK_EQ(20000, l);
		CHECK_EQ(20010, h);
		_exit(0);
	}
	EXPECT_EQ(0, ended(pid));
	ASSERT_EQ(0, get_range(self->fd, &low, &high));
	EXPECT_EQ(20000, low);
	EXPECT_EQ(20010, high);
}

/* Of two errors that apply, which one is said. */
TEST_F(privilege, malformed_comes_first)
{
	pid_t pid;

	pid = spawn_nobody();
	if (!pid) {
		struct netport_reserve r = request("tcp 4 *:80");
		int fd = owner();

		r.binding.share = 8;
		CHECK_EQ(EINVAL, reserve_request(fd, &r));
		r = request("tcp 4 *:80");
		r.low = 1;
		CHECK_EQ(EINVAL, reserve_request(fd, &r));
		r = request("tcp 4 *:0 =80-79");
		CHECK_EQ(EINVAL, reserve_request(fd, &r));
		_exit(0);
	}
	EXPECT_EQ(0, ended(pid));
}

TEST_F(privilege, before_a_conflict)
{
	pid_t pid;

	ASSERT_EQ(0, reserve(self->fd, "tcp 4 *:80"));
	pid = spawn_nobody();
	if (!pid) {
		CHECK_EQ(EACCES, reserve(owner(), "tcp 4 *:80"));
		_exit(0);
	}
	EXPECT_EQ(0, ended(pid));
}

#define NO_USERNS	4

/* Where nobody is root: a user namespace with a network namespace. */
static void become_root_of_a_netns(int flags)
{
	become(NOBODY);
	/* Else its files in /proc are root's. */
	prctl(PR_SET_DUMPABLE, 1);
	if (unshare(CLONE_NEWUSER | flags)) {
		if (errno == EINVAL || errno == ENOSPC || errno == EPERM)
			_exit(NO_USERNS);
		die("unshare(CLONE_NEWUSER)");
	}
}

TEST_F(privilege, root_of_its_own_namespace)
{
	int outer = self->fd, status;
	unsigned int low, high;
	pid_t pid;

	pid = spawn();
	if (!pid) {
		unsigned int port;
		int fd;

		become_root_of_a_netns(CLONE_NEWNET);
		fd = owner();
		CHECK_EQ(0, reserve(fd, "tcp 4 *:80"));
		CHECK_EQ(0, set_range(fd, 100, 200));
		CHECK_EQ(0, get_range(fd, &low, &high));
		CHECK_EQ(100, low);
		CHECK_EQ(200, high);
		CHECK_EQ(0, pick(fd, "tcp 4 *:0", &port));
		/* Not over the namespace that the other file belongs to. */
		CHECK_EQ(EACCES, reserve(outer, "tcp 4 *:81"));
		CHECK_EQ(EPERM, set_range(outer, 100, 200));
		CHECK_EQ(0, get_range(outer, &low, &high));
		CHECK_EQ(16000, low);
		CHECK_EQ(65535, high);
		_exit(0);
	}
	status = ended(pid);
	if (status == NO_USERNS)
		SKIP(return, "nobody can't make a user namespace here");
	EXPECT_EQ(0, status);
	EXPECT_TRUE(all_free(IPPROTO_TCP, 80));
	EXPECT_TRUE(all_free(IPPROTO_TCP, 81));
}

TEST_F(privilege, root_of_a_user_namespace_only)
{
	int status;
	pid_t pid;

	pid = spawn();
	if (!pid) {
		become_root_of_a_netns(0);
		CHECK_EQ(EACCES, reserve(owner(), "tcp 4 *:80"));
		CHECK_EQ(EPERM, set_range(owner(), 20000, 30000));
		CHECK_EQ(0, reserve(owner(), "tcp 4 *:8080"));
		_exit(0);
	}
	status = ended(pid);
	if (status == NO_USERNS)
		SKIP(return, "nobody can't make a user namespace here");
	EXPECT_EQ(0, status);
}

/* The uid that LOAD_BALANCED asks for is the kernel's, not a namespace's. */
TEST_F(privilege, uid_of_a_user_namespace)
{
	int fd = owner_as(NOBODY), status;
	pid_t pid;

	ASSERT_EQ(0, reserve(self->fd, "tcp 4 *:8080 LB"));
	ASSERT_EQ(0, reserve(fd, "tcp 4 *:8081 LB"));
	pid = spawn();
	if (!pid) {
		become_root_of_a_netns(0);
		if (try_write_file("/proc/self/setgroups", "deny") ||
		    try_write_file("/proc/self/uid_map", "0 65534 1"))
			_exit(NO_USERNS);
		CHECK_EQ(0, geteuid());
		CHECK_EQ(EADDRINUSE, reserve(owner(), "tcp 4 *:8080 LB"));
		CHECK_EQ(0, reserve(owner(), "tcp 4 *:8081 LB"));
		_exit(0);
	}
	status = ended(pid);
	if (status == NO_USERNS)
		SKIP(return, "nobody can't make a user namespace here");
	EXPECT_EQ(0, status);
}

SELFTEST_MAIN
