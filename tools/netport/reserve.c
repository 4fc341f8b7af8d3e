// SPDX-License-Identifier: GPL-2.0
/* netport reserve, pick, block, wait and try: one reservation. */
#include <err.h>
#include <errno.h>
#include <stdio.h>

#include <netport.h>

#include "device.h"
#include "hold.h"
#include "names.h"

#define ADDR_DETAILS \
	"ADDR is 10.0.0.1, fe80::1%eth0, * (both families), 0.0.0.0 or ::.\n"

#define PLACE_DETAILS \
	"ADDR:PORT is 10.0.0.1:80, [fe80::1%eth0]:80, *:80 (both families), 0.0.0.0:80\n" \
	"or [::]:80; instead of 80, a name of " SERVICES " will do.\n"

#define SET_DETAILS \
	"Several protocols, as in tcp,udp, and addresses get one port, all or none.\n"

static int reserve(struct request *req)
{
	static struct want w;

	want_places(&w, req, req->args[0], req->args + 1, req->nargs - 1);
	want_port(&w, req->args[1]);
	return hold(req, &w);
}

const struct command command_reserve = {
	.name = "reserve", .synopsis = "PROTO ADDR:PORT... [OPTION]... [-- COMMAND...]",
	.min = 2, .max = NETPORT_BINDINGS_MAX + 1, .runs = true,
	.options = BINDING_OPTIONS | OPTION(TUPLE) | OPTION(WAIT) | HOLD_OPTIONS,
	.summary = "hold a port",
	.details = PROTO_DETAILS PLACE_DETAILS SET_DETAILS HOLD_DETAILS,
	.run = reserve,
};

static int pick(struct request *req)
{
	static struct want w;

	want_places(&w, req, req->args[0], req->args + 1, req->nargs - 1);
	want_no_port(&w, req->args[1]);
	return hold(req, &w);
}

const struct command command_pick = {
	.name = "pick", .synopsis = "PROTO ADDR... [OPTION]... [-- COMMAND...]",
	.min = 2, .max = NETPORT_BINDINGS_MAX + 1, .runs = true,
	.options = BINDING_OPTIONS | PICK_OPTIONS | OPTION(WAIT) | HOLD_OPTIONS,
	.summary = "find a free port and hold it",
	.details = PROTO_DETAILS ADDR_DETAILS SET_DETAILS HOLD_DETAILS,
	.run = pick,
};

static int block(struct request *req)
{
	static struct want w;
	unsigned int count;

	if (!parse_number(req->args[2], NETPORT_PORTS_MAX, &count) || !count)
		errx(STATUS_USAGE, "'%s' is no number of ports, 1 to %d", req->args[2],
		     NETPORT_PORTS_MAX);
	want_places(&w, req, req->args[0], req->args + 1, 1);
	w.r.terms.count = count;
	if (w.r.reserve.binding.port && is_given(req, OPTION(RANGE) | OPTION(EXCLUDE)))
		errx(STATUS_USAGE,
		     "--range and --exclude go with an address alone, and '%s' names a port",
		     req->args[1]);
	if (w.r.reserve.binding.port + count - 1 > 65535)
		errx(STATUS_USAGE, "from %s on there are no %u ports", req->args[1], count);
	if (w.r.reserve.binding.port && req->align &&
	    w.r.reserve.binding.port % req->align != req->offset)
		errx(STATUS_USAGE, "%s isn't aligned as --align says", req->args[1]);
	return hold(req, &w);
}

const struct command command_block = {
	.name = "block", .synopsis = "PROTO ADDR[:PORT] COUNT [OPTION]... [-- COMMAND...]",
	.min = 3, .max = 3, .runs = true,
	.options = BINDING_OPTIONS | PICK_OPTIONS | HOLD_OPTIONS,
	.summary = "hold consecutive ports, from PORT on or where there are any",
	.details = PROTO_DETAILS PLACE_DETAILS
		"COMMAND finds the number of ports in $NETPORT_COUNT.\n" HOLD_DETAILS,
	.run = block,
};

static int wait_for(struct request *req)
{
	static struct want w;

	want_places(&w, req, req->args[0], req->args + 1, req->nargs - 1);
	want_port(&w, req->args[1]);
	if (!req->waits)
		req->wait = WAIT_FOREVER;
	req->waits = true;
	return hold(req, &w);
}

const struct command command_wait = {
	.name = "wait", .synopsis = "PROTO ADDR:PORT... [OPTION]... [-- COMMAND...]",
	.min = 2, .max = NETPORT_BINDINGS_MAX + 1, .runs = true,
	.options = BINDING_OPTIONS | OPTION(TUPLE) | OPTION(TIMEOUT) | OPTION(LABEL) | OPTION(HOLD),
	.summary = "wait until a port can be had, in turn with others, and hold it",
	.details = PROTO_DETAILS PLACE_DETAILS SET_DETAILS HOLD_DETAILS,
	.run = wait_for,
};

static int try(struct request *req)
{
	static struct want w;
	char what[TEXT_LEN];
	int fd;

	want_places(&w, req, req->args[0], req->args + 1, req->nargs - 1);
	if (is_given(req, PICK_OPTIONS) && w.r.reserve.binding.port)
		errx(STATUS_USAGE,
		     "--range, --align and --exclude go with an address alone, and '%s' names a port",
		     req->args[1]);
	fd = open_netport();
	if (!netport_available(fd, &w.r)) {
		printf("%s is available\n", want_text(&w, what));
		return 0;
	}
	if (errno != EADDRINUSE && errno != EADDRNOTAVAIL)
		errx(STATUS_REFUSED, "%s", refusal(&w, errno));
	printf("%s\n", refusal(&w, errno));
	return STATUS_REFUSED;
}

const struct command command_try = {
	.name = "try", .synopsis = "PROTO ADDR[:PORT]... [OPTION]...",
	.min = 2, .max = NETPORT_BINDINGS_MAX + 1,
	.options = BINDING_OPTIONS | PICK_OPTIONS | OPTION(TUPLE) | HOST_OPTIONS,
	.summary = "say whether reserve, or without a port pick, would succeed now",
	.details = PROTO_DETAILS PLACE_DETAILS
		"If not, it says who is in the way.  Exit status 0 if it would, 1 if not.\n",
	.run = try,
};
