// SPDX-License-Identifier: GPL-2.0
/*
 * Operations and tables, for people.
 */
#include <arpa/inet.h>

#include "fuzz.h"

static const char *const kinds[OPS] = {
	[OP_OPEN] = "open", [OP_CLOSE] = "close", [OP_SHARE] = "share", [OP_FETCH] = "fetch",
	[OP_KILL] = "kill", [OP_NETNS] = "netns", [OP_CAPS] = "caps", [OP_SYSCTL] = "sysctl",
	[OP_RESERVE] = "RESERVE", [OP_REQUEST] = "REQUEST", [OP_AVAILABLE] = "AVAILABLE",
	[OP_BATCH] = "BATCH", [OP_CANDIDATE] = "CANDIDATE", [OP_NEXT] = "CANDIDATE/next",
	[OP_ACCEPT] = "ACCEPT", [OP_RELEASE] = "RELEASE", [OP_RELEASE_KEY] = "RELEASE/key",
	[OP_RELEASE_PART] = "RELEASE/part", [OP_RELEASE_BATCH] = "RELEASE_BATCH",
	[OP_HOLD_END] = "RELEASE/hold", [OP_EXTEND] = "EXTEND", [OP_REBIND] = "REBIND",
	[OP_TRANSFER] = "TRANSFER", [OP_ADOPT] = "ADOPT", [OP_LABEL] = "LABEL",
	[OP_WISH] = "WISH", [OP_GRANTED] = "GRANTED", [OP_UNWISH] = "UNWISH",
	[OP_WAIT] = "REQUEST/wait", [OP_LIST] = "LIST", [OP_INFO] = "INFO",
	[OP_GET_RANGE] = "GET_RANGE", [OP_SET_RANGE] = "SET_RANGE",
	[OP_EPHEMERAL] = "EPHEMERAL", [OP_NOTTY] = "no command",
};

static const char *const hows[HOWS] = {
	[HOW_WELL] = "", [HOW_SHORT] = " (first version's size)", [HOW_LONG] = " (longer)",
	[HOW_TOO_SHORT] = " (too short)", [HOW_TOO_LONG] = " (longer, and not zero)",
	[HOW_FAULT] = " (bad pointer)", [HOW_READONLY] = " (read-only memory)",
};

const char *kind_name(int kind)
{
	return kinds[kind];
}

const char *err_name(int err)
{
	static char text[4][16];
	static int i;
	const char *name = err ? strerrorname_np(err) : "0";

	if (name)
		return name;
	i = (i + 1) % 4;
	snprintf(text[i], sizeof(text[i]), "%d", err);
	return text[i];
}

const char *allow_text(const struct allow *a)
{
	static char text[256];
	int err, n = 0;

	for (err = 0; err < 192 && n < 200; err++)
		if (allowed(a, err))
			n += sprintf(text + n, "%s%s", n ? " or " : "", err_name(err));
	return n ? text : "nothing";
}

static void print_addr(FILE *f, unsigned int families, const __u8 *addr)
{
	static const __u8 any[16];
	char text[64];

	if (!memcmp(addr, any, 16))
		fputc('*', f);
	else if (families == 1)
		fprintf(f, "%s", inet_ntop(AF_INET, addr, text, sizeof(text)));
	else
		fprintf(f, "[%s]", inet_ntop(AF_INET6, addr, text, sizeof(text)));
}

/* In the words of the selftests: udp 4 10.0.0.1:80 %2 >10.0.0.9:5 LB|MR */
void print_bind(FILE *f, const struct netport_binding *b)
{
	static const __u8 any[16];

	if (b->protocol == 6 || b->protocol == 17)
		fprintf(f, "%s", b->protocol == 6 ? "tcp" : "udp");
	else
		fprintf(f, "%u", b->protocol);
	fprintf(f, " %s%s%s", b->families & 1 ? "4" : "", b->families & 2 ? "6" : "",
		b->families > 3 || !b->families ? "?" : "");
	fputc(' ', f);
	print_addr(f, b->families, b->addr);
	fprintf(f, ":%u", b->port);
	if (b->ifindex)
		fprintf(f, " %%%u", b->ifindex);
	if (b->remote_port || memcmp(b->remote, any, 16)) {
		fprintf(f, " >");
		print_addr(f, b->families, b->remote);
		fprintf(f, ":%u", b->remote_port);
	}
	if (b->share)
		fprintf(f, " %s%s%s%s", b->share & LB ? "LB" : "",
			b->share & MR ? b->share & LB ? "|MR" : "MR" : "",
			b->share & TO ? b->share & (LB | MR) ? "|TO" : "TO" : "",
			b->share > 7 ? "|?" : "");
}

static void print_request(FILE *f, const struct request *q)
{
	const struct netport_terms *t = &q->r.terms;
	const struct netport_reserve *r = &q->r.reserve;
	unsigned int i;

	print_bind(f, &r->binding);
	for (i = 0; i < t->nbindings && i < MORE; i++) {
		fprintf(f, "; ");
		print_bind(f, &q->more[i]);
	}
	if (r->low || r->high)
		fprintf(f, " =%u-%u", r->low, r->high);
	if (r->options)
		fprintf(f, "%s%s", r->options & NETPORT_OPT_TUPLE ? " tuple" : "",
			r->options & NETPORT_OPT_PERSISTENT ? " persistent" : "");
	if (r->options & ~9U)
		fprintf(f, " options=%#x", r->options);
	if (t->count)
		fprintf(f, " count=%u", t->count);
	if (t->align || t->offset)
		fprintf(f, " align=%u+%u", t->align, t->offset);
	if (t->nexclude)
		fprintf(f, " without");
	for (i = 0; i < t->nexclude && i < EXCLUDES; i++)
		fprintf(f, " %u", q->exclude[i]);
	if (t->nexclude > EXCLUDES || t->nbindings > MORE || t->bindings > 1 ||
	    t->exclude > 1 || !t->bindings != !t->nbindings || !t->exclude != !t->nexclude ||
	    t->__pad)
		fprintf(f, " bindings=%u@%u exclude=%u@%u pad=%u", t->nbindings,
			(unsigned int)t->bindings, t->nexclude, (unsigned int)t->exclude,
			t->__pad);
	if (t->conflict)
		fprintf(f, t->conflict > 1 ? " conflict=bad" : " conflict");
	if (t->deadline)
		fprintf(f, " deadline=%lld", (long long)t->deadline);
	if (t->label[0])
		fprintf(f, " '%.32s'", t->label);
}

static void print_ref(FILE *f, int ref)
{
	if (ref == NEVER)
		fprintf(f, " of #never");
	else if (ref % BATCH)
		fprintf(f, " of #%d.%d", ref / BATCH, ref % BATCH);
	else
		fprintf(f, " of #%d", ref / BATCH);
}

static void print_hold(FILE *f, const struct op *op)
{
	if (op->hold)
		fprintf(f, " hold %u ms", op->hold);
	if (op->options & NETPORT_RELEASE_PORT)
		fprintf(f, " of the port");
	if (op->options & ~NETPORT_RELEASE_PORT)
		fprintf(f, " options=%#x", op->options);
}

void print_op(FILE *f, const struct op *op)
{
	struct request q;
	int i;

	fprintf(f, "#%-4u ", op->index);
	switch (op->kind) {
	case OP_OPEN:
		fprintf(f, "owner %d: open, uid %d", op->who, op->uid);
		if (op->other)
			fprintf(f, ", by peer %d", op->other - 1);
		else
			fprintf(f, ", namespace %d", op->space);
		break;
	case OP_SHARE:
		fprintf(f, "owner %d: to peer %d", op->who, op->other);
		break;
	case OP_FETCH:
		fprintf(f, "owner %d: back from peer %d", op->who, op->other);
		break;
	case OP_KILL:
		fprintf(f, "kill peer %d", op->other);
		break;
	case OP_NETNS:
		fprintf(f, "namespace %d goes, and comes anew", op->space);
		break;
	case OP_CAPS:
		fprintf(f, "capabilities:%s%s", op->caps & CAP_BIND ? " BIND_SERVICE" : "",
			op->caps & CAP_ADMIN ? " NET_ADMIN" : "");
		break;
	case OP_SYSCTL:
		if (op->count)
			fprintf(f, "namespace %d: ip_unprivileged_port_start %u", op->space,
				op->count);
		else
			fprintf(f, "namespace %d: ip_local_reserved_ports %u %u", op->space,
				op->low, op->high);
		break;
	default:
		fprintf(f, "owner %d: %s%s", op->who, kinds[op->kind], hows[op->how]);
	}
	switch (op->kind) {
	case OP_RESERVE: case OP_REQUEST: case OP_AVAILABLE: case OP_CANDIDATE: case OP_WISH:
		fputc(' ', f);
		q = op->q[0];
		if (op->how == HOW_SHORT && op->kind != OP_WISH)
			memset(&q.r.terms, 0, sizeof(q.r.terms));
		print_request(f, &q);
		break;
	case OP_WAIT:
		fprintf(f, " by peer %d ", op->other);
		print_request(f, &op->q[0]);
		break;
	case OP_BATCH:
		fprintf(f, "%s%s", op->options ? " partial" : "", op->count ? " errors" : "");
		for (i = 0; i < op->n; i++) {
			fprintf(f, "\n#            ");
			print_request(f, &op->q[i]);
		}
		break;
	case OP_EXTEND: case OP_REBIND:
		print_ref(f, op->ref[0]);
		fprintf(f, ": ");
		print_request(f, &op->q[0]);
		break;
	case OP_NEXT: case OP_ACCEPT: case OP_ADOPT: case OP_GRANTED: case OP_UNWISH:
		print_ref(f, op->ref[0]);
		break;
	case OP_RELEASE: case OP_HOLD_END:
		print_ref(f, op->ref[0]);
		print_hold(f, op);
		break;
	case OP_RELEASE_KEY:
		fputc(' ', f);
		print_bind(f, &op->q[0].r.reserve.binding);
		print_hold(f, op);
		break;
	case OP_RELEASE_PART:
		print_ref(f, op->ref[0]);
		fprintf(f, " %u ports from %u", op->count, op->low);
		print_hold(f, op);
		break;
	case OP_RELEASE_BATCH:
		for (i = 0; i < op->n; i++)
			print_ref(f, op->ref[i]);
		print_hold(f, op);
		break;
	case OP_TRANSFER:
		print_ref(f, op->ref[0]);
		fprintf(f, " to owner %d", op->other);
		break;
	case OP_LABEL:
		if (op->ref[0] != NEVER)
			print_ref(f, op->ref[0]);
		fprintf(f, " '%.32s'", op->q[0].r.terms.label);
		break;
	case OP_SET_RANGE: case OP_EPHEMERAL:
		fprintf(f, " %u-%u", op->low, op->high);
		break;
	case OP_LIST:
		fprintf(f, " flags %x owner %d protocol %u port %u, %u at a time; ", op->options,
			op->other, op->high, op->low, op->count);
		print_bind(f, &op->q[0].r.reserve.binding);
		fprintf(f, " %u-%u", op->q[0].r.reserve.low, op->q[0].r.reserve.high);
		break;
	}
	for (i = 0; i < BATCH; i++)
		if (op->pin[i])
			fprintf(f, " [%u]", op->pin[i]);
	fputc('\n', f);
}

void print_model(FILE *f)
{
	struct netport_entry e;
	int i, j;

	for (i = 0; i < OWNERS; i++)
		if (model.owner[i].alive)
			fprintf(f, "#   owner %d: namespace %d, uid %d, %d ports%s\n", i,
				model.owner[i].space, model.owner[i].who.uid,
				model.owner[i].count, model.owner[i].dead ? ", gone" : "");
	for (i = 0; i < model.nresv; i++)
		for (j = 0; j < model.resv[i].n; j++) {
			const struct resv *r = &model.resv[i];

			entry_of(r, j, true, -1, &e);
			fprintf(f, "#   namespace %d owner %d #%d: ", r->space, r->owner,
				r->made / BATCH);
			print_bind(f, &e.binding);
			fprintf(f, "%s%s%s%s%s\n", r->b[j].tuple ? " tuple" : "",
				r->state & NETPORT_STATE_HELD ? " held" : "",
				r->state & NETPORT_STATE_CANDIDATE ? " candidate" : "",
				r->state & NETPORT_STATE_ORPHAN ? " orphan" : "",
				r->options ? " persistent" : "");
		}
	for (i = 0; i < model.nwish; i++)
		fprintf(f, "#   owner %d: wish #%d%s\n", model.wish[i].owner,
			model.wish[i].made / BATCH, model.wish[i].granted ? ", granted" : "");
}
