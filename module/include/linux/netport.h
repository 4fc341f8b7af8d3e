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
 * Context.  "Any" below means process, softirq, or with bottom halves off; none may
 * be called from hard interrupts.  A function that takes @gfp sleeps only where @gfp
 * may, and does bounded work in any case; with GFP_ATOMIC, picking looks at no more
 * than the occupancy bits of the range and NETPORT_ATOMIC_PROBES ports.  What has to
 * sleep - a deadline, a wish, NETPORT_OPT_HOST_* - is -EINVAL there, or says so below.
 */
#ifndef _LINUX_NETPORT_H
#define _LINUX_NETPORT_H

#include <linux/gfp.h>
#include <linux/types.h>
#include <linux/uidgid.h>
#include <uapi/linux/netport.h>

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
int netport_request_available(struct netport_owner *owner,
			      const struct netport_request *req, gfp_t gfp);
int netport_extend(struct netport_owner *owner, struct netport_request *req, gfp_t gfp);
int netport_rebind(struct netport_owner *owner, struct netport_request *req, gfp_t gfp);
int netport_batch(struct netport_owner *owner, struct netport_request *reqs, s32 *errors,
		  u32 count, u32 flags, gfp_t gfp);

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

#endif /* _LINUX_NETPORT_H */
