// SPDX-License-Identifier: GPL-2.0
/*
 * rules - what conflicts with what, through the device.
 *
 * Pairs are tried in both orders, of one owner and of two.  Sequences tell, for each
 * request in turn, what it must get; letters name owners: A and B have uid 0, X and Y
 * uid 1000, Z uid 1001.  Around every request AVAILABLE must say the same, a refused
 * one must leave no trace, and what is held must stay held until it is released: by
 * token in one round, by key in another.
 */
#include "selftest.h"

#define MAX_STEPS	20

struct pair {
	const char *desc;
	const char *a, *b;
	int err;
};

struct step {
	/* "A tcp 4 *:80 LB" reserves; "A - tcp 4 *:80 LB" releases what A reserved so */
	const char *text;
	int err;
};

struct sequence {
	const char *desc;
	struct step steps[MAX_STEPS];
};

static const struct {
	char name;
	uid_t uid;
} owners[] = {
	{ 'A', 0 }, { 'B', 0 }, { 'X', 1000 }, { 'Y', 1000 }, { 'Z', 1001 },
};

struct held {
	int fd;
	bool live;
	__u64 token;
	const char *text;
};

struct table {
	int fd[ARRAY_SIZE(owners)];
	/* Shares nothing, holds nothing: only asks. */
	int other;
	struct held held[MAX_STEPS];
	unsigned int nheld;
	/* A key named several; which one has gone isn't known. */
	bool ambiguous;
};

/* Each complains and is false if something isn't as it must be. */
#define unless(cond, fmt, ...) ({					\
	bool __ok = (cond);						\
	if (!__ok)							\
		fprintf(stderr, "# %s: " fmt "\n", desc, ##__VA_ARGS__);	\
	!__ok;								\
})

static int table_owner(struct table *t, char name)
{
	unsigned int i;

	for (i = 0; owners[i].name != name; i++)
		if (i == ARRAY_SIZE(owners) - 1)
			die("no owner %c", name);
	if (t->fd[i] < 0)
		t->fd[i] = owner_as(owners[i].uid);
	return t->fd[i];
}

static void table_open(struct table *t)
{
	memset(t->fd, -1, sizeof(t->fd));
	t->other = owner();
}

static void table_close(struct table *t)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(t->fd); i++)
		if (t->fd[i] >= 0)
			close(t->fd[i]);
	close(t->other);
}

/* Is every one of them still in the way of somebody who would share nothing? */
static bool all_held(struct table *t, const char *desc)
{
	bool ok = true;
	unsigned int i;

	for (i = 0; i < t->nheld; i++) {
		struct netport_reserve r = request(t->held[i].text);

		if (!t->held[i].live)
			continue;
		r.binding.share = 0;
		if (unless(command(t->other, NETPORT_IOC_AVAILABLE, &r) == EADDRINUSE,
			   "'%s' isn't held any more", t->held[i].text))
			ok = false;
	}
	return ok;
}

static bool reserve_step(struct table *t, const char *desc, int fd, const char *text, int want)
{
	struct held *h = &t->held[t->nheld];
	int err;

	err = available(fd, text);
	if (unless(err == want, "'%s': AVAILABLE gives %d, not %d", text, err, want))
		return false;
	err = reserve_token(fd, text, &h->token);
	if (unless(err == want, "'%s' gives %d, not %d", text, err, want))
		return false;
	if (!err) {
		h->fd = fd;
		h->text = text;
		h->live = true;
		t->nheld++;
	}
	return all_held(t, desc);
}

static bool release_step(struct table *t, const char *desc, int fd, const char *text, int want)
{
	unsigned int i, equal = 0;
	int err;

	err = release_key(fd, text);
	if (unless(err == want, "release of '%s' gives %d, not %d", text, err, want))
		return false;
	for (i = 0; !err && i < t->nheld; i++) {
		struct held *h = &t->held[i];

		if (h->live && h->fd == fd && !strcmp(h->text, text) && !equal++)
			h->live = false;
	}
	if (!err && !equal)
		die("release of '%s', which no step reserved", text);
	t->ambiguous |= equal > 1;
	return all_held(t, desc);
}

static bool release_all(struct table *t, const char *desc, bool by_key)
{
	bool ok = true;
	unsigned int i;

	for (i = 0; i < t->nheld; i++) {
		struct held *h = &t->held[i];
		int err;

		if (!h->live)
			continue;
		err = by_key ? release_key(h->fd, h->text) : release(h->fd, h->token);
		if (unless(!err, "release of '%s' by %s gives %d", h->text,
			   by_key ? "key" : "token", err))
			ok = false;
		err = by_key ? ENOENT : release(h->fd, h->token);
		if (unless(err == ENOENT, "second release of '%s' gives %d", h->text, err))
			ok = false;
	}
	return ok;
}

/* Nothing may be left on the ports that were used. */
static bool none_left(struct table *t, const char *desc, const char *text)
{
	struct netport_reserve r = request(text);
	char any[64];

	snprintf(any, sizeof(any), "%u 46 *:%u", r.binding.protocol, r.binding.port);
	return !unless(!available(t->other, any), "something is left on '%s'", any);
}

static bool run_steps(struct table *t, const char *desc, const struct step *steps,
		      unsigned int n, bool by_key)
{
	bool ok = true;
	unsigned int i;

	t->nheld = 0;
	t->ambiguous = false;
	for (i = 0; i < n && steps[i].text; i++) {
		int fd = table_owner(t, steps[i].text[0]);
		const char *text = steps[i].text + 2;

		if (!strncmp(text, "- ", 2))
			ok = release_step(t, desc, fd, text + 2, steps[i].err);
		else
			ok = reserve_step(t, desc, fd, text, steps[i].err);
		if (!ok)
			break;
	}
	if (ok)
		ok = release_all(t, desc, by_key || t->ambiguous);
	for (i = 0; ok && i < n && steps[i].text; i++) {
		const char *text = steps[i].text + 2;

		ok = none_left(t, desc, strncmp(text, "- ", 2) ? text : text + 2);
	}
	if (!ok) {
		/* Whatever it left must not fail the next one. */
		table_close(t);
		table_open(t);
	}
	return ok;
}

static bool run_pair(struct table *t, const struct pair *p, bool swap, bool same)
{
	char first[256], second[256];
	struct step steps[2];

	snprintf(first, sizeof(first), "A %s", swap ? p->b : p->a);
	snprintf(second, sizeof(second), "%c %s", same ? 'A' : 'B', swap ? p->a : p->b);
	steps[0] = (struct step){ first, 0 };
	steps[1] = (struct step){ second, p->err };
	return run_steps(t, p->desc, steps, 2, swap);
}

static unsigned int run_pairs(const struct pair *p, size_t n)
{
	unsigned int failed = 0, i;
	struct table t;

	table_open(&t);
	for (i = 0; i < 4 * n; i++)
		failed += !run_pair(&t, &p[i / 4], i & 1, i & 2);
	table_close(&t);
	return failed;
}

static unsigned int run_sequences(const struct sequence *s, size_t n)
{
	unsigned int failed = 0, i;
	struct table t;

	table_open(&t);
	for (i = 0; i < 2 * n; i++)
		failed += !run_steps(&t, s[i / 2].desc, s[i / 2].steps, MAX_STEPS, i & 1);
	table_close(&t);
	return failed;
}

#define PAIRS(name, ...)						\
	TEST(name)							\
	{								\
		static const struct pair table[] = { __VA_ARGS__ };	\
									\
		EXPECT_EQ(0, run_pairs(table, ARRAY_SIZE(table)));	\
	}

#define SEQUENCES(name, ...)						\
	TEST(name)							\
	{								\
		static const struct sequence table[] = { __VA_ARGS__ };	\
									\
		EXPECT_EQ(0, run_sequences(table, ARRAY_SIZE(table)));	\
	}

#define U	EADDRINUSE

PAIRS(ipv4_addresses,
	{ "an address twice", "tcp 4 8.8.8.8:80", "tcp 4 8.8.8.8:80", U },
	{ "two addresses", "tcp 4 8.8.8.8:80", "tcp 4 8.8.8.9:80", 0 },
	{ "any and an address", "tcp 4 *:80", "tcp 4 8.8.8.8:80", U },
	{ "any twice", "tcp 4 *:80", "tcp 4 *:80", U },
	{ "any and loopback", "tcp 4 *:80", "tcp 4 127.0.0.1:80", U },
	{ "any and broadcast", "tcp 4 *:80", "tcp 4 255.255.255.255:80", U },
	{ "addresses that differ in the first byte", "tcp 4 1.0.0.1:80", "tcp 4 2.0.0.1:80", 0 },
)

PAIRS(ipv6_addresses,
	{ "an address twice", "tcp 6 [2001:db8::1]:80", "tcp 6 [2001:db8::1]:80", U },
	{ "two addresses", "tcp 6 [2001:db8::1]:80", "tcp 6 [2001:db8::2]:80", 0 },
	{ "addresses that differ in the first half", "tcp 6 [2001:db8::1]:80",
	  "tcp 6 [2001:db9::1]:80", 0 },
	{ "any and an address", "tcp 6 *:80", "tcp 6 [2001:db8::1]:80", U },
	{ "any and loopback", "tcp 6 *:80", "tcp 6 [::1]:80", U },
	{ "any twice", "tcp 6 *:80", "tcp 6 *:80", U },
)

PAIRS(families,
	{ ":: of IPv6 alone and 0.0.0.0", "tcp 6 *:80", "tcp 4 *:80", 0 },
	{ ":: of IPv6 alone and an IPv4 address", "tcp 6 *:80", "tcp 4 8.8.8.8:80", 0 },
	{ "::1 and 0.0.0.0", "tcp 6 [::1]:80", "tcp 4 *:80", 0 },
	{ "::1 and 127.0.0.1", "tcp 6 [::1]:80", "tcp 4 127.0.0.1:80", 0 },
	{ "the same bytes in both families", "tcp 6 [a00:1::]:80", "tcp 4 10.0.0.1:80", 0 },
	{ "both, and an IPv4 address", "tcp 46 *:80", "tcp 4 8.8.8.8:80", U },
	{ "both, and 127.0.0.1", "tcp 46 *:80", "tcp 4 127.0.0.1:80", U },
	{ "both, and 0.0.0.0", "tcp 46 *:80", "tcp 4 *:80", U },
	{ "both, and ::", "tcp 46 *:80", "tcp 6 *:80", U },
	{ "both, and an IPv6 address", "tcp 46 *:80", "tcp 6 [2001:db8::1]:80", U },
	{ "both twice", "tcp 46 *:80", "tcp 46 *:80", U },
)

PAIRS(mapped_addresses,
	{ "mapped and the same", "tcp 6 [::ffff:8.8.8.8]:80", "tcp 4 8.8.8.8:80", U },
	{ "mapped and another", "tcp 6 [::ffff:8.8.8.8]:80", "tcp 4 8.8.8.9:80", 0 },
	{ "mapped twice", "tcp 6 [::ffff:8.8.8.8]:80", "tcp 6 [::ffff:8.8.8.8]:80", U },
	{ "two mapped", "tcp 6 [::ffff:8.8.8.8]:80", "tcp 6 [::ffff:8.8.8.9]:80", 0 },
	{ "mapped and 0.0.0.0", "tcp 6 [::ffff:8.8.8.8]:80", "tcp 4 *:80", U },
	{ "mapped and :: of IPv6 alone", "tcp 6 [::ffff:8.8.8.8]:80", "tcp 6 *:80", 0 },
	{ "mapped and both", "tcp 6 [::ffff:8.8.8.8]:80", "tcp 46 *:80", U },
	{ "mapped 0.0.0.0 is any", "tcp 6 [::ffff:0.0.0.0]:80", "tcp 4 8.8.8.8:80", U },
	{ "mapped 0.0.0.0 and :: of IPv6 alone", "tcp 6 [::ffff:0.0.0.0]:80", "tcp 6 *:80", 0 },
	{ "compatible is not mapped", "tcp 6 [::8.8.8.8]:80", "tcp 4 8.8.8.8:80", 0 },
	{ "mapped with the same remote", "tcp 6 [::ffff:8.8.8.8]:80 >[::ffff:1.1.1.1]:5",
	  "tcp 4 8.8.8.8:80 >1.1.1.1:5", U },
	{ "mapped with another remote", "tcp 6 [::ffff:8.8.8.8]:80 >[::ffff:1.1.1.2]:5",
	  "tcp 4 8.8.8.8:80 >1.1.1.1:5", 0 },
)

PAIRS(link_local_addresses,
	{ "on two devices", "tcp 6 [fe80::1]:80 %1", "tcp 6 [fe80::1]:80 %2", 0 },
	{ "on one", "tcp 6 [fe80::1]:80 %1", "tcp 6 [fe80::1]:80 %1", U },
	{ "two on one", "tcp 6 [fe80::1]:80 %1", "tcp 6 [fe80::2]:80 %1", 0 },
	{ "and ::", "tcp 6 [fe80::1]:80 %1", "tcp 6 *:80", U },
	{ "and both", "tcp 6 [fe80::1]:80 %1", "tcp 46 *:80", U },
	{ "and :: on another device", "tcp 6 [fe80::1]:80 %1", "tcp 6 *:80 %2", 0 },
)

PAIRS(protocols_and_ports,
	{ "TCP and UDP", "tcp 46 *:80", "udp 46 *:80", 0 },
	{ "TCP and SCTP", "tcp 46 *:80", "sctp 46 *:80", 0 },
	{ "TCP and MPTCP", "tcp 46 *:80", "262 46 *:80", 0 },
	{ "TCP and what has its number in 8 bits", "tcp 46 *:80", "65286 46 *:80", 0 },
	{ "protocol 0 and the last", "0 46 *:80", "65535 46 *:80", 0 },
	{ "the last twice", "65535 46 *:80", "65535 4 1.1.1.1:80", U },
	{ "protocol 0 twice", "0 46 *:80", "0 6 [::1]:80", U },
	{ "neighbours", "tcp 46 *:80", "tcp 46 *:81", 0 },
	{ "ports with a byte in common", "tcp 46 *:80", "tcp 46 *:336", 0 },
	{ "the first twice", "tcp 46 *:1", "tcp 4 *:1", U },
	{ "the last port twice", "tcp 46 *:65535", "tcp 6 *:65535", U },
	{ "the first and the last", "tcp 46 *:1", "tcp 46 *:65535", 0 },
)

PAIRS(devices,
	{ "two devices", "tcp 4 *:24 %1", "tcp 4 *:24 %2", 0 },
	{ "one device twice", "tcp 4 *:24 %1", "tcp 4 *:24 %1", U },
	{ "every device and one", "tcp 4 *:24", "tcp 4 *:24 %1", U },
	{ "any address and one, on one device", "tcp 4 *:24 %1", "tcp 4 8.8.8.8:24 %1", U },
	{ "any address and one, on two devices", "tcp 4 *:24 %1", "tcp 4 8.8.8.8:24 %2", 0 },
	{ "any address on one, an address on every", "tcp 4 *:24 %1", "tcp 4 8.8.8.8:24", U },
	{ "an address on one, any on every", "tcp 4 8.8.8.8:24 %1", "tcp 4 *:24", U },
	{ "two addresses on one device", "tcp 4 8.8.8.8:24 %1", "tcp 4 8.8.8.9:24 %1", 0 },
	{ "both families and one, on one", "tcp 46 *:24 %1", "tcp 4 *:24 %1", U },
	{ "both families and one, on two", "tcp 46 *:24 %1", "tcp 4 *:24 %2", 0 },
	{ "the largest number", "tcp 4 *:24 %2147483647", "tcp 4 *:24 %2147483647", U },
	{ "numbers with 16 bits in common", "tcp 4 *:24 %1", "tcp 4 *:24 %65537", 0 },
)

PAIRS(remotes,
	{ "two full remotes", "tcp 4 8.8.8.8:80 >1.1.1.1:5", "tcp 4 8.8.8.8:80 >1.1.1.2:5", 0 },
	{ "two ports of one", "tcp 4 8.8.8.8:80 >1.1.1.1:5", "tcp 4 8.8.8.8:80 >1.1.1.1:6", 0 },
	{ "one twice", "tcp 4 8.8.8.8:80 >1.1.1.1:5", "tcp 4 8.8.8.8:80 >1.1.1.1:5", U },
	{ "one, of two addresses", "tcp 4 8.8.8.8:80 >1.1.1.1:5",
	  "tcp 4 8.8.8.9:80 >1.1.1.1:5", 0 },
	{ "every remote and one", "tcp 4 8.8.8.8:80", "tcp 4 8.8.8.8:80 >1.1.1.1:5", U },
	{ "every port of it and one", "tcp 4 8.8.8.8:80 >1.1.1.1:0",
	  "tcp 4 8.8.8.8:80 >1.1.1.1:5", U },
	{ "every port of it twice", "tcp 4 8.8.8.8:80 >1.1.1.1:0",
	  "tcp 4 8.8.8.8:80 >1.1.1.1:0", U },
	{ "every port of it and one of another", "tcp 4 8.8.8.8:80 >1.1.1.1:0",
	  "tcp 4 8.8.8.8:80 >1.1.1.2:5", 0 },
	{ "every port of two", "tcp 4 8.8.8.8:80 >1.1.1.1:0", "tcp 4 8.8.8.8:80 >1.1.1.2:0", 0 },
	{ "every port of it and every remote", "tcp 4 8.8.8.8:80 >1.1.1.1:0",
	  "tcp 4 8.8.8.8:80", U },
	{ "any address and one, one remote", "tcp 4 *:80 >1.1.1.1:5",
	  "tcp 4 8.8.8.8:80 >1.1.1.1:5", U },
	{ "any address and one, two remotes", "tcp 4 *:80 >1.1.1.1:5",
	  "tcp 4 8.8.8.8:80 >1.1.1.2:5", 0 },
	{ "any address with a remote, an address without", "tcp 4 *:80 >1.1.1.1:5",
	  "tcp 4 8.8.8.8:80", U },
	{ "an address with a remote, any without", "tcp 4 8.8.8.8:80 >1.1.1.1:5",
	  "tcp 4 *:80", U },
	{ "an address with a remote, both families", "tcp 4 8.8.8.8:80 >1.1.1.1:5",
	  "tcp 46 *:80", U },
	{ "IPv6, two", "tcp 6 [::1]:80 >[2001:db8::1]:5", "tcp 6 [::1]:80 >[2001:db8::2]:5", 0 },
	{ "IPv6, one twice", "tcp 6 [::1]:80 >[2001:db8::1]:5",
	  "tcp 6 [::1]:80 >[2001:db8::1]:5", U },
	{ "of any address in two families", "tcp 6 *:80 >[2001:db8::1]:5",
	  "tcp 4 *:80 >1.1.1.1:5", 0 },
	{ "one, on two devices", "tcp 4 8.8.8.8:80 >1.1.1.1:5 %1",
	  "tcp 4 8.8.8.8:80 >1.1.1.1:5 %2", 0 },
	{ "one, on a device and on every", "tcp 4 8.8.8.8:80 >1.1.1.1:5 %1",
	  "tcp 4 8.8.8.8:80 >1.1.1.1:5", U },
	{ "a remote on every device, a device for every remote",
	  "tcp 4 8.8.8.8:80 >1.1.1.1:5", "tcp 4 8.8.8.8:80 %1", U },
	{ "UDP, two full remotes", "udp 4 8.8.8.8:80 >1.1.1.1:5",
	  "udp 4 8.8.8.8:80 >1.1.1.2:5", 0 },
)

PAIRS(flags,
	{ "LB twice", "tcp 4 *:80 LB", "tcp 4 *:80 LB", 0 },
	{ "MR twice", "udp 4 *:80 MR", "udp 4 *:80 MR", 0 },
	{ "TO twice", "tcp 4 *:80 TO", "tcp 4 *:80 TO", 0 },
	{ "all and all", "tcp 4 *:80 LB|MR|TO", "tcp 4 *:80 LB|MR|TO", 0 },
	{ "LB and none", "tcp 4 *:80 LB", "tcp 4 *:80", U },
	{ "MR and none", "udp 4 *:80 MR", "udp 4 *:80", U },
	{ "TO and none", "tcp 4 *:80 TO", "tcp 4 *:80", U },
	{ "all and none", "tcp 4 *:80 LB|MR|TO", "tcp 4 *:80", U },
	{ "LB and MR", "udp 4 *:80 LB", "udp 4 *:80 MR", U },
	{ "LB and TO", "tcp 4 *:80 LB", "tcp 4 *:80 TO", U },
	{ "MR and TO", "udp 4 *:80 MR", "udp 4 *:80 TO", U },
	{ "LB|MR and MR", "udp 4 *:80 LB|MR", "udp 4 *:80 MR", 0 },
	{ "LB|MR and MR|TO", "udp 4 *:80 LB|MR", "udp 4 *:80 MR|TO", 0 },
	{ "LB|MR and TO", "udp 4 *:80 LB|MR", "udp 4 *:80 TO", U },
	{ "LB of any and of an address", "tcp 4 *:80 LB", "tcp 4 8.8.8.8:80 LB", 0 },
	{ "LB of any, none of an address", "tcp 4 *:80 LB", "tcp 4 8.8.8.8:80", U },
	{ "none of any, LB of an address", "tcp 4 *:80", "tcp 4 8.8.8.8:80 LB", U },
	{ "LB of any, MR of an address", "udp 4 *:80 LB", "udp 4 8.8.8.8:80 MR", U },
	{ "LB of both families and of one", "tcp 46 *:80 LB", "tcp 4 *:80 LB", 0 },
	{ "LB of both families, none of one", "tcp 46 *:80 LB", "tcp 4 *:80", U },
	{ "LB on every device and on one", "tcp 4 *:80 LB", "tcp 4 *:80 %1 LB", 0 },
	{ "LB on every device, none on one", "tcp 4 *:80 LB", "tcp 4 *:80 %1", U },
	{ "MR of an address and mapped", "udp 4 8.8.8.8:80 MR",
	  "udp 6 [::ffff:8.8.8.8]:80 MR", 0 },
	{ "no matter if nothing overlaps", "tcp 4 8.8.8.8:80 LB", "tcp 4 8.8.8.9:80 MR", 0 },
	/* Upstream lets these two through. */
	{ "none for every remote, LB for one", "tcp 4 8.8.8.8:80",
	  "tcp 4 8.8.8.8:80 >1.1.1.1:5 LB", U },
	{ "none of any for every remote, LB for one", "tcp 4 *:80",
	  "tcp 4 8.8.8.8:80 >1.1.1.1:5 LB", U },
	{ "LB for every remote and for one", "tcp 4 8.8.8.8:80 LB",
	  "tcp 4 8.8.8.8:80 >1.1.1.1:5 LB", 0 },
	{ "LB for every remote, none for one", "tcp 4 8.8.8.8:80 LB",
	  "tcp 4 8.8.8.8:80 >1.1.1.1:5", U },
	{ "LB for one remote twice", "tcp 4 8.8.8.8:80 >1.1.1.1:5 LB",
	  "tcp 4 8.8.8.8:80 >1.1.1.1:5 LB", 0 },
)

SEQUENCES(worked_cases,
	{ "two addresses, then any", {
		{ "A tcp 4 8.8.8.8:80", 0 },
		{ "B tcp 4 8.8.8.9:80", 0 },
		{ "B tcp 4 *:80", U } } },
	{ "two devices, then every", {
		{ "A tcp 4 *:24 %1", 0 },
		{ "B tcp 4 *:24 %2", 0 },
		{ "B tcp 4 *:24", U } } },
	{ "LB, LB, then none", {
		{ "A tcp 4 *:80 LB", 0 },
		{ "B tcp 4 *:80 LB", 0 },
		{ "B tcp 4 *:80", U } } },
	{ "MR|LB, MR, then LB", {
		{ "A udp 4 *:80 LB|MR", 0 },
		{ "B udp 4 *:80 MR", 0 },
		{ "B udp 4 *:80 LB", U },
		{ "A udp 4 *:80 MR", 0 } } },
	{ "dev1 LB and dev2, then every LB", {
		{ "A tcp 4 *:80 %1 LB", 0 },
		{ "B tcp 4 *:80 %2", 0 },
		{ "B tcp 4 *:80 LB", U },
		{ "B tcp 4 *:80 %1 LB", 0 } } },
	{ "tuple TO, wildcard TO, then plain wildcard", {
		{ "A tcp 4 8.8.8.8:80 >1.1.1.1:5 TO tuple", 0 },
		{ "A tcp 4 *:80 TO", 0 },
		{ "A tcp 4 *:80", U },
		{ "B tcp 4 *:80", U } } },
	{ "the same, with a full remote that isn't a tuple", {
		{ "A tcp 4 8.8.8.8:80 >1.1.1.1:5 TO", 0 },
		{ "A tcp 4 8.8.8.8:80 TO", 0 },
		{ "A tcp 4 *:80", U } } },
	{ "two full remotes, then every one", {
		{ "A tcp 4 8.8.8.8:80 >1.1.1.1:5", 0 },
		{ "B tcp 4 8.8.8.8:80 >1.1.1.2:5", 0 },
		{ "B tcp 4 8.8.8.8:80", U } } },
	{ "TO, TO|LB, then LB: Linux, pair by pair, lets it through", {
		{ "A tcp 4 *:80 TO", 0 },
		{ "A tcp 4 *:80 TO|LB", 0 },
		{ "A tcp 4 *:80 LB", U } } },
	{ "dev1 MR and dev2 LB, then every MR|LB", {
		{ "A udp 4 *:80 %1 MR", 0 },
		{ "A udp 4 *:80 %2 LB", 0 },
		{ "A udp 4 *:80 MR|LB", U } } },
	{ "eleven IPv6 addresses, then ::", {
		{ "A tcp 6 [2001:db8::1]:80", 0 },
		{ "A tcp 6 [2001:db8::2]:80", 0 },
		{ "A tcp 6 [2001:db8::3]:80", 0 },
		{ "A tcp 6 [2001:db8::4]:80", 0 },
		{ "A tcp 6 [2001:db8::5]:80", 0 },
		{ "A tcp 6 [2001:db8::6]:80", 0 },
		{ "A tcp 6 [2001:db8::7]:80", 0 },
		{ "A tcp 6 [2001:db8::8]:80", 0 },
		{ "A tcp 6 [2001:db8::9]:80", 0 },
		{ "A tcp 6 [2001:db8::a]:80", 0 },
		{ "A tcp 6 [2001:db8::b]:80", 0 },
		{ "B tcp 6 *:80", U },
		{ "B tcp 46 *:80", U },
		{ "B tcp 6 [2001:db8::b]:80", U },
		{ "B tcp 6 [2001:db8::c]:80", 0 },
		{ "B tcp 4 *:80", 0 } } },
)

/* Where it differs from upstream on purpose. */
SEQUENCES(deliberate_differences,
	{ "a plain wildcard is in the way of LB with a remote", {
		{ "A tcp 4 *:80", 0 },
		{ "A tcp 4 8.8.8.8:80 >1.1.1.1:5 LB", U } } },
	{ "LB with a remote is in the way of a plain wildcard", {
		{ "A tcp 4 8.8.8.8:80 >1.1.1.1:5 LB", 0 },
		{ "A tcp 4 *:80", U } } },
	{ "a release with the wrong flags is an error and changes nothing", {
		{ "A tcp 4 *:80 LB", 0 },
		{ "A tcp 4 *:80 LB", 0 },
		{ "A - tcp 4 *:80", ENOENT },
		{ "A - tcp 4 *:80 MR", ENOENT },
		{ "A - tcp 4 *:80 LB|MR", ENOENT },
		{ "B tcp 4 *:80 MR", U },
		{ "B tcp 4 *:80 LB", 0 } } },
)

SEQUENCES(each_address_separately,
	{ "LB and MR of two addresses, then any", {
		{ "A udp 4 8.8.8.8:80 LB", 0 },
		{ "A udp 4 8.8.8.9:80 MR", 0 },
		{ "A udp 4 *:80 LB", U },
		{ "A udp 4 *:80 MR", U },
		{ "A udp 4 *:80 LB|MR", 0 },
		{ "A udp 4 *:80 LB|MR", 0 },
		{ "A udp 4 *:80 LB", U } } },
	{ "any, then addresses", {
		{ "A udp 4 *:80 LB|MR", 0 },
		{ "A udp 4 8.8.8.8:80 LB", 0 },
		{ "A udp 4 8.8.8.8:80 MR", U },
		{ "A udp 4 8.8.8.8:80 LB|MR", 0 },
		{ "A udp 4 8.8.8.9:80 MR", 0 },
		{ "A udp 4 8.8.8.9:80 LB", U },
		{ "A udp 4 8.8.8.9:80 TO", U },
		{ "A udp 4 *:80 LB", U } } },
	{ "what one address has in common, any has to have with it", {
		{ "A udp 4 8.8.8.8:80 LB|MR", 0 },
		{ "A udp 4 8.8.8.8:80 MR|TO", 0 },
		{ "A udp 4 *:80 LB", U },
		{ "A udp 4 *:80 TO", U },
		{ "A udp 4 *:80 LB|TO", U },
		{ "A udp 4 *:80 MR", 0 } } },
	{ "IPv6 likewise", {
		{ "A udp 6 [2001:db8::1]:80 LB", 0 },
		{ "A udp 6 [2001:db8::2]:80 MR", 0 },
		{ "A udp 6 *:80 MR", U },
		{ "A udp 6 *:80 LB|MR", 0 } } },
	{ "both families likewise", {
		{ "A udp 4 8.8.8.8:80 LB", 0 },
		{ "A udp 6 [2001:db8::2]:80 MR", 0 },
		{ "A udp 46 *:80 MR", U },
		{ "A udp 46 *:80 LB|MR", 0 } } },
	{ "0.0.0.0 and :: are two addresses to both families", {
		{ "A udp 4 *:80 LB", 0 },
		{ "A udp 6 *:80 MR", 0 },
		{ "A udp 46 *:80 LB", U },
		{ "A udp 46 *:80 MR", U },
		{ "A udp 46 *:80 LB|MR", 0 } } },
)

SEQUENCES(flags_of_many,
	{ "what all have in common shrinks", {
		{ "A udp 4 *:80 LB|MR|TO", 0 },
		{ "A udp 4 *:80 LB|MR", 0 },
		{ "A udp 4 *:80 TO", U },
		{ "A udp 4 *:80 MR|TO", 0 },
		{ "A udp 4 *:80 LB|TO", U },
		{ "A udp 4 *:80 LB", U },
		{ "A udp 4 *:80 MR", 0 } } },
	{ "and grows again with a release", {
		{ "A udp 4 *:80 LB|MR", 0 },
		{ "A udp 4 *:80 MR", 0 },
		{ "B udp 4 *:80 LB", U },
		{ "A - udp 4 *:80 MR", 0 },
		{ "B udp 4 *:80 LB", 0 },
		{ "B udp 4 *:80 MR", U },
		{ "B - udp 4 *:80 LB", 0 },
		{ "B udp 4 *:80 MR", 0 } } },
	{ "flags are counted, not just noted", {
		{ "A udp 4 *:80 LB", 0 },
		{ "A udp 4 *:80 LB|MR", 0 },
		{ "A udp 4 *:80 LB", 0 },
		{ "A - udp 4 *:80 LB", 0 },
		{ "B udp 4 *:80 MR", U },
		{ "A - udp 4 *:80 LB", 0 },
		{ "B udp 4 *:80 MR", 0 } } },
	{ "devices of other flags matter only to who overlaps them", {
		{ "A udp 4 *:80 %1 LB", 0 },
		{ "A udp 4 *:80 %2 MR", 0 },
		{ "A udp 4 *:80 %1 LB", 0 },
		{ "A udp 4 *:80 %2 MR", 0 },
		{ "A udp 4 *:80 %1 MR", U },
		{ "A udp 4 *:80 %2 LB", U },
		{ "A udp 4 *:80 %3", 0 },
		{ "A udp 4 *:80 LB", U } } },
	{ "remotes likewise", {
		{ "A tcp 4 8.8.8.8:80 >1.1.1.1:5 LB", 0 },
		{ "A tcp 4 8.8.8.8:80 >1.1.1.2:5", 0 },
		{ "A tcp 4 8.8.8.8:80 >1.1.1.1:5 LB", 0 },
		{ "A tcp 4 8.8.8.8:80 >1.1.1.1:0 LB", 0 },
		{ "A tcp 4 8.8.8.8:80 >1.1.1.2:0 LB", U },
		{ "A tcp 4 8.8.8.8:80 LB", U },
		{ "A tcp 4 8.8.8.8:80 >1.1.1.3:0", 0 } } },
	{ "an address, and any with a device", {
		{ "A udp 4 *:80 %1 LB", 0 },
		{ "A udp 4 8.8.8.8:80 %2", 0 },
		{ "A udp 4 8.8.8.8:80 %1 LB", 0 },
		{ "A udp 4 8.8.8.8:80 %1 MR", U },
		{ "A udp 4 8.8.8.8:80 LB", U },
		{ "A udp 4 *:80 %2 LB", U },
		{ "A udp 4 *:80 %3", 0 } } },
	{ "families", {
		{ "A tcp 46 *:80 LB", 0 },
		{ "B tcp 4 *:80 LB", 0 },
		{ "B tcp 6 *:80 LB", 0 },
		{ "B tcp 4 8.8.8.8:80", U },
		{ "B tcp 6 [::1]:80", U },
		{ "B tcp 6 [::1]:80 LB", 0 },
		{ "A tcp 46 *:80 LB", 0 },
		{ "A tcp 46 *:80", U } } },
)

SEQUENCES(both_families_or_neither,
	{ "IPv6 is in the way", {
		{ "A tcp 6 [2001:db8::1]:80", 0 },
		{ "B tcp 46 *:80", U },
		{ "B tcp 4 *:80", 0 },
		{ "B tcp 6 *:80", U } } },
	{ "IPv4 is in the way", {
		{ "A tcp 4 8.8.8.8:80", 0 },
		{ "B tcp 46 *:80", U },
		{ "B tcp 6 *:80", 0 },
		{ "B tcp 4 *:80", U } } },
	{ "releasing takes both away", {
		{ "A tcp 46 *:80", 0 },
		{ "A - tcp 4 *:80", ENOENT },
		{ "A - tcp 6 *:80", ENOENT },
		{ "B tcp 4 *:80", U },
		{ "A - tcp 46 *:80", 0 },
		{ "B tcp 4 *:80", 0 },
		{ "B tcp 6 *:80", 0 },
		{ "B - tcp 46 *:80", ENOENT } } },
)

SEQUENCES(owners_and_uids,
	{ "an owner's own are in its way", {
		{ "A tcp 4 8.8.8.8:80", 0 },
		{ "A tcp 4 8.8.8.8:80", U },
		{ "A tcp 4 *:80", U } } },
	{ "LB among one uid", {
		{ "X tcp 4 *:80 LB", 0 },
		{ "Y tcp 4 *:80 LB", 0 },
		{ "X tcp 4 *:80 LB", 0 },
		{ "Z tcp 4 *:80 LB", U },
		{ "A tcp 4 *:80 LB", U },
		{ "X tcp 4 *:80 LB", 0 } } },
	{ "root is no exception", {
		{ "A tcp 4 *:80 LB", 0 },
		{ "B tcp 4 *:80 LB", 0 },
		{ "X tcp 4 *:80 LB", U } } },
	{ "MR and TO know no uid", {
		{ "X udp 4 *:80 MR", 0 },
		{ "Z udp 4 *:80 MR", 0 },
		{ "A udp 4 *:80 MR", 0 },
		{ "X tcp 4 *:80 TO", 0 },
		{ "Z tcp 4 *:80 TO", 0 } } },
	{ "with another uid's LB only the rest counts", {
		{ "X udp 4 *:80 LB|MR", 0 },
		{ "Z udp 4 *:80 LB|MR", 0 },
		{ "X udp 4 *:80 LB", U },
		{ "Z udp 4 *:80 LB", U },
		{ "X udp 4 *:80 LB|TO", U },
		{ "X udp 4 *:80 LB|MR", 0 },
		{ "Z udp 4 *:80 MR", 0 } } },
	{ "only those that overlap", {
		{ "X tcp 4 *:80 %1 LB", 0 },
		{ "Z tcp 4 *:80 %2 LB", 0 },
		{ "Y tcp 4 *:80 %1 LB", 0 },
		{ "Y tcp 4 *:80 %2 LB", U },
		{ "Y tcp 4 *:80 LB", U } } },
	{ "of any with each address", {
		{ "X tcp 4 8.8.8.8:80 LB", 0 },
		{ "Z tcp 4 8.8.8.9:80 LB", 0 },
		{ "Y tcp 4 8.8.8.8:80 LB", 0 },
		{ "Y tcp 4 *:80 LB", U },
		{ "Z tcp 4 *:80 LB", U },
		{ "Z - tcp 4 8.8.8.9:80 LB", 0 },
		{ "Z tcp 4 *:80 LB", U },
		{ "Y tcp 4 *:80 LB", 0 } } },
	{ "the other uid's turn once it is free", {
		{ "X tcp 4 *:80 LB", 0 },
		{ "Y tcp 4 *:80 LB", 0 },
		{ "X - tcp 4 *:80 LB", 0 },
		{ "Z tcp 4 *:80 LB", U },
		{ "Y - tcp 4 *:80 LB", 0 },
		{ "Z tcp 4 *:80 LB", 0 },
		{ "X tcp 4 *:80 LB", U } } },
	{ "with remotes", {
		{ "X tcp 4 8.8.8.8:80 LB", 0 },
		{ "Z tcp 4 8.8.8.8:80 >1.1.1.1:5 LB", U },
		{ "Y tcp 4 8.8.8.8:80 >1.1.1.1:5 LB", 0 } } },
)

SEQUENCES(tuples,
	{ "below the caller's own listener, and another's", {
		{ "A tcp 4 *:80", 0 },
		{ "A tcp 4 8.8.8.8:80 >1.1.1.1:5", U },
		{ "A tcp 4 8.8.8.8:80 >1.1.1.1:5 tuple", 0 },
		{ "B tcp 4 8.8.8.8:80 >1.1.1.1:6 tuple", 0 },
		{ "A tcp 4 8.8.8.8:80 >1.1.1.2:5 tuple", 0 },
		{ "A tcp 4 8.8.8.9:80 >1.1.1.1:5 tuple", 0 } } },
	{ "below a listener of both families", {
		{ "A tcp 46 *:80", 0 },
		{ "A tcp 4 8.8.8.8:80 >1.1.1.1:5 tuple", 0 },
		{ "A tcp 6 [2001:db8::1]:80 >[2001:db8::2]:5 tuple", 0 },
		{ "A tcp 6 [2001:db8::1]:80 >[2001:db8::2]:5 tuple", U } } },
	{ "below one for every port of the remote", {
		{ "A tcp 4 8.8.8.8:80 >1.1.1.1:0", 0 },
		{ "A tcp 4 8.8.8.8:80 >1.1.1.2:0", 0 },
		{ "A tcp 4 8.8.8.8:80 >1.1.1.1:5 tuple", 0 },
		{ "A tcp 4 8.8.8.8:80 >1.1.1.1:6 %1 tuple", 0 } } },
	{ "an equal one is in the way", {
		{ "A tcp 4 8.8.8.8:80 >1.1.1.1:5 tuple", 0 },
		{ "A tcp 4 8.8.8.8:80 >1.1.1.1:5 tuple", U },
		{ "B tcp 4 8.8.8.8:80 >1.1.1.1:5 tuple", U },
		{ "B tcp 6 [::ffff:8.8.8.8]:80 >[::ffff:1.1.1.1]:5 tuple", U } } },
	{ "an equal one that was reserved without the option too", {
		{ "A tcp 4 8.8.8.8:80 >1.1.1.1:5", 0 },
		{ "A tcp 4 8.8.8.8:80 >1.1.1.1:5 tuple", U } } },
	{ "an equal one with a flag in common is shared", {
		{ "A tcp 4 8.8.8.8:80 >1.1.1.1:5 LB tuple", 0 },
		{ "B tcp 4 8.8.8.8:80 >1.1.1.1:5 LB tuple", 0 },
		{ "X tcp 4 8.8.8.8:80 >1.1.1.1:5 LB tuple", U },
		{ "B tcp 4 8.8.8.8:80 >1.1.1.1:5 MR tuple", U },
		{ "B tcp 4 8.8.8.8:80 >1.1.1.1:5 tuple", U } } },
	{ "on two devices, but not on one and on every", {
		{ "A tcp 4 8.8.8.8:80 >1.1.1.1:5 %1 tuple", 0 },
		{ "A tcp 4 8.8.8.8:80 >1.1.1.1:5 %2 tuple", 0 },
		{ "A tcp 4 8.8.8.8:80 >1.1.1.1:5 %1 tuple", U },
		{ "A tcp 4 8.8.8.8:80 >1.1.1.1:5 tuple", U },
		{ "A tcp 4 8.8.8.8:81 >1.1.1.1:5 tuple", 0 },
		{ "A tcp 4 8.8.8.8:81 >1.1.1.1:5 %1 tuple", U } } },
	{ "only the same remote's same port, on the same address", {
		{ "A tcp 4 8.8.8.8:80 >1.1.1.1:0", 0 },
		{ "A tcp 4 8.8.8.8:80 %1", U },
		{ "A tcp 4 *:80 >1.1.1.1:5", U },
		{ "B tcp 4 8.8.8.8:80 >1.1.1.1:5 tuple", 0 },
		{ "A tcp 4 *:81 >1.1.1.1:5", 0 },
		{ "B tcp 4 8.8.8.8:81 >1.1.1.1:5 tuple", 0 },
		{ "A tcp 4 8.8.8.8:82 %1", 0 },
		{ "B tcp 4 8.8.8.8:82 >1.1.1.1:5 %1 tuple", 0 } } },
	{ "once made, it counts like any other", {
		{ "A tcp 4 *:80 TO", 0 },
		{ "A tcp 4 8.8.8.8:80 >1.1.1.1:5 tuple", 0 },
		{ "B tcp 4 8.8.8.8:80 TO", U },
		{ "B tcp 4 8.8.8.9:80 TO", 0 },
		{ "B tcp 4 8.8.8.8:80 >1.1.1.1:0 TO", U },
		{ "B tcp 4 8.8.8.8:80 >1.1.1.1:6 TO", 0 },
		{ "B tcp 4 8.8.8.8:80 >1.1.1.1:5 %1 TO", U },
		{ "B tcp 4 *:80 TO", U } } },
	{ "it keeps the port when the listener goes", {
		{ "A tcp 4 *:80", 0 },
		{ "A tcp 4 8.8.8.8:80 >1.1.1.1:5 tuple", 0 },
		{ "A - tcp 4 *:80", 0 },
		{ "B tcp 4 *:80", U },
		{ "B tcp 4 8.8.8.8:80", U },
		{ "B tcp 4 8.8.8.9:80", 0 },
		{ "A - tcp 4 8.8.8.8:80 >1.1.1.1:5 tuple", 0 },
		{ "B tcp 4 8.8.8.8:80", 0 } } },
	{ "the option is part of the key", {
		{ "A tcp 4 8.8.8.8:80 >1.1.1.1:5 tuple", 0 },
		{ "A - tcp 4 8.8.8.8:80 >1.1.1.1:5", ENOENT },
		{ "A tcp 4 8.8.8.8:81 >1.1.1.1:5", 0 },
		{ "A - tcp 4 8.8.8.8:81 >1.1.1.1:5 tuple", ENOENT } } },
	{ "and tells two apart that are equal otherwise", {
		{ "A tcp 4 8.8.8.8:80 >1.1.1.1:5 LB", 0 },
		{ "A tcp 4 8.8.8.8:80 >1.1.1.1:5 LB tuple", 0 },
		{ "A - tcp 4 8.8.8.8:80 >1.1.1.1:5 LB", 0 },
		{ "A - tcp 4 8.8.8.8:80 >1.1.1.1:5 LB", ENOENT },
		{ "A - tcp 4 8.8.8.8:80 >1.1.1.1:5 LB tuple", 0 } } },
	{ "of any protocol", {
		{ "A udp 4 *:80", 0 },
		{ "A 262 4 *:80", 0 },
		{ "A udp 4 8.8.8.8:80 >1.1.1.1:5 tuple", 0 },
		{ "A 262 4 8.8.8.8:80 >1.1.1.1:5 tuple", 0 } } },
	{ "link-local", {
		{ "A tcp 6 *:80", 0 },
		{ "A tcp 6 [fe80::1]:80 >[fe80::2]:5 %1 tuple", 0 },
		{ "A tcp 6 [fe80::1]:80 >[fe80::2]:5 %2 tuple", 0 },
		{ "A tcp 6 [fe80::1]:80 >[fe80::2]:5 %2 tuple", U } } },
)

/* A reservation has one name and one key: nothing that differs in one field is it. */
SEQUENCES(keys,
	{ "every field counts", {
		{ "A tcp 4 8.8.8.8:80 >1.1.1.1:5 %1 LB", 0 },
		{ "B - tcp 4 8.8.8.8:80 >1.1.1.1:5 %1 LB", ENOENT },
		{ "A - udp 4 8.8.8.8:80 >1.1.1.1:5 %1 LB", ENOENT },
		{ "A - tcp 4 8.8.8.8:81 >1.1.1.1:5 %1 LB", ENOENT },
		{ "A - tcp 4 8.8.8.9:80 >1.1.1.1:5 %1 LB", ENOENT },
		{ "A - tcp 4 *:80 >1.1.1.1:5 %1 LB", ENOENT },
		{ "A - tcp 4 8.8.8.8:80 >1.1.1.2:5 %1 LB", ENOENT },
		{ "A - tcp 4 8.8.8.8:80 >1.1.1.1:6 %1 LB", ENOENT },
		{ "A - tcp 4 8.8.8.8:80 >1.1.1.1:0 %1 LB", ENOENT },
		{ "A - tcp 4 8.8.8.8:80 %1 LB", ENOENT },
		{ "A - tcp 4 8.8.8.8:80 >1.1.1.1:5 %2 LB", ENOENT },
		{ "A - tcp 4 8.8.8.8:80 >1.1.1.1:5 LB", ENOENT },
		{ "A - tcp 4 8.8.8.8:80 >1.1.1.1:5 %1", ENOENT },
		{ "A - tcp 4 8.8.8.8:80 >1.1.1.1:5 %1 LB|MR", ENOENT },
		{ "A - tcp 4 8.8.8.8:80 >1.1.1.1:5 %1 LB tuple", ENOENT },
		{ "A - tcp 4 8.8.8.8:80 >1.1.1.1:5 %1 LB", 0 } } },
	{ "one of many on a port", {
		{ "A udp 4 8.8.8.8:80 LB|MR", 0 },
		{ "A udp 4 8.8.8.8:80 %1 LB|MR", 0 },
		{ "A udp 4 *:80 LB|MR", 0 },
		{ "A udp 46 *:80 LB|MR", 0 },
		{ "A udp 4 8.8.8.8:80 LB", 0 },
		{ "A - udp 4 *:80 LB", ENOENT },
		{ "A - udp 4 8.8.8.8:80 %2 LB|MR", ENOENT },
		{ "A - udp 6 *:80 LB|MR", ENOENT },
		{ "A - udp 4 8.8.8.9:80 LB|MR", ENOENT },
		{ "A - udp 4 8.8.8.8:80 %1 LB|MR", 0 },
		{ "A - udp 4 8.8.8.8:80 %1 LB|MR", ENOENT },
		{ "A - udp 4 *:80 LB|MR", 0 },
		{ "A - udp 4 *:80 LB|MR", ENOENT } } },
)

TEST(mapped_key)
{
	int fd = owner();

	/* An IPv4-mapped binding and the IPv4 one are the same key, either way. */
	ASSERT_EQ(0, reserve(fd, "tcp 6 [::ffff:8.8.8.8]:80 >[::ffff:1.1.1.1]:5"));
	EXPECT_EQ(0, release_key(fd, "tcp 4 8.8.8.8:80 >1.1.1.1:5"));
	ASSERT_EQ(0, reserve(fd, "tcp 4 8.8.8.8:80"));
	EXPECT_EQ(0, release_key(fd, "tcp 6 [::ffff:8.8.8.8]:80"));
	EXPECT_TRUE(all_free(IPPROTO_TCP, 80));
	close(fd);
}

/* Other rules than those above must hold for as many as these. */
TEST(many_addresses_of_one_port)
{
	int fd = owner(), other = owner();
	char text[64];
	int i;

	for (i = 0; i < 500; i++) {
		snprintf(text, sizeof(text), "tcp 4 10.0.%d.%d:80", i / 250, i % 250 + 1);
		ASSERT_EQ(0, reserve(fd, text)) TH_LOG("%s", text);
	}
	EXPECT_EQ(EADDRINUSE, reserve(other, "tcp 4 *:80"));
	EXPECT_EQ(EADDRINUSE, reserve(other, "tcp 46 *:80"));
	EXPECT_EQ(EADDRINUSE, reserve(other, "tcp 4 10.0.1.250:80"));
	EXPECT_EQ(0, reserve(other, "tcp 4 10.0.1.251:80"));
	EXPECT_EQ(0, reserve(other, "tcp 6 *:80"));
	close(other);
	for (i = 0; i < 499; i++) {
		snprintf(text, sizeof(text), "tcp 4 10.0.%d.%d:80", i / 250, i % 250 + 1);
		ASSERT_EQ(0, release_key(fd, text)) TH_LOG("%s", text);
	}
	EXPECT_FALSE(all_free(IPPROTO_TCP, 80));
	EXPECT_EQ(0, release_key(fd, "tcp 4 10.0.1.250:80"));
	EXPECT_TRUE(all_free(IPPROTO_TCP, 80));
	close(fd);
}

TEST(many_that_share_a_port)
{
	__u64 token[300];
	int fd = owner(), other = owner();
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(token); i++)
		ASSERT_EQ(0, reserve_token(fd, i % 2 ? "udp 4 *:80 LB|MR" :
					   "udp 4 8.8.8.8:80 LB|MR", &token[i]));
	EXPECT_EQ(EADDRINUSE, reserve(other, "udp 4 8.8.8.8:80"));
	EXPECT_EQ(EADDRINUSE, reserve(other, "udp 4 8.8.8.9:80 TO"));
	EXPECT_EQ(0, reserve(other, "udp 4 8.8.8.9:80 MR"));
	/* Now all of any, and 8.8.8.9, have but MR in common. */
	EXPECT_EQ(EADDRINUSE, reserve(other, "udp 4 *:80 LB"));
	close(other);
	for (i = 0; i < ARRAY_SIZE(token); i++) {
		ASSERT_EQ(EADDRINUSE, free_for_others("udp 46 *:80"));
		ASSERT_EQ(0, release(fd, token[i]));
	}
	EXPECT_TRUE(all_free(IPPROTO_UDP, 80));
	close(fd);
}

SELFTEST_MAIN
