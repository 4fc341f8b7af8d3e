// SPDX-License-Identifier: GPL-2.0
/* netport range */
#include <err.h>
#include <errno.h>
#include <stdio.h>

#include <netport.h>

#include "command.h"
#include "device.h"
#include "json.h"
#include "names.h"

static int show(const struct request *req)
{
	struct json j = { .to = stdout };
	unsigned int low, high;

	if (netport_get_range(open_netport(), &low, &high))
		err(STATUS_REFUSED, "can't tell the range");
	if (!is_given(req, OPTION(JSON))) {
		printf("%u %u\n", low, high);
		return 0;
	}
	json_open(&j, NULL, '{');
	json_number(&j, "low", low);
	json_number(&j, "high", high);
	json_close(&j, '}');
	return 0;
}

static int range(struct request *req)
{
	unsigned int low, high;

	if (!req->nargs)
		return show(req);
	if (req->nargs == 1)
		errx(STATUS_USAGE, "a range has two ends: netport range LOW HIGH");
	if (is_given(req, OPTION(JSON)))
		errx(STATUS_USAGE, "--json shows the range, and has nothing to show when it's set");
	if (!parse_number(req->args[0], 65535, &low) || !low ||
	    !parse_number(req->args[1], 65535, &high) || low > high)
		errx(STATUS_USAGE,
		     "'%s %s' is no range of ports: LOW HIGH, from 1 to 65535, LOW first",
		     req->args[0], req->args[1]);
	if (!netport_set_range(open_netport(), low, high))
		return 0;
	if (errno == EPERM)
		errx(STATUS_REFUSED,
		     "setting the range needs CAP_NET_ADMIN over the network namespace; become root, or give --range to pick");
	err(STATUS_REFUSED, "can't set the range");
}

const struct command command_range = {
	.name = "range", .synopsis = "[LOW HIGH] [OPTION]...", .max = 2,
	.options = OPTION(JSON),
	.summary = "show or set the range of this network namespace to pick from",
	.details = "Setting it needs CAP_NET_ADMIN.\n",
	.run = range,
};
