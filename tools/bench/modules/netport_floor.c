// SPDX-License-Identifier: GPL-2.0
/*
 * The floor: what no module of this kind can go below on the kernel at hand.
 *
 * /dev/netport_floor takes a few of netport's commands with netport's structures, copies them in,
 * hashes, locks, links or unlinks, and copies out.  No rules but that a port on an address is
 * reserved once; no families, owners, limits or namespaces.  It's for one caller at a time, who
 * makes no mistakes.  What a kernel API would cost is measured as the module is loaded.
 */
#include <linux/bitmap.h>
#include <linux/fs.h>
#include <linux/jhash.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include <net/ipv6.h>
#include <uapi/linux/netport.h>

#include "measure.h"

static uint pair;
module_param(pair, uint, 0444);
MODULE_PARM_DESC(pair, "hundredths of nanoseconds of reserving and releasing (result)");

#define BUCKETS	4096
#define PORTS	65536
#define LOW	16000

/* As large as a reservation of netport's. */
struct claim {
	struct hlist_node	chain;
	struct in6_addr		addr;
	u64			token;
	u16			port;
} __aligned(128);

static DEFINE_SPINLOCK(lock);		/* all below */
static struct hlist_head table[BUCKETS];
static DECLARE_BITMAP(taken, PORTS);
static u64 seq;

static struct kmem_cache *cache;
static u32 rnd;

static struct hlist_head *bucket_of(const struct in6_addr *addr, u16 port)
{
	return &table[jhash2((const u32 *)addr, 4, rnd ^ port) % BUCKETS];
}

static struct claim *find(struct hlist_head *bucket, const struct in6_addr *addr, u16 port)
{
	struct claim *c;

	hlist_for_each_entry(c, bucket, chain)
		if (c->port == port && ipv6_addr_equal(&c->addr, addr))
			return c;
	return NULL;
}

/* The first from a random one on that is free; PORTS if none is. */
static uint pick(void)
{
	uint start = LOW + get_random_u32_below(PORTS - LOW);
	uint port = find_next_zero_bit(taken, PORTS, start);

	if (port < PORTS)
		return port;
	port = find_next_zero_bit(taken, start, LOW);
	return port < start ? port : PORTS;
}

static int floor_link(struct claim *c, struct netport_reserve *req)
{
	const struct in6_addr *addr = (const struct in6_addr *)req->binding.addr;
	struct hlist_head *bucket;
	int err = -EADDRINUSE;
	uint port;

	spin_lock_bh(&lock);
	port = req->binding.port ?: pick();
	if (port == PORTS) {
		err = -EADDRNOTAVAIL;
		goto out;
	}
	bucket = bucket_of(addr, port);
	if (find(bucket, addr, port))
		goto out;
	c->addr = *addr;
	c->port = port;
	c->token = ++seq << 16 | (bucket - table);
	hlist_add_head(&c->chain, bucket);
	__set_bit(port, taken);
	req->binding.port = port;
	req->token = c->token;
	err = 0;
out:
	spin_unlock_bh(&lock);
	return err;
}

static struct claim *floor_unlink(u64 token)
{
	struct claim *c;

	spin_lock_bh(&lock);
	hlist_for_each_entry(c, &table[token % BUCKETS], chain) {
		if (c->token != token)
			continue;
		__hlist_del(&c->chain);
		__clear_bit(c->port, taken);
		spin_unlock_bh(&lock);
		return c;
	}
	spin_unlock_bh(&lock);
	return NULL;
}

static int floor_reserve(struct netport_reserve *req)
{
	struct claim *c = kmem_cache_alloc(cache, GFP_KERNEL);
	int err;

	if (!c)
		return -ENOMEM;
	err = floor_link(c, req);
	if (err)
		kmem_cache_free(cache, c);
	return err;
}

static int floor_release(u64 token)
{
	struct claim *c = floor_unlink(token);

	if (!c)
		return -ENOENT;
	kmem_cache_free(cache, c);
	return 0;
}

static int floor_available(const struct netport_reserve *req)
{
	const struct in6_addr *addr = (const struct in6_addr *)req->binding.addr;
	u16 port = req->binding.port;
	bool held;

	spin_lock_bh(&lock);
	held = find(bucket_of(addr, port), addr, port);
	spin_unlock_bh(&lock);
	return held ? -EADDRINUSE : 0;
}

/* Memory for all of a batch at once, which is cheaper. */
static void *claims[NETPORT_BATCH_MAX];

static int floor_batch(const struct netport_batch *batch)
{
	struct netport_reserve __user *user = u64_to_user_ptr(batch->requests);
	struct netport_reserve *reqs = kvmalloc_array(batch->count, sizeof(*reqs), GFP_KERNEL);
	size_t bytes = batch->count * sizeof(*reqs);
	int err = -EFAULT;
	u32 i;

	if (!reqs)
		return -ENOMEM;
	if (copy_from_user(reqs, user, bytes))
		goto out;
	err = -ENOMEM;
	if (!kmem_cache_alloc_bulk(cache, GFP_KERNEL, batch->count, claims))
		goto out;
	for (i = 0, err = 0; i < batch->count && !err; i++)
		err = floor_link(claims[i], &reqs[i]);
	if (!err && copy_to_user(user, reqs, bytes))
		err = -EFAULT;
out:
	kvfree(reqs);
	return err;
}

static int floor_release_batch(struct netport_tokens *t)
{
	u64 *tokens = kvmalloc_array(t->count, sizeof(*tokens), GFP_KERNEL);
	int err = -EFAULT;

	if (!tokens)
		return -ENOMEM;
	if (copy_from_user(tokens, u64_to_user_ptr(t->tokens), t->count * sizeof(*tokens)))
		goto out;
	for (t->done = 0; t->done < t->count; t->done++) {
		claims[t->done] = floor_unlink(tokens[t->done]);
		if (!claims[t->done])
			break;
	}
	if (t->done)
		kmem_cache_free_bulk(cache, t->done, claims);
	err = 0;
out:
	kvfree(tokens);
	return err;
}

static long floor_ioctl(struct file *file, unsigned int cmd, unsigned long ptr)
{
	void __user *user = (void __user *)ptr;
	union {
		struct netport_reserve	reserve;
		struct netport_release	release;
		struct netport_batch	batch;
		struct netport_tokens	tokens;
	} arg;
	int err;

	if (_IOC_SIZE(cmd) > sizeof(arg) || copy_from_user(&arg, user, _IOC_SIZE(cmd)))
		return -EFAULT;
	switch (cmd) {
	case NETPORT_IOC_RESERVE:
		err = floor_reserve(&arg.reserve);
		break;
	case NETPORT_IOC_RELEASE:
		return floor_release(arg.release.token);
	case NETPORT_IOC_AVAILABLE:
		return floor_available(&arg.reserve);
	case NETPORT_IOC_BATCH:
		return floor_batch(&arg.batch);
	case NETPORT_IOC_RELEASE_BATCH:
		err = floor_release_batch(&arg.tokens);
		break;
	default:
		return -ENOTTY;
	}
	if (!err && copy_to_user(user, &arg, _IOC_SIZE(cmd)))
		err = -EFAULT;
	return err;
}

static const struct file_operations floor_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = floor_ioctl,
};

static struct miscdevice floor_miscdev = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "netport_floor",
	.fops = &floor_fops,
};

static int reserve_release(void *unused)
{
	struct netport_reserve req = {
		.binding.port = 40000,
		.binding.addr = { 10, 0, 0, 1 },
	};

	return floor_reserve(&req) ?: floor_release(req.token);
}

static int __init netport_floor_init(void)
{
	int err = -ENOMEM;

	rnd = get_random_u32();
	cache = KMEM_CACHE(claim, SLAB_HWCACHE_ALIGN);
	if (!cache)
		return err;
	err = measure(reserve_release, NULL, &pair) ?: misc_register(&floor_miscdev);
	if (err)
		kmem_cache_destroy(cache);
	return err;
}

static void __exit netport_floor_exit(void)
{
	uint i;

	misc_deregister(&floor_miscdev);
	for (i = 0; i < BUCKETS; i++)
		while (!hlist_empty(&table[i]))
			floor_release(hlist_entry(table[i].first, struct claim, chain)->token);
	kmem_cache_destroy(cache);
}

module_init(netport_floor_init);
module_exit(netport_floor_exit);

MODULE_DESCRIPTION("The least that a module like netport costs");
MODULE_LICENSE("GPL");
