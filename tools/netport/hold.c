// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <netport.h>

#include "device.h"
#include "hold.h"
#include "term.h"

/* Waits for a signal, or for a line or the end of an input that somebody may write to. */
void hold_until_told(void)
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
	fflush(stdout);
	if (terminal)
		fprintf(stderr, "held until Enter\n");
	while (poll(fds, 2, -1) < 0 && errno == EINTR)
		;
}

/* The command, in the child. */
static void become(char **command, pid_t parent, bool bound, const sigset_t *mask)
{
	if (bound) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() != parent)
			_exit(128 + SIGTERM);
	}
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(command[0], command);
	warn("can't run %s", command[0]);
	_exit(errno == ENOENT ? 127 : 126);
}

int hold_while_running(char **command, bool bound)
{
	static const int passed_on[] = {
		SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2,
	};
	pid_t parent = getpid(), pid;
	sigset_t set, before;
	siginfo_t info;
	int status;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(passed_on); i++)
		sigaddset(&set, passed_on[i]);
	sigaddset(&set, SIGCHLD);
	signal(SIGCHLD, SIG_DFL);
	sigprocmask(SIG_BLOCK, &set, &before);

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		err(STATUS_NO_NETPORT, "can't fork");
	if (!pid)
		become(command, parent, bound, &before);

	while (waitpid(pid, &status, WNOHANG) != pid) {
		/* What the terminal sends, the command gets without help. */
		if (sigwaitinfo(&set, &info) > 0 && info.si_signo != SIGCHLD && info.si_code <= 0)
			kill(pid, info.si_signo);
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void export_number(const char *name, unsigned long long number)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", number);
	setenv(name, text, 1);
}

void export_owner(int fd)
{
	struct netport_info info;

	if (netport_info(fd, &info))
		err(STATUS_REFUSED, "can't ask the module what it has");
	export_number("NETPORT_OWNER", info.owner);
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

/* Until the wish of @w is granted: in turn, and with a word about it for who looks on. */
static bool wait_for(int fd, struct want *w, unsigned int ms, const char *why)
{
	struct netport_granted granted = { .wish = w->r.reserve.token };
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint64_t begin = now_ms(), waited = 0;

	while (netport_granted(fd, &granted)) {
		int rest = ms == WAIT_FOREVER ? -1 : (int)(ms - waited);

		if (errno != ENOENT)
			err(STATUS_REFUSED, "can't wait any longer");
		if (ms != WAIT_FOREVER && waited >= ms) {
			end_progress();
			return false;
		}
		progress("waiting, %u s: %s", (unsigned int)(waited / 1000), why);
		if (has_progress() && (unsigned int)rest > 1000)
			rest = 1000;
		poll(&p, 1, rest);
		waited = now_ms() - begin;
	}
	end_progress();
	w->r.reserve.binding.port = granted.port;
	w->r.reserve.token = granted.token;
	return true;
}

static void obtain(int fd, const struct request *req, struct want *w)
{
	char what[TEXT_LEN], why[4 * TEXT_LEN];
	int error;

	if (!netport_request(fd, &w->r))
		return;
	error = errno;
	snprintf(why, sizeof(why), "%s", refusal(w, error));
	if (!req->waits || (error != EADDRINUSE && error != EADDRNOTAVAIL))
		errx(STATUS_REFUSED, "%s", why);
	w->r.terms.conflict = 0;
	if (netport_wish(fd, &w->r))
		errx(STATUS_REFUSED, "%s", refusal(w, errno));
	if (!wait_for(fd, w, req->wait, why))
		errx(STATUS_REFUSED, "waited %u.%u s for %s, in vain: %s", req->wait / 1000,
		     req->wait % 1000 / 100, want_text(w, what), why);
}

/* Nobody is to have it for a while. */
static void release_with_hold(int fd, const struct want *w, unsigned int ms)
{
	struct netport_release r = { .token = w->r.reserve.token, .hold = ms };

	if (netport_release_by(fd, &r))
		warn("can't have it held for a while");
}

int hold(const struct request *req, struct want *w)
{
	bool persistent = req->options & NETPORT_OPT_PERSISTENT;
	char text[TEXT_LEN];
	int fd, status = 0;

	if (req->waits && req->options & (NETPORT_OPT_HOST_CHECK | NETPORT_OPT_HOST_HOLD |
					     NETPORT_OPT_PERSISTENT))
		errx(STATUS_USAGE, "what is persistent, or asks the host, can't be waited for");
	if (persistent && is_given(req, OPTION(HOLD)))
		errx(STATUS_USAGE,
		     "what is persistent doesn't end with netport, so --hold isn't for it");
	fd = open_netport();
	obtain(fd, req, w);
	want_text(w, text);
	if (req->command) {
		/* What the command leaves running keeps the port. */
		fcntl(fd, F_SETFD, 0);
		export_number("NETPORT_PORT", w->r.reserve.binding.port);
		export_number("NETPORT_COUNT", w->r.terms.count ?: 1);
		export_number("NETPORT_TOKEN", w->r.reserve.token);
		export_number("NETPORT_FD", fd);
		export_owner(fd);
		status = hold_while_running(req->command, false);
	} else {
		printf("%s token %llu\n", text, (unsigned long long)w->r.reserve.token);
		if (!persistent)
			hold_until_told();
	}
	if (req->hold)
		release_with_hold(fd, w, req->hold);
	return status;
}
