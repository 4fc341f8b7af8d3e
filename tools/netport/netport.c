// SPDX-License-Identifier: GPL-2.0
/*
 * netport - transport port reservations from the shell
 *
 * An owner is an open file of /dev/netport, so whoever reserves has to stay: until the
 * command that it was given has ended, or until it is told to go.
 *
 * To add a subcommand: a function, a line in commands[], and what options it has of its
 * own in options[], apply_option() and its accepts string.
 *
 * Exit status: 0, 1 when netport refuses, 2 for a mistake in the arguments, 3 when
 * netport can't be asked.  With a command: that of the command, 128 + N when signal N
 * ended it, 126 or 127 when it can't be run.
 */
#define _GNU_SOURCE 1
#include <arpa/inet.h>
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/netport.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define FAMILY_BOTH	(NETPORT_FAMILY_IPV4 | NETPORT_FAMILY_IPV6)
#define SERVICES	"/etc/services"

enum { STATUS_REFUSED = 1, STATUS_USAGE, STATUS_NO_NETPORT };

/**
 * struct request - what the arguments of a subcommand say
 * @args: the positional arguments, NULL at the end
 * @nargs: how many
 * @command: what follows "--", or NULL
 * @reserve: the request as netport wants it, as far as the options tell
 * @protocol: the protocol as the user wrote it
 * @families: those of --family, or 0
 * @remote: what --remote says, or NULL
 * @range: --range was given
 */
struct request {
	char			**args;
	int			nargs;
	char			**command;
	struct netport_reserve	reserve;
	const char		*protocol;
	unsigned int		families;
	const char		*remote;
	bool			range;
};

/**
 * struct command - a subcommand
 * @name: its name
 * @synopsis: its arguments
 * @min: least number of positional arguments
 * @max: greatest number of them
 * @accepts: the letters of its options, of those in options[]
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
	const char	*accepts;
	bool		runs;
	const char	*summary;
	const char	*details;
	int		(*run)(struct request *req);
};

static const struct {
	char		letter;
	const char	*name;
	const char	*arg;
	const char	*help;
} options[] = {
	{ 'd', "dev", "DEVICE", "for this device alone, by name or index" },
	{ 'f', "family", "4|6|both", "families; without it those of the address, both for *" },
	{ 'r', "remote", "ADDR[:PORT]", "for this remote alone" },
	{ 's', "share", "FLAG[,FLAG]", "share with others that say so too: lb (SO_REUSEPORT),\n"
	  "                             mr (SO_REUSEADDR of UDP), to (SO_REUSEADDR of TCP)" },
	{ 'R', "range", "LOW-HIGH", "pick from these ports; an end left out is open" },
	{ 't', "tuple", NULL, "the tuple of an accepted connection: needs --remote ADDR:PORT" },
	{ 'h', "help", NULL, "say this" },
};

static const struct {
	const char	*name;
	unsigned int	number;
} protocols[] = {
	{ "tcp", 6 }, { "udp", 17 }, { "sctp", 132 }, { "homa", 146 }, { "mptcp", 262 },
};

static const struct {
	const char	*name;
	const char	*full;
	unsigned int	flag;
} shares[] = {
	{ "lb", "load-balanced", NETPORT_SHARE_LOAD_BALANCED },
	{ "mr", "most-recent", NETPORT_SHARE_MOST_RECENT },
	{ "to", "tuple-only", NETPORT_SHARE_TUPLE_ONLY },
};

static const struct command *self;	/* the subcommand at work */

/* Numbers, names, addresses */

static bool parse_number(const char *s, unsigned int max, unsigned int *value)
{
	unsigned long v;
	char *end;

	if (!isdigit((unsigned char)*s))
		return false;
	errno = 0;
	v = strtoul(s, &end, 10);
	if (*end || errno || v > max)
		return false;
	*value = v;
	return true;
}

static unsigned int parse_protocol(const char *s)
{
	unsigned int number;

	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
		if (!strcmp(s, protocols[i].name))
			return protocols[i].number;
	if (!parse_number(s, 65535, &number))
		errx(STATUS_USAGE,
		     "'%s' is no protocol: tcp, udp, sctp, mptcp, homa or a number up to 65535", s);
	return number;
}

/* The port of a name or alias in /etc/services; getservbyname() isn't for static programs. */
static bool service_port(const char *name, const char *protocol, unsigned int *port)
{
	char line[512], found[16];
	bool hit = false;
	FILE *f;

	f = fopen(SERVICES, "r");
	if (!f)
		return false;
	while (!hit && fgets(line, sizeof(line), f)) {
		char *word, *rest = line;
		char first[64];
		int used;

		line[strcspn(line, "#\n")] = 0;
		if (sscanf(line, "%63s %u/%15s%n", first, port, found, &used) != 3)
			continue;
		if (strcmp(found, protocol) || *port > 65535)
			continue;
		hit = !strcmp(first, name);
		rest += used;
		while (!hit && (word = strsep(&rest, " \t")))
			hit = !strcmp(word, name);
	}
	fclose(f);
	return hit;
}

static unsigned int parse_port(const char *s, const char *protocol)
{
	unsigned int port;

	if (parse_number(s, 65535, &port)) {
		if (!port)
			errx(STATUS_USAGE, "0 is no port; 'netport pick' finds a free one");
		return port;
	}
	if (*s && service_port(s, protocol, &port))
		return port;
	errx(STATUS_USAGE, "'%s' is no port: a number from 1 to 65535, or a %s service of %s",
	     s, protocol, SERVICES);
}

static unsigned int parse_device(const char *s)
{
	unsigned int index = if_nametoindex(s);

	if (!index && (!parse_number(s, INT_MAX, &index) || !index))
		errx(STATUS_USAGE, "there is no device '%s' here", s);
	return index;
}

/**
 * struct place - an address and a port as they were written
 * @families: the families it can be of; both for *
 * @addr: address, as in struct netport_binding
 * @ifindex: device named after %, or 0
 * @port: port, or 0 when there is none
 */
struct place {
	unsigned int	families;
	__u8		addr[16];
	unsigned int	ifindex;
	unsigned int	port;
};

static bool is_any(const __u8 addr[16])
{
	static const __u8 any[16];

	return !memcmp(addr, any, sizeof(any));
}

static struct place parse_place(const char *text, const char *protocol)
{
	struct place p = { 0 };
	char *s, *host, *port = NULL, *zone;

	s = strdup(text);
	if (!s)
		errx(STATUS_NO_NETPORT, "no memory");
	host = s;
	if (*s == '[') {
		char *end = strchr(s, ']');

		if (!end || (end[1] && end[1] != ':'))
			errx(STATUS_USAGE,
			     "'%s' is no address: brackets go as in [fe80::1%%eth0]:80", text);
		host = s + 1;
		*end = 0;
		if (end[1])
			port = end + 2;
	} else if (strchr(s, ':') == strrchr(s, ':')) {
		port = strchr(s, ':');
		if (port)
			*port++ = 0;
	}

	zone = strchr(host, '%');
	if (zone)
		*zone++ = 0;
	if (!strcmp(host, "*"))
		p.families = FAMILY_BOTH;
	else if (*s != '[' && inet_pton(AF_INET, host, p.addr) == 1)
		p.families = NETPORT_FAMILY_IPV4;
	else if (inet_pton(AF_INET6, host, p.addr) == 1)
		p.families = NETPORT_FAMILY_IPV6;
	else
		errx(STATUS_USAGE,
		     "'%s' is no address: IPv4, IPv6 or *, and with a port as in [::1]:80", text);
	if (zone)
		p.ifindex = parse_device(zone);
	if (port)
		p.port = parse_port(port, protocol);
	free(s);
	return p;
}

static void parse_range(const char *s, struct request *req)
{
	unsigned int low = 0, high = 0;
	char *copy = strdup(s), *last = copy, *first = strsep(&last, "-");

	if (!last || (!*first && !*last) ||
	    (*first && (!parse_number(first, 65535, &low) || !low)) ||
	    (*last && (!parse_number(last, 65535, &high) || !high)))
		errx(STATUS_USAGE,
		     "'%s' is no range of ports: LOW-HIGH, LOW- or -HIGH, from 1 to 65535", s);
	if (high && low > high)
		errx(STATUS_USAGE, "the range %s ends before it begins", s);
	req->reserve.low = low;
	req->reserve.high = high;
	req->range = true;
	free(copy);
}

static unsigned int parse_share(const char *s)
{
	char *copy = strdup(s), *rest = copy, *word;
	unsigned int flags = 0;

	while ((word = strsep(&rest, ","))) {
		size_t i;

		for (i = 0; i < ARRAY_SIZE(shares); i++)
			if (!strcmp(word, shares[i].name) || !strcmp(word, shares[i].full))
				break;
		if (i == ARRAY_SIZE(shares))
			errx(STATUS_USAGE,
			     "'%s' is no share flag: lb, mr or to, or several as in lb,mr", word);
		flags |= shares[i].flag;
	}
	free(copy);
	return flags;
}

/* Binding to text */

static const char *address_text(const struct netport_binding *b, const __u8 addr[16], char *buf,
				size_t size)
{
	if (b->families == FAMILY_BOTH)
		return "*";
	return inet_ntop(b->families == NETPORT_FAMILY_IPV4 ? AF_INET : AF_INET6, addr, buf, size);
}

static const char *binding_text(const struct request *req)
{
	const struct netport_binding *b = &req->reserve.binding;
	char addr[INET6_ADDRSTRLEN], dev[IF_NAMESIZE], zone[IF_NAMESIZE + 1] = "", port[8] = "";
	bool brackets = b->families == NETPORT_FAMILY_IPV6 && b->port;
	static char text[128];

	if (b->ifindex)
		snprintf(zone, sizeof(zone), "%%%s",
			 if_indextoname(b->ifindex, dev) ?: "(gone)");
	if (b->port)
		snprintf(port, sizeof(port), ":%u", b->port);
	snprintf(text, sizeof(text), "%s %s%s%s%s%s", req->protocol, brackets ? "[" : "",
		 address_text(b, b->addr, addr, sizeof(addr)), zone, brackets ? "]" : "", port);
	return text;
}

/* Talking to netport */

/* Not close-on-exec: what the given command leaves running keeps the port. */
static int open_netport(void)
{
	int fd = open(NETPORT_DEVICE, O_RDWR);

	if (fd >= 0)
		return fd;
	if (errno == ENOENT)
		errx(STATUS_NO_NETPORT, "there is no %s: the netport module is not loaded",
		     NETPORT_DEVICE);
	err(STATUS_NO_NETPORT, "can't open %s", NETPORT_DEVICE);
}

/* Why netport refused @req, in a sentence that ends without a stop. */
static const char *refusal(const struct request *req, int error)
{
	static char text[256];
	const char *what = binding_text(req);

	switch (error) {
	case EADDRINUSE:
		snprintf(text, sizeof(text),
			 "%s conflicts with a reservation in this namespace", what);
		break;
	case EADDRNOTAVAIL:
		snprintf(text, sizeof(text), "no port of the range is free for %s", what);
		break;
	case EACCES:
		snprintf(text, sizeof(text),
			 "%s is below net.ipv4.ip_unprivileged_port_start, which needs CAP_NET_BIND_SERVICE",
			 req->reserve.binding.port ? what : "a port of the range");
		break;
	case EPERM:
		snprintf(text, sizeof(text),
			 "setting the range needs CAP_NET_ADMIN over the network namespace");
		break;
	case EDQUOT:
		snprintf(text, sizeof(text),
			 "a limit is reached; /sys/module/netport/parameters/max_per_* has the limits");
		break;
	case EINVAL:
		snprintf(text, sizeof(text), "%s doesn't make sense to netport", what);
		break;
	default:
		snprintf(text, sizeof(text), "%s: %s", what, strerror(error));
	}
	return text;
}

static int refused(const struct request *req)
{
	errx(STATUS_REFUSED, "%s", refusal(req, errno));
}

static bool is_link_local(const struct place *p)
{
	return p->families == NETPORT_FAMILY_IPV6 && p->addr[0] == 0xfe &&
	       (p->addr[1] & 0xc0) == 0x80;
}

static void set_device(struct netport_binding *b, const struct place *p, const char *text)
{
	if (!p->ifindex)
		return;
	if (b->ifindex && b->ifindex != p->ifindex)
		errx(STATUS_USAGE, "%s is on another device than the rest says", text);
	b->ifindex = p->ifindex;
}

static void bind_remote(struct request *req, const char *text)
{
	struct netport_binding *b = &req->reserve.binding;
	struct place p = parse_place(text, req->protocol);

	if (is_any(p.addr))
		errx(STATUS_USAGE, "'%s' is no remote; without --remote every one is meant", text);
	b->remote_port = p.port;
	memcpy(b->remote, p.addr, sizeof(b->remote));
	set_device(b, &p, text);

	/* Of both families, * can only mean that of the remote. */
	if (b->families == FAMILY_BOTH && !req->families)
		b->families = p.families;
	if (b->families != p.families)
		errx(STATUS_USAGE, "the remote has to be of the local address's one family");
}

/* The binding from ADDR[:PORT] and options; says in words what netport would call EINVAL. */
static void bind_request(struct request *req, const char *text)
{
	struct netport_binding *b = &req->reserve.binding;
	struct place p = parse_place(text, req->protocol);

	if (req->families == FAMILY_BOTH && !is_any(p.addr))
		errx(STATUS_USAGE, "both families go only with the any-address, as in *:80");
	if (req->families && !(req->families & p.families))
		errx(STATUS_USAGE, "%s is not of the family asked for", text);
	b->families = req->families ?: p.families;
	b->port = p.port;
	memcpy(b->addr, p.addr, sizeof(b->addr));
	set_device(b, &p, text);
	if (req->remote)
		bind_remote(req, req->remote);

	if (is_link_local(&p) && !b->ifindex)
		errx(STATUS_USAGE,
		     "a link-local address needs its device, as in [fe80::1%%eth0]:80");
	if (req->reserve.options & NETPORT_OPT_TUPLE &&
	    (is_any(b->addr) || !b->port || !b->remote_port))
		errx(STATUS_USAGE,
		     "a tuple is ADDR:PORT, with an address that isn't \"any\", and --remote ADDR:PORT");
}

/* Holding */

/* Waits for a signal, or for a line or the end of an input that somebody may write to. */
static int hold_until_told(void)
{
	struct pollfd fds[2] = { { .fd = -1, .events = POLLIN }, { .fd = 0, .events = POLLIN } };
	bool terminal = isatty(0) && tcgetpgrp(0) == getpgrp();
	struct stat st;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fds[0].fd = signalfd(-1, &set, 0);
	if (fds[0].fd < 0)
		err(STATUS_NO_NETPORT, "can't wait for signals");

	/* In the background, or from a file or /dev/null, nobody is there to press Enter. */
	if (!terminal && (isatty(0) || fstat(0, &st) || !(S_ISFIFO(st.st_mode) ||
							  S_ISSOCK(st.st_mode))))
		fds[1].fd = -1;
	if (terminal)
		fprintf(stderr, "held until Enter\n");
	while (poll(fds, 2, -1) < 0 && errno == EINTR)
		;
	return 0;
}

/* Runs the command and waits for it; passes on what signals are sent to this process. */
static int hold_while_running(char **command, int fd, const struct netport_reserve *r)
{
	sigset_t set, before;
	siginfo_t info;
	char text[24];
	int status;
	pid_t pid;

	snprintf(text, sizeof(text), "%u", r->binding.port);
	setenv("NETPORT_PORT", text, 1);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)r->token);
	setenv("NETPORT_TOKEN", text, 1);
	snprintf(text, sizeof(text), "%d", fd);
	setenv("NETPORT_FD", text, 1);

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	signal(SIGCHLD, SIG_DFL);
	sigprocmask(SIG_BLOCK, &set, &before);

	pid = fork();
	if (pid < 0)
		err(STATUS_NO_NETPORT, "can't fork");
	if (!pid) {
		sigprocmask(SIG_SETMASK, &before, NULL);
		execvp(command[0], command);
		warn("can't run %s", command[0]);
		_exit(errno == ENOENT ? 127 : 126);
	}

	while (waitpid(pid, &status, WNOHANG) != pid) {
		/* What the terminal sends, the command gets without help. */
		if (sigwaitinfo(&set, &info) > 0 && info.si_signo != SIGCHLD && info.si_code <= 0)
			kill(pid, info.si_signo);
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int hold(struct request *req)
{
	int fd = open_netport();

	if (ioctl(fd, NETPORT_IOC_RESERVE, &req->reserve))
		return refused(req);
	if (req->command)
		return hold_while_running(req->command, fd, &req->reserve);
	printf("%s token %llu\n", binding_text(req), (unsigned long long)req->reserve.token);
	fflush(stdout);
	return hold_until_told();
}

/* Subcommands */

static int cmd_reserve(struct request *req)
{
	bind_request(req, req->args[1]);
	if (!req->reserve.binding.port)
		errx(STATUS_USAGE,
		     "'%s' has no port, as 10.0.0.1:80, [::1]:80 and *:80 have; see netport pick",
		     req->args[1]);
	return hold(req);
}

static int cmd_pick(struct request *req)
{
	bind_request(req, req->args[1]);
	if (req->reserve.binding.port)
		errx(STATUS_USAGE,
		     "'%s' names a port; pick takes an address alone, as in 10.0.0.1, ::1 or *",
		     req->args[1]);
	return hold(req);
}

static int cmd_try(struct request *req)
{
	int fd;

	bind_request(req, req->args[1]);
	if (req->range && req->reserve.binding.port)
		errx(STATUS_USAGE, "--range goes with an address alone, and '%s' names a port",
		     req->args[1]);
	fd = open_netport();
	if (!ioctl(fd, NETPORT_IOC_AVAILABLE, &req->reserve)) {
		printf("%s is available\n", binding_text(req));
		return 0;
	}
	if (errno != EADDRINUSE && errno != EADDRNOTAVAIL)
		return refused(req);
	printf("%s\n", refusal(req, errno));
	return STATUS_REFUSED;
}

static int cmd_range(struct request *req)
{
	struct netport_range range = { 0 };
	unsigned int low, high;
	int fd;

	if (req->nargs == 1)
		errx(STATUS_USAGE, "a range has two ends: netport range LOW HIGH");
	if (!req->nargs) {
		fd = open_netport();
		if (ioctl(fd, NETPORT_IOC_GET_RANGE, &range))
			err(STATUS_REFUSED, "can't tell the range");
		printf("%u %u\n", range.low, range.high);
		return 0;
	}
	if (!parse_number(req->args[0], 65535, &low) || !low ||
	    !parse_number(req->args[1], 65535, &high) || low > high)
		errx(STATUS_USAGE,
		     "'%s %s' is no range of ports: LOW HIGH, from 1 to 65535, LOW first",
		    req->args[0], req->args[1]);
	range.low = low;
	range.high = high;
	fd = open_netport();
	if (ioctl(fd, NETPORT_IOC_SET_RANGE, &range))
		return refused(req);
	return 0;
}

#define HOLD_DETAILS \
	"The port is held while COMMAND runs, which finds it in $NETPORT_PORT, the\n" \
	"reservation's token in $NETPORT_TOKEN and the open netport file in $NETPORT_FD;\n" \
	"what COMMAND leaves running with that file open keeps the port.  Without a\n" \
	"command, one line tells the port, and it is held until Enter, the end of a pipe on\n" \
	"standard input, SIGINT, SIGTERM or SIGHUP.\n"

#define PROTO_DETAILS \
	"PROTO is tcp, udp, sctp, mptcp, homa or a number up to 65535.\n"

static const struct command commands[] = {
	{
		.name = "reserve", .synopsis = "PROTO ADDR:PORT [OPTION]... [-- COMMAND...]",
		.min = 2, .max = 2, .accepts = "dfrsth", .runs = true,
		.summary = "hold a port",
		.details = PROTO_DETAILS
			"ADDR:PORT is 10.0.0.1:80, [fe80::1%eth0]:80, *:80 (both families), 0.0.0.0:80\n"
			"or [::]:80; instead of 80, a name of " SERVICES " will do.\n" HOLD_DETAILS,
		.run = cmd_reserve,
	}, {
		.name = "pick", .synopsis = "PROTO ADDR [OPTION]... [-- COMMAND...]",
		.min = 2, .max = 2, .accepts = "dfrsRh", .runs = true,
		.summary = "find a free port and hold it",
		.details = PROTO_DETAILS
			"ADDR is 10.0.0.1, fe80::1%eth0, * (both families), 0.0.0.0 or ::.\n"
			HOLD_DETAILS,
		.run = cmd_pick,
	}, {
		.name = "try", .synopsis = "PROTO ADDR[:PORT] [OPTION]...",
		.min = 2, .max = 2, .accepts = "dfrsRth",
		.summary = "say whether reserve, or without a port pick, would succeed now",
		.details = PROTO_DETAILS
			"Exit status 0 if it would, 1 if not.\n",
		.run = cmd_try,
	}, {
		.name = "range", .synopsis = "[LOW HIGH]", .max = 2, .accepts = "h",
		.summary = "show or set the range of this network namespace to pick from",
		.details = "Setting it needs CAP_NET_ADMIN.\n",
		.run = cmd_range,
	},
};

static void list_commands(FILE *to)
{
	fprintf(to, "usage: netport COMMAND [ARGUMENT]...\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(to, "  %-9s %s\n", commands[i].name, commands[i].summary);
	fprintf(to, "\n'netport COMMAND --help' tells more.\n");
}

static void describe_command(const struct command *c)
{
	printf("usage: netport %s %s\n\n%s\n\n", c->name, c->synopsis, c->summary);
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		char text[32];

		if (!strchr(c->accepts, options[i].letter))
			continue;
		snprintf(text, sizeof(text), "--%s%s%s", options[i].name,
			 options[i].arg ? " " : "", options[i].arg ?: "");
		printf("  -%c, %-22s %s\n", options[i].letter, text, options[i].help);
	}
	printf("\n%s", c->details);
}

static void apply_option(struct request *req, int letter)
{
	switch (letter) {
	case 'd':
		req->reserve.binding.ifindex = parse_device(optarg);
		break;
	case 'f':
		if (!strcmp(optarg, "4"))
			req->families = NETPORT_FAMILY_IPV4;
		else if (!strcmp(optarg, "6"))
			req->families = NETPORT_FAMILY_IPV6;
		else if (!strcmp(optarg, "both"))
			req->families = FAMILY_BOTH;
		else
			errx(STATUS_USAGE, "'%s' is no family: 4, 6 or both", optarg);
		break;
	case 'r':
		req->remote = optarg;
		break;
	case 's':
		req->reserve.binding.share = parse_share(optarg);
		break;
	case 'R':
		parse_range(optarg, req);
		break;
	case 't':
		req->reserve.options |= NETPORT_OPT_TUPLE;
		break;
	case 'h':
		describe_command(self);
		exit(0);
	}
}

/* The options of @c for getopt_long(), and as a list for the message. */
static void option_tables(const struct command *c, char *letters, struct option *longs, char *list)
{
	*letters++ = ':';
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		if (!strchr(c->accepts, options[i].letter))
			continue;
		*letters++ = options[i].letter;
		if (options[i].arg)
			*letters++ = ':';
		*longs++ = (struct option){ options[i].name, !!options[i].arg, NULL,
					    options[i].letter };
		list += sprintf(list, "%s--%s", i ? ", " : "", options[i].name);
	}
	*letters = 0;
}

static int dispatch(const struct command *c, int argc, char **argv)
{
	struct option longs[ARRAY_SIZE(options) + 1] = { 0 };
	char letters[2 * ARRAY_SIZE(options) + 2], list[256];
	struct request req = { 0 };
	int letter;

	static char name[32];

	self = c;
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

	option_tables(c, letters, longs, list);
	opterr = 0;
	while ((letter = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		if (letter == ':')
			errx(STATUS_USAGE, "%s needs a value; see netport %s --help",
			     argv[optind - 1], c->name);
		if (letter == '?')
			errx(STATUS_USAGE, "'%s' is no option here: %s", argv[optind - 1], list);
		apply_option(&req, letter);
	}
	req.args = argv + optind;
	req.nargs = argc - optind;
	if (req.nargs < c->min || req.nargs > c->max)
		errx(STATUS_USAGE, "takes %s, see netport %s --help", c->synopsis, c->name);
	if (c->min) {
		req.protocol = req.args[0];
		req.reserve.binding.protocol = parse_protocol(req.protocol);
	}
	return c->run(&req);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		list_commands(stderr);
		return STATUS_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		list_commands(stdout);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(argv[1], commands[i].name))
			return dispatch(&commands[i], argc - 1, argv + 1);
	fprintf(stderr, "netport: there is no command '%s'\n\n", argv[1]);
	list_commands(stderr);
	return STATUS_USAGE;
}
