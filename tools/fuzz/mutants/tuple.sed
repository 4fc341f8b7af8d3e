# SPDX-License-Identifier: GPL-2.0
# module/table.c: a tuple doesn't look at the port of its remote
/^static bool np_check_tuples/,/^}/s/ || e->rport != w->rport//
/^static int np_check_tuple(/,/^}/s/ && e->rport == w->rport//
