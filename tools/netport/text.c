// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include <netport.h>

#include "command.h"
#include "text.h"
#include "utf8.h"

const char *binding_text(const struct netport_binding *b, unsigned int count, char *buf)
{
	char protocol[16], local[NETPORT_TEXT_LEN], last[8] = "";

	netport_protocol_to_text(protocol, sizeof(protocol), b->protocol);
	netport_binding_to_text(local, sizeof(local), b);
	if (count > 1 && b->port)
		snprintf(last, sizeof(last), "-%u", b->port + count - 1);
	snprintf(buf, TEXT_LEN, "%s %s%s", protocol, local, last);
	return buf;
}

/* In brackets, for a port comes after it. */
static const char *bracketed(const char *address, char *buf)
{
	snprintf(buf, TEXT_LEN, strchr(address, ':') ? "[%s]" : "%s", address);
	return buf;
}

const char *address_text(const struct netport_binding *b, char *buf)
{
	struct netport_binding bare = *b;
	char text[NETPORT_TEXT_LEN];

	bare.port = 0;
	bare.ifindex = 0;
	netport_binding_to_text(text, sizeof(text), &bare);
	return bracketed(text, buf);
}

const char *remote_text(const struct netport_binding *b, char *buf)
{
	struct netport_binding bare = *b;
	char text[NETPORT_TEXT_LEN];

	bare.remote_port = 0;
	netport_remote_to_text(text, sizeof(text), &bare);
	return bracketed(text, buf);
}

const char *safe_text(const __u8 *s, size_t size, char *buf)
{
	char *p = buf;

	for (size_t i = 0, n; i < size && s[i]; i += n) {
		n = utf8_length(s + i, size - i);
		if (!n || utf8_is_control(s + i)) {
			n = n ?: 1;
			for (size_t j = i; j < i + n; j++)
				p += sprintf(p, "\\x%02x", s[j]);
		} else {
			p = mempcpy(p, s + i, n);
		}
	}
	*p = 0;
	return buf;
}

const char *holder_text(const struct netport_entry *e, char *buf)
{
	char comm[TEXT_LEN];

	if (e->state & NETPORT_STATE_HOST)
		snprintf(buf, TEXT_LEN, "of the host's own stack");
	else if (e->state & NETPORT_STATE_HELD)
		snprintf(buf, TEXT_LEN, "on hold for another %u.%u s", e->hold / 1000,
			 e->hold % 1000 / 100);
	else if (e->state & NETPORT_STATE_ORPHAN)
		snprintf(buf, TEXT_LEN, "persistent, and of nobody any more");
	else if (e->pid)
		snprintf(buf, TEXT_LEN, "of pid %d (%s)", e->pid,
			 safe_text(e->comm, sizeof(e->comm), comm));
	else
		snprintf(buf, TEXT_LEN, "of uid %u", e->uid);
	return buf;
}
