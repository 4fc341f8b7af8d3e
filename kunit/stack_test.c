// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel API as a transport uses it: a socket's life, in each context; and a network
 * namespace that goes while the transport holds ports of every kind there.
 */
#include <linux/delay.h>
#include <linux/in.h>
#include <linux/ktime.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "kit.h"

struct stack_context {
	const char		*desc;
	enum kit_context	context;
};

static const struct stack_context stack_contexts[] = {
	{ "process", KIT_PROCESS },
	{ "under a spinlock", KIT_LOCKED },
	{ "bottom halves off", KIT_BH_OFF },
	{ "tasklet", KIT_SOFTIRQ },
	{ "timer", KIT_TIMER },
};

KUNIT_ARRAY_PARAM_DESC(stack_context, stack_contexts, desc);

static enum kit_context stack_context(struct kunit *test)
{
	const struct stack_context *c = test->param_value;

	return c->context;
}

/**
 * struct stack_life - calls made in a context
 * @owner: the transport, and another one
 * @gfp: as the context allows
 * @uid: of the socket
 * @listener: what it is bound to; others below likewise
 * @sharer: who shares nothing but TUPLE_ONLY with it
 * @more: by which it's extended
 * @moved: to where it moves
 * @accepted: a connection that it accepts
 * @host: what needs the host
 * @cand: a search
 * @priv: the sockets
 * @bad: the first call that ended as it shouldn't
 * @got: how
 */
struct stack_life {
	struct netport_owner	*owner[2];
	gfp_t			gfp;
	kuid_t			uid;
	struct netport_request	listener;
	struct netport_request	sharer;
	struct netport_request	more;
	struct netport_request	moved;
	struct netport_request	accepted;
	struct netport_request	host;
	struct netport_candidate cand;
	int			priv[3];
	const char		*bad;
	long			got;
};

static void stack_did(const char **bad, long *got, const char *what, long is, long want)
{
	if (is == want || *bad)
		return;
	*bad = what;
	*got = is;
}

/* Keeps the first that isn't as it should be, in the bad and got of @s. */
#define STACK_CALL(s, call, want)	\
	stack_did(&(s)->bad, &(s)->got, #call, (long)(call), (long)(want))

/* Whom a packet from 192.0.2.1, port 9, to 10.0.0.@host is for. */
static void *stack_find(u8 host, u16 port)
{
	struct netport_key key = { .protocol = IPPROTO_TCP };
	void *priv;

	netport_key_ipv4(&key, htonl(0x0a000000 | host), htons(port), htonl(0xc0000201), htons(9));
	rcu_read_lock();
	priv = netport_lookup(&init_net, &key, 0);
	rcu_read_unlock();
	return priv;
}

static void stack_life_begins(struct stack_life *s)
{
	struct netport_owner *owner = s->owner[0];
	u64 token;

	STACK_CALL(s, netport_request_as(owner, s->uid, &s->listener, s->gfp), 0);
	token = s->listener.reserve.token;
	STACK_CALL(s, stack_find(1, 80), NULL);
	STACK_CALL(s, netport_detach(owner, token), -ENOENT);
	STACK_CALL(s, netport_attach(owner, token, NULL, s->gfp), -EINVAL);
	STACK_CALL(s, netport_attach(owner, token, &s->priv[0], s->gfp), 0);
	STACK_CALL(s, stack_find(1, 80), &s->priv[0]);
	STACK_CALL(s, netport_attach(owner, token, &s->priv[1], s->gfp), 0);
	STACK_CALL(s, stack_find(1, 80), &s->priv[1]);
	STACK_CALL(s, netport_attach(s->owner[1], token, &s->priv[0], s->gfp), -ENOENT);
	STACK_CALL(s, netport_set_state(owner, token, NETPORT_CONNECTED), -EINVAL);
	STACK_CALL(s, netport_set_state(s->owner[1], token, NETPORT_LISTENING), -ENOENT);
	STACK_CALL(s, netport_request_available(owner, &s->sharer, s->gfp), 0);
	STACK_CALL(s, netport_set_state(owner, token, NETPORT_LISTENING), 0);
	STACK_CALL(s, netport_request_available(owner, &s->sharer, s->gfp), -EADDRINUSE);
	STACK_CALL(s, netport_request(s->owner[1], &s->sharer, s->gfp), -EADDRINUSE);
}

static void stack_life_accepts(struct stack_life *s)
{
	struct netport_owner *owner = s->owner[0];
	u64 token;

	STACK_CALL(s, netport_request_as(owner, s->uid, &s->accepted, s->gfp), 0);
	token = s->accepted.reserve.token;
	STACK_CALL(s, netport_attach(owner, token, &s->priv[2], s->gfp), 0);
	STACK_CALL(s, netport_set_state(owner, token, NETPORT_LISTENING), -EINVAL);
	STACK_CALL(s, netport_set_state(owner, token, NETPORT_CONNECTED), 0);
	STACK_CALL(s, stack_find(1, 80), &s->priv[2]);
	STACK_CALL(s, netport_transfer(owner, token, s->owner[1]), 0);
	STACK_CALL(s, stack_find(1, 80), &s->priv[2]);
	STACK_CALL(s, netport_release(owner, token), -ENOENT);
	STACK_CALL(s, netport_release(s->owner[1], token), 0);
	STACK_CALL(s, stack_find(1, 80), &s->priv[1]);
}

static void stack_life_moves(struct stack_life *s)
{
	struct netport_owner *owner = s->owner[0];
	u64 token = s->listener.reserve.token;

	s->more.reserve.token = token;
	STACK_CALL(s, netport_extend(owner, &s->more, s->gfp), 0);
	STACK_CALL(s, stack_find(2, 80), &s->priv[1]);
	s->moved.reserve.token = token;
	STACK_CALL(s, netport_rebind(owner, &s->moved, s->gfp), 0);
	STACK_CALL(s, stack_find(1, 80), NULL);
	STACK_CALL(s, stack_find(3, s->moved.reserve.binding.port), &s->priv[1]);
	STACK_CALL(s, netport_set_state(owner, token, NETPORT_BOUND), 0);
	STACK_CALL(s, netport_detach(owner, token), 0);
	STACK_CALL(s, netport_detach(owner, token), -ENOENT);
	STACK_CALL(s, stack_find(3, s->moved.reserve.binding.port), NULL);
	STACK_CALL(s, netport_attach(owner, token, &s->priv[0], s->gfp), 0);
	STACK_CALL(s, netport_release(owner, token), 0);
	STACK_CALL(s, stack_find(3, s->moved.reserve.binding.port), NULL);
	STACK_CALL(s, netport_attach(owner, token, &s->priv[0], s->gfp), -ENOENT);
	STACK_CALL(s, netport_set_state(owner, token, NETPORT_BOUND), -ENOENT);
}

/* A candidate isn't found, and does nothing, until it is accepted. */
static void stack_life_searches(struct stack_life *s)
{
	struct netport_owner *owner = s->owner[0];
	u64 token;

	STACK_CALL(s, netport_candidate(owner, &s->cand, s->gfp), 0);
	token = s->cand.reserve.token;
	STACK_CALL(s, netport_attach(owner, token, &s->priv[0], s->gfp), -EINVAL);
	STACK_CALL(s, netport_set_state(owner, token, NETPORT_LISTENING), -EINVAL);
	STACK_CALL(s, netport_accept(owner, token), 0);
	STACK_CALL(s, netport_attach(owner, token, &s->priv[0], s->gfp), 0);
	STACK_CALL(s, netport_set_state(owner, token, NETPORT_LISTENING), 0);
	STACK_CALL(s, netport_release(owner, token), 0);
}

/* What would have to sleep is refused where it can't. */
static void stack_life_cannot_sleep(struct stack_life *s)
{
	struct netport_request wait = s->sharer, host = s->host;
	struct netport_candidate cand = { .reserve = s->host.reserve };
	struct netport_owner *owner = s->owner[0];

	wait.terms.deadline = KTIME_MAX;
	STACK_CALL(s, netport_request(owner, &wait, GFP_ATOMIC), -EINVAL);
	STACK_CALL(s, netport_request_as(owner, s->uid, &wait, GFP_ATOMIC), -EINVAL);
	STACK_CALL(s, netport_batch(owner, &wait, NULL, 1, 0, GFP_ATOMIC), -EINVAL);
	STACK_CALL(s, netport_request(owner, &host, GFP_ATOMIC), -EINVAL);
	STACK_CALL(s, netport_request_as(owner, s->uid, &host, GFP_ATOMIC), -EINVAL);
	STACK_CALL(s, netport_request_available(owner, &host, GFP_ATOMIC), -EINVAL);
	STACK_CALL(s, netport_batch(owner, &host, NULL, 1, 0, GFP_ATOMIC), -EINVAL);
	cand.reserve.binding.port = 0;
	cand.reserve.token = 0;
	STACK_CALL(s, netport_candidate(owner, &cand, GFP_ATOMIC), -EINVAL);
	host.reserve.token = s->listener.reserve.token;
	STACK_CALL(s, netport_extend(owner, &host, GFP_ATOMIC), -EINVAL);
	STACK_CALL(s, netport_rebind(owner, &host, GFP_ATOMIC), -EINVAL);
}

static void stack_life(void *arg)
{
	struct stack_life *s = arg;

	stack_life_begins(s);
	stack_life_cannot_sleep(s);
	stack_life_accepts(s);
	stack_life_moves(s);
	stack_life_searches(s);
}

static void stack__life_in_context(struct kunit *test)
{
	struct stack_life *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);
	unsigned int round;

	KUNIT_ASSERT_NOT_NULL(test, s);
	for (round = 0; round < 2; round++) {
		s->gfp = kit_gfp(stack_context(test));
		s->uid = KUIDT_INIT(700400);
		s->owner[0] = kit_owner(test, KIT_ALICE);
		s->owner[1] = kit_owner(test, KIT_BOB);
		s->listener = kit_request(test, "10.0.0.1 tcp TO")->req;
		s->sharer = kit_request(test, "10.0.0.1 tcp TO dev=0 label=x")->req;
		s->more = kit_request(test, "10.0.0.2 tcp TO port=0")->req;
		s->moved = kit_request(test, "10.0.0.3 tcp TO port=0")->req;
		s->accepted = kit_request(test, "10.0.0.1 tcp to=192.0.2.1 rport=9 tuple")->req;
		s->host = kit_request(test, "0.0.0.0 tcp")->req;
		s->host.reserve.options = NETPORT_OPT_HOST_HOLD;
		s->cand.reserve = kit_request(test, "10.0.0.4 tcp port=0")->req.reserve;
		s->cand.reserve.token = 0;
		kit_run_in(stack_context(test), stack_life, s);
		KUNIT_EXPECT_NULL_MSG(test, s->bad, "%s is %ld", s->bad, s->got);
		KUNIT_EXPECT_EQ(test, kit_held(test), 0);
	}
}

/* What a process alone may call, as it's said to end. */
static void stack__process_alone(struct kunit *test)
{
	struct netport_owner *owner = netport_owner_create(&init_net, kit_uid(KIT_BOB));
	struct netport_list list = { .count = 4 };
	struct netport_granted got = {};
	struct kit_request *q = kit_request(test, "10.0.0.1");
	struct netport_entry entries[4];
	struct netport_request wish;
	wait_queue_head_t *queue;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, owner);
	queue = netport_wish_queue(owner);
	KUNIT_EXPECT_NOT_NULL(test, queue);
	KUNIT_EXPECT_EQ(test, netport_request(owner, &q->req, GFP_KERNEL), 0);
	wish = q->req;
	KUNIT_EXPECT_EQ(test, netport_wish(owner, &wish, GFP_KERNEL), 0);
	got.wish = wish.reserve.token;
	KUNIT_EXPECT_EQ(test, netport_granted(owner, &got), -ENOENT);
	KUNIT_EXPECT_EQ(test, netport_release(owner, q->req.reserve.token), 0);
	KUNIT_EXPECT_EQ(test, netport_granted(owner, &got), 0);
	KUNIT_EXPECT_EQ(test, netport_granted(owner, &got), -ENOENT);
	KUNIT_EXPECT_EQ(test, netport_unwish(owner, got.wish), -ENOENT);
	KUNIT_EXPECT_EQ(test, netport_wish(owner, &wish, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, netport_unwish(owner, wish.reserve.token), 0);
	KUNIT_EXPECT_EQ(test, netport_unwish(owner, wish.reserve.token), -ENOENT);
	wish.terms.deadline = 1;
	KUNIT_EXPECT_EQ(test, netport_wish(owner, &wish, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, netport_list(owner, &list, entries), 0);
	KUNIT_EXPECT_EQ(test, list.count, 1);
	KUNIT_EXPECT_EQ(test, entries[0].token, got.token);
	list.flags = 0x8000;
	KUNIT_EXPECT_EQ(test, netport_list(owner, &list, entries), -EINVAL);
	netport_owner_destroy(owner);
}

/* a namespace that goes */

#define STACK_LISTENER	500

/* When the transport ends its owners. */
enum stack_end { STACK_PRE_EXIT, STACK_EXIT, STACK_LATER };

/**
 * struct stack_gone - a transport in a namespace that goes
 * @net: the namespace; a pointer only
 * @nn: its tables; held
 * @owner: the transport, and another one
 * @plain: what it holds: tokens
 * @set: likewise
 * @block: likewise
 * @listener: likewise
 * @orphan: likewise
 * @cand: likewise
 * @wish: a wish, by name
 * @granted: one that has come true
 * @req: a request with terms
 * @end: when it ends
 * @gfp: as the context allows in which calls are made
 * @asked: in exit, each call has been tried
 * @bad: the first call that ended as it shouldn't
 * @got: how
 * @priv: what is attached
 */
struct stack_gone {
	struct net		*net;
	struct np_net		*nn;
	struct netport_owner	*owner[2];
	u64			plain;
	u64			set;
	u64			block;
	u64			listener;
	u64			orphan;
	u64			cand;
	u64			wish;
	u64			granted;
	struct netport_request	req;
	enum stack_end		end;
	gfp_t			gfp;
	bool			asked;
	const char		*bad;
	long			got;
	int			priv;
};

static int stack_take(u16 port, void *arg)
{
	return 1;
}

/* What makes reservations, and asks for them. */
static void stack_gone_makes(struct stack_gone *g, gfp_t gfp)
{
	struct netport_owner *o = g->owner[0];
	struct netport_reserve plain = { .binding = g->req.reserve.binding }, pick;
	struct netport_request req = g->req, simple = { .reserve = plain };
	struct netport_candidate cand = { .reserve = plain };

	pick = plain;
	pick.binding.port = 0;
	cand.reserve.binding.port = 0;
	STACK_CALL(g, netport_reserve(o, &plain, gfp), -ENETDOWN);
	STACK_CALL(g, netport_reserve(o, &pick, gfp), -ENETDOWN);
	STACK_CALL(g, netport_available(o, &plain), -ENETDOWN);
	STACK_CALL(g, netport_available(o, &pick), -ENETDOWN);
	STACK_CALL(g, netport_request(o, &req, gfp), -ENETDOWN);
	STACK_CALL(g, netport_request(o, &simple, gfp), -ENETDOWN);
	STACK_CALL(g, netport_request_as(o, KUIDT_INIT(700401), &req, gfp), -ENETDOWN);
	STACK_CALL(g, netport_request_as(o, KUIDT_INIT(700401), &simple, gfp), -ENETDOWN);
	STACK_CALL(g, netport_request_available(o, &req, gfp), -ENETDOWN);
	STACK_CALL(g, netport_request_available(o, &simple, gfp), -ENETDOWN);
	STACK_CALL(g, netport_batch(o, &req, NULL, 1, 0, gfp), -ENETDOWN);
	STACK_CALL(g, netport_batch(o, &req, NULL, 1, NETPORT_BATCH_PARTIAL, gfp), 0);
	STACK_CALL(g, netport_candidate(o, &cand, gfp), -ENETDOWN);
	STACK_CALL(g, netport_pick(o, &pick, stack_take, NULL, gfp), -ENETDOWN);
}

/* What is done to those that are held. */
static void stack_gone_changes(struct stack_gone *g, gfp_t gfp)
{
	struct netport_label label = { .token = g->plain, .label = "x" };
	struct netport_owner *o = g->owner[0];
	struct netport_request req = g->req;

	req.terms.label[0] = 0;
	req.reserve.token = g->set;
	STACK_CALL(g, netport_extend(o, &req, gfp), -ENOENT);
	STACK_CALL(g, netport_rebind(o, &req, gfp), -ENOENT);
	STACK_CALL(g, netport_attach(o, g->plain, &g->priv, gfp), -ENOENT);
	STACK_CALL(g, netport_attach(o, g->listener, &g->priv, gfp), -ENOENT);
	STACK_CALL(g, netport_detach(o, g->listener), -ENOENT);
	STACK_CALL(g, netport_set_state(o, g->plain, NETPORT_LISTENING), -ENOENT);
	STACK_CALL(g, netport_set_state(o, g->listener, NETPORT_BOUND), -ENOENT);
	STACK_CALL(g, netport_transfer(o, g->plain, g->owner[1]), -ENETDOWN);
	STACK_CALL(g, netport_adopt(o, g->orphan), -ENETDOWN);
	STACK_CALL(g, netport_label(o, &label, gfp), -ENOENT);
	label.token = 0;
	STACK_CALL(g, netport_label(o, &label, gfp), 0);
	STACK_CALL(g, netport_accept(o, g->cand), -ENOENT);
}

static void stack_gone_releases(struct stack_gone *g, gfp_t gfp)
{
	struct netport_release rel = { .token = g->plain };
	struct netport_owner *o = g->owner[0];

	STACK_CALL(g, netport_release(o, g->plain), -ENOENT);
	STACK_CALL(g, netport_release(o, g->set), -ENOENT);
	STACK_CALL(g, netport_release(o, g->block), -ENOENT);
	STACK_CALL(g, netport_release(o, g->cand), -ENOENT);
	STACK_CALL(g, netport_release_binding(o, &g->req.reserve.binding, 0), -ENOENT);
	STACK_CALL(g, netport_release_request(o, &rel, gfp), -ENOENT);
	rel.token = g->orphan;
	STACK_CALL(g, netport_release_request(o, &rel, gfp), -ENOENT);
	rel.token = g->block;
	rel.hold = 1;
	STACK_CALL(g, netport_release_request(o, &rel, gfp), -ENOENT);
	rel.options = NETPORT_RELEASE_PORT;
	STACK_CALL(g, netport_release_request(o, &rel, gfp), -ENOENT);
	rel = (struct netport_release) { .token = g->block, .port = 4000, .count = 1 };
	STACK_CALL(g, netport_release_request(o, &rel, gfp), -ENOENT);
	STACK_CALL(g, !netport_wish_queue(o), false);
}

/* Those of any context. */
static void stack_gone_any(void *arg)
{
	struct stack_gone *g = arg;

	stack_gone_makes(g, g->gfp);
	stack_gone_changes(g, g->gfp);
	stack_gone_releases(g, g->gfp);
}

/* Those that may sleep, and don't need the namespace itself. */
static void stack_gone_process(struct stack_gone *g)
{
	struct netport_request wish = g->req;
	struct netport_owner *o = g->owner[0];
	struct netport_list list = { .count = 1 };
	struct netport_granted got = {};
	struct netport_entry entry;

	STACK_CALL(g, netport_wish(o, &wish, GFP_KERNEL), -ENETDOWN);
	STACK_CALL(g, netport_list(o, &list, &entry), -ENETDOWN);
	wish.terms.deadline = KTIME_MAX;
	STACK_CALL(g, netport_request(o, &wish, GFP_KERNEL), -ENETDOWN);
	STACK_CALL(g, netport_request_as(o, KUIDT_INIT(700401), &wish, GFP_KERNEL), -ENETDOWN);
	got.wish = g->wish;
	STACK_CALL(g, netport_granted(o, &got), -ENOENT);
	STACK_CALL(g, netport_unwish(o, g->wish), 0);
	STACK_CALL(g, netport_unwish(o, g->wish), -ENOENT);
	/* One that had come true is fetched, and what it was for is gone. */
	got.wish = 0;
	STACK_CALL(g, netport_granted(o, &got), 0);
	STACK_CALL(g, got.wish == g->granted, true);
	STACK_CALL(g, netport_release(o, got.token), -ENOENT);
	STACK_CALL(g, netport_granted(o, &got), -ENOENT);
}

/* Those that take the namespace: of use only while that is there. */
static void stack_gone_net(struct stack_gone *g)
{
	struct netport_range range = { .low = 1, .high = 2 };
	struct netport_space space = { .flags = NETPORT_SPACE_FLOOR };
	struct netport_key key = { .protocol = IPPROTO_TCP };

	STACK_CALL(g, PTR_ERR(netport_owner_create(g->net, kit_uid(KIT_BOB))), -ENETDOWN);
	STACK_CALL(g, netport_get_range(g->net, &range), -ENETDOWN);
	STACK_CALL(g, netport_set_range(g->net, &range), -ENETDOWN);
	STACK_CALL(g, netport_get_space(g->net, IPPROTO_TCP, &space), -ENETDOWN);
	STACK_CALL(g, netport_set_space(g->net, IPPROTO_TCP, &space), -ENETDOWN);
	STACK_CALL(g, netport_set_space(g->net, IPPROTO_TCP, NULL), -ENETDOWN);
	STACK_CALL(g, netport_pick_ephemeral(g->net, stack_take, NULL), -ENETDOWN);
	netport_key_ipv4(&key, htonl(0x0a000001), htons(STACK_LISTENER), htonl(0xc0000201),
			 htons(9));
	rcu_read_lock();
	STACK_CALL(g, netport_lookup(g->net, &key, 0), NULL);
	rcu_read_unlock();
}

static void stack_gone_end(struct stack_gone *g)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(g->owner); i++) {
		netport_owner_destroy(g->owner[i]);
		g->owner[i] = NULL;
	}
}

/* As a transport has them.  They are called for each namespace; one is meant. */
static struct stack_gone *stack_gone_of;

static void __net_exit stack_pre_exit(struct net *net)
{
	struct stack_gone *g = READ_ONCE(stack_gone_of);

	if (g && g->net == net && g->end == STACK_PRE_EXIT)
		stack_gone_end(g);
}

static void __net_exit stack_exit(struct net *net)
{
	struct stack_gone *g = READ_ONCE(stack_gone_of);

	if (!g || g->net != net)
		return;
	stack_gone_net(g);
	if (g->end == STACK_EXIT) {
		stack_gone_any(g);
		stack_gone_process(g);
		stack_gone_end(g);
	}
	WRITE_ONCE(g->asked, true);
}

static struct pernet_operations stack_ops = {
	.pre_exit = stack_pre_exit,
	.exit = stack_exit,
};

struct stack_wait {
	wait_queue_entry_t	wait;
	__poll_t		events;
};

static int stack_wake(wait_queue_entry_t *wait, unsigned int mode, int sync, void *key)
{
	container_of(wait, struct stack_wait, wait)->events |= key_to_poll(key);
	return 0;
}

static u64 stack_gone_request(struct kunit *test, struct stack_gone *g, const char *text)
{
	struct kit_request *q = kit_request(test, text);

	KUNIT_ASSERT_EQ_MSG(test, netport_request_as(g->owner[0], KUIDT_INIT(700402), &q->req,
						     GFP_KERNEL), 0, "%s", text);
	return q->req.reserve.token;
}

static u64 stack_gone_wish(struct kunit *test, struct stack_gone *g, const char *text)
{
	struct kit_request *q = kit_request(test, text);

	KUNIT_ASSERT_EQ_MSG(test, netport_wish(g->owner[0], &q->req, GFP_KERNEL), 0, "%s", text);
	return q->req.reserve.token;
}

static void stack_gone_hold(struct kunit *test, struct stack_gone *g, const char *text,
			    u32 options)
{
	struct netport_release rel = { .hold = NETPORT_HOLD_MAX, .options = options };

	rel.token = stack_gone_request(test, g, text);
	KUNIT_ASSERT_EQ(test, netport_attach(g->owner[0], rel.token, &g->priv, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, netport_release_request(g->owner[0], &rel, GFP_KERNEL), 0);
}

/* Ports of every kind. */
static void stack_gone_fill(struct kunit *test, struct stack_gone *g)
{
	struct netport_space space = { .flags = NETPORT_SPACE_RANGE, .low = 9000, .high = 9999 };
	struct netport_candidate cand = {};
	struct netport_owner *o;
	u64 token;

	KUNIT_ASSERT_EQ(test, netport_set_space(g->net, IPPROTO_UDP, &space), 0);
	o = netport_owner_create(g->net, kit_uid(KIT_BOB));
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, o);
	swap(o, g->owner[0]);
	g->orphan = stack_gone_request(test, g, "10.0.0.1 port=700 persistent tcp LB");
	KUNIT_ASSERT_EQ(test, netport_attach(g->owner[0], g->orphan, &g->priv, GFP_KERNEL), 0);
	swap(o, g->owner[0]);
	netport_owner_destroy(o);

	o = g->owner[0];
	g->plain = stack_gone_request(test, g, "10.0.0.1 LB");
	g->set = stack_gone_request(test, g, "10.0.0.2 tcp + 2001:db8::1 tcp + 10.0.0.2");
	g->block = stack_gone_request(test, g, "10.0.0.1 port=4000 count=200 LB + ::");
	g->listener = stack_gone_request(test, g, "0.0.0.0 port=500 tcp TO + :: tcp TO");
	KUNIT_ASSERT_EQ(test, netport_attach(o, g->listener, &g->priv, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, netport_attach(o, g->block, &g->priv, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, netport_set_state(o, g->listener, NETPORT_LISTENING), 0);
	token = stack_gone_request(test, g, "10.0.0.1 port=500 tcp to=192.0.2.1 rport=9 tuple");
	KUNIT_ASSERT_EQ(test, netport_attach(o, token, &g->priv, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, netport_set_state(o, token, NETPORT_CONNECTED), 0);
	token = stack_gone_request(test, g, "10.0.0.1 port=501 tcp persistent TO");
	KUNIT_ASSERT_EQ(test, netport_set_state(o, token, NETPORT_LISTENING), 0);
	stack_gone_hold(test, g, "10.0.0.1 port=600 LB + ::", 0);
	stack_gone_hold(test, g, "10.0.0.1 port=601 count=4", NETPORT_RELEASE_PORT);
	cand.reserve = kit_request(test, "10.0.0.1 port=0")->req.reserve;
	cand.reserve.token = 0;
	KUNIT_ASSERT_EQ(test, netport_candidate(o, &cand, GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(test, cand.reserve.binding.port / 1000, 9);
	g->cand = cand.reserve.token;
	g->wish = stack_gone_wish(test, g, "10.0.0.1 port=500 tcp");
	stack_gone_wish(test, g, "10.0.0.1 port=0 low=600 high=600");
	g->granted = stack_gone_wish(test, g, "10.0.0.1 port=602 tcp");
	g->req = kit_request(test, "10.0.0.7 label=x + ::")->req;
}

static void stack_unregister(void *unused)
{
	unregister_pernet_subsys(&stack_ops);
	WRITE_ONCE(stack_gone_of, NULL);
}

static struct stack_gone *stack_gone_start(struct kunit *test, enum stack_end end,
					   struct kit_netns **ns)
{
	struct stack_gone *g = kunit_kzalloc(test, sizeof(*g), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, g);
	*ns = kit_netns_start(test);
	g->net = (*ns)->net;
	g->end = end;
	g->gfp = GFP_KERNEL;
	g->nn = np_net_get(g->net);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, g->nn);
	for (i = 0; i < ARRAY_SIZE(g->owner); i++) {
		g->owner[i] = netport_owner_create(g->net, kit_uid(KIT_ALICE));
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, g->owner[i]);
	}
	stack_gone_fill(test, g);
	stack_gone_of = g;
	KUNIT_ASSERT_EQ(test, register_pernet_subsys(&stack_ops), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action(test, stack_unregister, NULL), 0);
	return g;
}

/* Only the case's reference is left, and nothing of what there was. */
static void stack_gone_expect(struct kunit *test, struct stack_gone *g, unsigned int refs)
{
	unsigned int i;

	for (i = 0; i < 1000 && !(READ_ONCE(g->asked) && refcount_read(&g->nn->ref) == refs); i++)
		msleep(20);
	KUNIT_EXPECT_TRUE(test, g->asked);
	KUNIT_ASSERT_EQ(test, refcount_read(&g->nn->ref), refs);
	KUNIT_EXPECT_NULL_MSG(test, g->bad, "%s is %ld", g->bad, g->got);
}

static void stack_gone_finish(struct kunit *test, struct stack_gone *g)
{
	struct np_user *u = np_user_get(KUIDT_INIT(700402), GFP_KERNEL);

	stack_gone_expect(test, g, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&g->nn->count), 0);
	kit_expect_empty(test, g->nn);
	KUNIT_ASSERT_NOT_NULL(test, u);
	KUNIT_EXPECT_EQ_MSG(test, refcount_read(&u->ref), 1, "a socket's uid is still known");
	np_user_put(u);
	np_net_put(g->nn);
}

/* The transport ends with the namespace, before netport has noticed. */
static void stack_gone__ended_in_pre_exit(struct kunit *test)
{
	struct kit_netns *ns;
	struct stack_gone *g = stack_gone_start(test, STACK_PRE_EXIT, &ns);

	kit_netns_end(ns);
	stack_gone_finish(test, g);
}

/* It ends when nothing has been taken away yet, but the namespace is dead. */
static void stack_gone__ended_in_exit(struct kunit *test)
{
	struct kit_netns *ns;
	struct stack_gone *g = stack_gone_start(test, STACK_EXIT, &ns);

	kit_netns_end(ns);
	stack_gone_finish(test, g);
}

/* It goes on for a while, in any context. */
static void stack_gone__ended_later(struct kunit *test)
{
	struct kit_netns *ns;
	struct stack_gone *g = stack_gone_start(test, STACK_LATER, &ns);
	struct stack_wait w = {};
	unsigned int i;

	init_waitqueue_func_entry(&w.wait, stack_wake);
	add_wait_queue(netport_wish_queue(g->owner[0]), &w.wait);
	kit_netns_end(ns);
	/* The holds' and the orphan's owners are these, or gone. */
	stack_gone_expect(test, g, 3);
	KUNIT_EXPECT_EQ_MSG(test, atomic_read(&g->nn->count), 2, "what the wishes ask for");
	remove_wait_queue(netport_wish_queue(g->owner[0]), &w.wait);
	KUNIT_EXPECT_TRUE(test, w.events & EPOLLHUP);
	for (i = 0; i < ARRAY_SIZE(stack_contexts); i++) {
		g->gfp = kit_gfp(stack_contexts[i].context);
		kit_run_in(stack_contexts[i].context, stack_gone_any, g);
		KUNIT_EXPECT_NULL_MSG(test, g->bad, "%s is %ld, %s", g->bad, g->got,
				      stack_contexts[i].desc);
	}
	stack_gone_process(g);
	KUNIT_EXPECT_NULL_MSG(test, g->bad, "%s is %ld", g->bad, g->got);
	stack_gone_end(g);
	stack_gone_finish(test, g);
}

static struct kunit_case stack_test_cases[] = {
	KUNIT_CASE_PARAM(stack__life_in_context, stack_context_gen_params),
	KUNIT_CASE(stack__process_alone),
	KUNIT_CASE(stack_gone__ended_in_pre_exit),
	KUNIT_CASE(stack_gone__ended_in_exit),
	KUNIT_CASE(stack_gone__ended_later),
	{}
};

static struct kunit_suite stack_test_suite = {
	.name = "netport_stack",
	.init = kit_init,
	.exit = kit_exit,
	.test_cases = stack_test_cases,
};

kunit_test_suite(stack_test_suite);
