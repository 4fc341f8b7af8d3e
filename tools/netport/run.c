// SPDX-License-Identifier: GPL-2.0
/* netport run: a command, and the ports that it needs. */
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netport.h>

#include "device.h"
#include "hold.h"
#include "names.h"
#include "place.h"

#define RUN_PORTS_MAX	NETPORT_BATCH_MAX

/**
 * struct port - a port that the command needs
 * @name: that of the environment variable, and in braces in the arguments
 * @want: what is to be reserved
 */
struct port {
	const char	*name;
	struct want	want;
};

static void check_name(const char *name)
{
	const char *c = name;

	while (isalnum((unsigned char)*c) || *c == '_')
		c++;
	if (!*name || *c || isdigit((unsigned char)*name))
		errx(STATUS_USAGE, "'%s' is no name of a variable, as HTTP_PORT is", name);
}

static char *copy_of(const char *s)
{
	char *copy = strdup(s);

	if (!copy)
		errx(STATUS_NO_NETPORT, "no memory");
	return copy;
}

/* [PROTO:]NAME, on the address of --addr */
static void parse_pick(struct port *p, const struct request *req, const char *text)
{
	char *name = copy_of(text), *proto = strchr(name, ':') ? strsep(&name, ":") : "tcp";
	char *addr = (char *)(req->addr ?: "*");

	check_name(name);
	p->name = name;
	want_places(&p->want, req, proto, &addr, 1);
	want_no_port(&p->want, addr);
}

/* NAME=PROTO/ADDR:PORT; what picking asks for isn't for it. */
static void parse_reserve(struct port *p, const struct request *req, const char *text)
{
	struct request on = *req;
	char *rest = copy_of(text), *name = strsep(&rest, "="), *proto;

	proto = rest ? strsep(&rest, "/") : NULL;
	if (!proto || !rest)
		errx(STATUS_USAGE, "'%s' isn't NAME=PROTO/ADDR:PORT, as WEB=tcp/10.0.0.1:80 is",
		     text);
	check_name(name);
	p->name = name;
	on.low = 0;
	on.high = 0;
	want_places(&p->want, &on, proto, &rest, 1);
	want_port(&p->want, rest);
}

static struct port *parse_ports(const struct request *req)
{
	struct port *ports = calloc(req->nnames ?: 1, sizeof(*ports));

	if (!ports)
		errx(STATUS_NO_NETPORT, "no memory");
	for (unsigned int i = 0; i < req->nnames; i++) {
		if (req->names[i].pick)
			parse_pick(&ports[i], req, req->names[i].text);
		else
			parse_reserve(&ports[i], req, req->names[i].text);
		for (unsigned int j = 0; j < i; j++)
			if (!strcmp(ports[i].name, ports[j].name))
				errx(STATUS_USAGE, "there are two ports with the name %s",
				     ports[i].name);
		if (!req->label)
			snprintf((char *)ports[i].want.r.terms.label, NETPORT_LABEL_LEN, "%s",
				 ports[i].name);
	}
	return ports;
}

static void reserve_all(int fd, struct port *ports, unsigned int n)
{
	struct netport_request *r = calloc(n, sizeof(*r));
	__s32 *errors = calloc(n, sizeof(*errors));

	if (!r || !errors)
		errx(STATUS_NO_NETPORT, "no memory");
	for (unsigned int i = 0; i < n; i++)
		r[i] = ports[i].want.r;
	if (netport_batch(fd, r, n, 0, errors) < 0) {
		int error = errno;

		for (unsigned int i = 0; i < n; i++)
			if (errors[i])
				errx(STATUS_REFUSED, "%s: %s", ports[i].name,
				     refusal(&ports[i].want, errors[i]));
		errx(STATUS_REFUSED, "can't have the ports: %s", strerror(error));
	}
	for (unsigned int i = 0; i < n; i++)
		ports[i].want.r = r[i];
	free(r);
	free(errors);
}

/* @arg with the port in the place of each {NAME}. */
static char *with_ports(const char *arg, const struct port *ports, unsigned int n)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		errx(STATUS_NO_NETPORT, "no memory");
	while (*arg) {
		unsigned int i = n;
		size_t length = 0;

		for (i = 0; *arg == '{' && i < n; i++) {
			length = strlen(ports[i].name);
			if (!strncmp(arg + 1, ports[i].name, length) && arg[1 + length] == '}')
				break;
		}
		if (*arg == '{' && i < n) {
			fprintf(f, "%u", ports[i].want.r.reserve.binding.port);
			arg += length + 2;
		} else {
			putc(*arg++, f);
		}
	}
	fclose(f);
	return text;
}

static int run(struct request *req)
{
	struct port *ports;
	int fd;

	if (!req->command)
		errx(STATUS_USAGE,
		     "there is no command: netport run --pick PORT -- COMMAND {PORT}");
	if (!req->nnames)
		errx(STATUS_USAGE, "for what? --pick or --reserve says a port");
	if (req->nnames > RUN_PORTS_MAX)
		errx(STATUS_USAGE, "more than %d ports", RUN_PORTS_MAX);
	ports = parse_ports(req);
	fd = open_netport();
	reserve_all(fd, ports, req->nnames);
	export_owner(fd);
	for (unsigned int i = 0; i < req->nnames; i++) {
		char text[8];

		snprintf(text, sizeof(text), "%u", ports[i].want.r.reserve.binding.port);
		setenv(ports[i].name, text, 1);
	}
	for (char **arg = req->command; *arg; arg++)
		*arg = with_ports(*arg, ports, req->nnames);
	return hold_while_running(req->command, true);
}

const struct command command_run = {
	.name = "run", .synopsis = "[OPTION]... -- COMMAND...", .runs = true,
	.options = OPTION(PICK) | OPTION(RESERVE) | OPTION(ON) | OPTION(RANGE) | OPTION(LABEL),
	.summary = "run a command with the ports that it needs, all or none",
	.details = PROTO_DETAILS
		"COMMAND finds each port in the environment variable NAME, and its arguments have\n"
		"the port in the place of {NAME}.  --pick and --reserve may come several times.\n"
		"The ports are held for as long as COMMAND runs, and not by what it leaves running.\n"
		"It gets the signals INT, TERM, HUP, QUIT, USR1 and USR2 that netport is sent, and\n"
		"TERM if netport is killed, whose exit status is that of COMMAND.\n",
	.run = run,
};
