// SPDX-License-Identifier: GPL-2.0
/*
 * Runs: one after the other episodes of operations, until the time or the number of steps
 * is over, or the kernel and the model don't agree.  Then the operations are shrunk to the
 * fewest that still bring that about.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "fuzz.h"

#define WORKERS		8

__u64 rng_state;

/* What the workers have done, in shared memory. */
static struct shared {
	struct count count;
	__u64 ns[OPS];		/* how long they took, what is between episodes not among it */
	unsigned long steps;
	bool failed;
	__u64 begin;
	double took;		/* how long, and in how many steps, until then */
	unsigned long took_steps;
} *shared;

static struct op *ops;
static jmp_buf trouble;
static char complaint[2048];
static unsigned int shrinks = 1;
static bool dirty = true;	/* there may be something in the namespaces */

void failed(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(complaint, sizeof(complaint), fmt, args);
	va_end(args);
	longjmp(trouble, 1);
}

/* So many operations, and each kind has worked. */
#define ENOUGH		20000

/* How often the whole table is looked at: one in so many. */
#define CHECK_EVERY	100

/* So few that it is looked at each time. */
#define FEW		64

/* Windows: in the middle of the bitmaps, and where words, chunks, shards and privileges end. */
static const __u16 windows[] = { 20474, 65524, 1018, 16000, 40000, 4090, 1, 63 };

/**
 * replay() - do operations again, in a world where nothing is
 * @list: which
 * @n: how many
 * @last: result: the one that failed
 *
 * Return: whether one did.
 */
static bool replay(const unsigned int *list, unsigned int n, unsigned int *last)
{
	static unsigned int i;
	static struct op op;

	i = 0;
	if (setjmp(trouble)) {
		*last = i;
		return true;
	}
	world_reset(dirty);
	dirty = true;
	for (i = 0; i < n; i++) {
		op = ops[list[i]];
		step(&op);
		if (n < FEW || i % CHECK_EVERY == 0)
			check_all();
	}
	i = n - 1;
	check_all();
	check_end();
	dirty = false;
	return false;
}

/* What is to come again: how the complaint begins. */
#define SAME	20
static char wanted[SAME + 1];

/* Does it fail like that in one of some attempts?  Picks are random. */
static bool fails(const unsigned int *list, unsigned int n, unsigned int *last, int attempts)
{
	while (attempts--)
		if (replay(list, n, last) && !strncmp(complaint, wanted, strlen(wanted)))
			return true;
	return false;
}

/* Take out what isn't needed, half of it at once, then less and less. */
static unsigned int shrink(unsigned int *list, unsigned int n, int attempts)
{
	static unsigned int less[EPISODE];
	unsigned int chunk, at, m, last;
	__u64 end = now_ns() + 60 * 1000000000ULL;

	for (chunk = (n + 1) / 2; chunk; chunk = chunk == 1 ? 0 : (chunk + 1) / 2) {
		bool better;

		do {
			better = false;
			for (at = 0; at < n && now_ns() < end;) {
				m = at + chunk < n ? at + chunk : n;
				memcpy(less, list, at * sizeof(*list));
				memcpy(less + at, list + m, (n - m) * sizeof(*list));
				if (n - (m - at) && fails(less, n - (m - at), &last, attempts)) {
					n = last + 1;
					memcpy(list, less, n * sizeof(*list));
					better = true;
				} else {
					at += chunk;
				}
			}
		} while (better && chunk == 1);
	}
	return n;
}

static void report(__u64 seed, unsigned long episode, unsigned int n)
{
	static unsigned int list[EPISODE];
	unsigned int i, last, first = n;
	int attempts = 1;

	for (i = 0; i < n; i++)
		list[i] = i;
	printf("# seed %llu, episode %lu, step %u: %s\n", (unsigned long long)seed, episode,
	       n - 1, complaint);
	print_op(stdout, &ops[n - 1]);
	fflush(stdout);
	if (!shrinks)
		return;
	memcpy(wanted, complaint, SAME);
	/* With the ports that were picked; or with luck; or something else that is wrong. */
	for (attempts = 1; attempts <= 8; attempts *= 2) {
		pinned = true;
		if (fails(list, n, &last, attempts))
			goto again;
		pinned = false;
		if (fails(list, n, &last, attempts))
			goto again;
	}
	wanted[0] = 0;
	pinned = true;
	if (!fails(list, n, &last, 1)) {
		printf("# it doesn't come again; the last of them:\n");
		for (i = n > 12 ? n - 12 : 0; i < n; i++)
			print_op(stdout, &ops[i]);
		return;
	}
again:
	n = shrink(list, last + 1, attempts);
	fails(list, n, &last, 8);
	printf("# shrunk from %u to %u operations: %s\n", first, n, complaint);
	for (i = 0; i < n; i++)
		print_op(stdout, &ops[list[i]]);
	printf("# what is held, says the model:\n");
	print_model(stdout);
	fflush(stdout);
}

/* Done, or it failed at step *@n. */
static bool episode(__u64 seed, unsigned long nr, unsigned long steps, unsigned int *n)
{
	__u16 window;
	__u64 begin;

	rng_state = seed * 0x9e3779b97f4a7c15 + nr * 0xd1b54a32d192ed03;
	window = windows[below(ARRAY_SIZE(windows))];
	*n = 0;
	pinned = false;
	if (setjmp(trouble))
		return false;
	world_reset(dirty);
	dirty = true;
	for (*n = 1; *n <= EPISODE && *n <= steps; ++*n) {
		struct op *op = &ops[*n - 1];

		generate(op, *n - 1, window);
		begin = now_ns();
		shared->steps += step(op);
		shared->ns[op->kind] += now_ns() - begin;
		if (*n % CHECK_EVERY == 0)
			check_all();
	}
	--*n;
	check_all();
	check_end();
	dirty = false;
	return true;
}

static int worker(__u64 seed, unsigned int nr, unsigned long steps, unsigned int seconds,
		  unsigned int failures)
{
	__u64 end = now_ns() + seconds * 1000000000ULL;
	unsigned long i, done = 0;
	unsigned int n, bad = 0;

	world_init();
	ops = unforked(EPISODE * sizeof(*ops));
	for (i = nr; steps ? done < steps : now_ns() < end; i += WORKERS) {
		if (!episode(seed, i, steps ? steps - done : EPISODE, &n)) {
			if (!shared->failed) {
				shared->took = (now_ns() - shared->begin) / 1e9;
				shared->took_steps = shared->steps;
			}
			shared->failed = true;
			report(seed, i, n);
			if (++bad == failures)
				break;
		}
		done += n;
	}
	return bad ? 1 : 0;
}

/*
 * How long each took, and how often it came to what; one that has never worked is a fault of
 * the generator.
 */
static bool summary(void)
{
	bool good = true;
	unsigned long all;
	int kind, err;

	for (kind = 0; kind < OPS; kind++) {
		int works = kind == OP_NOTTY ? ENOTTY : 0;

		for (all = 0, err = 0; err < 192; err++)
			all += shared->count.err[kind][err];
		printf("# %-16s %6llu us", kind_name(kind),
		       (unsigned long long)shared->ns[kind] / 1000 / (all ? all : 1));
		for (err = 0; err < 192; err++)
			if (shared->count.err[kind][err])
				printf(" %s %lu", err ? err_name(err) : "done",
				       shared->count.err[kind][err]);
		printf("\n");
		if (!shared->count.err[kind][works] && shared->steps >= ENOUGH) {
			printf("# %s: never worked\n", kind_name(kind));
			good = false;
		}
	}
	return good;
}

static bool run(__u64 seed, unsigned int jobs, unsigned long steps, unsigned int seconds,
		unsigned int failures, bool progress)
{
	unsigned int i, left = jobs, second = 0;
	__u64 begin = now_ns();
	bool good = true;
	pid_t pid[WORKERS];
	int status;

	memset(shared, 0, sizeof(*shared));
	shared->begin = begin;
	count = &shared->count;
	fflush(stdout);
	for (i = 0; i < jobs; i++) {
		pid[i] = fork();
		if (!pid[i])
			exit(worker(seed, i, steps, seconds, failures));
	}
	while (left) {
		pid_t gone = waitpid(-1, &status, WNOHANG);

		if (gone > 0) {
			left--;
			if (status)
				good = false;
			if (status && !shared->failed)
				printf("# a worker died: status %#x\n", status);
			/* One who fails is enough. */
			for (i = 0; status && i < jobs; i++)
				if (pid[i] != gone)
					kill(pid[i], SIGKILL);
			continue;
		}
		nap_us(20000);
		if (progress && !shared->failed &&
		    now_ns() - begin > (second + 5) * 1000000000ULL) {
			second += 5;
			printf("# %3u s: %lu steps, %lu/s\n", second, shared->steps,
			       shared->steps / second);
			fflush(stdout);
		}
	}
	if (progress) {
		double s = (now_ns() - begin) / 1e9;
		struct rusage used;

		getrusage(RUSAGE_CHILDREN, &used);
		printf("# %lu steps in %.1f s, %.0f/s (user %ld s, system %ld s)\n",
		       shared->steps, s, shared->steps / s, (long)used.ru_utime.tv_sec,
		       (long)used.ru_stime.tv_sec);
	}
	return good;
}

/* Without arguments: a test like the others, with a budget that is always the same. */
static int selftest(void)
{
	static const __u64 seeds[] = { 1, 2 };
	unsigned long steps = getenv("NETPORT_FEWER") || sizeof(long) == 4 ? 2000 : 8000;
	bool good, all = true;
	unsigned int i;

	printf("TAP version 13\n1..%zu\n", ARRAY_SIZE(seeds));
	for (i = 0; i < ARRAY_SIZE(seeds); i++) {
		good = run(seeds[i], 1, steps, 0, 1, false);
		printf("%sok %u seed %llu\n", good ? "" : "not ", i + 1,
		       (unsigned long long)seeds[i]);
		all &= good;
	}
	return all ? 0 : 1;
}

int main(int argc, char **argv)
{
	unsigned int jobs = sysconf(_SC_NPROCESSORS_ONLN), seconds = 10, failures = 1;
	unsigned long steps = 0;
	__u64 seed = 1;
	bool good;
	int i, ret;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (geteuid()) {
		printf("1..0 # SKIP needs root\n");
		return 4;
	}
	shared = unforked(sizeof(*shared));
	limits(true);
	if (argc < 2) {
		ret = selftest();
		limits(false);
		return ret;
	}
	for (i = 1; i < argc; i++) {
		if (sscanf(argv[i], "seed=%llu", (unsigned long long *)&seed) == 1 ||
		    sscanf(argv[i], "seconds=%u", &seconds) == 1 ||
		    sscanf(argv[i], "steps=%lu", &steps) == 1 ||
		    sscanf(argv[i], "jobs=%u", &jobs) == 1 ||
		    sscanf(argv[i], "shrink=%u", &shrinks) == 1 ||
		    sscanf(argv[i], "failures=%u", &failures) == 1)
			continue;
		fprintf(stderr, "usage: fuzz [seed=N] [seconds=N | steps=N] [jobs=N] [%s]\n",
			"failures=N] [shrink=0");
		return 2;
	}
	if (jobs > WORKERS)
		jobs = WORKERS;
	good = run(seed, jobs, steps, seconds, failures, true);
	limits(false);
	good = summary() && good;
	if (good)
		printf("fuzz: %lu steps, seed %llu: no difference\n", shared->steps,
		       (unsigned long long)seed);
	else
		printf("fuzz: FAILED after %.1f s, %lu steps, seed %llu\n", shared->took,
		       shared->took_steps, (unsigned long long)seed);
	return good ? 0 : 1;
}
