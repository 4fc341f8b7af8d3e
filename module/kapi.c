// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel API.  Its contract is in <linux/netport.h>.
 */
#include <linux/export.h>
#include <linux/sched/signal.h>
#include <net/net_namespace.h>

#include "netport_priv.h"

/**
 * netport_owner_create() - a new owner, for a kernel-resident stack
 * @net: network namespace it reserves in; the caller has a reference, which it may give
 *	back afterwards: an owner doesn't keep a namespace alive
 * @uid: uid that it counts as for NETPORT_SHARE_LOAD_BALANCED
 *
 * Context: Process; may sleep.
 *
 * Return: the owner, which the caller has to destroy, or an ERR_PTR: -ENOMEM, -ENETDOWN.
 */
struct netport_owner *netport_owner_create(struct net *net, kuid_t uid)
{
	return np_owner_create(net, uid, true);
}
EXPORT_SYMBOL_GPL(netport_owner_create);

/**
 * netport_owner_destroy() - release all that an owner holds, and the owner
 * @owner: the owner; nobody may use it any more
 *
 * Also when its namespace is gone.
 *
 * Context: Process; may sleep.
 */
void netport_owner_destroy(struct netport_owner *owner)
{
	np_owner_destroy(owner);
}
EXPORT_SYMBOL_GPL(netport_owner_destroy);

/**
 * netport_reserve() - reserve a port, or pick one and reserve it
 * @owner: for whom
 * @req: the request, as for NETPORT_IOC_RESERVE; @req->binding.port and @req->token are
 *	results, written only on success
 * @gfp: for the memory; with __GFP_ACCOUNT it is charged to the current memory cgroup
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
EXPORT_SYMBOL_GPL(netport_reserve);

/**
 * netport_release() - give a reservation or a candidate back
 * @owner: whose
 * @token: its name
 *
 * Context: Any.
 *
 * Return: 0, or -ENOENT: @owner has no such reservation, or its namespace is gone.
 */
int netport_release(struct netport_owner *owner, u64 token)
{
	return np_resv_release(owner, token);
}
EXPORT_SYMBOL_GPL(netport_release);

/**
 * netport_release_binding() - give a reservation back, named by what was reserved
 * @owner: whose
 * @binding: as it was reserved, with its port and share flags; one goes if several are
 *	equal
 * @options: NETPORT_OPT_TUPLE if it was reserved with that, else 0
 *
 * Context: Any.
 *
 * Return: 0, -ENOENT or -EINVAL.
 */
int netport_release_binding(struct netport_owner *owner,
			    const struct netport_binding *binding, u32 options)
{
	return np_resv_release_binding(owner, binding, options);
}
EXPORT_SYMBOL_GPL(netport_release_binding);

/**
 * netport_available() - would netport_reserve() succeed now?
 * @owner: for whom
 * @req: the request
 *
 * Context: Any.  Doesn't sleep: with port 0 the bound of NETPORT_ATOMIC_PROBES holds.
 *
 * Return: 0 if so, else the error that it would fail with.
 */
int netport_available(struct netport_owner *owner, const struct netport_reserve *req)
{
	return np_resv_available(owner, req, GFP_ATOMIC);
}
EXPORT_SYMBOL_GPL(netport_available);

/**
 * netport_candidate() - pick a port and hold it while the caller tests it
 * @owner: for whom
 * @cand: as for NETPORT_IOC_CANDIDATE, results likewise
 * @gfp: for the memory
 *
 * Context: Any.  Sleeps only if @gfp may.  No lock is kept.
 *
 * Return: 0, -EINVAL, -EADDRNOTAVAIL (and the candidate in @cand->reserve.token is still
 * held), -ENOENT, -EDQUOT, -ENOMEM, -ENETDOWN or -EINTR.
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
EXPORT_SYMBOL_GPL(netport_candidate);

/**
 * netport_accept() - make a candidate a reservation
 * @owner: whose
 * @token: the candidate; the reservation has the same token
 *
 * Context: Any.
 *
 * Return: 0, -ENOENT, or -EINVAL if it is none.
 */
int netport_accept(struct netport_owner *owner, u64 token)
{
	return np_resv_accept(owner, token);
}
EXPORT_SYMBOL_GPL(netport_accept);

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
EXPORT_SYMBOL_GPL(netport_pick);

/**
 * netport_pick_ephemeral() - pick a port of the ephemeral range, reserving nothing
 * @net: network namespace whose range it is
 * @test: asked about each port once, from a random one on
 * @arg: for @test
 *
 * The search of the PortManager by itself: no table is asked, whether that is the
 * namespace's own or the list of reserved ports.
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
EXPORT_SYMBOL_GPL(netport_pick_ephemeral);

/**
 * netport_get_range() - the ephemeral range of a network namespace
 * @net: the namespace
 * @range: the result
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
EXPORT_SYMBOL_GPL(netport_get_range);

/**
 * netport_set_range() - change the ephemeral range of a network namespace
 * @net: the namespace
 * @range: the new range
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
EXPORT_SYMBOL_GPL(netport_set_range);
