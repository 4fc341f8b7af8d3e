// SPDX-License-Identifier: GPL-2.0
/*
 * A hash table that grows and shrinks in small steps.
 *
 * A shard lock is held with bottom halves off, so nothing done under it may grow with
 * the table.  Resizing allocates without the lock, and from then on each addition and
 * removal empties NP_HASH_STEP buckets of the old table into the new one.  One would do
 * for a table that grows: it is twice as full before it wants to grow again.
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

#define NP_HASH_STEP	2

/* The largest table for which memory is asked in a context that can't sleep. */
#define NP_HASH_ATOMIC	(PAGE_SIZE / sizeof(struct hlist_head))

void np_hash_init(struct np_hash *h)
{
	memset(h, 0, sizeof(*h));
	h->first.tbl.mask = NP_HASH_FIRST - 1;
	h->tbl = &h->first.tbl;
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
 * np_hash_move() - go on with a resize that is under way
 * @h: table
 * @fn: computes the hash of an entry
 */
void np_hash_move(struct np_hash *h, np_hash_fn fn)
{
	struct hlist_node *node, *next;
	unsigned int i;

	for (i = 0; i < NP_HASH_STEP && h->old; i++) {
		struct hlist_head *from = &h->old->head[h->moved];

		for (node = from->first; node; node = next) {
			next = node->next;
			__hlist_del(node);
			hlist_add_head(node, &h->tbl->head[fn(node) & h->tbl->mask]);
		}
		if (h->moved++ == h->old->mask) {
			np_hash_tbl_free(h, h->old);
			h->old = NULL;
		}
	}
}
EXPORT_SYMBOL_IF_KUNIT(np_hash_move);

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

/* Down in steps: while a table shrinks, others may fill the small one again. */
static u32 np_hash_size(const struct np_hash *h)
{
	u32 size = h->tbl->mask + 1;

	return h->count > size ? roundup_pow_of_two(h->count) * 2 :
				 max_t(u32, size / 4, NP_HASH_FIRST);
}

/**
 * np_hash_resize() - give a table that is np_hash_unfit() another size
 * @h: table
 * @lock: the lock that protects it, not held
 * @gfp: for the new table
 *
 * Not being able to is no error: chains are longer, that's all, and the next one who
 * comes by tries again.
 */
void np_hash_resize(struct np_hash *h, spinlock_t *lock, gfp_t gfp)
{
	struct np_hash_tbl *tbl;
	size_t bytes;
	u32 size;

	/* A look without the lock; it is asked again below. */
	size = data_race(np_hash_size(h));
	bytes = struct_size(tbl, head, size);
	gfp |= __GFP_ZERO | __GFP_NOWARN | __GFP_NORETRY;
	if (size <= NP_HASH_FIRST)
		tbl = &h->first.tbl;
	else if (gfpflags_allow_blocking(gfp))
		tbl = kvmalloc(bytes, gfp);
	else
		tbl = size <= NP_HASH_ATOMIC ? kmalloc(bytes, gfp) : NULL;
	if (!tbl)
		return;

	spin_lock_bh(lock);
	if (np_hash_unfit(h) && tbl != h->tbl) {
		if (tbl != &h->first.tbl)
			tbl->mask = size - 1;
		h->old = h->tbl;
		h->tbl = tbl;
		h->moved = 0;
		tbl = NULL;
	}
	spin_unlock_bh(lock);
	if (tbl && tbl != &h->first.tbl)
		kvfree(tbl);
}
EXPORT_SYMBOL_IF_KUNIT(np_hash_resize);
