// SPDX-License-Identifier: GPL-2.0
/*
 * lifetime - how long a reservation is held, and who can end it: files that are closed,
 * duplicated, inherited, sent and lost with their process; tokens and keys.
 */
#include "selftest.h"

/* What this program does when it is executed by a test: tell, and wait for the end. */
#define EXECED	"--execed"
#define EXECED_TELL	10
#define EXECED_WAIT	11

TEST(close_frees)
{
	int fd = owner();

	ASSERT_EQ(0, reserve(fd, "tcp 46 *:80"));
	ASSERT_EQ(0, reserve(fd, "udp 4 10.0.0.1:80"));
	ASSERT_EQ(0, reserve(fd, "udp 4 10.0.0.1:81 >1.1.1.1:5 %1 LB"));
	ASSERT_EQ(0, reserve(fd, "udp 4 10.0.0.1:81 >1.1.1.1:5 %1 LB"));
	EXPECT_FALSE(all_free(IPPROTO_TCP, 80));
	EXPECT_FALSE(all_free(IPPROTO_UDP, 80));
	EXPECT_FALSE(all_free(IPPROTO_UDP, 81));
	close(fd);
	EXPECT_TRUE(all_free(IPPROTO_TCP, 80));
	EXPECT_TRUE(all_free(IPPROTO_UDP, 80));
	EXPECT_TRUE(all_free(IPPROTO_UDP, 81));
}

TEST(close_frees_its_own_only)
{
	int a = owner(), b = owner();

	ASSERT_EQ(0, reserve(a, "udp 4 *:80 LB"));
	ASSERT_EQ(0, reserve(b, "udp 4 *:80 LB"));
	ASSERT_EQ(0, reserve(a, "udp 4 *:81"));
	ASSERT_EQ(0, reserve(b, "udp 4 *:82"));
	close(a);
	EXPECT_TRUE(all_free(IPPROTO_UDP, 81));
	EXPECT_FALSE(all_free(IPPROTO_UDP, 80));
	EXPECT_FALSE(all_free(IPPROTO_UDP, 82));
	EXPECT_EQ(0, release_key(b, "udp 4 *:80 LB"));
	EXPECT_TRUE(all_free(IPPROTO_UDP, 80));
}

TEST(close_frees_a_candidate)
{
	struct netport_candidate c = candidate_request("tcp 4 *:0 =40000-40000");
	int fd = owner();

	ASSERT_EQ(0, candidate(fd, &c));
	EXPECT_FALSE(all_free(IPPROTO_TCP, 40000));
	close(fd);
	EXPECT_TRUE(all_free(IPPROTO_TCP, 40000));
}

TEST(dup_is_the_same_owner)
{
	int fd = owner(), copy = dup(fd);
	__u64 first, second;

	ASSERT_GE(copy, 0);
	ASSERT_EQ(0, reserve_token(fd, "tcp 4 *:80", &first));
	ASSERT_EQ(0, reserve_token(copy, "tcp 4 *:81", &second));
	EXPECT_EQ(0, release(copy, first));
	close(fd);
	EXPECT_FALSE(all_free(IPPROTO_TCP, 81));
	EXPECT_EQ(0, release_key(copy, "tcp 4 *:81"));
	ASSERT_EQ(0, reserve(copy, "tcp 4 *:82"));
	close(copy);
	EXPECT_TRUE(all_free(IPPROTO_TCP, 82));
}

TEST(fork_shares)
{
	int fd = owner();
	__u64 token;
	pid_t pid;

	ASSERT_EQ(0, reserve_token(fd, "tcp 4 *:80", &token));
	pid = spawn();
	if (!pid) {
		CHECK_EQ(EADDRINUSE, reserve(fd, "tcp 4 *:80"));
		CHECK_EQ(0, release(fd, token));
		CHECK_EQ(0, reserve(fd, "tcp 4 *:81"));
		_exit(0);
	}
	ASSERT_EQ(0, ended(pid));
	EXPECT_EQ(ENOENT, release(fd, token));
	/* It outlives the child that made it. */
	EXPECT_FALSE(all_free(IPPROTO_TCP, 81));
	EXPECT_EQ(0, release_key(fd, "tcp 4 *:81"));
}

TEST(fork_keeps)
{
	int fd = owner();
	pid_t pid;

	ASSERT_EQ(0, reserve(fd, "tcp 4 *:80"));
	pid = spawn();
	if (!pid) {
		pause();
		_exit(1);
	}
	close(fd);
	EXPECT_FALSE(all_free(IPPROTO_TCP, 80));
	kill(pid, SIGKILL);
	EXPECT_EQ(256 + SIGKILL, ended(pid));
	EXPECT_TRUE(all_free(IPPROTO_TCP, 80));
}

TEST(sent_file_shares_and_keeps)
{
	struct gate sent = gate_new(), done = gate_new();
	int fd, pair[2];
	pid_t pid;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	pid = spawn();
	if (!pid) {
		fd = receive_fd(pair[1]);
		CHECK_EQ(0, release_key(fd, "tcp 4 *:80"));
		CHECK_EQ(0, reserve(fd, "tcp 4 *:82"));
		gate_open(&sent);
		gate_wait(&done);
		_exit(0);
	}
	fd = owner();
	ASSERT_EQ(0, reserve(fd, "tcp 4 *:80"));
	ASSERT_EQ(0, reserve(fd, "tcp 4 *:81"));
	send_fd(pair[0], fd);
	close(fd);
	gate_wait(&sent);
	EXPECT_TRUE(all_free(IPPROTO_TCP, 80));
	EXPECT_FALSE(all_free(IPPROTO_TCP, 81));
	EXPECT_FALSE(all_free(IPPROTO_TCP, 82));
	gate_open(&done);
	EXPECT_EQ(0, ended(pid));
	EXPECT_TRUE(all_free(IPPROTO_TCP, 81));
	EXPECT_TRUE(all_free(IPPROTO_TCP, 82));
}

TEST(file_on_its_way_keeps)
{
	int fd = owner(), pair[2], i;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	ASSERT_EQ(0, reserve(fd, "tcp 4 *:80"));
	send_fd(pair[0], fd);
	close(fd);
	close(pair[0]);
	EXPECT_FALSE(all_free(IPPROTO_TCP, 80));
	/* Nobody received it. When the socket lets go of it is not for us to say. */
	close(pair[1]);
	for (i = 0; i < 500 && !all_free(IPPROTO_TCP, 80); i++)
		sleep_ms(10);
	EXPECT_TRUE(all_free(IPPROTO_TCP, 80));
}

/* A child that has executed another program; it ends when the gate is closed. */
static pid_t spawn_execed(int fd, bool cloexec, const struct gate *quit)
{
	struct gate ready = gate_new();
	pid_t pid;

	if (fcntl(fd, F_SETFD, cloexec ? FD_CLOEXEC : 0))
		die("fcntl");
	pid = spawn();
	if (!pid) {
		if (dup2(ready.fd[1], EXECED_TELL) < 0 || dup2(quit->fd[0], EXECED_WAIT) < 0)
			die("dup2");
		execl("/proc/self/exe", "lifetime", EXECED, NULL);
		die("exec");
	}
	gate_wait(&ready);
	close(ready.fd[0]);
	close(ready.fd[1]);
	return pid;
}

static int execed(void)
{
	char c;

	if (write(EXECED_TELL, "", 1) != 1)
		return 1;
	return read(EXECED_WAIT, &c, 1) != 0;
}

TEST(exec_keeps)
{
	struct gate quit = gate_new();
	int fd = owner();
	pid_t pid;

	ASSERT_EQ(0, reserve(fd, "tcp 4 *:80"));
	pid = spawn_execed(fd, false, &quit);
	close(fd);
	EXPECT_FALSE(all_free(IPPROTO_TCP, 80));
	close(quit.fd[1]);
	EXPECT_EQ(0, ended(pid));
	EXPECT_TRUE(all_free(IPPROTO_TCP, 80));
}

TEST(exec_closes_with_cloexec)
{
	struct gate quit = gate_new();
	int fd = owner();
	pid_t pid;

	ASSERT_EQ(0, reserve(fd, "tcp 4 *:80"));
	pid = spawn_execed(fd, true, &quit);
	/* This process still has it, and then nobody. */
	EXPECT_FALSE(all_free(IPPROTO_TCP, 80));
	close(fd);
	EXPECT_TRUE(all_free(IPPROTO_TCP, 80));
	close(quit.fd[1]);
	EXPECT_EQ(0, ended(pid));
}

#define MANY	1200

/* On many ports and addresses, of several protocols, alone and shared, and candidates. */
static void reserve_many(int fd)
{
	struct netport_candidate c = candidate_request("sctp 4 *:0 =40000-40000");
	char text[80];
	int i;

	for (i = 0; i < MANY; i++) {
		switch (i % 4) {
		case 0:
			snprintf(text, sizeof(text), "tcp 4 10.0.0.1:%d", 20000 + i);
			break;
		case 1:
			snprintf(text, sizeof(text), "udp 46 *:%d", 20000 + i);
			break;
		case 2:
			snprintf(text, sizeof(text), "tcp 4 10.0.%d.2:20000 LB", i / 250);
			break;
		case 3:
			snprintf(text, sizeof(text), "tcp 4 10.1.0.1:443 >1.1.1.1:%d", i);
			break;
		}
		CHECK_EQ(0, reserve(fd, text));
	}
	CHECK_EQ(0, candidate(fd, &c));
}

static unsigned int many_left(void)
{
	unsigned int left = 0;
	int fd = owner(), i;

	for (i = 0; i < MANY; i += 4) {
		left += !all_free_to(fd, IPPROTO_TCP, 20000 + i);
		left += !all_free_to(fd, IPPROTO_UDP, 20001 + i);
	}
	left += !all_free_to(fd, IPPROTO_TCP, 443);
	left += !all_free_to(fd, IPPROTO_SCTP, 40000);
	close(fd);
	return left;
}

TEST(sigkill_frees_everything)
{
	struct gate ready = gate_new();
	pid_t pid;

	pid = spawn();
	if (!pid) {
		reserve_many(owner());
		gate_open(&ready);
		pause();
		_exit(1);
	}
	close(ready.fd[1]);
	gate_wait(&ready);
	EXPECT_FALSE(all_free(IPPROTO_TCP, 443));
	EXPECT_FALSE(all_free(IPPROTO_TCP, 20000));
	EXPECT_FALSE(all_free(IPPROTO_UDP, 20001));
	kill(pid, SIGKILL);
	EXPECT_EQ(256 + SIGKILL, ended(pid));
	EXPECT_EQ(0, many_left());
}

/* In the middle of whatever it is doing. */
TEST(sigkill_at_any_time)
{
	unsigned int round, port;
	int other = owner();
	pid_t pid;

	for (round = 0; round < 8; round++) {
		struct gate ready = gate_new();

		pid = spawn();
		if (!pid) {
			int fd = owner();

			gate_open(&ready);
			for (port = 0;; port++) {
				struct netport_candidate c =
					candidate_request("udp 4 *:0 =30000-30063");
				char text[64];

				snprintf(text, sizeof(text), "tcp 4 *:%u", 30000 + port % 64);
				reserve(fd, text);
				candidate(fd, &c);
				candidate(fd, &c);
				if (port % 3)
					release_key(fd, text);
				if (port % 5)
					release(fd, c.reserve.token);
			}
		}
		gate_wait(&ready);
		sleep_ms(1 + 7 * round);
		kill(pid, SIGKILL);
		ASSERT_EQ(256 + SIGKILL, ended(pid));
		for (port = 30000; port < 30064; port++) {
			ASSERT_TRUE(all_free_to(other, IPPROTO_TCP, port)) TH_LOG("%u", port);
			ASSERT_TRUE(all_free_to(other, IPPROTO_UDP, port)) TH_LOG("%u", port);
		}
		close(ready.fd[0]);
		close(ready.fd[1]);
	}
}

TEST(nobody_else_can_release)
{
	int fd = owner(), other = owner(), foreign = owner_as(1000);
	struct netport_candidate c = candidate_request("tcp 4 *:0 =40000-40000");
	__u64 token;

	ASSERT_EQ(0, reserve_token(fd, "tcp 4 *:80 LB", &token));
	ASSERT_EQ(0, candidate(fd, &c));
	EXPECT_EQ(ENOENT, release(other, token));
	EXPECT_EQ(ENOENT, release_key(other, "tcp 4 *:80 LB"));
	EXPECT_EQ(ENOENT, release(other, c.reserve.token));
	EXPECT_EQ(ENOENT, release_key(other, "tcp 4 *:40000"));
	EXPECT_EQ(ENOENT, release(foreign, token));
	EXPECT_EQ(ENOENT, release_key(foreign, "tcp 4 *:80 LB"));
	/* Not even one that holds an equal one: it releases its own. */
	ASSERT_EQ(0, reserve(other, "tcp 4 *:80 LB"));
	EXPECT_EQ(0, release_key(other, "tcp 4 *:80 LB"));
	EXPECT_EQ(ENOENT, release_key(other, "tcp 4 *:80 LB"));
	EXPECT_FALSE(all_free(IPPROTO_TCP, 80));
	EXPECT_EQ(0, release(fd, token));
	EXPECT_EQ(0, release(fd, c.reserve.token));
}

TEST(owner_has_the_uid_of_the_open)
{
	int fd = owner_as(1000);
	pid_t pid;

	/* Whoever uses it. */
	ASSERT_EQ(0, reserve(fd, "tcp 4 *:8080 LB"));
	pid = spawn();
	if (!pid) {
		become(1001);
		CHECK_EQ(0, reserve(fd, "tcp 4 *:8080 LB"));
		CHECK_EQ(EADDRINUSE, reserve(owner(), "tcp 4 *:8080 LB"));
		_exit(0);
	}
	EXPECT_EQ(0, ended(pid));
	pid = spawn();
	if (!pid) {
		become(1000);
		CHECK_EQ(0, reserve(owner(), "tcp 4 *:8080 LB"));
		_exit(0);
	}
	EXPECT_EQ(0, ended(pid));
}

TEST(release_twice)
{
	int fd = owner();
	__u64 token;

	ASSERT_EQ(0, reserve_token(fd, "tcp 4 *:80", &token));
	EXPECT_EQ(0, release(fd, token));
	EXPECT_EQ(ENOENT, release(fd, token));
	EXPECT_EQ(ENOENT, release_key(fd, "tcp 4 *:80"));
	ASSERT_EQ(0, reserve_token(fd, "tcp 4 *:80", &token));
	EXPECT_EQ(0, release_key(fd, "tcp 4 *:80"));
	EXPECT_EQ(ENOENT, release_key(fd, "tcp 4 *:80"));
	EXPECT_EQ(ENOENT, release(fd, token));
}

TEST(release_of_what_never_was)
{
	int fd = owner(), i;
	__u64 token;

	EXPECT_EQ(ENOENT, release(fd, 1));
	EXPECT_EQ(ENOENT, release(fd, ~0ULL));
	EXPECT_EQ(ENOENT, release_key(fd, "tcp 4 *:80"));
	EXPECT_EQ(ENOENT, release_key(fd, "60000 6 [2001:db8::1]:80"));
	/* A token is all of its bits. */
	ASSERT_EQ(0, reserve_token(fd, "tcp 4 *:80", &token));
	for (i = 0; i < 64; i++)
		EXPECT_EQ(ENOENT, release(fd, token ^ 1ULL << i)) TH_LOG("bit %d", i);
	EXPECT_EQ(0, release(fd, token));
}

TEST(token_of_a_closed_owner)
{
	int fd = owner(), next;
	__u64 token;

	ASSERT_EQ(0, reserve_token(fd, "tcp 4 *:80", &token));
	close(fd);
	next = owner();
	EXPECT_EQ(ENOENT, release(next, token));
	ASSERT_EQ(0, reserve(next, "tcp 4 *:80"));
	EXPECT_EQ(ENOENT, release(next, token));
	EXPECT_FALSE(all_free(IPPROTO_TCP, 80));
}

static int compare_tokens(const void *a, const void *b)
{
	__u64 x = *(const __u64 *)a, y = *(const __u64 *)b;

	return x < y ? -1 : x > y;
}

TEST(tokens_are_never_used_again)
{
	static __u64 token[1200];
	int fd = owner(), other = owner();
	unsigned int i, port;

	for (i = 0; i < ARRAY_SIZE(token); i++) {
		int by = i % 2 ? fd : other;

		/* The same key over and over, another one, one that was picked. */
		switch (i % 3) {
		case 0:
			ASSERT_EQ(0, reserve_token(by, "tcp 4 *:80", &token[i]));
			break;
		case 1:
			ASSERT_EQ(0, reserve_token(by, "udp 6 [::1]:81 LB", &token[i]));
			break;
		default: {
			struct netport_reserve r = request("tcp 4 10.0.0.1:0");

			ASSERT_EQ(0, reserve_request(by, &r));
			token[i] = r.token;
			break;
		}
		}
		ASSERT_EQ(0, release(by, token[i]));
	}
	qsort(token, ARRAY_SIZE(token), sizeof(token[0]), compare_tokens);
	for (i = 1; i < ARRAY_SIZE(token); i++)
		ASSERT_NE(token[i - 1], token[i]);
	EXPECT_EQ(0, pick(fd, "tcp 4 *:0", &port));
}

/* Which one isn't said, but it is one, and of this owner. */
static unsigned int released_of(int fd, const __u64 *token, unsigned int n)
{
	unsigned int gone = 0, i;

	for (i = 0; i < n; i++)
		gone += release(fd, token[i]) == ENOENT;
	return gone;
}

TEST(one_of_equal_ones_goes)
{
	static const char *const texts[] = {
		"udp 4 10.0.0.1:80 LB",
		"udp 46 *:80 LB",
		"udp 4 10.0.0.1:80 >1.1.1.1:5 LB tuple",
	};
	int fd = owner(), other = owner();
	unsigned int i, j, n;
	__u64 token[4], others;

	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		for (n = 0; n <= 4; n++) {
			for (j = 0; j < 4; j++)
				ASSERT_EQ(0, reserve_token(fd, texts[i], &token[j]));
			ASSERT_EQ(0, reserve_token(other, texts[i], &others));
			for (j = 0; j < n; j++)
				EXPECT_EQ(0, release_key(fd, texts[i]));
			if (n == 4)
				EXPECT_EQ(ENOENT, release_key(fd, texts[i]));
			EXPECT_EQ(n, released_of(fd, token, 4));
			EXPECT_EQ(ENOENT, release_key(fd, texts[i]));
			EXPECT_EQ(0, release(other, others));
		}
	}
}

TEST(candidate_by_key)
{
	struct netport_candidate c = candidate_request("tcp 4 10.0.0.1:0 =40000-40000 LB");
	int fd = owner();

	ASSERT_EQ(0, candidate(fd, &c));
	EXPECT_EQ(ENOENT, release_key(fd, "tcp 4 10.0.0.1:40000"));
	EXPECT_EQ(0, release_key(fd, "tcp 4 10.0.0.1:40000 LB"));
	EXPECT_TRUE(all_free(IPPROTO_TCP, 40000));
	EXPECT_EQ(ENOENT, accept_token(fd, c.reserve.token));
}

TEST(any_mode_of_open_does)
{
	static const int modes[] = { O_RDONLY, O_WRONLY, O_RDWR };
	unsigned int i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		fd = open(NETPORT_DEVICE, modes[i] | O_CLOEXEC);
		ASSERT_GE(fd, 0);
		EXPECT_EQ(0, reserve(fd, "tcp 4 *:80"));
		EXPECT_FALSE(all_free(IPPROTO_TCP, 80));
		close(fd);
		EXPECT_TRUE(all_free(IPPROTO_TCP, 80));
	}
}

TEST(ioctl_and_close_are_the_only_calls)
{
	int fd = owner();
	char c = 0;

	ASSERT_EQ(0, reserve(fd, "tcp 4 *:80"));
	EXPECT_EQ(-1, read(fd, &c, 1));
	EXPECT_EQ(-1, write(fd, &c, 1));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, getpagesize(), PROT_READ, MAP_SHARED, fd, 0));
	EXPECT_FALSE(all_free(IPPROTO_TCP, 80));
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], EXECED))
		return execed();
	return selftest_main(argc, argv);
}
