// SPDX-License-Identifier: GPL-2.0
/*
 * rmmod - the module goes only when nobody uses it, and comes back as new.
 *
 * NETPORT_MODULES is the directory of netport.ko and netport_user.ko, /modules if unset.
 * Whatever happens, each test leaves netport loaded.
 */
#include "keep.h"
#include "modules.h"

FIXTURE(rmmod) {
	/* Not without members, in C. */
	int unused;
};

FIXTURE_SETUP(rmmod)
{
	if (access(module_path("netport"), R_OK))
		SKIP(return, "no %s; set NETPORT_MODULES", module_path("netport"));
	ASSERT_EQ(0, without_suites());
}

FIXTURE_TEARDOWN_PARENT(rmmod)
{
	if (loaded("netport_user") && unload("netport_user"))
		fprintf(stderr, "# netport_user stays\n");
	if (!loaded("netport") && load("netport"))
		fprintf(stderr, "# netport can't be loaded\n");
}

TEST_F(rmmod, goes_and_comes_back)
{
	unsigned int low, high, i;
	int fd;

	for (i = 0; i < 3; i++) {
		fd = owner();
		ASSERT_EQ(0, reserve(fd, "tcp 46 *:80"));
		ASSERT_EQ(0, reserve(fd, "tcp 4 10.0.0.1:81 LB"));
		ASSERT_EQ(0, reserve(fd, "tcp 4 10.0.0.1:81 LB"));
		ASSERT_EQ(0, set_range(fd, 20000, 20010));
		close(fd);
		ASSERT_EQ(0, unload("netport"));
		EXPECT_FALSE(loaded("netport"));
		EXPECT_EQ(-1, try_owner());
		EXPECT_EQ(ENOENT, errno);
		ASSERT_EQ(0, load("netport"));
		/* As new, in this namespace too. */
		fd = owner();
		ASSERT_EQ(0, get_range(fd, &low, &high));
		EXPECT_EQ(16000, low);
		EXPECT_EQ(65535, high);
		EXPECT_EQ(0, reserve(fd, "tcp 46 *:80"));
		close(fd);
	}
}

TEST_F(rmmod, refused_while_the_device_is_open)
{
	int fd = owner();

	EXPECT_TRUE(refused(unload("netport")));
	/* And nothing has happened. */
	EXPECT_EQ(0, reserve(fd, "tcp 4 *:80"));
	EXPECT_FALSE(all_free(IPPROTO_TCP, 80));
	EXPECT_TRUE(refused(unload("netport")));
	EXPECT_EQ(0, release_key(fd, "tcp 4 *:80"));
	EXPECT_TRUE(refused(unload("netport")));
	close(fd);
	EXPECT_EQ(0, unload("netport"));
}

TEST_F(rmmod, refused_while_another_process_has_it_open)
{
	struct gate ready = gate_new();
	pid_t pid = spawn();

	if (!pid) {
		int fd = owner();

		CHECK_EQ(0, reserve(fd, "tcp 4 *:80"));
		gate_open(&ready);
		pause();
	}
	close(ready.fd[1]);
	gate_wait(&ready);
	EXPECT_TRUE(refused(unload("netport")));
	EXPECT_FALSE(all_free(IPPROTO_TCP, 80));
	kill(pid, SIGKILL);
	EXPECT_EQ(256 + SIGKILL, ended(pid));
	EXPECT_EQ(0, unload("netport"));
}

TEST_F(rmmod, debugfs_goes_along)
{
	int fd = open(CHAINS, O_RDONLY);

	ASSERT_LE(0, fd);
	EXPECT_TRUE(refused(unload("netport")));
	close(fd);
	ASSERT_EQ(0, unload("netport"));
	EXPECT_EQ(-1, access("/sys/kernel/debug/netport", F_OK));
	EXPECT_EQ(ENOENT, errno);
	ASSERT_EQ(0, load("netport"));
	EXPECT_EQ(0, access(CHAINS, R_OK));
}

TEST_F(rmmod, refused_while_a_kernel_user_is_there)
{
	unsigned int port;
	char text[64];

	if (access(module_path("netport_user"), R_OK))
		SKIP(return, "no %s", module_path("netport_user"));
	enter_first_netns();
	ASSERT_TRUE(all_free(IPPROTO_UDP, 40123));
	ASSERT_EQ(0, load("netport_user"));
	EXPECT_TRUE(refused(unload("netport")));
	EXPECT_TRUE(loaded("netport"));

	/* It holds a port that it named and one that it picked, against everybody. */
	EXPECT_EQ(EADDRINUSE, free_for_others("udp 4 127.0.0.1:40123"));
	EXPECT_EQ(EADDRINUSE, free_for_others("udp 6 *:40123 LB|MR|TO"));
	EXPECT_EQ(0, free_for_others("tcp 46 *:40123"));
	port = module_number("netport_user", "picked");
	EXPECT_GE(port, 16000);
	EXPECT_EQ(0, port % 2);
	snprintf(text, sizeof(text), "udp 46 *:%u", port);
	EXPECT_EQ(EADDRINUSE, free_for_others(text));

	ASSERT_EQ(0, unload("netport_user"));
	EXPECT_TRUE(all_free(IPPROTO_UDP, 40123));
	EXPECT_TRUE(all_free(IPPROTO_UDP, port));
	EXPECT_EQ(0, unload("netport"));
}

TEST_F(rmmod, kernel_user_gets_an_error_as_anybody)
{
	int fd;

	if (access(module_path("netport_user"), R_OK))
		SKIP(return, "no %s", module_path("netport_user"));
	enter_first_netns();
	fd = owner();
	ASSERT_EQ(0, reserve(fd, "udp 4 127.0.0.1:40123"));
	EXPECT_EQ(EADDRINUSE, load("netport_user"));
	EXPECT_FALSE(loaded("netport_user"));
	EXPECT_EQ(0, release_key(fd, "udp 4 127.0.0.1:40123"));
	/* What it had made by then is gone: this is all there is. */
	EXPECT_TRUE(all_free(IPPROTO_UDP, 40123));
	EXPECT_EQ(0, load("netport_user"));
	EXPECT_FALSE(all_free(IPPROTO_UDP, 40123));
}

/* What outlives its owner doesn't outlive the module, nor keep it. */
TEST_F(rmmod, with_persistent_ones_and_holds_left)
{
	const char *set = "tcp 4 *:2000,udp 4 *:2000";
	unsigned int i;
	char text[64];
	__u64 token;
	int fd;

	keep_netns();
	for (i = 0; i < 3; i++) {
		fd = owner();
		ASSERT_EQ(0, ask_set(fd, set, PERSISTENT | HOLD_HOST, NULL));
		ASSERT_EQ(0, ask_with(fd, "tcp 4 *:2001", PERSISTENT, NULL));
		ASSERT_EQ(0, ask_with(fd, "tcp 4 *:2002", HOLD_HOST, &token));
		ASSERT_EQ(0, release_hold(fd, token, NETPORT_HOLD_MAX, NETPORT_RELEASE_PORT));
		/* Some that end about now. */
		for (token = 0; token < 50; token++) {
			struct netport_request r;

			snprintf(text, sizeof(text), "udp 46 *:%u", 3000 + (unsigned int)token);
			r = ask_for(text, 0);
			ASSERT_EQ(0, ask(fd, &r));
			ASSERT_EQ(0, release_hold(fd, r.reserve.token, 1 + token, 0));
		}
		close(fd);
		ASSERT_EQ(0, unload("netport"));
		ASSERT_EQ(0, load("netport"));
		fd = owner();
		EXPECT_EQ(0, list_all(fd)->n);
		/* And the host's sockets are gone. */
		EXPECT_EQ(0, ask_set(fd, set, HOLD_HOST, NULL));
		EXPECT_EQ(0, ask_with(fd, "tcp 4 *:2002", HOLD_HOST, NULL));
		close(fd);
	}
}

TEST_F(rmmod, while_namespaces_go)
{
	pid_t pid[8];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pid); i++) {
		pid[i] = spawn();
		if (!pid[i]) {
			close(new_netns());
			CHECK_EQ(0, reserve(owner(), "tcp 46 *:80"));
			_exit(0);
		}
	}
	for (i = 0; i < ARRAY_SIZE(pid); i++)
		EXPECT_EQ(0, ended(pid[i]));
	/* Their namespaces go in the background. */
	EXPECT_EQ(0, unload("netport"));
	EXPECT_EQ(0, load("netport"));
	EXPECT_TRUE(all_free(IPPROTO_TCP, 80));
}

SELFTEST_MAIN
