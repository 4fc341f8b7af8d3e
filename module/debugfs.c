// SPDX-License-Identifier: GPL-2.0
/*
 * debugfs: how long the chains of the hash tables are.
 *
 * netport/chains is about the network namespace of whoever opens it, and for root alone: from
 * how full which tables are one could tell what others do.
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/nsproxy.h>
#include <linux/sched.h>
#include <linux/seq_file.h>

#include "netport_priv.h"

static struct dentry *np_debugfs;

/*
 * How many chains there are of each length.  The lock is taken for each bucket anew, so what
 * is moved by a resize meanwhile may be seen twice, or not at all.
 */
static void np_chains_count(struct np_shard *shard, const struct np_hash *h, u64 *chains)
{
	u32 bucket = 0;
	bool more;

	do {
		spin_lock_bh(&shard->lock);
		more = np_hash_chains(h, bucket++, chains);
		spin_unlock_bh(&shard->lock);
		cond_resched();
	} while (more);
}

static void np_chains_tell(struct seq_file *m, const char *table, const u64 *chains)
{
	unsigned int i;

	for (i = 0; i <= NP_CHAIN_LONG; i++)
		if (chains[i])
			seq_printf(m, "%-8s %6u %8llu\n", table, i, chains[i]);
}

static int np_chains_show(struct seq_file *m, void *unused)
{
	u64 bindings[NP_CHAIN_LONG + 1] = {}, tokens[NP_CHAIN_LONG + 1] = {};
	struct np_net *nn = m->private;
	unsigned int i;

	for (i = 0; i < NP_SHARDS; i++) {
		np_chains_count(&nn->shards[i], &nn->shards[i].table, bindings);
		np_chains_count(&nn->shards[i], &nn->shards[i].tokens, tokens);
	}
	seq_puts(m, "table    length  buckets\n");
	np_chains_tell(m, "bindings", bindings);
	np_chains_tell(m, "tokens", tokens);
	return 0;
}

static int np_chains_open(struct inode *inode, struct file *file)
{
	struct np_net *nn = np_net_get(current->nsproxy->net_ns);
	int err;

	if (IS_ERR(nn))
		return PTR_ERR(nn);
	err = single_open(file, np_chains_show, nn);
	if (err)
		np_net_put(nn);
	return err;
}

static int np_chains_close(struct inode *inode, struct file *file)
{
	struct np_net *nn = ((struct seq_file *)file->private_data)->private;

	np_net_put(nn);
	return single_release(inode, file);
}

static const struct file_operations np_chains_fops = {
	.owner = THIS_MODULE,
	.open = np_chains_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = np_chains_close,
};

/* Nothing depends on it, so nobody is told if it can't be had. */
void np_debugfs_init(void)
{
	np_debugfs = debugfs_create_dir("netport", NULL);
	debugfs_create_file("chains", 0400, np_debugfs, NULL, &np_chains_fops);
}

void np_debugfs_exit(void)
{
	debugfs_remove_recursive(np_debugfs);
}
