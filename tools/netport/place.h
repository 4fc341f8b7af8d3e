/* SPDX-License-Identifier: GPL-2.0 */
/* Addresses with and without a port, as they are written. */
#ifndef PLACE_H
#define PLACE_H

#include <stdbool.h>

#include <linux/netport.h>

/* ADDR[:PORT], port 0 if there's none. */
struct netport_binding parse_place(const char *text, unsigned int protocol);
/* ADDR alone. */
struct netport_binding parse_address(const char *text);
bool is_any(const __u8 addr[16]);
bool is_link_local(const struct netport_binding *b);

#endif
