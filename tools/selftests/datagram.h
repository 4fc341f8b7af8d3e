/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the programs about samples/datagram share: names and sockets of its protocol, its
 * counters, and two network namespaces joined by veth.
 */
#ifndef _DATAGRAM_H
#define _DATAGRAM_H

#include "keep.h"
#include "modules.h"

#include <linux/if_link.h>
#include <linux/membarrier.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/veth.h>

#define DATAGRAM	253

#define MODULE		"netport_datagram"

/* names */

union name {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static inline socklen_t name_len(const union name *n)
{
	return n->any.sa_family == AF_INET ? sizeof(n->v4) : sizeof(n->v6);
}

/* Of the family that the text has. */
static inline union name name_of(const char *addr, unsigned int port)
{
	union name n;

	memset(&n, 0, sizeof(n));
	if (strchr(addr, ':')) {
		n.v6.sin6_family = AF_INET6;
		n.v6.sin6_port = htons(port);
		if (inet_pton(AF_INET6, addr, &n.v6.sin6_addr) != 1)
			die("no address: %s", addr);
	} else {
		n.v4.sin_family = AF_INET;
		n.v4.sin_port = htons(port);
		if (inet_pton(AF_INET, addr, &n.v4.sin_addr) != 1)
			die("no address: %s", addr);
	}
	return n;
}

static inline unsigned int port_in(const union name *n)
{
	return ntohs(n->v4.sin_port);		/* where IPv6's is, too */
}

static inline bool same_name(const union name *a, const union name *b)
{
	if (a->any.sa_family != b->any.sa_family || a->v4.sin_port != b->v4.sin_port)
		return false;
	return a->any.sa_family == AF_INET ?
	       a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr :
	       !memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, 16);
}

/* sockets; what returns int is 0 or an errno, unless it says otherwise */

static inline int dg_socket(int family)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, DATAGRAM);

	if (fd < 0)
		die("socket of protocol %d", DATAGRAM);
	return fd;
}

static inline int try_bind(int fd, const char *addr, unsigned int port)
{
	union name n = name_of(addr, port);

	return bind(fd, &n.any, name_len(&n)) ? errno : 0;
}

static inline int try_connect(int fd, const char *addr, unsigned int port)
{
	union name n = name_of(addr, port);

	return connect(fd, &n.any, name_len(&n)) ? errno : 0;
}

static inline int disconnect(int fd)
{
	struct sockaddr none = { .sa_family = AF_UNSPEC };

	return connect(fd, &none, sizeof(none)) ? errno : 0;
}

static inline void set_option(int fd, int level, int option, int value)
{
	if (setsockopt(fd, level, option, &value, sizeof(value)))
		die("setsockopt %d %d", level, option);
}

/* A new socket, with an option of SOL_SOCKET (or 0) set, bound. */
static inline int bound_with(const char *addr, unsigned int port, int option)
{
	int fd = dg_socket(name_of(addr, 0).any.sa_family);

	if (option)
		set_option(fd, SOL_SOCKET, option, 1);
	errno = try_bind(fd, addr, port);
	if (errno)
		die("bind to %s port %u", addr, port);
	return fd;
}

static inline int bound(const char *addr, unsigned int port)
{
	return bound_with(addr, port, 0);
}

/* What a new socket's bind() would say. */
static inline int bind_error(const char *addr, unsigned int port, int option)
{
	int fd = dg_socket(name_of(addr, 0).any.sa_family), err;

	if (option)
		set_option(fd, SOL_SOCKET, option, 1);
	err = try_bind(fd, addr, port);
	close(fd);
	return err;
}

static inline union name own_name(int fd)
{
	union name n;
	socklen_t len = sizeof(n);

	memset(&n, 0xcc, sizeof(n));
	if (getsockname(fd, &n.any, &len))
		die("getsockname");
	return n;
}

static inline unsigned int port_of(int fd)
{
	union name n = own_name(fd);

	return port_in(&n);
}

/* The port that it is connected to, or minus an errno. */
static inline int peer_port(int fd)
{
	union name n;
	socklen_t len = sizeof(n);

	return getpeername(fd, &n.any, &len) ? -errno : (int)port_in(&n);
}

static inline int send_to(int fd, const char *addr, unsigned int port, const void *buf,
			  size_t len)
{
	union name n = name_of(addr, port);
	ssize_t sent = sendto(fd, buf, len, 0, &n.any, name_len(&n));

	if (sent < 0)
		return errno;
	return sent == (ssize_t)len ? 0 : BROKEN;
}

static inline int send_text(int fd, const char *addr, unsigned int port, const char *text)
{
	return send_to(fd, addr, port, text, strlen(text));
}

/* Whether there is something to receive, now or soon. */
static inline bool arrives(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, PATIENCE_MS) == 1 && p.revents == POLLIN;
}

static inline bool nothing_there(int fd)
{
	char c;

	return recv(fd, &c, 1, MSG_DONTWAIT | MSG_PEEK) == -1 && errno == EAGAIN;
}

/* Whether @text is what arrives next; @from, which may be NULL, is who sent it. */
static inline bool arrives_from(int fd, const char *text, union name *from)
{
	char buf[256];
	union name n;
	socklen_t len = sizeof(n);
	ssize_t got;

	memset(&n, 0xcc, sizeof(n));
	if (!arrives(fd))
		return false;
	got = recvfrom(fd, buf, sizeof(buf), 0, &n.any, &len);
	if (from)
		*from = n;
	return got == (ssize_t)strlen(text) && !memcmp(buf, text, got) && len == name_len(&n);
}

static inline bool arrives_text(int fd, const char *text)
{
	return arrives_from(fd, text, NULL);
}

/* How many datagrams it had no room for. */
static inline unsigned int drops_of(int fd)
{
	__u32 info[SK_MEMINFO_VARS];
	socklen_t len = sizeof(info);

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len))
		die("SO_MEMINFO");
	return info[SK_MEMINFO_DROPS];
}

/* A count of the module's in the caller's namespace. */
static inline unsigned long counted(const char *what)
{
	char buf[512], *line, *save;

	if (!read_file("/proc/thread-self/net/" MODULE, buf, sizeof(buf)))
		die("read /proc/net/" MODULE);
	for (line = strtok_r(buf, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (!strncmp(line, what, strlen(what)) && line[strlen(what)] == ' ')
			return strtoul(line + strlen(what), NULL, 10);
	die("no count of %s", what);
}

/* The module, once nothing of it is left that a grace period or a namespace delays. */
static inline bool unload_soon(const char *module)
{
	return AWAIT(!loaded(module) || !unload(module));
}

/* A test that failed may have left it there. */
static inline int load_anew(void)
{
	return !loaded(MODULE) || unload_soon(MODULE) ? load(MODULE) : EBUSY;
}

/* two namespaces, joined */

struct nl_request {
	struct nlmsghdr hdr;
	struct ifinfomsg ifi;
	char attrs[512];
};

static inline struct rtattr *nl_put(struct nl_request *r, int type, const void *data, size_t len)
{
	struct rtattr *a = (void *)((char *)r + NLMSG_ALIGN(r->hdr.nlmsg_len));

	a->rta_type = type;
	a->rta_len = RTA_LENGTH(len);
	if (len)
		memcpy(RTA_DATA(a), data, len);
	r->hdr.nlmsg_len = NLMSG_ALIGN(r->hdr.nlmsg_len) + RTA_ALIGN(a->rta_len);
	return a;
}

static inline void nl_end(struct nl_request *r, struct rtattr *a)
{
	a->rta_len = (char *)r + r->hdr.nlmsg_len - (char *)a;
}

static inline void enter(int ns)
{
	if (setns(ns, CLONE_NEWNET))
		die("setns");
}

/* A veth device @name here, and another of the same name in namespace @ns. */
static inline void make_veth(const char *name, int ns)
{
	struct nl_request r = {
		.hdr = { .nlmsg_len = NLMSG_LENGTH(sizeof(r.ifi)), .nlmsg_type = RTM_NEWLINK,
			 .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL },
	};
	struct {
		struct nlmsghdr hdr;
		struct nlmsgerr err;
		char more[512];
	} answer;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	struct rtattr *info, *data, *peer;
	struct ifinfomsg none = { 0 };

	nl_put(&r, IFLA_IFNAME, name, strlen(name) + 1);
	info = nl_put(&r, IFLA_LINKINFO, NULL, 0);
	nl_put(&r, IFLA_INFO_KIND, "veth", 5);
	data = nl_put(&r, IFLA_INFO_DATA, NULL, 0);
	peer = nl_put(&r, VETH_INFO_PEER, &none, sizeof(none));
	nl_put(&r, IFLA_IFNAME, name, strlen(name) + 1);
	nl_put(&r, IFLA_NET_NS_FD, &ns, sizeof(ns));
	nl_end(&r, peer);
	nl_end(&r, data);
	nl_end(&r, info);
	if (fd < 0 || send(fd, &r, r.hdr.nlmsg_len, 0) < 0 ||
	    recv(fd, &answer, sizeof(answer), 0) < 0)
		die("ask for a veth device");
	errno = -answer.err.error;
	if (errno)
		die("make a veth device");
	close(fd);
}

struct in6_ifreq_ {
	struct in6_addr addr;
	__u32 prefixlen;
	int ifindex;
};

/* Whether an address of IPv6's can be a source: that comes a moment after it is set. */
static inline bool usable(const struct in6_addr *addr)
{
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6, .sin6_addr = *addr,
				     .sin6_port = htons(9) };
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP);
	union name n;
	socklen_t len = sizeof(n);
	bool ok;

	/* A neighbour's, which may be anybody. */
	sin6.sin6_addr.s6_addr[15] ^= 0x80;
	ok = !connect(fd, (void *)&sin6, sizeof(sin6)) && !getsockname(fd, &n.any, &len) &&
	     !memcmp(&n.v6.sin6_addr, addr, 16);
	close(fd);
	return ok;
}

/* Addresses of both families, usable at once, and the device up.  Returns its index. */
static inline int set_up(const char *dev, const char *v4, const char *v6)
{
	struct in6_ifreq_ req6 = { .prefixlen = 64 };
	struct ifreq req = { 0 };
	int fd4 = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int fd6 = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	union name n = name_of(v4, 0), n6 = name_of(v6, 0);
	char path[128];

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/accept_dad", dev);
	write_file(path, "0");
	snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", dev);
	if (ioctl(fd4, SIOCGIFINDEX, &req))
		die("index of %s", dev);
	req6.ifindex = req.ifr_ifindex;
	req6.addr = n6.v6.sin6_addr;
	memcpy(&req.ifr_addr, &n.any, sizeof(req.ifr_addr));
	if (ioctl(fd4, SIOCSIFADDR, &req))
		die("address of %s", dev);
	inet_pton(AF_INET, "255.255.255.0", &n.v4.sin_addr);
	memcpy(&req.ifr_netmask, &n.any, sizeof(req.ifr_netmask));
	if (ioctl(fd4, SIOCSIFNETMASK, &req))
		die("netmask of %s", dev);
	req.ifr_flags = IFF_UP | IFF_RUNNING;
	if (ioctl(fd4, SIOCSIFFLAGS, &req))
		die("set %s up", dev);
	if (ioctl(fd6, SIOCSIFADDR, &req6))
		die("IPv6 address of %s", dev);
	close(fd4);
	close(fd6);
	if (!AWAIT(usable(&n6.v6.sin6_addr)))
		die("%s can't be used", v6);
	return req6.ifindex;
}

#define HERE	0
#define THERE	1

/* The addresses of both, by namespace. */
static const char *const addr4[] = { "10.9.0.1", "10.9.0.2" };
static const char *const addr6[] = { "fd09::1", "fd09::2" };

struct joined {
	int ns[2];
	int ifindex[2];
};

/* Two new namespaces; the caller is HERE. */
static inline struct joined join(void)
{
	struct joined j;
	int side;

	for (side = THERE; side >= HERE; side--) {
		keep_netns();
		j.ns[side] = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
		if (j.ns[side] < 0)
			die("open a namespace");
	}
	make_veth("veth0", j.ns[THERE]);
	for (side = THERE; side >= HERE; side--) {
		enter(j.ns[side]);
		j.ifindex[side] = set_up("veth0", addr4[side], addr6[side]);
	}
	return j;
}

#endif /* _DATAGRAM_H */
