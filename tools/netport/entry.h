/* SPDX-License-Identifier: GPL-2.0 */
/* An entry of a listing, as a row and as JSON. */
#ifndef ENTRY_H
#define ENTRY_H

#include <stdbool.h>

#include <linux/netport.h>

#include "json.h"
#include "table.h"

extern const char *const entry_heads[];

void entry_row(struct table *t, const struct netport_entry *e, bool numeric);
void entry_json(struct json *j, const struct netport_entry *e, bool numeric);

/* Parts of that, as events and snapshots have them too. */
void json_place(struct json *j, const struct netport_binding *b);
const char *families_text(unsigned int families);
void json_share(struct json *j, unsigned int share);
void json_options(struct json *j, unsigned int options);
int option_from_text(const char *s);

#endif
