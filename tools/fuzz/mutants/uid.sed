# SPDX-License-Identifier: GPL-2.0
# module/table.c: LOAD_BALANCED counts between different uids
/^static u8 np_bind_share/,/^}/s/np_bind_user(b) != u/false/
