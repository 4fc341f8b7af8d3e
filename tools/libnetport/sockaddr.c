// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Bindings from the addresses of sockets, and back. */
#include <netinet/in.h>

#include "lib.h"

int netport_binding_from_sockaddr(struct netport_binding *b, const struct sockaddr *sa,
				  socklen_t len)
{
	struct sockaddr_in6 in6;
	struct sockaddr_in in;
	sa_family_t family;

	if (len < sizeof(family))
		return fail(EINVAL);
	memcpy(&family, &sa->sa_family, sizeof(family));
	switch (family) {
	case AF_INET:
		if (len < sizeof(in))
			return fail(EINVAL);
		memcpy(&in, sa, sizeof(in));
		b->families = NETPORT_FAMILY_IPV4;
		memset(b->addr, 0, sizeof(b->addr));
		memcpy(b->addr, &in.sin_addr, sizeof(in.sin_addr));
		b->port = ntohs(in.sin_port);
		b->ifindex = 0;
		return 0;
	case AF_INET6:
		if (len < sizeof(in6))
			return fail(EINVAL);
		memcpy(&in6, sa, sizeof(in6));
		b->families = NETPORT_FAMILY_IPV6;
		memcpy(b->addr, &in6.sin6_addr, sizeof(b->addr));
		b->port = ntohs(in6.sin6_port);
		b->ifindex = IN6_IS_ADDR_LINKLOCAL(&in6.sin6_addr) ? in6.sin6_scope_id : 0;
		return 0;
	}
	return fail(EAFNOSUPPORT);
}

int netport_binding_to_sockaddr(const struct netport_binding *b, struct sockaddr_storage *sa)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(b->port) };
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(b->port) };

	if (!b->families || b->families & ~FAMILY_BOTH)
		return fail(EINVAL);
	memset(sa, 0, sizeof(*sa));
	if (b->families == NETPORT_FAMILY_IPV4) {
		memcpy(&in.sin_addr, b->addr, sizeof(in.sin_addr));
		memcpy(sa, &in, sizeof(in));
		return sizeof(in);
	}
	memcpy(&in6.sin6_addr, b->addr, sizeof(in6.sin6_addr));
	if (IN6_IS_ADDR_LINKLOCAL(&in6.sin6_addr))
		in6.sin6_scope_id = b->ifindex;
	memcpy(sa, &in6, sizeof(in6));
	return sizeof(in6);
}

int np_set_remote(struct netport_binding *b, const struct netport_binding *from)
{
	bool open = !b->families || b->families == FAMILY_BOTH;

	if (is_any(from->addr) || (!open && b->families != from->families))
		return fail(EINVAL);
	if (from->ifindex && b->ifindex && b->ifindex != from->ifindex)
		return fail(EINVAL);
	b->families = from->families;
	b->ifindex = from->ifindex ?: b->ifindex;
	b->remote_port = from->port;
	memcpy(b->remote, from->addr, sizeof(b->remote));
	return 0;
}

int netport_remote_from_sockaddr(struct netport_binding *b, const struct sockaddr *sa,
				 socklen_t len)
{
	struct netport_binding from;

	if (netport_binding_from_sockaddr(&from, sa, len))
		return -1;
	return np_set_remote(b, &from);
}
