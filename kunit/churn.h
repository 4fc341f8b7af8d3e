/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Threads that do everything there is to do, at random, to few ports; and a list of what
 * they hold, of which no two may be in each other's way.
 */
#ifndef _NETPORT_CHURN_H
#define _NETPORT_CHURN_H

#include <linux/mutex.h>

#include "kit.h"
#include "oracle.h"

#define CHURN_POOL	128
#define CHURN_SLOTS	5
/* As many as a block of three ports on three bindings has. */
#define CHURN_PARTS	9
#define CHURN_WISHES	2

/**
 * struct churn_slot - a reservation of a thread
 * @token: its name
 * @who: of which owner
 * @block: it has several ports
 * @n: how many of
 * @e: what it claims
 */
struct churn_slot {
	u64			token;
	enum kit_who		who;
	bool			block;
	unsigned int		n;
	struct oracle_entry	e[CHURN_PARTS];
};

/* A wish of a thread. */
struct churn_wish {
	u64			id;
	struct kit_request	*q;
};

/**
 * struct churn - what the threads share
 * @pool: requests to choose from
 * @owner: by whom
 * @nn: their namespace
 * @lock: protects @slot and @n
 * @slot: what each thread holds
 * @n: how much that is
 * @wish: what each thread waits for; its own
 * @nwish: how much that is
 * @steps: how many each thread does, or U32_MAX: until the namespace is gone
 * @done: how often something was had
 * @overlaps: two were held that must not be
 * @strange: errors that there should not be
 * @strange_op: the last call that ended with one
 * @strange_err: and the error
 */
struct churn {
	struct kit_request	*pool[CHURN_POOL];
	struct netport_owner	*owner[KIT_NWHO];
	struct np_net		*nn;
	struct mutex		lock;	/* see above */
	struct churn_slot	slot[KIT_THREADS][CHURN_SLOTS];
	unsigned int		n[KIT_THREADS];
	struct churn_wish	wish[KIT_THREADS][CHURN_WISHES];
	unsigned int		nwish[KIT_THREADS];
	unsigned int		steps;
	atomic_t		done;
	atomic_t		overlaps;
	atomic_t		strange;
	const char		*strange_op;
	int			strange_err;
};

struct churn *churn_init(struct kunit *test, struct net *net);
void churn_run(void *arg, unsigned int nr);
void churn_expect(struct kunit *test, struct churn *c);

#endif /* _NETPORT_CHURN_H */
