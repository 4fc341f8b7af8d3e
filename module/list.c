// SPDX-License-Identifier: GPL-2.0
/*
 * Listings: a reservation as an entry, and all of them one after the other.
 *
 * A listing goes through the tokens of a shard in the order of their hashes with the bits
 * reversed.  Tables are indexed by the lower bits of the hash, so in this order a bucket
 * lies together whatever the size of its table, and a bucket of a small table is some of a
 * larger one's side by side.  An entry never changes its place, then, and all that a
 * listing remembers is how far it has come: tables may grow and shrink meanwhile, others
 * come and go.
 *
 * The cursor is the token listed last and the number of its part, for the place follows
 * from these.  Hashes stay in here: they would tell the secret that is mixed into them.
 */
#include <kunit/visibility.h>
#include <linux/bitrev.h>
#include <linux/cred.h>
#include <linux/pid.h>
#include <linux/preempt.h>
#include <linux/sched/signal.h>
#include <linux/user_namespace.h>
#include <net/ipv6.h>

#include "netport_priv.h"

#define NP_LIST_ALL	(NETPORT_LIST_MINE | NETPORT_LIST_OWNER | NETPORT_LIST_PROTOCOL | \
			 NETPORT_LIST_PORT | NETPORT_LIST_RANGE | NETPORT_LIST_ADDR)

/* one entry */

/* The form that requests have: of an IPv4 address, the four bytes come first. */
static void np_entry_addr(u8 *to, const struct in6_addr *a)
{
	if (ipv6_addr_v4mapped(a))
		memcpy(to, &a->s6_addr32[3], sizeof(a->s6_addr32[3]));
	else
		memcpy(to, a, sizeof(*a));
}

static void np_entry_binding(struct netport_binding *to, const struct np_bind *b)
{
	to->families = np_addr_families(b->addr);
	to->protocol = b->addr->space->protocol;
	to->port = b->e.port;
	to->remote_port = b->e.rport;
	to->ifindex = b->ifindex;
	to->share = np_bind_asked(b);
	np_entry_addr(to->addr, &b->addr->key.addr);
	np_entry_addr(to->remote, &b->remote);
}

static u32 np_entry_options(u16 bind, u16 resv)
{
	u32 options = 0;

	if (bind & NP_BIND_OPTTUPLE)
		options |= NETPORT_OPT_TUPLE;
	if (bind & NP_BIND_HOST_CHECK)
		options |= NETPORT_OPT_HOST_CHECK;
	if (bind & NP_BIND_HOST_HOLD)
		options |= NETPORT_OPT_HOST_HOLD;
	if (resv & NP_BIND_PERSISTENT)
		options |= NETPORT_OPT_PERSISTENT;
	return options;
}

/* NETPORT_STATE_* of a reservation with these flags. */
u32 np_resv_state(const struct np_resv *r, u16 flags)
{
	u32 state = 0;

	if (flags & NP_BIND_CANDIDATE)
		state |= NETPORT_STATE_CANDIDATE;
	if (flags & NP_BIND_LISTENING)
		state |= NETPORT_STATE_LISTENING;
	if (flags & NP_BIND_CONNECTED)
		state |= NETPORT_STATE_CONNECTED;
	if (flags & NP_BIND_HELD)
		state |= NETPORT_STATE_HELD;
	if (np_resv_orphan(r))
		state |= NETPORT_STATE_ORPHAN;
	return state;
}

/* In a softirq it is the kernel who asks, and not whom it has interrupted. */

static u32 np_entry_uid(kuid_t uid)
{
	return from_kuid_munged(in_task() ? current_user_ns() : &init_user_ns, uid);
}

static s32 np_entry_pid(struct pid *pid)
{
	return in_task() ? pid_vnr(pid) : pid_nr(pid);
}

/**
 * np_entry_fill() - describe a binding and the reservation it belongs to
 * @e: the result
 * @b: the binding, in an np_part or an np_resv that is not wide
 * @asker: who asks, or NULL
 * @curious: whether whoever asks may know whose any reservation is
 *
 * Called under the lock of the shard that @b is in, or of its token's home.
 */
void np_entry_fill(struct netport_entry *e, struct np_bind *b, const struct np_user *asker,
		   bool curious)
{
	struct np_resv *r = np_bind_resv(b);
	struct netport_owner *owner = r->owner;
	/* What is of the reservation as a whole may have another lock. */
	u16 flags = READ_ONCE(r->bind.e.flags);
	bool wide = flags & NP_BIND_WIDE;

	curious |= asker == np_resv_user(r);
	memset(e, 0, sizeof(*e));
	np_entry_binding(&e->binding, b);
	e->token = r->token;
	e->owner = owner->id;
	e->uid = np_entry_uid(np_resv_user(r)->uid);
	e->options = np_entry_options(b->e.flags, flags);
	e->parts = wide ? READ_ONCE(np_resv_wide(r)->nparts) : 1;
	e->state = np_resv_state(r, flags);
	if (flags & NP_BIND_HELD)
		e->hold = max_t(s32, READ_ONCE(r->bind.until) - np_hold_now(), 0);
	if (curious) {
		e->pid = np_entry_pid(owner->pid);
		memcpy(e->comm, owner->comm, sizeof(e->comm));
	}

	if (curious) {
		spin_lock(&owner->lock);
		memcpy(e->owner_label, owner->label, sizeof(e->owner_label));
		if (wide)
			memcpy(e->label, np_resv_wide(r)->label, sizeof(e->label));
		spin_unlock(&owner->lock);
	}
}
EXPORT_SYMBOL_IF_KUNIT(np_entry_fill);

/* all of them */

/* Under one hold of a lock: so many buckets and tokens looked at, and so many entries. */
#define NP_LIST_STEP	64

/* As many tokens are put in order in one walk along a chain, which is seldom as long. */
#define NP_LIST_SORT	16

/* np_list_walk.nr: all parts of the token are done. */
#define NP_LIST_WHOLE	BIT_ULL(32)

struct np_list_found {
	u32			rhash;
	struct np_resv		*r;
};

/**
 * struct np_list_walk - a listing, and how far it has come
 * @nn: of what
 * @user: for whom
 * @owner: which of whose files it is for, or NULL
 * @list: the filters, and how much room there is in @entries
 * @entries: what was found
 * @n: how many
 * @curious: see np_entry_fill()
 * @low: the first port that is wanted,
 * @high: and the last one
 * @families: of the local address that is wanted, or 0: of any
 * @addr: this address, as np_addr.key has it
 * @shard: all tokens of the shards before are done, and in this one
 * @rhash: those with a hash that is less when its bits are reversed,
 * @token: with this hash those that are less,
 * @nr: and the parts of this one that have lower numbers
 * @looked: how many buckets and tokens were looked at under this hold of the lock
 * @tried: how many bindings the filters were asked about
 * @nfound: how many of @found
 * @found: what comes next, in order
 */
struct np_list_walk {
	struct np_net			*nn;
	const struct np_user		*user;
	const struct netport_owner	*owner;
	const struct netport_list	*list;
	struct netport_entry		*entries;
	u32				n;
	bool				curious;
	u16				low;
	u16				high;
	u8				families;
	struct in6_addr			addr;
	unsigned int			shard;
	u32				rhash;
	u64				token;
	u64				nr;
	unsigned int			looked;
	unsigned int			tried;
	unsigned int			nfound;
	struct np_list_found		found[NP_LIST_SORT];
};

static bool np_list_full(const struct np_list_walk *l)
{
	return l->n == l->list->count;
}

static u32 np_list_rhash(const struct np_list_walk *l, u64 token)
{
	return bitrev32(np_token_hash(l->nn, token));
}

/* Filters: of a reservation as a whole, and of its bindings. */

static bool np_list_wants(const struct np_list_walk *l, const struct np_resv *r)
{
	const struct netport_list *list = l->list;

	/* It hasn't reached its caller yet. */
	if (np_resv_is(r, NP_BIND_UNCHARGED))
		return false;
	/* One that is held is nobody's. */
	if (list->flags & NETPORT_LIST_MINE &&
	    (r->owner != l->owner || np_resv_is(r, NP_BIND_HELD)))
		return false;
	return !(list->flags & NETPORT_LIST_OWNER) || r->owner->id == list->owner;
}

static bool np_list_wants_bind(const struct np_list_walk *l, const struct np_bind *b)
{
	const struct netport_list *list = l->list;

	if (list->flags & NETPORT_LIST_PORT && b->e.port != list->port)
		return false;
	if (b->e.port < l->low || b->e.port > l->high)
		return false;
	if (l->families && (np_addr_families(b->addr) != l->families ||
			    !ipv6_addr_equal(&b->addr->key.addr, &l->addr)))
		return false;
	return !(list->flags & NETPORT_LIST_PROTOCOL) ||
	       b->addr->space->protocol == list->protocol;
}

/* False, and nothing done, if there is no room, or time to let go of the lock. */
static bool np_list_bind(struct np_list_walk *l, struct np_bind *b)
{
	if (np_list_full(l) || l->tried == NP_LIST_STEP)
		return false;
	l->tried++;
	if (np_list_wants_bind(l, b))
		np_entry_fill(&l->entries[l->n++], b, l->user, l->curious);
	return true;
}

/* All is done up to there. */

static void np_list_go(struct np_list_walk *l, unsigned int shard, u32 rhash)
{
	l->shard = shard;
	l->rhash = rhash;
	l->token = 0;
	l->nr = 0;
}

static void np_list_done(struct np_list_walk *l, const struct np_list_found *f, u64 nr)
{
	l->rhash = f->rhash;
	l->token = f->r->token;
	l->nr = nr;
}

static bool np_list_parts(struct np_list_walk *l, const struct np_list_found *f)
{
	u64 from = l->token == f->r->token ? l->nr : 0;
	struct np_part *p;

	list_for_each_entry(p, &np_resv_wide(f->r)->parts, link) {
		if (p->bind.nr < from)
			continue;
		if (!np_list_bind(l, &p->bind))
			return false;
		np_list_done(l, f, p->bind.nr + 1ULL);
	}
	return true;
}

static bool np_list_resv(struct np_list_walk *l, const struct np_list_found *f)
{
	bool done = true;

	if (np_list_wants(l, f->r))
		done = np_resv_is(f->r, NP_BIND_WIDE) ? np_list_parts(l, f) :
							np_list_bind(l, &f->r->bind);
	if (done)
		np_list_done(l, f, NP_LIST_WHOLE);
	return done;
}

static bool np_list_is_done(const struct np_list_walk *l, const struct np_list_found *f)
{
	if (f->rhash != l->rhash)
		return f->rhash < l->rhash;
	if (f->r->token != l->token)
		return f->r->token < l->token;
	return l->nr == NP_LIST_WHOLE;
}

static bool np_list_before(const struct np_list_found *a, const struct np_list_found *b)
{
	return a->rhash < b->rhash || (a->rhash == b->rhash && a->r->token < b->r->token);
}

/* Keeps the first ones of those that it is called with. */
static void np_list_insert(struct np_list_walk *l, const struct np_list_found *f)
{
	unsigned int i;

	for (i = l->nfound; i && np_list_before(f, &l->found[i - 1]); i--)
		if (i < NP_LIST_SORT)
			l->found[i] = l->found[i - 1];
	if (i < NP_LIST_SORT)
		l->found[i] = *f;
	if (l->nfound < NP_LIST_SORT)
		l->nfound++;
}

/* What comes next in a chain, up to @last. */
static void np_list_chain(struct np_list_walk *l, const struct hlist_head *head, u32 last)
{
	struct np_list_found f;

	hlist_for_each_entry(f.r, head, token_link) {
		l->looked++;
		f.rhash = np_list_rhash(l, f.r->token);
		if (f.rhash <= last && !np_list_is_done(l, &f))
			np_list_insert(l, &f);
	}
}

/*
 * What comes next in a bucket: of the larger table if there are two, for what is in one
 * bucket of that is in one bucket of the other.  False if it is time to stop.
 */
static bool np_list_bucket(struct np_list_walk *l, const struct np_hash *h)
{
	u32 hash = bitrev32(l->rhash), mask = h->tbl->mask, last;
	unsigned int i;

	if (h->old)
		mask |= h->old->mask;
	last = l->rhash | ~bitrev32(mask);
	l->looked++;
	l->nfound = 0;
	np_list_chain(l, &h->tbl->head[hash & h->tbl->mask], last);
	if (h->old)
		np_list_chain(l, &h->old->head[hash & h->old->mask], last);

	for (i = 0; i < l->nfound; i++)
		if (!np_list_resv(l, &l->found[i]))
			return false;
	/* The cursor is a token, so stop at one. */
	if (np_list_full(l))
		return false;
	/* Perhaps that was not all of the chain. */
	if (l->nfound == NP_LIST_SORT)
		return true;

	np_list_go(l, last == U32_MAX ? l->shard + 1 : l->shard, last + 1);
	return l->rhash;
}

/* As much of a shard as one hold of its lock is good for. */
static int np_list_shard(struct np_list_walk *l)
{
	struct np_net *nn = l->nn;
	struct np_shard *shard = &nn->shards[l->shard];
	int err = 0;

	l->looked = 0;
	l->tried = 0;
	spin_lock_bh(&shard->lock);
	if (READ_ONCE(nn->dead)) {
		err = -ENETDOWN;
	} else if (!shard->tokens.count) {
		np_list_go(l, l->shard + 1, 0);
	} else {
		while (l->looked < NP_LIST_STEP && np_list_bucket(l, &shard->tokens))
			;
	}
	spin_unlock_bh(&shard->lock);
	return err;
}

/*
 * The cursor: token, number of the part, and whether this is the end, where the other two
 * are zero.
 */
static int np_list_load(struct np_list_walk *l, const u64 cursor[3])
{
	u64 token = cursor[0], nr = cursor[1], end = cursor[2];

	l->shard = 0;
	l->rhash = 0;
	l->token = token;
	l->nr = nr;
	if (!token) {
		if (nr || end > 1)
			return -EINVAL;
		if (end)
			l->shard = NP_SHARDS;
		return 0;
	}
	/* No token has the number 0, or is of port 0. */
	if (!(token >> 16) || !(u16)token || !nr || nr > NP_LIST_WHOLE || end)
		return -EINVAL;
	l->shard = np_token_shard(l->nn, token) - l->nn->shards;
	l->rhash = np_list_rhash(l, token);
	return 0;
}

static void np_list_save(const struct np_list_walk *l, u64 cursor[3])
{
	cursor[0] = l->token;
	cursor[1] = l->nr;
	cursor[2] = l->shard == NP_SHARDS;
}

static int np_list_check(const struct netport_list *list)
{
	if (!list->count || list->flags & ~NP_LIST_ALL || list->__pad)
		return -EINVAL;
	if ((list->owner && !(list->flags & NETPORT_LIST_OWNER)) ||
	    (list->protocol && !(list->flags & NETPORT_LIST_PROTOCOL)) ||
	    (list->port && !(list->flags & NETPORT_LIST_PORT)) ||
	    ((list->low || list->high) && !(list->flags & NETPORT_LIST_RANGE)))
		return -EINVAL;
	return 0;
}

/* Ports and address, in the form that bindings have. */
static int np_list_filter(struct np_list_walk *l)
{
	const struct netport_list *list = l->list;
	/* A link-local address is none without a device; here it's of every one. */
	struct netport_binding b = { .families = list->families, .ifindex = 1 };
	struct np_want w;

	l->low = list->low;
	l->high = list->high ?: U16_MAX;
	if (l->low > l->high)
		return -EINVAL;
	if (!(list->flags & NETPORT_LIST_ADDR))
		return list->families || memchr_inv(list->addr, 0, sizeof(list->addr)) ?
		       -EINVAL : 0;
	memcpy(b.addr, list->addr, sizeof(b.addr));
	if (np_want_init(&w, NULL, &b, 0))
		return -EINVAL;
	l->families = w.families;
	l->addr = w.local;
	return 0;
}

static int np_list_walk(struct np_list_walk *l, struct netport_list *list)
{
	int err;

	err = np_list_check(list) ?: np_list_filter(l) ?: np_list_load(l, list->cursor);
	if (err)
		return err;
	if (READ_ONCE(l->nn->dead))
		return -ENETDOWN;
	while (l->shard < NP_SHARDS && !np_list_full(l)) {
		if (fatal_signal_pending(current))
			return -EINTR;
		err = np_list_shard(l);
		if (err)
			return err;
		cond_resched();
	}
	np_list_save(l, list->cursor);
	list->count = l->n;
	return 0;
}

/**
 * np_list_as() - np_list() for who has no file of /dev/netport
 * @nn: the namespace
 * @user: who asks
 * @list: as there; nothing is NETPORT_LIST_MINE
 * @entries: as there
 * @curious: as there
 *
 * Return: as np_list().
 */
int np_list_as(struct np_net *nn, const struct np_user *user, struct netport_list *list,
	       struct netport_entry *entries, bool curious)
{
	struct np_list_walk l = {
		.nn = nn, .user = user, .list = list, .entries = entries, .curious = curious,
	};

	return np_list_walk(&l, list);
}

/**
 * np_list() - list the reservations of a namespace, some at a time
 * @owner: who asks
 * @list: filters, cursor, and room in @entries; cursor and count are results
 * @entries: where to put them; in case of an error, there may be anything in it
 * @curious: whether the owner may know whose any reservation is
 *
 * From the first call to the one that has no more, each reservation that is there all
 * the time is listed once.  May sleep.
 *
 * Return: 0, -EINVAL, -ENETDOWN, or -EINTR if the caller was killed.
 */
int np_list(struct netport_owner *owner, struct netport_list *list,
	    struct netport_entry *entries, bool curious)
{
	struct np_list_walk l = {
		.nn = owner->nn, .user = owner->user, .owner = owner, .list = list,
		.entries = entries, .curious = curious,
	};

	return np_list_walk(&l, list);
}
EXPORT_SYMBOL_IF_KUNIT(np_list);
