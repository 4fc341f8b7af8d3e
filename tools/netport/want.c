// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netport.h>

#include "names.h"
#include "place.h"
#include "want.h"

static void set_remote(struct netport_binding *b, const struct request *req)
{
	struct netport_binding remote = parse_place(req->remote, b->protocol);
	unsigned int families = b->families;

	/* Of both families, * can only mean that of the remote; asked for, not even that. */
	if (is_any(remote.addr))
		errx(STATUS_USAGE, "'%s' is no remote; without --remote every one is meant",
		     req->remote);
	if (req->families == FAMILY_BOTH ||
	    (families != FAMILY_BOTH && families != remote.families))
		errx(STATUS_USAGE, "the remote has to be of the local address's one family");
	if (netport_remote_from_text(b, req->remote))
		errx(STATUS_USAGE, "%s is on another device than the rest says", req->remote);
}

/* Says in words what netport would call EINVAL. */
static struct netport_binding binding(const struct request *req, unsigned int protocol,
				      const char *text)
{
	struct netport_binding b = parse_place(text, protocol);

	if (req->families == FAMILY_BOTH && !is_any(b.addr))
		errx(STATUS_USAGE, "both families go only with the any-address, as in *:80");
	if (req->families && !(req->families & b.families))
		errx(STATUS_USAGE, "%s is not of the family asked for", text);
	b.families = req->families ?: b.families;
	if (b.ifindex && req->ifindex && b.ifindex != req->ifindex)
		errx(STATUS_USAGE, "%s is on another device than the rest says", text);
	b.ifindex = b.ifindex ?: req->ifindex;
	b.share = req->share;
	if (req->remote)
		set_remote(&b, req);
	if (is_link_local(&b) && !b.ifindex)
		errx(STATUS_USAGE,
		     "a link-local address needs its device, as in [fe80::1%%eth0]:80");
	if (req->options & NETPORT_OPT_TUPLE && (is_any(b.addr) || !b.port || !b.remote_port))
		errx(STATUS_USAGE,
		     "a tuple is ADDR:PORT, with an address that isn't \"any\", and --remote ADDR:PORT");
	return b;
}

static void add(struct want *w, unsigned int i, const struct netport_binding *b, const char *text)
{
	if (!i) {
		w->r.reserve.binding = *b;
		return;
	}
	if (b->port != w->r.reserve.binding.port)
		errx(STATUS_USAGE,
		     "%s has another port than the rest; several bindings of one reservation have one port, for more see netport run",
		     text);
	if (i == NETPORT_BINDINGS_MAX)
		errx(STATUS_USAGE, "a reservation has %d bindings at most", NETPORT_BINDINGS_MAX);
	w->more[i - 1] = *b;
	w->r.terms.nbindings = i;
	w->r.terms.bindings = (uintptr_t)w->more;
}

void want_places(struct want *w, const struct request *req, const char *protocols, char **places,
		 int n)
{
	char *copy = strdup(protocols), *rest = copy, *word;
	unsigned int count = 0;

	if (!copy)
		errx(STATUS_NO_NETPORT, "no memory");
	memset(w, 0, sizeof(*w));
	while ((word = strsep(&rest, ","))) {
		unsigned int protocol = parse_protocol(word);

		for (int i = 0; i < n; i++) {
			struct netport_binding b = binding(req, protocol, places[i]);

			add(w, count++, &b, places[i]);
		}
	}
	free(copy);

	w->r.reserve.options = req->options;
	w->r.reserve.low = req->low;
	w->r.reserve.high = req->high;
	w->r.terms.align = req->align;
	w->r.terms.offset = req->offset;
	w->r.terms.exclude = req->nexclude ? (uintptr_t)req->exclude : 0;
	w->r.terms.nexclude = req->nexclude;
	w->r.terms.conflict = (uintptr_t)&w->conflict;
	if (req->label)
		memcpy(w->r.terms.label, req->label, strlen(req->label));
}

void want_port(const struct want *w, const char *place)
{
	if (!w->r.reserve.binding.port)
		errx(STATUS_USAGE,
		     "'%s' has no port, as 10.0.0.1:80, [::1]:80 and *:80 have; see netport pick",
		     place);
}

void want_no_port(const struct want *w, const char *place)
{
	if (w->r.reserve.binding.port)
		errx(STATUS_USAGE,
		     "'%s' names a port; an address alone is wanted, as in 10.0.0.1, ::1 or *",
		     place);
}

const char *want_text(const struct want *w, char *buf)
{
	const struct netport_binding *b = &w->r.reserve.binding;
	char one[TEXT_LEN];
	size_t n;

	binding_text(b, w->r.terms.count, buf);
	for (unsigned int i = 0; i < w->r.terms.nbindings; i++) {
		struct netport_binding more = w->more[i];

		more.port = b->port;
		binding_text(&more, w->r.terms.count, one);
		n = strlen(buf);
		if (n + strlen(one) + sizeof(", ...") > TEXT_LEN) {
			strcpy(buf + n, ", ...");
			break;
		}
		sprintf(buf + n, ", %s", one);
	}
	return buf;
}

static const char *in_use(const struct want *w, const char *what, char *text, size_t size)
{
	const struct netport_entry *e = &w->conflict;
	const struct netport_binding *b = &e->binding;
	char theirs[TEXT_LEN], who[TEXT_LEN];
	const char *advice = "end it, take another port, or see netport wait";

	if (!e->binding.families) {
		snprintf(text, size,
			 "%s conflicts with a reservation in this namespace; 'netport who %u' shows whose",
			 what, w->r.reserve.binding.port);
		return text;
	}
	if (e->state & NETPORT_STATE_HOST) {
		snprintf(text, size,
			 "%s conflicts with a socket %s, which 'ss -%s' shows; end it, or take another port",
			 what, holder_text(e, who), b->protocol == IPPROTO_UDP ? "lnup" : "lntp");
		return text;
	}
	if (e->state & NETPORT_STATE_HELD)
		advice = "take another port, or see netport wait";
	if (e->state & NETPORT_STATE_ORPHAN)
		advice = "'netport release' gives it back";
	snprintf(text, size, "%s conflicts with %s, token %llu, %s; %s", what,
		 binding_text(b, 1, theirs), (unsigned long long)e->token, holder_text(e, who),
		 advice);
	return text;
}

const char *refusal(const struct want *w, int error)
{
	const struct netport_binding *b = &w->r.reserve.binding;
	static char text[4 * TEXT_LEN];
	char what[TEXT_LEN];

	want_text(w, what);
	switch (error) {
	case EADDRINUSE:
		return in_use(w, what, text, sizeof(text));
	case EADDRNOTAVAIL:
		if (w->r.reserve.options & (NETPORT_OPT_HOST_CHECK | NETPORT_OPT_HOST_HOLD) &&
		    b->port)
			snprintf(text, sizeof(text),
				 "%s is no address of this host; 'ip addr' lists them", what);
		else
			snprintf(text, sizeof(text),
				 "no port of the range is free for %s; give another --range, or see who has them with 'netport ls'",
				 what);
		break;
	case EACCES:
		snprintf(text, sizeof(text),
			 "%s is below net.ipv4.ip_unprivileged_port_start, which needs CAP_NET_BIND_SERVICE; take a higher port",
			 b->port ? what : "a port of the range");
		break;
	case EPERM:
		snprintf(text, sizeof(text),
			 "what is persistent needs CAP_NET_ADMIN over the network namespace; leave out --persistent, or become root");
		break;
	case EDQUOT:
		snprintf(text, sizeof(text),
			 "a limit is reached; 'netport stat' tells them, and 'netport ls' what counts for them");
		break;
	case EINVAL:
		snprintf(text, sizeof(text), "%s doesn't make sense to netport; see --help", what);
		break;
	case EOPNOTSUPP:
		snprintf(text, sizeof(text),
			 "%s isn't for the host's stack: --host-check and --host-hold are for tcp and udp, and families that it has",
			 what);
		break;
	case ENETDOWN:
		snprintf(text, sizeof(text), "this network namespace is going away");
		break;
	default:
		snprintf(text, sizeof(text), "%s: %s", what, strerror(error));
	}
	return text;
}
