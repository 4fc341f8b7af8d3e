/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between kernels that netport is built for, as the newest has it.
 */
#ifndef _NETPORT_COMPAT_H
#define _NETPORT_COMPAT_H

#include <linux/sysctl.h>
#include <linux/version.h>
#include <net/net_namespace.h>

/* A handler doesn't write to its table since 6.11. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
#define NP_CTL_CONST	const
#else
#define NP_CTL_CONST
#endif

/* Before 6.6 a table ended with an empty entry, and was no longer than that. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
static inline struct ctl_table_header *register_net_sysctl_sz(struct net *net, const char *path,
							      struct ctl_table *table,
							      size_t size)
{
	return register_net_sysctl(net, path, table);
}
#endif

#endif /* _NETPORT_COMPAT_H */
