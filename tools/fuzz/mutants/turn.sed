# SPDX-License-Identifier: GPL-2.0
# module/wait.c: who has waited longest is served last
/^static void np_wish_place/,/^}/s/->ticket < ticket/->ticket > ticket/
