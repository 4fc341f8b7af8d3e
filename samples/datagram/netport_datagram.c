// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * netport_datagram - a datagram protocol whose ports are netport's
 *
 * IP protocol 253 (RFC 3692: for experiments) over IPv4 and IPv6, with a header like UDP's
 * and UDP's socket calls: socket(AF_INET6, SOCK_DGRAM, 253).  An example of a transport
 * without a port table.  What it asks of netport, and where:
 *
 *	a namespace comes, goes	netport_owner_create(), _destroy()	dg_net_init(), _exit()
 *	a socket gets a port	netport_request_as(), netport_attach()	dg_get_port()
 *	it connects		netport_rebind(), netport_set_state()	dg_connect()
 *	a datagram arrives	netport_lookup()			dg_rcv()
 *	the socket goes		netport_release()			dg_put_port()
 *
 * The rest is what any protocol of inet has to do.  Left out: multicast and broadcast, ancillary
 * data to send, ICMP errors (what arrives is ignored, and none is sent for a port without a
 * socket), path MTU discovery (large ones are fragmented), a socket's IPsec policy, VRFs.
 */
#include <linux/jhash.h>
#include <linux/module.h>
#include <linux/netport.h>
#include <linux/proc_fs.h>
#include <linux/random.h>
#include <linux/seq_file.h>
#include <linux/version.h>
#include <net/inet_common.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/netns/generic.h>
#include <net/protocol.h>
#include <net/udp.h>

/* Before 6.5 the IPv6 part of a socket is looked for at its end. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
#define DG_PINFO_OFFSET		.ipv6_pinfo_offset = offsetof(struct dg6_sock, inet6),
#else
#define DG_PINFO_OFFSET
#endif

#define IPPROTO_DATAGRAM	253	/* no enum: MODULE_ALIAS_* make a string of it */

struct dg_hdr {
	__be16	source;
	__be16	dest;
	__be16	len;			/* with the header */
	__sum16	check;			/* pseudo header, header, data; never left out */
};

/* In front of the data: devices' headers, IPv4's with options (or IPv6's), our own. */
#define DG_HEADROOM		(MAX_HEADER + 60 + sizeof(struct dg_hdr))

struct dg_sock {
	struct inet_sock	inet;	/* first */
	u64			token;	/* of the reservation; 0 without a port.  lock_sock() */
};

struct dg6_sock {
	struct dg_sock		dg;
	struct ipv6_pinfo	inet6;	/* last */
};

enum { DG_RECEIVED, DG_SENT, DG_NO_SOCKET, DG_QUEUE_FULL, DG_FILTERED, DG_BAD_CHECKSUM,
	DG_MALFORMED, DG_COUNTS };

static const char *const dg_count_names[DG_COUNTS] = {
	"received", "sent", "no_socket", "queue_full", "filtered", "bad_checksum", "malformed",
};

/* An owner is what goes as a whole; whose a reservation is, netport_request_as() says. */
struct dg_net {
	struct netport_owner	*owner;
	atomic_long_t		counts[DG_COUNTS];
};

static unsigned int dg_net_id __read_mostly;
static u32 dg_secret __read_mostly;

#define dg_net(net)	((struct dg_net *)net_generic(net, dg_net_id))
#define dg_owner(sk)	(dg_net(sock_net(sk))->owner)
#define dg_sk(ptr)	container_of(ptr, struct dg_sock, inet.sk)
#define dg_hdr(skb)	((struct dg_hdr *)skb_transport_header(skb))

/* What a socket with this name claims. */
static struct netport_binding dg_binding(const struct sock *sk, u16 port)
{
	bool connected = sk->sk_state == TCP_ESTABLISHED;
	struct netport_binding b = {
		.families = sk->sk_family == AF_INET ? NETPORT_FAMILY_IPV4 : NETPORT_FAMILY_IPV6,
		.protocol = IPPROTO_DATAGRAM,
		.port = port,
		.remote_port = connected ? ntohs(inet_sk(sk)->inet_dport) : 0,
		.ifindex = sk->sk_bound_dev_if,
		.share = (sk->sk_reuseport ? NETPORT_SHARE_LOAD_BALANCED : 0) |
			 (sk->sk_reuse ? NETPORT_SHARE_MOST_RECENT : 0),
	};

	if (sk->sk_family == AF_INET) {
		memcpy(b.addr, &sk->sk_rcv_saddr, 4);
		if (connected)
			memcpy(b.remote, &sk->sk_daddr, 4);
		return b;
	}
	/* IPv4-mapped is IPv4 for netport, too; only "::" can be both families at once. */
	if (ipv6_addr_any(&sk->sk_v6_rcv_saddr) && !ipv6_only_sock(sk))
		b.families |= NETPORT_FAMILY_IPV4;
	memcpy(b.addr, &sk->sk_v6_rcv_saddr, 16);
	if (connected)
		memcpy(b.remote, &sk->sk_v6_daddr, 16);
	return b;
}

/* bind(), or the first sendto() or connect() with port 0.  Under lock_sock(). */
static int dg_get_port(struct sock *sk, unsigned short port)
{
	struct netport_request req = { .reserve.binding = dg_binding(sk, port) };
	struct netport_space space;
	int err;

	/* netport trusts the kernel: who may have which port is for the transport to say. */
	err = netport_get_space(sock_net(sk), IPPROTO_DATAGRAM, &space);
	if (err)
		return err;
	if (port && port < space.floor &&
	    !ns_capable(sock_net(sk)->user_ns, CAP_NET_BIND_SERVICE))
		return -EACCES;
	/* The socket's uid, not current's: only sockets of one uid share by SO_REUSEPORT. */
	err = netport_request_as(dg_owner(sk), sk->sk_uid, &req, GFP_KERNEL_ACCOUNT);
	if (err)	/* to bind(), none left is the same as taken */
		return err == -EADDRNOTAVAIL ? -EADDRINUSE : err;
	/* From here on dg_rcv() finds the socket, under RCU alone. */
	sock_set_flag(sk, SOCK_RCU_FREE);
	err = netport_attach(dg_owner(sk), req.reserve.token, sk, GFP_KERNEL_ACCOUNT);
	if (err) {
		netport_release(dg_owner(sk), req.reserve.token);
		return err;
	}
	dg_sk(sk)->token = req.reserve.token;
	inet_sk(sk)->inet_num = req.reserve.binding.port;
	return 0;
}

/* No lookup finds it from here on; for those that have, there's SOCK_RCU_FREE.  0 is no token. */
static void dg_put_port(struct sock *sk)
{
	netport_release(dg_owner(sk), dg_sk(sk)->token);
	dg_sk(sk)->token = 0;
	inet_sk(sk)->inet_num = 0;
}

/* Undo what connecting has changed. */
static void dg_rename(struct sock *sk, const struct sock_common *before)
{
	sk->sk_v6_daddr = before->skc_v6_daddr;
	sk->sk_v6_rcv_saddr = before->skc_v6_rcv_saddr;
	sk->sk_daddr = before->skc_daddr;
	sk->sk_rcv_saddr = before->skc_rcv_saddr;
	sk->sk_dport = before->skc_dport;
	sk->sk_state = before->skc_state;
	WRITE_ONCE(sk->sk_bound_dev_if, before->skc_bound_dev_if);
	inet_sk(sk)->inet_saddr = sk->sk_rcv_saddr;
	if (sk->sk_family == AF_INET6)
		inet6_sk(sk)->saddr = sk->sk_v6_rcv_saddr;
	sk_dst_reset(sk);
}

/*
 * Connect, or without an address the opposite.  The reservation follows the socket's new name, or
 * else the socket stays what it was.  At any instant a datagram finds the old binding or the
 * new one; one remote is a better match than any wildcard.  To widen it again is refused if
 * others have the port for theirs by then.  What is in the queue stays there, as with UDP.
 */
static int dg_connect(struct sock *sk, struct sockaddr *addr, int len)
{
	struct netport_request req = {};
	struct sock_common before;
	int err = 0;

	lock_sock(sk);
	before = sk->__sk_common;
	if (!addr)
		__udp_disconnect(sk, 0);	/* gives the port back, if bind() didn't name it */
	else if (sk->sk_family == AF_INET6)
		err = __ip6_datagram_connect(sk, addr, len);
	else
		err = __ip4_datagram_connect(sk, addr, len);
	if (addr && !err && !sk->sk_dport)
		err = -EINVAL;
	if (!err && dg_sk(sk)->token) {
		/* What is connected has to keep a remote; what is just bound needn't. */
		netport_set_state(dg_owner(sk), dg_sk(sk)->token, NETPORT_BOUND);
		req.reserve.token = dg_sk(sk)->token;
		req.reserve.binding = dg_binding(sk, inet_sk(sk)->inet_num);
		err = netport_rebind(dg_owner(sk), &req, GFP_KERNEL_ACCOUNT);
	}
	if (err)
		dg_rename(sk, &before);
	if (sk->sk_state == TCP_ESTABLISHED)
		netport_set_state(dg_owner(sk), dg_sk(sk)->token, NETPORT_CONNECTED);
	release_sock(sk);
	return err;
}

static int dg_disconnect(struct sock *sk, int flags)
{
	return dg_connect(sk, NULL, 0);
}

/* From where to where, as a route's key and in the header.  Returns the family, or an errno. */
static int dg_flow(struct sock *sk, const struct msghdr *msg, struct flowi *fl,
		   struct dg_hdr *hdr)
{
	int least = sk->sk_family == AF_INET ? sizeof(struct sockaddr_in) : SIN6_LEN_RFC2133;
	const struct sockaddr_in6 *sin6 = msg->msg_name;
	const struct sockaddr_in *sin = msg->msg_name;
	struct in6_addr saddr, daddr;

	if (!sin && sk->sk_state != TCP_ESTABLISHED)
		return -EDESTADDRREQ;
	lock_sock(sk);
	*hdr = (struct dg_hdr){ inet_sk(sk)->inet_sport, sk->sk_dport };
	*fl = (struct flowi){ .u.__fl_common = {
		.flowic_proto = IPPROTO_DATAGRAM, .flowic_oif = sk->sk_bound_dev_if,
		.flowic_mark = READ_ONCE(sk->sk_mark), .flowic_uid = sk->sk_uid } };
	saddr = sk->sk_v6_rcv_saddr;
	daddr = sk->sk_v6_daddr;
	if (sk->sk_family == AF_INET) {
		ipv6_addr_set_v4mapped(sk->sk_rcv_saddr, &saddr);
		ipv6_addr_set_v4mapped(sk->sk_daddr, &daddr);
	}
	release_sock(sk);
	if (sin) {
		if (msg->msg_namelen < least)
			return -EINVAL;
		if (sin->sin_family != sk->sk_family)
			return -EAFNOSUPPORT;
		hdr->dest = sin->sin_port;		/* where IPv6's is, too */
		if (sk->sk_family == AF_INET)
			ipv6_addr_set_v4mapped(sin->sin_addr.s_addr, &daddr);
		else
			daddr = sin6->sin6_addr;
		if (!fl->flowi_oif && msg->msg_namelen >= sizeof(*sin6) &&
		    __ipv6_addr_needs_scope_id(__ipv6_addr_type(&daddr)))
			fl->flowi_oif = sin6->sin6_scope_id;
	}
	/* Who is bound to an address of the one family doesn't reach the other. */
	if (!hdr->dest || (!ipv6_addr_any(&saddr) &&
			   ipv6_addr_v4mapped(&saddr) != ipv6_addr_v4mapped(&daddr)))
		return -EINVAL;
	if (!ipv6_addr_v4mapped(&daddr)) {
		fl->u.ip6.saddr = saddr;
		fl->u.ip6.daddr = daddr;
		return ipv6_addr_is_multicast(&daddr) ? -EACCES : AF_INET6;
	}
	if (sk->sk_family == AF_INET6 && ipv6_only_sock(sk))
		return -ENETUNREACH;
	fl->u.ip4.saddr = saddr.s6_addr32[3];
	fl->u.ip4.daddr = daddr.s6_addr32[3];
	return AF_INET;
}

/* The route, which also chooses the source address if there's none; or an ERR_PTR. */
static struct dst_entry *dg_route(struct sock *sk, int family, struct flowi *fl)
{
	struct rtable *rt;

	security_sk_classify_flow(sk, &fl->u.__fl_common);
	if (family == AF_INET6)
		return ip6_dst_lookup_flow(sock_net(sk), sk, &fl->u.ip6, NULL);
	rt = ip_route_output_flow(sock_net(sk), &fl->u.ip4, sk);
	if (IS_ERR(rt))
		return ERR_CAST(rt);
	if (!(rt->rt_flags & (RTCF_BROADCAST | RTCF_MULTICAST)))
		return &rt->dst;
	ip_rt_put(rt);
	return ERR_PTR(-EACCES);
}

/* A datagram, but for the checksum; or an ERR_PTR. */
static struct sk_buff *dg_make(struct sock *sk, struct msghdr *msg, size_t len,
			       const struct dg_hdr *hdr)
{
	size_t linear = min_t(size_t, len, SKB_MAX_ORDER(DG_HEADROOM, 0));
	struct sk_buff *skb;
	int err;

	skb = sock_alloc_send_pskb(sk, DG_HEADROOM + linear, len - linear,
				   msg->msg_flags & MSG_DONTWAIT, &err, PAGE_ALLOC_COSTLY_ORDER);
	if (!skb)
		return ERR_PTR(err);
	skb_reserve(skb, DG_HEADROOM);
	skb_put(skb, linear);
	skb->data_len = len - linear;
	skb->len = len;
	err = skb_copy_datagram_from_iter(skb, 0, &msg->msg_iter, len);
	if (err) {
		kfree_skb(skb);
		return ERR_PTR(err);
	}
	memcpy(skb_push(skb, sizeof(*hdr)), hdr, sizeof(*hdr));
	skb_reset_transport_header(skb);
	skb->ignore_df = 1;
	return skb;
}

/* The socket has a port by now: inet_sendmsg() has seen to that. */
static int dg_sendmsg(struct sock *sk, struct msghdr *msg, size_t len)
{
	struct flowi fl;
	struct dst_entry *dst;
	struct sk_buff *skb;
	struct dg_hdr hdr;
	int family, err;
	__wsum sum;

	if (msg->msg_flags & MSG_OOB || msg->msg_controllen)
		return -EOPNOTSUPP;
	family = dg_flow(sk, msg, &fl, &hdr);
	if (family < 0)
		return family;
	if (len > 65535 - sizeof(hdr) - (family == AF_INET ? sizeof(struct iphdr) : 0))
		return -EMSGSIZE;
	dst = dg_route(sk, family, &fl);
	if (IS_ERR(dst))
		return PTR_ERR(dst);
	hdr.len = htons(len + sizeof(hdr));
	skb = dg_make(sk, msg, len, &hdr);
	if (IS_ERR(skb)) {
		dst_release(dst);
		return PTR_ERR(skb);
	}
	skb_dst_set(skb, dst);
	sum = skb_checksum(skb, 0, skb->len, 0);
	if (family == AF_INET) {
		dg_hdr(skb)->check = csum_tcpudp_magic(fl.u.ip4.saddr, fl.u.ip4.daddr, skb->len,
						       IPPROTO_DATAGRAM, sum);
		err = ip_queue_xmit(sk, skb, &fl);
	} else {
		dg_hdr(skb)->check = csum_ipv6_magic(&fl.u.ip6.saddr, &fl.u.ip6.daddr, skb->len,
						     IPPROTO_DATAGRAM, sum);
		err = ip6_xmit(sk, skb, &fl.u.ip6, fl.flowi_mark, NULL, inet6_sk(sk)->tclass,
			       READ_ONCE(sk->sk_priority));
	}
	if (err > 0)
		err = net_xmit_errno(err);
	if (err)
		return err;
	atomic_long_inc(&dg_net(sock_net(sk))->counts[DG_SENT]);
	return len;
}

/* From IPv4 and IPv6, in softirq.  Their rcu_read_lock() is all that keeps the socket there. */
static int dg_rcv(struct sk_buff *skb)
{
	struct netport_key key = { .protocol = IPPROTO_DATAGRAM };
	bool v4 = skb->protocol == htons(ETH_P_IP);
	struct net *net = dev_net(skb->dev);
	int what = DG_MALFORMED, dev, err;
	struct sock *sk;
	u32 hash, len;

	if (skb->pkt_type != PACKET_HOST || !pskb_may_pull(skb, sizeof(struct dg_hdr)))
		goto drop;
	len = ntohs(dg_hdr(skb)->len);
	if (len < sizeof(struct dg_hdr) || len > skb->len || pskb_trim_rcsum(skb, len))
		goto drop;
	what = DG_BAD_CHECKSUM;
	if (v4 ? skb_checksum_validate(skb, IPPROTO_DATAGRAM, inet_compute_pseudo) :
		 skb_checksum_validate(skb, IPPROTO_DATAGRAM, ip6_compute_pseudo))
		goto drop;
	if (v4) {
		netport_key_ipv4(&key, ip_hdr(skb)->daddr, dg_hdr(skb)->dest,
				 ip_hdr(skb)->saddr, dg_hdr(skb)->source);
		key.ifindex = inet_iif(skb);
	} else {
		netport_key_ipv6(&key, &ipv6_hdr(skb)->daddr, dg_hdr(skb)->dest,
				 &ipv6_hdr(skb)->saddr, dg_hdr(skb)->source);
		key.ifindex = inet6_iif(skb);
	}
	/* Which one of those that share the port: a flow stays with one, and can't choose it. */
	hash = dg_secret ^ ((u32)key.port << 16 | key.remote_port);
	hash = jhash(&key.local, sizeof(key.local), hash);
	hash = jhash(&key.remote, sizeof(key.remote), hash);
	sk = netport_lookup(net, &key, hash);
	/* netport isn't told of a device that came after bind(): that couldn't be refused. */
	dev = sk ? READ_ONCE(sk->sk_bound_dev_if) : 0;
	what = DG_NO_SOCKET;
	if (!sk || (dev && dev != key.ifindex))
		goto drop;
	skb_pull_rcsum(skb, sizeof(struct dg_hdr));
	err = sock_queue_rcv_skb(sk, skb);		/* counts in sk_drops, too */
	what = err == -EPERM ? DG_FILTERED : DG_QUEUE_FULL;
	if (err)
		goto drop;
	atomic_long_inc(&dg_net(net)->counts[DG_RECEIVED]);
	return 0;
drop:
	atomic_long_inc(&dg_net(net)->counts[what]);
	kfree_skb(skb);
	return 0;
}

/* Who sent it: the headers are still there, below skb->data.  Returns the length. */
static int dg_source(const struct sock *sk, const struct sk_buff *skb, void *name)
{
	struct sockaddr_in6 *sin6 = name;
	struct sockaddr_in *sin = name;

	if (sk->sk_family == AF_INET) {
		*sin = (struct sockaddr_in){
			.sin_family = AF_INET, .sin_port = dg_hdr(skb)->source,
			.sin_addr.s_addr = ip_hdr(skb)->saddr };
		return sizeof(*sin);
	}
	*sin6 = (struct sockaddr_in6){
		.sin6_family = AF_INET6, .sin6_port = dg_hdr(skb)->source };
	if (skb->protocol == htons(ETH_P_IP)) {
		ipv6_addr_set_v4mapped(ip_hdr(skb)->saddr, &sin6->sin6_addr);
	} else {
		sin6->sin6_addr = ipv6_hdr(skb)->saddr;
		sin6->sin6_scope_id = ipv6_iface_scope_id(&sin6->sin6_addr, inet6_iif(skb));
	}
	return sizeof(*sin6);
}

static int dg_recvmsg(struct sock *sk, struct msghdr *msg, size_t len, int flags, int *addr_len)
{
	struct sk_buff *skb;
	int err;

	if (flags & (MSG_OOB | MSG_ERRQUEUE))
		return -EOPNOTSUPP;
	skb = skb_recv_datagram(sk, flags, &err);
	if (!skb)
		return err;
	if (len < skb->len)
		msg->msg_flags |= MSG_TRUNC;
	len = min_t(size_t, len, skb->len);
	err = skb_copy_datagram_msg(skb, 0, msg, len);
	if (!err) {
		sock_recv_cmsgs(msg, sk, skb);
		if (msg->msg_name)
			*addr_len = dg_source(sk, skb, msg->msg_name);
		err = flags & MSG_TRUNC ? skb->len : len;
	}
	skb_free_datagram(sk, skb);
	return err;
}

static void dg_close(struct sock *sk, long timeout)
{
	sk_common_release(sk);	/* dg_put_port() is its unhash; freed after a grace period */
}

/* As long as there is a socket, until its grace period is over, the module stays. */
#define DG_PROTO							\
	.owner = THIS_MODULE, .close = dg_close, .connect = dg_connect,	\
	.disconnect = dg_disconnect, .sendmsg = dg_sendmsg, .recvmsg = dg_recvmsg, \
	.get_port = dg_get_port, .put_port = dg_put_port, .unhash = dg_put_port

static struct proto dg_prot = {
	DG_PROTO, .name = "DATAGRAM", .obj_size = sizeof(struct dg_sock),
	.setsockopt = ip_setsockopt, .getsockopt = ip_getsockopt,
};

static struct proto dg6_prot = {
	DG_PROTO, .name = "DATAGRAMv6", .obj_size = sizeof(struct dg6_sock), DG_PINFO_OFFSET
	.setsockopt = ipv6_setsockopt, .getsockopt = ipv6_getsockopt,
};

/* Not inet_dgram_ops: some of it takes any socket for UDP's. */
#define DG_OPS								\
	.owner = THIS_MODULE, .connect = inet_dgram_connect, .poll = datagram_poll,	\
	.socketpair = sock_no_socketpair, .accept = sock_no_accept, .listen = sock_no_listen, \
	.gettstamp = sock_gettstamp, .shutdown = inet_shutdown, .mmap = sock_no_mmap,	\
	.setsockopt = sock_common_setsockopt, .getsockopt = sock_common_getsockopt,	\
	.sendmsg = inet_sendmsg, .recvmsg = sock_common_recvmsg

static const struct proto_ops dg_ops = {
	DG_OPS, .family = PF_INET, .release = inet_release, .bind = inet_bind,
	.getname = inet_getname, .ioctl = inet_ioctl,
};

static const struct proto_ops dg6_ops = {
	DG_OPS, .family = PF_INET6, .release = inet6_release, .bind = inet6_bind,
	.getname = inet6_getname, .ioctl = inet6_ioctl,
};

static struct inet_protosw dg_protosw = {
	.type = SOCK_DGRAM, .protocol = IPPROTO_DATAGRAM, .prot = &dg_prot, .ops = &dg_ops };
static struct inet_protosw dg6_protosw = {
	.type = SOCK_DGRAM, .protocol = IPPROTO_DATAGRAM, .prot = &dg6_prot, .ops = &dg6_ops };
static const struct net_protocol dg_protocol = { .handler = dg_rcv };
static const struct inet6_protocol dg6_protocol = {
	.handler = dg_rcv, .flags = INET6_PROTO_FINAL };

static int dg_seq_show(struct seq_file *seq, void *v)
{
	struct dg_net *dn = dg_net(seq->private);
	int i;

	for (i = 0; i < DG_COUNTS; i++)
		seq_printf(seq, "%s %lu\n", dg_count_names[i], atomic_long_read(&dn->counts[i]));
	return 0;
}

static int __net_init dg_net_init(struct net *net)
{
	struct netport_label label = { .label = "datagram" };
	struct dg_net *dn = dg_net(net);
	int err;

	dn->owner = netport_owner_create(net, GLOBAL_ROOT_UID);	/* requests have a uid each */
	if (IS_ERR(dn->owner)) {
		err = PTR_ERR(dn->owner);
		dn->owner = NULL;
		/* -ENETDOWN: the module is loaded while this one goes, where nobody is any more. */
		return err == -ENETDOWN ? 0 : err;
	}
	/* It has neither pid nor name; the label says in listings whose it is. */
	err = netport_label(dn->owner, &label, GFP_KERNEL);
	if (!err && !proc_create_net_single("netport_datagram", 0444, net->proc_net,
					    dg_seq_show, NULL))
		err = -ENOMEM;
	if (err)
		netport_owner_destroy(dn->owner);
	return err;
}

/* No socket is left, as each has a reference to its namespace. */
static void __net_exit dg_net_exit(struct net *net)
{
	if (!dg_net(net)->owner)
		return;
	remove_proc_entry("netport_datagram", net->proc_net);
	netport_owner_destroy(dg_net(net)->owner);
}

static struct pernet_operations dg_net_ops = {
	.init = dg_net_init, .exit = dg_net_exit, .id = &dg_net_id, .size = sizeof(struct dg_net),
};

static int __init dg_init(void)
{
	int err;

	dg_secret = get_random_u32();
	err = register_pernet_subsys(&dg_net_ops);
	if (err)
		return err;
	err = proto_register(&dg_prot, 1);
	if (err)
		goto pernet;
	err = proto_register(&dg6_prot, 1);
	if (err)
		goto prot;
	err = -EBUSY;				/* somebody else has the number */
	if (inet_add_protocol(&dg_protocol, IPPROTO_DATAGRAM))
		goto prot6;
	if (inet6_add_protocol(&dg6_protocol, IPPROTO_DATAGRAM))
		goto protocol;
	err = inet6_register_protosw(&dg6_protosw);
	if (err)
		goto protocol6;
	inet_register_protosw(&dg_protosw);
	return 0;
protocol6:
	inet6_del_protocol(&dg6_protocol, IPPROTO_DATAGRAM);
protocol:
	inet_del_protocol(&dg_protocol, IPPROTO_DATAGRAM);
prot6:
	proto_unregister(&dg6_prot);
prot:
	proto_unregister(&dg_prot);
pernet:
	unregister_pernet_subsys(&dg_net_ops);
	return err;
}

/* After inet*_del_protocol() no datagram is under way here any more. */
static void __exit dg_exit(void)
{
	inet_unregister_protosw(&dg_protosw);
	inet6_unregister_protosw(&dg6_protosw);
	inet6_del_protocol(&dg6_protocol, IPPROTO_DATAGRAM);
	inet_del_protocol(&dg_protocol, IPPROTO_DATAGRAM);
	proto_unregister(&dg6_prot);
	proto_unregister(&dg_prot);
	unregister_pernet_subsys(&dg_net_ops);
}

module_init(dg_init);
module_exit(dg_exit);
MODULE_DESCRIPTION("Datagrams (IP protocol 253), an example of a transport on netport");
MODULE_LICENSE("Dual BSD/GPL");
MODULE_IMPORT_NS(NETPORT_NS);
MODULE_ALIAS_NET_PF_PROTO_TYPE(PF_INET, 253, 2);	/* 2: SOCK_DGRAM */
MODULE_ALIAS_NET_PF_PROTO_TYPE(PF_INET6, 253, 2);
