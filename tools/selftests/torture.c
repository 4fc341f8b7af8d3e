// SPDX-License-Identifier: GPL-2.0
/*
 * torture - everything at once: processes of several threads do to /dev/netport whatever can be
 * done to it, pass files on, fork and are killed, while network namespaces come and go, and
 * somebody tries to unload the module.
 *
 * What is granted to whom isn't judged here (concurrency and fuzz do that), but what is left:
 * no reservation, no more namespaces than there were, no module that can't go.  And each error
 * is one that the header knows for the command.
 *
 * NETPORT_SECONDS is how long (a moment if unset), NETPORT_SEED where it starts.
 */
#include "tidy.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>

#define WORKERS	6
#define THREADS	3

/* After so long everything is tidied up, looked at, and begun anew. */
#define ROUND	60

#define FILES	16
#define TOKENS	64
#define FIRST	20474		/* on both sides of the end of a bitmap's word */
#define PORTS	12

/* So many operations, and each kind has worked. */
#define ENOUGH	30000

/* What all processes share. */
static struct board {
	atomic_bool stop;
	atomic_uint wrong;
	char complaint[160];
	atomic_ulong tries[64], done[64];
	__u64 token[TOKENS];		/* of anybody */
	__u64 lasting[FILES];		/* likewise, of what may have no owner any more */
} *board;

static int home;		/* the namespace of the program */
static int market[2];		/* what one puts in, another one takes out */

/* What the threads of a process share. */
static atomic_int file[FILES];
static struct {
	atomic_int fd;
	__u64 token;
} held[TOKENS];

struct hand {
	__u64 random;
	struct netport_reserve last;	/* what it has reserved */
	int last_fd;
};

static unsigned int below(struct hand *h, unsigned int n)
{
	h->random ^= h->random >> 12;
	h->random ^= h->random << 25;
	h->random ^= h->random >> 27;
	return (h->random * 0x2545f4914f6cdd1dULL >> 33) % n;
}

static bool one_in(struct hand *h, unsigned int n)
{
	return !below(h, n);
}

/* files and tokens; another thread may close the one and release the other at any time */

static int a_file(struct hand *h)
{
	return atomic_load(&file[below(h, FILES)]);
}

/* In the place of another one. */
static void put_file(struct hand *h, int fd)
{
	int old = atomic_exchange(&file[below(h, FILES)], fd);

	if (old >= 0)
		close(old);
}

static void put_token(struct hand *h, int fd, __u64 token)
{
	unsigned int i = below(h, TOKENS);

	atomic_store(&held[i].fd, fd);
	__atomic_store_n(&held[i].token, token, __ATOMIC_RELAXED);
	__atomic_store_n(&board->token[below(h, TOKENS)], token, __ATOMIC_RELAXED);
}

/* Somebody's token, and mostly that of *@fd. */
static __u64 a_token(struct hand *h, int *fd)
{
	unsigned int i = below(h, TOKENS);

	if (one_in(h, 6)) {
		*fd = a_file(h);
		return __atomic_load_n(&board->token[i], __ATOMIC_RELAXED);
	}
	*fd = atomic_load(&held[i].fd);
	return __atomic_load_n(&held[i].token, __ATOMIC_RELAXED);
}

/* requests; all of them make sense */

static __u16 a_port(struct hand *h)
{
	return FIRST + below(h, PORTS);
}

static void a_binding(struct hand *h, struct netport_binding *b, unsigned int protocol)
{
	static const __u32 shares[] = { 0, 0, LB, LB, MR, TO, LB | MR, LB | MR | TO };

	memset(b, 0, sizeof(*b));
	b->protocol = protocol;
	b->families = 1 + below(h, 3);
	b->share = shares[below(h, ARRAY_SIZE(shares))];
	if (one_in(h, 5))
		b->ifindex = 1 + below(h, 2);
	if (b->families == (NETPORT_FAMILY_IPV4 | NETPORT_FAMILY_IPV6) || one_in(h, 3))
		return;
	b->addr[0] = b->families == NETPORT_FAMILY_IPV4 ? 10 : 0xfd;
	b->addr[3] = 1 + below(h, 3);
	if (!one_in(h, 4))
		return;
	b->remote[0] = b->addr[0];
	b->remote[3] = 100 + below(h, 2);
	b->remote_port = below(h, 3);
}

static struct netport_reserve a_reserve(struct hand *h)
{
	static const __u16 protocols[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_UDP, 262 };
	struct netport_reserve r = { .token = 0 };

	a_binding(h, &r.binding, protocols[below(h, ARRAY_SIZE(protocols))]);
	if (one_in(h, 2)) {
		r.binding.port = a_port(h);
		if (r.binding.remote_port && r.binding.addr[0] && one_in(h, 2))
			r.options = NETPORT_OPT_TUPLE;
	} else if (one_in(h, 2)) {
		r.low = FIRST;
		r.high = FIRST + PORTS - 1;
	}
	return r;
}

/* A request, and what it points at. */
struct errand {
	struct netport_request req;
	struct netport_binding more[3];
	struct netport_entry conflict;
	__u16 exclude[2];
};

static void an_errand(struct hand *h, struct errand *e)
{
	struct netport_terms *t = &e->req.terms;
	struct netport_reserve *r = &e->req.reserve;
	unsigned int i;

	memset(e, 0, sizeof(*e));
	*r = a_reserve(h);
	if (one_in(h, 3) && !r->options) {
		t->nbindings = 1 + below(h, ARRAY_SIZE(e->more));
		t->bindings = (uintptr_t)e->more;
		for (i = 0; i < t->nbindings; i++)
			a_binding(h, &e->more[i], 1000 + i);
	}
	if (!r->binding.port && one_in(h, 3)) {
		t->nexclude = ARRAY_SIZE(e->exclude);
		t->exclude = (uintptr_t)e->exclude;
		for (i = 0; i < t->nexclude; i++)
			e->exclude[i] = a_port(h);
		t->align = 1 << below(h, 3);
		t->offset = below(h, t->align);
	}
	if (one_in(h, 2))
		t->conflict = (uintptr_t)&e->conflict;
}

/* What not every command takes. */
static void embellish(struct hand *h, struct errand *e)
{
	struct netport_terms *t = &e->req.terms;
	struct netport_reserve *r = &e->req.reserve;

	if (one_in(h, 4))
		snprintf((char *)t->label, sizeof(t->label), "%u", below(h, 1000));
	if (one_in(h, 8) && !t->nbindings && !r->binding.remote[0] &&
	    (r->binding.protocol == IPPROTO_TCP || r->binding.protocol == IPPROTO_UDP))
		r->options |= one_in(h, 2) ? CHECK_HOST : HOLD_HOST;
	if (one_in(h, 8))
		r->options |= PERSISTENT;
	if (one_in(h, 4) && !(r->options & NETPORT_OPT_TUPLE))
		t->count = 1 + below(h, 6);
}

/* operations; each returns 0 or an errno */

static int call(int fd, unsigned long cmd, void *arg)
{
	return ioctl(fd, cmd, arg) ? errno : 0;
}

static int op_open(struct hand *h)
{
	int fd;

	setfsuid(below(h, 3) * 1000);
	fd = try_owner();
	setfsuid(0);
	if (fd < 0)
		return errno;
	put_file(h, fd);
	return 0;
}

static int op_close(struct hand *h)
{
	put_file(h, -1);
	return 0;
}

static int op_dup(struct hand *h)
{
	int fd = fcntl(a_file(h), F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return errno;
	put_file(h, fd);
	return 0;
}

static int op_send(struct hand *h)
{
	return pass_fd(market[0], a_file(h), MSG_DONTWAIT);
}

static int op_receive(struct hand *h)
{
	int fd, err = take_fd(market[1], &fd, MSG_DONTWAIT);

	if (!err && fd >= 0)
		put_file(h, fd);
	return err;
}

static int op_reserve(struct hand *h)
{
	struct netport_reserve r = a_reserve(h);
	int fd = a_file(h), err;

	err = call(fd, NETPORT_IOC_RESERVE, &r);
	if (!err) {
		put_token(h, fd, r.token);
		h->last = r;
		h->last_fd = fd;
	}
	return err;
}

static int op_request(struct hand *h)
{
	struct errand e;
	int fd = a_file(h), err;

	an_errand(h, &e);
	embellish(h, &e);
	err = call(fd, NETPORT_IOC_REQUEST, &e.req);
	if (!err) {
		put_token(h, fd, e.req.reserve.token);
		if (e.req.reserve.options & PERSISTENT)
			__atomic_store_n(&board->lasting[below(h, FILES)], e.req.reserve.token,
					 __ATOMIC_RELAXED);
	}
	return err;
}

static int op_wait(struct hand *h)
{
	struct errand e;
	int fd = a_file(h), err;

	an_errand(h, &e);
	e.req.terms.deadline = now_ns() + below(h, 20000000);
	err = call(fd, NETPORT_IOC_REQUEST, &e.req);
	if (!err)
		put_token(h, fd, e.req.reserve.token);
	return err;
}

static int op_available(struct hand *h)
{
	struct errand e;

	an_errand(h, &e);
	return call(a_file(h), one_in(h, 2) ? NETPORT_IOC_AVAILABLE : NETPORT_IOC_AVAILABLE_REQUEST,
		    &e.req);
}

static int op_batch(struct hand *h)
{
	struct netport_reserve r[8];
	__s32 errors[8];
	struct netport_batch b = {
		.requests = (uintptr_t)r, .count = 1 + below(h, 8), .size = sizeof(r[0]),
		.errors = (uintptr_t)errors, .flags = below(h, 2),
	};
	int fd = a_file(h), err;
	unsigned int i;

	for (i = 0; i < b.count; i++)
		r[i] = a_reserve(h);
	err = call(fd, NETPORT_IOC_BATCH, &b);
	for (i = 0; !err && i < b.count; i++)
		if (r[i].token)
			put_token(h, fd, r[i].token);
	return err;
}

static int op_candidate(struct hand *h)
{
	struct netport_candidate c = { .reserve = a_reserve(h) };
	int fd = a_file(h), err;
	unsigned int n = below(h, 5);

	c.reserve.binding.port = 0;
	c.reserve.options = 0;
	err = call(fd, NETPORT_IOC_CANDIDATE, &c);
	if (err)
		return err;
	put_token(h, fd, c.reserve.token);
	while (n-- && !err) {
		err = call(fd, NETPORT_IOC_CANDIDATE, &c);
		if (!err)
			put_token(h, fd, c.reserve.token);
	}
	return err;
}

static int op_accept(struct hand *h)
{
	int fd;
	struct netport_token t = { .token = a_token(h, &fd) };

	return call(fd, NETPORT_IOC_ACCEPT, &t);
}

static int op_release(struct hand *h)
{
	int fd;
	struct netport_release r = { .token = a_token(h, &fd) };

	if (one_in(h, 5)) {
		r.hold = 1 + below(h, 30);
		r.options = one_in(h, 2) ? NETPORT_RELEASE_PORT : 0;
	} else if (one_in(h, 5)) {
		r.port = a_port(h);
		r.count = 1 + below(h, 3);
	}
	return r.token ? call(fd, NETPORT_IOC_RELEASE, &r) : 0;
}

static int op_release_key(struct hand *h)
{
	bool known = one_in(h, 2);
	struct netport_reserve what = known ? h->last : a_reserve(h);
	struct netport_release r = { .binding = what.binding, .options = what.options };

	if (!r.binding.port)
		r.binding.port = a_port(h);
	return call(known ? h->last_fd : a_file(h), NETPORT_IOC_RELEASE, &r);
}

static int op_release_batch(struct hand *h)
{
	__u64 tokens[32];
	struct netport_tokens t = {
		.tokens = (uintptr_t)tokens, .count = 1 + below(h, ARRAY_SIZE(tokens)),
		.hold = below(h, 2) * 5,
	};
	unsigned int i;
	int fd;

	for (i = 0; i < t.count; i++)
		tokens[i] = a_token(h, &fd);
	return call(fd, NETPORT_IOC_RELEASE_BATCH, &t);
}

static int op_change(struct hand *h, unsigned long cmd)
{
	struct errand e;
	int fd;

	an_errand(h, &e);
	e.req.reserve.token = a_token(h, &fd);
	if (cmd == NETPORT_IOC_EXTEND) {
		e.req.reserve.binding.port = 0;
		e.req.reserve.low = 0;
		e.req.reserve.high = 0;
		e.req.reserve.options = 0;
		e.req.terms.nexclude = 0;
		e.req.terms.exclude = 0;
		e.req.terms.align = 0;
		e.req.terms.offset = 0;
	}
	return call(fd, cmd, &e.req);
}

static int op_extend(struct hand *h)
{
	return op_change(h, NETPORT_IOC_EXTEND);
}

static int op_rebind(struct hand *h)
{
	return op_change(h, NETPORT_IOC_REBIND);
}

static int op_transfer(struct hand *h)
{
	int fd, to = a_file(h), err;
	struct netport_transfer t = { .token = a_token(h, &fd), .fd = to };

	err = call(fd, NETPORT_IOC_TRANSFER, &t);
	if (!err)
		put_token(h, to, t.token);
	return err;
}

static int op_adopt(struct hand *h)
{
	int any, fd = a_file(h), err;
	struct netport_token t = { .token = a_token(h, &any) };

	if (one_in(h, 2))
		t.token = __atomic_load_n(&board->lasting[below(h, FILES)], __ATOMIC_RELAXED);
	err = call(fd, NETPORT_IOC_ADOPT, &t);
	if (!err)
		put_token(h, fd, t.token);
	return err;
}

static int op_label(struct hand *h)
{
	int fd;
	struct netport_label l = { .token = one_in(h, 3) ? 0 : a_token(h, &fd) };

	if (!l.token)
		fd = a_file(h);
	memset(l.label, 'a', below(h, 31));
	return call(fd, NETPORT_IOC_LABEL, &l);
}

static int op_wish(struct hand *h)
{
	struct errand e;
	int fd = a_file(h), err;

	an_errand(h, &e);
	err = call(fd, NETPORT_IOC_WISH, &e.req);
	if (!err)
		put_token(h, fd, e.req.reserve.token);
	return err;
}

static int op_granted(struct hand *h)
{
	struct netport_granted g = { .wish = 0 };
	int fd = a_file(h), err;

	err = call(fd, NETPORT_IOC_GRANTED, &g);
	if (!err)
		put_token(h, fd, g.token);
	return err;
}

static int op_unwish(struct hand *h)
{
	int fd;
	struct netport_token t = { .token = a_token(h, &fd) };

	return call(fd, NETPORT_IOC_UNWISH, &t);
}

static int op_list(struct hand *h)
{
	struct netport_entry e[8];
	struct netport_list l = {
		.entries = (uintptr_t)e, .size = sizeof(e[0]),
		.flags = below(h, 2) * NETPORT_LIST_MINE,
	};
	int fd = a_file(h), err;

	do {
		l.count = ARRAY_SIZE(e);
		err = call(fd, NETPORT_IOC_LIST, &l);
	} while (!err && l.count && !atomic_load(&board->stop));
	return err;
}

static int op_info(struct hand *h)
{
	struct netport_info i;

	return call(a_file(h), NETPORT_IOC_INFO, &i);
}

static int op_range(struct hand *h)
{
	struct netport_range r = { .low = a_port(h) };

	r.high = r.low + below(h, PORTS);
	return call(a_file(h), one_in(h, 4) ? NETPORT_IOC_SET_RANGE : NETPORT_IOC_GET_RANGE, &r);
}

static int op_ephemeral(struct hand *h)
{
	struct netport_ephemeral e = { .cursor = 0 };
	int fd = a_file(h);

	return call(fd, NETPORT_IOC_EPHEMERAL, &e) ?: call(fd, NETPORT_IOC_EPHEMERAL, &e);
}

static int op_poll(struct hand *h)
{
	struct pollfd p = { .fd = a_file(h), .events = POLLIN };

	return poll(&p, 1, below(h, 3)) < 0 ? errno : 0;
}

/* A new namespace, in which only what is open keeps anything; or home again. */
static int op_netns(struct hand *h)
{
	return (one_in(h, 2) ? unshare(CLONE_NEWNET) : setns(home, CLONE_NEWNET)) ? errno : 0;
}

static int op_sysctl(struct hand *h)
{
	return try_write_file(RESERVED_PORTS, one_in(h, 2) ? "20475,20480" : "\n");
}

static int op_chains(struct hand *h)
{
	char text[256];

	(void)h;
	return read_file(CHAINS, text, sizeof(text)) ? 0 : errno;
}

static int op_fork(struct hand *h);

/*
 * How often, and how it may fail, besides as calls on a file do that another thread has closed,
 * so that its number is free or that of something else, or whose namespace is gone.
 */
static const struct op {
	const char *name;
	unsigned int weight;
	int (*run)(struct hand *h);
	int errors[6];
} ops[] = {
	{ "open", 60, op_open, { 0 } },
	{ "close", 20, op_close, { 0 } },
	{ "dup", 10, op_dup, { 0 } },
	{ "send", 10, op_send, { EAGAIN, ETOOMANYREFS } },
	{ "receive", 10, op_receive, { EAGAIN } },
	{ "reserve", 150, op_reserve, { EADDRINUSE, EADDRNOTAVAIL, EDQUOT } },
	{ "request", 150, op_request, { EADDRINUSE, EADDRNOTAVAIL, EDQUOT } },
	{ "wait", 10, op_wait, { ETIMEDOUT, EDQUOT } },
	{ "available", 50, op_available, { EADDRINUSE, EADDRNOTAVAIL, EDQUOT } },
	{ "batch", 20, op_batch, { EADDRINUSE, EADDRNOTAVAIL, EDQUOT } },
	{ "candidate", 40, op_candidate, { EADDRNOTAVAIL, EDQUOT, ENOENT, EINVAL } },
	{ "accept", 20, op_accept, { ENOENT, EINVAL } },
	{ "release", 150, op_release, { ENOENT, EINVAL } },
	{ "release key", 50, op_release_key, { ENOENT } },
	{ "release batch", 10, op_release_batch, { 0 } },
	{ "extend", 40, op_extend, { ENOENT, EINVAL, EADDRINUSE, EDQUOT } },
	{ "rebind", 60, op_rebind, { ENOENT, EINVAL, EADDRINUSE, EADDRNOTAVAIL, EDQUOT } },
	{ "transfer", 50, op_transfer, { ENOENT, EINVAL, EADDRINUSE, EDQUOT } },
	{ "adopt", 20, op_adopt, { ENOENT, EADDRINUSE, EDQUOT } },
	{ "label", 20, op_label, { ENOENT } },
	{ "wish", 40, op_wish, { EDQUOT } },
	{ "granted", 30, op_granted, { ENOENT } },
	{ "unwish", 20, op_unwish, { ENOENT } },
	{ "list", 10, op_list, { 0 } },
	{ "info", 3, op_info, { 0 } },
	{ "range", 10, op_range, { 0 } },
	{ "ephemeral", 5, op_ephemeral, { EADDRNOTAVAIL } },
	{ "poll", 20, op_poll, { 0 } },
	{ "netns", 4, op_netns, { 0 } },
	{ "sysctl", 3, op_sysctl, { 0 } },
	{ "chains", 1, op_chains, { 0 } },
	{ "fork", 4, op_fork, { 0 } },
};

static bool may_fail(const struct op *op, int err)
{
	unsigned int i;

	if (err == EBADF || err == ENOTTY || err == ENETDOWN)
		return true;
	for (i = 0; i < ARRAY_SIZE(op->errors); i++)
		if (op->errors[i] == err)
			return true;
	return false;
}

static void operate(struct hand *h)
{
	static unsigned int all;
	unsigned int i = 0, n;
	int err;

	if (!all)
		for (n = 0; n < ARRAY_SIZE(ops); n++)
			all += ops[n].weight;
	for (n = below(h, all); n >= ops[i].weight; i++)
		n -= ops[i].weight;
	err = ops[i].run(h);
	atomic_fetch_add(&board->tries[i], 1);
	if (!err)
		atomic_fetch_add(&board->done[i], 1);
	else if (!may_fail(&ops[i], err) && !atomic_fetch_add(&board->wrong, 1))
		snprintf(board->complaint, sizeof(board->complaint), "%s: %s", ops[i].name,
			 strerror(err));
}

/* A child that shares all files, does something with them, and doesn't live long. */
static int op_fork(struct hand *h)
{
	unsigned int n = 20;
	pid_t pid = fork();

	if (pid < 0)
		return errno;
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		h->random ^= n;
		while (n--)
			operate(h);
		_exit(0);
	}
	sleep_ms(below(h, 10));
	kill(pid, SIGKILL);
	return waitpid(pid, NULL, 0) == pid ? 0 : errno;
}

/* processes */

static void *hand_run(void *arg)
{
	struct hand *h = arg;

	while (!atomic_load(&board->stop))
		operate(h);
	return NULL;
}

static pid_t worker(__u64 seed)
{
	pthread_t thread[THREADS];
	struct hand hand[THREADS];
	pid_t pid = spawn();
	unsigned int i;

	if (pid)
		return pid;
	for (i = 0; i < FILES; i++)
		atomic_store(&file[i], -1);
	for (i = 0; i < TOKENS; i++)
		atomic_store(&held[i].fd, -1);
	for (i = 0; i < THREADS; i++) {
		hand[i] = (struct hand){
			.random = (seed * THREADS + i + 1) * 0x9e3779b97f4a7c15ULL,
			.last_fd = -1,
		};
		if (pthread_create(&thread[i], NULL, hand_run, &hand[i]))
			die("pthread_create");
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	_exit(0);
}

FIXTURE(torture) {
	unsigned int namespaces;
};

FIXTURE_SETUP(torture)
{
	if (access(module_path("netport"), R_OK) || access(NAMESPACES_MAX, W_OK))
		SKIP(return, "no %s, or no user namespaces", module_path("netport"));
	ASSERT_EQ(0, without_suites());
	/* Whose parents are killed are ours, then, and waited for. */
	ASSERT_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1));
	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		     -1, 0);
	ASSERT_NE(MAP_FAILED, board);
	home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, home);
	self->namespaces = namespaces_of(0);
}

FIXTURE_TEARDOWN_PARENT(torture)
{
	if (loaded("netport_user"))
		unload("netport_user");
	if (!loaded("netport") && load("netport"))
		fprintf(stderr, "# netport can't be loaded\n");
}

static void round_of(struct __test_metadata *_metadata, struct hand *h, __u64 end)
{
	pid_t pid[WORKERS];
	int keep = owner();
	unsigned int i, n;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, market));
	atomic_store(&board->stop, false);
	for (i = 0; i < WORKERS; i++)
		pid[i] = worker(h->random + i);
	for (n = 0; now_ns() < end; n++) {
		sleep_ms(10 + below(h, 50));
		i = below(h, WORKERS);
		kill(pid[i], SIGKILL);
		EXPECT_EQ(pid[i], waitpid(pid[i], NULL, 0));
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		pid[i] = worker(h->random);
		EXPECT_TRUE(refused(unload("netport")));
		if (n % 8 == 0 && !load("netport_user"))
			EXPECT_EQ(0, unload("netport_user"));
	}
	atomic_store(&board->stop, true);
	for (i = 0; i < WORKERS; i++)
		EXPECT_EQ(0, ended(pid[i]));
	while (waitpid(-1, NULL, 0) > 0)
		;
	/* With what nobody took. */
	close(market[0]);
	close(market[1]);
	EXPECT_TRUE(tidied_up(keep));
	close(keep);
}

TEST_F_TIMEOUT(torture, nothing_is_left, 86400)
{
	__u64 seconds = so_many("NETPORT_SECONDS", 1, sizeof(long) == 4 ? 1 : 3);
	__u64 end = now_ns() + seconds * 1000000000, seed = env_number("NETPORT_SEED", now_ns());
	struct hand h = { .random = seed | 1 };
	unsigned long all = 0;
	unsigned int i;

	while (now_ns() < end) {
		__u64 turn = now_ns() + ROUND * 1000000000ULL;

		round_of(_metadata, &h, turn < end ? turn : end);
		EXPECT_EQ(0, atomic_load(&board->wrong)) TH_LOG("%s", board->complaint);
		EXPECT_TRUE(AWAIT(namespaces_at_most(0, self->namespaces)))
			TH_LOG("%u namespaces, not %u", namespaces_of(0), self->namespaces);
		EXPECT_TRUE(AWAIT(slab_empty("np_resv")));
		ASSERT_EQ(0, reload());
	}
	for (i = 0; i < ARRAY_SIZE(ops); i++)
		all += atomic_load(&board->tries[i]);
	TH_LOG("%lu operations, seed %llu", all, (unsigned long long)seed);
	for (i = 0; i < ARRAY_SIZE(ops) && all >= ENOUGH; i++) {
		TH_LOG("%s: %lu of %lu", ops[i].name, atomic_load(&board->done[i]),
		       atomic_load(&board->tries[i]));
		EXPECT_NE(0, atomic_load(&board->done[i]));
	}
}

SELFTEST_MAIN
