/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A model of netport, and a machine that argues with it.
 *
 *	gen.c	makes operations up, from what the model says there is
 *	ops.c	does one: asks the model what may come of it, asks the kernel, compares.
 *		request.c, candidate.c, release.c, change.c, wish.c, look.c, files.c: each
 *		its kinds; with what is in call.c, table.c and turn.c
 *	model.c	what is held, and the rules, as the uapi header words them
 *	world.c	the kernel's side: namespaces, files, processes
 *	text.c	operations and tables for people
 *	main.c	runs, shrinks what failed, counts
 *
 * An operation names what it is about by where it came from (the owner in slot 2, the
 * reservation made by operation 17), so that any part of a sequence can be run again.
 */
#ifndef _FUZZ_H
#define _FUZZ_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/netport.h>

#define LB	NETPORT_SHARE_LOAD_BALANCED
#define MR	NETPORT_SHARE_MOST_RECENT
#define TO	NETPORT_SHARE_TUPLE_ONLY

/* How large the world is; the limits are the module's parameters. */
#define SPACES		3
#define OWNERS		8
#define PEERS		3
#define UIDS		3
#define MORE		2		/* bindings of a request after the first */
#define EXCLUDES	3
#define BATCH		4
#define PER_OWNER	20
#define PER_UID		40
#define PER_NETNS	56
#define RESVS		(SPACES * PER_NETNS + 1)
#define EPISODE		4000		/* operations until all starts anew */

/* The port window of an episode. */
#define WINDOW		12

#define CAP_BIND	1
#define CAP_ADMIN	2
#define CAPS		3

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define die(fmt, ...) do {						\
	fprintf(stderr, "# fuzz: %s:%d: " fmt ": %s\n", __FILE__,	\
		__LINE__, ##__VA_ARGS__, strerror(errno));		\
	_exit(2);							\
} while (0)

/* operations */

enum kind {
	OP_OPEN, OP_CLOSE, OP_SHARE, OP_FETCH, OP_KILL, OP_NETNS, OP_CAPS, OP_SYSCTL,
	OP_RESERVE, OP_REQUEST, OP_AVAILABLE, OP_BATCH, OP_CANDIDATE, OP_NEXT, OP_ACCEPT,
	OP_RELEASE, OP_RELEASE_KEY, OP_RELEASE_PART, OP_RELEASE_BATCH, OP_HOLD_END,
	OP_EXTEND, OP_REBIND, OP_TRANSFER, OP_ADOPT, OP_LABEL,
	OP_WISH, OP_GRANTED, OP_UNWISH, OP_WAIT,
	OP_LIST, OP_INFO, OP_GET_RANGE, OP_SET_RANGE, OP_EPHEMERAL, OP_NOTTY,
	OPS
};

/* What is wrong with the structure of a call, if anything. */
enum fault {
	HOW_WELL,
	HOW_SHORT,		/* the size of the first version */
	HOW_LONG,		/* more than is known, and all of that zero */
	HOW_TOO_SHORT,
	HOW_TOO_LONG,		/* something in what isn't known */
	HOW_FAULT,		/* no memory there */
	HOW_READONLY,		/* the results can't be written */
	HOWS
};

struct request {
	struct netport_request r;
	struct netport_binding more[MORE];
	__u16 exclude[EXCLUDES];
	bool conflict;
};

/* By which operation something was made, and as the how manieth. */
#define MADE(op, i)	((op) * BATCH + (i))
#define NEVER		(-1)

struct op {
	unsigned char kind, who, other, how;
	unsigned char uid, space, caps, n;
	int ref[BATCH];
	__u32 hold, options;
	__u16 low, high, count;
	__u16 pin[BATCH];	/* what was picked, to have it again */
	unsigned int index;
	struct request q[BATCH];
};

/* the model */

struct bind {
	__u16 families, protocol, port, rport;
	__u32 ifindex, share;
	__u8 addr[16], remote[16];
	bool tuple;
	bool closed;		/* a hold of the whole port */
};

/* A search for candidates. */
struct search {
	__u16 low, high;
	__u16 first;		/* the port offered first */
	__u16 start;		/* the search may have begun from here on */
	bool shared;		/* it is for ports to share */
};

/* An owner that was, or is; reservations may outlive it. */
struct who {
	__u64 id;
	int uid;
	int pid;
	char comm[NETPORT_COMM_LEN];
	char label[NETPORT_LABEL_LEN];
};

struct resv {
	__u64 token;		/* 0: not seen yet, a wish that has been granted */
	int made;
	int space;
	int owner;		/* slot, or -1: nobody's */
	struct who who;		/* whose it is, or was; the label is of the slot */
	__u32 state;		/* NETPORT_STATE_* */
	__u32 options;		/* NETPORT_OPT_PERSISTENT */
	__u32 hold;
	char label[NETPORT_LABEL_LEN];
	bool block;
	struct search search;
	struct request q;	/* of a candidate, and where its search stands */
	enum fault how;
	__u64 cursor;
	int n;
	struct bind b[PER_OWNER];
};

/* A request, checked. */
struct plan {
	int n;
	struct bind b[1 + MORE];
	bool pick;
	__u16 port, low, high, count, align, offset;
	__u32 options;
	int nexclude;
	const __u16 *exclude;
	char label[NETPORT_LABEL_LEN];
	__u64 deadline;
};

struct wish {
	__u64 id;
	int made;
	int space;
	int owner;
	int peer;		/* who sleeps, or -1 */
	unsigned int granted;	/* 0: waits; else those with less were granted before */
	__u64 token;
	__u16 port;
	struct plan p;
	__u16 exclude[EXCLUDES];
};

struct owner {
	bool alive;
	bool dead;		/* its namespace is gone, */
	int wished;		/* and it still wishes for so many ports of it */
	int fd;			/* or -1: only a peer has it */
	unsigned int peers;	/* who has a copy */
	int space;
	int count;
	struct who who;
};

enum fit { BUSY, SHARED, FREE };

/* Where something came free: for those who wait. */
struct freed {
	int n;
	int resvs;
	bool async;		/* they may be served a little later */
	struct { int space; __u16 port; } at[RESVS];
};

struct model {
	_Alignas(4096) struct owner owner[OWNERS];	/* in pages of its own, see world_init() */
	int nresv;
	struct resv resv[RESVS];
	int nwish;
	struct wish wish[UIDS * PER_UID + 1];	/* in the order they came */
	unsigned int grants;
	int uid_count[UIDS];
	int space_count[SPACES];
	__u16 low[SPACES], high[SPACES];	/* the ephemeral range */
	__u16 floor[SPACES];
	__u16 reserved[SPACES][2];
	unsigned int caps;
	unsigned int unlearned;			/* namespaces with unknown tokens */
	/* Of what an operation made, whatever became of it. */
	__u64 token[EPISODE * BATCH];
	__u64 wish_id[EPISODE * BATCH];
	__u64 owners;				/* the number that was given out last */
};

extern struct model model;

/* Errors that may come of a call, 0 among them. */
struct allow {
	__u64 bit[3];
};

static inline void allow(struct allow *a, int err)
{
	a->bit[err / 64] |= 1ULL << err % 64;
}

static inline bool allowed(const struct allow *a, int err)
{
	return err < 192 && a->bit[err / 64] >> err % 64 & 1;
}

static inline void only(struct allow *a, int err)
{
	memset(a, 0, sizeof(*a));
	allow(a, err);
}

/* For what a request is. */
enum purpose { USE_RESERVE, USE_AVAILABLE, USE_CANDIDATE, USE_EXTEND, USE_REBIND, USE_WISH };

bool parse_binding(const struct netport_binding *b, __u16 port, bool tuple, struct bind *to);
bool parse(const struct request *q, enum purpose use, struct plan *p);
bool may_have(const struct owner *o, struct plan *p);
void changed(void);
enum fit judge(int space, const struct bind *b, int uid, const struct resv *skip);
enum fit judge_plan(int space, const struct plan *p, __u16 port, int uid,
		    const struct resv *skip);
bool in_way(const struct bind *held, const struct bind *new);
bool eligible(int space, const struct plan *p, unsigned int port);
bool wants(int space, const struct plan *p, __u16 port, enum fit fit);
bool exists(int space, const struct plan *p, int uid, const struct resv *skip, enum fit fit);
bool has_room(const struct owner *o, int n);
void charge(int slot, int n);
struct resv *add(int slot, const struct plan *p, __u16 port, __u64 token, int made);
struct resv *find(int space, __u64 token);
void take(struct resv *r, struct freed *f);
void forget(struct resv *r, struct freed *f);
void unwish(struct wish *w);
void serve(int space, __u16 port);
void serve_all(struct freed *f);
bool waiting(int space, bool pick);
struct wish *grant(struct wish *w, __u16 port, __u64 token);
void die_owner(int slot, struct freed *f);
void entry_of(const struct resv *r, int i, bool curious, int asker, struct netport_entry *e);
bool binding_equal(const struct bind *a, const struct bind *b);

/* the kernel's side */

struct peer {
	int pid;
	int sock;
	int space;
	bool waits;
};

struct space {
	int fd;			/* of the namespace */
	unsigned int nr;	/* of all there were */
	int observer;		/* a file for listings */
};

extern struct peer peer[PEERS];
extern struct space space[SPACES];

enum { PEER_OPEN, PEER_SHARE, PEER_FETCH, PEER_CLOSE, PEER_WAIT };

struct message {
	int what, slot;
	unsigned int uid, caps;
	int err;
	struct request q;
	struct who who;
};

void limits(bool small);
void world_init(void);
void world_reset(bool fresh);
unsigned int real_uid(int uid);
void set_caps(unsigned int caps);
void enter(int s);
void leave(void);
int open_owner(int s, int uid);
void own_name(struct who *who);
void peer_start(int p, int s);
void peer_kill(int p);
void peer_tell(int p, const struct message *m, int fd);
bool peer_hear(int p, struct message *m, int *fd, int ms);
bool peer_sleeps(int p);
void space_new(int s);
void space_end(int s, bool wait);
void space_defaults(int s);
void write_proc(int s, const char *path, const char *text);
__u64 now_ns(void);
void nap_us(unsigned int us);
void *unforked(size_t size);

/* running */

[[gnu::format(printf, 1, 2)]] _Noreturn void failed(const char *fmt, ...);

extern bool pinned;

bool step(struct op *op);
void check_all(void);
void check_end(void);
void generate(struct op *op, unsigned int index, __u16 base);

struct count {
	unsigned long err[OPS][192];
};

extern struct count *count;

const char *kind_name(int kind);
const char *err_name(int err);
const char *allow_text(const struct allow *a);
void print_op(FILE *f, const struct op *op);
void print_bind(FILE *f, const struct netport_binding *b);
void print_model(FILE *f);

/* random numbers */

extern __u64 rng_state;

static inline __u64 rnd(void)
{
	__u64 z = (rng_state += 0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static inline unsigned int below(unsigned int n)
{
	return (rnd() >> 32) * n >> 32;
}

static inline bool one_in(unsigned int n)
{
	return !below(n);
}

#endif /* _FUZZ_H */
