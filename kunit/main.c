// SPDX-License-Identifier: GPL-2.0
/*
 * netport_kunit.ko: the suites, one file each.  kit.h has what they share.
 */
#include <linux/module.h>
#include <linux/version.h>

/* The name of a namespace became a string in 6.13. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
#else
MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);
#endif

MODULE_DESCRIPTION("KUnit suites of netport");
MODULE_LICENSE("GPL");
