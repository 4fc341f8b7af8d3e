/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the programs of make bench share: a clock, medians, and main().
 *
 * PROGRAM PEER ROW measures one row of ./rows and prints "ROW PEER VALUE".  The clock counts
 * instructions on the machine that they are made for (TESTBED: vm.sh with ICOUNT=1); what
 * reading it costs is measured and taken off.
 */
#ifndef _BENCH_H
#define _BENCH_H

#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* The range that both netport and the host pick from, see guest.sh. */
#define LOW		16000
#define HIGH		65535
#define RANGE		(HIGH - LOW + 1)

/* One in @n ports is free, and of these as many are odd as even, for TCP prefers one. */
static inline bool left_free(unsigned int port, unsigned int n)
{
	return port % n == port / n % n;
}

#define SAMPLES		101	/* of the same work each: the timer's tick hits some of them */
#define CALLS		64	/* in a sample */
#define RANDOM_CALLS	40	/* likewise, of calls that begin at a random port each */

static inline uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static inline int by_number(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static inline double median(double *sample, unsigned int n)
{
	qsort(sample, n, sizeof(*sample), by_number);
	return sample[n / 2];
}

static inline double clock_cost(void)
{
	static double cost;
	double sample[99];
	unsigned int i;

	for (i = 0; !cost && i < ARRAY_SIZE(sample); i++) {
		uint64_t start = now();

		sample[i] = now() - start;
	}
	if (!cost)
		cost = median(sample, ARRAY_SIZE(sample));
	return cost;
}

/* What @work costs a call; the median of @samples, each of @calls. */
static inline double measure(void (*work)(void), unsigned int samples, unsigned int calls)
{
	double *sample = calloc(samples, sizeof(*sample)), result;
	unsigned int i, j;
	uint64_t start;

	work();		/* once for what is made at the first use */
	clock_cost();
	for (i = 0; i < samples; i++) {
		start = now();
		for (j = 0; j < calls; j++)
			work();
		sample[i] = (now() - start - clock_cost()) / calls;
	}
	result = median(sample, samples);
	free(sample);
	return result;
}

static inline double per_call(void (*work)(void))
{
	return measure(work, SAMPLES, CALLS);
}

/* Likewise, with something to be done before and after that doesn't count. */
static inline double measure_between(void (*before)(void), void (*work)(void),
				     void (*after)(void), unsigned int samples,
				     unsigned int calls)
{
	double *sample = calloc(samples, sizeof(*sample)), result;
	unsigned int i, j;
	uint64_t start;

	clock_cost();
	for (i = 0; i < samples; i++) {
		for (j = 0; j < calls; j++) {
			before();
			start = now();
			work();
			sample[i] += now() - start - clock_cost();
			after();
		}
		sample[i] /= calls;
	}
	result = median(sample, samples);
	free(sample);
	return result;
}

/* From the kill of a process that has run @hold to when it's gone. */
static inline double kill_once(void (*hold)(unsigned int n), unsigned int n)
{
	int ready[2];
	uint64_t start;
	pid_t pid;
	char c;

	if (pipe(ready))
		err(1, "pipe");
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		hold(n);
		if (write(ready[1], "", 1) != 1)
			_exit(1);
		pause();
		_exit(1);
	}
	close(ready[1]);
	if (read(ready[0], &c, 1) != 1)
		errx(1, "the process that holds %u died", n);
	close(ready[0]);
	start = now();
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return now() - start;
}

/* What each of @n things costs that a killed process held; the timer doesn't matter here. */
static inline double kill_cost(void (*hold)(unsigned int n), unsigned int n)
{
	return (kill_once(hold, n) - kill_once(hold, 0)) / n;
}

/*
 * Bytes of slabs: all of them; or, with @objects, of the caches alone that have got as many
 * objects more since the last call.
 */
static inline double slab_bytes(unsigned long objects)
{
	static struct { char name[64]; unsigned long objects; double bytes; } was[512];
	unsigned long active, size, per_slab, pages, slabs;
	FILE *f = fopen("/proc/slabinfo", "r");
	double sum = 0, bytes;
	char line[512], name[64];
	unsigned int i = 0;

	if (!f)
		err(1, "/proc/slabinfo");
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line,
			   "%63s %lu %*u %lu %lu %lu : tunables %*u %*u %*u : slabdata %*u %lu",
			   name, &active, &size, &per_slab, &pages, &slabs) != 6)
			continue;
		bytes = slabs * pages * 4096.0;
		if (!objects) {
			sum += bytes;
			strcpy(was[i].name, name);
			was[i].objects = active;
			was[i].bytes = bytes;
		} else if (!strcmp(was[i].name, name) && active >= was[i].objects + objects) {
			sum += bytes - was[i].bytes;
		}
		if (++i == ARRAY_SIZE(was))
			errx(1, "too many slab caches");
	}
	fclose(f);
	return sum;
}

/* Free pages, and those that a CPU keeps at hand, which are many on this machine. */
static inline double free_bytes(void)
{
	FILE *f = fopen("/proc/zoneinfo", "r");
	double pages = 0, n;
	char line[256];

	if (!f)
		err(1, "/proc/zoneinfo");
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, " nr_free_pages %lf", &n) == 1 ||
		    sscanf(line, " count: %lf", &n) == 1)
			pages += n;
	fclose(f);
	return pages * 4096;
}

struct row {
	const char *key;
	double (*run)(void);
};

static inline void allow_many_files(void)
{
	struct rlimit files = { 1 << 20, 1 << 20 };

	if (setrlimit(RLIMIT_NOFILE, &files))
		err(1, "RLIMIT_NOFILE");
}

/* 0 or the exit status of a program that doesn't know the row. */
static inline int run_row(const struct row *rows, unsigned int n, const char *peer,
			  const char *key)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (strcmp(rows[i].key, key))
			continue;
		printf("%s %s %.2f\n", key, peer, rows[i].run());
		return 0;
	}
	warnx("no row %s for %s", key, peer);
	return 2;
}

#endif /* _BENCH_H */
