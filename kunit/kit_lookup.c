// SPDX-License-Identifier: GPL-2.0
/*
 * Packets for the suites, written as requests are: kit.h says how.
 */
#include <linux/in.h>
#include <net/net_namespace.h>

#include "kit.h"

/* What is attached: as many pointers as a case may need, which point to nothing else. */
static char kit_privs[KIT_PRIVS];

void *kit_priv(unsigned int nr)
{
	return &kit_privs[nr];
}

/* Their numbers; KIT_NOBODY for NULL, and KIT_STRANGE for anything else. */
int kit_priv_nr(const void *priv)
{
	const char *p = priv;

	if (!p)
		return KIT_NOBODY;
	return p >= kit_privs && p < kit_privs + KIT_PRIVS ? p - kit_privs : KIT_STRANGE;
}

/**
 * kit_key() - a packet from its text
 * @test: the test, which is aborted if the text is malformed
 * @text: "LOCAL [port=N] [to=REMOTE] [rport=N] [dev=N] [proto=N]": whom it is to, and from
 *	whom.  Default: port 80, UDP, some remote and port that no request names, no device
 * @key: the result
 */
void kit_key(struct kunit *test, const char *text, struct netport_key *key)
{
	static const struct in6_addr some = { .s6_addr = { 0x20, 1, 0xd, 0xb8, [15] = 0x99 } };
	struct netport_binding *b;
	struct in6_addr local, remote;
	struct kit_req r;
	__be32 v4[2];

	kit_parse(test, text, &r);
	b = &r.req.binding;
	*key = (struct netport_key) { .protocol = b->protocol, .ifindex = b->ifindex };
	if (!strstr(text, "rport="))
		b->remote_port = 49999;
	if (b->families == NETPORT_FAMILY_IPV4) {
		memcpy(&v4[0], b->addr, sizeof(v4[0]));
		memcpy(&v4[1], b->remote, sizeof(v4[1]));
		if (!strstr(text, "to="))
			v4[1] = htonl(0xc0000263);
		netport_key_ipv4(key, v4[0], htons(b->port), v4[1], htons(b->remote_port));
		return;
	}
	memcpy(&local, b->addr, sizeof(local));
	memcpy(&remote, b->remote, sizeof(remote));
	if (!strstr(text, "to="))
		remote = some;
	netport_key_ipv6(key, &local, htons(b->port), &remote, htons(b->remote_port));
}

/* The number of whom it finds. */
int kit_lookup_key(struct net *net, const struct netport_key *key, u32 hash)
{
	void *priv;

	rcu_read_lock();
	priv = netport_lookup(net, key, hash);
	rcu_read_unlock();
	return kit_priv_nr(priv);
}

/* Likewise of a packet's text. */
int kit_lookup(struct kunit *test, const char *text)
{
	struct netport_key key;

	kit_key(test, text, &key);
	return kit_lookup_key(&init_net, &key, 0x12345678);
}

/* Attach @nr to what is there. */
void kit_attach(struct kunit *test, enum kit_who who, u64 token, unsigned int nr)
{
	KUNIT_ASSERT_EQ(test, netport_attach(kit_owner(test, who), token, kit_priv(nr),
					     GFP_KERNEL), 0);
}

/**
 * kit_attached() - reserve, and attach
 * @test: the test, which is aborted if it can't be had
 * @text: the request
 * @nr: what it is attached with
 *
 * Return: the token.
 */
u64 kit_attached(struct kunit *test, const char *text, unsigned int nr)
{
	struct kit_request *q = kit_request(test, text);

	KUNIT_ASSERT_EQ_MSG(test, netport_request(kit_owner(test, q->who), &q->req, GFP_KERNEL), 0,
			    "%s", text);
	kit_attach(test, q->who, q->req.reserve.token, nr);
	return q->req.reserve.token;
}
