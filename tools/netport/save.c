// SPDX-License-Identifier: GPL-2.0
/* netport save: a snapshot. */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netport.h>

#include "device.h"
#include "listing.h"
#include "snapshot.h"
#include "term.h"

#define BUCKETS	1024

/* A set or block of which not all has been seen yet. */
struct partial {
	struct partial		*next;
	unsigned int		n;
	unsigned int		parts;
	struct netport_entry	entries[];
};

struct saving {
	FILE		*to;
	size_t		count;
	struct partial	*bucket[BUCKETS];
};

/* Ports last, and otherwise as they were listed. */
static int by_port(const void *a, const void *b)
{
	const struct netport_entry *e = a, *f = b;

	if (e->binding.port != f->binding.port)
		return e->binding.port - f->binding.port;
	return memcmp(&e->binding, &f->binding, sizeof(e->binding));
}

/* What was given back of a block leaves several. */
static void write_parts(struct saving *s, struct partial *p)
{
	unsigned int i, next, per_port = 0;

	qsort(p->entries, p->n, sizeof(p->entries[0]), by_port);
	while (per_port < p->n && p->entries[per_port].binding.port == p->entries[0].binding.port)
		per_port++;
	for (i = 0; i < p->n; i = next) {
		unsigned int port = p->entries[i].binding.port, count = 1;

		for (next = i + per_port; next < p->n &&
		     p->entries[next].binding.port == port + count; next += per_port)
			count++;
		snapshot_write(s->to, &p->entries[i], per_port, port, count);
		s->count++;
	}
}

static struct partial **find(struct saving *s, const struct netport_entry *e)
{
	struct partial **p = &s->bucket[e->token % BUCKETS];

	while (*p && (*p)->entries[0].token != e->token)
		p = &(*p)->next;
	if (!*p) {
		*p = malloc(sizeof(**p) + e->parts * sizeof(*e));
		if (!*p)
			errx(STATUS_NO_NETPORT, "no memory");
		(*p)->next = NULL;
		(*p)->n = 0;
		(*p)->parts = e->parts;
	}
	return p;
}

/* What can be made again: what is tested, held after its end, listening or connected can't. */
static int save_entry(const struct netport_entry *e, void *arg)
{
	struct saving *s = arg;
	struct partial **p, *all;

	if (e->state & ~NETPORT_STATE_ORPHAN)
		return 0;
	progress("saving: %zu", s->count);
	if (e->parts == 1) {
		snapshot_write(s->to, e, 1, e->binding.port, 1);
		s->count++;
		return 0;
	}
	p = find(s, e);
	all = *p;
	all->entries[all->n++] = *e;
	if (all->n == all->parts) {
		*p = all->next;
		write_parts(s, all);
		free(all);
	}
	return 0;
}

/* What others have changed meanwhile: as much of it as was seen. */
static void save_rest(struct saving *s)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		while (s->bucket[i]) {
			struct partial *p = s->bucket[i];

			s->bucket[i] = p->next;
			write_parts(s, p);
			free(p);
		}
	}
}

static int save(struct request *req)
{
	const char *name = req->nargs && strcmp(req->args[0], "-") ? req->args[0] : NULL;
	static struct saving s;
	struct filter all = { 0 };
	int fd = open_netport();

	s.to = name ? fopen(name, "we") : stdout;
	if (!s.to)
		err(STATUS_USAGE, "can't write %s", name);
	snapshot_begin(s.to);
	list_filtered(fd, &all, save_entry, &s);
	save_rest(&s);
	end_progress();
	if (name && fclose(s.to))
		err(STATUS_USAGE, "can't write %s", name);
	return 0;
}

const struct command command_save = {
	.name = "save", .synopsis = "[FILE]", .max = 1,
	.summary = "write a snapshot of what is reserved in this network namespace",
	.details =
		"To standard output, or to FILE: JSON, a reservation on each line.  Not in it are\n"
		"candidates, holds, and what a stack in the kernel listens on or has connected.\n",
	.run = save,
};
