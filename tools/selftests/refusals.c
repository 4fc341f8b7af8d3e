// SPDX-License-Identifier: GPL-2.0
/*
 * refusals - one test for each rule of validation: a request that would be granted but
 * for one field, the exact errno, and the same state afterwards.
 *
 * The rules about a binding are tried in every command that takes one.
 */
#include "terms.h"

/* A field of a structure, and the value that spoils it. */
struct patch {
	unsigned int offset, size;
	__u64 value;
};

#define MAX_PATCHES	4

#define PATCH(type, field, _value) {					\
	.offset = offsetof(struct type, field),				\
	.size = sizeof(((struct type *)0)->field),			\
	.value = (_value),						\
}

#define B(field, value)	PATCH(netport_binding, field, value)
#define R(field, value)	PATCH(netport_reserve, field, value)

static void apply(void *to, const struct patch *p)
{
	unsigned int i;

	for (i = 0; i < MAX_PATCHES && p[i].size; i++)
		memcpy((char *)to + p[i].offset, &p[i].value, p[i].size);
}

/* RESERVE and AVAILABLE say the same, and leave nothing behind. */
static bool reserve_refuses(const char *base, const struct patch *p, int want)
{
	struct netport_reserve r = request(base), bad = r;
	int fd = owner(), err, err2, before;

	before = reserve_request(fd, &r);
	if (before || release(fd, r.token)) {
		fprintf(stderr, "# '%s' alone gives %d\n", base, before);
		return false;
	}
	apply(&bad, p);
	err = command(fd, NETPORT_IOC_RESERVE, &bad);
	err2 = command(fd, NETPORT_IOC_AVAILABLE, &bad);
	if (err != want || err2 != want)
		fprintf(stderr, "# '%s' spoilt: RESERVE %d, AVAILABLE %d, not %d\n", base, err,
			err2, want);
	if (!all_free(r.binding.protocol, r.binding.port)) {
		fprintf(stderr, "# '%s' spoilt: the port is held\n", base);
		err = BROKEN;
	}
	close(fd);
	return err == want && err2 == want;
}

/* RELEASE of what is held, by a spoilt key. */
static bool release_refuses(const char *base, const struct patch *p, int want)
{
	struct netport_reserve r = request(base);
	struct netport_release bad = { .binding = r.binding };
	int fd = owner(), err;
	bool held;

	if (reserve(fd, base))
		return false;
	apply(&bad.binding, p);
	err = command(fd, NETPORT_IOC_RELEASE, &bad);
	if (err != want)
		fprintf(stderr, "# '%s' spoilt: RELEASE %d, not %d\n", base, err, want);
	held = !release_key(fd, base);
	if (!held)
		fprintf(stderr, "# '%s' spoilt: RELEASE released it\n", base);
	close(fd);
	return err == want && held;
}

/* CANDIDATE, first and second call. */
static bool candidate_refuses(const char *base, const struct patch *p, int want)
{
	struct netport_candidate first = candidate_request(base), bad;
	int fd = owner(), err, err2;
	bool held;

	first.reserve.binding.port = 0;
	first.reserve.low = 40000;
	first.reserve.high = 40001;
	bad = first;
	apply(&bad, p);
	err = command(fd, NETPORT_IOC_CANDIDATE, &bad);
	if (!all_free(first.reserve.binding.protocol, 40000) ||
	    !all_free(first.reserve.binding.protocol, 40001)) {
		fprintf(stderr, "# '%s' spoilt: CANDIDATE holds a port\n", base);
		err = BROKEN;
	}
	if (candidate(fd, &first)) {
		fprintf(stderr, "# '%s' gives no candidate\n", base);
		return false;
	}
	bad = first;
	apply(&bad, p);
	err2 = command(fd, NETPORT_IOC_CANDIDATE, &bad);
	if (err != want || err2 != want)
		fprintf(stderr, "# '%s' spoilt: CANDIDATE %d, then %d, not %d\n", base, err, err2,
			want);
	held = !release(fd, first.reserve.token);
	if (!held)
		fprintf(stderr, "# '%s' spoilt: the candidate before is gone\n", base);
	if (!all_free(first.reserve.binding.protocol, 40000) ||
	    !all_free(first.reserve.binding.protocol, 40001)) {
		fprintf(stderr, "# '%s' spoilt: the second CANDIDATE holds a port\n", base);
		held = false;
	}
	close(fd);
	return err == want && err2 == want && held;
}

/* A rule about bindings: EINVAL in every command, for every one of the patches. */
#define BINDING_RULE(name, base, ...)					\
	TEST(name)							\
	{								\
		static const struct patch p[][MAX_PATCHES] = { __VA_ARGS__ };	\
		unsigned int i;						\
									\
		for (i = 0; i < ARRAY_SIZE(p); i++) {			\
			EXPECT_TRUE(reserve_refuses(base, p[i], EINVAL));	\
			EXPECT_TRUE(release_refuses(base, p[i], EINVAL));	\
			EXPECT_TRUE(candidate_refuses(base, p[i], EINVAL));	\
		}							\
	}

BINDING_RULE(no_family, "tcp 4 *:5000", { B(families, 0) })
BINDING_RULE(unknown_family, "tcp 4 *:5000", { B(families, 4) }, { B(families, 1 | 4) },
	     { B(families, 1 | 8) }, { B(families, 0x8001) }, { B(families, 0xffff) })
BINDING_RULE(unknown_share_flag, "tcp 4 *:5000 LB", { B(share, 8) }, { B(share, 1 | 8) },
	     { B(share, 1 | 0x100) }, { B(share, 1 | 0x10000) }, { B(share, 1 | 0x80000000) })
BINDING_RULE(device_not_a_number_of_one, "tcp 4 *:5000 %1", { B(ifindex, 0x80000000) },
	     { B(ifindex, 0xffffffff) })
BINDING_RULE(ipv4_address_has_four_bytes, "tcp 4 10.0.0.1:5000",
	     { B(addr[4], 1) }, { B(addr[5], 1) }, { B(addr[6], 1) }, { B(addr[7], 1) },
	     { B(addr[8], 1) }, { B(addr[9], 1) }, { B(addr[10], 1) }, { B(addr[11], 1) },
	     { B(addr[12], 1) }, { B(addr[13], 1) }, { B(addr[14], 1) }, { B(addr[15], 1) })
BINDING_RULE(ipv4_any_has_none, "tcp 4 *:5000", { B(addr[4], 1) }, { B(addr[15], 1) },
	     /* IPv4-mapped, but not said to be IPv6 */
	     { B(addr[10], 0xff), B(addr[11], 0xff), B(addr[12], 10) })
BINDING_RULE(ipv4_remote_has_four_bytes, "tcp 4 10.0.0.1:5000 >1.1.1.1:5",
	     { B(remote[4], 1) }, { B(remote[5], 1) }, { B(remote[6], 1) },
	     { B(remote[7], 1) }, { B(remote[8], 1) }, { B(remote[9], 1) },
	     { B(remote[10], 1) }, { B(remote[11], 1) }, { B(remote[12], 1) },
	     { B(remote[13], 1) }, { B(remote[14], 1) }, { B(remote[15], 1) })
BINDING_RULE(ipv6_address_said_to_be_ipv4, "tcp 6 [2001:db8::1]:5000", { B(families, 1) })
BINDING_RULE(both_families_with_an_address, "tcp 46 *:5000", { B(addr[0], 1) },
	     { B(addr[15], 1) },
	     /* ::ffff:0.0.0.0 */
	     { B(addr[10], 0xff), B(addr[11], 0xff) })
BINDING_RULE(both_families_with_a_remote, "tcp 46 *:5000", { B(remote[0], 1) },
	     { B(remote[15], 1) }, { B(remote[0], 1), B(remote_port, 5) })
BINDING_RULE(one_more_family_for_an_address, "tcp 4 10.0.0.1:5000", { B(families, 3) })
BINDING_RULE(one_more_family_for_a_remote, "tcp 4 *:5000 >1.1.1.1:5", { B(families, 3) })
BINDING_RULE(remote_port_without_remote_ipv4, "tcp 4 10.0.0.1:5000", { B(remote_port, 5) })
BINDING_RULE(remote_port_without_remote_ipv6, "tcp 6 [::1]:5000", { B(remote_port, 5) })
BINDING_RULE(remote_port_without_remote_both, "tcp 46 *:5000", { B(remote_port, 65535) })
BINDING_RULE(ipv4_remote_of_ipv6_address, "tcp 6 [2001:db8::1]:5000",
	     { B(remote[10], 0xff), B(remote[11], 0xff), B(remote[12], 10) })
BINDING_RULE(ipv4_remote_of_ipv6_any, "tcp 6 *:5000",
	     { B(remote[10], 0xff), B(remote[11], 0xff), B(remote[12], 10) })
BINDING_RULE(ipv6_remote_of_mapped_address, "tcp 6 [::ffff:10.0.0.1]:5000",
	     { B(remote[0], 0x20), B(remote[15], 1) }, { B(remote[15], 1) })
BINDING_RULE(link_local_without_device, "tcp 6 [fe80::1]:5000 %1", { B(ifindex, 0) })
BINDING_RULE(last_link_local_without_device, "tcp 6 [febf:ffff::1]:5000 %1",
	     { B(ifindex, 0) })
BINDING_RULE(link_local_remote_without_device, "tcp 6 *:5000 >[fe80::1]:5 %1",
	     { B(ifindex, 0) })

TEST(what_is_not_link_local_needs_no_device)
{
	int fd = owner();

	EXPECT_EQ(0, reserve(fd, "tcp 6 [fec0::1]:5000"));
	EXPECT_EQ(0, reserve(fd, "tcp 6 [fe7f::1]:5000"));
	EXPECT_EQ(0, reserve(fd, "tcp 4 169.254.1.1:5000"));
}

/* A rule about the rest of RESERVE. */
#define RESERVE_RULE(name, base, want, ...)				\
	TEST(name)							\
	{								\
		static const struct patch p[][MAX_PATCHES] = { __VA_ARGS__ };	\
		unsigned int i;						\
									\
		for (i = 0; i < ARRAY_SIZE(p); i++)			\
			EXPECT_TRUE(reserve_refuses(base, p[i], want));	\
	}

RESERVE_RULE(unknown_option, "tcp 4 10.0.0.1:5000 >1.1.1.1:5 tuple", EINVAL,
	     { R(options, 2) }, { R(options, 1 | 2) }, { R(options, 1 | 0x10000) },
	     { R(options, 0x80000000) })
RESERVE_RULE(tuple_without_port, "tcp 4 10.0.0.1:5000 >1.1.1.1:5 tuple", EINVAL,
	     { R(binding.port, 0) })
RESERVE_RULE(tuple_without_address, "tcp 4 10.0.0.1:5000 >1.1.1.1:5 tuple", EINVAL,
	     { R(binding.addr[0], 0), R(binding.addr[3], 0) })
RESERVE_RULE(tuple_without_remote_port, "tcp 4 10.0.0.1:5000 >1.1.1.1:5 tuple", EINVAL,
	     { R(binding.remote_port, 0) })
RESERVE_RULE(tuple_without_remote, "tcp 6 [2001:db8::1]:5000", EINVAL, { R(options, 1) })
RESERVE_RULE(tuple_of_any, "tcp 4 *:5000 >1.1.1.1:5", EINVAL, { R(options, 1) })
RESERVE_RULE(tuple_of_both_families, "tcp 46 *:5000", EINVAL, { R(options, 1) })
RESERVE_RULE(range_with_a_port, "tcp 4 *:5000", EINVAL,
	     { R(low, 1) }, { R(high, 65535) }, { R(low, 5000), R(high, 5000) })
RESERVE_RULE(range_upside_down, "tcp 4 *:0 =40000-40010", EINVAL,
	     { R(low, 40011) }, { R(high, 39999) }, { R(low, 65535), R(high, 1) })

/* The fields that RELEASE adds to a binding, and the token. */

static int spoilt_release(int fd, const struct netport_release *rel)
{
	struct netport_release r = *rel;

	return command(fd, NETPORT_IOC_RELEASE, &r);
}

TEST(release_with_padding)
{
	static const __u32 pads[] = { 1, 0x100, 0x80000000, 0xffffffff };
	struct netport_release by_token = { 0 }, by_key = { 0 };
	int fd = owner();
	unsigned int i;
	__u64 token;

	ASSERT_EQ(0, reserve_token(fd, "tcp 4 *:5000", &token));
	by_token.token = token;
	by_key.binding = request("tcp 4 *:5000").binding;
	for (i = 0; i < ARRAY_SIZE(pads); i++) {
		by_token.__pad = pads[i];
		by_key.__pad = pads[i];
		EXPECT_EQ(EINVAL, spoilt_release(fd, &by_token));
		EXPECT_EQ(EINVAL, spoilt_release(fd, &by_key));
	}
	EXPECT_EQ(EADDRINUSE, free_for_others("tcp 4 *:5000"));
	EXPECT_EQ(0, release(fd, token));
}

TEST(release_with_unknown_option)
{
	static const __u32 options[] = { 2, 3, 0x100, 0x80000000 };
	struct netport_release by_key = { 0 };
	int fd = owner();
	unsigned int i;

	ASSERT_EQ(0, reserve(fd, "tcp 4 10.0.0.1:5000 >1.1.1.1:5 tuple"));
	by_key.binding = request("tcp 4 10.0.0.1:5000 >1.1.1.1:5").binding;
	for (i = 0; i < ARRAY_SIZE(options); i++) {
		by_key.options = options[i];
		EXPECT_EQ(EINVAL, spoilt_release(fd, &by_key));
	}
	EXPECT_EQ(0, release_key(fd, "tcp 4 10.0.0.1:5000 >1.1.1.1:5 tuple"));
}

TEST(release_by_token_and_option)
{
	struct netport_release rel = { .options = NETPORT_OPT_TUPLE };
	int fd = owner();

	ASSERT_EQ(0, reserve_token(fd, "tcp 4 10.0.0.1:5000 >1.1.1.1:5 tuple",
				   (__u64 *)&rel.token));
	EXPECT_EQ(EINVAL, spoilt_release(fd, &rel));
	EXPECT_EQ(0, release(fd, rel.token));
}

TEST(release_by_token_and_key)
{
	static const char *const text = "tcp 6 [2001:db8::1]:5000 >[2001:db8::2]:5 %1 LB";
	const struct netport_binding whole = request(text).binding;
	struct netport_release rel = { 0 };
	int fd = owner();
	unsigned int i;

	ASSERT_EQ(0, reserve_token(fd, text, (__u64 *)&rel.token));
	/* The whole key, though it is the right one; and each byte of it. */
	rel.binding = whole;
	EXPECT_EQ(EINVAL, spoilt_release(fd, &rel));
	for (i = 0; i < sizeof(whole); i++) {
		memset(&rel.binding, 0, sizeof(rel.binding));
		((char *)&rel.binding)[i] = 1;
		EXPECT_EQ(EINVAL, spoilt_release(fd, &rel)) TH_LOG("byte %d", i);
	}
	EXPECT_EQ(EADDRINUSE, free_for_others("tcp 6 *:5000"));
	EXPECT_EQ(0, release(fd, rel.token));
}

TEST(release_by_nothing)
{
	struct netport_release rel = { 0 };
	int fd = owner();

	ASSERT_EQ(0, reserve(fd, "tcp 4 *:5000"));
	EXPECT_EQ(EINVAL, spoilt_release(fd, &rel));
	EXPECT_EQ(0, release_key(fd, "tcp 4 *:5000"));
}

TEST(release_of_port_0)
{
	int fd = owner();
	unsigned int port;

	ASSERT_EQ(0, pick(fd, "tcp 4 *:0 =40000-40000", &port));
	EXPECT_EQ(EINVAL, release_key(fd, "tcp 4 *:0"));
	EXPECT_EQ(0, release_key(fd, "tcp 4 *:40000"));
}

/* CANDIDATE and ACCEPT */

TEST(candidate_range_upside_down)
{
	struct netport_candidate c = candidate_request("tcp 4 *:0 =40001-40000");
	int fd = owner();

	EXPECT_EQ(EINVAL, candidate(fd, &c));
	c.reserve.low = 40000;
	EXPECT_EQ(0, candidate(fd, &c));
}

TEST(candidate_with_options)
{
	struct netport_candidate c =
		candidate_request("tcp 4 10.0.0.1:0 >1.1.1.1:5 =40000-40000");
	int fd = owner();

	/* A tuple needs a port. */
	c.reserve.options = NETPORT_OPT_TUPLE;
	EXPECT_EQ(EINVAL, candidate(fd, &c));
	c.reserve.options = 1U << 4;
	EXPECT_EQ(EINVAL, candidate(fd, &c));
	c.reserve.options = 0x80000000;
	EXPECT_EQ(EINVAL, candidate(fd, &c));
	EXPECT_TRUE(all_free(IPPROTO_TCP, 40000));
	c.reserve.options = 0;
	EXPECT_EQ(0, candidate(fd, &c));
}

TEST(candidate_cursor_not_the_one_given)
{
	static const __u64 bad[] = { 0, 1, ~0ULL, POISON, 1ULL << 63 };
	struct netport_candidate c = candidate_request("tcp 4 *:0 =40000-40009"), other, spoilt;
	int fd = owner();
	unsigned int i;

	ASSERT_EQ(0, candidate(fd, &c));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		spoilt = c;
		spoilt.cursor = bad[i];
		EXPECT_EQ(EINVAL, candidate(fd, &spoilt)) TH_LOG("%llx", bad[i]);
	}
	/* One that was given, but with a candidate of another range. */
	other = candidate_request("tcp 4 *:0 =50000-50009");
	ASSERT_EQ(0, candidate(fd, &other));
	spoilt = c;
	spoilt.cursor = other.cursor;
	EXPECT_EQ(EINVAL, candidate(fd, &spoilt));

	/* All that is held are the two candidates. */
	EXPECT_EQ(0, accept_token(fd, c.reserve.token));
	EXPECT_EQ(0, release(fd, c.reserve.token));
	EXPECT_EQ(0, release(fd, other.reserve.token));
	for (i = 0; i < 10; i++) {
		EXPECT_TRUE(all_free(IPPROTO_TCP, 40000 + i));
		EXPECT_TRUE(all_free(IPPROTO_TCP, 50000 + i));
	}
}

TEST(candidate_turns_down_what_is_none)
{
	struct netport_candidate c = candidate_request("tcp 4 *:0 =40000-40001"), bad;
	int fd = owner(), other = owner();
	__u64 token;

	ASSERT_EQ(0, reserve_token(fd, "tcp 4 *:40000", &token));
	ASSERT_EQ(0, candidate(fd, &c));
	ASSERT_EQ(40001, c.reserve.binding.port);
	/* A reservation; a token that never was; a candidate of another owner. */
	bad = c;
	bad.reserve.token = token;
	EXPECT_EQ(EINVAL, candidate(fd, &bad));
	bad.reserve.token = ~0ULL;
	EXPECT_EQ(ENOENT, candidate(fd, &bad));
	bad.reserve.token = c.reserve.token;
	EXPECT_EQ(ENOENT, candidate(other, &bad));

	EXPECT_EQ(0, release(fd, token));
	EXPECT_EQ(0, accept_token(fd, c.reserve.token));
}

TEST(accept_of_what_is_no_candidate)
{
	struct netport_candidate c = candidate_request("tcp 4 *:0 =40001-40001");
	int fd = owner(), other = owner();
	__u64 token;

	ASSERT_EQ(0, reserve_token(fd, "tcp 4 *:40000", &token));
	ASSERT_EQ(0, candidate(fd, &c));
	EXPECT_EQ(EINVAL, accept_token(fd, token));
	EXPECT_EQ(ENOENT, accept_token(other, token));
	EXPECT_EQ(ENOENT, accept_token(fd, 0));
	EXPECT_EQ(ENOENT, accept_token(fd, ~0ULL));
	/* Another's, which stays a candidate. */
	EXPECT_EQ(ENOENT, accept_token(other, c.reserve.token));
	EXPECT_EQ(0, accept_token(fd, c.reserve.token));
	EXPECT_EQ(EINVAL, accept_token(fd, c.reserve.token));
	EXPECT_EQ(0, release(fd, c.reserve.token));
	EXPECT_EQ(ENOENT, accept_token(fd, c.reserve.token));
	EXPECT_EQ(0, release(fd, token));
}

/* The terms of a request: REQUEST, AVAILABLE and WISH say the same. */

#define T(field, value)	PATCH(netport_request, terms.field, value)

static const struct netport_binding one_more = {
	.families = NETPORT_FAMILY_IPV4, .protocol = IPPROTO_UDP,
};

static const __u16 one_port = 40000;

static bool terms_refuse(const char *base, const struct patch *p, int want)
{
	static const unsigned long cmds[] = {
		NETPORT_IOC_REQUEST, NETPORT_IOC_AVAILABLE_REQUEST, NETPORT_IOC_WISH,
	};
	struct netport_request bad = { .reserve = request(base) };
	bool ok = true;
	unsigned int i;
	int fd = owner(), err;

	err = reserve(fd, base);
	if (err) {
		fprintf(stderr, "# '%s' alone gives %d\n", base, err);
		return false;
	}
	close(fd);
	fd = owner();
	apply(&bad, p);
	for (i = 0; i < ARRAY_SIZE(cmds); i++) {
		err = command(fd, cmds[i], &bad);
		if (err != want) {
			fprintf(stderr, "# '%s' spoilt: command %u gives %d, not %d\n", base,
				(unsigned int)_IOC_NR(cmds[i]), err, want);
			ok = false;
		}
	}
	if (held(fd) ||
	    !all_free(bad.reserve.binding.protocol, bad.reserve.binding.port ?: 40000)) {
		fprintf(stderr, "# '%s' spoilt: something is held\n", base);
		ok = false;
	}
	close(fd);
	return ok;
}

#define TERMS_RULE(name, base, want, ...)				\
	TEST(name)							\
	{								\
		const struct patch p[][MAX_PATCHES] = { __VA_ARGS__ };	\
		unsigned int i;						\
									\
		for (i = 0; i < ARRAY_SIZE(p); i++)			\
			EXPECT_TRUE(terms_refuse(base, p[i], want)) TH_LOG("%u", i);	\
	}

TERMS_RULE(terms_with_padding, "tcp 4 *:5000", EINVAL, { T(__pad, 1) }, { T(__pad, 0x8000) })
TERMS_RULE(number_of_bindings_without_them, "tcp 4 *:5000", EINVAL, { T(nbindings, 1) },
	   { T(nbindings, 63) })
TERMS_RULE(bindings_without_their_number, "tcp 4 *:5000", EINVAL,
	   { T(bindings, pointer(&one_more)) }, { T(bindings, 8) }, { T(bindings, ~0ULL) })
TERMS_RULE(too_many_bindings, "tcp 4 *:5000", EINVAL,
	   { T(bindings, pointer(&one_more)), T(nbindings, 64) },
	   { T(bindings, pointer(&one_more)), T(nbindings, 0x10000) },
	   { T(bindings, pointer(&one_more)), T(nbindings, 0xffffffff) })
TERMS_RULE(bindings_that_cannot_be_read, "tcp 4 *:5000", EFAULT,
	   { T(bindings, 8), T(nbindings, 1) }, { T(bindings, ~0ULL), T(nbindings, 1) },
	   { T(bindings, 1ULL << 63), T(nbindings, 63) })
TERMS_RULE(number_of_ports_to_exclude_without_them, "tcp 4 *:0 =40000-40000", EINVAL,
	   { T(nexclude, 1) }, { T(nexclude, 1024) })
TERMS_RULE(ports_to_exclude_without_their_number, "tcp 4 *:0 =40000-40000", EINVAL,
	   { T(exclude, pointer(&one_port)) }, { T(exclude, 8) })
TERMS_RULE(too_many_ports_to_exclude, "tcp 4 *:0 =40000-40000", EINVAL,
	   { T(exclude, pointer(&one_port)), T(nexclude, 1025) },
	   { T(exclude, pointer(&one_port)), T(nexclude, 0xffffffff) })
TERMS_RULE(ports_to_exclude_that_cannot_be_read, "tcp 4 *:0 =40000-40000", EFAULT,
	   { T(exclude, 8), T(nexclude, 1) }, { T(exclude, ~0ULL), T(nexclude, 1) })
TERMS_RULE(ports_to_exclude_beside_a_port, "tcp 4 *:5000", EINVAL,
	   { T(exclude, pointer(&one_port)), T(nexclude, 1) })
TERMS_RULE(alignment_beside_a_port, "tcp 4 *:5000", EINVAL, { T(align, 1) }, { T(align, 8) },
	   { T(count, 1), T(align, 8) })
TERMS_RULE(alignment_no_power_of_two, "tcp 4 *:0 =40000-40000", EINVAL, { T(align, 3) },
	   { T(align, 0xffff) }, { T(align, 0x8001) })
TERMS_RULE(offset_not_below_the_alignment, "tcp 4 *:0 =40000-40000", EINVAL, { T(offset, 1) },
	   { T(align, 1), T(offset, 1) }, { T(align, 8), T(offset, 8) },
	   { T(align, 8), T(offset, 0xffff) })
TERMS_RULE(too_long_a_block, "tcp 4 *:5000", EINVAL, { T(count, 1025) }, { T(count, 0xffff) },
	   { T(count, 513), T(bindings, pointer(&one_more)), T(nbindings, 1) })
TERMS_RULE(a_block_past_the_last_port, "tcp 4 *:65535", EINVAL, { T(count, 2) })
TERMS_RULE(label_without_an_end, "tcp 4 *:5000", EINVAL, { T(label[31], 'x') },
	   { T(label[1], 'x') }, { T(label[0], 'x'), T(label[2], 'y') })
TERMS_RULE(deadline_beyond_forever, "tcp 4 *:5000", EINVAL, { T(deadline, 1ULL << 63) },
	   { T(deadline, ~0ULL) })
TERMS_RULE(option_beside_terms, "tcp 4 *:5000", EINVAL,
	   { R(options, 1U << 4), T(label[0], 'x') },
	   { R(options, 0x80000000), T(label[0], 'x') })
TERMS_RULE(range_beside_a_port_and_terms, "tcp 4 *:5000", EINVAL,
	   { R(low, 1), T(label[0], 'x') }, { R(high, 65535), T(label[0], 'x') })
TERMS_RULE(range_upside_down_with_terms, "tcp 4 *:0 =40000-40001", EINVAL,
	   { R(high, 39999), T(label[0], 'x') })

/* Neither do AVAILABLE, a wish, nor what the host or a block has to do with wait. */
TEST(deadlines_where_there_is_no_waiting)
{
	struct netport_request r = { .reserve = request("tcp 4 *:5000"), .terms.deadline = 1 };
	struct netport_candidate c = candidate_request("tcp 4 *:0 =40000-40000");
	int fd = owner();

	EXPECT_EQ(EINVAL, command(fd, NETPORT_IOC_AVAILABLE_REQUEST, &r));
	EXPECT_EQ(EINVAL, command(fd, NETPORT_IOC_WISH, &r));
	c.terms.deadline = 1;
	EXPECT_EQ(EINVAL, candidate(fd, &c));
	r.terms.count = 2;
	EXPECT_EQ(EINVAL, command(fd, NETPORT_IOC_REQUEST, &r));
	r.terms.count = 0;
	r.reserve.options = NETPORT_OPT_HOST_CHECK;
	EXPECT_EQ(EINVAL, command(fd, NETPORT_IOC_REQUEST, &r));
	r.reserve.options = NETPORT_OPT_HOST_HOLD;
	EXPECT_EQ(EINVAL, command(fd, NETPORT_IOC_REQUEST, &r));
	EXPECT_EQ(0, held(fd));
	r.reserve.options = 0;
	EXPECT_EQ(0, command(fd, NETPORT_IOC_REQUEST, &r));
}

/* What the terms of a search may be, and that they are the same in each call. */
TEST(candidate_terms)
{
	static const struct patch bad[][MAX_PATCHES] = {
		{ PATCH(netport_candidate, terms.__pad, 1) },
		{ PATCH(netport_candidate, terms.count, 2) },
		{ PATCH(netport_candidate, terms.align, 3) },
		{ PATCH(netport_candidate, terms.offset, 1) },
		{ PATCH(netport_candidate, terms.nbindings, 1) },
		{ PATCH(netport_candidate, terms.bindings, 8) },
		{ PATCH(netport_candidate, terms.nexclude, 1) },
		{ PATCH(netport_candidate, terms.exclude, 8) },
		{ PATCH(netport_candidate, terms.label[31], 'x') },
		{ PATCH(netport_candidate, terms.deadline, 1) },
	};
	struct netport_candidate c = candidate_request("tcp 4 *:0 =40000-40001"), spoilt;
	int fd = owner();
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		spoilt = c;
		apply(&spoilt, bad[i]);
		EXPECT_EQ(EINVAL, candidate(fd, &spoilt)) TH_LOG("%u", i);
		EXPECT_EQ(0, held(fd));
	}
	ASSERT_EQ(0, candidate(fd, &c));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		spoilt = c;
		apply(&spoilt, bad[i]);
		EXPECT_EQ(EINVAL, candidate(fd, &spoilt)) TH_LOG("%u", i);
		EXPECT_EQ(1, held_by(fd, c.reserve.token, NULL));
	}
	EXPECT_EQ(0, candidate(fd, &c));
}

/* Holds, and parts of what has none. */
TEST(release_with_a_bad_hold)
{
	static const struct netport_release bad[] = {
		{ .hold = NETPORT_HOLD_MAX + 1 },
		{ .hold = 0xffffffff },
		{ .options = NETPORT_RELEASE_PORT },
		{ .options = NETPORT_RELEASE_PORT | 2, .hold = 1 },
		{ .options = NETPORT_RELEASE_PORT | NETPORT_OPT_TUPLE, .hold = 1 },
		{ .options = 1U << 30, .hold = 1 },
		{ .port = 5000 },
		{ .count = 1 },
		{ .port = 5000, .count = 1 },
		{ .port = 5000, .count = 1, .hold = 1 },
		{ .__pad = 1, .hold = 1 },
	};
	struct netport_release rel;
	int fd = owner();
	unsigned int i;
	__u64 token;

	ASSERT_EQ(0, reserve_token(fd, "tcp 4 *:5000", &token));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		rel = bad[i];
		rel.token = token;
		EXPECT_EQ(EINVAL, spoilt_release(fd, &rel)) TH_LOG("%u", i);
		rel.token = 0;
		rel.binding = request("tcp 4 *:5000").binding;
		EXPECT_EQ(EINVAL, spoilt_release(fd, &rel)) TH_LOG("%u", i);
	}
	EXPECT_EQ(1, held_by(fd, token, NULL));
	EXPECT_EQ(0, release(fd, token));
	EXPECT_TRUE(all_free(IPPROTO_TCP, 5000));
}

/* ranges */

TEST(set_range_refusals)
{
	static const struct netport_range bad[] = {
		{ .low = 0, .high = 0 },
		/* Upstream's count wraps with this one. */
		{ .low = 0, .high = 65535 },
		{ .low = 0, .high = 40000 },
		{ .low = 40001, .high = 40000 },
		{ .low = 40000, .high = 0 },
		{ .low = 40000, .high = 40001, .__pad = 1 },
		{ .low = 40000, .high = 40001, .__pad = 0x80000000 },
	};
	unsigned int low, high, i;
	int fd = owner();

	ASSERT_EQ(0, set_range(fd, 20000, 20010));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		struct netport_range r = bad[i];

		EXPECT_EQ(EINVAL, command(fd, NETPORT_IOC_SET_RANGE, &r)) TH_LOG("%u", i);
		EXPECT_EQ(0, get_range(fd, &low, &high));
		EXPECT_EQ(20000, low);
		EXPECT_EQ(20010, high);
	}
	restore_netns();
}

TEST(get_range_with_padding)
{
	struct netport_range r = { .__pad = 1 };
	int fd = owner();

	EXPECT_EQ(EINVAL, command(fd, NETPORT_IOC_GET_RANGE, &r));
	r.__pad = 0x80000000;
	EXPECT_EQ(EINVAL, command(fd, NETPORT_IOC_GET_RANGE, &r));
	r.__pad = 0;
	EXPECT_EQ(0, command(fd, NETPORT_IOC_GET_RANGE, &r));
}

TEST(ephemeral_refusals)
{
	static const struct netport_ephemeral bad[] = {
		{ .low = 40001, .high = 40000 },
		/* The namespace's end, which isn't above. */
		{ .low = 20011 },
		{ .high = 19999 },
		{ .low = 40000, .high = 40001, .__pad = 1 },
		{ .low = 40000, .high = 40001, .__pad = 0x8000 },
		{ .low = 40000, .high = 40001, .cursor = 1 },
		{ .low = 40000, .high = 40001, .cursor = POISON },
		{ .low = 40000, .high = 40001, .cursor = ~0ULL },
		{ .low = 40000, .high = 40001, .cursor = 1ULL << 63 },
	};
	struct netport_ephemeral e = { .low = 20000, .port = 0xcccc };
	unsigned int i;
	int fd = owner();

	ASSERT_EQ(0, set_range(fd, 20000, 20010));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		struct netport_ephemeral b = bad[i];

		b.port = 0xcccc;
		EXPECT_EQ(EINVAL, command(fd, NETPORT_IOC_EPHEMERAL, &b)) TH_LOG("%u", i);
	}
	EXPECT_EQ(0, command(fd, NETPORT_IOC_EPHEMERAL, &e));
	restore_netns();
}

SELFTEST_MAIN
