# SPDX-License-Identifier: GPL-2.0
# module/owner.c: what is given away still counts for who had it
/^int np_owner_move(/,/^}/s/atomic_sub(n, &from->count);//
