// SPDX-License-Identifier: GPL-2.0
/*
 * occ.c: one bit a port, and one for each word that is full.
 */
#include <linux/bitmap.h>
#include <linux/slab.h>

#include "kit.h"

#define OCC_CHUNK_PORTS	(NP_CHUNK_WORDS * NP_WORD_PORTS)

static int occ_test_init(struct kunit *test)
{
	test->priv = kunit_kzalloc(test, sizeof(struct np_occ), GFP_KERNEL);
	return test->priv ? 0 : -ENOMEM;
}

static void occ_test_exit(struct kunit *test)
{
	if (test->priv)
		np_occ_destroy(test->priv);
}

static void occ_set(struct kunit *test, struct np_occ *occ, u16 port)
{
	KUNIT_ASSERT_EQ(test, np_occ_prepare(occ, port, GFP_KERNEL), 0);
	np_occ_set(occ, port);
}

/* The ports that are set are those of @bits; a word is full if all of its are. */
static void occ_expect(struct kunit *test, const struct np_occ *occ, const unsigned long *bits)
{
	unsigned int word;
	u64 want;

	for (word = 0; word < NP_WORDS; word++) {
		bitmap_to_arr64(&want, bits + word * (NP_WORD_PORTS / BITS_PER_LONG),
				NP_WORD_PORTS);
		KUNIT_ASSERT_EQ_MSG(test, np_occ_word(occ, word), want, "word %u", word);
		KUNIT_ASSERT_EQ_MSG(test, np_occ_full(occ, word / NP_CHUNK_WORDS) >>
				    word % NP_CHUNK_WORDS & 1, want == U64_MAX, "word %u", word);
	}
}

static unsigned long *occ_bits(struct kunit *test)
{
	unsigned long *bits = kunit_kcalloc(test, BITS_TO_LONGS(65536), sizeof(*bits), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, bits);
	return bits;
}

static const u16 occ_ports[] = { 0, 1, 62, 63, 64, 127, 4095, 4096, 32767, 32768, 65472, 65535 };

static void occ_port_desc(const u16 *port, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "port %u", *port);
}

KUNIT_ARRAY_PARAM(occ_port, occ_ports, occ_port_desc);

static void occ__set_is_one_bit(struct kunit *test)
{
	u16 port = *(const u16 *)test->param_value;
	unsigned long *bits = occ_bits(test);
	struct np_occ *occ = test->priv;

	occ_set(test, occ, port);
	__set_bit(port, bits);
	occ_expect(test, occ, bits);

	np_occ_clear(occ, port);
	__clear_bit(port, bits);
	occ_expect(test, occ, bits);
}

static void occ__clear_leaves_the_others(struct kunit *test)
{
	u16 port = *(const u16 *)test->param_value;
	unsigned long *bits = occ_bits(test);
	struct np_occ *occ = test->priv;
	unsigned int first = round_down(port, NP_WORD_PORTS), i;

	for (i = 0; i < NP_WORD_PORTS; i++) {
		occ_set(test, occ, first + i);
		__set_bit(first + i, bits);
	}
	occ_expect(test, occ, bits);

	np_occ_clear(occ, port);
	__clear_bit(port, bits);
	occ_expect(test, occ, bits);

	np_occ_set(occ, port);
	__set_bit(port, bits);
	occ_expect(test, occ, bits);
}

static void occ__prepare_makes_one_chunk(struct kunit *test)
{
	struct np_occ *occ = test->priv;
	u32 port;

	KUNIT_EXPECT_FALSE(test, np_occ_ready(occ, OCC_CHUNK_PORTS));
	KUNIT_ASSERT_EQ(test, np_occ_prepare(occ, OCC_CHUNK_PORTS, GFP_KERNEL), 0);
	for (port = 0; port < 65536; port += 64)
		KUNIT_EXPECT_EQ_MSG(test, np_occ_ready(occ, port), port / OCC_CHUNK_PORTS == 1,
				    "port %u", port);
	KUNIT_EXPECT_TRUE(test, np_occ_ready(occ, 2 * OCC_CHUNK_PORTS - 1));
}

static void occ__prepare_again_keeps_what_is_set(struct kunit *test)
{
	struct np_occ *occ = test->priv;
	u64 *chunk;

	occ_set(test, occ, 99);
	chunk = occ->chunk[0];
	KUNIT_EXPECT_EQ(test, np_occ_prepare(occ, 100, GFP_KERNEL), 0);
	KUNIT_EXPECT_PTR_EQ(test, occ->chunk[0], chunk);
	KUNIT_EXPECT_EQ(test, np_occ_word(occ, 1), BIT_ULL(99 - 64));
}

static void occ__no_memory(struct kunit *test)
{
	struct np_occ *occ = test->priv;

	kit_need_faults(test);
	kit_fail(1);
	KUNIT_EXPECT_EQ(test, np_occ_prepare(occ, 5, GFP_NOWAIT), -ENOMEM);
	kit_fail(0);
	KUNIT_EXPECT_FALSE(test, np_occ_ready(occ, 5));
	KUNIT_EXPECT_EQ(test, np_occ_prepare(occ, 5, GFP_NOWAIT), 0);
	KUNIT_EXPECT_TRUE(test, np_occ_ready(occ, 5));
}

static void occ__all_ports(struct kunit *test)
{
	unsigned long *bits = occ_bits(test);
	struct np_occ *occ = test->priv;
	u32 port;

	for (port = 0; port < 65536; port++)
		occ_set(test, occ, port);
	bitmap_fill(bits, 65536);
	occ_expect(test, occ, bits);
	for (port = 0; port < 65536; port++)
		np_occ_clear(occ, port);
	bitmap_zero(bits, 65536);
	occ_expect(test, occ, bits);
}

static struct kunit_case occ_test_cases[] = {
	KUNIT_CASE_PARAM(occ__set_is_one_bit, occ_port_gen_params),
	KUNIT_CASE_PARAM(occ__clear_leaves_the_others, occ_port_gen_params),
	KUNIT_CASE(occ__prepare_makes_one_chunk),
	KUNIT_CASE(occ__prepare_again_keeps_what_is_set),
	KUNIT_CASE(occ__no_memory),
	KUNIT_CASE(occ__all_ports),
	{}
};

static struct kunit_suite occ_test_suite = {
	.name = "netport_occ",
	.init = occ_test_init,
	.exit = occ_test_exit,
	.test_cases = occ_test_cases,
};

kunit_test_suite(occ_test_suite);
