// SPDX-License-Identifier: GPL-2.0
/*
 * pick.c: every port of a range once, in a circle from wherever it starts, and which
 * ports are passed over.
 */
#include <linux/bitmap.h>
#include <linux/in.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "kit.h"

/* The passes, in their order. */
enum { PICK_FREE, PICK_APART, PICK_SHARED };

static struct np_net *pick_net(struct kunit *test)
{
	return kit_of(test)->nn;
}

/* A request with its space and address; pick_done() gives them back. */
static void pick_want(struct kunit *test, struct np_want *w, const char *text)
{
	kit_want(test, text, w);
	np_addr_find(pick_net(test), w);
}

static void pick_done(struct np_want *w)
{
	np_addr_unfind(w);
}

/* A search that begins at a given port. */
static void pick_start(struct np_cursor *c, const struct np_want *w, u16 start, gfp_t gfp)
{
	np_pick_start(c, w, 1, false, gfp);
	c->start = start;
}

/* the circle */

static const struct pick_range {
	u16	low;
	u16	high;
} pick_ranges[] = {
	{ 1, 1 }, { 1, 2 }, { 1, 64 }, { 1, 63 }, { 63, 64 }, { 64, 127 }, { 64, 128 }, { 65535,
	  65535 },
	{ 65534, 65535 }, { 65472, 65535 }, { 65471, 65535 }, { 4095, 4096 }, { 4000, 4200 },
	{ 100, 100 }, { 16000, 16400 }, { 30000, 30500 },
};

static void pick_range_desc(const struct pick_range *r, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u to %u", r->low, r->high);
}

KUNIT_ARRAY_PARAM(pick_range, pick_ranges, pick_range_desc);

/* The port behind another one, in a circle. */
static u16 pick_after(const struct np_want *w, u16 port)
{
	return port == w->high ? w->low : port + 1;
}

static void pick_range_want(struct kunit *test, struct np_want *w)
{
	const struct pick_range *r = test->param_value;

	pick_want(test, w, "0.0.0.0 port=0");
	w->low = r->low;
	w->high = r->high;
}

/* From each start: each port once, in order, and then no more. */
static void pick_next__goes_round(struct kunit *test)
{
	struct np_cursor c;
	struct np_want w;
	u32 start, n;
	u16 port;

	pick_range_want(test, &w);
	for (start = w.low; start <= w.high; start++) {
		pick_start(&c, &w, start, GFP_KERNEL);
		port = start;
		for (n = 0; n <= w.high - w.low; n++) {
			KUNIT_ASSERT_EQ_MSG(test, np_pick_next(&c, pick_net(test), &w), port,
					    "from %u, number %u", start, n);
			port = pick_after(&w, port);
		}
		KUNIT_ASSERT_EQ(test, np_pick_next(&c, pick_net(test), &w), -EADDRNOTAVAIL);
	}
	pick_done(&w);
}

static void pick_next__all_ports(struct kunit *test)
{
	static const u16 starts[] = { 1, 65535, 32768 };
	unsigned int i, n, port;
	struct np_cursor c;
	struct np_want w;

	pick_want(test, &w, "* port=0 low=1 high=65535");
	for (i = 0; i < ARRAY_SIZE(starts); i++) {
		pick_start(&c, &w, starts[i], GFP_ATOMIC);
		port = starts[i];
		for (n = 0; n < 65535; n++) {
			KUNIT_ASSERT_EQ(test, np_pick_next(&c, pick_net(test), &w), port);
			port = pick_after(&w, port);
		}
		KUNIT_ASSERT_EQ(test, np_pick_next(&c, pick_net(test), &w), -EADDRNOTAVAIL);
	}
	pick_done(&w);
}

/* Every other port is taken, those at the ends among them or not: the rest, once each. */
static void pick_next__passes_over_what_is_taken(struct kunit *test)
{
	const struct pick_range *r = test->param_value;
	struct np_resv **held;
	struct np_cursor c;
	struct np_want w;
	unsigned int odd;
	u32 port, start;
	char text[32];

	held = kunit_kcalloc(test, r->high - r->low + 1, sizeof(*held), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, held);
	for (odd = 0; odd < 2; odd++) {
		for (port = r->low; port <= r->high; port++) {
			snprintf(text, sizeof(text), "10.0.0.1 port=%u", port);
			held[port - r->low] = port % 2 == odd ? kit_bind(test, text) : NULL;
		}
		pick_range_want(test, &w);
		for (start = r->low; start <= r->high; start += 1 + start % 7) {
			pick_start(&c, &w, start, GFP_KERNEL);
			port = start;
			do {
				if (port % 2 != odd)
					KUNIT_ASSERT_EQ_MSG(test, np_pick_next(&c, pick_net(test),
									       &w),
							    port, "from %u", start);
				port = pick_after(&w, port);
			} while (port != start);
			KUNIT_ASSERT_EQ(test, np_pick_next(&c, pick_net(test), &w),
					-EADDRNOTAVAIL);
		}
		pick_done(&w);
		for (port = r->low; port <= r->high; port++)
			if (held[port - r->low])
				kit_unbind(test, held[port - r->low]);
	}
}

/* Marks a port of an address taken, or free again, with nothing in the table. */
static void pick_mark(struct kunit *test, struct np_addr *a, u16 port, bool taken)
{
	if (!taken) {
		kit_addr_clear(test, a, port);
		return;
	}
	KUNIT_ASSERT_EQ(test, np_addr_prepare(a, port, GFP_KERNEL), 0);
	KUNIT_ASSERT_TRUE(test, kit_addr_set(test, a, port));
}

/* All taken but one: found from wherever the search starts. */
static void pick_next__one_port_left(struct kunit *test)
{
	static const u16 left[] = { 1, 63, 64, 4095, 4096, 12345, 65472, 65534, 65535 };
	static const u16 starts[] = { 1, 2, 63, 64, 65, 4096, 12345, 12346, 40000, 65534, 65535 };
	unsigned int i, j, port;
	struct np_cursor c;
	struct np_want w;

	kit_want(test, "10.0.0.1 port=0 low=1 high=65535", &w);
	KUNIT_ASSERT_EQ(test, np_addr_get(pick_net(test), &w, GFP_KERNEL), 0);
	for (port = 1; port < 65536; port++)
		pick_mark(test, w.addr, port, true);
	for (i = 0; i < ARRAY_SIZE(left); i++) {
		pick_mark(test, w.addr, left[i], false);
		for (j = 0; j < ARRAY_SIZE(starts); j++) {
			pick_start(&c, &w, starts[j], GFP_ATOMIC);
			KUNIT_ASSERT_EQ_MSG(test, np_pick_next(&c, pick_net(test), &w), left[i],
					    "from %u", starts[j]);
			KUNIT_ASSERT_EQ(test, np_pick_next(&c, pick_net(test), &w), -EADDRNOTAVAIL);
		}
		pick_mark(test, w.addr, left[i], true);
	}
	pick_start(&c, &w, 12345, GFP_ATOMIC);
	KUNIT_EXPECT_EQ_MSG(test, np_pick_next(&c, pick_net(test), &w), -EADDRNOTAVAIL,
			    "none left");
	for (port = 1; port < 65536; port++)
		pick_mark(test, w.addr, port, false);
	np_addr_put(w.addr);
}

/* An address' ports are passed over while they are few, and when they are many. */
static void pick_next__few_and_many_of_an_address(struct kunit *test)
{
	struct np_resv *held[3 * NP_FEW];
	unsigned int n, i;
	struct np_cursor c;
	struct np_want w;
	char text[32];

	for (n = 0; n < ARRAY_SIZE(held); n++) {
		snprintf(text, sizeof(text), "10.0.0.1 port=%u", 100 + 2 * n);
		held[n] = kit_bind(test, text);
		pick_want(test, &w, "10.0.0.1 port=0 low=100 high=160");
		pick_start(&c, &w, 100, GFP_KERNEL);
		for (i = 100; i <= 160; i++)
			if (i % 2 || i > 100 + 2 * n)
				KUNIT_ASSERT_EQ_MSG(test, np_pick_next(&c, pick_net(test), &w), i,
						    "%u taken", n + 1);
		KUNIT_ASSERT_EQ(test, np_pick_next(&c, pick_net(test), &w), -EADDRNOTAVAIL);
		pick_done(&w);
	}
	while (n-- > 0)
		kit_unbind(test, held[n]);
}

/* who is in whose way */

static const char * const pick_holders[] = {
	"0.0.0.0", "::", "*", "10.0.0.1", "10.0.0.2", "2001:db8::1", "2001:db8::2",
};

/**
 * struct pick_view - who picks, and which of pick_holders[] are in the way
 * @who: who
 * @in_way: for each holder, in order
 */
struct pick_view {
	const char	*who;
	bool		in_way[ARRAY_SIZE(pick_holders)];
};

static const struct pick_view pick_views[] = {
	{ "0.0.0.0",	 { true,  false, true, true,  true,  false, false } },
	{ "::",		 { false, true,  true, false, false, true,  true } },
	{ "*",		 { true,  true,  true, true,  true,  true,  true } },
	{ "10.0.0.1",	 { true,  false, true, true,  false, false, false } },
	{ "10.0.0.9",	 { true,  false, true, false, false, false, false } },
	{ "2001:db8::1", { false, true,  true, false, false, true,  false } },
	{ "2001:db8::9", { false, true,  true, false, false, false, false } },
};

KUNIT_ARRAY_PARAM_DESC(pick_view, pick_views, who);

static void pick_next__sees_who_is_in_the_way(struct kunit *test)
{
	const struct pick_view *v = test->param_value;
	struct np_cursor c;
	struct np_resv *r;
	struct np_want w;
	unsigned int i;
	char text[64];

	for (i = 0; i < ARRAY_SIZE(pick_holders); i++) {
		snprintf(text, sizeof(text), "%s port=100", pick_holders[i]);
		r = kit_bind(test, text);
		snprintf(text, sizeof(text), "%s port=0 low=100 high=100", v->who);
		pick_want(test, &w, text);
		np_pick_start(&c, &w, 1, false, GFP_KERNEL);
		KUNIT_EXPECT_EQ_MSG(test, np_pick_next(&c, pick_net(test), &w),
				    v->in_way[i] ? -EADDRNOTAVAIL : 100, "%s", pick_holders[i]);
		pick_done(&w);

		snprintf(text, sizeof(text), "%s tcp port=0 low=100 high=100", v->who);
		pick_want(test, &w, text);
		np_pick_start(&c, &w, 1, false, GFP_KERNEL);
		KUNIT_EXPECT_EQ_MSG(test, np_pick_next(&c, pick_net(test), &w), 100,
				    "%s, another protocol", pick_holders[i]);
		pick_done(&w);
		kit_unbind(test, r);
	}
}

/* the passes */

/**
 * struct pick_pass - who looks at ports in use, and what it takes there
 * @desc: what it shows
 * @who: who picks
 * @apart: whether it looks for what is in use by others that don't overlap
 * @shared: whether it looks for what can be shared
 */
struct pick_pass {
	const char	*desc;
	const char	*who;
	bool		apart;
	bool		shared;
};

static const struct pick_pass pick_passes[] = {
	{ "plain", "10.0.0.1", false, false },
	{ "with a flag", "10.0.0.1 LB", false, true },
	{ "with a device", "10.0.0.1 dev=1", true, false },
	{ "with a remote", "10.0.0.1 to=192.0.2.1", true, false },
	{ "with a full remote", "10.0.0.1 to=192.0.2.1 rport=9", true, false },
	{ "with a device and a flag", "10.0.0.1 dev=1 MR", true, true },
	{ "any with a flag", "* TO", false, true },
	{ "any with a device", "* dev=1", true, false },
	{ "TCP with a flag", "10.0.0.1 tcp LB", false, false },
	{ "TCP with a remote", "10.0.0.1 tcp to=192.0.2.1 rport=9", true, false },
	{ "TCP with a remote and a flag", "10.0.0.1 tcp TO to=192.0.2.1 rport=9", true, false },
	{ "MPTCP with a flag", "10.0.0.1 proto=262 LB", false, true },
};

KUNIT_ARRAY_PARAM_DESC(pick_pass, pick_passes, desc);

static bool pick_applies(const struct pick_pass *p, unsigned int pass)
{
	return pass == PICK_FREE || (pass == PICK_APART && p->apart) ||
	       (pass == PICK_SHARED && p->shared);
}

/* Ports 100 to 106 from 103 on, of which the odd ones are taken. */
static void pick_expect_pass(struct kunit *test, struct np_cursor *c, const struct np_want *w,
			     unsigned int pass)
{
	unsigned int i, port;

	for (i = 0; i < 7; i++) {
		port = 100 + (3 + i) % 7;
		/* Only the first pass knows which are free. */
		if (pass == PICK_FREE && port % 2)
			continue;
		KUNIT_ASSERT_EQ_MSG(test, np_pick_next(c, pick_net(test), w), port, "pass %u",
				    pass);
		KUNIT_EXPECT_EQ(test, c->pass, pass);
	}
}

static void pick_next__passes(struct kunit *test)
{
	const struct pick_pass *p = test->param_value;
	struct np_resv *held[3];
	struct np_cursor c;
	struct np_want w;
	unsigned int pass, i;
	char text[80];

	for (i = 0; i < ARRAY_SIZE(held); i++) {
		snprintf(text, sizeof(text), "%s port=%u", p->who, 101 + 2 * i);
		held[i] = kit_bind(test, text);
	}
	snprintf(text, sizeof(text), "%s port=0 low=100 high=106", p->who);
	pick_want(test, &w, text);
	pick_start(&c, &w, 103, GFP_KERNEL);
	for (pass = PICK_FREE; pass <= PICK_SHARED; pass++)
		if (pick_applies(p, pass))
			pick_expect_pass(test, &c, &w, pass);
	KUNIT_EXPECT_EQ(test, np_pick_next(&c, pick_net(test), &w), -EADDRNOTAVAIL);
	pick_done(&w);
	for (i = 0; i < ARRAY_SIZE(held); i++)
		kit_unbind(test, held[i]);
}

/* A search for candidates has but one pass, or each port might be offered twice. */
static void pick_start__candidates(struct kunit *test)
{
	const struct pick_pass *p = test->param_value;
	unsigned int pass = p->apart ? PICK_APART : PICK_FREE;
	struct np_cursor c;
	struct np_want w;
	char text[80];

	snprintf(text, sizeof(text), "%s port=0 low=100 high=106", p->who);
	pick_want(test, &w, text);
	np_pick_start(&c, &w, 1, true, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, c.pass, pass);
	KUNIT_EXPECT_FALSE(test, c.resumed);
	pick_done(&w);
}

static void pick_fits__by_pass(struct kunit *test)
{
	struct np_want udp = { .share = NETPORT_SHARE_MOST_RECENT, .protocol = IPPROTO_UDP };
	struct np_want tcp = { .share = NETPORT_SHARE_TUPLE_ONLY, .protocol = IPPROTO_TCP };
	struct np_cursor c = {};

	for (c.pass = PICK_FREE; c.pass <= PICK_SHARED; c.pass++) {
		KUNIT_EXPECT_TRUE(test, np_pick_fits(&c, &udp, NP_FIT_FREE));
		KUNIT_EXPECT_TRUE(test, np_pick_fits(&c, &tcp, NP_FIT_FREE));
		KUNIT_EXPECT_EQ(test, np_pick_fits(&c, &udp, NP_FIT_SHARED),
				c.pass == PICK_SHARED);
		KUNIT_EXPECT_FALSE(test, np_pick_fits(&c, &tcp, NP_FIT_SHARED));
		KUNIT_EXPECT_FALSE(test, np_pick_fits(&c, &udp, -EADDRINUSE));
		KUNIT_EXPECT_FALSE(test, np_pick_fits(&c, &udp, -EDQUOT));
	}
}

static unsigned int pick_count(struct kunit *test, struct np_cursor *c, const struct np_want *w)
{
	unsigned int n = 0;

	while (np_pick_next(c, pick_net(test), w) > 0)
		n++;
	return n;
}

/* In use, one by one: without end if it may sleep, else so many. */
static void pick_next__atomic_is_bounded(struct kunit *test)
{
	const unsigned int ports = 2 * NETPORT_ATOMIC_PROBES;
	struct np_cursor c;
	struct np_want w;
	unsigned int i;

	kit_want(test, "10.0.0.1 port=0 low=1000 LB", &w);
	w.high = w.low + ports - 1;
	KUNIT_ASSERT_EQ(test, np_addr_get(pick_net(test), &w, GFP_KERNEL), 0);
	for (i = 0; i < ports; i++)
		pick_mark(test, w.addr, w.low + i, true);

	pick_start(&c, &w, w.low + 77, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, pick_count(test, &c, &w), ports);
	pick_start(&c, &w, w.low + 77, GFP_ATOMIC);
	KUNIT_EXPECT_EQ(test, pick_count(test, &c, &w), NETPORT_ATOMIC_PROBES);

	/* What is free doesn't count. */
	pick_mark(test, w.addr, w.low + 76, false);
	pick_start(&c, &w, w.low + 77, GFP_ATOMIC);
	KUNIT_EXPECT_EQ(test, np_pick_next(&c, pick_net(test), &w), w.low + 76);
	pick_mark(test, w.addr, w.low + 76, true);

	for (i = 0; i < ports; i++)
		pick_mark(test, w.addr, w.low + i, false);
	np_addr_put(w.addr);
}

/* reserved ports */

static unsigned long *pick_reserve(struct kunit *test, unsigned int from, unsigned int to)
{
	unsigned long *bits = kunit_kcalloc(test, BITS_TO_LONGS(65536), sizeof(*bits), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, bits);
	bitmap_set(bits, from, to - from + 1);
	kit_of(test)->net->ipv4.sysctl_local_reserved_ports = bits;
	return bits;
}

static void pick_next__passes_over_reserved_ports(struct kunit *test)
{
	struct np_cursor c;
	struct np_want w;
	unsigned int i;

	pick_reserve(test, 104, 131);
	pick_want(test, &w, "0.0.0.0 port=0 low=100 high=140");
	pick_start(&c, &w, 110, GFP_KERNEL);
	for (i = 132; i <= 140; i++)
		KUNIT_ASSERT_EQ(test, np_pick_next(&c, pick_net(test), &w), i);
	for (i = 100; i <= 103; i++)
		KUNIT_ASSERT_EQ(test, np_pick_next(&c, pick_net(test), &w), i);
	KUNIT_EXPECT_EQ(test, np_pick_next(&c, pick_net(test), &w), -EADDRNOTAVAIL);
	pick_done(&w);
}

static void pick_next__never_shares_reserved_ports(struct kunit *test)
{
	struct np_resv *a = kit_bind(test, "10.0.0.1 port=100 LB");
	struct np_resv *b = kit_bind(test, "10.0.0.1 port=101 LB");
	struct np_cursor c;
	struct np_want w;

	pick_reserve(test, 100, 100);
	pick_want(test, &w, "10.0.0.1 port=0 low=100 high=101 LB dev=1");
	pick_start(&c, &w, 100, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, np_pick_next(&c, pick_net(test), &w), 101);
	KUNIT_EXPECT_EQ(test, c.pass, PICK_APART);
	KUNIT_EXPECT_EQ(test, np_pick_next(&c, pick_net(test), &w), 101);
	KUNIT_EXPECT_EQ(test, c.pass, PICK_SHARED);
	KUNIT_EXPECT_EQ(test, np_pick_next(&c, pick_net(test), &w), -EADDRNOTAVAIL);
	pick_done(&w);
	kit_unbind(test, a);
	kit_unbind(test, b);
}

static void pick_next__all_reserved(struct kunit *test)
{
	struct np_cursor c;
	struct np_want w;

	pick_reserve(test, 0, 65535);
	pick_want(test, &w, "0.0.0.0 port=0 low=1 high=65535 LB");
	np_pick_start(&c, &w, 1, false, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, np_pick_next(&c, pick_net(test), &w), -EADDRNOTAVAIL);
	pick_done(&w);
}

/* A namespace that is gone has no sysctls to look at. */
static void pick_next__dead_namespace(struct kunit *test)
{
	struct np_cursor c;
	struct np_want w;

	pick_reserve(test, 0, 65535);
	pick_net(test)->dead = true;
	pick_net(test)->net = NULL;
	pick_want(test, &w, "0.0.0.0 port=0 low=5 high=5");
	np_pick_start(&c, &w, 1, false, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, np_pick_next(&c, pick_net(test), &w), 5);
	pick_done(&w);
}

/* where it starts */

static void pick_start__is_uniform(struct kunit *test)
{
	unsigned int count[8] = {}, i;
	struct np_cursor c;
	struct np_want w;

	kit_want(test, "0.0.0.0 port=0 low=1000 high=1007", &w);
	for (i = 0; i < 8000; i++) {
		np_pick_start(&c, &w, 1, false, GFP_KERNEL);
		KUNIT_ASSERT_GE(test, c.start, 1000);
		KUNIT_ASSERT_LE(test, c.start, 1007);
		count[c.start - 1000]++;
	}
	/* Seven times the standard deviation off is once in 400 thousand million runs. */
	for (i = 0; i < ARRAY_SIZE(count); i++) {
		KUNIT_EXPECT_GT_MSG(test, count[i], 1000 - 207, "port %u", 1000 + i);
		KUNIT_EXPECT_LT_MSG(test, count[i], 1000 + 207, "port %u", 1000 + i);
	}
}

/* a search given up and resumed */

/* At whatever port: the rest of the circle, and nothing twice. */
static void pick_resume__goes_on(struct kunit *test)
{
	const struct pick_range *r = test->param_value;
	unsigned int size = r->high - r->low + 1, step = size / 16 + 1, n, start;
	struct np_cursor c;
	struct np_want w;
	u64 saved;
	u16 port;

	pick_range_want(test, &w);
	for (start = r->low; start <= r->high; start += step) {
		pick_start(&c, &w, start, GFP_KERNEL);
		port = start;
		for (n = 0; n < size; n++) {
			KUNIT_ASSERT_EQ_MSG(test, np_pick_next(&c, pick_net(test), &w), port,
					    "from %u, number %u", start, n);
			saved = np_pick_save(&c);
			memset(&c, KIT_POISON, sizeof(c));
			KUNIT_ASSERT_EQ(test, 0,
					np_pick_resume(&c, &w, 1, saved, port, GFP_KERNEL));
			port = pick_after(&w, port);
		}
		KUNIT_ASSERT_EQ(test, np_pick_next(&c, pick_net(test), &w), -EADDRNOTAVAIL);
	}
	pick_done(&w);
}

/* Once a free one was offered, those in use are not. */
static void pick_resume__stays_in_its_pass(struct kunit *test)
{
	struct np_resv *r = kit_bind(test, "10.0.0.1 port=101 LB");
	struct np_cursor c;
	struct np_want w;

	pick_want(test, &w, "10.0.0.1 port=0 low=100 high=101 LB");
	pick_start(&c, &w, 100, GFP_KERNEL);
	KUNIT_ASSERT_EQ(test, np_pick_next(&c, pick_net(test), &w), 100);
	KUNIT_ASSERT_EQ(test, np_pick_resume(&c, &w, 1, np_pick_save(&c), 100, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, np_pick_next(&c, pick_net(test), &w), -EADDRNOTAVAIL);
	pick_done(&w);
	kit_unbind(test, r);
}

static void pick_resume__shared(struct kunit *test)
{
	struct np_resv *a = kit_bind(test, "10.0.0.1 port=100 LB");
	struct np_resv *b = kit_bind(test, "10.0.0.1 port=101 LB");
	struct np_cursor c;
	struct np_want w;

	pick_want(test, &w, "10.0.0.1 port=0 low=100 high=101 LB");
	pick_start(&c, &w, 101, GFP_KERNEL);
	KUNIT_ASSERT_EQ(test, np_pick_next(&c, pick_net(test), &w), 101);
	KUNIT_EXPECT_EQ(test, c.pass, PICK_SHARED);
	KUNIT_ASSERT_EQ(test, np_pick_resume(&c, &w, 1, np_pick_save(&c), 101, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, np_pick_next(&c, pick_net(test), &w), 100);
	KUNIT_EXPECT_EQ(test, np_pick_next(&c, pick_net(test), &w), -EADDRNOTAVAIL);
	pick_done(&w);
	kit_unbind(test, a);
	kit_unbind(test, b);
}

#define PICK_CURSOR(_low, _high, _start, _pass) \
	((_low) | (u64)(_high) << 16 | (u64)(_start) << 32 | (u64)(_pass) << 48)

static const struct pick_forgery {
	const char	*desc;
	const char	*who;
	u64		saved;
	u16		port;
	int		err;
} pick_forgeries[] = {
	{ "as it should be", "0.0.0.0", PICK_CURSOR(100, 200, 150, 0), 160, 0 },
	{ "at the lower end", "0.0.0.0", PICK_CURSOR(100, 200, 100, 0), 100, 0 },
	{ "at the upper end", "0.0.0.0", PICK_CURSOR(100, 200, 200, 0), 200, 0 },
	{ "nothing", "0.0.0.0", 0, 160, -EINVAL },
	{ "port 0 in the range", "0.0.0.0", PICK_CURSOR(0, 200, 150, 0), 160, -EINVAL },
	{ "a range upside down", "0.0.0.0", PICK_CURSOR(200, 100, 150, 0), 160, -EINVAL },
	{ "a start below the range", "0.0.0.0", PICK_CURSOR(100, 200, 99, 0), 160, -EINVAL },
	{ "a start above the range", "0.0.0.0", PICK_CURSOR(100, 200, 201, 0), 160, -EINVAL },
	{ "a port below the range", "0.0.0.0", PICK_CURSOR(100, 200, 150, 0), 99, -EINVAL },
	{ "a port above the range", "0.0.0.0", PICK_CURSOR(100, 200, 150, 0), 201, -EINVAL },
	{ "a pass that there isn't", "0.0.0.0 LB dev=1", PICK_CURSOR(100, 200, 150, 3), 160,
	  -EINVAL },
	{ "all bits", "0.0.0.0 LB dev=1", U64_MAX, 160, -EINVAL },
	{ "the pass for devices, with one", "0.0.0.0 dev=1", PICK_CURSOR(100, 200, 150, 1), 160,
	  0 },
	{ "the pass for devices, without", "0.0.0.0 LB", PICK_CURSOR(100, 200, 150, 1), 160,
	  -EINVAL },
	{ "the pass for sharing, with a flag", "0.0.0.0 LB", PICK_CURSOR(100, 200, 150, 2), 160,
	  0 },
	{ "the pass for sharing, without", "0.0.0.0 dev=1", PICK_CURSOR(100, 200, 150, 2), 160,
	  -EINVAL },
	{ "the pass for sharing, TCP", "0.0.0.0 tcp LB", PICK_CURSOR(100, 200, 150, 2), 160,
	  -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(pick_forgery, pick_forgeries, desc);

static void pick_resume__checks(struct kunit *test)
{
	const struct pick_forgery *f = test->param_value;
	struct np_cursor c;
	struct np_want w;

	kit_want(test, f->who, &w);
	KUNIT_EXPECT_EQ(test, np_pick_resume(&c, &w, 1, f->saved, f->port, GFP_KERNEL), f->err);
}

/* the search by itself */

static void pick_ephemeral__goes_round(struct kunit *test)
{
	const struct pick_range *r = test->param_value;
	struct netport_ephemeral e = { .low = r->low, .high = r->high, .port = 0xcccc };
	unsigned int size = r->high - r->low + 1, n;
	u16 port;

	KUNIT_ASSERT_EQ(test, np_ephemeral_next(pick_net(test), &e), 0);
	KUNIT_ASSERT_GE(test, e.port, r->low);
	KUNIT_ASSERT_LE(test, e.port, r->high);
	for (n = 1; n < size; n++) {
		port = e.port == r->high ? r->low : e.port + 1;
		KUNIT_ASSERT_EQ(test, np_ephemeral_next(pick_net(test), &e), 0);
		KUNIT_ASSERT_EQ_MSG(test, e.port, port, "number %u", n);
	}
	KUNIT_EXPECT_EQ(test, np_ephemeral_next(pick_net(test), &e), -EADDRNOTAVAIL);
	KUNIT_EXPECT_EQ(test, np_ephemeral_next(pick_net(test), &e), -EADDRNOTAVAIL);
}

static const struct pick_walk {
	const char	*desc;
	u16		low;
	u16		high;
	u64		cursor;
	int		err;
} pick_walks[] = {
	{ "the namespace's range", 0, 0, 0, 0 },
	{ "its low end", 0, 500, 0, 0 },
	{ "its high end", 250, 0, 0, 0 },
	{ "low above high", 20, 10, 0, -EINVAL },
	{ "low above the namespace's high", 1000, 0, 0, -EINVAL },
	{ "high below the namespace's low", 0, 10, 0, -EINVAL },
	{ "a cursor of this range", 10, 20, PICK_CURSOR(10, 20, 15, 16), 0 },
	{ "a cursor of any range", 0, 0, PICK_CURSOR(10, 20, 15, 16), 0 },
	{ "a cursor of another low", 11, 20, PICK_CURSOR(10, 20, 15, 16), -EINVAL },
	{ "a cursor of another high", 10, 21, PICK_CURSOR(10, 20, 15, 16), -EINVAL },
	{ "a cursor with port 0", 0, 20, PICK_CURSOR(0, 20, 15, 16), -EINVAL },
	{ "a cursor upside down", 0, 0, PICK_CURSOR(20, 10, 15, 16), -EINVAL },
	{ "a start below the cursor's range", 0, 0, PICK_CURSOR(10, 20, 9, 16), -EINVAL },
	{ "a start above the cursor's range", 0, 0, PICK_CURSOR(10, 20, 21, 16), -EINVAL },
	{ "a port below the cursor's range", 0, 0, PICK_CURSOR(10, 20, 15, 9), -EINVAL },
	{ "a port above the cursor's range", 0, 0, PICK_CURSOR(10, 20, 15, 21), -EINVAL },
	{ "the last port", 0, 0, PICK_CURSOR(10, 20, 15, 14), -EADDRNOTAVAIL },
	{ "the last port at the upper end", 0, 0, PICK_CURSOR(10, 20, 10, 20), -EADDRNOTAVAIL },
	{ "all bits", 0, 0, U64_MAX, -EADDRNOTAVAIL },
};

KUNIT_ARRAY_PARAM_DESC(pick_walk, pick_walks, desc);

static void pick_ephemeral__checks(struct kunit *test)
{
	const struct pick_walk *p = test->param_value;
	struct netport_ephemeral e = {
		.low = p->low, .high = p->high, .cursor = p->cursor, .port = 0xcccc,
	}, before = e;

	pick_net(test)->range = 200 | 400 << 16;
	KUNIT_EXPECT_EQ(test, np_ephemeral_next(pick_net(test), &e), p->err);
	if (p->err) {
		KUNIT_EXPECT_MEMEQ(test, &e, &before, sizeof(e));
		return;
	}
	KUNIT_EXPECT_EQ(test, e.low, before.low);
	KUNIT_EXPECT_EQ(test, e.high, before.high);
	KUNIT_EXPECT_NE(test, e.cursor, 0);
	KUNIT_EXPECT_GE(test, e.port, p->cursor ? 10 : p->low ?: 200);
	KUNIT_EXPECT_LE(test, e.port, p->cursor ? 20 : p->high ?: 400);
}

/* The namespace's range may change meanwhile. */
static void pick_ephemeral__keeps_its_range(struct kunit *test)
{
	struct netport_ephemeral e = {};
	unsigned int n;

	pick_net(test)->range = 200 | 203 << 16;
	for (n = 0; n < 4; n++) {
		KUNIT_ASSERT_EQ(test, np_ephemeral_next(pick_net(test), &e), 0);
		KUNIT_EXPECT_EQ(test, e.port / 4, 50);
		pick_net(test)->range = 1 | 65535 << 16;
	}
	KUNIT_EXPECT_EQ(test, np_ephemeral_next(pick_net(test), &e), -EADDRNOTAVAIL);
}

/* It asks no table, and not the list of reserved ports. */
static void pick_ephemeral__asks_nobody(struct kunit *test)
{
	struct netport_ephemeral e = { .low = 100, .high = 100 };
	struct np_resv *r = kit_bind(test, "* port=100");

	pick_reserve(test, 100, 100);
	KUNIT_EXPECT_EQ(test, np_ephemeral_next(pick_net(test), &e), 0);
	KUNIT_EXPECT_EQ(test, e.port, 100);
	kit_unbind(test, r);
}

static struct kunit_case pick_test_cases[] = {
	KUNIT_CASE_PARAM(pick_next__goes_round, pick_range_gen_params),
	KUNIT_CASE(pick_next__all_ports),
	KUNIT_CASE_PARAM(pick_next__passes_over_what_is_taken, pick_range_gen_params),
	KUNIT_CASE(pick_next__one_port_left),
	KUNIT_CASE(pick_next__few_and_many_of_an_address),
	KUNIT_CASE_PARAM(pick_next__sees_who_is_in_the_way, pick_view_gen_params),
	KUNIT_CASE_PARAM(pick_next__passes, pick_pass_gen_params),
	KUNIT_CASE_PARAM(pick_start__candidates, pick_pass_gen_params),
	KUNIT_CASE(pick_fits__by_pass),
	KUNIT_CASE(pick_next__atomic_is_bounded),
	KUNIT_CASE(pick_next__passes_over_reserved_ports),
	KUNIT_CASE(pick_next__never_shares_reserved_ports),
	KUNIT_CASE(pick_next__all_reserved),
	KUNIT_CASE(pick_next__dead_namespace),
	KUNIT_CASE(pick_start__is_uniform),
	KUNIT_CASE_PARAM(pick_resume__goes_on, pick_range_gen_params),
	KUNIT_CASE(pick_resume__stays_in_its_pass),
	KUNIT_CASE(pick_resume__shared),
	KUNIT_CASE_PARAM(pick_resume__checks, pick_forgery_gen_params),
	KUNIT_CASE_PARAM(pick_ephemeral__goes_round, pick_range_gen_params),
	KUNIT_CASE_PARAM(pick_ephemeral__checks, pick_walk_gen_params),
	KUNIT_CASE(pick_ephemeral__keeps_its_range),
	KUNIT_CASE(pick_ephemeral__asks_nobody),
	{}
};

static struct kunit_suite pick_test_suite = {
	.name = "netport_pick",
	.init = kit_bare_init,
	.exit = kit_bare_exit,
	.test_cases = pick_test_cases,
};

kunit_test_suite(pick_test_suite);
