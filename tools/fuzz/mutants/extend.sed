# SPDX-License-Identifier: GPL-2.0
# module/wide.c: what is added to a reservation doesn't count
/^static int np_extend_link/,/^}/s/if (!p->charged)/if (false)/
