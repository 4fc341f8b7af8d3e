// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netport.h>

#include "names.h"
#include "option.h"
#include "term.h"

/* The next lines of a help text begin below the first one's. */
#define BELOW	"\n                               "

static const struct {
	char		letter;
	const char	*name;
	const char	*arg;
	const char	*help;
} table[NOPTIONS] = {
	[OPTION_DEV] = { 'd', "dev", "DEVICE", "for this device alone, by name or index" },
	[OPTION_FAMILY] = { 'f', "family", "4|6|both",
		"families; without it those of the address, both for *" },
	[OPTION_REMOTE] = { 'r', "remote", "ADDR[:PORT]", "for this remote alone" },
	[OPTION_SHARE] = { 's', "share", "FLAG[,FLAG]",
		"share with others that say so too: lb (SO_REUSEPORT)," BELOW
		"mr (SO_REUSEADDR of UDP), to (SO_REUSEADDR of TCP)" },
	[OPTION_RANGE] = { 'R', "range", "LOW-HIGH",
		"pick from these ports; an end left out is open" },
	[OPTION_ALIGN] = { 'A', "align", "N[:OFFSET]",
		"a first port that divided by N, a power of two, leaves" BELOW
		"OFFSET, or nothing" },
	[OPTION_EXCLUDE] = { 'x', "exclude", "PORT[,PORT]", "never pick these ports" },
	[OPTION_TUPLE] = { 't', "tuple", NULL,
		"the tuple of an accepted connection: needs --remote ADDR:PORT" },
	[OPTION_LABEL] = { 'l', "label", "TEXT", "a text for listings, up to 31 bytes" },
	[OPTION_WAIT] = { 'w', "wait", "SECONDS",
		"if it can't be had, wait that long for it, in turn" },
	[OPTION_TIMEOUT] = { 'T', "timeout", "SECONDS", "give up after that long" },
	[OPTION_HOST_CHECK] = { 'c', "host-check", NULL,
		"only a port that the host's own stack could bind now" },
	[OPTION_HOST_HOLD] = { 'H', "host-hold", NULL, "and keep the host from binding it" },
	[OPTION_PERSISTENT] = { 'P', "persistent", NULL,
		"it outlives netport, which doesn't stay; needs" BELOW
		"CAP_NET_ADMIN" },
	[OPTION_HOLD] = { 'k', "hold", "SECONDS",
		"in the end, let nobody have it for that long" },
	[OPTION_PORTS] = { 'p', "port", "PORT|LOW-HIGH", "only these ports" },
	[OPTION_ADDR] = { 'a', "addr", "ADDR", "only this local address" },
	[OPTION_OWNER] = { 'o', "owner", "NUMBER|self",
		"only what this owner has; self: $NETPORT_OWNER" },
	[OPTION_GLOB] = { 'l', "label", "GLOB",
		"only what has such a label, or whose owner has" },
	[OPTION_ON] = { 'a', "addr", "ADDR", "pick on this address, rather than on *" },
	[OPTION_PICK] = { 'p', "pick", "[PROTO:]NAME",
		"pick a port, of tcp without PROTO; NAME stands for it" },
	[OPTION_RESERVE] = { 'r', "reserve", "NAME=PLACE",
		"reserve a port, PLACE is PROTO/ADDR:PORT; NAME stands" BELOW "for it" },
	[OPTION_PARTIAL] = { 'p', "partial", NULL,
		"as many as can be had, rather than all or none" },
	[OPTION_WATCH] = { 'w', "watch", "[SECONDS]",
		"show it anew every 2 seconds, or as often as said" },
	[OPTION_JSON] = { 'j', "json", NULL, "JSON" },
	[OPTION_NUMERIC] = { 'n', "numeric", NULL, "no names of services, users and devices" },
	[OPTION_COLOR] = { 'C', "color", "WHEN",
		"colour: always, never, or auto, which is on a terminal," BELOW
		"if $NO_COLOR isn't set" },
	[OPTION_HELP] = { 'h', "help", NULL, "say this" },
};

static uint64_t options_of(const struct command *c)
{
	return c->options | OPTION(HELP);
}

static void describe(const struct command *c)
{
	printf("usage: netport %s %s\n\n%s\n\n", c->name, c->synopsis, c->summary);
	for (size_t i = 0; i < NOPTIONS; i++) {
		char text[40];

		if (!(options_of(c) & 1ULL << i))
			continue;
		snprintf(text, sizeof(text), "--%s%s%s", table[i].name,
			 table[i].arg ? " " : "", table[i].arg ?: "");
		printf("  -%c, %-23s  %s\n", table[i].letter, text, table[i].help);
	}
	printf("\n%s", c->details);
}

static unsigned int parse_seconds(const char *s)
{
	double seconds;
	char *end;

	errno = 0;
	seconds = strtod(s, &end);
	if (end == s || *end || errno || !(seconds >= 0) || seconds > INT_MAX / 1000)
		errx(STATUS_USAGE, "'%s' is no number of seconds, as 5 or 0.5 are", s);
	return lround(seconds * 1000);
}

static void parse_align(struct request *req, char *s)
{
	char *offset = s, *align = strsep(&offset, ":");

	req->offset = 0;
	if (!parse_number(align, 32768, &req->align) || !req->align ||
	    req->align & (req->align - 1) ||
	    (offset && (!parse_number(offset, req->align - 1, &req->offset))))
		errx(STATUS_USAGE,
		     "no alignment: a power of two, and less than that after a colon, as in 2 or 16:5");
}

static void parse_exclude(struct request *req, char *s)
{
	char *word;

	while ((word = strsep(&s, ","))) {
		unsigned int port;

		if (!parse_number(word, 65535, &port) || !port)
			errx(STATUS_USAGE, "'%s' is no port, as in --exclude 5004,5060", word);
		if (req->nexclude == ARRAY_SIZE(req->exclude))
			errx(STATUS_USAGE, "more than %d ports to leave out", NETPORT_EXCLUDE_MAX);
		req->exclude[req->nexclude++] = port;
	}
}

static void parse_range(struct request *req, const char *s)
{
	__u16 low, high;

	if (netport_range_from_text(&low, &high, s))
		errx(STATUS_USAGE,
		     "'%s' is no range of ports: LOW-HIGH, LOW- or -HIGH, from 1 to 65535, LOW first",
		     s);
	req->low = low;
	req->high = high;
}

static void add_name(struct request *req, bool pick, const char *text)
{
	req->names = realloc(req->names, (req->nnames + 1) * sizeof(*req->names));
	if (!req->names)
		errx(STATUS_NO_NETPORT, "no memory");
	req->names[req->nnames++] = (struct port_name){ .pick = pick, .text = text };
}

/* Its value is optional, and may be the next word all the same, as that of `watch -n`. */
static void parse_watch(struct request *req, char *value, int argc, char **argv)
{
	if (!value && optind < argc && isdigit((unsigned char)*argv[optind]))
		value = argv[optind++];
	req->watch = value ? parse_seconds(value) : 2000;
	if (!req->watch)
		errx(STATUS_USAGE, "show it anew every 0 seconds? At least 0.1");
}

static void apply(struct request *req, enum option_id id, char *value)
{
	int share;

	switch (id) {
	case OPTION_DEV:
		req->ifindex = parse_device(value);
		break;
	case OPTION_FAMILY:
		if (!strcmp(value, "4"))
			req->families = NETPORT_FAMILY_IPV4;
		else if (!strcmp(value, "6"))
			req->families = NETPORT_FAMILY_IPV6;
		else if (!strcmp(value, "both"))
			req->families = FAMILY_BOTH;
		else
			errx(STATUS_USAGE, "'%s' is no family: 4, 6 or both", value);
		break;
	case OPTION_REMOTE:
		req->remote = value;
		break;
	case OPTION_SHARE:
		share = netport_share_from_text(value);
		if (share < 0)
			errx(STATUS_USAGE,
			     "'%s' are no share flags: lb, mr or to, or several as in lb,mr",
			     value);
		req->share = share;
		break;
	case OPTION_RANGE:
		parse_range(req, value);
		break;
	case OPTION_ALIGN:
		parse_align(req, value);
		break;
	case OPTION_EXCLUDE:
		parse_exclude(req, value);
		break;
	case OPTION_TUPLE:
		req->options |= NETPORT_OPT_TUPLE;
		break;
	case OPTION_LABEL:
		if (strlen(value) >= NETPORT_LABEL_LEN)
			errx(STATUS_USAGE, "the label has %zu bytes, and there's room for %d",
			     strlen(value), NETPORT_LABEL_LEN - 1);
		req->label = value;
		break;
	case OPTION_GLOB:
		req->label = value;
		break;
	case OPTION_WAIT:
	case OPTION_TIMEOUT:
		req->waits = true;
		req->wait = parse_seconds(value);
		break;
	case OPTION_HOST_CHECK:
		req->options |= NETPORT_OPT_HOST_CHECK;
		break;
	case OPTION_HOST_HOLD:
		req->options |= NETPORT_OPT_HOST_HOLD;
		break;
	case OPTION_PERSISTENT:
		req->options |= NETPORT_OPT_PERSISTENT;
		break;
	case OPTION_HOLD:
		req->hold = parse_seconds(value);
		if (req->hold > NETPORT_HOLD_MAX)
			errx(STATUS_USAGE, "a hold is for a day at most: %d seconds",
			     NETPORT_HOLD_MAX / 1000);
		break;
	case OPTION_PORTS:
		req->ports = value;
		break;
	case OPTION_ADDR:
	case OPTION_ON:
		req->addr = value;
		break;
	case OPTION_OWNER:
		req->owner = value;
		break;
	case OPTION_PICK:
	case OPTION_RESERVE:
		add_name(req, id == OPTION_PICK, value);
		break;
	case OPTION_COLOR:
		choose_color(value);
		break;
	case OPTION_PARTIAL:
	case OPTION_WATCH:
	case OPTION_JSON:
	case OPTION_NUMERIC:
	case OPTION_HELP:
	case NOPTIONS:
		break;
	}
}

/* The options of @c for getopt_long(), and as a list for the message. */
static void option_tables(const struct command *c, char *letters, struct option *longs,
			  char *list)
{
	bool first = true;

	*letters++ = ':';
	for (size_t i = 0; i < NOPTIONS; i++) {
		int has_arg = i == OPTION_WATCH ? optional_argument :
			      table[i].arg ? required_argument : no_argument;

		if (!(options_of(c) & 1ULL << i))
			continue;
		*letters++ = table[i].letter;
		for (int colons = has_arg; colons; colons--)
			*letters++ = ':';
		*longs++ = (struct option){ table[i].name, has_arg, NULL, table[i].letter };
		list += sprintf(list, "%s--%s", first ? "" : ", ", table[i].name);
		first = false;
	}
	*letters = 0;
}

static enum option_id id_of(const struct command *c, int letter)
{
	size_t i = 0;

	while (!(options_of(c) & 1ULL << i) || table[i].letter != letter)
		i++;
	return i;
}

void parse_options(const struct command *c, int argc, char **argv, struct request *req)
{
	struct option longs[NOPTIONS + 1] = { 0 };
	char letters[3 * NOPTIONS + 2], list[512];
	int letter;

	option_tables(c, letters, longs, list);
	opterr = 0;
	while ((letter = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		enum option_id id;

		if (letter == ':')
			errx(STATUS_USAGE, "%s needs a value; see netport %s --help",
			     argv[optind - 1], c->name);
		if (letter == '?')
			errx(STATUS_USAGE, "'%s' is no option here: %s", argv[optind - 1], list);
		id = id_of(c, letter);
		req->given |= 1ULL << id;
		if (id == OPTION_HELP) {
			describe(c);
			exit(0);
		}
		if (id == OPTION_WATCH)
			parse_watch(req, optarg, argc, argv);
		else
			apply(req, id, optarg);
	}
	req->args = argv + optind;
	req->nargs = argc - optind;
}
