# SPDX-License-Identifier: GPL-2.0
# module/hold.c: a hold ends at once
/^void np_hold_add/,/^}/s/np_hold_now() + ms + 1/np_hold_now()/
