// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <errno.h>
#include <fnmatch.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "listing.h"
#include "names.h"
#include "place.h"

void filter_protocol(struct filter *f, unsigned int protocol)
{
	f->list.flags |= NETPORT_LIST_PROTOCOL;
	f->list.protocol = protocol;
}

void filter_port(struct filter *f, unsigned int port)
{
	f->list.flags |= NETPORT_LIST_PORT;
	f->list.port = port;
}

/* A number, or self: what the command has that this one was started by. */
static void filter_owner(struct filter *f, const char *s)
{
	unsigned long long number;
	char *end;

	if (!strcmp(s, "self")) {
		s = getenv("NETPORT_OWNER");
		if (!s)
			errx(STATUS_USAGE,
			     "self is who runs this, as in 'netport run ... -- netport ls -o self'; there is no $NETPORT_OWNER here");
	}
	errno = 0;
	number = strtoull(s, &end, 10);
	if (end == s || *end || errno || *s == '-')
		errx(STATUS_USAGE, "'%s' is no owner: a number of the column Owner, or self", s);
	f->list.flags |= NETPORT_LIST_OWNER;
	f->list.owner = number;
}

static void filter_ports(struct filter *f, const char *s)
{
	unsigned int protocol = f->list.flags & NETPORT_LIST_PROTOCOL ? f->list.protocol :
									IPPROTO_TCP;
	__u16 low, high;

	/* A service may have a dash in its name. */
	if (netport_range_from_text(&low, &high, s)) {
		filter_port(f, parse_port(s, protocol));
		return;
	}
	f->list.flags |= NETPORT_LIST_RANGE;
	f->list.low = low;
	f->list.high = high;
}

static void filter_addr(struct filter *f, const char *s)
{
	struct netport_binding b = parse_address(s);

	f->list.flags |= NETPORT_LIST_ADDR;
	f->list.families = b.families;
	memcpy(f->list.addr, b.addr, sizeof(b.addr));
}

void filter_options(struct filter *f, const struct request *req)
{
	if (req->ports)
		filter_ports(f, req->ports);
	if (req->addr)
		filter_addr(f, req->addr);
	if (req->owner)
		filter_owner(f, req->owner);
	f->label = req->label;
}

struct sieve {
	const struct filter	*filter;
	netport_each_fn		*each;
	void			*arg;
};

static int sift(const struct netport_entry *e, void *arg)
{
	const struct sieve *s = arg;
	const char *glob = s->filter->label;

	if (glob && fnmatch(glob, (const char *)e->label, 0) &&
	    fnmatch(glob, (const char *)e->owner_label, 0))
		return 0;
	return s->each(e, s->arg);
}

int list_filtered(int fd, const struct filter *filter, netport_each_fn *each, void *arg)
{
	struct sieve s = { .filter = filter, .each = each, .arg = arg };
	int result = netport_list_each(fd, &filter->list, sift, &s);

	if (result < 0)
		err(STATUS_REFUSED, "can't list what is reserved");
	return result;
}
