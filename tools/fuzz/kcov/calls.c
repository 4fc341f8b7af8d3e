// SPDX-License-Identifier: GPL-2.0
/*
 * Bytes to calls.  An input is a byte of flags, and then calls until it ends:
 *
 *	what	the number of the command, or one of enum other
 *	how	bits 0-1: by which owner; bits 2-4: enum size; bits 5-6: how many patches; bit 7:
 *		the structure is what the last call of this command has left, as callers do that
 *		go on with a search
 *	fields	unless so, a byte for each field that isn't padding, in order: one of the values
 *		that are worth trying there; after the byte of an array its entries
 *	patches	a byte of the structure, by its offset, and what it is instead
 *
 * So any input is something to try, most changes of a byte change one thing, and most of what
 * is tried is nearly right.  Pointers always go to memory that is set aside for them, or to
 * where there is none.
 */
#include "tidy.h"

#include <stddef.h>

#include "calls.h"

#define OWNERS		4
#define CALLS_MAX	32
#define UID		1000

/* A few ports, so that picks come across what is there. */
#define LOW		16000
#define HIGH		16063

enum flags {
	ORDINARY = 1 << 0,	/* without capabilities */
};

/* What else can be done than a command. */
enum other {
	CLOSE = COMMANDS,	/* the owner; its number opens another one when it's used next */
	CAPS,			/* have capabilities, or have none any more */
	POLL,
	NAP,			/* holds end, and what is done a moment later is done */
	UNKNOWN,		/* a command that isn't one */
	OTHERS
};

/* What the number of the command says of the structure's size. */
enum size {
	SIZE_NOW, SIZE_FIRST, SIZE_LONG, SIZE_TOO_LONG, SIZE_TOO_SHORT, SIZE_SMALL, SIZE_LARGE,
	SIZE_ONE_WAY,		/* right, but of another direction */
	SIZES
};

/* What a field is.  Of an array, COUNT and STRIDE are its number of entries, and their size. */
enum kind {
	BINDINGS, EXCLUDE, REQUESTS, TOKENS, OUT, ARRAYS,
	NUMBER = ARRAYS, FAMILIES, PROTOCOL, PORT, FLAGS, ADDR, TOKEN, DEADLINE, TEXT, OWNER_FD,
	OWNER_ID,
	COUNT = 1 << 6, STRIDE = 1 << 7
};

struct field {
	const char *name;
	__u16 at, size;		/* a size of 0 is the end */
	__u8 kind;
	const struct field *part;
};

#define FIELD(type, field, kind) \
	{ #field, offsetof(struct type, field), sizeof(((struct type *)NULL)->field), kind, NULL }
#define PART(type, field, fields) \
	{ #field, offsetof(struct type, field), sizeof(((struct type *)NULL)->field), 0, fields }

static const struct field binding_fields[] = {
	FIELD(netport_binding, families, FAMILIES),
	FIELD(netport_binding, protocol, PROTOCOL),
	FIELD(netport_binding, port, PORT),
	FIELD(netport_binding, remote_port, PORT),
	FIELD(netport_binding, ifindex, NUMBER),
	FIELD(netport_binding, share, FLAGS),
	FIELD(netport_binding, addr, ADDR),
	FIELD(netport_binding, remote, ADDR),
	{ }
};

static const struct field reserve_fields[] = {
	PART(netport_reserve, binding, binding_fields),
	FIELD(netport_reserve, token, TOKEN),
	FIELD(netport_reserve, options, FLAGS),
	FIELD(netport_reserve, low, PORT),
	FIELD(netport_reserve, high, PORT),
	{ }
};

static const struct field terms_fields[] = {
	FIELD(netport_terms, bindings, BINDINGS),
	FIELD(netport_terms, exclude, EXCLUDE),
	FIELD(netport_terms, conflict, OUT),
	FIELD(netport_terms, deadline, DEADLINE),
	FIELD(netport_terms, nbindings, COUNT | BINDINGS),
	FIELD(netport_terms, nexclude, COUNT | EXCLUDE),
	FIELD(netport_terms, count, NUMBER),
	FIELD(netport_terms, align, NUMBER),
	FIELD(netport_terms, offset, NUMBER),
	FIELD(netport_terms, label, TEXT),
	{ }
};

static const struct field request_fields[] = {
	PART(netport_request, reserve, reserve_fields),
	PART(netport_request, terms, terms_fields),
	{ }
};

static const struct field release_fields[] = {
	PART(netport_release, binding, binding_fields),
	FIELD(netport_release, token, TOKEN),
	FIELD(netport_release, options, FLAGS),
	FIELD(netport_release, hold, NUMBER),
	FIELD(netport_release, port, PORT),
	FIELD(netport_release, count, NUMBER),
	{ }
};

static const struct field candidate_fields[] = {
	PART(netport_candidate, reserve, reserve_fields),
	FIELD(netport_candidate, cursor, NUMBER),
	PART(netport_candidate, terms, terms_fields),
	{ }
};

static const struct field token_fields[] = {
	FIELD(netport_token, token, TOKEN),
	{ }
};

static const struct field range_fields[] = {
	FIELD(netport_range, low, PORT),
	FIELD(netport_range, high, PORT),
	{ }
};

static const struct field ephemeral_fields[] = {
	FIELD(netport_ephemeral, low, PORT),
	FIELD(netport_ephemeral, high, PORT),
	FIELD(netport_ephemeral, cursor, NUMBER),
	{ }
};

static const struct field batch_fields[] = {
	FIELD(netport_batch, requests, REQUESTS),
	FIELD(netport_batch, errors, OUT),
	FIELD(netport_batch, count, COUNT | REQUESTS),
	FIELD(netport_batch, size, STRIDE | REQUESTS),
	FIELD(netport_batch, flags, FLAGS),
	{ }
};

static const struct field tokens_fields[] = {
	FIELD(netport_tokens, tokens, TOKENS),
	FIELD(netport_tokens, count, COUNT | TOKENS),
	FIELD(netport_tokens, hold, NUMBER),
	FIELD(netport_tokens, options, FLAGS),
	{ }
};

static const struct field transfer_fields[] = {
	FIELD(netport_transfer, token, TOKEN),
	FIELD(netport_transfer, fd, OWNER_FD),
	{ }
};

static const struct field label_fields[] = {
	FIELD(netport_label, token, TOKEN),
	FIELD(netport_label, label, TEXT),
	{ }
};

static const struct field granted_fields[] = {
	FIELD(netport_granted, wish, TOKEN),
	{ }
};

static const struct field list_fields[] = {
	FIELD(netport_list, entries, OUT),
	FIELD(netport_list, owner, OWNER_ID),
	FIELD(netport_list, count, COUNT | OUT),
	FIELD(netport_list, size, STRIDE | OUT),
	FIELD(netport_list, flags, FLAGS),
	FIELD(netport_list, protocol, PROTOCOL),
	FIELD(netport_list, port, PORT),
	FIELD(netport_list, addr, ADDR),
	FIELD(netport_list, families, FAMILIES),
	FIELD(netport_list, low, PORT),
	FIELD(netport_list, high, PORT),
	{ }
};

/* All of it is a result. */
static const struct field info_fields[] = {
	{ }
};

#define NO_TOKEN	0xffff

static const struct command {
	const char *name;
	const struct field *field;
	__u16 size, first;
	__u16 token;		/* where the result is that others can be about */
} commands[COMMANDS] = {
#define C(cmd, type, first, token) \
	[_IOC_NR(NETPORT_IOC_##cmd)] = { #cmd, type##_fields, sizeof(struct netport_##type), \
					 first, token }
	C(REQUEST, request, 64, offsetof(struct netport_reserve, token)),
	C(RELEASE, release, 64, NO_TOKEN),
	C(AVAILABLE, request, 64, NO_TOKEN),
	C(CANDIDATE, candidate, 72, offsetof(struct netport_reserve, token)),
	C(ACCEPT, token, 8, NO_TOKEN),
	C(GET_RANGE, range, 8, NO_TOKEN),
	C(SET_RANGE, range, 8, NO_TOKEN),
	C(EPHEMERAL, ephemeral, 16, NO_TOKEN),
	C(EXTEND, request, 144, NO_TOKEN),
	C(REBIND, request, 144, NO_TOKEN),
	C(BATCH, batch, 32, NO_TOKEN),
	C(RELEASE_BATCH, tokens, 24, NO_TOKEN),
	C(TRANSFER, transfer, 16, NO_TOKEN),
	C(ADOPT, token, 8, NO_TOKEN),
	C(LABEL, label, 40, NO_TOKEN),
	C(WISH, request, 144, offsetof(struct netport_reserve, token)),
	C(GRANTED, granted, 24, offsetof(struct netport_granted, token)),
	C(UNWISH, token, 8, NO_TOKEN),
	C(LIST, list, 56, NO_TOKEN),
	C(INFO, info, 80, NO_TOKEN),
#undef C
};

struct seen seen[COMMANDS];
bool calls_shown;

#define show(...) do { if (calls_shown) printf(__VA_ARGS__); } while (0)

const char *command_name(unsigned int nr)
{
	return commands[nr].name;
}

/* memory: each part with nothing behind it */

#define ARG_SIZE	16384	/* what a command's number can say */
#define ARENA_SIZE	0x200000
#define OUT_SIZE	65536

static __u8 *arg, *arena, *out, *readonly;
static size_t allocated;

static __u8 *part(size_t size)
{
	__u8 *p = mmap(NULL, size + 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || mprotect(p, size, PROT_READ | PROT_WRITE))
		die("mmap");
	return p;
}

/* For all that a call has, nine requests with two arrays each and one of the requests. */
static __u8 *alloc(size_t size)
{
	allocated += size;
	if (allocated > ARENA_SIZE)
		die("a large call");
	return arena + allocated - size;
}

static __u64 bad_pointer(unsigned int which)
{
	switch (which % 6) {
	case 0:	return 8;
	case 1:	return (uintptr_t)(arena + ARENA_SIZE);
	case 2: return (uintptr_t)(arena + ARENA_SIZE - 8);
	case 3: return (uintptr_t)(readonly);
	case 4:	return 0xffff888000000000;
	default: return 0x8000000000000000;
	}
}

/* the input */

static const __u8 *at, *end;

static __u8 byte(void)
{
	return at < end ? *at++ : 0;
}

/* owners, and what they have been told */

#define KNOWN	64

static int observer, owners[OWNERS];
static __u64 known[KNOWN], owner_id;
static unsigned int nknown;
static bool admin;
static struct {
	__u8 arg[256];
	bool valid;
} left[COMMANDS];

static int owner_fd(unsigned int slot)
{
	if (owners[slot] < 0)
		owners[slot] = owner_as(slot & 1 ? UID : 0);
	return owners[slot];
}

static void learn(__u64 token)
{
	if (token)
		known[nknown++ % KNOWN] = token;
}

static void set_admin(bool on)
{
	admin = on;
	have_caps(1U << CAP_NET_ADMIN | 1U << CAP_NET_BIND_SERVICE, on);
}

/* values */

static __u64 number(__u8 b)
{
	static const __u64 edge[] = {
		32, 47, 48, 63, 64, 65, 127, 128, 144, 168, 255, 256, 1023, 1024, 1025, 4095, 4096,
		4097, 0x7fff, 0x8000, 0xffff, 0x10000, NETPORT_HOLD_MAX, NETPORT_HOLD_MAX + 1,
		0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, ~0ULL,
	};

	return b < 256 - ARRAY_SIZE(edge) ? b : edge[b - (256 - ARRAY_SIZE(edge))];
}

static __u64 value(enum kind kind, __u8 b)
{
	static const __u16 protocol[] = {
		IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, 262, 256, 0xffff, 0,
	};
	static const __u16 port[] = {
		0, 1, 79, 80, 81, 1023, 1024, 1025, 15999, LOW, 16007, 16008, HIGH, HIGH + 1,
		32767, 32768, 65471, 65472, 65534, 65535,
	};

	switch (kind) {
	case FAMILIES:
		return b < 64 ? b % 4 : b;
	case PROTOCOL:
		return b < ARRAY_SIZE(protocol) ? protocol[b] : b;
	case PORT:
		return b < ARRAY_SIZE(port) ? port[b] : LOW + b - ARRAY_SIZE(port);
	case FLAGS:
		return b < 128 ? b : 1ULL << b % 32;
	case TOKEN:
		if (!b || b >= 0xf0)
			return b ? 0x7fffffff0000 + b : 0;
		return nknown ? known[(nknown - 1 - (b - 1) % (nknown < KNOWN ? nknown : KNOWN)) %
				      KNOWN] : 1;
	case DEADLINE:
		/* Not long, for nobody comes to give anything back. */
		return b < 2 ? b : b >= 0xf0 ? ~0ULL << (b & 1) : now_ns() + b * 16384ULL;
	case OWNER_FD:
		return b < 0xf0 ? owner_fd(b % OWNERS) : -(b & 1);
	case OWNER_ID:
		return b ? owner_id + b - 1 : 0;
	default:
		return number(b);
	}
}

static void address(__u8 b, __u8 *to)
{
	static const char *const text[] = {
		"::", "7f00:1::", "a00:1::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
		"::ffff:0.0.0.0", "fe80::1", "2001:db8::1", "ff02::1", "e000:1::", "ffff:ffff::",
		"::7f00:1",
	};
	static __u8 parsed[ARRAY_SIZE(text)][16];
	unsigned int i;

	for (i = 0; !parsed[1][0] && i < ARRAY_SIZE(text); i++)
		parse_addr(text[i], NETPORT_FAMILY_IPV6, parsed[i]);
	if (b < ARRAY_SIZE(text)) {
		memcpy(to, parsed[b], 16);
	} else {
		memset(to, 0, 16);
		to[0] = 10;
		to[3] = b;
	}
}

static void label(__u8 b, __u8 *to)
{
	memset(to, 0, NETPORT_LABEL_LEN);
	memset(to, 'a' + b % 16, b % (NETPORT_LABEL_LEN + 1));
	if (b >= 0xe0)
		to[NETPORT_LABEL_LEN - 1] = b;
}

/* arrays */

static const struct {
	__u16 size, max;
} shapes[ARRAYS] = {
	[BINDINGS] = { sizeof(struct netport_binding), NETPORT_BINDINGS_MAX },
	[EXCLUDE] = { sizeof(__u16), NETPORT_EXCLUDE_MAX },
	[REQUESTS] = { sizeof(struct netport_request), NETPORT_BATCH_MAX },
	[TOKENS] = { sizeof(__u64), NETPORT_BATCH_MAX },
	[OUT] = { sizeof(struct netport_entry) },
};

static struct array {
	__u8 *start;
	unsigned int n, stride;
} arrays[ARRAYS];

static void fill(const struct field *f, __u8 *to);

static void fill_entry(enum kind kind, __u8 *to, size_t size)
{
	struct netport_request r = { .terms.label = "" };
	__u64 v;

	switch (kind) {
	case BINDINGS:
		fill(binding_fields, to);
		break;
	case REQUESTS:
		fill(request_fields, (__u8 *)&r);
		memcpy(to, &r, size);
		break;
	default:
		v = value(kind == TOKENS ? TOKEN : PORT, byte());
		memcpy(to, &v, size);
	}
}

static __u64 array(enum kind kind, __u8 b)
{
	struct array *a = &arrays[kind];
	unsigned int i;

	*a = (struct array){ .stride = shapes[kind].size };
	if (!b || b >= 0xf0)
		return b ? bad_pointer(b) : 0;
	a->n = 1 + (b - 1) % 8;
	if (kind == OUT)
		return (uintptr_t)out;
	if (kind == REQUESTS && b & 0x80)
		a->stride = sizeof(struct netport_reserve);
	a->start = alloc(shapes[kind].size * shapes[kind].max);
	for (i = 0; i < a->n; i++)
		fill_entry(kind, a->start + i * a->stride, a->stride);
	return (uintptr_t)a->start;
}

/* As many entries as there are, or another number: with more like the last one, if there may be. */
static __u64 count(enum kind kind, __u8 b)
{
	struct array *a = &arrays[kind];
	__u64 n = b ? number(b) : a->n;
	__u8 *e;

	for (; a->start && a->n < n && a->n < shapes[kind].max; a->n++) {
		e = a->start + a->n * a->stride;
		memcpy(e, e - a->stride, a->stride);
		/* So that they don't overlap. */
		if (kind == BINDINGS)
			((struct netport_binding *)e)->protocol++;
	}
	return n;
}

static void fill(const struct field *f, __u8 *to)
{
	__u64 v;
	__u8 b;

	for (; f->size; f++) {
		if (f->part) {
			fill(f->part, to + f->at);
			continue;
		}
		b = byte();
		if (f->kind == ADDR) {
			address(b, to + f->at);
			continue;
		}
		if (f->kind == TEXT) {
			label(b, to + f->at);
			continue;
		}
		if (f->kind & COUNT)
			v = count(f->kind & ~COUNT, b);
		else if (f->kind & STRIDE)
			v = b ? b * 8 : arrays[f->kind & ~STRIDE].stride;
		else if (f->kind < ARRAYS)
			v = array(f->kind, b);
		else
			v = value(f->kind, b);
		memcpy(to + f->at, &v, f->size);
	}
}

/* calls */

static void print_fields(const struct field *f, const __u8 *from)
{
	unsigned int i;
	__u64 v;

	for (; f->size; f++) {
		if (f->part) {
			print_fields(f->part, from + f->at);
			continue;
		}
		for (i = 0; i < f->size && !from[f->at + i]; i++)
			;
		if (i == f->size)
			continue;
		printf(" %s=", f->name);
		if (f->size > sizeof(v)) {
			for (i = 0; i < f->size; i++)
				printf("%02x", from[f->at + i]);
		} else {
			v = 0;
			memcpy(&v, from + f->at, f->size);
			printf(v < 100000 ? "%llu" : "%#llx", (unsigned long long)v);
		}
	}
}

/* Where the kernel may write must be ours, and no call may last. */
static bool fixed(const struct field *f, unsigned int offset)
{
	for (; f->size; f++)
		if (offset >= f->at && offset < f->at + f->size)
			return f->part ? fixed(f->part, offset - f->at) :
					 f->kind == DEADLINE || f->kind < ARRAYS;
	return false;
}

static size_t passed(const struct command *c, enum size how)
{
	switch (how) {
	case SIZE_FIRST:	return c->first;
	case SIZE_LONG:
	case SIZE_TOO_LONG:	return c->size + 16;
	case SIZE_TOO_SHORT:	return c->first - 8;
	case SIZE_SMALL:	return byte();
	case SIZE_LARGE:	return byte() * 64;
	default:		return c->size;
	}
}

static void learn_results(unsigned int nr)
{
	const struct array *a;
	unsigned int i;
	__u64 token;

	if (commands[nr].token != NO_TOKEN) {
		memcpy(&token, arg + commands[nr].token, sizeof(token));
		learn(token);
	} else if (nr == _IOC_NR(NETPORT_IOC_BATCH)) {
		a = &arrays[REQUESTS];
		for (i = 0; a->start && i < a->n && i < 8; i++)
			learn(((struct netport_reserve *)(a->start + i * a->stride))->token);
	} else if (nr == _IOC_NR(NETPORT_IOC_INFO)) {
		owner_id = ((struct netport_info *)arg)->owner;
	} else if (nr == _IOC_NR(NETPORT_IOC_LIST)) {
		const struct netport_list *l = (void *)arg;

		for (i = 0; l->entries == (uintptr_t)(out) && i < l->count && i < 4; i++)
			learn(((struct netport_entry *)(out + i * l->size))->token);
	}
}

static void call(unsigned int nr, __u8 how)
{
	const struct command *c = &commands[nr];
	unsigned int patches = how >> 5 & 3, offset;
	enum size size = how >> 2 & 7;
	__u8 before[256], last;
	size_t n = passed(c, size);
	int fd = owner_fd(how % OWNERS), err;

	allocated = 0;
	if (how & 0x80 && left[nr].valid) {
		memcpy(arg, left[nr].arg, c->size);
	} else {
		memset(arg, 0, c->size);
		fill(c->field, arg);
	}
	while (patches--) {
		offset = byte();
		last = byte();
		if (offset < c->size && !fixed(c->field, offset))
			arg[offset] = last;
	}
	if (size == SIZE_TOO_LONG)
		arg[n - 1] = 1;
	memcpy(before, arg, c->size);
	if (calls_shown) {
		printf("%d: %s", how % OWNERS, c->name);
		print_fields(c->field, arg);
		if (n != c->size)
			printf(" (size %zu)", n);
	}
	err = ioctl(fd, _IOC(size == SIZE_ONE_WAY ? _IOC_READ : _IOC_READ | _IOC_WRITE,
			     NETPORT_IOC_MAGIC, nr, n), arg) ? errno : 0;
	show(" = %s\n", err ? strerrorname_np(err) : "0");
	if (err && memcmp(before, arg, c->size))
		die("%s failed and wrote", c->name);
	if (size == SIZE_TOO_LONG)
		arg[n - 1] = 0;
	if (err) {
		seen[nr].failed++;
		return;
	}
	seen[nr].worked++;
	memcpy(left[nr].arg, arg, c->size);
	left[nr].valid = true;
	learn_results(nr);
}

static void other(enum other what, __u8 how)
{
	struct pollfd p = { .events = POLLIN };

	switch (what) {
	case CLOSE:
		show("%d: close\n", how % OWNERS);
		if (owners[how % OWNERS] >= 0)
			close(owners[how % OWNERS]);
		owners[how % OWNERS] = -1;
		break;
	case CAPS:
		show("capabilities: %s\n", admin ? "no" : "yes");
		set_admin(!admin);
		break;
	case POLL:
		p.fd = owner_fd(how % OWNERS);
		poll(&p, 1, 0);
		show("%d: poll = %#x\n", how % OWNERS, p.revents);
		break;
	case NAP:
		show("nap\n");
		sleep_ms(1);
		break;
	default:
		how = byte();
		show("%d: command %u\n", how % OWNERS, COMMANDS + how / OWNERS);
		if (!ioctl(owner_fd(how % OWNERS), _IOWR(NETPORT_IOC_MAGIC, COMMANDS + how / OWNERS,
							 struct netport_token), arg))
			die("what isn't a command works");
	}
}

/* A namespace and a file to look at it with, and memory. */
void calls_begin(void)
{
	unsigned int i;

	keep_netns();
	observer = owner();
	for (i = 0; i < OWNERS; i++)
		owners[i] = -1;
	arg = part(ARG_SIZE);
	arena = part(ARENA_SIZE);
	out = part(OUT_SIZE);
	readonly = part(4096);
	if (mprotect(readonly, 4096, PROT_READ))
		die("mprotect");
}

void calls_run(const __u8 *input, size_t len)
{
	unsigned int i, what;

	at = input;
	end = input + len;
	nknown = 0;
	memset(left, 0, sizeof(left));
	memset(arrays, 0, sizeof(arrays));
	if (set_range(observer, LOW, HIGH))
		die("set the range");
	set_admin(!(byte() & ORDINARY));
	for (i = 0; at < end && i < CALLS_MAX; i++) {
		what = byte() % OTHERS;
		if (what < COMMANDS)
			call(what, byte());
		else
			other(what, byte());
	}
	for (i = 0; i < OWNERS; i++) {
		if (owners[i] >= 0)
			close(owners[i]);
		owners[i] = -1;
	}
	set_admin(true);
}

/* Whether nothing is left but what outlives an owner, and that can be ended. */
bool calls_tidy(void)
{
	return tidied_up(observer);
}
