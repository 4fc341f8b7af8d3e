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
 * else can release or change it.  Any mode of open() does; ioctl(), poll() and close()
 * are the only calls.  poll() says POLLIN while there is a wish to fetch
 * (NETPORT_IOC_GRANTED), and POLLHUP and POLLERR once the network namespace is gone.
 * Threads may use one file at the same time.
 *
 * One reservation can also claim its port on several bindings at once (a *set*), or
 * several consecutive ports (a *block*); it is made whole or not at all, and has one
 * token.  Three things outlive an owner: a reservation that is *persistent*, one that
 * was *transferred* to another file, and the *hold* that a release may ask for.  None of
 * them outlives its network namespace.
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
 * are ignored on the way in.  Arrays of structures come with the size of one, and grow in the
 * same way.  What there is can be asked of NETPORT_IOC_INFO; a module that answers it with
 * ENOTTY knows the commands up to NETPORT_IOC_EPHEMERAL, and no struct netport_terms.
 *
 * Pointers
 * --------
 * A __aligned_u64 that is said to be a pointer is filled in as (uintptr_t)p, by 32-bit
 * programs too.  One that may be 0 says so, or has a count that is 0 then, and only then.
 *
 * Errors
 * ------
 * Each has one meaning.  A call that fails has changed nothing, and its structure is as it
 * was.  (What it points at may be written: netport_terms.conflict, netport_batch.errors,
 * netport_list.entries.  NETPORT_IOC_RELEASE_BATCH may have released some.)  When several
 * apply, EINVAL comes before EACCES and EPERM, these before EDQUOT, and that before
 * EADDRINUSE and EADDRNOTAVAIL.
 *
 *  EINVAL         malformed: an unknown flag, padding that is not zero, a family,
 *                 address, remote or range that makes no sense, nothing to do,
 *                 or a structure shorter than the first version's
 *  E2BIG          a longer structure with bytes set that this module does not know
 *  EFAULT         a bad pointer
 *  ENOTTY         no such command
 *  EADDRINUSE     the port asked for conflicts with a reservation
 *  EADDRNOTAVAIL  no port asked for, and none in the range fits; or the host was
 *                 to bind the address (NETPORT_OPT_HOST_*) and doesn't have it
 *  ENOENT         this owner has no such reservation
 *  EACCES         a port below net.ipv4.ip_unprivileged_port_start, and no
 *                 CAP_NET_BIND_SERVICE over the network namespace; or a policy of the
 *                 host doesn't let it bind the port (NETPORT_OPT_HOST_*)
 *  EPERM          needs a capability that the command names
 *  EBADF          no such file, or not one of /dev/netport (NETPORT_IOC_TRANSFER)
 *  EDQUOT         a limit: ports held per owner, per uid, per network namespace
 *                 (module parameters max_per_owner, max_per_uid, max_per_netns, or the
 *                 sysctls of these names in net.netport, if they are less; each
 *                 port on each binding counts), the number of different wishes that
 *                 may wait for one port, or for a port of any range
 *                 (%NETPORT_WISHES_MAX of one uid, 1024 of all), or
 *                 the number of reservations that one request may have to be
 *                 compared with one by one (4096), which only happens on a port
 *                 where some are for a device or a remote, or that equal it in
 *                 local address and remote
 *  ENOMEM         no memory, or the caller's memory cgroup is at its limit
 *  ENETDOWN       the network namespace of this file no longer exists; all that
 *                 was held there is gone
 *  ETIMEDOUT      the deadline of a wait has passed
 *  EINTR          the caller was killed in a wait, a long search or a listing
 *  EOPNOTSUPP     not for this protocol, or the host's stack doesn't have it
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
 *
 * %NETPORT_OPT_HOST_CHECK: only a port that the host's own stack could bind now, in the
 * file's network namespace; nothing keeps the host from binding it afterwards.
 * %NETPORT_OPT_HOST_HOLD: and keep the host from binding it for
 * as long as the reservation lives, holds included: the kernel binds a socket to it, with
 * SO_REUSEPORT for LOAD_BALANCED, SO_REUSEADDR for the other two share flags, the
 * owner's uid, and the device.  (For the host, SO_REUSEPORT lets in each socket
 * of this uid that has it, and SO_REUSEADDR each that has that, whatever the share rule
 * says.)  For TCP and UDP, else EOPNOTSUPP; every remote, else EINVAL.  The address has to be
 * the host's, else EADDRNOTAVAIL.  A port that the host refuses is EADDRINUSE, and a pick
 * goes on to the next.
 *
 * %NETPORT_OPT_PERSISTENT: the reservation outlives its owner.  Needs CAP_NET_ADMIN over
 * the network namespace.  See NETPORT_IOC_ADOPT.
 */
#define NETPORT_OPT_TUPLE	(1U << 0)
#define NETPORT_OPT_HOST_CHECK	(1U << 1)
#define NETPORT_OPT_HOST_HOLD	(1U << 2)
#define NETPORT_OPT_PERSISTENT	(1U << 3)

/**
 * DOC: limits
 *
 * %NETPORT_BINDINGS_MAX: bindings of one reservation.  %NETPORT_PORTS_MAX: ports of a
 * block, times its bindings.  %NETPORT_BATCH_MAX: entries of a batch.
 * %NETPORT_EXCLUDE_MAX: ports that a request may exclude.  %NETPORT_WISHES_MAX: different
 * wishes of one uid that may wait for one port, or for a port of any range; any number of
 * equal ones may.  %NETPORT_HOLD_MAX: the longest hold, in milliseconds: a day.
 * %NETPORT_LABEL_LEN, %NETPORT_COMM_LEN: bytes of a label, and of a process's name, with the
 * zero at the end.
 *
 * Those of the module at hand are in struct netport_info.
 */
#define NETPORT_BINDINGS_MAX	64
#define NETPORT_PORTS_MAX	1024
#define NETPORT_BATCH_MAX	1024
#define NETPORT_EXCLUDE_MAX	1024
#define NETPORT_WISHES_MAX	64
#define NETPORT_HOLD_MAX	86400000
#define NETPORT_LABEL_LEN	32
#define NETPORT_COMM_LEN	16

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
 * struct netport_reserve - argument of NETPORT_IOC_RESERVE and NETPORT_IOC_AVAILABLE,
 *	and the beginning of that of NETPORT_IOC_REQUEST
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
 * struct netport_terms - what a request may ask for beyond a port on a binding
 * @bindings: pointer to @nbindings more struct netport_binding, which get the same port in
 *	the same reservation: all or none.  Their port is 0 or that of the first.  Two that
 *	overlap, whatever they share, are EINVAL
 * @exclude: pointer to @nexclude ports (__u16, in any order) that are not to be picked
 * @conflict: pointer to a struct netport_entry, or 0.  When the request fails with
 *	EADDRINUSE, a binding that is in its way is written there (all zero, if it isn't found
 *	in 4096 comparisons); nothing otherwise, so not for port 0.  With a @deadline it's
 *	ignored
 * @deadline: until when to wait for the port, or for a port in the range, in nanoseconds of
 *	CLOCK_MONOTONIC, as the caller reads it.  0: don't wait.  At most INT64_MAX, which
 *	is forever.  One that has passed is a try, and then ETIMEDOUT
 * @nbindings: number of @bindings, less than %NETPORT_BINDINGS_MAX
 * @nexclude: number of @exclude, at most %NETPORT_EXCLUDE_MAX
 * @count: number of consecutive ports to reserve, from the port asked for or picked on,
 *	on each binding; at most %NETPORT_PORTS_MAX divided by the number of bindings.
 *	0 is 1.  A block is picked inside the range, and only from ports on which nobody has
 *	its addresses, for whatever device and remote
 * @align: a power of two: the port picked, or the first of the block, divided by this
 *	leaves the remainder @offset.  0 is 1
 * @offset: less than @align; so 2 and 0 pick an even port, 2 and 1 an odd one
 * @__pad: zero
 * @label: a text for listings, at most 31 bytes, padded with zeros
 *
 * All zero asks for nothing.  @exclude, @align and @offset are for requests with port 0, but
 * a block at a given port may have @align and @offset, too: EINVAL if the port doesn't have
 * them.  A request with a @deadline can't have @count above 1 or NETPORT_OPT_HOST_*.
 *
 * 80 bytes, the same on 32 and 64 bit.
 */
struct netport_terms {
	__aligned_u64	bindings;
	__aligned_u64	exclude;
	__aligned_u64	conflict;
	__aligned_u64	deadline;
	__u32	nbindings;
	__u32	nexclude;
	__u16	count;
	__u16	align;
	__u16	offset;
	__u16	__pad;
	__u8	label[NETPORT_LABEL_LEN];
};

/**
 * struct netport_request - a struct netport_reserve that has grown
 * @reserve: as ever
 * @terms: what else is asked for
 *
 * 144 bytes, the same on 32 and 64 bit.
 */
struct netport_request {
	struct netport_reserve reserve;
	struct netport_terms terms;
};

/**
 * DOC: how a hold takes the port
 *
 * %NETPORT_RELEASE_PORT: nobody gets the port on any address, rather than just nobody gets
 * what was reserved.
 */
#define NETPORT_RELEASE_PORT	(1U << 31)

/**
 * struct netport_release - argument of NETPORT_IOC_RELEASE
 * @binding: the binding as it was reserved, with its port and share flags; all zero
 *	when @token is given
 * @token: the reservation's name, or 0 to name it by @binding
 * @options: NETPORT_OPT_TUPLE if it was reserved with that and is named by @binding;
 *	and %NETPORT_RELEASE_PORT, if there is a @hold
 * @hold: for how many milliseconds nobody gets it, at most %NETPORT_HOLD_MAX; 0 for none.
 *	It may be up to an eighth longer
 * @port: with @token and @count, the first port of a part of a block
 * @count: how many ports to release of it, all of them still held; 0 for the whole
 *	reservation.  Not with a @hold
 * @__pad: zero
 *
 * 72 bytes (64 in the first version), the same on 32 and 64 bit.
 */
struct netport_release {
	struct netport_binding binding;
	__aligned_u64	token;
	__u32	options;
	__u32	hold;
	__u16	port;
	__u16	count;
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
 * @terms: as for NETPORT_IOC_RESERVE, and the same in each call; no @terms.deadline and
 *	no block
 *
 * 152 bytes (72 in the first version), the same on 32 and 64 bit.
 */
struct netport_candidate {
	struct netport_reserve reserve;
	__aligned_u64	cursor;
	struct netport_terms terms;
};

/**
 * struct netport_token - argument of NETPORT_IOC_ACCEPT, NETPORT_IOC_ADOPT and
 *	NETPORT_IOC_UNWISH
 * @token: the candidate, the reservation, or the wish
 *
 * 8 bytes.
 */
struct netport_token {
	__aligned_u64	token;
};

/**
 * struct netport_batch - argument of NETPORT_IOC_BATCH
 * @requests: pointer to @count requests, each a struct netport_request or as much of it
 *	as @size says; ports and tokens in them are results
 * @errors: pointer to @count __s32, or 0: 0 for each request that can be had, and an errno
 *	(EADDRINUSE, say, which is positive) for each that can't.  Written whenever the batch
 *	was tried, so also when it fails as a whole; the requests aren't, then
 * @count: number of requests, 1 to %NETPORT_BATCH_MAX
 * @size: bytes from one request to the next: sizeof(struct netport_request), or
 *	sizeof(struct netport_reserve) if there are no terms; any multiple of 8 from 64 to 4096
 * @flags: %NETPORT_BATCH_PARTIAL or 0
 * @done: result: how many were reserved
 *
 * 32 bytes, the same on 32 and 64 bit.
 */
struct netport_batch {
	__aligned_u64	requests;
	__aligned_u64	errors;
	__u32	count;
	__u32	size;
	__u32	flags;
	__u32	done;
};

/** NETPORT_BATCH_PARTIAL - as many of a batch as there are, not all or none. */
#define NETPORT_BATCH_PARTIAL	(1U << 0)

/**
 * struct netport_tokens - argument of NETPORT_IOC_RELEASE_BATCH
 * @tokens: pointer to @count __u64: reservations
 * @count: number of tokens, 1 to %NETPORT_BATCH_MAX
 * @hold: as for NETPORT_IOC_RELEASE, for each
 * @options: %NETPORT_RELEASE_PORT, if there is a @hold, else 0
 * @done: result: how many of them were this owner's, and have been released
 *
 * 24 bytes, the same on 32 and 64 bit.
 */
struct netport_tokens {
	__aligned_u64	tokens;
	__u32	count;
	__u32	hold;
	__u32	options;
	__u32	done;
};

/**
 * struct netport_transfer - argument of NETPORT_IOC_TRANSFER
 * @token: the reservation
 * @fd: file descriptor of the file of /dev/netport that becomes its owner
 * @__pad: zero
 *
 * 16 bytes, the same on 32 and 64 bit.
 */
struct netport_transfer {
	__aligned_u64	token;
	__s32	fd;
	__u32	__pad;
};

/**
 * struct netport_label - argument of NETPORT_IOC_LABEL
 * @token: the reservation, or 0 for the owner itself
 * @label: the text, at most 31 bytes, padded with zeros
 *
 * 40 bytes, the same on 32 and 64 bit.
 */
struct netport_label {
	__aligned_u64	token;
	__u8	label[NETPORT_LABEL_LEN];
};

/**
 * struct netport_granted - argument of NETPORT_IOC_GRANTED
 * @wish: the wish asked about, or 0 for any; a result
 * @token: result: the reservation that the wish has become
 * @port: result: its port
 * @__pad: zero
 *
 * 24 bytes, the same on 32 and 64 bit.
 */
struct netport_granted {
	__aligned_u64	wish;
	__aligned_u64	token;
	__u16	port;
	__u16	__pad[3];
};

/**
 * DOC: states of an entry
 *
 * %NETPORT_STATE_CANDIDATE: not accepted yet.  %NETPORT_STATE_HELD: released, and held
 * for a while longer.  %NETPORT_STATE_ORPHAN: persistent, and its owner is gone.
 * %NETPORT_STATE_HOST: not a reservation; it's the host's own stack that is in the way.
 * %NETPORT_STATE_LISTENING, %NETPORT_STATE_CONNECTED: what a stack in the kernel says that
 * it does with it; with a listener, nobody shares for whom %NETPORT_SHARE_TUPLE_ONLY is all
 * that they have in common.
 */
#define NETPORT_STATE_CANDIDATE	(1U << 0)
#define NETPORT_STATE_HELD	(1U << 1)
#define NETPORT_STATE_ORPHAN	(1U << 2)
#define NETPORT_STATE_HOST	(1U << 3)
#define NETPORT_STATE_LISTENING	(1U << 4)
#define NETPORT_STATE_CONNECTED	(1U << 5)

/**
 * struct netport_entry - one port on one binding, as it is listed
 * @binding: what is claimed, in the form a request has; IPv4 always as IPv4
 * @token: the reservation's name
 * @owner: the owner's number, never used again until the module is loaded anew.  Of a held
 *	or orphaned reservation, that of the owner it had
 * @uid: the owner's uid, or that for which a stack in the kernel reserved it, in the user
 *	namespace of whoever asks
 * @pid: process that opened the file, in the pid namespace of whoever asks; 0 if it isn't
 *	visible from there, or for an owner in the kernel.  It may have ended
 * @options: the NETPORT_OPT_* that it was reserved with
 * @state: NETPORT_STATE_* mask
 * @hold: how many milliseconds a held one has left
 * @parts: how many entries have this token
 * @comm: name of the process that opened the file, ended by a zero
 * @label: text of the reservation
 * @owner_label: text of the owner
 *
 * @pid, @comm and the labels are zero unless whoever asks has the owner's uid, or
 * CAP_NET_ADMIN over the network namespace.  With %NETPORT_STATE_HOST, families, protocol
 * and port of @binding are all that is known.
 *
 * 168 bytes, the same on 32 and 64 bit.
 */
struct netport_entry {
	struct netport_binding binding;
	__aligned_u64	token;
	__aligned_u64	owner;
	__u32	uid;
	__s32	pid;
	__u32	options;
	__u32	state;
	__u32	hold;
	__u32	parts;
	__u8	comm[NETPORT_COMM_LEN];
	__u8	label[NETPORT_LABEL_LEN];
	__u8	owner_label[NETPORT_LABEL_LEN];
};

/**
 * DOC: filters of a listing
 *
 * %NETPORT_LIST_MINE: what this owner holds.  %NETPORT_LIST_OWNER, _PROTOCOL, _PORT: only
 * what has that owner, protocol, port; _RANGE: a port of that range; _ADDR: that local
 * address.  Several: what all of them let through.
 */
#define NETPORT_LIST_MINE	(1U << 0)
#define NETPORT_LIST_OWNER	(1U << 1)
#define NETPORT_LIST_PROTOCOL	(1U << 2)
#define NETPORT_LIST_PORT	(1U << 3)
#define NETPORT_LIST_RANGE	(1U << 4)
#define NETPORT_LIST_ADDR	(1U << 5)

/**
 * struct netport_list - argument of NETPORT_IOC_LIST
 * @entries: pointer to room for @count entries
 * @cursor: zero in the first call; a result, to be given back for the next entries
 * @owner: with %NETPORT_LIST_OWNER, the owner's number; else 0
 * @count: how many entries there is room for, at least 1; a result: how many were written,
 *	0 when there are no more
 * @size: bytes from one entry to the next: sizeof(struct netport_entry), or less (from
 *	168 on) or more: what doesn't fit is left out, what is more is zeroed.  A multiple of
 *	8, at most 4096
 * @flags: NETPORT_LIST_* mask
 * @protocol: with %NETPORT_LIST_PROTOCOL, the protocol; else 0
 * @port: with %NETPORT_LIST_PORT, the port; else 0
 * @addr: with %NETPORT_LIST_ADDR, the local address, in the form that it has in struct
 *	netport_binding; all-zero is the any-address of @families, and lists nothing else.
 *	Of every device.  Without that flag zero
 * @families: with %NETPORT_LIST_ADDR, the NETPORT_FAMILY_* of that address; else 0
 * @low: with %NETPORT_LIST_RANGE, the first port; else 0
 * @high: with %NETPORT_LIST_RANGE, the last port, 0 for 65535; else 0.  Less than @low is
 *	EINVAL
 * @__pad: zero
 *
 * 80 bytes (56 in the first version), the same on 32 and 64 bit.
 */
struct netport_list {
	__aligned_u64	entries;
	__aligned_u64	cursor[3];
	__aligned_u64	owner;
	__u32	count;
	__u32	size;
	__u32	flags;
	__u16	protocol;
	__u16	port;
	__u8	addr[16];
	__u16	families;
	__u16	low;
	__u16	high;
	__u16	__pad;
};

/**
 * DOC: features
 *
 * What NETPORT_IOC_INFO says the module can do.
 */
#define NETPORT_FEATURE_SETS		(1ULL << 0)
#define NETPORT_FEATURE_BLOCKS		(1ULL << 1)
#define NETPORT_FEATURE_BATCHES		(1ULL << 2)
#define NETPORT_FEATURE_WAIT		(1ULL << 3)
#define NETPORT_FEATURE_HOLD		(1ULL << 4)
#define NETPORT_FEATURE_CONFLICT	(1ULL << 5)
#define NETPORT_FEATURE_LABELS		(1ULL << 6)
#define NETPORT_FEATURE_TRANSFER	(1ULL << 7)
#define NETPORT_FEATURE_PERSISTENT	(1ULL << 8)
#define NETPORT_FEATURE_HOST_IPV4	(1ULL << 9)
#define NETPORT_FEATURE_HOST_IPV6	(1ULL << 10)
#define NETPORT_FEATURE_LIST		(1ULL << 11)

/**
 * struct netport_info - argument of NETPORT_IOC_INFO; all of it is a result
 * @features: NETPORT_FEATURE_* mask
 * @owner: this owner's number, as in listings
 * @options: the NETPORT_OPT_* that are known
 * @commands: number of commands: 0 to this less 1 are known
 * @max_bindings: %NETPORT_BINDINGS_MAX of the module
 * @max_ports: %NETPORT_PORTS_MAX of the module
 * @max_batch: %NETPORT_BATCH_MAX of the module
 * @max_exclude: %NETPORT_EXCLUDE_MAX of the module
 * @max_wishes: %NETPORT_WISHES_MAX of the module
 * @max_hold: %NETPORT_HOLD_MAX of the module
 * @max_per_owner: limit of ports that an owner holds, here
 * @max_per_uid: limit of ports that the owners of a uid hold, in all network namespaces
 *	together, for one more to be had here
 * @max_per_netns: limit of ports held here
 * @request_size: size of struct netport_request, as far as the module knows it
 * @candidate_size: likewise of struct netport_candidate
 * @release_size: likewise of struct netport_release
 * @entry_size: likewise of struct netport_entry
 * @list_size: likewise of struct netport_list; 0 is 56
 *
 * 80 bytes, the same on 32 and 64 bit.
 */
struct netport_info {
	__aligned_u64	features;
	__aligned_u64	owner;
	__u32	options;
	__u32	commands;
	__u32	max_bindings;
	__u32	max_ports;
	__u32	max_batch;
	__u32	max_exclude;
	__u32	max_wishes;
	__u32	max_hold;
	__u32	max_per_owner;
	__u32	max_per_uid;
	__u32	max_per_netns;
	__u32	request_size;
	__u32	candidate_size;
	__u32	release_size;
	__u32	entry_size;
	__u32	list_size;
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
 * EINVAL, E2BIG, EFAULT, EADDRINUSE (port given), EADDRNOTAVAIL and EINTR (port 0),
 * EACCES, EDQUOT, ENOMEM, ENETDOWN; EPERM (NETPORT_OPT_PERSISTENT); EOPNOTSUPP and
 * EADDRNOTAVAIL (NETPORT_OPT_HOST_*).
 */
#define NETPORT_IOC_RESERVE	_IOWR(NETPORT_IOC_MAGIC, 0x00, struct netport_reserve)

/**
 * NETPORT_IOC_REQUEST - NETPORT_IOC_RESERVE with terms
 *
 * The same command, with a structure that has grown: sets, blocks, narrower picks,
 * waiting, labels, and who is in the way.
 *
 * A set: one port, picked, for TCP and UDP.
 *
 * ::
 *
 *	struct netport_binding udp = { .families = NETPORT_FAMILY_IPV4,
 *				       .protocol = IPPROTO_UDP };
 *	struct netport_request r = {
 *		.reserve.binding = { .families = NETPORT_FAMILY_IPV4,
 *				     .protocol = IPPROTO_TCP },
 *		.terms = { .bindings = (uintptr_t)&udp, .nbindings = 1 } };
 *
 *	if (!ioctl(fd, NETPORT_IOC_REQUEST, &r))
 *		use(r.reserve.binding.port, r.reserve.token);
 *
 * A block: two ports, the first of them even, from 5000 to 5999.
 *
 * ::
 *
 *	struct netport_request r = {
 *		.reserve = { .binding = udp, .low = 5000, .high = 5999 },
 *		.terms = { .count = 2, .align = 2 } };
 *
 *	if (!ioctl(fd, NETPORT_IOC_REQUEST, &r))
 *		use_both(r.reserve.binding.port, r.reserve.binding.port + 1);
 *
 * Five seconds for port 80 to become free.
 *
 * ::
 *
 *	struct netport_request r = {
 *		.reserve.binding = { .families = NETPORT_FAMILY_IPV4,
 *				     .protocol = IPPROTO_TCP, .port = 80 } };
 *
 *	clock_gettime(CLOCK_MONOTONIC, &now);
 *	r.terms.deadline = (now.tv_sec + 5) * 1000000000ULL + now.tv_nsec;
 *	if (ioctl(fd, NETPORT_IOC_REQUEST, &r) && errno == ETIMEDOUT)
 *		give_up();
 *
 * The ports of a block are taken one after the other, and given back if one of them can't be
 * had: others may see that.  Of two blocks that cross, asked for at the same time, one is
 * made, and the other is refused, or goes on to other ports if it is picked.
 *
 * A wait is served first come, first served: whoever gives a port back hands it to the
 * request that has waited longest of those that fit, so nobody can come between.  (After 16
 * in one go, or some hundred that don't fit, the rest is served a moment later.)  Nobody
 * tells netport when the host gives a port up, or when net.ipv4.ip_local_reserved_ports
 * changes: a wait doesn't see that.  What is waited for counts for the limits already.  It
 * ends with the reservation, ETIMEDOUT, or EINTR when the process is killed; other signals
 * don't end it.
 *
 * As NETPORT_IOC_RESERVE, and with a deadline ETIMEDOUT and EINTR.
 */
#define NETPORT_IOC_REQUEST	_IOWR(NETPORT_IOC_MAGIC, 0x00, struct netport_request)

/**
 * NETPORT_IOC_RELEASE - give a reservation or a candidate back
 *
 * Named by its token, or by the binding it was reserved with; of several equal ones
 * one goes, and it is not said which.  A candidate is named like a reservation; a set or a
 * block only by its token.  A persistent one without an owner can be released by whoever
 * has CAP_NET_ADMIN over the network namespace, by its token.
 *
 * ::
 *
 *	struct netport_release r = { .token = token, .hold = 60000 };
 *
 *	if (ioctl(fd, NETPORT_IOC_RELEASE, &r))
 *		err(1, "release");
 *
 * With a hold it's no longer this owner's, and survives the close of its file; only who has
 * CAP_NET_ADMIN over the network namespace can end the hold before its time, by the token.
 * It counts for the limits of uid and namespace until then.
 *
 * EINVAL (also: a part of what is no block), E2BIG, EFAULT, ENOENT (also: a part that isn't
 * all there any more); EDQUOT (by binding: 4096 equal ones that this owner has released
 * with a hold, or has in sets, are in the way of finding it); ENOMEM
 * (%NETPORT_RELEASE_PORT, or a part of a block), and then it's still held.
 */
#define NETPORT_IOC_RELEASE	_IOWR(NETPORT_IOC_MAGIC, 0x01, struct netport_release)

/**
 * NETPORT_IOC_AVAILABLE - would NETPORT_IOC_RESERVE succeed now?
 *
 * 0 if so, and otherwise the error that it would fail with, limits included.  Reserves
 * nothing, and writes nothing but @terms.conflict.  A struct netport_request is taken too
 * (NETPORT_IOC_AVAILABLE_REQUEST), without a deadline.
 *
 * ::
 *
 *	struct netport_entry who;
 *	struct netport_request r = { .reserve.binding = web,
 *				     .terms.conflict = (uintptr_t)&who };
 *
 *	if (ioctl(fd, NETPORT_IOC_AVAILABLE_REQUEST, &r) && errno == EADDRINUSE)
 *		printf("uid %u, pid %d (%s)\n", who.uid, who.pid, who.comm);
 *
 * The errors of NETPORT_IOC_RESERVE.
 */
#define NETPORT_IOC_AVAILABLE	_IOWR(NETPORT_IOC_MAGIC, 0x02, struct netport_reserve)
#define NETPORT_IOC_AVAILABLE_REQUEST _IOWR(NETPORT_IOC_MAGIC, 0x02, struct netport_request)

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
 * is none of this request and candidate), E2BIG, EFAULT, EADDRNOTAVAIL, EINTR, ENOENT,
 * EACCES, EDQUOT, ENOMEM, ENETDOWN; EPERM and EOPNOTSUPP as NETPORT_IOC_RESERVE.
 */
#define NETPORT_IOC_CANDIDATE	_IOWR(NETPORT_IOC_MAGIC, 0x03, struct netport_candidate)

/**
 * NETPORT_IOC_ACCEPT - make a candidate a reservation
 *
 * The token stays.
 *
 * EINVAL (the reservation is no candidate), E2BIG, EFAULT, ENOENT.
 */
#define NETPORT_IOC_ACCEPT	_IOWR(NETPORT_IOC_MAGIC, 0x04, struct netport_token)

/**
 * NETPORT_IOC_GET_RANGE - the ephemeral range of the file's network namespace
 *
 * @low and @high are results.  The default range is 16000 to 65535.  It's the sysctl
 * net.netport.range as well.
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

/**
 * NETPORT_IOC_EXTEND - add bindings to a reservation
 *
 * @reserve.token names it; its port is reserved on the binding of the request and those of
 * @terms.bindings, on all or on none.  What it has already is in their way like anybody's
 * would be.  @reserve.binding.port is 0 or its port, and a result.  Of the options,
 * NETPORT_OPT_HOST_* and NETPORT_OPT_TUPLE are for the new bindings alone; of the terms, only
 * @terms.bindings and @terms.conflict.
 *
 * ::
 *
 *	struct netport_request more = {
 *		.reserve = { .token = token, .binding = { .families = NETPORT_FAMILY_IPV6,
 *							  .protocol = IPPROTO_TCP } } };
 *
 *	if (ioctl(fd, NETPORT_IOC_EXTEND, &more) && errno == EADDRINUSE)
 *		only_ipv4();
 *
 * EINVAL (also: a candidate, a block, or more than %NETPORT_BINDINGS_MAX bindings then),
 * E2BIG, EFAULT, ENOENT (also: the namespace is gone), EADDRINUSE, EADDRNOTAVAIL and
 * EOPNOTSUPP (NETPORT_OPT_HOST_*), EACCES, EDQUOT, ENOMEM, ENETDOWN (it goes meanwhile).
 */
#define NETPORT_IOC_EXTEND	_IOWR(NETPORT_IOC_MAGIC, 0x08, struct netport_request)

/**
 * NETPORT_IOC_REBIND - move a reservation to another port or other bindings
 *
 * @reserve.token names it; the bindings of the request take the place of all that it has,
 * with a port of their own or one that is picked.  What it has itself is not in its
 * way (but what it keeps from the host is, for NETPORT_OPT_HOST_*: the host has no way to
 * exchange one for the other).  The token stays.  At no instant is neither held, and on an
 * error it has what it had.  Label and persistence stay, too: a request with a label or
 * NETPORT_OPT_PERSISTENT is EINVAL, and so is one with a deadline or a block.  The
 * port is a result.
 *
 * ::
 *
 *	struct netport_request move = {
 *		.reserve = { .token = token, .binding = { .families = NETPORT_FAMILY_IPV4,
 *							  .protocol = IPPROTO_TCP } } };
 *
 *	if (!ioctl(fd, NETPORT_IOC_REBIND, &move))
 *		now_at(move.reserve.binding.port);
 *
 * EINVAL (also: a candidate or a block), EADDRNOTAVAIL and EINTR (port 0), and the errors of
 * NETPORT_IOC_EXTEND.
 */
#define NETPORT_IOC_REBIND	_IOWR(NETPORT_IOC_MAGIC, 0x09, struct netport_request)

/**
 * NETPORT_IOC_BATCH - many requests in one call
 *
 * Each as by NETPORT_IOC_REQUEST, one after the other, but without deadlines.  All or
 * none: the error is that of the first that can't be had, and then none is reserved.  With
 * %NETPORT_BATCH_PARTIAL those that can are, the token of the others is 0, and the call
 * succeeds.  While it's at work, the requests it comes to next, up to 32, count for the limits
 * already.
 *
 * ::
 *
 *	struct netport_reserve r[100] = { 0 };
 *	struct netport_batch b = { .requests = (uintptr_t)r, .count = 100,
 *				   .size = sizeof(r[0]), .flags = NETPORT_BATCH_PARTIAL };
 *
 *	for (i = 0; i < 100; i++)
 *		r[i].binding = any_tcp_port;
 *	if (!ioctl(fd, NETPORT_IOC_BATCH, &b))
 *		printf("%u of 100\n", b.done);
 *
 * The errors of NETPORT_IOC_REQUEST.
 */
#define NETPORT_IOC_BATCH	_IOWR(NETPORT_IOC_MAGIC, 0x0a, struct netport_batch)

/**
 * NETPORT_IOC_RELEASE_BATCH - release many reservations in one call
 *
 * Each as by NETPORT_IOC_RELEASE; those that aren't this owner's are passed over.
 *
 * With CAP_NET_ADMIN over the network namespace those are released, and counted, too,
 * that nobody has.
 *
 * EINVAL, E2BIG, EFAULT; ENOMEM, and then @done is as it was, and the tokens before the
 * one that failed are released.
 */
#define NETPORT_IOC_RELEASE_BATCH _IOWR(NETPORT_IOC_MAGIC, 0x0b, struct netport_tokens)

/**
 * NETPORT_IOC_TRANSFER - give a reservation to another owner
 *
 * It's never without one, and the token stays.  The other owner is in the same
 * network namespace.  One with LOAD_BALANCED can go to an owner of another uid only if it
 * isn't in anybody's way there, else EADDRINUSE.  (Where NETPORT_IOC_EXTEND has put a tuple
 * below what it had, these count, too.)
 *
 * ::
 *
 *	struct netport_transfer t = { .token = token, .fd = theirs };
 *
 *	if (ioctl(mine, NETPORT_IOC_TRANSFER, &t))
 *		err(1, "it stays ours");
 *
 * EINVAL (also: a candidate, the same owner, another namespace), E2BIG, EFAULT, EBADF,
 * ENOENT, EADDRINUSE, EDQUOT (of the other owner), ENETDOWN.
 */
#define NETPORT_IOC_TRANSFER	_IOWR(NETPORT_IOC_MAGIC, 0x0c, struct netport_transfer)

/**
 * NETPORT_IOC_ADOPT - become the owner of a persistent reservation that has none
 *
 * It stays persistent.  Its token is found with NETPORT_IOC_LIST, by %NETPORT_STATE_ORPHAN.
 * Needs CAP_NET_ADMIN over the network namespace.
 *
 * EINVAL, E2BIG, EFAULT, EPERM, ENOENT, EADDRINUSE (as NETPORT_IOC_TRANSFER), EDQUOT,
 * ENETDOWN.
 */
#define NETPORT_IOC_ADOPT	_IOWR(NETPORT_IOC_MAGIC, 0x0d, struct netport_token)

/**
 * NETPORT_IOC_LABEL - write a text on a reservation, or on this owner
 *
 * In place of the one it had; an empty one is none.
 *
 * EINVAL, E2BIG, EFAULT, ENOENT, ENOMEM.
 */
#define NETPORT_IOC_LABEL	_IOWR(NETPORT_IOC_MAGIC, 0x0e, struct netport_label)

/**
 * NETPORT_IOC_WISH - wait for a port without blocking
 *
 * As NETPORT_IOC_REQUEST, without a deadline: when the request can be had, now or later, in
 * turn with those that wait in a call, it is reserved for this owner, and poll() says
 * POLLIN until NETPORT_IOC_GRANTED has fetched it.  @reserve.token is a result, the
 * wish's name; tokens of reservations are others.  What a wish asks for counts for the limits
 * as if it were held, and an owner has %NETPORT_BATCH_MAX wishes at most.  A wish ends with
 * its owner, so it can't be for something persistent.
 *
 * ::
 *
 *	struct netport_request wish = { .reserve.binding = web };
 *	struct netport_granted g = { 0 };
 *	struct pollfd p = { .fd = fd, .events = POLLIN };
 *
 *	if (!ioctl(fd, NETPORT_IOC_WISH, &wish) && poll(&p, 1, -1) == 1 &&
 *	    !ioctl(fd, NETPORT_IOC_GRANTED, &g))
 *		use(g.port, g.token);
 *
 * EINVAL, E2BIG, EFAULT, EINTR, EACCES, EDQUOT, ENOMEM, ENETDOWN.
 */
#define NETPORT_IOC_WISH	_IOWR(NETPORT_IOC_MAGIC, 0x0f, struct netport_request)

/**
 * NETPORT_IOC_GRANTED - fetch a wish that has been granted
 *
 * The wish is gone then, and the reservation is like any other.  Of several, that which was
 * granted first.
 *
 * EINVAL, E2BIG, EFAULT, ENOENT (no such wish, or not granted yet).
 */
#define NETPORT_IOC_GRANTED	_IOWR(NETPORT_IOC_MAGIC, 0x10, struct netport_granted)

/**
 * NETPORT_IOC_UNWISH - take a wish back
 *
 * If it has been granted and not been fetched, the reservation is released.
 *
 * EINVAL, E2BIG, EFAULT, ENOENT.
 */
#define NETPORT_IOC_UNWISH	_IOWR(NETPORT_IOC_MAGIC, 0x11, struct netport_token)

/**
 * NETPORT_IOC_LIST - what is reserved in the file's network namespace
 *
 * In no particular order.  Each entry is consistent in itself.  A reservation that is there
 * from before the first call until after the last appears exactly once, whatever others do
 * meanwhile; one that comes or goes in between may or may not appear, and one that is
 * rebound or extended may appear with its old bindings, its new ones, or some of both.
 *
 * ::
 *
 *	struct netport_entry e[64];
 *	struct netport_list l = { .entries = (uintptr_t)e, .size = sizeof(e[0]) };
 *
 *	do {
 *		l.count = 64;
 *		if (ioctl(fd, NETPORT_IOC_LIST, &l))
 *			err(1, "list");
 *		for (i = 0; i < l.count; i++)
 *			show(&e[i]);
 *	} while (l.count);
 *
 * Entries with the same token are the bindings of a set, or the ports of a block.  Each
 * has what NETPORT_IOC_BATCH needs to reserve it again: restoring is a batch of those with
 * @state 0 or %NETPORT_STATE_ORPHAN, in the order of their tokens, which on a port is that
 * in which they were made, if they weren't rebound or extended since.  A request has
 * binding, options and label of one entry; @terms.bindings has the other bindings of a set;
 * a block has @terms.count.  (Bindings of a set that differ in @options were added with
 * NETPORT_IOC_EXTEND, and are to be again.)
 *
 * EINVAL, E2BIG, EFAULT, ENOMEM, EINTR, ENETDOWN.
 */
#define NETPORT_IOC_LIST	_IOWR(NETPORT_IOC_MAGIC, 0x12, struct netport_list)

/**
 * NETPORT_IOC_INFO - what this module has and allows
 *
 * Limits are those of now, in the file's network namespace: of each the least of the module
 * parameter and the sysctl of that name in net.netport, which whoever has CAP_NET_ADMIN over
 * the namespace sets.
 *
 * EINVAL, E2BIG, EFAULT.
 */
#define NETPORT_IOC_INFO	_IOWR(NETPORT_IOC_MAGIC, 0x13, struct netport_info)

#endif /* _UAPI_LINUX_NETPORT_H */
