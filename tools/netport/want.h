/* SPDX-License-Identifier: GPL-2.0 */
/* What is wanted of netport, and why it can't be had. */
#ifndef WANT_H
#define WANT_H

#include "command.h"
#include "text.h"

/**
 * struct want - a request with all that it points at
 * @r: the request
 * @more: its bindings but the first
 * @conflict: who was in the way; all zero if that isn't known
 */
struct want {
	struct netport_request	r;
	struct netport_binding	more[NETPORT_BINDINGS_MAX - 1];
	struct netport_entry	conflict;
};

/* One binding for each of @protocols (with commas) on each of the @n @places. */
void want_places(struct want *w, const struct request *req, const char *protocols, char **places,
		 int n);
/* With or without a port, as the subcommand has it. */
void want_port(const struct want *w, const char *place);
void want_no_port(const struct want *w, const char *place);

/* "tcp 10.0.0.1:80, udp 10.0.0.1:80" */
const char *want_text(const struct want *w, char *buf);

/* A sentence that ends without a stop, with what to do. */
const char *refusal(const struct want *w, int error);

#endif
