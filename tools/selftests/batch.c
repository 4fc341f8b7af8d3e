// SPDX-License-Identifier: GPL-2.0
/*
 * batch - many requests in one call: all or none, or as many as there are; what is told of
 * each; structures of every size; and nothing left when the results can't be told.
 */
#include "terms.h"

#include <stddef.h>

#define NOT_SAID	((__s32)0xcccccccc)

/* A call, and its results. */
struct call {
	struct netport_batch b;
	struct netport_request req[NETPORT_BATCH_MAX + 1];
	__s32 errors[NETPORT_BATCH_MAX + 1];
};

static struct call *call_new(unsigned int count, __u32 flags)
{
	struct call *c = calloc(1, sizeof(*c));

	if (!c)
		die("calloc");
	memset(c->errors, 0xcc, sizeof(c->errors));
	c->b.requests = pointer(c->req);
	c->b.errors = pointer(c->errors);
	c->b.count = count;
	c->b.size = sizeof(c->req[0]);
	c->b.flags = flags;
	c->b.done = 0xcccccccc;
	return c;
}

static struct call *call_texts(const char *const texts[], unsigned int count, __u32 flags)
{
	struct call *c = call_new(count, flags);
	unsigned int i;

	for (i = 0; i < count; i++) {
		c->req[i].reserve = request(texts[i]);
		c->req[i].reserve.token = POISON;
	}
	return c;
}

/* Checks that a call that fails leaves the requests as they were. */
static int call(int fd, struct call *c)
{
	static struct netport_request before[NETPORT_BATCH_MAX + 1];
	int err;

	memcpy(before, c->req, sizeof(before));
	err = command(fd, NETPORT_IOC_BATCH, &c->b);
	if (err && memcmp(before, c->req, sizeof(before))) {
		fprintf(stderr, "# BATCH failed (%d) and wrote requests\n", err);
		return BROKEN;
	}
	return err;
}

static const char *const five[] = {
	"tcp 4 *:5000", "udp 4 10.0.0.1:5000", "tcp 6 [::1]:5001", "sctp 46 *:0 =40000-40000",
	"udp 6 *:0 =40000-40009",
};

TEST(all_of_them)
{
	struct call *c = call_texts(five, 5, 0);
	int fd = owner();
	unsigned int i, j;

	ASSERT_EQ(0, call(fd, c));
	EXPECT_EQ(5, c->b.done);
	EXPECT_EQ(5, held(fd));
	EXPECT_EQ(5000, c->req[0].reserve.binding.port);
	EXPECT_EQ(40000, c->req[3].reserve.binding.port);
	EXPECT_LE(40000, c->req[4].reserve.binding.port);
	for (i = 0; i < 5; i++) {
		struct netport_request r = { .reserve = request(five[i]) };

		EXPECT_EQ(0, c->errors[i]);
		EXPECT_EQ(1, held_by(fd, c->req[i].reserve.token, NULL));
		for (j = 0; j < i; j++)
			EXPECT_NE(c->req[i].reserve.token, c->req[j].reserve.token);
		/* Nothing else is written. */
		r.reserve.token = c->req[i].reserve.token;
		r.reserve.binding.port = c->req[i].reserve.binding.port;
		EXPECT_EQ(0, memcmp(&r, &c->req[i], sizeof(r)));
	}
	EXPECT_EQ(NOT_SAID, c->errors[5]);
	for (i = 0; i < 5; i++)
		EXPECT_EQ(0, release(fd, c->req[i].reserve.token));
	EXPECT_EQ(0, held(fd));
}

TEST(or_none)
{
	int fd = owner(), fd2 = owner();
	struct call *c;
	unsigned int i;

	ASSERT_EQ(0, reserve(fd2, "udp 4 *:5000"));
	ASSERT_EQ(0, reserve(fd2, "sctp 4 *:40000"));
	c = call_texts(five, 5, 0);
	/* The error is the first one's, and all of them are told. */
	EXPECT_EQ(EADDRINUSE, call(fd, c));
	EXPECT_EQ(0, held(fd));
	EXPECT_EQ(0, c->errors[0]);
	EXPECT_EQ(EADDRINUSE, c->errors[1]);
	EXPECT_EQ(0, c->errors[2]);
	EXPECT_EQ(EADDRNOTAVAIL, c->errors[3]);
	EXPECT_EQ(0, c->errors[4]);
	EXPECT_EQ(NOT_SAID, c->errors[5]);
	for (i = 5000; i < 5002; i++)
		EXPECT_TRUE(all_free(IPPROTO_TCP, i));

	/* Nobody wants to know. */
	c->b.errors = 0;
	EXPECT_EQ(EADDRINUSE, call(fd, c));
	EXPECT_EQ(0, held(fd));
	c->req[1].reserve = request("udp 4 *:5001");
	EXPECT_EQ(EADDRNOTAVAIL, call(fd, c));
	EXPECT_EQ(0, held(fd));
	c->req[3].reserve = request("sctp 6 *:40000");
	EXPECT_EQ(0, call(fd, c));
	EXPECT_EQ(5, held(fd));
}

TEST(as_many_as_there_are)
{
	int fd = owner(), fd2 = owner();
	struct call *c;
	unsigned int i;

	ASSERT_EQ(0, reserve(fd2, "udp 4 *:5000"));
	ASSERT_EQ(0, reserve(fd2, "sctp 4 *:40000"));
	c = call_texts(five, 5, NETPORT_BATCH_PARTIAL);
	EXPECT_EQ(0, call(fd, c));
	EXPECT_EQ(3, c->b.done);
	EXPECT_EQ(3, held(fd));
	for (i = 0; i < 5; i++) {
		bool had = i != 1 && i != 3;

		EXPECT_EQ(i == 1 ? EADDRINUSE : i == 3 ? EADDRNOTAVAIL : 0, c->errors[i]);
		EXPECT_EQ(had, held_by(fd, c->req[i].reserve.token, NULL));
		if (!had)
			EXPECT_EQ(0, c->req[i].reserve.token);
	}
	EXPECT_EQ(5000, c->req[1].reserve.binding.port);
	EXPECT_EQ(0, c->req[3].reserve.binding.port);

	/* None at all is a success as well; and without being told why. */
	c = call_texts(five, 3, NETPORT_BATCH_PARTIAL);
	c->b.errors = 0;
	EXPECT_EQ(0, call(fd, c));
	EXPECT_EQ(0, c->b.done);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, c->req[i].reserve.token);
	EXPECT_EQ(3, held(fd));
}

/* One after the other: the first of those that conflict has the port. */
TEST(in_each_others_way)
{
	static const char *const texts[] = {
		"tcp 4 *:5000", "tcp 4 10.0.0.1:5000", "udp 4 *:5000 LB", "udp 4 *:5000 LB",
	};
	struct call *c = call_texts(texts, 4, 0);
	int fd = owner();

	EXPECT_EQ(EADDRINUSE, call(fd, c));
	EXPECT_EQ(0, c->errors[0]);
	EXPECT_EQ(EADDRINUSE, c->errors[1]);
	EXPECT_EQ(0, c->errors[3]);
	EXPECT_EQ(0, held(fd));
	c->b.flags = NETPORT_BATCH_PARTIAL;
	EXPECT_EQ(0, call(fd, c));
	EXPECT_EQ(3, c->b.done);
	EXPECT_EQ(3, held(fd));
}

TEST(malformed_ones_among_them)
{
	struct call *c = call_texts(five, 5, 0);
	int fd = owner();

	c->req[2].reserve.binding.families = 0;
	EXPECT_EQ(EINVAL, call(fd, c));
	EXPECT_EQ(EINVAL, c->errors[2]);
	EXPECT_EQ(0, c->errors[4]);
	EXPECT_EQ(0, held(fd));
	/* It doesn't wait. */
	c->req[2].reserve.binding.families = NETPORT_FAMILY_IPV6;
	c->req[4].terms.deadline = 1;
	c->b.flags = NETPORT_BATCH_PARTIAL;
	EXPECT_EQ(0, call(fd, c));
	EXPECT_EQ(4, c->b.done);
	EXPECT_EQ(EINVAL, c->errors[4]);
	EXPECT_EQ(0, c->req[4].reserve.token);
	EXPECT_EQ(4, held(fd));
}

TEST(terms_of_each)
{
	static const char *const texts[] = {
		"tcp 4 *:5000", "tcp 4 *:0 =40000-40015", "udp 4 10.0.0.1:0 =40000-40003",
	};
	struct call *c = call_texts(texts, 3, 0);
	const __u16 exclude[] = { 40000, 40001, 40003 };
	struct netport_binding more = request("udp 4 *:0").binding;
	struct netport_entry e;
	int fd = owner();

	c->req[0].terms.bindings = pointer(&more);
	c->req[0].terms.nbindings = 1;
	strcpy((char *)c->req[0].terms.label, "a set");
	c->req[1].terms.count = 8;
	c->req[1].terms.align = 8;
	c->req[2].terms.exclude = pointer(exclude);
	c->req[2].terms.nexclude = 3;
	ASSERT_EQ(0, call(fd, c));
	EXPECT_EQ(3, c->b.done);
	EXPECT_EQ(2, held_by(fd, c->req[0].reserve.token, &e));
	EXPECT_STREQ("a set", (char *)e.label);
	EXPECT_EQ(8, held_by(fd, c->req[1].reserve.token, NULL));
	EXPECT_EQ(0, c->req[1].reserve.binding.port % 8);
	EXPECT_EQ(40002, c->req[2].reserve.binding.port);
}

TEST(who_is_in_the_way_of_each)
{
	static const char *const texts[] = { "tcp 4 *:5000", "tcp 4 *:5001", "tcp 4 *:5002" };
	struct call *c = call_texts(texts, 3, 0);
	int fd = owner(), fd2 = owner();
	struct netport_entry e[3], none;
	unsigned int i;
	__u64 token;

	memset(e, 0xcc, sizeof(e));
	memset(&none, 0xcc, sizeof(none));
	ASSERT_EQ(0, reserve_token(fd2, "tcp 4 10.0.0.1:5001", &token));
	for (i = 0; i < 3; i++)
		c->req[i].terms.conflict = pointer(&e[i]);
	EXPECT_EQ(EADDRINUSE, call(fd, c));
	EXPECT_EQ(0, memcmp(&e[0], &none, sizeof(none)));
	EXPECT_EQ(0, memcmp(&e[2], &none, sizeof(none)));
	EXPECT_EQ(token, e[1].token);
	EXPECT_EQ(5001, e[1].binding.port);

	c->b.flags = NETPORT_BATCH_PARTIAL;
	memset(e, 0xcc, sizeof(e));
	EXPECT_EQ(0, call(fd, c));
	EXPECT_EQ(token, e[1].token);
	EXPECT_EQ(0, memcmp(&e[0], &none, sizeof(none)));
	/* Where it can't be told, nothing is reserved. */
	close(fd);
	fd = owner();
	c->req[1].terms.conflict = 8;
	EXPECT_EQ(EFAULT, call(fd, c));
	EXPECT_EQ(0, held(fd));
}

/* sizes */

static const char *const three[] = { "tcp 4 *:5000", "tcp 4 *:5001", "udp 46 *:0" };

/* Three requests @size bytes apart, each as much of a struct netport_request as fits. */
static char *spread(unsigned int size)
{
	char *p = calloc(3, size);
	unsigned int i;

	if (!p)
		die("calloc");
	for (i = 0; i < 3; i++) {
		struct netport_request r = { .reserve = request(three[i]) };

		memcpy(p + i * size, &r, size < sizeof(r) ? size : sizeof(r));
	}
	return p;
}

TEST(requests_of_every_size)
{
	struct call *c = call_new(3, 0);
	unsigned int size, i;
	int fd = owner();

	for (size = 64; size <= 4096; size += size < 256 ? 8 : 1280) {
		char *p = spread(size), *copy = spread(size);

		c->b.requests = pointer(p);
		c->b.size = size;
		ASSERT_EQ(0, call(fd, c)) TH_LOG("size %u", size);
		EXPECT_EQ(3, held(fd));
		for (i = 0; i < 3; i++) {
			struct netport_reserve *r = (void *)(p + i * size);
			struct netport_reserve *b = (void *)(copy + i * size);

			EXPECT_EQ(1, held_by(fd, r->token, NULL));
			b->token = r->token;
			b->binding.port = r->binding.port;
			EXPECT_EQ(0, release(fd, r->token));
		}
		EXPECT_EQ(0, memcmp(p, copy, 3 * size));
		free(p);
		free(copy);
	}
}

TEST(requests_of_no_such_size)
{
	static const unsigned int bad[] = {
		0, 1, 8, 48, 56, 63, 65, 68, 71, 73, 140, 145, 148, 4100, 4104, 8192, 0x80000000,
		0xffffffff, 0xfffffff8,
	};
	struct call *c = call_new(3, 0);
	unsigned int i;
	int fd = owner();

	c->b.requests = pointer(spread(4096));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		c->b.size = bad[i];
		EXPECT_EQ(EINVAL, call(fd, c)) TH_LOG("size %u", bad[i]);
		EXPECT_EQ(NOT_SAID, c->errors[0]);
	}
	EXPECT_EQ(0, held(fd));
	c->b.size = 4096;
	EXPECT_EQ(0, call(fd, c));
}

TEST(requests_with_something_unknown)
{
	static const unsigned int at[] = { 144, 151, 152, 160, 4095 };
	struct call *c = call_new(3, NETPORT_BATCH_PARTIAL);
	char *p = spread(4096);
	unsigned int i, j;
	int fd = owner();

	c->b.requests = pointer(p);
	c->b.size = 4096;
	for (i = 0; i < ARRAY_SIZE(at); i++)
		for (j = 0; j < 3; j++) {
			p[j * 4096 + at[i]] = 1;
			EXPECT_EQ(E2BIG, call(fd, c)) TH_LOG("%u of %u", at[i], j);
			p[j * 4096 + at[i]] = 0;
		}
	EXPECT_EQ(0, held(fd));
	EXPECT_EQ(0, call(fd, c));
	EXPECT_EQ(3, c->b.done);
}

/* counts */

TEST(a_thousand_picks)
{
	struct call *c = call_new(1024, 0);
	static bool taken[65536];
	unsigned int i;
	int fd = owner();

	for (i = 0; i < 1025; i++)
		c->req[i].reserve = request("tcp 4 10.0.0.1:0");
	ASSERT_EQ(0, call(fd, c));
	EXPECT_EQ(1024, c->b.done);
	for (i = 0; i < 1024; i++) {
		const struct netport_reserve *r = &c->req[i].reserve;

		EXPECT_LE(16000, r->binding.port);
		EXPECT_FALSE(taken[r->binding.port]);
		taken[r->binding.port] = true;
		EXPECT_EQ(0, c->errors[i]);
	}
	EXPECT_EQ(1024, held(fd));
	EXPECT_EQ(0, c->req[1024].reserve.token);
	EXPECT_EQ(NOT_SAID, c->errors[1024]);
	c->b.count = 1025;
	EXPECT_EQ(EINVAL, call(fd, c));
	EXPECT_EQ(1024, held(fd));
}

TEST(a_thousand_out_of_less)
{
	struct call *c = call_new(1024, 0);
	unsigned int i;
	int fd = owner();

	for (i = 0; i < 1024; i++)
		c->req[i].reserve = request("tcp 4 10.0.0.1:0 =40000-41022");
	EXPECT_EQ(EADDRNOTAVAIL, call(fd, c));
	EXPECT_EQ(0, held(fd));
	EXPECT_EQ(EADDRNOTAVAIL, c->errors[1023]);
	c->b.flags = NETPORT_BATCH_PARTIAL;
	EXPECT_EQ(0, call(fd, c));
	EXPECT_EQ(1023, c->b.done);
	EXPECT_EQ(1023, held(fd));
}

TEST(batch_refusals)
{
	static const __u32 flags[] = { 2, 3, 0x100, 0x80000000 };
	struct call *c = call_texts(five, 5, 0);
	unsigned int i;
	int fd = owner();

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		c->b.flags = flags[i];
		EXPECT_EQ(EINVAL, call(fd, c));
	}
	c->b.flags = 0;
	c->b.count = 0;
	EXPECT_EQ(EINVAL, call(fd, c));
	c->b.count = 0xffffffff;
	EXPECT_EQ(EINVAL, call(fd, c));
	c->b.count = 5;
	c->b.requests = 0;
	EXPECT_EQ(EFAULT, call(fd, c));
	c->b.requests = ~0ULL;
	EXPECT_EQ(EFAULT, call(fd, c));
	c->b.requests = pointer(c->req);
	EXPECT_EQ(NOT_SAID, c->errors[0]);
	EXPECT_EQ(0, held(fd));
	EXPECT_EQ(0, call(fd, c));
}

TEST(limits)
{
	struct call *c = call_texts(five, 5, NETPORT_BATCH_PARTIAL);
	int fd;

	set_limit("max_per_owner", 3);
	fd = owner();
	EXPECT_EQ(0, call(fd, c));
	EXPECT_EQ(3, c->b.done);
	EXPECT_EQ(EDQUOT, c->errors[3]);
	EXPECT_EQ(EDQUOT, c->errors[4]);
	close(fd);
	fd = owner();
	c->b.flags = 0;
	EXPECT_EQ(EDQUOT, call(fd, c));
	EXPECT_EQ(0, held(fd));
	c->b.count = 3;
	EXPECT_EQ(0, call(fd, c));
	restore_limits();
}

/* What is counted for several at once isn't in the way of one that counts for itself. */
TEST(limits_of_each)
{
	struct netport_reserve r[3];
	struct netport_batch b = {
		.requests = pointer(r), .count = ARRAY_SIZE(r), .size = sizeof(r[0]),
	};
	unsigned int i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(r); i++)
		r[i] = request(five[i]);
	r[1].options = NETPORT_OPT_PERSISTENT;
	set_limit("max_per_owner", 2);
	fd = owner();
	EXPECT_EQ(EDQUOT, command(fd, NETPORT_IOC_BATCH, &b));
	EXPECT_EQ(0, held(fd));
	set_limit("max_per_owner", 3);
	EXPECT_EQ(0, command(fd, NETPORT_IOC_BATCH, &b));
	EXPECT_EQ(3, b.done);
	EXPECT_EQ(EDQUOT, reserve(fd, five[3]));
	for (i = 0; i < ARRAY_SIZE(r); i++)
		EXPECT_EQ(0, release(fd, r[i].token));
	restore_limits();
}

/* results that can't be told */

/* Two pages, and @size bytes that end @after bytes behind the border. */
static char *across(size_t size, size_t after, int prot)
{
	const size_t page = getpagesize();
	char *p = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		die("mmap");
	if (prot >= 0 && mprotect(p + page, page, prot))
		die("mprotect");
	if (prot < 0)
		munmap(p + page, page);
	return p + page + after - size;
}

static void protect(char *p, size_t size, int prot)
{
	const uintptr_t page = getpagesize();
	uintptr_t from = (uintptr_t)p / page * page;
	uintptr_t to = ((uintptr_t)p + size + page - 1) / page * page;

	if (mprotect((void *)from, to - from, prot))
		die("mprotect");
}

TEST(requests_that_cannot_be_written)
{
	static const __u32 flags[] = { 0, NETPORT_BATCH_PARTIAL };
	/* Behind the results of the last one. */
	const size_t unwritten = sizeof(struct netport_request) -
				 offsetof(struct netport_request, reserve.options);
	unsigned int i, k;
	int fd = owner();

	for (k = 0; k < ARRAY_SIZE(flags); k++) {
		struct call *c = call_texts(five, 5, flags[k]);
		const size_t size = 5 * sizeof(c->req[0]);

		/* The last ones; wherever the border is, also within a request. */
		for (i = 1; i < 5 * sizeof(c->req[0]); i += 29) {
			char *p = across(size, i, PROT_READ | PROT_WRITE);

			memcpy(p, c->req, size);
			protect((char *)(((uintptr_t)p + size) & -getpagesize()), 1, PROT_READ);
			c->b.requests = pointer(p);
			EXPECT_EQ(i <= unwritten ? 0 : EFAULT, call(fd, c)) TH_LOG("%u", i);
			EXPECT_EQ(i <= unwritten ? 5 : 0, held(fd)) TH_LOG("%u", i);
			close(fd);
			fd = owner();
			EXPECT_TRUE(all_free(IPPROTO_TCP, 5000) && all_free(IPPROTO_TCP, 5001));
			munmap((void *)((uintptr_t)p & -getpagesize()), 2 * getpagesize());
		}
	}
}

TEST(errors_that_cannot_be_written)
{
	struct call *c = call_texts(five, 5, 0);
	unsigned int i;
	int fd = owner();

	for (i = 1; i <= 5; i++) {
		c->b.errors = pointer(across(5 * sizeof(__s32), i * sizeof(__s32), -1));
		EXPECT_EQ(EFAULT, command(fd, NETPORT_IOC_BATCH, &c->b)) TH_LOG("%u", i);
		EXPECT_EQ(0, held(fd));
		c->b.flags ^= NETPORT_BATCH_PARTIAL;
	}
	c->b.errors = 8;
	EXPECT_EQ(EFAULT, command(fd, NETPORT_IOC_BATCH, &c->b));
	EXPECT_EQ(0, held(fd));
	c->b.errors = 0;
	EXPECT_EQ(0, command(fd, NETPORT_IOC_BATCH, &c->b));
	EXPECT_EQ(5, held(fd));
}

TEST(requests_that_cannot_be_read)
{
	struct call *c = call_texts(five, 5, NETPORT_BATCH_PARTIAL);
	const size_t size = 5 * sizeof(c->req[0]);
	char *p = across(size, 1, -1);
	int fd = owner();

	memcpy(p, c->req, size - 1);
	c->b.requests = pointer(p);
	EXPECT_EQ(EFAULT, command(fd, NETPORT_IOC_BATCH, &c->b));
	EXPECT_EQ(0, held(fd));
	EXPECT_EQ(NOT_SAID, c->errors[0]);
}

TEST(number_that_cannot_be_written)
{
	struct call *c = call_texts(five, 5, 0);
	char *p = across(sizeof(c->b), 4, PROT_READ | PROT_WRITE);
	int fd = owner();

	memcpy(p, &c->b, sizeof(c->b));
	protect(p + offsetof(struct netport_batch, done), 4, PROT_READ);
	errno = 0;
	EXPECT_EQ(-1, ioctl(fd, NETPORT_IOC_BATCH, p));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(0, held(fd));
}

/* A set, a block and a labelled one are undone like any other. */
TEST(all_kinds_are_undone)
{
	static const char *const texts[] = {
		"tcp 4 *:5000", "tcp 4 *:6000", "tcp 4 *:7000", "tcp 4 *:8000", "tcp 4 *:8000",
	};
	struct call *c = call_texts(texts, 5, 0);
	struct netport_binding more = request("udp 4 *:0").binding;
	int fd = owner();

	c->req[0].terms.bindings = pointer(&more);
	c->req[0].terms.nbindings = 1;
	c->req[1].terms.count = 100;
	strcpy((char *)c->req[2].terms.label, "web");
	c->req[3].reserve.options = NETPORT_OPT_PERSISTENT;
	EXPECT_EQ(EADDRINUSE, call(fd, c));
	EXPECT_EQ(0, held(fd));
	close(fd);
	EXPECT_TRUE(all_free(IPPROTO_TCP, 5000) && all_free(IPPROTO_UDP, 5000) &&
		    all_free(IPPROTO_TCP, 6099) && all_free(IPPROTO_TCP, 7000) &&
		    all_free(IPPROTO_TCP, 8000));
}

/* RELEASE_BATCH */

static int release_batch(int fd, const __u64 *tokens, unsigned int n, unsigned int *done)
{
	struct netport_tokens t = { .tokens = pointer(tokens), .count = n, .done = 0xcccccccc };
	int err = command(fd, NETPORT_IOC_RELEASE_BATCH, &t);

	*done = t.done;
	return err;
}

TEST(many_are_released)
{
	struct call *c = call_new(1024, 0);
	static __u64 tokens[1025];
	unsigned int i, done;
	int fd = owner();

	for (i = 0; i < 1024; i++)
		c->req[i].reserve = request("udp 4 *:0");
	ASSERT_EQ(0, call(fd, c));
	for (i = 0; i < 1024; i++)
		tokens[i] = c->req[i].reserve.token;
	EXPECT_EQ(EINVAL, release_batch(fd, tokens, 1025, &done));
	EXPECT_EQ(EINVAL, release_batch(fd, tokens, 0, &done));
	EXPECT_EQ(1024, held(fd));
	EXPECT_EQ(0, release_batch(fd, tokens, 1024, &done));
	EXPECT_EQ(1024, done);
	EXPECT_EQ(0, held(fd));
	EXPECT_EQ(0, release_batch(fd, tokens, 1024, &done));
	EXPECT_EQ(0, done);
}

TEST(what_is_no_ones_is_passed_over)
{
	int fd = owner(), fd2 = owner();
	__u64 t[8] = { 0 };
	unsigned int done;

	ASSERT_EQ(0, reserve_token(fd, "tcp 4 *:5000", &t[1]));
	t[2] = ~0ULL;
	ASSERT_EQ(0, reserve_token(fd2, "tcp 4 *:5001", &t[3]));
	t[4] = t[1];
	ASSERT_EQ(0, ask_text(fd, "tcp 4 *:6000 x10 + udp 4 *:0", &t[5], NULL));
	ASSERT_EQ(0, ask_text(fd, "tcp 4 *:7000 + udp 4 *:0", &t[7], NULL));
	EXPECT_EQ(0, release_batch(fd, t, 8, &done));
	EXPECT_EQ(3, done);
	EXPECT_EQ(0, held(fd));
	EXPECT_EQ(1, held(fd2));
}

TEST(release_batch_refusals)
{
	struct netport_tokens t, good = { .count = 2 };
	int fd = owner();
	__u64 token[2];
	char *p;

	ASSERT_EQ(0, reserve_token(fd, "tcp 4 *:5000", &token[0]));
	ASSERT_EQ(0, reserve_token(fd, "tcp 4 *:5001", &token[1]));
	good.tokens = pointer(token);

	t = good;
	t.options = 1;
	EXPECT_EQ(EINVAL, command(fd, NETPORT_IOC_RELEASE_BATCH, &t));
	t.options = NETPORT_RELEASE_PORT;
	EXPECT_EQ(EINVAL, command(fd, NETPORT_IOC_RELEASE_BATCH, &t));
	t.options = NETPORT_RELEASE_PORT | 2;
	t.hold = 1;
	EXPECT_EQ(EINVAL, command(fd, NETPORT_IOC_RELEASE_BATCH, &t));
	t.options = 0;
	t.hold = NETPORT_HOLD_MAX + 1;
	EXPECT_EQ(EINVAL, command(fd, NETPORT_IOC_RELEASE_BATCH, &t));
	t.hold = 0xffffffff;
	EXPECT_EQ(EINVAL, command(fd, NETPORT_IOC_RELEASE_BATCH, &t));
	t = good;
	t.tokens = 0;
	EXPECT_EQ(EFAULT, command(fd, NETPORT_IOC_RELEASE_BATCH, &t));
	p = across(sizeof(token), 1, -1);
	memcpy(p, token, sizeof(token) - 1);
	t.tokens = pointer(p);
	EXPECT_EQ(EFAULT, command(fd, NETPORT_IOC_RELEASE_BATCH, &t));
	EXPECT_EQ(2, held(fd));
	t = good;
	EXPECT_EQ(0, command(fd, NETPORT_IOC_RELEASE_BATCH, &t));
	EXPECT_EQ(2, t.done);
	EXPECT_EQ(0, held(fd));
}

TEST(released_with_a_hold)
{
	struct netport_tokens t = { .count = 2, .hold = NETPORT_HOLD_MAX };
	__u64 token[2];
	int fd;

	/* Of its own, for what is held stays. */
	close(new_netns());
	fd = owner();
	t.tokens = pointer(token);
	ASSERT_EQ(0, reserve_token(fd, "tcp 4 10.0.0.1:5000", &token[0]));
	ASSERT_EQ(0, ask_text(fd, "tcp 4 10.0.0.1:5001 + udp 4 10.0.0.1:0", &token[1], NULL));
	EXPECT_EQ(0, command(fd, NETPORT_IOC_RELEASE_BATCH, &t));
	EXPECT_EQ(2, t.done);
	EXPECT_EQ(0, held(fd));
	EXPECT_EQ(EADDRINUSE, reserve(fd, "tcp 4 10.0.0.1:5000"));
	EXPECT_EQ(EADDRINUSE, reserve(fd, "udp 4 10.0.0.1:5001"));
	EXPECT_EQ(0, reserve(fd, "tcp 4 10.0.0.2:5000"));
	/* Held ones are nobody's. */
	t.done = 0xcccccccc;
	EXPECT_EQ(0, command(fd, NETPORT_IOC_RELEASE_BATCH, &t));
	EXPECT_EQ(0, t.done);
}

SELFTEST_MAIN
