// SPDX-License-Identifier: GPL-2.0
/*
 * want.c: each rule about the form of a binding, and the form it is brought into.
 */
#include "kit.h"

#define WANT_V4		NETPORT_FAMILY_IPV4
#define WANT_V6		NETPORT_FAMILY_IPV6
#define WANT_BOTH	(WANT_V4 | WANT_V6)

#define WANT_A4		{ 10, 0, 0, 1 }
#define WANT_R4		{ 192, 0, 2, 1 }
#define WANT_A6		{ 0x20, 1, 0xd, 0xb8, [15] = 1 }
#define WANT_LINK6	{ 0xfe, 0x80, [15] = 1 }
#define WANT_MAPPED	{ [10] = 0xff, 0xff, 10, 0, 0, 1 }
#define WANT_MAPPED_R	{ [10] = 0xff, 0xff, 192, 0, 2, 1 }
#define WANT_MAPPED_ANY	{ [10] = 0xff, 0xff }

/* Well-formed but for one thing. */
static const struct want_refusal {
	const char		*desc;
	struct netport_binding	b;
	u32			options;
} want_refusals[] = {
	{ "no family", { .port = 80 } },
	{ "an unknown family", { .families = 4, .port = 80 } },
	{ "an unknown family with known ones", { .families = WANT_BOTH | 0x8000, .port = 80 } },
	{ "an unknown share flag", { .families = WANT_V4, .port = 80, .share = 8 } },
	{ "the highest share flag", { .families = WANT_V4, .port = 80, .share = 1U << 31 } },
	{ "a device beyond any", { .families = WANT_V4, .port = 80, .ifindex = 0x80000000 } },
	{ "an unknown option", { .families = WANT_V4, .port = 80 }, .options = 1U << 4 },
	{ "the highest option", { .families = WANT_V4, .port = 80 }, .options = 1U << 31 },
	{ "an IPv4 address of five bytes",
	  { .families = WANT_V4, .port = 80, .addr = { 10, 0, 0, 1, 1 } } },
	{ "an IPv4 address with a last byte",
	  { .families = WANT_V4, .port = 80, .addr = { 10, 0, 0, 1, [15] = 1 } } },
	{ "IPv4's any with a last byte",
	  { .families = WANT_V4, .port = 80, .addr = { [15] = 1 } } },
	{ "an IPv4 remote of five bytes",
	  { .families = WANT_V4, .port = 80, .remote = { 10, 0, 0, 1, 1 } } },
	{ "both families and an address", { .families = WANT_BOTH, .port = 80, .addr = WANT_A6 } },
	{ "both families and an IPv4 address",
	  { .families = WANT_BOTH, .port = 80, .addr = WANT_A4 } },
	{ "both families and an IPv4-mapped address",
	  { .families = WANT_BOTH, .port = 80, .addr = WANT_MAPPED } },
	{ "both families and a remote",
	  { .families = WANT_BOTH, .port = 80, .remote = WANT_A6, .remote_port = 9 } },
	{ "a remote port without a remote",
	  { .families = WANT_V4, .port = 80, .remote_port = 9 } },
	{ "a remote port without a remote, IPv6",
	  { .families = WANT_V6, .port = 80, .addr = WANT_A6, .remote_port = 9 } },
	{ "a remote port without a remote, both families",
	  { .families = WANT_BOTH, .port = 80, .remote_port = 9 } },
	{ "a remote port of an IPv4-mapped any",
	  { .families = WANT_V6, .port = 80, .addr = WANT_MAPPED, .remote = WANT_MAPPED_ANY,
	    .remote_port = 9 } },
	{ "an IPv4-mapped remote of an IPv6 address",
	  { .families = WANT_V6, .port = 80, .addr = WANT_A6, .remote = WANT_MAPPED_R,
	    .remote_port = 9 } },
	{ "an IPv4-mapped remote of IPv6's any",
	  { .families = WANT_V6, .port = 80, .remote = WANT_MAPPED_R, .remote_port = 9 } },
	{ "an IPv6 remote of an IPv4-mapped address",
	  { .families = WANT_V6, .port = 80, .addr = WANT_MAPPED, .remote = WANT_A6,
	    .remote_port = 9 } },
	{ "a link-local address without a device",
	  { .families = WANT_V6, .port = 80, .addr = WANT_LINK6 } },
	{ "the last link-local address without a device",
	  { .families = WANT_V6, .port = 80, .addr = { 0xfe, 0xbf, [15] = 1 } } },
	{ "a link-local remote without a device",
	  { .families = WANT_V6, .port = 80, .addr = WANT_A6, .remote = WANT_LINK6 } },
	{ "a tuple without a port",
	  { .families = WANT_V4, .addr = WANT_A4, .remote = WANT_R4, .remote_port = 9 },
	  .options = NETPORT_OPT_TUPLE },
	{ "a tuple of any",
	  { .families = WANT_V4, .port = 80, .remote = WANT_R4, .remote_port = 9 },
	  .options = NETPORT_OPT_TUPLE },
	{ "a tuple of an IPv4-mapped any",
	  { .families = WANT_V6, .port = 80, .addr = WANT_MAPPED_ANY, .remote = WANT_MAPPED_R,
	    .remote_port = 9 }, .options = NETPORT_OPT_TUPLE },
	{ "a tuple without a remote",
	  { .families = WANT_V4, .port = 80, .addr = WANT_A4 }, .options = NETPORT_OPT_TUPLE },
	{ "a tuple without a remote port",
	  { .families = WANT_V4, .port = 80, .addr = WANT_A4, .remote = WANT_R4 },
	  .options = NETPORT_OPT_TUPLE },
};

KUNIT_ARRAY_PARAM_DESC(want_refusal, want_refusals, desc);

static void want_init__refuses(struct kunit *test)
{
	const struct want_refusal *r = test->param_value;
	struct np_want w;

	KUNIT_EXPECT_EQ(test, np_want_init(&w, NULL, &r->b, r->options), -EINVAL);
}

/* The kernel API says the same, and takes nothing. */
static void want_init__refused_by_all(struct kunit *test)
{
	const struct want_refusal *r = test->param_value;
	struct netport_candidate cand = {};
	struct kit_req req = {
		.req.binding = r->b, .req.options = r->options, .req.token = KIT_POISON64,
	};

	KUNIT_EXPECT_EQ(test, kit_available(test, &req), -EINVAL);
	KUNIT_EXPECT_EQ(test, kit_reserve(test, &req, GFP_KERNEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, netport_release_binding(kit_owner(test, KIT_ALICE), &r->b,
						      r->options), -EINVAL);
	cand.reserve = req.req;
	cand.reserve.token = 0;
	KUNIT_EXPECT_EQ(test, netport_candidate(kit_owner(test, KIT_ALICE), &cand, GFP_KERNEL),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, kit_held(test), 0);
}

/**
 * struct want_form - a binding, and what becomes of it
 * @desc: what it shows
 * @b: the binding
 * @options: with it
 * @local: the result's local address
 * @remote: its remote address
 * @any: its number of the any-address, or -1
 * @families: its families
 * @flags: its flags
 */
struct want_form {
	const char		*desc;
	struct netport_binding	b;
	u32			options;
	const char		*local;
	const char		*remote;
	s8			any;
	u8			families;
	u16			flags;
};

static const struct want_form want_forms[] = {
	{ "an IPv4 address", { .families = WANT_V4, .port = 80, .addr = WANT_A4 },
	  0, "::ffff:10.0.0.1", "::", -1, WANT_V4, 0 },
	{ "IPv4's any", { .families = WANT_V4, .port = 80 }, 0, "::", "::", NP_V4, WANT_V4, 0 },
	{ "IPv6's any", { .families = WANT_V6, .port = 80 }, 0, "::", "::", NP_V6, WANT_V6, 0 },
	{ "any of both", { .families = WANT_BOTH, .port = 80 },
	  0, "::", "::", NP_ANY_BOTH, WANT_BOTH, 0 },
	{ "any of both on a device", { .families = WANT_BOTH, .port = 80, .ifindex = 1 },
	  0, "::", "::", NP_ANY_BOTH, WANT_BOTH, NP_BIND_NARROW },
	{ "an IPv6 address", { .families = WANT_V6, .port = 80, .addr = WANT_A6 },
	  0, "2001:db8::1", "::", -1, WANT_V6, 0 },
	{ "an IPv4-mapped address", { .families = WANT_V6, .port = 80, .addr = WANT_MAPPED },
	  0, "::ffff:10.0.0.1", "::", -1, WANT_V4, 0 },
	{ "an IPv4-mapped any", { .families = WANT_V6, .port = 80, .addr = WANT_MAPPED_ANY },
	  0, "::", "::", NP_V4, WANT_V4, 0 },
	{ "an IPv4-mapped address with an IPv4-mapped any as remote",
	  { .families = WANT_V6, .port = 80, .addr = WANT_MAPPED, .remote = WANT_MAPPED_ANY },
	  0, "::ffff:10.0.0.1", "::", -1, WANT_V4, 0 },
	{ "an IPv4 remote with a port",
	  { .families = WANT_V4, .port = 80, .addr = WANT_A4, .remote = WANT_R4, .remote_port = 9 },
	  0, "::ffff:10.0.0.1", "::ffff:192.0.2.1", -1, WANT_V4, NP_BIND_NARROW | NP_BIND_FULL },
	{ "an IPv4-mapped remote with a port",
	  { .families = WANT_V6, .port = 80, .addr = WANT_MAPPED, .remote = WANT_MAPPED_R,
	    .remote_port = 9 },
	  0, "::ffff:10.0.0.1", "::ffff:192.0.2.1", -1, WANT_V4, NP_BIND_NARROW | NP_BIND_FULL },
	{ "a remote without a port",
	  { .families = WANT_V4, .port = 80, .addr = WANT_A4, .remote = WANT_R4 },
	  0, "::ffff:10.0.0.1", "::ffff:192.0.2.1", -1, WANT_V4, NP_BIND_NARROW },
	{ "any with a remote",
	  { .families = WANT_V6, .port = 80, .remote = WANT_A6, .remote_port = 9 },
	  0, "::", "2001:db8::1", NP_V6, WANT_V6, NP_BIND_NARROW | NP_BIND_FULL },
	{ "a link-local address with a device",
	  { .families = WANT_V6, .port = 80, .addr = WANT_LINK6, .ifindex = INT_MAX },
	  0, "fe80::1", "::", -1, WANT_V6, NP_BIND_NARROW },
	{ "an address behind the link-local ones",
	  { .families = WANT_V6, .port = 80, .addr = { 0xfe, 0xc0, [15] = 1 } },
	  0, "fec0::1", "::", -1, WANT_V6, 0 },
	{ "a tuple",
	  { .families = WANT_V4, .port = 80, .addr = WANT_A4, .remote = WANT_R4, .remote_port = 9 },
	  NETPORT_OPT_TUPLE, "::ffff:10.0.0.1", "::ffff:192.0.2.1", -1, WANT_V4,
	  NP_BIND_NARROW | NP_BIND_FULL | NP_BIND_OPTTUPLE },
	{ "port 0", { .families = WANT_V4, .share = NP_SHARE_ALL },
	  0, "::", "::", NP_V4, WANT_V4, 0 },
	{ "the largest numbers",
	  { .families = WANT_V4, .protocol = 65535, .port = 65535, .remote_port = 65535,
	    .ifindex = INT_MAX, .share = NP_SHARE_ALL, .remote = WANT_R4 },
	  0, "::", "::ffff:192.0.2.1", NP_V4, WANT_V4, NP_BIND_NARROW | NP_BIND_FULL },
};

KUNIT_ARRAY_PARAM_DESC(want_form, want_forms, desc);

static void want_expect_addr(struct kunit *test, const struct in6_addr *addr, const char *text)
{
	char buf[48];

	snprintf(buf, sizeof(buf), "%pI6c", addr);
	KUNIT_EXPECT_STREQ(test, buf, text);
}

static void want_init__form(struct kunit *test)
{
	const struct want_form *f = test->param_value;
	struct np_user user;
	struct np_want w;

	memset(&w, KIT_POISON, sizeof(w));
	KUNIT_ASSERT_EQ(test, np_want_init(&w, &user, &f->b, f->options), 0);
	KUNIT_EXPECT_PTR_EQ(test, w.user, &user);
	want_expect_addr(test, &w.local, f->local);
	want_expect_addr(test, &w.remote, f->remote);
	KUNIT_EXPECT_EQ(test, w.any, f->any);
	KUNIT_EXPECT_EQ(test, w.families, f->families);
	KUNIT_EXPECT_EQ(test, w.flags, f->flags);
	KUNIT_EXPECT_EQ(test, w.protocol, f->b.protocol);
	KUNIT_EXPECT_EQ(test, w.port, f->b.port);
	KUNIT_EXPECT_EQ(test, w.rport, f->b.remote_port);
	KUNIT_EXPECT_EQ(test, w.ifindex, f->b.ifindex);
	KUNIT_EXPECT_EQ(test, w.share, f->b.share);
}

static struct kunit_case want_test_cases[] = {
	KUNIT_CASE_PARAM(want_init__refuses, want_refusal_gen_params),
	KUNIT_CASE_PARAM(want_init__refused_by_all, want_refusal_gen_params),
	KUNIT_CASE_PARAM(want_init__form, want_form_gen_params),
	{}
};

static struct kunit_suite want_test_suite = {
	.name = "netport_want",
	.init = kit_init,
	.exit = kit_exit,
	.test_cases = want_test_cases,
};

kunit_test_suite(want_test_suite);
