// SPDX-License-Identifier: GPL-2.0
/* netport monitor: what happens, as it does. */
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <netport.h>

#include "command.h"
#include "entry.h"
#include "json.h"
#include "place.h"
#include "term.h"
#include "text.h"
#include "tracefs.h"

#define EVENT	"netport_"

static const struct {
	const char	*name;
	enum color	color;
} events[] = {
	{ "reserve", COLOR_GREEN }, { "release", COLOR_BLUE }, { "refuse", COLOR_RED },
	{ "pick", COLOR_GREEN }, { "wait", COLOR_YELLOW }, { "hold", COLOR_YELLOW },
};

static enum color color_of(const char *event)
{
	for (size_t i = 0; i < ARRAY_SIZE(events); i++)
		if (!strcmp(events[i].name, event))
			return events[i].color;
	return COLOR_NONE;
}

#define FIELDS_MAX	32

/**
 * struct event - a line of trace_pipe, cut
 * @comm: name of the process
 * @pid: its number
 * @seconds: of the monotonic clock
 * @micros: and millionths of one
 * @name: of the event
 * @fields: what it tells
 * @nfields: how much that is
 */
struct event {
	const char	*comm;
	int		pid;
	unsigned long	seconds;
	unsigned long	micros;
	const char	*name;
	struct {
		const char	*key;
		const char	*value;
	} fields[FIELDS_MAX];
	size_t		nfields;
};

static const char *error_name(const char *number)
{
	return strerrorname_np(abs(atoi(number))) ?: number;
}

static void cut_fields(struct event *e, char *text)
{
	char *word;

	while ((word = strsep(&text, " ")) && e->nfields < FIELDS_MAX) {
		char *value = strchr(word, '=');

		if (!value)
			continue;
		*value++ = 0;
		e->fields[e->nfields].key = word;
		e->fields[e->nfields++].value = strcmp(word, "error") ? value : error_name(value);
	}
}

/* "  COMM-PID     [000] d..1.   12.345678: netport_reserve: netns=1 owner=2 ..." */
static bool cut(char *line, struct event *e)
{
	char *cpu = strstr(line, " ["), *dash, *name, *fields, *time;

	name = cpu ? strstr(cpu, ": " EVENT) : NULL;
	if (!name)
		return false;
	*cpu = 0;
	dash = strrchr(line, '-');
	if (!dash)
		return false;
	*dash = 0;
	e->comm = line + strspn(line, " ");
	e->pid = atoi(dash + 1);
	*name = 0;
	time = strrchr(cpu + 1, ' ');
	if (!time || sscanf(time, "%lu.%lu", &e->seconds, &e->micros) != 2)
		return false;
	e->name = name + strlen(": " EVENT);
	fields = strchr(e->name, ':');
	if (!fields)
		return false;
	*fields++ = 0;
	cut_fields(e, fields);
	return true;
}

static const char *field(const struct event *e, const char *key)
{
	for (size_t i = 0; i < e->nfields; i++)
		if (!strcmp(e->fields[i].key, key))
			return e->fields[i].value;
	return "";
}

/* Flags have bars between them there. */
static unsigned int share_of(const char *text)
{
	char with_commas[32];
	int share;

	snprintf(with_commas, sizeof(with_commas), "%s", text);
	for (char *c = with_commas; *c; c++)
		if (*c == '|')
			*c = ',';
	share = netport_share_from_text(with_commas);
	return share < 0 ? 0 : share;
}

/* Tracepoints have IPv4 as ::ffff:10.0.0.1; of one and both families, "any" is the same there. */
static struct netport_binding binding_of(const struct event *e)
{
	static const char mapped[] = "::ffff:";
	const char *families = field(e, "families"), *remote = field(e, "remote"), *addr;
	struct netport_binding b = { 0 };

	addr = field(e, "addr");
	if (!strcmp(families, "46"))
		addr = "*";
	if (!strcmp(families, "4") && !strncmp(addr, mapped, strlen(mapped)))
		addr += strlen(mapped);
	if (!strcmp(families, "4") && !strncmp(remote, mapped, strlen(mapped)))
		remote += strlen(mapped);
	netport_binding_from_text(&b, addr);
	if (strcmp(remote, "::") && strcmp(remote, "0.0.0.0"))
		netport_remote_from_text(&b, remote);
	b.protocol = atoi(field(e, "protocol"));
	b.port = atoi(field(e, "port"));
	b.ifindex = atoi(field(e, "ifindex"));
	if (!is_any(b.remote))
		b.remote_port = atoi(field(e, "remote_port"));
	b.share = share_of(field(e, "share"));
	return b;
}

/* What binding_of() doesn't have, and what there is no doubt about; and who isn't there. */
static bool is_extra(const struct event *e, size_t i)
{
	static const char *const others[] = {
		"netns", "protocol", "families", "addr", "port", "remote", "remote_port", "ifindex",
		"share",
	};
	const char *key = e->fields[i].key;
	bool by = !strncmp(key, "by_", strlen("by_"));

	for (size_t j = 0; j < ARRAY_SIZE(others); j++)
		if (!strcmp(key, others[j]))
			return false;
	if ((by && !strcmp(field(e, "by_token"), "0")) ||
	    (!strcmp(key, "token") && !strcmp(e->fields[i].value, "0")))
		return false;
	return *e->fields[i].value;
}

/* Of the day, from the clock that doesn't know of days. */
static struct timespec time_of(const struct event *e)
{
	struct timespec mono, real, t;
	long long ns;

	clock_gettime(CLOCK_MONOTONIC, &mono);
	clock_gettime(CLOCK_REALTIME, &real);
	ns = (real.tv_sec - mono.tv_sec + (long long)e->seconds) * 1000000000LL +
	     real.tv_nsec - mono.tv_nsec + e->micros * 1000LL;
	t.tv_sec = ns / 1000000000LL;
	t.tv_nsec = ns % 1000000000LL;
	return t;
}

static void show(const struct event *e)
{
	const struct netport_binding b = binding_of(e);
	const struct timespec t = time_of(e);
	char text[TEXT_LEN];
	struct tm tm;

	localtime_r(&t.tv_sec, &tm);
	printf("%02d:%02d:%02d.%06ld %s%-8s%s %s", tm.tm_hour, tm.tm_min, tm.tm_sec,
	       t.tv_nsec / 1000, color_on(color_of(e->name)), e->name,
	       color_off(color_of(e->name)), binding_text(&b, 1, text));
	if (!is_any(b.remote)) {
		netport_remote_to_text(text, sizeof(text), &b);
		printf(" remote %s", text);
	}
	if (netport_share_to_text(text, sizeof(text), b.share))
		printf(" share %s", text);
	for (size_t i = 0; i < e->nfields; i++)
		if (is_extra(e, i))
			printf(" %s %s", e->fields[i].key, e->fields[i].value);
	printf(", %d/%s\n", e->pid, safe_text((const __u8 *)e->comm, strlen(e->comm), text));
}

/* Numbers as numbers, the rest as texts. */
static void json_field(struct json *j, const char *key, const char *value)
{
	uint64_t number;
	char *end;

	errno = 0;
	number = strtoull(value, &end, 10);
	if (isdigit((unsigned char)*value) && !*end && !errno)
		json_number(j, key, number);
	else
		json_text(j, key, value);
}

static void show_json(const struct event *e)
{
	const struct netport_binding b = binding_of(e);
	const struct timespec t = time_of(e);
	struct json j = { .to = stdout };

	json_open(&j, NULL, '{');
	json_text(&j, "event", e->name);
	json_number(&j, "time_us", t.tv_sec * 1000000ULL + t.tv_nsec / 1000);
	json_place(&j, &b);
	json_share(&j, b.share);
	for (size_t i = 0; i < e->nfields; i++)
		if (is_extra(e, i))
			json_field(&j, e->fields[i].key, e->fields[i].value);
	json_number(&j, "pid", e->pid);
	json_text(&j, "comm", e->comm);
	json_close(&j, '}');
}

static void show_line(char *line, bool as_json)
{
	struct event e = { 0 };
	char *lost;

	lost = strstr(line, "[LOST ");
	if (lost)
		warnx("%lu events came too fast to be shown", strtoul(lost + 6, NULL, 10));
	else if (!cut(line, &e))
		return;
	else if (as_json)
		show_json(&e);
	else
		show(&e);
}

/* All whole lines that are there. */
static bool show_some(int fd, bool as_json)
{
	static char buf[65536];
	static size_t have;
	char *line = buf, *end;
	ssize_t n = read(fd, buf + have, sizeof(buf) - have);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	have += n;
	while ((end = memchr(line, '\n', buf + have - line))) {
		*end = 0;
		show_line(line, as_json);
		line = end + 1;
	}
	have -= line - buf;
	memmove(buf, line, have);
	if (have == sizeof(buf))
		have = 0;
	return !fflush(stdout);
}

static int monitor(struct request *req)
{
	struct pollfd fds[2] = { { .events = POLLIN }, { .events = POLLIN } };
	bool as_json = is_given(req, OPTION(JSON));
	struct stat st;
	sigset_t set;

	if (stat("/proc/self/ns/net", &st))
		err(STATUS_NO_NETPORT, "can't tell this network namespace");
	/* The instance goes with this process. */
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGPIPE);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fds[0].fd = signalfd(-1, &set, SFD_CLOEXEC);
	fds[1].fd = open_trace_pipe(st.st_ino);
	while (poll(fds, 2, -1) >= 0 || errno == EINTR)
		if (fds[0].revents || !show_some(fds[1].fd, as_json))
			break;
	return 0;
}

const struct command command_monitor = {
	.name = "monitor", .synopsis = "[OPTION]...",
	.options = OPTION(JSON) | OPTION(COLOR),
	.summary = "show what happens in this network namespace, as it does",
	.details = "That is reserve, release, refuse, pick, wait and hold, from the module's\n"
		"tracepoints; it needs root, and ends with SIGINT, SIGTERM or SIGHUP.\n",
	.run = monitor,
};
