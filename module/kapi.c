// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel API.  Its contract is in <linux/netport.h>.
 */
#include <linux/export.h>
#include <linux/sched/signal.h>
#include <net/net_namespace.h>

#include "netport_priv.h"

/* Twice, for the namespace has to be there before it is made a string. */
#define EXPORT_SYMBOL_IN(sym, ns)	EXPORT_SYMBOL_NS_GPL(sym, ns)
#define EXPORT_SYMBOL_NETPORT(sym)	EXPORT_SYMBOL_IN(sym, NETPORT_NS)

/**
 * netport_owner_create() - a new owner, for a kernel-resident stack
 * @net: network namespace it reserves in; the caller has a reference, which it may give
 *	back afterwards: an owner doesn't keep a namespace alive
 * @uid: uid that it counts as for NETPORT_SHARE_LOAD_BALANCED
 *
 * ::
 *
 *	owner = netport_owner_create(net, GLOBAL_ROOT_UID);
 *	if (IS_ERR(owner))
 *		return PTR_ERR(owner);
 *
 * Context: Process; may sleep.
 *
 * Return: the owner, which the caller has to destroy, or an ERR_PTR: -ENOMEM, -ENETDOWN.
 */
struct netport_owner *netport_owner_create(struct net *net, kuid_t uid)
{
	return np_owner_create(net, uid, true);
}
EXPORT_SYMBOL_NETPORT(netport_owner_create);

/**
 * netport_owner_destroy() - release all that an owner holds, and the owner
 * @owner: the owner; nobody may use it any more
 *
 * Also when its namespace is gone, or going: a transport may call it in exit or pre_exit of its
 * pernet operations.  Wishes end; persistent reservations and holds stay.
 *
 * ::
 *
 *	static void __net_exit my_net_exit(struct net *net)
 *	{
 *		netport_owner_destroy(my_net(net)->owner);
 *	}
 *
 * Context: Process; may sleep.
 */
void netport_owner_destroy(struct netport_owner *owner)
{
	np_owner_destroy(owner);
}
EXPORT_SYMBOL_NETPORT(netport_owner_destroy);

/**
 * netport_reserve() - reserve a port, or pick one and reserve it
 * @owner: for whom
 * @req: the request, as for NETPORT_IOC_RESERVE, but of the options only NETPORT_OPT_TUPLE:
 *	netport_request() has all; @req->binding.port and @req->token are results, written
 *	only on success
 * @gfp: for the memory; with __GFP_ACCOUNT it is charged to the current memory cgroup
 *
 * ::
 *
 *	struct netport_reserve req = {
 *		.binding = { .families = NETPORT_FAMILY_IPV4, .protocol = IPPROTO_UDP },
 *	};
 *
 *	err = netport_reserve(owner, &req, GFP_KERNEL);
 *	if (!err)
 *		use(req.binding.port, req.token);
 *
 * Context: Any.  Sleeps only if @gfp may.
 *
 * Return: 0, -EINVAL, -EADDRINUSE (port given), -EADDRNOTAVAIL (port 0), -EDQUOT, -ENOMEM,
 * -ENETDOWN, or -EINTR: the process was killed in a pick that could sleep.
 */
int netport_reserve(struct netport_owner *owner, struct netport_reserve *req, gfp_t gfp)
{
	return np_resv_make(owner, req, gfp);
}
EXPORT_SYMBOL_NETPORT(netport_reserve);

/**
 * netport_release() - give a reservation or a candidate back
 * @owner: whose
 * @token: its name
 *
 * ::
 *
 *	netport_release(owner, token);
 *
 * Context: Any.
 *
 * Return: 0, or -ENOENT: @owner has no such reservation, or its namespace is gone.
 */
int netport_release(struct netport_owner *owner, u64 token)
{
	return np_resv_release(owner, token);
}
EXPORT_SYMBOL_NETPORT(netport_release);

/**
 * netport_release_binding() - give a reservation back, named by what was reserved
 * @owner: whose
 * @binding: as it was reserved, with its port and share flags; one goes if several are
 *	equal
 * @options: NETPORT_OPT_TUPLE if it was reserved with that, else 0
 *
 * ::
 *
 *	err = netport_release_binding(owner, &req.binding, 0);
 *
 * Context: Any.
 *
 * Return: 0, -ENOENT, -EINVAL or -EDQUOT: too many equal ones that are held after their release, or
 * parts of sets, to find one that is neither.
 */
int netport_release_binding(struct netport_owner *owner,
			    const struct netport_binding *binding, u32 options)
{
	struct netport_release rel = { .binding = *binding, .options = options };

	return np_release(owner, &rel, GFP_ATOMIC);
}
EXPORT_SYMBOL_NETPORT(netport_release_binding);

/**
 * netport_release_request() - give a reservation back, with a hold, or a part of a block
 * @owner: whose
 * @rel: as for NETPORT_IOC_RELEASE
 * @gfp: for the memory that %NETPORT_RELEASE_PORT, or a part of a block, needs
 *
 * ::
 *
 *	struct netport_release rel = { .token = token, .hold = 60 * MSEC_PER_SEC };
 *
 *	err = netport_release_request(owner, &rel, GFP_ATOMIC);
 *
 * Context: Any.  Sleeps only if @gfp may.
 *
 * Return: 0, -EINVAL, -ENOENT, or -ENOMEM, and then it is still held.
 */
int netport_release_request(struct netport_owner *owner, const struct netport_release *rel,
			    gfp_t gfp)
{
	return np_release(owner, rel, gfp);
}
EXPORT_SYMBOL_NETPORT(netport_release_request);

/**
 * netport_request() - reserve with terms: sets, blocks, narrower picks, waiting
 * @owner: for whom
 * @req: as for NETPORT_IOC_REQUEST, but pointers in it are addresses of kernel memory, as
 *	(uintptr_t)p; @req->reserve.binding.port and .token are results, written only on success
 * @gfp: for the memory; with __GFP_ACCOUNT it is charged to the current memory cgroup
 *
 * ::
 *
 *	struct netport_binding more[] = { { .families = NETPORT_FAMILY_IPV6,
 *					    .protocol = IPPROTO_UDP } };
 *	struct netport_request req = {
 *		.reserve.binding = { .families = NETPORT_FAMILY_IPV4,
 *				     .protocol = IPPROTO_UDP },
 *		.terms = { .bindings = (uintptr_t)more, .nbindings = ARRAY_SIZE(more) },
 *	};
 *
 *	err = netport_request(owner, &req, GFP_KERNEL);
 *
 * Context: Any; with a deadline or NETPORT_OPT_HOST_* only where @gfp may sleep, else
 * -EINVAL.  Where it can't, the bound of NETPORT_ATOMIC_PROBES holds.
 *
 * Return: 0 or an error of NETPORT_IOC_REQUEST but EPERM, and EACCES only from the host.
 */
int netport_request(struct netport_owner *owner, struct netport_request *req, gfp_t gfp)
{
	return np_request(owner, req, gfp);
}
EXPORT_SYMBOL_NETPORT(netport_request);

/**
 * netport_request_as() - netport_request() for a uid that isn't the owner's
 * @owner: for whom; one of netport_owner_create()
 * @uid: as whose the reservation counts for NETPORT_SHARE_LOAD_BALANCED, and is listed
 * @req: as for netport_request()
 * @gfp: for the memory
 *
 * For a stack with one owner and sockets of many users.  After netport_transfer() the
 * reservation counts as its new owner's.
 *
 * ::
 *
 *	err = netport_request_as(owner, sock_i_uid(sk), &req, GFP_KERNEL);
 *
 * Context: As netport_request().
 *
 * Return: As netport_request(); -EINVAL also for a uid that is none.
 */
int netport_request_as(struct netport_owner *owner, kuid_t uid, struct netport_request *req,
		       gfp_t gfp)
{
	struct np_user *user;
	int err;

	if (!uid_valid(uid))
		return -EINVAL;
	user = np_user_get(uid, gfp);
	if (!user)
		return -ENOMEM;
	err = np_request_as(owner, user, req, gfp);
	np_user_put(user);
	return err;
}
EXPORT_SYMBOL_NETPORT(netport_request_as);

/**
 * netport_request_available() - would netport_request() succeed now?
 * @owner: for whom
 * @req: the request, without a deadline
 * @gfp: for memory it needs meanwhile
 *
 * As its owner's uid: nothing is told of netport_request_as().
 *
 * ::
 *
 *	req.terms.conflict = (uintptr_t)&who;
 *	if (netport_request_available(owner, &req, GFP_KERNEL) == -EADDRINUSE)
 *		pr_debug("uid %u has it\n", who.uid);
 *
 * Context: As netport_request().
 *
 * Return: 0 if so, else the error that it would fail with.
 */
int netport_request_available(struct netport_owner *owner, const struct netport_request *req,
			      gfp_t gfp)
{
	struct netport_request copy = *req;

	return np_request_available(owner, &copy, gfp);
}
EXPORT_SYMBOL_NETPORT(netport_request_available);

/**
 * netport_extend() - add bindings to a reservation
 * @owner: whose
 * @req: as for NETPORT_IOC_EXTEND, pointers as for netport_request()
 * @gfp: for the memory
 *
 * ::
 *
 *	struct netport_request more = {
 *		.reserve = { .token = token, .binding = { .families = NETPORT_FAMILY_IPV6,
 *							  .protocol = IPPROTO_UDP } },
 *	};
 *
 *	err = netport_extend(owner, &more, GFP_KERNEL);
 *
 * Context: Any; with NETPORT_OPT_HOST_* only where @gfp may sleep, else -EINVAL.
 *
 * Return: 0 or an error of NETPORT_IOC_EXTEND, and then it has what it had.
 */
int netport_extend(struct netport_owner *owner, struct netport_request *req, gfp_t gfp)
{
	return np_extend(owner, req, gfp);
}
EXPORT_SYMBOL_NETPORT(netport_extend);

/**
 * netport_rebind() - move a reservation to another port or other bindings
 * @owner: whose
 * @req: as for NETPORT_IOC_REBIND, pointers as for netport_request()
 * @gfp: for the memory
 *
 * ::
 *
 *	req.reserve.token = token;
 *	req.reserve.binding.port = 0;
 *	err = netport_rebind(owner, &req, GFP_KERNEL);
 *
 * Context: Any; with NETPORT_OPT_HOST_* only where @gfp may sleep, else -EINVAL.
 *
 * Return: 0 or an error of NETPORT_IOC_REBIND, and then it has what it had.
 */
int netport_rebind(struct netport_owner *owner, struct netport_request *req, gfp_t gfp)
{
	return np_rebind(owner, req, gfp);
}
EXPORT_SYMBOL_NETPORT(netport_rebind);

/**
 * netport_batch() - many requests in one call
 * @owner: for whom
 * @reqs: as for netport_request(), without deadlines; results likewise
 * @errors: one for each request, or NULL; 0 or a negative errno, written whenever this
 *	didn't return -EINVAL for @count or @flags
 * @count: how many, 1 to NETPORT_BATCH_MAX
 * @flags: NETPORT_BATCH_PARTIAL or 0
 * @gfp: for the memory
 *
 * ::
 *
 *	got = netport_batch(owner, reqs, NULL, ARRAY_SIZE(reqs), 0, GFP_KERNEL);
 *
 * Context: Any, but mind @count.  Sleeps only if @gfp may.
 *
 * Return: how many were reserved: all, without NETPORT_BATCH_PARTIAL; or the error of the
 * first that could not be.
 */
int netport_batch(struct netport_owner *owner, struct netport_request *reqs, s32 *errors,
		  u32 count, u32 flags, gfp_t gfp)
{
	return np_batch_request(owner, reqs, errors, count, flags, gfp);
}
EXPORT_SYMBOL_NETPORT(netport_batch);

/**
 * netport_attach() - have packets find a reservation
 * @owner: whose
 * @token: its name
 * @priv: what netport_lookup() returns for it, for instance the socket; not NULL
 * @gfp: for the memory
 *
 * All its bindings are found, also those that it gets later: at every instant of a
 * netport_rebind() either the old ones are, or the new ones.  If it is attached already,
 * @priv takes the place of what was there.  A lookup doesn't ask for the state: a transport
 * with connections attaches a reservation when it listens on it, or is connected by it, and one
 * with datagrams when it's bound.
 *
 * It ends with netport_detach(), with the reservation, with a hold, or with the owner; a
 * netport_transfer() changes nothing.  netport takes no reference to what @priv points at: it
 * has to stay until an RCU grace period after the end, after another took its place, or after
 * this has failed with -ENOMEM.
 *
 * ::
 *
 *	sock_set_flag(sk, SOCK_RCU_FREE);
 *	err = netport_request(owner, &req, GFP_KERNEL) ?:
 *	      netport_attach(owner, req.reserve.token, sk, GFP_KERNEL);
 *
 * Context: Any; time proportional to the bindings.  Sleeps only if @gfp may.
 *
 * Return: 0, -EINVAL (@priv is NULL, or it is a candidate), -ENOENT or -ENOMEM.
 */
int netport_attach(struct netport_owner *owner, u64 token, void *priv, gfp_t gfp)
{
	return np_attach(owner, token, priv, gfp);
}
EXPORT_SYMBOL_NETPORT(netport_attach);

/**
 * netport_detach() - have packets find it no more
 * @owner: whose
 * @token: its name
 *
 * It stays reserved.  A netport_lookup() that began before may still return it.
 *
 * ::
 *
 *	netport_detach(owner, token);
 *	kfree_rcu(priv, rcu);
 *
 * Context: Any; time proportional to the bindings.
 *
 * Return: 0, or -ENOENT: there is no such reservation, or it is not attached.
 */
int netport_detach(struct netport_owner *owner, u64 token)
{
	return np_detach(owner, token);
}
EXPORT_SYMBOL_NETPORT(netport_detach);

/**
 * netport_lookup() - whom a packet is for
 * @net: network namespace that it came in by
 * @key: its addresses and ports
 * @hash: spreads packets over those who are NETPORT_SHARE_LOAD_BALANCED; the same for all
 *	packets of a flow
 *
 * The best match among what is attached: rather with this remote port than with this remote
 * address, rather with that than for every remote; then rather with this local address than
 * any; then rather with this device, and then rather of this family alone.  Of several that are
 * the same in all that, one chosen by @hash if all are LOAD_BALANCED, else the one attached
 * last.
 *
 * ::
 *
 *	struct netport_key key = { .protocol = IPPROTO_UDP, .ifindex = skb->skb_iif };
 *
 *	netport_key_ipv4(&key, iph->daddr, uh->dest, iph->saddr, uh->source);
 *	rcu_read_lock();
 *	sk = netport_lookup(dev_net(skb->dev), &key, skb_get_hash(skb));
 *	if (sk)
 *		deliver(sk, skb);
 *	rcu_read_unlock();
 *
 * Context: Any, under rcu_read_lock(), and until its end the result stays.  Takes no lock, and
 * a time that doesn't depend on how much is reserved or attached, but for how many devices
 * have something attached that is the same otherwise.
 *
 * Return: the pointer that was given to netport_attach(), or NULL.
 */
void *netport_lookup(struct net *net, const struct netport_key *key, u32 hash)
{
	struct np_net *nn = np_net_live(net);

	return likely(nn) ? np_lookup(nn, key, hash) : NULL;
}
EXPORT_SYMBOL_NETPORT(netport_lookup);

/**
 * netport_set_state() - say what a reservation is used for
 * @owner: whose
 * @token: its name
 * @state: for what
 *
 * While it listens, %NETPORT_SHARE_TUPLE_ONLY doesn't count for it: nobody gets the port
 * beside it who has nothing else in common.  Who shares the port already stays, as with the
 * host's listen().  netport_extend() and netport_rebind() to what doesn't go with the state
 * fail with -EINVAL.
 *
 * ::
 *
 *	err = netport_set_state(owner, token, NETPORT_LISTENING);
 *
 * Context: Any; time proportional to the bindings, and at most twice 4096 comparisons.
 *
 * Return: 0, -EINVAL (a candidate; a listener with a remote port, or a connection without),
 * -ENOENT (also: the namespace is gone), -EADDRINUSE (to listen beside another listener, with
 * nothing but TUPLE_ONLY in common), or -EDQUOT (too many to compare with).
 */
int netport_set_state(struct netport_owner *owner, u64 token, enum netport_state state)
{
	return np_set_state(owner, token, state);
}
EXPORT_SYMBOL_NETPORT(netport_set_state);

/**
 * netport_transfer() - give a reservation to another owner
 * @from: whose it is
 * @token: its name
 * @to: whose it will be; of the same network namespace
 *
 * ::
 *
 *	err = netport_transfer(owner, token, other);
 *
 * Context: Any.
 *
 * Return: 0 or an error of NETPORT_IOC_TRANSFER.
 */
int netport_transfer(struct netport_owner *from, u64 token, struct netport_owner *to)
{
	return np_transfer(from, token, to);
}
EXPORT_SYMBOL_NETPORT(netport_transfer);

/**
 * netport_adopt() - become the owner of a persistent reservation that has none
 * @owner: who
 * @token: its name
 *
 * ::
 *
 *	if (entry.state & NETPORT_STATE_ORPHAN)
 *		err = netport_adopt(owner, entry.token);
 *
 * Context: Any.
 *
 * Return: 0 or an error of NETPORT_IOC_ADOPT but EPERM.
 */
int netport_adopt(struct netport_owner *owner, u64 token)
{
	return np_adopt(owner, token);
}
EXPORT_SYMBOL_NETPORT(netport_adopt);

/**
 * netport_label() - write a text on a reservation or on an owner, for listings
 * @owner: the owner, or whose
 * @label: the text, and the reservation or 0
 * @gfp: for the memory
 *
 * ::
 *
 *	struct netport_label label = { .token = token, .label = "control" };
 *
 *	err = netport_label(owner, &label, GFP_KERNEL);
 *
 * Context: Any.  Sleeps only if @gfp may.
 *
 * Return: 0, -EINVAL, -ENOENT or -ENOMEM.
 */
int netport_label(struct netport_owner *owner, const struct netport_label *label, gfp_t gfp)
{
	return np_label(owner, label, gfp);
}
EXPORT_SYMBOL_NETPORT(netport_label);

/**
 * netport_wish() - wait for a port without blocking
 * @owner: for whom
 * @req: as for NETPORT_IOC_WISH; @req->reserve.token is a result, the wish's name
 * @gfp: for the memory
 *
 * When it is granted, netport_wish_queue() is woken.
 *
 * ::
 *
 *	err = netport_wish(owner, &req, GFP_KERNEL);
 *	wish = req.reserve.token;
 *
 * Context: Process; may sleep.
 *
 * Return: 0 or an error of NETPORT_IOC_WISH but EACCES and EPERM.
 */
int netport_wish(struct netport_owner *owner, struct netport_request *req, gfp_t gfp)
{
	return np_request_wish(owner, req, gfp);
}
EXPORT_SYMBOL_NETPORT(netport_wish);

/**
 * netport_granted() - fetch a wish that has been granted
 * @owner: whose
 * @granted: the wish's name, or 0 for any; wish, token and port are results
 *
 * ::
 *
 *	struct netport_granted got = { .wish = wish };
 *
 *	if (!netport_granted(owner, &got))
 *		use(got.port, got.token);
 *
 * Context: Process; may sleep.
 *
 * Return: 0, or -ENOENT: there is none.
 */
int netport_granted(struct netport_owner *owner, struct netport_granted *granted)
{
	return np_wish_granted(owner, granted, true);
}
EXPORT_SYMBOL_NETPORT(netport_granted);

/**
 * netport_unwish() - take a wish back
 * @owner: whose
 * @wish: its name
 *
 * If it was granted, the reservation is released.
 *
 * ::
 *
 *	netport_unwish(owner, wish);
 *
 * Context: Process; may sleep.
 *
 * Return: 0 or -ENOENT.
 */
int netport_unwish(struct netport_owner *owner, u64 wish)
{
	return np_request_unwish(owner, wish);
}
EXPORT_SYMBOL_NETPORT(netport_unwish);

/**
 * netport_wish_queue() - where to wait until a wish is granted
 * @owner: whose wishes
 *
 * ::
 *
 *	init_waitqueue_func_entry(&my->wait, my_wake);
 *	add_wait_queue(netport_wish_queue(owner), &my->wait);
 *
 * Context: Any.  It is woken under locks of netport's: a wake function of the caller's must
 * not call any of these functions.
 *
 * Return: the wait queue, woken with EPOLLIN; valid until the owner is destroyed.
 */
struct wait_queue_head *netport_wish_queue(struct netport_owner *owner)
{
	return &owner->poll;
}
EXPORT_SYMBOL_NETPORT(netport_wish_queue);

/**
 * netport_list() - what is reserved in the owner's network namespace
 * @owner: who asks
 * @list: as for NETPORT_IOC_LIST; @list->entries and @list->size are not used
 * @entries: room for @list->count entries
 *
 * ::
 *
 *	struct netport_list list = { .flags = NETPORT_LIST_MINE };
 *
 *	do {
 *		list.count = ARRAY_SIZE(entries);
 *		err = netport_list(owner, &list, entries);
 *		for (i = 0; !err && i < list.count; i++)
 *			show(&entries[i]);
 *	} while (!err && list.count);
 *
 * Context: Process; may sleep.
 *
 * Return: 0, -EINVAL, -ENETDOWN, or -EINTR: the process was killed.
 */
int netport_list(struct netport_owner *owner, struct netport_list *list,
		 struct netport_entry *entries)
{
	return np_list(owner, list, entries, true);
}
EXPORT_SYMBOL_NETPORT(netport_list);

/**
 * netport_available() - would netport_reserve() succeed now?
 * @owner: for whom
 * @req: the request
 *
 * ::
 *
 *	if (netport_available(owner, &req))
 *		try_another();
 *
 * Context: Any.  Doesn't sleep: with port 0 the bound of NETPORT_ATOMIC_PROBES holds.
 *
 * Return: 0 if so, else the error that it would fail with.
 */
int netport_available(struct netport_owner *owner, const struct netport_reserve *req)
{
	return np_resv_available(owner, req, GFP_ATOMIC);
}
EXPORT_SYMBOL_NETPORT(netport_available);

/**
 * netport_candidate() - pick a port and hold it while the caller tests it
 * @owner: for whom
 * @cand: as for NETPORT_IOC_CANDIDATE, results likewise
 * @gfp: for the memory
 *
 * ::
 *
 *	struct netport_candidate cand = { .reserve.binding = binding };
 *
 *	do
 *		err = netport_candidate(owner, &cand, GFP_KERNEL);
 *	while (!err && !suits(cand.reserve.binding.port));
 *	if (!err)
 *		err = netport_accept(owner, cand.reserve.token);
 *	else if (cand.reserve.token)
 *		netport_release(owner, cand.reserve.token);
 *
 * Context: Any; with NETPORT_OPT_HOST_* only where @gfp may sleep, else -EINVAL.  No lock is kept.
 *
 * Return: 0, -EINVAL, -EADDRNOTAVAIL (and the candidate in @cand->reserve.token is still
 * held), -ENOENT, -EDQUOT, -ENOMEM, -ENETDOWN or -EINTR; with NETPORT_OPT_HOST_* -EOPNOTSUPP and
 * -EACCES, too.
 */
int netport_candidate(struct netport_owner *owner, struct netport_candidate *cand, gfp_t gfp)
{
	struct netport_candidate next = *cand;
	int err;

	err = np_resv_candidate(owner, &next, gfp);
	if (!err)
		err = np_resv_candidate_done(owner, cand->reserve.token, next.reserve.token);
	if (!err)
		*cand = next;
	return err;
}
EXPORT_SYMBOL_NETPORT(netport_candidate);

/**
 * netport_accept() - make a candidate a reservation
 * @owner: whose
 * @token: the candidate; the reservation has the same token
 *
 * ::
 *
 *	err = netport_accept(owner, cand.reserve.token);
 *
 * Context: Any.
 *
 * Return: 0, -ENOENT, or -EINVAL if it is none.
 */
int netport_accept(struct netport_owner *owner, u64 token)
{
	return np_resv_accept(owner, token);
}
EXPORT_SYMBOL_NETPORT(netport_accept);

/**
 * netport_pick() - pick a port that a test accepts, and reserve it
 * @owner: for whom
 * @req: the request, with port 0; @req->binding.port and @req->token are results,
 *	written only on success
 * @test: asked about one port after the other; each is held meanwhile
 * @arg: for @test
 * @gfp: for the memory
 *
 * ::
 *
 *	static int take(u16 port, void *arg)
 *	{
 *		return my_hash_has(arg, port) ? 0 : 1;
 *	}
 *
 *	err = netport_pick(owner, &req, take, table, GFP_KERNEL);
 *
 * Context: Any.  Sleeps if @gfp or @test do.  Where @gfp may not sleep, @test is asked
 * about NETPORT_ATOMIC_PROBES ports at most.
 *
 * Return: 0, a negative errno of @test as it is, or an error of netport_candidate();
 * -EADDRNOTAVAIL if @test accepted none.  In all cases but the first nothing is held.
 */
int netport_pick(struct netport_owner *owner, struct netport_reserve *req,
		 netport_test_t test, void *arg, gfp_t gfp)
{
	struct netport_candidate cand = { .reserve = *req };
	bool may_sleep = gfpflags_allow_blocking(gfp);
	unsigned int left = may_sleep ? UINT_MAX : NETPORT_ATOMIC_PROBES;
	int err = 0;

	if (req->binding.port)
		return -EINVAL;
	cand.reserve.token = 0;
	while (!err) {
		if (may_sleep)
			cond_resched();
		if (may_sleep && fatal_signal_pending(current))
			err = -EINTR;
		else if (!left--)
			err = -EADDRNOTAVAIL;
		else
			err = netport_candidate(owner, &cand, gfp);
		if (!err)
			err = test(cand.reserve.binding.port, arg);
	}
	if (err > 0)
		err = netport_accept(owner, cand.reserve.token);
	if (err) {
		if (cand.reserve.token)
			netport_release(owner, cand.reserve.token);
		return err;
	}
	*req = cand.reserve;
	return 0;
}
EXPORT_SYMBOL_NETPORT(netport_pick);

/**
 * netport_pick_ephemeral() - pick a port of the ephemeral range, reserving nothing
 * @net: network namespace whose range it is
 * @test: asked about each port once, from a random one on
 * @arg: for @test
 *
 * The search by itself: no table is asked, whether that is the namespace's own or the list of
 * reserved ports.
 *
 * ::
 *
 *	port = netport_pick_ephemeral(net, take, table);
 *
 * Context: Process; may sleep.
 *
 * Return: the port that @test accepted, a negative errno of @test as it is,
 * -EADDRNOTAVAIL if it accepted none, -ENETDOWN or -ENOMEM.
 */
int netport_pick_ephemeral(struct net *net, netport_test_t test, void *arg)
{
	struct netport_ephemeral e = {};
	struct np_net *nn;
	int err;

	nn = np_net_get(net);
	if (IS_ERR(nn))
		return PTR_ERR(nn);
	do {
		err = np_ephemeral_next(nn, &e);
		if (err)
			break;
		err = test(e.port, arg);
	} while (!err);
	np_net_put(nn);
	return err > 0 ? e.port : err;
}
EXPORT_SYMBOL_NETPORT(netport_pick_ephemeral);

/**
 * netport_get_range() - the ephemeral range of a network namespace
 * @net: the namespace
 * @range: the result
 *
 * ::
 *
 *	err = netport_get_range(net, &range);
 *
 * Context: Process; may sleep.
 *
 * Return: 0, -ENETDOWN or -ENOMEM.
 */
int netport_get_range(struct net *net, struct netport_range *range)
{
	struct np_net *nn = np_net_get(net);

	if (IS_ERR(nn))
		return PTR_ERR(nn);
	np_net_range(nn, &range->low, &range->high);
	range->__pad = 0;
	np_net_put(nn);
	return 0;
}
EXPORT_SYMBOL_NETPORT(netport_get_range);

/**
 * netport_set_range() - change the ephemeral range of a network namespace
 * @net: the namespace
 * @range: the new range
 *
 * ::
 *
 *	struct netport_range range = { .low = 49152, .high = 65535 };
 *
 *	err = netport_set_range(net, &range);
 *
 * Context: Process; may sleep.
 *
 * Return: 0, -EINVAL, -ENETDOWN or -ENOMEM.
 */
int netport_set_range(struct net *net, const struct netport_range *range)
{
	struct np_net *nn = np_net_get(net);
	int err;

	if (IS_ERR(nn))
		return PTR_ERR(nn);
	err = np_net_set_range(nn, range, true);
	np_net_put(nn);
	return err;
}
EXPORT_SYMBOL_NETPORT(netport_set_range);

/**
 * netport_get_space() - how ports of a protocol are given out in a network namespace
 * @net: the namespace
 * @protocol: the protocol
 * @space: the result: @space->flags says what has been set by netport_set_space(), range and
 *	floor are those that apply.  @space->reserved is NULL
 *
 * ::
 *
 *	err = netport_get_space(net, IPPROTO_UDP, &space);
 *
 * Context: Process; may sleep.
 *
 * Return: 0, -ENETDOWN or -ENOMEM.
 */
int netport_get_space(struct net *net, u16 protocol, struct netport_space *space)
{
	struct np_net *nn = np_net_get(net);

	if (IS_ERR(nn))
		return PTR_ERR(nn);
	np_config_get(nn, protocol, space);
	np_net_put(nn);
	return 0;
}
EXPORT_SYMBOL_NETPORT(netport_get_space);

/**
 * netport_set_space() - say how ports of a protocol are to be given out
 * @net: the namespace
 * @protocol: the protocol
 * @space: how; fields without their flag are 0.  NULL: as in the rest of the namespace
 *
 * It lasts until it is set again, or the namespace goes.
 *
 * ::
 *
 *	struct netport_space space = {
 *		.flags = NETPORT_SPACE_RANGE | NETPORT_SPACE_FLOOR,
 *		.low = 49152, .high = 65535,
 *	};
 *
 *	err = netport_set_space(net, MY_PROTOCOL, &space);
 *
 * Context: Process; may sleep.
 *
 * Return: 0, -EINVAL, -ENETDOWN or -ENOMEM.
 */
int netport_set_space(struct net *net, u16 protocol, const struct netport_space *space)
{
	struct np_net *nn = np_net_get(net);
	int err;

	if (IS_ERR(nn))
		return PTR_ERR(nn);
	err = np_config_set(nn, protocol, space);
	np_net_put(nn);
	return err;
}
EXPORT_SYMBOL_NETPORT(netport_set_space);
