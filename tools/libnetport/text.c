// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Bindings and what is in them as people write them. */
#include <arpa/inet.h>
#include <ctype.h>
#include <limits.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define SERVICES	"/etc/services"

static const struct {
	const char	*name;
	unsigned int	number;
} protocols[] = {
	{ "tcp", 6 }, { "udp", 17 }, { "sctp", 132 }, { "homa", 146 }, { "mptcp", 262 },
};

static const struct {
	const char	*name;
	const char	*full;
	unsigned int	flag;
} shares[] = {
	{ "lb", "load-balanced", NETPORT_SHARE_LOAD_BALANCED },
	{ "mr", "most-recent", NETPORT_SHARE_MOST_RECENT },
	{ "to", "tuple-only", NETPORT_SHARE_TUPLE_ONLY },
};

static bool read_number(const char *s, unsigned int max, unsigned int *value)
{
	unsigned long v;
	char *end;

	if (!isdigit((unsigned char)*s))
		return false;
	v = strtoul(s, &end, 10);
	if (*end || v > max)
		return false;
	*value = v;
	return true;
}

static const char *protocol_name(unsigned int protocol)
{
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
		if (protocols[i].number == protocol)
			return protocols[i].name;
	return NULL;
}

int netport_protocol_from_text(const char *text)
{
	unsigned int number;

	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
		if (!strcmp(text, protocols[i].name))
			return protocols[i].number;
	return read_number(text, 65535, &number) ? (int)number : fail(EINVAL);
}

int netport_protocol_to_text(char *buf, size_t size, unsigned int protocol)
{
	const char *name = protocol_name(protocol);

	return name ? snprintf(buf, size, "%s", name) : snprintf(buf, size, "%u", protocol);
}

int netport_share_from_text(const char *text)
{
	unsigned int flags = 0;
	size_t n, i;

	do {
		n = strcspn(text, ",");
		for (i = 0; i < ARRAY_SIZE(shares); i++)
			if ((n == strlen(shares[i].name) && !memcmp(text, shares[i].name, n)) ||
			    (n == strlen(shares[i].full) && !memcmp(text, shares[i].full, n)))
				break;
		if (i == ARRAY_SIZE(shares))
			return fail(EINVAL);
		flags |= shares[i].flag;
		text += n;
	} while (*text++);
	return flags;
}

int netport_share_to_text(char *buf, size_t size, unsigned int share)
{
	char text[sizeof("lb,mr,to")] = "";

	for (size_t i = 0; i < ARRAY_SIZE(shares); i++) {
		if (!(share & shares[i].flag))
			continue;
		if (*text)
			strcat(text, ",");
		strcat(text, shares[i].name);
	}
	return snprintf(buf, size, "%s", text);
}

/* The end of a range; 0 if it isn't there. */
static bool read_end(const char *s, size_t n, unsigned int *port)
{
	char digits[8] = "";

	*port = 0;
	if (!n)
		return true;
	if (n >= sizeof(digits))
		return false;
	memcpy(digits, s, n);
	return read_number(digits, 65535, port) && *port;
}

int netport_range_from_text(__u16 *low, __u16 *high, const char *text)
{
	size_t n = strcspn(text, "-"), rest;
	unsigned int first, last;

	if (!text[n])
		return fail(EINVAL);
	rest = strlen(text + n + 1);
	if ((!n && !rest) || !read_end(text, n, &first) || !read_end(text + n + 1, rest, &last) ||
	    (last && first > last))
		return fail(EINVAL);
	*low = first;
	*high = last;
	return 0;
}

/* By name or alias; getservbyname() has a state, and isn't for static programs. */
static bool service_port(const char *name, unsigned int protocol, unsigned int *port)
{
	const char *wanted = protocol_name(protocol);
	char line[512], found[16], first[64];
	bool hit = false;
	FILE *f;

	f = wanted ? fopen(SERVICES, "re") : NULL;
	if (!f)
		return false;
	while (!hit && fgets(line, sizeof(line), f)) {
		char *word, *rest;
		int used;

		line[strcspn(line, "#\n")] = 0;
		if (sscanf(line, "%63s %u/%15s%n", first, port, found, &used) != 3)
			continue;
		if (strcmp(found, wanted) || *port > 65535)
			continue;
		hit = !strcmp(first, name);
		rest = line + used;
		while (!hit && (word = strsep(&rest, " \t")))
			hit = !strcmp(word, name);
	}
	fclose(f);
	return hit;
}

static bool read_port(const char *s, unsigned int protocol, unsigned int *port)
{
	return read_number(s, 65535, port) || (*s && service_port(s, protocol, port));
}

static bool read_device(const char *s, unsigned int *index)
{
	*index = if_nametoindex(s);
	return *index || (read_number(s, INT_MAX, index) && *index);
}

/* Cuts @s into address, device and port; these two are NULL when there is none. */
static bool cut(char *s, char **host, char **device, char **port)
{
	*port = NULL;
	*host = s;
	if (*s == '[') {
		char *end = strchr(s, ']');

		if (!end || (end[1] && end[1] != ':'))
			return false;
		*host = s + 1;
		*end = 0;
		if (end[1])
			*port = end + 2;
	} else if (strchr(s, ':') == strrchr(s, ':')) {
		*port = strchr(s, ':');
		if (*port)
			*(*port)++ = 0;
	}
	*device = strchr(*host, '%');
	if (*device)
		*(*device)++ = 0;
	return true;
}

int netport_binding_from_text(struct netport_binding *b, const char *text)
{
	char copy[192], *host, *device, *port;
	unsigned int index = 0, number = 0;
	__u8 addr[16] = { 0 };
	__u16 families;

	if (strlen(text) >= sizeof(copy))
		return fail(EINVAL);
	strcpy(copy, text);
	if (!cut(copy, &host, &device, &port))
		return fail(EINVAL);
	if (!strcmp(host, "*"))
		families = FAMILY_BOTH;
	else if (*text != '[' && inet_pton(AF_INET, host, addr) == 1)
		families = NETPORT_FAMILY_IPV4;
	else if (inet_pton(AF_INET6, host, addr) == 1)
		families = NETPORT_FAMILY_IPV6;
	else
		return fail(EINVAL);
	if (device && !read_device(device, &index))
		return fail(ENODEV);
	if (port && !read_port(port, b->protocol, &number))
		return fail(ERANGE);
	b->families = families;
	memcpy(b->addr, addr, sizeof(b->addr));
	b->ifindex = index;
	b->port = number;
	return 0;
}

int netport_remote_from_text(struct netport_binding *b, const char *text)
{
	struct netport_binding from = { .protocol = b->protocol };

	if (!strcmp(text, "*")) {
		memset(b->remote, 0, sizeof(b->remote));
		b->remote_port = 0;
		return 0;
	}
	if (netport_binding_from_text(&from, text))
		return -1;
	return np_set_remote(b, &from);
}

static int write_place(char *buf, size_t size, unsigned int families, const __u8 addr[16],
		       unsigned int ifindex, unsigned int port)
{
	char host[INET6_ADDRSTRLEN] = "*", device[IF_NAMESIZE], zone[IF_NAMESIZE + 1] = "";
	bool ipv4 = families == NETPORT_FAMILY_IPV4;
	bool both = families == FAMILY_BOTH && is_any(addr);
	bool brackets = !ipv4 && !both && port;
	char number[8] = "";

	if (!both)
		inet_ntop(ipv4 ? AF_INET : AF_INET6, addr, host, sizeof(host));
	if (ifindex && if_indextoname(ifindex, device))
		snprintf(zone, sizeof(zone), "%%%s", device);
	else if (ifindex)
		snprintf(zone, sizeof(zone), "%%%u", ifindex);
	if (port)
		snprintf(number, sizeof(number), ":%u", port);
	return snprintf(buf, size, "%s%s%s%s%s", brackets ? "[" : "", host, zone,
			brackets ? "]" : "", number);
}

int netport_binding_to_text(char *buf, size_t size, const struct netport_binding *b)
{
	return write_place(buf, size, b->families, b->addr, b->ifindex, b->port);
}

int netport_remote_to_text(char *buf, size_t size, const struct netport_binding *b)
{
	if (is_any(b->remote))
		return snprintf(buf, size, "*");
	return write_place(buf, size, b->families, b->remote, 0, b->remote_port);
}
