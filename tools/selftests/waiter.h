/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests that wait: sets and deadlines as text, and threads that sleep in a request.
 *
 * What is in a queue is known from outside: a thread that sleeps in the module has
 * finished queueing up, and one that is woken doesn't sleep any more as soon as whoever
 * woke it returns.
 */
#ifndef _WAITER_H
#define _WAITER_H

#include "selftest.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>

#define FOREVER	INT64_MAX

/* The bindings of a set after the first. */
#define MORE_MAX	4

static inline __u64 now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static inline __u64 in_ms(unsigned int ms)
{
	return now_ns() + ms * 1000000ULL;
}

/* A request, of which each binding after the first follows a semicolon. */
static inline struct netport_request terms_request(const char *text,
						   struct netport_binding *more)
{
	struct netport_request r = { .terms.nbindings = 0 };
	char copy[512], *save, *part;

	if (strlen(text) >= sizeof(copy))
		die("too long: %s", text);
	strcpy(copy, text);
	part = strtok_r(copy, ";", &save);
	r.reserve = request(part);
	while ((part = strtok_r(NULL, ";", &save))) {
		if (r.terms.nbindings == MORE_MAX)
			die("too many bindings: %s", text);
		more[r.terms.nbindings++] = request(part).binding;
	}
	if (r.terms.nbindings)
		r.terms.bindings = (uintptr_t)more;
	return r;
}

/* NETPORT_IOC_REQUEST: what it may write is checked as for RESERVE. */
static inline int terms_reserve(int fd, struct netport_request *r)
{
	struct netport_request before;
	int err;

	r->reserve.token = POISON;
	before = *r;
	err = command(fd, NETPORT_IOC_REQUEST, r);
	if (!err && (!only_results_written(&before.reserve, &r->reserve) ||
		     memcmp(&before.terms, &r->terms, sizeof(r->terms)))) {
		fprintf(stderr, "# REQUEST wrote more than its results\n");
		return BROKEN;
	}
	return err;
}

/* Reserve what @text says, until @deadline. */
static inline int wait_for(int fd, const char *text, __u64 deadline, __u64 *token)
{
	struct netport_binding more[MORE_MAX];
	struct netport_request r = terms_request(text, more);
	int err;

	r.terms.deadline = deadline;
	err = terms_reserve(fd, &r);
	if (token)
		*token = err ? 0 : r.reserve.token;
	return err;
}

/**
 * struct waiter - a thread that makes a request
 * @fd: for whom
 * @req: the request, and what came of it
 * @more: its further bindings
 * @thread: the thread
 * @tid: its number, once it runs
 * @done: the call has returned
 * @err: with this
 * @place: as which of all waiters
 * @sleeps: how often it has slept in it
 */
struct waiter {
	int			fd;
	struct netport_request	req;
	struct netport_binding	more[MORE_MAX];
	pthread_t		thread;
	atomic_int		tid;
	atomic_bool		done;
	int			err;
	unsigned int		place;
	long			sleeps;
};

/* How many have returned. */
static atomic_uint waiters_done;

static inline long thread_sleeps(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nvcsw;
}

static inline void *waiter_thread(void *arg)
{
	struct waiter *w = arg;
	long before;

	atomic_store(&w->tid, syscall(SYS_gettid));
	before = thread_sleeps();
	w->err = terms_reserve(w->fd, &w->req);
	w->sleeps = thread_sleeps() - before;
	w->place = atomic_fetch_add(&waiters_done, 1);
	atomic_store(&w->done, true);
	return NULL;
}

static inline void waiter_run(struct waiter *w, void *(*fn)(void *))
{
	pthread_attr_t attr;
	int err;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	/* To protect one interrupts all the other CPUs, a thousand times. */
	pthread_attr_setguardsize(&attr, 0);
	err = pthread_create(&w->thread, &attr, fn, w);
	if (err) {
		errno = err;
		die("pthread_create");
	}
	pthread_attr_destroy(&attr);
}

static inline void waiter_start(struct waiter *w, int fd, const char *text, __u64 deadline)
{
	memset(w, 0, sizeof(*w));
	w->fd = fd;
	w->req = terms_request(text, w->more);
	w->req.terms.deadline = deadline;
	waiter_run(w, waiter_thread);
}

/* Does a task sleep in the module? */
static inline bool sleeps_in_netport(pid_t tid)
{
	char path[64], where[64];

	snprintf(path, sizeof(path), "/proc/%d/wchan", tid);
	return read_file(path, where, sizeof(where)) && !strncmp(where, "np_wait", 7);
}

static inline bool waiter_asleep(struct waiter *w)
{
	pid_t tid = atomic_load(&w->tid);

	return tid && !atomic_load(&w->done) && sleeps_in_netport(tid);
}

/* Before another look; a processor for who is looked at. */
static inline void breathe(void)
{
	struct timespec t = { .tv_nsec = 50000 };

	nanosleep(&t, NULL);
}

/* Until it waits; false if it returns instead. */
static inline bool waiter_waits(struct waiter *w)
{
	while (!waiter_asleep(w)) {
		if (atomic_load(&w->done))
			return false;
		breathe();
	}
	return true;
}

/* A waiter that has queued up when this returns. */
static inline bool waiter_queue(struct waiter *w, int fd, const char *text)
{
	waiter_start(w, fd, text, FOREVER);
	return waiter_waits(w);
}

/* What its call has returned, when it has. */
static inline int waiter_end(struct waiter *w)
{
	pthread_join(w->thread, NULL);
	return w->err;
}

static inline int waiter_release(struct waiter *w)
{
	return release(w->fd, w->req.reserve.token);
}

/* A process that sleeps in a request of @fd; its exit status is the errno. */
static inline pid_t waiting_child(int fd, const char *text)
{
	pid_t pid = spawn();

	if (!pid)
		_exit(wait_for(fd, text, FOREVER, NULL));
	while (!sleeps_in_netport(pid))
		breathe();
	return pid;
}

#endif /* _WAITER_H */
