# SPDX-License-Identifier: GPL-2.0
# module/table.c: a tuple doesn't look at the port of its remote
/^static int np_check_tuple(/,/^}/s/ && e->rport == w->rport//
