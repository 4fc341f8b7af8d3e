// SPDX-License-Identifier: GPL-2.0
/*
 * host.c: what the host's own stack would bind, and what keeps it from that.  The host is
 * played by sockets that are bound here, as a process would.
 */
#include <linux/completion.h>
#include <linux/cred.h>
#include <linux/delay.h>
#include <linux/in.h>
#include <linux/ipv6.h>
#include <linux/net.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <net/ipv6.h>
#include <net/net_namespace.h>
#include <net/sock.h>
#include <net/sock_reuseport.h>

#include "kit.h"

static int host_test_init(struct kunit *test)
{
	struct net_device *lo = init_net.loopback_dev;
	int err;

	/* Built into the kernel, the suites come before whoever would do that. */
	rtnl_lock();
	err = dev_change_flags(lo, lo->flags | IFF_UP, NULL);
	rtnl_unlock();
	return err;
}

static void host_parse(struct kunit *test, const char *text, struct kit_req *r, struct np_want *w)
{
	kit_parse(test, text, r);
	KUNIT_ASSERT_EQ_MSG(test, np_want_init(w, NULL, &r->req.binding, r->req.options), 0,
			    "%s", text);
}

/* the host */

static int host_sockaddr(const struct netport_binding *b, struct sockaddr_storage *to)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)to;
	struct sockaddr_in *in = (struct sockaddr_in *)to;

	memset(to, 0, sizeof(*to));
	if (b->families & NETPORT_FAMILY_IPV6) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(b->port);
		memcpy(&in6->sin6_addr, b->addr, sizeof(in6->sin6_addr));
		in6->sin6_scope_id = b->ifindex;
		return sizeof(*in6);
	}
	in->sin_family = AF_INET;
	in->sin_port = htons(b->port);
	memcpy(&in->sin_addr, b->addr, sizeof(in->sin_addr));
	return sizeof(*in);
}

static int host_socket(const struct netport_binding *b, kuid_t uid, struct socket **sock)
{
	int family = b->families & NETPORT_FAMILY_IPV6 ? AF_INET6 : AF_INET;
	int type = b->protocol == IPPROTO_TCP ? SOCK_STREAM : SOCK_DGRAM;
	int err = sock_create_kern(&init_net, family, type, b->protocol, sock);

	if (err)
		return err;
	SOCK_INODE(*sock)->i_uid = uid;
	(*sock)->sk->sk_uid = uid;
	(*sock)->sk->sk_ipv6only = b->families == NETPORT_FAMILY_IPV6 &&
				   !ipv6_addr_v4mapped((const struct in6_addr *)b->addr);
	(*sock)->sk->sk_rcvtimeo = 2 * HZ;
	return 0;
}

/* What a process would get; its socket, if it is 0. */
static int host_app_bind(const struct netport_binding *b, kuid_t uid, struct socket **sock)
{
	struct sockaddr_storage addr;
	int len = host_sockaddr(b, &addr);
	int err = host_socket(b, uid, sock);

	if (err)
		return err;
	if (b->share & NETPORT_SHARE_LOAD_BALANCED)
		sock_set_reuseport((*sock)->sk);
	if (b->share & ~NETPORT_SHARE_LOAD_BALANCED)
		sock_set_reuseaddr((*sock)->sk);
	err = b->ifindex ? sock_bindtoindex((*sock)->sk, b->ifindex, true) : 0;
	err = err ?: kernel_bind(*sock, (struct sockaddr *)&addr, len);
	if (err)
		sock_release(*sock);
	return err;
}

static int host_app_try(const struct netport_binding *b, kuid_t uid)
{
	struct socket *sock;
	int err = host_app_bind(b, uid, &sock);

	if (!err)
		sock_release(sock);
	return err;
}

static int host_try(struct kunit *test, const char *text)
{
	struct kit_req r;

	kit_parse(test, text, &r);
	return host_app_try(&r.req.binding, kit_uid(r.who));
}

static void host_close(void *sock)
{
	sock_release(sock);
}

/* A socket of the host that has to be there for a case to make sense. */
static struct socket *host_app(struct kunit *test, const char *text)
{
	struct socket *sock = NULL;
	struct kit_req r;

	kit_parse(test, text, &r);
	KUNIT_ASSERT_EQ_MSG(test, host_app_bind(&r.req.binding, kit_uid(r.who), &sock), 0,
			    "%s", text);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, host_close, sock), 0);
	return sock;
}

/* netport */

static int host_bind(struct kunit *test, const char *text, struct np_host **host)
{
	struct kit_req r;
	struct np_want w;

	host_parse(test, text, &r, &w);
	return np_host_bind(&init_net, &w, w.port, kit_uid(r.who), host);
}

static void host_let_in(void *host)
{
	np_host_release(host);
	np_host_flush();
}

static struct np_host *host_hold(struct kunit *test, const char *text)
{
	struct np_host *host = NULL;

	KUNIT_ASSERT_EQ_MSG(test, host_bind(test, text, &host), 0, "%s", text);
	KUNIT_ASSERT_NOT_NULL(test, host);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, host_let_in, host), 0);
	return host;
}

/* np_host_want(), np_host_features() */

static const struct host_asked {
	const char	*desc;
	const char	*asked;
	int		err;
} host_asked[] = {
	{ "TCP", "127.0.0.1 tcp", 0 },
	{ "UDP", "0.0.0.0", 0 },
	{ "IPv6", "::1 tcp", 0 },
	{ "both families", "*", 0 },
	{ "share flags and a device", "* LB MR TO dev=7", 0 },
	{ "SCTP", "127.0.0.1 proto=132", -EOPNOTSUPP },
	{ "UDP-Lite", "127.0.0.1 proto=136", -EOPNOTSUPP },
	{ "MPTCP", "127.0.0.1 proto=262", -EOPNOTSUPP },
	{ "protocol 0", "127.0.0.1 proto=0", -EOPNOTSUPP },
	{ "a remote", "127.0.0.1 tcp to=127.0.0.2 rport=9", -EINVAL },
	{ "a remote without a port", "::1 to=::2", -EINVAL },
	{ "a remote, and a protocol that the host has not", "127.0.0.1 proto=132 to=127.0.0.2",
	  -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(host_asked, host_asked, desc);

static void host_want__says(struct kunit *test)
{
	const struct host_asked *a = test->param_value;
	struct np_host *host = (void *)KIT_POISON64;
	struct kit_req r;
	struct np_want w;

	host_parse(test, a->asked, &r, &w);
	KUNIT_EXPECT_EQ(test, np_host_want(&w), a->err);
	if (!a->err)
		return;
	KUNIT_EXPECT_EQ_MSG(test, np_host_bind(&init_net, &w, w.port, kit_uid(r.who), &host),
			    a->err, "asked all the same");
	KUNIT_EXPECT_PTR_EQ(test, host, (struct np_host *)KIT_POISON64);
}

static void host_features__both_families(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, np_host_features(),
			NETPORT_FEATURE_HOST_IPV4 | NETPORT_FEATURE_HOST_IPV6);
}

/* np_host_bind() against what the host has */

static const struct host_pair {
	const char	*desc;
	const char	*held;
	const char	*app;
	int		err;
} host_pairs[] = {
	{ "IPv4 TCP", "127.0.0.1 tcp port=4000", "127.0.0.1 tcp port=4000", -EADDRINUSE },
	{ "IPv4 UDP", "127.0.0.1 port=4000", "127.0.0.1 port=4000", -EADDRINUSE },
	{ "IPv6 TCP", "::1 tcp port=4000", "::1 tcp port=4000", -EADDRINUSE },
	{ "IPv6 UDP", "::1 port=4000", "::1 port=4000", -EADDRINUSE },
	{ "IPv4 TCP, any", "0.0.0.0 tcp port=4000", "127.0.0.1 tcp port=4000", -EADDRINUSE },
	{ "IPv4 UDP, any", "0.0.0.0 port=4000", "127.0.0.1 port=4000", -EADDRINUSE },
	{ "IPv6 TCP, any", ":: tcp port=4000", "::1 tcp port=4000", -EADDRINUSE },
	{ "IPv6 UDP, any", ":: port=4000", "::1 port=4000", -EADDRINUSE },
	{ "both families, and both, TCP", "* tcp port=4000", "* tcp port=4000", -EADDRINUSE },
	{ "both families, and both, UDP", "* port=4000", "* port=4000", -EADDRINUSE },
	{ "both families, and IPv4, TCP", "* tcp port=4000", "127.0.0.1 tcp port=4000",
	  -EADDRINUSE },
	{ "both families, and IPv4, UDP", "* port=4000", "127.0.0.1 port=4000", -EADDRINUSE },
	{ "both families, and IPv4's any", "* tcp port=4000", "0.0.0.0 tcp port=4000",
	  -EADDRINUSE },
	{ "both families, and IPv6", "* tcp port=4000", "::1 tcp port=4000", -EADDRINUSE },
	{ "both families, and IPv6's any", "* port=4000", ":: port=4000", -EADDRINUSE },
	{ "IPv4's any and IPv6's any, TCP", "0.0.0.0 tcp port=4000", ":: tcp port=4000", 0 },
	{ "IPv4's any and IPv6's any, UDP", "0.0.0.0 port=4000", ":: port=4000", 0 },
	{ "an IPv4-mapped address is IPv4's", "::ffff:127.0.0.1 tcp port=4000",
	  "127.0.0.1 tcp port=4000", -EADDRINUSE },
	{ "an IPv4-mapped any is IPv4's", "::ffff:0.0.0.0 port=4000", ":: port=4000", 0 },
	{ "another address", "127.0.0.1 tcp port=4000", "127.0.0.2 tcp port=4000", 0 },
	{ "another port", "127.0.0.1 tcp port=4000", "127.0.0.1 tcp port=4001", 0 },
	{ "a port below the floor", "127.0.0.1 tcp port=81", "127.0.0.1 tcp port=81",
	  -EADDRINUSE },
	{ "the last port", "127.0.0.1 port=65535", "127.0.0.1 port=65535", -EADDRINUSE },
	{ "another protocol", "127.0.0.1 tcp port=4000", "127.0.0.1 port=4000", 0 },
	{ "one device", "0.0.0.0 tcp port=4000 dev=1", "0.0.0.0 tcp port=4000 dev=1",
	  -EADDRINUSE },
	{ "one device, IPv6", "::1 port=4000 dev=1", "::1 port=4000 dev=1", -EADDRINUSE },
	{ "a device and every device", "0.0.0.0 port=4000 dev=1", "0.0.0.0 port=4000",
	  -EADDRINUSE },
	{ "another device", "0.0.0.0 port=4000 dev=1", "0.0.0.0 port=4000 dev=2", 0 },
	{ "another device, IPv6", ":: tcp port=4000 dev=1", ":: tcp port=4000 dev=2", 0 },
	{ "LOAD_BALANCED, UDP", "127.0.0.1 port=4000 LB", "127.0.0.1 port=4000 LB", 0 },
	{ "LOAD_BALANCED, TCP", "127.0.0.1 tcp port=4000 LB", "127.0.0.1 tcp port=4000 LB", 0 },
	{ "LOAD_BALANCED, of other uids, UDP", "127.0.0.1 port=4000 LB",
	  "127.0.0.1 port=4000 LB bob", -EADDRINUSE },
	{ "LOAD_BALANCED, of other uids, TCP", "127.0.0.1 tcp port=4000 LB",
	  "127.0.0.1 tcp port=4000 LB bob", -EADDRINUSE },
	{ "LOAD_BALANCED, of one of them, UDP", "127.0.0.1 port=4000 LB", "127.0.0.1 port=4000",
	  -EADDRINUSE },
	{ "LOAD_BALANCED, of one of them, TCP", "127.0.0.1 tcp port=4000 LB",
	  "127.0.0.1 tcp port=4000", -EADDRINUSE },
	{ "MOST_RECENT", "127.0.0.1 port=4000 MR", "127.0.0.1 port=4000 MR bob", 0 },
	{ "MOST_RECENT, of one of them", "127.0.0.1 port=4000 MR", "127.0.0.1 port=4000",
	  -EADDRINUSE },
	{ "MOST_RECENT and LOAD_BALANCED", "127.0.0.1 port=4000 MR", "127.0.0.1 port=4000 LB",
	  -EADDRINUSE },
	{ "TUPLE_ONLY", "127.0.0.1 tcp port=4000 TO", "127.0.0.1 tcp port=4000 TO bob", 0 },
	{ "TUPLE_ONLY, of one of them", "127.0.0.1 tcp port=4000 TO", "127.0.0.1 tcp port=4000",
	  -EADDRINUSE },
	{ "LOAD_BALANCED and MOST_RECENT: either will do", "* port=4000 LB MR", "* port=4000 LB",
	  0 },
};

KUNIT_ARRAY_PARAM_DESC(host_pair, host_pairs, desc);

static void host_bind__keeps_host_out(struct kunit *test)
{
	const struct host_pair *p = test->param_value;
	struct np_host *host;

	KUNIT_ASSERT_EQ_MSG(test, host_try(test, p->app), 0, "beforehand");
	host = host_hold(test, p->held);
	KUNIT_EXPECT_EQ(test, host_try(test, p->app), p->err);
	kunit_release_action(test, host_let_in, host);
	KUNIT_EXPECT_EQ_MSG(test, host_try(test, p->app), 0, "released");
	KUNIT_EXPECT_EQ_MSG(test, host_try(test, p->held), 0, "released");
}

static void host_bind__host_was_there(struct kunit *test)
{
	const struct host_pair *p = test->param_value;
	struct np_host *host = (void *)KIT_POISON64;
	struct socket *app = host_app(test, p->app);
	int err;

	err = host_bind(test, p->held, &host);
	KUNIT_EXPECT_EQ(test, err, p->err);
	if (err)
		KUNIT_EXPECT_PTR_EQ(test, host, (struct np_host *)KIT_POISON64);
	else
		host_let_in(host);
	kunit_release_action(test, host_close, app);
	host_hold(test, p->held);
}

/* Also those that the host lets in on the same terms, twice. */
static void host_bind__netport_was_there(struct kunit *test)
{
	const struct host_pair *p = test->param_value;
	struct np_host *host;
	int err;

	host_hold(test, p->app);
	err = host_bind(test, p->held, &host);
	KUNIT_EXPECT_EQ(test, err, p->err);
	if (!err)
		host_let_in(host);
}

static const struct host_asked host_refused[] = {
	{ "not the host's, IPv4 TCP", "192.0.2.1 tcp port=4000", -EADDRNOTAVAIL },
	{ "not the host's, IPv4 UDP", "192.0.2.1 port=4000", -EADDRNOTAVAIL },
	{ "not the host's, IPv4, below the floor", "192.0.2.1 tcp port=81", -EADDRNOTAVAIL },
	{ "not the host's, IPv6 TCP", "2001:db8::1 tcp port=4000", -EADDRNOTAVAIL },
	{ "not the host's, IPv6 UDP", "2001:db8::1 port=4000", -EADDRNOTAVAIL },
	{ "not the host's, link-local", "fe80::db8 port=4000 dev=1", -EADDRNOTAVAIL },
	{ "no such device", "fe80::db8 tcp port=4000 dev=999999", -EADDRNOTAVAIL },
	{ "TCP on a multicast address", "ff02::1 tcp port=4000 dev=1", -EADDRNOTAVAIL },
};

KUNIT_ARRAY_PARAM_DESC(host_refused, host_refused, desc);

static void host_bind__refuses(struct kunit *test)
{
	const struct host_asked *r = test->param_value;
	struct np_host *host = (void *)KIT_POISON64;

	KUNIT_EXPECT_EQ(test, host_bind(test, r->asked, &host), r->err);
	KUNIT_EXPECT_PTR_EQ(test, host, (struct np_host *)KIT_POISON64);
}

/* What the host binds without looking: multicast, and a device that isn't there. */
static void host_bind__as_host_does(struct kunit *test)
{
	static const char * const texts[] = {
		"224.0.0.251 port=4000", "ff02::fb port=4000 dev=1",
		"0.0.0.0 tcp port=4000 dev=999999", ":: tcp port=4000 dev=999999",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		KUNIT_EXPECT_EQ_MSG(test, host_try(test, texts[i]), 0, "%s", texts[i]);
		host_hold(test, texts[i]);
		KUNIT_EXPECT_EQ_MSG(test, host_try(test, texts[i]), -EADDRINUSE, "%s", texts[i]);
	}
}

/* A process without capabilities: netport has decided, and the host isn't to. */
static void host_bind__asks_no_capability(struct kunit *test)
{
	struct cred *cred = prepare_creds();
	int before, err, held, after;
	struct np_host *host = NULL;
	const struct cred *old;
	struct kit_req r, r2;
	struct np_want w;

	KUNIT_ASSERT_NOT_NULL(test, cred);
	host_parse(test, "127.0.0.1 tcp port=81", &r, &w);
	kit_parse(test, "127.0.0.1 tcp port=82", &r2);
	cap_clear(cred->cap_effective);
	old = override_creds(cred);
	before = host_app_try(&r.req.binding, kit_uid(r.who));
	err = np_host_bind(&init_net, &w, w.port, kit_uid(r.who), &host);
	after = host_app_try(&r2.req.binding, kit_uid(r.who));
	revert_creds(old);
	put_cred(cred);
	held = host_app_try(&r.req.binding, kit_uid(r.who));
	if (!err)
		host_let_in(host);
	KUNIT_EXPECT_EQ(test, before, -EACCES);
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_EQ(test, held, -EADDRINUSE);
	KUNIT_EXPECT_EQ_MSG(test, after, -EACCES, "the process is what it was");
}

/* Other namespaces have other ports, and aren't kept from going. */
static void host_bind__in_its_namespace(struct kunit *test)
{
	struct kit_netns *ns = kit_netns_start(test);
	struct np_host *there = NULL, *again;
	unsigned int refs;
	struct kit_req r;
	struct np_want w;
	int err;

	host_parse(test, "* tcp port=4000", &r, &w);
	refs = refcount_read(&ns->net->ns.count);
	KUNIT_ASSERT_EQ(test, np_host_bind(ns->net, &w, 4000, kit_uid(r.who), &there), 0);
	err = np_host_bind(ns->net, &w, 4000, kit_uid(r.who), &again);
	KUNIT_EXPECT_EQ(test, err, -EADDRINUSE);
	KUNIT_EXPECT_EQ(test, refcount_read(&ns->net->ns.count), refs);
	KUNIT_EXPECT_EQ(test, host_try(test, "* tcp port=4000"), 0);
	host_let_in(there);
	kit_netns_end(ns);
}

/* datagrams */

static void host_send(struct kunit *test, const char *to)
{
	struct kvec vec = { .iov_base = "x", .iov_len = 1 };
	struct sockaddr_storage addr;
	struct msghdr msg = { };
	struct socket *sock;
	struct kit_req r;
	int err;

	kit_parse(test, to, &r);
	msg.msg_namelen = host_sockaddr(&r.req.binding, &addr);
	msg.msg_name = &addr;
	KUNIT_ASSERT_EQ(test, host_socket(&r.req.binding, kit_uid(r.who), &sock), 0);
	err = kernel_sendmsg(sock, &msg, &vec, 1, 1);
	sock_release(sock);
	KUNIT_ASSERT_EQ(test, err, 1);
}

static int host_receive(struct socket *sock)
{
	struct msghdr msg = { };
	struct kvec vec;
	char buf[8];

	vec.iov_base = buf;
	vec.iov_len = sizeof(buf);
	return kernel_recvmsg(sock, &msg, &vec, 1, sizeof(buf), 0);
}

#define HOST_DATAGRAMS	20

static const struct host_shared {
	const char	*desc;
	const char	*bound;
	const char	*to;
} host_shared[] = {
	{ "MOST_RECENT, IPv4", "127.0.0.1 port=4000 MR", "127.0.0.1 port=4000" },
	{ "MOST_RECENT, IPv4's any", "0.0.0.0 port=4000 MR", "127.0.0.1 port=4000" },
	{ "MOST_RECENT, IPv6", "::1 port=4000 MR", "::1 port=4000" },
	{ "MOST_RECENT, both families, by IPv4", "* port=4000 MR", "127.0.0.1 port=4000" },
	{ "MOST_RECENT, both families, by IPv6", "* port=4000 MR", "::1 port=4000" },
	{ "LOAD_BALANCED, IPv4", "127.0.0.1 port=4000 LB", "127.0.0.1 port=4000" },
	{ "LOAD_BALANCED, IPv4's any", "0.0.0.0 port=4000 LB", "127.0.0.1 port=4000" },
	{ "LOAD_BALANCED, IPv6", "::1 port=4000 LB", "::1 port=4000" },
	{ "LOAD_BALANCED, both families, by IPv4", "* port=4000 LB", "127.0.0.1 port=4000" },
	{ "LOAD_BALANCED, both families, by IPv6", "* port=4000 LB", "::1 port=4000" },
};

KUNIT_ARRAY_PARAM_DESC(host_shared, host_shared, desc);

static void host_expect_all(struct kunit *test, struct socket *app, const char *when)
{
	const struct host_shared *s = test->param_value;
	unsigned int i;

	/* Each from a port of its own: SO_REUSEPORT spreads by that. */
	for (i = 0; i < HOST_DATAGRAMS; i++)
		host_send(test, s->to);
	for (i = 0; i < HOST_DATAGRAMS; i++)
		KUNIT_ASSERT_EQ_MSG(test, host_receive(app), 1, "%s, datagram %u", when, i);
}

/* What the host's sockets share with ours is theirs, whoever was first. */
static void host_bind__takes_no_datagram(struct kunit *test)
{
	const struct host_shared *s = test->param_value;
	struct np_host *host = host_hold(test, s->bound);
	struct socket *app = host_app(test, s->bound);

	host_expect_all(test, app, "netport was first");
	kunit_release_action(test, host_let_in, host);
	host_hold(test, s->bound);
	host_expect_all(test, app, "the host was first");
}

/* What the sender hears; it sends from that port, or any if that is 0. */
static int host_knock(struct kunit *test, const char *to, u16 from)
{
	struct netport_binding me = { .port = from };
	struct kvec vec = { .iov_base = "x", .iov_len = 1 };
	struct sockaddr_storage addr;
	struct msghdr msg = { };
	struct socket *sock;
	struct kit_req r;
	int len, err;

	kit_parse(test, to, &r);
	KUNIT_ASSERT_EQ(test, host_socket(&r.req.binding, kit_uid(r.who), &sock), 0);
	me.families = r.req.binding.families;
	len = host_sockaddr(&me, &addr);
	err = kernel_bind(sock, (struct sockaddr *)&addr, len);
	len = host_sockaddr(&r.req.binding, &addr);
	err = err ?: kernel_connect(sock, (struct sockaddr *)&addr, len, 0);
	if (!err && r.req.binding.protocol == IPPROTO_UDP) {
		err = kernel_sendmsg(sock, &msg, &vec, 1, 1);
		err = err < 0 ? err : host_receive(sock);
	}
	sock_release(sock);
	return err;
}

static void host_bind__looks_closed(struct kunit *test)
{
	static const char * const texts[] = {
		"127.0.0.1 port=4000", "127.0.0.1 port=4000 tcp", "::1 port=4000",
		"::1 port=4000 tcp",
	};
	unsigned int i;

	host_hold(test, "* port=4000");
	host_hold(test, "* port=4000 tcp");
	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		KUNIT_EXPECT_EQ_MSG(test, host_knock(test, texts[i], 0), -ECONNREFUSED, "%s",
				    texts[i]);
		/* the port of the peer that isn't */
		KUNIT_EXPECT_EQ_MSG(test, host_knock(test, texts[i], 65535), -ECONNREFUSED,
				    "%s", texts[i]);
	}
}

/* np_host_release(), np_host_flush() */

static void host_release__nothing(struct kunit *test)
{
	np_host_release(NULL);
	np_host_flush();
}

static void host_release_only(void *host)
{
	np_host_release(host);
}

static void host_release__in_any_context(struct kunit *test)
{
	enum kit_context context;
	struct np_host *host[2];
	unsigned int i;

	for (context = KIT_PROCESS; context <= KIT_TIMER; context++) {
		KUNIT_ASSERT_EQ(test, host_bind(test, "* tcp port=4000", &host[0]), 0);
		KUNIT_ASSERT_EQ(test, host_bind(test, "* port=4000", &host[1]), 0);
		for (i = 0; i < ARRAY_SIZE(host); i++)
			kit_run_in(context, host_release_only, host[i]);
		np_host_flush();
		KUNIT_EXPECT_EQ_MSG(test, host_try(test, "* tcp port=4000"), 0, "%d", context);
		KUNIT_EXPECT_EQ_MSG(test, host_try(test, "* port=4000"), 0, "%d", context);
	}
}

static void host_release__by_itself(struct kunit *test)
{
	struct np_host *host;
	unsigned int i;
	int err = -EADDRINUSE;

	KUNIT_ASSERT_EQ(test, host_bind(test, "* tcp port=4000", &host), 0);
	kit_run_in(KIT_SOFTIRQ, host_release_only, host);
	for (i = 0; i < 250 && err; i++) {
		err = host_try(test, "* tcp port=4000");
		if (err)
			msleep(20);
	}
	KUNIT_EXPECT_EQ(test, err, 0);
}

/* What is released isn't in netport's own way, flushed or not. */
static void host_bind__after_release(struct kunit *test)
{
	struct np_host *host;
	unsigned int i;

	for (i = 0; i < 100; i++) {
		KUNIT_ASSERT_EQ(test, host_bind(test, "* tcp port=4000", &host), 0);
		np_host_release(host);
	}
	np_host_flush();
}

/* memory */

static bool host_bind_try(struct kunit *test, const char *text, unsigned int nth, bool *failed)
{
	struct np_host *host;
	bool more;
	int err;

	kit_fail(nth);
	err = host_bind(test, text, &host);
	more = kit_failed();
	kit_fail(0);
	if (!err)
		host_let_in(host);
	*failed |= err;
	KUNIT_EXPECT_TRUE_MSG(test, !err || err == -ENOMEM || err == -EADDRINUSE,
			      "%s: %d", text, err);
	KUNIT_EXPECT_EQ_MSG(test, host_try(test, text), 0, "%s", text);
	return more;
}

/* Only TCP's and SO_REUSEPORT's tables are allocated where it can't sleep. */
static void host_bind__without_memory(struct kunit *test)
{
	static const char * const texts[] = { "127.0.0.1 tcp port=4000", "* port=4000 LB" };
	unsigned int i, nth, try;
	bool more, failed;

	kit_need_faults(test);
	/* What fails may be what a checker of the kernel's asks for, and once only: so again. */
	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		failed = false;
		for (nth = 1, more = true; more; nth++)
			for (try = 0; try < 3; try++)
				more = host_bind_try(test, texts[i], nth, &failed);
		KUNIT_EXPECT_TRUE_MSG(test, failed, "%s", texts[i]);
	}
}

/* threads */

/**
 * struct host_stuck - one who closes two sockets and is stopped in the first
 * @host: the sockets, the first one to be closed last
 * @sk: of the first one to be closed
 * @b: what the other one is bound to
 * @stuck: it has been stopped
 * @err: what the host says to @b after np_host_flush()
 */
struct host_stuck {
	struct np_host		*host[2];
	struct sock		*sk;
	struct netport_binding	b;
	struct completion	stuck;
	int			err;
};

static void host_stick(void *arg, unsigned int nr)
{
	struct host_stuck *s = arg;

	if (nr) {
		wait_for_completion(&s->stuck);
		np_host_flush();
		s->err = host_app_try(&s->b, kit_uid(KIT_ALICE));
		return;
	}
	lock_sock(s->sk);
	/* Both before somebody comes to close them, the last one first. */
	preempt_disable();
	np_host_release(s->host[0]);
	np_host_release(s->host[1]);
	preempt_enable();
	msleep(50);
	complete(&s->stuck);
	msleep(50);
	release_sock(s->sk);
}

static struct sock *host_sock_beside(struct socket *app)
{
	struct sock_reuseport *group;
	struct sock *sk = NULL;
	unsigned int i;

	rcu_read_lock();
	group = rcu_dereference(app->sk->sk_reuseport_cb);
	for (i = 0; group && i < group->num_socks; i++)
		if (group->socks[i] != app->sk)
			sk = group->socks[i];
	if (sk)
		sock_hold(sk);
	rcu_read_unlock();
	return sk;
}

/* What another has taken to close it isn't there to be closed, but isn't closed either. */
static void host_flush__waits_for_another(struct kunit *test)
{
	struct host_stuck s = { .err = KIT_POISON };
	struct socket *app = host_app(test, "127.0.0.1 port=4001 LB");
	struct kit_req r;

	kit_parse(test, "127.0.0.1 tcp port=4000", &r);
	s.b = r.req.binding;
	init_completion(&s.stuck);
	KUNIT_ASSERT_EQ(test, host_bind(test, "127.0.0.1 tcp port=4000", &s.host[0]), 0);
	KUNIT_ASSERT_EQ(test, host_bind(test, "127.0.0.1 port=4001 LB", &s.host[1]), 0);
	s.sk = host_sock_beside(app);
	KUNIT_ASSERT_NOT_NULL(test, s.sk);
	kit_threads(test, host_stick, &s, 2);
	sock_put(s.sk);
	KUNIT_EXPECT_EQ(test, s.err, 0);
}

#define HOST_ROUNDS	10
#define HOST_EACH	8

struct host_churn {
	struct kit_req	r[KIT_THREADS];
	struct np_want	w[KIT_THREADS];
	atomic_t	strange;
};

/* Each on ports of its own, but they close each other's. */
static void host_churn(void *arg, unsigned int nr)
{
	struct np_host *host[HOST_EACH];
	struct host_churn *c = arg;
	struct netport_binding b = c->r[nr].req.binding;
	kuid_t uid = kit_uid(KIT_ALICE);
	unsigned int i, j;

	for (i = 0; i < HOST_ROUNDS; i++) {
		for (j = 0; j < HOST_EACH; j++) {
			b.port = c->w[nr].port + j;
			if (np_host_bind(&init_net, &c->w[nr], b.port, uid, &host[j])) {
				host[j] = NULL;
				atomic_inc(&c->strange);
			}
			if (host_app_try(&b, uid) != -EADDRINUSE)
				atomic_inc(&c->strange);
		}
		/* Time for somebody else to take some of them. */
		for (j = 0; j < HOST_EACH; j++) {
			np_host_release(host[j]);
			cond_resched();
		}
		np_host_flush();
		for (j = 0; j < HOST_EACH; j++) {
			b.port = c->w[nr].port + j;
			if (host_app_try(&b, uid))
				atomic_inc(&c->strange);
		}
	}
}

static void host_flush__waits_for_others(struct kunit *test)
{
	struct host_churn *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);
	char text[64];
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, c);
	for (i = 0; i < KIT_THREADS; i++) {
		snprintf(text, sizeof(text), "%s port=%u", i % 2 ? "* tcp" : "127.0.0.1",
			 4000 + i * HOST_EACH);
		host_parse(test, text, &c->r[i], &c->w[i]);
	}
	kit_threads(test, host_churn, c, KIT_THREADS);
	KUNIT_EXPECT_EQ(test, atomic_read(&c->strange), 0);
}

static struct kunit_case host_test_cases[] = {
	KUNIT_CASE_PARAM(host_want__says, host_asked_gen_params),
	KUNIT_CASE(host_features__both_families),
	KUNIT_CASE_PARAM(host_bind__keeps_host_out, host_pair_gen_params),
	KUNIT_CASE_PARAM(host_bind__host_was_there, host_pair_gen_params),
	KUNIT_CASE_PARAM(host_bind__netport_was_there, host_pair_gen_params),
	KUNIT_CASE_PARAM(host_bind__refuses, host_refused_gen_params),
	KUNIT_CASE(host_bind__as_host_does),
	KUNIT_CASE(host_bind__asks_no_capability),
	KUNIT_CASE(host_bind__in_its_namespace),
	KUNIT_CASE_PARAM(host_bind__takes_no_datagram, host_shared_gen_params),
	KUNIT_CASE(host_bind__looks_closed),
	KUNIT_CASE(host_release__nothing),
	KUNIT_CASE(host_release__in_any_context),
	KUNIT_CASE(host_release__by_itself),
	KUNIT_CASE(host_bind__after_release),
	KUNIT_CASE(host_bind__without_memory),
	KUNIT_CASE_SLOW(host_flush__waits_for_another),
	KUNIT_CASE_SLOW(host_flush__waits_for_others),
	{}
};

static struct kunit_suite host_test_suite = {
	.name = "netport_host",
	.init = host_test_init,
	.test_cases = host_test_cases,
};

kunit_test_suite(host_test_suite);
