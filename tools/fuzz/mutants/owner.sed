# SPDX-License-Identifier: GPL-2.0
# module/token.c: whoever knows a token may release what has it
/^struct np_resv \*np_resv_find/,/^}/s/r->owner == owner && //
