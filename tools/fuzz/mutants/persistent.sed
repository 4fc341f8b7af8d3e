# SPDX-License-Identifier: GPL-2.0
# module/keep.c: what is persistent goes with its owner
/^static void np_resv_leave/,/^}/s/np_resv_is(r, NP_BIND_PERSISTENT)/false/
