/* SPDX-License-Identifier: GPL-2.0 */
/* The options of a subcommand: their table, and what they do to its request. */
#ifndef OPTION_H
#define OPTION_H

#include "command.h"

void parse_options(const struct command *c, int argc, char **argv, struct request *req);

#endif
