// SPDX-License-Identifier: GPL-2.0
/*
 * request.c: batches.
 */
#include <linux/slab.h>

#include "kit.h"

#define BATCH_MAX	8

/**
 * struct batch - a batch of requests
 * @n: how many
 * @req: the requests
 * @q: what they were made of, and where they point to
 * @error: how each ended
 */
struct batch {
	unsigned int		n;
	struct netport_request	req[BATCH_MAX];
	struct kit_request	*q[BATCH_MAX];
	s32			error[BATCH_MAX];
};

static struct batch *batch(struct kunit *test, const char * const *text)
{
	struct batch *b = kunit_kzalloc(test, sizeof(*b), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, b);
	for (; b->n < BATCH_MAX && text[b->n]; b->n++) {
		b->q[b->n] = kit_request(test, text[b->n]);
		b->req[b->n] = b->q[b->n]->req;
	}
	memset(b->error, KIT_POISON, sizeof(b->error));
	return b;
}

static const struct batch_case {
	const char	*desc;
	const char	*text[BATCH_MAX];
	int		error[BATCH_MAX];
	int		err;
} batch_cases[] = {
	{ "one", { "10.0.0.1" }, { }, 0 },
	{ "different ones", { "10.0.0.1", "10.0.0.2 tcp label=x", "10.0.0.3 + ::",
	  "10.0.0.4 count=4", "10.0.0.5 port=0 align=2" }, { }, 0 },
	{ "picks", { "0.0.0.0 port=0 low=100 high=103", "0.0.0.0 port=0 low=100 high=103",
	  "0.0.0.0 port=0 low=100 high=103", "0.0.0.0 port=0 low=100 high=103" }, { }, 0 },
	{ "one pick too many", { "0.0.0.0 port=0 low=100 high=101",
	  "0.0.0.0 port=0 low=100 high=101", "0.0.0.0 port=0 low=100 high=101", "10.0.0.1" },
	  { 0, 0, -EADDRNOTAVAIL, 0 }, -EADDRNOTAVAIL },
	{ "the first is in use", { "10.0.0.9", "10.0.0.1", "10.0.0.2" }, { -EADDRINUSE, 0, 0 },
	  -EADDRINUSE },
	{ "the last is in use", { "10.0.0.1", "10.0.0.2 + ::1", "10.0.0.9" },
	  { 0, 0, -EADDRINUSE }, -EADDRINUSE },
	{ "one is in the way of another", { "10.0.0.1", "10.0.0.2", "0.0.0.0" },
	  { 0, 0, -EADDRINUSE }, -EADDRINUSE },
	{ "one is malformed", { "10.0.0.1", "10.0.0.2 + 10.0.0.2", "10.0.0.3" }, { 0, -EINVAL, 0 },
	  -EINVAL },
	{ "several errors", { "10.0.0.1", "10.0.0.9", "fe80::1", "10.0.0.2" },
	  { 0, -EADDRINUSE, -EINVAL, 0 }, -EADDRINUSE },
	{ "alike but for the port", { "10.0.0.1", "10.0.0.1 port=81", "10.0.0.9", "10.0.0.1 port=0",
	  "10.0.0.1 port=81", "10.0.0.1 port=82" }, { 0, 0, -EADDRINUSE, 0, -EADDRINUSE, 0 },
	  -EADDRINUSE },
	{ "alike but for one thing each", { "10.0.0.1 to=192.0.2.1 rport=1",
	  "10.0.0.1 to=192.0.2.1 rport=2", "10.0.0.1 to=192.0.2.2 rport=2",
	  "10.0.0.2 to=192.0.2.2 rport=2", "10.0.0.2 to=192.0.2.2 rport=2 tcp" }, { }, 0 },
	{ "alike but for the device", { "10.0.0.1 dev=1", "10.0.0.1 dev=2", "10.0.0.1 dev=1" },
	  { 0, 0, -EADDRINUSE }, -EADDRINUSE },
	{ "alike but for the family", { "0.0.0.0 port=81", ":: port=81", "* port=82" }, { }, 0 },
	{ "alike but for the flags", { "10.0.0.1 MR", "10.0.0.1 MR LB", "10.0.0.1 LB" },
	  { 0, 0, -EADDRINUSE }, -EADDRINUSE },
	{ "alike, and then malformed", { "10.0.0.1", "10.0.0.1 port=81 low=70 high=90",
	  "10.0.0.1 port=0 low=90 high=70", "10.0.0.1 port=82", "fe80::1 port=83",
	  "10.0.0.1 port=83" }, { 0, -EINVAL, -EINVAL, 0, -EINVAL, 0 }, -EINVAL },
	{ "a tuple alike, which has to have a port",
	  { "10.0.0.1 to=192.0.2.1 rport=1 tuple", "10.0.0.1 to=192.0.2.1 rport=1 tuple port=0",
	    "10.0.0.1 to=192.0.2.1 rport=1 port=81",
	    "10.0.0.1 to=192.0.2.1 rport=1 tuple port=81" },
	  { 0, -EINVAL, 0, -EADDRINUSE }, -EINVAL },
	{ "none can be had", { "10.0.0.9", "fe80::1" }, { -EADDRINUSE, -EINVAL }, -EADDRINUSE },
};

KUNIT_ARRAY_PARAM_DESC(batch_case, batch_cases, desc);

/* What a request of a batch has to be like afterwards. */
static void batch_expect(struct kunit *test, const struct batch *b, unsigned int i, int err)
{
	struct netport_request want = b->q[i]->req;
	const struct netport_reserve *got = &b->req[i].reserve;

	KUNIT_EXPECT_EQ_MSG(test, kit_alive(test, KIT_ALICE, got->token), !err, "number %u", i);
	if (err) {
		want.reserve.token = 0;
	} else {
		want.reserve.token = got->token;
		KUNIT_EXPECT_NE(test, got->binding.port, 0);
		want.reserve.binding.port = want.reserve.binding.port ?: got->binding.port;
	}
	KUNIT_EXPECT_MEMEQ_MSG(test, &b->req[i], &want, sizeof(want), "number %u", i);
}

static void batch_run(struct kunit *test, bool errors, u32 flags)
{
	const struct batch_case *c = test->param_value;
	bool partial = flags & NETPORT_BATCH_PARTIAL;
	int err, held, done = 0, ports = 0;
	struct batch *b;
	unsigned int i;

	kit_hold(test, "10.0.0.9 bob");
	held = kit_held(test);
	b = batch(test, c->text);
	for (i = 0; i < b->n; i++) {
		done += !c->error[i];
		ports += c->error[i] ? 0 : kit_request_ports(b->q[i]);
	}
	err = netport_batch(kit_owner(test, KIT_ALICE), b->req, errors ? b->error : NULL, b->n,
			    flags, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, err, c->err && !partial ? c->err : done);
	KUNIT_EXPECT_EQ(test, kit_held(test), held + (c->err && !partial ? 0 : ports));
	for (i = 0; i < b->n; i++) {
		batch_expect(test, b, i, c->err && !partial ? c->err : c->error[i]);
		if (errors)
			KUNIT_EXPECT_EQ_MSG(test, b->error[i], c->error[i], "number %u", i);
	}
}

static void batch__all_or_none(struct kunit *test)
{
	batch_run(test, false, 0);
}

static void batch__all_or_none_with_errors(struct kunit *test)
{
	batch_run(test, true, 0);
}

static void batch__partial(struct kunit *test)
{
	batch_run(test, false, NETPORT_BATCH_PARTIAL);
}

static void batch__partial_with_errors(struct kunit *test)
{
	batch_run(test, true, NETPORT_BATCH_PARTIAL);
}

/* Malformed as a whole: nothing is looked at. */
static void batch__form(struct kunit *test)
{
	static const char * const text[] = { "10.0.0.1", "10.0.0.2", NULL };
	struct netport_owner *alice = kit_owner(test, KIT_ALICE);
	struct batch *b = batch(test, text), *before = batch(test, text);

	KUNIT_EXPECT_EQ(test, netport_batch(alice, b->req, b->error, 0, 0, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, netport_batch(alice, b->req, b->error, NETPORT_BATCH_MAX + 1, 0,
					    GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, netport_batch(alice, b->req, b->error, U32_MAX, 0, GFP_KERNEL),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, netport_batch(alice, b->req, b->error, 2, 2, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, netport_batch(alice, b->req, b->error, 2, 1U << 31, GFP_KERNEL),
			-EINVAL);
	KUNIT_EXPECT_MEMEQ(test, b->req, before->req, sizeof(b->req));
	KUNIT_EXPECT_MEMEQ(test, b->error, before->error, sizeof(b->error));
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
}

static void batch__no_deadline(struct kunit *test)
{
	static const char * const text[] = { "10.0.0.1", "10.0.0.2", NULL };
	struct batch *b = batch(test, text);

	b->req[1].terms.deadline = 1;
	KUNIT_EXPECT_EQ(test, netport_batch(kit_owner(test, KIT_ALICE), b->req, b->error, 2, 0,
					    GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, b->error[0], 0);
	KUNIT_EXPECT_EQ(test, b->error[1], -EINVAL);
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
}

/* As many as there may be, each a port of its own; and once more, when one is in use. */
static void batch__of_1024(struct kunit *test)
{
	struct netport_owner *alice = kit_owner(test, KIT_ALICE);
	struct kit_request *q = kit_request(test, "0.0.0.0 port=0 low=2000 high=3023");
	struct netport_request *req;
	unsigned long *seen;
	unsigned int i;
	u64 token;

	req = kunit_kcalloc(test, NETPORT_BATCH_MAX, sizeof(*req), GFP_KERNEL);
	seen = kunit_kcalloc(test, BITS_TO_LONGS(NETPORT_BATCH_MAX), sizeof(*seen), GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, req && seen);
	for (i = 0; i < NETPORT_BATCH_MAX; i++)
		req[i] = q->req;
	KUNIT_ASSERT_EQ(test, netport_batch(alice, req, NULL, NETPORT_BATCH_MAX, 0, GFP_KERNEL),
			NETPORT_BATCH_MAX);
	for (i = 0; i < NETPORT_BATCH_MAX; i++)
		KUNIT_EXPECT_FALSE(test, __test_and_set_bit(req[i].reserve.binding.port - 2000,
							    seen));
	for (i = 0; i < NETPORT_BATCH_MAX; i++) {
		KUNIT_ASSERT_EQ(test, netport_release(alice, req[i].reserve.token), 0);
		req[i] = q->req;
	}
	token = kit_hold(test, "10.0.0.1 port=2500 bob");
	KUNIT_EXPECT_EQ(test, netport_batch(alice, req, NULL, NETPORT_BATCH_MAX, 0, GFP_ATOMIC),
			-EADDRNOTAVAIL);
	KUNIT_EXPECT_EQ(test, kit_held(test), 1);
	KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, KIT_BOB), token), 0);
	KUNIT_EXPECT_EQ_MSG(test, netport_batch(alice, req, NULL, NETPORT_BATCH_MAX, 0, GFP_KERNEL),
			    NETPORT_BATCH_MAX, "the same requests again");
}

static struct kunit_case batch_test_cases[] = {
	KUNIT_CASE_PARAM(batch__all_or_none, batch_case_gen_params),
	KUNIT_CASE_PARAM(batch__all_or_none_with_errors, batch_case_gen_params),
	KUNIT_CASE_PARAM(batch__partial, batch_case_gen_params),
	KUNIT_CASE_PARAM(batch__partial_with_errors, batch_case_gen_params),
	KUNIT_CASE(batch__form),
	KUNIT_CASE(batch__no_deadline),
	KUNIT_CASE(batch__of_1024),
	{}
};

static struct kunit_suite batch_test_suite = {
	.name = "netport_batch",
	.init = kit_init,
	.exit = kit_exit,
	.test_cases = batch_test_cases,
};

kunit_test_suite(batch_test_suite);
