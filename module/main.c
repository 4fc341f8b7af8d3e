// SPDX-License-Identifier: GPL-2.0
/*
 * netport: transport port reservations.  netport_priv.h says how it is built.
 */
#include <linux/module.h>

#include "netport_priv.h"

static int __init netport_init(void)
{
	int err;

	np_addr_init_secret();
	err = np_token_init();
	if (err)
		return err;
	err = np_table_init();
	if (err)
		goto err_token;
	err = np_net_init();
	if (err)
		goto err_table;
	err = np_chardev_init();
	if (err)
		goto err_net;
	np_debugfs_init();
	return 0;

err_net:
	np_net_exit();
err_table:
	np_table_exit();
err_token:
	np_token_exit();
	return err;
}

static void __exit netport_exit(void)
{
	np_debugfs_exit();
	np_chardev_exit();
	np_net_exit();
	np_table_exit();
	np_token_exit();
}

module_init(netport_init);
module_exit(netport_exit);

MODULE_DESCRIPTION("Transport port reservations for userspace and kernel network stacks");
MODULE_LICENSE("GPL");
