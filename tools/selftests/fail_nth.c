// SPDX-License-Identifier: GPL-2.0
/*
 * fail_nth - whatever a command needs fails in turn: then the command fails, all that is
 * reserved is as it was before, and once nothing fails any more it does what it's for; or it
 * succeeds nevertheless, and has done all of it.
 *
 * Each step (steps.h) is tried
 *
 * - with its first allocation or copy failing, its second, and so on until none is left, by
 *   /proc/self/fail-nth of kernels that have fault injection
 * - with more and more of its structure, and then of what this points at, being there, or
 *   writable: get_user(), put_user() and their like can't be made to fail otherwise
 *
 * And so do its files, a network namespace, and the module itself.
 */
#include "modules.h"
#include "steps.h"

#include <poll.h>

#define FAILURES_MAX	1000
#define ENTRIES_MAX	64
#define SYSCTLS		"/proc/sys/net/netport/"
/* Of what loading it needs, so much is tried: what comes before isn't netport's. */
#define LAST_OF_MODULE	200

/* All that can be seen of what is reserved. */
struct world {
	unsigned int n;
	struct netport_entry entry[ENTRIES_MAX];
	unsigned int low, high;
	/* What the three limits count. */
	unsigned int owner, uid, netns;
	short events, other_events;
	/* What the host could bind: TCP, UDP, and both for IPv6. */
	unsigned int host;
};

/* scenes */

static void list_all(int fd, struct world *w)
{
	struct netport_list list = {
		.entries = pointer(w->entry), .count = ENTRIES_MAX, .size = sizeof(w->entry[0]),
	};

	if (command(fd, NETPORT_IOC_LIST, &list))
		die("LIST");
	if (list.count == ENTRIES_MAX)
		die("too many to list");
	w->n = list.count;
}

/* Everything is given back, by its owners' end or here; whether there is nothing left. */
static bool scene_end(struct scene *s)
{
	static struct world w;
	unsigned int i;

	close(s->fd);
	close(s->other);
	list_all(s->watch, &w);
	for (i = 0; i < w.n; i++)
		release(s->watch, w.entry[i].token);
	if (set_range(s->watch, 16000, 65535))
		die("restore the range");
	list_all(s->watch, &w);
	return !w.n;
}

/* the world */

static int by_binding(const void *a, const void *b)
{
	const struct netport_entry *x = a, *y = b;

	return memcmp(&x->binding, &y->binding, sizeof(x->binding)) ?:
	       (x->token > y->token) - (x->token < y->token);
}

/* The files of the limits stay open, for they are written all the time. */
static const char * const limit_names[] = { "max_per_owner", "max_per_uid", "max_per_netns" };
static int limit_files[ARRAY_SIZE(limit_names)];

static void open_limits(void)
{
	char path[128];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(limit_names); i++) {
		snprintf(path, sizeof(path), PARAMETERS "%s", limit_names[i]);
		limit_files[i] = open(path, O_WRONLY | O_CLOEXEC);
		if (limit_files[i] < 0)
			die("open %s", path);
	}
}

static void limit(unsigned int which, unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	if (pwrite(limit_files[which], text, len, 0) != len)
		die("write %s", limit_names[which]);
}

/* Whether one more is let in with a limit. */
static bool fits(int fd, unsigned int which, unsigned int n)
{
	__u64 token;
	int err;

	limit(which, n);
	err = reserve_token(fd, "132 4 *:1999", &token);
	if (err == EDQUOT)
		return false;
	if (err || release(fd, token))
		die("try a limit: %d", err);
	return true;
}

/* How many a limit counts, which are about @guess. */
static unsigned int counted(int fd, unsigned int which, unsigned int guess)
{
	while (guess && fits(fd, which, guess))
		guess--;
	while (!fits(fd, which, guess + 1))
		guess++;
	limit(which, 1 << 20);
	return guess;
}

static bool host_can_bind(int family, int type)
{
	struct sockaddr_in6 any = { .sin6_family = family, .sin6_port = htons(40000) };
	int fd = socket(family, type | SOCK_CLOEXEC, 0), one = 1;
	bool can;

	if (fd < 0)
		die("socket");
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	/* A struct sockaddr_in, and its address, is shorter. */
	can = !bind(fd, (struct sockaddr *)&any, family == AF_INET ? 16 : sizeof(any));
	close(fd);
	return can;
}

static short events_of(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (poll(&p, 1, 0) < 0)
		die("poll");
	return p.revents;
}

static void world_look(const struct scene *s, struct world *w)
{
	unsigned int i;

	memset(w, 0, sizeof(*w));
	list_all(s->watch, w);
	for (i = 0; i < w->n; i++)
		w->entry[i].hold = !!w->entry[i].hold;
	qsort(w->entry, w->n, sizeof(w->entry[0]), by_binding);
	if (get_range(s->watch, &w->low, &w->high))
		die("GET_RANGE");
	w->owner = counted(s->fd, 0, w->n);
	w->uid = counted(s->watch, 1, w->n);
	w->netns = counted(s->watch, 2, w->n);
	w->events = events_of(s->fd);
	w->other_events = events_of(s->other);
	if (s->step->host)
		w->host = host_can_bind(AF_INET, SOCK_STREAM) |
			  host_can_bind(AF_INET, SOCK_DGRAM) << 1 |
			  host_can_bind(AF_INET6, SOCK_STREAM) << 2 |
			  host_can_bind(AF_INET6, SOCK_DGRAM) << 3;
}

static void world_tell(const char *when, const struct world *w)
{
	const struct netport_entry *e;
	unsigned int i;

	fprintf(stderr, "# %s: range %u-%u, counted %u %u %u, events %#x %#x, host %#x\n", when,
		w->low, w->high, w->owner, w->uid, w->netns, w->events, w->other_events,
		w->host);
	for (i = 0; i < w->n; i++) {
		e = &w->entry[i];
		fprintf(stderr, "#   %u:%u families %u share %u device %u ", e->binding.protocol,
			e->binding.port, e->binding.families, e->binding.share,
			e->binding.ifindex);
		fprintf(stderr, "state %u options %u parts %u token %llx owner %llu\n", e->state,
			e->options, e->parts, e->token, e->owner);
	}
}

static bool same_world(const struct world *a, const struct world *b)
{
	if (!memcmp(a, b, sizeof(*a)))
		return true;
	world_tell("wanted", a);
	world_tell("seen", b);
	return false;
}

/* outcomes: what was done, told in a way that doesn't depend on when it was done */

struct outcome {
	int err;
	struct world world;
	union argument arg;
	char data[DATA_MAX];
};

static unsigned int role(const struct scene *s, __u64 owner)
{
	return owner == s->owner ? 1 : owner == s->other_owner ? 2 : 3;
}

static void forget_entry(const struct scene *s, struct netport_entry *e)
{
	if (!e->token)
		return;
	e->token = 1;
	e->owner = role(s, e->owner);
	if (e->binding.protocol == s->protocol)
		e->binding.protocol = 0;
	if (s->step->any_port)
		e->binding.port = 0;
}

static void forget_world(const struct scene *s, struct world *w)
{
	__u64 token[ENTRIES_MAX];
	unsigned int i, j;

	for (i = 0; i < w->n; i++) {
		token[i] = w->entry[i].token;
		forget_entry(s, &w->entry[i]);
		for (j = 0; token[j] != token[i]; j++)
			;
		w->entry[i].token = j + 1;
	}
}

static void forget_reserve(const struct scene *s, struct netport_reserve *r)
{
	r->token = !!r->token;
	if (r->binding.protocol == s->protocol)
		r->binding.protocol = 0;
	if (s->step->any_port)
		r->binding.port = 0;
}

static void forget_terms(struct netport_terms *t)
{
	t->bindings = 0;
	t->exclude = 0;
	t->conflict = 0;
	t->deadline = 0;
}

/* Names, and what is random. */
static void forget_argument(const struct scene *s, union argument *a)
{
	switch (s->step->cmd) {
	case NETPORT_IOC_RESERVE:
	case NETPORT_IOC_AVAILABLE:
		forget_reserve(s, &a->request.reserve);
		break;
	case NETPORT_IOC_REQUEST:
	case NETPORT_IOC_AVAILABLE_REQUEST:
	case NETPORT_IOC_EXTEND:
	case NETPORT_IOC_REBIND:
	case NETPORT_IOC_WISH:
		forget_reserve(s, &a->request.reserve);
		forget_terms(&a->request.terms);
		break;
	case NETPORT_IOC_CANDIDATE:
		forget_reserve(s, &a->candidate.reserve);
		forget_terms(&a->candidate.terms);
		a->candidate.cursor = 0;
		break;
	case NETPORT_IOC_RELEASE:
		a->release.token = 0;
		a->release.binding.protocol = 0;
		break;
	case NETPORT_IOC_ACCEPT:
	case NETPORT_IOC_ADOPT:
	case NETPORT_IOC_UNWISH:
		a->token.token = 0;
		break;
	case NETPORT_IOC_EPHEMERAL:
		a->ephemeral.port = !!a->ephemeral.port;
		a->ephemeral.cursor = !!a->ephemeral.cursor;
		break;
	case NETPORT_IOC_BATCH:
		a->batch.requests = 0;
		a->batch.errors = 0;
		break;
	case NETPORT_IOC_RELEASE_BATCH:
		a->tokens.tokens = 0;
		break;
	case NETPORT_IOC_TRANSFER:
		a->transfer.token = 0;
		break;
	case NETPORT_IOC_LABEL:
		a->label.token = 0;
		break;
	case NETPORT_IOC_GRANTED:
		a->granted.wish = !!a->granted.wish;
		a->granted.token = !!a->granted.token;
		break;
	case NETPORT_IOC_LIST:
		a->list.entries = 0;
		memset(a->list.cursor, 0, sizeof(a->list.cursor));
		break;
	case NETPORT_IOC_INFO:
		a->info.owner = role(s, a->info.owner);
		break;
	}
}

/* What pointers of the argument point at, as it is now. */
static void *pointed_at(const struct scene *s, char *data, __u64 pointer)
{
	return data + (pointer - (uintptr_t)area_start(&s->data_at));
}

/* Of what is pointed at, results only. */
static void forget_data(const struct scene *s, char *data)
{
	const union argument *a = &s->arg;
	struct netport_entry *e;
	unsigned int i;

	switch (s->step->cmd) {
	case NETPORT_IOC_REQUEST:
	case NETPORT_IOC_AVAILABLE_REQUEST:
	case NETPORT_IOC_EXTEND:
	case NETPORT_IOC_REBIND:
		if (a->request.terms.conflict && s->step->want == EADDRINUSE) {
			e = pointed_at(s, data, a->request.terms.conflict);
			forget_entry(s, e);
			memmove(data, e, sizeof(*e));
			memset(data + sizeof(*e), 0, DATA_MAX - sizeof(*e));
			return;
		}
		break;
	case NETPORT_IOC_BATCH:
		for (i = 0; i < a->batch.count; i++)
			forget_reserve(s, pointed_at(s, data, a->batch.requests +
						     (size_t)i * a->batch.size));
		if (a->batch.size == sizeof(struct netport_reserve))
			return;
		break;
	case NETPORT_IOC_LIST:
		e = pointed_at(s, data, a->list.entries);
		qsort(e, 2, sizeof(*e), by_binding);
		forget_entry(s, &e[0]);
		forget_entry(s, &e[1]);
		return;
	}
	memset(data, 0, DATA_MAX);
}

static void outcome_look(const struct scene *s, int err, struct outcome *o)
{
	memset(o, 0, sizeof(*o));
	o->err = err;
	world_look(s, &o->world);
	forget_world(s, &o->world);
	memcpy(&o->arg, area_start(&s->arg_at), _IOC_SIZE(s->step->cmd));
	forget_argument(s, &o->arg);
	memcpy(o->data, area_start(&s->data_at), s->data_at.used);
	forget_data(s, o->data);
}

/* Whether a batch has told of each request that it was made, or hadn't the memory. */
static bool batch_told(const struct scene *s, const struct outcome *seen,
		       const struct outcome *wanted)
{
	const struct netport_batch *b = &s->arg.batch;
	char *data = area_start(&s->data_at);
	const __s32 *errors = pointed_at(s, data, b->errors);
	const struct netport_reserve *r = pointed_at(s, data, b->requests);
	unsigned int i, done = 0, failures = 0;

	for (i = 0; i < b->count; i++) {
		if (!errors[i] != !!r[i].token)
			return false;
		done += !errors[i];
		failures += errors[i] == ENOMEM || errors[i] == EFAULT;
	}
	return done == seen->arg.batch.done && failures == 1 &&
	       done + failures >= wanted->arg.batch.done &&
	       seen->world.n + failures >= wanted->world.n;
}

/* sweeps */

enum ways { NTH, ARG_GONE, ARG_READ_ONLY, DATA_GONE, DATA_READ_ONLY };

static const char * const way_names[] = {
	"allocation or copy", "bytes of the structure are there",
	"bytes of the structure are writable", "bytes of the data are there",
	"bytes of the data are writable",
};

static int fail_nth = -1;

/* Let the nth of what can fail do so, in the next system call. */
static void fail(unsigned int nth)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%u", nth);

	if (pwrite(fail_nth, text, n, 0) != n)
		die("write fail-nth");
}

/* No more; whether it has.  What hasn't may do so here. */
static bool failed(void)
{
	char text[16] = "";
	bool left = pread(fail_nth, text, sizeof(text) - 1, 0) < 0 || strcmp(text, "0\n");

	if (pwrite(fail_nth, "0", 1, 0) != 1) {
		left = true;
		if (pwrite(fail_nth, "0", 1, 0) != 1)
			die("write fail-nth");
	}
	return !left;
}

static int run(const struct scene *s, int fd)
{
	return ioctl(fd, s->step->cmd, area_start(&s->arg_at)) ? errno : 0;
}

/* The command with something failing; *@more says that there was something to fail. */
static int run_failing(const struct scene *s, enum ways way, unsigned int at, bool *more)
{
	const struct area *a = way < DATA_GONE ? &s->arg_at : &s->data_at;
	bool read_only = way == ARG_READ_ONLY || way == DATA_READ_ONLY;
	int err;

	if (way == NTH) {
		if (!at) {
			*more = true;
			return run(s, s->fd);
		}
		fail(at);
		err = run(s, s->fd);
		*more = failed();
		return err;
	}
	area_protect(a, read_only ? PROT_READ : PROT_NONE);
	err = run(s, s->fd);
	area_protect(a, PROT_READ | PROT_WRITE);
	*more = at < (way < DATA_GONE ? _IOC_SIZE(s->step->cmd) : a->used);
	return err;
}

/* The host's TCP says that a port is in use if it has no memory to bind it. */
static bool lacks_memory(const struct scene *s, int err)
{
	return err == ENOMEM || (s->step->host && err == EADDRINUSE);
}

#define LOG_WHERE(s, way, at)	\
	TH_LOG("%s: %u. %s", (s)->step->desc, at, way_names[way])

/* With nothing failing, it's the one to compare with, @wanted. */
static bool try_step(struct __test_metadata *_metadata, struct scene *s, const struct step *step,
		     enum ways way, unsigned int at, struct outcome *wanted)
{
	static struct world before, after;
	static struct outcome seen;
	bool more;
	int err;

	scene_set(s, step, way < DATA_GONE ? at * (way != NTH) : 0, way < DATA_GONE ? 0 : at);
	world_look(s, &before);
	err = run_failing(s, way, at, &more);
	if (way == NTH && !at) {
		EXPECT_EQ(step->want, err) LOG_WHERE(s, way, at);
		outcome_look(s, err, wanted);
		goto out;
	}
	if (err != step->want) {
		EXPECT_TRUE(err == EFAULT || (way == NTH && lacks_memory(s, err))) {
			TH_LOG("%s: %u. %s: %s", step->desc, at, way_names[way],
			       strerror(err));
		}
		EXPECT_TRUE(more) LOG_WHERE(s, way, at);
		if (way == NTH)
			EXPECT_EQ(0, memcmp(area_start(&s->arg_at), &s->arg,
					    _IOC_SIZE(step->cmd))) LOG_WHERE(s, way, at);
		world_look(s, &after);
		EXPECT_TRUE(same_world(&before, &after)) LOG_WHERE(s, way, at);
		scene_copy(s);
		err = run(s, s->fd);
	}
	outcome_look(s, err, &seen);
	EXPECT_EQ(step->want, err) LOG_WHERE(s, way, at);
	if (step->partial && way == NTH && more && batch_told(s, &seen, wanted))
		goto out;
	EXPECT_TRUE(same_world(&wanted->world, &seen.world)) LOG_WHERE(s, way, at);
	EXPECT_EQ(0, memcmp(&wanted->arg, &seen.arg, sizeof(seen.arg))) LOG_WHERE(s, way, at);
	EXPECT_EQ(0, memcmp(wanted->data, seen.data, DATA_MAX)) LOG_WHERE(s, way, at);
out:
	EXPECT_TRUE(scene_end(s)) LOG_WHERE(s, way, at);
	return more;
}

/* All the ways for one step. */
static void sweep(struct __test_metadata *_metadata, struct scene *s, const struct step *step,
		  enum ways way, unsigned int stride)
{
	static struct outcome wanted;
	unsigned int at;

	try_step(_metadata, s, step, NTH, 0, &wanted);
	for (at = way == NTH; at < FAILURES_MAX; at += stride) {
		if (way == NTH)
			s->protocol++;	/* what it needs is made once, and stays */
		if (!try_step(_metadata, s, step, way, at, &wanted))
			break;
	}
	EXPECT_LT(at, FAILURES_MAX) LOG_WHERE(s, way, at);
}

/* fault injection of everything, without a word in the log */

static const struct {
	const char *path, *value, *usual;
} settings[] = {
	{ "failslab/ignore-gfp-wait", "N", "Y" },
	{ "failslab/verbose", "0", "2" },
	{ "fail_page_alloc/ignore-gfp-wait", "N", "Y" },
	{ "fail_page_alloc/ignore-gfp-highmem", "N", "Y" },
	{ "fail_page_alloc/min-order", "0", "1" },
	{ "fail_page_alloc/verbose", "0", "2" },
	{ "fail_usercopy/verbose", "0", "2" },
};

static void set_injection(bool ours)
{
	char path[64];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(settings); i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s", settings[i].path);
		if (!access(path, F_OK))
			write_file(path, ours ? settings[i].value : settings[i].usual);
	}
}

FIXTURE(fail_nth) {
	struct scene s;
};

FIXTURE_SETUP(fail_nth)
{
	struct scene *s = &self->s;

	memset(s, 0, sizeof(*s));
	s->protocol = 1000;
	s->watch = owner();
	area_init(&s->arg_at);
	area_init(&s->data_at);
	fail_nth = open("/proc/self/fail-nth", O_RDWR | O_CLOEXEC);
	open_limits();
	set_injection(true);
}

/* Also if the test has come to a sudden end. */
FIXTURE_TEARDOWN_PARENT(fail_nth)
{
	if (loaded("netport_faults"))
		unload("netport_faults");
	set_injection(false);
	if (!loaded("netport") && load("netport"))
		die("load netport");
	restore_limits();
	restore_netns();
}

/* Each command that the module has is here; so a new one needs a step. */
TEST_F(fail_nth, no_command_is_missing)
{
	struct netport_info info = {};
	unsigned int nr, i;

	ASSERT_EQ(0, command(self->s.watch, NETPORT_IOC_INFO, &info));
	for (nr = 0; nr < info.commands; nr++) {
		for (i = 0; i < ARRAY_SIZE(steps) && _IOC_NR(steps[i].cmd) != nr; i++)
			;
		EXPECT_LT(i, ARRAY_SIZE(steps)) TH_LOG("no step for command %#x", nr);
	}
}

TEST_F_TIMEOUT(fail_nth, each_allocation_and_copy, 600)
{
	unsigned int i;

	if (fail_nth < 0)
		SKIP(return, "the kernel has no /proc/self/fail-nth");
	for (i = 0; i < ARRAY_SIZE(steps); i++)
		sweep(_metadata, &self->s, &steps[i], NTH, 1);
}

TEST_F_TIMEOUT(fail_nth, each_word_of_the_structure, 600)
{
	unsigned int i, stride = so_many("STRIDE", 24, 200);

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		sweep(_metadata, &self->s, &steps[i], ARG_GONE, stride);
		sweep(_metadata, &self->s, &steps[i], ARG_READ_ONLY, stride);
	}
}

TEST_F_TIMEOUT(fail_nth, each_word_pointed_at, 600)
{
	unsigned int i, stride = so_many("STRIDE", 24, 200);

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		sweep(_metadata, &self->s, &steps[i], DATA_GONE, stride);
		sweep(_metadata, &self->s, &steps[i], DATA_READ_ONLY, stride);
	}
}

/* An owner is made whole, or not at all; and so is what a namespace needs for its first one. */
TEST_F(fail_nth, each_allocation_of_open)
{
	unsigned int nth, failures = 0;
	bool more = true;
	int fd;

	if (fail_nth < 0)
		SKIP(return, "the kernel has no /proc/self/fail-nth");
	for (nth = 1; more && nth < FAILURES_MAX; nth++) {
		close(new_netns());
		fail(nth);
		fd = try_owner();
		more = failed();
		if (fd < 0) {
			failures++;
			EXPECT_TRUE(more);
			EXPECT_TRUE(errno == ENOMEM || errno == EFAULT) TH_LOG("%u. of open", nth);
			fd = owner();
		}
		EXPECT_EQ(0, reserve(fd, "tcp 4 *:40000"));
		close(fd);
	}
	EXPECT_LT(nth, FAILURES_MAX);
	EXPECT_GT(failures, 2);
}

/* What is read; errno if it can't be. */
static int look_into(const char *path, char *text, size_t size)
{
	return read_file(path, text, size) ? 0 : errno;
}

/* The namespace has no tables as yet: they may be what fails. */
TEST_F_TIMEOUT(fail_nth, each_allocation_of_a_file_that_is_read, 600)
{
	static const char * const paths[] = {
		CHAINS, "/proc/thread-self/net/netport", "/proc/thread-self/net/netport_stat",
		SYSCTLS "range", SYSCTLS "max_per_owner",
	};
	static char text[8192], wanted[8192];
	unsigned int i, nth, failures;
	bool more;
	int err;

	if (fail_nth < 0)
		SKIP(return, "the kernel has no /proc/self/fail-nth");
	for (i = 0; i < ARRAY_SIZE(paths); i++) {
		failures = 0;
		more = true;
		close(new_netns());
		ASSERT_EQ(0, look_into(paths[i], wanted, sizeof(wanted)));
		for (nth = 1; more && nth < FAILURES_MAX; nth++) {
			close(new_netns());
			/* Whom netport doesn't know. */
			setfsuid(strcmp(paths[i], CHAINS) ? NOBODY : 0);
			fail(nth);
			err = look_into(paths[i], text, sizeof(text));
			more = failed();
			setfsuid(0);
			if (err) {
				failures++;
				EXPECT_TRUE(more);
				EXPECT_TRUE(err == ENOMEM || err == EFAULT) {
					TH_LOG("%s: %u.: %s", paths[i], nth, strerror(err));
				}
				ASSERT_EQ(0, look_into(paths[i], text, sizeof(text)));
			}
			EXPECT_STREQ(wanted, text) TH_LOG("%s: %u.", paths[i], nth);
		}
		EXPECT_LT(nth, FAILURES_MAX);
		EXPECT_GT(failures, 1) TH_LOG("%s", paths[i]);
	}
}

TEST_F_TIMEOUT(fail_nth, each_allocation_of_a_file_that_is_written, 600)
{
	static const struct {
		const char *path, *before, *after;
	} files[] = {
		{ SYSCTLS "range", "16000\t65535", "20000\t30000" },
		{ SYSCTLS "max_per_owner", "4294967295", "7" },
	};
	unsigned int i, nth, failures;
	char text[64];
	bool more;
	int err;

	if (fail_nth < 0)
		SKIP(return, "the kernel has no /proc/self/fail-nth");
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		failures = 0;
		more = true;
		for (nth = 1; more && nth < FAILURES_MAX; nth++) {
			close(new_netns());
			fail(nth);
			err = try_write_file(files[i].path, files[i].after);
			more = failed();
			ASSERT_EQ(0, look_into(files[i].path, text, sizeof(text)));
			if (err) {
				failures++;
				EXPECT_TRUE(more);
				EXPECT_TRUE(err == ENOMEM || err == EFAULT) {
					TH_LOG("%s: %u.: %s", files[i].path, nth, strerror(err));
				}
			}
			EXPECT_STREQ(err ? files[i].before : files[i].after, text) {
				TH_LOG("%s: %u.", files[i].path, nth);
			}
		}
		EXPECT_LT(nth, FAILURES_MAX);
		EXPECT_GT(failures, 2) TH_LOG("%s", files[i].path);
	}
}

#define MANY	1000000

/* How many can fail: of MANY, those that haven't been counted down. */
static unsigned int passed(void)
{
	char text[16] = "";

	if (pread(fail_nth, text, sizeof(text) - 1, 0) < 0)
		die("read fail-nth");
	fail(0);
	return MANY - strtoul(text, NULL, 10);
}

/* A namespace is made whole, or not at all. */
TEST_F_TIMEOUT(fail_nth, each_allocation_of_a_namespace, 600)
{
	unsigned int all, nth, failures = 0;
	int err;

	if (fail_nth < 0)
		SKIP(return, "the kernel has no /proc/self/fail-nth");
	fail(MANY);
	close(new_netns());
	all = passed();
	for (nth = 1; nth <= all; nth++) {
		fail(nth);
		err = unshare(CLONE_NEWNET) ? errno : 0;
		failed();
		/* What it's called is for whoever lacked it to say. */
		failures += !!err;
		EXPECT_EQ(0, access("/proc/thread-self/net/netport", F_OK)) TH_LOG("%u.", nth);
		EXPECT_EQ(0, access("/proc/thread-self/net/netport_stat", F_OK)) TH_LOG("%u.", nth);
		EXPECT_EQ(0, access(SYSCTLS "range", F_OK)) TH_LOG("%u.", nth);
	}
	/* kmemleak's own, where it looks on, are among them, and nobody misses those. */
	EXPECT_GT(failures, all / 4);
}

/* It's loaded, or there's nothing of it; what it does for that comes last. */
TEST_F_TIMEOUT(fail_nth, each_allocation_of_the_module, 600)
{
	unsigned int all, nth, failures = 0;
	int err;

	if (fail_nth < 0)
		SKIP(return, "the kernel has no /proc/self/fail-nth");
	close(self->s.watch);
	ASSERT_EQ(0, without_suites());
	ASSERT_EQ(0, unload("netport"));
	fail(MANY);
	ASSERT_EQ(0, load("netport"));
	all = passed();
	ASSERT_LT(LAST_OF_MODULE, all);
	for (nth = all - LAST_OF_MODULE; nth <= all; nth++) {
		if (loaded("netport"))
			ASSERT_EQ(0, unload("netport"));
		fail(nth);
		err = load("netport");
		failed();
		EXPECT_EQ(!err, loaded("netport")) TH_LOG("%u.", nth);
		EXPECT_EQ(!err, !access("/dev/netport", F_OK)) TH_LOG("%u.", nth);
		EXPECT_EQ(!err, !access("/proc/thread-self/net/netport", F_OK)) TH_LOG("%u.", nth);
		EXPECT_EQ(!err, !access(SYSCTLS "range", F_OK)) TH_LOG("%u.", nth);
		if (err) {
			failures++;
			EXPECT_EQ(ENOMEM, err) TH_LOG("%u.", nth);
		}
	}
	if (!loaded("netport"))
		ASSERT_EQ(0, load("netport"));
	EXPECT_GT(failures, 10);
}

/* What goes needs no memory: not even to be handed to who waits. */
TEST_F(fail_nth, close_needs_no_memory)
{
	struct netport_granted g = { 0 };
	unsigned int nth;
	bool more = true;
	int fd, waits;
	__u64 token;

	if (fail_nth < 0)
		SKIP(return, "the kernel has no /proc/self/fail-nth");
	for (nth = 1; more && nth < FAILURES_MAX; nth++) {
		struct netport_request r = { .reserve = request("tcp 4 *:40000") };

		fd = owner();
		waits = owner();
		ASSERT_EQ(0, ask_text(fd, "tcp 46 *:40000 x3 + udp 6 [::1]:0", NULL, NULL));
		ASSERT_EQ(0, reserve_token(fd, "udp 4 10.0.0.1:50000", &token));
		ASSERT_EQ(0, label(fd, token, "x"));
		ASSERT_EQ(0, command(waits, NETPORT_IOC_WISH, &r));
		fail(nth);
		close(fd);
		more = failed();
		EXPECT_EQ(0, command(waits, NETPORT_IOC_GRANTED, &g)) TH_LOG("%u", nth);
		EXPECT_TRUE(all_free(IPPROTO_UDP, 50000)) TH_LOG("%u", nth);
		EXPECT_TRUE(all_free(IPPROTO_TCP, 40002)) TH_LOG("%u", nth);
		memset(&g, 0, sizeof(g));
		close(waits);
	}
	EXPECT_LT(nth, FAILURES_MAX);
	EXPECT_TRUE(all_free(IPPROTO_TCP, 40000));
}

TEST_F_TIMEOUT(fail_nth, each_function_of_the_kernel_api, 600)
{
	if (fail_nth < 0)
		SKIP(return, "the kernel has no /proc/self/fail-nth");
	ASSERT_EQ(0, load("netport_faults"));
	EXPECT_EQ(0, module_number("netport_faults", "wrong"));
	EXPECT_LT(30, module_number("netport_faults", "calls"));
	EXPECT_LT(100, module_number("netport_faults", "failures"));
	EXPECT_EQ(0, unload("netport_faults"));
	EXPECT_EQ(0, counted(self->s.watch, 2, 0));
}

SELFTEST_MAIN
