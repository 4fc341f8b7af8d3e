/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the programs share that leave nothing behind, and prove it: no reservation, no more
 * network namespaces than there were, nothing in the module's slab caches, no module that
 * can't go.
 */
#ifndef _TIDY_H
#define _TIDY_H

#include "keep.h"
#include "modules.h"

#define NAMESPACES_MAX	"/proc/sys/user/max_net_namespaces"

/*
 * Are there at most @n network namespaces that a uid has made?  With a limit of one more it can
 * make another, which goes by itself.
 */
static inline bool namespaces_at_most(uid_t uid, unsigned int n)
{
	char saved[32], text[32];
	pid_t pid;
	int err;

	if (!read_file(NAMESPACES_MAX, saved, sizeof(saved)))
		die("read " NAMESPACES_MAX);
	snprintf(text, sizeof(text), "%u", n + 1);
	write_file(NAMESPACES_MAX, text);
	pid = spawn();
	if (!pid) {
		if (uid)
			become(uid);
		_exit(unshare(CLONE_NEWNET | (uid ? CLONE_NEWUSER : 0)) ? errno : 0);
	}
	err = ended(pid);
	write_file(NAMESPACES_MAX, saved);
	if (err && err != ENOSPC)
		die("unshare: %d", err);
	return !err;
}

/* How many there are, when those that are on their way out have gone. */
static inline unsigned int namespaces_of(uid_t uid)
{
	unsigned int n = 0, i;

	while (!namespaces_at_most(uid, n))
		n++;
	for (i = 0; n && i < 10; i++) {
		sleep_ms(50);
		if (namespaces_at_most(uid, n - 1)) {
			n--;
			i = 0;
		}
	}
	return n;
}

/* What is held, or persistent and nobody's, is ended; nothing else may be there. */
static inline bool tidied_up(int fd)
{
	struct netport_entry e[64];
	struct netport_list list = { .entries = (uintptr_t)e, .size = sizeof(e[0]) };
	unsigned int i;

	do {
		list.count = ARRAY_SIZE(e);
		if (command(fd, NETPORT_IOC_LIST, &list))
			return false;
		for (i = 0; i < list.count; i++) {
			if (!(e[i].state & (ORPHAN | HELD))) {
				fprintf(stderr, "# port %u is still owner %llu's\n",
					e[i].binding.port, (unsigned long long)e[i].owner);
				return false;
			}
			/* It may have ended, or be listed once for each port. */
			release(fd, e[i].token);
		}
	} while (list.count);
	list.count = 1;
	memset(list.cursor, 0, sizeof(list.cursor));
	return !command(fd, NETPORT_IOC_LIST, &list) && !list.count;
}

/* Nothing is in a cache of the module's, if it has it for itself. */
static inline bool slab_empty(const char *name)
{
	char path[96], text[32], link[16];

	snprintf(path, sizeof(path), "/sys/kernel/slab/%s", name);
	if (access(path, F_OK) || readlink(path, link, sizeof(link)) > 0)
		return true;
	snprintf(path, sizeof(path), "/sys/kernel/slab/%s/shrink", name);
	write_file(path, "1");
	snprintf(path, sizeof(path), "/sys/kernel/slab/%s/objects", name);
	return read_file(path, text, sizeof(text)) && !strtoul(text, NULL, 10);
}

/* The module, which nobody uses, goes and comes back. */
static inline int reload(void)
{
	return unload("netport") ?: load("netport");
}

#endif /* _TIDY_H */
