// SPDX-License-Identifier: GPL-2.0
/*
 * What every request runs through, as one translation unit, so that the compiler can make one
 * function (__flatten) of a call's usual way down the layers.  What is off that way is noinline.
 */
#include "hash.c"
#include "occ.c"
#include "share.c"
#include "config.c"
#include "net.c"
#include "want.c"
#include "addr.c"
#include "table.c"
#include "pick.c"
#include "owner.c"
#include "token.c"
#include "plan.c"
#include "resv.c"
#include "keep.c"
