// SPDX-License-Identifier: GPL-2.0
/*
 * dgsoak - samples/datagram: echoes between two namespaces while others bind and close
 *
 * Two streams go over veth and back.  In one both ends are connected, on a port that they share
 * (LOAD_BALANCED), so that wildcards of others come and go beside them; in the other
 * nobody is connected and the ports are theirs alone.  Meanwhile threads in both namespaces
 * bind, connect and close sockets of both families at random, on few ports, the streams' among
 * them, and send to each other.
 *
 * A datagram says to whom it was sent, and each socket looks whether that is itself.  None
 * of a stream may be missing but those that its socket had no room for, and in the end
 * the module has to have counted each datagram that was sent.
 *
 * DATAGRAMS is how many are sent each way in each family.
 */
#include "datagram.h"

#define PORT_SHARED	7000		/* of both ends of the connected stream */
#define PORT_PLAIN	7001
#define PORT_LAST	7015		/* up to here the others bind */

#define WINDOW		32
#define SILENCES	8		/* and then a stream gives up */

#define CHURNERS	2		/* in each namespace */
#define CHURN_SOCKETS	6

struct letter {
	__u32 stream;			/* 0: not of a stream */
	__u32 seq;
	__u16 to_port;
	__u16 to_family;
	__u8 to[16];
	__u32 more[24];
};

struct totals {
	atomic_uint wrong;		/* was for another socket */
	atomic_uint binds, refused, connects, chatter, heard;
};

static struct joined where;
static struct totals totals;
static atomic_bool stop;
static unsigned int datagrams;

static void address_letter(struct letter *l, const union name *to)
{
	memset(l->to, 0, 16);
	l->to_port = port_in(to);
	l->to_family = to->any.sa_family;
	if (to->any.sa_family == AF_INET)
		memcpy(l->to, &to->v4.sin_addr, 4);
	else
		memcpy(l->to, &to->v6.sin6_addr, 16);
}

/* Whether a socket of this name is the addressee, as far as the name tells. */
static bool is_for(const struct letter *l, const union name *own)
{
	static const __u8 any[16];
	const __u8 *addr;

	if (l->to_port != port_in(own))
		return false;
	if (own->any.sa_family == AF_INET)
		return l->to_family == AF_INET && (!own->v4.sin_addr.s_addr ||
						   !memcmp(&own->v4.sin_addr, l->to, 4));
	addr = own->v6.sin6_addr.s6_addr;
	if (!memcmp(addr, any, 16))
		return true;
	if (IN6_IS_ADDR_V4MAPPED(&own->v6.sin6_addr))
		return l->to_family == AF_INET && !memcmp(addr + 12, l->to, 4);
	return l->to_family == AF_INET6 && !memcmp(addr, l->to, 16);
}

static void wrong(const char *who, const struct letter *l, const union name *own)
{
	if (atomic_fetch_add(&totals.wrong, 1) < 10)
		fprintf(stderr, "# %s on port %u got stream %u, %u, which was for port %u\n", who,
			port_in(own), l->stream, l->seq, l->to_port);
}

/* the streams */

struct stream {
	unsigned int number;
	bool connected;
	int fd[2];			/* by namespace */
	union name name[2];
	unsigned int sent;
	unsigned int got[2];
	unsigned int twice;
	pthread_t thread[2];
};

static void stream_open(struct stream *s, const char *const *addr, unsigned int number)
{
	int side;

	s->number = number;
	s->connected = number == 1;
	for (side = HERE; side <= THERE; side++) {
		enter(where.ns[side]);
		s->name[side] = name_of(addr[side], s->connected ? PORT_SHARED : PORT_PLAIN);
		s->fd[side] = bound_with(addr[side], port_in(&s->name[side]),
					 s->connected ? SO_REUSEPORT : 0);
		set_option(s->fd[side], SOL_SOCKET, SO_RCVBUFFORCE, 1 << 20);
	}
	for (side = HERE; s->connected && side <= THERE; side++)
		if (connect(s->fd[side], &s->name[!side].any, name_len(&s->name[side])))
			die("connect a stream");
}

static void stream_send(const struct stream *s, int side, struct letter *l)
{
	const union name *to = &s->name[!side];
	ssize_t len;

	address_letter(l, to);
	if (s->connected)
		len = send(s->fd[side], l, sizeof(*l), 0);
	else
		len = sendto(s->fd[side], l, sizeof(*l), 0, &to->any, name_len(to));
	if (len != sizeof(*l))
		die("send of stream %u", s->number);
}

/* The next letter of the stream; false if none comes. */
static bool stream_receive(const struct stream *s, int side, struct letter *l, int ms)
{
	struct pollfd p = { .fd = s->fd[side], .events = POLLIN };
	union name from;
	socklen_t len;

	for (;;) {
		if (poll(&p, 1, ms) != 1)
			return false;
		len = sizeof(from);
		memset(l, 0xcc, sizeof(*l));
		if (recvfrom(s->fd[side], l, sizeof(*l), 0, &from.any, &len) != sizeof(*l))
			die("receive of stream %u", s->number);
		if (!is_for(l, &s->name[side]) || (l->stream && l->stream != s->number) ||
		    (s->connected && !same_name(&from, &s->name[!side])))
			wrong("stream", l, &s->name[side]);
		else if (l->stream)
			return true;
	}
}

static void *echo(void *arg)
{
	struct stream *s = arg;
	struct letter l;

	while (!stop || poll(&(struct pollfd){ .fd = s->fd[THERE], .events = POLLIN }, 1, 0)) {
		if (!stream_receive(s, THERE, &l, 100))
			continue;
		s->got[THERE]++;
		stream_send(s, THERE, &l);
	}
	return NULL;
}

static void *ask_for_echo(void *arg)
{
	unsigned int n = datagrams / 2, open = 0, silences = 0, i;
	struct stream *s = arg;
	__u8 *back = calloc(1, n);
	struct letter l = { 0 };

	while (s->sent < n || open) {
		if (s->sent < n && open < WINDOW) {
			l.stream = s->number;
			l.seq = s->sent++;
			for (i = 0; i < ARRAY_SIZE(l.more); i++)
				l.more[i] = l.seq * 31 + i;
			stream_send(s, HERE, &l);
			open++;
			continue;
		}
		/* What doesn't come any more is counted in the end. */
		if (!stream_receive(s, HERE, &l, 3000)) {
			if (++silences == SILENCES)
				break;
			open = 0;
			continue;
		}
		for (i = 0; i < ARRAY_SIZE(l.more); i++)
			if (l.more[i] != l.seq * 31 + i)
				wrong("damaged", &l, &s->name[HERE]);
		if (l.seq >= n || back[l.seq]++)
			s->twice++;
		else
			s->got[HERE]++;
		if (open)
			open--;
	}
	free(back);
	return NULL;
}

/* the others */

struct churner {
	int side;
	unsigned int seed;
	int fd[CHURN_SOCKETS];
	union name own[CHURN_SOCKETS];
	union name peer[CHURN_SOCKETS];
	bool settled[CHURN_SOCKETS];	/* nothing from before connect() comes any more */
	pthread_t thread;
};

static unsigned int dice(struct churner *c, unsigned int n)
{
	c->seed = c->seed * 1103515245 + 12345;
	return (c->seed >> 16) % n;
}

static const char *some_addr(struct churner *c, int side)
{
	const char *const addr[] = { "0.0.0.0", "::", addr4[side], addr6[side] };

	return addr[dice(c, ARRAY_SIZE(addr))];
}

static union name some_target(struct churner *c)
{
	/* Few to the streams: they are to have room. */
	unsigned int port = dice(c, 8) ? PORT_PLAIN + 1 + dice(c, PORT_LAST - PORT_PLAIN) :
					 PORT_SHARED + dice(c, 2);

	return name_of(dice(c, 2) ? addr4[!c->side] : addr6[!c->side], port);
}

static void churn_receive(struct churner *c, unsigned int i)
{
	union name from;
	socklen_t len = sizeof(from);
	struct letter l;

	while (recvfrom(c->fd[i], &l, sizeof(l), MSG_DONTWAIT, &from.any, &len) == sizeof(l)) {
		totals.heard++;
		if (l.stream || !is_for(&l, &c->own[i]))
			wrong("other", &l, &c->own[i]);
		else if (c->settled[i] && !same_name(&from, &c->peer[i]))
			wrong("connected other", &l, &c->own[i]);
		len = sizeof(from);
	}
}

static void churn_close(struct churner *c, unsigned int i)
{
	churn_receive(c, i);
	close(c->fd[i]);
	c->fd[i] = -1;
}

static void churn_connect(struct churner *c, unsigned int i)
{
	union name to = some_target(c);

	/* Not to the streams: that would be a stream's own tuple. */
	if (port_in(&to) <= PORT_PLAIN || to.any.sa_family != c->own[i].any.sa_family)
		return;
	if (connect(c->fd[i], &to.any, name_len(&to)))
		return;
	totals.connects++;
	/* What the peer before has sent may be there yet. */
	c->settled[i] = false;
	c->peer[i] = to;
	/*
	 * Whoever had looked it up before has put his datagram into the queue by then.  That
	 * takes its time, so not always.
	 */
	if (dice(c, 4))
		return;
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
		die("membarrier");
	churn_receive(c, i);
	c->own[i] = own_name(c->fd[i]);
	c->settled[i] = true;
}

static void churn_open(struct churner *c, unsigned int i)
{
	const int share[] = { 0, SO_REUSEPORT, SO_REUSEPORT, SO_REUSEADDR };
	const char *addr = some_addr(c, c->side);
	unsigned int option = share[dice(c, ARRAY_SIZE(share))], port;
	int fd = dg_socket(name_of(addr, 0).any.sa_family);

	port = dice(c, 4) ? PORT_SHARED + dice(c, PORT_LAST - PORT_SHARED + 1) : 0;
	if (option)
		set_option(fd, SOL_SOCKET, option, 1);
	if (try_bind(fd, addr, port)) {
		totals.refused++;
		close(fd);
		return;
	}
	totals.binds++;
	c->fd[i] = fd;
	c->own[i] = own_name(fd);
	c->peer[i].any.sa_family = 0;
	c->settled[i] = false;
}

static void churn_send(struct churner *c, unsigned int i)
{
	union name to = some_target(c);
	struct letter l = { 0 };

	if (c->own[i].any.sa_family != to.any.sa_family || c->peer[i].any.sa_family)
		return;
	address_letter(&l, &to);
	/* To nobody, often enough. */
	if (sendto(c->fd[i], &l, sizeof(l), 0, &to.any, name_len(&to)) == sizeof(l))
		totals.chatter++;
}

static void *churn(void *arg)
{
	struct churner *c = arg;
	unsigned int i;

	enter(where.ns[c->side]);
	for (i = 0; i < CHURN_SOCKETS; i++)
		c->fd[i] = -1;
	while (!stop) {
		i = dice(c, CHURN_SOCKETS);
		if (c->fd[i] < 0) {
			churn_open(c, i);
			continue;
		}
		churn_receive(c, i);
		switch (dice(c, 6)) {
		case 0:
			churn_close(c, i);
			break;
		case 1:
			churn_connect(c, i);
			break;
		default:
			churn_send(c, i);
		}
	}
	for (i = 0; i < CHURN_SOCKETS; i++)
		if (c->fd[i] >= 0)
			churn_close(c, i);
	return NULL;
}

/* What became of datagrams in a namespace, and how many were sent in it. */
static unsigned long arrived_in(int side, unsigned long *sent)
{
	enter(where.ns[side]);
	*sent = counted("sent");
	return counted("received") + counted("no_socket") + counted("queue_full") +
	       counted("filtered") + counted("bad_checksum") + counted("malformed");
}

static bool all_accounted_for(void)
{
	unsigned long sent[2], came[2];

	came[HERE] = arrived_in(HERE, &sent[HERE]);
	came[THERE] = arrived_in(THERE, &sent[THERE]);
	return came[HERE] == sent[THERE] && came[THERE] == sent[HERE];
}

FIXTURE(soak) {
	struct stream stream[2];
	struct churner churner[2 * CHURNERS];
};

FIXTURE_VARIANT(soak) {
	const char *const *addr;
};

FIXTURE_VARIANT_ADD(soak, v4) {
	.addr = addr4,
};

FIXTURE_VARIANT_ADD(soak, v6) {
	.addr = addr6,
};

FIXTURE_SETUP(soak)
{
	unsigned int i;

	if (access(module_path(MODULE), R_OK))
		SKIP(return, "no %s; set NETPORT_MODULES", module_path(MODULE));
	ASSERT_EQ(0, load_anew());
	where = join();
	datagrams = so_many("DATAGRAMS", 10000, 1000);
	for (i = 0; i < ARRAY_SIZE(self->stream); i++)
		stream_open(&self->stream[i], variant->addr, 1 + i);
	enter(where.ns[HERE]);
}

FIXTURE_TEARDOWN_PARENT(soak)
{
	if (!unload_soon(MODULE))
		fprintf(stderr, "# %s stays\n", MODULE);
}

TEST_F_TIMEOUT(soak, while_others_bind_and_close, 3600)
{
	unsigned int i, lost, room;
	__u64 start = now_ns();
	struct stream *s;

	for (i = 0; i < ARRAY_SIZE(self->churner); i++) {
		struct churner *c = &self->churner[i];

		c->side = i % 2;
		c->seed = now_ns() + i * 7919;
		ASSERT_EQ(0, pthread_create(&c->thread, NULL, churn, c));
	}
	for (i = 0; i < ARRAY_SIZE(self->stream); i++) {
		s = &self->stream[i];
		ASSERT_EQ(0, pthread_create(&s->thread[THERE], NULL, echo, s));
		ASSERT_EQ(0, pthread_create(&s->thread[HERE], NULL, ask_for_echo, s));
	}
	for (i = 0; i < ARRAY_SIZE(self->stream); i++)
		pthread_join(self->stream[i].thread[HERE], NULL);
	stop = true;
	for (i = 0; i < ARRAY_SIZE(self->stream); i++)
		pthread_join(self->stream[i].thread[THERE], NULL);
	for (i = 0; i < ARRAY_SIZE(self->churner); i++)
		pthread_join(self->churner[i].thread, NULL);

	EXPECT_EQ(0, totals.wrong);
	for (i = 0; i < ARRAY_SIZE(self->stream); i++) {
		s = &self->stream[i];
		/* There and back: what the one had no room for is missing twice. */
		EXPECT_EQ(datagrams / 2, s->sent);
		lost = s->sent - s->got[THERE];
		room = drops_of(s->fd[THERE]);
		EXPECT_LE(lost, room);
		EXPECT_LE(s->got[THERE] - s->got[HERE], drops_of(s->fd[HERE]));
		EXPECT_EQ(0, s->twice);
		TH_LOG("stream %u: %u sent, %u there (%u dropped), %u back (%u dropped)", s->number,
		       s->sent, s->got[THERE], room, s->got[HERE], drops_of(s->fd[HERE]));
	}
	EXPECT_TRUE(AWAIT(all_accounted_for()));
	for (i = 0; i < 2; i++) {
		enter(where.ns[i]);
		EXPECT_EQ(0, counted("bad_checksum"));
		EXPECT_EQ(0, counted("malformed"));
		TH_LOG("%s: %lu sent, %lu received, %lu no_socket, %lu queue_full",
		       i ? "there" : "here", counted("sent"), counted("received"),
		       counted("no_socket"), counted("queue_full"));
	}
	TH_LOG("others: %u binds, %u refused, %u connects, %u sent, %u received; %llu ms",
	       totals.binds, totals.refused, totals.connects, totals.chatter, totals.heard,
	       (unsigned long long)(now_ns() - start) / 1000000);
	/* They were there. */
	EXPECT_GT(totals.binds, 0);
	EXPECT_GT(totals.connects, 0);
	EXPECT_GT(totals.heard, 0);
	/* Nothing is left but the streams. */
	for (i = 0; i < 2; i++) {
		enter(where.ns[i]);
		EXPECT_EQ(2, list_all(owner())->n);
	}
}

SELFTEST_MAIN
