// SPDX-License-Identifier: GPL-2.0
/* netport ls and who: what is reserved. */
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <netport.h>

#include "device.h"
#include "entry.h"
#include "listing.h"
#include "names.h"
#include "place.h"

/**
 * struct output - where entries go
 * @numeric: without names
 * @as_json: rather than as a table
 * @table: the table
 * @json: the JSON
 * @count: how many there were
 * @near: only what overlaps this address, as far as addresses go; or NULL
 */
struct output {
	bool				numeric;
	bool				as_json;
	struct table			table;
	struct json			json;
	unsigned int			count;
	const struct netport_binding	*near;
};

static bool overlaps(const struct netport_binding *a, const struct netport_binding *b)
{
	return a->families & b->families &&
	       (is_any(a->addr) || is_any(b->addr) || !memcmp(a->addr, b->addr, sizeof(a->addr))) &&
	       (!a->ifindex || !b->ifindex || a->ifindex == b->ifindex);
}

static int show(const struct netport_entry *e, void *arg)
{
	struct output *out = arg;

	if (out->near && !overlaps(&e->binding, out->near))
		return 0;
	out->count++;
	if (out->as_json)
		entry_json(&out->json, e, out->numeric);
	else
		entry_row(&out->table, e, out->numeric);
	return 0;
}

static void begin(struct output *out, const struct request *req)
{
	out->numeric = is_given(req, OPTION(NUMERIC));
	out->as_json = is_given(req, OPTION(JSON));
	out->table.heads = entry_heads;
	out->json.to = stdout;
	if (out->as_json)
		json_open(&out->json, NULL, '[');
}

static void end(struct output *out)
{
	if (out->as_json)
		json_close(&out->json, ']');
	else
		table_end(&out->table);
}

/* The screen, as often as asked for, from its top; as much as there's room for. */
static void watch(int fd, const struct filter *f, const struct request *req)
{
	const struct timespec pause = { req->watch / 1000, req->watch % 1000 * 1000000 };
	bool terminal = isatty(STDOUT_FILENO);
	struct winsize size;

	if (terminal)
		fputs("\033[H\033[2J", stdout);
	for (;;) {
		static struct output out;
		unsigned int more;

		out = (struct output){ 0 };
		begin(&out, req);
		if (terminal && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row > 2)
			out.table.limit = size.ws_row - 1;
		if (terminal)
			fputs("\033[H", stdout);
		list_filtered(fd, f, show, &out);
		end(&out);
		more = out.table.limit && out.table.lines > out.table.limit ?
			       out.table.lines - out.table.limit : 0;
		if (more)
			printf("... and %u more", more);
		fputs(terminal ? "\033[J" : "\n", stdout);
		if (fflush(stdout))
			return;
		nanosleep(&pause, NULL);
	}
}

static int ls(struct request *req)
{
	static struct output out;
	struct filter f = { 0 };
	int fd;

	if (is_given(req, OPTION(WATCH)) && is_given(req, OPTION(JSON)))
		errx(STATUS_USAGE,
		     "--watch is for people, and --json isn't; 'netport monitor --json' tells what happens");
	if (req->nargs)
		filter_protocol(&f, parse_protocol(req->args[0]));
	filter_options(&f, req);
	fd = open_netport();
	if (is_given(req, OPTION(WATCH))) {
		watch(fd, &f, req);
		return 0;
	}
	begin(&out, req);
	list_filtered(fd, &f, show, &out);
	end(&out);
	return 0;
}

#define COLUMN_DETAILS \
	"Reservations are reserved, candidate (not accepted yet), held (for so long after a\n" \
	"release), orphan (persistent, without an owner), or listening or connected (of a\n" \
	"stack in the kernel); then come options.  Who and for what is told to those\n" \
	"with the owner's uid, or CAP_NET_ADMIN.\n"

const struct command command_ls = {
	.name = "ls", .synopsis = "[PROTO] [OPTION]...", .max = 1,
	.options = OPTION(PORTS) | OPTION(ADDR) | OPTION(OWNER) | OPTION(GLOB) | OPTION(WATCH) |
		   OPTION(JSON) | OPTION(NUMERIC) | OPTION(COLOR),
	.summary = "list what is reserved in this network namespace",
	.details = PROTO_DETAILS COLUMN_DETAILS,
	.run = ls,
};

/* The host's own stack isn't listed: whether it has the port can be asked. */
static void show_host(int fd, struct output *out, unsigned int protocol, unsigned int port)
{
	struct netport_entry conflict = { 0 };
	struct netport_request r = {
		.reserve = {
			.options = NETPORT_OPT_HOST_CHECK,
			.binding = out->near ? *out->near : (struct netport_binding){
				.families = FAMILY_BOTH },
		},
		.terms.conflict = (uintptr_t)&conflict,
	};

	r.reserve.binding.protocol = protocol;
	r.reserve.binding.port = port;
	if (netport_available(fd, &r) && errno == EADDRINUSE && conflict.state & NETPORT_STATE_HOST)
		show(&conflict, out);
}

/* PORT, or PROTO PORT, or PROTO ADDR:PORT */
static int who(struct request *req)
{
	static const unsigned int host[] = { IPPROTO_TCP, IPPROTO_UDP };
	const char *place = req->args[req->nargs - 1];
	unsigned int protocol = IPPROTO_TCP, port;
	struct netport_binding near;
	static struct output out;
	struct filter f = { 0 };
	int fd;

	if (req->nargs == 2) {
		protocol = parse_protocol(req->args[0]);
		filter_protocol(&f, protocol);
	}
	if (strchr(place, ':')) {
		near = parse_place(place, protocol);
		port = near.port;
		out.near = &near;
		if (!port)
			errx(STATUS_USAGE, "'%s' has no port, as 80, 10.0.0.1:80 and [::1]:80 have",
			     place);
	} else {
		port = parse_port(place, protocol);
	}
	filter_port(&f, port);
	fd = open_netport();
	begin(&out, req);
	list_filtered(fd, &f, show, &out);
	for (size_t i = 0; i < ARRAY_SIZE(host); i++)
		if (req->nargs == 1 || protocol == host[i])
			show_host(fd, &out, host[i], port);
	if (out.count || out.as_json)
		end(&out);
	return out.count ? 0 : STATUS_REFUSED;
}

const struct command command_who = {
	.name = "who", .synopsis = "[PROTO] [ADDR:]PORT [OPTION]...", .min = 1, .max = 2,
	.options = OPTION(JSON) | OPTION(NUMERIC) | OPTION(COLOR),
	.summary = "say who has a port, or is in the way of who wants it",
	.details = PROTO_DETAILS
		"PORT may be a name of " SERVICES "; with ADDR, what is on other addresses\n"
		"isn't shown.  It's host where the host's own stack has it.\n" COLUMN_DETAILS
		"Exit status 1 if nobody has it.\n",
	.run = who,
};
