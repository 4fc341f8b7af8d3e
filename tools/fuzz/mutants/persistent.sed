# SPDX-License-Identifier: GPL-2.0
# module/resv.c: what is persistent goes with its owner
/^static bool np_resv_stay/,/^}/s/np_resv_is(r, NP_BIND_PERSISTENT)/false/
