# SPDX-License-Identifier: GPL-2.0
"""pytest: each test gets ports that nobody else has, in whatever process the others run."""
import socket

import netport
import pytest


@pytest.fixture(scope="session")
def owner():
    """Of all ports of this process; when it dies, they are free at once."""
    with netport.Owner() as owner:
        owner.label("pytest")
        yield owner


@pytest.fixture
def port(owner, request):
    """A function that hands out a port, for as long as the test runs."""
    reservations = []

    def pick(protocol="tcp", place="127.0.0.1", **terms):
        # One that the host's own stack could bind now, too.
        terms.setdefault("options", netport.OPT_HOST_CHECK)
        reservations.append(owner.pick(protocol, place, label=request.node.name[:31], **terms))
        return reservations[-1].port

    yield pick
    for r in reservations:
        r.release()


def test_server(port):
    with socket.create_server(("127.0.0.1", port())) as server:
        with socket.create_connection(server.getsockname()) as client:
            client.sendall(b"hello")
            assert server.accept()[0].recv(5) == b"hello"


def test_many_ports(port):
    ports = [port("udp") for _ in range(100)]
    assert len(set(ports)) == 100
