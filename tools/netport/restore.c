// SPDX-License-Identifier: GPL-2.0
/* netport restore: what a snapshot says. */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <netport.h>

#include "device.h"
#include "hold.h"
#include "snapshot.h"
#include "term.h"

/* Each owner of the snapshot is one here, for it has limits of its own. */
struct owner {
	__u64	number;
	int	fd;
};

struct restoring {
	struct saved	*all;
	size_t		count;
	bool		partial;
	struct owner	*owners;
	size_t		nowners;
	size_t		done;
	size_t		staying;	/* of those, how many need an owner */
};

static int by_number(const void *a, const void *b)
{
	const struct owner *o = a, *p = b;

	return (o->number > p->number) - (o->number < p->number);
}

static void make_owners(struct restoring *r)
{
	struct rlimit limit;
	size_t n = 0;

	if (!getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	r->owners = calloc(r->count ?: 1, sizeof(*r->owners));
	if (!r->owners)
		errx(STATUS_NO_NETPORT, "no memory");
	for (size_t i = 0; i < r->count; i++)
		r->owners[i].number = r->all[i].owner;
	qsort(r->owners, r->count, sizeof(*r->owners), by_number);
	for (size_t i = 0; i < r->count; i++)
		if (!n || r->owners[n - 1].number != r->owners[i].number)
			r->owners[n++] = r->owners[i];
	r->nowners = n;
	for (size_t i = 0; i < n; i++)
		r->owners[i].fd = open_netport();
}

static struct owner *owner_of(const struct restoring *r, const struct saved *s)
{
	const struct owner key = { .number = s->owner };

	return bsearch(&key, r->owners, r->nowners, sizeof(key), by_number);
}

/* Of a set, the bindings that have the options of the first; the rest was added later. */
static unsigned int made_at_once(const struct saved *s)
{
	unsigned int n = 1;

	while (n < s->n && s->options[n] == s->options[0])
		n++;
	return n;
}

static void prepare(struct saved *s)
{
	struct netport_request *r = &s->request;

	r->reserve.binding = s->bindings[0];
	r->reserve.options = s->options[0];
	r->terms.nbindings = made_at_once(s) - 1;
	r->terms.bindings = r->terms.nbindings ? (uintptr_t)(s->bindings + 1) : 0;
}

static int extend(struct saved *s)
{
	for (unsigned int i = made_at_once(s); i < s->n; i++) {
		struct netport_request more = {
			.reserve = {
				.binding = s->bindings[i],
				.token = s->request.reserve.token,
				.options = s->options[i] & ~NETPORT_OPT_PERSISTENT,
			},
		};

		if (netport_extend(s->fd, &more))
			return -1;
	}
	return 0;
}

/* What is persistent doesn't go by itself. */
static void undo(struct restoring *r)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->all[i].fd >= 0)
			netport_release(r->all[i].fd, r->all[i].request.reserve.token);
}

static const char *why(int fd, const struct saved *s, int error)
{
	static struct want w;

	/* Who is in the way, the batch doesn't say. */
	w = (struct want){ .r = s->request };
	if (s->n > 1)
		memcpy(w.more, s->bindings + 1, (s->n - 1) * sizeof(w.more[0]));
	w.r.terms.bindings = w.r.terms.nbindings ? (uintptr_t)w.more : 0;
	w.r.terms.conflict = (uintptr_t)&w.conflict;
	if (error == EADDRINUSE)
		netport_available(fd, &w.r);
	return refusal(&w, error);
}

static void failed(struct restoring *r, const struct saved *s, int error)
{
	const char *reason = why(owner_of(r, s)->fd, s, error);

	end_progress();
	if (r->partial) {
		warnx("%s", reason);
		return;
	}
	warnx("nothing is restored: %s; --partial restores the rest", reason);
	undo(r);
	exit(STATUS_REFUSED);
}

/* Those of one owner that come one after the other, as many as a call takes. */
static size_t restore_some(struct restoring *r, size_t from)
{
	static struct netport_request requests[NETPORT_BATCH_MAX];
	static __s32 errors[NETPORT_BATCH_MAX];
	struct saved *s = &r->all[from];
	int fd = owner_of(r, s)->fd;
	size_t n = 0;

	while (n < NETPORT_BATCH_MAX && from + n < r->count && s[n].owner == s->owner) {
		prepare(&s[n]);
		requests[n] = s[n].request;
		n++;
	}
	memset(errors, 0, sizeof(errors));
	if (*s->owner_label)
		netport_label(fd, 0, (const char *)s->owner_label);
	if (netport_batch(fd, requests, n, r->partial ? NETPORT_BATCH_PARTIAL : 0, errors) < 0) {
		int error = errno;
		size_t i = 0;

		while (i < n - 1 && !errors[i])
			i++;
		failed(r, &s[i], errors[i] ?: error);
		return n;
	}
	for (size_t i = 0; i < n; i++) {
		if (!requests[i].reserve.token) {
			failed(r, &s[i], errors[i]);
			continue;
		}
		s[i].fd = fd;
		s[i].request = requests[i];
		if (extend(&s[i])) {
			failed(r, &s[i], errno);
			netport_release(fd, s[i].request.reserve.token);
			s[i].fd = -1;
			continue;
		}
		r->done++;
		r->staying += !(s[i].options[0] & NETPORT_OPT_PERSISTENT);
	}
	return n;
}

static FILE *open_snapshot(const char *name)
{
	FILE *f = name ? fopen(name, "re") : stdin;

	if (!f)
		err(STATUS_USAGE, "can't read %s", name);
	return f;
}

static int restore(struct request *req)
{
	const char *name = req->nargs && strcmp(req->args[0], "-") ? req->args[0] : NULL;
	struct restoring r = { .partial = is_given(req, OPTION(PARTIAL)) };
	FILE *f = open_snapshot(name);

	r.all = snapshot_read(f, name ?: "standard input", &r.count);
	/* That a pipe has ended isn't meant for hold_until_told(). */
	if (name)
		fclose(f);
	else if (!freopen("/dev/null", "r", stdin))
		err(STATUS_NO_NETPORT, "can't open /dev/null");
	make_owners(&r);
	for (size_t i = 0; i < r.count; i += restore_some(&r, i))
		progress("restoring: %zu of %zu", i, r.count);
	end_progress();
	if (req->command)
		return hold_while_running(req->command, true);
	printf("restored %zu of %zu reservations, of %zu owners\n", r.done, r.count, r.nowners);
	if (r.staying)
		hold_until_told();
	return 0;
}

const struct command command_restore = {
	.name = "restore", .synopsis = "[FILE] [OPTION]... [-- COMMAND...]", .max = 1, .runs = true,
	.options = OPTION(PARTIAL),
	.summary = "reserve again what a snapshot says, all or none",
	.details =
		"From FILE or standard input.  It's held while COMMAND runs, or until Enter or a\n"
		"signal; what is persistent isn't held, and needs CAP_NET_ADMIN.  All of it is then\n"
		"of the uid that restores it.\n",
	.run = restore,
};
