// SPDX-License-Identifier: GPL-2.0
/*
 * The whole listing is the whole model.
 */
#include <poll.h>

#include "ops.h"

struct netport_entry listed[LISTED];
int nlisted;

/* All that a file sees, @chunk at a time. */
void list(int fd, struct netport_list *filter, unsigned int chunk)
{
	struct netport_list l = *filter;
	int err;

	nlisted = 0;
	do {
		if (nlisted + chunk > LISTED)
			failed("the listing is too long");
		l.entries = (uintptr_t)&listed[nlisted];
		l.size = sizeof(listed[0]);
		l.count = chunk;
		err = CALL(fd, NETPORT_IOC_LIST, HOW_WELL, &l, sizeof(l));
		if (err)
			failed("LIST failed: %s", err_name(err));
		nlisted += l.count;
	} while (l.count);
}

void list_space(int s)
{
	struct netport_list l = { .flags = 0 };

	set_caps(CAPS);
	list(space[s].observer, &l, 56);
	set_caps(model.caps);
}

bool entry_equal(const struct netport_entry *want, const struct netport_entry *e)
{
	struct netport_entry seen = *e;

	/* A hold has so much left, and may be an eighth longer. */
	if (want->hold && (e->hold > want->hold + want->hold / 8 + 4 || !e->hold))
		return false;
	seen.hold = want->hold;
	return !memcmp(want, &seen, sizeof(seen));
}

static void print_entry(char *text, size_t size, const struct netport_entry *e)
{
	FILE *f = fmemopen(text, size, "w");

	print_bind(f, &e->binding);
	fprintf(f, " token %#llx owner %llu uid %u pid %d options %#x",
		(unsigned long long)e->token, (unsigned long long)e->owner, e->uid, e->pid,
		e->options);
	fprintf(f, " state %#x hold %u parts %u '%s' '%s' '%s'", e->state, e->hold, e->parts,
		e->comm, e->label, e->owner_label);
	fclose(f);
}

/* The address of a filter, as it is listed; false if it makes no sense. */
bool filter_address(const struct netport_list *l, struct bind *to)
{
	/* Of every device: a link-local one needs none here. */
	struct netport_binding b = { .families = l->families, .ifindex = 1 };

	memcpy(b.addr, l->addr, sizeof(b.addr));
	return parse_binding(&b, 0, false, to);
}

static bool filter_passes(const struct netport_list *l, const struct bind *b)
{
	struct bind at;

	if (((l->flags & NETPORT_LIST_PORT) && b->port != l->port) ||
	    ((l->flags & NETPORT_LIST_PROTOCOL) && b->protocol != l->protocol))
		return false;
	if ((l->flags & NETPORT_LIST_RANGE) &&
	    (b->port < l->low || (l->high && b->port > l->high)))
		return false;
	return !(l->flags & NETPORT_LIST_ADDR) ||
	       (filter_address(l, &at) && at.families == b->families &&
		!memcmp(at.addr, b->addr, sizeof(at.addr)));
}

/* Each entry of what was listed is what the model has, and nothing of it is missing. */
void compare_list(int s, int slot, const struct netport_list *l, bool curious, int asker)
{
	char text[512];
	int i, j, k, n = 0;

	for (i = 0; i < model.nresv; i++) {
		const struct resv *r = &model.resv[i];

		if (r->space != s || ((l->flags & NETPORT_LIST_MINE) && r->owner != slot) ||
		    ((l->flags & NETPORT_LIST_OWNER) && r->who.id != l->owner))
			continue;
		for (j = 0; j < r->n; j++) {
			struct netport_entry want;

			if (!filter_passes(l, &r->b[j]))
				continue;
			n++;
			entry_of(r, j, curious, asker, &want);
			for (k = 0; k < nlisted; k++)
				if (listed[k].token == want.token &&
				    entry_equal(&want, &listed[k]))
					break;
			if (k < nlisted)
				continue;
			print_entry(text, sizeof(text), &want);
			for (k = 0; k < nlisted; k++)
				if (listed[k].token == want.token) {
					char other[512];

					print_entry(other, sizeof(other), &listed[k]);
					failed("not listed: %s\n#   but: %s", text, other);
				}
			failed("not listed: %s", text);
		}
	}
	if (n == nlisted)
		return;
	for (k = 0; k < nlisted; k++)
		if (!find(s, listed[k].token)) {
			print_entry(text, sizeof(text), &listed[k]);
			failed("listed, and nobody's: %s", text);
		}
	failed("%d entries are listed, not %d", nlisted, n);
}

/* How many ports count in a namespace, says the kernel. */
static unsigned int charged(int s)
{
	char line[80];
	unsigned int n;
	FILE *f;

	enter(s);
	f = fopen("/proc/thread-self/net/netport_stat", "re");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "Charged %u", &n) != 1)
			continue;
		fclose(f);
		return n;
	}
	die("read netport_stat");
}

void check_all(void)
{
	static const struct netport_list all;
	int s, i, j;

	for (s = 0; s < SPACES; s++) {
		list_space(s);
		compare_list(s, -1, &all, true, -1);
		if (charged(s) != (unsigned int)model.space_count[s])
			failed("%u ports count in namespace %d, and %d are there", charged(s), s,
			       model.space_count[s]);
	}
	for (i = 0; i < OWNERS; i++) {
		struct pollfd p = { .fd = owner_of(i)->fd, .events = POLLIN };
		bool ready = false;

		if (!usable(i))
			continue;
		for (j = 0; j < model.nwish; j++)
			ready |= model.wish[j].owner == i && model.wish[j].granted &&
				 model.wish[j].peer < 0;
		poll(&p, 1, 0);
		if (!(p.revents & POLLIN) == ready)
			failed("poll() says %#x of owner %d", p.revents, i);
	}
}

/* With all owners gone nothing is left, and nothing counts. */
void check_end(void)
{
	struct freed f;
	int i, s;

	set_caps(CAPS);
	model.caps = CAPS;
	for (i = 0; i < PEERS; i++) {
		f = (struct freed) { .n = 0 };
		killed(i, &f);
		finish(&f, true);
		peer_start(i, peer[i].space);
	}
	for (i = 0; i < OWNERS; i++) {
		struct op op = { .kind = OP_CLOSE, .who = i };

		do_close(&op);
	}
	check_all();
	for (s = 0; s < SPACES; s++) {
		list_space(s);
		for (i = 0; i < nlisted; i++) {
			struct netport_release rel = { .token = listed[i].token };
			struct resv *r = find(s, rel.token);
			struct freed f = { .n = 0 };

			if (!r)
				continue;
			if (CALL(space[s].observer, NETPORT_IOC_RELEASE, HOW_WELL, &rel, 64))
				failed("what is nobody's can't be released");
			take(r, &f);
		}
	}
	check_all();
	for (i = 0; i < UIDS; i++) {
		if (model.uid_count[i])
			failed("the model has something left");
		await_room(i);
	}
}
