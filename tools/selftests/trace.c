// SPDX-License-Identifier: GPL-2.0
/*
 * trace - what the tracepoints tell, for every way in which a reservation comes, changes and
 * goes, a request is refused, waits, or a hold begins and ends; and that as much is counted.
 */
#include "look.h"

#include <linux/netport.h>

/* Nobody else in the machine has this. */
#define UID	31311

FIXTURE(trace) {
	int fd;
	int other;
	__u64 id;
	__u64 other_id;
	__u64 token;
	struct events *l;
};

FIXTURE_SETUP(trace)
{
	keep_netns();
	self->l = calloc(1, sizeof(*self->l));
	ASSERT_NE(NULL, self->l);
	watch(self->l);
	self->fd = owner();
	self->other = owner_as(UID);
	self->id = info(self->fd).owner;
	self->other_id = info(self->other).owner;
}

FIXTURE_TEARDOWN_PARENT(trace)
{
	unwatch();
	restore_limits();
}

#define NEXT(name, ...)	ASSERT_TRUE(next_is(self->l, name, __VA_ARGS__))

/* Nothing else has happened, and what has is what was counted. */
#define END(_made, _gone) do {						\
	ASSERT_TRUE(no_more(self->l));					\
	EXPECT_EQ(_made, counter("Reserved"));				\
	EXPECT_EQ(_gone, counter("Released"));				\
	EXPECT_EQ((_made) - (_gone), counter("Held"));			\
	EXPECT_EQ(_made, events_of(self->l, "reserve", "how=new") +	\
			 events_of(self->l, "reserve", "how=extend") +	\
			 events_of(self->l, "reserve", "how=rebind"));	\
	EXPECT_EQ(_gone, events_of(self->l, "release", ""));		\
	EXPECT_EQ(events_of(self->l, "pick", ""), counter("Picked"));	\
	EXPECT_EQ(events_of(self->l, "refuse", "error=-98"), counter("RefusedInUse"));	\
	EXPECT_EQ(events_of(self->l, "refuse", "error=-99"), counter("RefusedNoPort"));	\
	EXPECT_EQ(events_of(self->l, "refuse", "error=-122"), counter("RefusedLimit"));	\
	EXPECT_EQ(events_of(self->l, "refuse", "error=-13") +		\
		  events_of(self->l, "refuse", "error=-1"), counter("RefusedAccess"));	\
	EXPECT_EQ(events_of(self->l, "wait", "outcome=begin"), counter("Queued"));	\
	EXPECT_EQ(events_of(self->l, "wait", "outcome=granted"), counter("Served"));	\
	EXPECT_EQ(events_of(self->l, "wait", ""),			\
		  counter("Queued") + counter("Served") + counter("GaveUp"));		\
	EXPECT_EQ(events_of(self->l, "hold", "ms=0"), counter("HoldsEnded"));		\
	EXPECT_EQ(events_of(self->l, "hold", ""),			\
		  counter("Holds") + counter("HoldsEnded"));		\
	EXPECT_EQ(events_of(self->l, "reserve", "how=transfer") +	\
		  events_of(self->l, "reserve", "how=adopt"), counter("Moved"));	\
} while (0)

/* what a binding is */

TEST_F(trace, nothing)
{
	ASSERT_EQ(0, available(self->fd, "tcp 4 10.0.0.1:80"));
	ASSERT_EQ(ENOENT, release(self->fd, 1 << 16 | 80));
	ASSERT_EQ(EINVAL, reserve(self->fd, "tcp 6 [fe80::1]:80"));
	EXPECT_EQ(0, counter("Charged"));
	EXPECT_EQ(0, counter("Waiting"));
	EXPECT_EQ(0, counter("OnHold"));
	END(0, 0);
}

TEST_F(trace, bindings)
{
	static const struct {
		const char *text, *words;
	} as[] = {
		{ "tcp 4 10.0.0.1:80",
		  "families=4 addr=::ffff:10.0.0.1 remote=::ffff:0.0.0.0 remote_port=0 share=" },
		{ "udp 4 *:65535 LB|MR",
		  "protocol=17 families=4 addr=::ffff:0.0.0.0 port=65535 share=lb|mr" },
		{ "65535 46 *:1 %7 TO",
		  "protocol=65535 families=46 addr=:: port=1 remote=:: ifindex=7 share=to" },
		{ "sctp 6 [2001:db8::1]:9 >[2001:db8::2]:0",
		  "families=6 addr=2001:db8::1 port=9 remote=2001:db8::2 remote_port=0" },
		{ "tcp 6 [::ffff:10.0.0.2]:81 >[::ffff:10.0.0.3]:7",
		  "families=4 addr=::ffff:10.0.0.2 port=81 remote=::ffff:10.0.0.3 remote_port=7" },
		{ "tcp 6 *:82", "families=6 addr=:: remote=:: port=82" },
	};
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(as); n++) {
		ASSERT_EQ(0, reserve_token(self->fd, as[n].text, &self->token));
		NEXT("reserve", "%s token=%llu owner=%llu uid=0 how=new", as[n].words,
		     self->token, self->id);
		ASSERT_EQ(0, n % 2 ? release(self->fd, self->token) :
				     release_key(self->fd, as[n].text));
		NEXT("release", "%s token=%llu owner=%llu uid=0 why=call", as[n].words,
		     self->token, self->id);
	}
	END(n, n);
}

TEST_F(trace, of_another_uid)
{
	ASSERT_EQ(0, reserve_token(self->other, "tcp 4 *:80", &self->token));
	NEXT("reserve", "port=80 token=%llu owner=%llu uid=%u how=new", self->token,
	     self->other_id, UID);
	close(self->other);
	NEXT("release", "port=80 token=%llu owner=%llu uid=%u why=close", self->token,
	     self->other_id, UID);
	END(1, 1);
}

/* ways to come and to go */

TEST_F(trace, picks)
{
	unsigned int port;

	ASSERT_EQ(0, pick(self->fd, "tcp 4 10.0.0.1:0 =40000-40000", &port));
	NEXT("reserve", "port=40000 how=new");
	NEXT("pick", "port=40000 addr=::ffff:10.0.0.1 owner=%llu probes=1", self->id);
	ASSERT_EQ(EADDRNOTAVAIL, pick(self->fd, "tcp 4 10.0.0.1:0 =40000-40000", &port));
	NEXT("refuse", "port=0 error=-99 by_token=0 by_owner=0");
	/* Both ports are looked at: one that can't be shared, and one that can. */
	ASSERT_EQ(0, reserve(self->fd, "udp 4 *:40001 LB"));
	NEXT("reserve", "port=40001 share=lb");
	ASSERT_EQ(0, reserve(self->fd, "udp 4 *:40000"));
	NEXT("reserve", "port=40000");
	ASSERT_EQ(0, pick(self->fd, "udp 4 *:0 =40000-40001 LB", &port));
	NEXT("reserve", "port=40001 share=lb");
	NEXT("pick", "port=40001");
	ASSERT_EQ(0, ask_set(self->fd, "udp 4 *:0 =50000-50000,tcp 4 *:0", 0, &self->token));
	NEXT("reserve", "port=50000 protocol=17 token=%llu", self->token);
	NEXT("reserve", "port=50000 protocol=6 token=%llu", self->token);
	NEXT("pick", "port=50000 protocol=17 token=%llu probes=1", self->token);
	END(6, 0);
	EXPECT_GE(4, counter("Probes"));
	EXPECT_LE(3, counter("Probes"));
}

TEST_F(trace, sets)
{
	ASSERT_EQ(0, ask_set(self->fd, "tcp 4 *:80,udp 4 *:80,tcp 6 *:80", 0, &self->token));
	NEXT("reserve", "protocol=6 families=4 token=%llu", self->token);
	NEXT("reserve", "protocol=17 families=4 token=%llu", self->token);
	NEXT("reserve", "protocol=6 families=6 token=%llu", self->token);
	ASSERT_EQ(0, change(self->fd, NETPORT_IOC_EXTEND, self->token, "sctp 4 *:0", 0));
	NEXT("reserve", "protocol=132 port=80 token=%llu how=extend", self->token);
	ASSERT_EQ(0, change(self->fd, NETPORT_IOC_REBIND, self->token, "udp 4 10.0.0.1:81", 0));
	NEXT("release", "protocol=6 families=4 port=80 token=%llu why=rebind", self->token);
	NEXT("release", "protocol=17 port=80 why=rebind");
	NEXT("release", "protocol=6 families=6 port=80 why=rebind");
	NEXT("release", "protocol=132 port=80 why=rebind");
	NEXT("reserve", "protocol=17 addr=::ffff:10.0.0.1 port=81 token=%llu how=rebind",
	     self->token);
	ASSERT_EQ(0, change(self->fd, NETPORT_IOC_REBIND, self->token,
			    "udp 4 10.0.0.1:0 =82-82", 0));
	NEXT("release", "port=81 why=rebind");
	NEXT("reserve", "port=82 how=rebind");
	NEXT("pick", "port=82 token=%llu probes=1", self->token);
	ASSERT_EQ(0, release(self->fd, self->token));
	NEXT("release", "port=82 token=%llu why=call", self->token);
	END(6, 6);
}

TEST_F(trace, blocks)
{
	unsigned int i;

	/* The last port is in the way. */
	ASSERT_EQ(0, reserve(self->other, "tcp 4 *:83"));
	NEXT("reserve", "port=83");
	ASSERT_EQ(EADDRINUSE, ask_block(self->fd, "tcp 4 *:80", 4, &self->token));
	NEXT("refuse", "port=83 error=-98 owner=%llu by_owner=%llu by_uid=%u", self->id,
	     self->other_id, UID);
	ASSERT_EQ(0, ask_block(self->fd, "tcp 4 *:79", 4, &self->token));
	for (i = 79; i < 83; i++)
		NEXT("reserve", "port=%u token=%llu how=new", i, self->token);
	ASSERT_EQ(0, command(self->fd, NETPORT_IOC_RELEASE,
			     &(struct netport_release){ .token = self->token, .port = 80,
							.count = 2 }));
	NEXT("release", "port=80 token=%llu owner=%llu why=part", self->token, self->id);
	NEXT("release", "port=81 why=part");
	ASSERT_EQ(0, command(self->fd, NETPORT_IOC_RELEASE,
			     &(struct netport_release){ .token = self->token, .port = 79,
							.count = 1 }));
	NEXT("release", "port=79 why=part");
	ASSERT_EQ(0, command(self->fd, NETPORT_IOC_RELEASE,
			     &(struct netport_release){ .token = self->token, .port = 82,
							.count = 1 }));
	NEXT("release", "port=82 token=%llu why=part", self->token);
	END(5, 4);
}

TEST_F(trace, batches)
{
	struct netport_reserve r[2] = { request("tcp 4 *:80"), request("tcp 4 *:81") };
	struct netport_batch b = { .requests = (uintptr_t)r, .count = 2, .size = sizeof(r[0]) };
	__u64 names[2];
	struct netport_tokens t = { .tokens = (uintptr_t)names, .count = 2 };

	ASSERT_EQ(0, command(self->fd, NETPORT_IOC_BATCH, &b));
	NEXT("reserve", "port=80 token=%llu", r[0].token);
	NEXT("reserve", "port=81 token=%llu", r[1].token);
	names[0] = r[0].token;
	names[1] = r[1].token;
	ASSERT_EQ(0, command(self->fd, NETPORT_IOC_RELEASE_BATCH, &t));
	NEXT("release", "port=80 why=call");
	NEXT("release", "port=81 why=call");
	/* What can't be had takes the rest with it. */
	ASSERT_EQ(0, reserve(self->other, "tcp 4 *:81"));
	NEXT("reserve", "port=81");
	ASSERT_EQ(EADDRINUSE, command(self->fd, NETPORT_IOC_BATCH, &b));
	NEXT("reserve", "port=80");
	NEXT("refuse", "port=81 error=-98 by_owner=%llu", self->other_id);
	NEXT("release", "port=80 why=call");
	END(4, 3);
}

TEST_F(trace, candidates)
{
	struct netport_candidate c = candidate_request("tcp 4 *:0 =40000-40001");
	__u64 first;

	ASSERT_EQ(0, candidate(self->fd, &c));
	first = c.reserve.token;
	NEXT("reserve", "token=%llu state=candidate how=new", first);
	NEXT("pick", "token=%llu", first);
	ASSERT_EQ(0, candidate(self->fd, &c));
	NEXT("reserve", "token=%llu state=candidate how=new", c.reserve.token);
	NEXT("pick", "token=%llu", c.reserve.token);
	NEXT("release", "token=%llu state=candidate why=decline", first);
	ASSERT_EQ(EADDRNOTAVAIL, candidate(self->fd, &c));
	NEXT("refuse", "port=0 error=-99");
	ASSERT_EQ(0, accept_token(self->fd, c.reserve.token));
	NEXT("reserve", "token=%llu state= how=accept", c.reserve.token);
	END(2, 1);
}

/* Many at once; those behind one that outlives it, and that itself. */
TEST_F(trace, the_end_of_an_owner)
{
	char text[96];
	unsigned int i;

	for (i = 0; i < 40; i++) {
		snprintf(text, sizeof(text), "tcp 4 *:%u", 1000 + i);
		ASSERT_EQ(0, reserve(self->fd, text));
		NEXT("reserve", "port=%u", 1000 + i);
	}
	ASSERT_EQ(0, ask_with(self->fd, "tcp 4 *:2000", PERSISTENT, &self->token));
	NEXT("reserve", "port=2000 how=new");
	ASSERT_EQ(0, ask_set(self->fd, "tcp 4 *:2001,udp 4 *:2001", 0, NULL));
	NEXT("reserve", "port=2001 protocol=6");
	NEXT("reserve", "port=2001 protocol=17");
	close(self->fd);
	/* In whatever order. */
	events_read(self->l);
	ASSERT_EQ(self->l->seen + 43, self->l->n);
	self->l->seen = self->l->n;
	for (i = 0; i < 40; i++) {
		snprintf(text, sizeof(text), "port=%u owner=%llu why=close", 1000 + i, self->id);
		EXPECT_EQ(1, events_of(self->l, "release", text)) TH_LOG("%s", text);
	}
	snprintf(text, sizeof(text), "port=2000 token=%llu owner=%llu state=orphan how=orphan",
		 self->token, self->id);
	EXPECT_EQ(1, events_of(self->l, "reserve", text));
	EXPECT_EQ(1, events_of(self->l, "release", "port=2001 protocol=6 why=close"));
	EXPECT_EQ(1, events_of(self->l, "release", "port=2001 protocol=17 why=close"));
	END(43, 42);

	self->fd = owner();
	ASSERT_EQ(0, adopt(self->fd, self->token));
	NEXT("reserve", "port=2000 token=%llu owner=%llu how=adopt", self->token,
	     info(self->fd).owner);
	close(self->fd);
	NEXT("reserve", "port=2000 state=orphan how=orphan");
	self->fd = owner();
	ASSERT_EQ(0, release(self->fd, self->token));
	NEXT("release", "port=2000 token=%llu state=orphan why=admin", self->token);
	END(43, 43);
}

TEST_F(trace, transfer)
{
	ASSERT_EQ(0, ask_set(self->fd, "tcp 4 *:80,udp 4 *:80", 0, &self->token));
	NEXT("reserve", "protocol=6");
	NEXT("reserve", "protocol=17");
	ASSERT_EQ(0, transfer(self->fd, self->token, self->other));
	NEXT("reserve", "protocol=6 token=%llu owner=%llu uid=%u how=transfer", self->token,
	     self->other_id, UID);
	NEXT("reserve", "protocol=17 owner=%llu how=transfer", self->other_id);
	set_limit(PER_OWNER, 1);
	ASSERT_EQ(EDQUOT, transfer(self->other, self->token, self->fd));
	NEXT("refuse", "token=%llu owner=%llu uid=0 error=-122", self->token, self->id);
	END(2, 0);
	EXPECT_EQ(2, counter("Moved"));
}

TEST_F(trace, the_end_of_a_namespace)
{
	int back = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	unsigned int before = self->l->netns, low, high;

	/* Of a namespace that is left, and goes with this process's last reference to it. */
	close(new_netns());
	self->l->netns = netns_number();
	self->fd = owner();
	ASSERT_EQ(0, reserve_token(self->fd, "tcp 4 *:80", &self->token));
	ASSERT_EQ(0, setns(back, CLONE_NEWNET));
	ASSERT_NE(before, self->l->netns);
	NEXT("reserve", "port=80");
	ASSERT_TRUE(AWAIT(get_range(self->fd, &low, &high) == ENETDOWN));
	ASSERT_TRUE(AWAIT((events_read(self->l), self->l->n == self->l->seen + 1)));
	NEXT("release", "port=80 token=%llu why=netns", self->token);
	close(self->fd);
	EXPECT_TRUE(no_more(self->l));
}

/* refusals */

TEST_F(trace, who_is_in_the_way)
{
	struct set s;
	__u64 t2;

	ASSERT_EQ(0, reserve_token(self->other, "tcp 4 10.0.0.1:80", &self->token));
	ASSERT_EQ(0, reserve_token(self->fd, "tcp 4 10.0.0.2:80", &t2));
	NEXT("reserve", "port=80");
	NEXT("reserve", "port=80");
	ASSERT_EQ(EADDRINUSE, reserve(self->fd, "tcp 4 10.0.0.1:80"));
	NEXT("refuse", "port=80 owner=%llu uid=0 token=0 by_token=%llu by_owner=%llu by_uid=%u",
	     self->id, self->token, self->other_id, UID);
	ASSERT_EQ(EADDRINUSE, ask_set(self->fd, "tcp 4 10.0.0.3:80,tcp 4 10.0.0.1:80", 0, NULL));
	NEXT("refuse", "addr=::ffff:10.0.0.1 port=80 error=-98 by_token=%llu", self->token);
	ASSERT_EQ(EADDRINUSE, change(self->fd, NETPORT_IOC_EXTEND, t2, "tcp 4 10.0.0.1:0", 0));
	NEXT("refuse", "addr=::ffff:10.0.0.1 port=80 error=-98 by_token=%llu", self->token);
	/* Not what it has itself. */
	ASSERT_EQ(EADDRINUSE, change(self->fd, NETPORT_IOC_REBIND, t2, "tcp 4 *:80", 0));
	NEXT("refuse", "addr=::ffff:0.0.0.0 port=80 error=-98 by_token=%llu", self->token);
	set_parse(&s, "tcp 4 10.0.0.2:80,tcp 4 10.0.0.1:80", 0);
	s.req.reserve.token = t2;
	ASSERT_EQ(EADDRINUSE, command(self->fd, NETPORT_IOC_REBIND, &s.req));
	NEXT("refuse", "addr=::ffff:10.0.0.1 port=80 error=-98 by_token=%llu", self->token);
	/* Who only asks isn't refused. */
	ASSERT_EQ(EADDRINUSE, available(self->fd, "tcp 4 10.0.0.1:80"));
	END(2, 0);
	EXPECT_EQ(5, counter("RefusedInUse"));
}

TEST_F(trace, limits_and_rights)
{
	set_limit(PER_OWNER, 1);
	ASSERT_EQ(0, reserve(self->fd, "tcp 4 *:80"));
	NEXT("reserve", "port=80");
	ASSERT_EQ(EDQUOT, reserve(self->fd, "tcp 4 *:81"));
	NEXT("refuse", "port=81 error=-122 by_token=0 by_owner=0");
	ASSERT_EQ(EDQUOT, ask_block(self->fd, "tcp 4 *:81", 2, &self->token));
	NEXT("refuse", "port=81 error=-122");
	write_file(FIRST_UNPRIVILEGED, "1024");
	become(UID);
	ASSERT_EQ(EACCES, reserve(self->other, "tcp 4 *:81"));
	ASSERT_EQ(EPERM, ask_with(self->other, "tcp 4 *:2000", PERSISTENT, NULL));
	EXPECT_EQ(2, counter("RefusedLimit"));
	EXPECT_EQ(2, counter("RefusedAccess"));
	EXPECT_EQ(1, counter("Held"));
}

/* waits */

struct wait_thread {
	int fd;
	struct netport_request r;
	int err;
};

static void *wait_thread(void *arg)
{
	struct wait_thread *w = arg;

	w->err = ask(w->fd, &w->r);
	return NULL;
}

TEST_F(trace, waits)
{
	struct wait_thread w = { .fd = self->fd, .r = ask_for("tcp 4 *:80", 0) };
	pthread_t thread;

	ASSERT_EQ(0, reserve_token(self->other, "tcp 4 *:80", &self->token));
	NEXT("reserve", "port=80");
	w.r.terms.deadline = now_ns() + 1000000;
	ASSERT_EQ(ETIMEDOUT, ask(self->fd, &w.r));
	NEXT("wait", "port=80 token=0 owner=%llu outcome=begin", self->id);
	NEXT("wait", "port=80 token=0 owner=%llu outcome=timeout", self->id);
	END(1, 0);

	w.r.terms.deadline = INT64_MAX;
	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_thread, &w));
	ASSERT_TRUE(AWAIT(counter("Waiting") == 1));
	NEXT("wait", "port=80 outcome=begin");
	ASSERT_EQ(0, release(self->other, self->token));
	pthread_join(thread, NULL);
	ASSERT_EQ(0, w.err);
	NEXT("release", "port=80 token=%llu", self->token);
	NEXT("reserve", "port=80 token=%llu owner=%llu how=new", w.r.reserve.token, self->id);
	NEXT("wait", "port=80 token=%llu owner=%llu outcome=granted", w.r.reserve.token, self->id);
	END(2, 1);
	EXPECT_EQ(0, counter("Waiting"));
	EXPECT_EQ(1, counter("GaveUp"));
}

TEST_F(trace, wishes)
{
	struct netport_request r = ask_for("tcp 4 *:0 =40000-40000", 0);
	struct netport_granted g = { 0 };
	struct netport_token wish;

	/* Had at once, it doesn't wait. */
	ASSERT_EQ(0, command(self->fd, NETPORT_IOC_WISH, &r));
	NEXT("reserve", "port=40000 how=new");
	NEXT("pick", "port=40000 probes=1");
	ASSERT_EQ(0, command(self->fd, NETPORT_IOC_GRANTED, &g));

	ASSERT_EQ(0, command(self->other, NETPORT_IOC_WISH, &r));
	NEXT("wait", "port=0 owner=%llu uid=%u wish=%llu outcome=begin", self->other_id, UID,
	     r.reserve.token);
	wish.token = r.reserve.token;
	ASSERT_EQ(0, command(self->other, NETPORT_IOC_UNWISH, &wish));
	NEXT("wait", "port=0 wish=%llu outcome=unwish", wish.token);

	ASSERT_EQ(0, command(self->other, NETPORT_IOC_WISH, &r));
	NEXT("wait", "outcome=begin");
	EXPECT_EQ(1, counter("Waiting"));
	ASSERT_EQ(0, release(self->fd, g.token));
	NEXT("release", "token=%llu", g.token);
	NEXT("reserve", "port=40000 owner=%llu", self->other_id);
	NEXT("wait", "port=40000 wish=%llu owner=%llu outcome=granted", r.reserve.token,
	     self->other_id);
	/* One that isn't granted ends with its owner. */
	ASSERT_EQ(0, command(self->fd, NETPORT_IOC_WISH, &r));
	NEXT("wait", "outcome=begin");
	close(self->fd);
	NEXT("wait", "owner=%llu outcome=unwish", self->id);
	END(2, 1);
}

/* holds */

TEST_F(trace, holds)
{
	ASSERT_EQ(0, ask_set(self->fd, "tcp 4 *:80 LB,udp 4 *:80 LB", 0, &self->token));
	NEXT("reserve", "protocol=6");
	NEXT("reserve", "protocol=17");
	ASSERT_EQ(0, release_hold(self->fd, self->token, 600000, 0));
	NEXT("hold", "protocol=6 token=%llu owner=%llu share= ms=600000", self->token, self->id);
	NEXT("hold", "protocol=17 token=%llu ms=600000", self->token);
	EXPECT_EQ(2, counter("OnHold"));
	END(2, 0);
	ASSERT_EQ(0, release(self->fd, self->token));
	NEXT("release", "protocol=6 state=held why=admin");
	NEXT("release", "protocol=17 state=held why=admin");
	NEXT("hold", "protocol=6 token=%llu ms=0", self->token);
	NEXT("hold", "protocol=17 token=%llu ms=0", self->token);
	END(2, 2);

	ASSERT_EQ(0, reserve_token(self->fd, "tcp 4 10.0.0.1:80", &self->token));
	NEXT("reserve", "port=80");
	ASSERT_EQ(0, release_hold(self->fd, self->token, 1, NETPORT_RELEASE_PORT));
	NEXT("hold", "families=46 addr=:: port=80 ms=1");
	ASSERT_TRUE(AWAIT(counter("Held") == 0));
	NEXT("release", "families=46 addr=:: port=80 token=%llu why=hold", self->token);
	NEXT("hold", "families=46 ms=0");
	END(3, 3);
}

/* What looks on is gone when the module may go; and nobody has to. */
TEST_F(trace, nobody_looks)
{
	write_file(INSTANCE "/events/netport/enable", "0");
	ASSERT_EQ(0, reserve(self->fd, "tcp 4 *:80"));
	ASSERT_EQ(EADDRINUSE, reserve(self->other, "tcp 4 *:80"));
	EXPECT_TRUE(no_more(self->l));
	EXPECT_EQ(1, counter("Reserved"));
	EXPECT_EQ(1, counter("RefusedInUse"));
}

SELFTEST_MAIN
