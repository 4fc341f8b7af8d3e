/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the programs that load and unload modules share.
 *
 * NETPORT_MODULES is the directory of the modules, /modules if unset.
 */
#ifndef _MODULES_H
#define _MODULES_H

#include "selftest.h"

static inline const char *module_path(const char *name)
{
	static char path[512];
	const char *dir = getenv("NETPORT_MODULES");

	snprintf(path, sizeof(path), "%s/%s.ko", dir && *dir ? dir : "/modules", name);
	return path;
}

static inline bool loaded(const char *name)
{
	char path[128];

	/* It has no parameters while it is still on its way out. */
	snprintf(path, sizeof(path), "/sys/module/%s/initstate", name);
	return !access(path, F_OK);
}

/* With parameters as on the command line of insmod. */
static inline int load_with(const char *name, const char *params)
{
	int fd = open(module_path(name), O_RDONLY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return errno;
	err = syscall(SYS_finit_module, fd, params, 0) ? errno : 0;
	close(fd);
	return err;
}

static inline int load(const char *name)
{
	return load_with(name, "");
}

/* One of its parameters, without the end of the line. */
static inline char *module_text(const char *name, const char *param, char *text, size_t size)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s/parameters/%s", name, param);
	if (!read_file(path, text, size))
		die("read %s", path);
	text[strcspn(text, "\n")] = 0;
	return text;
}

static inline long module_number(const char *name, const char *param)
{
	char text[32];

	return strtol(module_text(name, param, text, sizeof(text)), NULL, 10);
}

/* Where modules without a namespace of their own have their ports. */
static inline void enter_first_netns(void)
{
	int fd = open("/proc/1/ns/net", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || setns(fd, CLONE_NEWNET))
		die("enter the network namespace of process 1");
	close(fd);
}

static inline int unload(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? errno : 0;
}

/* The suites are a user of netport, too; 0 once they aren't. */
static inline int without_suites(void)
{
	return loaded("netport_kunit") ? unload("netport_kunit") : 0;
}

static inline bool refused(int err)
{
	return err == EWOULDBLOCK || err == EBUSY;
}

#endif /* _MODULES_H */
