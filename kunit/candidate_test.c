// SPDX-License-Identifier: GPL-2.0
/*
 * candidate.c: ports that are held while their caller looks at them, each offered once.
 */
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "kit.h"

#define CAND_OWNER_MAX	65536

static const struct cand_range {
	u16	low;
	u16	high;
} cand_ranges[] = {
	{ 1, 1 }, { 1, 3 }, { 60, 70 }, { 4090, 4100 }, { 65535, 65535 }, { 65500, 65535 }, { 20000,
	  20150 },
};

static void cand_range_desc(const struct cand_range *r, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u to %u", r->low, r->high);
}

KUNIT_ARRAY_PARAM(cand_range, cand_ranges, cand_range_desc);

/* Asks for one; state and limits have to be those before if it fails. */
static int cand_next(struct kunit *test, enum kit_who who, struct netport_candidate *cand)
{
	int held = kit_held(test), ports = cand->terms.nbindings + 1, err;
	struct netport_candidate before = *cand;

	err = netport_candidate(kit_owner(test, who), cand, GFP_KERNEL);
	if (err) {
		KUNIT_EXPECT_MEMEQ(test, cand, &before, sizeof(before));
		KUNIT_EXPECT_EQ(test, kit_held(test), held);
		return err;
	}
	KUNIT_EXPECT_EQ(test, kit_held(test), before.reserve.token ? held : held + ports);
	KUNIT_EXPECT_NE(test, cand->reserve.token, before.reserve.token);
	KUNIT_EXPECT_NE(test, cand->cursor, 0);
	return 0;
}

static void cand_init(struct kunit *test, const char *text, struct netport_candidate *cand)
{
	struct kit_request *q = kit_request(test, text);

	cand->reserve = q->req.reserve;
	cand->terms = q->req.terms;
	cand->reserve.token = 0;
	/* Results, ignored in the first call. */
	cand->reserve.binding.port = 0xcccc;
	cand->cursor = KIT_POISON64;
}

static void candidate__offers_each_port_once(struct kunit *test)
{
	const struct cand_range *range = test->param_value;
	unsigned int size = range->high - range->low + 1, i;
	bool *offered = kunit_kcalloc(test, size, sizeof(*offered), GFP_KERNEL);
	struct netport_candidate cand;
	u16 port;

	KUNIT_ASSERT_NOT_NULL(test, offered);
	cand_init(test, "0.0.0.0", &cand);
	cand.reserve.low = range->low;
	cand.reserve.high = range->high;
	for (i = 0; i < size; i++) {
		KUNIT_ASSERT_EQ(test, cand_next(test, KIT_ALICE, &cand), 0);
		port = cand.reserve.binding.port;
		KUNIT_ASSERT_GE(test, port, range->low);
		KUNIT_ASSERT_LE(test, port, range->high);
		KUNIT_ASSERT_FALSE_MSG(test, offered[port - range->low], "port %u", port);
		offered[port - range->low] = true;
		KUNIT_ASSERT_EQ(test, kit_held(test), 1);
	}
	KUNIT_EXPECT_EQ(test, cand_next(test, KIT_ALICE, &cand), -EADDRNOTAVAIL);
	KUNIT_EXPECT_TRUE_MSG(test, kit_alive(test, KIT_ALICE, cand.reserve.token),
			      "the last one is still held");
	KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, KIT_ALICE), cand.reserve.token), 0);
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
}

static void candidate__is_held(struct kunit *test)
{
	struct netport_candidate cand;
	char text[32];

	cand_init(test, "10.0.0.1 low=100 high=101", &cand);
	KUNIT_ASSERT_EQ(test, cand_next(test, KIT_ALICE, &cand), 0);
	snprintf(text, sizeof(text), "0.0.0.0 port=%u bob", 201 - cand.reserve.binding.port);
	kit_hold(test, text);
	KIT_EXPECT_RESERVE(test, "0.0.0.0 port=0 low=100 high=101", -EADDRNOTAVAIL);

	/* The only other one is bob's: no further one, and this one stays. */
	KUNIT_EXPECT_EQ(test, cand_next(test, KIT_ALICE, &cand), -EADDRNOTAVAIL);
	KIT_EXPECT_RESERVE(test, "0.0.0.0 port=0 low=100 high=101", -EADDRNOTAVAIL);
	KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, KIT_ALICE), cand.reserve.token), 0);
	KIT_EXPECT_RESERVE(test, "0.0.0.0 port=0 low=100 high=101", 0);
}

static void candidate__turned_down_is_free(struct kunit *test)
{
	struct netport_candidate cand;
	struct kit_req r;
	u16 first;

	cand_init(test, "10.0.0.1 low=100 high=101", &cand);
	KUNIT_ASSERT_EQ(test, cand_next(test, KIT_ALICE, &cand), 0);
	first = cand.reserve.binding.port;
	KUNIT_ASSERT_EQ(test, cand_next(test, KIT_ALICE, &cand), 0);
	KUNIT_EXPECT_EQ(test, cand.reserve.binding.port, 201 - first);
	kit_parse(test, "0.0.0.0 bob", &r);
	r.req.binding.port = first;
	KUNIT_EXPECT_EQ(test, kit_reserve(test, &r, GFP_KERNEL), 0);
}

static void candidate__of_a_device_goes_round(struct kunit *test)
{
	struct netport_candidate cand;
	unsigned int seen = 0, i;

	kit_hold(test, "0.0.0.0 port=101 dev=1");
	kit_hold(test, "0.0.0.0 port=103 dev=2");
	cand_init(test, "0.0.0.0 dev=2 LB low=100 high=104", &cand);
	for (i = 0; i < 4; i++) {
		KUNIT_ASSERT_EQ(test, cand_next(test, KIT_ALICE, &cand), 0);
		KUNIT_EXPECT_FALSE(test, seen & BIT(cand.reserve.binding.port - 100));
		seen |= BIT(cand.reserve.binding.port - 100);
	}
	KUNIT_EXPECT_EQ_MSG(test, seen, 0x17, "all but 103, that of another device too");
	KUNIT_EXPECT_EQ(test, cand_next(test, KIT_ALICE, &cand), -EADDRNOTAVAIL);
}

static void candidate__shares_if_nothing_is_free(struct kunit *test)
{
	struct netport_candidate cand;
	unsigned int i, seen = 0;

	kit_hold(test, "0.0.0.0 port=100 MR");
	kit_hold(test, "0.0.0.0 port=101");
	kit_hold(test, "0.0.0.0 port=102 MR");
	cand_init(test, "0.0.0.0 MR low=100 high=102", &cand);
	for (i = 0; i < 2; i++) {
		KUNIT_ASSERT_EQ(test, cand_next(test, KIT_ALICE, &cand), 0);
		seen |= BIT(cand.reserve.binding.port - 100);
	}
	KUNIT_EXPECT_EQ(test, seen, 0x5);
	KUNIT_EXPECT_EQ(test, cand_next(test, KIT_ALICE, &cand), -EADDRNOTAVAIL);
}

static void candidate__does_not_share_once_one_was_free(struct kunit *test)
{
	struct netport_candidate cand;

	kit_hold(test, "0.0.0.0 port=100 MR");
	cand_init(test, "0.0.0.0 MR low=100 high=101", &cand);
	KUNIT_ASSERT_EQ(test, cand_next(test, KIT_ALICE, &cand), 0);
	KUNIT_EXPECT_EQ(test, cand.reserve.binding.port, 101);
	KUNIT_EXPECT_EQ(test, cand_next(test, KIT_ALICE, &cand), -EADDRNOTAVAIL);
}

static void candidate__is_released_by_what_it_is(struct kunit *test)
{
	struct netport_candidate cand;

	cand_init(test, "0.0.0.0 low=80 high=80", &cand);
	KUNIT_ASSERT_EQ(test, cand_next(test, KIT_ALICE, &cand), 0);
	KUNIT_EXPECT_EQ(test, netport_release_binding(kit_owner(test, KIT_ALICE),
						      &cand.reserve.binding, 0), 0);
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
	KUNIT_EXPECT_EQ(test, cand_next(test, KIT_ALICE, &cand), -ENOENT);
}

static void accept__makes_it_a_reservation(struct kunit *test)
{
	struct netport_owner *alice = kit_owner(test, KIT_ALICE);
	struct netport_candidate cand;

	cand_init(test, "0.0.0.0 low=100 high=101", &cand);
	KUNIT_ASSERT_EQ(test, cand_next(test, KIT_ALICE, &cand), 0);
	KUNIT_EXPECT_EQ(test, netport_accept(alice, cand.reserve.token), 0);
	KUNIT_EXPECT_EQ(test, kit_held(test), 1);
	KUNIT_EXPECT_EQ_MSG(test, netport_accept(alice, cand.reserve.token), -EINVAL, "again");
	KUNIT_EXPECT_EQ_MSG(test, cand_next(test, KIT_ALICE, &cand), -EINVAL, "too late");
	KUNIT_EXPECT_EQ(test, netport_release(alice, cand.reserve.token), 0);
	KUNIT_EXPECT_EQ(test, netport_accept(alice, cand.reserve.token), -ENOENT);
}

static void accept__refuses(struct kunit *test)
{
	u64 token = kit_hold(test, "0.0.0.0");
	struct netport_candidate cand;

	KUNIT_EXPECT_EQ(test, netport_accept(kit_owner(test, KIT_ALICE), token), -EINVAL);
	KUNIT_EXPECT_EQ(test, netport_accept(kit_owner(test, KIT_ALICE), 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, netport_accept(kit_owner(test, KIT_ALICE), token + BIT_ULL(16)),
			-ENOENT);
	KUNIT_EXPECT_EQ(test, netport_accept(kit_owner(test, KIT_BOB), token), -ENOENT);

	cand_init(test, "0.0.0.0 low=100 high=101", &cand);
	KUNIT_ASSERT_EQ(test, cand_next(test, KIT_ALICE, &cand), 0);
	KUNIT_EXPECT_EQ(test, netport_accept(kit_owner(test, KIT_ALICE2), cand.reserve.token),
			-ENOENT);
	KUNIT_EXPECT_EQ_MSG(test, netport_accept(kit_owner(test, KIT_ALICE), cand.reserve.token), 0,
			    "it is still a candidate");
}

enum cand_spoil { SPOIL_NOTHING, SPOIL_CURSOR, SPOIL_LOW, SPOIL_HIGH, SPOIL_TOKEN, SPOIL_OWNER,
		  SPOIL_FORM, SPOIL_OPTION, SPOIL_RESERVATION };

static const struct cand_bad {
	const char	*desc;
	enum cand_spoil	spoil;
	int		err;
} cand_bads[] = {
	{ "as it was", SPOIL_NOTHING, 0 },
	{ "no cursor", SPOIL_CURSOR, -EINVAL },
	{ "another low end", SPOIL_LOW, -EINVAL },
	{ "another high end", SPOIL_HIGH, -EINVAL },
	{ "another token", SPOIL_TOKEN, -ENOENT },
	{ "another owner", SPOIL_OWNER, -ENOENT },
	{ "a malformed binding", SPOIL_FORM, -EINVAL },
	{ "a tuple", SPOIL_OPTION, -EINVAL },
	{ "a reservation that is no candidate", SPOIL_RESERVATION, -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(cand_bad, cand_bads, desc);

static void candidate__refuses(struct kunit *test)
{
	const struct cand_bad *bad = test->param_value;
	struct netport_candidate cand, next;
	enum kit_who who = KIT_ALICE;

	cand_init(test, "10.0.0.1 low=100 high=110", &cand);
	KUNIT_ASSERT_EQ(test, cand_next(test, KIT_ALICE, &cand), 0);
	next = cand;
	switch (bad->spoil) {
	case SPOIL_NOTHING:
		break;
	case SPOIL_CURSOR:
		next.cursor = 0;
		break;
	case SPOIL_LOW:
		next.reserve.low++;
		break;
	case SPOIL_HIGH:
		next.reserve.high++;
		break;
	case SPOIL_TOKEN:
		next.reserve.token += BIT_ULL(16);
		break;
	case SPOIL_OWNER:
		who = KIT_BOB;
		break;
	case SPOIL_FORM:
		next.reserve.binding.families = 0;
		break;
	case SPOIL_OPTION:
		next.reserve.options = NETPORT_OPT_TUPLE;
		break;
	case SPOIL_RESERVATION:
		next.reserve.token = kit_hold(test, "10.0.0.1 port=105 dev=9 proto=5");
		break;
	}
	KUNIT_EXPECT_EQ(test, cand_next(test, who, &next), bad->err);
	KUNIT_EXPECT_EQ(test, kit_alive(test, KIT_ALICE, cand.reserve.token), !!bad->err);
	if (bad->err)
		KUNIT_EXPECT_EQ_MSG(test, cand_next(test, KIT_ALICE, &cand), 0,
				    "the search can go on");
}

/* with terms */

/**
 * struct cand_walk - a search with terms, and what it offers
 * @desc: what it shows
 * @held: what is there already
 * @text: the request
 * @seen: the ports it offers, counted from 100
 */
struct cand_walk {
	const char	*desc;
	const char	*held[3];
	const char	*text;
	u64		seen;
};

static const struct cand_walk cand_walks[] = {
	{ "even ports", { }, "10.0.0.1 low=100 high=109 align=2", 0x155 },
	{ "odd ports", { }, "10.0.0.1 low=100 high=109 align=2 offset=1", 0x2aa },
	{ "every eighth", { }, "10.0.0.1 low=100 high=129 align=8 offset=3", 0x808080 },
	{ "all but some", { }, "10.0.0.1 low=100 high=105 not=101 not=104 not=200", 0x2d },
	{ "all but all", { }, "10.0.0.1 low=100 high=101 not=101 not=100", 0 },
	{ "a set", { }, "10.0.0.1 low=100 high=103 + :: + 10.0.0.1 tcp", 0xf },
	{ "a set, beside others", { "10.0.0.1 port=101 bob", "2001:db8::1 port=102 bob",
	  "0.0.0.0 tcp port=103" }, "10.0.0.1 low=100 high=104 + :: + 10.0.0.1 tcp", 0x11 },
	{ "a set with a device goes round", { "10.0.0.1 port=101 dev=2 bob", "::1 port=102 bob" },
	  "10.0.0.1 dev=1 low=100 high=103 + ::", 0xb },
	{ "a set that shares where nothing is free", { "10.0.0.1 MR port=100",
	  "10.0.0.2 MR port=101", "10.0.0.2 port=102" }, "0.0.0.0 MR low=100 high=102 + ::", 0x3 },
	{ "a set that doesn't share when some are free", { "10.0.0.1 MR port=100" },
	  "0.0.0.0 MR low=100 high=102 + ::", 0x6 },
	{ "a label", { }, "10.0.0.1 low=100 high=102 label=x", 0x7 },
	{ "persistent", { }, "10.0.0.1 low=100 high=102 persistent", 0x7 },
	{ "all of it", { "* port=104 bob" },
	  "10.0.0.1 low=100 high=112 align=4 not=108 label=x persistent + 10.0.0.2 + ::", 0x1001 },
};

KUNIT_ARRAY_PARAM_DESC(cand_walk, cand_walks, desc);

/* Each port once, all that the terms allow and no others. */
static void candidate_terms__each_port_once(struct kunit *test)
{
	const struct cand_walk *w = test->param_value;
	struct netport_candidate cand;
	unsigned int i, port;
	u64 seen = 0;
	int held, err;

	for (i = 0; i < ARRAY_SIZE(w->held) && w->held[i]; i++)
		kit_hold(test, w->held[i]);
	held = kit_held(test);
	cand_init(test, w->text, &cand);
	while (!(err = cand_next(test, KIT_ALICE, &cand))) {
		port = cand.reserve.binding.port - 100;
		KUNIT_ASSERT_LT(test, port, 64);
		KUNIT_ASSERT_FALSE_MSG(test, seen >> port & 1, "port %u again", 100 + port);
		seen |= BIT_ULL(port);
	}
	KUNIT_EXPECT_EQ(test, err, -EADDRNOTAVAIL);
	KUNIT_EXPECT_EQ(test, seen, w->seen);
	KUNIT_EXPECT_EQ(test, kit_held(test) == held, !seen);
	if (seen)
		KUNIT_EXPECT_EQ(test, 0, netport_accept(kit_owner(test, KIT_ALICE),
							cand.reserve.token));
	netport_owner_destroy(kit_owner(test, KIT_ALICE));
	kit_of(test)->owner[KIT_ALICE] = NULL;
	if (seen && (cand.reserve.options & NETPORT_OPT_PERSISTENT)) {
		struct netport_release rel = { .token = cand.reserve.token };

		KUNIT_EXPECT_EQ(test, netport_release_request(kit_owner(test, KIT_BOB), &rel,
							      GFP_KERNEL), 0);
	}
	netport_owner_destroy(kit_owner(test, KIT_BOB));
	kit_of(test)->owner[KIT_BOB] = NULL;
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
}

/* Until it is accepted nobody has it, and then nobody keeps it. */
static void candidate_terms__go_with_their_owner(struct kunit *test)
{
	const struct cand_walk *w = test->param_value;
	struct netport_candidate cand;

	cand_init(test, w->text, &cand);
	cand_next(test, KIT_ALICE, &cand);
	cand_next(test, KIT_ALICE, &cand);
	netport_owner_destroy(kit_owner(test, KIT_ALICE));
	kit_of(test)->owner[KIT_ALICE] = NULL;
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
}

static void spoil_count(struct netport_candidate *cand)
{
	cand->terms.count = 2;
}

static void spoil_deadline(struct netport_candidate *cand)
{
	cand->terms.deadline = 1;
}

static void spoil_pad(struct netport_candidate *cand)
{
	cand->terms.__pad = 1;
}

static void spoil_fewer(struct netport_candidate *cand)
{
	cand->terms.nbindings--;
}

static void spoil_none(struct netport_candidate *cand)
{
	cand->terms.nbindings = 0;
	cand->terms.bindings = 0;
}

static void spoil_cursor(struct netport_candidate *cand)
{
	cand->cursor = 0;
}

static void spoil_range(struct netport_candidate *cand)
{
	cand->reserve.high++;
}

static void spoil_token(struct netport_candidate *cand)
{
	cand->reserve.token += BIT_ULL(16);
}

static const struct cand_spoiled {
	const char	*desc;
	void		(*spoil)(struct netport_candidate *cand);
	int		err;
	bool		first;
} cand_spoileds[] = {
	{ "a block", spoil_count, -EINVAL, true },
	{ "a deadline", spoil_deadline, -EINVAL, true },
	{ "padding", spoil_pad, -EINVAL, true },
	{ "fewer bindings", spoil_fewer, -EINVAL, false },
	{ "no more bindings", spoil_none, -EINVAL, false },
	{ "no cursor", spoil_cursor, -EINVAL, false },
	{ "another range", spoil_range, -EINVAL, false },
	{ "another token", spoil_token, -ENOENT, false },
};

KUNIT_ARRAY_PARAM_DESC(cand_spoiled, cand_spoileds, desc);

static void candidate_terms__refuses(struct kunit *test)
{
	const struct cand_spoiled *s = test->param_value;
	struct netport_candidate cand, next;

	cand_init(test, "10.0.0.1 low=100 high=110 + 10.0.0.2 + ::", &cand);
	next = cand;
	s->spoil(&next);
	if (s->first)
		KUNIT_EXPECT_EQ(test, cand_next(test, KIT_ALICE, &next), s->err);
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
	KUNIT_ASSERT_EQ(test, cand_next(test, KIT_ALICE, &cand), 0);
	next = cand;
	s->spoil(&next);
	KUNIT_EXPECT_EQ(test, cand_next(test, KIT_ALICE, &next), s->err);
	KUNIT_EXPECT_TRUE(test, kit_alive(test, KIT_ALICE, cand.reserve.token));
	KUNIT_EXPECT_EQ_MSG(test, cand_next(test, KIT_ALICE, &cand), 0, "the search can go on");
	KUNIT_EXPECT_EQ(test, kit_held(test), 3);
}

/* Room for one set is enough for a search of any length; it isn't for two. */
static void candidate_terms__limit(struct kunit *test)
{
	struct netport_owner *file = np_owner_create(&init_net, kit_uid(KIT_ALICE), false);
	struct netport_candidate cand, other;
	unsigned int i;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	kit_of(test)->owner[KIT_ALICE] = file;
	atomic_add(CAND_OWNER_MAX - 3, &file->count);
	cand_init(test, "10.0.0.1 low=2000 high=2004 + 10.0.0.2 + ::", &cand);
	other = cand;
	for (i = 0; i < 5; i++) {
		KUNIT_EXPECT_EQ(test, cand_next(test, KIT_ALICE, &cand), 0);
		KUNIT_EXPECT_EQ(test, atomic_read(&file->count), CAND_OWNER_MAX);
	}
	KUNIT_EXPECT_EQ(test, cand_next(test, KIT_ALICE, &cand), -EADDRNOTAVAIL);
	KUNIT_EXPECT_EQ(test, cand_next(test, KIT_ALICE, &other), -EDQUOT);
	KUNIT_EXPECT_EQ(test, netport_accept(file, cand.reserve.token), 0);
	KUNIT_EXPECT_EQ(test, cand_next(test, KIT_ALICE, &other), -EDQUOT);
	KUNIT_EXPECT_EQ(test, netport_release(file, cand.reserve.token), 0);
	KUNIT_EXPECT_EQ(test, cand_next(test, KIT_ALICE, &other), 0);
	KUNIT_EXPECT_EQ(test, netport_release(file, other.reserve.token), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&file->count), CAND_OWNER_MAX - 3);
	atomic_sub(CAND_OWNER_MAX - 3, &file->count);
}

/* A label makes another thing of it, and it's still the same candidate. */
static void candidate_terms__labelled_meanwhile(struct kunit *test)
{
	struct netport_label label = { .label = "x" };
	struct netport_candidate cand;

	cand_init(test, "10.0.0.1 low=100 high=101", &cand);
	KUNIT_ASSERT_EQ(test, cand_next(test, KIT_ALICE, &cand), 0);
	label.token = cand.reserve.token;
	KUNIT_EXPECT_EQ(test, netport_label(kit_owner(test, KIT_ALICE), &label, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, cand_next(test, KIT_ALICE, &cand), 0);
	label.token = cand.reserve.token;
	KUNIT_EXPECT_EQ(test, netport_label(kit_owner(test, KIT_ALICE), &label, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, cand_next(test, KIT_ALICE, &cand), -EADDRNOTAVAIL);
	KUNIT_EXPECT_EQ(test, netport_accept(kit_owner(test, KIT_ALICE), cand.reserve.token), 0);
	KUNIT_EXPECT_EQ(test, netport_accept(kit_owner(test, KIT_ALICE), cand.reserve.token),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, kit_held(test), 1);
}

/* between the two halves of turning one down */

static const struct cand_form {
	const char	*desc;
	const char	*text;
	int		ports;
} cand_forms[] = {
	{ "one binding", "10.0.0.1 low=100 high=110", 1 },
	{ "one with a label", "10.0.0.1 low=100 high=110 label=x", 1 },
	{ "a set", "10.0.0.1 low=100 high=110 align=2 + 10.0.0.2 + ::", 3 },
};

KUNIT_ARRAY_PARAM_DESC(cand_form, cand_forms, desc);

/* For how many ports one counts. */
static int cand_ports(struct kunit *test)
{
	const struct cand_form *f = test->param_value;

	return f->ports;
}

struct cand_halves {
	struct netport_candidate	old;
	struct netport_candidate	new;
};

static void cand_first_half(struct kunit *test, struct cand_halves *h)
{
	const struct cand_form *f = test->param_value;

	cand_init(test, f->text, &h->old);
	KUNIT_ASSERT_EQ(test, cand_next(test, KIT_ALICE, &h->old), 0);
	h->new = h->old;
	KUNIT_ASSERT_EQ(test, np_resv_candidate(kit_owner(test, KIT_ALICE), &h->new, GFP_KERNEL),
			0);
	KUNIT_EXPECT_EQ_MSG(test, kit_held(test), cand_ports(test), "two are held, one counts");
	KUNIT_EXPECT_TRUE(test, kit_alive(test, KIT_ALICE, h->old.reserve.token));
}

static int cand_second_half(struct kunit *test, struct cand_halves *h)
{
	return np_resv_candidate_done(kit_owner(test, KIT_ALICE), h->old.reserve.token,
				      h->new.reserve.token);
}

static void candidate_done__passes_the_charge_on(struct kunit *test)
{
	struct cand_halves h;

	cand_first_half(test, &h);
	KUNIT_EXPECT_EQ(test, cand_second_half(test, &h), 0);
	KUNIT_EXPECT_EQ(test, kit_held(test), cand_ports(test));
	KUNIT_EXPECT_FALSE(test, kit_alive(test, KIT_ALICE, h.old.reserve.token));
	KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, KIT_ALICE), h.new.reserve.token), 0);
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
}

static void candidate_done__old_one_released(struct kunit *test)
{
	struct cand_halves h;

	cand_first_half(test, &h);
	KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, KIT_ALICE), h.old.reserve.token), 0);
	KUNIT_EXPECT_EQ(test, cand_second_half(test, &h), -ENOENT);
	KUNIT_EXPECT_FALSE(test, kit_alive(test, KIT_ALICE, h.new.reserve.token));
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
}

static void candidate_done__old_one_accepted(struct kunit *test)
{
	struct cand_halves h;

	cand_first_half(test, &h);
	KUNIT_EXPECT_EQ(test, netport_accept(kit_owner(test, KIT_ALICE), h.old.reserve.token), 0);
	KUNIT_EXPECT_EQ(test, cand_second_half(test, &h), -EINVAL);
	KUNIT_EXPECT_TRUE(test, kit_alive(test, KIT_ALICE, h.old.reserve.token));
	KUNIT_EXPECT_FALSE(test, kit_alive(test, KIT_ALICE, h.new.reserve.token));
	KUNIT_EXPECT_EQ(test, kit_held(test), cand_ports(test));
}

/* The charge of the old one is nobody's then. */
static void candidate_done__new_one_released(struct kunit *test)
{
	struct cand_halves h;

	cand_first_half(test, &h);
	KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, KIT_ALICE), h.new.reserve.token), 0);
	KUNIT_EXPECT_EQ(test, kit_held(test), cand_ports(test));
	KUNIT_EXPECT_EQ(test, cand_second_half(test, &h), 0);
	KUNIT_EXPECT_FALSE(test, kit_alive(test, KIT_ALICE, h.old.reserve.token));
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
}

/* The end of the namespace comes in between. */
static void candidate_done__all_gone(struct kunit *test)
{
	struct cand_halves h;

	cand_first_half(test, &h);
	np_resv_drain(kit_of(test)->nn);
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
	KUNIT_EXPECT_EQ(test, cand_second_half(test, &h), -ENOENT);
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
}

/* Two threads turn the same one down. */
static void candidate_done__twice(struct kunit *test)
{
	struct cand_halves h, h2;

	cand_first_half(test, &h);
	h2 = h;
	h2.new = h.old;
	KUNIT_ASSERT_EQ(test, np_resv_candidate(kit_owner(test, KIT_ALICE), &h2.new, GFP_KERNEL),
			0);
	KUNIT_EXPECT_NE(test, h.new.reserve.binding.port, h2.new.reserve.binding.port);
	KUNIT_EXPECT_EQ(test, cand_second_half(test, &h), 0);
	KUNIT_EXPECT_EQ(test, cand_second_half(test, &h2), -ENOENT);
	KUNIT_EXPECT_EQ(test, kit_held(test), cand_ports(test));
	KUNIT_EXPECT_TRUE(test, kit_alive(test, KIT_ALICE, h.new.reserve.token));
	KUNIT_EXPECT_EQ(test, netport_release(kit_owner(test, KIT_ALICE), h.new.reserve.token), 0);
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
}

static struct kunit_case candidate_test_cases[] = {
	KUNIT_CASE_PARAM(candidate__offers_each_port_once, cand_range_gen_params),
	KUNIT_CASE(candidate__is_held),
	KUNIT_CASE(candidate__turned_down_is_free),
	KUNIT_CASE(candidate__of_a_device_goes_round),
	KUNIT_CASE(candidate__shares_if_nothing_is_free),
	KUNIT_CASE(candidate__does_not_share_once_one_was_free),
	KUNIT_CASE(candidate__is_released_by_what_it_is),
	KUNIT_CASE(accept__makes_it_a_reservation),
	KUNIT_CASE(accept__refuses),
	KUNIT_CASE_PARAM(candidate__refuses, cand_bad_gen_params),
	KUNIT_CASE_PARAM(candidate_terms__each_port_once, cand_walk_gen_params),
	KUNIT_CASE_PARAM(candidate_terms__go_with_their_owner, cand_walk_gen_params),
	KUNIT_CASE_PARAM(candidate_terms__refuses, cand_spoiled_gen_params),
	KUNIT_CASE(candidate_terms__limit),
	KUNIT_CASE(candidate_terms__labelled_meanwhile),
	KUNIT_CASE_PARAM(candidate_done__passes_the_charge_on, cand_form_gen_params),
	KUNIT_CASE_PARAM(candidate_done__old_one_released, cand_form_gen_params),
	KUNIT_CASE_PARAM(candidate_done__old_one_accepted, cand_form_gen_params),
	KUNIT_CASE_PARAM(candidate_done__new_one_released, cand_form_gen_params),
	KUNIT_CASE_PARAM(candidate_done__all_gone, cand_form_gen_params),
	KUNIT_CASE_PARAM(candidate_done__twice, cand_form_gen_params),
	{}
};

static struct kunit_suite candidate_test_suite = {
	.name = "netport_candidate",
	.init = kit_init,
	.exit = kit_exit,
	.test_cases = candidate_test_cases,
};

kunit_test_suite(candidate_test_suite);
