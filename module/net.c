// SPDX-License-Identifier: GPL-2.0
/*
 * Network namespaces: the tables of each, made when somebody first needs them.
 */
#include <kunit/visibility.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>
#include <net/ip.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "netport_priv.h"

unsigned int np_net_id __read_mostly;
static struct workqueue_struct *np_wq;
static struct lock_class_key np_configs_lock_key;
static DEFINE_MUTEX(np_net_lock);	/* np_net_slot.nn from NULL to something */

static u32 np_range(u16 low, u16 high)
{
	return low | (u32)high << 16;
}

static void np_net_resize(struct work_struct *work)
{
	struct np_net *nn = container_of(work, struct np_net, resize);

	np_resv_resize(nn);
	np_net_put(nn);
}

static void np_net_serve(struct work_struct *work)
{
	struct np_net *nn = container_of(work, struct np_net, serve);

	np_wait_serve_rest(nn);
	np_net_put(nn);
}

static void np_net_end_holds(struct work_struct *work)
{
	np_end_holds(container_of(work, struct np_net, hold_end.work));
}

/* Queue a work item that has a reference of its own; the caller's owner holds another. */
static void np_net_queue(struct np_net *nn, struct work_struct *work)
{
	refcount_inc(&nn->ref);
	if (!queue_work(np_wq, work))
		refcount_dec(&nn->ref);
}

/**
 * np_net_resize_later() - have the tables resized by somebody who can sleep
 * @nn: the tables; the caller's owner holds them
 */
void np_net_resize_later(struct np_net *nn)
{
	np_net_queue(nn, &nn->resize);
}

/**
 * np_net_serve_later() - have the rest of those who wait served by somebody else
 * @nn: the tables; the caller's owner holds them
 */
void np_net_serve_later(struct np_net *nn)
{
	np_net_queue(nn, &nn->serve);
}

/* Work that needs no namespace, or is waited for before that goes. */
bool np_queue_work(struct work_struct *work)
{
	return queue_work(np_wq, work);
}

/* Not before it's due even if it's queued for later already. */
void np_queue_delayed_work(struct delayed_work *work, unsigned long delay)
{
	mod_delayed_work(np_wq, work, delay);
}

/**
 * np_net_setup() - tables without content
 * @nn: zeroed memory for them
 * @net: the namespace they are of
 * @gfp: for the rest
 *
 * Return: 0, then np_net_teardown() has to follow; or -ENOMEM.
 */
int np_net_setup(struct np_net *nn, struct net *net, gfp_t gfp)
{
	struct np_shard *shard;
	unsigned int i;

	nn->shards = kvcalloc(NP_SHARDS, sizeof(*nn->shards), gfp);
	if (!nn->shards)
		return -ENOMEM;
	nn->stats = alloc_percpu_gfp(struct np_stats, gfp);
	if (!nn->stats)
		goto err_shards;
	if (np_addrs_init(nn))
		goto err_stats;
	if (np_spots_init(nn))
		goto err_addrs;
	xa_init(&nn->configs);
	/* xa_init() gives it that of np_net.spaces, which is taken with bottom halves off. */
	lockdep_set_class(&nn->configs.xa_lock, &np_configs_lock_key);
	for (i = 0; i < NP_SHARDS; i++) {
		shard = &nn->shards[i];
		spin_lock_init(&shard->lock);
		seqcount_spinlock_init(&shard->taken, &shard->lock);
		spin_lock_init(&shard->seat_lock);
		np_hash_init(&shard->table);
		np_hash_init(&shard->tokens);
		np_hash_init(&shard->queues);
	}
	refcount_set(&nn->ref, 1);
	nn->net = net;
	nn->inum = net->ns.inum;
	nn->range = np_range(NP_RANGE_LOW, NP_RANGE_HIGH);
	memset32(nn->max, NP_LIMIT_NONE, NP_LIMITS);
	nn->rnd = get_random_u32();
	spin_lock_init(&nn->multi_lock);
	np_wait_init(nn);
	np_hold_init(nn);
	INIT_WORK(&nn->resize, np_net_resize);
	INIT_WORK(&nn->serve, np_net_serve);
	INIT_DELAYED_WORK(&nn->hold_end, np_net_end_holds);
	return 0;

err_addrs:
	np_addrs_destroy(nn);
err_stats:
	free_percpu(nn->stats);
err_shards:
	kvfree(nn->shards);
	return -ENOMEM;
}
EXPORT_SYMBOL_IF_KUNIT(np_net_setup);

/**
 * np_net_teardown() - free tables in which nothing is left
 * @nn: the tables; their memory is the caller's
 */
void np_net_teardown(struct np_net *nn)
{
	unsigned int i;

	for (i = 0; i < NP_SHARDS; i++) {
		np_hash_destroy(&nn->shards[i].table);
		np_hash_destroy(&nn->shards[i].tokens);
		np_hash_destroy(&nn->shards[i].queues);
	}
	np_configs_destroy(nn);
	np_spots_destroy(nn);
	np_addrs_destroy(nn);
	free_percpu(nn->stats);
	kvfree(nn->shards);
}
EXPORT_SYMBOL_IF_KUNIT(np_net_teardown);

static struct np_net *np_net_alloc(struct net *net)
{
	struct np_net *nn = kzalloc(sizeof(*nn), GFP_KERNEL_ACCOUNT);

	if (!nn)
		return NULL;
	if (np_net_setup(nn, net, GFP_KERNEL_ACCOUNT)) {
		kfree(nn);
		return NULL;
	}
	nn->user_ns = get_user_ns(net->user_ns);
	return nn;
}

static void np_net_free(struct np_net *nn)
{
	np_net_teardown(nn);
	put_user_ns(nn->user_ns);
	kfree(nn);
}

/**
 * np_net_get() - the tables of a namespace
 * @net: the namespace, to which the caller has a reference
 *
 * May sleep.
 *
 * Return: a reference, to be given back with np_net_put(), or an ERR_PTR: -ENOMEM, or
 * -ENETDOWN if the caller had no reference after all, and the namespace is going.
 */
struct np_net *np_net_get(struct net *net)
{
	struct np_net_slot *slot = net_generic(net, np_net_id);
	struct np_net *nn, *new = NULL;

	if (!check_net(net))
		return ERR_PTR(-ENETDOWN);
	/* Whoever is short of memory isn't to keep all the others from the lock. */
	if (!READ_ONCE(slot->nn)) {
		new = np_net_alloc(net);
		if (!new)
			return ERR_PTR(-ENOMEM);
	}
	mutex_lock(&np_net_lock);
	if (!slot->nn) {
		WRITE_ONCE(slot->nn, new);
		rcu_assign_pointer(slot->live, new);
		new = NULL;
	}
	nn = slot->nn;
	refcount_inc(&nn->ref);
	mutex_unlock(&np_net_lock);
	if (new)
		np_net_free(new);
	return nn;
}
EXPORT_SYMBOL_IF_KUNIT(np_net_get);

/**
 * np_net_find() - the tables of a namespace, if there are any yet
 * @net: the namespace
 *
 * May sleep.
 *
 * Return: a reference, to be given back with np_net_put(), or NULL.
 */
struct np_net *np_net_find(struct net *net)
{
	struct np_net_slot *slot = net_generic(net, np_net_id);
	struct np_net *nn;

	mutex_lock(&np_net_lock);
	nn = slot->nn;
	if (nn)
		refcount_inc(&nn->ref);
	mutex_unlock(&np_net_lock);
	return nn;
}

/**
 * np_net_put() - give a reference back
 * @nn: the tables
 *
 * May sleep.
 */
void np_net_put(struct np_net *nn)
{
	if (refcount_dec_and_test(&nn->ref))
		np_net_free(nn);
}
EXPORT_SYMBOL_IF_KUNIT(np_net_put);

/**
 * np_net_hold() - keep a namespace from going
 * @nn: its tables
 *
 * Return: a reference to it, to be given back with put_net(), or NULL if it's going already.
 */
struct net *np_net_hold(struct np_net *nn)
{
	struct net *net = NULL;

	rcu_read_lock();
	if (!READ_ONCE(nn->dead))
		net = maybe_get_net(nn->net);
	rcu_read_unlock();
	return net;
}

/**
 * np_net_range() - the ephemeral range of a namespace
 * @nn: the tables
 * @low: its first port
 * @high: its last one
 */
void np_net_range(const struct np_net *nn, u16 *low, u16 *high)
{
	u32 range = READ_ONCE(nn->range);

	*low = range;
	*high = range >> 16;
}
EXPORT_SYMBOL_IF_KUNIT(np_net_range);

/**
 * np_net_set_range() - change it
 * @nn: the tables
 * @range: the new one
 * @allowed: whether the caller may
 *
 * Return: 0, -EINVAL, -ENETDOWN or -EPERM.
 */
int np_net_set_range(struct np_net *nn, const struct netport_range *range, bool allowed)
{
	if (!range->low || range->low > range->high || range->__pad)
		return -EINVAL;
	if (READ_ONCE(nn->dead))
		return -ENETDOWN;
	if (!allowed)
		return -EPERM;
	WRITE_ONCE(nn->range, np_range(range->low, range->high));
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(np_net_set_range);

/* The namespace's sysctls; without CONFIG_SYSCTL, their defaults. */
#ifdef CONFIG_SYSCTL
static u16 np_net_prot_sock(const struct net *net)
{
	return READ_ONCE(net->ipv4.sysctl_ip_prot_sock);
}

static const unsigned long *np_net_reserved_ports(const struct net *net)
{
	return net->ipv4.sysctl_local_reserved_ports;
}
#else
static u16 np_net_prot_sock(const struct net *net)
{
	return PROT_SOCK;
}

static const unsigned long *np_net_reserved_ports(const struct net *net)
{
	return NULL;
}
#endif

/**
 * np_net_floor() - the first port that needs no capability
 * @nn: the tables
 *
 * Return: net.ipv4.ip_unprivileged_port_start; 0 if the namespace is gone.
 */
u16 np_net_floor(const struct np_net *nn)
{
	u16 floor = 0;

	np_rcu_lock();
	if (!READ_ONCE(nn->dead))
		floor = np_net_prot_sock(nn->net);
	np_rcu_unlock();
	return floor;
}
EXPORT_SYMBOL_IF_KUNIT(np_net_floor);

/**
 * np_net_reserved() - the ports that the host keeps from being picked
 * @nn: the tables
 * @word: which NP_WORD_PORTS ports: the first of them, divided by that
 *
 * Called under RCU.
 *
 * Return: a bit for each port of net.ipv4.ip_local_reserved_ports.
 */
u64 np_net_reserved(const struct np_net *nn, unsigned int word)
{
	const unsigned long *bits;
	u64 reserved = 0;
	unsigned int i;

	if (READ_ONCE(nn->dead))
		return 0;
	bits = np_net_reserved_ports(nn->net);
	if (!bits)
		return 0;
	/* Not locked against the sysctl, like its users in the host's stack. */
	bits += word * NP_WORD_PORTS / BITS_PER_LONG;
	for (i = 0; i < NP_WORD_PORTS; i += BITS_PER_LONG)
		reserved |= (u64)READ_ONCE(*bits++) << i;
	return reserved;
}
EXPORT_SYMBOL_IF_KUNIT(np_net_reserved);

static int __net_init np_net_ns_init(struct net *net)
{
	int err = np_proc_init(net);

	if (err)
		return err;
	err = np_sysctl_init(net);
	if (err)
		np_proc_exit(net);
	return err;
}

static void __net_exit np_net_pre_exit(struct net *net)
{
	struct np_net_slot *slot = net_generic(net, np_net_id);

	/* From here on nobody makes tables. */
	np_sysctl_exit(net);
	np_proc_exit(net);
	/* The core waits for RCU after this: nobody who had it from here has it then. */
	RCU_INIT_POINTER(slot->live, NULL);
	/* After that: who is told that there is nothing to release isn't found any more. */
	if (slot->nn) /* pairs with the grace period before what was attached is freed */
		smp_store_release(&slot->nn->dead, true);
}

static void __net_exit np_net_ns_exit(struct net *net)
{
	struct np_net_slot *slot = net_generic(net, np_net_id);

	struct np_net *nn = slot->nn;

	if (!nn)
		return;
	np_wait_end(nn);
	np_resv_drain(nn);
	/* Nothing is held any more, and nothing will be. */
	cancel_delayed_work_sync(&nn->hold_end);
	/* The host's sockets don't keep their namespace, so they go first. */
	np_host_flush();
	np_net_put(nn);
}

static struct pernet_operations np_net_ops = {
	.init = np_net_ns_init,
	.pre_exit = np_net_pre_exit,
	.exit = np_net_ns_exit,
	.id = &np_net_id,
	.size = sizeof(struct np_net_slot),
};

int __init np_net_init(void)
{
	int err;

	np_wq = alloc_workqueue("netport", 0, 0);
	if (!np_wq)
		return -ENOMEM;
	err = register_pernet_subsys(&np_net_ops);
	if (err)
		destroy_workqueue(np_wq);
	return err;
}

void np_net_exit(void)
{
	unregister_pernet_subsys(&np_net_ops);
	destroy_workqueue(np_wq);
}
