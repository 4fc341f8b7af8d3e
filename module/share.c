// SPDX-License-Identifier: GPL-2.0
/*
 * Share flags, counted, so that "what do all of these have in common" and "does each of
 * these have something in common with that" are answered without a look at each.
 */
#include <kunit/visibility.h>

#include "netport_priv.h"

#define NP_LB	NETPORT_SHARE_LOAD_BALANCED

static_assert(NETPORT_SHARE_LOAD_BALANCED == 1, "np_sum.ids is indexed by flags / 2");

/**
 * np_sum_add() - count one more
 * @s: the sum
 * @share: its flags
 * @u: its user; used if the flags have LOAD_BALANCED
 */
void np_sum_add(struct np_sum *s, u8 share, const struct np_user *u)
{
	s->count[share]++;
	if (share & NP_LB)
		s->ids[share / 2] += u->id;
}
EXPORT_SYMBOL_IF_KUNIT(np_sum_add);

/**
 * np_sum_sub() - count one less
 * @s: the sum
 * @share: its flags, as added
 * @u: its user, as added
 */
void np_sum_sub(struct np_sum *s, u8 share, const struct np_user *u)
{
	s->count[share]--;
	if (share & NP_LB)
		s->ids[share / 2] -= u->id;
}
EXPORT_SYMBOL_IF_KUNIT(np_sum_sub);

static bool np_sum_all_of(const struct np_sum *s, u8 share, const struct np_user *u)
{
	return s->ids[share / 2] == s->count[share] * u->id;
}

/**
 * np_sum_common() - the flags that all have in common
 * @s: the sum
 * @u: for whom; LOAD_BALANCED counts only if all are of this user
 *
 * Return: NETPORT_SHARE_* mask, NP_SHARE_ALL if there are none.
 */
u8 np_sum_common(const struct np_sum *s, const struct np_user *u)
{
	u8 share, common = NP_SHARE_ALL;

	for (share = 0; share <= NP_SHARE_ALL; share++) {
		if (!s->count[share])
			continue;
		common &= share;
		if ((common & NP_LB) && !np_sum_all_of(s, share, u))
			common &= ~NP_LB;
	}
	return common;
}
EXPORT_SYMBOL_IF_KUNIT(np_sum_common);

/**
 * np_sum_each() - does each have one of these flags in common with a request?
 * @s: the sum
 * @share: the flags of the request
 * @u: its user
 *
 * Return: whether so.
 */
bool np_sum_each(const struct np_sum *s, u8 share, const struct np_user *u)
{
	u8 i, common;

	for (i = 0; i <= NP_SHARE_ALL; i++) {
		if (!s->count[i])
			continue;
		common = i & share;
		if ((common & NP_LB) && !np_sum_all_of(s, i, u))
			common &= ~NP_LB;
		if (!common)
			return false;
	}
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(np_sum_each);
