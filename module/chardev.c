// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/netport: sizes, copies and capabilities.  What is done is done by the functions
 * that the kernel API has too.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/nsproxy.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/time_namespace.h>
#include <linux/uaccess.h>

#include "netport_priv.h"

static_assert(sizeof(struct netport_binding) == 48);
static_assert(sizeof(struct netport_reserve) == 64);
static_assert(sizeof(struct netport_terms) == 80);
static_assert(sizeof(struct netport_request) == 144);
static_assert(sizeof(struct netport_release) == 72);
static_assert(sizeof(struct netport_candidate) == 152);
static_assert(sizeof(struct netport_token) == 8);
static_assert(sizeof(struct netport_range) == 8);
static_assert(sizeof(struct netport_ephemeral) == 16);
static_assert(sizeof(struct netport_batch) == 32);
static_assert(sizeof(struct netport_tokens) == 24);
static_assert(sizeof(struct netport_transfer) == 16);
static_assert(sizeof(struct netport_label) == 40);
static_assert(sizeof(struct netport_granted) == 24);
static_assert(sizeof(struct netport_entry) == 168);
static_assert(sizeof(struct netport_list) == 80);
static_assert(sizeof(struct netport_info) == 80);

/* What arrays in user memory may have from one entry to the next. */
#define NP_STRIDE_MAX	4096

/* Entries of a listing that are copied at once. */
#define NP_LIST_CHUNK	32

union np_arg {
	struct netport_request		request;
	struct netport_release		release;
	struct netport_candidate	candidate;
	struct netport_token		token;
	struct netport_range		range;
	struct netport_ephemeral	ephemeral;
	struct netport_batch		batch;
	struct netport_tokens		tokens;
	struct netport_transfer		transfer;
	struct netport_label		label;
	struct netport_granted		granted;
	struct netport_list		list;
	struct netport_info		info;
};

static const struct file_operations np_fops;

/* copies */

/* As copy_from_user(), which costs three times as much for as little as this. */
static __always_inline int np_copy_words(void *words, const void __user *user, size_t size)
{
	const u64 __user *from = user, *end = from + size / sizeof(*from);
	u64 *to = words;

	if (!user_read_access_begin(from, size))
		return -EFAULT;
	for (; from + 8 <= end; from += 8, to += 8) {
		unsafe_get_user(to[0], &from[0], fault);
		unsafe_get_user(to[1], &from[1], fault);
		unsafe_get_user(to[2], &from[2], fault);
		unsafe_get_user(to[3], &from[3], fault);
		unsafe_get_user(to[4], &from[4], fault);
		unsafe_get_user(to[5], &from[5], fault);
		unsafe_get_user(to[6], &from[6], fault);
		unsafe_get_user(to[7], &from[7], fault);
	}
	for (; from < end; from++, to++)
		unsafe_get_user(*to, from, fault);
	user_read_access_end();
	return 0;

fault:
	user_read_access_end();
	return -EFAULT;
}

/* Of a size that a command has; of the most usual ones the compiler makes straight lines. */
static __always_inline int np_copy_whole(union np_arg *arg, const void __user *user, size_t size)
{
	switch (size) {
	case sizeof(arg->request.reserve):
		return np_copy_words(arg, user, sizeof(arg->request.reserve));
	case sizeof(arg->release):
		return np_copy_words(arg, user, sizeof(arg->release));
	default:
		return np_copy_words(arg, user, size);
	}
}

/* terms: what they point at is copied, and they point at the copies */

/**
 * struct np_import - the copies
 * @bindings: of netport_terms.bindings
 * @exclude: of netport_terms.exclude
 * @conflict: for netport_terms.conflict
 * @to: where @conflict goes
 */
struct np_import {
	void				*bindings;
	void				*exclude;
	struct netport_entry		*conflict;
	struct netport_entry __user	*to;
};

static void np_import_free(struct np_import *imp)
{
	kvfree(imp->bindings);
	kvfree(imp->exclude);
	kfree(imp->conflict);
}

/* An array of the caller's; the memory is the caller's, too, for as long as it waits. */
static void *np_copy_array(u64 from, size_t n, size_t size)
{
	void *copy;

	copy = kvmalloc_array(n, size, GFP_KERNEL_ACCOUNT);
	if (!copy)
		return ERR_PTR(-ENOMEM);
	if (copy_from_user(copy, u64_to_user_ptr(from), n * size)) {
		kvfree(copy);
		return ERR_PTR(-EFAULT);
	}
	return copy;
}

static int np_import_array(u64 *ptr, u32 n, u32 max, size_t size, void **copy)
{
	void *array;

	if (n > max || !*ptr != !n)
		return -EINVAL;
	if (!n)
		return 0;
	array = np_copy_array(*ptr, n, size);
	if (IS_ERR(array))
		return PTR_ERR(array);
	*copy = array;
	*ptr = (uintptr_t)array;
	return 0;
}

/* On an error np_import_free() is to be called as well. */
static int np_import(struct netport_terms *terms, struct np_import *imp)
{
	int err;

	memset(imp, 0, sizeof(*imp));
	err = np_import_array(&terms->bindings, terms->nbindings, NETPORT_BINDINGS_MAX - 1,
			      sizeof(struct netport_binding), &imp->bindings);
	if (!err)
		err = np_import_array(&terms->exclude, terms->nexclude, NETPORT_EXCLUDE_MAX,
				      sizeof(u16), &imp->exclude);
	if (err || !terms->conflict)
		return err;
	imp->conflict = kzalloc(sizeof(*imp->conflict), GFP_KERNEL_ACCOUNT);
	if (!imp->conflict)
		return -ENOMEM;
	imp->to = u64_to_user_ptr(terms->conflict);
	terms->conflict = (uintptr_t)imp->conflict;
	return 0;
}

/* Tell who is in the way, and free the copies. */
static int np_import_end(struct np_import *imp, int err)
{
	if (err == -EADDRINUSE && imp->conflict &&
	    copy_to_user(imp->to, imp->conflict, sizeof(*imp->conflict)))
		err = -EFAULT;
	np_import_free(imp);
	return err;
}

/* commands; @grown says that the structure has more than its first version had */

/* Results are in what the first version has, so the caller's size doesn't matter. */
static __always_inline int np_put_reserve(struct netport_reserve __user *to, u64 token, u16 port)
{
	if (!user_write_access_begin(to, sizeof(*to)))
		return -EFAULT;
	unsafe_put_user(token, &to->token, fault);
	unsafe_put_user(port, &to->binding.port, fault);
	user_write_access_end();
	return 0;

fault:
	user_write_access_end();
	return -EFAULT;
}

/* CLOCK_MONOTONIC of the caller may be that of a time namespace. */
static u64 np_deadline(u64 deadline)
{
	struct timespec64 offset = {};
	s64 host;

	if (!deadline || deadline >= KTIME_MAX)
		return deadline;
	timens_add_monotonic(&offset);
	host = deadline - timespec64_to_ns(&offset);
	/* Behind the end of time is forever, and 0 would be no deadline. */
	if (offset.tv_sec < 0 && host < (s64)deadline)
		return KTIME_MAX;
	return max_t(s64, host, 1);
}

/* What a request with terms needs of the stack, others need not pay for. */
static noinline int np_reserve_terms(struct netport_owner *owner, struct netport_request *req,
				     bool grown,
				     int (*act)(struct netport_owner *owner,
						struct netport_request *req, gfp_t gfp))
{
	struct np_import imp;
	int err;

	if (!grown)
		memset(&req->terms, 0, sizeof(req->terms));
	req->terms.deadline = np_deadline(req->terms.deadline);
	err = np_import(&req->terms, &imp) ?: act(owner, req, GFP_KERNEL_ACCOUNT);
	return np_import_end(&imp, err);
}

static bool np_reserve_plain(const struct netport_reserve *req, bool grown)
{
	return !grown && !(req->options & ~NETPORT_OPT_TUPLE);
}

static int np_ioc_reserve(struct netport_owner *owner, union np_arg *arg,
			  void __user *to, bool grown)
{
	struct netport_request *req = &arg->request;
	int err;

	if (np_reserve_plain(&req->reserve, grown))
		err = np_resv_make(owner, &req->reserve, GFP_KERNEL_ACCOUNT);
	else
		err = np_reserve_terms(owner, req, grown, np_request);
	if (err)
		return err;
	err = np_put_reserve(to, req->reserve.token, req->reserve.binding.port);
	if (unlikely(err))
		np_resv_drop(owner, req->reserve.token);
	return err;
}

static int np_ioc_release(struct netport_owner *owner, union np_arg *arg,
			  void __user *to, bool grown)
{
	struct netport_release *rel = &arg->release;

	if (!grown) {
		rel->port = 0;
		rel->count = 0;
		rel->__pad = 0;
	}
	return np_release(owner, rel, GFP_KERNEL_ACCOUNT);
}

static int np_ioc_available(struct netport_owner *owner, union np_arg *arg,
			    void __user *to, bool grown)
{
	struct netport_request *req = &arg->request;

	if (np_reserve_plain(&req->reserve, grown))
		return np_resv_available(owner, &req->reserve, GFP_KERNEL);
	return np_reserve_terms(owner, req, grown, np_request_available);
}

static int np_put_candidate(struct netport_candidate __user *to,
			    const struct netport_candidate *from)
{
	return np_put_reserve(&to->reserve, from->reserve.token, from->reserve.binding.port) ?:
	       put_user(from->cursor, &to->cursor);
}

static int np_ioc_candidate(struct netport_owner *owner, union np_arg *arg,
			    void __user *to, bool grown)
{
	struct netport_candidate *cand = &arg->candidate;
	struct netport_candidate before;
	struct np_import imp;
	int err;

	if (!grown)
		memset(&cand->terms, 0, sizeof(cand->terms));
	before = *cand;
	err = np_import(&cand->terms, &imp) ?:
	      np_resv_candidate(owner, cand, GFP_KERNEL_ACCOUNT);
	err = np_import_end(&imp, err);
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

static int np_ioc_accept(struct netport_owner *owner, union np_arg *arg,
			 void __user *to, bool grown)
{
	return np_resv_accept(owner, arg->token.token);
}

static int np_ioc_get_range(struct netport_owner *owner, union np_arg *arg,
			    void __user *to, bool grown)
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
			    void __user *to, bool grown)
{
	return np_net_set_range(owner->nn, &arg->range,
				ns_capable(owner->nn->user_ns, CAP_NET_ADMIN));
}

static int np_ioc_ephemeral(struct netport_owner *owner, union np_arg *arg,
			    void __user *to, bool grown)
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

/* A change can't be undone, so whether the result can be written is tried first. */
static int np_change(struct netport_owner *owner, struct netport_request *req, void __user *to,
		     int (*change)(struct netport_owner *owner, struct netport_request *req,
				   gfp_t gfp))
{
	struct netport_request __user *result = to;
	struct np_import imp;
	int err;

	err = put_user(req->reserve.binding.port, &result->reserve.binding.port);
	if (err)
		return err;
	err = np_import(&req->terms, &imp) ?: change(owner, req, GFP_KERNEL_ACCOUNT);
	err = np_import_end(&imp, err);
	if (!err)
		put_user(req->reserve.binding.port, &result->reserve.binding.port);
	return err;
}

static int np_ioc_extend(struct netport_owner *owner, union np_arg *arg,
			 void __user *to, bool grown)
{
	return np_change(owner, &arg->request, to, np_extend);
}

static int np_ioc_rebind(struct netport_owner *owner, union np_arg *arg,
			 void __user *to, bool grown)
{
	return np_change(owner, &arg->request, to, np_rebind);
}

/* batches */

/**
 * struct np_user_batch - a batch that is in user memory
 * @b: the batch
 * @arg: where it is
 */
struct np_user_batch {
	struct np_batch			b;
	const struct netport_batch	*arg;
};

static struct netport_reserve __user *np_batch_reserve(const struct netport_batch *arg, u32 i)
{
	return u64_to_user_ptr(arg->requests + (u64)i * arg->size);
}

static int np_batch_make(struct np_batch *b, u32 i, gfp_t gfp)
{
	const struct netport_batch *arg = container_of(b, struct np_user_batch, b)->arg;
	struct netport_reserve __user *from = np_batch_reserve(arg, i);
	bool grown = arg->size != sizeof(*from);
	struct netport_request req __uninitialized;
	int err;

	err = grown ? copy_struct_from_user(&req, sizeof(req), from, arg->size) :
		      np_copy_words(&req, from, sizeof(*from));
	if (err)
		return err;
	if (np_reserve_plain(&req.reserve, grown)) {
		err = np_resv_make_one(&b->stock, &req.reserve, gfp);
	} else {
		np_stock_uncharge(&b->stock);
		err = np_reserve_terms(b->stock.owner, &req, grown, np_request_now);
	}
	if (!err)
		((u64 *)b->tokens)[i] = req.reserve.token;
	return err;
}

/* Of each what went wrong. */
static int np_batch_put_errors(const struct np_batch *b, const struct netport_batch *arg)
{
	s32 __user *errors = u64_to_user_ptr(arg->errors);
	u32 i;

	for (i = 0; i < b->count; i++)
		if (put_user(-b->errors[i], &errors[i]))
			return -EFAULT;
	return 0;
}

/* Ports and tokens; last, for a batch that fails leaves its requests as they are. */
static int np_batch_put(const struct np_batch *b, const struct netport_batch *arg)
{
	struct netport_reserve __user *to;
	const u64 *tokens = b->tokens;
	u32 i;

	for (i = 0; i < b->count; i++) {
		to = np_batch_reserve(arg, i);
		/* A token begins with the port. */
		if (tokens[i] ? np_put_reserve(to, tokens[i], (u16)tokens[i]) :
				put_user(0, &to->token))
			return -EFAULT;
	}
	return 0;
}

static int np_ioc_batch(struct netport_owner *owner, union np_arg *arg,
			void __user *to, bool grown)
{
	const struct netport_batch *batch = &arg->batch;
	struct netport_batch __user *result = to;
	struct np_user_batch ub = {
		.b = {
			.stock.owner = owner, .make = np_batch_make, .stride = sizeof(u64),
			.count = batch->count, .flags = batch->flags,
		},
		.arg = batch,
	};
	struct np_batch *b = &ub.b;
	int done = -ENOMEM, err = 0;

	if (!batch->count || batch->count > NETPORT_BATCH_MAX || batch->size % sizeof(u64) ||
	    batch->size < sizeof(struct netport_reserve) || batch->size > NP_STRIDE_MAX ||
	    (batch->flags & ~NETPORT_BATCH_PARTIAL))
		return -EINVAL;
	b->tokens = kvcalloc(batch->count, sizeof(u64), GFP_KERNEL_ACCOUNT);
	if (batch->errors)
		b->errors = kvcalloc(batch->count, sizeof(*b->errors), GFP_KERNEL_ACCOUNT);
	if (!b->tokens || (batch->errors && !b->errors))
		goto out;
	done = np_batch(b, GFP_KERNEL_ACCOUNT);
	/* Of a batch that could be read. */
	if (batch->errors && done != -EFAULT && done != -E2BIG)
		err = np_batch_put_errors(b, batch);
	if (!err && done >= 0)
		err = np_batch_put(b, batch) ?: put_user(done, &result->done);
	if (err && done >= 0)
		np_batch_undo(b, GFP_KERNEL_ACCOUNT);
	if (err)
		done = err;
out:
	kvfree(b->tokens);
	kvfree(b->errors);
	return min(done, 0);
}

static int np_ioc_release_batch(struct netport_owner *owner, union np_arg *arg,
				void __user *to, bool grown)
{
	const struct netport_tokens *t = &arg->tokens;
	struct netport_tokens __user *result = to;
	struct netport_release rel = { .options = t->options, .hold = t->hold };
	u64 *tokens;
	u32 done;
	int err;

	if (!t->count || t->count > NETPORT_BATCH_MAX ||
	    (t->options & ~NETPORT_RELEASE_PORT) || (t->options && !t->hold) ||
	    t->hold > NETPORT_HOLD_MAX)
		return -EINVAL;
	/* What is released can't be undone: try whether the result can be written. */
	err = put_user(t->done, &result->done);
	if (err)
		return err;
	tokens = np_copy_array(t->tokens, t->count, sizeof(*tokens));
	if (IS_ERR(tokens))
		return PTR_ERR(tokens);
	err = np_release_tokens(owner, tokens, t->count, &rel, &done, GFP_KERNEL_ACCOUNT);
	kvfree(tokens);
	if (err)
		return err;
	put_user(done, &result->done);
	return 0;
}

/* other owners, labels */

static int np_ioc_transfer(struct netport_owner *owner, union np_arg *arg,
			   void __user *to, bool grown)
{
	struct file *file;
	int err;

	if (arg->transfer.__pad)
		return -EINVAL;
	file = fget(arg->transfer.fd);
	if (!file)
		return -EBADF;
	err = -EBADF;
	if (file->f_op == &np_fops)
		err = np_transfer(owner, arg->transfer.token, file->private_data);
	fput(file);
	return err;
}

static int np_ioc_adopt(struct netport_owner *owner, union np_arg *arg,
			void __user *to, bool grown)
{
	return np_adopt(owner, arg->token.token);
}

static int np_ioc_label(struct netport_owner *owner, union np_arg *arg,
			void __user *to, bool grown)
{
	return np_label(owner, &arg->label, GFP_KERNEL_ACCOUNT);
}

/* wishes */

static int np_ioc_wish(struct netport_owner *owner, union np_arg *arg,
		       void __user *to, bool grown)
{
	struct netport_request __user *result = to;
	struct netport_request *req = &arg->request;
	struct np_import imp;
	int err;

	err = np_import(&req->terms, &imp) ?: np_request_wish(owner, req, GFP_KERNEL_ACCOUNT);
	err = np_import_end(&imp, err);
	if (err)
		return err;
	err = put_user(req->reserve.token, &result->reserve.token);
	if (err)
		np_request_unwish(owner, req->reserve.token);
	return err;
}

/* It is fetched only when the caller has it. */
static int np_ioc_granted(struct netport_owner *owner, union np_arg *arg,
			  void __user *to, bool grown)
{
	struct netport_granted __user *result = to;
	const struct netport_granted asked = arg->granted;
	struct netport_granted g;
	bool written = false;
	int err;

	if (asked.__pad[0] | asked.__pad[1] | asked.__pad[2])
		return -EINVAL;
	for (;;) {
		g = asked;
		err = np_wish_granted(owner, &g, false);
		if (err)
			break;
		if (copy_to_user(result, &g, sizeof(g)))
			return -EFAULT;
		written = true;
		err = np_wish_granted(owner, &g, true);
		if (!err)
			return 0;
		/* Another thread has fetched it; there may be more. */
	}
	if (written && copy_to_user(result, &asked, sizeof(asked)))
		return -EFAULT;
	return err;
}

static int np_ioc_unwish(struct netport_owner *owner, union np_arg *arg,
			 void __user *to, bool grown)
{
	return np_request_unwish(owner, arg->token.token);
}

/* looking */

static int np_put_entries(const struct netport_list *list, u32 at,
			  const struct netport_entry *entries, u32 n)
{
	size_t size = min_t(size_t, list->size, sizeof(*entries));
	void __user *to;
	u32 i;

	for (i = 0; i < n; i++) {
		to = u64_to_user_ptr(list->entries + (u64)(at + i) * list->size);
		if (copy_to_user(to, &entries[i], size) ||
		    clear_user(to + size, list->size - size))
			return -EFAULT;
	}
	return 0;
}

static int np_ioc_list(struct netport_owner *owner, union np_arg *arg,
		       void __user *to, bool grown)
{
	struct netport_list *list = &arg->list, chunk;
	struct netport_list __user *result = to;
	bool curious = np_owner_admin(owner);
	struct netport_entry *entries;
	u32 done = 0;
	int err;

	if (!grown)
		memset_after(list, 0, port);
	chunk = *list;
	if (list->size % sizeof(u64) || list->size < sizeof(*entries) ||
	    list->size > NP_STRIDE_MAX || !list->count)
		return -EINVAL;
	entries = kmalloc_array(NP_LIST_CHUNK, sizeof(*entries), GFP_KERNEL_ACCOUNT);
	if (!entries)
		return -ENOMEM;
	do {
		chunk.count = min_t(u32, list->count - done, NP_LIST_CHUNK);
		err = np_list(owner, &chunk, entries, curious) ?:
		      np_put_entries(list, done, entries, chunk.count);
		done += chunk.count;
	} while (!err && chunk.count && done < list->count);
	kfree(entries);
	if (err)
		return err;
	if (copy_to_user(result->cursor, chunk.cursor, sizeof(chunk.cursor)))
		return -EFAULT;
	return put_user(done, &result->count);
}

static int np_ioc_info(struct netport_owner *owner, union np_arg *arg,
		       void __user *to, bool grown);

/**
 * struct np_command - a command, at the index of its number
 * @size: of its structure, now
 * @min: of its structure, in the first version
 * @run: does it; has the structure, and where results go.  Unless it has grown only what
 *	the first version had is there
 */
struct np_command {
	size_t		size;
	size_t		min;
	int		(*run)(struct netport_owner *owner, union np_arg *arg,
			       void __user *to, bool grown);
};

/* Sizes are in whole words, see np_copy_words(). */
#define NP_SIZE(_size)	((_size) + BUILD_BUG_ON_ZERO((_size) % sizeof(u64)))

#define NP_COMMAND(_ioc, _min, _run)					\
	[_IOC_NR(_ioc)] = {						\
		.size = NP_SIZE(_IOC_SIZE(_ioc)), .min = NP_SIZE(_min), .run = _run,	\
	}

static const struct np_command np_commands[] = {
	NP_COMMAND(NETPORT_IOC_REQUEST, 64, np_ioc_reserve),
	NP_COMMAND(NETPORT_IOC_RELEASE, 64, np_ioc_release),
	NP_COMMAND(NETPORT_IOC_AVAILABLE_REQUEST, 64, np_ioc_available),
	NP_COMMAND(NETPORT_IOC_CANDIDATE, 72, np_ioc_candidate),
	NP_COMMAND(NETPORT_IOC_ACCEPT, 8, np_ioc_accept),
	NP_COMMAND(NETPORT_IOC_GET_RANGE, 8, np_ioc_get_range),
	NP_COMMAND(NETPORT_IOC_SET_RANGE, 8, np_ioc_set_range),
	NP_COMMAND(NETPORT_IOC_EPHEMERAL, 16, np_ioc_ephemeral),
	NP_COMMAND(NETPORT_IOC_EXTEND, 144, np_ioc_extend),
	NP_COMMAND(NETPORT_IOC_REBIND, 144, np_ioc_rebind),
	NP_COMMAND(NETPORT_IOC_BATCH, 32, np_ioc_batch),
	NP_COMMAND(NETPORT_IOC_RELEASE_BATCH, 24, np_ioc_release_batch),
	NP_COMMAND(NETPORT_IOC_TRANSFER, 16, np_ioc_transfer),
	NP_COMMAND(NETPORT_IOC_ADOPT, 8, np_ioc_adopt),
	NP_COMMAND(NETPORT_IOC_LABEL, 40, np_ioc_label),
	NP_COMMAND(NETPORT_IOC_WISH, 144, np_ioc_wish),
	NP_COMMAND(NETPORT_IOC_GRANTED, 24, np_ioc_granted),
	NP_COMMAND(NETPORT_IOC_UNWISH, 8, np_ioc_unwish),
	NP_COMMAND(NETPORT_IOC_LIST, 56, np_ioc_list),
	NP_COMMAND(NETPORT_IOC_INFO, 80, np_ioc_info),
};

/* All of it is a result, so what is in it doesn't matter, as long as it's known. */
static int np_ioc_info(struct netport_owner *owner, union np_arg *arg,
		       void __user *to, bool grown)
{
	struct netport_info info = {
		.features = NETPORT_FEATURE_SETS | NETPORT_FEATURE_BLOCKS |
			    NETPORT_FEATURE_BATCHES | NETPORT_FEATURE_WAIT |
			    NETPORT_FEATURE_HOLD | NETPORT_FEATURE_CONFLICT |
			    NETPORT_FEATURE_LABELS | NETPORT_FEATURE_TRANSFER |
			    NETPORT_FEATURE_PERSISTENT | NETPORT_FEATURE_LIST |
			    np_host_features(),
		.owner = owner->id,
		.options = NP_OPT_ALL,
		.commands = ARRAY_SIZE(np_commands),
		.max_bindings = NETPORT_BINDINGS_MAX,
		.max_ports = NETPORT_PORTS_MAX,
		.max_batch = NETPORT_BATCH_MAX,
		.max_exclude = NETPORT_EXCLUDE_MAX,
		.max_wishes = NETPORT_WISHES_MAX,
		.max_hold = NETPORT_HOLD_MAX,
		.request_size = sizeof(struct netport_request),
		.candidate_size = sizeof(struct netport_candidate),
		.release_size = sizeof(struct netport_release),
		.entry_size = sizeof(struct netport_entry),
		.list_size = sizeof(struct netport_list),
	};

	np_owner_limits(owner->nn, &info);
	return copy_to_user(to, &info, sizeof(info)) ? -EFAULT : 0;
}

static long np_ioctl(struct file *file, unsigned int cmd, unsigned long ptr)
{
	void __user *user = (void __user *)ptr;
	const struct np_command *command;
	size_t size = _IOC_SIZE(cmd);
	union np_arg arg __uninitialized;
	int err;

	if (_IOC_TYPE(cmd) != NETPORT_IOC_MAGIC || _IOC_NR(cmd) >= ARRAY_SIZE(np_commands) ||
	    _IOC_DIR(cmd) != (_IOC_READ | _IOC_WRITE))
		return -ENOTTY;
	command = &np_commands[array_index_nospec(_IOC_NR(cmd), ARRAY_SIZE(np_commands))];
	if (size < command->min)
		return -EINVAL;
	if (size == command->min || size == command->size)
		err = np_copy_whole(&arg, user, size);
	else
		err = copy_struct_from_user(&arg, command->size, user, size);
	if (err)
		return err;
	err = command->run(file->private_data, &arg, user, size != command->min);
	/* What the host was kept from it can have when the call returns. */
	np_host_flush();
	return err;
}

static __poll_t np_poll(struct file *file, poll_table *wait)
{
	struct netport_owner *owner = file->private_data;

	poll_wait(file, &owner->poll, wait);
	poll_wait(file, &owner->nn->gone, wait);
	return np_wait_poll(owner);
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

static int np_close(struct inode *inode, struct file *file)
{
	np_owner_destroy(file->private_data);
	return 0;
}

static const struct file_operations np_fops = {
	.owner = THIS_MODULE,
	.open = np_open,
	.release = np_close,
	.unlocked_ioctl = np_ioctl,
	.poll = np_poll,
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
