// SPDX-License-Identifier: GPL-2.0
/*
 * drive - run a command as a person would
 *
 *	drive [-p] [-e] [-w TEXT] [-t TEXT] [-s SIGNAL] [-a MS] COMMAND...
 *
 * At a terminal of its own, of 80 by 10, or with -p without one, on a pipe.  When it has
 * written a line with the TEXT of -w, or MS after its start, it's typed the TEXT of -t (^C is what
 * that key sends) or sent the SIGNAL, by name.  What it writes is passed on, an escape as \e and
 * without carriage returns; with -e, only standard error is.  The exit status is the command's,
 * 128 + N if signal N ended it.
 */
#define _GNU_SOURCE 1
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

static struct drive {
	bool		no_terminal;
	bool		error_only;
	const char	*awaited;
	const char	*typed;
	int		signal;
	int		after;
} drive = { .after = -1 };

static const struct {
	const char	*name;
	int		number;
} signals[] = {
	{ "INT", SIGINT }, { "TERM", SIGTERM }, { "HUP", SIGHUP }, { "QUIT", SIGQUIT },
	{ "USR1", SIGUSR1 }, { "USR2", SIGUSR2 }, { "KILL", SIGKILL },
};

static int signal_number(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		if (!strcmp(signals[i].name, name))
			return signals[i].number;
	errx(2, "%s is no signal", name);
}

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void pass_on(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '\033')
			fputs("\\e", stdout);
		else if (s[i] != '\r' || drive.no_terminal)
			putchar(s[i]);
	}
	fflush(stdout);
}

static void act(pid_t pid, int fd)
{
	if (drive.typed) {
		const char *text = strcmp(drive.typed, "^C") ? drive.typed : "\003";

		if (write(fd, text, strlen(text)) < 0 || (text[0] != 3 && write(fd, "\n", 1) < 0))
			err(2, "write");
	}
	if (drive.signal)
		kill(pid, drive.signal);
}

/* Signals as a person's shell leaves them: in the background, one of a script ignores some. */
static void become(char **command)
{
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		signal(signals[i].number, SIG_DFL);
	execvp(command[0], command);
	err(127, "%s", command[0]);
}

static pid_t start(char **command, int *fd)
{
	const struct winsize size = { .ws_row = 10, .ws_col = 80 };
	int fds[2], saved = dup(STDOUT_FILENO);
	pid_t pid;

	if (!drive.no_terminal) {
		pid = forkpty(fd, NULL, NULL, &size);
	} else {
		if (pipe(fds))
			err(2, "pipe");
		pid = fork();
		*fd = fds[0];
		if (!pid) {
			dup2(fds[1], STDOUT_FILENO);
			dup2(fds[1], STDERR_FILENO);
			close(fds[0]);
			close(fds[1]);
		} else {
			close(fds[1]);
		}
	}
	if (pid < 0)
		err(2, "fork");
	if (!pid) {
		if (drive.error_only)
			dup2(saved, STDOUT_FILENO);
		close(saved);
		become(command);
	}
	close(saved);
	return pid;
}

static void options(int argc, char **argv)
{
	int letter;

	while ((letter = getopt(argc, argv, "+pew:t:s:a:")) != -1) {
		switch (letter) {
		case 'p':
			drive.no_terminal = true;
			break;
		case 'e':
			drive.error_only = true;
			break;
		case 'w':
			drive.awaited = optarg;
			break;
		case 't':
			drive.typed = optarg;
			break;
		case 's':
			drive.signal = signal_number(optarg);
			break;
		case 'a':
			drive.after = atoi(optarg);
			break;
		default:
			exit(2);
		}
	}
}

static bool has_ended(pid_t pid)
{
	siginfo_t info = { 0 };

	return !waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT) && info.si_pid == pid;
}

/* What is typed before the end of the line would be echoed within it. */
static bool has_line(const char *all, const char *text)
{
	const char *at = strstr(all, text);

	return at && strchr(at, '\n');
}

int main(int argc, char **argv)
{
	static char all[65536];
	size_t have = 0;
	bool acted = false;
	struct pollfd p;
	int fd, status;
	long begin;
	pid_t pid;

	options(argc, argv);
	begin = now_ms();
	pid = start(argv + optind, &fd);
	p = (struct pollfd){ .fd = fd, .events = POLLIN };
	for (;;) {
		int ready = poll(&p, 1, acted || drive.after < 0 ? 100 : 10);
		ssize_t n = 0;

		if (ready == 1) {
			n = read(fd, all + have, sizeof(all) - 1 - have);
			if (n <= 0)
				break;
			pass_on(all + have, n);
			have += n;
			all[have] = 0;
		} else if (has_ended(pid)) {
			break;		/* what it has left running may have the output, too */
		}
		if (!acted && ((drive.awaited && has_line(all, drive.awaited)) ||
			       (drive.after >= 0 && now_ms() - begin >= drive.after))) {
			acted = true;
			act(pid, fd);
		}
	}
	if (waitpid(pid, &status, 0) != pid)
		err(2, "wait");
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
