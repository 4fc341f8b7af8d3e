#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# guest-expect.sh - in the machine of make icount: what netport costs against what is recorded
# in /bench/expect, as TAP.

awk '!/^#/ { print $1, "netport", 1 }' /bench/expect >/bench/plan
sh /bench/guest.sh >/tmp/figures
awk -f /bench/expect.awk /tmp/figures /bench/expect
