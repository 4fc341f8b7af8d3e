// SPDX-License-Identifier: GPL-2.0
/*
 * Requests: every rule about the form of a binding, and the one form that the table
 * compares.
 */
#include <kunit/visibility.h>
#include <net/ipv6.h>

#include "netport_priv.h"

/* A binding's IPv4 address, as IPv4-mapped; any stays all-zero. */
static int np_want_ipv4(struct in6_addr *a)
{
	__be32 v4 = a->s6_addr32[0];

	if (a->s6_addr32[1] | a->s6_addr32[2] | a->s6_addr32[3])
		return -EINVAL;
	if (v4)
		ipv6_addr_set_v4mapped(v4, a);
	return 0;
}

static int np_want_addrs(struct np_want *w, const struct netport_binding *b)
{
	int err;

	memcpy(&w->local, b->addr, sizeof(w->local));
	memcpy(&w->remote, b->remote, sizeof(w->remote));
	if (w->families == NETPORT_FAMILY_IPV4) {
		err = np_want_ipv4(&w->local);
		return err ?: np_want_ipv4(&w->remote);
	}
	if (w->families == NP_FAMILY_ALL)
		return ipv6_addr_any(&w->local) && ipv6_addr_any(&w->remote) ? 0 : -EINVAL;

	/* An IPv4-mapped address is an IPv4 one: so is the binding then. */
	if (ipv6_addr_v4mapped(&w->local)) {
		w->families = NETPORT_FAMILY_IPV4;
		if (!w->local.s6_addr32[3])
			w->local = in6addr_any;
		if (!ipv6_addr_any(&w->remote) && !ipv6_addr_v4mapped(&w->remote))
			return -EINVAL;
		if (!w->remote.s6_addr32[3])
			w->remote = in6addr_any;
	} else if (ipv6_addr_v4mapped(&w->remote)) {
		return -EINVAL;
	}

	if (!w->ifindex && ((ipv6_addr_type(&w->local) & IPV6_ADDR_LINKLOCAL) ||
			    (ipv6_addr_type(&w->remote) & IPV6_ADDR_LINKLOCAL)))
		return -EINVAL;
	return 0;
}

/**
 * np_want_port() - ask for another port
 * @w: the request
 * @port: the port; or 0, and then np_owner_access() says which may be picked
 */
void np_want_port(struct np_want *w, u16 port)
{
	w->port = port;
	w->left = NP_COMPARE_MAX;
}

/**
 * np_want_init() - check a binding and bring it into the form the table compares
 * @w: the result; its space, addr, low and high are left to others
 * @user: who asks
 * @b: the binding
 * @options: NETPORT_OPT_*
 *
 * Return: 0 or -EINVAL.
 */
int np_want_init(struct np_want *w, struct np_user *user,
		 const struct netport_binding *b, u32 options)
{
	bool remote;
	int err;

	if (!b->families || (b->families & ~NP_FAMILY_ALL) ||
	    (b->share & ~NP_SHARE_ALL) || (options & ~NETPORT_OPT_TUPLE) ||
	    b->ifindex > INT_MAX)
		return -EINVAL;

	w->space = NULL;
	w->addr = NULL;
	w->exclude = NULL;
	w->conflict = NULL;
	w->user = user;
	w->ifindex = b->ifindex;
	w->protocol = b->protocol;
	w->rport = b->remote_port;
	w->families = b->families;
	w->share = b->share;
	np_want_port(w, b->port);
	w->low = 0;
	w->high = 0;
	w->align = 1;
	w->offset = 0;
	w->flags = 0;
	w->more = 0;
	w->curious = false;

	err = np_want_addrs(w, b);
	if (err)
		return err;

	w->any = -1;
	if (ipv6_addr_any(&w->local))
		w->any = w->families == NP_FAMILY_ALL ? NP_ANY_BOTH :
			 w->families == NETPORT_FAMILY_IPV4 ? NP_V4 : NP_V6;

	remote = !ipv6_addr_any(&w->remote);
	if (!remote && w->rport)
		return -EINVAL;
	if (remote || w->ifindex)
		w->flags |= NP_BIND_NARROW;
	if (remote && w->rport)
		w->flags |= NP_BIND_FULL;
	if (options & NETPORT_OPT_TUPLE) {
		if (!w->port || w->any >= 0 || !(w->flags & NP_BIND_FULL))
			return -EINVAL;
		w->flags |= NP_BIND_OPTTUPLE;
	}
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(np_want_init);

/**
 * np_want_overlaps() - would two bindings of one request be in each other's way?
 * @a: one, with the port of the other
 * @b: the other
 *
 * Return: whether they overlap, shared or not.
 */
bool np_want_overlaps(const struct np_want *a, const struct np_want *b)
{
	return a->protocol == b->protocol && (a->families & b->families) &&
	       (a->any >= 0 || b->any >= 0 || ipv6_addr_equal(&a->local, &b->local)) &&
	       np_devices_meet(a->ifindex, b->ifindex) &&
	       np_remotes_meet(&a->remote, a->rport, &b->remote, b->rport);
}

/**
 * np_want_again() - a binding as a request
 * @w: the result
 * @b: the binding
 * @user: as whose
 */
void np_want_again(struct np_want *w, struct np_bind *b, struct np_user *user)
{
	const struct np_addr *a = b->addr;

	memset(w, 0, sizeof(*w));
	w->space = a->space;
	w->addr = b->addr;
	w->user = user;
	w->local = a->key.addr;
	w->remote = b->remote;
	w->ifindex = b->ifindex;
	w->protocol = a->space->protocol;
	w->port = b->e.port;
	w->rport = b->e.rport;
	w->families = np_addr_families(a);
	w->share = b->e.share;
	w->flags = b->e.flags & NP_BIND_OWN;
	w->any = a->any ? a->family : -1;
	w->left = NP_COMPARE_MAX;
}
