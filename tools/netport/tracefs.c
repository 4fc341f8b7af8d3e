// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "tracefs.h"

#define PREFIX	"netport-monitor-"

static const char *const places[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };

static char instance[128];
static int trace_pipe = -1;

static bool write_file(const char *name, const char *text)
{
	char path[sizeof(instance) + 64];
	bool ok = false;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", instance, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
		close(fd);
	}
	return ok;
}

/* Those of monitors that were killed. */
static void remove_stale(const char *place)
{
	char path[PATH_MAX];
	struct dirent *d;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/instances", place);
	dir = opendir(path);
	while (dir && (d = readdir(dir))) {
		pid_t pid;

		if (strncmp(d->d_name, PREFIX, strlen(PREFIX)))
			continue;
		pid = atoi(d->d_name + strlen(PREFIX));
		if (pid <= 0 || !kill(pid, 0) || errno != ESRCH)
			continue;
		snprintf(path, sizeof(path), "%s/instances/%s", place, d->d_name);
		rmdir(path);
	}
	if (dir)
		closedir(dir);
}

static _Noreturn void need_root(void)
{
	errx(STATUS_REFUSED, "monitor needs root, for it reads the kernel's tracepoints");
}

static const char *find_tracefs(void)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		snprintf(path, sizeof(path), "%s/instances", places[i]);
		if (!access(path, F_OK))
			return places[i];
		if (errno == EACCES)
			need_root();
	}
	if (geteuid())
		need_root();
	errx(STATUS_NO_NETPORT,
	     "tracefs isn't mounted; 'mount -t tracefs none /sys/kernel/tracing' does that");
}

/* Which can't be while somebody reads from it. */
static void remove_instance(void)
{
	if (trace_pipe >= 0)
		close(trace_pipe);
	rmdir(instance);
}

int open_trace_pipe(unsigned int netns)
{
	const char *place = find_tracefs();
	char text[sizeof(instance) + 64];

	remove_stale(place);
	snprintf(instance, sizeof(instance), "%s/instances/" PREFIX "%d", place, getpid());
	if (mkdir(instance, 0700)) {
		if (errno == EACCES || errno == EPERM)
			need_root();
		err(STATUS_NO_NETPORT, "can't make %s", instance);
	}
	atexit(remove_instance);
	/* Read at once, rather than when half a buffer is full; and in a time that all share. */
	write_file("buffer_percent", "0");
	write_file("trace_clock", "mono");
	snprintf(text, sizeof(text), "netns == %u", netns);
	if (!write_file("events/netport/filter", text) ||
	    !write_file("events/netport/enable", "1"))
		errx(STATUS_NO_NETPORT,
		     "there are no tracepoints netport:*; the module that is loaded is older than this command");
	snprintf(text, sizeof(text), "%s/trace_pipe", instance);
	trace_pipe = open(text, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (trace_pipe < 0)
		err(STATUS_NO_NETPORT, "can't open %s", text);
	return trace_pipe;
}
