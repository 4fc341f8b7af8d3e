// SPDX-License-Identifier: GPL-2.0
/*
 * commands - everything that can be wrong with the pointer, the size or the number of a
 * command; for each of them, with a request that would succeed otherwise.
 */
#include "terms.h"

static const struct {
	const char *name;
	unsigned long cmd;
	/* Of the structure in the first version. */
	size_t min;
	/*
	 * It has results, so a structure that can't be written is an error; this is in the
	 * midst of them.
	 */
	size_t results;
} commands[] = {
	{ "RESERVE", NETPORT_IOC_REQUEST, 64, offsetof(struct netport_reserve, token) + 4 },
	{ "RELEASE", NETPORT_IOC_RELEASE, 64, 0 },
	{ "AVAILABLE", NETPORT_IOC_AVAILABLE_REQUEST, 64, 0 },
	{ "CANDIDATE", NETPORT_IOC_CANDIDATE, 72,
	  offsetof(struct netport_candidate, cursor) + 4 },
	{ "ACCEPT", NETPORT_IOC_ACCEPT, 8, 0 },
	{ "GET_RANGE", NETPORT_IOC_GET_RANGE, 8, offsetof(struct netport_range, high) },
	{ "SET_RANGE", NETPORT_IOC_SET_RANGE, 8, 0 },
	{ "EPHEMERAL", NETPORT_IOC_EPHEMERAL, 16, offsetof(struct netport_ephemeral, cursor) + 4 },
	{ "EXTEND", NETPORT_IOC_EXTEND, 144, offsetof(struct netport_binding, port) },
	{ "REBIND", NETPORT_IOC_REBIND, 144, offsetof(struct netport_binding, port) },
	{ "BATCH", NETPORT_IOC_BATCH, 32, offsetof(struct netport_batch, done) },
	{ "RELEASE_BATCH", NETPORT_IOC_RELEASE_BATCH, 24, offsetof(struct netport_tokens, done) },
	{ "TRANSFER", NETPORT_IOC_TRANSFER, 16, 0 },
	{ "ADOPT", NETPORT_IOC_ADOPT, 8, 0 },
	{ "LABEL", NETPORT_IOC_LABEL, 40, 0 },
	{ "WISH", NETPORT_IOC_WISH, 144, offsetof(struct netport_reserve, token) + 4 },
	{ "GRANTED", NETPORT_IOC_GRANTED, 24, offsetof(struct netport_granted, token) + 4 },
	{ "UNWISH", NETPORT_IOC_UNWISH, 8, 0 },
	{ "LIST", NETPORT_IOC_LIST, 56, offsetof(struct netport_list, cursor) + 4 },
	{ "INFO", NETPORT_IOC_INFO, 80, offsetof(struct netport_info, max_hold) },
};

/* What an argument points at. */
static struct {
	struct netport_reserve reserve;
	__u64 token;
	struct netport_entry entry;
} pointed_at;

/* To whom TRANSFER gives what it has, and who had what ADOPT gets. */
static int other = -1;

static void good_reservation(int fd, __u64 *token)
{
	if (reserve_token(fd, "tcp 4 *:40000", token))
		die("no reservation");
}

static void good_wish(int fd, __u64 *id)
{
	struct netport_request r = { .reserve = request("tcp 4 *:40000") };

	if (command(fd, NETPORT_IOC_WISH, &r))
		die("no wish");
	*id = r.reserve.token;
}

static void good_orphan(int fd, __u64 *token)
{
	struct netport_reserve r = request("tcp 4 *:40000");

	r.options = NETPORT_OPT_PERSISTENT;
	if (reserve_request(fd, &r))
		die("no persistent reservation");
	*token = r.token;
}

/*
 * A request that succeeds, for each command, on ports 40000 to 40001; what it needs is
 * made.
 */
static union argument good(int fd, unsigned long cmd)
{
	struct netport_candidate c;
	union argument a;
	__u64 token = 0;

	memset(&a, 0, sizeof(a));
	memset(&pointed_at, 0, sizeof(pointed_at));
	close(other);
	other = owner();
	switch (cmd) {
	case NETPORT_IOC_REQUEST:
	case NETPORT_IOC_AVAILABLE_REQUEST:
	case NETPORT_IOC_WISH:
		a.request.reserve = request("tcp 4 *:40000");
		break;
	case NETPORT_IOC_RELEASE:
		good_reservation(fd, &token);
		a.release.token = token;
		break;
	case NETPORT_IOC_CANDIDATE:
		a.candidate = candidate_request("tcp 4 *:0 =40000-40001");
		break;
	case NETPORT_IOC_ACCEPT:
		c = candidate_request("tcp 4 *:0 =40000-40001");
		if (candidate(fd, &c))
			die("no candidate");
		a.token.token = c.reserve.token;
		break;
	case NETPORT_IOC_SET_RANGE:
		a.range.low = 20000;
		a.range.high = 20010;
		break;
	case NETPORT_IOC_EXTEND:
		good_reservation(fd, &token);
		a.request.reserve = request("tcp 6 *:0");
		a.request.reserve.token = token;
		break;
	case NETPORT_IOC_REBIND:
		good_reservation(fd, &token);
		a.request.reserve = request("tcp 4 10.0.0.1:40001");
		a.request.reserve.token = token;
		break;
	case NETPORT_IOC_BATCH:
		pointed_at.reserve = request("tcp 4 *:40000");
		a.batch.requests = pointer(&pointed_at.reserve);
		a.batch.count = 1;
		a.batch.size = sizeof(pointed_at.reserve);
		break;
	case NETPORT_IOC_RELEASE_BATCH:
		good_reservation(fd, &pointed_at.token);
		a.tokens.tokens = pointer(&pointed_at.token);
		a.tokens.count = 1;
		break;
	case NETPORT_IOC_TRANSFER:
		good_reservation(fd, &token);
		a.transfer.token = token;
		a.transfer.fd = other;
		break;
	case NETPORT_IOC_ADOPT:
		good_orphan(other, &token);
		close(other);
		other = -1;
		a.token.token = token;
		break;
	case NETPORT_IOC_LABEL:
		good_reservation(fd, &token);
		a.label.token = token;
		strcpy((char *)a.label.label, "web");
		break;
	case NETPORT_IOC_GRANTED:
		good_wish(fd, &token);
		break;
	case NETPORT_IOC_UNWISH:
		good_wish(fd, &token);
		a.token.token = token;
		break;
	case NETPORT_IOC_LIST:
		a.list.entries = pointer(&pointed_at.entry);
		a.list.count = 1;
		a.list.size = sizeof(pointed_at.entry);
		break;
	}
	return a;
}

/* Whether the command was not carried out; then it is, so that it may be. */
static bool not_done(int fd, unsigned long cmd, const union argument *a)
{
	union argument copy = *a;
	unsigned int low, high;
	struct netport_entry e;

	switch (cmd) {
	case NETPORT_IOC_REQUEST:
	case NETPORT_IOC_AVAILABLE_REQUEST:
	case NETPORT_IOC_CANDIDATE:
	case NETPORT_IOC_BATCH:
	case NETPORT_IOC_WISH:
		return all_free(IPPROTO_TCP, 40000) && all_free(IPPROTO_TCP, 40001) && !held(fd);
	case NETPORT_IOC_SET_RANGE:
		return !get_range(fd, &low, &high) && low != 20000;
	case NETPORT_IOC_EXTEND:
	case NETPORT_IOC_REBIND:
		return held_by(fd, a->request.reserve.token, &e) == 1 &&
		       e.binding.port == 40000 && all_free(IPPROTO_TCP, 40001) &&
		       !command(fd, cmd, &copy);
	case NETPORT_IOC_LABEL:
		return held_by(fd, a->label.token, &e) == 1 && !*e.label &&
		       !command(fd, cmd, &copy);
	case NETPORT_IOC_RELEASE_BATCH:
		return held(fd) == 1 && !command(fd, cmd, &copy) && copy.tokens.done == 1;
	case NETPORT_IOC_RELEASE:
	case NETPORT_IOC_ACCEPT:
	case NETPORT_IOC_TRANSFER:
	case NETPORT_IOC_ADOPT:
	case NETPORT_IOC_GRANTED:
	case NETPORT_IOC_UNWISH:
		/* They can be carried out only once. */
		return !command(fd, cmd, &copy);
	default:
		return true;
	}
}

/* Can it be carried out again after not_done()? */
static bool repeatable(unsigned long cmd)
{
	switch (cmd) {
	case NETPORT_IOC_RELEASE:
	case NETPORT_IOC_ACCEPT:
	case NETPORT_IOC_EXTEND:
	case NETPORT_IOC_TRANSFER:
	case NETPORT_IOC_ADOPT:
	case NETPORT_IOC_GRANTED:
	case NETPORT_IOC_UNWISH:
		return false;
	default:
		return true;
	}
}

static long raw(int fd, unsigned long cmd, const void *arg)
{
	return ioctl(fd, cmd, arg) ? errno : 0;
}

static unsigned long sized(unsigned int nr, size_t size)
{
	return _IOC(_IOC_READ | _IOC_WRITE, NETPORT_IOC_MAGIC, nr, size);
}

static char *pages(int prot)
{
	char *p = mmap(NULL, 2 * getpagesize(), prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		die("mmap");
	return p;
}

/* Two pages of which the second one isn't there: the end of the first. */
static char *end_of_page(void)
{
	char *p = pages(PROT_READ | PROT_WRITE) + getpagesize();

	munmap(p, getpagesize());
	return p;
}

/* What nobody owns, whoever has left it. */
static void release_orphans(void)
{
	static struct netport_entry entry[64];
	struct netport_list list = {
		.entries = pointer(entry), .count = ARRAY_SIZE(entry), .size = sizeof(entry[0]),
	};
	int fd = owner();
	unsigned int i;

	if (command(fd, NETPORT_IOC_LIST, &list))
		die("LIST");
	for (i = 0; i < list.count; i++)
		if (entry[i].state & NETPORT_STATE_ORPHAN)
			release(fd, entry[i].token);
	close(fd);
}

/* Nobody else is here: whatever was made goes with its owners. */
static bool start_anew(int *fd)
{
	close(*fd);
	close(other);
	other = -1;
	release_orphans();
	*fd = owner();
	return all_free(IPPROTO_TCP, 40000) && all_free(IPPROTO_TCP, 40001);
}

FIXTURE(each_command) {
	int fd;
};

FIXTURE_VARIANT(each_command) {
	unsigned int nr;
};

FIXTURE_VARIANT_ADD(each_command, reserve) { .nr = 0x00 };
FIXTURE_VARIANT_ADD(each_command, release) { .nr = 0x01 };
FIXTURE_VARIANT_ADD(each_command, available) { .nr = 0x02 };
FIXTURE_VARIANT_ADD(each_command, candidate) { .nr = 0x03 };
FIXTURE_VARIANT_ADD(each_command, accept) { .nr = 0x04 };
FIXTURE_VARIANT_ADD(each_command, get_range) { .nr = 0x05 };
FIXTURE_VARIANT_ADD(each_command, set_range) { .nr = 0x06 };
FIXTURE_VARIANT_ADD(each_command, ephemeral) { .nr = 0x07 };
FIXTURE_VARIANT_ADD(each_command, extend) { .nr = 0x08 };
FIXTURE_VARIANT_ADD(each_command, rebind) { .nr = 0x09 };
FIXTURE_VARIANT_ADD(each_command, batch) { .nr = 0x0a };
FIXTURE_VARIANT_ADD(each_command, release_batch) { .nr = 0x0b };
FIXTURE_VARIANT_ADD(each_command, transfer) { .nr = 0x0c };
FIXTURE_VARIANT_ADD(each_command, adopt) { .nr = 0x0d };
FIXTURE_VARIANT_ADD(each_command, label) { .nr = 0x0e };
FIXTURE_VARIANT_ADD(each_command, wish) { .nr = 0x0f };
FIXTURE_VARIANT_ADD(each_command, granted) { .nr = 0x10 };
FIXTURE_VARIANT_ADD(each_command, unwish) { .nr = 0x11 };
FIXTURE_VARIANT_ADD(each_command, list) { .nr = 0x12 };
FIXTURE_VARIANT_ADD(each_command, info) { .nr = 0x13 };

FIXTURE_SETUP(each_command)
{
	self->fd = owner();
	ASSERT_EQ(variant->nr, _IOC_NR(commands[variant->nr].cmd));
}

/* Also if the test has come to a sudden end. */
FIXTURE_TEARDOWN_PARENT(each_command)
{
	release_orphans();
	restore_netns();
}

TEST_F(each_command, bad_pointer)
{
	const unsigned long cmd = commands[variant->nr].cmd;
	const size_t size = _IOC_SIZE(cmd), page = getpagesize();
	union argument a = good(self->fd, cmd);
	char *p;

	EXPECT_EQ(EFAULT, raw(self->fd, cmd, NULL));
	EXPECT_EQ(EFAULT, raw(self->fd, cmd, (void *)8));
	/* The kernel's half, or what a 32-bit program can never have. */
	EXPECT_EQ(EFAULT, raw(self->fd, cmd, (void *)-4096L));
	p = pages(PROT_NONE);
	EXPECT_EQ(EFAULT, raw(self->fd, cmd, p));
	munmap(p, 2 * page);
	EXPECT_EQ(EFAULT, raw(self->fd, cmd, p));

	/* All but the last byte is there. */
	p = end_of_page() - size + 1;
	memcpy(p, &a, size - 1);
	EXPECT_EQ(EFAULT, raw(self->fd, cmd, p));
	EXPECT_EQ(0, memcmp(p, &a, size - 1));
	EXPECT_TRUE(not_done(self->fd, cmd, &a));
}

TEST_F(each_command, read_only_structure)
{
	const unsigned long cmd = commands[variant->nr].cmd;
	const size_t size = _IOC_SIZE(cmd), page = getpagesize();
	union argument a = good(self->fd, cmd);
	const size_t results = commands[variant->nr].results;
	char *p = pages(PROT_READ | PROT_WRITE), *s;

	/* Wholly; then only the second page, which a copy finds out half way. */
	memcpy(p, &a, size);
	ASSERT_EQ(0, mprotect(p, page, PROT_READ));
	EXPECT_EQ(results ? EFAULT : 0, raw(self->fd, cmd, p));
	EXPECT_EQ(0, memcmp(p, &a, size));
	if (!results)
		return;
	EXPECT_TRUE(not_done(self->fd, cmd, &a));

	EXPECT_TRUE(start_anew(&self->fd));
	a = good(self->fd, cmd);
	ASSERT_EQ(0, mprotect(p, page, PROT_READ | PROT_WRITE));
	s = p + page - results;
	memcpy(s, &a, size);
	ASSERT_EQ(0, mprotect(p + page, page, PROT_READ));
	EXPECT_EQ(EFAULT, raw(self->fd, cmd, s));
	EXPECT_TRUE(not_done(self->fd, cmd, &a));

	if (!repeatable(cmd))
		return;
	ASSERT_EQ(0, mprotect(p + page, page, PROT_READ | PROT_WRITE));
	memcpy(s, &a, size);
	EXPECT_EQ(0, raw(self->fd, cmd, s));
}

TEST_F(each_command, too_short)
{
	const unsigned long cmd = commands[variant->nr].cmd;
	union argument a = good(self->fd, cmd), copy = a;
	unsigned int size;

	for (size = 0; size < commands[variant->nr].min; size++) {
		EXPECT_EQ(EINVAL, raw(self->fd, sized(variant->nr, size), &copy))
			TH_LOG("size %u", size);
		EXPECT_EQ(0, memcmp(&a, &copy, sizeof(a)));
	}
	EXPECT_TRUE(not_done(self->fd, cmd, &a));
	if (repeatable(cmd))
		EXPECT_EQ(0, raw(self->fd, cmd, &copy));
}

/* Down to the first version's: the rest is zero, and neither read nor written. */
TEST_F(each_command, shorter)
{
	const unsigned long cmd = commands[variant->nr].cmd;
	unsigned int size;

	for (size = commands[variant->nr].min; size <= _IOC_SIZE(cmd); size++) {
		union argument a = good(self->fd, cmd);
		char *p = end_of_page() - size;

		memcpy(p, &a, size);
		EXPECT_EQ(0, raw(self->fd, sized(variant->nr, size), p)) TH_LOG("size %u", size);
		EXPECT_TRUE(start_anew(&self->fd));
		munmap(p + size - getpagesize(), getpagesize());
	}
}

TEST_F(each_command, longer_with_zeros)
{
	static const unsigned int more[] = { 1, 2, 7, 8, 64, 4096, 8192 };
	const unsigned long cmd = commands[variant->nr].cmd;
	const size_t size = _IOC_SIZE(cmd);
	static char buf[16384], zero[16384];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(more); i++) {
		unsigned long c = sized(variant->nr, size + more[i]);
		union argument a = good(self->fd, cmd);

		memset(buf, 0, sizeof(buf));
		memcpy(buf, &a, size);
		EXPECT_EQ(0, raw(self->fd, c, buf)) TH_LOG("size %zu", size + more[i]);
		EXPECT_EQ(0, memcmp(buf + size, zero, sizeof(buf) - size));
		EXPECT_TRUE(start_anew(&self->fd));
	}
}

TEST_F(each_command, longer_with_something)
{
	static const unsigned int more[] = { 1, 2, 7, 8, 64, 4096, 8192 };
	const unsigned long cmd = commands[variant->nr].cmd;
	const size_t size = _IOC_SIZE(cmd);
	static char buf[16384], before[16384];
	union argument a = good(self->fd, cmd);
	unsigned int i, first;

	for (i = 0; i < 2 * ARRAY_SIZE(more); i++) {
		unsigned int n = more[i / 2];
		unsigned long c = sized(variant->nr, size + n);

		/* The first of the bytes too many, or the last. */
		first = i & 1;
		memset(buf, 0, sizeof(buf));
		memcpy(buf, &a, size);
		buf[size + (first ? 0 : n - 1)] = 1;
		memcpy(before, buf, sizeof(buf));
		EXPECT_EQ(E2BIG, raw(self->fd, c, buf)) TH_LOG("size %zu", size + n);
		EXPECT_EQ(0, memcmp(buf, before, sizeof(buf)));
	}
	EXPECT_TRUE(not_done(self->fd, cmd, &a));
}

TEST_F(each_command, longer_than_the_mapping)
{
	const unsigned long cmd = commands[variant->nr].cmd;
	const size_t size = _IOC_SIZE(cmd);
	unsigned long c = sized(variant->nr, size + 8);
	union argument a = good(self->fd, cmd);
	char *p = end_of_page() - size;

	memcpy(p, &a, size);
	EXPECT_EQ(EFAULT, raw(self->fd, c, p));
	EXPECT_EQ(0, memcmp(p, &a, size));
	EXPECT_TRUE(not_done(self->fd, cmd, &a));
}

TEST_F(each_command, wrong_direction)
{
	static const unsigned int directions[] = { _IOC_NONE, _IOC_READ, _IOC_WRITE };
	const unsigned long cmd = commands[variant->nr].cmd;
	union argument a = good(self->fd, cmd), copy = a;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(directions); i++) {
		unsigned long c = _IOC(directions[i], NETPORT_IOC_MAGIC, variant->nr,
				       _IOC_SIZE(cmd));

		EXPECT_EQ(ENOTTY, raw(self->fd, c, &copy));
		EXPECT_EQ(0, memcmp(&a, &copy, sizeof(a)));
	}
	EXPECT_TRUE(not_done(self->fd, cmd, &a));
}

TEST_F(each_command, wrong_magic)
{
	const unsigned long cmd = commands[variant->nr].cmd;
	union argument a = good(self->fd, cmd), copy = a;
	unsigned int magic;

	for (magic = 1; magic < 256; magic++) {
		/* 'T' and 'f' have commands that the kernel knows for every file. */
		if (magic == NETPORT_IOC_MAGIC || magic == 'T' || magic == 'f')
			continue;
		EXPECT_EQ(ENOTTY, raw(self->fd, _IOC(_IOC_READ | _IOC_WRITE, magic, variant->nr,
						     _IOC_SIZE(cmd)), &copy));
		EXPECT_EQ(0, memcmp(&a, &copy, sizeof(a)));
	}
	EXPECT_TRUE(not_done(self->fd, cmd, &a));
}

TEST(unknown_command)
{
	union argument a = { .request.reserve = request("tcp 4 *:40000") }, copy = a;
	int fd = owner();
	unsigned int nr;

	for (nr = ARRAY_SIZE(commands); nr < 256; nr++) {
		unsigned long c = sized(nr, 64);

		EXPECT_EQ(ENOTTY, raw(fd, c, &copy)) TH_LOG("number %u", nr);
		EXPECT_EQ(ENOTTY, raw(fd, c, NULL));
		EXPECT_EQ(0, memcmp(&a, &copy, sizeof(a)));
	}
	EXPECT_TRUE(all_free(IPPROTO_TCP, 40000));
}

/* What fails when the structure can't be written may have had something before it. */
TEST(candidate_kept_when_the_next_cannot_be_told)
{
	struct netport_candidate c = candidate_request("tcp 4 *:0 =40000-40001");
	char *p = pages(PROT_READ | PROT_WRITE);
	int fd = owner();
	unsigned int next;

	ASSERT_EQ(0, candidate(fd, &c));
	next = c.reserve.binding.port ^ 1;
	memcpy(p, &c, sizeof(c));
	ASSERT_EQ(0, mprotect(p, getpagesize(), PROT_READ));
	EXPECT_EQ(EFAULT, raw(fd, NETPORT_IOC_CANDIDATE, p));
	EXPECT_FALSE(all_free(IPPROTO_TCP, c.reserve.binding.port));
	EXPECT_TRUE(all_free(IPPROTO_TCP, next));
	/* And the search goes on where it stood. */
	EXPECT_EQ(0, candidate(fd, &c));
	EXPECT_EQ(next, c.reserve.binding.port);
	EXPECT_EQ(0, accept_token(fd, c.reserve.token));
	EXPECT_TRUE(all_free(IPPROTO_TCP, next ^ 1));
}

/* Poison in all of it, for all of it is a result. */
TEST(info_says_what_there_is)
{
	struct netport_info info, again;
	int fd = owner(), fd2 = owner();

	memset(&info, 0xcc, sizeof(info));
	ASSERT_EQ(0, command(fd, NETPORT_IOC_INFO, &info));
	EXPECT_EQ(ARRAY_SIZE(commands), info.commands);
	EXPECT_EQ(NETPORT_BINDINGS_MAX, info.max_bindings);
	EXPECT_EQ(NETPORT_PORTS_MAX, info.max_ports);
	EXPECT_EQ(NETPORT_BATCH_MAX, info.max_batch);
	EXPECT_EQ(NETPORT_EXCLUDE_MAX, info.max_exclude);
	EXPECT_EQ(NETPORT_WISHES_MAX, info.max_wishes);
	EXPECT_EQ(NETPORT_HOLD_MAX, info.max_hold);
	EXPECT_EQ(sizeof(struct netport_request), info.request_size);
	EXPECT_EQ(sizeof(struct netport_candidate), info.candidate_size);
	EXPECT_EQ(sizeof(struct netport_release), info.release_size);
	EXPECT_EQ(sizeof(struct netport_entry), info.entry_size);
	EXPECT_EQ(sizeof(struct netport_list), info.list_size);
	/* An option that isn't known is refused, each that is isn't for being unknown. */
	EXPECT_EQ(NETPORT_OPT_TUPLE | NETPORT_OPT_HOST_CHECK | NETPORT_OPT_HOST_HOLD |
		  NETPORT_OPT_PERSISTENT, info.options);
	/* Not what later versions may add. */
	EXPECT_EQ(0, info.features >> 12);
	EXPECT_EQ(0x9ff, info.features & 0x9ff);

	EXPECT_NE(0, info.owner);
	ASSERT_EQ(0, command(fd2, NETPORT_IOC_INFO, &again));
	EXPECT_NE(info.owner, again.owner);
	again.owner = info.owner;
	EXPECT_EQ(0, memcmp(&info, &again, sizeof(info)));
}

static unsigned int parameter(const char *path)
{
	char text[32];

	if (!read_file(path, text, sizeof(text)))
		die("%s", path);
	return strtoul(text, NULL, 10);
}

TEST(info_tells_the_limits)
{
	struct netport_info info;
	int fd = owner();

	ASSERT_EQ(0, command(fd, NETPORT_IOC_INFO, &info));
	EXPECT_EQ(parameter(PARAMETERS "max_per_owner"), info.max_per_owner);
	EXPECT_EQ(parameter(PARAMETERS "max_per_uid"), info.max_per_uid);
	EXPECT_EQ(parameter(PARAMETERS "max_per_netns"), info.max_per_netns);
}

SELFTEST_MAIN
