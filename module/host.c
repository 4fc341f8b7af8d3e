// SPDX-License-Identifier: GPL-2.0
/*
 * The host's own stack: would it bind this, and a socket that keeps it from doing so.
 *
 * Such a socket is one of the kernel's: it doesn't hold its namespace, which therefore has
 * to be rid of it before it goes, and no LSM is asked.  The memory cgroup of whoever
 * makes it pays for it as for a socket of a process; the caches of inodes, socks and TCP's
 * bind buckets all are accounted.
 */
#include <kunit/visibility.h>
#include <linux/cred.h>
#include <linux/in.h>
#include <linux/ipv6.h>
#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/net.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <net/inet_connection_sock.h>
#include <net/inet_hashtables.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/sock.h>
#include <net/tcp_states.h>

#include "netport_priv.h"

/**
 * struct np_host - a socket that keeps the host out
 * @node: in np_host_dead, once it is released
 * @sock: the socket
 */
struct np_host {
	struct llist_node	node;
	struct socket		*sock;
};

union np_host_addr {
	struct sockaddr		sa;
	struct sockaddr_in	in;
	struct sockaddr_in6	in6;
};

static void np_host_reap(struct work_struct *work);

static LLIST_HEAD(np_host_dead);
atomic_t np_host_dying;			/* released, but not closed yet */
EXPORT_SYMBOL_IF_KUNIT(np_host_dying);
static DEFINE_MUTEX(np_host_lock);	/* while some of these are being closed */
static DECLARE_WORK(np_host_work, np_host_reap);

/* A kernel without IPv6 has no room for such an address in a sock. */
#if IS_ENABLED(CONFIG_IPV6)
static void np_host_set_peer(struct sock *sk)
{
	sk->sk_v6_daddr = in6addr_linklocal_allnodes;
}
#else
static void np_host_set_peer(struct sock *sk)
{
}
#endif

/* What the host's stack says, in the words of netport.h. */
static int np_host_errno(int err)
{
	switch (err) {
	case 0:
	case -EADDRINUSE:
	case -EADDRNOTAVAIL:
	case -ENOMEM:
		return err;
	case -ENOBUFS:
	case -ENFILE:
		return -ENOMEM;
	case -EAFNOSUPPORT:
	case -EPROTONOSUPPORT:
	case -ESOCKTNOSUPPORT:
	case -ENOPROTOOPT:
		return -EOPNOTSUPP;
	case -ENODEV:	/* no such device, so it has no addresses */
	case -EINVAL:	/* TCP on a multicast address: np_want_init() has refused the rest */
		return -EADDRNOTAVAIL;
	default:	/* a BPF program of the cgroup: EPERM, or whatever it likes */
		return -EACCES;
	}
}

/**
 * np_host_want() - may this be asked of the host?
 * @w: the binding
 *
 * Return: 0, -EINVAL if it has a remote, or -EOPNOTSUPP if it isn't TCP or UDP, or the
 * kernel has no such family.
 */
int np_host_want(const struct np_want *w)
{
	if (!ipv6_addr_any(&w->remote))
		return -EINVAL;
	if (w->protocol != IPPROTO_TCP && w->protocol != IPPROTO_UDP)
		return -EOPNOTSUPP;
	if ((w->families & NETPORT_FAMILY_IPV4) && !IS_ENABLED(CONFIG_INET))
		return -EOPNOTSUPP;
	if ((w->families & NETPORT_FAMILY_IPV6) && !ipv6_mod_enabled())
		return -EOPNOTSUPP;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(np_host_want);

/**
 * np_host_features() - what np_host_want() says yes to
 *
 * Return: NETPORT_FEATURE_HOST_IPV4, NETPORT_FEATURE_HOST_IPV6.
 */
u64 np_host_features(void)
{
	return (IS_ENABLED(CONFIG_INET) ? NETPORT_FEATURE_HOST_IPV4 : 0) |
	       (ipv6_mod_enabled() ? NETPORT_FEATURE_HOST_IPV6 : 0);
}
EXPORT_SYMBOL_IF_KUNIT(np_host_features);

/* SO_REUSEPORT goes by that of the inode; newer kernels, and all else, by the other. */
static void np_host_own(struct socket *sock, kuid_t uid)
{
	SOCK_INODE(sock)->i_uid = uid;
	sock->sk->sk_uid = uid;
}

static int np_host_open(struct net *net, const struct np_want *w, kuid_t uid,
			struct socket **sock)
{
	int family = w->families & NETPORT_FAMILY_IPV6 ? AF_INET6 : AF_INET;
	int type = w->protocol == IPPROTO_TCP ? SOCK_STREAM : SOCK_DGRAM;
	struct sock *sk;
	int err;

	err = sock_create_kern(net, family, type, w->protocol, sock);
	if (err)
		return err;
	sk = (*sock)->sk;
	np_host_own(*sock, uid);
	/* Whatever net.ipv6.bindv6only says. */
	sk->sk_ipv6only = w->families == NETPORT_FAMILY_IPV6;
	if (w->share & NETPORT_SHARE_LOAD_BALANCED)
		sock_set_reuseport(sk);
	if (w->share & (NETPORT_SHARE_MOST_RECENT | NETPORT_SHARE_TUPLE_ONLY))
		sock_set_reuseaddr(sk);
	/* Of what comes before np_host_deafen(), one datagram is queued. */
	if (w->protocol == IPPROTO_UDP)
		WRITE_ONCE(sk->sk_rcvbuf, 0);
	return w->ifindex ? sock_bindtoindex(sk, w->ifindex, true) : 0;
}

/*
 * A port that needs CAP_NET_BIND_SERVICE: np_owner_access() has said who may have it, and
 * a kernel-resident stack may, no matter in which process it is.  But the host's stack asks
 * the process.
 */
static int np_host_bind_privileged(struct socket *sock, union np_host_addr *addr, int len)
{
	struct cred *kernel = prepare_kernel_cred(&init_task);
	const struct cred *old;
	int err;

	if (!kernel)
		return -ENOMEM;
	old = override_creds(kernel);
	err = kernel_bind(sock, &addr->sa, len);
	revert_creds(old);
	put_cred(kernel);
	return err;
}

/* A BPF program of the cgroup may have made another address or port of it. */
static bool np_host_is_bound(const struct sock *sk, const struct np_want *w, u16 port)
{
	const struct in6_addr *v6 = inet6_rcv_saddr(sk);

	return inet_sk(sk)->inet_num == port &&
	       (v6 ? ipv6_addr_equal(v6, &w->local) :
		     sk->sk_rcv_saddr == w->local.s6_addr32[3]);
}

static int np_host_bind_sock(struct socket *sock, const struct np_want *w, u16 port)
{
	union np_host_addr addr = { };
	int len, err;

	if (w->families & NETPORT_FAMILY_IPV6) {
		addr.in6.sin6_family = AF_INET6;
		addr.in6.sin6_port = htons(port);
		addr.in6.sin6_addr = w->local;
		addr.in6.sin6_scope_id = w->ifindex;
		len = sizeof(addr.in6);
	} else {
		addr.in.sin_family = AF_INET;
		addr.in.sin_port = htons(port);
		addr.in.sin_addr.s_addr = w->local.s6_addr32[3];
		len = sizeof(addr.in);
	}
	if (inet_port_requires_bind_service(sock_net(sock->sk), port))
		err = np_host_bind_privileged(sock, &addr, len);
	else
		err = kernel_bind(sock, &addr.sa, len);
	if (!err && !np_host_is_bound(sock->sk, w, port))
		err = -EACCES;
	return err;
}

/*
 * UDP delivers to whatever is bound.  Where the host's sockets may be on the port too, ours
 * would take from them: with SO_REUSEADDR everything, for being the last one there, and
 * with SO_REUSEPORT its share.  A connected socket gets only what comes from its peer, and
 * has no share.  So it is connected, to a peer from which nothing comes: IPv4 drops what
 * has the broadcast address for its source, IPv6 a multicast one.  Where there is nobody
 * else, the port is closed to those who send to it.
 *
 * By hand, because kernel_connect() would narrow an any-address to the one it sends from.
 */
static void np_host_deafen(struct sock *sk)
{
	lock_sock(sk);
	WRITE_ONCE(inet_sk(sk)->inet_daddr, htonl(INADDR_BROADCAST));
	np_host_set_peer(sk);
	inet_sk(sk)->inet_dport = htons(U16_MAX);
	sk->sk_state = TCP_ESTABLISHED;
	release_sock(sk);
}

/**
 * np_host_bind() - bind a socket of the host's stack
 * @net: in which namespace; the caller has a reference for the time of the call
 * @w: the binding, that np_host_want() has said yes to
 * @port: its port
 * @uid: whose socket it is for SO_REUSEPORT
 * @host: what is to be given back with np_host_release() if it succeeds, and is not
 *	written otherwise
 *
 * The host's rules are the host's: what SO_REUSEADDR and SO_REUSEPORT let in, whether a
 * nonlocal address can be bound (net.ipv4.ip_nonlocal_bind), and that with IPv4, or an
 * any-address, a device need not exist.
 *
 * A TCP socket doesn't listen, and a UDP socket gets no datagram: the port is closed, but
 * taken.  What was released before is out of the way.
 *
 * Process context; may sleep.
 *
 * Return: 0, or
 *
 * * -EINVAL: @w has a remote
 * * -EOPNOTSUPP: not TCP or UDP, or the kernel hasn't got the family, or devices
 * * -EADDRINUSE: the host has something there; also when TCP has no memory for its own
 *   tables, or UDP for those of SO_REUSEPORT, as both say so to everyone
 * * -EADDRNOTAVAIL: the host hasn't got the address or, for IPv6, the device; or TCP on
 *   a multicast address
 * * -EACCES: a BPF program of the caller's cgroup refuses it, or turns it into another
 *   binding.  No capability is asked for
 * * -ENOMEM: no memory, or the caller's memory cgroup is at its limit
 */
int np_host_bind(struct net *net, const struct np_want *w, u16 port, kuid_t uid,
		 struct np_host **host)
{
	struct np_host *h;
	int err;

	err = np_host_want(w);
	if (err)
		return err;
	np_host_flush();
	h = kzalloc(sizeof(*h), GFP_KERNEL_ACCOUNT);
	if (!h)
		return -ENOMEM;
	err = np_host_open(net, w, uid, &h->sock);
	if (err)
		goto err_sock;
	err = np_host_bind_sock(h->sock, w, port);
	if (err)
		goto err_sock;
	if (w->protocol == IPPROTO_UDP)
		np_host_deafen(h->sock->sk);
	*host = h;
	return 0;

err_sock:
	if (h->sock)
		sock_release(h->sock);
	kfree(h);
	return np_host_errno(err);
}
EXPORT_SYMBOL_IF_KUNIT(np_host_bind);

/**
 * np_host_close_dead() - the slow part of np_host_flush()
 */
void np_host_close_dead(void)
{
	struct np_host *h, *next;

	/* Under the lock: whoever gets it knows that what others had taken is closed. */
	mutex_lock(&np_host_lock);
	llist_for_each_entry_safe(h, next, llist_del_all(&np_host_dead), node) {
		sock_release(h->sock);
		kfree(h);
		atomic_fetch_dec_release(&np_host_dying);
		cond_resched();
	}
	mutex_unlock(&np_host_lock);
}
EXPORT_SYMBOL_IF_KUNIT(np_host_close_dead);

static void np_host_reap(struct work_struct *work)
{
	np_host_close_dead();
}

/* TCP keeps with a port for whose sockets it needn't look at all that are bound: have it look. */
static void np_host_forget_uid(struct sock *sk)
{
	struct inet_hashinfo *info = sock_net(sk)->ipv4.tcp_death_row.hashinfo;
	u32 bucket = inet_bhashfn(sock_net(sk), inet_sk(sk)->inet_num, info->bhash_size);
	struct inet_bind_hashbucket *head = &info->bhash[bucket];

	spin_lock_bh(&head->lock);
	inet_csk(sk)->icsk_bind_hash->fastreuseport = 0;
	spin_unlock_bh(&head->lock);
}

/**
 * np_host_set_uid() - a socket is another user's now
 * @host: the socket, or NULL
 * @uid: that user's uid
 */
void np_host_set_uid(struct np_host *host, kuid_t uid)
{
	if (!host)
		return;
	np_host_own(host->sock, uid);
	if (host->sock->sk->sk_protocol == IPPROTO_TCP)
		np_host_forget_uid(host->sock->sk);
}

/**
 * np_host_release() - let the host in again
 * @host: what np_host_bind() gave, or NULL
 *
 * Any context.  The socket is closed by the next np_host_flush(), or soon; from here on
 * np_host_bind() doesn't see it.
 */
void np_host_release(struct np_host *host)
{
	if (!host)
		return;
	atomic_inc(&np_host_dying);
	if (llist_add(&host->node, &np_host_dead))
		np_queue_work(&np_host_work);
}
EXPORT_SYMBOL_IF_KUNIT(np_host_release);
