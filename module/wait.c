// SPDX-License-Identifier: GPL-2.0
/*
 * Waiting for a port: who gives one back hands it over.
 *
 * Those who wait for one port, or for any port of some range, are in a queue.  Equal
 * requests can be had or not all alike, so in a queue they are one np_wish, and only its
 * first waiter has to be looked at: what a release costs doesn't grow with how many
 * wait.  The wishes of a queue are in the order of the tickets of their first waiters, and the
 * queue of the port and that for any port are gone through together, in that order.
 *
 * A port that many can share may be granted to many at once, and where bindings have to be
 * compared one by one a look takes long.  After NP_SERVE_STEP grants, or NP_COMPARE_MAX
 * comparisons, the rest is left to a work item, so that no lock is held for long; and so it is
 * after some more of that if a release gives many ports back, for it may not be able to sleep.
 *
 * A waiter's plan, and whether it has been granted, is under wait_lock; so is its place in
 * the queue for any port.  Its place in the queue of a port is under the shard lock.  Who
 * serves has both.
 */
#include <kunit/visibility.h>
#include <linux/hrtimer.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "netport_priv.h"

/* Reservations made for others under one hold of a lock. */
#define NP_SERVE_STEP	16

/* A look at a wish, and a grant, in comparisons. */
#define NP_SERVE_LOOK	32
#define NP_SERVE_GRANT	(NP_COMPARE_MAX / NP_SERVE_STEP)

/* Wishes in a queue, of all users. */
#define NP_QUEUE_MAX	1024

/**
 * struct np_wish - a request that somebody waits for
 * @link: in np_queue.wishes
 * @waiters: np_waiter.link, in the order they came
 */
struct np_wish {
	struct list_head	link;
	struct list_head	waiters;
};

/**
 * struct np_waiter - who waits
 * @link: in np_wish.waiters
 * @wish: the wish; NULL when it is in no queue any more
 * @queue: the queue of @wish
 * @plan: what for; gone once it is granted and nobody sleeps on it
 * @task: who sleeps, or NULL
 * @ticket: smaller is earlier; as it's never used again, also the name of a wish
 * @granted: the reservation has been made
 * @owner_link: if @task is NULL: in netport_owner.wishes or .granted, owner lock; in none
 *	before np_wish() is done with it, and when somebody has claimed it
 * @all_link: in np_net.waiters while it's in a queue; wait_lock
 */
struct np_waiter {
	struct list_head	link;
	struct np_wish		*wish;
	struct np_queue		*queue;
	struct np_plan		*plan;
	struct task_struct	*task;
	u64			ticket;
	bool			granted;
	struct list_head	owner_link;
	struct list_head	all_link;
};

/* No token: these have a port in their lower 16 bits. */
static u64 np_wish_id(const struct np_waiter *w)
{
	return w->ticket << 16;
}

/* The ports of a shard have each an index of their own here. */
static u32 np_queue_hash(u16 port)
{
	return port % NP_WORD_PORTS + port / (NP_WORD_PORTS * NP_SHARDS) * NP_WORD_PORTS;
}

static u32 np_queue_node_hash(struct hlist_node *node)
{
	return np_queue_hash(hlist_entry(node, struct np_queue, node)->port);
}

static struct np_queue *np_queue_find(struct np_shard *shard, u16 port)
{
	struct np_queue *q;

	lockdep_assert_held(&shard->lock);
	np_hash_for_each_entry(q, &shard->queues, np_queue_hash(port), node)
		if (q->port == port)
			return q;
	return NULL;
}

static struct np_waiter *np_wish_first(struct np_wish *wish)
{
	return list_first_entry(&wish->waiters, struct np_waiter, link);
}

/* A wish to its place: at the end, unless its first waiter has been here longer. */
static void np_wish_place(struct np_queue *q, struct np_wish *wish)
{
	u64 ticket = np_wish_first(wish)->ticket;
	struct np_wish *before;

	list_for_each_entry_reverse(before, &q->wishes, link)
		if (np_wish_first(before)->ticket < ticket)
			break;
	list_add(&wish->link, &before->link);
}

/* Take a waiter out of its queue, and what is empty then away. */
static void np_waiter_leave(struct np_shard *shard, struct np_waiter *w)
{
	struct np_queue *q = w->queue;
	struct np_wish *wish = w->wish;

	list_del(&w->link);
	list_del_init(&w->all_link);
	w->wish = NULL;
	list_del(&wish->link);
	if (!list_empty(&wish->waiters)) {
		np_wish_place(q, wish);
		return;
	}
	kfree(wish);
	WRITE_ONCE(q->count, q->count - 1);
	if (q->port && !q->count) {
		np_hash_del(&shard->queues, &q->node, np_queue_node_hash);
		kfree(q);
	}
}

/* serving */

/* The port is in the table: make it a reservation, and tell whoever waited for it. */
static void np_waiter_grant(struct np_shard *shard, struct np_waiter *w)
{
	struct netport_owner *owner = w->plan->owner;

	np_plan_publish(w->plan, shard);
	if (w->wish) {
		np_waiter_leave(shard, w);
		np_tell_wait(owner->nn, w->plan, np_wish_id(w), NP_WAIT_GRANTED);
	} else {
		w->ticket = ++owner->nn->tickets;
	}
	if (w->task) {
		WRITE_ONCE(w->granted, true);
		wake_up_process(w->task);
		return;
	}
	/* Once it's on the list somebody may fetch it. */
	spin_lock(&owner->lock);
	w->granted = true;
	if (!list_empty(&w->owner_link))
		list_move_tail(&w->owner_link, &owner->granted);
	spin_unlock(&owner->lock);
	wake_up_interruptible_poll(&owner->poll, EPOLLIN | EPOLLRDNORM);
}

/*
 * Make the reservation of the first waiter of a wish, if that can be done now.  @left is
 * how many comparisons that may take, and what is left of them.
 */
static bool np_wish_serve(struct np_net *nn, struct np_shard *shard, struct np_wish *wish,
			  u16 port, int *left)
{
	struct np_waiter *w = np_wish_first(wish);
	struct np_plan *p = w->plan;
	int err;

	*left -= NP_SERVE_LOOK;
	if (p->pick && !np_pick_wants(nn, p->want, port))
		return false;
	p->lent = left;
	err = np_plan_link(p, shard, p->pick ? &p->cursor : NULL, port, np_plan_part(p));
	p->lent = NULL;
	if (err)
		return false;
	p->port = port;
	np_waiter_grant(shard, w);
	return true;
}

/* The first wish of a queue that has a ticket behind @after; NULL if there is none. */
static struct np_wish *np_wish_after(struct np_queue *q, u64 after)
{
	struct np_wish *wish;

	if (q)
		list_for_each_entry(wish, &q->wishes, link)
			if (np_wish_first(wish)->ticket > after)
				return wish;
	return NULL;
}

/* The wish behind another in a queue; NULL if there is none. */
static struct np_wish *np_wish_next(struct np_queue *q, struct np_wish *wish)
{
	return list_is_last(&wish->link, &q->wishes) ? NULL : list_next_entry(wish, link);
}

/*
 * Serve those who wait for a port, from the ticket behind @after on, which is moved along.
 * What that took, in comparisons, is taken from @total.  True if the lock has been held for long
 * enough, and there may be more.
 */
static bool np_wait_serve_some(struct np_net *nn, struct np_shard *shard, u16 port, u64 *after,
			       int *total)
{
	struct np_queue *q, *any = &nn->any_port;
	unsigned int grants = NP_SERVE_STEP;
	int left = NP_COMPARE_MAX;
	struct np_wish *a, *b;
	bool more = false;

	lockdep_assert_held(&shard->lock);
	if (READ_ONCE(nn->dead))
		return false;
	spin_lock(&nn->wait_lock);
	q = np_queue_find(shard, port);
	a = np_wish_after(q, *after);
	b = np_wish_after(any, *after);
	while (a || b) {
		bool of_port = a && (!b || np_wish_first(a)->ticket < np_wish_first(b)->ticket);
		struct np_wish *wish = of_port ? a : b;
		u64 ticket = np_wish_first(wish)->ticket;
		bool fresh = left == NP_COMPARE_MAX;

		more = !grants || left <= 0;
		if (more)
			break;
		if (np_wish_serve(nn, shard, wish, port, &left)) {
			grants--;
			/* The wish has another place now, or is gone, and its queue as well. */
			if (of_port)
				q = np_queue_find(shard, port);
			wish = np_wish_after(of_port ? q : any, ticket);
		} else {
			/* What was left wasn't enough to tell. */
			more = left < 0 && !fresh;
			if (more)
				break;
			wish = np_wish_next(of_port ? q : any, wish);
		}
		*after = ticket;
		if (of_port)
			a = wish;
		else
			b = wish;
	}
	spin_unlock(&nn->wait_lock);
	*total -= NP_COMPARE_MAX - left + (NP_SERVE_STEP - grants) * NP_SERVE_GRANT;
	return more;
}

/**
 * np_wait_serve() - something on a port came free: give it to who has waited longest
 * @nn: namespace
 * @shard: the shard of the port, locked
 * @port: the port
 * @left: what is left of NP_SERVE_MAX for this release
 */
void np_wait_serve(struct np_net *nn, struct np_shard *shard, u16 port, int *left)
{
	u64 after = 0;

	if (*left <= 0 || np_wait_serve_some(nn, shard, port, &after, left)) {
		shard->unserved = true;
		np_net_serve_later(nn);
	}
}

static void np_shard_serve(struct np_net *nn, unsigned int nr)
{
	struct np_shard *shard = &nn->shards[nr];
	unsigned int base, i;
	bool more;
	u64 after;
	int left;

	for (base = nr * NP_WORD_PORTS; base <= U16_MAX; base += NP_SHARDS * NP_WORD_PORTS) {
		for (i = 0; i < NP_WORD_PORTS; i++) {
			after = 0;
			left = 0;
			do {
				spin_lock_bh(&shard->lock);
				more = np_wait_serve_some(nn, shard, base + i, &after, &left);
				spin_unlock_bh(&shard->lock);
				cond_resched();
			} while (more);
		}
	}
}

/**
 * np_wait_serve_rest() - go on where np_wait_serve() stopped
 * @nn: namespace
 */
void np_wait_serve_rest(struct np_net *nn)
{
	unsigned int i;
	bool unserved;

	for (i = 0; i < NP_SHARDS; i++) {
		spin_lock_bh(&nn->shards[i].lock);
		unserved = nn->shards[i].unserved;
		nn->shards[i].unserved = false;
		spin_unlock_bh(&nn->shards[i].lock);
		if (unserved)
			np_shard_serve(nn, i);
	}
}

/* queueing up */

/* What queueing up may need, allocated before the locks are taken. */
struct np_entrance {
	struct np_queue	*queue;
	struct np_wish	*wish;
};

static int np_entrance_alloc(struct np_entrance *e, gfp_t gfp)
{
	e->queue = kzalloc(sizeof(*e->queue), gfp);
	e->wish = kzalloc(sizeof(*e->wish), gfp);
	return e->queue && e->wish ? 0 : -ENOMEM;
}

static void np_entrance_drop(struct np_entrance *e)
{
	kfree(e->queue);
	kfree(e->wish);
}

static struct np_queue *np_queue_enter(struct np_net *nn, struct np_shard *shard, u16 port,
				       struct np_entrance *e)
{
	struct np_queue *q;

	if (!port)
		return &nn->any_port;
	q = np_queue_find(shard, port);
	if (q)
		return q;
	q = e->queue;
	e->queue = NULL;
	q->port = port;
	INIT_LIST_HEAD(&q->wishes);
	np_hash_add(&shard->queues, &q->node, np_queue_hash(port), np_queue_node_hash);
	return q;
}

static int np_waiter_enter(struct np_net *nn, struct np_shard *shard, struct np_waiter *w,
			   struct np_entrance *e)
{
	struct np_queue *q = np_queue_enter(nn, shard, w->plan->pick ? 0 : w->plan->port, e);
	unsigned int of_user = 0;
	struct np_wish *wish;
	struct np_plan *p;

	w->queue = q;
	w->ticket = ++nn->tickets;

	list_for_each_entry(wish, &q->wishes, link) {
		p = np_wish_first(wish)->plan;
		if (np_plan_equal(p, w->plan)) {
			w->wish = wish;
			list_add_tail(&w->link, &wish->waiters);
			list_add_tail(&w->all_link, &nn->waiters);
			return 0;
		}
		of_user += p->user == w->plan->user;
	}
	if (of_user >= NETPORT_WISHES_MAX || q->count == NP_QUEUE_MAX)
		return -EDQUOT;
	list_add_tail(&w->all_link, &nn->waiters);
	WRITE_ONCE(q->count, q->count + 1);
	w->wish = e->wish;
	e->wish = NULL;
	INIT_LIST_HEAD(&w->wish->waiters);
	list_add_tail(&w->link, &w->wish->waiters);
	np_wish_place(q, w->wish);
	return 0;
}

/* Have the port, or queue up for it: nobody can come between. */
static int np_waiter_start_port(struct np_waiter *w, struct np_entrance *e)
{
	struct np_plan *p = w->plan;
	struct np_net *nn = p->owner->nn;
	struct np_shard *shard = np_shard_of(nn, p->port);
	int err;

	spin_lock_bh(&shard->lock);
	spin_lock(&nn->wait_lock);
	err = READ_ONCE(nn->dead) ? -ENETDOWN :
	      np_plan_link(p, shard, NULL, p->port, np_plan_part(p));
	if (!err)
		np_waiter_grant(shard, w);
	else if (err == -EADDRINUSE)
		err = np_waiter_enter(nn, shard, w, e);
	if (w->wish)
		np_tell_wait(nn, p, np_wish_id(w), NP_WAIT_BEGIN);
	spin_unlock(&nn->wait_lock);
	spin_unlock_bh(&shard->lock);
	return err;
}

/* Have this port of the range, unless somebody has given it one meanwhile. */
static int np_waiter_try(struct np_waiter *w, const struct np_cursor *c, u16 port)
{
	struct np_plan *p = w->plan;
	struct np_net *nn = p->owner->nn;
	struct np_shard *shard = np_shard_of(nn, port);
	int err = 0;

	spin_lock_bh(&shard->lock);
	spin_lock(&nn->wait_lock);
	if (READ_ONCE(nn->dead)) {
		err = -ENETDOWN;
	} else if (!w->granted) {
		err = np_plan_link(p, shard, c, port, np_plan_part(p));
		if (!err) {
			p->port = port;
			np_waiter_grant(shard, w);
			np_tell_picked(p->owner, p->want, port, p->token, c->tried);
		}
	}
	spin_unlock(&nn->wait_lock);
	spin_unlock_bh(&shard->lock);
	return err;
}

/* Have any port of the range that can be had now; -EADDRNOTAVAIL if there is none. */
static int np_waiter_search(struct np_waiter *w, gfp_t gfp)
{
	struct np_plan *p = w->plan;
	struct np_cursor c;
	int err, port;

	np_pick_start(&c, p->want, p->n, false, gfp);
	do {
		port = np_pick_next_of(&c, &p->view, p->want, p->n);
		if (port < 0)
			return port;
		err = np_waiter_try(w, &c, port);
	} while (err == -EADDRINUSE || err == -EDQUOT);
	return err;
}

static int np_waiter_enter_any(struct np_waiter *w, struct np_entrance *e)
{
	struct np_net *nn = w->plan->owner->nn;
	unsigned int i;
	int err;

	spin_lock_bh(&nn->wait_lock);
	err = READ_ONCE(nn->dead) ? -ENETDOWN : np_waiter_enter(nn, NULL, w, e);
	if (!err)
		np_tell_wait(nn, w->plan, np_wish_id(w), NP_WAIT_BEGIN);
	spin_unlock_bh(&nn->wait_lock);
	/*
	 * np_wait_any() is asked with no other lock than that of the shard: whoever has that
	 * now may not see us, but what he gives back, we do.
	 */
	for (i = 0; i < NP_SHARDS && !err; i++) {
		spin_lock_bh(&nn->shards[i].lock);
		spin_unlock_bh(&nn->shards[i].lock);
	}
	return err;
}

/*
 * Look, queue up, and look again: what is given back from then on comes here by itself.
 * The first look is for those who needn't wait, and so needn't have room in the queue.
 */
static int np_waiter_start_any(struct np_waiter *w, struct np_entrance *e, gfp_t gfp)
{
	struct np_plan *p = w->plan;
	int err;

	err = np_waiter_search(w, gfp);
	if (err != -EADDRNOTAVAIL)
		return err;
	np_pick_start(&p->cursor, p->want, p->n, false, gfp);
	np_pick_wait(&p->cursor);
	err = np_waiter_enter_any(w, e) ?: np_waiter_search(w, gfp);
	return err == -EADDRNOTAVAIL ? 0 : err;
}

static int np_waiter_start(struct np_waiter *w, gfp_t gfp)
{
	struct np_entrance e = {};
	int err;

	err = np_entrance_alloc(&e, gfp);
	if (!err)
		err = w->plan->pick ? np_waiter_start_any(w, &e, gfp) :
				      np_waiter_start_port(w, &e);
	np_entrance_drop(&e);
	/* What linking needed has gone into an attempt that was undone, and there is no other. */
	if (unlikely(err == -EAGAIN))
		err = -ENOMEM;
	if (!err && !w->plan->pick)
		np_shard_settle(w->plan->owner->nn,
				np_shard_of(w->plan->owner->nn, w->plan->port), gfp);
	return err;
}

/* Leave the queue, unless it's granted.  Whoever did that has finished afterwards. */
static bool np_waiter_stop(struct np_waiter *w, enum np_waited outcome)
{
	struct np_net *nn = w->plan->owner->nn;
	struct np_shard *shard = np_shard_of(nn, w->plan->pick ? 0 : w->plan->port);
	bool granted;

	spin_lock_bh(&shard->lock);
	spin_lock(&nn->wait_lock);
	granted = w->granted;
	if (w->wish) {
		np_waiter_leave(shard, w);
		np_tell_wait(nn, w->plan, np_wish_id(w), outcome);
	}
	spin_unlock(&nn->wait_lock);
	spin_unlock_bh(&shard->lock);
	return granted;
}

/* Sleep until it's granted; the error is why that has ended without. */
static int np_waiter_sleep(struct np_waiter *w, ktime_t deadline)
{
	int err = 0;

	for (;;) {
		set_current_state(TASK_KILLABLE | TASK_FREEZABLE);
		if (READ_ONCE(w->granted))
			break;
		if (fatal_signal_pending(current)) {
			err = -EINTR;
			break;
		}
		if (READ_ONCE(w->plan->owner->nn->dead)) {
			err = -ENETDOWN;
			break;
		}
		if (!schedule_hrtimeout(&deadline, HRTIMER_MODE_ABS)) {
			err = -ETIMEDOUT;
			break;
		}
	}
	__set_current_state(TASK_RUNNING);
	return err;
}

static enum np_waited np_wait_outcome(int err)
{
	switch (err) {
	case -ETIMEDOUT:
		return NP_WAIT_TIMEOUT;
	case -EINTR:
		return NP_WAIT_KILLED;
	case -ENETDOWN:
		return NP_WAIT_NETNS;
	default:
		return NP_WAIT_FAILED;
	}
}

/**
 * np_wait() - make a reservation, now or when it can be had
 * @p: the plan, made with NP_PLAN_WAIT; its port and token are results
 * @deadline: until when to wait
 * @gfp: for the memory, may sleep
 *
 * Return: 0, -ETIMEDOUT, -EINTR, or why it can't be waited for.
 */
int np_wait(struct np_plan *p, ktime_t deadline, gfp_t gfp)
{
	struct np_waiter w = { .plan = p, .task = current };
	int err;

	err = np_waiter_start(&w, gfp);
	if (!err && !w.granted)
		err = np_waiter_sleep(&w, deadline);
	return np_waiter_stop(&w, np_wait_outcome(err)) ? 0 : err;
}
EXPORT_SYMBOL_IF_KUNIT(np_wait);

/* wishes */

static struct np_waiter *np_wish_find(struct netport_owner *owner, struct list_head *list,
				      u64 id)
{
	struct np_waiter *w;

	lockdep_assert_held(&owner->lock);
	list_for_each_entry(w, list, owner_link)
		if (!id || np_wish_id(w) == id)
			return w;
	return NULL;
}

/* Take a wish off its owner's list: from here on it's the caller's. */
static void np_wish_claim(struct netport_owner *owner, struct np_waiter *w)
{
	lockdep_assert_held(&owner->lock);
	list_del_init(&w->owner_link);
	owner->nwishes--;
}

static void np_wish_free(struct np_waiter *w)
{
	np_plan_free(w->plan);
	kfree(w);
}

/**
 * np_wish() - register a wish
 * @p: the plan, made with NP_PLAN_WAIT; the wish's from now on, unless this fails
 * @id: result: the wish's name
 * @gfp: for the memory, may sleep
 *
 * Return: 0, or why it can't be waited for.
 */
int np_wish(struct np_plan *p, u64 *id, gfp_t gfp)
{
	struct netport_owner *owner = p->owner;
	struct np_waiter *w;
	bool granted;
	int err;

	/* They are found by going through them. */
	spin_lock_bh(&owner->lock);
	err = owner->nwishes == NETPORT_BATCH_MAX ? -EDQUOT : 0;
	owner->nwishes += !err;
	spin_unlock_bh(&owner->lock);
	if (err)
		return err;
	w = kzalloc(sizeof(*w), gfp);
	if (!w) {
		err = -ENOMEM;
		goto err_count;
	}
	w->plan = p;
	INIT_LIST_HEAD(&w->owner_link);
	err = np_waiter_start(w, gfp);
	if (err && !np_waiter_stop(w, np_wait_outcome(err))) {
		kfree(w);
		goto err_count;
	}

	/* Once it's on a list another thread may end it. */
	*id = np_wish_id(w);
	spin_lock_bh(&owner->lock);
	granted = w->granted;
	list_add_tail(&w->owner_link, granted ? &owner->granted : &owner->wishes);
	spin_unlock_bh(&owner->lock);
	if (granted)
		wake_up_interruptible_poll(&owner->poll, EPOLLIN | EPOLLRDNORM);
	return 0;

err_count:
	spin_lock_bh(&owner->lock);
	owner->nwishes--;
	spin_unlock_bh(&owner->lock);
	return err;
}

/**
 * np_wish_granted() - a wish that has been granted
 * @owner: whose
 * @granted: its name, or 0 for any; all of it is a result
 * @fetch: whether that's the end of the wish
 *
 * Return: 0 or -ENOENT.
 */
int np_wish_granted(struct netport_owner *owner, struct netport_granted *granted, bool fetch)
{
	struct np_waiter *w;

	spin_lock_bh(&owner->lock);
	w = np_wish_find(owner, &owner->granted, granted->wish);
	if (w) {
		granted->wish = np_wish_id(w);
		granted->token = w->plan->token;
		granted->port = w->plan->port;
		if (fetch)
			np_wish_claim(owner, w);
	}
	spin_unlock_bh(&owner->lock);
	if (!w)
		return -ENOENT;
	if (fetch)
		np_wish_free(w);
	return 0;
}

/**
 * np_unwish() - take a wish back
 * @owner: whose
 * @id: its name, or 0 for any
 * @token: result: the reservation, if it was granted, else 0
 *
 * Return: 0 or -ENOENT.
 */
int np_unwish(struct netport_owner *owner, u64 id, u64 *token)
{
	struct np_waiter *w;

	spin_lock_bh(&owner->lock);
	w = np_wish_find(owner, &owner->wishes, id) ?:
	    np_wish_find(owner, &owner->granted, id);
	if (w)
		np_wish_claim(owner, w);
	spin_unlock_bh(&owner->lock);
	if (!w)
		return -ENOENT;
	*token = np_waiter_stop(w, NP_WAIT_UNWISH) ? w->plan->token : 0;
	np_wish_free(w);
	return 0;
}

/**
 * np_wait_poll() - what poll() says of an owner
 * @owner: the owner
 *
 * Return: EPOLL* mask.
 */
__poll_t np_wait_poll(struct netport_owner *owner)
{
	if (READ_ONCE(owner->nn->dead))
		return EPOLLHUP | EPOLLERR;
	return list_empty_careful(&owner->granted) ? 0 : EPOLLIN | EPOLLRDNORM;
}

/* namespaces */

void np_wait_init(struct np_net *nn)
{
	spin_lock_init(&nn->wait_lock);
	INIT_LIST_HEAD(&nn->any_port.wishes);
	INIT_LIST_HEAD(&nn->waiters);
	init_waitqueue_head(&nn->gone);
}

/**
 * np_wait_end() - tell all who wait, or poll, that their namespace is going
 * @nn: the namespace, marked dead
 *
 * May sleep.
 */
void np_wait_end(struct np_net *nn)
{
	struct np_waiter *w;

	wake_up_interruptible_poll(&nn->gone, EPOLLHUP | EPOLLERR);
	do {
		spin_lock_bh(&nn->wait_lock);
		w = list_first_entry_or_null(&nn->waiters, struct np_waiter, all_link);
		if (w) {
			list_del_init(&w->all_link);
			/* A stack of the kernel's listens to its owner alone. */
			if (w->task)
				wake_up_process(w->task);
			else
				wake_up_interruptible_poll(&w->plan->owner->poll,
							   EPOLLHUP | EPOLLERR);
		}
		spin_unlock_bh(&nn->wait_lock);
		cond_resched();
	} while (w);
}
