// SPDX-License-Identifier: GPL-2.0
/*
 * What is held, and the rules: written from the uapi header, as plain and slow as that.
 */
#include "fuzz.h"

struct model model;

/* the form of requests */

static const __u8 none[16];
static const __u8 mapped[12] = { [10] = 0xff, [11] = 0xff };

static bool is_any(const __u8 *addr)
{
	return !memcmp(addr, none, 16);
}

static bool is_mapped(const __u8 *addr)
{
	return !memcmp(addr, mapped, 12);
}

static bool is_link_local(const __u8 *addr)
{
	return addr[0] == 0xfe && (addr[1] & 0xc0) == 0x80;
}

static void unmap(__u8 *addr)
{
	memmove(addr, addr + 12, 4);
	memset(addr + 4, 0, 12);
}

/* A binding as it is listed; false if it makes no sense. */
bool parse_binding(const struct netport_binding *b, __u16 port, bool tuple, struct bind *to)
{
	memset(to, 0, sizeof(*to));
	to->families = b->families;
	to->protocol = b->protocol;
	to->port = port;
	to->rport = b->remote_port;
	to->ifindex = b->ifindex;
	to->share = b->share;
	memcpy(to->addr, b->addr, 16);
	memcpy(to->remote, b->remote, 16);
	to->tuple = tuple;

	if (!b->families || b->families > 3 || b->share > 7 || b->ifindex > 0x7fffffff)
		return false;
	switch (b->families) {
	case NETPORT_FAMILY_IPV4:
		if (memcmp(to->addr + 4, none, 12) || memcmp(to->remote + 4, none, 12))
			return false;
		break;
	case NETPORT_FAMILY_IPV6:
		if (is_mapped(to->addr)) {
			to->families = NETPORT_FAMILY_IPV4;
			unmap(to->addr);
			if (is_mapped(to->remote))
				unmap(to->remote);
			else if (!is_any(to->remote))
				return false;
			break;
		}
		if (is_mapped(to->remote))
			return false;
		if (!to->ifindex && (is_link_local(to->addr) || is_link_local(to->remote)))
			return false;
		break;
	default:
		if (!is_any(to->addr) || !is_any(to->remote))
			return false;
	}
	if (is_any(to->remote) && to->rport)
		return false;
	return !tuple || (port && !is_any(to->addr) && !is_any(to->remote) && to->rport);
}

static bool meet(const __u8 *a, const __u8 *b)
{
	return is_any(a) || is_any(b) || !memcmp(a, b, 16);
}

static bool overlap(const struct bind *a, const struct bind *b)
{
	if (a->protocol != b->protocol || a->port != b->port || !(a->families & b->families))
		return false;
	if (!meet(a->addr, b->addr) || (a->ifindex && b->ifindex && a->ifindex != b->ifindex))
		return false;
	if (is_any(a->remote) || is_any(b->remote))
		return true;
	return !memcmp(a->remote, b->remote, 16) &&
	       (!a->rport || !b->rport || a->rport == b->rport);
}

/* A label: text, a zero, and nothing but zeros. */
static bool is_label(const __u8 *label)
{
	int i = 0;

	while (i < NETPORT_LABEL_LEN && label[i])
		i++;
	if (i == NETPORT_LABEL_LEN)
		return false;
	for (; i < NETPORT_LABEL_LEN; i++)
		if (label[i])
			return false;
	return true;
}

/* What the terms say must make sense for this use of them. */
static bool parse_terms(const struct request *q, enum purpose use, struct plan *p)
{
	const struct netport_terms *t = &q->r.terms;
	unsigned int align = t->align ? t->align : 1;
	unsigned int n = t->nbindings + 1;

	if ((align & (align - 1)) || t->offset >= align || t->__pad || t->deadline >> 63 ||
	    !is_label(t->label) || n > NETPORT_BINDINGS_MAX ||
	    p->count * n > NETPORT_PORTS_MAX || t->nexclude > NETPORT_EXCLUDE_MAX ||
	    !t->bindings != !t->nbindings || !t->exclude != !t->nexclude)
		return false;
	if (p->port && (t->nexclude || p->port + p->count - 1 > 65535))
		return false;
	if (p->port && (p->count == 1 ? t->align : p->port % align != t->offset))
		return false;
	if ((t->deadline || use == USE_WISH) && p->count > 1)
		return false;
	switch (use) {
	case USE_RESERVE:
		break;
	case USE_AVAILABLE:
		if (t->deadline)
			return false;
		break;
	case USE_CANDIDATE:
		if (t->deadline || p->count > 1)
			return false;
		break;
	case USE_WISH:
		if (t->deadline || (p->options & NETPORT_OPT_PERSISTENT))
			return false;
		break;
	case USE_EXTEND:
	case USE_REBIND:
		if (use == USE_EXTEND && (t->align || t->nexclude))
			return false;
		if (t->deadline || p->count > 1 || t->label[0] ||
		    (p->options & NETPORT_OPT_PERSISTENT))
			return false;
	}
	return true;
}

/**
 * parse() - a request, checked
 * @q: the request; for USE_EXTEND with the port of what it is for
 * @use: for what
 * @p: the result
 *
 * Return: false if it's malformed.
 */
bool parse(const struct request *q, enum purpose use, struct plan *p)
{
	const struct netport_reserve *r = &q->r.reserve;
	const struct netport_terms *t = &q->r.terms;
	int i, j;

	memset(p, 0, sizeof(*p));
	p->port = use == USE_CANDIDATE ? 0 : r->binding.port;
	p->pick = !p->port;
	p->count = t->count ? t->count : 1;
	p->align = t->align ? t->align : 1;
	p->offset = t->offset;
	p->options = r->options;
	p->low = r->low;
	p->high = r->high;
	p->deadline = t->deadline;
	p->nexclude = t->nexclude;
	p->exclude = q->exclude;
	memcpy(p->label, t->label, NETPORT_LABEL_LEN);
	if ((p->options & ~(NETPORT_OPT_TUPLE | NETPORT_OPT_PERSISTENT)) ||
	    !parse_terms(q, use, p))
		return false;
	if (p->pick ? p->low && p->high && p->low > p->high : p->low || p->high)
		return false;

	p->n = t->nbindings + 1;
	for (i = 0; i < p->n; i++) {
		const struct netport_binding *b = i ? &q->more[i - 1] : &r->binding;

		if (i && b->port && b->port != p->port)
			return false;
		if (!parse_binding(b, p->port, p->options & NETPORT_OPT_TUPLE, &p->b[i]))
			return false;
		for (j = 0; j < i; j++)
			if (overlap(&p->b[i], &p->b[j]))
				return false;
	}
	return true;
}

/* May the owner have these ports?  Settles the range. */
bool may_have(const struct owner *o, struct plan *p)
{
	unsigned int floor = model.caps & CAP_BIND ? 0 : model.floor[o->space];
	bool open_low = !p->low;

	if (!p->pick)
		return p->port >= floor;
	if (!p->low && !p->high) {
		p->low = model.low[o->space];
		p->high = model.high[o->space];
	}
	p->low = p->low ? p->low : 1;
	p->high = p->high ? p->high : 65535;
	if (p->low >= floor)
		return true;
	if (!open_low || p->high < floor)
		return false;
	p->low = floor;
	return true;
}

/* the share rule */

static bool same_tuple(const struct bind *a, const struct bind *b)
{
	return overlap(a, b) && !memcmp(a->addr, b->addr, 16) &&
	       !memcmp(a->remote, b->remote, 16) && a->rport == b->rport;
}

/* Has the share rule a say between these? */
bool in_way(const struct bind *held, const struct bind *new)
{
	if (held->closed)
		return held->protocol == new->protocol && held->port == new->port;
	return new->tuple ? same_tuple(held, new) : overlap(held, new);
}

static __u32 flags_for(const struct resv *r, const struct bind *b, int uid)
{
	if (r->state & NETPORT_STATE_HELD)
		return 0;
	return r->who.uid == uid ? b->share : b->share & ~LB;
}

/*
 * What is held, by port: made anew when something has changed, for it is looked at often.
 */
#define BUCKETS	16
static struct { const struct resv *r; const struct bind *b; } held[SPACES][BUCKETS][PER_NETNS];
static int nheld[SPACES][BUCKETS];
static bool current;

void changed(void)
{
	current = false;
}

static void look_again(void)
{
	int i, j;

	memset(nheld, 0, sizeof(nheld));
	for (i = 0; i < model.nresv; i++) {
		const struct resv *r = &model.resv[i];

		for (j = 0; j < r->n; j++) {
			int bucket = r->b[j].port % BUCKETS, n = nheld[r->space][bucket]++;

			held[r->space][bucket][n].r = r;
			held[r->space][bucket][n].b = &r->b[j];
		}
	}
	current = true;
}

/**
 * judge() - would a binding be granted?
 * @space: namespace
 * @n: the binding, with a port
 * @uid: as whose
 * @skip: what isn't in its way, or NULL
 */
enum fit judge(int space, const struct bind *n, int uid, const struct resv *skip)
{
	static struct { const struct bind *b; __u32 flags; } met[PER_NETNS];
	int i, j, nmet = 0, bucket = n->port % BUCKETS;

	if (!current)
		look_again();
	for (i = 0; i < nheld[space][bucket]; i++) {
		const struct resv *r = held[space][bucket][i].r;
		const struct bind *b = held[space][bucket][i].b;

		if (r == skip || b->port != n->port || !in_way(b, n))
			continue;
		met[nmet].b = b;
		met[nmet++].flags = flags_for(r, b, uid);
	}
	/* For every local address of each family, what all on it have in common. */
	for (i = 0; i < nmet; i++) {
		__u16 family;

		for (family = 1; family <= 2; family *= 2) {
			__u32 common = n->share;

			if (!(met[i].b->families & n->families & family))
				continue;
			for (j = 0; j < nmet; j++)
				if ((met[j].b->families & family) &&
				    !memcmp(met[j].b->addr, met[i].b->addr, 16))
					common &= met[j].flags;
			if (!common)
				return BUSY;
		}
	}
	return nmet ? SHARED : FREE;
}

/* All bindings of a request, and all ports of a block: the worst of them. */
enum fit judge_plan(int space, const struct plan *p, __u16 port, int uid,
		    const struct resv *skip)
{
	enum fit fit, worst = FREE;
	int i, j;

	for (i = 0; i < p->n; i++) {
		struct bind b = p->b[i];

		/* A block is picked where nobody has its addresses, for whatever device. */
		if (p->pick && p->count > 1) {
			b.ifindex = 0;
			b.rport = 0;
			memset(b.remote, 0, 16);
		}
		for (j = 0; j < p->count; j++) {
			b.port = port + j;
			fit = judge(space, &b, uid, skip);
			/* What is picked is never shared for TCP. */
			if (fit == SHARED && p->pick && b.protocol == 6)
				fit = BUSY;
			if (fit < worst)
				worst = fit;
			if (worst == BUSY)
				return BUSY;
		}
	}
	return worst;
}

/* picking */

static bool is_excluded(int space, const struct plan *p, unsigned int port)
{
	int i;

	if (port == model.reserved[space][0] || port == model.reserved[space][1])
		return true;
	for (i = 0; i < p->nexclude; i++)
		if (p->exclude[i] == port)
			return true;
	return false;
}

/* Would a search look at this port, whoever has it? */
bool eligible(int space, const struct plan *p, unsigned int port)
{
	unsigned int i;

	if (port < p->low || port + p->count - 1 > p->high || port % p->align != p->offset)
		return false;
	for (i = 0; i < p->count; i++)
		if (is_excluded(space, p, port + i))
			return false;
	return true;
}

/* Is a port good enough for a pick? */
bool wants(int space, const struct plan *p, __u16 port, enum fit fit)
{
	if (!eligible(space, p, port))
		return false;
	return fit == FREE || (fit == SHARED && p->count == 1);
}

/* Is there a port that a pick would get, as good as @fit? */
bool exists(int space, const struct plan *p, int uid, const struct resv *skip, enum fit fit)
{
	unsigned int port;

	for (port = p->low; port <= p->high; port++)
		if (eligible(space, p, port) && judge_plan(space, p, port, uid, skip) >= fit)
			return true;
	return false;
}

/* limits */

bool has_room(const struct owner *o, int n)
{
	return o->count + n <= PER_OWNER && model.uid_count[o->who.uid] + n <= PER_UID &&
	       model.space_count[o->space] + n <= PER_NETNS;
}

void charge(int slot, int n)
{
	struct owner *o = &model.owner[slot];

	o->count += n;
	model.uid_count[o->who.uid] += n;
	model.space_count[o->space] += n;
}

/* reservations */

struct resv *add(int slot, const struct plan *p, __u16 port, __u64 token, int made)
{
	struct owner *o = &model.owner[slot];
	struct resv *r = &model.resv[model.nresv++];
	int i, j;

	changed();
	memset(r, 0, offsetof(struct resv, b));
	r->token = token;
	r->made = made;
	r->space = o->space;
	r->owner = slot;
	r->who = o->who;
	r->options = p->options & NETPORT_OPT_PERSISTENT;
	memcpy(r->label, p->label, sizeof(r->label));
	r->block = p->count > 1;
	for (j = 0; j < p->count; j++)
		for (i = 0; i < p->n; i++) {
			r->b[r->n] = p->b[i];
			r->b[r->n++].port = port + j;
		}
	if (made >= 0)
		model.token[made] = token;
	return r;
}

struct resv *find(int space, __u64 token)
{
	int i;

	for (i = 0; token && i < model.nresv; i++)
		if (model.resv[i].space == space && model.resv[i].token == token)
			return &model.resv[i];
	return NULL;
}

static void freed_at(struct freed *f, int space, __u16 port)
{
	int i;

	for (i = 0; i < f->n; i++)
		if (f->at[i].space == space && f->at[i].port == port)
			return;
	f->at[f->n].space = space;
	f->at[f->n++].port = port;
}

/* It's gone, and what it counted for is another's to change. */
void forget(struct resv *r, struct freed *f)
{
	int i;

	changed();
	f->resvs++;
	for (i = 0; i < r->n; i++)
		freed_at(f, r->space, r->b[i].port);
	model.nresv--;
	if (r != &model.resv[model.nresv])
		*r = model.resv[model.nresv];
}

/* It's gone, and counts no more. */
void take(struct resv *r, struct freed *f)
{
	if (r->owner >= 0)
		model.owner[r->owner].count -= r->n;
	model.uid_count[r->who.uid] -= r->n;
	model.space_count[r->space] -= r->n;
	forget(r, f);
}

/* waiting */

bool waiting(int space, bool pick)
{
	int i;

	for (i = 0; i < model.nwish; i++)
		if (model.wish[i].space == space && !model.wish[i].granted &&
		    (!pick || model.wish[i].p.pick))
			return true;
	return false;
}

/* Take a wish off the list; what it counts for stays. */
static void wish_del(struct wish *w)
{
	int i = w - model.wish;

	memmove(w, w + 1, (--model.nwish - i) * sizeof(*w));
	for (; i < model.nwish; i++)
		model.wish[i].p.exclude = model.wish[i].exclude;
}

void unwish(struct wish *w)
{
	if (!w->granted && w->space >= 0)
		charge(w->owner, -w->p.n);
	wish_del(w);
}

/* Somebody who waited has it; returns the wish, or NULL if nobody will ask for it. */
struct wish *grant(struct wish *w, __u16 port, __u64 token)
{
	struct resv *r = add(w->owner, &w->p, port, token, w->made);

	w->granted = model.grants;
	w->port = port;
	w->token = token;
	if (!token)
		model.unlearned |= 1 << r->space;
	return w;
}

static bool wish_fits(const struct wish *w, __u16 port)
{
	enum fit fit;

	if (!w->p.pick && w->p.port != port)
		return false;
	fit = judge_plan(w->space, &w->p, port, model.owner[w->owner].who.uid, NULL);
	return w->p.pick ? wants(w->space, &w->p, port, fit) : fit != BUSY;
}

/* Something came free on a port: whoever has waited longest of those that fit has it. */
void serve(int space, __u16 port)
{
	int i;

	for (i = 0; i < model.nwish; i++) {
		struct wish *w = &model.wish[i];

		if (w->space != space || w->granted || !wish_fits(w, port))
			continue;
		model.grants++;
		grant(w, port, 0);
	}
}

void serve_all(struct freed *f)
{
	int i;

	for (i = 0; i < f->n; i++)
		serve(f->at[i].space, f->at[i].port);
}

/* the end of an owner */

void die_owner(int slot, struct freed *f)
{
	struct owner *o = &model.owner[slot];
	int i;

	for (i = model.nwish - 1; i >= 0; i--)
		if (model.wish[i].owner == slot)
			unwish(&model.wish[i]);
	for (i = model.nresv - 1; i >= 0; i--) {
		struct resv *r = &model.resv[i];

		if (r->who.id == o->who.id)
			memcpy(r->who.label, o->who.label, sizeof(r->who.label));
		if (r->owner != slot)
			continue;
		if ((r->options & NETPORT_OPT_PERSISTENT) &&
		    !(r->state & NETPORT_STATE_CANDIDATE)) {
			r->state |= NETPORT_STATE_ORPHAN;
			r->owner = -1;
			continue;
		}
		take(r, f);
	}
	memset(o, 0, sizeof(*o));
	o->fd = -1;
}

/* listing */

/* The label of an owner, which stays with what it leaves. */
static const char *owner_label(const struct who *who)
{
	int i;

	for (i = 0; i < OWNERS; i++)
		if (model.owner[i].alive && model.owner[i].who.id == who->id)
			return model.owner[i].who.label;
	return who->label;
}

/**
 * entry_of() - how a binding is listed
 * @r: the reservation
 * @i: which binding
 * @curious: whether whoever asks has CAP_NET_ADMIN
 * @asker: the uid of the file that is asked
 * @e: the result
 */
void entry_of(const struct resv *r, int i, bool curious, int asker, struct netport_entry *e)
{
	const struct who *who = &r->who;
	const struct bind *b = &r->b[i];

	memset(e, 0, sizeof(*e));
	e->binding.families = b->families;
	e->binding.protocol = b->protocol;
	e->binding.port = b->port;
	e->binding.remote_port = b->rport;
	e->binding.ifindex = b->ifindex;
	e->binding.share = b->share;
	memcpy(e->binding.addr, b->addr, 16);
	memcpy(e->binding.remote, b->remote, 16);
	e->token = r->token;
	e->owner = who->id;
	e->uid = real_uid(who->uid);
	e->options = r->options | (b->tuple ? NETPORT_OPT_TUPLE : 0);
	e->state = r->state;
	e->hold = r->hold;
	e->parts = r->n;
	if (!curious && asker != who->uid)
		return;
	e->pid = who->pid;
	memcpy(e->comm, who->comm, sizeof(e->comm));
	memcpy(e->label, r->label, sizeof(e->label));
	memcpy(e->owner_label, owner_label(who), sizeof(e->owner_label));
}

bool binding_equal(const struct bind *a, const struct bind *b)
{
	return a->families == b->families && a->protocol == b->protocol &&
	       a->port == b->port && a->rport == b->rport && a->ifindex == b->ifindex &&
	       a->share == b->share && !memcmp(a->addr, b->addr, 16) &&
	       !memcmp(a->remote, b->remote, 16) && a->tuple == b->tuple;
}
