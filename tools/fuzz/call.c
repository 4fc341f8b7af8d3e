// SPDX-License-Identifier: GPL-2.0
/*
 * Calls, with all that may be wrong with a structure, and what is never to happen in one.
 */
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "ops.h"

bool pinned;
struct count *count;

bool admin(void)
{
	return model.caps & CAP_ADMIN;
}

struct owner *owner_of(int slot)
{
	return &model.owner[slot];
}

/* Can this process use the file? */
bool usable(int slot)
{
	return model.owner[slot].alive && !model.owner[slot].dead && model.owner[slot].fd >= 0;
}

__u64 token_of(int made)
{
	/* What no shard has given out. */
	return made == NEVER || !model.token[made] ? 0x7fffffff0001 : model.token[made];
}

static __u8 *page, *page_readonly;

static void pages_init(void)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, 4096))
		die("memfd");
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	page_readonly = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED || page_readonly == MAP_FAILED)
		die("mmap");
	close(fd);
}

/**
 * call() - a command
 * @fd: the file
 * @nr: its number
 * @how: what is wrong with the structure
 * @arg: the structure
 * @size: of it
 * @min: of its first version
 *
 * A call that fails must leave the structure as it was.
 *
 * Return: 0 or an errno.
 */
int call(int fd, unsigned int nr, enum fault how, void *arg, size_t size, size_t min)
{
	__u8 before[1024];
	size_t passed = size;
	void *ptr;
	int err;

	if (!page)
		pages_init();
	ptr = page;
	memcpy(page, arg, size);
	memset(page + size, 0, 16);
	switch (how) {
	case HOW_SHORT:
		passed = min;
		break;
	case HOW_TOO_SHORT:
		passed = min - 8;
		break;
	case HOW_LONG:
	case HOW_TOO_LONG:
		page[size + 15] = how == HOW_TOO_LONG;
		passed = size + 16;
		break;
	case HOW_FAULT:
		ptr = (void *)8;
		break;
	case HOW_READONLY:
		ptr = page_readonly;
		break;
	default:
		break;
	}
	memcpy(before, page, size + 16);
	err = ioctl(fd, _IOC(_IOC_READ | _IOC_WRITE, NETPORT_IOC_MAGIC, nr, passed), ptr) ?
	      errno : 0;
	if (err && memcmp(before, page, size + 16))
		failed("the call failed (%s) and wrote", err_name(err));
	if (!err)
		memcpy(arg, page, size);
	return err;
}

/* What is wrong with a structure comes before anything else. */
void adjust(struct allow *a, enum fault how, bool results)
{
	if (how == HOW_TOO_SHORT) {
		only(a, EINVAL);
	} else if (how == HOW_TOO_LONG) {
		only(a, E2BIG);
	} else if (how == HOW_FAULT) {
		only(a, EFAULT);
	} else if (how == HOW_READONLY && results) {
		a->bit[0] &= ~1ULL;
		allow(a, EFAULT);
	}
}

void answer(const struct op *op, const struct allow *a, int err)
{
	if (err < 192)
		count->err[op->kind][err]++;
	if (!allowed(a, err))
		failed("the model says %s, the kernel %s", allow_text(a), err_name(err));
}

/* A token that was never used in this namespace before. */
#define SEEN	(1 << 16)
static struct { __u64 token; unsigned int space; } *seen;
static unsigned int nseen;

static void forget_tokens(void)
{
	memset(seen, 0, SEEN * sizeof(*seen));
	nseen = 0;
}

void new_token(int s, __u64 token)
{
	unsigned int i = (token * 0x9e3779b97f4a7c15 >> 40) % SEEN;

	if (!seen)
		seen = unforked(SEEN * sizeof(*seen));
	if (!token || !(__u16)token)
		failed("the token is %#llx", (unsigned long long)token);
	if (nseen > SEEN / 2)
		forget_tokens();
	for (; seen[i].token; i = (i + 1) % SEEN)
		if (seen[i].token == token && seen[i].space == space[s].nr)
			failed("the token %#llx was used before", (unsigned long long)token);
	seen[i].token = token;
	seen[i].space = space[s].nr;
	nseen++;
}
