# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""netport from Python, on libnetport.

    with netport.Owner() as owner:
        with owner.reserve("tcp", "10.0.0.1:80") as web:
            serve(web.port)
        rtp = owner.pick("udp", "127.0.0.1", test=lambda port: port % 2 == 0)

An owner is an open file of /dev/netport: what it holds is given back when it is closed, at the
end of its `with` block or by the end of the process.  A reservation is given back at the end of
its own `with` block, if it has one.  What netport refuses is an OSError with its errno, as in
<linux/netport.h>, which says more about each argument here.  Threads may share an owner.
"""
import ctypes
import errno
import os
import select
import time

__all__ = ["Owner", "Reservation", "Entry", "Info"]

FAMILY_IPV4, FAMILY_IPV6 = 1, 2
OPT_TUPLE, OPT_HOST_CHECK, OPT_HOST_HOLD, OPT_PERSISTENT = 1, 2, 4, 8
RELEASE_PORT = 1 << 31
STATE_CANDIDATE, STATE_HELD, STATE_ORPHAN, STATE_HOST = 1, 2, 4, 8
STATE_LISTENING, STATE_CONNECTED = 16, 32
LIST_MINE, LIST_OWNER, LIST_PROTOCOL, LIST_PORT = 1, 2, 4, 8
BATCH_PARTIAL = 1
TEXT_LEN = 96

_u8, _u16, _u32, _u64 = ctypes.c_uint8, ctypes.c_uint16, ctypes.c_uint32, ctypes.c_uint64
_s32 = ctypes.c_int32


class Binding(ctypes.Structure):
    """struct netport_binding"""
    _fields_ = [("families", _u16), ("protocol", _u16), ("port", _u16), ("remote_port", _u16),
                ("ifindex", _u32), ("share", _u32), ("addr", _u8 * 16), ("remote", _u8 * 16)]

    def __str__(self):
        return f"{self.protocol_name} {self.local}"

    @property
    def protocol_name(self):
        """tcp, udp, ..., or the number as a text"""
        return _text(_lib.netport_protocol_to_text, self.protocol)

    @property
    def local(self):
        """The local address, device and port, as in 10.0.0.1:80"""
        return _text(_lib.netport_binding_to_text, ctypes.byref(self))

    @property
    def peer(self):
        """The remote, as in 10.0.0.2:5; * for every one"""
        return _text(_lib.netport_remote_to_text, ctypes.byref(self))


class Reserve(ctypes.Structure):
    """struct netport_reserve"""
    _fields_ = [("binding", Binding), ("token", _u64), ("options", _u32), ("low", _u16),
                ("high", _u16)]


class Terms(ctypes.Structure):
    """struct netport_terms"""
    _fields_ = [("bindings", _u64), ("exclude", _u64), ("conflict", _u64), ("deadline", _u64),
                ("nbindings", _u32), ("nexclude", _u32), ("count", _u16), ("align", _u16),
                ("offset", _u16), ("_pad", _u16), ("label", ctypes.c_char * 32)]


class Request(ctypes.Structure):
    """struct netport_request"""
    _fields_ = [("reserve", Reserve), ("terms", Terms)]


class Release(ctypes.Structure):
    """struct netport_release"""
    _fields_ = [("binding", Binding), ("token", _u64), ("options", _u32), ("hold", _u32),
                ("port", _u16), ("count", _u16), ("_pad", _u32)]


class Granted(ctypes.Structure):
    """struct netport_granted"""
    _fields_ = [("wish", _u64), ("token", _u64), ("port", _u16), ("_pad", _u16 * 3)]


class Entry(ctypes.Structure):
    """struct netport_entry: a port on a binding, as it is listed; texts are bytes"""
    _fields_ = [("binding", Binding), ("token", _u64), ("owner", _u64), ("uid", _u32),
                ("pid", _s32), ("options", _u32), ("state", _u32), ("hold", _u32),
                ("parts", _u32), ("comm", ctypes.c_char * 16), ("label", ctypes.c_char * 32),
                ("owner_label", ctypes.c_char * 32)]


class List(ctypes.Structure):
    """struct netport_list"""
    _fields_ = [("entries", _u64), ("cursor", _u64 * 3), ("owner", _u64), ("count", _u32),
                ("size", _u32), ("flags", _u32), ("protocol", _u16), ("port", _u16)]


class Info(ctypes.Structure):
    """struct netport_info: what the module has and allows"""
    _fields_ = [("features", _u64), ("owner", _u64), ("options", _u32), ("commands", _u32),
                ("max_bindings", _u32), ("max_ports", _u32), ("max_batch", _u32),
                ("max_exclude", _u32), ("max_wishes", _u32), ("max_hold", _u32),
                ("max_per_owner", _u32), ("max_per_uid", _u32), ("max_per_netns", _u32),
                ("request_size", _u32), ("candidate_size", _u32), ("release_size", _u32),
                ("entry_size", _u32), ("_pad", _u32)]


_lib = ctypes.CDLL("libnetport.so.0", use_errno=True)
_test_fn = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_uint, ctypes.c_void_p)


def _declare():
    fd, number, size, pointer = ctypes.c_int, ctypes.c_uint, ctypes.c_size_t, ctypes.c_void_p
    text = ctypes.c_char_p
    for name, args in {
            "open": (),
            "release": (fd, _u64),
            "release_batch": (fd, pointer, number, number, number),
            "transfer": (fd, _u64, fd),
            "adopt": (fd, _u64),
            "unwish": (fd, _u64),
            "label": (fd, _u64, text),
            "get_range": (fd, pointer, pointer),
            "set_range": (fd, number, number),
            "ephemeral": (fd, number, number, _test_fn, pointer),
            "batch_sized": (fd, pointer, size, number, number, pointer),
            "pick_sized": (fd, pointer, size, _test_fn, pointer),
            "binding_from_text": (pointer, text),
            "remote_from_text": (pointer, text),
            "protocol_from_text": (text,),
            "share_from_text": (text,),
            "binding_to_text": (pointer, size, pointer),
            "remote_to_text": (pointer, size, pointer),
            "protocol_to_text": (pointer, size, number),
            **{f"{name}_sized": (fd, pointer, size) for name in (
                "info", "request", "available", "release_by", "extend", "rebind", "wish",
                "granted", "list")}}.items():
        getattr(_lib, f"netport_{name}").argtypes = args


_declare()


def _error(number, what=None):
    return OSError(number, os.strerror(number), None if what is None else str(what))


def _check(ret, what=None):
    """Returns what a function of the library has returned, unless it has failed."""
    if ret < 0:
        raise _error(ctypes.get_errno(), what)
    return ret


def _text(function, what):
    buf = ctypes.create_string_buffer(TEXT_LEN)
    function(buf, TEXT_LEN, what)
    return buf.value.decode()


def _sized(structure):
    return ctypes.byref(structure), ctypes.sizeof(structure)


def _array(kind, items):
    return (kind * len(items))(*items) if items else None


def _binding(protocol, place, remote, share):
    b = Binding()
    b.protocol = _check(_lib.netport_protocol_from_text(str(protocol).encode()), protocol)
    if not isinstance(place, str):
        host, port = place[:2]
        place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    _check(_lib.netport_binding_from_text(ctypes.byref(b), place.encode()), place)
    if remote:
        _check(_lib.netport_remote_from_text(ctypes.byref(b), remote.encode()), remote)
    if share:
        b.share = _check(_lib.netport_share_from_text(share.encode()), share)
    return b


def _search(test, call, what=None):
    """Makes a call that takes a test; an exception of it is raised when the call is over."""
    raised = []

    def judge(port, _):
        try:
            return 0 if test(port) else 1
        except BaseException as e:      # pylint: disable=broad-except
            raised.append(e)
            return -errno.ECANCELED

    ret = call(_test_fn(judge))
    if raised:
        raise raised[0]
    return _check(ret, what)


def request(protocol, place, *, remote=None, share=None, also=(), low=0, high=0, count=0, align=0,
            offset=0, exclude=(), label="", options=0):
    """A struct netport_request.

    protocol is a name or a number; place is a text, as in 10.0.0.1:80, [fe80::1%eth0]:80 or *:80,
    without a port to have one picked, or (HOST, PORT) as sockets have it; remote is a text of the
    same form; share is of lb, mr and to, with commas; also has pairs of protocol and place that
    get the same port.  The others are as in <linux/netport.h>.
    """
    r = Request()
    r.reserve.binding = _binding(protocol, place, remote, share)
    r.reserve.low, r.reserve.high, r.reserve.options = low, high, options
    # What the structure points at lives as long as it does.
    r.kept = (_array(Binding, [_binding(*pair, None, share) for pair in also]),
              _array(_u16, list(exclude)))
    r.terms.bindings, r.terms.exclude = (ctypes.addressof(a) if a else 0 for a in r.kept)
    r.terms.nbindings, r.terms.nexclude = (len(a) if a else 0 for a in r.kept)
    r.terms.count, r.terms.align, r.terms.offset = count, align, offset
    label = label.encode()
    if len(label) >= 32:
        raise ValueError("a label has at most 31 bytes")
    r.terms.label = label
    return r


class Reservation:
    """A port, or several, that an owner holds.  A context manager: releases it in the end."""

    def __init__(self, owner, token, port, count=1):
        self.owner, self.token, self.port, self.count = owner, token, port, count or 1

    def __repr__(self):
        return f"<netport.Reservation {self.token}: port {self.port}>"

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        if self.token and self.owner.fd >= 0:
            try:
                self.release()
            except OSError as e:
                if e.errno != errno.ENOENT:     # released by its token already
                    raise

    @property
    def ports(self):
        """All ports of a block"""
        return range(self.port, self.port + self.count)

    def release(self, hold=0, whole_port=False):
        """Give it back; with hold, in seconds, nobody gets it for so long."""
        r = Release(token=self.token, hold=round(hold * 1000),
                    options=RELEASE_PORT if whole_port else 0)
        _check(_lib.netport_release_by_sized(self.owner.fd, *_sized(r)), self)
        self.token = 0

    def _change(self, function, args, kwargs):
        r = request(*args, **kwargs)
        r.reserve.token = self.token
        _check(function(self.owner.fd, *_sized(r)), r.reserve.binding)
        self.port = r.reserve.binding.port

    def extend(self, *args, **kwargs):
        """Add bindings; the arguments are those of request()."""
        self._change(_lib.netport_extend_sized, args, kwargs)

    def rebind(self, *args, **kwargs):
        """Move to another port or other bindings; the arguments are those of request()."""
        self._change(_lib.netport_rebind_sized, args, kwargs)

    def transfer(self, owner):
        """Give it to another Owner, or to the owner that a file descriptor is of."""
        to = owner.fd if isinstance(owner, Owner) else owner
        _check(_lib.netport_transfer(self.owner.fd, self.token, to), self)
        if isinstance(owner, Owner):
            self.owner = owner
        else:
            self.token = 0

    def label(self, text):
        """Write a text on it."""
        _check(_lib.netport_label(self.owner.fd, self.token, text.encode()), self)


class Owner:
    """An open file of /dev/netport.  A context manager: closes it in the end."""

    def __init__(self, fd=None):
        """A new owner, or with fd, that of a descriptor, which becomes this object's own."""
        self.fd = _check(_lib.netport_open(), "/dev/netport") if fd is None else fd

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def __del__(self):
        self.close()

    def fileno(self):
        """For select and the like, and to pass it on."""
        return self.fd

    def close(self):
        """Give back all that it holds."""
        fd, self.fd = getattr(self, "fd", -1), -1
        if fd >= 0:
            os.close(fd)

    def _reserved(self, r):
        return Reservation(self, r.reserve.token, r.reserve.binding.port, r.terms.count)

    def reserve(self, *args, timeout=None, **kwargs):
        """Reserve what request() of these arguments says; a Reservation.

        With timeout, in seconds, waits so long for the port, and for ever if it's infinite; the
        errno is ETIMEDOUT then.
        """
        r = request(*args, **kwargs)
        if timeout is None:
            _check(_lib.netport_request_sized(self.fd, *_sized(r)), r.reserve.binding)
            return self._reserved(r)
        return self._wait(r, time.monotonic() + timeout)

    def _wait(self, r, end):
        # A wish, since nothing but a kill ends a wait in the call: not a KeyboardInterrupt.
        _check(_lib.netport_wish_sized(self.fd, *_sized(r)), r.reserve.binding)
        wish = r.reserve.token
        try:
            poll = select.poll()
            poll.register(self.fd, select.POLLIN)
            while True:
                granted = Granted(wish=wish)
                if not _lib.netport_granted_sized(self.fd, *_sized(granted)):
                    wish = 0
                    return Reservation(self, granted.token, granted.port)
                if ctypes.get_errno() != errno.ENOENT:
                    _check(-1, r.reserve.binding)
                left = end - time.monotonic()
                if left <= 0:
                    raise _error(errno.ETIMEDOUT, r.reserve.binding)
                # An hour at most, for poll() takes no more than an int of milliseconds.
                for _, events in poll.poll(min(left, 3600) * 1000):
                    if events & select.POLLHUP:
                        raise _error(errno.ENETDOWN, r.reserve.binding)
                    time.sleep(0.001)           # it may be another thread's
        finally:
            if wish:
                _lib.netport_unwish(self.fd, wish)

    def pick(self, *args, test=None, **kwargs):
        """Pick a port for what request() of these arguments says; a Reservation.

        test, if there is one, is called with each port while it is held, and says whether it will
        do; an exception of it ends the search, and is passed on.
        """
        r = request(*args, **kwargs)
        if r.reserve.binding.port:
            raise ValueError(f"{r.reserve.binding} has a port already")
        if not test:
            _check(_lib.netport_request_sized(self.fd, *_sized(r)), r.reserve.binding)
            return self._reserved(r)
        _search(test, lambda judge: _lib.netport_pick_sized(self.fd, *_sized(r), judge, None),
                r.reserve.binding)
        return self._reserved(r)

    def ephemeral(self, test, low=0, high=0):
        """Search the ephemeral range, reserving nothing; the port that passes the test."""
        return _search(test, lambda judge: _lib.netport_ephemeral(self.fd, low, high, judge, None))

    def available(self, *args, **kwargs):
        """Whether reserve() of these arguments would find its port, now."""
        r = request(*args, **kwargs)
        if not _lib.netport_available_sized(self.fd, *_sized(r)):
            return True
        if ctypes.get_errno() not in (errno.EADDRINUSE, errno.EADDRNOTAVAIL):
            _check(-1, r.reserve.binding)
        return False

    def who(self, *args, **kwargs):
        """An Entry that is in the way of what request() of these arguments says, or None."""
        r, entry = request(*args, **kwargs), Entry()
        r.terms.conflict = ctypes.addressof(entry)
        if not _lib.netport_available_sized(self.fd, *_sized(r)):
            return None
        if ctypes.get_errno() != errno.EADDRINUSE:
            _check(-1, r.reserve.binding)
        return entry

    def batch(self, requests, partial=False):
        """Reserve many requests, all or none; with partial, None for those that can't be had."""
        many = _array(Request, requests)
        _check(_lib.netport_batch_sized(self.fd, many, ctypes.sizeof(Request), len(requests),
                                        BATCH_PARTIAL if partial else 0, None))
        return [self._reserved(r) if r.reserve.token else None for r in many]

    def release_all(self, reservations):
        """Give many reservations back in one call; how many were this owner's."""
        tokens = _array(_u64, [r.token for r in reservations])
        return _check(_lib.netport_release_batch(self.fd, tokens, len(reservations), 0, 0))

    def adopt(self, entry):
        """Become the owner of a persistent reservation that has none; a Reservation."""
        _check(_lib.netport_adopt(self.fd, entry.token), entry.binding)
        return Reservation(self, entry.token, entry.binding.port, entry.parts)

    def label(self, text):
        """Write a text on this owner."""
        _check(_lib.netport_label(self.fd, 0, text.encode()))

    def list(self, *, mine=False, owner=None, protocol=None, port=None):
        """Each Entry of what is reserved in this network namespace, a few at a time."""
        entries = (Entry * 64)()
        query = List(entries=ctypes.addressof(entries), size=ctypes.sizeof(Entry))
        query.flags = LIST_MINE if mine else 0
        if owner is not None:
            query.flags, query.owner = query.flags | LIST_OWNER, owner
        if protocol is not None:
            query.flags |= LIST_PROTOCOL
            query.protocol = _check(_lib.netport_protocol_from_text(str(protocol).encode()))
        if port is not None:
            query.flags, query.port = query.flags | LIST_PORT, port
        while True:
            query.count = len(entries)
            _check(_lib.netport_list_sized(self.fd, *_sized(query)))
            if not query.count:
                return
            for i in range(query.count):
                yield Entry.from_buffer_copy(entries[i])

    @property
    def info(self):
        """What the module has and allows, an Info"""
        i = Info()
        _check(_lib.netport_info_sized(self.fd, *_sized(i)))
        return i

    @property
    def range(self):
        """(LOW, HIGH), the ports of this network namespace to pick from; can be set"""
        low, high = ctypes.c_uint(), ctypes.c_uint()
        _check(_lib.netport_get_range(self.fd, ctypes.byref(low), ctypes.byref(high)))
        return low.value, high.value

    @range.setter
    def range(self, ends):
        _check(_lib.netport_set_range(self.fd, *ends))
