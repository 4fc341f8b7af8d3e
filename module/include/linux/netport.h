/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * netport - transport port reservations, for kernel-resident network stacks
 *
 * The model, the structures and the errors are those of <uapi/linux/netport.h>;
 * /dev/netport is a client of the functions below.  What differs here:
 *
 * - A kernel caller is trusted: no capability is asked for, so every port can be
 *   reserved, a range starts at the port it names, a reservation can be persistent or
 *   adopted, and everybody's labels are told.
 * - Pointers in a request (struct netport_terms) are addresses of kernel memory, as
 *   (uintptr_t)p.  What they point at is read, or written, before the function returns.
 * - Results are written only on success.
 * - The limit per owner and the limit per uid don't apply to an owner of
 *   netport_owner_create(); the limit per network namespace does.
 * - A namespace that goes away takes its reservations along.  The owner stays valid
 *   until netport_owner_destroy(): reserving fails with -ENETDOWN, and releasing what
 *   was held there with -ENOENT, which is harmless.  Its netport_wish_queue() is woken with
 *   EPOLLHUP if it has wishes.
 * - An owner of netport_owner_create() has no pid and no name; a label says whose it is.
 *
 * A stack needs no table of its own: netport_attach() keeps its pointer with a reservation, and
 * netport_lookup() finds it again for a packet.
 *
 * The functions are in a symbol namespace: a module that uses them says
 * MODULE_IMPORT_NS(NETPORT_NS).
 *
 * Context.  "Any" below means process, softirq, or with bottom halves off; none may
 * be called from hard interrupts.  A function that takes @gfp sleeps only where @gfp
 * may, and does bounded work in any case; with GFP_ATOMIC, picking looks at no more
 * than the occupancy bits of the range and NETPORT_ATOMIC_PROBES ports.  What has to
 * sleep - a deadline, a wish, NETPORT_OPT_HOST_* - is -EINVAL there, or says so below.
 */
#ifndef _LINUX_NETPORT_H
#define _LINUX_NETPORT_H

#include <linux/bits.h>
#include <linux/gfp.h>
#include <linux/in6.h>
#include <linux/types.h>
#include <linux/uidgid.h>
#include <linux/version.h>
#include <uapi/linux/netport.h>

/* Namespaces are strings since 6.13. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#define NETPORT_NS	"NETPORT"
#else
#define NETPORT_NS	NETPORT
#endif

struct net;
struct netport_owner;
struct wait_queue_head;

/**
 * NETPORT_ATOMIC_PROBES - ports on which a pick that may not sleep asks for sharing
 *
 * A port on which nobody is in the way is found whatever the size of the range.  Only
 * when there is none, ports in use are tried one by one for whether they can be
 * shared, or are held for another device or remote: this many where the caller can't
 * sleep, all of them where it can.
 */
#define NETPORT_ATOMIC_PROBES	256

/**
 * typedef netport_test_t - asks the caller of a pick about a port
 * @port: the port, host byte order
 * @arg: as given to the pick
 *
 * Called with no lock held.  May sleep if the caller of the pick may.
 *
 * Return: 1 to take the port, 0 to be asked about the next one, or a negative errno,
 * which ends the pick and is what it returns.
 */
typedef int (*netport_test_t)(u16 port, void *arg);

/**
 * enum netport_state - what a reservation is used for
 * @NETPORT_BOUND: nothing in particular; so it begins
 * @NETPORT_LISTENING: connections are accepted on it, so %NETPORT_SHARE_TUPLE_ONLY doesn't
 *	count for it; none of its bindings has a remote port
 * @NETPORT_CONNECTED: it is one connection; each of its bindings has a remote port
 */
enum netport_state {
	NETPORT_BOUND,
	NETPORT_LISTENING,
	NETPORT_CONNECTED,
};

#define NETPORT_SPACE_RANGE	BIT(0)
#define NETPORT_SPACE_FLOOR	BIT(1)
#define NETPORT_SPACE_RESERVED	BIT(2)

/**
 * struct netport_space - how ports of one protocol are given out in a network namespace
 * @flags: NETPORT_SPACE_* mask: which of the following differ from the namespace's
 * @low: with %NETPORT_SPACE_RANGE: first port that is picked if a request names no range
 * @high: last one
 * @floor: with %NETPORT_SPACE_FLOOR: first port that a process can have without
 *	CAP_NET_BIND_SERVICE; without, that is net.ipv4.ip_unprivileged_port_start
 * @reserved: with %NETPORT_SPACE_RESERVED: the ports that are never picked, a bit for
 *	each of 65536 as in bitmap.h, or NULL for none; without, these are
 *	net.ipv4.ip_local_reserved_ports
 *
 * Ports in host byte order.  It is for everybody's requests of that protocol, by /dev/netport
 * too; for what is reserved already it changes nothing.  For a set of several protocols, the
 * range is that of the first, the highest floor counts, and what is reserved for one of them is
 * not picked.
 */
struct netport_space {
	u32			flags;
	u16			low;
	u16			high;
	u16			floor;
	const unsigned long	*reserved;
};

/**
 * struct netport_key - for whom a packet is
 * @local: its destination address, IPv4 as IPv4-mapped
 * @remote: its source address, likewise
 * @protocol: transport protocol
 * @port: its destination port, host byte order
 * @remote_port: its source port, host byte order
 * @ifindex: the device that it came in by, or 0
 *
 * netport_key_ipv4() and netport_key_ipv6() fill in addresses and ports.
 */
struct netport_key {
	struct in6_addr	local;
	struct in6_addr	remote;
	u16		protocol;
	u16		port;
	u16		remote_port;
	u32		ifindex;
};

struct netport_owner *netport_owner_create(struct net *net, kuid_t uid);
void netport_owner_destroy(struct netport_owner *owner);

int netport_reserve(struct netport_owner *owner, struct netport_reserve *req,
		    gfp_t gfp);
int netport_release(struct netport_owner *owner, u64 token);
int netport_release_binding(struct netport_owner *owner,
			    const struct netport_binding *binding, u32 options);
int netport_release_request(struct netport_owner *owner, const struct netport_release *rel,
			    gfp_t gfp);
int netport_available(struct netport_owner *owner, const struct netport_reserve *req);

int netport_request(struct netport_owner *owner, struct netport_request *req, gfp_t gfp);
int netport_request_as(struct netport_owner *owner, kuid_t uid, struct netport_request *req,
		       gfp_t gfp);
int netport_request_available(struct netport_owner *owner,
			      const struct netport_request *req, gfp_t gfp);
int netport_extend(struct netport_owner *owner, struct netport_request *req, gfp_t gfp);
int netport_rebind(struct netport_owner *owner, struct netport_request *req, gfp_t gfp);
int netport_batch(struct netport_owner *owner, struct netport_request *reqs, s32 *errors,
		  u32 count, u32 flags, gfp_t gfp);

int netport_attach(struct netport_owner *owner, u64 token, void *priv, gfp_t gfp);
int netport_detach(struct netport_owner *owner, u64 token);
void *netport_lookup(struct net *net, const struct netport_key *key, u32 hash);
int netport_set_state(struct netport_owner *owner, u64 token, enum netport_state state);

int netport_transfer(struct netport_owner *from, u64 token, struct netport_owner *to);
int netport_adopt(struct netport_owner *owner, u64 token);
int netport_label(struct netport_owner *owner, const struct netport_label *label, gfp_t gfp);

int netport_wish(struct netport_owner *owner, struct netport_request *req, gfp_t gfp);
int netport_granted(struct netport_owner *owner, struct netport_granted *granted);
int netport_unwish(struct netport_owner *owner, u64 wish);
struct wait_queue_head *netport_wish_queue(struct netport_owner *owner);

int netport_list(struct netport_owner *owner, struct netport_list *list,
		 struct netport_entry *entries);

int netport_candidate(struct netport_owner *owner, struct netport_candidate *cand,
		      gfp_t gfp);
int netport_accept(struct netport_owner *owner, u64 token);
int netport_pick(struct netport_owner *owner, struct netport_reserve *req,
		 netport_test_t test, void *arg, gfp_t gfp);

int netport_pick_ephemeral(struct net *net, netport_test_t test, void *arg);

int netport_get_range(struct net *net, struct netport_range *range);
int netport_set_range(struct net *net, const struct netport_range *range);
int netport_get_space(struct net *net, u16 protocol, struct netport_space *space);
int netport_set_space(struct net *net, u16 protocol, const struct netport_space *space);

/**
 * netport_key_ipv4() - for whom a packet of IPv4 is
 * @key: the result; its protocol and device are left alone
 * @local: destination address
 * @port: destination port
 * @remote: source address
 * @remote_port: source port
 */
static inline void netport_key_ipv4(struct netport_key *key, __be32 local, __be16 port,
				    __be32 remote, __be16 remote_port)
{
	key->local = (struct in6_addr){ .s6_addr32 = { 0, 0, htonl(0xffff), local } };
	key->remote = (struct in6_addr){ .s6_addr32 = { 0, 0, htonl(0xffff), remote } };
	key->port = ntohs(port);
	key->remote_port = ntohs(remote_port);
}

/**
 * netport_key_ipv6() - for whom a packet of IPv6 is
 * @key: the result; its protocol and device are left alone
 * @local: destination address
 * @port: destination port
 * @remote: source address
 * @remote_port: source port
 */
static inline void netport_key_ipv6(struct netport_key *key, const struct in6_addr *local,
				    __be16 port, const struct in6_addr *remote,
				    __be16 remote_port)
{
	key->local = *local;
	key->remote = *remote;
	key->port = ntohs(port);
	key->remote_port = ntohs(remote_port);
}

#endif /* _LINUX_NETPORT_H */
