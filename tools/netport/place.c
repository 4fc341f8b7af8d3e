// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include <netport.h>

#include "command.h"
#include "names.h"
#include "place.h"

bool is_any(const __u8 addr[16])
{
	static const __u8 any[16];

	return !memcmp(addr, any, sizeof(any));
}

bool is_link_local(const struct netport_binding *b)
{
	return b->families == NETPORT_FAMILY_IPV6 && b->addr[0] == 0xfe &&
	       (b->addr[1] & 0xc0) == 0x80;
}

/* What comes after the address, or NULL. */
static const char *port_of(const char *text)
{
	const char *colon = strrchr(text, ':'), *bracket = strchr(text, ']');

	return !colon || (bracket ? colon < bracket : strchr(text, ':') != colon) ? NULL :
										   colon + 1;
}

struct netport_binding parse_place(const char *text, unsigned int protocol)
{
	const char *port = port_of(text), *zone = strchr(text, '%');
	struct netport_binding b = { .protocol = protocol };
	int error = netport_binding_from_text(&b, text) ? errno : 0;

	/* Here, 0 isn't the same as none. */
	if (port && (error == ERANGE || (!error && !b.port)))
		parse_port(port, protocol);
	if (!error)
		return b;
	if (error == ENODEV && zone)
		errx(STATUS_USAGE, "there is no device '%.*s' here; 'ip link' lists them",
		     (int)strcspn(zone + 1, "]:"), zone + 1);
	errx(STATUS_USAGE,
	     "'%s' is no address: 10.0.0.1, ::1 or *, and with a port 10.0.0.1:80, [::1]:80 or *:80",
	     text);
}

struct netport_binding parse_address(const char *text)
{
	struct netport_binding b = parse_place(text, IPPROTO_TCP);

	if (b.port)
		errx(STATUS_USAGE, "'%s' has a port; an address alone is 10.0.0.1, ::1 or *", text);
	return b;
}
