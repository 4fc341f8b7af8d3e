// SPDX-License-Identifier: GPL-2.0
/*
 * procfs - /proc/net/netport says what NETPORT_IOC_LIST says, to whoever opens it, and of the
 * namespace of whoever opens it; /proc/net/netport_stat counts.
 */
#include "look.h"

#define LISTED		"/proc/thread-self/net/netport"

/* Nobody else in the machine has these. */
#define UID	31321
#define UID2	31322

#define FIELDS	16

#define HEADER	"protocol local remote ifindex share options state hold token parts owner uid pid comm label owner_label"

FIXTURE(procfs) {
	int fd;
	int other;
	struct listing *l;
};

FIXTURE_SETUP(procfs)
{
	keep_netns();
	self->fd = owner();
	self->other = owner_as(UID);
	self->l = calloc(1, sizeof(*self->l));
	ASSERT_NE(NULL, self->l);
}

FIXTURE_TEARDOWN(procfs)
{
}

static const char *or_none(const __u8 *text)
{
	return *text ? (const char *)text : "-";
}

static void flags_text(char *to, unsigned int flags, const char *const *names)
{
	unsigned int i;

	strcpy(to, flags ? "" : "-");
	for (i = 0; flags; i++, flags >>= 1)
		if (flags & 1)
			sprintf(to + strlen(to), "%s%s", *to ? "," : "", names[i]);
}

static void addr_text(char *to, const struct netport_binding *b, const __u8 *addr,
		      unsigned int port, bool remote)
{
	static const __u8 any[16];
	char text[INET6_ADDRSTRLEN];

	if ((remote && !memcmp(addr, any, sizeof(any))) || b->families == 3)
		strcpy(to, "*");
	else if (b->families == NETPORT_FAMILY_IPV4)
		strcpy(to, inet_ntop(AF_INET, addr, text, sizeof(text)));
	else
		sprintf(to, "[%s]", inet_ntop(AF_INET6, addr, text, sizeof(text)));
	sprintf(to + strlen(to), port ? ":%u" : ":*", port);
}

/* The line of an entry; what is left of a hold is left out. */
static void line_of(char *to, size_t size, const struct netport_entry *e)
{
	static const char *const shares[] = { "lb", "mr", "to" };
	static const char *const states[] = {
		"candidate", "held", "orphan", "host", "listening", "connected"
	};
	static const char *const options[] = {
		"tuple", "host-check", "host-hold", "persistent"
	};
	char local[64], remote[64], share[32], state[64], option[64];

	addr_text(local, &e->binding, e->binding.addr, e->binding.port, false);
	addr_text(remote, &e->binding, e->binding.remote, e->binding.remote_port, true);
	flags_text(share, e->binding.share, shares);
	flags_text(option, e->options, options);
	flags_text(state, e->state, states);
	snprintf(to, size, "%u %s %s %u %s %s %s X %llu %u %llu %u %d %s %s %s",
		 e->binding.protocol, local, remote, e->binding.ifindex, share, option, state,
		 (unsigned long long)e->token, e->parts, (unsigned long long)e->owner, e->uid,
		 e->pid, or_none(e->comm), or_none(e->label), or_none(e->owner_label));
}

/* A line of the file, without what is left of a hold. */
static bool proc_line(char *to, size_t size, const char *line)
{
	char copy[1024], *save, *word;
	unsigned int i = 0;

	snprintf(copy, sizeof(copy), "%s", line);
	*to = 0;
	for (word = strtok_r(copy, "\n ", &save); word; word = strtok_r(NULL, "\n ", &save), i++)
		snprintf(to + strlen(to), size - strlen(to), "%s%s", i ? " " : "",
			 i == 7 ? "X" : word);
	return i == FIELDS;
}

/* Is the file of @path what a listing of @fd has?  In the same order, while nothing changes. */
static bool same(const char *path, int fd, struct listing *l)
{
	struct netport_list all = { .flags = 0 };
	char line[1024], want[1024], seen[1024];
	FILE *f = fopen(path, "r");
	unsigned int i = 0;
	bool ok;

	if (!f || list_of(fd, &all, 64, l))
		die("%s", path);
	ok = fgets(line, sizeof(line), f) && !strcmp(line, HEADER "\n");
	while (ok && fgets(line, sizeof(line), f)) {
		ok = i < l->n && proc_line(seen, sizeof(seen), line);
		if (!ok)
			break;
		line_of(want, sizeof(want), &l->e[i++]);
		ok = !strcmp(want, seen);
	}
	fclose(f);
	if (ok && i == l->n)
		return true;
	fprintf(stderr, "# entry %u of %u: %s#   not %s\n", i, l->n, line, want);
	return false;
}

static unsigned int lines(const char *path)
{
	FILE *f = fopen(path, "r");
	unsigned int n = 0;
	int c;

	if (!f)
		return ~0U;
	while ((c = fgetc(f)) != EOF)
		n += c == '\n';
	fclose(f);
	return n;
}

TEST_F(procfs, nothing)
{
	char text[256];

	EXPECT_STREQ(HEADER, read_file(LISTED, text, sizeof(text)));
	EXPECT_EQ(0, counter("Held"));
	/* Nor where nobody has ever opened the device. */
	close(new_netns());
	EXPECT_STREQ(HEADER, read_file(LISTED, text, sizeof(text)));
	EXPECT_EQ(0, counter("Held"));
	EXPECT_EQ(0, counter("Charged"));
}

TEST_F(procfs, is_the_listing)
{
	struct netport_candidate c = candidate_request("tcp 4 *:0 =40000-40001");
	__u64 token;

	ASSERT_EQ(0, reserve(self->fd, "tcp 4 10.0.0.1:80 %7 LB|TO"));
	ASSERT_EQ(0, reserve(self->fd, "udp 46 *:80"));
	ASSERT_EQ(0, reserve(self->fd, "udp 4 *:81"));
	ASSERT_EQ(0, reserve(self->fd, "udp 6 *:81"));
	ASSERT_EQ(0, reserve(self->fd, "tcp 6 [2001:db8::1]:82 >[2001:db8::2]:9 tuple"));
	ASSERT_EQ(0, reserve(self->fd, "tcp 4 *:83 >10.0.0.9:0"));
	ASSERT_EQ(0, ask_with(self->fd, "udp 4 127.0.0.1:2000", CHECK_HOST | HOLD_HOST, NULL));
	ASSERT_EQ(0, ask_with(self->fd, "tcp 4 *:2001", PERSISTENT, &token));
	ASSERT_EQ(0, set_label(self->fd, token, "a-label"));
	ASSERT_EQ(0, set_label(self->fd, 0, "an-owner"));
	ASSERT_EQ(0, candidate(self->fd, &c));
	ASSERT_EQ(0, ask_set(self->other, "tcp 4 *:90,udp 4 *:90", 0, NULL));
	ASSERT_EQ(0, ask_block(self->other, "262 4 *:3000", 70, &token));
	ASSERT_EQ(0, reserve_token(self->other, "tcp 4 *:99", &token));
	ASSERT_EQ(0, release_hold(self->other, token, 600000, 0));
	EXPECT_TRUE(same(LISTED, self->fd, self->l));
	EXPECT_EQ(82, self->l->n);
	EXPECT_EQ(82, counter("Held"));
	EXPECT_EQ(82, counter("Charged"));
	EXPECT_EQ(1, counter("OnHold"));
	/* Orphans. */
	close(self->fd);
	EXPECT_TRUE(same(LISTED, self->other, self->l));
}

/* In pieces, again, and from the middle. */
TEST_F(procfs, reads)
{
	static char whole[65536], part[65536];
	size_t n = 0, at;
	ssize_t got;
	__u64 token;
	int fd;

	ASSERT_EQ(0, ask_block(self->fd, "tcp 4 *:1000", 300, &token));
	fd = open(LISTED, O_RDONLY);
	ASSERT_LE(0, fd);
	while ((got = read(fd, whole + n, sizeof(whole) - n)) > 0)
		n += got;
	ASSERT_EQ(0, got);
	ASSERT_EQ(301, lines(LISTED));
	ASSERT_EQ(0, lseek(fd, 0, SEEK_SET));
	for (at = 0; at < n; at += got) {
		got = read(fd, part + at, 77);
		ASSERT_LT(0, got);
	}
	EXPECT_EQ(0, memcmp(whole, part, n));
	for (at = n - 1; at > 5000; at -= 4321) {
		ASSERT_EQ(100, pread(fd, part, 100, at - 100));
		EXPECT_EQ(0, memcmp(whole + at - 100, part, 100));
	}
	close(fd);
}

/* A text can't have the form of two fields, or of none. */
TEST_F(procfs, texts)
{
	const char *label = " two\\040words\\012and\\040\\134\\040more\\011\\001\\377 \\055";
	char line[1024], seen[1024];
	FILE *f;
	__u64 token;

	ASSERT_EQ(0, reserve_token(self->fd, "tcp 4 *:80", &token));
	ASSERT_EQ(0, set_label(self->fd, token, "two words\nand \\ more\t\x01\xff"));
	ASSERT_EQ(0, set_label(self->fd, 0, "-"));
	prctl(PR_SET_NAME, "a name");
	f = fopen(LISTED, "r");
	ASSERT_NE(NULL, f);
	ASSERT_NE(NULL, fgets(line, sizeof(line), f));
	ASSERT_NE(NULL, fgets(line, sizeof(line), f));
	fclose(f);
	ASSERT_TRUE(proc_line(seen, sizeof(seen), line));
	EXPECT_NE(NULL, strstr(seen, label)) TH_LOG("%s", seen);
}

static bool no_texts(const char *path)
{
	char line[1024], seen[1024];
	FILE *f = fopen(path, "r");
	bool ok = f && fgets(line, sizeof(line), f) && fgets(line, sizeof(line), f);

	ok = ok && proc_line(seen, sizeof(seen), line) && strlen(seen) > 8 &&
	     !strcmp(seen + strlen(seen) - 8, " 0 - - -");
	if (f)
		fclose(f);
	return ok;
}

/* Are there texts in what somebody without rights has opened? */
static bool told_as(uid_t uid)
{
	char text[512] = "";
	int fd;

	setfsuid(uid);
	be_admin(false);
	fd = open(LISTED, O_RDONLY);
	be_admin(true);
	setfsuid(0);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		die(LISTED);
	close(fd);
	return strstr(text, " alabel anowner");
}

TEST_F(procfs, to_whom_it_tells_what)
{
	__u64 token;
	int as;
	pid_t pid;

	ASSERT_EQ(0, reserve_token(self->other, "tcp 4 *:80", &token));
	ASSERT_EQ(0, set_label(self->other, token, "alabel"));
	ASSERT_EQ(0, set_label(self->other, 0, "anowner"));
	EXPECT_TRUE(same(LISTED, self->fd, self->l));
	EXPECT_FALSE(no_texts(LISTED));
	/* What whoever opened the file may see, whoever reads it. */
	as = open(LISTED, O_RDONLY);
	ASSERT_LE(0, as);
	pid = spawn();
	if (!pid) {
		char path[64], text[512];

		become(UID2);
		CHECK(no_texts(LISTED));
		CHECK_EQ(1, read(as, text, 1));
		snprintf(path, sizeof(path), "/proc/self/fd/%d", as);
		CHECK(read(as, text, sizeof(text) - 1) > 0);
		CHECK(memmem(text, sizeof(text), " alabel anowner", 15));
		_exit(0);
	}
	EXPECT_EQ(0, ended(pid));
	close(as);
	/* And the other way round: as its fsuid may. */
	EXPECT_FALSE(told_as(UID2));
	EXPECT_TRUE(told_as(UID));
	pid = spawn();
	if (!pid) {
		become(UID);
		CHECK(!no_texts(LISTED));
		_exit(0);
	}
	EXPECT_EQ(0, ended(pid));
}

TEST_F(procfs, of_the_namespace)
{
	char path[64], here[256];
	pid_t pid;
	int fd;

	ASSERT_EQ(0, reserve(self->fd, "tcp 4 *:80"));
	fd = open(LISTED, O_RDONLY);
	pid = spawn();
	if (!pid)
		for (;;)
			pause();
	close(new_netns());
	EXPECT_EQ(1, lines(LISTED));
	EXPECT_EQ(0, counter("Held"));
	/* Another process's is another namespace's. */
	snprintf(path, sizeof(path), "/proc/%d/net/netport", pid);
	EXPECT_EQ(2, lines(path));
	snprintf(path, sizeof(path), "/proc/%d/net/netport_stat", pid);
	EXPECT_EQ(1, counter_in(path, "Held"));
	/* Who has opened it sees what is there, from wherever; while it's there. */
	memset(here, 0, sizeof(here));
	ASSERT_LT(0, read(fd, here, sizeof(here) - 1));
	EXPECT_NE(NULL, strstr(here, ":80"));
	close(fd);
	kill(pid, SIGKILL);
	ended(pid);
}

TEST_F(procfs, while_others_are_at_work)
{
	char text[64];
	unsigned int i, n, rounds = so_many("NETPORT_ROUNDS", 200, 50);
	pid_t pid;
	__u64 token;

	for (i = 0; i < 500; i++) {
		snprintf(text, sizeof(text), "tcp 4 10.0.0.1:%u", 1000 + i);
		ASSERT_EQ(0, reserve(self->fd, text));
	}
	pid = spawn();
	if (!pid) {
		int fd = owner();

		for (;;)
			if (!ask_block(fd, "udp 4 *:0", 64, &token))
				release(fd, token);
	}
	for (i = 0; i < rounds; i++) {
		n = lines(LISTED);
		ASSERT_LE(501, n);
		/* More, if much happens between what was released and what was taken. */
		ASSERT_LE(500, counter("Held"));
	}
	kill(pid, SIGKILL);
	ended(pid);
	EXPECT_EQ(501, lines(LISTED));
	EXPECT_EQ(500, counter("Held"));
}

SELFTEST_MAIN
