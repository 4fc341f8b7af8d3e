// SPDX-License-Identifier: GPL-2.0
/*
 * The lists of holds: when each ends, without a timer for each.
 *
 * Durations are rounded up to three binary digits after the first, and those that are equal
 * then end in the order they began: a list for each, of which only the first matters.
 */
#include <kunit/visibility.h>
#include <linux/bitops.h>

#include "netport_priv.h"

/* The class of a duration, which is rounded up to that of the class. */
static unsigned int np_hold_class(u32 *ms)
{
	unsigned int shift = fls(*ms) > 4 ? fls(*ms) - 4 : 0;
	u32 digits = DIV_ROUND_UP(*ms, 1U << shift);

	*ms = digits << shift;
	return shift * 8 + digits;
}

static_assert(NETPORT_HOLD_MAX < 1 << 27 && NP_HOLD_CLASSES > 23 * 8 + 16,
	      "a class for each duration");

/**
 * np_hold_add() - begin a hold
 * @nn: namespace
 * @r: the reservation, on no list of its owner any more
 * @ms: for how long, at least
 */
void np_hold_add(struct np_net *nn, struct np_resv *r, u32 ms)
{
	unsigned int class = np_hold_class(&ms);

	spin_lock_bh(&nn->hold_lock);
	/* One more, as now is rounded down. */
	r->bind.until = np_hold_now() + ms + 1;
	list_add_tail(&r->hold_link, &nn->holds[class]);
	if (!nn->hold_armed || (s32)(r->bind.until - nn->hold_next) < 0) {
		nn->hold_armed = true;
		nn->hold_next = r->bind.until;
		np_queue_delayed_work(&nn->hold_end, msecs_to_jiffies(ms + 1) + 1);
	}
	spin_unlock_bh(&nn->hold_lock);
}
EXPORT_SYMBOL_IF_KUNIT(np_hold_add);

/**
 * np_hold_del() - end it
 * @nn: namespace
 * @r: the reservation
 */
void np_hold_del(struct np_net *nn, struct np_resv *r)
{
	spin_lock(&nn->hold_lock);
	list_del(&r->hold_link);
	spin_unlock(&nn->hold_lock);
}
EXPORT_SYMBOL_IF_KUNIT(np_hold_del);

/**
 * np_hold_due() - a hold that has lasted long enough
 * @nn: namespace
 * @class: where to look, 0 in the first call, and on from where it was found
 *
 * When there is no other, hold_end is queued for the next one.
 *
 * Return: the token, or 0.
 */
u64 np_hold_due(struct np_net *nn, unsigned int *class)
{
	u32 now = np_hold_now(), wait = U32_MAX;
	struct np_resv *r;
	u64 token = 0;
	unsigned int i;

	spin_lock_bh(&nn->hold_lock);
	for (; *class < NP_HOLD_CLASSES; ++*class) {
		r = list_first_entry_or_null(&nn->holds[*class], struct np_resv, hold_link);
		if (r && (s32)(r->bind.until - now) <= 0) {
			token = r->token;
			goto out;
		}
	}
	for (i = 0; i < NP_HOLD_CLASSES; i++) {
		r = list_first_entry_or_null(&nn->holds[i], struct np_resv, hold_link);
		if (r)
			wait = min_t(u32, wait, max_t(s32, r->bind.until - now, 1));
	}
	nn->hold_armed = wait != U32_MAX;
	nn->hold_next = now + wait;
	if (nn->hold_armed)
		np_queue_delayed_work(&nn->hold_end, msecs_to_jiffies(wait) + 1);
out:
	spin_unlock_bh(&nn->hold_lock);
	return token;
}
EXPORT_SYMBOL_IF_KUNIT(np_hold_due);

void np_hold_init(struct np_net *nn)
{
	unsigned int i;

	spin_lock_init(&nn->hold_lock);
	for (i = 0; i < NP_HOLD_CLASSES; i++)
		INIT_LIST_HEAD(&nn->holds[i]);
}
