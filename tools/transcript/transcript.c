// SPDX-License-Identifier: GPL-2.0
/*
 * transcript - what people see of a command: runs *.t, and compares
 *
 * A transcript has commands, and what they say, in the form that cram(1) has, too:
 *
 *	What isn't indented is a comment.
 *
 *	  $ echo a; seq 3		a command, run by sh
 *	  > | tail -n 1			more of it
 *	  a				what it writes, to standard error as well
 *	  [0-9] (glob)			some of what that may be
 *	  [1]				its exit status, if not 0
 *
 * All commands of a file are run by one shell, in a network namespace of their own, after
 * those of prelude.sh.  A file is a test; what isn't as it should be is told as diff(1) would.
 *
 *	transcript [-l] [-t NAME]...
 */
#define _GNU_SOURCE 1
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DIRECTORY	"/transcripts"
#define LIMIT_S		60
#define GLOB		" (glob)"

/* Between the commands; nothing that they write has it. */
#define MARK		"@transcript@"

/**
 * struct step - a command of a transcript
 * @line: where it begins
 * @command: itself, lines with their ends
 * @expected: the lines that it's to write, and "[N]" at the end if its status isn't 0
 * @nexpected: how many
 */
struct step {
	unsigned int	line;
	char		*command;
	char		**expected;
	size_t		nexpected;
};

struct transcript {
	struct step	*steps;
	size_t		count;
};

static void *grown(void *array, size_t n, size_t size)
{
	array = reallocarray(array, n, size);
	if (!array)
		errx(1, "no memory");
	return array;
}

static struct transcript read_transcript(const char *path)
{
	struct transcript t = { 0 };
	unsigned int n = 0;
	char *line = NULL;
	size_t size = 0;
	ssize_t length;
	FILE *f;

	f = fopen(path, "re");
	if (!f)
		err(1, "%s", path);
	while ((length = getline(&line, &size, f)) > 0) {
		struct step *s = t.count ? &t.steps[t.count - 1] : NULL;

		n++;
		if (line[length - 1] == '\n')
			line[--length] = 0;
		if (!strncmp(line, "  $ ", 4)) {
			t.steps = grown(t.steps, t.count + 1, sizeof(*t.steps));
			s = &t.steps[t.count++];
			*s = (struct step){ .line = n };
			if (asprintf(&s->command, "%s\n", line + 4) < 0)
				errx(1, "no memory");
		} else if (s && !strncmp(line, "  > ", 4)) {
			char *more;

			if (asprintf(&more, "%s%s\n", s->command, line + 4) < 0)
				errx(1, "no memory");
			free(s->command);
			s->command = more;
		} else if (s && !strncmp(line, "  ", 2)) {
			s->expected = grown(s->expected, s->nexpected + 1, sizeof(char *));
			s->expected[s->nexpected++] = strdup(line + 2);
		}
	}
	free(line);
	fclose(f);
	return t;
}

/* The shell's script: each command, and then its number and status. */
static void write_script(const char *path, const struct transcript *t)
{
	FILE *f = fopen(path, "we");

	if (!f)
		err(1, "%s", path);
	fprintf(f, ". " DIRECTORY "/prelude.sh\n");
	for (size_t i = 0; i < t->count; i++)
		fprintf(f, "%secho \"" MARK "%zu $?\"\n", t->steps[i].command, i);
	if (fclose(f))
		err(1, "%s", path);
}

/* The shell and all that it has started: they are in a session of their own. */
static void end_session(pid_t shell)
{
	struct dirent *d;
	DIR *proc = opendir("/proc");

	while (proc && (d = readdir(proc))) {
		pid_t pid = atoi(d->d_name);

		if (pid > 1 && getsid(pid) == shell)
			kill(pid, SIGKILL);
	}
	if (proc)
		closedir(proc);
}

static char *run_script(const char *script, const char *directory, bool *late)
{
	char *output = NULL;
	size_t have = 0;
	time_t begin = time(NULL);
	int fds[2], status;
	struct pollfd p;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC))
		err(1, "pipe");
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		int in = open("/dev/null", O_RDONLY);

		setsid();
		if (unshare(CLONE_NEWNET) || system("ip link set lo up") || chdir(directory))
			err(1, "%s", directory);
		dup2(in, 0);
		dup2(fds[1], 1);
		dup2(fds[1], 2);
		execl("/bin/sh", "sh", script, NULL);
		_exit(127);
	}
	close(fds[1]);
	p = (struct pollfd){ .fd = fds[0], .events = POLLIN };
	*late = false;
	for (;;) {
		ssize_t n = 0;

		output = grown(output, have + 4097, 1);
		if (time(NULL) - begin > LIMIT_S) {
			*late = true;
			break;
		}
		if (poll(&p, 1, 200) == 1) {
			n = read(fds[0], output + have, 4096);
			if (n <= 0)
				break;
			have += n;
		/* What it has left running may have the pipe, too. */
		} else if (waitpid(pid, &status, WNOHANG) == pid) {
			break;
		}
	}
	output[have] = 0;
	close(fds[0]);
	end_session(pid);
	waitpid(pid, &status, 0);
	return output;
}

static bool matches(const char *expected, const char *line)
{
	size_t n = strlen(expected), glob = strlen(GLOB);
	char pattern[1024];

	if (n < glob || strcmp(expected + n - glob, GLOB))
		return !strcmp(expected, line);
	snprintf(pattern, sizeof(pattern), "%.*s", (int)(n - glob), expected);
	return !fnmatch(pattern, line, 0);
}

/* Takes what a command wrote off @output, as lines and status as in struct step. */
static char **take_lines(char **output, size_t number, size_t *count)
{
	char mark[64], **lines = NULL, *end, *text = *output, *line;
	unsigned int status = 0;
	size_t n = 0;

	snprintf(mark, sizeof(mark), MARK "%zu ", number);
	end = text ? strstr(text, mark) : NULL;
	if (end) {
		*end = 0;
		status = strtoul(end + strlen(mark), output, 10);
		*output += strspn(*output, "\n");
	} else {
		*output = NULL;
	}
	/* A last line that has no end is one all the same. */
	while (text && *text) {
		line = strsep(&text, "\n");
		lines = grown(lines, n + 1, sizeof(*lines));
		lines[n++] = strdup(line);
	}
	if (status || !end) {
		lines = grown(lines, n + 1, sizeof(*lines));
		if (end ? asprintf(&lines[n], "[%u]", status) < 0 :
			  asprintf(&lines[n], "(the shell didn't get to its end)") < 0)
			errx(1, "no memory");
		n++;
	}
	*count = n;
	return lines;
}

static bool compare(const char *name, const struct step *s, char **lines, size_t n)
{
	bool same = n == s->nexpected;

	for (size_t i = 0; same && i < n; i++)
		same = matches(s->expected[i], lines[i]);
	if (same)
		return true;
	printf("# %s.t, line %u: $ %.*s\n", name, s->line, (int)strcspn(s->command, "\n"),
	       s->command);
	for (size_t i = 0; i < n || i < s->nexpected; i++) {
		const char *expected = i < s->nexpected ? s->expected[i] : NULL;
		const char *line = i < n ? lines[i] : NULL;

		if (expected && line && matches(expected, line)) {
			printf("#    %s\n", line);
			continue;
		}
		if (expected)
			printf("#   -%s\n", expected);
		if (line)
			printf("#   +%s\n", line);
	}
	return false;
}

static bool run(const char *name)
{
	char path[512], directory[] = "/tmp/transcript.XXXXXX", script[64], *output, *rest;
	struct transcript t;
	bool ok = true, late;

	snprintf(path, sizeof(path), DIRECTORY "/%s.t", name);
	t = read_transcript(path);
	if (!mkdtemp(directory))
		err(1, "%s", directory);
	chmod(directory, 0777);
	snprintf(script, sizeof(script), "%s/.script", directory);
	write_script(script, &t);
	output = run_script(script, directory, &late);
	rest = output;
	for (size_t i = 0; i < t.count && rest; i++) {
		size_t n;
		char **lines = take_lines(&rest, i, &n);

		ok &= compare(name, &t.steps[i], lines, n);
		for (size_t j = 0; j < n; j++)
			free(lines[j]);
		free(lines);
	}
	if (late)
		printf("# %s.t: not done after %d s\n", name, LIMIT_S);
	free(output);
	return ok && t.count && rest;
}

static int is_transcript(const struct dirent *d)
{
	return !fnmatch("*.t", d->d_name, 0);
}

int main(int argc, char **argv)
{
	struct dirent **files;
	int n = scandir(DIRECTORY, &files, is_transcript, alphasort), failures = 0, tests = 0;
	const char *chosen[64];
	size_t nchosen = 0;
	bool list = false;
	int letter;

	while ((letter = getopt(argc, argv, "lt:")) != -1) {
		if (letter == 'l')
			list = true;
		else if (letter == 't' && nchosen < 64)
			chosen[nchosen++] = optarg;
		else
			return 2;
	}
	setlinebuf(stdout);
	if (!list)
		printf("TAP version 13\n1..%zu\n", nchosen ?: (size_t)n);
	for (int i = 0; i < n; i++) {
		char *name = files[i]->d_name;
		bool wanted = !nchosen, ok;

		name[strlen(name) - strlen(".t")] = 0;
		for (size_t j = 0; j < nchosen; j++)
			wanted |= !strcmp(name, chosen[j]);
		if (list)
			puts(name);
		if (list || !wanted)
			continue;
		ok = run(name);
		printf("%sok %d %s\n", ok ? "" : "not ", ++tests, name);
		failures += !ok;
	}
	return failures ? 1 : 0;
}
