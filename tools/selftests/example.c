// SPDX-License-Identifier: GPL-2.0
/*
 * example - the README's program does what it says, and leaves nothing behind.
 *
 * NETPORT_BIN is the directory of the program, /examples if unset.
 */
#include "selftest.h"

static const char *example_path(void)
{
	static char path[512];
	const char *dir = getenv("NETPORT_BIN");

	snprintf(path, sizeof(path), "%s/example", dir && *dir ? dir : "/examples");
	return path;
}

/* Runs it; what it says, on both outputs, is in @said. */
static int run_example(char *said, size_t size)
{
	size_t n = 0;
	ssize_t got;
	int fd[2];
	pid_t pid;

	if (pipe2(fd, O_CLOEXEC))
		die("pipe");
	pid = spawn();
	if (!pid) {
		if (dup2(fd[1], 1) < 0 || dup2(fd[1], 2) < 0)
			die("dup2");
		execl(example_path(), "example", NULL);
		_exit(126);
	}
	close(fd[1]);
	while (n < size - 1 && (got = read(fd[0], said + n, size - 1 - n)) > 0)
		n += got;
	said[n] = 0;
	close(fd[0]);
	return ended(pid);
}

FIXTURE(example) {
	char said[512];
};

FIXTURE_SETUP(example)
{
	if (access(example_path(), X_OK))
		SKIP(return, "no %s; set NETPORT_BIN", example_path());
}

/* Also if the test has come to a sudden end. */
FIXTURE_TEARDOWN_PARENT(example)
{
	restore_netns();
}

TEST_F(example, does_what_it_says)
{
	unsigned int tcp, udp;
	char end;
	int n;

	ASSERT_EQ(0, run_example(self->said, sizeof(self->said))) TH_LOG("%s", self->said);
	n = sscanf(self->said, "ours: TCP %u, UDP %u%c", &tcp, &udp, &end);
	ASSERT_EQ(3, n) TH_LOG("%s", self->said);
	EXPECT_EQ('\n', end);
	EXPECT_EQ(8080, tcp);
	EXPECT_GE(udp, 16000);
	EXPECT_EQ(0, udp % 2);
	EXPECT_TRUE(all_free(IPPROTO_TCP, tcp));
	EXPECT_TRUE(all_free(IPPROTO_UDP, udp));
}

TEST_F(example, finds_the_only_even_port)
{
	int fd = owner();

	ASSERT_EQ(0, set_range(fd, 30001, 30009));
	ASSERT_EQ(0, reserve(fd, "udp 4 *:30002"));
	ASSERT_EQ(0, reserve(fd, "udp 4 127.0.0.1:30004"));
	ASSERT_EQ(0, reserve(fd, "udp 46 *:30008"));
	ASSERT_EQ(0, run_example(self->said, sizeof(self->said))) TH_LOG("%s", self->said);
	EXPECT_STREQ("ours: TCP 8080, UDP 30006\n", self->said);
}

TEST_F(example, says_what_it_could_not_get)
{
	int fd = owner();

	ASSERT_EQ(0, reserve(fd, "tcp 4 10.0.0.1:8080"));
	EXPECT_EQ(1, run_example(self->said, sizeof(self->said)));
	EXPECT_STREQ("example: reserve TCP port 8080: Address already in use\n", self->said);
	EXPECT_EQ(0, release_key(fd, "tcp 4 10.0.0.1:8080"));
	/* No even port in the range: the one that could be had is turned down. */
	ASSERT_EQ(0, set_range(fd, 30001, 30001));
	EXPECT_EQ(1, run_example(self->said, sizeof(self->said)));
	EXPECT_STREQ("example: find a UDP port: Cannot assign requested address\n", self->said);
	EXPECT_TRUE(all_free(IPPROTO_TCP, 8080));
	EXPECT_TRUE(all_free(IPPROTO_UDP, 30001));
}

SELFTEST_MAIN
