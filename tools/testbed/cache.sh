#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# cache.sh update|clean - forget what is Debian's, or all of it.
. "$(dirname "$0")/lib.sh"

case $1 in
update) rm -rf "$CACHE"/{stock,python,bpftrace}-* ;;
clean)  rm -rf "$CACHE"/{stock,kernel,tools,source,python,bpftrace}-* "$CACHE"/tmp.* "$CACHE/lock" ;;
*)      die "cache.sh: update or clean?" ;;
esac
