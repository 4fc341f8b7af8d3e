#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The row of Google's python_portpicker, as Debian packages it: PEER is portserver, which is asked
over its socket, or portpicker, which finds a port by itself.

All that happens on the machine until there is a port is counted, the server's part too.  What
portserver takes to have the port back isn't: it looks at the process when its turn comes again.
"""
import os
import statistics
import subprocess
import sys
import time

import portpicker

SAMPLES = 51
CALLS = 8
ADDRESS = "@bench-portserver"


def ask():
    if not portpicker.get_port_from_port_server(ADDRESS):
        sys.exit("portserver has no port")


def find():
    portpicker.return_port(portpicker.pick_unused_port())


def measure(work):
    samples = []
    for _ in range(SAMPLES):
        start = time.monotonic_ns()
        for _ in range(CALLS):
            work()
        samples.append((time.monotonic_ns() - start) / CALLS)
    return statistics.median(samples)


def with_server():
    server = subprocess.Popen(
        [sys.executable, "-m", "portserver", "--portserver_address", ADDRESS,
         "--portserver_static_pool", "16000-65535"], stderr=subprocess.DEVNULL)
    while ADDRESS not in open("/proc/net/unix", encoding="ascii").read():
        time.sleep(0.1)
    try:
        return measure(ask)
    finally:
        server.kill()


peer, key = sys.argv[1:]
os.environ.pop("PORTSERVER_ADDRESS", None)
value = with_server() if peer == "portserver" else measure(find)
print(f"{key} {peer} {value:.2f}")
