// SPDX-License-Identifier: GPL-2.0
/*
 * memcg - the memory of a reservation is its maker's: it counts in the memory cgroup, and
 * where that is at its limit a reservation is refused.
 *
 * Needs cgroup v2 with its memory controller.
 */
#include "selftest.h"

/* 750 kB in the smallest form that a reservation could have. */
#define MANY	6000
#define SMALLEST	128

FIXTURE(memcg) {
	char root[64];
	char group[128];
};

static char *in_group(const char *group, const char *file)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", group, file);
	return path;
}

static long long read_number(const char *group, const char *file)
{
	char text[64];

	if (!read_file(in_group(group, file), text, sizeof(text)))
		die("read %s", file);
	return atoll(text);
}

/* A line of a file: "name value". */
static long long read_event(const char *group, const char *name)
{
	char text[512], *line;

	if (!read_file(in_group(group, "memory.events"), text, sizeof(text)))
		die("read memory.events");
	line = strstr(text, name);
	return line ? atoll(line + strlen(name)) : -1;
}

FIXTURE_SETUP(memcg)
{
	char text[512];

	/* A mount of one's own: nobody has to have made one, and it goes by itself. */
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		die("a mount namespace");
	strcpy(self->root, "/tmp/netport-memcg-XXXXXX");
	if (!mkdtemp(self->root))
		die("mkdtemp");
	if (mount("cgroup2", self->root, "cgroup2", 0, NULL)) {
		rmdir(self->root);
		SKIP(return, "no cgroup v2: %s", strerror(errno));
	}
	if (!read_file(in_group(self->root, "cgroup.controllers"), text, sizeof(text)) ||
	    !strstr(text, "memory"))
		SKIP(return, "no memory controller in cgroup v2");
	write_file(in_group(self->root, "cgroup.subtree_control"), "+memory");
	snprintf(self->group, sizeof(self->group), "%s/netport-%d", self->root, getpid());
	if (mkdir(self->group, 0755))
		die("mkdir %s", self->group);
}

FIXTURE_TEARDOWN(memcg)
{
	int i;

	/* A group isn't empty before its last process is reaped. */
	for (i = 0; i < 100 && rmdir(self->group); i++)
		sleep_ms(10);
	umount2(self->root, MNT_DETACH);
	rmdir(self->root);
}

static void reserve_number(int fd, unsigned int i, int want)
{
	char text[64];

	snprintf(text, sizeof(text), "tcp 4 10.0.%u.1:%u", i / 60000, i % 60000 + 2000);
	CHECK_EQ(want, reserve(fd, text));
}

TEST_F(memcg, reservations_are_charged)
{
	struct gate go = gate_new(), done = gate_new();
	long long before, held, after;
	pid_t pid;

	pid = spawn();
	if (!pid) {
		int fd, i;

		/* A cgroup counts in steps of up to 256 kB for each CPU that it's on. */
		stay_on_first_cpu();
		write_file(in_group(self->group, "cgroup.procs"), "0");
		/* What is there once and for all isn't of interest. */
		fd = owner();
		for (i = 0; i < 100; i++)
			reserve_number(fd, i, 0);
		close(fd);
		fd = owner();
		gate_open(&done);
		gate_wait(&go);
		for (i = 0; i < MANY; i++)
			reserve_number(fd, i, 0);
		gate_open(&done);
		gate_wait(&go);
		close(fd);
		gate_open(&done);
		gate_wait(&go);
		_exit(0);
	}
	close(done.fd[1]);
	gate_wait(&done);
	before = read_number(self->group, "memory.current");
	gate_open(&go);
	gate_wait(&done);
	held = read_number(self->group, "memory.current");
	gate_open(&go);
	gate_wait(&done);
	after = read_number(self->group, "memory.current");
	gate_open(&go);
	EXPECT_EQ(0, ended(pid));

	EXPECT_GE(held - before, MANY * SMALLEST / 2)
		TH_LOG("%lld, %lld with %d held, %lld", before, held, MANY, after);
	EXPECT_LE(after - before, (held - before) / 2)
		TH_LOG("%lld, %lld with %d held, %lld", before, held, MANY, after);
}

struct shared {
	int err;
	unsigned int held;
	bool released;
};

TEST_F(memcg, limit_is_enomem)
{
	struct shared *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;
	char max[32];
	pid_t pid;

	ASSERT_NE(MAP_FAILED, s);
	pid = spawn();
	if (!pid) {
		int fd = owner();
		unsigned int i;
		char text[64];

		/* It is to get an error, not to be killed; and not to need memory itself. */
		write_file("/proc/self/oom_score_adj", "-1000");
		write_file(in_group(self->group, "cgroup.procs"), "0");
		reserve_number(fd, 0, 0);
		if (mlockall(MCL_CURRENT | MCL_FUTURE))
			die("mlockall");
		snprintf(max, sizeof(max), "%lld",
			 read_number(self->group, "memory.current") + (1 << 20));
		write_file(in_group(self->group, "memory.max"), max);
		for (i = 1; i < 60000; i++) {
			snprintf(text, sizeof(text), "tcp 4 10.0.0.1:%u", i + 2000);
			s->err = reserve(fd, text);
			if (s->err)
				break;
			s->held = i;
		}
		/* The one refused isn't there; all others are, and can go. */
		if (s->err == ENOMEM && release_key(fd, text) == ENOENT) {
			snprintf(text, sizeof(text), "tcp 4 10.0.0.1:%u", s->held + 2000);
			s->released = !release_key(fd, text);
		}
		_exit(0);
	}
	status = ended(pid);
	EXPECT_GT(read_event(self->group, "max "), 0);
	if (status == 256 + SIGKILL) {
		/* The kernel found it killable all the same; limited it is. */
		EXPECT_GT(read_event(self->group, "oom_kill "), 0);
	} else {
		EXPECT_EQ(0, status);
		EXPECT_EQ(ENOMEM, s->err);
		EXPECT_TRUE(s->released);
	}
	EXPECT_GE(s->held, 1000);
	EXPECT_LT(s->held, 59999);
	EXPECT_TRUE(all_free(IPPROTO_TCP, 2000));
	EXPECT_TRUE(all_free(IPPROTO_TCP, 2000 + s->held));
}

SELFTEST_MAIN
