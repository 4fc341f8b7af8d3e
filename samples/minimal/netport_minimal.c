// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Picks a port of IP protocol 254, and counts the packets that arrive for it. */
#include <linux/module.h>
#include <linux/netport.h>
#include <net/ip.h>
#include <net/protocol.h>

#define PROTOCOL	254

static struct endpoint {	/* a socket, in a real transport */
	ushort port;
	ulong packets;
	u64 token;
} endpoint;

module_param_named(port, endpoint.port, ushort, 0444);
module_param_named(packets, endpoint.packets, ulong, 0444);

static struct netport_owner *owner;

/* In softirq, under rcu_read_lock().  The packet begins with source and destination port. */
static int receive(struct sk_buff *skb)
{
	struct netport_key key = { .protocol = PROTOCOL, .ifindex = inet_iif(skb) };
	const struct iphdr *ip;
	struct endpoint *e = NULL;
	const __be16 *ports;

	if (pskb_may_pull(skb, 4)) {
		ip = ip_hdr(skb);
		ports = (const __be16 *)skb->data;
		netport_key_ipv4(&key, ip->daddr, ports[1], ip->saddr, ports[0]);
		e = netport_lookup(dev_net(skb->dev), &key, skb_get_hash(skb));
	}
	if (e)
		WRITE_ONCE(e->packets, e->packets + 1);
	kfree_skb(skb);
	return 0;
}

static const struct net_protocol protocol = { .handler = receive };

static int __init minimal_init(void)
{
	struct netport_request req = { .reserve.binding = {
		.families = NETPORT_FAMILY_IPV4, .protocol = PROTOCOL } };
	int err;

	owner = netport_owner_create(&init_net, GLOBAL_ROOT_UID);
	if (IS_ERR(owner))
		return PTR_ERR(owner);
	err = netport_request(owner, &req, GFP_KERNEL) ?:
	      netport_attach(owner, req.reserve.token, &endpoint, GFP_KERNEL);
	endpoint.port = req.reserve.binding.port;
	endpoint.token = req.reserve.token;
	if (!err && inet_add_protocol(&protocol, PROTOCOL))
		err = -EBUSY;
	if (err)
		netport_owner_destroy(owner);	/* and all that it has */
	return err;
}

static void __exit minimal_exit(void)
{
	inet_del_protocol(&protocol, PROTOCOL);	/* waits for those who look it up */
	netport_release(owner, endpoint.token);
	netport_owner_destroy(owner);
}

module_init(minimal_init);
module_exit(minimal_exit);
MODULE_DESCRIPTION("The least that a transport needs of netport");
MODULE_LICENSE("Dual BSD/GPL");
MODULE_IMPORT_NS(NETPORT_NS);
