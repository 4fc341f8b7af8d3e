// SPDX-License-Identifier: GPL-2.0
/*
 * plan.c: which terms make sense, what a plan has ready, and which plans are equal.
 */
#include <linux/ktime.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "kit.h"

static struct np_plan *plan_make(struct kunit *test, const struct kit_request *q,
				 unsigned int flags)
{
	return np_plan_make(kit_owner(test, q->who), NULL, &q->req, NULL, flags, GFP_KERNEL);
}

/* A plan that has to be there for a case to make sense. */
static struct np_plan *plan_text(struct kunit *test, const char *text, unsigned int flags)
{
	struct np_plan *p = plan_make(test, kit_request(test, text), flags);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, p);
	return p;
}

/* the form */

static void spoil_pad(struct kit_request *q)
{
	q->req.terms.__pad = 1;
}

static void spoil_option(struct kit_request *q)
{
	q->req.reserve.options |= 1U << 4;
}

static void spoil_last_option(struct kit_request *q)
{
	q->req.reserve.options |= 1U << 31;
}

static void spoil_bindings_null(struct kit_request *q)
{
	q->req.terms.bindings = 0;
}

static void spoil_bindings_none(struct kit_request *q)
{
	q->req.terms.nbindings = 0;
}

static void spoil_bindings_64(struct kit_request *q)
{
	q->req.terms.nbindings = NETPORT_BINDINGS_MAX;
}

static void spoil_bindings_all(struct kit_request *q)
{
	q->req.terms.nbindings = U32_MAX;
}

static void spoil_exclude_null(struct kit_request *q)
{
	q->req.terms.exclude = 0;
}

static void spoil_exclude_none(struct kit_request *q)
{
	q->req.terms.nexclude = 0;
}

static void spoil_exclude_1025(struct kit_request *q)
{
	q->req.terms.nexclude = NETPORT_EXCLUDE_MAX + 1;
}

static void spoil_deadline_most(struct kit_request *q)
{
	q->req.terms.deadline = KTIME_MAX;
}

static void spoil_deadline_more(struct kit_request *q)
{
	q->req.terms.deadline = (u64)KTIME_MAX + 1;
}

static void spoil_label_full(struct kit_request *q)
{
	memset(q->req.terms.label, 'x', sizeof(q->req.terms.label));
}

static void spoil_label_most(struct kit_request *q)
{
	memset(q->req.terms.label, 'x', sizeof(q->req.terms.label) - 1);
}

static void spoil_label_rest(struct kit_request *q)
{
	q->req.terms.label[NETPORT_LABEL_LEN - 1] = 'x';
}

static void spoil_more_port(struct kit_request *q)
{
	q->more[0].port = 81;
}

static void spoil_more_same_port(struct kit_request *q)
{
	q->more[0].port = q->req.reserve.binding.port;
}

static void spoil_more_family(struct kit_request *q)
{
	q->more[0].families = 0;
}

static void spoil_more_share(struct kit_request *q)
{
	q->more[0].share = 1U << 3;
}

static void spoil_host(struct kit_request *q)
{
	q->req.reserve.options |= NETPORT_OPT_HOST_CHECK;
}

/**
 * struct plan_form - a request, and whether its form is right
 * @desc: what it shows
 * @text: the request
 * @spoil: what is done to it, or NULL
 * @flags: NP_PLAN_*
 * @err: 0 or the error
 */
struct plan_form {
	const char	*desc;
	const char	*text;
	void		(*spoil)(struct kit_request *q);
	unsigned int	flags;
	int		err;
};

static const struct plan_form plan_forms[] = {
	{ "nothing asked for", "10.0.0.1" },
	{ "padding", "10.0.0.1", spoil_pad, 0, -EINVAL },
	{ "an unknown option", "10.0.0.1", spoil_option, 0, -EINVAL },
	{ "the last option", "10.0.0.1", spoil_last_option, 0, -EINVAL },
	{ "bindings nowhere", "10.0.0.1 + 10.0.0.2", spoil_bindings_null, 0, -EINVAL },
	{ "no bindings somewhere", "10.0.0.1 + 10.0.0.2", spoil_bindings_none, 0, -EINVAL },
	{ "65 bindings", "10.0.0.1 + 10.0.0.2", spoil_bindings_64, 0, -EINVAL },
	{ "more bindings than can be", "10.0.0.1 + 10.0.0.2", spoil_bindings_all, 0, -EINVAL },
	{ "exclude nowhere", "10.0.0.1 port=0 not=5", spoil_exclude_null, 0, -EINVAL },
	{ "exclude none somewhere", "10.0.0.1 port=0 not=5", spoil_exclude_none, 0, -EINVAL },
	{ "exclude too many", "10.0.0.1 port=0 not=5", spoil_exclude_1025, 0, -EINVAL },
	{ "exclude", "10.0.0.1 port=0 not=5 not=65535 not=0" },
	{ "exclude, with a port", "10.0.0.1 not=5", NULL, 0, -EINVAL },
	{ "the longest deadline", "10.0.0.1", spoil_deadline_most, NP_PLAN_WAIT },
	{ "a longer deadline", "10.0.0.1", spoil_deadline_more, NP_PLAN_WAIT, -EINVAL },
	{ "align 1", "10.0.0.1 port=0 align=1" },
	{ "align 1, offset 1", "10.0.0.1 port=0 align=1 offset=1", NULL, 0, -EINVAL },
	{ "align 2, offset 1", "10.0.0.1 port=0 align=2 offset=1" },
	{ "align 2, offset 2", "10.0.0.1 port=0 align=2 offset=2", NULL, 0, -EINVAL },
	{ "align 3", "10.0.0.1 port=0 align=3", NULL, 0, -EINVAL },
	{ "align 48", "10.0.0.1 port=0 align=48", NULL, 0, -EINVAL },
	{ "align 32768", "10.0.0.1 port=0 align=32768 offset=32767" },
	{ "align 65535", "10.0.0.1 port=0 align=65535", NULL, 0, -EINVAL },
	{ "offset alone", "10.0.0.1 port=0 offset=1", NULL, 0, -EINVAL },
	{ "align, with a port", "10.0.0.1 align=2", NULL, 0, -EINVAL },
	{ "align 1, with a port", "10.0.0.1 align=1", NULL, 0, -EINVAL },
	{ "align, with a block at a port that has it", "10.0.0.1 count=2 align=16" },
	{ "align, with a block at one that hasn't", "10.0.0.1 count=2 align=32", NULL, 0, -EINVAL },
	{ "offset, with a block at a port that has it", "10.0.0.1 count=2 align=32 offset=16" },
	{ "offset, with a block at one that hasn't", "10.0.0.1 count=2 align=32 offset=1", NULL, 0,
	  -EINVAL },
	{ "a block of 1024", "10.0.0.1 count=1024" },
	{ "a block of 1025", "10.0.0.1 count=1025", NULL, 0, -EINVAL },
	{ "a block of 65535", "10.0.0.1 count=65535", NULL, 0, -EINVAL },
	{ "a block of 512 on two", "10.0.0.1 count=512 + 10.0.0.2" },
	{ "a block of 513 on two", "10.0.0.1 count=513 + 10.0.0.2", NULL, 0, -EINVAL },
	{ "a block of one", "10.0.0.1 count=1" },
	{ "a block up to the last port", "10.0.0.1 port=65534 count=2" },
	{ "a block beyond the last port", "10.0.0.1 port=65535 count=2", NULL, 0, -EINVAL },
	{ "the longest label", "10.0.0.1", spoil_label_most },
	{ "a label without end", "10.0.0.1", spoil_label_full, 0, -EINVAL },
	{ "a label with something behind", "10.0.0.1 label=x", spoil_label_rest, 0, -EINVAL },
	{ "no label with something behind", "10.0.0.1", spoil_label_rest, 0, -EINVAL },
	{ "another port in the second", "10.0.0.1 + 10.0.0.2", spoil_more_port, 0, -EINVAL },
	{ "the same port in the second", "10.0.0.1 + 10.0.0.2", spoil_more_same_port },
	{ "a port in the second, none in the first", "10.0.0.1 port=0 + 10.0.0.2", spoil_more_port,
	  0, -EINVAL },
	{ "no family in the second", "10.0.0.1 + 10.0.0.2", spoil_more_family, 0, -EINVAL },
	{ "an unknown share flag in the second", "10.0.0.1 + 10.0.0.2", spoil_more_share, 0,
	  -EINVAL },
	{ "a link-local one without a device", "10.0.0.1 + fe80::1", NULL, 0, -EINVAL },
	{ "the same twice", "10.0.0.1 + 10.0.0.1", NULL, 0, -EINVAL },
	{ "the same twice, sharing", "10.0.0.1 LB + 10.0.0.1 LB", NULL, 0, -EINVAL },
	{ "any and an address", "0.0.0.0 LB + 10.0.0.1 LB", NULL, 0, -EINVAL },
	{ "any of both and one of IPv6", "* + 2001:db8::1", NULL, 0, -EINVAL },
	{ "any of both and IPv4's", "* + 0.0.0.0", NULL, 0, -EINVAL },
	{ "an address and its IPv4-mapped form", "10.0.0.1 + ::ffff:10.0.0.1", NULL, 0, -EINVAL },
	{ "a device and every device", "10.0.0.1 dev=1 + 10.0.0.1", NULL, 0, -EINVAL },
	{ "a remote and every port of it",
	  "10.0.0.1 to=192.0.2.1 rport=9 + 10.0.0.1 to=192.0.2.1", NULL, 0, -EINVAL },
	{ "an overlap of the second and the last", "10.0.0.1 + :: + 10.0.0.2 + 2001:db8::1", NULL,
	  0, -EINVAL },
	{ "both families' any-addresses", "0.0.0.0 + ::" },
	{ "two devices", "10.0.0.1 dev=1 + 10.0.0.1 dev=2" },
	{ "two remotes", "10.0.0.1 to=192.0.2.1 rport=9 + 10.0.0.1 to=192.0.2.1 rport=10" },
	{ "two protocols", "* + * tcp" },
	{ "tuples", "10.0.0.1 to=192.0.2.1 rport=9 tuple + 10.0.0.2 to=192.0.2.1 rport=9" },
	{ "a tuple and what is none", "10.0.0.1 to=192.0.2.1 rport=9 tuple + 10.0.0.2", NULL, 0,
	  -EINVAL },
	{ "a range", "10.0.0.1 port=0 low=5 high=9 + 10.0.0.2" },
	{ "a range upside down", "10.0.0.1 port=0 low=9 high=5 + 10.0.0.2", NULL, 0, -EINVAL },
	{ "a range, with a port", "10.0.0.1 low=5 + 10.0.0.2", NULL, 0, -EINVAL },
	{ "the host, with a remote", "10.0.0.1 to=192.0.2.1", spoil_host, 0, -EINVAL },
	{ "the host, with a remote in the second", "10.0.0.1 + 10.0.0.2 to=192.0.2.1", spoil_host,
	  0, -EINVAL },
	{ "the host, of another protocol", "10.0.0.1 proto=132", spoil_host, 0, -EOPNOTSUPP },
	{ "the host, of another in the second", "10.0.0.1 + 10.0.0.2 proto=132", spoil_host, 0,
	  -EOPNOTSUPP },
	{ "malformed behind what the host hasn't", "10.0.0.1 proto=132 + fe80::1", spoil_host, 0,
	  -EINVAL },
	{ "an overlap behind what the host hasn't", "10.0.0.1 proto=132 + 0.0.0.0 proto=132",
	  spoil_host, 0, -EINVAL },
	{ "a block that waits", "10.0.0.1 count=2", NULL, NP_PLAN_WAIT, -EINVAL },
	{ "the host, waiting", "10.0.0.1", spoil_host, NP_PLAN_WAIT, -EINVAL },
	{ "a set that waits", "10.0.0.1 + ::", NULL, NP_PLAN_WAIT },
	{ "a block as a candidate", "10.0.0.1 port=0 count=2", NULL, NP_PLAN_CANDIDATE, -EINVAL },
	{ "a block of one as a candidate", "10.0.0.1 port=0 count=1", NULL, NP_PLAN_CANDIDATE },
};

KUNIT_ARRAY_PARAM_DESC(plan_form, plan_forms, desc);

/* Whatever is wrong, nothing is left of it. */
static void plan_make__form(struct kunit *test)
{
	const struct plan_form *f = test->param_value;
	struct kit_request *q = kit_request(test, f->text);
	struct np_plan *p;

	if (f->spoil)
		f->spoil(q);
	p = plan_make(test, q, f->flags);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(p), f->err);
	if (!IS_ERR(p)) {
		KUNIT_EXPECT_EQ(test, kit_held(test), kit_request_ports(q));
		np_plan_free(p);
	}
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
	if (f->flags)
		return;
	/* As a request, on an address that isn't the host's. */
	KUNIT_EXPECT_EQ(test, kit_request_try(test, q, GFP_KERNEL), f->err);
}

/* A call that can't sleep can't wait, and can't ask the host. */
static void plan_request__needs_to_sleep(struct kunit *test)
{
	struct kit_request *q = kit_request(test, "10.0.0.1");

	q->req.terms.deadline = KTIME_MAX;
	KUNIT_EXPECT_EQ(test, netport_request(kit_owner(test, KIT_ALICE), &q->req, GFP_ATOMIC),
			-EINVAL);
	q->req.terms.deadline = 0;
	q->req.reserve.options = NETPORT_OPT_HOST_CHECK;
	KUNIT_EXPECT_EQ(test, netport_request(kit_owner(test, KIT_ALICE), &q->req, GFP_ATOMIC),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
}

/* what comes first */

#define PLAN_OWNER_MAX	65536

enum {
	PLAN_MALFORMED	= BIT(0),
	PLAN_LOW_PORT	= BIT(1),
	PLAN_PERSISTENT	= BIT(2),
	PLAN_FULL	= BIT(3),
	PLAN_IN_USE	= BIT(4),
	PLAN_FAULTS	= BIT(5),
};

static int plan_first_error(unsigned int faults)
{
	if (faults & PLAN_MALFORMED)
		return -EINVAL;
	if (faults & PLAN_LOW_PORT)
		return -EACCES;
	if (faults & PLAN_PERSISTENT)
		return -EPERM;
	if (faults & PLAN_FULL)
		return -EDQUOT;
	return faults & PLAN_IN_USE ? -EADDRINUSE : 0;
}

/* Ends as it should, by somebody without a capability. */
static void plan_expect_error(struct kunit *test, struct netport_owner *owner, unsigned int faults)
{
	struct kit_request *q = kit_request(test, faults & PLAN_LOW_PORT ?
					    "10.0.0.1 port=80 label=x + ::" :
					    "10.0.0.1 port=8080 label=x + ::");
	int err = plan_first_error(faults), held = kit_held(test);
	int count = atomic_read(&owner->count);

	if (faults & PLAN_MALFORMED)
		q->more[0].share = 1U << 31;
	if (faults & PLAN_PERSISTENT)
		q->req.reserve.options |= NETPORT_OPT_PERSISTENT;
	KUNIT_EXPECT_EQ_MSG(test, netport_request_available(owner, &q->req, GFP_KERNEL), err,
			    "available, faults %#x", faults);
	KUNIT_EXPECT_EQ_MSG(test, netport_request(owner, &q->req, GFP_KERNEL), err, "faults %#x",
			    faults);
	if (!err)
		KUNIT_EXPECT_EQ(test, netport_release(owner, q->req.reserve.token), 0);
	KUNIT_EXPECT_EQ(test, kit_held(test), held);
	KUNIT_EXPECT_EQ(test, atomic_read(&owner->count), count);
}

static void plan_make__order_of_errors(struct kunit *test)
{
	struct netport_owner *owner = np_owner_create(&init_net, kit_uid(KIT_ALICE), false);
	const struct cred *before;
	unsigned int faults;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, owner);
	kit_of(test)->owner[KIT_ALICE] = owner;
	for (faults = 0; faults < PLAN_FAULTS; faults++) {
		u64 token[2] = {};

		if (faults & PLAN_IN_USE) {
			token[0] = kit_hold(test, "10.0.0.1 port=80 bob");
			token[1] = kit_hold(test, "2001:db8::1 port=8080 bob");
		}
		if (faults & PLAN_FULL)
			atomic_add(PLAN_OWNER_MAX - 1, &owner->count);
		before = kit_become(test, false);
		plan_expect_error(test, owner, faults);
		kit_be_again(before);
		if (faults & PLAN_FULL)
			atomic_sub(PLAN_OWNER_MAX - 1, &owner->count);
		if (faults & PLAN_IN_USE) {
			netport_release(kit_owner(test, KIT_BOB), token[0]);
			netport_release(kit_owner(test, KIT_BOB), token[1]);
		}
	}
}

/* what it becomes */

static const struct plan_kind {
	const char	*desc;
	const char	*text;
	bool		wide;
	void		(*spoil)(struct kit_request *q);
} plan_kinds[] = {
	{ "nothing", "10.0.0.1", false },
	{ "a pick", "10.0.0.1 port=0", false },
	{ "an alignment", "10.0.0.1 port=0 align=2", false },
	{ "an exclude list", "10.0.0.1 port=0 not=5", false },
	{ "persistent", "10.0.0.1 persistent", false },
	{ "a block of one", "10.0.0.1 count=1", false },
	{ "a tuple", "10.0.0.1 to=192.0.2.1 rport=9 tuple", false },
	{ "a label", "10.0.0.1 label=x", true },
	{ "a set", "10.0.0.1 + ::", true },
	{ "a block", "10.0.0.1 count=2", true },
	{ "a block of a set", "10.0.0.1 port=0 count=3 + :: + 10.0.0.2", true },
	{ "the host", "0.0.0.0", true, spoil_host },
};

KUNIT_ARRAY_PARAM_DESC(plan_kind, plan_kinds, desc);

static void plan_make__plain_or_wide(struct kunit *test)
{
	const struct plan_kind *k = test->param_value;
	struct kit_request *q = kit_request(test, k->text);
	unsigned int ports = kit_request_ports(q), parts = 0;
	struct np_part *part;
	struct np_plan *p;

	if (k->spoil)
		k->spoil(q);
	p = plan_make(test, q, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, p);
	KUNIT_EXPECT_EQ(test, !!p->wide, k->wide);
	KUNIT_EXPECT_EQ(test, p->resv->bind.e.flags & NP_BIND_WIDE, k->wide ? NP_BIND_WIDE : 0);
	list_for_each_entry(part, &p->parts, link) {
		KUNIT_EXPECT_TRUE(test, part->bind.e.flags & NP_BIND_PART);
		KUNIT_EXPECT_PTR_EQ(test, part->bind.addr, p->want[parts % p->n].addr);
		KUNIT_EXPECT_EQ(test, part->bind.e.kind, NP_UNBOUND);
		parts++;
	}
	KUNIT_EXPECT_EQ(test, parts, k->wide ? ports : 0);
	KUNIT_EXPECT_EQ(test, p->charged, ports);
	KUNIT_EXPECT_EQ(test, !!p->exclude, !!q->req.terms.nexclude);
	KUNIT_EXPECT_EQ(test, !!p->view.occ, !q->req.reserve.binding.port);
	np_plan_free(p);
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
}

/* which are equal */

static const struct plan_pair {
	const char	*desc;
	const char	*a;
	const char	*b;
	bool		equal;
} plan_pairs[] = {
	{ "the same", "10.0.0.1", "10.0.0.1", true },
	{ "the same set", "10.0.0.1 + :: dev=2", "10.0.0.1 + :: dev=2", true },
	{ "the same, of another owner", "10.0.0.1 MR", "10.0.0.1 MR alice2", true },
	{ "the same, of another uid", "10.0.0.1 MR TO", "10.0.0.1 MR TO bob", true },
	{ "LB, of another owner", "10.0.0.1 LB", "10.0.0.1 LB alice2", true },
	{ "LB, of another uid", "10.0.0.1 LB", "10.0.0.1 LB bob", false },
	{ "LB in the second, of another uid", "10.0.0.1 + :: LB", "10.0.0.1 bob + :: LB", false },
	{ "a label", "10.0.0.1 label=a", "10.0.0.1 label=b", true },
	{ "another form of the address", "10.0.0.1", "::ffff:10.0.0.1", true },
	{ "the same range", "10.0.0.1 port=0 low=5 high=9 align=2 not=6",
	  "10.0.0.1 port=0 low=5 high=9 align=2 not=6 not=6", true },
	{ "another address", "10.0.0.1", "10.0.0.2", false },
	{ "any of another kind", "0.0.0.0", "*", false },
	{ "another port", "10.0.0.1", "10.0.0.1 port=81", false },
	{ "any port", "10.0.0.1", "10.0.0.1 port=0", false },
	{ "another protocol", "10.0.0.1", "10.0.0.1 tcp", false },
	{ "another device", "10.0.0.1 dev=1", "10.0.0.1 dev=2", false },
	{ "another flag", "10.0.0.1 MR", "10.0.0.1 TO", false },
	{ "another remote", "10.0.0.1 to=192.0.2.1 rport=9", "10.0.0.1 to=192.0.2.2 rport=9",
	  false },
	{ "another remote port", "10.0.0.1 to=192.0.2.1 rport=9", "10.0.0.1 to=192.0.2.1 rport=8",
	  false },
	{ "a tuple", "10.0.0.1 to=192.0.2.1 rport=9", "10.0.0.1 to=192.0.2.1 rport=9 tuple",
	  false },
	{ "one binding more", "10.0.0.1", "10.0.0.1 + ::", false },
	{ "another second", "10.0.0.1 + ::", "10.0.0.1 + :: dev=1", false },
	{ "another low end", "10.0.0.1 port=0 low=5 high=9", "10.0.0.1 port=0 low=6 high=9",
	  false },
	{ "another high end", "10.0.0.1 port=0 low=5 high=9", "10.0.0.1 port=0 low=5 high=8",
	  false },
	{ "another alignment", "10.0.0.1 port=0 align=2", "10.0.0.1 port=0 align=4", false },
	{ "another offset", "10.0.0.1 port=0 align=2", "10.0.0.1 port=0 align=2 offset=1", false },
	{ "an exclude list", "10.0.0.1 port=0", "10.0.0.1 port=0 not=5", false },
	{ "another exclude list", "10.0.0.1 port=0 not=5", "10.0.0.1 port=0 not=6", false },
};

KUNIT_ARRAY_PARAM_DESC(plan_pair, plan_pairs, desc);

static void plan_equal__needs_all(struct kunit *test)
{
	const struct plan_pair *pair = test->param_value;
	struct np_plan *a = plan_text(test, pair->a, NP_PLAN_WAIT);
	struct np_plan *b = plan_text(test, pair->b, NP_PLAN_WAIT);

	KUNIT_EXPECT_EQ(test, np_plan_equal(a, b), pair->equal);
	KUNIT_EXPECT_EQ(test, np_plan_equal(b, a), pair->equal);
	KUNIT_EXPECT_TRUE(test, np_plan_equal(a, a));
	np_plan_free(a);
	np_plan_free(b);
}

/* what somebody else needs to make the reservation */

#define PLAN_LATER	10

/**
 * struct plan_sure - a plan that waits, and what has come when its turn is there
 * @desc: what it shows
 * @text: the request
 * @port: the port that it gets
 * @later: what is there then, and was not when it was made
 */
struct plan_sure {
	const char	*desc;
	const char	*text;
	u16		port;
	const char	*later[PLAN_LATER];
};

static const struct plan_sure plan_sures[] = {
	{ "nothing", "10.0.0.1 proto=200", 80, { } },
	{ "another address", "10.0.0.1 proto=200", 80, { "10.0.0.2 proto=200" } },
	{ "the address", "10.0.0.1 MR proto=200", 80, { "10.0.0.1 MR proto=200" } },
	{ "the address, among others", "10.0.0.1 MR proto=200", 80,
	  { "10.0.0.2 proto=200", "10.0.0.1 MR proto=200" } },
	{ "the address, twice", "10.0.0.1 MR proto=200", 80,
	  { "10.0.0.1 MR proto=200", "10.0.0.1 MR proto=200" } },
	{ "any beside an address", "* MR proto=200", 80, { "10.0.0.1 MR proto=200" } },
	{ "any beside any", "* MR proto=200", 80, { "* MR proto=200" } },
	{ "a set on one address", "10.0.0.1 dev=1 proto=200 + 10.0.0.1 dev=2 proto=200", 80, { } },
	{ "a set on one address, and others",
	  "10.0.0.1 dev=1 proto=200 + 10.0.0.1 dev=2 proto=200 + 10.0.0.2 proto=200 + :: proto=200",
	  80, { "10.0.0.1 dev=3 proto=200", "10.0.0.3 proto=200" } },
	{ "a set of two protocols", "10.0.0.1 MR proto=200 + 10.0.0.1 MR proto=201", 80,
	  { "10.0.0.1 MR proto=200", "10.0.0.1 MR proto=201" } },
	{ "as many ports as an address has without a bitmap", "10.0.0.1 proto=200", 80,
	  { "10.0.0.1 port=1 proto=200", "10.0.0.1 port=2 proto=200", "10.0.0.1 port=3 proto=200",
	    "10.0.0.1 port=4 proto=200", "10.0.0.1 port=5000 proto=200",
	    "10.0.0.1 port=6 proto=200", "10.0.0.1 port=7 proto=200",
	    "10.0.0.1 port=8 proto=200", "10.0.0.1 port=9 proto=200",
	    "10.0.0.1 port=60000 proto=200" } },
	{ "a pick, at its low end", "10.0.0.1 port=0 low=4095 high=20000 proto=200", 4095, { } },
	{ "a pick, in its second chunk", "10.0.0.1 port=0 low=4095 high=20000 proto=200", 4096,
	  { } },
	{ "a pick, at the end of a chunk", "10.0.0.1 port=0 low=4095 high=20000 proto=200", 16383,
	  { } },
	{ "a pick, at its high end", "10.0.0.1 port=0 low=4095 high=20480 proto=200", 20480,
	  { "10.0.0.2 port=20480 proto=200" } },
	{ "a pick of all, the last", "* MR port=0 low=1 high=65535 proto=200", 65535,
	  { "* MR port=65535 proto=200" } },
	{ "a pick of all, in the middle",
	  "10.0.0.1 MR port=0 low=1 high=65535 proto=200 + ::1 proto=201",
	  32768, { "10.0.0.1 port=32768 MR proto=200" } },
};

KUNIT_ARRAY_PARAM_DESC(plan_sure, plan_sures, desc);

/* There is no -EAGAIN for want of memory. */
static void plan_force__makes_linking_certain(struct kunit *test)
{
	const struct plan_sure *s = test->param_value;
	struct np_plan *p = plan_text(test, s->text, NP_PLAN_WAIT);
	struct np_shard *shard = np_shard_of(kit_of(test)->nn, s->port);
	unsigned int i;
	int err;

	for (i = 0; i < PLAN_LATER && s->later[i]; i++)
		kit_hold(test, s->later[i]);
	spin_lock_bh(&shard->lock);
	err = np_plan_link(p, shard, NULL, s->port, np_plan_part(p));
	if (!err) {
		p->port = s->port;
		np_plan_publish(p, shard);
	}
	spin_unlock_bh(&shard->lock);
	KUNIT_EXPECT_EQ(test, err, 0);
	if (!err)
		KUNIT_EXPECT_TRUE(test, kit_alive(test, KIT_ALICE, p->token));
	np_plan_free(p);
}

/* no memory */

/* Each attempt has a protocol of its own, so that nothing is there. */
static const struct plan_fault {
	const char	*desc;
	const char	*text;
} plan_faults[] = {
	{ "a set", "10.0.0.1 proto=%u + :: proto=%u + 10.0.0.2 dev=1 proto=%u" },
	{ "a set on one address",
	  "10.0.0.1 dev=1 proto=%u + 10.0.0.1 dev=2 proto=%u + 10.0.0.1 dev=3 proto=%u" },
	{ "a picked set", "10.0.0.1 port=0 proto=%u + :: proto=%u + 10.0.0.2 proto=%u" },
	{ "a block over a chunk's end", "10.0.0.1 port=4094 count=4 proto=%u" },
	{ "a block of a set", "10.0.0.1 dev=1 port=63 count=2 proto=%u + 10.0.0.1 dev=2 proto=%u" },
	{ "a picked block", "10.0.0.1 port=0 count=9 align=8 proto=%u" },
	{ "a label", "10.0.0.1 label=x proto=%u" },
	{ "an exclude list", "10.0.0.1 port=0 not=5 not=6 proto=%u" },
	{ "persistent", "* persistent proto=%u" },
};

KUNIT_ARRAY_PARAM_DESC(plan_fault, plan_faults, desc);

static struct kit_request *plan_fault_request(struct kunit *test, unsigned int proto)
{
	const struct plan_fault *f = test->param_value;
	char text[192];

	proto += (f - plan_faults) * 256;
	snprintf(text, sizeof(text), f->text, proto, proto, proto);
	return kit_request(test, text);
}

/* Every allocation of a request in turn: nothing is left, and with memory it works. */
static void plan_request__each_allocation(struct kunit *test)
{
	struct netport_owner *alice = kit_owner(test, KIT_ALICE);
	unsigned int nth, failed = 0;
	struct kit_request *q;
	bool more = true;
	int err;

	kit_need_faults(test);
	for (nth = 1; more; nth++) {
		q = plan_fault_request(test, 1000 + nth);
		kit_fail(nth);
		err = netport_request(alice, &q->req, GFP_NOWAIT);
		more = kit_failed();
		kit_fail(0);
		if (err) {
			failed++;
			KUNIT_EXPECT_EQ_MSG(test, err, -ENOMEM, "allocation %u", nth);
			KUNIT_EXPECT_EQ_MSG(test, kit_held(test), 0, "allocation %u", nth);
			KUNIT_EXPECT_EQ_MSG(test, kit_request_try(test, q, GFP_NOWAIT), 0,
					    "allocation %u, with memory again", nth);
		}
		KUNIT_EXPECT_EQ(test, netport_release(alice, q->req.reserve.token), 0);
		KUNIT_EXPECT_EQ(test, kit_held(test), 0);
	}
	KUNIT_EXPECT_GE(test, failed, 2);
}

/* Likewise of a plan that waits, and of is-available. */
static void plan_make__each_allocation(struct kunit *test)
{
	struct netport_owner *alice = kit_owner(test, KIT_ALICE);
	unsigned int nth, failed = 0;
	struct kit_request *q;
	bool more = true;
	struct np_plan *p;
	int err;

	kit_need_faults(test);
	for (nth = 1; more; nth++) {
		q = plan_fault_request(test, 11000 + nth);
		kit_fail(nth);
		p = np_plan_make(alice, NULL, &q->req, NULL, q->req.terms.count ? 0 : NP_PLAN_WAIT,
				 GFP_NOWAIT);
		more = kit_failed();
		kit_fail(0);
		if (IS_ERR(p)) {
			failed++;
			KUNIT_EXPECT_EQ_MSG(test, PTR_ERR(p), -ENOMEM, "allocation %u", nth);
		} else {
			np_plan_free(p);
		}
		KUNIT_EXPECT_EQ_MSG(test, kit_held(test), 0, "allocation %u", nth);
	}
	KUNIT_EXPECT_GE(test, failed, 2);
	for (nth = 1, more = true; more; nth++) {
		q = plan_fault_request(test, 21000 + nth);
		kit_fail(nth);
		err = netport_request_available(alice, &q->req, GFP_NOWAIT);
		more = kit_failed();
		kit_fail(0);
		KUNIT_EXPECT_TRUE_MSG(test, !err || err == -ENOMEM, "allocation %u: %d", nth, err);
		KUNIT_EXPECT_EQ_MSG(test, kit_held(test), 0, "allocation %u", nth);
	}
}

static struct kunit_case plan_test_cases[] = {
	KUNIT_CASE_PARAM(plan_make__form, plan_form_gen_params),
	KUNIT_CASE(plan_request__needs_to_sleep),
	KUNIT_CASE(plan_make__order_of_errors),
	KUNIT_CASE_PARAM(plan_make__plain_or_wide, plan_kind_gen_params),
	KUNIT_CASE_PARAM(plan_equal__needs_all, plan_pair_gen_params),
	KUNIT_CASE_PARAM(plan_force__makes_linking_certain, plan_sure_gen_params),
	KUNIT_CASE_PARAM(plan_request__each_allocation, plan_fault_gen_params),
	KUNIT_CASE_PARAM(plan_make__each_allocation, plan_fault_gen_params),
	{}
};

static struct kunit_suite plan_test_suite = {
	.name = "netport_plan",
	.init = kit_init,
	.exit = kit_exit,
	.test_cases = plan_test_cases,
};

kunit_test_suite(plan_test_suite);
