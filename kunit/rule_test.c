// SPDX-License-Identifier: GPL-2.0
/*
 * The share rule, through the kernel API: cases in writing, the same in every order, and
 * random ones against the oracle.
 */
#include <linux/in.h>
#include <linux/slab.h>

#include "kit.h"
#include "oracle.h"

#define RULE_STEPS	16

/**
 * struct rule_case - requests one after the other, and how each ends
 * @desc: what it shows
 * @steps: "ok REQUEST", "in-use REQUEST", "einval REQUEST", or "drop N", which releases
 *	what step N, counted from 1, has reserved
 */
struct rule_case {
	const char	*desc;
	const char	*steps[RULE_STEPS];
};

static const struct rule_case rule_cases[] = {
	/* the worked cases of the share rule */
	{ "two addresses, then any", {
		"ok 8.8.8.8", "ok 8.8.8.9", "in-use 0.0.0.0", "in-use *", "ok ::" } },
	{ "two devices, then every device", {
		"ok 0.0.0.0 dev=1", "ok 0.0.0.0 dev=2", "in-use 0.0.0.0" } },
	{ "LB, LB, then plain", {
		"ok 0.0.0.0 LB", "ok 0.0.0.0 LB", "in-use 0.0.0.0" } },
	{ "MR LB, MR, then LB: no flag that all three have", {
		"ok 0.0.0.0 MR LB", "ok 0.0.0.0 MR", "in-use 0.0.0.0 LB" } },
	{ "dev1 LB, dev2 plain, then LB on every device", {
		"ok 0.0.0.0 dev=1 LB", "ok 0.0.0.0 dev=2", "in-use 0.0.0.0 LB" } },
	{ "tuple TO, wildcard TO, then a plain wildcard", {
		"ok 10.0.0.1 TO to=192.0.2.1 rport=9", "ok 0.0.0.0 TO", "in-use 0.0.0.0" } },
	{ "two full remotes, both plain", {
		"ok 10.0.0.1 to=192.0.2.1 rport=9", "ok 10.0.0.1 to=192.0.2.2 rport=9",
		"ok 10.0.0.1 to=192.0.2.1 rport=10", "in-use 10.0.0.1 to=192.0.2.1 rport=9" } },
	{ "TO, TO LB, then LB: judged all together, not pair by pair", {
		"ok 0.0.0.0 TO", "ok 0.0.0.0 TO LB", "in-use 0.0.0.0 LB" } },
	{ "dev1 MR, dev2 LB, then MR LB on every device", {
		"ok 0.0.0.0 dev=1 MR", "ok 0.0.0.0 dev=2 LB", "in-use 0.0.0.0 MR LB" } },
	{ "LB, then LB of another uid", {
		"ok 0.0.0.0 LB", "ok 0.0.0.0 LB alice2", "in-use 0.0.0.0 LB bob" } },

	/* what follows from families */
	{ "IPv6 alone and IPv4's any coexist", { "ok ::", "ok 0.0.0.0", "in-use *" } },
	{ "IPv4's any and IPv6 alone coexist", { "ok 0.0.0.0", "ok ::", "in-use *" } },
	{ "both families against every IPv4 address", {
		"ok *", "in-use 0.0.0.0", "in-use 10.0.0.1", "in-use ::ffff:10.0.0.1" } },
	{ "both families against every IPv6 address", {
		"ok *", "in-use ::", "in-use ::1", "in-use 2001:db8::1" } },
	{ "an IPv4 address, then both families", { "ok 10.0.0.1", "in-use *", "ok ::" } },
	{ "an IPv6 address, then both families", { "ok 2001:db8::1", "in-use *", "ok 0.0.0.0" } },
	{ "::1 and 0.0.0.0 coexist", { "ok ::1", "ok 0.0.0.0", "in-use ::" } },
	{ "eleven IPv6 addresses, then any", {
		"ok 2001:db8::1", "ok 2001:db8::2", "ok 2001:db8::3", "ok 2001:db8::4",
		"ok 2001:db8::5", "ok 2001:db8::6", "ok 2001:db8::7", "ok 2001:db8::8",
		"ok 2001:db8::9", "ok 2001:db8::a", "ok 2001:db8::b",
		"in-use ::", "in-use *", "ok 0.0.0.0" } },
	{ "an IPv4-mapped address is the IPv4 address", {
		"ok ::ffff:10.0.0.1", "in-use 10.0.0.1", "in-use 0.0.0.0", "ok ::",
		"ok 10.0.0.2" } },
	{ "the IPv4 address is the IPv4-mapped one", {
		"ok 10.0.0.1", "in-use ::ffff:10.0.0.1", "ok ::ffff:10.0.0.2" } },
	{ "IPv4-mapped any is IPv4's any", {
		"ok ::ffff:0.0.0.0", "in-use 10.0.0.1", "in-use 0.0.0.0", "ok ::" } },
	{ "IPv4-mapped remotes are IPv4 remotes", {
		"ok ::ffff:10.0.0.1 to=::ffff:192.0.2.1 rport=9",
		"in-use 10.0.0.1 to=192.0.2.1 rport=9", "ok 10.0.0.1 to=192.0.2.1 rport=10",
		"in-use ::ffff:10.0.0.1 to=::ffff:192.0.2.1 rport=10" } },
	{ "an address of one family doesn't meet one of the other", {
		"ok 10.0.0.1", "ok 2001:db8::1", "in-use 0.0.0.0", "in-use ::" } },
	{ "bytes of an IPv4 address in IPv6 are another address", {
		"ok 10.0.0.1", "ok a00:1::", "ok ::10.0.0.1" } },
	{ "both families LB, each family LB", {
		"ok * LB", "ok 0.0.0.0 LB", "ok :: LB", "in-use 0.0.0.0 MR", "ok * LB" } },
	{ "a flag for each family", {
		"ok 0.0.0.0 MR", "ok :: LB", "ok * MR LB", "in-use * MR", "in-use * LB",
		"ok 0.0.0.0 MR", "in-use 0.0.0.0 LB", "ok :: LB" } },
	{ "what both families share, each may narrow", {
		"ok * MR LB", "ok 0.0.0.0 LB", "ok :: MR", "in-use * LB", "in-use * MR",
		"in-use 0.0.0.0 MR", "in-use 2001:db8::1 LB", "ok 2001:db8::1 MR",
		"ok 10.0.0.1 LB" } },
	{ "both families twice, then one", { "ok * TO", "ok * TO", "in-use ::", "ok :: TO" } },

	/* addresses against any */
	{ "any, then an address", { "ok 0.0.0.0", "in-use 10.0.0.1", "ok 2001:db8::1" } },
	{ "an address twice", { "ok 10.0.0.1", "in-use 10.0.0.1", "in-use 10.0.0.1 alice2" } },
	{ "one's own are in the way like anybody's", {
		"ok 0.0.0.0", "in-use 0.0.0.0", "in-use 0.0.0.0 alice2", "in-use 0.0.0.0 bob" } },
	{ "each address by itself: a flag here, another there", {
		"ok 10.0.0.1 LB", "ok 10.0.0.2 MR", "ok 0.0.0.0 LB MR",
		"in-use 0.0.0.0 LB", "in-use 0.0.0.0 MR", "ok 10.0.0.1 LB", "ok 10.0.0.2 MR",
		"in-use 10.0.0.1 MR", "ok 10.0.0.3 TO LB" } },
	{ "one plain address among sharing ones", {
		"ok 10.0.0.1 LB", "ok 10.0.0.2", "in-use 0.0.0.0 LB", "drop 2", "ok 0.0.0.0 LB" } },
	{ "an address and any, LB on both", {
		"ok 10.0.0.1 LB", "ok 0.0.0.0 LB", "ok 10.0.0.1 LB", "ok 10.0.0.2 LB",
		"in-use 10.0.0.1", "in-use 10.0.0.3", "in-use 0.0.0.0 MR" } },
	{ "any narrows what an address may have", {
		"ok 10.0.0.1 LB MR", "ok 0.0.0.0 LB", "in-use 10.0.0.1 MR", "ok 10.0.0.1 LB" } },
	{ "an address narrows what any may have", {
		"ok 0.0.0.0 LB MR", "ok 10.0.0.1 LB", "in-use 0.0.0.0 MR", "ok 0.0.0.0 LB" } },
	{ "link-local addresses differ by device", {
		"ok fe80::1 dev=1", "ok fe80::1 dev=2", "in-use fe80::1 dev=1", "einval fe80::1",
		"ok :: dev=3", "in-use :: dev=2" } },

	/* protocols and ports */
	{ "protocols don't meet", {
		"ok 0.0.0.0", "ok 0.0.0.0 tcp", "ok 0.0.0.0 proto=132", "ok 0.0.0.0 proto=262",
		"ok 0.0.0.0 proto=6146", "ok 0.0.0.0 proto=0", "ok 0.0.0.0 proto=65535",
		"in-use 0.0.0.0 proto=262", "in-use 0.0.0.0 tcp", "in-use 0.0.0.0 proto=0" } },
	{ "ports don't meet", {
		"ok 0.0.0.0 port=80", "ok 0.0.0.0 port=81", "ok 0.0.0.0 port=1",
		"ok 0.0.0.0 port=65535", "ok 0.0.0.0 port=4176", "in-use 0.0.0.0 port=81",
		"in-use 10.0.0.1 port=4176", "in-use * port=65535" } },

	/* flags, in every order */
	{ "plain, then each flag", {
		"ok 10.0.0.1", "in-use 10.0.0.1 LB", "in-use 10.0.0.1 MR", "in-use 10.0.0.1 TO",
		"in-use 10.0.0.1 LB MR TO" } },
	{ "each flag by itself shares with itself alone", {
		"ok 10.0.0.1 LB", "in-use 10.0.0.1 MR", "in-use 10.0.0.1 TO",
		"in-use 10.0.0.1 MR TO", "ok 10.0.0.1 LB MR", "ok 10.0.0.1 LB TO" } },
	{ "three pairs of flags have none in common", {
		"ok 10.0.0.1 LB MR", "ok 10.0.0.1 MR TO", "in-use 10.0.0.1 LB TO",
		"ok 10.0.0.1 MR" } },
	{ "three pairs of flags, another order", {
		"ok 10.0.0.1 LB TO", "ok 10.0.0.1 LB MR", "in-use 10.0.0.1 MR TO",
		"ok 10.0.0.1 LB MR TO", "in-use 10.0.0.1 TO" } },
	{ "all flags, narrowed one by one", {
		"ok 10.0.0.1 LB MR TO", "ok 10.0.0.1 LB MR TO", "ok 10.0.0.1 MR TO",
		"in-use 10.0.0.1 LB", "ok 10.0.0.1 TO", "in-use 10.0.0.1 MR", "drop 5",
		"ok 10.0.0.1 MR", "drop 8", "drop 3", "ok 10.0.0.1 LB" } },
	{ "the narrowing one goes, the room comes back", {
		"ok 0.0.0.0 LB MR", "ok 0.0.0.0 LB", "in-use 0.0.0.0 MR", "drop 2",
		"ok 0.0.0.0 MR", "in-use 0.0.0.0 LB" } },

	/* uids */
	{ "LB and another flag, of two uids: the other flag counts", {
		"ok 0.0.0.0 LB MR", "ok 0.0.0.0 LB MR bob", "in-use 0.0.0.0 LB",
		"in-use 0.0.0.0 LB bob", "ok 0.0.0.0 MR", "drop 2", "drop 5", "ok 0.0.0.0 LB" } },
	{ "MR and TO count between uids", {
		"ok 10.0.0.1 MR", "ok 10.0.0.1 MR bob", "ok 10.0.0.2 TO bob", "ok 10.0.0.2 TO" } },
	{ "LB of two uids on two devices, then on every device", {
		"ok 0.0.0.0 dev=1 LB", "ok 0.0.0.0 dev=2 LB bob", "in-use 0.0.0.0 LB",
		"in-use 0.0.0.0 LB bob", "ok 0.0.0.0 dev=1 LB alice2", "drop 2",
		"ok 0.0.0.0 LB" } },
	{ "LB of two uids on two addresses, then on any", {
		"ok 10.0.0.1 LB", "ok 10.0.0.2 LB bob", "in-use 0.0.0.0 LB",
		"in-use 0.0.0.0 LB bob",
		"drop 2", "ok 0.0.0.0 LB alice2", "in-use 10.0.0.2 LB bob" } },
	{ "LB MR of two uids on two addresses, then on any", {
		"ok 10.0.0.1 LB MR", "ok 10.0.0.2 LB MR bob", "in-use 0.0.0.0 LB",
		"ok 0.0.0.0 LB MR", "in-use 10.0.0.2 LB bob", "in-use 10.0.0.3 LB bob",
		"ok 10.0.0.2 MR", "ok 10.0.0.1 LB", "in-use 10.0.0.1 MR" } },
	{ "LB of one uid on several addresses and any, then of another", {
		"ok 10.0.0.1 LB", "ok 10.0.0.2 LB alice2", "ok 0.0.0.0 LB", "ok 10.0.0.3 LB alice2",
		"in-use 10.0.0.1 LB bob", "in-use 10.0.0.4 LB bob", "ok 10.0.0.1 LB alice2" } },
	{ "LB of two uids meets in neither family", {
		"ok 0.0.0.0 LB", "ok :: LB bob", "in-use * LB", "in-use * LB bob" } },

	/* devices */
	{ "every device, then one", { "ok 0.0.0.0", "in-use 0.0.0.0 dev=1",
	  "in-use 10.0.0.1 dev=1" } },
	{ "devices on an address", {
		"ok 10.0.0.1 dev=1", "ok 10.0.0.1 dev=2", "in-use 10.0.0.1",
		"in-use 10.0.0.1 dev=2",
		"ok 10.0.0.1 dev=3", "ok 0.0.0.0 dev=4", "in-use 0.0.0.0 dev=3" } },
	{ "devices on any and on an address", {
		"ok 0.0.0.0 dev=1", "in-use 10.0.0.1 dev=1", "ok 10.0.0.1 dev=2",
		"in-use 0.0.0.0 dev=2", "in-use * dev=1", "ok :: dev=1", "in-use * dev=2",
		"ok * dev=3" } },
	{ "devices share where both flags and device meet", {
		"ok 10.0.0.1 dev=1 LB", "ok 10.0.0.1 dev=2 MR", "ok 10.0.0.1 dev=1 LB",
		"in-use 10.0.0.1 dev=2 LB", "ok 10.0.0.1 dev=2 MR LB", "in-use 10.0.0.1 LB MR" } },
	{ "every device LB, then devices", {
		"ok 0.0.0.0 LB", "ok 0.0.0.0 dev=1 LB", "ok 0.0.0.0 dev=2 LB MR",
		"in-use 0.0.0.0 dev=2 MR",
		"in-use 0.0.0.0 dev=1", "drop 1", "in-use 0.0.0.0 dev=2", "ok 0.0.0.0 dev=2 MR",
		"ok 0.0.0.0 dev=3" } },
	{ "a plain device among many LB ones", {
		"ok 0.0.0.0 dev=1 LB", "ok 0.0.0.0 dev=2 LB", "ok 0.0.0.0 dev=3",
		"ok 0.0.0.0 dev=4 LB",
		"in-use 0.0.0.0 LB", "ok 0.0.0.0 dev=4 LB", "drop 3", "ok 0.0.0.0 LB" } },
	{ "addresses with a device against any with a device", {
		"ok 10.0.0.1 dev=1", "ok 10.0.0.2 dev=2 LB", "ok 0.0.0.0 dev=2 LB",
		"in-use 0.0.0.0 dev=1 LB",
		"in-use 0.0.0.0 LB", "ok 0.0.0.0 dev=3" } },
	{ "the highest device is one like others", {
		"ok 0.0.0.0 dev=2147483647", "ok 0.0.0.0 dev=1",
		"in-use 0.0.0.0 dev=2147483647" } },

	/* remotes */
	{ "a plain wildcard holder blocks LB with a remote", {
		"ok 10.0.0.1", "in-use 10.0.0.1 LB to=192.0.2.1 rport=9",
		"in-use 10.0.0.1 LB to=192.0.2.1" } },
	{ "a plain holder with a remote blocks an LB wildcard", {
		"ok 10.0.0.1 to=192.0.2.1 rport=9", "in-use 10.0.0.1 LB", "in-use 0.0.0.0 LB" } },
	{ "LB with a remote, then a plain wildcard", {
		"ok 10.0.0.1 LB to=192.0.2.1 rport=9", "in-use 10.0.0.1", "ok 10.0.0.1 LB" } },
	{ "a remote address without a port is all its ports", {
		"ok 10.0.0.1 to=192.0.2.1", "in-use 10.0.0.1 to=192.0.2.1 rport=9",
		"in-use 10.0.0.1 to=192.0.2.1", "ok 10.0.0.1 to=192.0.2.2",
		"ok 10.0.0.1 to=192.0.2.3 rport=9", "in-use 10.0.0.1" } },
	{ "ports of a remote address, then all of them", {
		"ok 10.0.0.1 to=192.0.2.1 rport=9", "ok 10.0.0.1 to=192.0.2.1 rport=10",
		"in-use 10.0.0.1 to=192.0.2.1", "drop 1", "in-use 10.0.0.1 to=192.0.2.1", "drop 2",
		"ok 10.0.0.1 to=192.0.2.1" } },
	{ "a remote's ports share with all of them", {
		"ok 10.0.0.1 MR to=192.0.2.1", "ok 10.0.0.1 MR to=192.0.2.1 rport=9",
		"in-use 10.0.0.1 to=192.0.2.1 rport=9", "ok 10.0.0.1 MR to=192.0.2.1 rport=9",
		"in-use 10.0.0.1 LB to=192.0.2.1 rport=10", "ok 10.0.0.1 MR" } },
	{ "any with a remote against an address with it", {
		"ok 0.0.0.0 to=192.0.2.1 rport=9", "in-use 10.0.0.1 to=192.0.2.1 rport=9",
		"ok 10.0.0.1 to=192.0.2.1 rport=10", "in-use 10.0.0.1",
		"in-use 0.0.0.0 to=192.0.2.1 rport=10", "ok 0.0.0.0 to=192.0.2.2" } },
	{ "both families against a remote", {
		"ok 10.0.0.1 to=192.0.2.1 rport=9", "in-use *", "in-use * LB", "ok ::",
		"ok 10.0.0.1 to=192.0.2.2 rport=9" } },
	{ "IPv6 remotes", {
		"ok 2001:db8::1 to=2001:db8::f rport=9", "ok 2001:db8::1 to=2001:db8::f rport=10",
		"ok 2001:db8::1 to=2001:db8::e", "in-use 2001:db8::1 to=2001:db8::e rport=9",
		"in-use :: to=2001:db8::f", "ok :: to=2001:db8::d", "in-use 2001:db8::1" } },
	{ "device and remote together", {
		"ok 10.0.0.1 dev=1 to=192.0.2.1 rport=9", "ok 10.0.0.1 dev=2 to=192.0.2.1 rport=9",
		"in-use 10.0.0.1 to=192.0.2.1 rport=9", "ok 10.0.0.1 to=192.0.2.1 rport=10",
		"in-use 10.0.0.1 dev=1", "ok 10.0.0.1 dev=3 to=192.0.2.1 rport=9",
		"in-use 10.0.0.1 dev=3 to=192.0.2.1" } },
	{ "a device without a remote against a remote without a device", {
		"ok 10.0.0.1 dev=1", "in-use 10.0.0.1 to=192.0.2.1 rport=9",
		"ok 10.0.0.1 dev=2 to=192.0.2.1 rport=9", "drop 1",
		"in-use 10.0.0.1 to=192.0.2.1" } },
	{ "LB among full remotes is judged for each remote", {
		"ok 10.0.0.1 LB to=192.0.2.1 rport=9", "ok 10.0.0.1 to=192.0.2.2 rport=9",
		"ok 10.0.0.1 LB to=192.0.2.1 rport=9", "in-use 10.0.0.1 LB to=192.0.2.2 rport=9",
		"in-use 10.0.0.1 LB", "in-use 0.0.0.0 LB dev=1" } },
	{ "a wildcard TO with many tuples below", {
		"ok 0.0.0.0 TO", "ok 10.0.0.1 TO to=192.0.2.1 rport=9",
		"ok 10.0.0.1 TO to=192.0.2.1 rport=10", "ok 10.0.0.2 TO to=192.0.2.1 rport=9",
		"in-use 10.0.0.1 to=192.0.2.1 rport=11", "ok 10.0.0.1 TO",
		"ok 10.0.0.1 TO to=192.0.2.1 rport=9" } },

	/* accepted connections */
	{ "a tuple below the listener", {
		"ok 10.0.0.1", "ok 10.0.0.1 to=192.0.2.1 rport=9 tuple",
		"in-use 10.0.0.1 to=192.0.2.1 rport=9 tuple",
		"in-use 10.0.0.1 to=192.0.2.1 rport=10",
		"ok 10.0.0.1 to=192.0.2.1 rport=10 tuple" } },
	{ "a tuple below a wildcard listener of each kind", {
		"ok *", "ok 10.0.0.1 to=192.0.2.1 rport=9 tuple",
		"ok 2001:db8::1 to=2001:db8::f rport=9 tuple",
		"in-use ::ffff:10.0.0.1 to=::ffff:192.0.2.1 rport=9 tuple" } },
	{ "a tuple below somebody else's listener", {
		"ok 10.0.0.1 bob", "ok 10.0.0.1 to=192.0.2.1 rport=9 tuple",
		"in-use 10.0.0.1 to=192.0.2.1 rport=9 tuple bob" } },
	{ "a tuple outlives the listener and is in its way", {
		"ok 10.0.0.1", "ok 10.0.0.1 to=192.0.2.1 rport=9 tuple", "drop 1",
		"in-use 10.0.0.1",
		"in-use 0.0.0.0", "ok 10.0.0.1 to=192.0.2.1 rport=10", "drop 2", "in-use 10.0.0.1",
		"drop 6", "ok 10.0.0.1" } },
	{ "a tuple and an equal reservation", {
		"ok 10.0.0.1 to=192.0.2.1 rport=9", "in-use 10.0.0.1 to=192.0.2.1 rport=9 tuple",
		"drop 1", "ok 10.0.0.1 to=192.0.2.1 rport=9 tuple",
		"in-use 10.0.0.1 to=192.0.2.1 rport=9",
		"in-use 10.0.0.1 to=192.0.2.1" } },
	{ "equal tuples that share", {
		"ok 10.0.0.1 LB to=192.0.2.1 rport=9 tuple",
		"ok 10.0.0.1 LB to=192.0.2.1 rport=9 tuple",
		"in-use 10.0.0.1 LB to=192.0.2.1 rport=9 tuple bob",
		"in-use 10.0.0.1 to=192.0.2.1 rport=9 tuple" } },
	{ "a tuple among others of its address", {
		"ok 10.0.0.1 TO", "ok 10.0.0.1 TO", "ok 10.0.0.1 to=192.0.2.1 rport=9 tuple",
		"ok 10.0.0.2 to=192.0.2.1 rport=9 tuple", "in-use 10.0.0.1 TO", "drop 3",
		"ok 10.0.0.1 TO" } },
	{ "a tuple on a device, on another, on every one", {
		"ok 10.0.0.1 dev=1 to=192.0.2.1 rport=9 tuple",
		"ok 10.0.0.1 dev=2 to=192.0.2.1 rport=9 tuple",
		"in-use 10.0.0.1 to=192.0.2.1 rport=9 tuple",
		"in-use 10.0.0.1 dev=1 to=192.0.2.1 rport=9 tuple",
		"ok 10.0.0.1 to=192.0.2.1 rport=8 tuple" } },
	{ "a tuple below a remote without a port", {
		"ok 10.0.0.1 to=192.0.2.1", "ok 10.0.0.1 to=192.0.2.1 rport=9 tuple",
		"in-use 10.0.0.1 to=192.0.2.1 rport=8" } },
	{ "what a tuple needs", {
		"einval 0.0.0.0 to=192.0.2.1 rport=9 tuple", "einval 10.0.0.1 tuple",
		"einval 10.0.0.1 to=192.0.2.1 tuple",
		"einval 10.0.0.1 port=0 to=192.0.2.1 rport=9 tuple",
		"einval * tuple" } },

	/* release, and again */
	{ "released is free", { "ok 0.0.0.0", "drop 1", "ok 0.0.0.0", "drop 3", "ok *" } },
	{ "the last of several on a port", {
		"ok 10.0.0.1", "ok 10.0.0.2", "ok 10.0.0.3", "drop 1", "in-use 0.0.0.0", "drop 3",
		"in-use 0.0.0.0", "in-use 10.0.0.2", "drop 2", "ok 0.0.0.0" } },
	{ "one, two, one on an address, then any", {
		"ok 10.0.0.1 LB", "ok 10.0.0.1 LB", "drop 1", "in-use 0.0.0.0", "ok 10.0.0.1 LB",
		"drop 2",
		"drop 5", "ok 0.0.0.0" } },
	{ "one, two, one on any, then an address", {
		"ok 0.0.0.0 MR", "ok 0.0.0.0 MR", "ok :: MR", "drop 1", "in-use 10.0.0.1", "drop 2",
		"ok 10.0.0.1", "in-use *", "in-use * MR", "drop 7", "ok * MR" } },
	{ "sums go back with what goes", {
		"ok 10.0.0.1 LB MR", "ok 10.0.0.1 LB", "ok 10.0.0.2 MR TO", "ok 10.0.0.2 TO",
		"ok 0.0.0.0 LB TO", "in-use 0.0.0.0 TO", "drop 2", "in-use 0.0.0.0 MR", "drop 5",
		"in-use 0.0.0.0 MR", "drop 4", "ok 0.0.0.0 MR" } },
	{ "a tuple and a wildcard change places", {
		"ok 10.0.0.1 TO to=192.0.2.1 rport=9", "ok 10.0.0.1 TO", "drop 1",
		"in-use 10.0.0.1 to=192.0.2.1 rport=9", "ok 10.0.0.1 TO to=192.0.2.1 rport=9",
		"drop 2",
		"in-use 10.0.0.1 to=192.0.2.1 rport=9", "ok 10.0.0.1 to=192.0.2.2 rport=9" } },
};

KUNIT_ARRAY_PARAM_DESC(rule, rule_cases, desc);

static const struct {
	const char	*word;
	int		err;
} rule_ends[] = {
	{ "ok ", 0 },
	{ "in-use ", -EADDRINUSE },
	{ "einval ", -EINVAL },
};

/* "drop N": N - 1, or -1 if the step is another. */
static int rule_drops(const char *step)
{
	unsigned int n;

	return sscanf(step, "drop %u", &n) == 1 ? n - 1 : -1;
}

static int rule_parse(struct kunit *test, const char *step, struct kit_req *r)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rule_ends); i++) {
		if (!strstarts(step, rule_ends[i].word))
			continue;
		kit_parse(test, step + strlen(rule_ends[i].word), r);
		return rule_ends[i].err;
	}
	KUNIT_FAIL_AND_ABORT(test, "no step: %s\n", step);
	return 0;
}

static unsigned int rule_uid(const struct kit_req *r)
{
	return __kuid_val(kit_uid(r->who));
}

static struct oracle *rule_oracle(struct kunit *test)
{
	struct oracle *o = kunit_kzalloc(test, sizeof(*o), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, o);
	return o;
}

static void rule_oracle_drop(struct oracle *o, u64 token)
{
	unsigned int i;

	for (i = 0; i < o->n; i++)
		if (o->held[i].token == token)
			break;
	oracle_del(o, i);
}

/* Each step ends as written; the oracle says so too. */
static void rule__as_written(struct kunit *test)
{
	const struct rule_case *c = test->param_value;
	struct oracle *o = rule_oracle(test);
	struct kit_req r[RULE_STEPS];
	int i, drop, err, end;
	bool free;

	for (i = 0; i < RULE_STEPS && c->steps[i]; i++) {
		drop = rule_drops(c->steps[i]);
		if (drop >= 0) {
			KUNIT_ASSERT_LT(test, drop, i);
			kit_release(test, &r[drop]);
			rule_oracle_drop(o, r[drop].req.token);
			continue;
		}
		end = rule_parse(test, c->steps[i], &r[i]);
		if (end != -EINVAL)
			KUNIT_EXPECT_EQ_MSG(test, oracle_verdict(o, &r[i].req, rule_uid(&r[i]),
								 &free),
					    end, "oracle, step %d: %s", i + 1, c->steps[i]);
		KUNIT_EXPECT_EQ_MSG(test, kit_available(test, &r[i]), end,
				    "available, step %d: %s", i + 1, c->steps[i]);
		err = kit_reserve(test, &r[i], GFP_KERNEL);
		KUNIT_ASSERT_EQ_MSG(test, err, end, "step %d: %s", i + 1, c->steps[i]);
		if (!err)
			oracle_add(o, &r[i].req, rule_uid(&r[i]));
	}
}

/* The requests of a case, in any order */

/**
 * struct rule_mix - the well-formed requests of a case
 * @n: how many
 * @r: they
 * @order: in which order they are made
 * @o: the oracle
 */
struct rule_mix {
	unsigned int	n;
	struct kit_req	r[RULE_STEPS];
	unsigned int	order[RULE_STEPS];
	struct oracle	o;
};

static struct rule_mix *rule_mix(struct kunit *test)
{
	const struct rule_case *c = test->param_value;
	struct rule_mix *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, m);
	for (i = 0; i < RULE_STEPS && c->steps[i]; i++) {
		if (rule_drops(c->steps[i]) >= 0 ||
		    rule_parse(test, c->steps[i], &m->r[m->n]) == -EINVAL)
			continue;
		m->order[m->n] = m->n;
		m->n++;
	}
	return m;
}

static void rule_expect_available(struct kunit *test, struct rule_mix *m, const char *when)
{
	unsigned int i;
	bool free;

	for (i = 0; i < m->n; i++)
		KUNIT_EXPECT_EQ_MSG(test, kit_available(test, &m->r[i]),
				    oracle_verdict(&m->o, &m->r[i].req, rule_uid(&m->r[i]), &free),
				    "request %u, %s", i, when);
}

/* All in this order, then what is held goes in another, with a look at all each time. */
static void rule_run(struct kunit *test, struct rule_mix *m, struct rnd_state *rnd)
{
	unsigned int i, out[RULE_STEPS];
	struct kit_req *r;
	bool free;
	int err;

	for (i = 0; i < m->n; i++) {
		r = &m->r[m->order[i]];
		err = oracle_verdict(&m->o, &r->req, rule_uid(r), &free);
		KUNIT_ASSERT_EQ_MSG(test, kit_reserve(test, r, GFP_KERNEL), err,
				    "request %u as number %u", m->order[i], i);
		if (err)
			continue;
		oracle_add(&m->o, &r->req, rule_uid(r))->who = r->who;
	}
	rule_expect_available(test, m, "all there");
	while (m->o.n) {
		for (i = 0; i < m->o.n; i++)
			out[i] = i;
		kit_shuffle(rnd, out, m->o.n);
		KUNIT_ASSERT_EQ(test, netport_release(kit_owner(test, m->o.held[out[0]].who),
						      m->o.held[out[0]].token), 0);
		oracle_del(&m->o, out[0]);
		rule_expect_available(test, m, "one gone");
	}
}

/* The next permutation; false after the last. */
static bool rule_permute(unsigned int *a, unsigned int n)
{
	unsigned int i, j;

	if (n < 2)
		return false;
	for (i = n - 1; i && a[i - 1] > a[i]; i--)
		;
	if (!i)
		return false;
	for (j = n - 1; a[j] < a[i - 1]; j--)
		;
	swap(a[i - 1], a[j]);
	for (j = n - 1; i < j; i++, j--)
		swap(a[i], a[j]);
	return true;
}

#define RULE_PERMUTED	4	/* so many requests are tried in each order */
#define RULE_SHUFFLES	16	/* more are tried in so many orders */

static void rule__in_any_order(struct kunit *test)
{
	struct rule_mix *m = rule_mix(test);
	struct rnd_state rnd;
	unsigned int i;

	prandom_seed_state(&rnd, 1);
	if (m->n <= RULE_PERMUTED) {
		do
			rule_run(test, m, &rnd);
		while (rule_permute(m->order, m->n));
		return;
	}
	for (i = 0; i < RULE_SHUFFLES; i++) {
		rule_run(test, m, &rnd);
		kit_shuffle(&rnd, m->order, m->n);
	}
}

/* Random walks */

/*
 * Few addresses, devices, remotes and ports, so that there is always something in the
 * way, and phases in which most of those who come have something in common, so that
 * many come together.
 */
#define RULE_WALK	1500
#define RULE_PHASE	100

static const char * const rule_locals[] = {
	"*", "0.0.0.0", "::", "10.0.0.1", "10.0.0.2", "10.0.0.3",
	"2001:db8::1", "2001:db8::2", "2001:db8::3", "::ffff:10.0.0.1",
};

static const char * const rule_remotes[2][5] = {
	{ "to=192.0.2.1", "to=192.0.2.1 rport=1", "to=192.0.2.1 rport=2", "to=192.0.2.2 rport=1",
	  "to=192.0.2.2" },
	{ "to=2001:db8::f1", "to=2001:db8::f1 rport=1", "to=2001:db8::f1 rport=2",
	  "to=2001:db8::f2 rport=1", "to=2001:db8::f2" },
};

static const char * const rule_shares[] = {
	"", "LB", "MR", "LB MR", "TO", "LB TO", "MR TO", "LB MR TO",
};

static const char * const rule_whos[] = { "alice", "alice2", "bob" };

/**
 * struct rule_walk - a random walk
 * @rnd: chance
 * @o: what is held
 * @share: the flags that most requests of this phase have
 * @narrow: percentage of those with a device, and of those with a remote
 * @text: the last request
 */
struct rule_walk {
	struct rnd_state	rnd;
	struct oracle		o;
	unsigned int		share;
	unsigned int		narrow;
	char			text[96];
};

static bool rule_chance(struct rule_walk *w, unsigned int percent)
{
	return kit_random(&w->rnd, 100) < percent;
}

/* A request, with a port or without. */
static void rule_walk_request(struct kunit *test, struct rule_walk *w, struct kit_req *r,
			      bool pick)
{
	unsigned int local = kit_random(&w->rnd, ARRAY_SIZE(rule_locals));
	unsigned int share = kit_random(&w->rnd, ARRAY_SIZE(rule_shares));
	bool v6 = local == 2 || (local > 5 && local < 9);
	const char *remote = "", *tuple = "";
	char port[24] = "port=0 low=80 high=81";
	unsigned int device = 0;

	if (rule_chance(w, 80))
		share = w->share | (rule_chance(w, 30) ? share : 0);
	if (rule_chance(w, w->narrow))
		device = kit_random(&w->rnd, 3);
	/* None for both families, and none in this notation for the IPv4-mapped. */
	if (local != 0 && local != 9 && rule_chance(w, w->narrow))
		remote = rule_remotes[v6][kit_random(&w->rnd, ARRAY_SIZE(rule_remotes[v6]))];
	if (!pick)
		scnprintf(port, sizeof(port), "port=%u", 80 + kit_random(&w->rnd, 2));
	if (!pick && local > 2 && strstr(remote, "rport") && rule_chance(w, 30))
		tuple = "tuple";
	scnprintf(w->text, sizeof(w->text), "%s %s %s dev=%u %s %s %s %s", rule_locals[local], port,
		  rule_shares[share], device, remote, rule_chance(w, 30) ? "tcp" : "",
		  rule_whos[kit_random(&w->rnd, ARRAY_SIZE(rule_whos))], tuple);
	kit_parse(test, w->text, r);
}

static void rule_walk_add(struct rule_walk *w, const struct kit_req *r)
{
	oracle_add(&w->o, &r->req, rule_uid(r))->who = r->who;
}

static void rule_walk_reserve(struct kunit *test, struct rule_walk *w)
{
	struct kit_req r;
	bool free;
	int err;

	rule_walk_request(test, w, &r, false);
	err = oracle_verdict(&w->o, &r.req, rule_uid(&r), &free);
	KUNIT_ASSERT_EQ_MSG(test, kit_available(test, &r), err, "available %s", w->text);
	KUNIT_ASSERT_EQ_MSG(test, kit_reserve(test, &r, GFP_KERNEL), err, "reserve %s", w->text);
	if (!err)
		rule_walk_add(w, &r);
}

/* How good is a port to one who picks?  2: free, 1: can be shared, 0: not at all. */
static int rule_port_grade(struct rule_walk *w, const struct kit_req *r, u16 port)
{
	struct kit_req asked = *r;
	bool free;

	asked.req.binding.port = port;
	if (oracle_verdict(&w->o, &asked.req, rule_uid(r), &free))
		return 0;
	if (free)
		return 2;
	return r->req.binding.protocol != IPPROTO_TCP;
}

static void rule_walk_pick(struct kunit *test, struct rule_walk *w)
{
	int grade, best, err;
	struct kit_req r;

	rule_walk_request(test, w, &r, true);
	best = max(rule_port_grade(w, &r, 80), rule_port_grade(w, &r, 81));
	err = best ? 0 : -EADDRNOTAVAIL;
	KUNIT_ASSERT_EQ_MSG(test, kit_available(test, &r), err, "available %s", w->text);
	KUNIT_ASSERT_EQ_MSG(test, kit_reserve(test, &r, GFP_KERNEL), err, "pick %s", w->text);
	if (err)
		return;
	grade = rule_port_grade(w, &r, r.req.binding.port);
	rule_walk_add(w, &r);
	KUNIT_ASSERT_EQ_MSG(test, grade, best, "picked %u for %s", r.req.binding.port, w->text);
}

static bool rule_equal(const struct oracle_entry *a, const struct oracle_entry *b)
{
	return a->who == b->who && a->options == b->options && !memcmp(&a->b, &b->b, sizeof(a->b));
}

/* After a release by what was reserved: of all equal ones, one has to be gone. */
static void rule_walk_gone(struct kunit *test, struct rule_walk *w, const struct oracle_entry *e)
{
	unsigned int i, gone = 0;

	for (i = 0; i < w->o.n; i++) {
		if (!rule_equal(&w->o.held[i], e) ||
		    kit_alive(test, e->who, w->o.held[i].token))
			continue;
		oracle_del(&w->o, i--);
		gone++;
	}
	KUNIT_ASSERT_EQ(test, gone, 1);
}

static bool rule_holds(const struct oracle *o, const struct oracle_entry *e)
{
	unsigned int i;

	for (i = 0; i < o->n; i++)
		if (rule_equal(&o->held[i], e))
			return true;
	return false;
}

/* By token, or by what was reserved; with wrong flags that is nobody's. */
static void rule_walk_release(struct kunit *test, struct rule_walk *w)
{
	unsigned int i = kit_random(&w->rnd, w->o.n);
	struct oracle_entry e = w->o.held[i], wrong = e;
	struct netport_owner *owner = kit_owner(test, e.who);

	if (rule_chance(w, 50)) {
		KUNIT_ASSERT_EQ(test, netport_release(owner, e.token), 0);
		oracle_del(&w->o, i);
		return;
	}
	wrong.b.share ^= NETPORT_SHARE_MOST_RECENT;
	if (!rule_holds(&w->o, &wrong))
		KUNIT_ASSERT_EQ(test, netport_release_binding(owner, &wrong.b, e.options),
				-ENOENT);
	KUNIT_ASSERT_EQ(test, netport_release_binding(owner, &e.b, e.options), 0);
	rule_walk_gone(test, w, &e);
}

static void rule__random_walk(struct kunit *test)
{
	struct rule_walk *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	unsigned int seed = *(const unsigned int *)test->param_value;
	unsigned int step;

	KUNIT_ASSERT_NOT_NULL(test, w);
	prandom_seed_state(&w->rnd, seed);
	for (step = 0; step < RULE_WALK; step++) {
		if (step % RULE_PHASE == 0) {
			w->share = kit_random(&w->rnd, ARRAY_SIZE(rule_shares));
			w->narrow = kit_random(&w->rnd, 4) * 33;
		}
		if (w->o.n && (w->o.n == ORACLE_MAX || rule_chance(w, 35)))
			rule_walk_release(test, w);
		else if (rule_chance(w, 20))
			rule_walk_pick(test, w);
		else
			rule_walk_reserve(test, w);
		KUNIT_ASSERT_EQ_MSG(test, kit_held(test), w->o.n, "seed %u step %u", seed, step);
	}
	while (w->o.n)
		rule_walk_release(test, w);
}

static const unsigned int rule_seeds[] = { 1, 2, 3, 4, 5 };

static void rule_seed_desc(const unsigned int *seed, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "seed %u", *seed);
}

KUNIT_ARRAY_PARAM(rule_seed, rule_seeds, rule_seed_desc);

static struct kunit_case rule_test_cases[] = {
	KUNIT_CASE_PARAM(rule__as_written, rule_gen_params),
	KUNIT_CASE_PARAM(rule__in_any_order, rule_gen_params),
	KUNIT_CASE_PARAM(rule__random_walk, rule_seed_gen_params),
	{}
};

static struct kunit_suite rule_test_suite = {
	.name = "netport_rule",
	.init = kit_init,
	.exit = kit_exit,
	.test_cases = rule_test_cases,
};

kunit_test_suite(rule_test_suite);
