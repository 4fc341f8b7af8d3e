// SPDX-License-Identifier: GPL-2.0
/*
 * The share rule, by brute force; oracle.h says why.
 */
#include <linux/errno.h>
#include <linux/string.h>

#include "oracle.h"

static const u8 any[16];
static const u8 mapped[12] = { [10] = 0xff, [11] = 0xff };

static bool is_any(const u8 *addr)
{
	return !memcmp(addr, any, sizeof(any));
}

static bool equal(const u8 *a, const u8 *b)
{
	return !memcmp(a, b, 16);
}

static bool is_mapped(const u8 *addr)
{
	return !memcmp(addr, mapped, sizeof(mapped));
}

static void unmap(u8 *addr)
{
	memmove(addr, addr + sizeof(mapped), 4);
	memset(addr + 4, 0, 12);
}

/**
 * oracle_entry() - a request, as it would be held
 * @e: the result
 * @req: the request
 * @uid: of whom
 */
void oracle_entry(struct oracle_entry *e, const struct netport_reserve *req, unsigned int uid)
{
	struct netport_binding *b = &e->b;

	*e = (struct oracle_entry) {
		.b = req->binding,
		.options = req->options,
		.uid = uid,
		.token = req->token,
	};
	if (b->families != NETPORT_FAMILY_IPV6 || !is_mapped(b->addr))
		return;
	b->families = NETPORT_FAMILY_IPV4;
	unmap(b->addr);
	if (!is_any(b->remote))
		unmap(b->remote);
}

static bool addr_overlaps(const u8 *a, const u8 *b)
{
	return is_any(a) || is_any(b) || equal(a, b);
}

static bool remote_overlaps(const struct netport_binding *a, const struct netport_binding *b)
{
	if (is_any(a->remote) || is_any(b->remote))
		return true;
	return equal(a->remote, b->remote) &&
	       (!a->remote_port || !b->remote_port || a->remote_port == b->remote_port);
}

static bool overlaps(const struct netport_binding *a, const struct netport_binding *b)
{
	return a->protocol == b->protocol && a->port == b->port &&
	       (a->families & b->families) && addr_overlaps(a->addr, b->addr) &&
	       (!a->ifindex || !b->ifindex || a->ifindex == b->ifindex) &&
	       remote_overlaps(a, b);
}

static bool same_tuple(const struct netport_binding *a, const struct netport_binding *b)
{
	return overlaps(a, b) && equal(a->addr, b->addr) && equal(a->remote, b->remote) &&
	       a->remote_port == b->remote_port;
}

/* Does what is held stand in the way, if the flags don't say otherwise? */
static bool in_way(const struct oracle_entry *held, const struct oracle_entry *new)
{
	return new->options & NETPORT_OPT_TUPLE ? same_tuple(&held->b, &new->b) :
						  overlaps(&held->b, &new->b);
}

/* The flags of one reservation, to another one of @uid. */
static u32 flags_for(const struct oracle_entry *e, unsigned int uid)
{
	return e->uid == uid ? e->b.share : e->b.share & ~NETPORT_SHARE_LOAD_BALANCED;
}

/**
 * oracle_conflict() - can these two not be held both?
 * @a: one, which is not NETPORT_OPT_TUPLE
 * @b: the other, likewise
 *
 * Necessary for the share rule and not sufficient.
 *
 * Return: whether they overlap and have no flag in common.
 */
bool oracle_conflict(const struct oracle_entry *a, const struct oracle_entry *b)
{
	return overlaps(&a->b, &b->b) && !(flags_for(a, b->uid) & b->b.share);
}

/* The flags that @new and all in its way on this address of this family have in common. */
static u32 common(const struct oracle *o, const struct oracle_entry *new, u16 family,
		  const u8 *addr)
{
	u32 share = new->b.share;
	unsigned int i;

	for (i = 0; i < o->n; i++) {
		const struct oracle_entry *held = &o->held[i];

		if ((held->b.families & family) && equal(held->b.addr, addr) &&
		    in_way(held, new))
			share &= flags_for(held, new->uid);
	}
	return share;
}

/**
 * oracle_verdict() - what has netport_reserve() of a port to say?
 * @o: what is held
 * @req: the request, well-formed
 * @uid: whose
 * @free: set to whether nothing is in the way
 *
 * Return: 0 or -EADDRINUSE.
 */
int oracle_verdict(const struct oracle *o, const struct netport_reserve *req, unsigned int uid,
		   bool *free)
{
	struct oracle_entry new;
	unsigned int i;
	u16 family;

	oracle_entry(&new, req, uid);
	*free = true;
	for (i = 0; i < o->n; i++) {
		const struct oracle_entry *held = &o->held[i];

		if (!in_way(held, &new))
			continue;
		*free = false;
		for (family = NETPORT_FAMILY_IPV4; family <= NETPORT_FAMILY_IPV6; family <<= 1)
			if ((held->b.families & new.b.families & family) &&
			    !common(o, &new, family, held->b.addr))
				return -EADDRINUSE;
	}
	return 0;
}

/**
 * oracle_add() - it is held now
 * @o: what is held
 * @req: the request, with the token
 * @uid: whose
 *
 * Return: its entry.
 */
struct oracle_entry *oracle_add(struct oracle *o, const struct netport_reserve *req,
				unsigned int uid)
{
	struct oracle_entry *e = &o->held[o->n++];

	oracle_entry(e, req, uid);
	return e;
}

/* It is held no more; the last one takes its place. */
void oracle_del(struct oracle *o, unsigned int i)
{
	o->held[i] = o->held[--o->n];
}
