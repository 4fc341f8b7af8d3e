/* SPDX-License-Identifier: GPL-2.0 */
/* The device: opened, or why it can't be. */
#ifndef DEVICE_H
#define DEVICE_H

int open_netport(void);

#endif
