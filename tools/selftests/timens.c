// SPDX-License-Identifier: GPL-2.0
/*
 * Deadlines are of the clock that the caller reads, also in a time namespace.
 */
#include "selftest.h"

#include <sys/wait.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

#define SECOND 1000000000LL

static __u64 clock_now(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts))
		die("clock_gettime");
	return ts.tv_sec * SECOND + ts.tv_nsec;
}

/* In a child with another clock: how the wait for a held port ended. */
static int wait_in_timens(long long wait)
{
	struct netport_request r = { .reserve = request("udp 4 *:5000") };
	int fd = open(NETPORT_DEVICE, O_RDWR), err;

	if (fd < 0)
		return 100;
	r.terms.deadline = clock_now() + wait;
	alarm(20);
	err = ioctl(fd, NETPORT_IOC_REQUEST, &r) ? errno : 0;
	/* Not at once, either. */
	return !err ? 101 : clock_now() < r.terms.deadline ? 102 : err == ETIMEDOUT ? 0 : 103;
}

static int timens_child(long ahead)
{
	FILE *f;
	pid_t pid;
	int status;

	if (unshare(CLONE_NEWTIME))
		return 110;
	f = fopen("/proc/self/timens_offsets", "w");
	if (!f || fprintf(f, "monotonic %ld 0\n", ahead) < 0 || fclose(f))
		return 111;
	pid = fork();
	if (!pid)
		_exit(wait_in_timens(SECOND / 5));
	if (waitpid(pid, &status, 0) != pid)
		return 112;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 113;
}

FIXTURE(timens) { int fd; };
FIXTURE_VARIANT(timens) { long ahead; };
FIXTURE_VARIANT_ADD(timens, ahead) { .ahead = 1000000 };
FIXTURE_VARIANT_ADD(timens, behind) { .ahead = -1 };

FIXTURE_SETUP(timens)
{
	struct netport_reserve r = request("udp 4 *:5000");

	self->fd = open(NETPORT_DEVICE, O_RDWR);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ioctl(self->fd, NETPORT_IOC_RESERVE, &r));
}

FIXTURE_TEARDOWN(timens)
{
	close(self->fd);
}

TEST_F(timens, a_deadline_is_of_the_callers_clock)
{
	pid_t pid;
	int status;

	if (access("/proc/self/ns/time", F_OK))
		SKIP(return, "no time namespaces in this kernel");
	pid = fork();
	if (!pid)
		_exit(timens_child(variant->ahead));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_TRUE(WIFEXITED(status));
	EXPECT_EQ(0, WEXITSTATUS(status));
}

SELFTEST_MAIN
