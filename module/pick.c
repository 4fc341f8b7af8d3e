// SPDX-License-Identifier: GPL-2.0
/*
 * The search for a port: RFC 6056, algorithm 1, over the bitmaps.
 *
 * Up to three passes over the range, each from the same random start.  The first takes
 * a port on which nothing is bound that could be in the way; the bitmaps know these.  The
 * others look at each port, and are only for requests that may fit beside something:
 * first where nothing overlaps (another device or remote), then where the flags allow
 * sharing.
 *
 * A search for candidates offers each port once, so it keeps to one pass: the first, or
 * the second for a request with a device or a remote; the third if that finds nothing.
 *
 * A set is looked for in the bitmaps of all its bindings at once.  A block is looked for
 * in the first pass alone; where a run of free ports is too short, the search goes on
 * behind the port that ends it, so no port is looked at twice.
 *
 * What the bitmaps say may be old by the time it is read.  The caller looks again under
 * the lock of the shard, and asks for the next port if it comes too late.
 */
#include <kunit/visibility.h>
#include <linux/bitops.h>
#include <linux/in.h>
#include <linux/random.h>
#include <linux/sched/signal.h>

#include "netport_priv.h"

enum { NP_PASS_FREE, NP_PASS_APART, NP_PASS_SHARED, NP_PASSES };

static void np_view_occ(void *view, const struct np_occ *occ)
{
	struct np_view *v = view;
	unsigned int i;

	/* Bindings of a set have most of them in common. */
	for (i = 0; i < v->noccs; i++)
		if (v->occ[i] == occ)
			return;
	v->occ[v->noccs++] = occ;
}

/* For @see: a bitmap of something that can be in the way. */
typedef void (*np_see_t)(void *arg, const struct np_occ *occ);

static __always_inline void np_want_family_occs(const struct np_want *w, unsigned int family,
						np_see_t see, void *arg)
{
	if (!(w->families & BIT(family)))
		return;
	see(arg, &w->space->any_occ[family]);
	if (w->any >= 0)
		see(arg, &w->space->used[family]);
}

/* The bitmaps of all that can be in the way of a binding in a space, but for its own address. */
static __always_inline void np_want_occs(const struct np_want *w, np_see_t see, void *arg)
{
	see(arg, &w->space->any_occ[NP_ANY_BOTH]);
	np_want_family_occs(w, NP_V4, see, arg);
	np_want_family_occs(w, NP_V6, see, arg);
}

/**
 * np_view_add() - look at what can be in the way of one more binding
 * @v: the view, with room for NP_VIEW_OCCS bitmaps and one address more
 * @w: the binding
 */
void np_view_add(struct np_view *v, const struct np_want *w)
{
	const struct np_occ *occ;

	if (!w->space)
		return;
	np_want_occs(w, np_view_occ, v);
	if (w->any >= 0 || !w->addr)
		return;
	occ = np_addr_occ(w->addr);
	if (occ)
		np_view_occ(v, occ);
	else
		v->few[v->nfew++] = w->addr;
}
EXPORT_SYMBOL_IF_KUNIT(np_view_add);

/* The ports of a word that are not outside of a range. */
static u64 np_word_clip(u64 bits, unsigned int word, unsigned int from, unsigned int to)
{
	if (word == from / NP_WORD_PORTS)
		bits &= ~0ULL << from % NP_WORD_PORTS;
	if (word == to / NP_WORD_PORTS)
		bits &= ~0ULL >> (NP_WORD_PORTS - 1 - to % NP_WORD_PORTS);
	return bits;
}

/* The ports of a word that a request asks for, whoever has them. */
static u64 np_want_word(const struct np_net *nn, const struct np_want *w, unsigned int word)
{
	u64 bits = ~np_config_reserved(nn, w->protocol, word);
	unsigned int i;

	for (i = 1; i <= w->more; i++)
		if (w[i].protocol != w->protocol)
			bits &= ~np_config_reserved(nn, w[i].protocol, word);
	return likely(!w->exclude) ? bits : bits & ~w->exclude[word];
}

/* The ports of a word with which a block may begin. */
static u64 np_align_word(const struct np_want *w, unsigned int word)
{
	u64 bits = BIT_ULL(w->offset % NP_WORD_PORTS);
	unsigned int step;

	if (w->align >= NP_WORD_PORTS)
		return (word * NP_WORD_PORTS ^ w->offset) & (w->align - 1) & ~(NP_WORD_PORTS - 1) ?
		       0 : bits;
	for (step = w->align; step < NP_WORD_PORTS; step *= 2)
		bits |= bits << step;
	return bits;
}

/* The ports of a word on which something is that could be in the way. */
static u64 np_view_word(const struct np_view *v, unsigned int n, unsigned int word)
{
	unsigned int i;
	u64 bits = 0;

	for (i = 0; i < n; i++)
		bits |= READ_ONCE(v->src[i][word % NP_CHUNK_WORDS]);
	for (i = 0; i < v->nfew; i++)
		bits |= np_addr_word(v->few[i], word);
	return bits;
}

/* Point @src at a chunk of each bitmap.  Return how many there are; @full: their full words. */
static unsigned int np_view_chunk(const struct np_view *v, unsigned int c, u64 *full)
{
	unsigned int i, n = 0;
	const u64 *chunk;

	*full = 0;
	for (i = 0; i < v->noccs; i++) {
		chunk = READ_ONCE(v->occ[i]->chunk[c]);
		if (!chunk)
			continue;
		v->src[n++] = chunk;
		*full |= np_occ_full(v->occ[i], c);
	}
	return n;
}

static __always_inline u64 np_src_word(const u64 *word)
{
	/* Old or torn: a search can't see all words at one moment anyway. */
	return data_race(*word);
}

static __always_inline void np_words_or(u64 sum[4], const u64 *src)
{
	sum[0] |= np_src_word(&src[0]);
	sum[1] |= np_src_word(&src[1]);
	sum[2] |= np_src_word(&src[2]);
	sum[3] |= np_src_word(&src[3]);
}

/*
 * The words of a chunk from @word on, without those at the front that @n > 1 bitmaps fill
 * together.  Four at a time: this is what a search in a full range does nearly all the time.
 */
static __always_inline u64 np_src_open(const u64 *const *src, unsigned int n, unsigned int word)
{
	unsigned int i;

	for (; word < NP_CHUNK_WORDS; word += 4) {
		u64 sum[4] = {};

		np_words_or(sum, src[0] + word);
		np_words_or(sum, src[1] + word);
		for (i = 2; i < n; i++)
			np_words_or(sum, src[i] + word);
		if (~(sum[0] & sum[1] & sum[2] & sum[3]))
			return ~0ULL << word;
	}
	return 0;
}

/*
 * Where ports are held by turns on several addresses, no bitmap says that a word is full, and
 * together they fill all of them.  Return the words of a chunk that are left when it turns out
 * that they fill @word.
 */
static u64 np_view_open(const struct np_view *v, unsigned int n, unsigned int word)
{
	word = round_down(word % NP_CHUNK_WORDS, 4);
	/* One address and the any-addresses: for these without a loop in the loop. */
	switch (n) {
	case 2:
		return np_src_open(v->src, 2, word);
	case 3:
		return np_src_open(v->src, 3, word);
	default:
		return np_src_open(v->src, n, word);
	}
}

/* The first port of @from to @to, or the first free one of these; 0 if there is none. */
static u16 np_view_find(const struct np_view *v, unsigned int from, unsigned int to, bool all)
{
	const unsigned int first = from / NP_WORD_PORTS, last = to / NP_WORD_PORTS;
	unsigned int c, n, base, word;
	u64 bits, full, open;

	for (c = first / NP_CHUNK_WORDS; c <= last / NP_CHUNK_WORDS; c++) {
		n = 0;
		full = 0;
		if (!all)
			n = np_view_chunk(v, c, &full);

		/* The words to look at. */
		base = c * NP_CHUNK_WORDS;
		open = ~full;
		if (base < first)
			open &= ~0ULL << (first - base);
		if (base + NP_CHUNK_WORDS - 1 > last)
			open &= ~0ULL >> (base + NP_CHUNK_WORDS - 1 - last);

		while (open) {
			word = base + __ffs64(open);
			open &= open - 1;
			bits = all ? ~0ULL : ~np_view_word(v, n, word);
			if (!bits) {
				if (n > 1)
					open &= np_view_open(v, n, word);
				continue;
			}
			bits = np_word_clip(bits, word, from, to);
			bits &= np_want_word(v->nn, v->w, word);
			if (unlikely(v->w->align > 1))
				bits &= np_align_word(v->w, word);
			if (bits)
				return word * NP_WORD_PORTS + __ffs64(bits);
		}
	}
	return 0;
}

/* The first port of @from to @to that isn't free, or 0. */
static u16 np_view_blocked(const struct np_view *v, unsigned int from, unsigned int to)
{
	unsigned int word, n = 0, chunk = NP_CHUNKS;
	u64 bits, full;

	for (word = from / NP_WORD_PORTS; word <= to / NP_WORD_PORTS; word++) {
		if (chunk != word / NP_CHUNK_WORDS) {
			chunk = word / NP_CHUNK_WORDS;
			n = np_view_chunk(v, chunk, &full);
		}
		bits = np_view_word(v, n, word) | ~np_want_word(v->nn, v->w, word);
		bits = np_word_clip(bits, word, from, to);
		if (bits)
			return word * NP_WORD_PORTS + __ffs64(bits);
	}
	return 0;
}

/* The first port of @from to @to with which a free run begins that ends before @limit. */
static u16 np_view_find_run(const struct np_view *v, unsigned int from, unsigned int to,
			    unsigned int limit)
{
	unsigned int port, blocked;

	while (from <= to) {
		port = np_view_find(v, from, to, false);
		if (!port || port + v->run - 1 > limit)
			return 0;
		blocked = v->run > 1 ? np_view_blocked(v, port + 1, port + v->run - 1) : 0;
		if (!blocked)
			return port;
		from = blocked + 1;
	}
	return 0;
}

static bool np_may_share(const struct np_want *w)
{
	return w->share && w->protocol != IPPROTO_TCP;
}

/* Can a pass find what the ones before it could not? */
static bool np_pass_applies(const struct np_want *w, unsigned int n, unsigned int pass)
{
	unsigned int i;

	if (pass == NP_PASS_FREE)
		return true;
	for (i = 0; i < n; i++)
		if (pass == NP_PASS_APART ? w[i].flags & NP_BIND_NARROW : np_may_share(&w[i]))
			return true;
	return false;
}

static unsigned int np_cursor_size(const struct np_cursor *c)
{
	return c->high - c->low + 1;
}

static void np_cursor_init(struct np_cursor *c, gfp_t gfp)
{
	c->done = 0;
	c->resumed = false;
	c->may_sleep = gfpflags_allow_blocking(gfp);
	c->probes = 0;
	c->tried = 0;
}

/**
 * np_pick_start() - begin a search
 * @c: where it stands
 * @w: the bindings of the request, the first with its range
 * @n: how many
 * @candidates: it is one for candidates, and may be resumed
 * @gfp: says whether the search may sleep
 */
void np_pick_start(struct np_cursor *c, const struct np_want *w, unsigned int n,
		   bool candidates, gfp_t gfp)
{
	np_cursor_init(c, gfp);
	c->low = w->low;
	c->high = w->high;
	/* Some ports are likelier than others by one in 65536, which tells nobody anything. */
	c->start = c->low + reciprocal_scale(get_random_u32(), np_cursor_size(c));
	c->pass = candidates && np_pass_applies(w, n, NP_PASS_APART) ? NP_PASS_APART :
		  NP_PASS_FREE;
}
EXPORT_SYMBOL_IF_KUNIT(np_pick_start);

/**
 * np_pick_save() - a search, as a number
 * @c: where it stands
 *
 * Return: what np_pick_resume() takes, together with the port last offered.
 */
u64 np_pick_save(const struct np_cursor *c)
{
	return c->low | (u32)c->high << 16 | (u64)c->start << 32 | (u64)c->pass << 48;
}
EXPORT_SYMBOL_IF_KUNIT(np_pick_save);

/**
 * np_pick_resume() - go on with a search, behind the port last offered
 * @c: where it stands
 * @w: the bindings of the request
 * @n: how many
 * @saved: from np_pick_save()
 * @port: the port
 * @gfp: says whether the search may sleep
 *
 * Return: 0, or -EINVAL if no such search of this request has offered the port.
 */
int np_pick_resume(struct np_cursor *c, const struct np_want *w, unsigned int n, u64 saved,
		   u16 port, gfp_t gfp)
{
	np_cursor_init(c, gfp);
	c->low = saved;
	c->high = saved >> 16;
	c->start = saved >> 32;
	c->pass = saved >> 48;
	if (!c->low || c->low > c->high || c->start < c->low || c->start > c->high ||
	    port < c->low || port > c->high || c->pass >= NP_PASSES ||
	    !np_pass_applies(w, n, c->pass))
		return -EINVAL;
	c->done = port - c->start + 1;
	if (port < c->start)
		c->done += np_cursor_size(c);
	c->resumed = true;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(np_pick_resume);

/* The next port of a pass, or 0. */
static u16 np_pass_next(struct np_cursor *c, const struct np_view *v)
{
	unsigned int size = np_cursor_size(c);
	unsigned int from, to;
	u16 port = 0;

	rcu_read_lock();
	while (c->done < size) {
		from = c->start + c->done;
		to = c->high;
		if (from > c->high) {
			from -= size;
			to = c->start - 1;
		}
		port = c->pass == NP_PASS_FREE ? np_view_find_run(v, from, to, c->high) :
						 np_view_find(v, from, to, true);
		c->done += (port ?: to) - from + 1;
		if (port)
			break;
	}
	rcu_read_unlock();
	return port;
}

/* Before each port of the later passes: may the search go on? */
static bool np_pick_pause(struct np_cursor *c)
{
	if (!c->may_sleep)
		return c->probes++ < NETPORT_ATOMIC_PROBES;
	/* One of them may mean NP_COMPARE_MAX bindings to look at. */
	if (c->probes++ % 8 == 0)
		cond_resched();
	return !fatal_signal_pending(current);
}

/**
 * np_pick_next_of() - the next port to look at under its lock
 * @c: where the search stands
 * @v: what can be in the way
 * @w: the bindings of the request
 * @n: how many
 *
 * Sleeps now and then, if the search may, in the passes that look at ports one by one.
 *
 * Return: a port, -EADDRNOTAVAIL if there is none, or -EINTR if the caller was killed.
 */
int np_pick_next_of(struct np_cursor *c, const struct np_view *v, const struct np_want *w,
		    unsigned int n)
{
	u16 port;

	for (;;) {
		if (c->pass != NP_PASS_FREE && !np_pick_pause(c))
			return c->may_sleep ? -EINTR : -EADDRNOTAVAIL;
		port = np_pass_next(c, v);
		c->tried += !!port;
		if (port)
			return port;
		if (c->resumed || v->run > 1)
			return -EADDRNOTAVAIL;
		do {
			if (++c->pass == NP_PASSES)
				return -EADDRNOTAVAIL;
		} while (!np_pass_applies(w, n, c->pass));
		c->done = 0;
	}
}
EXPORT_SYMBOL_IF_KUNIT(np_pick_next_of);

/**
 * struct np_look - a look at NP_WORD_PORTS ports
 * @word: which: the first of them, divided by that
 * @bits: those of them on which nothing has been seen
 */
struct np_look {
	unsigned int	word;
	u64		bits;
};

static __always_inline void np_look_occ(void *look, const struct np_occ *occ)
{
	struct np_look *l = look;

	l->bits &= ~np_occ_word(occ, l->word);
}

/* Take those away on which something is that could be in the way of a binding. */
static __always_inline void np_want_look(const struct np_want *w, struct np_look *l)
{
	np_want_occs(w, np_look_occ, l);
	if (w->any < 0 && w->addr)
		l->bits &= ~np_addr_word(w->addr, l->word);
}

/**
 * np_want_open() - is nothing on a port that could be in the way?
 * @w: the request, with its space and its address if there are such
 *
 * Without a lock: the space and the address are held, or this is under RCU.
 *
 * Return: whether so.
 */
bool np_want_open(const struct np_want *w)
{
	struct np_look l = {
		.word = w->port / NP_WORD_PORTS, .bits = BIT_ULL(w->port % NP_WORD_PORTS),
	};

	if (w->space)
		np_want_look(w, &l);
	return l.bits;
}

/*
 * Is the port that a search begins with free?  In a range with much room it is as a rule, and then
 * nothing else has to be looked at.
 */
static bool np_pick_start_free(const struct np_cursor *c, struct np_net *nn,
			       const struct np_want *w)
{
	struct np_look l __uninitialized;

	if (c->pass != NP_PASS_FREE || c->done || !w->space || !w->addr || w->align > 1)
		return false;
	l.word = c->start / NP_WORD_PORTS;
	np_rcu_lock();
	l.bits = np_want_word(nn, w, l.word);
	np_rcu_unlock();
	np_want_look(w, &l);
	return l.bits & BIT_ULL(c->start % NP_WORD_PORTS);
}

/* np_pick_next_of() of one port on one binding. */
static noinline __flatten int np_pick_search(struct np_cursor *c, struct np_net *nn,
					     const struct np_want *w)
{
	const struct np_occ *occ[NP_VIEW_OCCS];
	const u64 *src[NP_VIEW_OCCS];
	struct np_addr *few;
	struct np_view v = {
		.nn = nn, .w = w, .run = 1, .occ = occ, .src = src, .few = &few,
	};

	np_view_add(&v, w);
	return np_pick_next_of(c, &v, w, 1);
}

/**
 * np_pick_next() - np_pick_next_of() of one port on one binding
 * @c: where the search stands
 * @nn: namespace
 * @w: the request
 *
 * Return: a port, or the error.
 */
int np_pick_next(struct np_cursor *c, struct np_net *nn, const struct np_want *w)
{
	if (!np_pick_start_free(c, nn, w))
		return np_pick_search(c, nn, w);
	c->done = 1;
	c->tried = 1;
	return c->start;
}
EXPORT_SYMBOL_IF_KUNIT(np_pick_next);

/**
 * np_pick_fits() - is this port what the search is after?
 * @c: where the search stands
 * @w: the binding
 * @fit: enum np_fit, from an exact np_table_check()
 *
 * Return: whether so.
 */
bool np_pick_fits(const struct np_cursor *c, const struct np_want *w, int fit)
{
	return fit == NP_FIT_FREE ||
	       (fit == NP_FIT_SHARED && c->pass == NP_PASS_SHARED && np_may_share(w));
}
EXPORT_SYMBOL_IF_KUNIT(np_pick_fits);

/**
 * np_pick_wait() - the search has found nothing, and waits for what comes free
 * @c: where the search stands
 *
 * From now on what fits at last is good enough, too.
 */
void np_pick_wait(struct np_cursor *c)
{
	c->pass = NP_PASS_SHARED;
}

/**
 * np_pick_none_free() - has the search come to the end of what is free?
 * @c: where the search stands
 *
 * Return: whether so; a port that it has found then is one to share or to go beside.
 */
bool np_pick_none_free(const struct np_cursor *c)
{
	return c->pass != NP_PASS_FREE;
}

/**
 * np_pick_wants() - would the search have a look at this port?
 * @nn: namespace
 * @w: the request, with its range
 * @port: the port
 *
 * Return: whether so.
 */
bool np_pick_wants(const struct np_net *nn, const struct np_want *w, u16 port)
{
	unsigned int word = port / NP_WORD_PORTS;
	u64 bits;

	if (port < w->low || port > w->high)
		return false;
	rcu_read_lock();
	bits = np_want_word(nn, w, word) & np_align_word(w, word);
	rcu_read_unlock();
	return bits & BIT_ULL(port % NP_WORD_PORTS);
}
EXPORT_SYMBOL_IF_KUNIT(np_pick_wants);

/**
 * np_ephemeral_next() - the next port of a range, whoever holds it
 * @nn: namespace
 * @e: the range, and where the walk stands
 *
 * Return: 0, -EINVAL, or -EADDRNOTAVAIL when every port has been offered.
 */
int np_ephemeral_next(const struct np_net *nn, struct netport_ephemeral *e)
{
	u16 low = e->low, high = e->high, start, port;

	if (!low || !high) {
		u16 range[2];

		np_net_range(nn, &range[0], &range[1]);
		low = low ?: range[0];
		high = high ?: range[1];
	}
	if (e->cursor) {
		low = e->cursor;
		high = e->cursor >> 16;
		start = e->cursor >> 32;
		port = e->cursor >> 48;
		if (!low || low > high || start < low || start > high || port < low ||
		    port > high || (e->low && e->low != low) ||
		    (e->high && e->high != high))
			return -EINVAL;
		port = port == high ? low : port + 1;
		if (port == start)
			return -EADDRNOTAVAIL;
	} else {
		if (low > high)
			return -EINVAL;
		start = low + get_random_u32_below(high - low + 1);
		port = start;
	}
	e->cursor = low | (u32)high << 16 | (u64)start << 32 | (u64)port << 48;
	e->port = port;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(np_ephemeral_next);
