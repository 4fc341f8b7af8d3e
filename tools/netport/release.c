// SPDX-License-Identifier: GPL-2.0
/* netport release: what nobody owns any more. */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netport.h>

#include "device.h"
#include "listing.h"
#include "names.h"
#include "place.h"
#include "text.h"

#define UNOWNED	(NETPORT_STATE_ORPHAN | NETPORT_STATE_HELD)

/**
 * struct search - a reservation that is looked for
 * @token: by its name, or 0
 * @binding: by what it claims
 * @owned: one that can't be released, for it has an owner
 * @tokens: those that can
 * @count: how many
 */
struct search {
	__u64			token;
	struct netport_binding	binding;
	struct netport_entry	owned;
	__u64			*tokens;
	size_t			count;
};

static int look(const struct netport_entry *e, void *arg)
{
	struct search *s = arg;
	const struct netport_binding *a = &e->binding, *b = &s->binding;

	if (s->token ? e->token != s->token :
		       a->families != b->families || memcmp(a->addr, b->addr, sizeof(a->addr)) ||
		       (b->ifindex && a->ifindex != b->ifindex))
		return 0;
	if (!(e->state & UNOWNED)) {
		s->owned = *e;
		return 0;
	}
	/* The ports of a block and the bindings of a set have one token. */
	for (size_t i = 0; i < s->count; i++)
		if (s->tokens[i] == e->token)
			return 0;
	s->tokens = realloc(s->tokens, (s->count + 1) * sizeof(*s->tokens));
	if (!s->tokens)
		return -ENOMEM;
	s->tokens[s->count++] = e->token;
	return 0;
}

/* Why @what can't be released: the errno is ENOENT for all that isn't one's own. */
static int refused(const struct search *s, const char *what)
{
	char who[TEXT_LEN];

	if (s->count)
		warnx("releasing %s needs CAP_NET_ADMIN; become root", what);
	else if (s->owned.token)
		warnx("%s is %s, and only its owner can release it; end that, or see netport wait",
		      what, holder_text(&s->owned, who));
	else
		warnx("nobody has %s; 'netport ls' shows what there is", what);
	return STATUS_REFUSED;
}

static bool parse_token(const char *s, __u64 *token)
{
	char *end;

	errno = 0;
	*token = strtoull(s, &end, 10);
	return *s >= '0' && *s <= '9' && !*end && !errno && *token;
}

static int release_token(int fd, __u64 token)
{
	struct search s = { .token = token };
	struct filter all = { 0 };
	char what[TEXT_LEN];
	int status;

	if (!netport_release(fd, token))
		return 0;
	if (errno != ENOENT)
		err(STATUS_REFUSED, "can't release token %llu", (unsigned long long)token);
	snprintf(what, sizeof(what), "token %llu", (unsigned long long)token);
	list_filtered(fd, &all, look, &s);
	status = refused(&s, what);
	free(s.tokens);
	return status;
}

static int release_tokens(struct request *req)
{
	__u64 *tokens = calloc(req->nargs, sizeof(*tokens));
	int fd, status = 0;

	if (!tokens)
		errx(STATUS_NO_NETPORT, "no memory");
	for (int i = 0; i < req->nargs; i++)
		if (!parse_token(req->args[i], &tokens[i]))
			errx(STATUS_USAGE,
			     "'%s' is no token; netport release takes tokens, as ls shows them, or PROTO ADDR:PORT",
			     req->args[i]);
	fd = open_netport();
	for (int i = 0; i < req->nargs; i++)
		status = release_token(fd, tokens[i]) ?: status;
	free(tokens);
	return status;
}

static int release_place(struct request *req)
{
	struct filter f = { 0 };
	struct search s = { 0 };
	size_t released = 0;
	char what[TEXT_LEN];
	int fd;

	s.binding = parse_place(req->args[1], parse_protocol(req->args[0]));
	if (!s.binding.port)
		errx(STATUS_USAGE, "'%s' has no port, as 10.0.0.1:80, [::1]:80 and *:80 have",
		     req->args[1]);
	filter_protocol(&f, s.binding.protocol);
	filter_port(&f, s.binding.port);
	fd = open_netport();
	list_filtered(fd, &f, look, &s);
	binding_text(&s.binding, 1, what);
	for (size_t i = 0; i < s.count; i++) {
		if (!netport_release(fd, s.tokens[i]))
			released++;
		else if (errno != ENOENT)
			err(STATUS_REFUSED, "can't release %s", what);
	}
	free(s.tokens);
	return released && released == s.count ? 0 : refused(&s, what);
}

static int release_command(struct request *req)
{
	__u64 token;

	/* A number may be a protocol, but a place isn't a token. */
	if (req->nargs == 2 && !parse_token(req->args[1], &token))
		return release_place(req);
	return release_tokens(req);
}

const struct command command_release = {
	.name = "release", .synopsis = "TOKEN... | PROTO ADDR:PORT", .min = 1, .max = INT_MAX,
	.summary = "give back what nobody owns any more",
	.details =
		"Those are persistent reservations whose owner is gone, and holds; it needs\n"
		"CAP_NET_ADMIN.  What has an owner, an open file, goes with it, and nobody else\n"
		"can release it.\n",
	.run = release_command,
};
