// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <netport.h>

#include "command.h"
#include "entry.h"
#include "names.h"
#include "text.h"

static const struct {
	unsigned int	bit;
	const char	*name;
	enum color	color;
} states[] = {
	{ NETPORT_STATE_HOST, "host", COLOR_BLUE },
	{ NETPORT_STATE_CANDIDATE, "candidate", COLOR_YELLOW },
	{ NETPORT_STATE_HELD, "held", COLOR_YELLOW },
	{ NETPORT_STATE_ORPHAN, "orphan", COLOR_RED },
	{ NETPORT_STATE_LISTENING, "listening", COLOR_GREEN },
	{ NETPORT_STATE_CONNECTED, "connected", COLOR_GREEN },
	{ 0, "reserved", COLOR_NONE },
};

static const struct {
	unsigned int	bit;
	const char	*name;
} option_names[] = {
	{ NETPORT_OPT_TUPLE, "tuple" },
	{ NETPORT_OPT_HOST_CHECK, "host-check" },
	{ NETPORT_OPT_HOST_HOLD, "host-hold" },
	{ NETPORT_OPT_PERSISTENT, "persistent" },
};

const char *const entry_heads[] = {
	"State", "Proto", "Local", "Remote", "Dev", "Share", "Token", "Owner", "User", "Process",
	"Label", NULL,
};

static size_t state_of(const struct netport_entry *e)
{
	size_t i = 0;

	while (states[i].bit && !(e->state & states[i].bit))
		i++;
	return i;
}

/* What it is, how long for, and with what options. */
static const char *state_text(const struct netport_entry *e, char *buf)
{
	char *p = stpcpy(buf, states[state_of(e)].name);

	if (e->state & NETPORT_STATE_HELD)
		p += sprintf(p, ":%u.%us", e->hold / 1000, e->hold % 1000 / 100);
	for (size_t i = 0; i < ARRAY_SIZE(option_names); i++)
		if (e->options & option_names[i].bit)
			p += sprintf(p, ",%s", option_names[i].name);
	return buf;
}

static const char *port_text(unsigned int protocol, unsigned int port, bool numeric, char buf[8])
{
	const char *name = numeric ? NULL : service_name(protocol, port);

	if (name)
		return name;
	snprintf(buf, 8, "%u", port);
	return buf;
}

static const char *device_text(unsigned int ifindex, bool numeric, char buf[12])
{
	const char *name = numeric ? NULL : device_name(ifindex);

	if (!ifindex)
		return "*";
	if (name)
		return name;
	snprintf(buf, 12, "%u", ifindex);
	return buf;
}

static const char *or_none(const char *s)
{
	return *s ? s : "-";
}

void entry_row(struct table *t, const struct netport_entry *e, bool numeric)
{
	const struct netport_binding *b = &e->binding;
	char state[TEXT_LEN], protocol[16], addr[TEXT_LEN], local[2 * TEXT_LEN], port[8];
	char remote[2 * TEXT_LEN] = "*", dev[12], share[32], token[24] = "-", owner[24] = "-";
	char uid[12], comm[TEXT_LEN], process[TEXT_LEN + 16] = "-", label[TEXT_LEN];
	const char *user = numeric ? NULL : user_name(e->uid);

	netport_protocol_to_text(protocol, sizeof(protocol), b->protocol);
	snprintf(local, sizeof(local), "%s:%s", address_text(b, addr),
		 port_text(b->protocol, b->port, numeric, port));
	remote_text(b, addr);
	if (b->remote_port)
		snprintf(remote, sizeof(remote), "%s:%s", addr,
			 port_text(b->protocol, b->remote_port, numeric, port));
	else if (strcmp(addr, "*"))
		snprintf(remote, sizeof(remote), "%s:*", addr);
	netport_share_to_text(share, sizeof(share), b->share);
	snprintf(uid, sizeof(uid), "%u", e->uid);
	if (e->pid)
		snprintf(process, sizeof(process), "%d/%s", e->pid,
			 safe_text(e->comm, sizeof(e->comm), comm));
	if (e->state & NETPORT_STATE_HOST) {
		user = "-";
	} else {
		snprintf(token, sizeof(token), "%" PRIu64, (uint64_t)e->token);
		snprintf(owner, sizeof(owner), "%" PRIu64, (uint64_t)e->owner);
	}
	safe_text(*e->label ? e->label : e->owner_label, sizeof(e->label), label);

	table_row(t, (const char *const[]){
		state_text(e, state), protocol, local, remote,
		device_text(b->ifindex, numeric, dev), or_none(share), token, owner,
		user ?: uid, process, or_none(label) }, states[state_of(e)].color);
}

const char *families_text(unsigned int families)
{
	return families == FAMILY_BOTH ? "both" : families == NETPORT_FAMILY_IPV6 ? "6" : "4";
}

void json_share(struct json *j, unsigned int share)
{
	char text[32], *rest = text, *word;

	netport_share_to_text(text, sizeof(text), share);
	json_open(j, "share", '[');
	while ((word = strsep(&rest, ",")))
		if (*word)
			json_text(j, NULL, word);
	json_close(j, ']');
}

void json_options(struct json *j, unsigned int options)
{
	json_open(j, "options", '[');
	for (size_t i = 0; i < ARRAY_SIZE(option_names); i++)
		if (options & option_names[i].bit)
			json_text(j, NULL, option_names[i].name);
	json_close(j, ']');
}

int option_from_text(const char *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(option_names); i++)
		if (!strcmp(s, option_names[i].name))
			return option_names[i].bit;
	return -1;
}

/* Without the brackets that a port asks for. */
static void json_address(struct json *j, const char *key, const char *s)
{
	size_t n = strlen(s);

	if (*s == '[')
		json_bytes(j, key, (const unsigned char *)s + 1, n - 2);
	else
		json_text(j, key, s);
}

void json_place(struct json *j, const struct netport_binding *b)
{
	char protocol[16], addr[TEXT_LEN];
	unsigned int number;

	json_number(j, "protocol", b->protocol);
	netport_protocol_to_text(protocol, sizeof(protocol), b->protocol);
	if (!parse_number(protocol, 65535, &number))
		json_text(j, "proto", protocol);
	json_text(j, "family", families_text(b->families));
	json_address(j, "local", address_text(b, addr));
	json_number(j, "port", b->port);
	json_address(j, "remote", remote_text(b, addr));
	json_number(j, "remote_port", b->remote_port);
	json_number(j, "ifindex", b->ifindex);
}

/* Numbers always; the names beside them, where there are any. */
void entry_json(struct json *j, const struct netport_entry *e, bool numeric)
{
	const struct netport_binding *b = &e->binding;
	const char *name;

	json_open(j, NULL, '{');
	json_text(j, "state", states[state_of(e)].name);
	if (e->state & NETPORT_STATE_HELD)
		json_number(j, "hold_ms", e->hold);
	json_place(j, b);
	name = numeric ? NULL : service_name(b->protocol, b->port);
	if (name)
		json_text(j, "service", name);
	if (!(e->state & NETPORT_STATE_HOST)) {
		name = numeric || !b->ifindex ? NULL : device_name(b->ifindex);
		if (name)
			json_text(j, "dev", name);
		json_share(j, b->share);
		json_options(j, e->options);
		json_number(j, "token", e->token);
		json_number(j, "parts", e->parts);
		json_number(j, "owner", e->owner);
		json_number(j, "uid", e->uid);
		name = numeric ? NULL : user_name(e->uid);
		if (name)
			json_text(j, "user", name);
	}
	if (e->pid) {
		json_number(j, "pid", e->pid);
		json_bytes(j, "comm", e->comm, sizeof(e->comm));
	}
	if (*e->label)
		json_bytes(j, "label", e->label, sizeof(e->label));
	if (*e->owner_label)
		json_bytes(j, "owner_label", e->owner_label, sizeof(e->owner_label));
	json_close(j, '}');
}
