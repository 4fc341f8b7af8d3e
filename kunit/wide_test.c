// SPDX-License-Identifier: GPL-2.0
/*
 * wide.c: sets, blocks and batches, and reservations that change.  What the table has to
 * say afterwards is asked of the oracle.
 */
#include <linux/slab.h>

#include "kit.h"
#include "oracle.h"

/* what is held, by number of the binding */

#define WIDE_PROBES	(6 * 4 * 2 * 2)

/**
 * struct wide_lab - what should be held, and questions about it
 * @o: what should be held
 * @probe: the questions, for each port
 */
struct wide_lab {
	struct oracle	o;
	struct kit_req	probe[WIDE_PROBES];
};

static void wide_probes(struct kunit *test, struct wide_lab *lab)
{
	static const char * const local[] = {
		"*", "0.0.0.0", "::", "10.0.0.1", "10.0.0.2", "2001:db8::1",
	};
	static const char * const share[] = { "", "LB", "MR", "LB MR TO" };
	unsigned int i;
	char text[64];

	for (i = 0; i < WIDE_PROBES; i++) {
		snprintf(text, sizeof(text), "%s %s %s %s", local[i % 6], share[i / 6 % 4],
			 i / 24 % 2 ? "dev=1" : "", i / 48 ? "bob" : "alice");
		kit_parse(test, text, &lab->probe[i]);
	}
}

static struct wide_lab *wide_lab(struct kunit *test)
{
	struct wide_lab *lab = kunit_kzalloc(test, sizeof(*lab), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, lab);
	wide_probes(test, lab);
	for (i = 0; i < KIT_NWHO; i++)
		kit_owner(test, i);
	return lab;
}

/* A request is held: of a set all bindings, of a block all ports. */
static void wide_add(struct wide_lab *lab, const struct kit_request *q, u16 port)
{
	struct netport_reserve one = q->req.reserve;
	unsigned int i, count = q->req.terms.count ?: 1;

	while (count--) {
		for (i = 0; i <= q->req.terms.nbindings; i++) {
			one.binding = i ? q->more[i - 1] : q->req.reserve.binding;
			one.binding.port = port + count;
			oracle_add(&lab->o, &one, __kuid_val(kit_uid(q->who)));
		}
	}
}

static void wide_add_text(struct kunit *test, struct wide_lab *lab, const char *text)
{
	struct kit_request *q = kit_request(test, text);

	wide_add(lab, q, q->req.reserve.binding.port);
}

/* Holds it, and expects that from then on. */
static u64 wide_hold(struct kunit *test, struct wide_lab *lab, const char *text)
{
	struct kit_request *q = kit_request(test, text);

	KUNIT_ASSERT_EQ_MSG(test, kit_request_try(test, q, GFP_KERNEL), 0, "%s", text);
	wide_add(lab, q, q->req.reserve.binding.port);
	return q->req.reserve.token;
}

static void wide_expect_probe(struct kunit *test, const struct wide_lab *lab,
			      const struct kit_req *probe, u16 port)
{
	struct kit_req r = *probe;
	bool free;
	int err;

	r.req.binding.port = port;
	err = oracle_verdict(&lab->o, &r.req, __kuid_val(kit_uid(r.who)), &free);
	KUNIT_EXPECT_EQ_MSG(test, netport_available(kit_owner(test, r.who), &r.req), err,
			    "probe %u, port %u", (unsigned int)(probe - lab->probe), port);
	/* What the bitmaps say. */
	r.req.binding.port = 0;
	r.req.low = port;
	r.req.high = port;
	KUNIT_EXPECT_EQ_MSG(test, netport_available(kit_owner(test, r.who), &r.req),
			    err ? -EADDRNOTAVAIL : 0,
			    "pick of probe %u, port %u", (unsigned int)(probe - lab->probe), port);
}

/* The table has to say what the oracle says. */
static void wide_expect(struct kunit *test, const struct wide_lab *lab, u16 port)
{
	unsigned int i;

	KUNIT_EXPECT_EQ(test, kit_held(test), lab->o.n);
	for (i = 0; i < WIDE_PROBES; i++)
		wide_expect_probe(test, lab, &lab->probe[i], port);
}

static void wide_release(struct kunit *test, u64 token)
{
	KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, KIT_ALICE), token), 0);
}

/* sets */

#define WIDE_OTHERS	4

static const struct wide_set {
	const char	*desc;
	const char	*others[WIDE_OTHERS];
	const char	*text;
	int		err;
} wide_sets[] = {
	{ "two addresses", { }, "10.0.0.1 + 2001:db8::1", 0 },
	{ "two devices of one address", { }, "10.0.0.1 dev=1 + 10.0.0.1 dev=2 MR", 0 },
	{ "any of each family", { }, "0.0.0.0 LB + :: MR", 0 },
	{ "any of IPv6, and addresses", { }, ":: + 10.0.0.1 + 10.0.0.2", 0 },
	{ "two protocols", { }, "10.0.0.1 + 10.0.0.1 tcp", 0 },
	{ "beside others", { "10.0.0.1 dev=2 bob", "10.0.0.2 bob" }, "10.0.0.1 dev=1 + 2001:db8::1",
	  0 },
	{ "shared with others", { "10.0.0.1 LB", "2001:db8::1 MR bob" },
	  "10.0.0.1 LB + 2001:db8::1 MR + 10.0.0.2", 0 },
	{ "the first is in use", { "10.0.0.1 bob" }, "10.0.0.1 + 10.0.0.2 + 2001:db8::1",
	  -EADDRINUSE },
	{ "the second is in use", { "10.0.0.2 bob" }, "10.0.0.1 + 10.0.0.2 + 2001:db8::1",
	  -EADDRINUSE },
	{ "the last is in use", { ":: bob" }, "10.0.0.1 + 10.0.0.2 + 2001:db8::1", -EADDRINUSE },
	{ "in use by the same owner", { "10.0.0.2" }, "10.0.0.1 + 10.0.0.2", -EADDRINUSE },
	{ "the last may not be shared", { "10.0.0.1 LB", "2001:db8::1 LB bob" },
	  "10.0.0.1 LB + 2001:db8::1 LB", -EADDRINUSE },
	{ "of no flag in common with all", { "10.0.0.1 LB", "10.0.0.1 LB MR" },
	  "10.0.0.2 + 10.0.0.1 MR", -EADDRINUSE },
	{ "any over an address", { "10.0.0.2" }, ":: + 0.0.0.0", -EADDRINUSE },
};

KUNIT_ARRAY_PARAM_DESC(wide_set, wide_sets, desc);

/* All of it or nothing, and afterwards nothing. */
static void wide_set__all_or_nothing(struct kunit *test)
{
	const struct wide_set *s = test->param_value;
	struct kit_request *q = kit_request(test, s->text);
	struct wide_lab *lab = wide_lab(test);
	unsigned int i, before;

	for (i = 0; i < WIDE_OTHERS && s->others[i]; i++)
		wide_hold(test, lab, s->others[i]);
	before = lab->o.n;
	KUNIT_ASSERT_EQ(test, kit_request_try(test, q, GFP_KERNEL), s->err);
	if (!s->err)
		wide_add(lab, q, 80);
	wide_expect(test, lab, 80);
	if (s->err)
		return;
	wide_release(test, q->req.reserve.token);
	lab->o.n = before;
	wide_expect(test, lab, 80);
}

/* One port for all of them, the only one. */
static void wide_set__picks_what_fits_all(struct kunit *test)
{
	static const char * const others[] = {
		"10.0.0.1 port=100 bob", "2001:db8::1 port=101 bob", "0.0.0.0 port=103 bob",
		"* port=104 bob", "10.0.0.2 tcp port=105 bob",
	};
	struct kit_request *q;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(others); i++)
		kit_hold(test, others[i]);
	for (i = 0; i < 8; i++) {
		q = kit_request(test,
				"10.0.0.1 port=0 low=100 high=105 + 2001:db8::1 + 10.0.0.2 tcp");
		KUNIT_ASSERT_EQ(test, kit_request_try(test, q, i % 2 ? GFP_KERNEL : GFP_ATOMIC), 0);
		KUNIT_EXPECT_EQ(test, q->req.reserve.binding.port, 102);
		q->req.reserve.binding.port = 0;
		KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, KIT_ALICE),
						      q->req.reserve.token), 0);
	}
	kit_hold(test, ":: port=102 bob");
	KUNIT_EXPECT_EQ(test, kit_request_try(test, q, GFP_KERNEL), -EADDRNOTAVAIL);
}

/* Shared only where no port is free for all of them, and never for one with TCP. */
static void wide_set__picks_to_share(struct kunit *test)
{
	struct kit_request *q;
	unsigned int i;

	kit_hold(test, "10.0.0.1 port=100 MR");
	for (i = 0; i < 6; i++) {
		q = kit_request(test, "10.0.0.1 MR port=0 low=100 high=101 + ::");
		KUNIT_ASSERT_EQ(test, kit_request_try(test, q, GFP_KERNEL), 0);
		KUNIT_EXPECT_EQ(test, q->req.reserve.binding.port, 101);
		wide_release(test, q->req.reserve.token);
	}
	kit_hold(test, "2001:db8::1 port=101");
	q = kit_request(test, "10.0.0.1 MR port=0 low=100 high=101 + ::");
	KUNIT_ASSERT_EQ(test, kit_request_try(test, q, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, q->req.reserve.binding.port, 100);
	KUNIT_EXPECT_EQ(test, kit_request_text(test,
					       "10.0.0.1 tcp MR port=0 low=101 high=101 + :: MR"),
			-EADDRNOTAVAIL);
}

static struct kit_request *wide_many(struct kunit *test, const char *first, unsigned int n)
{
	struct kit_request *q = kit_request(test, first);
	unsigned int i;

	for (i = 0; i + 1 < n; i++) {
		q->more[i] = q->req.reserve.binding;
		q->more[i].port = 0;
		q->more[i].addr[2] = i + 1;
	}
	q->req.terms.bindings = (uintptr_t)q->more;
	q->req.terms.nbindings = n - 1;
	return q;
}

static void wide_set__of_64(struct kunit *test)
{
	struct kit_request *q = wide_many(test, "10.0.0.1 port=0", NETPORT_BINDINGS_MAX);

	KUNIT_ASSERT_EQ(test, kit_request_try(test, q, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, kit_held(test), NETPORT_BINDINGS_MAX);
	KUNIT_EXPECT_EQ_MSG(test, kit_extend_text(test, q->req.reserve.token, "::1 port=0"),
			    -EINVAL, "one more than there may be");
	KUNIT_EXPECT_EQ(test, kit_held(test), NETPORT_BINDINGS_MAX);
	wide_release(test, q->req.reserve.token);
}

/* blocks */

static const struct wide_block {
	u16		port;
	u16		count;
	const char	*text;
} wide_blocks[] = {
	{ 1, 2, "10.0.0.1" }, { 62, 2, "10.0.0.1" }, { 63, 2, "0.0.0.0" }, { 64, 64, "10.0.0.1" },
	{ 60, 70, "10.0.0.1 + 2001:db8::1" }, { 4095, 2, "10.0.0.1" }, { 4032, 64, "*" },
	{ 4090, 80, "10.0.0.1 dev=1 + 10.0.0.1 dev=2 + ::" }, { 65534, 2, "10.0.0.1" },
	{ 65471, 65, "*" }, { 20000, 1024, "10.0.0.1" },
	{ 1, 512, "10.0.0.1 + ::" }, { 8000, 16, "10.0.0.1 MR + 10.0.0.1 tcp LB" },
};

static void wide_block_desc(const struct wide_block *b, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u from %u, %s", b->count, b->port, b->text);
}

KUNIT_ARRAY_PARAM(wide_block, wide_blocks, wide_block_desc);

static struct kit_request *wide_block_request(struct kunit *test, const struct wide_block *b,
					      u16 port)
{
	struct kit_request *q = kit_request(test, b->text);

	q->req.reserve.binding.port = port;
	q->req.terms.count = b->count;
	return q;
}

/* Is a port held, on an address that all of wide_blocks[] have? */
static bool wide_taken(struct kunit *test, u32 port)
{
	struct netport_reserve req = {
		.binding = { .families = NETPORT_FAMILY_IPV4, .protocol = 17, .port = port,
			     .addr = { 10, 0, 0, 1 } },
	};
	int err = netport_available(kit_owner(test, KIT_BOB), &req);

	KUNIT_EXPECT_TRUE(test, !err || err == -EADDRINUSE);
	return err;
}

/* These ports and no others near them. */
static void wide_expect_taken(struct kunit *test, u32 port, u32 count)
{
	u32 p;

	for (p = max(port, 66U) - 65; p < min(port + count + 65, 65536U); p++)
		KUNIT_EXPECT_EQ_MSG(test, wide_taken(test, p), p >= port && p < port + count,
				    "port %u", p);
}

static void wide_block__has_its_ports(struct kunit *test)
{
	const struct wide_block *b = test->param_value;
	struct kit_request *q = wide_block_request(test, b, b->port);

	KUNIT_ASSERT_EQ(test, kit_request_try(test, q, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ((test), (u16)q->req.reserve.token, b->port);
	wide_expect_taken(test, b->port, b->count);
	wide_release(test, q->req.reserve.token);
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
	wide_expect_taken(test, b->port, 0);
	KUNIT_EXPECT_EQ_MSG(test, kit_request_try(test, q, GFP_KERNEL), 0, "again");
}

/* Wherever in it somebody is in the way, nothing is left, and that is who is told. */
static void wide_block__one_port_in_use(struct kunit *test)
{
	const struct wide_block *b = test->param_value;
	u32 at[] = { 0, 1, b->count / 2, b->count - 1 };
	struct netport_entry entry;
	struct kit_request *q;
	unsigned int i;
	char text[32];
	u64 token;

	for (i = 0; i < ARRAY_SIZE(at); i++) {
		snprintf(text, sizeof(text), "0.0.0.0 bob port=%u", b->port + at[i]);
		token = kit_hold(test, text);
		q = wide_block_request(test, b, b->port);
		q->req.terms.conflict = (uintptr_t)&entry;
		memset(&entry, KIT_POISON, sizeof(entry));
		KUNIT_EXPECT_EQ(test, kit_request_try(test, q, GFP_KERNEL), -EADDRINUSE);
		KUNIT_EXPECT_EQ(test, entry.token, token);
		KUNIT_EXPECT_EQ(test, entry.binding.port, b->port + at[i]);
		wide_expect_taken(test, b->port + at[i], 1);
		KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, KIT_BOB), token), 0);
	}
}

/* Picked in a range that it just fits into, and in one that it doesn't. */
static void wide_block__picks(struct kunit *test)
{
	const struct wide_block *b = test->param_value;
	struct kit_request *q = wide_block_request(test, b, 0);

	if (b->port + b->count <= U16_MAX)
		kit_hold(test, "10.0.0.1 bob port=65535");
	q->req.reserve.low = b->port;
	q->req.reserve.high = b->port + b->count - 1;
	KUNIT_ASSERT_EQ(test, kit_request_try(test, q, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, q->req.reserve.binding.port, b->port);
	wide_expect_taken(test, b->port, b->count);
	wide_release(test, q->req.reserve.token);
	q->req.reserve.binding.port = 0;
	q->req.reserve.low++;
	KUNIT_EXPECT_EQ(test, kit_request_try(test, q, GFP_KERNEL), -EADDRNOTAVAIL);
	q->req.reserve.low--;
	q->req.terms.align = 1024;
	q->req.terms.offset = (b->port + 1) % 1024;
	KUNIT_EXPECT_EQ(test, kit_request_try(test, q, GFP_KERNEL), -EADDRNOTAVAIL);
	q->req.terms.offset = b->port % 1024;
	KUNIT_EXPECT_EQ(test, kit_request_try(test, q, GFP_KERNEL), 0);
}

/* A block isn't shared, even with what would share with it. */
static void wide_block__is_picked_where_nothing_is(struct kunit *test)
{
	struct kit_request *q;
	unsigned int i;

	kit_hold(test, "10.0.0.1 MR port=101");
	for (i = 0; i < 6; i++) {
		q = kit_request(test, "10.0.0.1 MR port=0 low=100 high=103 count=2");
		KUNIT_ASSERT_EQ(test, kit_request_try(test, q, GFP_KERNEL), 0);
		KUNIT_EXPECT_EQ(test, q->req.reserve.binding.port, 102);
		wide_release(test, q->req.reserve.token);
	}
	kit_hold(test, "10.0.0.1 MR port=102");
	KUNIT_EXPECT_EQ(test, kit_request_text(test,
					       "10.0.0.1 MR port=0 low=100 high=103 count=2"),
			-EADDRNOTAVAIL);
	KUNIT_EXPECT_EQ_MSG(test, kit_request_text(test, "10.0.0.1 MR port=100 count=4"), 0,
			    "by number it is");
}

/* parts of a block */

static int wide_release_part(struct kunit *test, u64 token, u16 port, u16 count)
{
	struct netport_release rel = { .token = token, .port = port, .count = count };

	return netport_release_request(kit_owner(test, KIT_ALICE), &rel, GFP_KERNEL);
}

static const struct wide_part {
	const char	*desc;
	const char	*text;
	u16		port;
	u16		count;
	int		err;
	unsigned int	left;
} wide_parts[] = {
	{ "the first", "10.0.0.1 port=100 count=10", 100, 1, 0, 9 },
	{ "the last", "10.0.0.1 port=100 count=10", 109, 1, 0, 9 },
	{ "in the middle", "10.0.0.1 port=100 count=10", 103, 4, 0, 6 },
	{ "on two addresses", "10.0.0.1 port=100 count=10 + ::", 103, 4, 0, 12 },
	{ "over a word's end", "10.0.0.1 port=120 count=20", 127, 2, 0, 18 },
	{ "over a chunk's end", "10.0.0.1 port=4090 count=20", 4095, 2, 0, 18 },
	{ "all", "10.0.0.1 port=100 count=10 + ::", 100, 10, 0, 0 },
	{ "more than all", "10.0.0.1 port=100 count=10", 100, 11, -ENOENT, 10 },
	{ "one before it", "10.0.0.1 port=100 count=10", 99, 2, -ENOENT, 10 },
	{ "one behind it", "10.0.0.1 port=100 count=10", 109, 2, -ENOENT, 10 },
	{ "another port", "10.0.0.1 port=100 count=10", 110, 1, -ENOENT, 10 },
	{ "beyond the last port", "10.0.0.1 port=65530 count=6", 65535, 2, -ENOENT, 6 },
	{ "all ports there are", "10.0.0.1 port=100 count=10", 100, 65535, -ENOENT, 10 },
	{ "of a set", "10.0.0.1 port=100 + ::", 100, 1, -EINVAL, 2 },
	{ "of one port", "10.0.0.1 port=100", 100, 1, -EINVAL, 1 },
	{ "of one with a label", "10.0.0.1 port=100 label=x", 100, 1, -EINVAL, 1 },
	{ "a port and no count", "10.0.0.1 port=100 count=10", 100, 0, -EINVAL, 10 },
	{ "a count and no port", "10.0.0.1 port=100 count=10", 0, 1, -EINVAL, 10 },
};

KUNIT_ARRAY_PARAM_DESC(wide_part, wide_parts, desc);

static void wide_release_part__of_what_it_has(struct kunit *test)
{
	const struct wide_part *p = test->param_value;
	u64 token = kit_request_hold(test, p->text);

	KUNIT_EXPECT_EQ(test, wide_release_part(test, token, p->port, p->count), p->err);
	KUNIT_EXPECT_EQ(test, kit_held(test), p->left);
	if (p->err)
		return;
	KUNIT_EXPECT_EQ_MSG(test, wide_release_part(test, token, p->port, p->count), -ENOENT,
			    "twice");
	KUNIT_EXPECT_EQ(test, kit_alive(test, KIT_ALICE, token), !!p->left);
	KUNIT_EXPECT_FALSE(test, wide_taken(test, p->port));
	KUNIT_EXPECT_FALSE(test, wide_taken(test, p->port + p->count - 1));
}

static void wide_release_part__needs_the_owner(struct kunit *test)
{
	u64 token = kit_request_hold(test, "10.0.0.1 port=100 count=10");
	struct netport_release rel = { .token = token, .port = 100, .count = 1 };

	KUNIT_EXPECT_EQ(test, netport_release_request(kit_owner(test, KIT_ALICE2), &rel,
						      GFP_KERNEL), -ENOENT);
	rel.token += BIT_ULL(16);
	KUNIT_EXPECT_EQ(test, netport_release_request(kit_owner(test, KIT_ALICE), &rel,
						      GFP_KERNEL), -ENOENT);
	KUNIT_EXPECT_EQ(test, kit_held(test), 10);
}

#define WIDE_PIECES	150

/* Piece by piece, in any order, against a model. */
static void wide_release_part__random_pieces(struct kunit *test)
{
	bool held[WIDE_PIECES];
	unsigned int from, n, i, total = WIDE_PIECES, step;
	struct rnd_state rnd;
	bool all;
	u64 token = kit_request_hold(test, "10.0.0.1 port=4000 count=150 + ::");

	prandom_seed_state(&rnd, 1);
	memset(held, 1, sizeof(held));
	for (step = 0; step < 150 && total; step++) {
		from = kit_random(&rnd, WIDE_PIECES);
		n = 1 + kit_random(&rnd, min(8U, WIDE_PIECES - from));
		for (all = true, i = from; i < from + n; i++)
			all &= held[i];
		KUNIT_ASSERT_EQ(test, wide_release_part(test, token, 4000 + from, n),
				all ? 0 : -ENOENT);
		if (all) {
			memset(&held[from], 0, n);
			total -= n;
		}
		KUNIT_ASSERT_EQ(test, kit_held(test), 2 * total);
		for (i = 0; step % 8 == 0 && i < WIDE_PIECES; i++)
			KUNIT_ASSERT_EQ_MSG(test, wide_taken(test, 4000 + i), held[i], "port %u",
					    4000 + i);
	}
	KUNIT_EXPECT_LT(test, total, WIDE_PIECES / 2);
	if (total)
		wide_release(test, token);
	wide_expect_taken(test, 4000, 0);
}

/* from one binding to an np_wide */

#define WIDE_SHAPES	5

static const struct wide_shape {
	const char	*desc;
	const char	*others[WIDE_SHAPES];
	const char	*text;
	enum np_kind	kind;
} wide_shapes[] = {
	{ "alone", { }, "10.0.0.1", NP_LONE },
	{ "alone, any", { }, "0.0.0.0", NP_LONE },
	{ "a node", { "10.0.0.2 bob" }, "10.0.0.1 LB", NP_NODE },
	{ "a node, narrow", { "10.0.0.2 bob", "2001:db8::1" }, "10.0.0.1 dev=1", NP_NODE },
	{ "a node, any", { "2001:db8::1 bob" }, "0.0.0.0 MR", NP_NODE },
	{ "a node, any of both", { "10.0.0.1 MR", ":: MR bob" }, "* MR LB", NP_NODE },
	{ "a member", { "10.0.0.1 LB" }, "10.0.0.1 LB", NP_MEMBER },
	{ "a member among others", { "10.0.0.1 LB MR alice2", "10.0.0.2", "10.0.0.1 LB" },
	  "10.0.0.1 LB", NP_MEMBER },
	{ "a member with a device", { "10.0.0.1 dev=2 bob", "10.0.0.1 dev=3" }, "10.0.0.1 dev=1 MR",
	  NP_MEMBER },
	{ "a member of any", { "0.0.0.0 MR bob" }, "0.0.0.0 MR", NP_MEMBER },
	{ "a member of any of both", { "* LB", "10.0.0.1 LB" }, "* LB", NP_MEMBER },
	{ "a full remote", { "10.0.0.1 to=192.0.2.1 rport=8" }, "10.0.0.1 to=192.0.2.1 rport=9",
	  NP_TUPLE },
	{ "a tuple", { "10.0.0.1 dev=1" }, "10.0.0.1 to=192.0.2.1 rport=9 tuple", NP_TUPLE },
};

KUNIT_ARRAY_PARAM_DESC(wide_shape, wide_shapes, desc);

/**
 * struct wide_shot - all about a binding in the table
 * @bind: the binding, without what says where it is
 * @group: its sums
 * @port: likewise
 * @table: entries of the shard's table
 * @tokens: likewise
 * @occ: its address' word
 */
struct wide_shot {
	struct np_bind	bind;
	struct np_group	group;
	struct np_port	port;
	u32		table;
	u32		tokens;
	u64		occ;
};

static void wide_shoot(struct kunit *test, u64 token, struct wide_shot *s)
{
	struct np_shard *shard = np_token_shard(kit_of(test)->nn, token);
	struct np_resv *r = kit_find(test, token);
	struct np_bind *b;

	KUNIT_ASSERT_NOT_NULL(test, r);
	KUNIT_ASSERT_EQ(test, np_resv_ports(r), 1);
	b = np_resv_bind(r, NULL);
	memset(s, 0, sizeof(*s));
	s->bind = *b;
	s->bind.e.flags &= NP_BIND_OWN & ~NP_BIND_PART;
	memset(&s->bind.e.chain, 0, sizeof(s->bind.e.chain));
	memset(&s->bind.link, 0, sizeof(s->bind.link));
	s->bind.nr = 0;
	if (b->e.kind == NP_MEMBER || b->e.kind == NP_TUPLE) {
		s->group = *np_bind_group(shard, b);
		s->port = *s->group.port;
	} else if (b->e.kind == NP_NODE) {
		s->port = *np_bind_port(shard, b);
	}
	/* Lists that the binding may be on. */
	memset(&s->group.e.chain, 0, sizeof(s->group.e.chain));
	memset(&s->group.link, 0, sizeof(s->group.link));
	memset(&s->group.members, 0, sizeof(s->group.members));
	memset(&s->group.tuples, 0, sizeof(s->group.tuples));
	memset(&s->port.e.chain, 0, sizeof(s->port.e.chain));
	memset(s->port.any, 0, sizeof(s->port.any));
	memset(s->port.nodes, 0, sizeof(s->port.nodes));
	s->table = shard->table.count;
	s->tokens = shard->tokens.count;
	s->occ = np_addr_word(b->addr, b->e.port / NP_WORD_PORTS);
}

/* A label makes it wide; all else stays, and it's still known by what was reserved. */
static void wide_widen__keeps_the_table(struct kunit *test)
{
	const struct wide_shape *s = test->param_value;
	struct netport_label label = { .label = "wide" };
	struct wide_shot *before = kunit_kzalloc(test, 2 * sizeof(*before), GFP_KERNEL);
	struct wide_shot *after = before + 1;
	struct wide_lab *lab = wide_lab(test);
	struct kit_req r;
	unsigned int i;
	u64 token;

	KUNIT_ASSERT_NOT_NULL(test, before);
	for (i = 0; i < WIDE_SHAPES && s->others[i]; i++)
		wide_hold(test, lab, s->others[i]);
	token = wide_hold(test, lab, s->text);
	KUNIT_ASSERT_EQ(test, np_resv_bind(kit_find(test, token), NULL)->e.kind, s->kind);
	wide_shoot(test, token, before);
	label.token = token;
	KUNIT_EXPECT_EQ(test, netport_label(kit_owner(test, KIT_ALICE), &label, GFP_KERNEL), 0);
	KUNIT_EXPECT_TRUE(test, np_resv_is(kit_find(test, token), NP_BIND_WIDE));
	wide_shoot(test, token, after);
	KUNIT_EXPECT_MEMEQ(test, after, before, sizeof(*after));
	wide_expect(test, lab, 80);

	kit_parse(test, s->text, &r);
	for (i = 0; i < WIDE_SHAPES + 1 && kit_alive(test, KIT_ALICE, token); i++)
		KUNIT_EXPECT_EQ(test, netport_release_binding(kit_owner(test, KIT_ALICE),
							      &r.req.binding, r.req.options), 0);
	KUNIT_EXPECT_NULL(test, kit_find(test, token));
}

/* The same by an extension, and what is added is there, too. */
static void wide_widen__by_extending(struct kunit *test)
{
	static const char added[] = "10.0.0.1 tcp + 2001:db8::9 dev=7 + 192.0.2.77 dev=1";
	const struct wide_shape *s = test->param_value;
	struct wide_lab *lab = wide_lab(test);
	unsigned int i, before;
	u64 token;

	for (i = 0; i < WIDE_SHAPES && s->others[i]; i++)
		wide_hold(test, lab, s->others[i]);
	before = lab->o.n;
	token = wide_hold(test, lab, s->text);
	/* In the way of whatever is any. */
	i = kit_extend_text(test, token, added);
	KUNIT_EXPECT_TRUE(test, !i || (int)i == -EADDRINUSE);
	if (!i)
		wide_add_text(test, lab, added);
	wide_expect(test, lab, 80);
	wide_release(test, token);
	lab->o.n = before;
	wide_expect(test, lab, 80);
}

/* extending */

static const struct wide_change {
	const char	*desc;
	const char	*others[WIDE_OTHERS];
	const char	*text;
	const char	*by;
	int		err;
} wide_extends[] = {
	{ "another address", { }, "10.0.0.1", "10.0.0.2", 0 },
	{ "two more", { }, "10.0.0.1", "2001:db8::1 + 10.0.0.2", 0 },
	{ "a set by another family", { }, "10.0.0.1 + 10.0.0.2", "::", 0 },
	{ "with the port", { }, "10.0.0.1", "10.0.0.2 port=80", 0 },
	{ "another device", { "10.0.0.1 dev=3 bob" }, "10.0.0.1 dev=1", "10.0.0.1 dev=2", 0 },
	{ "what it shares with itself", { }, "10.0.0.1 MR", "10.0.0.1 MR", 0 },
	{ "what another shares", { "10.0.0.2 LB" }, "10.0.0.1", "10.0.0.2 LB", 0 },
	{ "its own is in the way", { }, "10.0.0.1", "10.0.0.1", -EADDRINUSE },
	{ "its own is below any", { }, "10.0.0.1", "0.0.0.0", -EADDRINUSE },
	{ "the second is in use", { "2001:db8::1 bob" }, "10.0.0.1", "10.0.0.2 + ::",
	  -EADDRINUSE },
	{ "in use, below a share", { "2001:db8::1 LB bob" }, "10.0.0.1", "10.0.0.2 + :: LB",
	  -EADDRINUSE },
	{ "another port", { }, "10.0.0.1", "10.0.0.2 port=81", -EINVAL },
	{ "malformed", { }, "10.0.0.1", "10.0.0.2 + fe80::1", -EINVAL },
	{ "a range", { }, "10.0.0.1", "10.0.0.2 port=0 low=80 high=80", -EINVAL },
	{ "more ports", { }, "10.0.0.1", "10.0.0.2 count=2", -EINVAL },
	{ "a label", { }, "10.0.0.1", "10.0.0.2 label=x", -EINVAL },
	{ "an alignment", { }, "10.0.0.1", "10.0.0.2 port=0 align=2", -EINVAL },
	{ "an exclude list", { }, "10.0.0.1", "10.0.0.2 port=0 not=9", -EINVAL },
	{ "persistent", { }, "10.0.0.1", "10.0.0.2 persistent", -EINVAL },
	{ "a block", { }, "10.0.0.1 count=2", "10.0.0.2", -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(wide_extend, wide_extends, desc);

static void wide_extend__all_or_nothing(struct kunit *test)
{
	const struct wide_change *c = test->param_value;
	struct kit_request *q = kit_request(test, c->by);
	struct wide_lab *lab = wide_lab(test);
	unsigned int i;
	u64 token;

	for (i = 0; i < WIDE_OTHERS && c->others[i]; i++)
		wide_hold(test, lab, c->others[i]);
	token = wide_hold(test, lab, c->text);
	if (q->req.reserve.binding.port == 80)
		q->req.reserve.binding.port = i % 2 ? 80 : 0;
	KUNIT_EXPECT_EQ(test, kit_extend(test, token, q, GFP_KERNEL), c->err);
	if (!c->err)
		wide_add(lab, q, 80);
	wide_expect(test, lab, 80);
	KUNIT_EXPECT_TRUE(test, kit_alive(test, KIT_ALICE, token));
	wide_release(test, token);
}

static void wide_change__needs_the_reservation(struct kunit *test)
{
	u64 token = kit_request_hold(test, "10.0.0.1 + ::");
	struct netport_candidate cand = {};
	struct kit_req r;

	KUNIT_EXPECT_EQ(test, kit_extend_text(test, token, "10.0.0.2 alice2"), -ENOENT);
	KUNIT_EXPECT_EQ(test, kit_rebind_text(test, token, "10.0.0.2 bob"), -ENOENT);
	KUNIT_EXPECT_EQ(test, kit_extend_text(test, token + BIT_ULL(16), "10.0.0.2"), -ENOENT);
	KUNIT_EXPECT_EQ(test, kit_rebind_text(test, token + BIT_ULL(16), "10.0.0.2"), -ENOENT);
	KUNIT_EXPECT_EQ(test, kit_rebind_text(test, 0, "10.0.0.2"), -ENOENT);

	kit_parse(test, "10.0.0.1 port=0", &r);
	cand.reserve = r.req;
	cand.reserve.token = 0;
	KUNIT_ASSERT_EQ(test, netport_candidate(kit_owner(test, KIT_ALICE), &cand, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ_MSG(test, kit_extend_text(test, cand.reserve.token, "10.0.0.2 port=0"),
			    -EINVAL, "a candidate");
	KUNIT_EXPECT_EQ_MSG(test, kit_rebind_text(test, cand.reserve.token, "10.0.0.2 port=0"),
			    -EINVAL, "a candidate");
	KUNIT_EXPECT_EQ_MSG(test, netport_candidate(kit_owner(test, KIT_ALICE), &cand, GFP_KERNEL),
			    0, "it still is one");
	KUNIT_EXPECT_EQ(test, kit_held(test), 3);
}

/* rebinding */

static const struct wide_change wide_rebinds[] = {
	{ "another address", { }, "10.0.0.1", "10.0.0.2", 0 },
	{ "another port", { }, "10.0.0.1", "10.0.0.1 port=81", 0 },
	{ "a port of another shard", { }, "10.0.0.1", "10.0.0.1 port=144", 0 },
	{ "the same again", { }, "10.0.0.1", "10.0.0.1", 0 },
	{ "any over its own", { }, "10.0.0.1", "0.0.0.0", 0 },
	{ "below its own any", { }, "*", "10.0.0.1", 0 },
	{ "other flags", { }, "10.0.0.1", "10.0.0.1 LB", 0 },
	{ "other flags, among others", { "10.0.0.1 LB MR", "10.0.0.1 LB MR alice2" },
	  "10.0.0.1 LB", "10.0.0.1 MR", 0 },
	{ "more of them", { }, "10.0.0.1", "10.0.0.1 + 10.0.0.2 + ::", 0 },
	{ "fewer of them", { }, "10.0.0.1 + 10.0.0.2 + ::", "10.0.0.2", 0 },
	{ "some of them", { }, "10.0.0.1 + 10.0.0.2", "10.0.0.2 + 2001:db8::1", 0 },
	{ "fewer, on another port", { "10.0.0.1 port=81 dev=2" }, "10.0.0.1 + 10.0.0.2 + ::",
	  "10.0.0.1 port=81 dev=1", 0 },
	{ "among others", { "10.0.0.1 dev=2", "10.0.0.2 bob" }, "10.0.0.1 dev=1",
	  "10.0.0.1 dev=3 + 2001:db8::1", 0 },
	{ "a pick", { "10.0.0.1 port=81 bob" }, "10.0.0.1",
	  "10.0.0.1 port=0 low=81 high=82 not=81", 0 },
	{ "in use", { "10.0.0.2 bob" }, "10.0.0.1", "10.0.0.2", -EADDRINUSE },
	{ "in use, on another port", { "10.0.0.1 port=81 bob" }, "10.0.0.1", "10.0.0.1 port=81",
	  -EADDRINUSE },
	{ "the second is in use", { "2001:db8::1 bob", "10.0.0.2 dev=1 bob" },
	  "10.0.0.1 + 10.0.0.2 dev=2", "10.0.0.2 dev=3 + ::", -EADDRINUSE },
	{ "any over another's", { "10.0.0.2 MR bob" }, "10.0.0.1 MR", "0.0.0.0", -EADDRINUSE },
	{ "flags that don't go with others", { "10.0.0.1 LB", "10.0.0.1 LB MR" }, "10.0.0.1 LB",
	  "10.0.0.1 MR", -EADDRINUSE },
	{ "one of several that are equal", { "10.0.0.1 LB" }, "10.0.0.1 LB", "10.0.0.1",
	  -EADDRINUSE },
	{ "a pick, nothing free", { "10.0.0.1 port=81 bob" }, "10.0.0.1",
	  "10.0.0.1 port=0 low=81 high=81", -EADDRNOTAVAIL },
	{ "malformed", { }, "10.0.0.1", "10.0.0.2 + 10.0.0.2", -EINVAL },
	{ "a label", { }, "10.0.0.1", "10.0.0.2 label=x", -EINVAL },
	{ "more ports", { }, "10.0.0.1", "10.0.0.2 count=2", -EINVAL },
	{ "persistent", { }, "10.0.0.1", "10.0.0.2 persistent", -EINVAL },
	{ "a block", { }, "10.0.0.1 count=2", "10.0.0.2", -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(wide_rebind, wide_rebinds, desc);

/* It has the new, or all as it was. */
static void wide_rebind__the_new_or_the_old(struct kunit *test)
{
	static const u16 ports[] = { 80, 81, 82, 144 };
	const struct wide_change *c = test->param_value;
	struct kit_request *q = kit_request(test, c->by);
	struct wide_lab *lab = wide_lab(test);
	unsigned int i, before;
	u64 token;

	for (i = 0; i < WIDE_OTHERS && c->others[i]; i++)
		wide_hold(test, lab, c->others[i]);
	before = lab->o.n;
	token = wide_hold(test, lab, c->text);
	KUNIT_EXPECT_EQ(test, kit_rebind(test, token, q, GFP_KERNEL), c->err);
	if (!c->err) {
		lab->o.n = before;
		wide_add(lab, q, q->req.reserve.binding.port);
	}
	for (i = 0; i < ARRAY_SIZE(ports); i++)
		wide_expect(test, lab, ports[i]);
	KUNIT_EXPECT_TRUE(test, kit_alive(test, KIT_ALICE, token));
	wide_release(test, token);
	lab->o.n = before;
	for (i = 0; i < ARRAY_SIZE(ports); i++)
		wide_expect(test, lab, ports[i]);
}

static struct kunit_case wide_test_cases[] = {
	KUNIT_CASE_PARAM(wide_set__all_or_nothing, wide_set_gen_params),
	KUNIT_CASE(wide_set__picks_what_fits_all),
	KUNIT_CASE(wide_set__picks_to_share),
	KUNIT_CASE(wide_set__of_64),
	KUNIT_CASE_PARAM(wide_block__has_its_ports, wide_block_gen_params),
	KUNIT_CASE_PARAM(wide_block__one_port_in_use, wide_block_gen_params),
	KUNIT_CASE_PARAM(wide_block__picks, wide_block_gen_params),
	KUNIT_CASE(wide_block__is_picked_where_nothing_is),
	KUNIT_CASE_PARAM(wide_release_part__of_what_it_has, wide_part_gen_params),
	KUNIT_CASE(wide_release_part__needs_the_owner),
	KUNIT_CASE(wide_release_part__random_pieces),
	KUNIT_CASE_PARAM(wide_widen__keeps_the_table, wide_shape_gen_params),
	KUNIT_CASE_PARAM(wide_widen__by_extending, wide_shape_gen_params),
	KUNIT_CASE_PARAM(wide_extend__all_or_nothing, wide_extend_gen_params),
	KUNIT_CASE(wide_change__needs_the_reservation),
	KUNIT_CASE_PARAM(wide_rebind__the_new_or_the_old, wide_rebind_gen_params),
	{}
};

static struct kunit_suite wide_test_suite = {
	.name = "netport_wide",
	.init = kit_init,
	.exit = kit_exit,
	.test_cases = wide_test_cases,
};

kunit_test_suite(wide_test_suite);
