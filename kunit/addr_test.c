// SPDX-License-Identifier: GPL-2.0
/*
 * addr.c: one np_addr an address and protocol, kept for a while when idle, and its ports.
 */
#include <linux/slab.h>

#include "kit.h"

/* so many are kept when idle */
#define ADDR_SPACES	8

static struct np_net *addr_net(struct kunit *test)
{
	return kit_of(test)->nn;
}

static struct np_addr *addr_get(struct kunit *test, const char *text)
{
	struct np_want w;

	kit_want(test, text, &w);
	KUNIT_ASSERT_EQ(test, np_addr_get(addr_net(test), &w, GFP_KERNEL), 0);
	KUNIT_EXPECT_PTR_EQ(test, w.space, w.addr->space);
	return w.addr;
}

static bool addr_found(struct kunit *test, const char *text, bool *space)
{
	struct np_want w;
	bool found;

	kit_want(test, text, &w);
	memset(&w.addr, KIT_POISON, sizeof(w.addr));
	memset(&w.space, KIT_POISON, sizeof(w.space));
	np_addr_find(addr_net(test), &w);
	found = w.addr;
	if (space)
		*space = w.space;
	np_addr_unfind(&w);
	return found;
}

/* which request is for which address */

static const struct addr_pair {
	const char	*desc;
	const char	*a;
	const char	*b;
	bool		same;
} addr_pairs[] = {
	{ "an address, again", "10.0.0.1", "10.0.0.1", true },
	{ "another port", "10.0.0.1 port=1", "10.0.0.1 port=2", true },
	{ "another device and remote", "10.0.0.1 dev=1", "10.0.0.1 to=192.0.2.1", true },
	{ "an address and the IPv4-mapped one", "10.0.0.1", "::ffff:10.0.0.1", true },
	{ "another address", "10.0.0.1", "10.0.0.2", false },
	{ "another protocol", "10.0.0.1", "10.0.0.1 tcp", false },
	{ "the same bytes in the other family", "10.0.0.1", "a00:1::", false },
	{ "an IPv6 address, again", "2001:db8::1", "2001:db8::1", true },
	{ "any, again", "0.0.0.0", "0.0.0.0", true },
	{ "any of one family and the other", "0.0.0.0", "::", false },
	{ "any of one family and of both", "0.0.0.0", "*", false },
	{ "any of the other family and of both", "::", "*", false },
	{ "any and an address", "0.0.0.0", "10.0.0.1", false },
	{ "any of another protocol", "*", "* tcp", false },
};

KUNIT_ARRAY_PARAM_DESC(addr_pair, addr_pairs, desc);

static void addr_get__same(struct kunit *test)
{
	const struct addr_pair *p = test->param_value;
	struct np_addr *a = addr_get(test, p->a), *b = addr_get(test, p->b);

	KUNIT_EXPECT_EQ(test, a == b, p->same);
	np_addr_put(a);
	np_addr_put(b);
}

static const struct addr_family {
	const char	*text;
	bool		any;
	u8		family;
} addr_families[] = {
	{ "0.0.0.0", true, NP_V4 },
	{ "::", true, NP_V6 },
	{ "*", true, NP_ANY_BOTH },
	{ "::ffff:0.0.0.0", true, NP_V4 },
	{ "10.0.0.1", false, NP_V4 },
	{ "255.255.255.255", false, NP_V4 },
	{ "::ffff:10.0.0.1", false, NP_V4 },
	{ "::1", false, NP_V6 },
	{ "::10.0.0.1", false, NP_V6 },
};

KUNIT_ARRAY_PARAM_DESC(addr_family, addr_families, text);

static void addr_get__family(struct kunit *test)
{
	const struct addr_family *f = test->param_value;
	struct np_addr *a = addr_get(test, f->text);

	KUNIT_EXPECT_EQ(test, a->any, f->any);
	KUNIT_EXPECT_EQ(test, a->family, f->family);
	np_addr_put(a);
}

/* An address and a space of its own, with the @nth allocation failing; true if one was. */
static bool addr_get_failing(struct kunit *test, unsigned int nth, unsigned int protocol,
			     unsigned int *failed)
{
	struct np_want w;
	char text[32];
	bool space, more;
	int err;

	snprintf(text, sizeof(text), "10.0.0.1 proto=%u", protocol);
	kit_want(test, text, &w);
	kit_fail(nth);
	err = np_addr_get(addr_net(test), &w, GFP_NOWAIT);
	more = kit_failed();
	kit_fail(0);
	if (!err) {
		np_addr_put(w.addr);
		return more;
	}
	KUNIT_EXPECT_EQ_MSG(test, err, -ENOMEM, "allocation %u", nth);
	KUNIT_EXPECT_FALSE(test, addr_found(test, text, &space));
	++*failed;
	return more;
}

static void addr_get__no_memory(struct kunit *test)
{
	unsigned int n, try, failed = 0;
	bool more = true;

	kit_need_faults(test);
	/* Slabs' own allocations come in between now and then: so more than once. */
	for (n = 1; more; n++)
		for (try = 0; try < 3; try++)
			more = addr_get_failing(test, n, 3 * n + try, &failed);
	KUNIT_EXPECT_GE_MSG(test, failed, 2, "at least a space and an address");
}

/* what is found without being made */

static void addr_find__makes_nothing(struct kunit *test)
{
	bool space;

	KUNIT_EXPECT_FALSE(test, addr_found(test, "10.0.0.1", &space));
	KUNIT_EXPECT_FALSE(test, space);
	KUNIT_EXPECT_FALSE(test, addr_found(test, "*", &space));
	KUNIT_EXPECT_FALSE(test, space);
	KUNIT_EXPECT_TRUE(test, xa_empty(&addr_net(test)->spaces));
}

static void addr_find__space_without_address(struct kunit *test)
{
	struct np_addr *a = addr_get(test, "10.0.0.1");
	bool space;

	KUNIT_EXPECT_FALSE(test, addr_found(test, "10.0.0.2", &space));
	KUNIT_EXPECT_TRUE(test, space);
	KUNIT_EXPECT_TRUE(test, addr_found(test, "10.0.0.1", NULL));
	KUNIT_EXPECT_TRUE(test, addr_found(test, "0.0.0.0", NULL));
	KUNIT_EXPECT_FALSE(test, addr_found(test, "10.0.0.1 tcp", &space));
	KUNIT_EXPECT_FALSE(test, space);
	np_addr_put(a);
}

static void addr_find__leaves_counts_alone(struct kunit *test)
{
	struct np_addr *a = addr_get(test, "10.0.0.1");
	int ref = atomic_read(&a->ref), space = atomic_read(&a->space->ref);

	KUNIT_EXPECT_TRUE(test, addr_found(test, "10.0.0.1", NULL));
	KUNIT_EXPECT_EQ(test, atomic_read(&a->ref), ref);
	KUNIT_EXPECT_EQ(test, atomic_read(&a->space->ref), space);
	np_addr_put(a);
}

/* what is kept when nobody uses it */

static struct np_addr *addr_number(struct kunit *test, unsigned int i, const char *more)
{
	char text[64];

	snprintf(text, sizeof(text), "10.0.%u.%u %s", i / 256, i % 256, more);
	return addr_get(test, text);
}

static unsigned int addr_count(struct kunit *test)
{
	return atomic_read(&addr_net(test)->addrs.nelems);
}

static void addr_put__keeps_some(struct kunit *test)
{
	struct np_addr *a[NP_IDLE_ADDRS + 6];
	unsigned int i;
	char text[32];

	for (i = 0; i < ARRAY_SIZE(a); i++)
		a[i] = addr_number(test, i, "");
	KUNIT_EXPECT_EQ(test, addr_count(test), ARRAY_SIZE(a));
	for (i = 0; i < ARRAY_SIZE(a); i++)
		np_addr_put(a[i]);
	KUNIT_EXPECT_EQ(test, addr_count(test), NP_IDLE_ADDRS);
	/* Those that have been idle for longest go. */
	for (i = 0; i < ARRAY_SIZE(a); i++) {
		snprintf(text, sizeof(text), "10.0.0.%u", i);
		KUNIT_EXPECT_EQ_MSG(test, addr_found(test, text, NULL), i >= 6, "%s", text);
	}
}

/* However many others are idle, one that comes and goes isn't made anew each time. */
static void addr_put__keeps_the_last(struct kunit *test)
{
	struct np_addr *a, *last = NULL;
	unsigned int i;

	for (i = 0; i < 2 * NP_IDLE_ADDRS; i++)
		np_addr_put(addr_number(test, i, ""));
	for (i = 0; i < 3 * NP_IDLE_ADDRS; i++) {
		a = addr_get(test, "10.9.9.9");
		KUNIT_EXPECT_TRUE(test, !last || a == last);
		last = a;
		np_addr_put(a);
	}
	KUNIT_EXPECT_EQ(test, addr_count(test), NP_IDLE_ADDRS);
}

/* One that is in use again when its turn to go comes stays, and is idle again later. */
static void addr_put__used_again_stays(struct kunit *test)
{
	struct np_addr *a = addr_get(test, "10.9.9.9");
	unsigned int i;

	np_addr_put(a);
	KUNIT_ASSERT_PTR_EQ(test, addr_get(test, "10.9.9.9"), a);
	for (i = 0; i < 2 * NP_IDLE_ADDRS; i++)
		np_addr_put(addr_number(test, i, ""));
	KUNIT_ASSERT_PTR_EQ(test, addr_get(test, "10.9.9.9"), a);
	np_addr_put(a);
	np_addr_put(a);
	KUNIT_EXPECT_TRUE(test, addr_found(test, "10.9.9.9", NULL));
	KUNIT_EXPECT_EQ(test, addr_count(test), NP_IDLE_ADDRS);
}

/* Ports in a bitmap, and out again. */
static void addr_make_bitmap(struct kunit *test, struct np_addr *a)
{
	unsigned int i;

	for (i = 0; i < NP_FEW; i++)
		KUNIT_EXPECT_TRUE(test, kit_addr_set(test, a, 100 + i));
	KUNIT_ASSERT_EQ(test, np_addr_prepare(a, 200, GFP_KERNEL), 0);
	KUNIT_ASSERT_NOT_NULL(test, np_addr_occ(a));
	for (i = 0; i < NP_FEW; i++)
		kit_addr_clear(test, a, 100 + i);
}

static void addr_put__bitmap_is_not_kept(struct kunit *test)
{
	struct np_addr *a = addr_get(test, "10.0.0.1");

	addr_make_bitmap(test, a);
	np_addr_put(a);
	KUNIT_EXPECT_FALSE(test, addr_found(test, "10.0.0.1", NULL));

	/* Nor if it was idle before. */
	np_addr_put(addr_get(test, "10.0.0.1"));
	a = addr_get(test, "10.0.0.1");
	addr_make_bitmap(test, a);
	np_addr_put(a);
	KUNIT_EXPECT_FALSE(test, addr_found(test, "10.0.0.1", NULL));
	KUNIT_EXPECT_EQ(test, addr_count(test), 0);
}

static void addr_put__keeps_some_spaces(struct kunit *test)
{
	struct np_addr *a[ADDR_SPACES + 3];
	struct np_net *nn = addr_net(test);
	unsigned int i, n = 0;
	unsigned long index;
	struct np_space *sp;
	char text[32];

	for (i = 0; i < ARRAY_SIZE(a); i++) {
		snprintf(text, sizeof(text), "* proto=%u", 1000 * i);
		a[i] = addr_get(test, text);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&nn->idle_spaces), 0);
	for (i = 0; i < ARRAY_SIZE(a); i++)
		np_addr_put(a[i]);
	xa_for_each(&nn->spaces, index, sp)
		n++;
	KUNIT_EXPECT_EQ(test, n, ADDR_SPACES);
	KUNIT_EXPECT_EQ(test, atomic_read(&nn->idle_spaces), ADDR_SPACES);
}

/* An address holds its space, also when it is idle. */
static void addr_put__idle_holds_its_space(struct kunit *test)
{
	struct np_addr *a = addr_get(test, "10.0.0.1");
	struct np_space *sp = a->space;

	np_addr_put(a);
	KUNIT_EXPECT_EQ(test, atomic_read(&sp->ref), 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&addr_net(test)->idle_spaces), 0);
}

/* the ports of an address */

/* What np_addr_word() says of all ports has to be @ports and nothing else. */
static void addr_expect_ports(struct kunit *test, struct np_addr *a, const u16 *ports,
			      unsigned int n)
{
	unsigned int word, i;
	u64 want;

	for (word = 0; word < NP_WORDS; word++) {
		want = 0;
		for (i = 0; i < n; i++)
			if (ports[i] / NP_WORD_PORTS == word)
				want |= BIT_ULL(ports[i] % NP_WORD_PORTS);
		KUNIT_ASSERT_EQ_MSG(test, np_addr_word(a, word), want, "word %u, %u ports", word,
				    n);
	}
}

static const u16 addr_ports[] = {
	80, 1, 65535, 4096, 4095, 63, 64, 40000, 40001, 127, 128, 20000,
};

static void addr_fill(struct kunit *test, struct np_addr *a, unsigned int from, unsigned int to)
{
	for (; from < to; from++) {
		KUNIT_ASSERT_EQ(test, np_addr_prepare(a, addr_ports[from], GFP_KERNEL), 0);
		KUNIT_ASSERT_TRUE(test, kit_addr_set(test, a, addr_ports[from]));
		addr_expect_ports(test, a, addr_ports, from + 1);
	}
}

static void addr_set__few_need_no_bitmap(struct kunit *test)
{
	struct np_addr *a = addr_get(test, "10.0.0.1");

	addr_fill(test, a, 0, NP_FEW);
	KUNIT_EXPECT_NULL(test, np_addr_occ(a));
	while (kit_addr_nfew(a))
		kit_addr_clear(test, a, addr_ports[kit_addr_nfew(a) - 1]);
	addr_expect_ports(test, a, NULL, 0);
	np_addr_put(a);
}

static void addr_set__more_need_one(struct kunit *test)
{
	struct np_addr *a = addr_get(test, "10.0.0.1");
	unsigned int i;

	addr_fill(test, a, 0, NP_FEW);
	KUNIT_EXPECT_FALSE_MSG(test, kit_addr_set(test, a, addr_ports[NP_FEW]), "without room");
	addr_expect_ports(test, a, addr_ports, NP_FEW);

	addr_fill(test, a, NP_FEW, ARRAY_SIZE(addr_ports));
	KUNIT_EXPECT_NOT_NULL(test, np_addr_occ(a));
	for (i = ARRAY_SIZE(addr_ports); i-- > 0;) {
		kit_addr_clear(test, a, addr_ports[i]);
		addr_expect_ports(test, a, addr_ports, i);
	}
	np_addr_put(a);
}

/* From few to many at the ninth, and the few again have the bitmap. */
static void addr_set__nine_eight_nine(struct kunit *test)
{
	struct np_addr *a = addr_get(test, "10.0.0.1");
	unsigned int round;

	addr_fill(test, a, 0, NP_FEW);
	for (round = 0; round < 3; round++) {
		addr_fill(test, a, NP_FEW, NP_FEW + 2);
		kit_addr_clear(test, a, addr_ports[NP_FEW + 1]);
		kit_addr_clear(test, a, addr_ports[NP_FEW]);
		addr_expect_ports(test, a, addr_ports, NP_FEW);
	}
	for (round = NP_FEW; round-- > 0;)
		kit_addr_clear(test, a, addr_ports[round]);
	addr_expect_ports(test, a, NULL, 0);
	np_addr_put(a);
}

/* Whichever of the few goes, the others stay. */
static void addr_clear__each_of_few(struct kunit *test)
{
	struct np_addr *a = addr_get(test, "10.0.0.1");
	u16 ports[NP_FEW];
	unsigned int i, j;

	for (i = 0; i < NP_FEW; i++) {
		addr_fill(test, a, 0, NP_FEW);
		kit_addr_clear(test, a, addr_ports[i]);
		memcpy(ports, addr_ports, sizeof(ports));
		ports[i] = ports[NP_FEW - 1];
		addr_expect_ports(test, a, ports, NP_FEW - 1);
		for (j = 0; j < NP_FEW; j++)
			if (j != i)
				kit_addr_clear(test, a, addr_ports[j]);
		addr_expect_ports(test, a, NULL, 0);
	}
	np_addr_put(a);
}

/* With a bitmap, but without the chunk of this port. */
static void addr_set__wants_its_chunk(struct kunit *test)
{
	struct np_addr *a = addr_get(test, "0.0.0.0");

	KUNIT_EXPECT_FALSE(test, kit_addr_set(test, a, 80));
	KUNIT_ASSERT_EQ(test, np_addr_prepare(a, 80, GFP_KERNEL), 0);
	KUNIT_EXPECT_FALSE(test, kit_addr_set(test, a, 60000));
	KUNIT_EXPECT_TRUE(test, kit_addr_set(test, a, 80));
	KUNIT_EXPECT_EQ(test, np_addr_word(a, 1), BIT_ULL(80 - 64));
	kit_addr_clear(test, a, 80);
	np_addr_put(a);
}

/* The ninth port of a new address, with the @nth allocation failing; true if one was. */
static bool addr_prepare_failing(struct kunit *test, unsigned int nth, unsigned int *failed)
{
	struct np_addr *a = addr_number(test, nth, "");
	unsigned int i;
	bool more;
	int err;

	addr_fill(test, a, 0, NP_FEW);
	kit_fail(nth);
	err = np_addr_prepare(a, addr_ports[NP_FEW], GFP_NOWAIT);
	more = kit_failed();
	kit_fail(0);
	addr_expect_ports(test, a, addr_ports, NP_FEW);
	if (err) {
		KUNIT_EXPECT_EQ_MSG(test, err, -ENOMEM, "allocation %u", nth);
		KUNIT_EXPECT_FALSE(test, kit_addr_set(test, a, addr_ports[NP_FEW]));
		++*failed;
	}
	addr_fill(test, a, NP_FEW, NP_FEW + 1);
	for (i = 0; i <= NP_FEW; i++)
		kit_addr_clear(test, a, addr_ports[i]);
	np_addr_put(a);
	return more;
}

static void addr_prepare__no_memory(struct kunit *test)
{
	unsigned int try, n, failed = 0;
	bool more = true;

	kit_need_faults(test);
	/* Slabs' own allocations come in between now and then: so more than once. */
	for (n = 1; more; n++)
		for (try = 0; try < 3; try++)
			more = addr_prepare_failing(test, n, &failed);
	KUNIT_EXPECT_GE_MSG(test, failed, 5, "a bitmap and four chunks");
}

static struct kunit_case addr_test_cases[] = {
	KUNIT_CASE_PARAM(addr_get__same, addr_pair_gen_params),
	KUNIT_CASE_PARAM(addr_get__family, addr_family_gen_params),
	KUNIT_CASE(addr_get__no_memory),
	KUNIT_CASE(addr_find__makes_nothing),
	KUNIT_CASE(addr_find__space_without_address),
	KUNIT_CASE(addr_find__leaves_counts_alone),
	KUNIT_CASE(addr_put__keeps_some),
	KUNIT_CASE(addr_put__keeps_the_last),
	KUNIT_CASE(addr_put__used_again_stays),
	KUNIT_CASE(addr_put__bitmap_is_not_kept),
	KUNIT_CASE(addr_put__keeps_some_spaces),
	KUNIT_CASE(addr_put__idle_holds_its_space),
	KUNIT_CASE(addr_set__few_need_no_bitmap),
	KUNIT_CASE(addr_set__more_need_one),
	KUNIT_CASE(addr_set__nine_eight_nine),
	KUNIT_CASE(addr_set__wants_its_chunk),
	KUNIT_CASE(addr_clear__each_of_few),
	KUNIT_CASE(addr_prepare__no_memory),
	{}
};

static struct kunit_suite addr_test_suite = {
	.name = "netport_addr",
	.init = kit_bare_init,
	.exit = kit_bare_exit,
	.test_cases = addr_test_cases,
};

kunit_test_suite(addr_test_suite);
