# SPDX-License-Identifier: GPL-2.0
"""What pytest has to say as TAP, in a network namespace of its own."""
import ctypes
import os

CLONE_NEWNET = 0x40000000

tests = []


def pytest_sessionstart():
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "unshare")
    os.system("ip link set lo up")


def pytest_collection_finish(session):
    print(f"TAP version 13\n1..{len(session.items)}", flush=True)


def pytest_runtest_logreport(report):
    """Three reports for each test: its setup, itself, and its teardown."""
    if report.when == "setup":
        tests.append([])
    if report.failed:
        tests[-1].append(report.longreprtext)
    if report.when == "teardown":
        for line in "\n".join(tests[-1]).splitlines():
            print(f"# {line}")
        name = report.nodeid.rsplit("/", 1)[-1]
        print(f"{'not ok' if tests[-1] else 'ok'} {len(tests)} {name}", flush=True)
