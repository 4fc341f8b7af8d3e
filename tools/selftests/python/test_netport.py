# SPDX-License-Identifier: GPL-2.0
"""netport.py, through the device."""
import contextlib
import ctypes
import errno
import os
import signal
import socket
import threading
import time

import netport
import pytest


@pytest.fixture
def owner():
    with netport.Owner() as owner:
        yield owner


@pytest.fixture
def other():
    with netport.Owner() as owner:
        yield owner


@contextlib.contextmanager
def refused(number):
    with pytest.raises(OSError) as info:
        yield
    assert info.value.errno == number


def held(owner):
    return len(list(owner.list(mine=True)))


def test_a_closed_owner_holds_nothing(owner):
    with netport.Owner() as short:
        short.reserve("tcp", "*:80")
        assert not owner.available("tcp", "10.0.0.1:80")
    assert owner.available("tcp", "10.0.0.1:80")
    assert short.fd == -1


def test_a_reservation_ends_with_its_block(owner, other):
    with owner.reserve("tcp", "10.0.0.1:80") as r:
        assert r.port == 80
        with refused(errno.EADDRINUSE):
            other.reserve("tcp", ("10.0.0.1", 80))
    assert held(owner) == 0
    with owner.reserve("tcp", "10.0.0.1:80") as r:
        r.release()
    assert held(owner) == 0


def test_it_ends_when_something_is_raised(owner):
    with pytest.raises(ZeroDivisionError):
        with owner.reserve("tcp", "10.0.0.1:80"):
            1 / 0
    assert held(owner) == 0


def test_a_set_and_a_block(owner):
    both = owner.reserve("tcp", "10.0.0.1", also=[("udp", "10.0.0.1"), ("sctp", "[fc00::1]")])
    assert {str(e.binding) for e in owner.list(mine=True)} == {
        f"tcp 10.0.0.1:{both.port}", f"udp 10.0.0.1:{both.port}", f"sctp [fc00::1]:{both.port}"}
    block = owner.reserve("udp", "*", count=4, align=4, low=40000, high=40999)
    assert block.port % 4 == 0 and len(block.ports) == 4 and block.ports[0] == block.port


def test_exclusion_and_label(owner):
    r = owner.pick("udp", "*", low=40000, high=40002, exclude=[40000, 40002], label="dns")
    assert r.port == 40001
    (entry,) = owner.list(mine=True)
    assert entry.label == b"dns"
    r.label("other")
    owner.label("all")
    (entry,) = owner.list(mine=True)
    assert (entry.label, entry.owner_label) == (b"other", b"all")
    with pytest.raises(ValueError):
        owner.pick("udp", "*", label="x" * 32)


def test_picking_with_a_test(owner, other):
    seen = []

    def judge(port):
        seen.append(port)
        assert not other.available("udp", f"127.0.0.1:{port}")
        return len(seen) == 3

    r = owner.pick("udp", "127.0.0.1", test=judge)
    assert r.port == seen[2] and len(set(seen)) == 3 and held(owner) == 1
    with refused(errno.EADDRNOTAVAIL):
        owner.pick("udp", "127.0.0.1", low=50000, high=50009, test=lambda port: False)
    assert held(owner) == 1
    with pytest.raises(ValueError):
        owner.pick("udp", "127.0.0.1:80")


def test_what_a_test_raises_is_passed_on(owner):
    with pytest.raises(KeyError, match="mine"):
        owner.pick("udp", "127.0.0.1", test=lambda port: {}["mine"])
    assert held(owner) == 0


def test_the_bare_search(owner):
    assert owner.ephemeral(lambda port: port == 40001, 40000, 40003) == 40001
    with refused(errno.EADDRNOTAVAIL):
        owner.ephemeral(lambda port: False, 40000, 40003)


def test_who_is_in_the_way(owner, other):
    assert owner.who("tcp", "*:80") is None
    r = other.reserve("tcp", "10.0.0.1:80", remote="10.0.0.2:5")
    entry = owner.who("tcp", "*:80")
    assert (entry.token, entry.pid, entry.uid) == (r.token, os.getpid(), 0)
    assert (entry.binding.local, entry.binding.peer) == ("10.0.0.1:80", "10.0.0.2:5")


def test_sharing(owner, other):
    owner.reserve("udp", "*:53", share="lb,mr")
    other.reserve("udp", "*:53", share="mr")
    with refused(errno.EADDRINUSE):
        other.reserve("udp", "10.0.0.1:53", share="lb")


def test_moving(owner, other):
    r = owner.reserve("tcp", "10.0.0.1:80")
    r.extend("tcp", "[fc00::1]")
    assert held(owner) == 2
    r.rebind("tcp", "10.0.0.1:81")
    assert (held(owner), r.port) == (1, 81)
    r.transfer(other)
    assert (held(owner), held(other)) == (0, 1)
    r.release(hold=60)
    (entry,) = owner.list(port=81)
    assert entry.state == netport.STATE_HELD


def test_adoption(owner):
    with netport.Owner() as short:
        short.reserve("tcp", "10.0.0.1:80", options=netport.OPT_PERSISTENT)
    (entry,) = owner.list(port=80)
    assert entry.state == netport.STATE_ORPHAN
    owner.adopt(entry).release()
    assert not list(owner.list(port=80))


def test_a_batch(owner, other):
    other.reserve("tcp", "*:1002")
    asked = [netport.request("tcp", f"*:{port}") for port in (1001, 1002, 1003)]
    with refused(errno.EADDRINUSE):
        owner.batch(asked)
    assert held(owner) == 0
    got = owner.batch(asked, partial=True)
    assert [r and r.port for r in got] == [1001, None, 1003]
    assert owner.release_all([r for r in got if r]) == 2


def test_a_long_listing(owner, other):
    for n in range(200):
        owner.reserve("udp", f"10.0.0.1:{20000 + n}")
    other.reserve("tcp", "*:80")
    assert sorted(e.binding.port for e in other.list(protocol="udp")) == [*range(20000, 20200)]
    assert len(list(other.list(owner=other.info.owner))) == 1


def test_the_range(owner):
    before = owner.range
    assert before == (16000, 65535)
    owner.range = 5000, 5000
    try:
        assert owner.pick("tcp", "*").port == 5000
        with refused(errno.EINVAL):
            owner.range = 5001, 5000
    finally:
        owner.range = before


def test_waiting(owner, other):
    r = other.reserve("tcp", "*:80")
    begin = time.monotonic()
    with refused(errno.ETIMEDOUT):
        owner.reserve("tcp", "*:80", timeout=0.1)
    assert time.monotonic() - begin >= 0.1
    threading.Timer(0.1, r.release).start()
    assert owner.reserve("tcp", "*:80", timeout=float("inf")).port == 80
    assert held(owner) == 1


def test_a_wait_can_be_interrupted(owner, other):
    class Interrupt(Exception):
        pass

    def interrupt(*_):
        raise Interrupt

    other.reserve("tcp", "*:80")
    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    with pytest.raises(Interrupt):
        owner.reserve("tcp", "*:80", timeout=60)
    signal.signal(signal.SIGALRM, before)
    other.close()
    # The wish went with it.
    assert owner.available("tcp", "*:80")
    assert held(owner) == 0


def test_the_host(owner):
    with socket.create_server(("127.0.0.1", 0)) as server:
        with refused(errno.EADDRINUSE):
            owner.reserve("tcp", server.getsockname(), options=netport.OPT_HOST_CHECK)


def test_a_fork_is_the_same_owner(owner, other):
    owner.reserve("tcp", "*:80")
    pid = os.fork()
    if not pid:
        os._exit(0 if held(owner) == 1 else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert not other.available("tcp", "*:80")


@pytest.mark.parametrize("kind", [netport.Binding, netport.Reserve, netport.Terms, netport.Request,
                                  netport.Release, netport.Granted, netport.Entry, netport.List,
                                  netport.Info])
def test_a_structure_is_the_uapi_header_s(kind):
    """As the record of the ABI has it, which may have grown since."""
    recorded = {}
    with open(os.path.join(os.path.dirname(__file__), "abi"), encoding="ascii") as abi:
        for words in map(str.split, abi):
            recorded[" ".join(words[:2])] = [int(word) for word in words[2:4] if word.isdigit()]
    name = f"netport_{kind.__name__.lower()}"
    assert ctypes.sizeof(kind) <= recorded[f"struct {name}"][0]
    for field, *_ in kind._fields_:
        if field == "_pad":     # which may have got a meaning
            continue
        member = getattr(kind, field)
        assert [member.offset, member.size] == recorded[f"field {name}.{field}"]


@pytest.mark.parametrize("protocol, place, number", [
    ("xyz", "*:80", errno.EINVAL),
    ("tcp", "localhost:80", errno.EINVAL),
    ("tcp", "[fe80::1%nodev]:80", errno.ENODEV),
    ("tcp", "*:65536", errno.ERANGE),
    ("tcp", "*:80", None),
])
def test_texts(protocol, place, number):
    if number is None:
        assert str(netport.request(protocol, place).reserve.binding) == f"{protocol} {place}"
        return
    with refused(number):
        netport.request(protocol, place)
