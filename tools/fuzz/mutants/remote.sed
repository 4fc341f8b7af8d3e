# SPDX-License-Identifier: GPL-2.0
# module/netport_priv.h: every port of a remote doesn't overlap with one of its ports
/^static inline bool np_remotes_meet/,/^}/s/(!a_port || !b_port || a_port == b_port)/a_port == b_port/
