// SPDX-License-Identifier: GPL-2.0
/*
 * list - what is reserved is listed, once, as it was reserved, and to whom it may be told;
 * what is listed can be reserved again; and INFO says what there is.
 *
 * NETPORT_MANY is how many reservations the listing under load has: 200000 if unset, or a
 * twentieth of that with NETPORT_FEWER set.
 * With MEM=2G and APPEND=NETPORT_MANY=1000000 the machine has room for a million.
 */
#include "keep.h"

#include <stddef.h>
#include <sys/mman.h>

/* Nobody else in the machine has these. */
#define UID	31301
#define UID2	31302

FIXTURE(list) {
	int fd;
	int other;
	struct listing *l;
	struct netport_entry e;
};

FIXTURE_SETUP(list)
{
	keep_netns();
	self->fd = owner();
	self->other = owner();
	self->l = calloc(1, sizeof(*self->l));
	ASSERT_NE(NULL, self->l);
}

/* Also if the test has come to a sudden end. */
FIXTURE_TEARDOWN_PARENT(list)
{
	restore_limits();
}

static int same_entry(const struct netport_entry *a, const struct netport_entry *b)
{
	return a->token == b->token && !memcmp(&a->binding, &b->binding, sizeof(a->binding));
}

/* Is no entry there twice, and has each token as many as it says? */
static bool well_formed(const struct listing *l)
{
	unsigned int i, j, n;

	for (i = 0; i < l->n; i++) {
		for (j = n = 0; j < l->n; j++) {
			n += l->e[j].token == l->e[i].token;
			if (i != j && same_entry(&l->e[i], &l->e[j]))
				return false;
		}
		if (n != l->e[i].parts)
			return false;
	}
	return true;
}

/* a listing as a whole */

TEST_F(list, nothing)
{
	struct netport_list list = {
		.entries = (uintptr_t)&self->e, .count = 1, .size = sizeof(self->e),
	};
	struct netport_list end;

	memset(&self->e, 0xcc, sizeof(self->e));
	ASSERT_EQ(0, command(self->fd, NETPORT_IOC_LIST, &list));
	EXPECT_EQ(0, list.count);
	EXPECT_EQ(POISON, self->e.token);
	/* The end is the end, also when something has come. */
	ASSERT_EQ(0, reserve(self->fd, "tcp 4 *:80"));
	list.count = 1;
	end = list;
	ASSERT_EQ(0, command(self->fd, NETPORT_IOC_LIST, &list));
	EXPECT_EQ(0, list.count);
	EXPECT_EQ(0, memcmp(end.cursor, list.cursor, sizeof(end.cursor)));
}

TEST_F(list, rooms_of_all_sizes)
{
	static const unsigned int rooms[] = { 1, 2, 3, 7, 31, 32, 33, 64, 100, 1000, 8000 };
	struct netport_list all = { .flags = 0 };
	unsigned int i;
	char text[128];
	__u64 token;

	for (i = 0; i < 40; i++) {
		snprintf(text, sizeof(text), "tcp 4 10.0.0.%u:%u", 1 + i % 7, 100 + i * 997);
		ASSERT_EQ(0, reserve(self->fd, text));
	}
	for (i = 0; i < 20; i++) {
		snprintf(text, sizeof(text), "udp 4 10.0.0.1:%u,udp 4 10.0.0.2:%u,tcp 6 *:%u",
			 3000 + i * 64, 3000 + i * 64, 3000 + i * 64);
		ASSERT_EQ(0, ask_set(self->fd, text, 0, NULL));
	}
	ASSERT_EQ(0, ask_block(self->fd, "262 46 *:5000", 200, &token));
	for (i = 0; i < ARRAY_SIZE(rooms); i++) {
		ASSERT_EQ(0, list_of(self->other, &all, rooms[i], self->l));
		EXPECT_EQ(40 + 60 + 200, self->l->n) TH_LOG("%u at a time", rooms[i]);
		EXPECT_TRUE(well_formed(self->l)) TH_LOG("%u at a time", rooms[i]);
	}
}

TEST_F(list, as_much_of_an_entry_as_asked_for)
{
	static const unsigned int good[] = { 168, 176, 200, 256, 4096 };
	static const unsigned int bad[] = { 0, 1, 8, 160, 167, 169, 172, 4104, 8192, ~7U, ~0U };
	static __u8 room[4 * 4096];
	struct netport_list list = { .entries = (uintptr_t)room };
	struct netport_entry *e;
	unsigned int i, j, k;

	ASSERT_EQ(0, reserve(self->fd, "tcp 4 *:80"));
	ASSERT_EQ(0, reserve(self->fd, "tcp 4 *:81"));
	for (i = 0; i < ARRAY_SIZE(good); i++) {
		memset(room, 0xcc, sizeof(room));
		memset(list.cursor, 0, sizeof(list.cursor));
		list.size = good[i];
		list.count = 3;
		ASSERT_EQ(0, command(self->fd, NETPORT_IOC_LIST, &list));
		ASSERT_EQ(2, list.count);
		for (j = 0; j < 2; j++) {
			e = (struct netport_entry *)(room + j * good[i]);
			EXPECT_EQ(IPPROTO_TCP, e->binding.protocol);
			EXPECT_EQ(1, e->parts);
			for (k = sizeof(*e); k < good[i]; k++)
				ASSERT_EQ(0, room[j * good[i] + k]);
		}
		for (k = 2 * good[i]; k < sizeof(room); k++)
			ASSERT_EQ(0xcc, room[k]);
	}
	memset(room, 0xcc, sizeof(room));
	memset(list.cursor, 0, sizeof(list.cursor));
	list.count = 1;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		list.size = bad[i];
		EXPECT_EQ(EINVAL, command(self->fd, NETPORT_IOC_LIST, &list)) TH_LOG("%u", bad[i]);
	}
	EXPECT_EQ(0xcc, room[0]);
}

TEST_F(list, refusals)
{
	struct netport_list good = {
		.entries = (uintptr_t)self->l->e, .count = 4, .size = sizeof(self->e),
	};
	struct netport_list l;
	__u64 token;

	ASSERT_EQ(0, reserve_token(self->fd, "tcp 4 *:80", &token));
	memset(self->l->e, 0xcc, 4 * sizeof(self->e));
#define SAYS(err, set) do {						\
		l = good;						\
		set;							\
		EXPECT_EQ(err, command(self->fd, NETPORT_IOC_LIST, &l)) TH_LOG(#set);	\
	} while (0)
	SAYS(EINVAL, l.count = 0);
	SAYS(EINVAL, l.flags = 1 << 6);
	SAYS(EINVAL, l.flags = 1U << 31);
	SAYS(EINVAL, l.owner = 1);
	SAYS(EINVAL, l.owner = 1; l.flags = NETPORT_LIST_MINE);
	SAYS(EINVAL, l.protocol = 6);
	SAYS(EINVAL, l.protocol = 6; l.flags = NETPORT_LIST_PORT);
	SAYS(EINVAL, l.port = 80);
	SAYS(EINVAL, l.port = 80; l.flags = NETPORT_LIST_PROTOCOL);
	SAYS(EINVAL, l.__pad = 1);
	SAYS(EINVAL, l.low = 80);
	SAYS(EINVAL, l.high = 80);
	SAYS(EINVAL, l.low = 80; l.high = 79; l.flags = NETPORT_LIST_RANGE);
	SAYS(EINVAL, l.families = 1);
	SAYS(EINVAL, l.addr[15] = 1);
	SAYS(EINVAL, l.addr[0] = 10; l.flags = NETPORT_LIST_ADDR);
	SAYS(EINVAL, l.families = 4; l.flags = NETPORT_LIST_ADDR);
	SAYS(EINVAL, l.families = 1; l.addr[4] = 1; l.flags = NETPORT_LIST_ADDR);
	SAYS(EINVAL, l.families = 3; l.addr[0] = 1; l.flags = NETPORT_LIST_ADDR);
	/* Cursors that none has been. */
	SAYS(EINVAL, l.cursor[0] = 1);
	SAYS(EINVAL, l.cursor[0] = token);
	SAYS(EINVAL, l.cursor[0] = token & ~0xffffULL; l.cursor[1] = 1);
	SAYS(EINVAL, l.cursor[0] = token; l.cursor[1] = 1; l.cursor[2] = 1);
	SAYS(EINVAL, l.cursor[0] = token; l.cursor[1] = (1ULL << 32) + 1);
	SAYS(EINVAL, l.cursor[0] = token; l.cursor[1] = ~0ULL);
	SAYS(EINVAL, l.cursor[1] = 1);
	SAYS(EINVAL, l.cursor[2] = 2);
	SAYS(EINVAL, l.cursor[2] = ~0ULL);
	EXPECT_EQ(POISON, self->l->e[0].token);
	/* And others, which may well be of somebody who has gone. */
	SAYS(0, l.cursor[0] = token + (99 << 16); l.cursor[1] = 1);
	SAYS(0, l.cursor[0] = token; l.cursor[1] = 1ULL << 32);
	SAYS(0, l.cursor[2] = 1);
	SAYS(0, l.count = ~0U);
	EXPECT_EQ(1, l.count);
#undef SAYS
}

TEST_F(list, bad_pointers)
{
	size_t page = sysconf(_SC_PAGESIZE);
	__u8 *m = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct netport_list l = { .count = 4, .size = sizeof(self->e) };
	struct netport_list *readonly = (struct netport_list *)m;

	ASSERT_NE(MAP_FAILED, m);
	ASSERT_EQ(0, reserve(self->fd, "tcp 4 *:80"));
	ASSERT_EQ(0, reserve(self->fd, "tcp 4 *:81"));
	EXPECT_EQ(EFAULT, ioctl(self->fd, NETPORT_IOC_LIST, NULL) ? errno : 0);
	EXPECT_EQ(EFAULT, command(self->fd, NETPORT_IOC_LIST, &l));
	l.entries = ~0ULL;
	EXPECT_EQ(EFAULT, command(self->fd, NETPORT_IOC_LIST, &l));
	/* There is room for the first one. */
	ASSERT_EQ(0, mprotect(m + page, page, PROT_NONE));
	l.entries = (uintptr_t)m + page - sizeof(self->e);
	EXPECT_EQ(EFAULT, command(self->fd, NETPORT_IOC_LIST, &l));
	l.count = 1;
	EXPECT_EQ(0, command(self->fd, NETPORT_IOC_LIST, &l));
	EXPECT_EQ(1, l.count);
	/* And for what is more than the module knows of it. */
	l.size = sizeof(self->e) + 8;
	EXPECT_EQ(EFAULT, command(self->fd, NETPORT_IOC_LIST, &l));
	/* Where the results go. */
	*readonly = (struct netport_list) {
		.entries = (uintptr_t)self->l->e, .count = 4, .size = sizeof(self->e),
	};
	ASSERT_EQ(0, mprotect(m, page, PROT_READ));
	EXPECT_EQ(EFAULT, command(self->fd, NETPORT_IOC_LIST, readonly));
}

/* filters */

static unsigned int count_of(int fd, unsigned int flags, __u64 owner, unsigned int protocol,
			     unsigned int port)
{
	struct netport_list ask = {
		.flags = flags, .owner = owner, .protocol = protocol, .port = port,
	};
	static struct listing l;

	return list_of(fd, &ask, 3, &l) ? BROKEN : l.n;
}

TEST_F(list, filters)
{
	__u64 id = info(self->fd).owner, other = info(self->other).owner, token;
	enum {
		MINE = NETPORT_LIST_MINE, OWNER = NETPORT_LIST_OWNER,
		PROTOCOL = NETPORT_LIST_PROTOCOL, PORT = NETPORT_LIST_PORT,
	};

	ASSERT_EQ(0, reserve(self->fd, "tcp 4 10.0.0.1:80"));
	ASSERT_EQ(0, reserve(self->fd, "udp 4 10.0.0.1:80"));
	ASSERT_EQ(0, ask_set(self->fd, "tcp 4 10.0.0.1:81,udp 4 10.0.0.1:81", 0, NULL));
	ASSERT_EQ(0, ask_block(self->other, "tcp 4 10.0.0.2:80", 4, &token));
	ASSERT_EQ(0, reserve_token(self->fd, "tcp 4 10.0.0.1:99", &token));
	ASSERT_EQ(0, release_hold(self->fd, token, 600000, 0));

	EXPECT_EQ(9, count_of(self->fd, 0, 0, 0, 0));
	/* Without what it has released; that still has been its own. */
	EXPECT_EQ(4, count_of(self->fd, MINE, 0, 0, 0));
	EXPECT_EQ(4, count_of(self->other, MINE, 0, 0, 0));
	EXPECT_EQ(5, count_of(self->other, OWNER, id, 0, 0));
	EXPECT_EQ(4, count_of(self->fd, OWNER, other, 0, 0));
	EXPECT_EQ(0, count_of(self->fd, OWNER, other + 1000, 0, 0));
	EXPECT_EQ(0, count_of(self->fd, OWNER, 0, 0, 0));
	EXPECT_EQ(7, count_of(self->fd, PROTOCOL, 0, 6, 0));
	EXPECT_EQ(2, count_of(self->fd, PROTOCOL, 0, 17, 0));
	EXPECT_EQ(0, count_of(self->fd, PROTOCOL, 0, 0, 0));
	EXPECT_EQ(3, count_of(self->fd, PORT, 0, 0, 80));
	EXPECT_EQ(1, count_of(self->fd, PORT, 0, 0, 83));
	EXPECT_EQ(0, count_of(self->fd, PORT, 0, 0, 0));
	/* Together, all of them. */
	EXPECT_EQ(2, count_of(self->fd, PORT | PROTOCOL, 0, 6, 81 - 1));
	EXPECT_EQ(1, count_of(self->fd, PORT | PROTOCOL | MINE, 0, 6, 81));
	EXPECT_EQ(0, count_of(self->other, PORT | OWNER | MINE, id, 0, 81));
	EXPECT_EQ(1, count_of(self->other, PORT | OWNER | MINE | PROTOCOL, other, 6, 81));
}

/* How many entries @text is the address of, with ports of a range; -errno if it's none. */
static int count_at(int fd, const char *text, unsigned int low, unsigned int high)
{
	struct netport_list ask = { .low = low, .high = high };
	struct netport_binding b;
	static struct listing l;
	int err;

	if (text) {
		b = request(text).binding;
		ask.flags = NETPORT_LIST_ADDR;
		ask.families = b.families;
		memcpy(ask.addr, b.addr, sizeof(ask.addr));
	}
	if (low || high)
		ask.flags |= NETPORT_LIST_RANGE;
	err = list_of(fd, &ask, 3, &l);
	return err ? -err : (int)l.n;
}

TEST_F(list, filters_that_came_later)
{
	struct netport_list list = {
		.entries = (uintptr_t)self->l->e, .count = 64, .size = sizeof(self->e),
		.flags = NETPORT_LIST_RANGE, .low = 81, .high = 81,
	};
	const unsigned long first = _IOC(_IOC_READ | _IOC_WRITE, NETPORT_IOC_MAGIC, 0x12, 56);
	__u64 token;

	ASSERT_EQ(80, sizeof(list));
	ASSERT_EQ(80, info(self->fd).list_size);
	ASSERT_EQ(0, reserve(self->fd, "tcp 4 10.0.0.1:80"));
	ASSERT_EQ(0, reserve(self->fd, "udp 46 *:80"));
	ASSERT_EQ(0, reserve(self->other, "udp 4 *:82"));
	ASSERT_EQ(0, reserve(self->other, "udp 6 [fe80::1]:65535 %77"));
	ASSERT_EQ(0, ask_set(self->fd, "tcp 4 10.0.0.1:81,udp 4 10.0.0.3:81", 0, NULL));
	ASSERT_EQ(0, ask_block(self->other, "tcp 4 10.0.0.2:80", 4, &token));

	EXPECT_EQ(10, count_at(self->fd, NULL, 1, 0));
	EXPECT_EQ(3, count_at(self->fd, NULL, 80, 80));
	EXPECT_EQ(5, count_at(self->fd, NULL, 81, 82));
	EXPECT_EQ(9, count_at(self->fd, NULL, 0, 83));
	EXPECT_EQ(1, count_at(self->fd, NULL, 84, 0));
	EXPECT_EQ(0, count_at(self->fd, NULL, 84, 65534));
	EXPECT_EQ(2, count_at(self->fd, "tcp 4 10.0.0.1:0", 0, 0));
	EXPECT_EQ(2, count_at(self->fd, "tcp 6 [::ffff:10.0.0.1]:0", 0, 0));
	EXPECT_EQ(1, count_at(self->fd, "tcp 4 10.0.0.1:0", 81, 0));
	EXPECT_EQ(2, count_at(self->other, "tcp 4 10.0.0.2:0", 82, 0));
	EXPECT_EQ(1, count_at(self->fd, "tcp 46 *:0", 0, 0));
	EXPECT_EQ(1, count_at(self->fd, "tcp 4 *:0", 0, 0));
	EXPECT_EQ(0, count_at(self->fd, "tcp 6 *:0", 0, 0));
	EXPECT_EQ(1, count_at(self->fd, "udp 6 [fe80::1]:0", 0, 0));
	EXPECT_EQ(0, count_at(self->fd, "tcp 4 10.0.0.9:0", 0, 0));

	/* As long as it was before there were these, they are zero: every port, but no address. */
	list.flags = NETPORT_LIST_ADDR;
	EXPECT_EQ(EINVAL, command(self->fd, first, &list));
	list.flags = NETPORT_LIST_RANGE;
	ASSERT_EQ(0, command(self->fd, first, &list));
	EXPECT_EQ(10, list.count);
	EXPECT_EQ(81, list.low);
}

/* entries */

FIXTURE(list_entry) {
	int fd;
	struct netport_entry e;
};

FIXTURE_VARIANT(list_entry) {
	const char *text;
	unsigned int options;
	const char *as;
};

#define ENTRY(_name, _text, _options, _as)				\
	FIXTURE_VARIANT_ADD(list_entry, _name) {			\
		.text = _text, .options = _options, .as = _as		\
	}

ENTRY(address, "tcp 4 127.0.0.1:8080", 0, NULL);
ENTRY(any, "udp 4 *:8080", 0, NULL);
ENTRY(both, "tcp 46 *:8080", 0, NULL);
ENTRY(any_of_ipv6, "tcp 6 *:8080", 0, NULL);
ENTRY(ipv6, "sctp 6 [2001:db8::1]:8080", 0, NULL);
ENTRY(mapped, "tcp 6 [::ffff:10.0.0.1]:8080", 0, "tcp 4 10.0.0.1:8080");
ENTRY(mapped_any, "tcp 6 [::ffff:0.0.0.0]:8080", 0, "tcp 4 *:8080");
ENTRY(of_mapped, "tcp 6 [::ffff:10.0.0.1]:1 >[::ffff:1.0.0.2]:2", 0, "tcp 4 10.0.0.1:1 >1.0.0.2:2");
ENTRY(link_local, "udp 6 [fe80::1]:8080 %77", 0, NULL);
ENTRY(device, "udp 4 10.0.0.1:8080 %2147483647", 0, NULL);
ENTRY(remote, "tcp 4 10.0.0.1:8080 >10.0.0.2:65535", 0, NULL);
ENTRY(remote_host, "tcp 6 *:8080 >[2001:db8::2]:0", 0, NULL);
ENTRY(tuple, "262 4 10.0.0.1:65535 >10.0.0.2:1 tuple", 0, NULL);
ENTRY(shared, "udp 4 *:8080 LB|MR|TO", 0, NULL);
ENTRY(protocol, "65535 4 *:1", 0, NULL);
ENTRY(persistent, "tcp 4 *:8080", PERSISTENT, NULL);
ENTRY(host_checked, "tcp 4 127.0.0.1:8080", CHECK_HOST, NULL);
ENTRY(host_held, "udp 46 *:8080", HOLD_HOST, NULL);
ENTRY(all_options, "udp 4 *:8080", HOLD_HOST | CHECK_HOST | PERSISTENT, NULL);

FIXTURE_SETUP(list_entry)
{
	keep_netns();
	self->fd = owner();
}

FIXTURE_TEARDOWN(list_entry)
{
}

TEST_F(list_entry, says_what_was_reserved)
{
	struct netport_reserve want = request(variant->as ?: variant->text);
	char comm[NETPORT_COMM_LEN] = "";
	__u64 token;

	ASSERT_EQ(0, prctl(PR_GET_NAME, comm));
	ASSERT_EQ(0, ask_with(self->fd, variant->text, variant->options, &token));
	ASSERT_EQ(1, find(self->fd, token, &self->e));
	EXPECT_EQ(0, memcmp(&want.binding, &self->e.binding, sizeof(want.binding)));
	EXPECT_EQ(want.options | variant->options, self->e.options);
	EXPECT_EQ(0, self->e.state);
	EXPECT_EQ(0, self->e.hold);
	EXPECT_EQ(1, self->e.parts);
	EXPECT_EQ(0, self->e.uid);
	EXPECT_EQ(getpid(), self->e.pid);
	EXPECT_EQ(info(self->fd).owner, self->e.owner);
	EXPECT_STREQ(comm, (char *)self->e.comm);
	EXPECT_STREQ("", (char *)self->e.label);
	EXPECT_STREQ("", (char *)self->e.owner_label);
	/* The next one is from this. */
	ASSERT_EQ(0, release(self->fd, token));
	EXPECT_EQ(0, list_all(self->fd)->n);
}

TEST_F(list, of_candidates_wishes_and_waiters)
{
	struct netport_candidate c = candidate_request("tcp 4 *:0 =40000-40000");
	struct netport_request wish = ask_for("tcp 4 10.0.0.1:40000", 0);

	ASSERT_EQ(0, candidate(self->fd, &c));
	ASSERT_EQ(0, command(self->other, NETPORT_IOC_WISH, &wish));
	ASSERT_EQ(1, list_all(self->fd)->n);
	EXPECT_EQ(NETPORT_STATE_CANDIDATE, state_of(self->fd, c.reserve.token));
	ASSERT_EQ(0, accept_token(self->fd, c.reserve.token));
	EXPECT_EQ(0, state_of(self->fd, c.reserve.token));
	/* A wish that is granted is a reservation, fetched or not. */
	ASSERT_EQ(0, release(self->fd, c.reserve.token));
	ASSERT_EQ(1, list_all(self->fd)->n);
	EXPECT_EQ(info(self->other).owner, list_all(self->fd)->e[0].owner);
}

TEST_F(list, labels)
{
	__u64 token;

	ASSERT_EQ(0, reserve_token(self->fd, "tcp 4 *:80", &token));
	ASSERT_EQ(0, set_label(self->fd, 0, "the owner"));
	ASSERT_EQ(1, find(self->fd, token, &self->e));
	EXPECT_STREQ("", (char *)self->e.label);
	EXPECT_STREQ("the owner", (char *)self->e.owner_label);
	ASSERT_EQ(0, set_label(self->fd, token, "1234567890123456789012345678901"));
	ASSERT_EQ(1, find(self->fd, token, &self->e));
	EXPECT_STREQ("1234567890123456789012345678901", (char *)self->e.label);
	ASSERT_EQ(0, set_label(self->fd, token, ""));
	ASSERT_EQ(0, set_label(self->fd, 0, ""));
	ASSERT_EQ(1, find(self->fd, token, &self->e));
	EXPECT_STREQ("", (char *)self->e.label);
	EXPECT_STREQ("", (char *)self->e.owner_label);
}

/* to whom what is told */

static bool tells_all(const struct netport_entry *e)
{
	return e->pid && e->comm[0] && !strcmp((char *)e->label, "a label") &&
	       !strcmp((char *)e->owner_label, "an owner");
}

static bool tells_nothing(const struct netport_entry *e)
{
	static const struct netport_entry none;

	return !e->pid && !memcmp(e->comm, none.comm, sizeof(none.comm)) &&
	       !memcmp(e->label, none.label, sizeof(none.label)) &&
	       !memcmp(e->owner_label, none.owner_label, sizeof(none.owner_label));
}

TEST_F(list, tells_whose_it_is_to_some)
{
	int fd = owner_as(UID);
	__u64 token;
	pid_t pid;

	ASSERT_EQ(0, reserve_token(fd, "tcp 4 *:2000", &token));
	ASSERT_EQ(0, set_label(fd, token, "a label"));
	ASSERT_EQ(0, set_label(fd, 0, "an owner"));
	/* Who has the capability. */
	ASSERT_EQ(1, find(self->fd, token, &self->e));
	EXPECT_TRUE(tells_all(&self->e));
	EXPECT_EQ(UID, self->e.uid);

	pid = spawn();
	if (!pid) {
		struct netport_entry e;

		become(UID2);
		CHECK_EQ(1, find(owner(), token, &e));
		CHECK(tells_nothing(&e));
		CHECK_EQ(UID, e.uid);
		CHECK_EQ(info(fd).owner, e.owner);
		CHECK_EQ(2000, e.binding.port);
		CHECK_EQ(EADDRINUSE, blocked_by(owner(), "tcp 4 *:2000", 0, &e));
		CHECK(tells_nothing(&e));
		/* The file has the uid, not who uses it. */
		CHECK_EQ(1, find(fd, token, &e));
		CHECK(tells_all(&e));
		CHECK_EQ(1, find(self->fd, token, &e));
		CHECK(tells_nothing(&e));
		_exit(0);
	}
	EXPECT_EQ(0, ended(pid));

	pid = spawn();
	if (!pid) {
		struct netport_entry e;

		become(UID);
		CHECK_EQ(1, find(owner(), token, &e));
		CHECK(tells_all(&e));
		_exit(0);
	}
	EXPECT_EQ(0, ended(pid));
}

TEST_F(list, in_another_user_namespace)
{
	int fd = owner_as(UID), status;
	__u64 token;
	pid_t pid;

	ASSERT_EQ(0, reserve_token(fd, "tcp 4 *:2000", &token));
	ASSERT_EQ(0, set_label(fd, token, "a label"));
	pid = spawn();
	if (!pid) {
		struct netport_entry e;

		if (unshare(CLONE_NEWUSER))
			_exit(KSFT_SKIP);
		/* Root there, but not over this network namespace. */
		CHECK_EQ(1, find(self->fd, token, &e));
		CHECK(tells_nothing(&e));
		CHECK_EQ(NOBODY, e.uid);
		_exit(0);
	}
	status = ended(pid);
	if (status == KSFT_SKIP)
		SKIP(return, "no user namespaces");
	EXPECT_EQ(0, status);
}

TEST_F(list, in_another_pid_namespace)
{
	__u64 here, there;
	pid_t pid;
	int pair[2];

	ASSERT_EQ(0, reserve_token(self->fd, "tcp 4 *:80", &here));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	ASSERT_EQ(0, unshare(CLONE_NEWPID));
	pid = spawn();
	if (!pid) {
		struct netport_entry e;
		int fd = owner();

		CHECK_EQ(0, reserve_token(fd, "tcp 4 *:81", &there));
		CHECK_EQ(1, find(fd, there, &e));
		CHECK_EQ(1, e.pid);
		CHECK_EQ(1, find(fd, here, &e));
		CHECK_EQ(0, e.pid);
		CHECK(e.comm[0]);
		CHECK_EQ(sizeof(there), write(pair[1], &there, sizeof(there)));
		CHECK_EQ(1, read(pair[1], &e, 1));
		_exit(0);
	}
	ASSERT_EQ(sizeof(there), read(pair[0], &there, sizeof(there)));
	ASSERT_EQ(1, find(self->fd, there, &self->e));
	EXPECT_EQ(pid, self->e.pid);
	ASSERT_EQ(1, write(pair[0], "", 1));
	EXPECT_EQ(0, ended(pid));
}

/* snapshot and restore */

#define RESTORE_MAX	64

struct snapshot {
	unsigned int n;
	struct netport_request req[RESTORE_MAX];
	struct netport_binding more[RESTORE_MAX][SET_MAX];
	__u64 token[RESTORE_MAX];
	__s32 error[RESTORE_MAX];
};

/* One more entry of a token: another binding of its port, or another port. */
static void snapshot_more(struct snapshot *s, unsigned int i, const struct netport_entry *e)
{
	struct netport_request *r = &s->req[i];
	struct netport_binding first = r->reserve.binding, b = e->binding;
	unsigned int j;

	r->reserve.options |= e->options;
	/* A block begins with its lowest port. */
	if (e->binding.port < first.port)
		r->reserve.binding.port = e->binding.port;
	b.port = first.port;
	if (!memcmp(&b, &first, sizeof(b)))
		return;
	for (j = 0; j < r->terms.nbindings; j++) {
		b.port = s->more[i][j].port;
		if (!memcmp(&b, &s->more[i][j], sizeof(b)))
			return;
	}
	b.port = 0;
	s->more[i][r->terms.nbindings++] = b;
	r->terms.bindings = (uintptr_t)s->more[i];
}

/* A batch of what is listed; the tuples last, as they were made below a listener. */
static void snapshot_make(struct snapshot *s, const struct listing *l)
{
	unsigned int i, j, pass;

	memset(s, 0, sizeof(*s));
	for (pass = 0; pass < 2; pass++) {
		for (i = 0; i < l->n; i++) {
			const struct netport_entry *e = &l->e[i];

			if (e->state || !(e->options & NETPORT_OPT_TUPLE) != !pass)
				continue;
			for (j = 0; j < s->n && s->token[j] != e->token; j++)
				;
			if (j == RESTORE_MAX)
				die("a large snapshot");
			if (j == s->n) {
				s->n++;
				s->token[j] = e->token;
				s->req[j].reserve.binding = e->binding;
				s->req[j].reserve.options = e->options;
				memcpy(s->req[j].terms.label, e->label, sizeof(e->label));
			} else {
				snapshot_more(s, j, e);
			}
			s->req[j].terms.count = e->parts;
		}
	}
	for (j = 0; j < s->n; j++)
		s->req[j].terms.count /= s->req[j].terms.nbindings + 1;
}

static int snapshot_restore(struct snapshot *s, int fd, unsigned int flags, unsigned int *done)
{
	struct netport_batch b = {
		.requests = (uintptr_t)s->req, .errors = (uintptr_t)s->error,
		.count = s->n, .size = sizeof(s->req[0]), .flags = flags,
	};
	int err = command(fd, NETPORT_IOC_BATCH, &b);

	*done = b.done;
	return err;
}

static int by_binding(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct netport_binding));
}

static bool same_but_for_names(struct listing *a, struct listing *b)
{
	unsigned int i;

	qsort(a->e, a->n, sizeof(a->e[0]), by_binding);
	qsort(b->e, b->n, sizeof(b->e[0]), by_binding);
	for (i = 0; i < a->n && i < b->n; i++) {
		if (by_binding(&a->e[i], &b->e[i]) || a->e[i].options != b->e[i].options ||
		    a->e[i].parts != b->e[i].parts || a->e[i].state != b->e[i].state ||
		    strcmp((char *)a->e[i].label, (char *)b->e[i].label))
			return false;
	}
	return a->n == b->n;
}

static void reserve_all_kinds(int fd)
{
	struct netport_request r = ask_for("udp 46 *:7000", 0);
	struct set s;

	if (reserve(fd, "tcp 4 10.0.0.1:80") || reserve(fd, "udp 46 *:81 LB|MR") ||
	    reserve(fd, "udp 46 *:81 MR") || reserve(fd, "udp 4 10.0.0.1:81 MR|LB %3") ||
	    reserve(fd, "tcp 6 *:82") || reserve(fd, "tcp 4 *:82 >10.0.0.2:9") ||
	    reserve(fd, "tcp 4 10.0.0.1:80 >10.0.0.3:7 tuple") ||
	    reserve(fd, "tcp 4 10.0.0.1:80 >10.0.0.3:8 tuple") ||
	    ask_set(fd, "tcp 4 *:90,udp 4 *:90,tcp 6 [2001:db8::1]:90 %4", 0, NULL) ||
	    ask_with(fd, "tcp 4 127.0.0.1:5000", HOLD_HOST, NULL) ||
	    ask_with(fd, "tcp 4 127.0.0.1:5001", PERSISTENT, NULL))
		die("reserve all kinds");
	r.terms.count = 40;
	strcpy((char *)r.terms.label, "a block");
	set_parse(&s, "udp 4 10.0.0.1:6000,udp 6 [2001:db8::1]:6000", 0);
	s.req.terms.count = 8;
	if (ask(fd, &r) || ask(fd, &s.req))
		die("reserve blocks");
}

TEST_F(list, snapshot_and_restore)
{
	struct netport_list mine = { .flags = NETPORT_LIST_OWNER, .owner = info(self->fd).owner };
	struct listing *after = calloc(1, sizeof(*after));
	static struct snapshot s;
	unsigned int done, i, tcp = 0;
	__u64 token;

	ASSERT_NE(NULL, after);
	reserve_all_kinds(self->fd);
	/* What doesn't count. */
	ASSERT_EQ(0, reserve_token(self->fd, "tcp 4 *:99", &token));
	ASSERT_EQ(0, release_hold(self->fd, token, 600000, 0));
	ASSERT_EQ(0, reserve(self->other, "tcp 4 *:98"));
	ASSERT_EQ(0, list_of(self->other, &mine, 7, self->l));
	snapshot_make(&s, self->l);
	EXPECT_EQ(13, s.n);

	/* While it's all still there, none can be had. */
	done = 77;
	EXPECT_EQ(EADDRINUSE, snapshot_restore(&s, self->other, 0, &done));
	EXPECT_EQ(0, snapshot_restore(&s, self->other, NETPORT_BATCH_PARTIAL, &done));
	for (i = 0; i < s.n; i++) {
		tcp += !s.error[i];
		EXPECT_TRUE(!s.error[i] || s.error[i] == EADDRINUSE) TH_LOG("%d", s.error[i]);
	}
	EXPECT_EQ(tcp, done);
	close(self->other);
	self->other = owner();

	/* Persistent ones stay when the file goes, so they are released. */
	for (i = 0; i < self->l->n; i++)
		if (self->l->e[i].options & PERSISTENT)
			ASSERT_EQ(0, release(self->fd, self->l->e[i].token));
	close(self->fd);
	self->fd = owner();
	ASSERT_EQ(0, snapshot_restore(&s, self->fd, 0, &done));
	EXPECT_EQ(s.n, done);
	for (i = 0; i < s.n; i++)
		EXPECT_EQ(0, s.error[i]);
	mine.owner = info(self->fd).owner;
	ASSERT_EQ(0, list_of(self->fd, &mine, 100, after));
	for (i = 0; i < self->l->n; )
		if (self->l->e[i].state)
			self->l->e[i] = self->l->e[--self->l->n];
		else
			i++;
	EXPECT_TRUE(same_but_for_names(self->l, after));
}

TEST_F(list, restore_says_what_it_can_not)
{
	struct netport_list mine = { .flags = NETPORT_LIST_MINE };
	unsigned int done, i, bad = 0;
	static struct snapshot s;

	reserve_all_kinds(self->fd);
	ASSERT_EQ(0, list_of(self->fd, &mine, 7, self->l));
	snapshot_make(&s, self->l);
	for (i = 0; i < self->l->n; i++)
		if (self->l->e[i].options & PERSISTENT)
			ASSERT_EQ(0, release(self->fd, self->l->e[i].token));
	close(self->fd);
	self->fd = owner();
	/* Somebody was faster: part of the set, and of the block. */
	ASSERT_EQ(0, reserve(self->other, "udp 4 *:90"));
	ASSERT_EQ(0, reserve(self->other, "udp 4 10.0.0.9:7039"));
	EXPECT_EQ(EADDRINUSE, snapshot_restore(&s, self->fd, 0, &done));
	EXPECT_EQ(2, list_all(self->fd)->n);
	for (i = 0; i < s.n; i++) {
		unsigned int port = s.req[i].reserve.binding.port;

		EXPECT_EQ(port == 90 || port == 7000 ? EADDRINUSE : 0, s.error[i])
			TH_LOG("port %u", port);
		bad += !!s.error[i];
	}
	EXPECT_EQ(2, bad);
	EXPECT_EQ(0, snapshot_restore(&s, self->fd, NETPORT_BATCH_PARTIAL, &done));
	EXPECT_EQ(s.n - 2, done);
	for (i = 0; i < s.n; i++)
		EXPECT_EQ(!s.error[i], !!s.req[i].reserve.token);
}

/* INFO */

TEST_F(list, info_says_what_there_is)
{
	struct netport_info i = info(self->fd);
	struct { struct netport_info i; __u64 more; } big;
	unsigned long shorter = _IOC(_IOC_READ | _IOC_WRITE, NETPORT_IOC_MAGIC, 0x13, 72);
	unsigned long longer = _IOC(_IOC_READ | _IOC_WRITE, NETPORT_IOC_MAGIC, 0x13, sizeof(big));
	char text[32];

	EXPECT_EQ(0xfff, i.features);
	EXPECT_EQ(0xf, i.options);
	EXPECT_EQ(_IOC_NR(NETPORT_IOC_INFO) + 1, i.commands);
	EXPECT_EQ(64, i.max_bindings);
	EXPECT_EQ(1024, i.max_ports);
	EXPECT_EQ(1024, i.max_batch);
	EXPECT_EQ(1024, i.max_exclude);
	EXPECT_EQ(64, i.max_wishes);
	EXPECT_EQ(86400000, i.max_hold);
	EXPECT_EQ(144, i.request_size);
	EXPECT_EQ(152, i.candidate_size);
	EXPECT_EQ(72, i.release_size);
	EXPECT_EQ(168, i.entry_size);
	EXPECT_EQ(80, i.list_size);
	read_file(limit_path(PER_OWNER), text, sizeof(text));
	EXPECT_EQ(strtoul(text, NULL, 10), i.max_per_owner);
	set_limit(PER_UID, 4321);
	set_limit(PER_NETNS, 7654);
	i = info(self->fd);
	EXPECT_EQ(4321, i.max_per_uid);
	EXPECT_EQ(7654, i.max_per_netns);

	EXPECT_NE(0, i.owner);
	EXPECT_NE(i.owner, info(self->other).owner);
	EXPECT_EQ(i.owner, info(dup(self->fd)).owner);

	EXPECT_EQ(EFAULT, ioctl(self->fd, NETPORT_IOC_INFO, NULL) ? errno : 0);
	EXPECT_EQ(EINVAL, command(self->fd, shorter, &i));
	memset(&big, 0xcc, sizeof(big));
	EXPECT_EQ(E2BIG, command(self->fd, longer, &big));
	big.more = 0;
	EXPECT_EQ(0, command(self->fd, longer, &big));
	EXPECT_EQ(i.owner, big.i.owner);
	EXPECT_EQ(0, big.more);
}

/* many, and others at work */

struct writer {
	int fd;
	unsigned int nr;
	atomic_bool *stop;
	atomic_ulong done;
	__u64 worst;
	int err;
};

/* Comes and goes, on ports among all the others; in bursts, so that tables change size. */
static void *writer_run(void *arg)
{
	enum { BURST = 256 };
	static _Thread_local struct netport_request req[BURST];
	static _Thread_local __u64 token[BURST];
	struct writer *w = arg;
	struct netport_batch b = {
		.requests = (uintptr_t)req, .count = BURST, .size = sizeof(req[0]),
	};
	struct netport_tokens t = { .tokens = (uintptr_t)token, .count = BURST };
	unsigned int i, port = 1;
	__u64 one, start;

	for (i = 0; i < BURST; i++)
		req[i] = ask_for("udp 4 10.9.0.1:1", 0);
	while (!*w->stop && !w->err) {
		for (i = 0; i < BURST; i++) {
			port = port % 65535 + 1;
			req[i].reserve.binding.port = port;
			req[i].reserve.binding.addr[2] = w->nr;
		}
		w->err = command(w->fd, NETPORT_IOC_BATCH, &b);
		for (i = 0; i < BURST; i++)
			token[i] = req[i].reserve.token;
		if (!w->err)
			w->err = command(w->fd, NETPORT_IOC_RELEASE_BATCH, &t);
		/* And one by itself, to see how long that takes. */
		start = now_ns();
		if (!w->err)
			w->err = reserve_token(w->fd, "udp 4 10.8.0.1:1234 LB", &one) ?:
				 release(w->fd, one);
		if (now_ns() - start > w->worst)
			w->worst = now_ns() - start;
		w->done++;
	}
	return NULL;
}

static unsigned long meminfo(const char *what)
{
	char buf[4096], *at;

	if (!read_file("/proc/meminfo", buf, sizeof(buf)))
		die("/proc/meminfo");
	at = strstr(buf, what);
	return at ? strtoul(at + strlen(what), NULL, 10) : 0;
}

/* Reserves the @nr'th and some more; address and port tell the number. */
#define PORTS	60000

static void reserve_numbered(int fd, unsigned int nr, unsigned int count)
{
	static struct netport_request req[NETPORT_BATCH_MAX];
	struct netport_batch b = {
		.requests = (uintptr_t)req, .count = count, .size = sizeof(req[0]),
	};
	unsigned int i;

	for (i = 0; i < count; i++, nr++) {
		if (!req[i].reserve.binding.port)
			req[i] = ask_for("udp 4 10.1.0.1:1", 0);
		req[i].reserve.binding.addr[2] = nr / PORTS;
		req[i].reserve.binding.port = 1 + nr % PORTS;
	}
	errno = command(fd, NETPORT_IOC_BATCH, &b);
	if (errno)
		die("reserve many");
}

TEST_F(list, each_once_under_load)
{
	enum { WRITERS = 2, ROOM = 1000 };
	unsigned int many = so_many("NETPORT_MANY", 200000, 10000), i, nr, bad = 0, calls = 0;
	struct netport_list list = { .size = sizeof(self->e) };
	unsigned long before, least, work = 0;
	struct writer w[WRITERS] = { };
	pthread_t thread[WRITERS];
	atomic_bool stop = false;
	__u64 t0, t1, t2;
	__u8 *seen = calloc(many, 1);

	ASSERT_NE(NULL, seen);
	for (i = 0; i < LIMITS; i++)
		set_limit(i, 4000000);
	t0 = now_ns();
	for (i = 0; i < many; i += NETPORT_BATCH_MAX)
		reserve_numbered(self->fd, i, many - i < NETPORT_BATCH_MAX ? many - i :
				 NETPORT_BATCH_MAX);
	t1 = now_ns();
	for (i = 0; i < WRITERS; i++) {
		w[i].fd = owner();
		w[i].nr = i;
		w[i].stop = &stop;
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, writer_run, &w[i]));
	}
	for (i = 0; i < WRITERS; i++) {
		while (!w[i].done)
			sched_yield();
		work -= w[i].done;
	}
	before = meminfo("MemAvailable:");
	least = before;
	t2 = now_ns();
	list.entries = (uintptr_t)self->l->e;
	do {
		list.count = ROOM;
		ASSERT_EQ(0, command(self->other, NETPORT_IOC_LIST, &list));
		for (i = 0; i < list.count; i++) {
			const struct netport_binding *b = &self->l->e[i].binding;

			if (b->addr[1] != 1)
				continue;
			nr = b->addr[2] * PORTS + b->port - 1;
			if (nr < many)
				seen[nr]++;
			else
				bad++;
		}
		if (++calls % 64 == 0 && meminfo("MemAvailable:") < least)
			least = meminfo("MemAvailable:");
	} while (list.count);
	t2 = now_ns() - t2;
	for (i = 0; i < WRITERS; i++)
		work += w[i].done;
	stop = true;
	for (i = 0; i < WRITERS; i++) {
		pthread_join(thread[i], NULL);
		EXPECT_EQ(0, w[i].err);
	}
	for (i = 0; i < many; i++)
		bad += seen[i] != 1;
	EXPECT_EQ(0, bad);
	/* They didn't have to wait for it. */
	EXPECT_GT(work, 0);
	/* Nor does a listing take memory for all that it will list. */
	EXPECT_LT(before - least, 16384);
	TH_LOG("%u made in %llu ms, listed in %llu ms by %u calls; meanwhile %lu bursts", many,
	       (t1 - t0) / 1000000, t2 / 1000000, calls, work);
	TH_LOG("longest pair of calls of a writer %llu us, memory less by %lu kB",
	       (w[0].worst > w[1].worst ? w[0].worst : w[1].worst) / 1000, before - least);
}

SELFTEST_MAIN
