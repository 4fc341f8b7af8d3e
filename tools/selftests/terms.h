/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests with terms, from text: that of request() for each binding, joined with " + ";
 * and words for the terms anywhere in it:
 *
 *	tcp 4 10.0.0.1:80 + udp 4 10.0.0.1:0	a set; the port of the others may be 0
 *	udp 4 *:0 =40000-40099 x10 /16 @2	a block of 10, aligned to 16 with offset 2
 *	udp 4 *:0 !40001,40003			not these ports
 *
 * And what is held, as NETPORT_IOC_LIST tells it.
 */
#ifndef _TERMS_H
#define _TERMS_H

#include "selftest.h"

/* A request, and what its pointers point at. */
struct ask {
	struct netport_request req;
	struct netport_binding more[NETPORT_BINDINGS_MAX];
	__u16 exclude[NETPORT_EXCLUDE_MAX];
	struct netport_entry conflict;
};

static inline __u64 pointer(const void *p)
{
	return (uintptr_t)p;
}

static inline void ask_exclude(struct ask *a, __u16 port)
{
	struct netport_terms *t = &a->req.terms;

	if (t->nexclude == NETPORT_EXCLUDE_MAX)
		die("too many ports to exclude");
	a->exclude[t->nexclude++] = port;
	t->exclude = pointer(a->exclude);
}

static inline void ask_binding(struct ask *a, const struct netport_binding *b)
{
	struct netport_terms *t = &a->req.terms;

	if (t->nbindings == NETPORT_BINDINGS_MAX)
		die("too many bindings");
	a->more[t->nbindings++] = *b;
	t->bindings = pointer(a->more);
}

/* Whether a word of a request is about the terms. */
static inline bool ask_term(struct ask *a, char *word)
{
	struct netport_terms *t = &a->req.terms;
	char *save, *s;

	if (*word == 'x') {
		t->count = parse_number(word + 1);
	} else if (*word == '/') {
		t->align = parse_number(word + 1);
	} else if (*word == '@') {
		t->offset = parse_number(word + 1);
	} else if (*word == '!') {
		for (s = strtok_r(word + 1, ",", &save); s; s = strtok_r(NULL, ",", &save))
			ask_exclude(a, parse_number(s));
	} else {
		return false;
	}
	return true;
}

/* What @text says, and asked to tell who is in the way. */
static inline void ask_init(struct ask *a, const char *text)
{
	char copy[512], one[512] = "", *save, *word;
	bool first = true;

	memset(a, 0, sizeof(*a));
	memset(&a->conflict, 0xcc, sizeof(a->conflict));
	a->req.terms.conflict = pointer(&a->conflict);
	if (strlen(text) >= sizeof(copy))
		die("too long: %s", text);
	strcpy(copy, text);
	for (word = strtok_r(copy, " ", &save); ; word = strtok_r(NULL, " ", &save)) {
		if (word && strcmp(word, "+")) {
			if (!ask_term(a, word)) {
				strcat(one, word);
				strcat(one, " ");
			}
			continue;
		}
		if (first) {
			a->req.reserve = request(one);
		} else {
			struct netport_binding b = request(one).binding;

			ask_binding(a, &b);
		}
		first = false;
		*one = 0;
		if (!word)
			return;
	}
}

static inline bool ask_told(const struct ask *a)
{
	const __u8 *byte = (const __u8 *)&a->conflict;
	size_t i;

	for (i = 0; i < sizeof(a->conflict); i++)
		if (byte[i] != 0xcc)
			return true;
	return false;
}

/*
 * A command with a struct netport_request.  Beyond what command() checks: what the
 * pointers point at is only read, and of the conflict written whole, exactly when there is
 * one to tell.
 */
static inline int ask_command(int fd, unsigned long cmd, struct ask *a)
{
	const struct ask before = *a;
	int err = command(fd, cmd, &a->req);

	if (memcmp(before.more, a->more, sizeof(a->more)) ||
	    memcmp(before.exclude, a->exclude, sizeof(a->exclude))) {
		fprintf(stderr, "# command %#lx wrote into an array\n", cmd);
		return BROKEN;
	}
	if (err != EADDRINUSE && memcmp(&before.conflict, &a->conflict, sizeof(a->conflict))) {
		fprintf(stderr, "# command %#lx gave %d, and told of a conflict\n", cmd, err);
		return BROKEN;
	}
	if (err == EADDRINUSE && a->req.terms.conflict && !ask_told(a)) {
		fprintf(stderr, "# command %#lx told nobody who is in the way\n", cmd);
		return BROKEN;
	}
	return err;
}

/* REQUEST; port and token are in @a. */
static inline int ask(int fd, struct ask *a)
{
	struct netport_request before;
	int err;

	a->req.reserve.token = POISON;
	before = a->req;
	err = ask_command(fd, NETPORT_IOC_REQUEST, a);
	if (!err && (!only_results_written(&before.reserve, &a->req.reserve) ||
		     memcmp(&before.terms, &a->req.terms, sizeof(before.terms)))) {
		fprintf(stderr, "# REQUEST wrote more than its results\n");
		return BROKEN;
	}
	return err;
}

/* Reserve what @text says; @token and @port may be NULL. */
static inline int ask_text(int fd, const char *text, __u64 *token, unsigned int *port)
{
	struct ask a;
	int err;

	ask_init(&a, text);
	err = ask(fd, &a);
	if (token)
		*token = err ? 0 : a.req.reserve.token;
	if (port)
		*port = a.req.reserve.binding.port;
	return err;
}

/* What REQUEST would say; checks that the structure isn't written. */
static inline int ask_available(int fd, const char *text)
{
	struct netport_request before;
	struct ask a;
	int err;

	ask_init(&a, text);
	a.req.reserve.token = POISON;
	before = a.req;
	err = ask_command(fd, NETPORT_IOC_AVAILABLE_REQUEST, &a);
	if (memcmp(&before, &a.req, sizeof(before))) {
		fprintf(stderr, "# AVAILABLE wrote\n");
		return BROKEN;
	}
	return err;
}

/* EXTEND and REBIND: nothing but the port is written. */
static inline int ask_change(int fd, unsigned long cmd, __u64 token, const char *text,
			     unsigned int *port)
{
	struct netport_request before;
	struct ask a;
	int err;

	ask_init(&a, text);
	a.req.reserve.token = token;
	before = a.req;
	err = ask_command(fd, cmd, &a);
	if (port)
		*port = a.req.reserve.binding.port;
	if (err)
		return err;
	if (!a.req.reserve.binding.port) {
		fprintf(stderr, "# command %#lx told no port\n", cmd);
		return BROKEN;
	}
	before.reserve.binding.port = a.req.reserve.binding.port;
	if (memcmp(&before, &a.req, sizeof(before))) {
		fprintf(stderr, "# command %#lx wrote more than a port\n", cmd);
		return BROKEN;
	}
	return 0;
}

static inline int extend(int fd, __u64 token, const char *text)
{
	return ask_change(fd, NETPORT_IOC_EXTEND, token, text, NULL);
}

static inline int rebind(int fd, __u64 token, const char *text)
{
	return ask_change(fd, NETPORT_IOC_REBIND, token, text, NULL);
}

static inline int release_part(int fd, __u64 token, unsigned int port, unsigned int count)
{
	struct netport_release r = { .token = token, .port = port, .count = count };

	return command(fd, NETPORT_IOC_RELEASE, &r);
}

static inline int label(int fd, __u64 token, const char *text)
{
	struct netport_label l = { .token = token };

	if (strlen(text) >= sizeof(l.label))
		die("too long: %s", text);
	strcpy((char *)l.label, text);
	return command(fd, NETPORT_IOC_LABEL, &l);
}

#define LISTED_MAX	2048

/* What an owner holds, as it is listed. */
struct listed {
	unsigned int n;
	struct netport_entry entry[LISTED_MAX];
};

static inline void list_mine(int fd, struct listed *l)
{
	struct netport_list list = {
		.entries = pointer(l->entry), .count = LISTED_MAX,
		.size = sizeof(l->entry[0]), .flags = NETPORT_LIST_MINE,
	};
	int err = command(fd, NETPORT_IOC_LIST, &list);

	if (err)
		die("LIST: %d", err);
	if (list.count == LISTED_MAX)
		die("too many to list");
	l->n = list.count;
}

/* How many ports on bindings an owner holds. */
static inline unsigned int held(int fd)
{
	static struct listed l;

	list_mine(fd, &l);
	return l.n;
}

/* How many of them are @token's; one of these in @e, which may be NULL. */
static inline unsigned int held_by(int fd, __u64 token, struct netport_entry *e)
{
	static struct listed l;
	unsigned int i, n = 0;

	list_mine(fd, &l);
	for (i = 0; i < l.n; i++) {
		if (l.entry[i].token != token)
			continue;
		n++;
		if (e)
			*e = l.entry[i];
	}
	return n;
}

/* module parameters */

#define PARAMETERS	"/sys/module/netport/parameters/"

static inline void set_limit(const char *name, unsigned int n)
{
	char path[128], text[16];

	snprintf(path, sizeof(path), PARAMETERS "%s", name);
	snprintf(text, sizeof(text), "%u", n);
	write_file(path, text);
}

static inline void restore_limits(void)
{
	set_limit("max_per_owner", 65536);
	set_limit("max_per_uid", 262144);
	set_limit("max_per_netns", 1048576);
}

/* What each command takes. */
union argument {
	struct netport_request request;
	struct netport_release release;
	struct netport_candidate candidate;
	struct netport_token token;
	struct netport_range range;
	struct netport_ephemeral ephemeral;
	struct netport_batch batch;
	struct netport_tokens tokens;
	struct netport_transfer transfer;
	struct netport_label label;
	struct netport_granted granted;
	struct netport_list list;
	struct netport_info info;
};

#endif /* _TERMS_H */
