# SPDX-License-Identifier: GPL-2.0
# module/netport_priv.h: reservations overlap whatever their devices are
/^static inline bool np_devices_meet/,/^}/s/return .*/return true;/
