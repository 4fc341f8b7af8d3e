/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the operations share.
 */
#ifndef _OPS_H
#define _OPS_H

#include "fuzz.h"

/* How long the kernel may take for what it does a moment later. */
#define PATIENCE_MS	10000

/* No memory is there. */
#define BAD_POINTER	8

/* Entries of a namespace, or twice as many if the kernel is wrong. */
#define LISTED		(2 * PER_NETNS)

extern struct netport_entry listed[LISTED], conflict;
extern int nlisted;

/* call(), of a command whose number carries the whole structure. */
#define CALL(fd, ioc, how, arg, min)	call(fd, _IOC_NR(ioc), how, arg, sizeof(*(arg)), min)

/* call.c */
bool admin(void);
struct owner *owner_of(int slot);
bool usable(int slot);
__u64 token_of(int made);
int call(int fd, unsigned int nr, enum fault how, void *arg, size_t size, size_t min);
void adjust(struct allow *a, enum fault how, bool results);
void answer(const struct op *op, const struct allow *a, int err);
void new_token(int s, __u64 token);

/* table.c */
void list(int fd, struct netport_list *filter, unsigned int chunk);
void list_space(int s);
bool entry_equal(const struct netport_entry *want, const struct netport_entry *e);
bool filter_address(const struct netport_list *l, struct bind *to);
void compare_list(int s, int slot, const struct netport_list *l, bool curious, int asker);

/* turn.c */
bool wish_is(const struct wish *w, const struct netport_entry *e);
void wake(void);
bool until(__u64 end);
void finish(struct freed *f, bool several);

/* request.c */
void prepare(const struct op *op, int i, struct request *q);
void point(struct request *q, struct netport_entry *who);
bool bad_pointers(const struct request *q);
void expect(int slot, const struct request *q, enum purpose use, struct plan *p,
	    const struct resv *skip, int n, struct allow *a);
enum fit check_pick(int slot, const struct plan *p, const struct resv *skip, int err,
		    __u16 port);
void check_conflict(int slot, const struct plan *p, const struct netport_entry *e,
		    const struct resv *skip);
void check_untouched(const struct netport_entry *e);
void check_results(const struct netport_reserve *before, const struct netport_reserve *r,
		   bool pick);
bool do_reserve(struct op *op);
bool do_batch(struct op *op);

/* candidate.c */
bool do_candidate(struct op *op);
bool do_next(struct op *op);
bool do_accept(struct op *op);

/* release.c */
bool do_release(struct op *op);
bool do_release_key(struct op *op);
bool do_release_part(struct op *op);
bool do_release_batch(struct op *op);
bool do_hold_end(struct op *op);

/* change.c */
bool do_change(struct op *op);
bool do_transfer(struct op *op);
bool do_adopt(struct op *op);
bool do_label(struct op *op);

/* wish.c */
bool do_wish(struct op *op);
bool do_granted(struct op *op);
bool do_unwish(struct op *op);
bool do_wait(struct op *op);

/* look.c */
bool do_list(struct op *op);
bool do_info(struct op *op);
bool do_range(struct op *op);
bool do_ephemeral(struct op *op);
bool do_notty(struct op *op);

/* files.c */
bool do_open(struct op *op);
bool do_close(struct op *op);
bool do_share(struct op *op);
bool do_fetch(struct op *op);
void killed(int p, struct freed *f);
bool do_kill(struct op *op);
void await_room(int uid);
bool do_netns(struct op *op);
void do_dead(const struct owner *o);
bool do_caps(struct op *op);
bool do_sysctl(struct op *op);

#endif /* _OPS_H */
