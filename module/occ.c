// SPDX-License-Identifier: GPL-2.0
/*
 * Which of 65536 ports are taken: a bitmap in chunks, and a bit for each word of it that
 * is full, so that a search doesn't read those.
 *
 * A word belongs to the shard of its ports and is written under that shard's lock.  It
 * is read without: a pick that is misled by an old word finds out under the lock.
 */
#include <kunit/visibility.h>
#include <linux/slab.h>

#include "netport_priv.h"

static u64 **np_occ_chunk(struct np_occ *occ, u16 port)
{
	return &occ->chunk[port / NP_WORD_PORTS / NP_CHUNK_WORDS];
}

static u64 *np_occ_at(struct np_occ *occ, u16 port)
{
	u64 *chunk = READ_ONCE(*np_occ_chunk(occ, port));

	return &chunk[port / NP_WORD_PORTS % NP_CHUNK_WORDS];
}

/**
 * np_occ_prepare() - make sure that np_occ_set() of a port has its chunk
 * @occ: the bitmap
 * @port: the port
 * @gfp: for the chunk
 *
 * Return: 0 or -ENOMEM.
 */
int np_occ_prepare(struct np_occ *occ, u16 port, gfp_t gfp)
{
	u64 **slot = np_occ_chunk(occ, port);
	u64 *chunk;

	if (likely(READ_ONCE(*slot)))
		return 0;
	chunk = kcalloc(NP_CHUNK_WORDS, sizeof(*chunk), gfp);
	if (!chunk)
		return -ENOMEM;
	/* Pairs with the address dependency of those who read through the slot. */
	if (cmpxchg(slot, NULL, chunk))
		kfree(chunk);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(np_occ_prepare);

/**
 * np_occ_ready() - has np_occ_set() of a port its chunk?
 * @occ: the bitmap
 * @port: the port
 *
 * Return: whether so.
 */
bool np_occ_ready(struct np_occ *occ, u16 port)
{
	return READ_ONCE(*np_occ_chunk(occ, port));
}
EXPORT_SYMBOL_IF_KUNIT(np_occ_ready);

/**
 * np_occ_destroy() - free the chunks
 * @occ: the bitmap, which nobody uses any more
 */
void np_occ_destroy(struct np_occ *occ)
{
	unsigned int i;

	for (i = 0; i < NP_CHUNKS; i++)
		kfree(occ->chunk[i]);
}
EXPORT_SYMBOL_IF_KUNIT(np_occ_destroy);

/**
 * np_occ_word() - NP_WORD_PORTS ports at once
 * @occ: the bitmap
 * @word: which ports: the first of them, divided by NP_WORD_PORTS
 *
 * Return: a bit for each port, the lowest one for the lowest port.
 */
u64 np_occ_word(const struct np_occ *occ, unsigned int word)
{
	const u64 *chunk = READ_ONCE(occ->chunk[word / NP_CHUNK_WORDS]);

	return chunk ? READ_ONCE(chunk[word % NP_CHUNK_WORDS]) : 0;
}
EXPORT_SYMBOL_IF_KUNIT(np_occ_word);

/**
 * np_occ_full() - NP_CHUNK_WORDS words at once
 * @occ: the bitmap
 * @chunk: which words: the first of them, divided by NP_CHUNK_WORDS
 *
 * Return: a bit for each word in which all ports are taken.
 */
u64 np_occ_full(const struct np_occ *occ, unsigned int chunk)
{
	return atomic64_read(&occ->full[chunk]);
}
EXPORT_SYMBOL_IF_KUNIT(np_occ_full);

static u64 np_occ_full_bit(u16 port)
{
	return BIT_ULL(port / NP_WORD_PORTS % NP_CHUNK_WORDS);
}

static atomic64_t *np_occ_full_at(struct np_occ *occ, u16 port)
{
	return &occ->full[port / NP_WORD_PORTS / NP_CHUNK_WORDS];
}

/**
 * np_occ_set() - mark a port taken
 * @occ: the bitmap, prepared for @port
 * @port: the port, whose shard lock is held
 */
void np_occ_set(struct np_occ *occ, u16 port)
{
	u64 *word = np_occ_at(occ, port);

	WRITE_ONCE(*word, *word | BIT_ULL(port % NP_WORD_PORTS));
	/* The words of a chunk belong to different shards. */
	if (!~*word)
		atomic64_or(np_occ_full_bit(port), np_occ_full_at(occ, port));
}
EXPORT_SYMBOL_IF_KUNIT(np_occ_set);

/**
 * np_occ_clear() - mark a port free
 * @occ: the bitmap, in which it is set
 * @port: the port, whose shard lock is held
 */
void np_occ_clear(struct np_occ *occ, u16 port)
{
	u64 *word = np_occ_at(occ, port);

	if (!~*word)
		atomic64_andnot(np_occ_full_bit(port), np_occ_full_at(occ, port));
	WRITE_ONCE(*word, *word & ~BIT_ULL(port % NP_WORD_PORTS));
}
EXPORT_SYMBOL_IF_KUNIT(np_occ_clear);
