# SPDX-License-Identifier: GPL-2.0
# module/want.c: an IPv4-mapped address is none of IPv4
/^static int np_want_addrs/,/^}/s/w->families = NETPORT_FAMILY_IPV4;//
