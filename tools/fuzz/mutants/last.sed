# SPDX-License-Identifier: GPL-2.0
# module/pick.c: the last port of a range is never picked
/^void np_pick_start/,/^}/s/c->high = w->high;/c->high = w->high - (w->high > w->low);/
