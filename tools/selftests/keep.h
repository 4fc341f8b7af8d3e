/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the programs about holds, hand-over, listings and the host share: requests with
 * terms, the commands that these need, and listings.
 *
 * Each test has a network namespace of its own, see keep_netns().
 */
#ifndef _KEEP_H
#define _KEEP_H

#include "selftest.h"

#include <net/if.h>
#include <linux/capability.h>
#include <pthread.h>
#include <stdatomic.h>

#define PARAMETERS	"/sys/module/netport/parameters/"

#define HELD		NETPORT_STATE_HELD
#define ORPHAN		NETPORT_STATE_ORPHAN
#define CHECK_HOST	NETPORT_OPT_HOST_CHECK
#define HOLD_HOST	NETPORT_OPT_HOST_HOLD
#define PERSISTENT	NETPORT_OPT_PERSISTENT

/* What happens soon by itself has happened after so long, however slow the machine is. */
#define PATIENCE_MS	30000

static inline __u64 now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* Wait until something is so; whether it is. */
#define AWAIT(cond) ({							\
	__u64 __end = now_ns() + PATIENCE_MS * 1000000ULL;		\
	bool __so;							\
	while (!(__so = (cond)) && now_ns() < __end)			\
		sleep_ms(1);						\
	__so;								\
})

static inline void set_lo_up(void)
{
	struct ifreq req = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &req))
		die("set lo up");
	close(fd);
}

/* A new namespace, whose loopback device is up. */
static inline void keep_netns(void)
{
	close(new_netns());
	set_lo_up();
}

/* Whether to have these capabilities, from here on. */
static inline void have_caps(__u32 caps, bool have)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2];

	if (syscall(SYS_capget, &h, d))
		die("capget");
	if (have)
		d[0].effective |= caps;
	else
		d[0].effective &= ~caps;
	if (syscall(SYS_capset, &h, d))
		die("capset");
}

static inline void be_admin(bool admin)
{
	have_caps(1U << CAP_NET_ADMIN, admin);
}

/* requests with terms */

static inline struct netport_request ask_for(const char *text, unsigned int options)
{
	struct netport_request r = { .reserve = request(text) };

	r.reserve.options |= options;
	return r;
}

static inline int ask(int fd, struct netport_request *r)
{
	struct netport_reserve before;
	int err;

	r->reserve.token = POISON;
	before = r->reserve;
	err = command(fd, NETPORT_IOC_REQUEST, r);
	if (!err && !only_results_written(&before, &r->reserve)) {
		fprintf(stderr, "# REQUEST wrote more than its results\n");
		return BROKEN;
	}
	return err;
}

/* Reserve what @text says with options; @token may be NULL. */
static inline int ask_with(int fd, const char *text, unsigned int options, __u64 *token)
{
	struct netport_request r = ask_for(text, options);
	int err = ask(fd, &r);

	if (token)
		*token = err ? 0 : r.reserve.token;
	return err;
}

#define SET_MAX	8

/* The bindings of a set, all but the first: "tcp 4 *:80, udp 4 *:80". */
struct set {
	char text[256];
	struct netport_binding more[SET_MAX];
	struct netport_request req;
};

static inline void set_parse(struct set *s, const char *text, unsigned int options)
{
	char *save, *word;
	unsigned int n = 0;

	snprintf(s->text, sizeof(s->text), "%s", text);
	for (word = strtok_r(s->text, ",", &save); word; word = strtok_r(NULL, ",", &save), n++) {
		if (!n)
			s->req = ask_for(word, options);
		else if (n <= SET_MAX)
			s->more[n - 1] = request(word).binding;
		else
			die("a large set: %s", text);
	}
	s->req.terms.nbindings = n - 1;
	s->req.terms.bindings = n > 1 ? (uintptr_t)s->more : 0;
}

static inline int ask_set(int fd, const char *text, unsigned int options, __u64 *token)
{
	struct set s;
	int err;

	set_parse(&s, text, options);
	err = ask(fd, &s.req);
	if (token)
		*token = err ? 0 : s.req.reserve.token;
	return err;
}

static inline int ask_block(int fd, const char *text, unsigned int count, __u64 *token)
{
	struct netport_request r = ask_for(text, 0);
	int err;

	r.terms.count = count;
	err = ask(fd, &r);
	*token = err ? 0 : r.reserve.token;
	return err;
}

/* commands */

static inline int release_hold(int fd, __u64 token, unsigned int ms, unsigned int options)
{
	struct netport_release r = { .token = token, .hold = ms, .options = options };

	return command(fd, NETPORT_IOC_RELEASE, &r);
}

static inline int transfer(int fd, __u64 token, int to)
{
	struct netport_transfer t = { .token = token, .fd = to };

	return command(fd, NETPORT_IOC_TRANSFER, &t);
}

static inline int adopt(int fd, __u64 token)
{
	struct netport_token t = { .token = token };

	return command(fd, NETPORT_IOC_ADOPT, &t);
}

static inline int set_label(int fd, __u64 token, const char *text)
{
	struct netport_label l = { .token = token };

	if (strlen(text) > sizeof(l.label))
		die("a long label: %s", text);
	memcpy(l.label, text, strlen(text));
	return command(fd, NETPORT_IOC_LABEL, &l);
}

static inline int change(int fd, unsigned long cmd, __u64 token, const char *text,
			 unsigned int options)
{
	struct netport_request r = ask_for(text, options);

	r.reserve.token = token;
	return command(fd, cmd, &r);
}

static inline struct netport_info info(int fd)
{
	struct netport_info i;

	memset(&i, 0xcc, sizeof(i));
	if (command(fd, NETPORT_IOC_INFO, &i))
		die("NETPORT_IOC_INFO");
	return i;
}

/* What is in the way of a request that fails with EADDRINUSE; the error otherwise. */
static inline int blocked_by(int fd, const char *text, unsigned int options,
			     struct netport_entry *e)
{
	struct netport_request r = ask_for(text, options);

	memset(e, 0xcc, sizeof(*e));
	r.terms.conflict = (uintptr_t)e;
	return ask(fd, &r);
}

/* listings */

#define LISTING_MAX	16384

struct listing {
	unsigned int n;
	struct netport_entry e[LISTING_MAX];
};

/* Everything that the filters of @ask let through, @step at a time; 0 or an errno. */
static inline int list_of(int fd, const struct netport_list *ask, unsigned int step,
			  struct listing *l)
{
	struct netport_list list = *ask;
	int err;

	l->n = 0;
	do {
		if (l->n + step > LISTING_MAX)
			die("a long listing");
		list.entries = (uintptr_t)&l->e[l->n];
		list.size = sizeof(l->e[0]);
		list.count = step;
		memset(&l->e[l->n], 0xcc, step * sizeof(l->e[0]));
		err = command(fd, NETPORT_IOC_LIST, &list);
		if (err)
			return err;
		if (list.count > step)
			return BROKEN;
		l->n += list.count;
	} while (list.count);
	return 0;
}

/* Everything that is reserved; the same memory each time. */
static inline struct listing *list_all(int fd)
{
	static struct listing l;
	struct netport_list all = { .flags = 0 };

	errno = list_of(fd, &all, 64, &l);
	if (errno)
		die("NETPORT_IOC_LIST");
	return &l;
}

/* How many entries a token has; @e is one of them, or zero. */
static inline unsigned int find(int fd, __u64 token, struct netport_entry *e)
{
	struct listing *l = list_all(fd);
	unsigned int i, n = 0;

	memset(e, 0, sizeof(*e));
	for (i = 0; i < l->n; i++)
		if (l->e[i].token == token && !n++)
			*e = l->e[i];
	return n;
}

/* The NETPORT_STATE_* of a reservation; BROKEN if it isn't listed. */
static inline unsigned int state_of(int fd, __u64 token)
{
	struct netport_entry e;

	return find(fd, token, &e) ? e.state : BROKEN;
}

/* limits, which are the machine's */

#define LIMITS	3

enum { PER_OWNER, PER_UID, PER_NETNS };

static inline const char *limit_path(int which)
{
	static const char *const path[LIMITS] = {
		PARAMETERS "max_per_owner", PARAMETERS "max_per_uid", PARAMETERS "max_per_netns",
	};

	return path[which];
}

static inline void set_limit(int which, unsigned int max)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", max);
	write_file(limit_path(which), text);
}

static inline void restore_limits(void)
{
	set_limit(PER_OWNER, 65536);
	set_limit(PER_UID, 262144);
	set_limit(PER_NETNS, 1048576);
}

#endif /* _KEEP_H */
