// SPDX-License-Identifier: GPL-2.0
/*
 * pick.c: alignment, exclude lists, blocks, and what is in the way of several bindings at
 * once, against a look at each port.
 */
#include <linux/bitmap.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "kit.h"

#define VIEW_WANTS	5
#define VIEW_PORTS	1000

/* Bindings of sets; those of a request are the first ones. */
static const char * const view_wants[VIEW_WANTS] = {
	"10.0.0.1 port=0", "10.0.0.2 port=0", ":: port=0", "10.0.0.1 tcp port=0",
	"* port=0 proto=132",
};

/**
 * struct view_lab - a search, and what it has to find
 * @w: the bindings
 * @n: how many
 * @view: what the search looks at
 * @occ: for it
 * @src: for it
 * @few: for it
 * @low: the range's first port
 * @taken: ports from @low on that can't be had
 * @reserved: the list of reserved ports
 * @exclude: ports that are not wanted
 */
struct view_lab {
	struct np_want		w[VIEW_WANTS];
	unsigned int		n;
	struct np_view		view;
	const struct np_occ	*occ[VIEW_WANTS * NP_VIEW_OCCS];
	const u64		*src[VIEW_WANTS * NP_VIEW_OCCS];
	struct np_addr		*few[VIEW_WANTS];
	u16			low;
	bool			taken[VIEW_PORTS];
	unsigned long		reserved[BITS_TO_LONGS(65536)];
	u64			exclude[NP_WORDS];
};

static struct view_lab *view_lab(struct kunit *test, u16 low)
{
	struct view_lab *lab = kunit_kzalloc(test, sizeof(*lab), GFP_KERNEL);
	struct np_net *nn = kit_of(test)->nn;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, lab);
	for (i = 0; i < VIEW_WANTS; i++) {
		kit_want(test, view_wants[i], &lab->w[i]);
		KUNIT_ASSERT_EQ(test, np_addr_get(nn, &lab->w[i], GFP_KERNEL), 0);
		lab->w[i].low = low;
		lab->w[i].high = low + VIEW_PORTS - 1;
	}
	lab->low = low;
	lab->view.nn = nn;
	lab->view.w = lab->w;
	lab->view.occ = lab->occ;
	lab->view.src = lab->src;
	lab->view.few = lab->few;
	kit_of(test)->net->ipv4.sysctl_local_reserved_ports = lab->reserved;
	return lab;
}

static void view_lab_done(struct view_lab *lab)
{
	unsigned int i;

	for (i = 0; i < VIEW_WANTS; i++)
		np_addr_put(lab->w[i].addr);
}

/* Everything there is that may have a port, and whether it's in the way of the first n. */

static struct np_addr *view_addr(struct view_lab *lab, unsigned int which, bool *in_way)
{
	struct np_space *udp = lab->w[0].space;

	switch (which) {
	case 0 ... 4:
		*in_way = which < lab->n;
		return lab->w[which].addr;
	case 5:
		*in_way = true;
		return &udp->any[NP_V4];
	case 6:
		*in_way = true;
		return &udp->any[NP_ANY_BOTH];
	case 7:
		*in_way = lab->n > 3;
		return &lab->w[3].space->any[NP_V4];
	case 8:
		*in_way = false;
		return &lab->w[3].space->any[NP_V6];
	case 9:
		*in_way = lab->n > 4;
		return &lab->w[4].space->any[NP_V6];
	default:
		return NULL;
	}
}

/* Used by addresses that no binding names: in the way of any-addresses alone. */
static struct np_occ *view_used(struct view_lab *lab, unsigned int which, bool *in_way)
{
	switch (which) {
	case 0:
		*in_way = false;
		return &lab->w[0].space->used[NP_V4];
	case 1:
		*in_way = lab->n > 2;
		return &lab->w[0].space->used[NP_V6];
	case 2 ... 3:
		*in_way = lab->n > 4;
		return &lab->w[4].space->used[which - 2];
	default:
		return NULL;
	}
}

static void view_mark(struct kunit *test, struct np_addr *a, u16 port)
{
	KUNIT_ASSERT_EQ(test, np_addr_prepare(a, port, GFP_KERNEL), 0);
	KUNIT_ASSERT_TRUE(test, kit_addr_set(test, a, port));
}

static bool view_marked(struct np_addr *a, u16 port)
{
	return np_addr_word(a, port / NP_WORD_PORTS) >> port % NP_WORD_PORTS & 1;
}

/* Marks ports as taken, one in @rare, or takes all marks away if that is 0. */
static void view_fill(struct kunit *test, struct view_lab *lab, struct rnd_state *rnd,
		      unsigned int rare)
{
	unsigned int i, which;
	struct np_occ *occ;
	struct np_addr *a;
	bool in_way;
	u16 port;

	for (i = 0; i < VIEW_PORTS; i++) {
		port = lab->low + i;
		for (which = 0; (a = view_addr(lab, which, &in_way)); which++) {
			if (view_marked(a, port))
				kit_addr_clear(test, a, port);
			if (!rare || kit_random(rnd, rare))
				continue;
			view_mark(test, a, port);
			lab->taken[i] |= in_way;
		}
		for (which = 0; (occ = view_used(lab, which, &in_way)); which++) {
			KUNIT_ASSERT_EQ(test, np_occ_prepare(occ, port, GFP_KERNEL), 0);
			np_occ_clear(occ, port);
			if (!rare || kit_random(rnd, rare))
				continue;
			np_occ_set(occ, port);
			lab->taken[i] |= in_way;
		}
	}
}

static void view_fill_lists(struct view_lab *lab, struct rnd_state *rnd, unsigned int rare)
{
	unsigned int i;
	u16 port;

	memset(lab->exclude, 0, sizeof(lab->exclude));
	bitmap_zero(lab->reserved, 65536);
	for (i = 0; i < VIEW_PORTS; i++) {
		port = lab->low + i;
		if (kit_random(rnd, 2 * rare) == 0) {
			lab->exclude[port / NP_WORD_PORTS] |= BIT_ULL(port % NP_WORD_PORTS);
			lab->taken[i] = true;
		}
		if (kit_random(rnd, 2 * rare) == 0) {
			__set_bit(port, lab->reserved);
			lab->taken[i] = true;
		}
	}
	lab->w[0].exclude = lab->exclude;
}

/* The runs of free ports that begin with each port. */
static bool view_fits(const struct view_lab *lab, unsigned int i)
{
	u16 port = lab->low + i;
	unsigned int j;

	if ((port & (lab->w[0].align - 1)) != lab->w[0].offset ||
	    i + lab->view.run > VIEW_PORTS)
		return false;
	for (j = i; j < i + lab->view.run; j++)
		if (lab->taken[j])
			return false;
	return true;
}

/* From some port on: all that fit, in order, each once. */
static void view_expect(struct kunit *test, struct view_lab *lab, unsigned int start)
{
	unsigned int i, at;
	struct np_cursor c;

	np_pick_start(&c, lab->w, lab->n, false, GFP_KERNEL);
	c.start = lab->low + start;
	for (i = 0; i < VIEW_PORTS; i++) {
		at = (start + i) % VIEW_PORTS;
		if (!view_fits(lab, at))
			continue;
		KUNIT_ASSERT_EQ_MSG(test, np_pick_next_of(&c, &lab->view, lab->w, lab->n),
				    lab->low + at,
				    "from %u, %u bindings, run %u, align %u, offset %u",
				    lab->low + start, lab->n, lab->view.run, lab->w[0].align,
				    lab->w[0].offset);
	}
	KUNIT_ASSERT_EQ(test, np_pick_next_of(&c, &lab->view, lab->w, lab->n), -EADDRNOTAVAIL);
}

static const u16 view_lows[] = { 1, 64, 1000, 3950, 32700, 65536 - VIEW_PORTS };

static void view_low_desc(const u16 *low, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "from %u on", *low);
}

KUNIT_ARRAY_PARAM(view_low, view_lows, view_low_desc);

static void view_round(struct kunit *test, struct view_lab *lab, struct rnd_state *rnd)
{
	static const unsigned int rares[] = { 6, 60, 400, 1500 };
	static const u16 runs[] = { 1, 1, 2, 3, 16, 63, 64, 65, 130, 300 };
	unsigned int rare = rares[kit_random(rnd, ARRAY_SIZE(rares))], i;

	lab->n = 1 + kit_random(rnd, VIEW_WANTS);
	lab->view.run = runs[kit_random(rnd, ARRAY_SIZE(runs))];
	lab->w[0].align = 1U << (kit_random(rnd, 2) ? 0 : kit_random(rnd, 9));
	lab->w[0].offset = kit_random(rnd, lab->w[0].align);
	memset(lab->taken, 0, sizeof(lab->taken));
	view_fill(test, lab, rnd, rare);
	view_fill_lists(lab, rnd, rare);
	lab->view.noccs = 0;
	lab->view.nfew = 0;
	for (i = 0; i < lab->n; i++)
		np_view_add(&lab->view, &lab->w[i]);
	for (i = 0; i < 4; i++)
		view_expect(test, lab, i ? kit_random(rnd, VIEW_PORTS) : 0);
}

static void view__finds_what_fits(struct kunit *test)
{
	const u16 *low = test->param_value;
	struct view_lab *lab = view_lab(test, *low);
	struct rnd_state rnd;
	unsigned int round;

	prandom_seed_state(&rnd, *low);
	for (round = 0; round < 24; round++)
		view_round(test, lab, &rnd);
	memset(lab->taken, 0, sizeof(lab->taken));
	view_fill(test, lab, &rnd, 0);
	view_lab_done(lab);
}

/* While addresses have no bitmap yet. */
static void view__finds_what_fits_among_few(struct kunit *test)
{
	const u16 *low = test->param_value;
	struct view_lab *lab = view_lab(test, *low);
	struct rnd_state rnd;
	unsigned int i, j, at;

	prandom_seed_state(&rnd, *low);
	lab->n = 2;
	for (i = 0; i < lab->n; i++) {
		for (j = 0; j < NP_FEW; j++) {
			at = kit_random(&rnd, VIEW_PORTS);
			if (!view_marked(lab->w[i].addr, *low + at))
				view_mark(test, lab->w[i].addr, *low + at);
			lab->taken[at] = true;
		}
		KUNIT_ASSERT_NULL(test, np_addr_occ(lab->w[i].addr));
		np_view_add(&lab->view, &lab->w[i]);
	}
	for (lab->view.run = 1; lab->view.run < 40; lab->view.run += 7)
		view_expect(test, lab, kit_random(&rnd, VIEW_PORTS));
	/* One of them gets one meanwhile. */
	for (i = 0; i < 20; i++) {
		at = kit_random(&rnd, VIEW_PORTS);
		if (!view_marked(lab->w[0].addr, *low + at))
			view_mark(test, lab->w[0].addr, *low + at);
		lab->taken[at] = true;
	}
	KUNIT_EXPECT_NOT_NULL(test, np_addr_occ(lab->w[0].addr));
	view_expect(test, lab, kit_random(&rnd, VIEW_PORTS));
	view_fill(test, lab, &rnd, 0);
	view_lab_done(lab);
}

/* in a full range */

/* Marks a port as taken on some one of the first @n that are in the way. */
static void view_take(struct kunit *test, struct view_lab *lab, struct rnd_state *rnd,
		      unsigned int n, unsigned int at)
{
	unsigned int which, skip = kit_random(rnd, n);
	struct np_addr *a;
	bool in_way;

	for (which = 0; (a = view_addr(lab, which, &in_way)); which++)
		if (in_way && !skip--)
			break;
	view_mark(test, a, lab->low + at);
	lab->taken[at] = true;
}

static void view_leave(struct kunit *test, struct view_lab *lab, unsigned int at)
{
	struct np_addr *a;
	unsigned int which;
	bool in_way;

	for (which = 0; (a = view_addr(lab, which, &in_way)); which++)
		if (view_marked(a, lab->low + at))
			kit_addr_clear(test, a, lab->low + at);
	lab->taken[at] = false;
}

/* All ports are taken on @n of what is in the way, by turns, but for a few. */
static void view_expect_last(struct kunit *test, struct view_lab *lab, struct rnd_state *rnd,
			     unsigned int n)
{
	unsigned int i, round, nleft, left[3];

	for (i = 0; i < VIEW_PORTS; i++)
		view_take(test, lab, rnd, n, i);
	lab->view.noccs = 0;
	lab->view.nfew = 0;
	for (i = 0; i < lab->n; i++)
		np_view_add(&lab->view, &lab->w[i]);
	for (round = 0; round < 16; round++) {
		nleft = kit_random(rnd, ARRAY_SIZE(left) + 1);
		for (i = 0; i < nleft; i++) {
			left[i] = kit_random(rnd, VIEW_PORTS);
			view_leave(test, lab, left[i]);
		}
		view_expect(test, lab, kit_random(rnd, VIEW_PORTS));
		for (i = 0; i < nleft; i++)
			if (!lab->taken[left[i]])
				view_take(test, lab, rnd, n, left[i]);
	}
	view_fill(test, lab, rnd, 0);
}

static void view__finds_the_last_ones(struct kunit *test)
{
	const u16 *low = test->param_value;
	struct view_lab *lab = view_lab(test, *low);
	struct rnd_state rnd;
	unsigned int n;

	prandom_seed_state(&rnd, *low);
	lab->view.run = 1;
	for (lab->n = 1; lab->n <= VIEW_WANTS; lab->n++)
		/* Its own addresses, and two any-addresses at least. */
		for (n = 1; n <= lab->n + 2; n++)
			view_expect_last(test, lab, &rnd, n);
	view_lab_done(lab);
}

/* alignment, over all ports there are */

static void view_align__all_of_them(struct kunit *test, unsigned int align, unsigned int offset)
{
	struct np_net *nn = kit_of(test)->nn;
	unsigned int start, port, step;
	struct np_cursor c;
	struct np_want w;

	kit_want(test, "0.0.0.0 port=0 low=1 high=65535", &w);
	if (align < 1024)
		w.high = 3000 + offset;
	np_addr_find(nn, &w);
	w.align = align;
	w.offset = offset;
	np_pick_start(&c, &w, 1, false, GFP_KERNEL);
	start = c.start;
	/* From the first one at or behind the start. */
	for (step = 0, port = start; step < w.high; step++) {
		if (port % align == offset)
			KUNIT_ASSERT_EQ_MSG(test, np_pick_next(&c, nn, &w), port,
					    "align %u, offset %u, from %u", align, offset, start);
		port = port == w.high ? 1 : port + 1;
	}
	KUNIT_ASSERT_EQ(test, np_pick_next(&c, nn, &w), -EADDRNOTAVAIL);
	np_addr_unfind(&w);
}

static void view_align__each_power_of_two(struct kunit *test)
{
	unsigned int align, i;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, 1);
	for (align = 1; align <= 32768; align *= 2) {
		view_align__all_of_them(test, align, 0);
		view_align__all_of_them(test, align, align - 1);
		for (i = 0; i < 4 && align > 1; i++)
			view_align__all_of_them(test, align, kit_random(&rnd, align));
	}
}

/* np_pick_wants() says the same of a port as the search. */
static void view_wants__what_a_search_offers(struct kunit *test)
{
	const u16 *low = test->param_value;
	struct view_lab *lab = view_lab(test, *low);
	struct np_net *nn = kit_of(test)->nn;
	unsigned int round, port, at;
	struct rnd_state rnd;
	bool in;

	prandom_seed_state(&rnd, *low);
	lab->n = 1;
	lab->view.run = 1;
	for (round = 0; round < 20; round++) {
		lab->w[0].align = 1U << kit_random(&rnd, 12);
		lab->w[0].offset = kit_random(&rnd, lab->w[0].align);
		memset(lab->taken, 0, sizeof(lab->taken));
		view_fill_lists(lab, &rnd, 10);
		for (port = max(*low, 400) - 400; port <= min(*low + 700, 65535); port++) {
			at = port - *low;
			in = port >= *low && at < VIEW_PORTS && view_fits(lab, at);
			KUNIT_ASSERT_EQ_MSG(test, np_pick_wants(nn, &lab->w[0], port), in,
					    "port %u, align %u, offset %u", port,
					    lab->w[0].align, lab->w[0].offset);
		}
	}
	view_lab_done(lab);
}

static struct kunit_case view_test_cases[] = {
	KUNIT_CASE_PARAM(view__finds_what_fits, view_low_gen_params),
	KUNIT_CASE_PARAM(view__finds_what_fits_among_few, view_low_gen_params),
	KUNIT_CASE_PARAM(view__finds_the_last_ones, view_low_gen_params),
	KUNIT_CASE(view_align__each_power_of_two),
	KUNIT_CASE_PARAM(view_wants__what_a_search_offers, view_low_gen_params),
	{}
};

static struct kunit_suite view_test_suite = {
	.name = "netport_view",
	.init = kit_bare_init,
	.exit = kit_bare_exit,
	.test_cases = view_test_cases,
};

kunit_test_suite(view_test_suite);
