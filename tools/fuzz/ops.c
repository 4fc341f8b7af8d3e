// SPDX-License-Identifier: GPL-2.0
/*
 * One operation: what may come of it, what does, and that it is the same.
 */
#include "ops.h"

static bool (*const does[OPS])(struct op *op) = {
	[OP_OPEN] = do_open, [OP_CLOSE] = do_close, [OP_SHARE] = do_share,
	[OP_FETCH] = do_fetch, [OP_KILL] = do_kill, [OP_NETNS] = do_netns,
	[OP_CAPS] = do_caps, [OP_SYSCTL] = do_sysctl,
	[OP_RESERVE] = do_reserve, [OP_REQUEST] = do_reserve, [OP_AVAILABLE] = do_reserve,
	[OP_BATCH] = do_batch, [OP_CANDIDATE] = do_candidate, [OP_NEXT] = do_next,
	[OP_ACCEPT] = do_accept, [OP_RELEASE] = do_release,
	[OP_RELEASE_KEY] = do_release_key, [OP_RELEASE_PART] = do_release_part,
	[OP_RELEASE_BATCH] = do_release_batch, [OP_HOLD_END] = do_hold_end,
	[OP_EXTEND] = do_change, [OP_REBIND] = do_change, [OP_TRANSFER] = do_transfer,
	[OP_ADOPT] = do_adopt, [OP_LABEL] = do_label, [OP_WISH] = do_wish,
	[OP_GRANTED] = do_granted, [OP_UNWISH] = do_unwish, [OP_WAIT] = do_wait,
	[OP_LIST] = do_list, [OP_INFO] = do_info, [OP_GET_RANGE] = do_range,
	[OP_SET_RANGE] = do_range, [OP_EPHEMERAL] = do_ephemeral, [OP_NOTTY] = do_notty,
};

/* False if there is nothing for it to be done with. */
bool step(struct op *op)
{
	const struct owner *o = owner_of(op->who);

	if (op->kind >= OP_RESERVE && o->alive && o->dead && o->fd >= 0) {
		do_dead(o);
		return true;
	}
	return does[op->kind](op);
}
