// SPDX-License-Identifier: GPL-2.0
/*
 * What a lookup costs: netport's, and the host's own for UDP, with as many reservations as
 * there are sockets and each like the other.  It is measured as the module is loaded, with
 * the clock, which counts instructions on the machine of make icount.
 */
#include <linux/delay.h>
#include <linux/in.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/netport.h>
#include <linux/random.h>
#include <linux/version.h>
#include <linux/vmalloc.h>
#include <net/net_namespace.h>
#include <net/sock.h>
#include <net/udp.h>

static uint count = 10;
module_param(count, uint, 0444);
MODULE_PARM_DESC(count, "reservations, and sockets (default 10)");

static char *shape = "local";
module_param(shape, charp, 0444);
MODULE_PARM_DESC(shape, "what they are bound to: local, any, remote, or mixed");

static uint netport;
module_param(netport, uint, 0444);
MODULE_PARM_DESC(netport, "nanoseconds of netport_lookup() (result)");

static uint udp;
module_param(udp, uint, 0444);
MODULE_PARM_DESC(udp, "nanoseconds of __udp4_lib_lookup() (result)");

static uint netport_miss;
module_param(netport_miss, uint, 0444);
MODULE_PARM_DESC(netport_miss, "of one that finds nothing (result)");

static uint udp_miss;
module_param(udp_miss, uint, 0444);
MODULE_PARM_DESC(udp_miss, "likewise (result)");

/* Those on an address have these ports each, those on any another one each. */
#define FIRST_PORT	2000
#define PORTS		25000
#define FIRST_ANY	(FIRST_PORT + PORTS)
#define PACKETS		1024
#define REMOTE		htonl(0x7f000105)
#define REMOTE_PORT	htons(4000)

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0) /* the namespace has one */
static struct udp_table *host_table(void)
{
	return init_net.ipv4.udp_table;
}
#else
static struct udp_table *host_table(void)
{
	return &udp_table;
}
#endif

/* One of those who are there, and a packet for it. */
struct target {
	struct socket	*sock;
	__be32		local;
	__be16		port;
	bool		any;
	bool		remote;
};

static struct netport_owner *owner;
static struct target *targets;
static u32 *packets;

static void target_init(struct target *t, uint i)
{
	uint kind = !strcmp(shape, "mixed") ? i % 3 : !strcmp(shape, "any") ? 1 :
		    !strcmp(shape, "remote") ? 2 : 0;

	t->local = htonl(0x7f000001 + i / PORTS);
	t->any = kind == 1;
	if (t->any)
		t->port = htons(FIRST_ANY + (strcmp(shape, "any") ? i / 3 : i));
	else
		t->port = htons(FIRST_PORT + i % PORTS);
	t->remote = kind == 2;
}

static int target_bind(struct target *t)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET, .sin_port = t->port,
		.sin_addr.s_addr = t->any ? 0 : t->local,
	};
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = REMOTE_PORT, .sin_addr.s_addr = REMOTE,
	};
	int err;

	err = sock_create_kern(&init_net, AF_INET, SOCK_DGRAM, IPPROTO_UDP, &t->sock);
	if (err)
		return err;
	err = kernel_bind(t->sock, (struct sockaddr *)&sin, sizeof(sin));
	if (!err && t->remote)
		err = kernel_connect(t->sock, (struct sockaddr *)&to, sizeof(to), 0);
	return err;
}

static int target_reserve(struct target *t)
{
	__be32 local = t->any ? 0 : t->local, remote = REMOTE;
	struct netport_reserve req = {
		.binding.families = NETPORT_FAMILY_IPV4,
		.binding.protocol = IPPROTO_UDP,
		.binding.port = ntohs(t->port),
		.binding.remote_port = t->remote ? ntohs(REMOTE_PORT) : 0,
	};

	memcpy(req.binding.addr, &local, sizeof(local));
	if (t->remote)
		memcpy(req.binding.remote, &remote, sizeof(remote));
	return netport_reserve(owner, &req, GFP_KERNEL) ?:
	       netport_attach(owner, req.token, t, GFP_KERNEL);
}

static void *lookup_netport(const struct target *t, __be16 port)
{
	struct netport_key key = { .protocol = IPPROTO_UDP, .ifindex = 1 };

	netport_key_ipv4(&key, t->local, port, REMOTE, REMOTE_PORT);
	return netport_lookup(&init_net, &key, 0);
}

static void *lookup_udp(const struct target *t, __be16 port)
{
	return __udp4_lib_lookup(&init_net, REMOTE, REMOTE_PORT, t->local, port, 1, 0,
				 host_table(), NULL);
}

/* Per packet; @miss: for a port that nobody has.  0 if a packet went astray. */
static uint measure(void *(*lookup)(const struct target *t, __be16 port), bool miss)
{
	const struct target *t;
	void *found, *want;
	uint i, strange = 0;
	u64 start;

	local_bh_disable();
	rcu_read_lock();
	start = ktime_get_ns();
	for (i = 0; i < PACKETS; i++) {
		t = &targets[packets[i]];
		want = lookup == lookup_udp ? (void *)t->sock->sk : (void *)t;
		found = lookup(t, miss ? htons(1) : t->port);
		strange += found != (miss ? NULL : want);
	}
	start = ktime_get_ns() - start;
	rcu_read_unlock();
	local_bh_enable();
	return strange ? 0 : start / PACKETS;
}

static void end(void)
{
	uint i;

	if (!IS_ERR_OR_NULL(owner))
		netport_owner_destroy(owner);
	for (i = 0; targets && i < count; i++)
		if (targets[i].sock)
			sock_release(targets[i].sock);
	vfree(targets);
	vfree(packets);
}

static int __init netport_lookups_init(void)
{
	int err = -ENOMEM;
	uint i;

	targets = vcalloc(count, sizeof(*targets));
	packets = vcalloc(PACKETS, sizeof(*packets));
	if (!targets || !packets)
		goto out;
	owner = netport_owner_create(&init_net, current_uid());
	err = PTR_ERR_OR_ZERO(owner);
	for (i = 0; i < count && !err; i++) {
		target_init(&targets[i], i);
		err = target_bind(&targets[i]) ?: target_reserve(&targets[i]);
		cond_resched();
	}
	if (err)
		goto out;
	for (i = 0; i < PACKETS; i++)
		packets[i] = get_random_u32() % count;
	/* Tables are given their size by work items. */
	msleep(100);
	netport = measure(lookup_netport, false);
	udp = measure(lookup_udp, false);
	netport_miss = measure(lookup_netport, true);
	udp_miss = measure(lookup_udp, true);
	return 0;

out:
	end();
	return err;
}

static void __exit netport_lookups_exit(void)
{
	end();
}

module_init(netport_lookups_init);
module_exit(netport_lookups_exit);

MODULE_DESCRIPTION("What a lookup costs, netport's and the host's");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(NETPORT_NS);
