/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR BSD-2-Clause */
/*
 * netport - transport port reservations for userspace network stacks
 *
 * This header is the whole contract between /dev/netport and its callers.
 *
 * Model
 * -----
 * An open file of /dev/netport is an *owner*, in the network namespace of the
 * process that opened it and with that process's filesystem uid.  Duplicates of
 * the file (dup, fork, SCM_RIGHTS) are the same owner.  An owner holds
 * *reservations*; each claims one port of one transport protocol on one local
 * address, and is named by a 64-bit token that is never used again in that
 * namespace.  The last close of the file, by SIGKILL too, releases everything
 * the owner holds, before the close or the wait for the killed process returns.  Nobody
 * else can release or change it.  Any mode of open() does; ioctl() and close() are the
 * only calls.  Threads may use one file at the same time.
 *
 * netport compares what it is told: an address need not be configured, nor a device
 * exist.
 *
 * Two reservations *overlap* when they have the network namespace, the protocol
 * and the port in common, share a family, and agree in each of local address,
 * device and remote, where "any" agrees with everything.  A reservation is
 * granted if for every local address separately the share flags of all
 * reservations on that address which overlap it, and its own, have one flag in
 * common; or if none overlaps.  NETPORT_SHARE_LOAD_BALANCED counts only between
 * owners of the same uid (the one the kernel knows, whatever the user namespace).
 *
 * Byte order
 * ----------
 * Addresses are in network byte order, as in struct in_addr and in6_addr.  Ports
 * and everything else are plain integers of the host.
 *
 * Growing
 * -------
 * A command's number carries the size of its structure.  A shorter structure,
 * down to the size in this header's first version, is one whose missing fields
 * are zero; a longer one is accepted if all that this module does not know is
 * zero, and refused with E2BIG otherwise.  Unknown flags and non-zero padding
 * are refused, so that they can get a meaning later.  Fields said to be results
 * are ignored on the way in.
 *
 * Errors
 * ------
 * Each has one meaning.  A call that fails has changed nothing, and its
 * structure is as it was.  When several apply, EINVAL comes before EACCES and EPERM, these
 * before EDQUOT, and that before EADDRINUSE and EADDRNOTAVAIL.
 *
 *  EINVAL         malformed: an unknown flag, padding that is not zero, a family,
 *                 address, remote or range that makes no sense, nothing to do,
 *                 or a structure shorter than the first version's
 *  E2BIG          a longer structure with bytes set that this module does not know
 *  EFAULT         a bad pointer
 *  ENOTTY         no such command
 *  EADDRINUSE     the port asked for conflicts with a reservation
 *  EADDRNOTAVAIL  no port asked for, and none in the range fits
 *  ENOENT         this owner has no such reservation
 *  EACCES         a port below net.ipv4.ip_unprivileged_port_start, and no
 *                 CAP_NET_BIND_SERVICE over the network namespace
 *  EPERM          needs a capability that the command names
 *  EDQUOT         a limit: reservations per owner, per uid, per network namespace
 *                 (module parameters max_per_owner, max_per_uid, max_per_netns), or
 *                 the number of reservations that one request may have to be
 *                 compared with one by one (4096), which only happens on a port
 *                 where some are for a device or a remote, or that equal it in
 *                 local address and remote
 *  ENOMEM         no memory, or the caller's memory cgroup is at its limit
 *  ENETDOWN       the network namespace of this file no longer exists; all that
 *                 was held there is gone
 *
 * Kept for commands to come: ETIMEDOUT and EINTR (a wait that ended) and
 * EOPNOTSUPP (not for this protocol).
 */
#ifndef _UAPI_LINUX_NETPORT_H
#define _UAPI_LINUX_NETPORT_H

#include <linux/ioctl.h>
#include <linux/types.h>

/** NETPORT_DEVICE - where the character device appears, for all users. */
#define NETPORT_DEVICE		"/dev/netport"

/**
 * DOC: address families
 *
 * The families of a binding, as a bit mask; at least one.  Both together are
 * what a dual-stack socket takes: only with the any-address, and reserved on both
 * or on neither.
 */
#define NETPORT_FAMILY_IPV4	(1U << 0)
#define NETPORT_FAMILY_IPV6	(1U << 1)

/**
 * DOC: share flags
 *
 * What a reservation is willing to share its port for; see the share rule on top.
 * %NETPORT_SHARE_LOAD_BALANCED is SO_REUSEPORT, and counts only between owners of
 * the same uid.  %NETPORT_SHARE_MOST_RECENT is UDP's SO_REUSEADDR.
 * %NETPORT_SHARE_TUPLE_ONLY is TCP's SO_REUSEADDR.
 */
#define NETPORT_SHARE_LOAD_BALANCED	(1U << 0)
#define NETPORT_SHARE_MOST_RECENT	(1U << 1)
#define NETPORT_SHARE_TUPLE_ONLY	(1U << 2)

/**
 * DOC: request options
 *
 * %NETPORT_OPT_TUPLE: the tuple of a connection that was accepted on a port.  Only
 * reservations of the same local address and the same remote, address and port, can be
 * in its way, so that it can sit below a listener's reservation; for these, device and
 * share flags count as ever.  Needs a port, a local address that is not "any", and a
 * remote with address and port.  Once made, it counts for later requests like any
 * other.
 */
#define NETPORT_OPT_TUPLE	(1U << 0)

/**
 * struct netport_binding - what a reservation claims
 * @families: NETPORT_FAMILY_* mask
 * @protocol: transport protocol, any 16-bit number: IPPROTO_TCP, IPPROTO_UDP,
 *	IPPROTO_SCTP, 262 for MPTCP, or a private one.  Protocols never conflict
 *	with each other
 * @port: local port, host byte order; 0 asks for a port of the ephemeral range,
 *	and the one reserved is written here
 * @remote_port: port of the only remote this is for, host byte order; 0 with a
 *	remote address means every port of that address
 * @ifindex: device, at most 0x7fffffff; 0 for every device
 * @share: NETPORT_SHARE_* mask
 * @addr: local address, all-zero for any.  IPv4: the four bytes come first, the
 *	other twelve are zero.  With %NETPORT_FAMILY_IPV6, an IPv4-mapped address
 *	(::ffff:a.b.c.d) is the IPv4 address, and ::ffff:0.0.0.0 IPv4's any.  A
 *	link-local IPv6 address needs a device
 * @remote: address of the only remote this is for, in the form of @addr; all-zero
 *	for every remote, and then @remote_port is 0.  Of the family of @addr, also
 *	where that is an IPv4-mapped one; it can't be given with both families.  A
 *	link-local one needs a device
 *
 * 48 bytes, the same on 32 and 64 bit.
 */
struct netport_binding {
	__u16	families;
	__u16	protocol;
	__u16	port;
	__u16	remote_port;
	__u32	ifindex;
	__u32	share;
	__u8	addr[16];
	__u8	remote[16];
};

/**
 * struct netport_reserve - argument of NETPORT_IOC_RESERVE and NETPORT_IOC_AVAILABLE
 * @binding: what to reserve; with port 0 the port is picked, and
 *	@binding.port is a result
 * @token: result: the reservation's name, never 0
 * @options: NETPORT_OPT_* mask
 * @low: first port that may be picked.  0: the first one that the caller could
 *	reserve by number
 * @high: last port that may be picked.  0: 65535
 *
 * @low and @high are for port 0 alone, and must be 0 otherwise.  When both are 0 the
 * namespace's range applies (NETPORT_IOC_GET_RANGE), less the ports that the caller
 * may not have.  @low above @high is EINVAL; a range with a port that needs a
 * capability the caller lacks is EACCES.
 *
 * 64 bytes, the same on 32 and 64 bit.
 */
struct netport_reserve {
	struct netport_binding binding;
	__aligned_u64	token;
	__u32	options;
	__u16	low;
	__u16	high;
};

/**
 * struct netport_release - argument of NETPORT_IOC_RELEASE
 * @binding: the binding as it was reserved, with its port and share flags; all zero
 *	when @token is given
 * @token: the reservation's name, or 0 to name it by @binding
 * @options: NETPORT_OPT_TUPLE if it was reserved with that, else 0; 0 with @token
 * @__pad: zero
 *
 * 64 bytes, the same on 32 and 64 bit.
 */
struct netport_release {
	struct netport_binding binding;
	__aligned_u64	token;
	__u32	options;
	__u32	__pad;
};

/**
 * struct netport_candidate - argument of NETPORT_IOC_CANDIDATE
 * @reserve: as for NETPORT_IOC_RESERVE with port 0, and the same in each call of a
 *	search, whose range is settled by the first.  @reserve.token is 0 in the first
 *	call; in later ones it is the candidate that the caller has turned down.
 *	@reserve.binding.port is a result only, and ignored on the way in
 * @cursor: where the search stands.  A result; give it back unchanged with the
 *	candidate turned down.  Ignored in the first call
 *
 * 72 bytes, the same on 32 and 64 bit.
 */
struct netport_candidate {
	struct netport_reserve reserve;
	__aligned_u64	cursor;
};

/**
 * struct netport_accept - argument of NETPORT_IOC_ACCEPT
 * @token: the candidate
 *
 * 8 bytes.
 */
struct netport_accept {
	__aligned_u64	token;
};

/**
 * struct netport_range - argument of NETPORT_IOC_GET_RANGE and NETPORT_IOC_SET_RANGE
 * @low: first port of the ephemeral range, at least 1
 * @high: last port of it, at least @low
 * @__pad: zero
 *
 * 8 bytes.
 */
struct netport_range {
	__u16	low;
	__u16	high;
	__u32	__pad;
};

/**
 * struct netport_ephemeral - argument of NETPORT_IOC_EPHEMERAL
 * @low: first port of the range, 0 for the first of the namespace's
 * @high: last port of the range, 0 for the last of the namespace's
 * @port: result: the next port to try
 * @__pad: zero
 * @cursor: 0 in the first call, which starts at a random port and settles the range;
 *	a result, to be given back unchanged for the next port
 *
 * 16 bytes, the same on 32 and 64 bit.
 */
struct netport_ephemeral {
	__u16	low;
	__u16	high;
	__u16	port;
	__u16	__pad;
	__aligned_u64	cursor;
};

/** NETPORT_IOC_MAGIC - the type of every command below. */
#define NETPORT_IOC_MAGIC	0xBE

/**
 * NETPORT_IOC_RESERVE - reserve a port, or pick one and reserve it
 *
 * With a port: reserves exactly it, on all the families given or on none.  With
 * port 0: starts at a uniformly random port of the range and takes the next one
 * that fits, trying each once (RFC 6056, algorithm 1).  A port on which nothing
 * overlaps is preferred; one is shared only when there is none such and the flags
 * allow it, and never for IPPROTO_TCP.  (What was picked has the share flags of the
 * request all the same, for others who come by number.)  Ports of
 * net.ipv4.ip_local_reserved_ports are not picked, but can be reserved by number.
 *
 * EINVAL, E2BIG, EFAULT, EADDRINUSE (port given), EADDRNOTAVAIL (port 0), EACCES,
 * EDQUOT, ENOMEM, ENETDOWN.
 */
#define NETPORT_IOC_RESERVE	_IOWR(NETPORT_IOC_MAGIC, 0x00, struct netport_reserve)

/**
 * NETPORT_IOC_RELEASE - give a reservation or a candidate back
 *
 * Named by its token, or by the binding it was reserved with; of several equal ones
 * one goes, and it is not said which.  A candidate is named like a reservation.
 *
 * EINVAL, E2BIG, EFAULT, ENOENT.
 */
#define NETPORT_IOC_RELEASE	_IOWR(NETPORT_IOC_MAGIC, 0x01, struct netport_release)

/**
 * NETPORT_IOC_AVAILABLE - would NETPORT_IOC_RESERVE succeed now?
 *
 * 0 if so, and otherwise the error that it would fail with, limits included.  Reserves
 * nothing and writes nothing.
 *
 * EINVAL, E2BIG, EFAULT, EADDRINUSE (port given), EADDRNOTAVAIL (port 0), EACCES,
 * EDQUOT, ENETDOWN.
 */
#define NETPORT_IOC_AVAILABLE	_IOWR(NETPORT_IOC_MAGIC, 0x02, struct netport_reserve)

/**
 * NETPORT_IOC_CANDIDATE - pick a port and hold it while the caller tests it
 *
 * The port is handed out reserved, with the share flags of the request, as a
 * candidate; no lock is kept meanwhile.  The caller tests it for as long as it likes, and
 * then takes it (NETPORT_IOC_ACCEPT), or calls this again to turn it down and get the
 * next, or gives it up (NETPORT_IOC_RELEASE).  Each port of the range is offered at most
 * once, and ports that would have to be shared only if the first call found no other.
 * When no further one fits, EADDRNOTAVAIL, and the caller still holds the
 * candidate it named.
 *
 * EINVAL (among others: a token of a reservation that is no candidate, or @cursor
 * is none of this request and candidate), E2BIG, EFAULT, EADDRNOTAVAIL, ENOENT, EACCES, EDQUOT,
 * ENOMEM, ENETDOWN.
 */
#define NETPORT_IOC_CANDIDATE	_IOWR(NETPORT_IOC_MAGIC, 0x03, struct netport_candidate)

/**
 * NETPORT_IOC_ACCEPT - make a candidate a reservation
 *
 * The token stays.
 *
 * EINVAL (the reservation is no candidate), E2BIG, EFAULT, ENOENT.
 */
#define NETPORT_IOC_ACCEPT	_IOWR(NETPORT_IOC_MAGIC, 0x04, struct netport_accept)

/**
 * NETPORT_IOC_GET_RANGE - the ephemeral range of the file's network namespace
 *
 * @low and @high are results.  The default range is 16000 to 65535.
 *
 * EINVAL, E2BIG, EFAULT, ENETDOWN.
 */
#define NETPORT_IOC_GET_RANGE	_IOWR(NETPORT_IOC_MAGIC, 0x05, struct netport_range)

/**
 * NETPORT_IOC_SET_RANGE - set the ephemeral range of the file's network namespace
 *
 * Touches no reservation.  Needs CAP_NET_ADMIN over the namespace.
 *
 * EINVAL, E2BIG, EFAULT, EPERM, ENETDOWN.
 */
#define NETPORT_IOC_SET_RANGE	_IOWR(NETPORT_IOC_MAGIC, 0x06, struct netport_range)

/**
 * NETPORT_IOC_EPHEMERAL - walk the ephemeral range, reserving nothing
 *
 * The port search by itself, for callers that keep tables of their own: a random
 * start, then every port of the range once.  No table is asked, so the port may
 * well be held by somebody.
 *
 * EINVAL, E2BIG, EFAULT, EADDRNOTAVAIL (every port has been offered), ENETDOWN.
 */
#define NETPORT_IOC_EPHEMERAL	_IOWR(NETPORT_IOC_MAGIC, 0x07, struct netport_ephemeral)

#endif /* _UAPI_LINUX_NETPORT_H */
