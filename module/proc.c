// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/net/netport and /proc/net/netport_stat: of one network namespace, what is reserved and
 * what has been counted.
 *
 * What is reserved is read as NETPORT_IOC_LIST lists it, with the credentials that the file was
 * opened with.  Tables are not made for those who only look: without any, there is nothing.
 */
#include <linux/cred.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/seq_file_net.h>
#include <linux/slab.h>
#include <linux/string_helpers.h>

#include "netport_priv.h"

#define NP_PROC_CHUNK	32

/**
 * struct np_proc - an open file of /proc/net/netport
 * @nn: the tables, held, or NULL
 * @user: who opened it, held
 * @cred: with these credentials, those of the file
 * @list: where the listing stands: behind @entry
 * @first: the place of the first of @entry in the file
 * @n: how many are in @entry
 * @entry: what was listed last
 */
struct np_proc {
	struct np_net		*nn;
	struct np_user		*user;
	const struct cred	*cred;
	struct netport_list	list;
	loff_t			first;
	u32			n;
	struct netport_entry	entry[NP_PROC_CHUNK];
};

/* The entries behind those that are there; none at the end. */
static int np_proc_more(struct np_proc *p)
{
	const struct cred *before;
	bool curious;
	int err;

	p->first += p->n;
	p->n = 0;
	if (!p->nn)
		return 0;
	p->list.count = NP_PROC_CHUNK;
	before = override_creds(p->cred);
	curious = ns_capable_noaudit(p->nn->user_ns, CAP_NET_ADMIN);
	err = np_list_as(p->nn, p->user, &p->list, p->entry, curious);
	revert_creds(before);
	/* A namespace that is gone has nothing. */
	if (err)
		return err == -ENETDOWN ? 0 : err;
	p->n = p->list.count;
	return 0;
}

/* Place 0 is the header. */
static void *np_proc_at(struct np_proc *p, loff_t pos)
{
	int err;

	if (!pos)
		return SEQ_START_TOKEN;
	pos--;
	if (pos < p->first) {
		memset(&p->list, 0, sizeof(p->list));
		p->first = 0;
		p->n = 0;
	}
	while (pos >= p->first + p->n) {
		err = np_proc_more(p);
		if (err)
			return ERR_PTR(err);
		if (!p->n)
			return NULL;
	}
	return &p->entry[pos - p->first];
}

static void *np_proc_start(struct seq_file *m, loff_t *pos)
{
	return np_proc_at(m->private, *pos);
}

static void *np_proc_next(struct seq_file *m, void *v, loff_t *pos)
{
	return np_proc_at(m->private, ++*pos);
}

static void np_proc_stop(struct seq_file *m, void *v)
{
}

static void np_proc_addr(struct seq_file *m, u16 families, const u8 *addr, u16 port, bool remote)
{
	if (remote && !memchr_inv(addr, 0, 16))
		seq_puts(m, " *");
	else if (families == NP_FAMILY_ALL)
		seq_puts(m, " *");
	else if (families == NETPORT_FAMILY_IPV4)
		seq_printf(m, " %pI4", addr);
	else
		seq_printf(m, " [%pI6c]", addr);
	if (port)
		seq_printf(m, ":%u", port);
	else
		seq_puts(m, ":*");
}

/* Names of the flags that are set, by the number of their bit. */
static void np_proc_flags(struct seq_file *m, u32 flags, const char *const *names, unsigned int n)
{
	const char *before = " ";
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (!(flags & BIT(i)))
			continue;
		seq_printf(m, "%s%s", before, names[i]);
		before = ",";
	}
	if (*before == ' ')
		seq_puts(m, " -");
}

/* A text without spaces, or - for none. */
static void np_proc_text(struct seq_file *m, const u8 *text)
{
	seq_putc(m, ' ');
	if (!*text || (text[0] == '-' && !text[1]))
		seq_puts(m, *text ? "\\055" : "-");
	else
		seq_escape_str(m, text, ESCAPE_OCTAL | ESCAPE_NAP | ESCAPE_APPEND, " \\");
}

static int np_proc_show(struct seq_file *m, void *v)
{
	static const char *const shares[] = { "lb", "mr", "to" };
	static const char *const states[] = {
		"candidate", "held", "orphan", "host", "listening", "connected",
	};
	static const char *const options[] = {
		"tuple", "host-check", "host-hold", "persistent",
	};
	const struct netport_entry *e = v;
	const struct netport_binding *b = &e->binding;

	if (v == SEQ_START_TOKEN) {
		seq_puts(m, "protocol local remote ifindex share options state hold token parts owner uid pid comm label owner_label\n");
		return 0;
	}
	seq_printf(m, "%u", b->protocol);
	np_proc_addr(m, b->families, b->addr, b->port, false);
	np_proc_addr(m, b->families, b->remote, b->remote_port, true);
	seq_printf(m, " %u", b->ifindex);
	np_proc_flags(m, b->share, shares, ARRAY_SIZE(shares));
	np_proc_flags(m, e->options, options, ARRAY_SIZE(options));
	np_proc_flags(m, e->state, states, ARRAY_SIZE(states));
	seq_printf(m, " %u %llu %u %llu %u %d", e->hold, e->token, e->parts, e->owner, e->uid,
		   e->pid);
	np_proc_text(m, e->comm);
	np_proc_text(m, e->label);
	np_proc_text(m, e->owner_label);
	seq_putc(m, '\n');
	return 0;
}

static const struct seq_operations np_proc_ops = {
	.start = np_proc_start,
	.next = np_proc_next,
	.stop = np_proc_stop,
	.show = np_proc_show,
};

static int np_proc_open(struct inode *inode, struct file *file)
{
	struct np_proc *p;

	p = __seq_open_private(file, &np_proc_ops, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->cred = file->f_cred;
	p->user = np_user_get(p->cred->fsuid, GFP_KERNEL_ACCOUNT);
	if (!p->user) {
		seq_release_private(inode, file);
		return -ENOMEM;
	}
	p->nn = np_net_find(pde_data(inode));
	return 0;
}

static int np_proc_release(struct inode *inode, struct file *file)
{
	struct np_proc *p = ((struct seq_file *)file->private_data)->private;

	if (p->nn)
		np_net_put(p->nn);
	np_user_put(p->user);
	return seq_release_private(inode, file);
}

static const struct proc_ops np_proc_file_ops = {
	.proc_open = np_proc_open,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_release = np_proc_release,
};

/* the counters */

static const char *const np_stat_names[NP_STATS] = {
	[NP_STAT_RESERVED] = "Reserved",
	[NP_STAT_RELEASED] = "Released",
	[NP_STAT_PICKED] = "Picked",
	[NP_STAT_PROBES] = "Probes",
	[NP_STAT_IN_USE] = "RefusedInUse",
	[NP_STAT_NO_PORT] = "RefusedNoPort",
	[NP_STAT_LIMIT] = "RefusedLimit",
	[NP_STAT_DENIED] = "RefusedAccess",
	[NP_STAT_QUEUED] = "Queued",
	[NP_STAT_SERVED] = "Served",
	[NP_STAT_GAVE_UP] = "GaveUp",
	[NP_STAT_HOLDS] = "Holds",
	[NP_STAT_HOLDS_ENDED] = "HoldsEnded",
	[NP_STAT_MOVED] = "Moved",
};

static void np_stat_tell(struct seq_file *m, const char *name, unsigned long n)
{
	seq_printf(m, "%-16s %lu\n", name, n);
}

static int np_stat_show(struct seq_file *m, void *unused)
{
	struct np_net *nn = np_net_find(seq_file_single_net(m));
	unsigned long sum[NP_STATS] = {};
	unsigned int i, charged = 0;

	if (nn) {
		np_stats_sum(nn, sum);
		charged = atomic_read(&nn->count);
		np_net_put(nn);
	}
	np_stat_tell(m, "Held", sum[NP_STAT_RESERVED] - sum[NP_STAT_RELEASED]);
	np_stat_tell(m, "OnHold", sum[NP_STAT_HOLDS] - sum[NP_STAT_HOLDS_ENDED]);
	np_stat_tell(m, "Waiting", sum[NP_STAT_QUEUED] - sum[NP_STAT_SERVED] -
				   sum[NP_STAT_GAVE_UP]);
	np_stat_tell(m, "Charged", charged);
	for (i = 0; i < NP_STATS; i++)
		np_stat_tell(m, np_stat_names[i], sum[i]);
	return 0;
}

int __net_init np_proc_init(struct net *net)
{
	if (!proc_create_data("netport", 0444, net->proc_net, &np_proc_file_ops, net))
		return -ENOMEM;
	if (proc_create_net_single("netport_stat", 0444, net->proc_net, np_stat_show, NULL))
		return 0;
	remove_proc_entry("netport", net->proc_net);
	return -ENOMEM;
}

void __net_exit np_proc_exit(struct net *net)
{
	remove_proc_entry("netport_stat", net->proc_net);
	remove_proc_entry("netport", net->proc_net);
}
