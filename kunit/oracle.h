/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The share rule once more, as the uapi header words it and as slow as that: a list of
 * what is held, and a comparison with each.  Shares no code with the module.
 */
#ifndef _NETPORT_ORACLE_H
#define _NETPORT_ORACLE_H

#include <linux/types.h>
#include <uapi/linux/netport.h>

#define ORACLE_MAX	64

/* One reservation. */
struct oracle_entry {
	struct netport_binding	b;	/* IPv4-mapped as IPv4 */
	u32			options;
	unsigned int		uid;
	unsigned int		who;
	u64			token;
};

struct oracle {
	unsigned int		n;
	struct oracle_entry	held[ORACLE_MAX];
};

int oracle_verdict(const struct oracle *o, const struct netport_reserve *req, unsigned int uid,
		   bool *free);
bool oracle_conflict(const struct oracle_entry *a, const struct oracle_entry *b);
struct oracle_entry *oracle_add(struct oracle *o, const struct netport_reserve *req,
				unsigned int uid);
void oracle_del(struct oracle *o, unsigned int i);
void oracle_entry(struct oracle_entry *e, const struct netport_reserve *req, unsigned int uid);

#endif /* _NETPORT_ORACLE_H */
