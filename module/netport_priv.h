/* SPDX-License-Identifier: GPL-2.0 */
/*
 * netport - what the module's files share
 *
 * Objects
 * -------
 * netport_owner	an open file of /dev/netport, or a kernel-resident stack
 * np_resv		a reservation: a token of one owner, and what it claims
 * np_bind		what a reservation claims, as an entry of the table
 * np_net		everything of one network namespace; survives the namespace
 *			until the last owner is gone
 * np_shard		1/NP_SHARDS of the ports of a namespace: a lock, the table of
 *			what is bound on these ports, and the tokens given out there
 * np_space		one protocol in one namespace
 * np_addr		one local address in one space, and which of its ports are taken
 * np_user		one uid, over all namespaces
 *
 * The table
 * ---------
 * Everything that can conflict has the same namespace and port, so one shard lock
 * covers any question that the share rule asks.  A shard finds what is bound on a
 * (space, port) in one step, and what that is depends on how much there is:
 *
 *   one binding	the binding itself (NP_LONE); nothing else is allocated
 *   several		an np_port, with one node for each local address:
 *     one binding	the binding itself (NP_NODE)
 *     several		an np_group, with the bindings as its members (NP_MEMBER, and
 *			NP_TUPLE for those with a full remote, which the table finds
 *			by it)
 *
 * np_port and np_group keep sums (np_sum) of the share flags below them, so that the
 * share rule needs no look at each binding, however many share a port.  Only where
 * devices or remotes make some overlap and others not, bindings are compared one by
 * one, at most NP_COMPARE_MAX in a request.
 *
 * Which ports are free is asked of bitmaps (np_occ), one for each local address, one
 * for each kind of any-address and one for each family as a whole; a pick reads them
 * without a lock, and the shard lock decides.
 *
 * Locks, in this order
 * --------------------
 * np_shard.lock	all np_bind, np_port and np_group of the shard's ports, its
 *			tables and tokens, and the words of all np_occ for its ports.
 *			Bottom halves off
 * netport_owner.lock	the owner's list of reservations
 * np_addr.lock		the array np_addr.few, and the change from it to np_addr.occ
 *
 * xa_lock of np_net.spaces, np_net.addr_lock: birth, idleness and death of spaces and
 * addresses; taken with no shard lock held.  An np_space or np_addr is looked up under RCU and
 * then held by its count, never by a lock.  np_user: users_lock in user.c.
 *
 * np_net.dead is set in pre_exit, when RCU readers may still look at np_net.net; under
 * a shard lock it says whether the shard has been, or is about to be, emptied.
 */
#ifndef _NETPORT_PRIV_H
#define _NETPORT_PRIV_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/hash.h>
#include <linux/in6.h>
#include <linux/list.h>
#include <linux/netport.h>
#include <linux/refcount.h>
#include <linux/rhashtable.h>
#include <linux/spinlock.h>
#include <linux/uidgid.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#define NP_FAMILY_ALL	(NETPORT_FAMILY_IPV4 | NETPORT_FAMILY_IPV6)
#define NP_SHARE_ALL	(NETPORT_SHARE_LOAD_BALANCED | NETPORT_SHARE_MOST_RECENT | \
			 NETPORT_SHARE_TUPLE_ONLY)

/* A word of an np_occ belongs to one shard: NP_WORD_PORTS ports that lie together. */
#define NP_WORD_PORTS	64
#define NP_WORDS	(65536 / NP_WORD_PORTS)
#define NP_SHARDS	64

#define NP_COMPARE_MAX	4096

#define NP_IDLE_ADDRS	64

#define NP_RANGE_LOW	16000
#define NP_RANGE_HIGH	65535

/* family numbers, as index */
enum { NP_V4, NP_V6, NP_FAMILIES };

/* the any-addresses, as index: of one family, and of both at once */
enum { NP_ANY_BOTH = NP_FAMILIES, NP_ANYS };

/* The buckets of a hash table. */
struct np_hash_tbl {
	struct rcu_head		rcu;
	u32			mask;
	struct hlist_head	head[];
};

#define NP_HASH_FIRST	8

/**
 * struct np_hash - a hash table that grows and shrinks in small steps
 * @tbl: where new entries go
 * @old: the table before, while entries are moved out of it
 * @moved: how many buckets of @old are empty for good
 * @count: entries
 * @first: the smallest table, for which nothing is allocated
 *
 * Protected by the lock of the shard it is in.
 */
struct np_hash {
	struct np_hash_tbl	*tbl;
	struct np_hash_tbl	*old;
	u32			moved;
	u32			count;
	struct {
		struct np_hash_tbl	tbl;
		struct hlist_head	head[NP_HASH_FIRST];
	} first;
};

struct np_shard {
	spinlock_t		lock;		/* see "Locks" above */
	u64			seq;		/* last token's upper part */
	struct np_hash		table;		/* np_entry */
	struct np_hash		tokens;		/* np_resv.token_link */
} ____cacheline_aligned_in_smp;

#define NP_CHUNKS	16
#define NP_CHUNK_WORDS	(NP_WORDS / NP_CHUNKS)

/**
 * struct np_occ - which of 65536 ports are taken, in chunks allocated when needed
 * @chunk: a chunk stays until the whole np_occ goes
 * @full: for each chunk, which of its words have every port taken
 */
struct np_occ {
	u64			*chunk[NP_CHUNKS];
	atomic64_t		full[NP_CHUNKS];
};

struct np_addr_key {
	struct in6_addr		addr;		/* IPv4 as IPv4-mapped */
	u32			protocol;
};

#define NP_FEW		8

/**
 * struct np_addr - a local address of a space
 * @node: in np_net.addrs; unused for the any-addresses, which are part of the space
 * @key: address and protocol
 * @space: held, unless this is one of its any-addresses
 * @any: whether this is an any-address
 * @family: number of its family; of an any-address, its index in np_space.any
 * @ref: bindings here, searches under way, and one for being in np_net.addrs
 * @rnd: secret, mixed into the place of its bindings in the table
 * @idle: it is in np_net.idle_addrs[@slot]; both under np_net.addr_lock
 * @slot: see @idle
 * @lock: protects @few and @nfew
 * @nfew: how many of @few are in use
 * @few: the ports taken, while they are few and @occ is NULL
 * @occ: the ports taken, once they were more
 * @rcu: for those who found it without a lock
 */
struct np_addr {
	struct rhash_head	node;
	struct np_addr_key	key;
	struct np_space		*space;
	bool			any;
	u8			family;
	atomic_t		ref;
	u32			rnd;
	bool			idle;
	u8			slot;
	spinlock_t		lock;		/* see "Locks" above */
	u32			nfew;
	u16			few[NP_FEW];
	struct np_occ		*occ;
	struct rcu_head		rcu;
};

/**
 * struct np_space - one protocol in one namespace
 * @nn: the namespace
 * @protocol: its number
 * @ref: addresses, bindings on an any-address, and one for being in np_net.spaces
 * @rnd: secret, mixed into the place of its ports in the table
 * @any: the any-addresses
 * @any_occ: storage of @any[].occ
 * @used: the ports on which any specific address of the family has something
 * @rcu: for those who found it without a lock
 */
struct np_space {
	struct np_net		*nn;
	u16			protocol;
	atomic_t		ref;
	u32			rnd;
	struct np_addr		any[NP_ANYS];
	struct np_occ		any_occ[NP_ANYS];
	struct np_occ		used[NP_FAMILIES];
	struct rcu_head		rcu;
};

enum np_kind {
	NP_UNBOUND,	/* np_bind, in no table */
	NP_LONE,	/* np_bind, alone on its (space, port) */
	NP_NODE,	/* np_bind, alone on its address in an np_port */
	NP_MEMBER,	/* np_bind, in an np_group */
	NP_TUPLE,	/* np_bind with a full remote, in an np_group */
	NP_GROUP,
	NP_PORT,
};

/**
 * struct np_entry - what the table holds
 * @chain: in np_shard.table; a node of an any-address is not in there
 * @port: local port
 * @kind: enum np_kind
 * @share: of an np_bind: its share flags
 * @flags: of an np_bind: NP_BIND_*
 * @rport: of an np_bind: remote port, 0 for every one
 */
struct np_entry {
	struct hlist_node	chain;
	u16			port;
	u8			kind;
	u8			share;
	u16			flags;
	u16			rport;
};

#define NP_BIND_NARROW		BIT(0)	/* has a device or a remote */
#define NP_BIND_FULL		BIT(1)	/* has a remote with a port */
#define NP_BIND_OPTTUPLE	BIT(2)	/* made with NETPORT_OPT_TUPLE */
#define NP_BIND_CANDIDATE	BIT(3)	/* not accepted yet */
#define NP_BIND_UNCHARGED	BIT(4)	/* counts against no limit, for a moment */

/**
 * struct np_bind - what a reservation claims, as an entry of the table
 * @e: the entry
 * @link: NP_NODE of a specific address: in np_port.nodes; NP_MEMBER, NP_TUPLE: in
 *	np_group.members, .tuples
 * @addr: local address, and with it space and families; held
 * @port: the np_port of an NP_NODE
 * @group: the np_group of an NP_MEMBER or NP_TUPLE
 * @remote: remote address, IPv4 as IPv4-mapped, all-zero for every one
 * @ifindex: device, 0 for every one
 *
 * Protected by the shard lock of the port once it is in the table.
 */
struct np_bind {
	struct np_entry		e;
	struct list_head	link;
	struct np_addr		*addr;
	union {
		struct np_port	*port;
		struct np_group	*group;
	};
	struct in6_addr		remote;
	u32			ifindex;
};

/**
 * struct np_resv - a reservation
 * @bind: what it claims
 * @token_link: in np_shard.tokens, shard lock
 * @owner_link: in netport_owner.resvs, owner lock
 * @owner: whose it is, shard lock
 * @token: its name; the lower 16 bits are the port
 */
struct np_resv {
	struct np_bind		bind;
	struct hlist_node	token_link;
	struct list_head	owner_link;
	struct netport_owner	*owner;
	u64			token;
};

/**
 * struct np_sum - the share flags of many, counted
 * @count: how many have exactly these flags
 * @ids: sum of np_user.id of those in count[flags], for flags with LOAD_BALANCED,
 *	which is bit 0.  All of them are of user u if it equals count * u->id: the ids
 *	are secret and random in 64 bits, so that no other set of users adds up to that
 */
struct np_sum {
	u32			count[NP_SHARE_ALL + 1];
	u64			ids[(NP_SHARE_ALL + 1) / 2];
};

/**
 * struct np_group - the bindings of one local address, on a port that several share
 * @e: the entry; chained under (address, port) unless it is an any-address
 * @link: in np_port.nodes, for a specific address
 * @addr: the address; not held, the members hold it
 * @port: the np_port
 * @members: bindings without a full remote
 * @tuples: bindings with one
 * @sum: the flags of all of them
 * @total: how many there are
 * @narrow: how many have a device or a remote
 */
struct np_group {
	struct np_entry		e;
	struct list_head	link;
	struct np_addr		*addr;
	struct np_port		*port;
	struct list_head	members;
	struct list_head	tuples;
	struct np_sum		sum;
	u32			total;
	u32			narrow;
};

/**
 * struct np_port - what is bound on one (space, port), when it is more than one
 * @e: the entry
 * @space: the space; not held, the bindings hold it
 * @any: the node of each any-address, or NULL
 * @nodes: the nodes of specific addresses, by family
 * @sum: the flags that all bindings of a node have in common, by family; specific
 *	addresses only
 * @narrow: how many nodes there have a binding with a device or a remote
 */
struct np_port {
	struct np_entry		e;
	struct np_space		*space;
	struct np_entry		*any[NP_ANYS];
	struct list_head	nodes[NP_FAMILIES];
	struct np_sum		sum[NP_FAMILIES];
	u32			narrow[NP_FAMILIES];
};

/**
 * struct np_net - one network namespace
 * @ref: the namespace itself, and each owner
 * @net: valid under RCU while @dead is not set
 * @dead: the namespace is going or gone
 * @user_ns: over which a capability is asked for; held
 * @range: low port in the lower half, high port in the upper, READ_ONCE
 * @count: reservations, bounded by max_per_netns
 * @spaces: np_space by protocol
 * @addr_lock: birth and death in @addrs
 * @addrs: np_addr by key
 * @idle_addrs: some that nobody uses, or used when they came here; under @addr_lock
 * @idle_next: the next of these to go
 * @idle_spaces: how many of @spaces nobody uses
 * @rnd: secret, mixed into the place of tokens
 * @resize: gives tables their size, for those who can't sleep
 * @shards: NP_SHARDS of them
 */
struct np_net {
	refcount_t		ref;
	struct net		*net;
	bool			dead;
	struct user_namespace	*user_ns;
	u32			range;
	atomic_t		count;
	struct xarray		spaces;
	spinlock_t		addr_lock;	/* see "Locks" above */
	struct rhashtable	addrs;
	struct np_addr		*idle_addrs[NP_IDLE_ADDRS];
	unsigned int		idle_next;
	atomic_t		idle_spaces;
	u32			rnd;
	struct work_struct	resize;
	struct np_shard		*shards;
};

/**
 * struct np_user - a uid, for the limit and for LOAD_BALANCED
 * @node: in the table of user.c
 * @ref: owners
 * @uid: the uid
 * @count: reservations of its open files, bounded by max_per_uid
 * @id: random, see struct np_sum
 */
struct np_user {
	struct hlist_node	node;
	refcount_t		ref;
	kuid_t			uid;
	atomic_t		count;
	u64			id;
};

/**
 * struct netport_owner - an open file, or a kernel-resident stack
 * @nn: its namespace; held
 * @user: its uid; held
 * @trusted: a kernel-resident stack, for which the limits per owner and uid are off
 * @count: reservations, bounded by max_per_owner; unused if @trusted
 * @lock: protects @resvs
 * @resvs: np_resv.owner_link
 * @rcu: for the last one to leave @lock
 */
struct netport_owner {
	struct np_net		*nn;
	struct np_user		*user;
	bool			trusted;
	atomic_t		count;
	spinlock_t		lock;		/* see "Locks" above */
	struct list_head	resvs;
	struct rcu_head		rcu;
};

/**
 * struct np_want - a request, checked and in the form the table compares
 * @space: the space, or NULL if nothing was ever bound there
 * @addr: the local address, or NULL if nothing is bound on it
 * @user: who asks
 * @local: local address, IPv4 as IPv4-mapped; all-zero for any
 * @remote: likewise
 * @ifindex: device
 * @protocol: transport protocol
 * @port: local port, 0 while it is not known
 * @rport: remote port
 * @families: NETPORT_FAMILY_*
 * @share: NETPORT_SHARE_*
 * @flags: NP_BIND_*
 * @any: whether @local is the any-address, as index of np_space.any, or -1
 * @low: first port that may be picked
 * @high: last port
 * @left: how many more bindings it may be compared with one by one
 */
struct np_want {
	struct np_space		*space;
	struct np_addr		*addr;
	struct np_user		*user;
	struct in6_addr		local;
	struct in6_addr		remote;
	u32			ifindex;
	u16			protocol;
	u16			port;
	u16			rport;
	u8			families;
	u8			share;
	u16			flags;
	s8			any;
	u16			low;
	u16			high;
	int			left;
};

/**
 * enum np_fit - how a request and what is there go together
 * @NP_FIT_FREE: nothing overlaps
 * @NP_FIT_SHARED: something overlaps, and the flags allow it
 *
 * or a negative errno: -EADDRINUSE, or -EDQUOT when more bindings than np_want.left
 * would have to be looked at.
 */
enum np_fit { NP_FIT_FREE, NP_FIT_SHARED };

/**
 * struct np_spare - what linking may need, allocated before the lock is taken
 * @port: for the second binding on a port
 * @group: for the second binding on an address
 * @need_port: linking failed for want of @port
 * @need_group: likewise of @group
 */
struct np_spare {
	struct np_port		*port;
	struct np_group		*group;
	bool			need_port;
	bool			need_group;
};

static inline struct np_bind *np_entry_bind(struct np_entry *e)
{
	return container_of(e, struct np_bind, e);
}

static inline struct np_resv *np_bind_resv(struct np_bind *b)
{
	return container_of(b, struct np_resv, bind);
}

static inline struct np_shard *np_shard_of(struct np_net *nn, u16 port)
{
	return &nn->shards[port / NP_WORD_PORTS % NP_SHARDS];
}

/* hash.c */

/* Computes the hash of an entry. */
typedef u32 (*np_hash_fn)(struct hlist_node *node);

void np_hash_init(struct np_hash *h);
void np_hash_destroy(struct np_hash *h);
void np_hash_settle(struct np_hash *h, np_hash_fn fn);
struct hlist_node *np_hash_peek(const struct np_hash *h, u32 bucket);
u32 np_hash_target(const struct np_hash *h);
bool np_hash_resize(struct np_hash *h, spinlock_t *lock, u32 size, gfp_t gfp);

/*
 * A hash of two numbers.  Tables are indexed by the lower bits, and the lower bits of a
 * product know nothing of the upper ones of its factors; so these are folded in.
 */
static inline u32 np_mix(u32 rnd, u32 val)
{
	u32 hash = ((u64)rnd << 32 | val) * GOLDEN_RATIO_64 >> 32;

	return hash ^ hash >> 16;
}

/* The first bucket in which an entry may be, and the one after @b or NULL. */
static inline struct hlist_head *np_hash_bucket(struct np_hash *h, u32 hash,
						struct hlist_head *b)
{
	struct hlist_head *new = &h->tbl->head[hash & h->tbl->mask];

	if (b == new)
		return NULL;
	if (unlikely(h->old) && !b && (hash & h->old->mask) >= h->moved)
		return &h->old->head[hash & h->old->mask];
	return new;
}

/* To be left by return only: it is two loops. */
#define np_hash_for_each_entry(pos, h, hash, member)				\
	for (struct hlist_head *np_b = np_hash_bucket(h, hash, NULL); np_b;	\
	     np_b = np_hash_bucket(h, hash, np_b))				\
		hlist_for_each_entry(pos, np_b, member)

static inline void np_hash_add(struct np_hash *h, struct hlist_node *node, u32 hash,
			       np_hash_fn fn)
{
	if (unlikely(h->old))
		np_hash_settle(h, fn);
	hlist_add_head(node, &h->tbl->head[hash & h->tbl->mask]);
	h->count++;
}

static inline void np_hash_del(struct np_hash *h, struct hlist_node *node, np_hash_fn fn)
{
	__hlist_del(node);
	h->count--;
	if (unlikely(h->old || !h->count))
		np_hash_settle(h, fn);
}

/* occ.c */
int np_occ_alloc(struct np_occ *occ, u16 port, gfp_t gfp);
void np_occ_destroy(struct np_occ *occ);
u64 np_occ_word(const struct np_occ *occ, unsigned int word);

static inline unsigned int np_occ_chunk(u16 port)
{
	return port / NP_WORD_PORTS / NP_CHUNK_WORDS;
}

static inline unsigned int np_occ_index(u16 port)
{
	return port / NP_WORD_PORTS % NP_CHUNK_WORDS;
}

/* Has np_occ_set() of a port its chunk? */
static inline bool np_occ_ready(const struct np_occ *occ, u16 port)
{
	return READ_ONCE(occ->chunk[np_occ_chunk(port)]);
}

/* Make sure that it has; 0 or -ENOMEM. */
static inline int np_occ_prepare(struct np_occ *occ, u16 port, gfp_t gfp)
{
	return likely(np_occ_ready(occ, port)) ? 0 : np_occ_alloc(occ, port, gfp);
}

/* The words of a chunk that are full, a bit for each. */
static inline u64 np_occ_full(const struct np_occ *occ, unsigned int chunk)
{
	return atomic64_read(&occ->full[chunk]);
}

/* Mark a port taken, or free again; under the shard lock of the port. */
static inline void np_occ_set(struct np_occ *occ, u16 port)
{
	u64 *word = &occ->chunk[np_occ_chunk(port)][np_occ_index(port)];

	WRITE_ONCE(*word, *word | BIT_ULL(port % NP_WORD_PORTS));
	/* The words of a chunk belong to different shards. */
	if (!~*word)
		atomic64_or(BIT_ULL(np_occ_index(port)), &occ->full[np_occ_chunk(port)]);
}

static inline void np_occ_clear(struct np_occ *occ, u16 port)
{
	u64 *word = &occ->chunk[np_occ_chunk(port)][np_occ_index(port)];

	if (!~*word)
		atomic64_andnot(BIT_ULL(np_occ_index(port)), &occ->full[np_occ_chunk(port)]);
	WRITE_ONCE(*word, *word & ~BIT_ULL(port % NP_WORD_PORTS));
}

/* addr.c */
int np_addr_get(struct np_net *nn, struct np_want *w, gfp_t gfp);
void np_addr_find(struct np_net *nn, struct np_want *w);
void np_addr_unfind(struct np_want *w);
void np_addr_put(struct np_addr *a);
int np_addr_prepare(struct np_addr *a, u16 port, gfp_t gfp);
bool np_addr_set(struct np_addr *a, u16 port);
void np_addr_clear(struct np_addr *a, u16 port);
const struct np_occ *np_addr_occ(const struct np_addr *a);
u64 np_addr_word(struct np_addr *a, unsigned int word);
int np_addrs_init(struct np_net *nn);
void np_addrs_destroy(struct np_net *nn);

/* share.c */
void np_sum_add(struct np_sum *s, u8 share, const struct np_user *u);
void np_sum_sub(struct np_sum *s, u8 share, const struct np_user *u);
u8 np_sum_common(const struct np_sum *s, const struct np_user *u);
bool np_sum_each(const struct np_sum *s, u8 share, const struct np_user *u);

/* want.c */
int np_want_init(struct np_want *w, struct np_user *user,
		 const struct netport_binding *b, u32 options);

/* table.c */
u32 np_entry_hash(struct hlist_node *node);
int np_table_check(struct np_shard *shard, struct np_want *w, bool exact);
int np_table_link(struct np_shard *shard, struct np_bind *b, struct np_spare *spare);
void np_table_unlink(struct np_shard *shard, struct np_bind *b);
struct np_bind *np_table_find(struct np_shard *shard, const struct np_want *w,
			      const struct netport_owner *owner);
int np_spare_fill(struct np_spare *spare, gfp_t gfp);
void np_spare_drop(struct np_spare *spare);

/* pick.c */

/**
 * struct np_cursor - where the search for a port stands
 * @low: first port of the range
 * @high: last port
 * @start: where the search began
 * @pass: which pass it is in
 * @done: how many ports of the pass are behind it
 * @probes: how many ports the later passes have looked at
 * @may_sleep: whether it may
 * @resumed: a port has been offered
 */
struct np_cursor {
	u16	low;
	u16	high;
	u16	start;
	u16	pass;
	u32	done;
	u32	probes;
	bool	may_sleep;
	bool	resumed;
};

void np_pick_start(struct np_cursor *c, const struct np_want *w, bool candidates, gfp_t gfp);
u64 np_pick_save(const struct np_cursor *c);
int np_pick_resume(struct np_cursor *c, const struct np_want *w, u64 saved, u16 port,
		   gfp_t gfp);
int np_pick_next(struct np_cursor *c, struct np_net *nn, const struct np_want *w);
bool np_pick_fits(const struct np_cursor *c, int fit);
int np_ephemeral_next(const struct np_net *nn, struct netport_ephemeral *e);

/* resv.c */
int np_resv_make(struct netport_owner *owner, struct netport_reserve *req, gfp_t gfp);
int np_resv_available(struct netport_owner *owner, const struct netport_reserve *req,
		      gfp_t gfp);
int np_resv_candidate(struct netport_owner *owner, struct netport_candidate *cand,
		      gfp_t gfp);
int np_resv_candidate_done(struct netport_owner *owner, u64 old, u64 new);
int np_resv_accept(struct netport_owner *owner, u64 token);
int np_resv_drop(struct netport_owner *owner, u64 token);
int np_resv_release(struct netport_owner *owner, u64 token);
int np_resv_release_binding(struct netport_owner *owner,
			    const struct netport_binding *b, u32 options);
void np_resv_resize(struct np_net *nn);
void np_resv_drain(struct np_net *nn);
int np_resv_init(void);
void np_resv_exit(void);

/* owner.c */
struct netport_owner *np_owner_create(struct net *net, kuid_t uid, bool trusted);
void np_owner_destroy(struct netport_owner *owner);
int np_owner_has_room(const struct netport_owner *owner);
int np_owner_charge(struct netport_owner *owner);
void np_owner_uncharge(struct netport_owner *owner);
int np_owner_access(const struct netport_owner *owner, struct np_want *w, u16 low, u16 high);

/* user.c */
struct np_user *np_user_get(kuid_t uid);
void np_user_put(struct np_user *u);

/* net.c */
struct np_net *np_net_get(struct net *net);
void np_net_put(struct np_net *nn);
void np_net_range(const struct np_net *nn, u16 *low, u16 *high);
int np_net_set_range(struct np_net *nn, const struct netport_range *range, bool allowed);
u16 np_net_floor(const struct np_net *nn);
u64 np_net_reserved(const struct np_net *nn, unsigned int word);
void np_net_resize_later(struct np_net *nn);
int np_net_init(void);
void np_net_exit(void);

/* chardev.c */
int np_chardev_init(void);
void np_chardev_exit(void);

#endif /* _NETPORT_PRIV_H */
