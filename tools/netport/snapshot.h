/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A snapshot: what is reserved in a network namespace, as a line of JSON for each
 * reservation, after one that says what it is:
 *
 *	{"netport":"snapshot","version":1}
 *	{"token":7,"owner":3,"label":"web","port":80,"count":1,"bindings":[{"protocol":6,...}]}
 *
 * Keys that aren't known are passed over, so that there can be more.
 */
#ifndef SNAPSHOT_H
#define SNAPSHOT_H

#include <stdio.h>

#include <linux/netport.h>

#define SNAPSHOT_VERSION	1

/* A reservation, or a run of consecutive ports of one: @n entries, in the order of bindings. */
void snapshot_begin(FILE *to);
void snapshot_write(FILE *to, const struct netport_entry *bindings, unsigned int n,
		    unsigned int port, unsigned int count);

/**
 * struct saved - a reservation of a snapshot
 * @token: what its name was: the order in which they were made
 * @owner: the number of its owner
 * @owner_label: the text of that
 * @request: what reserves it again
 * @bindings: all of them, the first one too
 * @options: the NETPORT_OPT_* of each
 * @n: how many
 * @line: where it's written
 * @fd: who reserved it, or -1
 */
struct saved {
	__u64			token;
	__u64			owner;
	__u8			owner_label[NETPORT_LABEL_LEN];
	struct netport_request	request;
	struct netport_binding	*bindings;
	__u32			*options;
	unsigned int		n;
	unsigned int		line;
	int			fd;
};

/* All of them in the order of their tokens; ends the program if it isn't a snapshot. */
struct saved *snapshot_read(FILE *from, const char *name, size_t *count);

#endif
