// SPDX-License-Identifier: GPL-2.0
/*
 * netport_kunit.ko: the suites, one file each.  kit.h has what they share.
 */
#include <linux/module.h>
#include <linux/netport.h>

MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);
MODULE_IMPORT_NS(NETPORT_NS);
MODULE_DESCRIPTION("KUnit suites of netport");
MODULE_LICENSE("GPL");
