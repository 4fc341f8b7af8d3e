#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# completion.sh - what bash makes of the beginning of a netport command line.
. "$(dirname "$0")/../testbed/lib.sh"

need iproute2
"$TESTBED/user.sh" bin
PATH=$BUILD/user/bin:$PATH
# shellcheck source=tools/netport/netport.bash-completion
. "$TOP/tools/netport/netport.bash-completion"
wrong=0

# completes EXPECTED WORD... - the last word is what has been typed of it; a * in EXPECTED is
# anything.
completes() {
	local expected=$1
	shift
	COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
	_netport netport "${@: -1}" "${@: -2:1}" || true
	# shellcheck disable=SC2053
	if [[ "${COMPREPLY[*]}" != $expected ]]; then
		printf '%s|\n\tis: %s\n\tnot: %s\n' "$*" "${COMPREPLY[*]}" "$expected"
		wrong=1
	fi
}

[[ "$(complete -p netport)" = *' _netport '* ]] || { echo "not registered"; wrong=1; }
completes 'ls reserve pick * monitor help' netport ''
completes 'reserve release restore' netport re
completes '' netport nosuch ''
completes 'tcp udp sctp mptcp homa' netport reserve ''
completes '\* *127.0.0.1*' netport reserve tcp ''
completes '--share' netport reserve tcp 10.0.0.1:80 --sh
completes 'lb mr to *' netport reserve tcp 10.0.0.1:80 --share ''
completes 'lo' netport reserve tcp 10.0.0.1:80 -d lo
completes '4 6 both' netport pick -f ''
completes 'udp' netport pick -f 4 u
completes '127.0.0.1' netport pick -f 4 udp 127.0.0.1
completes 'tcp: udp: sctp:' netport run --pick ''
completes 'auto always never' netport ls --color ''
completes 'sctp' netport ls -w s
completes "$TOP/COPYING" netport save "$TOP/COPY"
completes 'bash*' netport run -p A -- bash
completes "$TOP/COPYING" netport run -p A -- cat "$TOP/COPY"
# Every option of every subcommand.
for sub in $(netport help | sed -n 's/^  \([a-z]*\) .*/\1/p'); do
	options=$(netport "$sub" --help | sed -nE 's/^  -., (--[a-z-]+).*/\1/p' | tr '\n' ' ')
	completes "${options% }" netport "$sub" --
done
exit $wrong
