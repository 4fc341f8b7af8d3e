// SPDX-License-Identifier: GPL-2.0
/* netport stat: counters and limits. */
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <netport.h>

#include "command.h"
#include "device.h"
#include "json.h"

#define COUNTERS	"/proc/net/netport_stat"

/* A number and its name, in one form or the other. */
static void tell(struct json *j, bool as_json, const char *name, uint64_t value)
{
	if (as_json)
		json_number(j, name, value);
	else
		printf("%-24s %" PRIu64 "\n", name, value);
}

static void counters(struct json *j, bool as_json)
{
	FILE *f = fopen(COUNTERS, "re");
	uint64_t value;
	char name[64];

	if (!f && errno == ENOENT) {
		warnx("there is no %s: the module that is loaded is older than this command",
		      COUNTERS);
		return;
	}
	if (!f)
		err(STATUS_NO_NETPORT, "can't read " COUNTERS);
	while (fscanf(f, "%63s %" SCNu64, name, &value) == 2)
		tell(j, as_json, name, value);
	fclose(f);
}

static int stat_command(struct request *req)
{
	bool as_json = is_given(req, OPTION(JSON));
	struct json j = { .to = stdout };
	struct netport_info info;
	unsigned int low, high;
	int fd = open_netport();

	if (netport_info(fd, &info) || netport_get_range(fd, &low, &high))
		err(STATUS_REFUSED, "can't ask the module what it has");
	if (as_json)
		json_open(&j, NULL, '{');
	counters(&j, as_json);
	tell(&j, as_json, "range_low", low);
	tell(&j, as_json, "range_high", high);
	tell(&j, as_json, "max_per_owner", info.max_per_owner);
	tell(&j, as_json, "max_per_uid", info.max_per_uid);
	tell(&j, as_json, "max_per_netns", info.max_per_netns);
	if (as_json)
		json_close(&j, '}');
	return 0;
}

const struct command command_stat = {
	.name = "stat", .synopsis = "[OPTION]...",
	.options = OPTION(JSON),
	.summary = "show counters and limits of this network namespace",
	.details = "The counters are those of " COUNTERS ".\n",
	.run = stat_command,
};
