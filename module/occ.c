// SPDX-License-Identifier: GPL-2.0
/*
 * Which of 65536 ports are taken: a bitmap in chunks, and a bit for each word of it that
 * is full, so that a search doesn't read those.
 *
 * A word belongs to the shard of its ports and is written under that shard's lock.  It
 * is read without: a pick that is misled by an old word finds out under the lock, and
 * is-available knows when it may be, see np_resv_open().
 */
#include <kunit/visibility.h>
#include <linux/slab.h>

#include "netport_priv.h"

/**
 * np_occ_alloc() - the slow part of np_occ_prepare()
 * @occ: the bitmap
 * @port: the port
 * @gfp: for the chunk
 *
 * Return: 0 or -ENOMEM.
 */
noinline int np_occ_alloc(struct np_occ *occ, u16 port, gfp_t gfp)
{
	u64 *chunk;

	chunk = kcalloc(NP_CHUNK_WORDS, sizeof(*chunk), gfp);
	if (!chunk)
		return -ENOMEM;
	/* Pairs with the address dependency of those who read through the slot. */
	if (cmpxchg(&occ->chunk[np_occ_chunk(port)], NULL, chunk))
		kfree(chunk);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(np_occ_alloc);

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
