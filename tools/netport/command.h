/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A subcommand, and what its arguments say.
 *
 * To add one: a file with a struct command, declared below and named in main.c; and what
 * options it has of its own in option.c.  Its page is a section of netport.1.scd.
 *
 * Exit status: 0, 1 when netport refuses, 2 for a mistake in the arguments, 3 when
 * netport can't be asked.  With a command to run: that of the command, 128 + N when signal N
 * ended it, 126 or 127 when it can't be run.
 */
#ifndef COMMAND_H
#define COMMAND_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/netport.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define FAMILY_BOTH	(NETPORT_FAMILY_IPV4 | NETPORT_FAMILY_IPV6)
#define SERVICES	"/etc/services"
#define WAIT_FOREVER	UINT_MAX

enum { STATUS_REFUSED = 1, STATUS_USAGE, STATUS_NO_NETPORT };

/* All options there are, in the order in which --help has them. */
enum option_id {
	OPTION_DEV,
	OPTION_FAMILY,
	OPTION_REMOTE,
	OPTION_SHARE,
	OPTION_RANGE,
	OPTION_ALIGN,
	OPTION_EXCLUDE,
	OPTION_TUPLE,
	OPTION_LABEL,
	OPTION_WAIT,
	OPTION_TIMEOUT,
	OPTION_HOST_CHECK,
	OPTION_HOST_HOLD,
	OPTION_PERSISTENT,
	OPTION_HOLD,
	OPTION_PORTS,
	OPTION_ADDR,
	OPTION_OWNER,
	OPTION_GLOB,
	OPTION_ON,
	OPTION_PICK,
	OPTION_RESERVE,
	OPTION_PARTIAL,
	OPTION_WATCH,
	OPTION_JSON,
	OPTION_NUMERIC,
	OPTION_COLOR,
	OPTION_HELP,
	NOPTIONS,
};

#define OPTION(name)	(1ULL << OPTION_##name)

/* What it takes to name a binding, and to hold it. */
#define BINDING_OPTIONS	(OPTION(DEV) | OPTION(FAMILY) | OPTION(REMOTE) | OPTION(SHARE))
#define PICK_OPTIONS	(OPTION(RANGE) | OPTION(ALIGN) | OPTION(EXCLUDE))
#define HOST_OPTIONS	(OPTION(HOST_CHECK) | OPTION(HOST_HOLD))
#define HOLD_OPTIONS	(OPTION(LABEL) | OPTION(PERSISTENT) | OPTION(HOLD) | HOST_OPTIONS)

/**
 * struct port_name - a port of `netport run`
 * @pick: it's picked, rather than given
 * @text: what --pick or --reserve says
 */
struct port_name {
	bool		pick;
	const char	*text;
};

/**
 * struct request - what the arguments of a subcommand say
 * @args: the positional arguments, NULL at the end
 * @nargs: how many
 * @command: what follows "--", or NULL
 * @given: mask of the options that are there
 * @families: those of --family, or 0
 * @ifindex: that of --dev, or 0
 * @share: flags of --share
 * @options: NETPORT_OPT_*
 * @remote: what --remote says, or NULL
 * @low: first port of --range, 0 for an open end
 * @high: last port of it, 0 for an open end
 * @align: of --align
 * @offset: remainder of it
 * @exclude: ports of --exclude
 * @nexclude: how many
 * @label: text of --label, or glob of it
 * @ports: what --port says, or NULL
 * @addr: what --addr says, or NULL
 * @owner: what --owner says, or NULL
 * @names: --pick and --reserve, in their order
 * @nnames: how many
 * @waits: what can't be had now is waited for
 * @wait: milliseconds of --wait or --timeout, or WAIT_FOREVER
 * @hold: milliseconds of --hold
 * @watch: milliseconds of --watch
 */
struct request {
	char		**args;
	int		nargs;
	char		**command;
	uint64_t	given;
	unsigned int	families;
	unsigned int	ifindex;
	unsigned int	share;
	unsigned int	options;
	const char	*remote;
	unsigned int	low;
	unsigned int	high;
	unsigned int	align;
	unsigned int	offset;
	__u16		exclude[NETPORT_EXCLUDE_MAX];
	unsigned int	nexclude;
	const char	*label;
	const char	*ports;
	const char	*addr;
	const char	*owner;
	struct port_name *names;
	unsigned int	nnames;
	bool		waits;
	unsigned int	wait;
	unsigned int	hold;
	unsigned int	watch;
};

static inline bool is_given(const struct request *req, uint64_t options)
{
	return req->given & options;
}

/**
 * struct command - a subcommand
 * @name: its name
 * @synopsis: its arguments
 * @min: least number of positional arguments
 * @max: greatest number of them
 * @options: mask of its options; --help is everybody's
 * @runs: whether "-- COMMAND" may follow
 * @summary: one line for the list
 * @details: the rest of what --help says
 * @run: does it; returns the exit status
 */
struct command {
	const char	*name;
	const char	*synopsis;
	int		min;
	int		max;
	uint64_t	options;
	bool		runs;
	const char	*summary;
	const char	*details;
	int		(*run)(struct request *req);
};

extern const struct command command_ls, command_reserve, command_pick, command_block, command_try,
			    command_who, command_wait, command_release, command_range,
			    command_stat, command_run, command_save, command_restore,
			    command_monitor;

#define PROTO_DETAILS \
	"PROTO is tcp, udp, sctp, mptcp, homa or a number up to 65535.\n"

#define HOLD_DETAILS \
	"The port is held while COMMAND runs, which finds it in $NETPORT_PORT, the\n" \
	"reservation's token in $NETPORT_TOKEN, the owner's number in $NETPORT_OWNER and the\n" \
	"open netport file in $NETPORT_FD; what COMMAND leaves running with that file open\n" \
	"keeps the port.  Without a command, one line tells the port, and it is held until\n" \
	"Enter, the end of a pipe on standard input, SIGINT, SIGTERM or SIGHUP.\n"

#endif
