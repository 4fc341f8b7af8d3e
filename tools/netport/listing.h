/* SPDX-License-Identifier: GPL-2.0 */
/* What is reserved in this network namespace, in constant memory. */
#ifndef LISTING_H
#define LISTING_H

#include <netport.h>

#include "command.h"

/**
 * struct filter - what to list
 * @list: what netport sorts out itself
 * @label: glob for the label of the reservation or of its owner, or NULL
 */
struct filter {
	struct netport_list	list;
	const char		*label;
};

void filter_protocol(struct filter *f, unsigned int protocol);
void filter_port(struct filter *f, unsigned int port);
/* What the options say: --port, --addr, --owner, --label. */
void filter_options(struct filter *f, const struct request *req);

/* Calls @each for what @filter lets through; returns what that returned, if not 0. */
int list_filtered(int fd, const struct filter *filter, netport_each_fn *each, void *arg);

#endif
