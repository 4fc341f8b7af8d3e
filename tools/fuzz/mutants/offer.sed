# SPDX-License-Identifier: GPL-2.0
# module/pick.c: a port that was turned down is offered again
/^int np_pick_resume/,/^}/s/c->done = port - c->start + 1;/c->done = port - c->start;/
