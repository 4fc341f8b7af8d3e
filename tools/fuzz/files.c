// SPDX-License-Identifier: GPL-2.0
/*
 * Files, processes and namespaces.
 */
#include <poll.h>

#include "ops.h"

static void opened(int slot, int s, int uid, const struct who *who)
{
	struct owner *o = owner_of(slot);
	struct netport_info i = { .owner = 0 };

	o->alive = true;
	o->space = s;
	if (CALL(o->fd, NETPORT_IOC_INFO, HOW_WELL, &i, sizeof(i)))
		failed("INFO failed");
	if (i.owner <= model.owners)
		failed("the owner's number is %llu", (unsigned long long)i.owner);
	model.owners = i.owner;
	o->who.id = i.owner;
	o->who.uid = uid;
	o->who.pid = who->pid;
	memcpy(o->who.comm, who->comm, sizeof(who->comm));
}

bool do_open(struct op *op)
{
	struct message m = { .what = PEER_OPEN, .slot = op->who, .uid = real_uid(op->uid) };
	int slot = op->who, p = op->other - 1;

	if (owner_of(slot)->alive)
		return false;
	if (p < 0) {
		owner_of(slot)->fd = open_owner(op->space, op->uid);
		own_name(&m.who);
		opened(slot, op->space, op->uid, &m.who);
	} else {
		if (peer[p].waits)
			return false;
		peer_tell(p, &m, -1);
		if (!peer_hear(p, &m, &owner_of(slot)->fd, PATIENCE_MS))
			die("a peer doesn't answer");
		owner_of(slot)->peers = 1 << p;
		opened(slot, peer[p].space, op->uid, &m.who);
	}
	count->err[op->kind][0]++;
	return true;
}

/* The last file of an owner whose namespace had gone before. */
static void bury(struct owner *o)
{
	model.uid_count[o->who.uid] -= o->wished;
	memset(o, 0, sizeof(*o));
	o->fd = -1;
}

bool do_close(struct op *op)
{
	struct owner *o = owner_of(op->who);
	struct freed f = { .n = 0 };

	if (!o->alive || o->fd < 0)
		return false;
	close(o->fd);
	o->fd = -1;
	count->err[op->kind][0]++;
	if (o->peers)
		return true;
	if (o->dead) {
		bury(o);
		return true;
	}
	die_owner(op->who, &f);
	finish(&f, true);
	return true;
}

bool do_share(struct op *op)
{
	struct message m = { .what = PEER_SHARE, .slot = op->who };
	struct owner *o = owner_of(op->who);
	int fd, p = op->other;

	if (!usable(op->who) || (o->peers & 1 << p) || peer[p].waits)
		return false;
	peer_tell(p, &m, o->fd);
	if (!peer_hear(p, &m, &fd, PATIENCE_MS))
		die("a peer doesn't answer");
	o->peers |= 1 << p;
	count->err[op->kind][0]++;
	return true;
}

bool do_fetch(struct op *op)
{
	struct message m = { .what = PEER_FETCH, .slot = op->who };
	struct owner *o = owner_of(op->who);
	int p = op->other;

	if (!o->alive || o->fd >= 0 || !(o->peers & 1 << p) || peer[p].waits)
		return false;
	peer_tell(p, &m, -1);
	if (!peer_hear(p, &m, &o->fd, PATIENCE_MS))
		die("a peer doesn't answer");
	count->err[op->kind][0]++;
	return true;
}

/* A process is killed, and what only it had is free when it has been waited for. */
void killed(int p, struct freed *f)
{
	int i;

	peer_kill(p);
	for (i = model.nwish - 1; i >= 0; i--)
		if (model.wish[i].peer == p)
			unwish(&model.wish[i]);
	for (i = 0; i < OWNERS; i++) {
		struct owner *o = owner_of(i);

		o->peers &= ~(1U << p);
		if (!o->alive || o->peers || o->fd >= 0)
			continue;
		if (o->dead) {
			bury(o);
			continue;
		}
		die_owner(i, f);
	}
}

bool do_kill(struct op *op)
{
	struct freed f = { .n = 0 };
	int p = op->other, s = peer[p].space;

	killed(p, &f);
	count->err[op->kind][0]++;
	finish(&f, true);
	peer_start(p, s);
	return true;
}

/* A file of that uid that has so many ports, as soon as it may. */
static int take_room(int s, int uid, int n)
{
	__u64 end = now_ns() + PATIENCE_MS * 1000000ULL;
	struct netport_request r = {
		.reserve = {
			.binding = { .families = 1, .protocol = 6 },
			.low = 30000, .high = 40000,
		},
		.terms.count = n,
	};
	int fd = open_owner(s, uid);

	model.owners++;
	while (CALL(fd, NETPORT_IOC_REQUEST, HOW_WELL, &r, 64))
		if (!until(end))
			failed("a namespace has ended, and uid %d has no room", uid);
	return fd;
}

/*
 * What is counted for a uid is given back a moment after its namespace has gone: all the rest
 * can be had then, by as many files as that needs.
 */
void await_room(int uid)
{
	int fd[PER_UID], nfds = 0, n = PER_UID - model.uid_count[uid], m, s, room;

	set_caps(CAPS);
	for (s = 0; s < SPACES; s++) {
		for (room = PER_NETNS - model.space_count[s]; room && n; room -= m) {
			m = n < room ? n : room;
			if (m > PER_OWNER)
				m = PER_OWNER;
			fd[nfds++] = take_room(s, uid, m);
			n -= m;
		}
	}
	set_caps(model.caps);
	while (nfds)
		close(fd[--nfds]);
}

/* A namespace goes, and takes all with it; another one takes its place. */
bool do_netns(struct op *op)
{
	struct freed f = { .n = 0 };
	int i, fd, s = op->space;
	struct message m;

	for (i = 0; i < PEERS; i++)
		if (peer[i].space == s)
			killed(i, &f);
	/* What these had alone came free elsewhere, too. */
	finish(&f, true);
	space_end(s, true);
	for (i = model.nwish - 1; i >= 0; i--) {
		struct wish *w = &model.wish[i];

		if (w->space != s)
			continue;
		if (w->peer >= 0) {
			if (!peer_hear(w->peer, &m, &fd, PATIENCE_MS))
				failed("the namespace is gone, and somebody waits");
			if (m.err != ENETDOWN)
				failed("the namespace is gone, and a wait ends with %s",
				       err_name(m.err));
			peer[w->peer].waits = false;
		} else if (!w->granted) {
			/* It counts for the uid until somebody takes it back. */
			owner_of(w->owner)->wished += w->p.n;
			model.uid_count[owner_of(w->owner)->who.uid] += w->p.n;
		}
		unwish(w);
	}
	for (i = model.nresv - 1; i >= 0; i--)
		if (model.resv[i].space == s)
			take(&model.resv[i], &f);
	for (i = 0; i < OWNERS; i++)
		if (owner_of(i)->alive && owner_of(i)->space == s)
			owner_of(i)->dead = true;
	space_new(s);
	space_defaults(s);
	for (i = 0; i < PEERS; i++)
		if (peer[i].space == s)
			peer_start(i, s);
	for (i = 0; i < UIDS; i++)
		await_room(i);
	count->err[op->kind][0]++;
	return true;
}

/* What an owner can do whose namespace is gone. */
void do_dead(const struct owner *o)
{
	struct netport_reserve r = { .binding = { .families = 1, .protocol = 6, .port = 2000 } };
	struct netport_release rel = { .token = 0x107d0 };
	struct pollfd p = { .fd = o->fd, .events = POLLIN };
	struct netport_range range = { .low = 0 };
	struct netport_token t = { .token = 0x107d0 };
	struct netport_list l = {
		.entries = (uintptr_t)listed, .count = 1, .size = sizeof(listed[0]),
	};
	int err;

	err = call(o->fd, 0, HOW_SHORT, &r, sizeof(r), 64);
	if (err != ENETDOWN && err != EDQUOT)
		failed("the namespace is gone, and RESERVE says %s", err_name(err));
	err = CALL(o->fd, NETPORT_IOC_RELEASE, HOW_WELL, &rel, 64);
	if (err != ENOENT)
		failed("the namespace is gone, and RELEASE says %s", err_name(err));
	err = CALL(o->fd, NETPORT_IOC_GET_RANGE, HOW_WELL, &range, 8);
	if (err != ENETDOWN)
		failed("the namespace is gone, and GET_RANGE says %s", err_name(err));
	err = CALL(o->fd, NETPORT_IOC_ACCEPT, HOW_WELL, &t, 8);
	if (err != ENOENT)
		failed("the namespace is gone, and ACCEPT says %s", err_name(err));
	err = CALL(o->fd, NETPORT_IOC_LIST, HOW_WELL, &l, sizeof(l));
	if (err != ENETDOWN)
		failed("the namespace is gone, and LIST says %s", err_name(err));
	if (poll(&p, 1, 0) != 1 || !(p.revents & POLLHUP))
		failed("the namespace is gone, and poll() doesn't say so");
}

bool do_caps(struct op *op)
{
	model.caps = op->caps;
	set_caps(op->caps);
	count->err[op->kind][0]++;
	return true;
}

bool do_sysctl(struct op *op)
{
	char text[64];
	int s = op->space;

	/*
	 * Who waits for a port that isn't the host's any more has it when the kernel next looks
	 * there, and that isn't said: not while somebody might.
	 */
	if (!op->count && model.reserved[s][0] && waiting(s, true))
		return false;
	if (op->count) {
		snprintf(text, sizeof(text), "%u", op->count);
		write_proc(s, "/proc/sys/net/ipv4/ip_unprivileged_port_start", text);
		model.floor[s] = op->count;
	} else {
		snprintf(text, sizeof(text), op->low ? op->high ? "%u,%u" : "%u" : "\n",
			 op->low, op->high);
		write_proc(s, "/proc/sys/net/ipv4/ip_local_reserved_ports", text);
		model.reserved[s][0] = op->low;
		model.reserved[s][1] = op->low ? op->high : 0;
	}
	count->err[op->kind][0]++;
	return true;
}
