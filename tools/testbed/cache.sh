#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# cache.sh update|clean - forget Debian's kernels, or all of them.
. "$(dirname "$0")/lib.sh"

case $1 in
update) rm -rf "$CACHE"/stock-* ;;
clean)  rm -rf "$CACHE"/{stock,kernel,tools,source}-* "$CACHE"/tmp.* "$CACHE/lock" ;;
*)      die "cache.sh: update or clean?" ;;
esac
