/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Steps: commands that do something, each with what has to be there for it, and with its
 * structure, and what this points at, where a part of them may be missing.  There is one at
 * least for each command.
 */
#ifndef _STEPS_H
#define _STEPS_H

#include "terms.h"

#define HELD_MAX	2
#define DATA_MAX	1024

struct scene;

/* @mine and @theirs are requests as in terms.h, with %u for a protocol. */
struct step {
	const char *desc;
	unsigned long cmd;
	const char *mine[HELD_MAX], *theirs[HELD_MAX];
	/* The command's own, if it has a request; @more does the rest. */
	const char *ask;
	void (*more)(struct scene *s);
	int want;
	/* The port is one of several. */
	bool any_port;
	/* Some of it may fail, if it says so. */
	bool partial;
	/* The host's sockets have to do with it. */
	bool host;
};

/* Two pages; what is put into them begins @split bytes before the second one. */
struct area {
	char *pages;
	size_t split, used;
};

struct scene {
	const struct step *step;
	unsigned int protocol;
	/* Whose command it is; another owner; one that looks. */
	int fd, other, watch;
	__u64 owner, other_owner, token;
	union argument arg;
	char data[DATA_MAX];
	struct area arg_at, data_at;
};

/* areas */

static void area_init(struct area *a)
{
	a->pages = mmap(NULL, 2 * getpagesize(), PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (a->pages == MAP_FAILED)
		die("mmap");
}

static char *area_start(const struct area *a)
{
	return a->pages + getpagesize() - a->split;
}

static void area_protect(const struct area *a, int prot)
{
	if (mprotect(a->pages + getpagesize(), getpagesize(), prot))
		die("mprotect");
}

/* Have a copy of @data where the command finds it; where that is. */
static __u64 put(struct scene *s, const void *data, size_t size)
{
	struct area *a = &s->data_at;
	size_t at = a->used;

	if (at + size > DATA_MAX)
		die("too much data");
	memcpy(s->data + at, data, size);
	a->used += (size + 7) & ~7UL;
	return pointer(area_start(a) + at);
}

/* steps */

static const char *text_of(const struct scene *s, const char *format)
{
	static char text[256];

	snprintf(text, sizeof(text), format, s->protocol, s->protocol, s->protocol);
	return text;
}

static __u64 hold(const struct scene *s, int fd, const char *format)
{
	__u64 token;

	if (ask_text(fd, text_of(s, format), &token, NULL))
		die("hold %s", text_of(s, format));
	return token;
}

static void put_request(struct scene *s)
{
	struct netport_terms *t = &s->arg.request.terms;
	struct ask a;

	ask_init(&a, text_of(s, s->step->ask));
	s->arg.request = a.req;
	if (t->nbindings)
		t->bindings = put(s, a.more, t->nbindings * sizeof(a.more[0]));
	if (t->nexclude)
		t->exclude = put(s, a.exclude, t->nexclude * sizeof(a.exclude[0]));
	t->conflict = put(s, &a.conflict, sizeof(a.conflict));
}

static void labelled(struct scene *s)
{
	strcpy((char *)s->arg.request.terms.label, "web");
}

static void persistent(struct scene *s)
{
	s->arg.request.reserve.options = NETPORT_OPT_PERSISTENT;
}

static void host_check(struct scene *s)
{
	s->arg.request.reserve.options = NETPORT_OPT_HOST_CHECK;
}

static void host_hold(struct scene *s)
{
	s->arg.request.reserve.options = NETPORT_OPT_HOST_HOLD;
}

static void soon(struct scene *s)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	s->arg.request.terms.deadline = now.tv_sec * 1000000000ULL + now.tv_nsec + 1000000;
}

static void no_conflict(struct scene *s)
{
	s->arg.request.terms.conflict = 0;
}

static void change(struct scene *s)
{
	s->arg.request.reserve.token = s->token;
}

static void change_host(struct scene *s)
{
	change(s);
	host_hold(s);
}

static struct netport_candidate offered(const struct scene *s)
{
	struct netport_candidate c =
		candidate_request(text_of(s, "%u 4 10.0.0.1:0 =40000-40001"));

	if (candidate(s->fd, &c))
		die("no candidate");
	return c;
}

static void first_candidate(struct scene *s)
{
	struct netport_candidate *c = &s->arg.candidate;
	const __u16 exclude[] = { 40002, 40003 };

	*c = candidate_request(text_of(s, "%u 4 10.0.0.1:0 =40000-40003"));
	c->terms.exclude = put(s, exclude, sizeof(exclude));
	c->terms.nexclude = ARRAY_SIZE(exclude);
}

static void next_candidate(struct scene *s)
{
	s->arg.candidate = offered(s);
}

static void accept_candidate(struct scene *s)
{
	s->arg.token.token = offered(s).reserve.token;
}

static void release_token(struct scene *s)
{
	s->arg.release.token = s->token;
}

static void release_binding(struct scene *s)
{
	s->arg.release.binding = request(text_of(s, s->step->mine[0])).binding;
}

static void release_hold(struct scene *s)
{
	release_token(s);
	s->arg.release.hold = 60000;
}

static void release_hold_port(struct scene *s)
{
	release_hold(s);
	s->arg.release.options = NETPORT_RELEASE_PORT;
}

static void release_middle(struct scene *s)
{
	release_token(s);
	s->arg.release.port = 40001;
	s->arg.release.count = 2;
}

static __u64 wish(const struct scene *s, int fd)
{
	struct netport_request r = {
		.reserve = request(text_of(s, "%u 4 10.0.0.1:40000")),
	};

	if (command(fd, NETPORT_IOC_WISH, &r))
		die("no wish");
	return r.reserve.token;
}

static void release_to_wish(struct scene *s)
{
	release_token(s);
	wish(s, s->other);
}

/* Of an owner that is gone. */
static __u64 orphan(const struct scene *s)
{
	struct netport_reserve r = request(text_of(s, "%u 4 10.0.0.1:40000"));
	int fd = owner();

	r.options = NETPORT_OPT_PERSISTENT;
	if (reserve_request(fd, &r))
		die("no persistent reservation");
	close(fd);
	return r.token;
}

static void release_orphan(struct scene *s)
{
	s->arg.release.token = orphan(s);
}

static void adopt_orphan(struct scene *s)
{
	s->arg.token.token = orphan(s);
}

static void new_range(struct scene *s)
{
	s->arg.range.low = 20000;
	s->arg.range.high = 20010;
}

static void batch_of(struct scene *s, const void *requests, unsigned int n, size_t size)
{
	struct netport_batch *b = &s->arg.batch;

	b->requests = put(s, requests, n * size);
	b->count = n;
	b->size = size;
}

static void batch_plain(struct scene *s)
{
	struct netport_reserve r[] = {
		request(text_of(s, "%u 4 10.0.0.1:40000")),
		request(text_of(s, "%u 4 *:0 =40001-40001")),
		request(text_of(s, "%u 6 [::1]:40002")),
	};

	batch_of(s, r, ARRAY_SIZE(r), sizeof(r[0]));
}

static void batch_errors(struct scene *s)
{
	const __s32 errors[] = { -1, -1, -1 };

	batch_plain(s);
	s->arg.batch.errors = put(s, errors, sizeof(errors));
}

static void batch_partial(struct scene *s)
{
	batch_errors(s);
	s->arg.batch.flags = NETPORT_BATCH_PARTIAL;
}

static void batch_terms(struct scene *s)
{
	struct netport_request r[] = {
		{ .reserve = request(text_of(s, "%u 4 10.0.0.1:40000")), .terms.count = 3 },
		{ .reserve = request(text_of(s, "%u 4 10.0.0.2:40000")) },
	};
	struct netport_binding more = request(text_of(s, "%u 6 [::1]:0")).binding;

	r[1].terms.bindings = put(s, &more, sizeof(more));
	r[1].terms.nbindings = 1;
	batch_of(s, r, ARRAY_SIZE(r), sizeof(r[0]));
}

/* The first one isn't there: what comes before one that fails would stay released. */
static void tokens(struct scene *s)
{
	const __u64 names[] = { 1, s->token };

	s->arg.tokens.tokens = put(s, names, sizeof(names));
	s->arg.tokens.count = ARRAY_SIZE(names);
}

static void tokens_hold_port(struct scene *s)
{
	tokens(s);
	s->arg.tokens.hold = 60000;
	s->arg.tokens.options = NETPORT_RELEASE_PORT;
}

static void transfer(struct scene *s)
{
	s->arg.transfer.token = s->token;
	s->arg.transfer.fd = s->other;
}

static void label_it(struct scene *s)
{
	s->arg.label.token = s->token;
	strcpy((char *)s->arg.label.label, "a");
}

static void fetch_granted(struct scene *s)
{
	wish(s, s->fd);
}

static void take_back(struct scene *s)
{
	s->arg.token.token = wish(s, s->fd);
}

static void list_some(struct scene *s)
{
	static const struct netport_entry e[2];

	s->arg.list.entries = put(s, e, sizeof(e));
	s->arg.list.count = ARRAY_SIZE(e);
	s->arg.list.size = sizeof(e[0]);
}

#define TEN_1	"%u 4 10.0.0.1:40000"

static const struct step steps[] = {
	{ "reserve a port", NETPORT_IOC_RESERVE, .ask = TEN_1 },
	{ "reserve for both families", NETPORT_IOC_RESERVE, .ask = "%u 46 *:40000" },
	{ "pick", NETPORT_IOC_RESERVE, .ask = "%u 4 10.0.0.1:0 =40000-40000" },
	{ "reserve below a listener", NETPORT_IOC_RESERVE, .mine = { TEN_1 },
	  .ask = TEN_1 " >10.0.0.2:80 tuple" },
	{ "reserve beside other devices", NETPORT_IOC_RESERVE,
	  .mine = { TEN_1 " %%1" }, .theirs = { TEN_1 " %%2" }, .ask = TEN_1 " %%3" },
	{ "share", NETPORT_IOC_RESERVE, .mine = { TEN_1 " LB" }, .theirs = { TEN_1 " LB" },
	  .ask = TEN_1 " LB" },
	{ "a port in use", NETPORT_IOC_RESERVE, .mine = { TEN_1 }, .ask = TEN_1,
	  .want = EADDRINUSE },

	{ "a set", NETPORT_IOC_REQUEST,
	  .ask = "%u 4 10.0.0.1:0 =40000-40002 !40000,40001 + %u 6 [::1]:0", .more = labelled },
	{ "a block", NETPORT_IOC_REQUEST, .ask = "%u 4 10.0.0.1:40000 x3 + %u 6 *:0" },
	{ "a picked block", NETPORT_IOC_REQUEST, .ask = "%u 4 *:0 =40000-40002 x3" },
	{ "something persistent", NETPORT_IOC_REQUEST, .ask = TEN_1, .more = persistent },
	{ "who is in the way", NETPORT_IOC_REQUEST, .theirs = { "%u 46 *:40000" }, .ask = TEN_1,
	  .want = EADDRINUSE },
	{ "a wait in vain", NETPORT_IOC_REQUEST, .theirs = { TEN_1 }, .ask = TEN_1, .more = soon,
	  .want = ETIMEDOUT },
	{ "a wait for any port in vain", NETPORT_IOC_REQUEST, .theirs = { TEN_1 },
	  .ask = "%u 4 10.0.0.1:0 =40000-40000", .more = soon, .want = ETIMEDOUT },
	{ "ask the host", NETPORT_IOC_REQUEST, .ask = "tcp 4 *:40000 + udp 4 *:0",
	  .more = host_check, .host = true },
	{ "keep the host out", NETPORT_IOC_REQUEST, .ask = "tcp 46 *:40000 + udp 4 *:0",
	  .more = host_hold, .host = true },
	{ "pick from the host", NETPORT_IOC_REQUEST, .ask = "udp 6 *:0 =40000-40000",
	  .more = host_hold, .host = true },

	{ "is it available", NETPORT_IOC_AVAILABLE, .ask = TEN_1 },
	{ "is a set available", NETPORT_IOC_AVAILABLE_REQUEST,
	  .ask = TEN_1 " + %u 6 [::1]:0", .more = no_conflict },
	{ "is it not available", NETPORT_IOC_AVAILABLE_REQUEST, .mine = { TEN_1 }, .ask = TEN_1,
	  .want = EADDRINUSE },
	{ "is it available to the host", NETPORT_IOC_AVAILABLE_REQUEST, .ask = "tcp 46 *:40000",
	  .more = host_check, .host = true },

	{ "a candidate", NETPORT_IOC_CANDIDATE, .more = first_candidate, .any_port = true },
	{ "the next candidate", NETPORT_IOC_CANDIDATE, .more = next_candidate,
	  .any_port = true },
	{ "accept", NETPORT_IOC_ACCEPT, .more = accept_candidate, .any_port = true },

	{ "release", NETPORT_IOC_RELEASE, .mine = { TEN_1 }, .more = release_token },
	{ "release a set", NETPORT_IOC_RELEASE, .mine = { TEN_1 " + %u 6 [::1]:0" },
	  .more = release_token },
	{ "release by binding", NETPORT_IOC_RELEASE, .mine = { TEN_1 },
	  .more = release_binding },
	{ "hold", NETPORT_IOC_RELEASE, .mine = { TEN_1 }, .more = release_hold },
	{ "hold a port", NETPORT_IOC_RELEASE, .mine = { TEN_1 }, .more = release_hold_port },
	{ "hold a block's ports", NETPORT_IOC_RELEASE, .mine = { TEN_1 " x3 + %u 6 [::1]:0" },
	  .more = release_hold_port },
	{ "release a part", NETPORT_IOC_RELEASE, .mine = { TEN_1 " x5 + %u 6 [::1]:0" },
	  .more = release_middle },
	{ "release to who waits", NETPORT_IOC_RELEASE, .mine = { TEN_1 },
	  .more = release_to_wish },
	{ "release an orphan", NETPORT_IOC_RELEASE, .more = release_orphan },

	{ .desc = "tell the range", .cmd = NETPORT_IOC_GET_RANGE },
	{ "set the range", NETPORT_IOC_SET_RANGE, .more = new_range },
	{ .desc = "walk the range", .cmd = NETPORT_IOC_EPHEMERAL },

	{ "extend", NETPORT_IOC_EXTEND, .mine = { TEN_1 },
	  .ask = "%u 6 [::1]:0 + %u 4 10.0.0.2:0", .more = change },
	{ "extend to what is in use", NETPORT_IOC_EXTEND, .mine = { TEN_1 },
	  .theirs = { "%u 6 [::1]:40000" }, .ask = "%u 6 [::1]:0", .more = change,
	  .want = EADDRINUSE },
	{ "extend to the host", NETPORT_IOC_EXTEND, .mine = { "tcp 4 *:40000" },
	  .ask = "udp 4 *:0", .more = change_host, .host = true },
	{ "rebind", NETPORT_IOC_REBIND, .mine = { TEN_1 }, .ask = "%u 4 10.0.0.2:40001",
	  .more = change },
	{ "rebind to a set, and pick", NETPORT_IOC_REBIND, .mine = { TEN_1 },
	  .ask = "%u 4 10.0.0.2:0 =40001-40001 + %u 6 [::1]:0", .more = change },
	{ "rebind a set beside others", NETPORT_IOC_REBIND, .theirs = { TEN_1 " %%2" },
	  .mine = { TEN_1 " %%1 + %u 6 *:0" }, .ask = TEN_1 " %%3", .more = change },
	{ "rebind to what is in use", NETPORT_IOC_REBIND, .mine = { TEN_1 },
	  .theirs = { "%u 4 10.0.0.2:40001" }, .ask = "%u 4 10.0.0.2:40001", .more = change,
	  .want = EADDRINUSE },
	{ "rebind away from the host", NETPORT_IOC_REBIND, .mine = { "tcp 4 *:40001" },
	  .ask = "tcp 4 *:40000", .more = change_host, .host = true },

	{ "a batch", NETPORT_IOC_BATCH, .more = batch_plain },
	{ "a batch of sets and blocks", NETPORT_IOC_BATCH, .more = batch_terms },
	{ "a batch of which one is in use", NETPORT_IOC_BATCH, .theirs = { "%u 6 *:40002" },
	  .more = batch_errors, .want = EADDRINUSE },
	{ "what there is of a batch", NETPORT_IOC_BATCH, .theirs = { "%u 4 *:40001" },
	  .more = batch_partial, .partial = true },
	{ "release a batch", NETPORT_IOC_RELEASE_BATCH, .mine = { TEN_1 }, .more = tokens },
	{ "hold the ports of a batch", NETPORT_IOC_RELEASE_BATCH, .mine = { TEN_1 },
	  .more = tokens_hold_port },

	{ "transfer", NETPORT_IOC_TRANSFER, .mine = { TEN_1 " + %u 6 [::1]:0" },
	  .more = transfer },
	{ "transfer what is shared", NETPORT_IOC_TRANSFER, .theirs = { TEN_1 " LB" },
	  .mine = { TEN_1 " LB" }, .more = transfer },
	{ "adopt", NETPORT_IOC_ADOPT, .more = adopt_orphan },
	{ "label", NETPORT_IOC_LABEL, .mine = { TEN_1 }, .more = label_it },
	{ "label the owner", NETPORT_IOC_LABEL, .more = label_it },

	{ "wish", NETPORT_IOC_WISH, .theirs = { TEN_1 }, .ask = TEN_1, .more = no_conflict },
	{ "a wish for a set, granted at once", NETPORT_IOC_WISH,
	  .ask = TEN_1 " + %u 6 [::1]:0", .more = labelled },
	{ "fetch what was granted", NETPORT_IOC_GRANTED, .more = fetch_granted },
	{ "take a wish back", NETPORT_IOC_UNWISH, .theirs = { TEN_1 }, .more = take_back },
	{ "take back what was granted", NETPORT_IOC_UNWISH, .more = take_back },

	{ "list", NETPORT_IOC_LIST, .mine = { TEN_1 }, .theirs = { "%u 6 *:40001" },
	  .more = list_some },
	{ .desc = "inform", .cmd = NETPORT_IOC_INFO },
};

/* scenes */

static __u64 owner_id(int fd)
{
	struct netport_info info = {};

	if (command(fd, NETPORT_IOC_INFO, &info))
		die("INFO");
	return info.owner;
}

/* The last one's token, or 0. */
static __u64 hold_all(const struct scene *s, int fd, const char * const *texts)
{
	__u64 token = 0;
	unsigned int i;

	for (i = 0; i < HELD_MAX && texts[i]; i++)
		token = hold(s, fd, texts[i]);
	return token;
}

static void scene_copy(const struct scene *s)
{
	memcpy(area_start(&s->arg_at), &s->arg, _IOC_SIZE(s->step->cmd));
	memcpy(area_start(&s->data_at), s->data, s->data_at.used);
}

static void scene_set(struct scene *s, const struct step *step, size_t arg_split,
		      size_t data_split)
{
	s->step = step;
	s->arg_at.split = arg_split;
	s->data_at.split = data_split;
	s->data_at.used = 0;
	memset(&s->arg, 0, sizeof(s->arg));
	s->fd = owner();
	s->other = owner();
	s->owner = owner_id(s->fd);
	s->other_owner = owner_id(s->other);
	hold_all(s, s->other, step->theirs);
	s->token = hold_all(s, s->fd, step->mine);
	if (step->ask)
		put_request(s);
	if (step->more)
		step->more(s);
	scene_copy(s);
}

#endif /* _STEPS_H */
