/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What programs that look on share: the events of netport's tracepoints, by an instance of
 * tracefs, and the counters of /proc/net/netport_stat.
 */
#ifndef _LOOK_H
#define _LOOK_H

#include "keep.h"

#define TRACEFS		"/sys/kernel/tracing"
#define INSTANCE	TRACEFS "/instances/netport-test"
#define STAT		"/proc/thread-self/net/netport_stat"

#define EVENTS_MAX	256

struct event {
	char name[24];
	char text[488];
};

/* What has happened in a network namespace, and how far it has been looked at. */
struct events {
	unsigned int netns, n, seen;
	struct event e[EVENTS_MAX];
};

static inline unsigned int netns_number(void)
{
	struct stat st;

	if (stat("/proc/thread-self/ns/net", &st))
		die("stat");
	return st.st_ino;
}

/* Look on from here on. */
static inline void watch(struct events *l)
{
	memset(l, 0, sizeof(*l));
	l->netns = netns_number();
	if (access(TRACEFS "/instances", F_OK) && mount("tracefs", TRACEFS, "tracefs", 0, NULL))
		die("mount tracefs");
	if (mkdir(INSTANCE, 0700) && errno != EEXIST)
		die("mkdir " INSTANCE);
	write_file(INSTANCE "/events/netport/enable", "1");
	write_file(INSTANCE "/trace", "\n");
}

static inline void unwatch(void)
{
	rmdir(INSTANCE);
}

/* Read them all, from the beginning. */
static inline void events_read(struct events *l)
{
	FILE *f = fopen(INSTANCE "/trace", "r");
	char line[1024], *at, *text;
	unsigned int netns;

	if (!f)
		die(INSTANCE "/trace");
	l->n = 0;
	while (fgets(line, sizeof(line), f)) {
		at = *line == '#' ? NULL : strstr(line, ": netport_");
		text = at ? strstr(at, ": netns=") : NULL;
		if (!text || sscanf(text, ": netns=%u", &netns) != 1 || netns != l->netns)
			continue;
		if (l->n == EVENTS_MAX)
			die("too many events");
		text[strcspn(text, "\n")] = 0;
		snprintf(l->e[l->n].name, sizeof(l->e[0].name), "%.*s", (int)(text - at - 10),
			 at + 10);
		snprintf(l->e[l->n].text, sizeof(l->e[0].text), "%.*s ",
			 (int)sizeof(l->e[0].text) - 2, text + 2);
		l->n++;
	}
	fclose(f);
}

/* Is it of that name, and has it all these words?  None is the first, which is the namespace. */
static inline bool event_is(const struct event *e, const char *name, const char *words)
{
	char copy[512], word[128], *save, *w;

	snprintf(copy, sizeof(copy), "%s", words);
	if (strcmp(e->name, name))
		return false;
	for (w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		snprintf(word, sizeof(word), " %s ", w);
		if (!strstr(e->text, word))
			return false;
	}
	return true;
}

/* Whether the next event is that; it has been looked at then. */
static inline bool next_is(struct events *l, const char *name, const char *fmt, ...)
{
	char words[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(words, sizeof(words), fmt, args);
	va_end(args);
	events_read(l);
	if (l->seen >= l->n) {
		fprintf(stderr, "# no event, not %s %s\n", name, words);
		return false;
	}
	if (event_is(&l->e[l->seen], name, words)) {
		l->seen++;
		return true;
	}
	fprintf(stderr, "# not %s %s\n#   but: %s %s\n", name, words, l->e[l->seen].name,
		l->e[l->seen].text);
	return false;
}

/* Whether there was nothing more. */
static inline bool no_more(struct events *l)
{
	events_read(l);
	if (l->seen == l->n)
		return true;
	fprintf(stderr, "# one more: %s %s\n", l->e[l->seen].name, l->e[l->seen].text);
	return false;
}

static inline unsigned int events_of(const struct events *l, const char *name, const char *words)
{
	unsigned int i, n = 0;

	for (i = 0; i < l->n; i++)
		n += event_is(&l->e[i], name, words);
	return n;
}

/* A counter in a netport_stat; ~0 if there is none of that name. */
static inline unsigned long counter_in(const char *path, const char *name)
{
	FILE *f = fopen(path, "r");
	unsigned long n, found = ~0UL;
	char word[32];

	if (!f)
		die("%s", path);
	while (fscanf(f, "%31s %lu", word, &n) == 2)
		if (!strcmp(word, name))
			found = n;
	fclose(f);
	return found;
}

static inline unsigned long counter(const char *name)
{
	return counter_in(STAT, name);
}

#endif /* _LOOK_H */
