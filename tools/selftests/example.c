// SPDX-License-Identifier: GPL-2.0
/*
 * example - the README's programs do what they say, and leave nothing behind.
 *
 * NETPORT_BIN is the directory of the programs, /examples if unset.
 */
#include "keep.h"

static const char *example_path(const char *name)
{
	static char path[512];
	const char *dir = getenv("NETPORT_BIN");

	snprintf(path, sizeof(path), "%s/%s", dir && *dir ? dir : "/examples", name);
	return path;
}

/* Runs one; what it says, on both outputs, is in @said. */
static int run(const char *name, uid_t uid, char *said, size_t size)
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
		if (setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
			die("setresuid");
		execl(example_path(name), name, NULL);
		_exit(126);
	}
	close(fd[1]);
	while (n < size - 1 && (got = read(fd[0], said + n, size - 1 - n)) > 0)
		n += got;
	said[n] = 0;
	close(fd[0]);
	return ended(pid);
}

static int run_example(char *said, size_t size)
{
	return run("example", 0, said, size);
}

/* Until nothing is reserved here: a hold ends by itself, for all else the test hangs. */
static void wait_for_nothing(int fd)
{
	struct netport_entry entry;
	struct netport_list list;

	do {
		list = (struct netport_list){ .entries = (uintptr_t)&entry,
					      .size = sizeof(entry), .count = 1 };
		if (ioctl(fd, NETPORT_IOC_LIST, &list))
			die("list");
	} while (list.count && !usleep(1000));
}

FIXTURE(example) {
	char said[512];
};

FIXTURE_SETUP(example)
{
	if (access(example_path("example"), X_OK))
		SKIP(return, "no %s; set NETPORT_BIN", example_path("example"));
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

FIXTURE(examples) {
	char said[512];
	int fd;
};

FIXTURE_VARIANT(examples) {
	const char *name;
	const char *says;	/* as scanf() reads it: the ports are what it chooses */
	int ports;
	const char *to_user;	/* what an ordinary user is told, if that is less */
	int user_ports;
};

#define EXAMPLE(_name, _ports, _says, ...)				\
	FIXTURE_VARIANT_ADD(examples, _name) {				\
		.name = #_name, .says = _says "%n", .ports = _ports, __VA_ARGS__ }

#define SAID_HELD	"8081 is of uid %d: hold[%d], \"an example\", \"web\" "

EXAMPLE(set, 3, "TCP and UDP: %d SCTP, too: %d TCP and UDP instead: %d ");
EXAMPLE(block, 5, "RTP %d, RTCP %d even: %d block: %d to %d ");
EXAMPLE(batch, 2, "1000 ports: %d, %d, ... ");
EXAMPLE(wait, 0, "ours: 7001 and 7002 ");
EXAMPLE(hold, 3, SAID_HELD "8081 is nobody's for %d ms more ");
EXAMPLE(handover, 2, "%d is the child's %d was nobody's, and is ours again ",
	.to_user = "%d is the child's %n", .user_ports = 1);
EXAMPLE(host, 2, "%d is not the host's %d is ");
EXAMPLE(list, 1, "protocol 6, port %d: uid %*d, \"to be listed\", ours ");
EXAMPLE(snapshot, 0, "restored 2 reservations on 3 bindings ");
EXAMPLE(candidates, 1, "bound to 127.0.0.1:%d ");
EXAMPLE(ports, 2, "web server on %d, DNS server on %d ");

FIXTURE_SETUP(examples)
{
	if (access(example_path(variant->name), X_OK))
		SKIP(return, "no %s; set NETPORT_BIN", example_path(variant->name));
	set_lo_up();
	self->fd = owner();
	wait_for_nothing(self->fd);
}

FIXTURE_TEARDOWN_PARENT(examples)
{
	restore_netns();
}

/* All that is said is as expected. */
static bool says(const char *said, const char *format, int ports)
{
	int n[5], end[6] = { 0 };
	int *arg[6], i;

	for (i = 0; i < 6; i++)
		arg[i] = i < ports ? &n[i] : &end[i];
	return sscanf(said, format, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]) == ports &&
	       end[ports] == (int)strlen(said);
}

TEST_F(examples, do_what_they_say)
{
	ASSERT_EQ(0, run(variant->name, 0, self->said, sizeof(self->said)))
		TH_LOG("%s", self->said);
	EXPECT_TRUE(says(self->said, variant->says, variant->ports)) TH_LOG("%s", self->said);
}

TEST_F(examples, work_for_an_ordinary_user)
{
	const char *format = variant->to_user ?: variant->says;
	int ports = variant->to_user ? variant->user_ports : variant->ports;

	ASSERT_EQ(0, run(variant->name, NOBODY, self->said, sizeof(self->said)))
		TH_LOG("%s", self->said);
	EXPECT_TRUE(says(self->said, format, ports)) TH_LOG("%s", self->said);
}

TEST_F(examples, leave_nothing_behind)
{
	ASSERT_EQ(0, run(variant->name, 0, self->said, sizeof(self->said)))
		TH_LOG("%s", self->said);
	wait_for_nothing(self->fd);
}

SELFTEST_MAIN
