/* SPDX-License-Identifier: GPL-2.0 */
/* Bindings and what holds them, in words. */
#ifndef TEXT_H
#define TEXT_H

#include <stddef.h>

#include <linux/netport.h>

/* Enough for any of these texts. */
#define TEXT_LEN	256

/* "tcp 10.0.0.1:80", or "udp *:5000-5003" for @count of 4. */
const char *binding_text(const struct netport_binding *b, unsigned int count, char *buf);
/* "10.0.0.1" or "[::1]" without a port, "*" for both families. */
const char *address_text(const struct netport_binding *b, char *buf);
const char *remote_text(const struct netport_binding *b, char *buf);
/* Whose it is: "of pid 12 (nginx)", "on hold for another 3.5 s". */
const char *holder_text(const struct netport_entry *e, char *buf);
/* What others have written, so that it can't do anything to a terminal. */
const char *safe_text(const __u8 *s, size_t size, char *buf);

#endif
