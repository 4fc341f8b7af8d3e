// SPDX-License-Identifier: GPL-2.0
/*
 * A hash table that grows and shrinks in small steps.
 *
 * A shard lock is held with bottom halves off, so nothing done under it may grow with
 * the table.  Resizing allocates without the lock; from then on new entries go to the
 * new table, and each addition and removal takes up to NP_HASH_STEP entries or empty
 * buckets out of the old one.  Two would do: a table that grows is twice as full before
 * it wants to grow again.
 *
 * rhashtable isn't used here: an insertion there costs more than all the rest of a
 * reservation, and its buckets have locks of their own, where the shard lock is enough.
 */
#include <kunit/visibility.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "netport_priv.h"

#define NP_HASH_STEP	4

/* Whenever @tbl or @old has changed. */
static void np_hash_bound(struct np_hash *h)
{
	u32 size = h->tbl->mask + 1;

	/* While entries are moved it is well as it is. */
	h->most = h->old ? U32_MAX : size;
	/* Down in steps: while a table shrinks, others may fill the small one again. */
	h->least = h->old || size <= NP_HASH_KEEP ? 0 : size / 8;
}

void np_hash_init(struct np_hash *h)
{
	memset(h, 0, sizeof(*h));
	h->first.tbl.mask = NP_HASH_FIRST - 1;
	h->tbl = &h->first.tbl;
	np_hash_bound(h);
}
EXPORT_SYMBOL_IF_KUNIT(np_hash_init);

/* A table that readers under the lock may have seen; the lock can't be held over kvfree(). */
static void np_hash_tbl_free(struct np_hash *h, struct np_hash_tbl *tbl)
{
	if (tbl && tbl != &h->first.tbl)
		kvfree_rcu(tbl, rcu);
}

void np_hash_destroy(struct np_hash *h)
{
	np_hash_tbl_free(h, h->old);
	np_hash_tbl_free(h, h->tbl);
}
EXPORT_SYMBOL_IF_KUNIT(np_hash_destroy);

/**
 * np_hash_settle() - after a removal or before an addition: go on with a resize
 * @h: table
 * @fn: computes the hash of an entry
 *
 * A table that has become empty goes back to its first size at once, unless it's small.
 */
noinline void np_hash_settle(struct np_hash *h, np_hash_fn fn)
{
	struct hlist_node *node;
	unsigned int i;

	for (i = 0; i < NP_HASH_STEP && h->old && h->count; i++) {
		node = h->old->head[h->moved].first;
		if (node) {
			__hlist_del(node);
			hlist_add_head(node, &h->tbl->head[fn(node) & h->tbl->mask]);
		} else if (h->moved++ == h->old->mask) {
			np_hash_tbl_free(h, h->old);
			h->old = NULL;
			np_hash_bound(h);
		}
	}
	if (h->count)
		return;
	np_hash_tbl_free(h, h->old);
	h->old = NULL;
	if (h->tbl->mask >= NP_HASH_KEEP) {
		np_hash_tbl_free(h, h->tbl);
		h->tbl = &h->first.tbl;
	}
	np_hash_bound(h);
}
EXPORT_SYMBOL_IF_KUNIT(np_hash_settle);

/**
 * np_hash_peek() - some entry, for a walk over all buckets
 * @h: table
 * @bucket: any number; all entries are found if it takes every value up to the largest
 *	index of the larger table
 *
 * Return: an entry that is in that bucket of either table, or NULL.
 */
struct hlist_node *np_hash_peek(const struct np_hash *h, u32 bucket)
{
	struct hlist_node *node = h->old ? h->old->head[bucket & h->old->mask].first : NULL;

	return node ?: h->tbl->head[bucket & h->tbl->mask].first;
}
EXPORT_SYMBOL_IF_KUNIT(np_hash_peek);

/**
 * np_hash_target() - what size should a table have?
 * @h: table
 *
 * Return: a number of buckets, or 0 if it is well as it is or already on the way.
 */
u32 np_hash_target(const struct np_hash *h)
{
	if (h->count > h->most)
		return roundup_pow_of_two(h->count) * 2;
	if (h->count < h->least)
		return (h->tbl->mask + 1) / 4;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(np_hash_target);

/**
 * np_hash_resize() - give a table another size
 * @h: table
 * @lock: the lock that protects it, not held
 * @size: from np_hash_target()
 * @gfp: for the new table
 *
 * Return: false if there was no memory: chains are longer then, that's all.
 */
bool np_hash_resize(struct np_hash *h, spinlock_t *lock, u32 size, gfp_t gfp)
{
	struct np_hash_tbl *tbl = &h->first.tbl;
	size_t bytes = struct_size(tbl, head, size);

	if (size > NP_HASH_FIRST) {
		gfp |= __GFP_ZERO | __GFP_NOWARN | __GFP_NORETRY;
		if (gfpflags_allow_blocking(gfp))
			tbl = kvmalloc(bytes, gfp);
		else
			tbl = bytes <= PAGE_SIZE ? kmalloc(bytes, gfp) : NULL;
		if (!tbl)
			return false;
		tbl->mask = size - 1;
	}

	spin_lock_bh(lock);
	if (np_hash_target(h) == size) {
		h->old = h->tbl;
		h->tbl = tbl;
		h->moved = 0;
		np_hash_bound(h);
		tbl = &h->first.tbl;
	}
	spin_unlock_bh(lock);
	if (tbl != &h->first.tbl)
		kvfree(tbl);
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(np_hash_resize);

static void np_hash_tbl_chain(const struct np_hash_tbl *tbl, u32 bucket, u64 *chains)
{
	const struct hlist_node *node = tbl->head[bucket].first;
	unsigned int length;

	for (length = 0; node && length < NP_CHAIN_LONG; length++)
		node = node->next;
	chains[length]++;
}

/**
 * np_hash_chains() - count how long the chains of a bucket are
 * @h: table, its lock held
 * @bucket: index of the bucket, in each of the tables that have it
 * @chains: for each length up to NP_CHAIN_LONG, how many were seen; added to
 *
 * Return: whether there are buckets above this one.
 */
bool np_hash_chains(const struct np_hash *h, u32 bucket, u64 *chains)
{
	if (h->old && bucket >= h->moved && bucket <= h->old->mask)
		np_hash_tbl_chain(h->old, bucket, chains);
	if (bucket <= h->tbl->mask)
		np_hash_tbl_chain(h->tbl, bucket, chains);
	return bucket < h->tbl->mask || (h->old && bucket < h->old->mask);
}
EXPORT_SYMBOL_IF_KUNIT(np_hash_chains);
