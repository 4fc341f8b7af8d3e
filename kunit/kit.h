/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the suites share: owners to act as, requests written as text, and a check that
 * nothing is left behind.
 *
 * A suite that goes through the kernel API has kit_init() and kit_exit(), and does all
 * in the first network namespace.  One that tests the insides of a file has
 * kit_bare_init() and kit_bare_exit(), and gets a struct np_net of its own.
 *
 * A request is written as
 *
 *	ADDRESS [WORD]...
 *
 * ADDRESS is 0.0.0.0 for IPv4's any-address, :: for that of IPv6 alone, * for both
 * families' at once, or any other.  The words:
 *
 *	port=N		default 80; 0 asks for a port
 *	tcp, proto=N	default UDP
 *	LB MR TO	share flags
 *	dev=N		device
 *	to=ADDRESS	remote address
 *	rport=N		remote port
 *	low=N high=N	range to pick from
 *	tuple		NETPORT_OPT_TUPLE
 *	alice alice2 bob	by whom: alice2 is another owner with alice's uid; default
 *			alice
 *
 * One with terms, for kit_request(), has more bindings after a '+' each, which get the
 * port of the first, and among the words of the first
 *
 *	count=N align=N offset=N label=TEXT persistent
 *	not=N		a port to exclude; may be there several times
 */
#ifndef _NETPORT_KIT_H
#define _NETPORT_KIT_H

#include <kunit/test.h>
#include <kunit/visibility.h>
#include <linux/cpumask.h>
#include <linux/prandom.h>

#include "netport_priv.h"

#define KIT_POISON	0xcc
#define KIT_POISON64	0xccccccccccccccccULL

enum kit_who { KIT_ALICE, KIT_ALICE2, KIT_BOB, KIT_NWHO };

/**
 * struct kit - what a case works with
 * @nn: the first network namespace's tables, or tables of the case's own
 * @held: reservations there before
 * @owner: whom to act as; use kit_owner()
 * @net: of tables of the case's own: has sysctls and nothing else
 * @user: of tables of the case's own: alice and bob
 * @bare: of tables of the case's own: owners in name only
 */
struct kit {
	struct np_net		*nn;
	int			held;
	struct netport_owner	*owner[KIT_NWHO];
	struct net		*net;
	struct np_user		user[2];
	struct netport_owner	bare[KIT_NWHO];
};

/* Who asks for what. */
struct kit_req {
	enum kit_who		who;
	struct netport_reserve	req;
};

int kit_init(struct kunit *test);
void kit_exit(struct kunit *test);
int kit_bare_init(struct kunit *test);
void kit_bare_exit(struct kunit *test);

static inline struct kit *kit_of(struct kunit *test)
{
	return test->priv;
}

kuid_t kit_uid(enum kit_who who);
struct netport_owner *kit_owner(struct kunit *test, enum kit_who who);
void kit_parse(struct kunit *test, const char *text, struct kit_req *r);
int kit_reserve(struct kunit *test, struct kit_req *r, gfp_t gfp);
int kit_available(struct kunit *test, const struct kit_req *r);
void kit_release(struct kunit *test, const struct kit_req *r);
u64 kit_hold(struct kunit *test, const char *text);
void kit_want(struct kunit *test, const char *text, struct np_want *w);
int kit_link(struct kunit *test, const char *text, struct np_resv **resv);
struct np_resv *kit_bind(struct kunit *test, const char *text);
void kit_unbind(struct kunit *test, struct np_resv *r);
bool kit_addr_set(struct kunit *test, struct np_addr *a, u16 port);
void kit_addr_clear(struct kunit *test, struct np_addr *a, u16 port);
int kit_try(struct kunit *test, const char *text);
int kit_held(struct kunit *test);
unsigned int kit_addr_nfew(const struct np_addr *a);
bool kit_owns(struct netport_owner *owner, u64 token);
bool kit_alive(struct kunit *test, enum kit_who who, u64 token);
void kit_need_faults(struct kunit *test);
void kit_fail(unsigned int nth);
bool kit_failed(void);
const struct cred *kit_become(struct kunit *test, bool capable);
void kit_be_again(const struct cred *before);
bool kit_await_waiter(struct np_net *nn);
void kit_expect_empty(struct kunit *test, struct np_net *nn);
void kit_shuffle(struct rnd_state *rnd, unsigned int *what, unsigned int n);
u32 kit_random(struct rnd_state *rnd, u32 below);

/* kit_request.c */

#define KIT_EXCLUDE	16

/**
 * struct kit_request - who asks for what, with terms
 * @who: who
 * @req: what
 * @more: where @req.terms.bindings points to, if it does
 * @exclude: likewise @req.terms.exclude
 */
struct kit_request {
	enum kit_who		who;
	struct netport_request	req;
	struct netport_binding	more[NETPORT_BINDINGS_MAX];
	u16			exclude[KIT_EXCLUDE];
};

struct kit_request *kit_request(struct kunit *test, const char *text);
unsigned int kit_request_ports(const struct kit_request *q);
int kit_request_try(struct kunit *test, struct kit_request *q, gfp_t gfp);
int kit_request_text(struct kunit *test, const char *text);
u64 kit_request_hold(struct kunit *test, const char *text);
int kit_extend(struct kunit *test, u64 token, struct kit_request *q, gfp_t gfp);
int kit_rebind(struct kunit *test, u64 token, struct kit_request *q, gfp_t gfp);
int kit_extend_text(struct kunit *test, u64 token, const char *text);
int kit_rebind_text(struct kunit *test, u64 token, const char *text);
struct np_resv *kit_find(struct kunit *test, u64 token);

/* kit_lookup.c */

#define KIT_PRIVS	1024

enum { KIT_NOBODY = -1, KIT_STRANGE = -2 };

void *kit_priv(unsigned int nr);
int kit_priv_nr(const void *priv);
void kit_key(struct kunit *test, const char *text, struct netport_key *key);
int kit_lookup_key(struct net *net, const struct netport_key *key, u32 hash);
int kit_lookup(struct kunit *test, const char *text);
void kit_attach(struct kunit *test, enum kit_who who, u64 token, unsigned int nr);
u64 kit_attached(struct kunit *test, const char *text, unsigned int nr);

/* kit_netns.c */

/**
 * struct kit_netns - a network namespace of a process of its own
 * @net: the namespace; a reference to it
 * @pid: the process
 */
struct kit_netns {
	struct net	*net;
	struct pid	*pid;
};

struct kit_netns *kit_netns_start(struct kunit *test);
void kit_netns_end(struct kit_netns *ns);
bool kit_netns_gone(struct np_net *nn, unsigned int refs);

/* kit_threads.c */

/* Done by each thread of kit_threads(); no expectations in here. */
typedef void (*kit_thread_fn)(void *arg, unsigned int nr);

/*
 * Threads to make what can go wrong go wrong; more than there are CPUs.  Cases that have them
 * are KUNIT_CASE_SLOW: where several CPUs are, kmemleak looks on at those only, as it sees the
 * others on one CPU.
 */
#define KIT_THREADS	8

/* How often: on one CPU threads only take turns, and find less. */
static inline unsigned int kit_rounds(unsigned int smp, unsigned int up)
{
	return num_online_cpus() > 1 ? smp : up;
}

void kit_threads(struct kunit *test, kit_thread_fn fn, void *arg, unsigned int n);
void kit_yield(struct rnd_state *rnd);

/* Where a function of a kernel-resident stack may be called. */
enum kit_context {
	KIT_PROCESS,
	KIT_LOCKED,
	KIT_BH_OFF,
	KIT_SOFTIRQ,
	KIT_TIMER,
};

void kit_run_in(enum kit_context context, void (*fn)(void *arg), void *arg);

static inline gfp_t kit_gfp(enum kit_context context)
{
	return context == KIT_PROCESS ? GFP_KERNEL : GFP_ATOMIC;
}

/**
 * KIT_EXPECT_RESERVE() - expect how a request ends
 * @test: the test
 * @text: the request
 * @err: 0 or the error
 *
 * netport_available() has to say so beforehand.  What is reserved stays held.
 */
#define KIT_EXPECT_RESERVE(test, text, err)						\
do {											\
	struct kunit *_test = (test);							\
	const char *_text = (text);							\
											\
	KUNIT_EXPECT_EQ_MSG(_test, kit_try(_test, _text), err, "%s", _text);		\
} while (0)

#endif /* _NETPORT_KIT_H */
