// SPDX-License-Identifier: GPL-2.0
/*
 * For how long netport keeps bottom halves off, and with them preemption.
 *
 * netport switches them off with spin_lock_bh() and in no other way.  So a look at who calls
 * that, and at the call that ends it, is enough, and ftrace gives it on any kernel.  The longest
 * time is kept for each place in netport.  What interrupts do meanwhile is taken off; the way
 * into them and out of them isn't.
 *
 * For one CPU.  Results are in debugfs, netport_latency; writing to it forgets them.
 */
#include <linux/debugfs.h>
#include <linux/ftrace.h>
#include <linux/hash.h>
#include <linux/interrupt.h>
#include <linux/kallsyms.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/tracepoint.h>

#define PLACES	8192

/**
 * struct place - who calls spin_lock_bh()
 * @ip: address in the code, 0 if this one is unused
 * @ours: it's in netport
 * @longest: the longest time
 * @count: how often
 */
struct place {
	unsigned long	ip;
	bool		ours;
	u64		longest;
	u64		count;
};

static struct place places[PLACES];
static struct place nowhere;
static struct place *place;		/* where the section under way began */
static uint depth;			/* of locks */
static u64 start;
static u64 stolen;			/* of it, by interrupts */
static u64 interrupted;
static uint interrupts;

static struct place *place_of(unsigned long ip)
{
	char name[KSYM_SYMBOL_LEN];
	uint i = hash_long(ip, ilog2(PLACES));

	while (places[i].ip && places[i].ip != ip)
		i = (i + 1) % PLACES;
	if (!places[i].ip) {
		places[i].ip = ip;
		sprint_symbol_no_offset(name, ip);
		places[i].ours = strstr(name, "[netport]");
	}
	return &places[i];
}

static void probe_lock(unsigned long ip, unsigned long parent, struct ftrace_ops *ops,
		       struct ftrace_regs *regs)
{
	unsigned long flags;

	if (depth++)
		return;
	place = place_of(parent);
	/* Or an interrupt would be taken off a time that it isn't in. */
	raw_local_irq_save(flags);
	stolen = 0;
	start = ktime_get_mono_fast_ns();
	raw_local_irq_restore(flags);
}

static void probe_unlock(unsigned long ip, unsigned long parent, struct ftrace_ops *ops,
			 struct ftrace_regs *regs)
{
	unsigned long flags;
	u64 time;

	/* Not of one that began before anybody looked. */
	if (!depth || --depth)
		return;
	raw_local_irq_save(flags);
	time = ktime_get_mono_fast_ns() - start - stolen;
	raw_local_irq_restore(flags);
	place->longest = max(place->longest, time);
	place->count++;
}

static struct ftrace_ops lock_ops = { .func = probe_lock };
static struct ftrace_ops unlock_ops = { .func = probe_unlock };

/* On the way to switching bottom halves off, they may still run, and other processes, too. */
static void leave(void)
{
	if (!softirq_count())
		place = &nowhere;
	if (!interrupts++)
		interrupted = ktime_get_mono_fast_ns();
}

static void come_back(void)
{
	if (interrupts && !--interrupts)
		stolen += ktime_get_mono_fast_ns() - interrupted;
}

static void probe_timer_entry(void *data, int vector)
{
	leave();
}

static void probe_timer_exit(void *data, int vector)
{
	come_back();
}

static void probe_handler_entry(void *data, int irq, struct irqaction *action)
{
	leave();
}

static void probe_handler_exit(void *data, int irq, struct irqaction *action, int ret)
{
	come_back();
}

static struct probe {
	const char *name;
	void *probe;
	struct tracepoint *tp;
} probes[] = {
	{ "local_timer_entry", probe_timer_entry },
	{ "local_timer_exit", probe_timer_exit },
	{ "irq_handler_entry", probe_handler_entry },
	{ "irq_handler_exit", probe_handler_exit },
};

static void find(struct tracepoint *tp, void *unused)
{
	uint i;

	for (i = 0; i < ARRAY_SIZE(probes); i++)
		if (!strcmp(tp->name, probes[i].name))
			probes[i].tp = tp;
}

static int latency_show(struct seq_file *m, void *unused)
{
	uint i;

	for (i = 0; i < PLACES; i++)
		if (places[i].ours && places[i].count)
			seq_printf(m, "%llu %llu %ps\n", places[i].longest, places[i].count,
				   (void *)places[i].ip);
	return 0;
}

static int latency_open(struct inode *inode, struct file *file)
{
	return single_open(file, latency_show, NULL);
}

static ssize_t latency_write(struct file *file, const char __user *buf, size_t count,
			     loff_t *pos)
{
	uint i;

	for (i = 0; i < PLACES; i++) {
		places[i].longest = 0;
		places[i].count = 0;
	}
	return count;
}

static const struct file_operations latency_fops = {
	.owner = THIS_MODULE,
	.open = latency_open,
	.read = seq_read,
	.write = latency_write,
	.llseek = seq_lseek,
	.release = single_release,
};

static struct dentry *dentry;

static int watch(struct ftrace_ops *ops, unsigned char *function)
{
	return ftrace_set_filter(ops, function, strlen(function), 1) ?:
	       register_ftrace_function(ops);
}

static void unprobe(uint n)
{
	while (n--)
		tracepoint_probe_unregister(probes[n].tp, probes[n].probe, NULL);
	tracepoint_synchronize_unregister();
}

static int __init netport_latency_init(void)
{
	unsigned char lock[] = "_raw_spin_lock_bh", unlock[] = "_raw_spin_unlock_bh";
	uint i;
	int err;

	for_each_kernel_tracepoint(find, NULL);
	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		err = probes[i].tp ? tracepoint_probe_register(probes[i].tp, probes[i].probe,
							       NULL) : -ENOENT;
		if (err) {
			unprobe(i);
			return err;
		}
	}
	err = watch(&unlock_ops, unlock);
	if (err)
		goto err_probes;
	err = watch(&lock_ops, lock);
	if (err)
		goto err_unlock;
	dentry = debugfs_create_file("netport_latency", 0600, NULL, NULL, &latency_fops);
	return 0;

err_unlock:
	unregister_ftrace_function(&unlock_ops);
err_probes:
	unprobe(ARRAY_SIZE(probes));
	return err;
}

static void __exit netport_latency_exit(void)
{
	debugfs_remove(dentry);
	unregister_ftrace_function(&lock_ops);
	unregister_ftrace_function(&unlock_ops);
	unprobe(ARRAY_SIZE(probes));
}

module_init(netport_latency_init);
module_exit(netport_latency_exit);

MODULE_DESCRIPTION("For how long netport keeps bottom halves off");
MODULE_LICENSE("GPL");
