// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netport.h>

#include "command.h"
#include "names.h"

bool parse_number(const char *s, unsigned int max, unsigned int *value)
{
	unsigned long v;
	char *end;

	if (!isdigit((unsigned char)*s))
		return false;
	errno = 0;
	v = strtoul(s, &end, 10);
	if (*end || errno || v > max)
		return false;
	*value = v;
	return true;
}

unsigned int parse_protocol(const char *s)
{
	int number = netport_protocol_from_text(s);

	if (number < 0)
		errx(STATUS_USAGE,
		     "'%s' is no protocol: tcp, udp, sctp, mptcp, homa or a number up to 65535", s);
	return number;
}

unsigned int parse_port(const char *s, unsigned int protocol)
{
	struct netport_binding b = { .protocol = protocol };
	char name[16], text[NETPORT_TEXT_LEN];
	unsigned int zero;

	if (parse_number(s, 0, &zero))
		errx(STATUS_USAGE, "0 is no port; 'netport pick' finds a free one");
	netport_protocol_to_text(name, sizeof(name), protocol);
	if (snprintf(text, sizeof(text), "*:%s", s) >= (int)sizeof(text) ||
	    netport_binding_from_text(&b, text) || !b.port)
		errx(STATUS_USAGE,
		     "'%s' is no port: a number from 1 to 65535, or a %s service of %s", s, name,
		     SERVICES);
	return b.port;
}

unsigned int parse_device(const char *s)
{
	unsigned int index = if_nametoindex(s);

	if (!index && (!parse_number(s, INT_MAX, &index) || !index))
		errx(STATUS_USAGE, "there is no device '%s' here; 'ip link' lists them", s);
	return index;
}

/*
 * A listing has a million ports at times: services and users are read once.  (getservbyport()
 * and getpwuid() aren't for static programs.)
 */

static const struct {
	const char	*name;
	unsigned int	number;
} with_services[] = {
	{ "tcp", IPPROTO_TCP }, { "udp", IPPROTO_UDP }, { "sctp", IPPROTO_SCTP },
};

static char **services[ARRAY_SIZE(with_services)];

static void read_services(void)
{
	char line[512], name[64], protocol[16];
	unsigned int port;
	FILE *f;

	for (size_t i = 0; i < ARRAY_SIZE(services); i++) {
		services[i] = calloc(65536, sizeof(char *));
		if (!services[i])
			errx(STATUS_NO_NETPORT, "no memory");
	}
	f = fopen(SERVICES, "re");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%63[^ \t#] %u/%15s", name, &port, protocol) != 3 || port > 65535)
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(services); i++)
			if (!strcmp(protocol, with_services[i].name) && !services[i][port])
				services[i][port] = strdup(name);
	}
	if (f)
		fclose(f);
}

const char *service_name(unsigned int protocol, unsigned int port)
{
	for (size_t i = 0; i < ARRAY_SIZE(services); i++) {
		if (with_services[i].number != protocol)
			continue;
		if (!services[i])
			read_services();
		return services[i][port];
	}
	return NULL;
}

const char *device_name(unsigned int ifindex)
{
	static char name[IF_NAMESIZE];
	static unsigned int known;

	if (known != ifindex) {
		known = 0;
		if (!if_indextoname(ifindex, name))
			return NULL;
		known = ifindex;
	}
	return name;
}

const char *user_name(unsigned int uid)
{
	static struct user {
		struct user	*next;
		unsigned int	uid;
		char		name[32];
	} *users;
	static bool read;
	struct passwd *p;
	FILE *f;

	if (!read) {
		read = true;
		f = fopen("/etc/passwd", "re");
		while (f && (p = fgetpwent(f))) {
			struct user *u = malloc(sizeof(*u));

			if (!u)
				break;
			u->next = users;
			u->uid = p->pw_uid;
			snprintf(u->name, sizeof(u->name), "%s", p->pw_name);
			users = u;
		}
		if (f)
			fclose(f);
	}
	for (struct user *u = users; u; u = u->next)
		if (u->uid == uid)
			return u->name;
	return NULL;
}
