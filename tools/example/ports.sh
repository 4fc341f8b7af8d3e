#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Two ports for a test: held while it runs, and given back however it ends.
set -e
case $step in
'')
	step=web exec netport pick tcp 127.0.0.1 -- "$0" ;;
web)
	web=$NETPORT_PORT step=dns exec netport pick udp 127.0.0.1 -- "$0" ;;
esac
echo "web server on $web, DNS server on $NETPORT_PORT"
! netport try tcp "127.0.0.1:$web" >/dev/null
