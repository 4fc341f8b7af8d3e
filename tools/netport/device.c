// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <errno.h>

#include <netport.h>

#include "command.h"
#include "device.h"

int open_netport(void)
{
	int fd = netport_open();

	if (fd >= 0)
		return fd;
	if (errno == ENOENT || errno == ENODEV || errno == ENXIO)
		errx(STATUS_NO_NETPORT,
		     "there is no %s: the netport module is not loaded; 'modprobe netport' does that",
		     NETPORT_DEVICE);
	err(STATUS_NO_NETPORT, "can't open %s", NETPORT_DEVICE);
}
