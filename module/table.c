// SPDX-License-Identifier: GPL-2.0
/*
 * The table: what is bound where, whether something more fits, adding and removing it.
 * netport_priv.h has the picture.  Everything here is done under the lock of the shard.
 */
#include <kunit/visibility.h>
#include <linux/slab.h>
#include <net/ipv6.h>

#include "netport_priv.h"

/* where things are chained */

static u32 np_hash_port(const struct np_space *sp, u16 port)
{
	return np_mix(sp->rnd, port);
}

static u32 np_hash_node(const struct np_addr *a, u16 port)
{
	return np_mix(a->rnd, port);
}

static u32 np_hash_tuple(const struct np_addr *a, u16 port, const struct in6_addr *remote,
			 u16 rport)
{
	return __ipv6_addr_jhash(remote, a->rnd ^ ((u32)port << 16 | rport));
}

/* Everything that makes one binding of an owner differ from another. */
static u32 np_hash_member(const struct np_addr *a, u16 port, const struct in6_addr *remote,
			  u32 ifindex, u8 share, const struct netport_owner *owner)
{
	u32 hash = np_hash_tuple(a, port, remote, share);

	return np_mix(hash ^ hash_ptr(owner, 32), ifindex);
}

/**
 * np_entry_hash() - where an entry of the table is chained
 * @node: np_entry.chain
 *
 * Return: its hash.
 */
static u32 np_entry_hash(struct hlist_node *node)
{
	struct np_entry *e = hlist_entry(node, struct np_entry, chain);
	struct np_bind *b;

	switch (e->kind) {
	case NP_PORT:
		return np_hash_port(container_of(e, struct np_port, e)->space, e->port);
	case NP_GROUP:
		return np_hash_node(container_of(e, struct np_group, e)->addr, e->port);
	}
	b = np_entry_bind(e);
	switch (e->kind) {
	case NP_LONE:
		return np_hash_port(b->addr->space, e->port);
	case NP_NODE:
		return np_hash_node(b->addr, e->port);
	case NP_MEMBER:
		return np_hash_member(b->addr, e->port, &b->remote, b->ifindex, np_bind_asked(b),
				      np_bind_resv(b)->owner);
	default:
		return np_hash_tuple(b->addr, e->port, &b->remote, e->rport);
	}
}

static void np_chain(struct np_shard *shard, struct np_entry *e)
{
	np_hash_add(&shard->table, &e->chain, np_entry_hash(&e->chain), np_entry_hash);
}

static void np_unchain(struct np_shard *shard, struct np_entry *e)
{
	np_hash_del(&shard->table, &e->chain, np_entry_hash);
}

/* The NP_LONE or NP_PORT of a port; @hash is its np_hash_port(). */
static struct np_entry *np_find_port_at(struct np_shard *shard, const struct np_space *sp,
					u16 port, u32 hash)
{
	struct np_entry *e;

	np_hash_for_each_entry(e, &shard->table, hash, chain) {
		if (e->port != port)
			continue;
		if (e->kind == NP_LONE && np_entry_bind(e)->addr->space == sp)
			return e;
		if (e->kind == NP_PORT && container_of(e, struct np_port, e)->space == sp)
			return e;
	}
	return NULL;
}

static struct np_entry *np_find_port(struct np_shard *shard, const struct np_space *sp,
				     u16 port)
{
	return np_find_port_at(shard, sp, port, np_hash_port(sp, port));
}

/* The NP_NODE or NP_GROUP of an address, on a port that has an np_port. */
static struct np_entry *np_find_node(struct np_shard *shard, struct np_port *p,
				     const struct np_addr *a)
{
	u16 port = p->e.port;
	struct np_entry *e;

	if (a->any)
		return p->any[a->family];
	np_hash_for_each_entry(e, &shard->table, np_hash_node(a, port), chain) {
		if (e->port != port)
			continue;
		if (e->kind == NP_NODE && np_entry_bind(e)->addr == a)
			return e;
		if (e->kind == NP_GROUP && container_of(e, struct np_group, e)->addr == a)
			return e;
	}
	return NULL;
}

/**
 * np_bind_port() - the np_port of a binding
 * @shard: the shard of its port, locked
 * @b: the binding, which isn't alone on its port
 *
 * A pointer to it would make a reservation larger than two cache lines.
 *
 * Return: the np_port.
 */
struct np_port *np_bind_port(struct np_shard *shard, struct np_bind *b)
{
	return container_of(np_find_port(shard, b->addr->space, b->e.port), struct np_port, e);
}
EXPORT_SYMBOL_IF_KUNIT(np_bind_port);

/**
 * np_bind_group() - the np_group of a binding
 * @shard: the shard of its port, locked
 * @b: the binding, which isn't alone on its address
 *
 * Return: the np_group.
 */
struct np_group *np_bind_group(struct np_shard *shard, struct np_bind *b)
{
	return container_of(np_find_node(shard, np_bind_port(shard, b), b->addr),
			    struct np_group, e);
}
EXPORT_SYMBOL_IF_KUNIT(np_bind_group);

/* the flags of nodes */

static struct np_user *np_bind_user(struct np_bind *b)
{
	return np_resv_user(np_bind_resv(b));
}

/* The flags of a binding, as user @u sees them. */
static u8 np_bind_share(struct np_bind *b, const struct np_user *u)
{
	u8 share = b->e.share;

	if ((share & NETPORT_SHARE_LOAD_BALANCED) && np_bind_user(b) != u)
		share &= ~NETPORT_SHARE_LOAD_BALANCED;
	return share;
}

/* The flags that all bindings of a node have in common, as user @u sees them. */
static u8 np_node_share(struct np_entry *e, const struct np_user *u)
{
	if (e->kind == NP_GROUP)
		return np_sum_common(&container_of(e, struct np_group, e)->sum, u);
	return np_bind_share(np_entry_bind(e), u);
}

static bool np_node_narrow(struct np_entry *e)
{
	if (e->kind == NP_GROUP)
		return container_of(e, struct np_group, e)->narrow;
	return e->flags & NP_BIND_NARROW;
}

static struct np_bind *np_group_first(struct np_group *g)
{
	return list_first_entry(list_empty(&g->members) ? &g->tuples : &g->members,
				struct np_bind, link);
}

/* The user that a node's LOAD_BALANCED would be of, or NULL if it's a binding without. */
static struct np_user *np_node_user(struct np_entry *e)
{
	if (e->kind == NP_GROUP)
		return np_bind_user(np_group_first(container_of(e, struct np_group, e)));
	return e->share & NETPORT_SHARE_LOAD_BALANCED ? np_bind_user(np_entry_bind(e)) : NULL;
}

/*
 * Count a node of a specific address in its np_port, or stop counting it.  What it adds
 * depends on its bindings, so it is taken out before they change and put back after.
 */
static void np_port_count(struct np_port *p, u8 family, struct np_entry *node)
{
	struct np_user *u = np_node_user(node);

	np_sum_add(&p->sum[family], np_node_share(node, u), u);
	p->narrow[family] += np_node_narrow(node);
}

static void np_port_uncount(struct np_port *p, u8 family, struct np_entry *node)
{
	struct np_user *u = np_node_user(node);

	np_sum_sub(&p->sum[family], np_node_share(node, u), u);
	p->narrow[family] -= np_node_narrow(node);
}

/* does it fit? */

/**
 * struct np_check - a look at the bindings of one local address, one by one
 * @w: the request
 * @shared: that it shares with all of them is known already
 * @share: the flags that it and all bindings seen have in common
 * @overlap: whether one has been seen that overlaps
 * @last: the last one seen that overlaps
 * @listeners: whether only those are looked at that listen, and share without TUPLE_ONLY now
 */
struct np_check {
	struct np_want	*w;
	bool		shared;
	u8		share;
	bool		overlap;
	struct np_bind	*last;
	bool		listeners;
};

/* Look at one binding; true when the answer is known. */
static bool np_check_bind(struct np_check *c, struct np_bind *b)
{
	if (np_devices_meet(b->ifindex, c->w->ifindex) &&
	    np_remotes_meet(&b->remote, b->e.rport, &c->w->remote, c->w->rport)) {
		c->overlap = true;
		c->share &= np_bind_share(b, c->w->user);
		c->last = b;
	}
	return c->overlap && (c->shared || !c->share);
}

static bool np_check_counts(const struct np_check *c, const struct np_entry *e)
{
	return !c->listeners || (e->flags & NP_BIND_MUTED);
}

/* One of many: true when that is enough. */
static bool np_check_member(struct np_check *c, struct np_bind *b)
{
	return --c->w->left < 0 || (np_check_counts(c, &b->e) && np_check_bind(c, b));
}

static bool np_check_tuples(struct np_check *c, struct np_shard *shard, struct np_group *g)
{
	const struct np_want *w = c->w;
	u16 port = g->e.port;
	struct np_entry *e;
	struct np_bind *b;
	u32 hash;

	hash = np_hash_tuple(g->addr, port, &w->remote, w->rport);
	np_hash_for_each_entry(e, &shard->table, hash, chain) {
		if (e->kind != NP_TUPLE || e->port != port || e->rport != w->rport)
			continue;
		b = np_entry_bind(e);
		if (b->addr == g->addr && ipv6_addr_equal(&b->remote, &w->remote) &&
		    np_check_member(c, b))
			return true;
	}
	return false;
}

static noinline bool np_check_node(struct np_check *c, struct np_shard *shard, struct np_entry *e)
{
	struct np_group *g;
	struct np_bind *b;

	if (e->kind != NP_GROUP)
		return np_check_counts(c, e) && np_check_bind(c, np_entry_bind(e));

	g = container_of(e, struct np_group, e);
	list_for_each_entry(b, &g->members, link)
		if (np_check_member(c, b))
			return true;
	/* What has a remote with a port doesn't listen. */
	if (c->listeners)
		return false;
	if (c->w->flags & NP_BIND_FULL)
		return np_check_tuples(c, shard, g);
	list_for_each_entry(b, &g->tuples, link)
		if (np_check_member(c, b))
			return true;
	return false;
}

static int np_check_result(const struct np_check *c)
{
	if (c->w->left < 0)
		return -EDQUOT;
	if (!c->overlap)
		return NP_FIT_FREE;
	return c->share ? NP_FIT_SHARED : -EADDRINUSE;
}

/*
 * One local address, which has up to two nodes: an any-address of one family has its
 * own bindings and those of both families.
 */
static int np_check_addr(struct np_shard *shard, struct np_want *w, struct np_entry *n1,
			 struct np_entry *n2, bool exact)
{
	struct np_check c = { .w = w, .share = w->share };
	u8 share = w->share;

	if (!n1 && !n2)
		return NP_FIT_FREE;
	if (n1)
		share &= np_node_share(n1, w->user);
	if (n2)
		share &= np_node_share(n2, w->user);

	/* All bindings overlap; or they share with this one whether they do or not. */
	if (!(w->flags & NP_BIND_NARROW) ||
	    !((n1 && np_node_narrow(n1)) || (n2 && np_node_narrow(n2))))
		return share ? NP_FIT_SHARED : -EADDRINUSE;
	if (share && !exact)
		return NP_FIT_SHARED;

	c.shared = share;
	if (!(n1 && np_check_node(&c, shard, n1)) && n2)
		np_check_node(&c, shard, n2);
	return np_check_result(&c);
}

/* All specific addresses of a family, against a request for the any-address. */
static noinline int np_check_nodes(struct np_shard *shard, struct np_want *w, struct np_port *p,
				   u8 family, bool exact)
{
	int err, fit = NP_FIT_FREE;
	struct np_entry *e;
	struct np_bind *b;
	bool each;

	if (list_empty(&p->nodes[family]))
		return NP_FIT_FREE;
	each = np_sum_each(&p->sum[family], w->share, w->user);
	if (!(w->flags & NP_BIND_NARROW) || !p->narrow[family])
		return each ? NP_FIT_SHARED : -EADDRINUSE;
	if (each && !exact)
		return NP_FIT_SHARED;

	/* A node is an np_bind or an np_group, which have entry and link in one place. */
	static_assert(offsetof(struct np_bind, link) - offsetof(struct np_bind, e) ==
		      offsetof(struct np_group, link) - offsetof(struct np_group, e));
	list_for_each_entry(b, &p->nodes[family], link) {
		e = &b->e;
		if (--w->left < 0)
			return -EDQUOT;
		err = np_check_addr(shard, w, e, NULL, exact);
		if (err < 0)
			return err;
		fit = max(fit, err);
		if (each && fit == NP_FIT_SHARED)
			break;
	}
	return fit;
}

/* Is the whole port held?  Then by an any-address of both families. */
static noinline bool np_check_closed(struct np_check *c, struct np_entry *e)
{
	struct np_bind *b;

	if (e->kind == NP_PORT)
		e = container_of(e, struct np_port, e)->any[NP_ANY_BOTH];
	if (!e)
		return false;
	if (e->kind != NP_GROUP)
		return e->flags & NP_BIND_CLOSED && np_check_bind(c, np_entry_bind(e));
	list_for_each_entry(b, &container_of(e, struct np_group, e)->members, link)
		if (b->e.flags & NP_BIND_CLOSED)
			return np_check_member(c, b);
		else if (--c->w->left < 0)
			return true;
	return false;
}

/* Is there one, and does it agree in the whole tuple? */
static int np_check_tuple(struct np_check *c, struct np_shard *shard, struct np_entry *e)
{
	const struct np_want *w = c->w;
	struct np_bind *b;

	if (e && np_check_closed(c, e))
		return np_check_result(c);

	if (e && e->kind == NP_PORT)
		e = w->addr ? np_find_node(shard, container_of(e, struct np_port, e), w->addr)
			    : NULL;
	if (!e)
		return NP_FIT_FREE;
	if (e->kind == NP_GROUP) {
		np_check_tuples(c, shard, container_of(e, struct np_group, e));
	} else {
		b = np_entry_bind(e);
		if (b->addr == w->addr && e->rport == w->rport &&
		    ipv6_addr_equal(&b->remote, &w->remote))
			np_check_bind(c, b);
	}
	return np_check_result(c);
}

static noinline int np_fit_tuple(struct np_shard *shard, struct np_want *w, struct np_entry *e)
{
	struct np_check c = { .w = w, .share = w->share };

	return np_check_tuple(&c, shard, e);
}

static bool np_families_meet(const struct np_addr *a, const struct np_want *w)
{
	if (a->family == NP_ANY_BOTH)
		return true;
	return w->families & BIT(a->family);
}

/* The only binding on the port. */
static int np_check_lone(struct np_want *w, struct np_bind *b)
{
	struct np_check c = { .w = w, .share = w->share };

	if (!np_families_meet(b->addr, w) ||
	    (b->addr != w->addr && !b->addr->any && w->any < 0))
		return NP_FIT_FREE;
	np_check_bind(&c, b);
	return np_check_result(&c);
}

/**
 * np_table_check() - would a binding fit?
 * @shard: the shard of its port, locked
 * @w: the binding; with its space and its address if there are such.  Its left is used up
 * @exact: whether NP_FIT_SHARED and NP_FIT_FREE must be told apart; else NP_FIT_SHARED
 *	may be said where nothing overlaps
 *
 * What is on the port is left in @w->at and @w->hash, for np_table_link_at() under the same hold
 * of the lock.
 *
 * Return: enum np_fit, -EADDRINUSE or -EDQUOT.
 */
int np_table_check(struct np_shard *shard, struct np_want *w, bool exact)
{
	int fit = NP_FIT_FREE, err;
	struct np_entry *e, *node;
	struct np_port *p;
	u8 family;

	lockdep_assert_held(&shard->lock);
	w->at = NULL;
	if (!w->space)
		return NP_FIT_FREE;
	w->hash = np_hash_port(w->space, w->port);
	e = np_find_port_at(shard, w->space, w->port, w->hash);
	w->at = e;
	if (!e)
		return NP_FIT_FREE;
	if (w->flags & NP_BIND_OPTTUPLE)
		return np_fit_tuple(shard, w, e);
	if (e->kind == NP_LONE)
		return np_check_lone(w, np_entry_bind(e));

	p = container_of(e, struct np_port, e);
	if (w->any < 0 && w->addr) {
		node = np_find_node(shard, p, w->addr);
		fit = np_check_addr(shard, w, node, NULL, exact);
		if (fit < 0)
			return fit;
	}
	for (family = 0; family < NP_FAMILIES; family++) {
		if (!(w->families & BIT(family)))
			continue;
		err = np_check_addr(shard, w, p->any[family], p->any[NP_ANY_BOTH], exact);
		if (err < 0)
			return err;
		fit = max(fit, err);
		if (w->any < 0)
			continue;
		err = np_check_nodes(shard, w, p, family, exact);
		if (err < 0)
			return err;
		fit = max(fit, err);
	}
	return fit;
}
EXPORT_SYMBOL_IF_KUNIT(np_table_check);

/* who is in the way */

/* One local address: the binding at which nothing was left in common, or NULL. */
static struct np_bind *np_blocker_addr(struct np_shard *shard, struct np_want *w,
				       struct np_entry *n1, struct np_entry *n2, bool listeners)
{
	struct np_check c = { .w = w, .share = w->share, .listeners = listeners };

	if (!(n1 && np_check_node(&c, shard, n1)) && n2)
		np_check_node(&c, shard, n2);
	return c.overlap && !c.share ? c.last : NULL;
}

static struct np_bind *np_blocker_nodes(struct np_shard *shard, struct np_want *w,
					struct np_port *p, u8 family, bool listeners)
{
	struct np_bind *b, *blocker;

	/* What may be an np_group as well, see np_check_nodes(). */
	list_for_each_entry(b, &p->nodes[family], link) {
		blocker = --w->left < 0 ? NULL : np_blocker_addr(shard, w, &b->e, NULL, listeners);
		if (blocker || w->left < 0)
			return blocker;
	}
	return NULL;
}

/* On a port that has more than one binding. */
static struct np_bind *np_blocker_port(struct np_shard *shard, struct np_want *w,
				       struct np_port *p, bool listeners)
{
	struct np_bind *blocker = NULL;
	struct np_entry *node;
	u8 family;

	node = w->any < 0 && w->addr ? np_find_node(shard, p, w->addr) : NULL;
	if (node)
		blocker = np_blocker_addr(shard, w, node, NULL, listeners);
	for (family = 0; family < NP_FAMILIES && !blocker; family++) {
		if (!(w->families & BIT(family)))
			continue;
		blocker = np_blocker_addr(shard, w, p->any[family], p->any[NP_ANY_BOTH],
					  listeners);
		if (!blocker && w->any >= 0)
			blocker = np_blocker_nodes(shard, w, p, family, listeners);
	}
	return blocker;
}

/**
 * np_table_blocker() - what is in the way of a binding?
 * @shard: the shard of its port, locked
 * @w: the binding, which np_table_check() has refused
 *
 * Return: the binding that makes it not fit; NULL if looking for it would take more than
 * NP_COMPARE_MAX comparisons.
 */
struct np_bind *np_table_blocker(struct np_shard *shard, struct np_want *w)
{
	struct np_check tuple = { .w = w, .share = w->share };
	struct np_entry *e;

	lockdep_assert_held(&shard->lock);
	w->left = NP_COMPARE_MAX;
	e = w->space ? np_find_port(shard, w->space, w->port) : NULL;
	if (!e)
		return NULL;
	if (e->kind == NP_LONE)
		return np_entry_bind(e);
	if (w->flags & NP_BIND_OPTTUPLE) {
		np_check_tuple(&tuple, shard, e);
		return tuple.last;
	}
	return np_blocker_port(shard, w, container_of(e, struct np_port, e), false);
}
EXPORT_SYMBOL_IF_KUNIT(np_table_blocker);

/**
 * np_table_listeners() - is a listener in the way of one more?
 * @shard: the shard of its port, locked
 * @w: a binding that is in the table, and doesn't listen yet.  Its left is used up
 *
 * Who doesn't listen is in nobody's way.
 *
 * Return: 0, -EADDRINUSE: one that shares nothing but TUPLE_ONLY with it, or -EDQUOT.
 */
int np_table_listeners(struct np_shard *shard, struct np_want *w)
{
	struct np_bind *blocker;
	struct np_entry *e;

	lockdep_assert_held(&shard->lock);
	e = np_find_port(shard, w->space, w->port);
	if (e->kind == NP_LONE)
		return 0;
	blocker = np_blocker_port(shard, w, container_of(e, struct np_port, e), true);
	if (w->left < 0)
		return -EDQUOT;
	return blocker ? -EADDRINUSE : 0;
}

/* memory */

static struct kmem_cache *np_port_cache;
static struct kmem_cache *np_group_cache;

/*
 * When they leave the table nothing is counted in them and nothing linked, as it was when they
 * were constructed.  So nothing is cleared when they are allocated, which is dear.
 */
static void np_port_construct(void *port)
{
	struct np_port *p = port;
	unsigned int i;

	memset(p, 0, sizeof(*p));
	p->e.kind = NP_PORT;
	for (i = 0; i < NP_FAMILIES; i++)
		INIT_LIST_HEAD(&p->nodes[i]);
}

static void np_group_construct(void *group)
{
	struct np_group *g = group;

	memset(g, 0, sizeof(*g));
	g->e.kind = NP_GROUP;
	INIT_LIST_HEAD(&g->members);
	INIT_LIST_HEAD(&g->tuples);
}

static void np_port_free(struct rcu_head *rcu)
{
	kmem_cache_free(np_port_cache, container_of(rcu, struct np_port, e.rcu));
}

static void np_group_free(struct rcu_head *rcu)
{
	kmem_cache_free(np_group_cache, container_of(rcu, struct np_group, e.rcu));
}

/**
 * np_spare_fill() - allocate what linking needed
 * @spare: where it was missing
 * @gfp: for it
 *
 * Return: 0 or -ENOMEM.
 */
noinline int np_spare_fill(struct np_spare *spare, gfp_t gfp)
{
	/* Cleared would not be as it was constructed. */
	gfp &= ~__GFP_ZERO;
	if (spare->need_port && !spare->port) {
		spare->port = kmem_cache_alloc(np_port_cache, gfp);
		if (!spare->port)
			return -ENOMEM;
	}
	if (spare->need_group && !spare->group) {
		spare->group = kmem_cache_alloc(np_group_cache, gfp);
		if (!spare->group)
			return -ENOMEM;
	}
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(np_spare_fill);

/**
 * np_spare_drop() - free what was not used
 * @spare: it
 */
void np_spare_drop(struct np_spare *spare)
{
	if (spare->port)
		kmem_cache_free(np_port_cache, spare->port);
	if (spare->group)
		kmem_cache_free(np_group_cache, spare->group);
}
EXPORT_SYMBOL_IF_KUNIT(np_spare_drop);

/* Is something missing, and can't be had at once? */
static bool np_spare_lacks(struct np_spare *spare)
{
	if (likely((!spare->need_port || spare->port) && (!spare->need_group || spare->group)))
		return false;
	return !spare->now || np_spare_fill(spare, spare->now);
}

void np_table_exit(void)
{
	/* For these, and for the addresses and spaces of namespaces that are gone. */
	rcu_barrier();
	kmem_cache_destroy(np_port_cache);
	kmem_cache_destroy(np_group_cache);
}

int np_table_init(void)
{
	np_port_cache = kmem_cache_create("np_port", sizeof(struct np_port), 0, 0,
					  np_port_construct);
	np_group_cache = kmem_cache_create("np_group", sizeof(struct np_group), 0, 0,
					   np_group_construct);
	if (np_port_cache && np_group_cache)
		return 0;
	np_table_exit();
	return -ENOMEM;
}

/* adding and removing */

/* The node of an address in an np_port: put there, and taken away. */
static void np_node_link(struct np_shard *shard, struct np_port *p,
			 const struct np_addr *a, struct np_entry *node,
			 struct list_head *link)
{
	if (a->any) {
		p->any[a->family] = node;
		return;
	}
	np_hash_add(&shard->table, &node->chain, np_hash_node(a, node->port), np_entry_hash);
	list_add_tail(link, &p->nodes[a->family]);
	np_port_count(p, a->family, node);
}

static void np_node_unlink(struct np_shard *shard, struct np_port *p,
			   const struct np_addr *a, struct np_entry *node,
			   struct list_head *link)
{
	if (a->any) {
		p->any[a->family] = NULL;
		return;
	}
	np_port_uncount(p, a->family, node);
	list_del(link);
	np_unchain(shard, node);
}

static void np_group_join(struct np_shard *shard, struct np_group *g, struct np_bind *b)
{
	bool full = b->e.flags & NP_BIND_FULL;

	b->e.kind = full ? NP_TUPLE : NP_MEMBER;
	list_add_tail(&b->link, full ? &g->tuples : &g->members);
	np_chain(shard, &b->e);
	np_sum_add(&g->sum, b->e.share, np_bind_user(b));
	g->total++;
	g->narrow += !!(b->e.flags & NP_BIND_NARROW);
}

static void np_group_leave(struct np_shard *shard, struct np_group *g, struct np_bind *b)
{
	list_del(&b->link);
	np_unchain(shard, &b->e);
	np_sum_sub(&g->sum, b->e.share, np_bind_user(b));
	g->total--;
	g->narrow -= !!(b->e.flags & NP_BIND_NARROW);
}

static void np_port_add(struct np_shard *shard, struct np_port *p, struct np_bind *b)
{
	b->e.kind = NP_NODE;
	np_node_link(shard, p, b->addr, &b->e, &b->link);
}

/* A port's second binding: an np_port takes the place of the first. */
static noinline __flatten struct np_port *np_port_make(struct np_shard *shard,
						       struct np_bind *first,
						       struct np_spare *spare)
{
	struct np_port *p = spare->port;

	spare->port = NULL;
	p->e.port = first->e.port;
	p->space = first->addr->space;

	/* Their hash is the same. */
	hlist_replace_rcu(&first->e.chain, &p->e.chain);
	np_port_add(shard, p, first);
	return p;
}

/* An address' second binding on a port: an np_group takes the place of the first. */
static noinline struct np_group *np_group_make(struct np_shard *shard, struct np_port *p,
					       struct np_bind *first, struct np_spare *spare)
{
	struct np_group *g = spare->group;

	spare->group = NULL;
	g->e.port = first->e.port;
	g->addr = first->addr;
	g->port = p;

	np_node_unlink(shard, p, first->addr, &first->e, &first->link);
	np_group_join(shard, g, first);
	np_node_link(shard, p, g->addr, &g->e, &g->link);
	return g;
}

static noinline void np_group_add(struct np_shard *shard, struct np_group *g, struct np_bind *b)
{
	bool counted = !g->addr->any;

	if (counted)
		np_port_uncount(g->port, g->addr->family, &g->e);
	np_group_join(shard, g, b);
	if (counted)
		np_port_count(g->port, g->addr->family, &g->e);
}

/* Is something of a specific address of this family bound on the port? */
static bool np_port_used(struct np_entry *e, u8 family)
{
	struct np_addr *a;

	if (!e)
		return false;
	if (e->kind == NP_PORT)
		return !list_empty(&container_of(e, struct np_port, e)->nodes[family]);
	a = np_entry_bind(e)->addr;
	return !a->any && a->family == family;
}

/* Are there as many equal tuples in a group as anybody may have to look at? */
static noinline bool np_group_crowded(struct np_shard *shard, struct np_group *g,
				      const struct np_bind *b)
{
	unsigned int n = 0;
	struct np_entry *e;
	u32 hash;

	hash = np_hash_tuple(g->addr, b->e.port, &b->remote, b->e.rport);
	np_hash_for_each_entry(e, &shard->table, hash, chain) {
		if (e->kind == NP_TUPLE && e->port == b->e.port && e->rport == b->e.rport &&
		    ipv6_addr_equal(&np_entry_bind(e)->remote, &b->remote) &&
		    np_entry_bind(e)->addr == g->addr && ++n == NP_COMPARE_MAX)
			return true;
	}
	return false;
}

/**
 * np_table_link_at() - put a binding into the table
 * @shard: the shard of its port, locked
 * @b: the binding, which np_table_check() has found to fit
 * @e: what it has found on the port
 * @hash: where
 * @spare: what may be needed; what was not is left
 *
 * Return: 0; -EDQUOT if NP_COMPARE_MAX tuples are equal to it; -EAGAIN if something is
 * needed that np_spare_fill(), np_addr_prepare() of the address or np_occ_prepare() of
 * np_space.used gives.  On an error nothing has changed.
 */
int np_table_link_at(struct np_shard *shard, struct np_bind *b, struct np_entry *e, u32 hash,
		     struct np_spare *spare)
{
	struct np_addr *a = b->addr;
	struct np_space *sp = a->space;
	struct np_entry *node = NULL;
	u16 port = b->e.port;
	struct np_port *p = NULL;

	lockdep_assert_held(&shard->lock);
	if (e && e->kind == NP_LONE) {
		if (np_entry_bind(e)->addr == a)
			node = e;
	} else if (e) {
		p = container_of(e, struct np_port, e);
		node = np_find_node(shard, p, a);
	}

	if (node && node->kind == NP_GROUP && (b->e.flags & NP_BIND_FULL) &&
	    np_group_crowded(shard, container_of(node, struct np_group, e), b))
		return -EDQUOT;
	spare->need_port = e && !p;
	spare->need_group = node && node->kind != NP_GROUP;
	if (np_spare_lacks(spare))
		return -EAGAIN;
	if (!a->any && !np_occ_ready(&sp->used[a->family], port))
		return -EAGAIN;
	if (!node && !np_addr_set(a, port))
		return -EAGAIN;
	if (!a->any && !np_port_used(e, a->family))
		np_occ_set(&sp->used[a->family], port);
	/* Whoever begins to look from now on sees these. */
	write_seqcount_invalidate(&shard->taken);

	if (!e) {
		b->e.kind = NP_LONE;
		np_hash_add(&shard->table, &b->e.chain, hash, np_entry_hash);
		return 0;
	}
	if (!p)
		p = np_port_make(shard, np_entry_bind(e), spare);
	if (!node)
		np_port_add(shard, p, b);
	else if (node->kind == NP_GROUP)
		np_group_add(shard, container_of(node, struct np_group, e), b);
	else
		np_group_add(shard, np_group_make(shard, p, np_entry_bind(node), spare), b);
	return 0;
}

/**
 * np_table_link() - np_table_link_at(), where more than np_table_check() came before
 * @shard: the shard of its port, locked
 * @b: the binding, which np_table_check() has found to fit
 * @spare: what may be needed; what was not is left
 *
 * Return: as np_table_link_at().
 */
int np_table_link(struct np_shard *shard, struct np_bind *b, struct np_spare *spare)
{
	u32 hash = np_hash_port(b->addr->space, b->e.port);
	struct np_entry *e = np_find_port_at(shard, b->addr->space, b->e.port, hash);

	return np_table_link_at(shard, b, e, hash, spare);
}
EXPORT_SYMBOL_IF_KUNIT(np_table_link);

/* Take a node out of its np_port, and the np_port away with the last one. */
static void np_port_del(struct np_shard *shard, struct np_port *p, struct np_addr *a,
			struct np_entry *node, struct list_head *link)
{
	unsigned int i;

	np_node_unlink(shard, p, a, node, link);
	if (!a->any) {
		if (!list_empty(&p->nodes[a->family]))
			return;
		np_occ_clear(&a->space->used[a->family], p->e.port);
	}
	for (i = 0; i < NP_ANYS; i++)
		if (p->any[i])
			return;
	for (i = 0; i < NP_FAMILIES; i++)
		if (!list_empty(&p->nodes[i]))
			return;
	np_unchain(shard, &p->e);
	/* Not under the lock: freeing it may give thousands of pages back. */
	call_rcu(&p->e.rcu, np_port_free);
}

static noinline void np_group_del(struct np_shard *shard, struct np_bind *b)
{
	struct np_group *g = np_bind_group(shard, b);
	struct np_addr *a = b->addr;

	if (g->total == 1) {
		np_port_del(shard, g->port, a, &g->e, &g->link);
		np_group_leave(shard, g, b);
		np_addr_clear(a, b->e.port);
		call_rcu(&g->e.rcu, np_group_free);
		return;
	}
	if (!a->any)
		np_port_uncount(g->port, a->family, &g->e);
	np_group_leave(shard, g, b);
	if (!a->any)
		np_port_count(g->port, a->family, &g->e);
}

/**
 * np_table_unlink() - take a binding out of the table
 * @shard: the shard of its port, locked
 * @b: the binding
 */
void np_table_unlink(struct np_shard *shard, struct np_bind *b)
{
	struct np_addr *a = b->addr;

	lockdep_assert_held(&shard->lock);
	/* Whoever sees a port become free sees that the lock is held, see np_resv_open(). */
	smp_wmb();
	switch (b->e.kind) {
	case NP_LONE:
		np_unchain(shard, &b->e);
		np_addr_clear(a, b->e.port);
		if (!a->any)
			np_occ_clear(&a->space->used[a->family], b->e.port);
		break;
	case NP_NODE:
		np_port_del(shard, np_bind_port(shard, b), a, &b->e, &b->link);
		np_addr_clear(a, b->e.port);
		break;
	default:
		np_group_del(shard, b);
	}
	b->e.kind = NP_UNBOUND;
}
EXPORT_SYMBOL_IF_KUNIT(np_table_unlink);

/* Is this all of a reservation?  A set isn't named by what it has, nor a block by what is left. */
static bool np_bind_whole(struct np_bind *b)
{
	struct np_resv *r = np_bind_resv(b);

	/* Nor is what has ended, or hasn't reached its caller yet. */
	if (np_resv_is(r, NP_BIND_HELD | NP_BIND_UNCHARGED))
		return false;
	return !np_resv_is(r, NP_BIND_WIDE) ||
	       (READ_ONCE(np_resv_wide(r)->nparts) == 1 && np_resv_wide(r)->count == 1);
}

/**
 * np_table_suspend() - leave a binding where it is, but count it no more
 * @shard: the shard of its port, locked
 * @b: the binding
 *
 * Until np_table_resume(), under the same hold of the lock, its owner and its share flags
 * may be changed; nothing else may be done to the table but suspend others.
 */
void np_table_suspend(struct np_shard *shard, struct np_bind *b)
{
	struct np_addr *a = b->addr;
	struct np_group *g;

	lockdep_assert_held(&shard->lock);
	if (b->e.kind == NP_NODE && !a->any)
		np_port_uncount(np_bind_port(shard, b), a->family, &b->e);
	if (b->e.kind != NP_MEMBER && b->e.kind != NP_TUPLE)
		return;
	g = np_bind_group(shard, b);
	if (!a->any)
		np_port_uncount(g->port, a->family, &g->e);
	np_group_leave(shard, g, b);
	if (!a->any && g->total)
		np_port_count(g->port, a->family, &g->e);
}
EXPORT_SYMBOL_IF_KUNIT(np_table_suspend);

/**
 * np_table_resume() - count a binding again
 * @shard: the shard of its port, locked
 * @b: the binding
 */
void np_table_resume(struct np_shard *shard, struct np_bind *b)
{
	struct np_addr *a = b->addr;
	struct np_group *g;

	lockdep_assert_held(&shard->lock);
	if (b->e.kind == NP_NODE && !a->any)
		np_port_count(np_bind_port(shard, b), a->family, &b->e);
	if (b->e.kind != NP_MEMBER && b->e.kind != NP_TUPLE)
		return;
	g = np_bind_group(shard, b);
	if (!a->any && g->total)
		np_port_uncount(g->port, a->family, &g->e);
	np_group_join(shard, g, b);
	if (!a->any)
		np_port_count(g->port, a->family, &g->e);
}
EXPORT_SYMBOL_IF_KUNIT(np_table_resume);

/**
 * np_table_replace() - put a binding in the place of an equal one
 * @shard: the shard of the port, locked
 * @old: the binding in the table, which is in no table afterwards
 * @new: the other; of the same owner, with the same content
 */
void np_table_replace(struct np_shard *shard, struct np_bind *old, struct np_bind *new)
{
	struct np_addr *a = old->addr;

	lockdep_assert_held(&shard->lock);
	new->e.kind = old->e.kind;
	if (old->e.kind == NP_NODE && a->any) {
		np_bind_port(shard, old)->any[a->family] = &new->e;
	} else {
		hlist_replace_rcu(&old->e.chain, &new->e.chain);
		if (old->e.kind != NP_LONE)
			list_replace(&old->link, &new->link);
	}
	old->e.kind = NP_UNBOUND;
}
EXPORT_SYMBOL_IF_KUNIT(np_table_replace);

/**
 * np_bind_named() - is a binding what an owner made with this request, and all of it?
 * @b: the binding
 * @w: the request, with its address
 * @owner: the owner
 */
bool np_bind_named(struct np_bind *b, const struct np_want *w, const struct netport_owner *owner)
{
	return b->addr == w->addr && b->e.port == w->port && b->e.rport == w->rport &&
	       np_bind_asked(b) == w->share && b->ifindex == w->ifindex &&
	       ipv6_addr_equal(&b->remote, &w->remote) &&
	       !((b->e.flags ^ w->flags) & NP_BIND_OPTTUPLE) &&
	       np_bind_resv(b)->owner == owner && np_bind_whole(b);
}

/**
 * np_table_find() - the binding that an owner made with this request
 * @shard: the shard of its port, locked
 * @w: the request, with its address
 * @owner: the owner
 *
 * Return: the binding, one of them if several are equal, NULL if there is none, or -EDQUOT as an
 * ERR_PTR, if NP_COMPARE_MAX that are chained together aren't it: what the owner has released with
 * a hold, or parts of sets.
 */
struct np_bind *np_table_find(struct np_shard *shard, const struct np_want *w,
			      const struct netport_owner *owner)
{
	unsigned int left = NP_COMPARE_MAX;
	struct np_addr *a = w->addr;
	struct np_entry *e;
	u32 hash;

	lockdep_assert_held(&shard->lock);
	e = np_find_port(shard, a->space, w->port);
	if (e && e->kind == NP_PORT)
		e = np_find_node(shard, container_of(e, struct np_port, e), a);
	if (!e)
		return NULL;
	if (e->kind != NP_GROUP)
		return np_bind_named(np_entry_bind(e), w, owner) ? np_entry_bind(e) : NULL;

	hash = w->flags & NP_BIND_FULL ?
	       np_hash_tuple(a, w->port, &w->remote, w->rport) :
	       np_hash_member(a, w->port, &w->remote, w->ifindex, w->share, owner);
	np_hash_for_each_entry(e, &shard->table, hash, chain) {
		if ((e->kind == NP_MEMBER || e->kind == NP_TUPLE) &&
		    np_bind_named(np_entry_bind(e), w, owner))
			return np_entry_bind(e);
		if (!left--)
			return ERR_PTR(-EDQUOT);
	}
	return NULL;
}
EXPORT_SYMBOL_IF_KUNIT(np_table_find);
