#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# torture.sh KERNEL SECONDS - run the tests of T on KERNEL, for SECONDS each: those whose time
# is theirs to choose.
. "$(dirname "$0")/lib.sh"

kernel=$1 seconds=$2
# On a busy machine the end, when all is looked at and tidied up, takes its time, too.
export PATIENCE=$((seconds * 2 + 900))
export TIMEOUT=$((PATIENCE * 2 + 600))
export APPEND="${APPEND:-} netport_kunit.torture_seconds=$seconds NETPORT_SECONDS=$seconds"
[ -z "${SEED:-}" ] || APPEND+=" NETPORT_SEED=$SEED"
exec "$TESTBED/test.sh" "$kernel"
