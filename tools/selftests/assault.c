// SPDX-License-Identifier: GPL-2.0
/*
 * assault - a user without privileges, at random, from many processes at once: nonsense in
 * calls, memory that changes and goes away while a call reads it, as many owners, reservations,
 * waits and holds as there may be, namespaces of its own; and all of it killed at any time.
 *
 * Others notice nothing, no call writes an address of the kernel's, and then nothing is left.
 *
 * NETPORT_SECONDS is how long (a moment if unset), NETPORT_SEED where it starts.
 */
#include "tidy.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/wait.h>

/* Nobody else in the machine has it. */
#define UID	31451

#define ATTACKERS	6
#define POOL		32

/* What all of them share. */
static struct assault {
	atomic_bool stop;
	atomic_ulong calls, worked, leaks;
	atomic_ulong attacks[8];
	char leak[64];
} *assault;

static int pool[POOL];
static __u64 luck;

static unsigned int below(unsigned int n)
{
	luck ^= luck >> 12;
	luck ^= luck << 25;
	luck ^= luck >> 27;
	return (luck * 0x2545f4914f6cdd1dULL >> 33) % n;
}

static bool one_in(unsigned int n)
{
	return !below(n);
}

static void put_file(int fd)
{
	unsigned int i = below(POOL);

	if (pool[i] >= 0)
		close(pool[i]);
	pool[i] = fd;
}

static int a_file(void)
{
	return pool[below(POOL)];
}

/*
 * Somewhere to point at: a page that can be written, one that can be read, and none.  What is
 * in the first is seen in another place, too, where it can always be written.
 */
static __u8 *yard, *window;

static __u64 a_pointer(void)
{
	static const __u64 places[] = {
		0, 8, 0xffffc90000000000, 0xffffea0000000000, 0xfffffffffffffff0,
		0x7ffffffff000, 0x800000000000, 0xdead000000000100,
	};

	if (one_in(3))
		return places[below(ARRAY_SIZE(places))];
	return (uintptr_t)yard + below(3 * 4096);
}

/* A pointer to what the kernel has allocated, or to itself, in what a call has written. */
static void look_for_pointers(const __u8 *before, const __u8 *after, size_t size,
			      unsigned long cmd)
{
	size_t i;

	for (i = 0; i + 8 <= size; i++) {
		__u64 word;

		memcpy(&word, after + i, 8);
		if ((word >> 40 != 0xffff88 &&
		     (word < 0xffffffff80000000 || word >= 0xffffffffd0000000)) ||
		    !memcmp(before + i + 4, after + i + 4, 4))
			continue;
		if (!atomic_fetch_add(&assault->leaks, 1))
			snprintf(assault->leak, sizeof(assault->leak), "command %#lx at %zu: %#llx",
				 cmd, i, (unsigned long long)word);
	}
}

static unsigned long a_command(void)
{
	static const unsigned long commands[] = {
		NETPORT_IOC_RESERVE, NETPORT_IOC_REQUEST, NETPORT_IOC_RELEASE,
		NETPORT_IOC_AVAILABLE_REQUEST, NETPORT_IOC_CANDIDATE, NETPORT_IOC_ACCEPT,
		NETPORT_IOC_GET_RANGE, NETPORT_IOC_SET_RANGE, NETPORT_IOC_EPHEMERAL,
		NETPORT_IOC_EXTEND, NETPORT_IOC_REBIND, NETPORT_IOC_BATCH,
		NETPORT_IOC_RELEASE_BATCH, NETPORT_IOC_TRANSFER, NETPORT_IOC_ADOPT,
		NETPORT_IOC_LABEL, NETPORT_IOC_WISH, NETPORT_IOC_GRANTED, NETPORT_IOC_UNWISH,
		NETPORT_IOC_LIST, NETPORT_IOC_INFO,
	};

	return commands[below(ARRAY_SIZE(commands))];
}

/*
 * It goes when its parent does, also if that went before it could say so: nobody else knows of it.
 * To be said again by who becomes another user.
 */
static void end_with(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
}

static pid_t offspring(void)
{
	pid_t parent = getpid(), pid = fork();

	if (!pid)
		end_with(parent);
	return pid;
}

static int call(int fd, unsigned long cmd, void *arg)
{
	int err = ioctl(fd, cmd, arg) ? errno : 0;

	atomic_fetch_add(&assault->calls, 1);
	if (!err)
		atomic_fetch_add(&assault->worked, 1);
	return err;
}

static struct netport_request a_request(void)
{
	static const char *const texts[] = {
		"tcp 4 *:0", "udp 46 *:0 LB", "udp 4 *:2000 LB", "tcp 4 10.0.0.1:0",
		"udp 6 [2001:db8::1]:0 >[2001:db8::2]:5 MR", "262 4 10.0.0.2:2000 %2 LB|MR",
	};
	struct netport_request r = ask_for(texts[below(ARRAY_SIZE(texts))], 0);

	if (r.reserve.binding.port)
		r.reserve.binding.port += below(64);
	return r;
}

/* Almost what a command takes, or nothing like it. */
static void attack_bytes(void)
{
	struct netport_request r;
	__u8 arg[256], before[256];
	unsigned int n, i;
	unsigned long cmd;

	for (n = 0; n < 500; n++) {
		cmd = a_command();
		memset(arg, 0, sizeof(arg));
		r = a_request();
		if (one_in(2))
			memcpy(arg, &r, sizeof(r));
		if (one_in(4))
			cmd = _IOC(one_in(4) ? below(4) : _IOC_READ | _IOC_WRITE,
				   NETPORT_IOC_MAGIC, below(24), below(256));
		for (i = below(12); i; i--)
			arg[below(_IOC_SIZE(cmd) + 1)] = below(256);
		for (i = below(3); i; i--) {
			__u64 p = a_pointer();

			memcpy(arg + below(_IOC_SIZE(cmd) / 8 + 1) * 8, &p, 8);
		}
		memcpy(before, arg, sizeof(arg));
		memset(window, 0xcc, 4096);
		call(a_file(), cmd, arg);
		look_for_pointers(before, arg, sizeof(arg), cmd);
		memset(before, 0xcc, sizeof(before));
		look_for_pointers(before, window, sizeof(before), cmd);
	}
}

static void attack_owners(void)
{
	int fd[200];
	unsigned int i, n;

	for (n = 0; n < ARRAY_SIZE(fd); n++) {
		struct netport_request r = a_request();

		fd[n] = try_owner();
		if (fd[n] < 0)
			break;
		call(fd[n], NETPORT_IOC_REQUEST, &r);
	}
	for (i = 0; i < n; i++)
		close(fd[i]);
}

/* As much as there may be, looked at, and dropped at once. */
static void attack_quota(void)
{
	static struct netport_request r[NETPORT_BATCH_MAX];
	static struct netport_entry e[256];
	struct netport_batch b = {
		.requests = (uintptr_t)r, .count = NETPORT_BATCH_MAX, .size = sizeof(r[0]),
		.flags = NETPORT_BATCH_PARTIAL,
	};
	struct netport_list l = {
		.entries = (uintptr_t)e, .count = ARRAY_SIZE(e), .size = sizeof(e[0]),
	};
	unsigned int i, n, count = one_in(2) ? 1 : 1 + below(1024), max = 1 + below(64);
	int fd = try_owner();

	for (n = 0; n < max; n++) {
		for (i = 0; i < NETPORT_BATCH_MAX; i++) {
			r[i] = a_request();
			r[i].terms.count = count;
			if (r[i].reserve.binding.addr[0])
				r[i].reserve.binding.addr[2] = below(256);
		}
		if (call(fd, NETPORT_IOC_BATCH, &b) || !b.done)
			break;
	}
	while (!call(fd, NETPORT_IOC_LIST, &l) && l.count)
		l.count = ARRAY_SIZE(e);
	close(fd);
}

/* Those who wait for what they can't have, until they are killed. */
static void attack_waits(void)
{
	static __u16 exclude[NETPORT_EXCLUDE_MAX];
	pid_t pid[4];
	unsigned int i;
	int fd = try_owner();

	for (i = 0; i < ARRAY_SIZE(exclude); i++)
		exclude[i] = 1 + below(65535);
	for (i = 0; i < 1100; i++) {
		struct netport_request r = a_request();

		if (!r.reserve.binding.port) {
			r.terms.exclude = (uintptr_t)exclude;
			r.terms.nexclude = 1 + below(ARRAY_SIZE(exclude));
		}
		call(fd, NETPORT_IOC_WISH, &r);
	}
	for (i = 0; i < ARRAY_SIZE(pid); i++) {
		pid[i] = offspring();
		if (pid[i])
			continue;
		for (;;) {
			struct netport_request r = a_request();

			r.terms.deadline = INT64_MAX;
			call(a_file(), NETPORT_IOC_REQUEST, &r);
		}
	}
	sleep_ms(20 + below(50));
	for (i = 0; i < ARRAY_SIZE(pid); i++) {
		if (pid[i] < 0)
			continue;
		kill(pid[i], SIGKILL);
		waitpid(pid[i], NULL, 0);
	}
	close(fd);
}

static void attack_holds(void)
{
	unsigned int i;

	for (i = 0; i < 300; i++) {
		struct netport_request r = a_request();
		struct netport_release rel = { .hold = 1 + below(300) };
		int fd = a_file();

		if (one_in(4))
			rel.options = NETPORT_RELEASE_PORT;
		if (one_in(1000))
			rel.hold = NETPORT_HOLD_MAX;
		if (call(fd, NETPORT_IOC_REQUEST, &r))
			continue;
		rel.token = r.reserve.token;
		call(fd, NETPORT_IOC_RELEASE, &rel);
	}
}

/* Root of a namespace that goes with it, though its files are somebody else's as well. */
static void attack_netns(void)
{
	pid_t pid = offspring();
	unsigned int i, n;

	if (pid < 0)
		return;
	if (pid) {
		waitpid(pid, NULL, 0);
		return;
	}
	for (n = 0; n < 3 && !unshare(CLONE_NEWUSER | CLONE_NEWNET); n++) {
		struct netport_range range = { 1, 1 + below(65535), 0 };

		for (i = 0; i < 100; i++) {
			struct netport_request r = a_request();

			if (i % 16 == 0)
				put_file(try_owner());
			if (one_in(3))
				r.reserve.options = one_in(2) ? PERSISTENT : HOLD_HOST;
			call(a_file(), NETPORT_IOC_REQUEST, &r);
			if (one_in(20))
				call(a_file(), NETPORT_IOC_SET_RANGE, &range);
		}
	}
	_exit(0);
}

/* What a call reads changes while it does, and its memory goes away. */
static void *scribble(void *arg)
{
	atomic_bool *stop = arg;
	__u64 dice = luck;

	while (!atomic_load(stop)) {
		dice = dice * 6364136223846793005ULL + 1442695040888963407ULL;
		window[dice >> 33 & 1023] = dice >> 20;
		if (dice >> 60 == 0) {
			mprotect(yard, 4096, PROT_READ);
			mprotect(yard, 4096, PROT_READ | PROT_WRITE);
		}
	}
	return NULL;
}

static void attack_race(void)
{
	atomic_bool stop = false;
	pthread_t thread;
	unsigned int i;

	if (pthread_create(&thread, NULL, scribble, &stop))
		return;
	for (i = 0; i < 500; i++) {
		unsigned long cmd = a_command();
		__u64 deadline = now_ns() + 1000000;

		memcpy(window + offsetof(struct netport_request, terms.deadline), &deadline, 8);
		call(a_file(), cmd, yard);
	}
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
}

static void (*const attacks[])(void) = {
	attack_bytes, attack_owners, attack_quota, attack_waits, attack_holds, attack_netns,
	attack_race,
};

static pid_t attacker(const char *group, __u64 seed)
{
	pid_t parent = getpid(), pid = spawn();
	unsigned int i;

	if (pid)
		return pid;
	luck = (seed + 1) * 0x9e3779b97f4a7c15ULL | 1;
	if (*group)
		try_write_file(group, "0");
	become(UID);
	end_with(parent);
	prctl(PR_SET_DUMPABLE, 1);
	i = memfd_create("yard", MFD_CLOEXEC);
	if (ftruncate(i, 3 * 4096))
		die("memory");
	yard = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, i, 0);
	window = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, i, 0);
	if (yard == MAP_FAILED || window == MAP_FAILED ||
	    mprotect(yard + 4096, 4096, PROT_READ) || munmap(yard + 2 * 4096, 4096))
		die("memory");
	for (i = 0; i < POOL; i++)
		pool[i] = try_owner();
	while (!atomic_load(&assault->stop)) {
		i = below(ARRAY_SIZE(attacks));
		attacks[i]();
		atomic_fetch_add(&assault->attacks[i], 1);
		put_file(try_owner());
	}
	_exit(0);
}

/* So much memory they may have; @group is where they enter, or nothing. */
static void limit_memory(char *group, size_t size)
{
	snprintf(group, size, "/sys/fs/cgroup/netport-%d", getpid());
	if (try_write_file("/sys/fs/cgroup/cgroup.subtree_control", "+memory") ||
	    mkdir(group, 0755)) {
		*group = 0;
		return;
	}
	strncat(group, "/memory.max", size - strlen(group) - 1);
	write_file(group, "200M");
	strcpy(strrchr(group, '/'), "/cgroup.procs");
}

/* Are all gone that have been killed? */
static bool childless(void)
{
	pid_t pid;

	do
		pid = waitpid(-1, NULL, WNOHANG);
	while (pid > 0);
	return pid < 0;
}

/* Who is left, and where in the kernel it is: it's no use to wait for them. */
static void end_children(void)
{
	char path[64], text[512];
	long pid = 0;
	int n = 0;
	char *p;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", getpid(), getpid());
	if (!read_file(path, text, sizeof(text)))
		return;
	for (p = text; sscanf(p, "%ld%n", &pid, &n) == 1; p += n) {
		char stack[1024] = "";

		snprintf(path, sizeof(path), "/proc/%ld/stack", pid);
		read_file(path, stack, sizeof(stack));
		fprintf(stderr, "# %ld is still there: %s\n", pid, stack);
		kill(pid, SIGKILL);
	}
}

FIXTURE(assault) {
	int fd;
	unsigned int namespaces;
};

FIXTURE_SETUP(assault)
{
	if (access(module_path("netport"), R_OK) || access(NAMESPACES_MAX, W_OK))
		SKIP(return, "no %s, or no user namespaces", module_path("netport"));
	ASSERT_EQ(0, without_suites());
	/* Whose parents are killed are ours, then, and waited for. */
	ASSERT_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1));
	assault = mmap(NULL, sizeof(*assault), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	ASSERT_NE(MAP_FAILED, assault);
	self->namespaces = namespaces_of(UID);
	self->fd = owner();
}

FIXTURE_TEARDOWN_PARENT(assault)
{
	if (!loaded("netport") && load("netport"))
		fprintf(stderr, "# netport can't be loaded\n");
}

TEST_F_TIMEOUT(assault, nothing_is_had, 86400)
{
	__u64 seconds = so_many("NETPORT_SECONDS", 1, sizeof(long) == 4 ? 1 : 3);
	__u64 begin = now_ns(), end = begin + seconds * 1000000000;
	__u64 seed = env_number("NETPORT_SEED", begin), longest = 0, start;
	unsigned int i, witnessed = 0, n = 0;
	pid_t pid[ATTACKERS], gone;
	bool gone_all;
	char group[64];

	limit_memory(group, sizeof(group));
	luck = seed | 1;
	for (i = 0; i < ATTACKERS; i++)
		pid[i] = attacker(group, seed + i);
	while (now_ns() < end) {
		/* What others do is as it was. */
		start = now_ns();
		EXPECT_EQ(0, reserve(self->fd, "tcp 4 *:1"));
		EXPECT_EQ(0, release_key(self->fd, "tcp 4 *:1"));
		if (now_ns() - start > longest)
			longest = now_ns() - start;
		witnessed++;
		sleep_ms(below(50));
		if (!one_in(10))
			continue;
		kill(pid[below(ATTACKERS)], SIGKILL);
		/* It, and whom the memory cgroup's limit has killed. */
		for (gone = waitpid(-1, NULL, 0); gone > 0; gone = waitpid(-1, NULL, WNOHANG)) {
			for (i = 0; i < ATTACKERS; i++)
				if (pid[i] == gone)
					pid[i] = attacker(group, seed + ATTACKERS + n++);
		}
	}
	atomic_store(&assault->stop, true);
	for (i = 0; i < ATTACKERS; i++)
		kill(pid[i], SIGKILL);
	gone_all = AWAIT(childless());
	if (!gone_all)
		end_children();
	ASSERT_TRUE(gone_all);
	TH_LOG("%lu calls, %lu worked; %u of others', the longest %llu us; seed %llu",
	       atomic_load(&assault->calls), atomic_load(&assault->worked), witnessed,
	       (unsigned long long)longest / 1000, (unsigned long long)seed);
	for (i = 0; i < ARRAY_SIZE(attacks); i++)
		TH_LOG("attack %u: %lu times", i, atomic_load(&assault->attacks[i]));
	EXPECT_EQ(0, atomic_load(&assault->leaks)) TH_LOG("%s", assault->leak);
	EXPECT_TRUE(AWAIT(tidied_up(self->fd)));
	close(self->fd);
	EXPECT_TRUE(AWAIT(namespaces_at_most(UID, self->namespaces)));
	EXPECT_TRUE(AWAIT(slab_empty("np_resv")));
	EXPECT_EQ(0, reload());
	if (*group) {
		*strrchr(group, '/') = 0;
		EXPECT_TRUE(AWAIT(!rmdir(group)));
	}
}

SELFTEST_MAIN
