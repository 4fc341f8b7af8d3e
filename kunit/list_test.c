// SPDX-License-Identifier: GPL-2.0
/*
 * list.c: what is listed is there, and what is there is listed once, whatever the tables
 * are doing meanwhile.
 */
#include <linux/bitrev.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "kit.h"

#define LIST_MAX	1300
#define LIST_CHUNK_MAX	64

/* The port on which many are, with addresses that differ. */
#define LIST_PORT	1000

/**
 * struct list_dump - a listing
 * @owner: who asks
 * @list: as it is handed to np_list()
 * @size: room for so many at once
 * @entry: what the last call has found
 */
struct list_dump {
	struct netport_owner	*owner;
	struct netport_list	list;
	u32			size;
	struct netport_entry	entry[LIST_CHUNK_MAX + 1];
};

static struct list_dump *list_dump(struct kunit *test, struct netport_owner *owner, u32 size)
{
	struct list_dump *d = kunit_kzalloc(test, sizeof(*d), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, d);
	KUNIT_ASSERT_LE(test, size, LIST_CHUNK_MAX);
	d->owner = owner;
	d->size = size;
	return d;
}

/* Some more: how many, 0 at the end, or an error. */
static int list_next(struct list_dump *d)
{
	struct netport_list before;
	int err;

	d->list.count = d->size;
	before = d->list;
	memset(d->entry, KIT_POISON, sizeof(d->entry));
	err = np_list(d->owner, &d->list, d->entry, false);
	if (err)
		return memcmp(&before, &d->list, sizeof(before)) ? -EIO : err;
	/* Nothing but the results is written. */
	if (d->list.count > d->size ||
	    memchr_inv(&d->entry[d->list.count], KIT_POISON,
		       sizeof(d->entry) - d->list.count * sizeof(d->entry[0])))
		return -EIO;
	memcpy(before.cursor, d->list.cursor, sizeof(before.cursor));
	before.count = d->list.count;
	return memcmp(&before, &d->list, sizeof(before)) ? -EIO : d->list.count;
}

static void list_again(struct list_dump *d)
{
	memset(d->list.cursor, 0, sizeof(d->list.cursor));
}

/* Those that are numbered have their number in the address: 10.1.0.0 is the first. */

static struct netport_reserve list_numbered(u32 nr, u16 port)
{
	return (struct netport_reserve) {
		.binding = {
			.families = NETPORT_FAMILY_IPV4, .protocol = 17, .port = port,
			.addr = { 10, 1, nr >> 8, nr },
		},
	};
}

static u32 list_number(const struct netport_entry *e)
{
	return e->binding.addr[2] << 8 | e->binding.addr[3];
}

/* Counts the entries of one owner, by number; false if there is one that can't be. */
static bool list_count(const struct list_dump *d, const struct netport_owner *of, u8 *seen,
		       u32 n)
{
	unsigned int i;

	for (i = 0; i < d->list.count; i++) {
		if (d->entry[i].owner != of->id)
			continue;
		if (list_number(&d->entry[i]) >= n)
			return false;
		seen[list_number(&d->entry[i])]++;
	}
	return true;
}

static void list_expect_each_once(struct kunit *test, const u8 *seen, u32 n)
{
	unsigned int i, bad = 0;

	for (i = 0; i < n; i++)
		bad += seen[i] != 1;
	KUNIT_EXPECT_EQ_MSG(test, bad, 0, "missing or twice, of %u", n);
}

/* all of them */

static const struct list_many {
	const char	*desc;
	u32		n;
	u32		size;
	bool		one_port;
} list_manies[] = {
	{ "none", 0, 64, true },
	{ "none, one at a time", 0, 1, true },
	{ "1 at a time of 1", 1, 1, true },
	{ "64 at a time of 1", 1, 64, true },
	{ "1 at a time of 7", 7, 1, true },
	{ "3 at a time of 7", 7, 3, false },
	{ "64 at a time of 7", 7, 64, false },
	{ "1 at a time of 64 on a port", 64, 1, true },
	{ "3 at a time of 64", 64, 3, false },
	{ "64 at a time of 64", 64, 64, false },
	{ "64 at a time of 64 on a port", 64, 64, true },
	{ "1 at a time of 1300", 1300, 1, false },
	{ "3 at a time of 1300", 1300, 3, false },
	{ "64 at a time of 1300", 1300, 64, false },
	{ "1 at a time of 1300 on a port", 1300, 1, true },
	{ "3 at a time of 1300 on a port", 1300, 3, true },
	{ "64 at a time of 1300 on a port", 1300, 64, true },
};

KUNIT_ARRAY_PARAM_DESC(list_many, list_manies, desc);

static u8 *list_seen(struct kunit *test)
{
	u8 *seen = kunit_kzalloc(test, LIST_MAX, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, seen);
	return seen;
}

static void list_fill(struct kunit *test, struct netport_owner *owner, u32 n, bool one_port)
{
	struct netport_reserve req;
	unsigned int i;

	for (i = 0; i < n; i++) {
		req = list_numbered(i, one_port ? LIST_PORT : 1 + i * 13);
		KUNIT_ASSERT_EQ(test, netport_reserve(owner, &req, GFP_KERNEL), 0);
	}
}

static void list__each_once(struct kunit *test)
{
	const struct list_many *m = test->param_value;
	struct netport_owner *alice = kit_owner(test, KIT_ALICE);
	struct list_dump *d = list_dump(test, alice, m->size);
	u8 *seen = list_seen(test);
	unsigned int i;
	int got;

	list_fill(test, alice, m->n, m->one_port);
	while ((got = list_next(d)) > 0)
		KUNIT_ASSERT_TRUE(test, list_count(d, alice, seen, m->n));
	KUNIT_EXPECT_EQ(test, got, 0);
	list_expect_each_once(test, seen, m->n);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ_MSG(test, list_next(d), 0, "the end stays the end");
}

/* while others come and go */

#define LIST_STABLE	300
#define LIST_OTHERS	700

/**
 * struct list_others - what comes and goes
 * @owner: whose
 * @token: of those that are there
 * @n: how many
 * @down: they go
 * @strange: errors that there should not be
 */
struct list_others {
	struct netport_owner	*owner;
	u64			token[LIST_OTHERS];
	u32			n;
	bool			down;
	unsigned int		strange;
};

static struct list_others *list_others(struct kunit *test, enum kit_who who)
{
	struct list_others *o = kunit_kzalloc(test, sizeof(*o), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, o);
	o->owner = kit_owner(test, who);
	return o;
}

/* One more or one less, up to where tables have grown, and down to where they shrink. */
static void list_others_step(struct list_others *o, u32 protocol, struct rnd_state *rnd)
{
	struct netport_reserve req = list_numbered(kit_random(rnd, 256), LIST_PORT);
	u32 i;

	if (o->n == LIST_OTHERS)
		o->down = true;
	else if (!o->n)
		o->down = false;
	/* Two steps ahead and one back. */
	if (o->n && o->down != (kit_random(rnd, 3) == 0)) {
		i = kit_random(rnd, o->n);
		o->strange += netport_release(o->owner, o->token[i]) != 0;
		o->token[i] = o->token[--o->n];
	} else if (o->n < LIST_OTHERS) {
		req.binding.protocol = protocol;
		req.binding.share = NETPORT_SHARE_LOAD_BALANCED;
		o->strange += netport_reserve(o->owner, &req, GFP_KERNEL) != 0;
		o->token[o->n++] = req.token;
	}
}

static const struct list_change {
	const char	*desc;
	u32		size;
	u32		steps;
} list_changes[] = {
	{ "1 at a time, and 1", 1, 1 },
	{ "1 at a time, and 5", 1, 5 },
	{ "3 at a time, and 20", 3, 20 },
	{ "64 at a time, and 1", 64, 1 },
	{ "64 at a time, and 200", 64, 200 },
};

KUNIT_ARRAY_PARAM_DESC(list_change, list_changes, desc);

static void list__each_once_while_others_change(struct kunit *test)
{
	const struct list_change *c = test->param_value;
	struct netport_owner *alice = kit_owner(test, KIT_ALICE);
	struct list_dump *d = list_dump(test, alice, c->size);
	struct list_others *o = list_others(test, KIT_BOB);
	u8 *seen = list_seen(test);
	unsigned int round, i;
	struct rnd_state rnd;
	int got;

	prandom_seed_state(&rnd, 1);
	list_fill(test, alice, LIST_STABLE, true);
	for (round = 0; round < 2; round++) {
		memset(seen, 0, LIST_STABLE);
		list_again(d);
		while ((got = list_next(d)) > 0) {
			KUNIT_ASSERT_TRUE(test, list_count(d, alice, seen, LIST_STABLE));
			for (i = 0; i < c->steps; i++)
				list_others_step(o, 6, &rnd);
		}
		KUNIT_EXPECT_EQ(test, got, 0);
		list_expect_each_once(test, seen, LIST_STABLE);
	}
	KUNIT_EXPECT_EQ(test, o->strange, 0);
}

/* What the cursor stands on may go too. */
static void list__goes_on_where_one_has_gone(struct kunit *test)
{
	struct netport_owner *alice = kit_owner(test, KIT_ALICE);
	struct list_dump *d = list_dump(test, alice, 1);
	u8 *seen = list_seen(test);
	int got;

	list_fill(test, alice, 100, true);
	while ((got = list_next(d)) > 0) {
		KUNIT_ASSERT_TRUE(test, list_count(d, alice, seen, 100));
		KUNIT_EXPECT_EQ(test, netport_release(alice, d->entry[0].token), 0);
	}
	KUNIT_EXPECT_EQ(test, got, 0);
	list_expect_each_once(test, seen, 100);
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
}

/**
 * struct list_crowd - threads, of which two list and the others change
 * @d: of each one that lists
 * @seen: likewise
 * @o: of each one that changes
 * @stable: whose reservations stay
 * @listing: how many still list
 * @bad: reservations missing or twice, and errors
 * @listed: listings
 */
struct list_crowd {
	struct list_dump	*d[2];
	u8			*seen[2];
	struct list_others	*o[KIT_THREADS];
	struct netport_owner	*stable;
	atomic_t		listing;
	atomic_t		bad;
	atomic_t		listed;
};

static void list_crowd_list(struct list_crowd *c, unsigned int nr)
{
	unsigned int round, i;
	struct rnd_state rnd;
	int got;

	prandom_seed_state(&rnd, nr);
	for (round = 0; round < kit_rounds(8, 5); round++) {
		memset(c->seen[nr], 0, LIST_STABLE);
		list_again(c->d[nr]);
		while ((got = list_next(c->d[nr])) > 0) {
			if (!list_count(c->d[nr], c->stable, c->seen[nr], LIST_STABLE))
				atomic_inc(&c->bad);
			kit_yield(&rnd);
		}
		if (got)
			atomic_inc(&c->bad);
		for (i = 0; i < LIST_STABLE; i++)
			if (c->seen[nr][i] != 1)
				atomic_inc(&c->bad);
		atomic_inc(&c->listed);
	}
	atomic_dec(&c->listing);
}

static void list_crowd(void *arg, unsigned int nr)
{
	struct list_crowd *c = arg;
	struct rnd_state rnd;

	if (nr < 2) {
		list_crowd_list(c, nr);
		return;
	}
	prandom_seed_state(&rnd, nr);
	while (atomic_read(&c->listing)) {
		list_others_step(c->o[nr], 1000 + nr, &rnd);
		kit_yield(&rnd);
	}
}

static void list__each_once_among_threads(struct kunit *test)
{
	struct list_crowd *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);
	unsigned int i, strange = 0;

	KUNIT_ASSERT_NOT_NULL(test, c);
	c->stable = kit_owner(test, KIT_ALICE);
	list_fill(test, c->stable, LIST_STABLE, true);
	atomic_set(&c->listing, 2);
	for (i = 0; i < 2; i++) {
		c->d[i] = list_dump(test, c->stable, i ? 64 : 5);
		c->seen[i] = list_seen(test);
	}
	for (i = 2; i < KIT_THREADS; i++)
		c->o[i] = list_others(test, i % 2 ? KIT_BOB : KIT_ALICE2);
	kit_threads(test, list_crowd, c, KIT_THREADS);
	for (i = 2; i < KIT_THREADS; i++)
		strange += c->o[i]->strange;
	KUNIT_EXPECT_EQ(test, atomic_read(&c->bad), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->listed), 2 * kit_rounds(8, 5));
	KUNIT_EXPECT_EQ(test, strange, 0);
}

/* filters */

static const char * const list_things[] = {
	"10.0.0.1 port=80", "10.0.0.1 port=80 proto=0", "* port=81 bob", "10.0.0.2 port=80 bob",
	":: port=82 tcp alice2", "10.0.0.2 port=65535 tcp", "0.0.0.0 port=84", "::1 port=85",
	"fe80::1 port=86 dev=3", "fe80::1 port=86 dev=4",
};

#define RANGE	NETPORT_LIST_RANGE
#define ADDR	NETPORT_LIST_ADDR

static const struct list_filter {
	const char	*desc;
	u32		flags;
	enum kit_who	who;
	u16		protocol;
	u16		port;
	u32		found;		/* of list_things */
	u16		low;
	u16		high;
	const char	*addr;		/* as in list_things */
} list_filters[] = {
	{ "none", 0, 0, 0, 0, 0x3ff },
	{ "mine", NETPORT_LIST_MINE, 0, 0, 0, 0x3e3 },
	{ "an owner", NETPORT_LIST_OWNER, KIT_BOB, 0, 0, 0x0c },
	{ "the owner who asks", NETPORT_LIST_OWNER, KIT_ALICE, 0, 0, 0x3e3 },
	{ "another owner of the uid", NETPORT_LIST_OWNER, KIT_ALICE2, 0, 0, 0x10 },
	{ "no owner", NETPORT_LIST_OWNER, KIT_NWHO, 0, 0, 0 },
	{ "mine and somebody else's", NETPORT_LIST_MINE | NETPORT_LIST_OWNER, KIT_BOB, 0, 0, 0 },
	{ "a protocol", NETPORT_LIST_PROTOCOL, 0, 6, 0, 0x30 },
	{ "protocol 0", NETPORT_LIST_PROTOCOL, 0, 0, 0, 0x02 },
	{ "a protocol that nobody has", NETPORT_LIST_PROTOCOL, 0, 7, 0, 0 },
	{ "a port", NETPORT_LIST_PORT, 0, 0, 80, 0x0b },
	{ "the last port", NETPORT_LIST_PORT, 0, 0, 65535, 0x20 },
	{ "a port that nobody has", NETPORT_LIST_PORT, 0, 0, 83, 0 },
	{ "port and protocol", NETPORT_LIST_PORT | NETPORT_LIST_PROTOCOL, 0, 17, 80, 0x09 },
	{ "port, and mine", NETPORT_LIST_PORT | NETPORT_LIST_MINE, 0, 0, 80, 0x03 },
	{ "all", NETPORT_LIST_MINE | NETPORT_LIST_OWNER | NETPORT_LIST_PROTOCOL | NETPORT_LIST_PORT,
	  KIT_ALICE, 17, 80, 0x01 },
	{ "a range", RANGE, 0, 0, 0, 0x14, 81, 83 },
	{ "a range of one port", RANGE, 0, 0, 0, 0x0b, 80, 80 },
	{ "a range from a port on", RANGE, 0, 0, 0, 0x3f0, 82 },
	{ "a range up to a port", RANGE, 0, 0, 0, 0x0f, 0, 81 },
	{ "a range of all ports", RANGE, 0, 0, 0, 0x3ff },
	{ "a range with nothing in it", RANGE, 0, 0, 0, 0, 87, 65534 },
	{ "a range and a port in it", RANGE | NETPORT_LIST_PORT, 0, 0, 80, 0x0b, 79, 81 },
	{ "a range and a port outside", RANGE | NETPORT_LIST_PORT, 0, 0, 80, 0, 81, 90 },
	{ "an address", ADDR, 0, 0, 0, 0x03, 0, 0, "10.0.0.1" },
	{ "an address, mapped", ADDR, 0, 0, 0, 0x28, 0, 0, "::ffff:10.0.0.2" },
	{ "an address that nobody has", ADDR, 0, 0, 0, 0, 0, 0, "10.0.0.3" },
	{ "any of IPv4", ADDR, 0, 0, 0, 0x40, 0, 0, "0.0.0.0" },
	{ "any of IPv4, mapped", ADDR, 0, 0, 0, 0x40, 0, 0, "::ffff:0.0.0.0" },
	{ "any of IPv6", ADDR, 0, 0, 0, 0x10, 0, 0, "::" },
	{ "any of both", ADDR, 0, 0, 0, 0x04, 0, 0, "*" },
	{ "an IPv6 address", ADDR, 0, 0, 0, 0x80, 0, 0, "::1" },
	{ "a link-local one, of every device", ADDR, 0, 0, 0, 0x300, 0, 0, "fe80::1" },
	{ "address and range", ADDR | RANGE, 0, 0, 0, 0x20, 81, 0, "10.0.0.2" },
};

KUNIT_ARRAY_PARAM_DESC(list_filter, list_filters, desc);

static void list_filter__by(struct kunit *test)
{
	const struct list_filter *f = test->param_value;
	struct list_dump *d = list_dump(test, kit_owner(test, KIT_ALICE), 1);
	u64 token[ARRAY_SIZE(list_things)];
	struct kit_req r;
	u32 found = 0;
	unsigned int i;
	int got;

	for (i = 0; i < ARRAY_SIZE(list_things); i++)
		token[i] = kit_hold(test, list_things[i]);
	d->list.flags = f->flags;
	d->list.protocol = f->protocol;
	d->list.port = f->port;
	d->list.low = f->low;
	d->list.high = f->high;
	if (f->addr) {
		kit_parse(test, f->addr, &r);
		d->list.families = r.req.binding.families;
		memcpy(d->list.addr, r.req.binding.addr, sizeof(d->list.addr));
	}
	if (f->flags & NETPORT_LIST_OWNER)
		d->list.owner = f->who == KIT_NWHO ? U64_MAX : kit_owner(test, f->who)->id;
	while ((got = list_next(d)) > 0)
		for (i = 0; i < ARRAY_SIZE(list_things); i++)
			if (d->entry[0].token == token[i]) {
				KUNIT_EXPECT_FALSE(test, found & BIT(i));
				found |= BIT(i);
			}
	KUNIT_EXPECT_EQ(test, got, 0);
	KUNIT_EXPECT_EQ(test, found, f->found);
}

/* what an entry says */

static const char * const list_forms[] = {
	"10.0.0.1",
	"0.0.0.0",
	"255.255.255.255 port=65535 proto=65535",
	"2001:db8::1 port=1",
	":: tcp",
	"* proto=0",
	"10.0.0.1 dev=7",
	"fe80::1 dev=2147483647",
	"* dev=1",
	"10.0.0.1 to=192.0.2.1",
	"10.0.0.1 to=192.0.2.1 rport=9",
	"0.0.0.0 to=192.0.2.1 rport=65535",
	"2001:db8::1 to=2001:db8::2 rport=9 dev=3",
	":: to=2001:db8::2",
	"10.0.0.1 LB",
	"10.0.0.1 MR",
	"10.0.0.1 TO tcp",
	"* LB MR TO",
	"10.0.0.1 to=192.0.2.1 rport=9 tuple",
	"2001:db8::1 to=2001:db8::2 rport=9 tuple TO tcp",
	"::1",
};

static void list_get_desc(const char * const *text, char *desc)
{
	strscpy(desc, *text, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(list_form, list_forms, list_get_desc);

/* The only one of alice's. */
static void list_only(struct kunit *test, struct netport_entry *e)
{
	struct list_dump *d = list_dump(test, kit_owner(test, KIT_ALICE), 2);

	d->list.flags = NETPORT_LIST_MINE;
	KUNIT_ASSERT_EQ(test, list_next(d), 1);
	*e = d->entry[0];
}

/* An entry is as good as the request. */
static void list_entry__can_be_reserved_again(struct kunit *test)
{
	const char * const *text = test->param_value;
	struct netport_entry e, again;
	struct kit_req r, from;

	kit_parse(test, *text, &r);
	KUNIT_ASSERT_EQ(test, kit_reserve(test, &r, GFP_KERNEL), 0);
	list_only(test, &e);
	KUNIT_EXPECT_MEMEQ(test, &e.binding, &r.req.binding, sizeof(e.binding));
	KUNIT_EXPECT_EQ(test, e.options, r.req.options);
	KUNIT_EXPECT_EQ(test, e.token, r.req.token);
	KUNIT_EXPECT_EQ(test, e.owner, kit_owner(test, KIT_ALICE)->id);
	KUNIT_EXPECT_EQ(test, e.uid, __kuid_val(kit_uid(KIT_ALICE)));
	KUNIT_EXPECT_EQ(test, e.state, 0);
	KUNIT_EXPECT_EQ(test, e.hold, 0);
	KUNIT_EXPECT_EQ(test, e.parts, 1);
	KUNIT_EXPECT_FALSE(test, memchr_inv(e.label, 0, sizeof(e.label)));

	KUNIT_EXPECT_EQ(test, netport_release_binding(kit_owner(test, KIT_ALICE), &e.binding,
						      e.options), 0);
	from = (struct kit_req) {
		.req = { .binding = e.binding, .options = e.options },
	};
	KUNIT_ASSERT_EQ(test, kit_reserve(test, &from, GFP_KERNEL), 0);
	list_only(test, &again);
	e.token = from.req.token;
	KUNIT_EXPECT_MEMEQ(test, &e, &again, sizeof(e));
}

/* IPv4 as IPv4, however it was asked for. */
static void list_entry__of_mapped_addresses(struct kunit *test)
{
	static const char * const same[][2] = {
		{ "::ffff:10.0.0.1", "10.0.0.1" },
		{ "::ffff:0.0.0.0", "0.0.0.0" },
		{ "::ffff:10.0.0.1 to=::ffff:192.0.2.1 rport=9", "10.0.0.1 to=192.0.2.1 rport=9" },
		{ "::ffff:0.0.0.0 to=::ffff:192.0.2.1", "0.0.0.0 to=192.0.2.1" },
	};
	struct netport_entry e;
	struct kit_req r, want;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(same); i++) {
		kit_parse(test, same[i][0], &r);
		kit_parse(test, same[i][1], &want);
		KUNIT_ASSERT_EQ(test, kit_reserve(test, &r, GFP_KERNEL), 0);
		list_only(test, &e);
		KUNIT_EXPECT_MEMEQ_MSG(test, &e.binding, &want.req.binding, sizeof(e.binding),
				       "%s", same[i][0]);
		kit_release(test, &r);
	}
}

static void list_entry__of_a_candidate(struct kunit *test)
{
	struct netport_candidate cand = {};
	struct netport_entry e;
	struct kit_req r;

	kit_parse(test, "10.0.0.1 port=0 low=100 high=110", &r);
	cand.reserve = r.req;
	cand.reserve.token = 0;
	KUNIT_ASSERT_EQ(test, netport_candidate(kit_owner(test, KIT_ALICE), &cand, GFP_KERNEL), 0);
	list_only(test, &e);
	KUNIT_EXPECT_EQ(test, e.token, cand.reserve.token);
	KUNIT_EXPECT_EQ(test, e.binding.port, cand.reserve.binding.port);
	KUNIT_EXPECT_EQ(test, e.state, NETPORT_STATE_CANDIDATE);
	KUNIT_EXPECT_EQ(test, netport_accept(kit_owner(test, KIT_ALICE), e.token), 0);
	list_only(test, &e);
	KUNIT_EXPECT_EQ(test, e.state, 0);
}

/* refusals */

static const struct list_refusal {
	const char		*desc;
	struct netport_list	list;
	int			err;
} list_refusals[] = {
	{ "no filter", { .count = 1 }, 0 },
	{ "no room", { .count = 0 }, -EINVAL },
	{ "the first unknown flag", { .count = 1, .flags = 1 << 6 }, -EINVAL },
	{ "the last flag", { .count = 1, .flags = 1U << 31 }, -EINVAL },
	{ "an unknown flag among others", { .count = 1, .flags = 0x7f, .families = 1 }, -EINVAL },
	{ "all flags", { .count = 1, .flags = 0x3f, .owner = 1, .protocol = 1, .port = 1,
			 .families = 1, .addr = { 1 }, .low = 1, .high = 2 }, 0 },
	{ "an owner without its flag", { .count = 1, .flags = 0xd, .owner = 1 }, -EINVAL },
	{ "an owner of 64 bits", { .count = 1, .flags = 0xd, .owner = 1ULL << 63 }, -EINVAL },
	{ "a protocol without its flag", { .count = 1, .flags = 0xb, .protocol = 1 }, -EINVAL },
	{ "padding", { .count = 1, .__pad = 1 }, -EINVAL },
	{ "a first port without its flag", { .count = 1, .flags = 0xf, .low = 1 }, -EINVAL },
	{ "a last port without its flag", { .count = 1, .flags = 0xf, .high = 1 }, -EINVAL },
	{ "a range backwards", { .count = 1, .flags = RANGE, .low = 2, .high = 1 }, -EINVAL },
	{ "a family without its flag", { .count = 1, .flags = 0x1f, .families = 1 }, -EINVAL },
	{ "an address without its flag", { .count = 1, .flags = 0x1f, .addr = { 1 } }, -EINVAL },
	{ "an address' last byte without", { .count = 1, .addr = { [15] = 1 } }, -EINVAL },
	{ "an address without a family", { .count = 1, .flags = ADDR, .addr = { 1 } }, -EINVAL },
	{ "a family that is none", { .count = 1, .flags = ADDR, .families = 4 }, -EINVAL },
	{ "a family that is none, too", { .count = 1, .flags = ADDR, .families = 0x101 }, -EINVAL },
	{ "an address of both families", { .count = 1, .flags = ADDR, .families = 3,
					   .addr = { 1 } }, -EINVAL },
	{ "IPv4, and more", { .count = 1, .flags = ADDR, .families = 1,
			      .addr = { 1, [15] = 1 } }, -EINVAL },
	{ "a port without its flag", { .count = 1, .flags = 0x7, .port = 1 }, -EINVAL },
	{ "flags with zeros", { .count = 1, .flags = 0xe }, 0 },
	{ "the end", { .count = 1, .cursor = { 0, 0, 1 } }, 0 },
	{ "an end that is none", { .count = 1, .cursor = { 0, 0, 2 } }, -EINVAL },
	{ "an end of all bits", { .count = 1, .cursor = { 0, 0, U64_MAX } }, -EINVAL },
	{ "a part of nothing", { .count = 1, .cursor = { 0, 1, 0 } }, -EINVAL },
	{ "a part at the end", { .count = 1, .cursor = { 0, 1, 1 } }, -EINVAL },
	{ "a token", { .count = 1, .cursor = { 1 << 16 | 80, 1, 0 } }, 0 },
	{ "a whole token", { .count = 1, .cursor = { 1 << 16 | 80, 1ULL << 32, 0 } }, 0 },
	{ "a part too high", { .count = 1, .cursor = { 1 << 16 | 80, (1ULL << 32) + 1, 0 } },
	  -EINVAL },
	{ "a part of all bits", { .count = 1, .cursor = { 1 << 16 | 80, U64_MAX, 0 } }, -EINVAL },
	{ "no part", { .count = 1, .cursor = { 1 << 16 | 80, 0, 0 } }, -EINVAL },
	{ "a token at the end", { .count = 1, .cursor = { 1 << 16 | 80, 1, 1 } }, -EINVAL },
	{ "a token without a port", { .count = 1, .cursor = { 1 << 16, 1, 0 } }, -EINVAL },
	{ "a token without a number", { .count = 1, .cursor = { 80, 1, 0 } }, -EINVAL },
	{ "the last token", { .count = 1, .cursor = { U64_MAX, 1, 0 } }, 0 },
};

KUNIT_ARRAY_PARAM_DESC(list_refusal, list_refusals, desc);

static void list__refuses(struct kunit *test)
{
	const struct list_refusal *c = test->param_value;
	struct list_dump *d = list_dump(test, kit_owner(test, KIT_ALICE), 1);
	struct netport_list list = c->list;
	int err;

	memset(d->entry, KIT_POISON, sizeof(d->entry));
	err = np_list(d->owner, &list, d->entry, true);
	KUNIT_EXPECT_EQ(test, err, c->err);
	KUNIT_EXPECT_FALSE(test, memchr_inv(d->entry, KIT_POISON, sizeof(d->entry)));
	if (err)
		KUNIT_EXPECT_MEMEQ(test, &list, &c->list, sizeof(list));
	else
		KUNIT_EXPECT_EQ(test, list.count, 0);
}

/* Whatever bits a cursor has: it's refused, or lists what is there, and comes to an end. */
static void list__takes_any_cursor(struct kunit *test)
{
	struct netport_owner *alice = kit_owner(test, KIT_ALICE);
	struct list_dump *d = list_dump(test, alice, 3);
	u8 *seen = list_seen(test);
	unsigned int i, j, taken = 0;
	struct rnd_state rnd;
	int got;

	list_fill(test, alice, 50, false);
	prandom_seed_state(&rnd, 1);
	for (i = 0; i < 6000; i++) {
		for (j = 0; j < 3; j++)
			d->list.cursor[j] = (u64)prandom_u32_state(&rnd) << 32 |
					    prandom_u32_state(&rnd);
		/* Some that look better. */
		if (i % 2) {
			d->list.cursor[1] &= U32_MAX;
			d->list.cursor[2] = 0;
		}
		if (i % 4 == 3)
			d->list.cursor[0] &= 0xfffff;
		got = list_next(d);
		if (got != -EINVAL)
			KUNIT_ASSERT_GE(test, got, 0);
		if (got >= 0)
			taken++;
		if (got >= 0 && i % 64 == 1) {
			memset(seen, 0, 50);
			while ((got = list_next(d)) > 0)
				KUNIT_ASSERT_TRUE(test, list_count(d, alice, seen, 50));
			KUNIT_ASSERT_EQ(test, got, 0);
			for (j = 0; j < 50; j++)
				KUNIT_EXPECT_LE(test, seen[j], 1);
		}
	}
	KUNIT_EXPECT_GT(test, taken, 1500);
}

/* who asks */

static void list_set_text(u8 *to, const char *text, size_t size)
{
	memset(to, 0, size);
	memcpy(to, text, strlen(text));
}

static const struct list_asker {
	const char	*desc;
	enum kit_who	who;
	bool		curious;
	bool		told;
} list_askers[] = {
	{ "the owner", KIT_ALICE, false, true },
	{ "another of the uid", KIT_ALICE2, false, true },
	{ "another uid", KIT_BOB, false, false },
	{ "another uid who may know", KIT_BOB, true, true },
};

KUNIT_ARRAY_PARAM_DESC(list_asker, list_askers, desc);

static void list_entry__of_whom_it_tells(struct kunit *test)
{
	static const struct netport_entry none;
	const struct list_asker *a = test->param_value;
	struct netport_owner *alice = kit_owner(test, KIT_ALICE);
	struct list_dump *d = list_dump(test, kit_owner(test, a->who), 1);
	struct netport_entry *e = d->entry;

	kit_hold(test, "10.0.0.1");
	alice->pid = get_pid(task_pid(current));
	list_set_text(alice->comm, "stack", sizeof(alice->comm));
	list_set_text(alice->label, "alice's", sizeof(alice->label));
	d->list.count = 1;
	KUNIT_ASSERT_EQ(test, np_list(d->owner, &d->list, e, a->curious), 0);
	KUNIT_ASSERT_EQ(test, d->list.count, 1);
	KUNIT_EXPECT_EQ(test, e->owner, alice->id);
	KUNIT_EXPECT_EQ(test, e->uid, __kuid_val(kit_uid(KIT_ALICE)));
	KUNIT_EXPECT_EQ(test, e->pid, a->told ? task_pid_nr(current) : 0);
	if (a->told) {
		KUNIT_EXPECT_MEMEQ(test, e->comm, alice->comm, sizeof(e->comm));
		KUNIT_EXPECT_MEMEQ(test, e->owner_label, alice->label, sizeof(e->owner_label));
	} else {
		KUNIT_EXPECT_MEMEQ(test, e->comm, none.comm, sizeof(e->comm));
		KUNIT_EXPECT_MEMEQ(test, e->owner_label, none.owner_label, sizeof(e->owner_label));
	}
}

static struct kunit_case list_test_cases[] = {
	KUNIT_CASE_PARAM(list__each_once, list_many_gen_params),
	KUNIT_CASE_PARAM(list__each_once_while_others_change, list_change_gen_params),
	KUNIT_CASE_SLOW(list__each_once_among_threads),
	KUNIT_CASE(list__goes_on_where_one_has_gone),
	KUNIT_CASE_PARAM(list_filter__by, list_filter_gen_params),
	KUNIT_CASE_PARAM(list_entry__can_be_reserved_again, list_form_gen_params),
	KUNIT_CASE(list_entry__of_mapped_addresses),
	KUNIT_CASE(list_entry__of_a_candidate),
	KUNIT_CASE_PARAM(list_entry__of_whom_it_tells, list_asker_gen_params),
	KUNIT_CASE_PARAM(list__refuses, list_refusal_gen_params),
	KUNIT_CASE(list__takes_any_cursor),
	{}
};

static struct kunit_suite list_test_suite = {
	.name = "netport_list",
	.init = kit_init,
	.exit = kit_exit,
	.test_cases = list_test_cases,
};

/* Tokens without anything behind them, so that tables can be in any state */

#define LIST_LAB	1200

/**
 * struct list_lab - what is listed
 * @space: protocol 17
 * @addr: 10.0.0.1
 * @resv: reservations
 * @in: which of them are in the tables
 * @seen: how often each was listed
 * @resizes: so many times a table has begun to change its size
 */
struct list_lab {
	struct np_space		space;
	struct np_addr		addr;
	struct np_resv		resv[LIST_LAB];
	bool			in[LIST_LAB];
	u8			seen[LIST_LAB];
	unsigned int		resizes;
};

static int list_table_init(struct kunit *test)
{
	int err = kit_bare_init(test);
	unsigned int i;

	for (i = 0; !err && i < KIT_NWHO; i++) {
		spin_lock_init(&kit_of(test)->bare[i].lock);
		kit_of(test)->bare[i].id = 100 + i;
	}
	return err;
}

static u32 list_node_hash(struct hlist_node *node)
{
	struct np_resv *r = hlist_entry(node, struct np_resv, token_link);

	return np_token_hash(r->owner->nn, r->token);
}

static void list_lab_bind(struct list_lab *lab, struct np_bind *b, u16 port)
{
	b->addr = &lab->addr;
	b->e.port = port;
}

static void list_lab_free(void *lab)
{
	kvfree(lab);
}

static struct list_lab *list_lab(struct kunit *test)
{
	struct list_lab *lab = kvzalloc(sizeof(*lab), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, lab);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, list_lab_free, lab), 0);
	lab->space.protocol = 17;
	lab->addr.space = &lab->space;
	lab->addr.family = NP_V4;
	ipv6_addr_set_v4mapped(htonl(0x0a000001), &lab->addr.key.addr);
	return lab;
}

/* The lock is for those who look whether it is held. */
static void list_lab_link(struct np_net *nn, struct np_resv *r)
{
	struct np_shard *shard = np_shard_of(nn, r->token);

	spin_lock_bh(&shard->lock);
	np_hash_add(&shard->tokens, &r->token_link, list_node_hash(&r->token_link),
		    list_node_hash);
	spin_unlock_bh(&shard->lock);
}

static void list_lab_unlink(struct np_net *nn, struct np_resv *r)
{
	struct np_shard *shard = np_shard_of(nn, r->token);

	spin_lock_bh(&shard->lock);
	np_hash_del(&shard->tokens, &r->token_link, list_node_hash);
	spin_unlock_bh(&shard->lock);
}

static void list_lab_add(struct kunit *test, struct list_lab *lab, u32 i, u64 token)
{
	struct np_resv *r = &lab->resv[i];

	r->owner = &kit_of(test)->bare[KIT_ALICE];
	r->token = token;
	list_lab_bind(lab, &r->bind, token);
	list_lab_link(r->owner->nn, r);
	lab->in[i] = true;
}

static void list_lab_del(struct kunit *test, struct list_lab *lab, u32 i)
{
	list_lab_unlink(kit_of(test)->nn, &lab->resv[i]);
	lab->in[i] = false;
}

/* Begins to give a table its size, if it hasn't that. */
static void list_lab_resize(struct kunit *test, struct list_lab *lab, u16 port)
{
	struct np_shard *shard = np_shard_of(kit_of(test)->nn, port);
	u32 size = np_hash_target(&shard->tokens);

	if (!size)
		return;
	KUNIT_ASSERT_TRUE(test, np_hash_resize(&shard->tokens, &shard->lock, size, GFP_KERNEL));
	lab->resizes++;
}

static void list_lab_settle(struct kunit *test, u16 port, unsigned int steps)
{
	struct np_shard *shard = np_shard_of(kit_of(test)->nn, port);

	spin_lock_bh(&shard->lock);
	while (shard->tokens.old && steps--)
		np_hash_settle(&shard->tokens, list_node_hash);
	spin_unlock_bh(&shard->lock);
}

static void list_lab_clear(struct kunit *test, struct list_lab *lab)
{
	unsigned int i;

	for (i = 0; i < LIST_LAB; i++)
		if (lab->in[i])
			list_lab_del(test, lab, i);
}

static struct netport_owner *list_lab_owner(struct kunit *test)
{
	return &kit_of(test)->bare[KIT_ALICE];
}

/* The order of a listing. */
static bool list_in_order(const struct np_net *nn, u64 a, u64 b)
{
	u32 at = (u16)a / NP_WORD_PORTS % NP_SHARDS, bt = (u16)b / NP_WORD_PORTS % NP_SHARDS;

	if (at != bt)
		return at < bt;
	at = bitrev32(np_token_hash(nn, a));
	bt = bitrev32(np_token_hash(nn, b));
	return at != bt ? at < bt : a < b;
}

/**
 * struct list_state - a state of a table
 * @desc: what it is
 * @n: how many tokens are put in
 * @grow: the table grows meanwhile
 * @left: so many of them stay
 * @resize: it begins to change its size then
 * @settle: and goes so many steps on
 * @same_hash: the tokens all have the same hash
 */
struct list_state {
	const char	*desc;
	u32		n;
	bool		grow;
	u32		left;
	bool		resize;
	unsigned int	settle;
	bool		same_hash;
};

static const struct list_state list_states[] = {
	{ "empty", 0 },
	{ "one", 1, false, 1 },
	{ "as many as fit", 8, true, 8 },
	{ "grown", 500, true, 500, true, 10000 },
	{ "as it comes", 500, true, 500 },
	{ "too small", 500, false, 500 },
	{ "begins to grow", 500, false, 500, true },
	{ "grows", 500, false, 500, true, 60 },
	{ "has almost grown", 500, false, 500, true, 120 },
	{ "grows by one step", 17, false, 17, true, 1 },
	{ "too large", 1000, true, 100 },
	{ "begins to shrink", 1000, true, 100, true },
	{ "shrinks", 1000, true, 100, true, 150 },
	{ "shrinks to the first size", 100, true, 3, true, 3 },
	{ "one hash", 200, false, 200, false, 0, true },
	{ "one hash, grows", 200, false, 200, true, 20, true },
	{ "one hash, shrinks", 1000, true, 100, true, 20, true },
	{ "as many of one hash as are sorted at once", 16, false, 16, false, 0, true },
	{ "one more", 17, false, 17, false, 0, true },
};

KUNIT_ARRAY_PARAM_DESC(list_state, list_states, desc);

static void list_lab_state(struct kunit *test, struct list_lab *lab, const struct list_state *s)
{
	unsigned int i;
	u64 token;

	for (i = 0; i < s->n; i++) {
		/* The hash takes 32 bits of the number. */
		token = s->same_hash ? 1ULL << 16 | (u64)i << 48 : (i + 1ULL) << 16;
		list_lab_add(test, lab, i, token | (LIST_PORT + i % 2));
		if (!s->grow)
			continue;
		list_lab_resize(test, lab, LIST_PORT);
	}
	/* Those that stay are some of all. */
	for (i = s->n; i > s->left; i--)
		list_lab_del(test, lab, (i * 7) % s->n);
	if (s->resize)
		list_lab_resize(test, lab, LIST_PORT);
	list_lab_settle(test, LIST_PORT, s->settle);
}

static void list_walk__in_order(struct kunit *test)
{
	static const u32 sizes[] = { 1, 3, 64 };
	const struct list_state *s = test->param_value;
	struct np_net *nn = kit_of(test)->nn;
	struct list_lab *lab = list_lab(test);
	unsigned int i, j, bad, n;
	struct list_dump *d;
	u64 last;
	int got;

	list_lab_state(test, lab, s);
	/* In other shards there is something too. */
	list_lab_add(test, lab, LIST_LAB - 1, 1 << 16 | 1);
	list_lab_add(test, lab, LIST_LAB - 2, 1 << 16 | 63);
	list_lab_add(test, lab, LIST_LAB - 3, 1 << 16 | 65535);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		d = list_dump(test, list_lab_owner(test), sizes[i]);
		last = 0;
		bad = 0;
		n = 0;
		while ((got = list_next(d)) > 0) {
			for (j = 0; j < got; j++) {
				bad += last && !list_in_order(nn, last, d->entry[j].token);
				last = d->entry[j].token;
			}
			/* Full up to the end. */
			bad += got != min(sizes[i], s->left + 3 - n);
			n += got;
		}
		KUNIT_EXPECT_EQ(test, got, 0);
		KUNIT_EXPECT_EQ(test, bad, 0);
		KUNIT_EXPECT_EQ(test, n, s->left + 3);
	}
	list_lab_clear(test, lab);
}

/* The table changes in all ways between the calls: those with even numbers stay. */
static void list_walk__while_the_table_changes(struct kunit *test)
{
	const struct list_change *c = test->param_value;
	struct list_dump *d = list_dump(test, list_lab_owner(test), c->size);
	struct list_lab *lab = list_lab(test);
	unsigned int i, j, round, bad = 0, stay = 120;
	bool down = false;
	struct rnd_state rnd;
	u64 seq = 1;
	int got;

	prandom_seed_state(&rnd, c->size + c->steps);
	for (i = 0; i < stay; i++)
		list_lab_add(test, lab, i, seq++ << 16 | LIST_PORT);
	for (round = 0; round < 20; round++) {
		memset(lab->seen, 0, sizeof(lab->seen));
		list_again(d);
		while ((got = list_next(d)) > 0) {
			for (j = 0; j < got; j++)
				for (i = 0; i < stay; i++)
					lab->seen[i] += lab->resv[i].token == d->entry[j].token;
			for (j = 0; j < c->steps; j++) {
				if (kit_random(&rnd, 300) == 0)
					down = !down;
				i = stay + kit_random(&rnd, LIST_LAB - stay);
				if (lab->in[i] && (down || kit_random(&rnd, 4) == 0))
					list_lab_del(test, lab, i);
				else if (!lab->in[i] && !down)
					list_lab_add(test, lab, i, seq++ << 16 | LIST_PORT);
				/* Not always at once: there may be no memory. */
				if (kit_random(&rnd, 8) == 0)
					list_lab_resize(test, lab, LIST_PORT);
			}
		}
		KUNIT_EXPECT_EQ(test, got, 0);
		for (i = 0; i < stay; i++)
			bad += lab->seen[i] != 1;
	}
	KUNIT_EXPECT_EQ(test, bad, 0);
	KUNIT_EXPECT_GT_MSG(test, lab->resizes, 0, "the table has changed its size");
	list_lab_clear(test, lab);
}

/* reservations with parts */

#define LIST_PARTS	1024

/**
 * struct list_wide - a reservation with parts
 * @wide: it
 * @part: they
 * @seen: how often each was listed
 */
struct list_wide {
	struct np_wide	wide;
	struct np_part	part[LIST_PARTS];
	u8		seen[LIST_PARTS];
};

static void list_wide_init(struct kunit *test, struct list_lab *lab, struct list_wide *w, u32 n,
			   u64 token)
{
	struct np_resv *r = &w->wide.resv;
	struct np_part *p;
	unsigned int i;

	INIT_LIST_HEAD(&w->wide.parts);
	r->owner = list_lab_owner(test);
	r->token = token;
	r->bind.e.flags = NP_BIND_WIDE;
	r->bind.e.port = token;
	for (i = 0; i < n; i++) {
		p = &w->part[i];
		list_lab_bind(lab, &p->bind, (u16)token + i);
		p->bind.e.flags = NP_BIND_PART;
		p->bind.nr = i;
		p->wide = &w->wide;
		list_add_tail(&p->link, &w->wide.parts);
	}
	w->wide.nparts = n;
	w->wide.nr = n;
}

static struct list_wide *list_wide(struct kunit *test, struct list_lab *lab, u32 n, u64 token)
{
	struct list_wide *w = kvzalloc(sizeof(*w), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, w);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, list_lab_free, w), 0);
	list_wide_init(test, lab, w, n, token);
	return w;
}

static void list_wide_count(struct list_wide *w, const struct netport_entry *e)
{
	if (e->token == w->wide.resv.token)
		w->seen[e->binding.port - (u16)e->token]++;
}

static const struct list_parts {
	const char	*desc;
	u32		n;
	u32		size;
} list_parts_cases[] = {
	{ "1 at a time of 1", 1, 1 },
	{ "64 at a time of 1", 1, 64 },
	{ "1 at a time of 5", 5, 1 },
	{ "3 at a time of 5", 5, 3 },
	{ "64 at a time of 63", 63, 64 },
	{ "64 at a time of 64", 64, 64 },
	{ "64 at a time of 65", 65, 64 },
	{ "1 at a time of 1024", 1024, 1 },
	{ "3 at a time of 1024", 1024, 3 },
	{ "64 at a time of 1024", 1024, 64 },
};

KUNIT_ARRAY_PARAM_DESC(list_parts, list_parts_cases, desc);

/* Two with parts, among others; tokens on one port have their home in one shard. */
static void list_parts__each_once(struct kunit *test)
{
	const struct list_parts *c = test->param_value;
	struct list_dump *d = list_dump(test, list_lab_owner(test), c->size);
	struct list_lab *lab = list_lab(test);
	unsigned int i, j, bad = 0, others = 0;
	struct list_wide *w[2];
	int got;

	for (i = 0; i < 20; i++)
		list_lab_add(test, lab, i, (i + 10ULL) << 16 | LIST_PORT);
	for (i = 0; i < 2; i++) {
		w[i] = list_wide(test, lab, c->n, (i + 1ULL) << 16 | LIST_PORT);
		list_lab_link(kit_of(test)->nn, &w[i]->wide.resv);
	}
	while ((got = list_next(d)) > 0) {
		for (j = 0; j < got; j++) {
			for (i = 0; i < 2; i++)
				list_wide_count(w[i], &d->entry[j]);
			bad += d->entry[j].parts != (d->entry[j].token >> 16 < 10 ? c->n : 1);
			others += d->entry[j].token >> 16 >= 10;
		}
	}
	KUNIT_EXPECT_EQ(test, got, 0);
	KUNIT_EXPECT_EQ(test, bad, 0);
	KUNIT_EXPECT_EQ(test, others, 20);
	for (i = 0; i < 2; i++) {
		list_expect_each_once(test, w[i]->seen, c->n);
		list_lab_unlink(kit_of(test)->nn, &w[i]->wide.resv);
	}
	list_lab_clear(test, lab);
}

/* Some ports of a block go meanwhile: those with odd numbers. */
static void list_parts__while_others_go(struct kunit *test)
{
	struct list_dump *d = list_dump(test, list_lab_owner(test), 3);
	struct list_lab *lab = list_lab(test);
	struct list_wide *w = list_wide(test, lab, 200, 1 << 16 | LIST_PORT);
	unsigned int i, bad = 0, go = 1;
	int got;

	list_lab_link(kit_of(test)->nn, &w->wide.resv);
	while ((got = list_next(d)) > 0) {
		for (i = 0; i < got; i++)
			list_wide_count(w, &d->entry[i]);
		/* Ahead and behind, and once beside. */
		for (i = 0; i < 2 && go < 100; i++, go += 2) {
			list_del(&w->part[go].link);
			list_del(&w->part[200 - go].link);
			w->wide.nparts -= 2;
		}
	}
	KUNIT_EXPECT_EQ(test, got, 0);
	for (i = 0; i < 200; i += 2)
		bad += w->seen[i] != 1;
	for (i = 1; i < 200; i += 2)
		bad += w->seen[i] > 1;
	KUNIT_EXPECT_EQ(test, bad, 0);
	list_lab_unlink(kit_of(test)->nn, &w->wide.resv);
}

/* The filter is for each part. */
static void list_parts__by_port(struct kunit *test)
{
	struct list_dump *d = list_dump(test, list_lab_owner(test), 1);
	struct list_lab *lab = list_lab(test);
	struct list_wide *w = list_wide(test, lab, LIST_PARTS, 1 << 16 | LIST_PORT);

	list_lab_link(kit_of(test)->nn, &w->wide.resv);
	d->list.flags = NETPORT_LIST_PORT;
	d->list.port = LIST_PORT + 777;
	KUNIT_EXPECT_EQ(test, list_next(d), 1);
	KUNIT_EXPECT_EQ(test, d->entry[0].binding.port, LIST_PORT + 777);
	KUNIT_EXPECT_EQ(test, list_next(d), 0);
	d->list.port = LIST_PORT + LIST_PARTS;
	list_again(d);
	KUNIT_EXPECT_EQ(test, list_next(d), 0);
	list_lab_unlink(kit_of(test)->nn, &w->wide.resv);
}

/* states */

/**
 * struct list_flags - what an entry says of a reservation with certain flags
 * @desc: what it shows
 * @flags: of the reservation as a whole
 * @part: of its binding, if it is wide
 * @gone: whether the owner is closed
 * @left: how many milliseconds of its hold
 * @options: in the entry
 * @state: likewise
 * @mine: whether it is its owner's
 * @listed: whether it is listed at all
 */
struct list_flags {
	const char	*desc;
	u16		flags;
	u16		part;
	bool		gone;
	s32		left;
	u32		options;
	u32		state;
	bool		mine;
	bool		listed;
};

static const struct list_flags list_flags_cases[] = {
	{ "plain", 0, 0, false, 1000, 0, 0, true, true },
	{ "plain, of one who is gone", 0, 0, true, 1000, 0, 0, true, true },
	{ "tuple", NP_BIND_OPTTUPLE | NP_BIND_FULL | NP_BIND_NARROW, 0, false, 0,
	  NETPORT_OPT_TUPLE, 0, true, true },
	{ "candidate", NP_BIND_CANDIDATE, 0, false, 0, 0, NETPORT_STATE_CANDIDATE, true, true },
	{ "wide", NP_BIND_WIDE, NP_BIND_PART, false, 0, 0, 0, true, true },
	{ "wide tuple", NP_BIND_WIDE, NP_BIND_PART | NP_BIND_OPTTUPLE, false, 0,
	  NETPORT_OPT_TUPLE, 0, true, true },
	{ "wide candidate", NP_BIND_WIDE | NP_BIND_CANDIDATE, NP_BIND_PART, false, 0, 0,
	  NETPORT_STATE_CANDIDATE, true, true },
	{ "checked with the host", NP_BIND_HOST_CHECK, 0, false, 0, NETPORT_OPT_HOST_CHECK, 0,
	  true, true },
	{ "held from the host", NP_BIND_WIDE, NP_BIND_PART | NP_BIND_HOST_HOLD, false, 0,
	  NETPORT_OPT_HOST_HOLD, 0, true, true },
	{ "persistent", NP_BIND_PERSISTENT, 0, false, 0, NETPORT_OPT_PERSISTENT, 0, true, true },
	{ "orphan", NP_BIND_PERSISTENT, 0, true, 0, NETPORT_OPT_PERSISTENT, NETPORT_STATE_ORPHAN,
	  true, true },
	{ "wide orphan", NP_BIND_WIDE | NP_BIND_PERSISTENT, NP_BIND_PART, true, 0,
	  NETPORT_OPT_PERSISTENT, NETPORT_STATE_ORPHAN, true, true },
	{ "held", NP_BIND_HELD, 0, false, 5000, 0, NETPORT_STATE_HELD, false, true },
	{ "held, of one who is gone", NP_BIND_HELD, 0, true, 5000, 0, NETPORT_STATE_HELD, false,
	  true },
	{ "held, overdue", NP_BIND_HELD, 0, false, -5000, 0, NETPORT_STATE_HELD, false, true },
	{ "held for a day", NP_BIND_HELD, 0, false, NETPORT_HOLD_MAX, 0, NETPORT_STATE_HELD, false,
	  true },
	{ "held wide", NP_BIND_HELD | NP_BIND_WIDE, NP_BIND_PART, false, 5000, 0,
	  NETPORT_STATE_HELD, false, true },
	{ "held, once persistent", NP_BIND_HELD | NP_BIND_PERSISTENT, 0, true, 5000,
	  NETPORT_OPT_PERSISTENT, NETPORT_STATE_HELD, false, true },
	{ "uncharged", NP_BIND_UNCHARGED, 0, false, 0, 0, 0, false, false },
	{ "uncharged wide", NP_BIND_UNCHARGED | NP_BIND_WIDE, NP_BIND_PART, false, 0, 0, 0, false,
	  false },
	{ "uncharged candidate", NP_BIND_UNCHARGED | NP_BIND_CANDIDATE, 0, false, 0, 0, 0, false,
	  false },
};

KUNIT_ARRAY_PARAM_DESC(list_flags, list_flags_cases, desc);

static void list_expect_flags(struct kunit *test, const struct list_flags *c,
			      const struct netport_entry *e)
{
	bool wide = c->flags & NP_BIND_WIDE;

	KUNIT_EXPECT_EQ(test, e->options, c->options);
	KUNIT_EXPECT_EQ(test, e->state, c->state);
	KUNIT_EXPECT_EQ(test, e->parts, wide ? 2 : 1);
	KUNIT_EXPECT_STREQ(test, e->label, wide ? "two" : "");
	if (!(c->flags & NP_BIND_HELD) || c->left < 0) {
		KUNIT_EXPECT_EQ(test, e->hold, 0);
	} else {
		KUNIT_EXPECT_LE(test, e->hold, c->left);
		KUNIT_EXPECT_GE(test, e->hold, c->left - 4000);
	}
}

static void list_entry__by_flags(struct kunit *test)
{
	const struct list_flags *c = test->param_value;
	struct list_dump *d = list_dump(test, list_lab_owner(test), 3);
	struct list_lab *lab = list_lab(test);
	struct list_wide *w = list_wide(test, lab, 2, 1 << 16 | LIST_PORT);
	struct np_resv *r = c->flags & NP_BIND_WIDE ? &w->wide.resv : &lab->resv[0];
	int i, n = c->flags & NP_BIND_WIDE ? 2 : 1;
	HLIST_HEAD(owned);

	r->owner = d->owner;
	if (c->gone)
		INIT_HLIST_NODE(&r->owner_link);
	else
		hlist_add_head(&r->owner_link, &owned);
	r->token = 1 << 16 | LIST_PORT;
	r->bind.e.flags = c->flags;
	r->bind.until = np_hold_now() + c->left;
	list_lab_bind(lab, &r->bind, LIST_PORT);
	list_set_text(w->wide.label, "two", sizeof(w->wide.label));
	for (i = 0; i < 2; i++)
		w->part[i].bind.e.flags = c->part;
	list_lab_link(kit_of(test)->nn, r);

	KUNIT_ASSERT_EQ(test, list_next(d), c->listed ? n : 0);
	for (i = 0; c->listed && i < n; i++)
		list_expect_flags(test, c, &d->entry[i]);
	d->list.flags = NETPORT_LIST_MINE;
	list_again(d);
	KUNIT_EXPECT_EQ(test, list_next(d), c->mine ? n : 0);
	list_lab_unlink(kit_of(test)->nn, r);
}

/* The label of a reservation, too, is for those who may know. */
static void list_entry__of_whose_label_it_tells(struct kunit *test)
{
	struct kit *k = kit_of(test);
	struct list_lab *lab = list_lab(test);
	struct list_wide *w = list_wide(test, lab, 2, 1 << 16 | LIST_PORT);
	struct np_shard *shard = np_shard_of(k->nn, LIST_PORT);
	struct netport_entry e[3];

	list_set_text(w->wide.label, "two", sizeof(w->wide.label));
	memset(e, KIT_POISON, sizeof(e));
	spin_lock_bh(&shard->lock);
	np_entry_fill(&e[0], &w->part[0].bind, k->bare[KIT_ALICE2].user, false);
	np_entry_fill(&e[1], &w->part[0].bind, k->bare[KIT_BOB].user, false);
	np_entry_fill(&e[2], &w->part[1].bind, NULL, true);
	spin_unlock_bh(&shard->lock);
	KUNIT_EXPECT_STREQ(test, e[0].label, "two");
	KUNIT_EXPECT_FALSE(test, memchr_inv(e[1].label, 0, sizeof(e[1].label)));
	KUNIT_EXPECT_STREQ(test, e[2].label, "two");
	KUNIT_EXPECT_EQ(test, e[2].binding.port, LIST_PORT + 1);
	KUNIT_EXPECT_EQ(test, e[1].token, w->wide.resv.token);
}

/* ends */

static void list__of_a_dead_namespace(struct kunit *test)
{
	struct list_dump *d = list_dump(test, list_lab_owner(test), 1);
	struct list_lab *lab = list_lab(test);

	list_lab_add(test, lab, 0, 1 << 16 | LIST_PORT);
	list_lab_add(test, lab, 1, 2 << 16 | LIST_PORT);
	KUNIT_EXPECT_EQ(test, list_next(d), 1);
	kit_of(test)->nn->dead = true;
	KUNIT_EXPECT_EQ(test, list_next(d), -ENETDOWN);
	list_again(d);
	KUNIT_EXPECT_EQ(test, list_next(d), -ENETDOWN);
	d->list.cursor[2] = 1;
	KUNIT_EXPECT_EQ(test, list_next(d), -ENETDOWN);
	d->list.cursor[2] = 2;
	KUNIT_EXPECT_EQ_MSG(test, list_next(d), -EINVAL, "the form comes first");
	kit_of(test)->nn->dead = false;
	list_lab_clear(test, lab);
}

static void list__of_one_who_was_killed(struct kunit *test)
{
	struct list_dump *d = list_dump(test, list_lab_owner(test), 1);
	int got;

	/* Nobody else sends this thread signals. */
	sigaddset(&current->pending.signal, SIGKILL);
	set_tsk_thread_flag(current, TIF_SIGPENDING);
	got = list_next(d);
	flush_signals(current);
	KUNIT_EXPECT_EQ(test, got, -EINTR);
	KUNIT_EXPECT_EQ(test, list_next(d), 0);
}

static struct kunit_case list_table_test_cases[] = {
	KUNIT_CASE_PARAM(list_walk__in_order, list_state_gen_params),
	KUNIT_CASE_PARAM(list_walk__while_the_table_changes, list_change_gen_params),
	KUNIT_CASE_PARAM(list_parts__each_once, list_parts_gen_params),
	KUNIT_CASE(list_parts__while_others_go),
	KUNIT_CASE(list_parts__by_port),
	KUNIT_CASE_PARAM(list_entry__by_flags, list_flags_gen_params),
	KUNIT_CASE(list_entry__of_whose_label_it_tells),
	KUNIT_CASE(list__of_a_dead_namespace),
	KUNIT_CASE(list__of_one_who_was_killed),
	{}
};

static struct kunit_suite list_table_test_suite = {
	.name = "netport_list_table",
	.init = list_table_init,
	.exit = kit_bare_exit,
	.test_cases = list_table_test_cases,
};

kunit_test_suites(&list_test_suite, &list_table_test_suite);
