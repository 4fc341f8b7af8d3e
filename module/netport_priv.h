/* SPDX-License-Identifier: GPL-2.0 */
/*
 * netport - what the module's files share
 *
 * Objects
 * -------
 * netport_owner	an open file of /dev/netport, or a kernel-resident stack; lives on
 *			behind its holds and persistent reservations
 * np_resv		a reservation: a token of one owner, and what it claims
 * np_bind		what a reservation claims, as an entry of the table
 * np_wide		an np_resv with more to it than one binding: a set, a block, a
 *			label, a socket of the host.  Its own np_bind is in no table
 * np_part		one np_bind of an np_wide
 * np_plan		a request for an np_wide, with all the memory it needs
 * np_waiter		a plan that waits; equal ones queue up in an np_wish, and the
 *			wishes for one port, or for any port, in an np_queue
 * np_net		everything of one network namespace; survives the namespace
 *			until the last owner is gone
 * np_shard		1/NP_SHARDS of the ports of a namespace: a lock, the table of
 *			what is bound on these ports, and the tokens given out there
 * np_space		one protocol in one namespace
 * np_config		how ports of one protocol are given out there, if not as usual
 * np_addr		one local address in one space, and which of its ports are taken
 * np_user		one uid, over all namespaces
 * np_spot		what a packet may match: all attached np_parts that have the same
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
 * without a lock, and the shard lock decides.  Is-available reads them without, too, and can tell
 * whether that is enough: see np_resv_open().
 *
 * Tokens
 * ------
 * The lower 16 bits of a token are the port that the reservation had first, and the
 * shard of that port is the token's *home*: it finds the np_resv, and its lock protects
 * what is the reservation's as a whole.  The bindings are under the lock of their own
 * port's shard, which is another one only for np_parts of a block, or of a
 * reservation that was rebound.  To change both at once np_resv_lock() takes the locks of
 * all these shards.  An np_wide that has been unpublished belongs to whoever did that, who
 * then takes its parts out of the table one by one.
 *
 * Waiting
 * -------
 * Whoever takes a binding out of the table looks, under the same hold of the shard lock,
 * whether somebody waits for the port, and puts the reservation of the first that fits
 * into the table: nobody can come in between, and one thread is woken for one port.  For
 * that a waiter has all memory ready.
 *
 * Locks, in this order
 * --------------------
 * np_net.multi_lock	taken by whoever takes more than one shard lock
 * np_shard.lock	all np_bind, np_port and np_group of the shard's ports, its
 *			tables, tokens and queues of waiters, and the words of all np_occ
 *			for its ports; the owners' lists of what has its home there.
 *			Bottom halves off
 * np_net.wait_lock	the queue of those who wait for any port, and every waiter's state
 * netport_owner.lock	the owner's lists of wishes, and all labels
 * np_net.hold_lock	the lists of holds
 * np_shard.seat_lock	all np_spot for the shard's ports.  Nested in any shard's lock
 *
 * xa_lock of np_net.spaces, np_net.addr_lock: birth, idleness and death of spaces and
 * addresses; taken with no shard lock held.  An np_space or np_addr is looked up under RCU and
 * then held by its count, never by a lock.  np_user: users_lock in user.c, nested in any.
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
#include <linux/ktime.h>
#include <linux/refcount.h>
#include <linux/rhashtable.h>
#include <linux/percpu.h>
#include <linux/seqlock.h>
#include <linux/spinlock.h>
#include <linux/tracepoint-defs.h>
#include <linux/uidgid.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <net/ipv6.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#define NP_FAMILY_ALL	(NETPORT_FAMILY_IPV4 | NETPORT_FAMILY_IPV6)
#define NP_OPT_HOST	(NETPORT_OPT_HOST_CHECK | NETPORT_OPT_HOST_HOLD)
#define NP_OPT_ALL	(NETPORT_OPT_TUPLE | NP_OPT_HOST | NETPORT_OPT_PERSISTENT)
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

/* A table of so many buckets or fewer stays as it is: to make it again costs more than it. */
#define NP_HASH_KEEP	128

/**
 * struct np_hash - a hash table that grows and shrinks in small steps
 * @tbl: where new entries go
 * @old: the table before, while entries are moved out of it
 * @moved: how many buckets of @old are empty for good
 * @count: entries
 * @least: with fewer it is to shrink
 * @most: with more it is to grow
 * @first: the smallest table, for which nothing is allocated
 *
 * Protected by the lock of the shard it is in.
 */
struct np_hash {
	struct np_hash_tbl	*tbl;
	struct np_hash_tbl	*old;
	u32			moved;
	u32			count;
	u32			least;
	u32			most;
	struct {
		struct np_hash_tbl	tbl;
		struct hlist_head	head[NP_HASH_FIRST];
	} first;
};

/* What a spot has, best match first. */
enum np_shape {
	NP_SHAPE_FULL,		/* remote with a port, and a local address */
	NP_SHAPE_FULL_ANY,	/* ... any local address */
	NP_SHAPE_REMOTE,	/* remote address alone, and a local one */
	NP_SHAPE_REMOTE_ANY,	/* ... any local address */
	NP_SHAPE_LOCAL,		/* local address */
	NP_SHAPE_ANY,		/* nothing */
	NP_SHAPES,
};

struct np_shard {
	spinlock_t		lock;		/* see "Locks" above */
	seqcount_spinlock_t	taken;		/* moves once a port is: np_resv_open() */
	bool			unserved;	/* waiters left over, see wait.c */
	u64			seq;		/* last token's upper part */
	struct np_hash		table;		/* np_entry */
	struct np_hash		tokens;		/* np_resv.token_link */
	struct np_hash		queues;		/* np_queue.node, by port */
	spinlock_t		seat_lock;	/* see "Locks" above */
	u32			spots;		/* for each enum np_shape a bit: are there any? */
						/* Above these, a count: see np_seats_moved() */
	u32			shapes[NP_SHAPES]; /* how many seats in them; seat_lock for both */
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

/* How many ports fit into a word of np_addr.few, and into all of it. */
#define NP_FEW_SLOTS	4
#define NP_FEW		(2 * NP_FEW_SLOTS)

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
 * @few: the ports taken, while they are few and @occ is NULL; see np_addr_grow()
 * @occ: the ports taken, once they were more
 * @rcu: for those who found it, or read what is taken, without a lock
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
	atomic64_t		few[NP_FEW / NP_FEW_SLOTS];
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
 * @rcu: for those who found it, or read what is taken, without a lock
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
 * @rcu: of an np_port or np_group that is in there no more
 * @port: local port
 * @kind: enum np_kind
 * @share: of an np_bind: its share flags
 * @flags: of an np_bind: NP_BIND_*
 * @rport: of an np_bind: remote port, 0 for every one
 */
struct np_entry {
	union {
		struct hlist_node	chain;
		struct rcu_head		rcu;
	};
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
#define NP_BIND_PART		BIT(5)	/* is in an np_part */
/* of an np_resv as a whole */
#define NP_BIND_WIDE		BIT(6)	/* is in an np_wide */
#define NP_BIND_HELD		BIT(7)	/* released, with a hold */
#define NP_BIND_PERSISTENT	BIT(8)	/* outlives its owner */
/* of an np_bind again */
#define NP_BIND_HOST_CHECK	BIT(9)	/* made with NETPORT_OPT_HOST_CHECK */
#define NP_BIND_HOST_HOLD	BIT(10)	/* made with NETPORT_OPT_HOST_HOLD */
#define NP_BIND_CLOSED		BIT(11)	/* holds the whole port, see NETPORT_RELEASE_PORT */
#define NP_BIND_MUTED		BIT(12)	/* listens: TUPLE_ONLY is taken out of np_entry.share */
/* of an np_resv as a whole again */
#define NP_BIND_LISTENING	BIT(13)
#define NP_BIND_CONNECTED	BIT(14)

/* What is an np_bind's own; the rest is of the np_resv as a whole. */
#define NP_BIND_OWN	(NP_BIND_NARROW | NP_BIND_FULL | NP_BIND_OPTTUPLE | NP_BIND_PART | \
			 NP_BIND_HOST_CHECK | NP_BIND_HOST_HOLD | NP_BIND_CLOSED | \
			 NP_BIND_MUTED)

/**
 * struct np_bind - what a reservation claims, as an entry of the table
 * @e: the entry
 * @link: NP_NODE of a specific address: in np_port.nodes; NP_MEMBER, NP_TUPLE: in
 *	np_group.members, .tuples
 * @addr: local address, and with it space and families; held
 * @remote: remote address, IPv4 as IPv4-mapped, all-zero for every one
 * @ifindex: device, 0 for every one
 * @until: of an np_resv: when its hold ends, see np_hold_now()
 * @nr: of an np_part: its number in the np_wide, which grows in np_wide.parts
 *
 * Protected by the shard lock of the port once it is in the table.
 */
struct np_bind {
	struct np_entry		e;
	struct list_head	link;
	struct np_addr		*addr;
	struct in6_addr		remote;
	u32			ifindex;
	union {
		u32		until;
		u32		nr;
	};
};

/**
 * struct np_resv - a reservation
 * @bind: what it claims; of an np_wide: port and flags
 * @token_link: in np_shard.tokens of its home, home's lock
 * @owner_link: in netport_owner.resvs, home's lock; in none if it's persistent and has lost
 *	its owner
 * @hold_link: of one that is held: in np_net.holds, hold_lock
 * @owner: whose it is, or was; home's lock and that of each bind's shard to change it
 * @token: its name, see "Tokens" above
 */
struct np_resv {
	struct np_bind		bind;
	struct hlist_node	token_link;
	union {
		struct hlist_node	owner_link;
		struct list_head	hold_link;
	};
	struct netport_owner	*owner;
	u64			token;
};

/**
 * struct np_part - one binding of an np_wide
 * @bind: what it claims
 * @wide: of what it is a part; held.  Lock of the bind's shard and, to change it, home's
 * @link: in np_wide.parts
 * @host: the socket that keeps the host out, or NULL
 * @spot: where packets find it, or NULL; home's lock and, to change it, seat_lock
 * @seat: its place there; seat_lock
 * @seat_link: in np_spot.parts; seat_lock
 */
struct np_part {
	struct np_bind		bind;
	struct np_wide		*wide;
	struct list_head	link;
	struct np_host		*host;
	struct np_spot		*spot;
	struct list_head	seat_link;
	u32			seat;
};

/**
 * struct np_wide - a reservation that is more than one binding
 * @resv: the reservation
 * @ref: its being published, or a plan; each part; who still looks at it
 * @parts: np_part.link, in the order of their numbers; of a block, of their ports.  Home's
 *	lock
 * @nparts: how many; home's lock to change it
 * @nr: the next number of a part
 * @count: how many ports it was made with
 * @label: text for listings, owner lock
 * @user: as whose it counts, if not its owner's; held.  Locks as np_resv.owner
 * @priv: what netport_lookup() returns for it, or NULL: it isn't attached.  Home's lock
 */
struct np_wide {
	struct np_resv		resv;
	refcount_t		ref;
	struct list_head	parts;
	u32			nparts;
	u32			nr;
	u16			count;
	u8			label[NETPORT_LABEL_LEN];
	struct np_user		*user;
	void			*priv;
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
 * struct np_queue - those who wait for one port, or for a port of some range
 * @node: in np_shard.queues
 * @port: the port, or 0
 * @count: how many wishes
 * @wishes: np_wish.link, by the ticket of the first waiter of each
 *
 * Protected by the shard lock, or np_net.wait_lock for the one without a port.
 */
struct np_queue {
	struct hlist_node	node;
	u16			port;
	u32			count;
	struct list_head	wishes;
};

#define NP_HOLD_CLASSES	240

/* Limits that a namespace can have of its own, below those of the module. */
enum np_limit { NP_PER_OWNER, NP_PER_UID, NP_PER_NETNS, NP_LIMITS };

#define NP_LIMIT_NONE	U32_MAX

/**
 * enum np_stat - what is counted in a namespace; a binding counts for each of its ports
 * @NP_STAT_RESERVED: bindings that were made
 * @NP_STAT_RELEASED: and are gone
 * @NP_STAT_PICKED: picks that came to something
 * @NP_STAT_PROBES: ports that these looked at under their lock
 * @NP_STAT_IN_USE: requests refused with EADDRINUSE
 * @NP_STAT_NO_PORT: with EADDRNOTAVAIL
 * @NP_STAT_LIMIT: with EDQUOT
 * @NP_STAT_DENIED: with EACCES or EPERM
 * @NP_STAT_QUEUED: waits and wishes that had to wait
 * @NP_STAT_SERVED: and got what they waited for
 * @NP_STAT_GAVE_UP: or didn't
 * @NP_STAT_HOLDS: bindings of which a hold began
 * @NP_STAT_HOLDS_ENDED: or ended
 * @NP_STAT_MOVED: bindings that came to another owner
 * @NP_STATS: how many of these there are
 *
 * What is here now is a difference of two.
 */
enum np_stat {
	NP_STAT_RESERVED,
	NP_STAT_RELEASED,
	NP_STAT_PICKED,
	NP_STAT_PROBES,
	NP_STAT_IN_USE,
	NP_STAT_NO_PORT,
	NP_STAT_LIMIT,
	NP_STAT_DENIED,
	NP_STAT_QUEUED,
	NP_STAT_SERVED,
	NP_STAT_GAVE_UP,
	NP_STAT_HOLDS,
	NP_STAT_HOLDS_ENDED,
	NP_STAT_MOVED,
	NP_STATS,
};

/* The part of one CPU. */
struct np_stats {
	unsigned long		n[NP_STATS];
};

/**
 * struct np_net - one network namespace
 * @ref: the namespace itself, and each owner
 * @net: valid under RCU while @dead is not set
 * @dead: the namespace is going or gone
 * @inum: its number, as in /proc/PID/ns/net
 * @stats: what is counted
 * @user_ns: over which a capability is asked for; held
 * @range: low port in the lower half, high port in the upper, READ_ONCE
 * @max: limits of its own, READ_ONCE
 * @count: reservations, bounded by max_per_netns
 * @spaces: np_space by protocol
 * @configs: np_config by protocol; read under RCU
 * @addr_lock: birth and death in @addrs
 * @addrs: np_addr by key
 * @idle_addrs: some that nobody uses, or used when they came here; under @addr_lock
 * @idle_next: the next of these to go
 * @idle_spaces: how many of @spaces nobody uses
 * @rnd: secret, mixed into the place of tokens
 * @resize: gives tables their size, for those who can't sleep
 * @multi_lock: see "Locks" above
 * @wait_lock: see "Locks" above
 * @tickets: the last waiter's number; wait_lock
 * @any_port: those who wait for a port of some range; wait_lock
 * @waiters: all who wait; wait_lock
 * @gone: who polls a file of it, with a wish or without; woken when it goes
 * @serve: goes on with serving waiters, where there were many
 * @spots: np_spot by what a packet has; under RCU, and seat_lock to change it
 * @hold_lock: see "Locks" above
 * @holds: np_resv.hold_link, a list for each class of durations; hold_lock
 * @hold_armed: @hold_end is queued, for
 * @hold_next: this time; both hold_lock
 * @hold_end: ends holds
 * @shards: NP_SHARDS of them
 */
struct np_net {
	refcount_t		ref;
	struct net		*net;
	bool			dead;
	u32			inum;
	struct np_stats __percpu *stats;
	struct user_namespace	*user_ns;
	u32			range;
	u32			max[NP_LIMITS];
	atomic_t		count;
	struct xarray		spaces;
	struct xarray		configs;
	spinlock_t		addr_lock;	/* see "Locks" above */
	struct rhashtable	addrs;
	struct np_addr		*idle_addrs[NP_IDLE_ADDRS];
	unsigned int		idle_next;
	atomic_t		idle_spaces;
	u32			rnd;
	struct work_struct	resize;
	spinlock_t		multi_lock;	/* see "Locks" above */
	spinlock_t		wait_lock;	/* see "Locks" above */
	u64			tickets;
	struct np_queue		any_port;
	struct list_head	waiters;
	wait_queue_head_t	gone;
	struct work_struct	serve;
	struct rhltable		spots;
	spinlock_t		hold_lock;	/* see "Locks" above */
	struct list_head	holds[NP_HOLD_CLASSES];
	bool			hold_armed;
	u32			hold_next;
	struct delayed_work	hold_end;
	struct np_shard		*shards;
};

/**
 * struct np_user - a uid, for the limit and for LOAD_BALANCED
 * @node: in the table of user.c
 * @ref: owners, and reservations that count as another uid's than their owner's
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
 * @lock: protects @wishes, @granted, @nwishes and the labels
 * @homes: for each shard a bit: has anything of @resvs ever been there?
 * @resvs: np_resv.owner_link, a list for each shard that is their home, under its lock
 * @wishes: np_waiter.owner_link: its wishes that are not granted yet
 * @granted: those that are
 * @nwishes: how many of both, and of those about to be
 * @poll: woken when one of its wishes is granted
 * @ref: its file or stack; each np_wide; each reservation that is held, or has lost it
 * @id: its number in listings
 * @pid: the process that opened it, or NULL; held
 * @comm: name of that process
 * @label: text for listings
 * @free: for the last reference, where it can't sleep
 * @rcu: for the last one to leave @lock
 */
struct netport_owner {
	struct np_net		*nn;
	struct np_user		*user;
	bool			trusted;
	atomic_t		count;
	spinlock_t		lock;		/* see "Locks" above */
	struct list_head	wishes;
	struct list_head	granted;
	u32			nwishes;
	wait_queue_head_t	poll;
	refcount_t		ref;
	u64			id;
	struct pid		*pid;
	u8			comm[NETPORT_COMM_LEN];
	u8			label[NETPORT_LABEL_LEN];
	struct work_struct	free;
	struct rcu_head		rcu;
	atomic64_t		homes;
	struct hlist_head	resvs[NP_SHARDS];
};

/**
 * struct np_want - a request, checked and in the form the table compares
 * @space: the space, or NULL if nothing was ever bound there
 * @addr: the local address, or NULL if nothing is bound on it
 * @at: what np_table_check() has found on the port, or NULL
 * @hash: where it has looked
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
 * @align: a power of two, and
 * @offset: what a port that may be picked leaves when divided by it
 * @exclude: ports that may not be picked, a bit for each of NP_WORD_PORTS, or NULL
 * @conflict: where to say what is in the way, or NULL
 * @curious: whether whoever asks may know whose that is
 * @more: how many more bindings the request has, behind this one
 * @left: how many more bindings it may be compared with one by one
 */
struct np_want {
	struct np_space		*space;
	struct np_addr		*addr;
	struct np_entry		*at;
	const u64		*exclude;
	struct netport_entry	*conflict;
	struct np_user		*user;
	struct in6_addr		local;
	struct in6_addr		remote;
	u32			ifindex;
	u32			hash;
	int			left;
	u16			protocol;
	u16			port;
	u16			rport;
	u8			families;
	u8			share;
	u16			low;
	u16			high;
	u16			align;
	u16			offset;
	u16			flags;
	s8			any;
	u8			more;
	bool			curious;
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
 * @now: for allocating it under the lock instead, if there is some, or 0
 */
struct np_spare {
	struct np_port		*port;
	struct np_group		*group;
	gfp_t			now;
	bool			need_port;
	bool			need_group;
};

/* For @now of a request whose memory is had with @gfp. */
static inline gfp_t np_spare_now(gfp_t gfp)
{
	return GFP_NOWAIT | __GFP_NOWARN | (gfp & __GFP_ACCOUNT);
}

/*
 * As rcu_read_lock(), which is a function where tasks in it can be preempted.  They can't be in
 * this, so nothing in between sleeps or takes a lock, which sleeps with PREEMPT_RT.  Where RCU's
 * use is checked that is for rcu_read_lock(), so there it's both.  Macros, for sparse counts by
 * kinds.
 */
#define np_rcu_lock()				\
	do {					\
		rcu_read_lock_sched();		\
		if (IS_ENABLED(CONFIG_PROVE_RCU)) \
			rcu_read_lock();	\
	} while (0)

#define np_rcu_unlock()				\
	do {					\
		if (IS_ENABLED(CONFIG_PROVE_RCU)) \
			rcu_read_unlock();	\
		rcu_read_unlock_sched();	\
	} while (0)

static inline struct np_bind *np_entry_bind(struct np_entry *e)
{
	return container_of(e, struct np_bind, e);
}

static inline struct np_wide *np_resv_wide(struct np_resv *r)
{
	return container_of(r, struct np_wide, resv);
}

static inline struct np_part *np_bind_part(struct np_bind *b)
{
	return container_of(b, struct np_part, bind);
}

static inline struct np_resv *np_bind_resv(struct np_bind *b)
{
	if (unlikely(b->e.flags & NP_BIND_PART))
		return &np_bind_part(b)->wide->resv;
	return container_of(b, struct np_resv, bind);
}

/* The first binding of a reservation, or the one after @b; NULL if there is none. */
static inline struct np_bind *np_resv_bind(struct np_resv *r, struct np_bind *b)
{
	struct list_head *parts, *next;

	if (!(r->bind.e.flags & NP_BIND_WIDE))
		return b ? NULL : &r->bind;
	parts = &np_resv_wide(r)->parts;
	next = b ? np_bind_part(b)->link.next : parts->next;
	return next == parts ? NULL : &list_entry(next, struct np_part, link)->bind;
}

#define np_resv_for_each_bind(b, r)					\
	for ((b) = np_resv_bind(r, NULL); (b); (b) = np_resv_bind(r, b))

/* Persistent, and its owner is gone.  Under home's lock, or it may be different the next moment. */
static inline bool np_resv_orphan(const struct np_resv *r)
{
	u16 flags = READ_ONCE(r->bind.e.flags);

	return (flags & (NP_BIND_PERSISTENT | NP_BIND_HELD)) == NP_BIND_PERSISTENT &&
	       hlist_unhashed_lockless(&r->owner_link);
}

/* A reservation as a whole: its flags are those of its own np_bind, wide or not. */
static inline bool np_resv_is(const struct np_resv *r, u16 flags)
{
	return r->bind.e.flags & flags;
}

/* Can its owner do something to it?  0, -ENOENT: it's as good as gone, or -EINVAL. */
static inline int np_resv_usable(const struct np_resv *r)
{
	if (np_resv_is(r, NP_BIND_UNCHARGED))
		return -ENOENT;
	return np_resv_is(r, NP_BIND_CANDIDATE) ? -EINVAL : 0;
}

/* As whose a reservation counts. */
static inline struct np_user *np_resv_user(struct np_resv *r)
{
	struct np_user *user = np_resv_is(r, NP_BIND_WIDE) ? np_resv_wide(r)->user : NULL;

	return user ?: r->owner->user;
}

/* The share flags that were asked for. */
static inline u8 np_bind_asked(const struct np_bind *b)
{
	return b->e.share | (b->e.flags & NP_BIND_MUTED ? NETPORT_SHARE_TUPLE_ONLY : 0);
}

/* NETPORT_FAMILY_* of an address. */
static inline u8 np_addr_families(const struct np_addr *a)
{
	return a->family == NP_ANY_BOTH ? NP_FAMILY_ALL : BIT(a->family);
}

static inline unsigned int np_shard_nr(u16 port)
{
	return port / NP_WORD_PORTS % NP_SHARDS;
}

static inline struct np_shard *np_shard_of(struct np_net *nn, u16 port)
{
	return &nn->shards[np_shard_nr(port)];
}

/* trace.c: who looks on is told by np_tell_*() of what happens, and it is counted */

/* How a binding has become what it is. */
enum np_made {
	NP_MADE_NEW,
	NP_MADE_EXTEND,		/* by NETPORT_IOC_EXTEND */
	NP_MADE_REBIND,		/* by NETPORT_IOC_REBIND */
	/* And one that was there already: */
	NP_MADE_ACCEPT,		/* is no candidate any more */
	NP_MADE_TRANSFER,	/* has another owner */
	NP_MADE_ORPHAN,		/* has no owner any more */
	NP_MADE_ADOPT,		/* has one again */
};

/* Why it is gone. */
enum np_gone {
	NP_GONE_CALL,		/* its owner has released it, */
	NP_GONE_CLOSE,		/* or is gone */
	NP_GONE_PART,		/* a part of a block was released */
	NP_GONE_REBIND,		/* others took its place */
	NP_GONE_DECLINE,	/* a candidate that was turned down */
	NP_GONE_ADMIN,		/* nobody had it any more, and somebody has released it */
	NP_GONE_HOLD,		/* its hold has ended */
	NP_GONE_NETNS,		/* the namespace is gone */
};

/* What has become of a wait, or a wish. */
enum np_waited {
	NP_WAIT_BEGIN,
	NP_WAIT_GRANTED,
	NP_WAIT_TIMEOUT,
	NP_WAIT_KILLED,
	NP_WAIT_UNWISH,		/* by its owner, or with it */
	NP_WAIT_NETNS,
	NP_WAIT_FAILED,
};

/**
 * struct np_traced - what a tracepoint tells of a port on a binding, and of whose it is
 * @netns: number of its namespace
 * @uid: the owner's, or as whose it counts
 * @owner: number of the owner that it has, or had
 * @token: the reservation, or 0
 * @state: NETPORT_STATE_* of it
 * @ifindex: device, or 0
 * @protocol: protocol
 * @port: port, or 0
 * @remote_port: likewise of the remote
 * @families: NETPORT_FAMILY_*
 * @share: NETPORT_SHARE_*
 * @addr: local address; any of IPv4 is ::ffff:0.0.0.0
 * @remote: likewise
 */
struct np_traced {
	u32			netns;
	u32			uid;
	u64			owner;
	u64			token;
	u32			state;
	u32			ifindex;
	u16			protocol;
	u16			port;
	u16			remote_port;
	u8			families;
	u8			share;
	struct in6_addr		addr;
	struct in6_addr		remote;
};

DECLARE_TRACEPOINT(netport_reserve);
DECLARE_TRACEPOINT(netport_release);
DECLARE_TRACEPOINT(netport_hold);
DECLARE_TRACEPOINT(netport_pick);
DECLARE_TRACEPOINT(netport_wait);

struct np_plan;

void np_trace_made(struct np_resv *r, enum np_made how);
void np_trace_made_parts(struct list_head *parts, enum np_made how);
void np_trace_gone(struct np_resv *r, enum np_gone why);
void np_trace_gone_parts(struct list_head *parts, enum np_gone why);
void np_trace_hold(struct np_resv *r, u32 ms);
void np_trace_pick(const struct netport_owner *owner, const struct np_want *w, u16 port,
		   u64 token, u32 probes);
void np_trace_wait(const struct np_plan *p, u64 wish, enum np_waited outcome);
int np_tell_refused(struct netport_owner *owner, const struct netport_binding *b, u32 options,
		    int err);
int np_tell_refused_terms(struct netport_owner *owner, struct np_user *user,
			  const struct netport_request *req, u64 own, int err);
int np_tell_refused_resv(struct netport_owner *owner, struct np_resv *r, int err);
void np_stats_sum(const struct np_net *nn, unsigned long sum[NP_STATS]);

static inline void np_count(struct np_net *nn, enum np_stat what, unsigned int n)
{
	this_cpu_add(nn->stats->n[what], n);
}

/* @n bindings have been made, which are all that @r has; under home's lock. */
static inline void np_tell_made(struct np_net *nn, struct np_resv *r, unsigned int n)
{
	np_count(nn, NP_STAT_RESERVED, n);
	if (tracepoint_enabled(netport_reserve))
		np_trace_made(r, NP_MADE_NEW);
}

/* Likewise, and are these parts. */
static inline void np_tell_made_parts(struct np_net *nn, struct list_head *parts,
				      unsigned int n, enum np_made how)
{
	np_count(nn, NP_STAT_RESERVED, n);
	if (tracepoint_enabled(netport_reserve))
		np_trace_made_parts(parts, how);
}

/* They are what they were, but @how says in what not. */
static inline void np_tell_changed(struct np_resv *r, enum np_made how)
{
	if (tracepoint_enabled(netport_reserve))
		np_trace_made(r, how);
}

/* @n bindings are gone, or about to, which are all that @r has; under home's lock. */
static inline void np_tell_gone(struct np_net *nn, struct np_resv *r, unsigned int n,
				enum np_gone why)
{
	np_count(nn, NP_STAT_RELEASED, n);
	if (tracepoint_enabled(netport_release))
		np_trace_gone(r, why);
}

static inline void np_tell_gone_parts(struct np_net *nn, struct list_head *parts,
				      unsigned int n, enum np_gone why)
{
	np_count(nn, NP_STAT_RELEASED, n);
	if (tracepoint_enabled(netport_release))
		np_trace_gone_parts(parts, why);
}

/* A hold of @n bindings begins, for so many milliseconds, or ends: 0. */
static inline void np_tell_hold(struct np_net *nn, struct np_resv *r, unsigned int n, u32 ms)
{
	np_count(nn, ms ? NP_STAT_HOLDS : NP_STAT_HOLDS_ENDED, n);
	if (tracepoint_enabled(netport_hold))
		np_trace_hold(r, ms);
}

/* The search of a reservation has ended on a port. */
static inline void np_tell_picked(const struct netport_owner *owner, const struct np_want *w,
				  u16 port, u64 token, u32 probes)
{
	np_count(owner->nn, NP_STAT_PICKED, 1);
	np_count(owner->nn, NP_STAT_PROBES, probes);
	if (tracepoint_enabled(netport_pick))
		np_trace_pick(owner, w, port, token, probes);
}

/* Who is in a queue, @wish by name, has come there or has left it. */
static inline void np_tell_wait(struct np_net *nn, const struct np_plan *p, u64 wish,
				enum np_waited outcome)
{
	np_count(nn, outcome == NP_WAIT_BEGIN ? NP_STAT_QUEUED :
		     outcome == NP_WAIT_GRANTED ? NP_STAT_SERVED : NP_STAT_GAVE_UP, 1);
	if (tracepoint_enabled(netport_wait))
		np_trace_wait(p, wish, outcome);
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

/* Chains as long as this or longer count as equal. */
#define NP_CHAIN_LONG	32

bool np_hash_chains(const struct np_hash *h, u32 bucket, u64 *chains);

/*
 * A hash of two numbers.  Tables are indexed by the lower bits, and the lower bits of a
 * product know nothing of the upper ones of its factors; so these are folded in.
 */
static inline u32 np_mix(u32 rnd, u32 val)
{
	u32 hash = ((u64)rnd << 32 | val) * GOLDEN_RATIO_64 >> 32;

	return hash ^ hash >> 16;
}

static inline struct hlist_head *np_hash_bucket(struct np_hash_tbl *tbl, u32 hash)
{
	return &tbl->head[hash & tbl->mask];
}

/* To be left by return only: it is two loops. */
#define np_hash_for_each_entry(pos, h, hash, member)				\
	for (bool np_old = unlikely((h)->old), np_more = true; np_more;		\
	     np_more = np_old, np_old = false)					\
		hlist_for_each_entry(pos, np_hash_bucket(np_old ? (h)->old : (h)->tbl, hash), \
				     member)

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
	if (unlikely(h->old || (!h->count && h->tbl->mask >= NP_HASH_KEEP)))
		np_hash_settle(h, fn);
}

/* Has it the size that it should have, or is it on the way? */
static inline bool np_hash_settled(const struct np_hash *h)
{
	return h->count >= h->least && h->count <= h->most;
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
void np_addr_peek(struct np_net *nn, struct np_want *w);
void np_addr_hold(struct np_addr *a);
void np_addr_put(struct np_addr *a);
void np_addr_put_many(struct np_addr *a, unsigned int n);
int np_addr_force(struct np_addr *a, u16 port, gfp_t gfp);
int np_addr_prepare(struct np_addr *a, u16 port, gfp_t gfp);
bool np_addr_set(struct np_addr *a, u16 port);
void np_addr_clear(struct np_addr *a, u16 port);
const struct np_occ *np_addr_occ(const struct np_addr *a);
u64 np_addr_word(struct np_addr *a, unsigned int word);

/* The port in a slot of np_addr.few, or 0. */
static inline u16 np_few_port(const struct np_addr *a, unsigned int i)
{
	return (u64)atomic64_read(&a->few[i / NP_FEW_SLOTS]) >> i % NP_FEW_SLOTS * 16;
}

void np_addr_init_secret(void);
int np_addrs_init(struct np_net *nn);
void np_addrs_destroy(struct np_net *nn);

/* share.c */
void np_sum_add(struct np_sum *s, u8 share, const struct np_user *u);
void np_sum_sub(struct np_sum *s, u8 share, const struct np_user *u);
u8 np_sum_common(const struct np_sum *s, const struct np_user *u);
bool np_sum_each(const struct np_sum *s, u8 share, const struct np_user *u);

/* Of two devices or two remotes: are they equal, or is one of them "any"? */
static inline bool np_devices_meet(u32 a, u32 b)
{
	return !a || !b || a == b;
}

static inline bool np_remotes_meet(const struct in6_addr *a, u16 a_port,
				   const struct in6_addr *b, u16 b_port)
{
	return ipv6_addr_any(a) || ipv6_addr_any(b) ||
	       (ipv6_addr_equal(a, b) && (!a_port || !b_port || a_port == b_port));
}

/* want.c */
bool np_want_overlaps(const struct np_want *a, const struct np_want *b);
int np_want_init(struct np_want *w, struct np_user *user,
		 const struct netport_binding *b, u32 options);
void np_want_port(struct np_want *w, u16 port);
void np_want_again(struct np_want *w, struct np_bind *b, struct np_user *user);

/* table.c */
struct np_port *np_bind_port(struct np_shard *shard, struct np_bind *b);
struct np_group *np_bind_group(struct np_shard *shard, struct np_bind *b);
int np_table_check(struct np_shard *shard, struct np_want *w, bool exact);
int np_table_link_at(struct np_shard *shard, struct np_bind *b, struct np_entry *e, u32 hash,
		     struct np_spare *spare);
int np_table_link(struct np_shard *shard, struct np_bind *b, struct np_spare *spare);
void np_table_unlink(struct np_shard *shard, struct np_bind *b);
struct np_bind *np_table_blocker(struct np_shard *shard, struct np_want *w);
int np_table_listeners(struct np_shard *shard, struct np_want *w);
void np_table_suspend(struct np_shard *shard, struct np_bind *b);
void np_table_resume(struct np_shard *shard, struct np_bind *b);
void np_table_replace(struct np_shard *shard, struct np_bind *old, struct np_bind *new);
bool np_bind_named(struct np_bind *b, const struct np_want *w, const struct netport_owner *owner);
struct np_bind *np_table_find(struct np_shard *shard, const struct np_want *w,
			      const struct netport_owner *owner);
int np_spare_fill(struct np_spare *spare, gfp_t gfp);
void np_spare_drop(struct np_spare *spare);
int np_table_init(void);
void np_table_exit(void);

/* pick.c */

/**
 * struct np_cursor - where the search for a port stands
 * @low: first port of the range
 * @high: last port
 * @start: where the search began
 * @pass: which pass it is in
 * @done: how many ports of the pass are behind it
 * @probes: how many ports the later passes have looked at
 * @tried: how many ports it has come to
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
	u32	tried;
	bool	may_sleep;
	bool	resumed;
};

/* How many bitmaps may say what is in the way of one binding. */
#define NP_VIEW_OCCS	(NP_FAMILIES + NP_ANYS)

/**
 * struct np_view - everything that can be in the way of a request, as bitmaps
 * @nn: the namespace
 * @w: the first binding, for what the port must be like
 * @run: how many consecutive ports are to be free
 * @noccs: how many bitmaps
 * @nfew: how many of @few
 * @occ: the bitmaps
 * @src: as much room, for the search
 * @few: addresses that have no bitmap yet
 */
struct np_view {
	struct np_net		*nn;
	const struct np_want	*w;
	unsigned int		run;
	unsigned int		noccs;
	unsigned int		nfew;
	const struct np_occ	**occ;
	const u64		**src;
	struct np_addr		**few;
};

void np_pick_start(struct np_cursor *c, const struct np_want *w, unsigned int n,
		   bool candidates, gfp_t gfp);
u64 np_pick_save(const struct np_cursor *c);
int np_pick_resume(struct np_cursor *c, const struct np_want *w, unsigned int n, u64 saved,
		   u16 port, gfp_t gfp);
void np_view_add(struct np_view *v, const struct np_want *w);
int np_pick_next(struct np_cursor *c, struct np_net *nn, const struct np_want *w);
int np_pick_next_of(struct np_cursor *c, const struct np_view *v, const struct np_want *w,
		    unsigned int n);
bool np_want_open(const struct np_want *w);
bool np_pick_fits(const struct np_cursor *c, const struct np_want *w, int fit);
void np_pick_wait(struct np_cursor *c);
bool np_pick_none_free(const struct np_cursor *c);
bool np_pick_wants(const struct np_net *nn, const struct np_want *w, u16 port);
int np_ephemeral_next(const struct np_net *nn, struct netport_ephemeral *e);

/* token.c */
struct np_shard *np_token_shard(struct np_net *nn, u64 token);
u32 np_token_hash(const struct np_net *nn, u64 token);
struct np_resv *np_token_find(struct np_shard *shard, struct np_net *nn, u64 token);
struct np_resv *np_resv_find(struct np_shard *shard, const struct netport_owner *owner,
			     u64 token);
struct np_resv *np_resv_lock(struct np_net *nn, const struct netport_owner *owner, u64 token,
			     u64 *shards);
void np_resv_unlock(struct np_net *nn, u64 shards);
u64 np_resv_publish(struct np_shard *shard, struct np_resv *r);
void np_owner_link(struct netport_owner *owner, struct np_resv *r);
void np_token_drop(struct np_shard *shard, struct np_resv *r);
void np_resv_retract(struct np_shard *shard, struct np_resv *r);
unsigned int np_resv_ports(const struct np_resv *r);
struct np_resv *np_resv_alloc(struct netport_owner *owner, gfp_t gfp);
unsigned int np_resv_alloc_many(struct np_resv **r, unsigned int n, gfp_t gfp);
void np_resv_mem_free_many(struct np_resv **r, unsigned int n);
void np_resv_mem_free(struct np_resv *r);
void np_resv_kfree(struct np_resv *r);
void np_resv_kfree_many(struct np_resv **r, unsigned int n);
struct np_wide *np_wide_alloc(struct netport_owner *owner, gfp_t gfp);
void np_wide_put(struct np_wide *wide);
struct np_part *np_part_add(struct list_head *parts, struct np_wide *wide, gfp_t gfp);
void np_parts_unhost(struct list_head *parts);
void np_parts_retire(struct np_net *nn, struct list_head *parts);
bool np_resv_detach(struct np_resv *r);
void np_part_free(struct np_part *part);
void np_bind_fill(struct np_bind *b, const struct np_want *w);
void np_shard_settle(struct np_net *nn, struct np_shard *shard, gfp_t gfp);

/* Have the tables that a reservation is in the size they should have?  Under the shard lock. */
static inline bool np_shard_settled(const struct np_shard *shard)
{
	return np_hash_settled(&shard->table) && np_hash_settled(&shard->tokens);
}

void np_resv_resize(struct np_net *nn);
int np_token_init(void);
void np_token_exit(void);

/* plan.c */

/**
 * struct np_plan - a request, with all that is needed to make a reservation of it
 * @owner: for whom
 * @user: as whose it counts; held by @owner, by whoever made the plan, or as
 * @held: the reservation's that it changes, or NULL
 * @resv: what it will be; NULL once it is
 * @wide: @resv, if that is an np_wide; NULL if it is an np_resv
 * @parts: np_part.link of the new parts of @wide: of each port, one for each binding
 * @cursor: where the search stands, if @pick
 * @view: what the search looks at
 * @pick: the port is to be picked
 * @port: the port asked for, or tried last
 * @count: how many consecutive ports
 * @options: NETPORT_OPT_*
 * @token: result: the reservation's name
 * @charged: how many ports count for the limits already
 * @left: how many more bindings it may be compared with one by one
 * @lent: used instead of @left while somebody looks on behalf of who waits, else NULL
 * @full: result: a limit is reached, whatever the port
 * @exclude: see np_want
 * @spare: what linking may need, one for each binding
 * @net: held while sockets of the host are made, or NULL
 * @n: how many bindings
 * @want: the bindings, each with a reference to its address
 */
struct np_plan {
	struct netport_owner	*owner;
	struct np_user		*user;
	struct np_user		*held;
	struct np_resv		*resv;
	struct np_wide		*wide;
	struct list_head	parts;
	struct np_cursor	cursor;
	struct np_view		view;
	bool			pick;
	u16			port;
	u16			count;
	u32			options;
	u64			token;
	u32			charged;
	int			left;
	int			*lent;
	bool			full;
	u64			*exclude;
	struct np_spare		*spare;
	struct net		*net;
	u32			n;
	struct np_want		want[];
};

/* What a plan may have, by who makes it. */
#define NP_PLAN_WAIT		BIT(0)	/* a deadline, and memory for whoever gives it a port */
#define NP_PLAN_CHARGED		BIT(1)	/* its ports count already */
#define NP_PLAN_CANDIDATE	BIT(2)	/* it is for a candidate */

int np_label_check(const u8 *label);
bool np_terms_empty(const struct netport_terms *terms);
struct np_plan *np_plan_make(struct netport_owner *owner, struct np_user *user,
			     const struct netport_request *req, struct np_wide *wide,
			     unsigned int flags, gfp_t gfp);
void np_plan_free(struct np_plan *p);
int np_plan_check(struct np_plan *p, struct np_shard *shard, const struct np_cursor *c,
		  u16 port);
int np_plan_link(struct np_plan *p, struct np_shard *shard, const struct np_cursor *c,
		 u16 port, struct np_part *part);
struct np_part *np_plan_part(struct np_plan *p);
void np_plan_publish(struct np_plan *p, struct np_shard *shard);
int np_plan_prepare(struct np_plan *p, u16 port, gfp_t gfp);
int np_plan_refill(struct np_plan *p, gfp_t gfp);
bool np_plan_equal(const struct np_plan *a, const struct np_plan *b);
int np_resv_prepare(struct np_addr *a, u16 port, gfp_t gfp);
int np_resv_want(const struct netport_owner *owner, struct np_want *w,
		 const struct netport_reserve *req, const struct netport_binding *b);

/* wait.c */

/* What a release may do at once for those who wait, in comparisons, on however many ports. */
#define NP_SERVE_MAX	(16 * NP_COMPARE_MAX)

void np_wait_serve(struct np_net *nn, struct np_shard *shard, u16 port, int *left);
int np_wait(struct np_plan *p, ktime_t deadline, gfp_t gfp);
int np_wish(struct np_plan *p, u64 *id, gfp_t gfp);
int np_wish_granted(struct netport_owner *owner, struct netport_granted *granted, bool fetch);
int np_unwish(struct netport_owner *owner, u64 id, u64 *token);
__poll_t np_wait_poll(struct netport_owner *owner);
void np_wait_serve_rest(struct np_net *nn);
void np_wait_init(struct np_net *nn);
void np_wait_end(struct np_net *nn);

/* Does anybody wait, for this port or for any?  Under the shard lock. */
static inline bool np_wait_any(const struct np_net *nn, const struct np_shard *shard)
{
	return shard->queues.count || READ_ONCE(nn->any_port.count);
}

/* How much one port may cost: a pick that may not sleep has one budget for all of them. */
static inline void np_want_refill(struct np_want *w, const struct np_cursor *c)
{
	if (!c || c->may_sleep)
		w->left = NP_COMPARE_MAX;
}

/* resv.c */
int np_resv_fits(struct np_net *nn, struct np_resv *r, u8 share, bool listeners);
void np_resv_serve_later(struct np_net *nn, struct np_resv *r);
void np_resv_unpublish(struct np_shard *shard, struct np_resv *r, enum np_gone why);
struct np_part *np_parts_unlink_port(struct np_net *nn, struct list_head *parts,
				     struct np_part *part, int *left);
void np_resv_free(struct np_resv *r);

#define NP_STOCK_SIZE	32

/**
 * struct np_stock - what many reservations need, had at once
 * @owner: for whom
 * @left: how many requests there are still
 * @charged: how many ports count for the limits already
 * @n: how many of @resv
 * @addr: the address that was asked for last, held, or NULL
 * @asked: the last binding, if another port on it needs no check of its form; else no families
 * @want: what it has become; its addr is only good for comparing with @addr
 * @resv: memory
 */
struct np_stock {
	struct netport_owner	*owner;
	u32			left;
	u32			charged;
	u32			n;
	struct np_addr		*addr;
	struct netport_binding	asked;
	struct np_want		want;
	struct np_resv		*resv[NP_STOCK_SIZE];
};

void np_stock_uncharge(struct np_stock *s);
void np_stock_drop(struct np_stock *s);
int np_resv_create(struct netport_owner *owner, struct np_want *w, struct np_cursor *c,
		   struct np_stock *s, u64 *token, gfp_t gfp);
int np_resv_make_one(struct np_stock *s, struct netport_reserve *req, gfp_t gfp);
int np_resv_make(struct netport_owner *owner, struct netport_reserve *req, gfp_t gfp);
int np_resv_available(struct netport_owner *owner, const struct netport_reserve *req,
		      gfp_t gfp);
int np_resv_drop(struct netport_owner *owner, u64 token);
unsigned int np_resv_drop_some(struct netport_owner *owner, const u64 *tokens, unsigned int n);
int np_resv_release(struct netport_owner *owner, u64 token);
int np_resv_named(struct netport_owner *owner, const struct np_want *w, u64 *token);
int np_resv_drop_named(struct netport_owner *owner, const struct np_want *w, u64 token);
bool np_resv_sweep(struct netport_owner *owner, unsigned int nr);
void np_resv_drain(struct np_net *nn);

/* request.c */
void np_plan_unhost(struct np_plan *p);
int np_plan_host(struct np_plan *p, u16 port);
int np_plan_host_start(struct np_plan *p, gfp_t gfp);
int np_plan_look(struct np_plan *p, const struct np_cursor *c, u16 port, gfp_t gfp);
int np_plan_next(struct np_plan *p);
int np_plan_run(struct np_plan *p, gfp_t gfp);
int np_request_as(struct netport_owner *owner, struct np_user *user,
		  struct netport_request *req, gfp_t gfp);
int np_request(struct netport_owner *owner, struct netport_request *req, gfp_t gfp);
int np_request_now(struct netport_owner *owner, struct netport_request *req, gfp_t gfp);
int np_request_available(struct netport_owner *owner, struct netport_request *req, gfp_t gfp);
int np_request_wish(struct netport_owner *owner, struct netport_request *req, gfp_t gfp);
int np_request_unwish(struct netport_owner *owner, u64 wish);

/**
 * struct np_batch - many requests
 * @stock: for whom, and what of their reservations is ready
 * @make: makes one, by its number, and leaves its token below; -EFAULT and -E2BIG, for one that
 *	can't be read, end the whole batch
 * @tokens: the first one's token, 0 if there is no reservation
 * @stride: bytes from there to the next one's
 * @errors: negative errnos of those that can't be had, or NULL
 * @count: how many requests
 * @flags: NETPORT_BATCH_*
 */
struct np_batch {
	struct np_stock		stock;
	int			(*make)(struct np_batch *b, u32 i, gfp_t gfp);
	void			*tokens;
	size_t			stride;
	s32			*errors;
	u32			count;
	u32			flags;
};

int np_batch(struct np_batch *b, gfp_t gfp);
void np_batch_undo(const struct np_batch *b, gfp_t gfp);
int np_batch_request(struct netport_owner *owner, struct netport_request *reqs, s32 *errors,
		     u32 count, u32 flags, gfp_t gfp);

/* wide.c */

/**
 * struct np_moved - what is needed to move the bindings of a reservation in the table
 * @n: how many there are
 * @move: for each, its address, or that which it is to get, and what linking it needs
 */
struct np_moved {
	unsigned int		n;
	struct np_move {
		struct np_addr	*addr;
		u16		port;
		struct np_spare	spare;
	} move[];
};

struct np_wide *np_resv_widen(struct netport_owner *owner, u64 token, gfp_t gfp);
struct np_moved *np_moved_gather(struct np_net *nn, const struct netport_owner *owner,
				 u64 token, bool whole, gfp_t gfp);
bool np_moved_same(const struct np_moved *m, struct np_resv *r, bool whole);
void np_moved_free(struct np_moved *m);
int np_extend(struct netport_owner *owner, struct netport_request *req, gfp_t gfp);
int np_rebind(struct netport_owner *owner, struct netport_request *req, gfp_t gfp);
int np_release_part(struct netport_owner *owner, u64 token, u16 port, u16 count, gfp_t gfp);
int np_label(struct netport_owner *owner, const struct netport_label *label, gfp_t gfp);

/* attach.c */
int np_attach(struct netport_owner *owner, u64 token, void *priv, gfp_t gfp);
int np_detach(struct netport_owner *owner, u64 token);

/* state.c */
int np_state_check(const struct np_plan *p);
int np_set_state(struct netport_owner *owner, u64 token, enum netport_state state);

/* lookup.c */
int np_seat_take(struct np_net *nn, struct np_part *part, void *priv);
void np_seat_set(struct np_net *nn, struct np_part *part, void *priv);
void np_seat_give(struct np_net *nn, struct np_part *part, const struct np_user *from);
void np_seat_leave(struct np_net *nn, struct np_part *part);
void np_seats_moved(struct np_net *nn, u16 port);
void *np_lookup(struct np_net *nn, const struct netport_key *key, u32 hash);
int np_spots_init(struct np_net *nn);
void np_spots_destroy(struct np_net *nn);

/* config.c */
void np_config_range(const struct np_net *nn, u16 protocol, u16 *low, u16 *high);
u16 np_config_floor(const struct np_net *nn, u16 protocol);
u64 np_config_reserved(const struct np_net *nn, u16 protocol, unsigned int word);
void np_config_get(struct np_net *nn, u16 protocol, struct netport_space *space);
int np_config_set(struct np_net *nn, u16 protocol, const struct netport_space *space);
void np_configs_destroy(struct np_net *nn);

/* candidate.c */
int np_resv_candidate(struct netport_owner *owner, struct netport_candidate *cand,
		      gfp_t gfp);
int np_resv_candidate_done(struct netport_owner *owner, u64 old, u64 new);
int np_resv_accept(struct netport_owner *owner, u64 token);

/* keep.c */
int np_release(struct netport_owner *owner, const struct netport_release *rel, gfp_t gfp);
int np_release_tokens(struct netport_owner *owner, const u64 *tokens, u32 n,
		      struct netport_release *rel, u32 *done, gfp_t gfp);
int np_transfer(struct netport_owner *from, u64 token, struct netport_owner *to);
int np_adopt(struct netport_owner *owner, u64 token);
void np_owner_destroy(struct netport_owner *owner);
void np_end_holds(struct np_net *nn);

/* owner.c */
void np_owner_setup(struct netport_owner *owner);
struct netport_owner *np_owner_create(struct net *net, kuid_t uid, bool trusted);
void np_owner_end(struct netport_owner *owner);
void np_owner_get(struct netport_owner *owner);
void np_owner_put(struct netport_owner *owner);
int np_owner_has_room(const struct netport_owner *owner, unsigned int n);
int np_owner_charge(struct netport_owner *owner, unsigned int n);
void np_owner_uncharge(struct netport_owner *owner, unsigned int n);
void np_owner_uncharge_held(struct netport_owner *owner, unsigned int n);
void np_owner_hold(struct netport_owner *owner, unsigned int n);
int np_owner_move(struct netport_owner *from, struct netport_owner *to, unsigned int n);
void np_owner_move_back(struct netport_owner *from, struct netport_owner *to, unsigned int n);
bool np_owner_admin(const struct netport_owner *owner);
int np_owner_access(const struct netport_owner *owner, struct np_want *w, unsigned int n,
		    u16 low, u16 high);
void np_owner_limits(const struct np_net *nn, struct netport_info *info);

/* hold.c */

/* The clock of holds: milliseconds, which wrap. */
static inline u32 np_hold_now(void)
{
	return ktime_to_ms(ktime_get());
}

void np_hold_add(struct np_net *nn, struct np_resv *r, u32 ms);
void np_hold_del(struct np_net *nn, struct np_resv *r);
u64 np_hold_due(struct np_net *nn, unsigned int *class);
void np_hold_init(struct np_net *nn);

/* list.c */
u32 np_resv_state(const struct np_resv *r, u16 flags);
void np_entry_fill(struct netport_entry *e, struct np_bind *b, const struct np_user *asker,
		   bool curious);
int np_list_as(struct np_net *nn, const struct np_user *user, struct netport_list *list,
	       struct netport_entry *entries, bool curious);
int np_list(struct netport_owner *owner, struct netport_list *list,
	    struct netport_entry *entries, bool curious);

/* host.c */
int np_host_want(const struct np_want *w);
int np_host_bind(struct net *net, const struct np_want *w, u16 port, kuid_t uid,
		 struct np_host **host);
void np_host_set_uid(struct np_host *host, kuid_t uid);
void np_host_release(struct np_host *host);
void np_host_close_dead(void);
u64 np_host_features(void);

extern atomic_t np_host_dying;

/**
 * np_host_flush() - wait until what was released is closed
 *
 * All that was given to np_host_release() before this call, by whomever, and its ports
 * can be bound by the host.  Costs nothing when there's nothing.
 *
 * Process context; may sleep.
 */
static inline void np_host_flush(void)
{
	if (unlikely(atomic_read_acquire(&np_host_dying)))
		np_host_close_dead();
}

/* user.c */
struct np_user *np_user_get(kuid_t uid, gfp_t gfp);
void np_user_put(struct np_user *u);

/* net.c */
struct np_net *np_net_get(struct net *net);
struct np_net *np_net_find(struct net *net);

extern unsigned int np_net_id;

/**
 * struct np_net_slot - what a namespace has of us
 * @nn: its tables, or NULL; np_net_lock
 * @live: the same under RCU, for those who have no reference; NULL again once it is going
 * @sysctls: net.netport.*
 */
struct np_net_slot {
	struct np_net		*nn;
	struct np_net __rcu	*live;
	struct ctl_table_header	*sysctls;
};

/*
 * The tables of a namespace, for a packet; NULL if nobody has reserved anything, or it is going.
 * Called under RCU: net_generic() would ask for that once more.
 */
static inline struct np_net *np_net_live(const struct net *net)
{
	const struct np_net_slot *slot = rcu_dereference(net->gen)->ptr[np_net_id];

	return rcu_dereference(slot->live);
}

void np_net_put(struct np_net *nn);
struct net *np_net_hold(struct np_net *nn);
bool np_queue_work(struct work_struct *work);
void np_queue_delayed_work(struct delayed_work *work, unsigned long delay);
void np_net_range(const struct np_net *nn, u16 *low, u16 *high);
int np_net_set_range(struct np_net *nn, const struct netport_range *range, bool allowed);
u16 np_net_floor(const struct np_net *nn);
u64 np_net_reserved(const struct np_net *nn, unsigned int word);
void np_net_resize_later(struct np_net *nn);
void np_net_serve_later(struct np_net *nn);
int np_net_setup(struct np_net *nn, struct net *net, gfp_t gfp);
void np_net_teardown(struct np_net *nn);
int np_net_init(void);
void np_net_exit(void);

/* proc.c */
#ifdef CONFIG_PROC_FS
int np_proc_init(struct net *net);
void np_proc_exit(struct net *net);
#else
static inline int np_proc_init(struct net *net)
{
	return 0;
}

static inline void np_proc_exit(struct net *net)
{
}
#endif

/* sysctl.c */
#ifdef CONFIG_SYSCTL
int np_sysctl_init(struct net *net);
void np_sysctl_exit(struct net *net);
#else
static inline int np_sysctl_init(struct net *net)
{
	return 0;
}

static inline void np_sysctl_exit(struct net *net)
{
}
#endif

/* chardev.c */
int np_chardev_init(void);
void np_chardev_exit(void);

/* debugfs.c */
void np_debugfs_init(void);
void np_debugfs_exit(void);

#endif /* _NETPORT_PRIV_H */
