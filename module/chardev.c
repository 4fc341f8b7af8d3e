// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/netport: sizes, copies and capabilities.  What is done is done by the functions
 * that the kernel API has too.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/nsproxy.h>
#include <linux/uaccess.h>

#include "netport_priv.h"

static_assert(sizeof(struct netport_binding) == 48);
static_assert(sizeof(struct netport_reserve) == 64);
static_assert(sizeof(struct netport_release) == 64);
static_assert(sizeof(struct netport_candidate) == 72);
static_assert(sizeof(struct netport_accept) == 8);
static_assert(sizeof(struct netport_range) == 8);
static_assert(sizeof(struct netport_ephemeral) == 16);

union np_arg {
	struct netport_reserve		reserve;
	struct netport_release		release;
	struct netport_candidate	candidate;
	struct netport_accept		accept;
	struct netport_range		range;
	struct netport_ephemeral	ephemeral;
};

/* Results are in what the first version has, so the caller's size doesn't matter. */
static int np_put_reserve(struct netport_reserve __user *to,
			  const struct netport_reserve *from)
{
	return put_user(from->token, &to->token) ?:
	       put_user(from->binding.port, &to->binding.port);
}

static int np_ioc_reserve(struct netport_owner *owner, union np_arg *arg, void __user *to)
{
	int err;

	err = np_resv_make(owner, &arg->reserve, GFP_KERNEL_ACCOUNT);
	if (err)
		return err;
	err = np_put_reserve(to, &arg->reserve);
	if (unlikely(err))
		np_resv_drop(owner, arg->reserve.token);
	return err;
}

static bool np_binding_empty(const struct netport_binding *b)
{
	const u64 *word = (const u64 *)b;
	u64 any = 0;
	unsigned int i;

	for (i = 0; i < sizeof(*b) / sizeof(*word); i++)
		any |= word[i];
	return !any;
}

static int np_ioc_release(struct netport_owner *owner, union np_arg *arg, void __user *to)
{
	const struct netport_release *rel = &arg->release;

	if (rel->__pad)
		return -EINVAL;
	if (!rel->token)
		return np_resv_release_binding(owner, &rel->binding, rel->options);
	if (rel->options || !np_binding_empty(&rel->binding))
		return -EINVAL;
	return np_resv_release(owner, rel->token);
}

static int np_ioc_available(struct netport_owner *owner, union np_arg *arg,
			    void __user *to)
{
	return np_resv_available(owner, &arg->reserve, GFP_KERNEL);
}

static int np_put_candidate(struct netport_candidate __user *to,
			    const struct netport_candidate *from)
{
	return np_put_reserve(&to->reserve, &from->reserve) ?:
	       put_user(from->cursor, &to->cursor);
}

static int np_ioc_candidate(struct netport_owner *owner, union np_arg *arg,
			    void __user *to)
{
	struct netport_candidate *cand = &arg->candidate;
	const struct netport_candidate before = *cand;
	int err;

	err = np_resv_candidate(owner, cand, GFP_KERNEL_ACCOUNT);
	if (err)
		return err;
	err = np_put_candidate(to, cand);
	if (err) {
		np_resv_drop(owner, cand->reserve.token);
		return err;
	}
	err = np_resv_candidate_done(owner, before.reserve.token, cand->reserve.token);
	/* Another thread was faster: what the caller had is what it has. */
	if (err)
		np_put_candidate(to, &before);
	return err;
}

static int np_ioc_accept(struct netport_owner *owner, union np_arg *arg, void __user *to)
{
	return np_resv_accept(owner, arg->accept.token);
}

static int np_ioc_get_range(struct netport_owner *owner, union np_arg *arg,
			    void __user *to)
{
	struct netport_range __user *result = to;
	u16 low, high;

	if (arg->range.__pad)
		return -EINVAL;
	if (READ_ONCE(owner->nn->dead))
		return -ENETDOWN;
	np_net_range(owner->nn, &low, &high);
	return put_user(low, &result->low) ?: put_user(high, &result->high);
}

static int np_ioc_set_range(struct netport_owner *owner, union np_arg *arg,
			    void __user *to)
{
	return np_net_set_range(owner->nn, &arg->range,
				ns_capable(owner->nn->user_ns, CAP_NET_ADMIN));
}

static int np_ioc_ephemeral(struct netport_owner *owner, union np_arg *arg,
			    void __user *to)
{
	struct netport_ephemeral *e = &arg->ephemeral;
	struct netport_ephemeral __user *result = to;
	int err;

	if (e->__pad)
		return -EINVAL;
	if (READ_ONCE(owner->nn->dead))
		return -ENETDOWN;
	err = np_ephemeral_next(owner->nn, e);
	return err ?: put_user(e->cursor, &result->cursor) ?: put_user(e->port, &result->port);
}

/**
 * struct np_command - a command, at the index of its number
 * @size: of its structure, now
 * @min: of its structure, in the first version
 * @run: does it; has the structure, and where results go
 */
struct np_command {
	size_t		size;
	size_t		min;
	int		(*run)(struct netport_owner *owner, union np_arg *arg,
			       void __user *to);
};

#define NP_COMMAND(_ioc, _min, _run)					\
	[_IOC_NR(_ioc)] = {						\
		.size = _IOC_SIZE(_ioc), .min = _min, .run = _run,	\
	}

static const struct np_command np_commands[] = {
	NP_COMMAND(NETPORT_IOC_RESERVE, 64, np_ioc_reserve),
	NP_COMMAND(NETPORT_IOC_RELEASE, 64, np_ioc_release),
	NP_COMMAND(NETPORT_IOC_AVAILABLE, 64, np_ioc_available),
	NP_COMMAND(NETPORT_IOC_CANDIDATE, 72, np_ioc_candidate),
	NP_COMMAND(NETPORT_IOC_ACCEPT, 8, np_ioc_accept),
	NP_COMMAND(NETPORT_IOC_GET_RANGE, 8, np_ioc_get_range),
	NP_COMMAND(NETPORT_IOC_SET_RANGE, 8, np_ioc_set_range),
	NP_COMMAND(NETPORT_IOC_EPHEMERAL, 16, np_ioc_ephemeral),
};

static long np_ioctl(struct file *file, unsigned int cmd, unsigned long ptr)
{
	void __user *user = (void __user *)ptr;
	const struct np_command *command;
	size_t size = _IOC_SIZE(cmd);
	union np_arg arg;
	int err;

	if (_IOC_TYPE(cmd) != NETPORT_IOC_MAGIC || _IOC_NR(cmd) >= ARRAY_SIZE(np_commands) ||
	    _IOC_DIR(cmd) != (_IOC_READ | _IOC_WRITE))
		return -ENOTTY;
	command = &np_commands[array_index_nospec(_IOC_NR(cmd), ARRAY_SIZE(np_commands))];
	if (size < command->min)
		return -EINVAL;
	if (likely(size == command->size))
		err = copy_from_user(&arg, user, size) ? -EFAULT : 0;
	else
		err = copy_struct_from_user(&arg, command->size, user, size);
	return err ?: command->run(file->private_data, &arg, user);
}

static int np_open(struct inode *inode, struct file *file)
{
	struct netport_owner *owner;

	owner = np_owner_create(current->nsproxy->net_ns, current_fsuid(), false);
	if (IS_ERR(owner))
		return PTR_ERR(owner);
	file->private_data = owner;
	return nonseekable_open(inode, file);
}

static int np_release(struct inode *inode, struct file *file)
{
	np_owner_destroy(file->private_data);
	return 0;
}

static const struct file_operations np_fops = {
	.owner = THIS_MODULE,
	.open = np_open,
	.release = np_release,
	.unlocked_ioctl = np_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

/* For everybody: what a user may do is a matter of capabilities and limits. */
static struct miscdevice np_miscdev = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "netport",
	.fops = &np_fops,
	.mode = 0666,
};

int __init np_chardev_init(void)
{
	return misc_register(&np_miscdev);
}

void np_chardev_exit(void)
{
	misc_deregister(&np_miscdev);
}
