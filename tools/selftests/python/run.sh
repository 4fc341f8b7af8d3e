#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# run.sh - the tests of the Python module and the example for pytest, in the machine, as TAP.
export LD_LIBRARY_PATH=/python PYTHONPATH=/python PYTHONDONTWRITEBYTECODE=1
cd /python && exec /usr/bin/python3 -m pytest -p no:terminal -p no:cacheprovider
