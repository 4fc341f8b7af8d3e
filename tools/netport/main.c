// SPDX-License-Identifier: GPL-2.0
/*
 * netport - transport port reservations from the shell
 *
 * An owner is an open file of /dev/netport, so whoever reserves has to stay: until the
 * command that it was given has ended, or until it is told to go.
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <string.h>

#include "command.h"
#include "option.h"

static const struct command *const commands[] = {
	&command_ls, &command_reserve, &command_pick, &command_block, &command_wait, &command_try,
	&command_who, &command_release, &command_run, &command_range, &command_stat,
	&command_save, &command_restore, &command_monitor,
};

static void list_commands(FILE *to)
{
	fprintf(to, "usage: netport COMMAND [ARGUMENT]...\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(to, "  %-9s %s\n", commands[i]->name, commands[i]->summary);
	fprintf(to, "\n'netport COMMAND --help' tells more.\n");
}

static int dispatch(const struct command *c, int argc, char **argv)
{
	static struct request req;
	static char name[32];

	snprintf(name, sizeof(name), "netport %s", c->name);
	program_invocation_short_name = name;
	for (int i = 1; c->runs && i < argc; i++) {
		if (strcmp(argv[i], "--"))
			continue;
		if (i + 1 == argc)
			errx(STATUS_USAGE, "after -- comes the command to run");
		req.command = argv + i + 1;
		argv[i] = NULL;
		argc = i;
	}
	parse_options(c, argc, argv, &req);
	if (req.nargs < c->min || req.nargs > c->max)
		errx(STATUS_USAGE, "takes %s, see netport %s --help", c->synopsis, c->name);
	return c->run(&req);
}

/* What was to be read by somebody has to have got there. */
static int close_output(int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	warn("can't write the output");
	return status ?: STATUS_NO_NETPORT;
}

int main(int argc, char **argv)
{
	/* There is one thread, and at times a million lines. */
	__fsetlocking(stdout, FSETLOCKING_BYCALLER);
	if (argc < 2) {
		list_commands(stderr);
		return STATUS_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		list_commands(stdout);
		return close_output(0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(argv[1], commands[i]->name))
			return close_output(dispatch(commands[i], argc - 1, argv + 1));
	fprintf(stderr, "netport: there is no command '%s'\n\n", argv[1]);
	list_commands(stderr);
	return STATUS_USAGE;
}
