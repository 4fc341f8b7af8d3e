// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <netport.h>

#include "command.h"
#include "entry.h"
#include "json.h"
#include "names.h"
#include "snapshot.h"
#include "term.h"

void snapshot_begin(FILE *to)
{
	struct json j = { .to = to };

	json_open(&j, NULL, '{');
	json_text(&j, "netport", "snapshot");
	json_number(&j, "version", SNAPSHOT_VERSION);
	json_close(&j, '}');
}

static void write_binding(struct json *j, const struct netport_entry *e)
{
	struct netport_binding b = e->binding;
	char text[NETPORT_TEXT_LEN];
	const char *name = b.ifindex ? device_name(b.ifindex) : NULL;

	json_open(j, NULL, '{');
	json_number(j, "protocol", b.protocol);
	json_text(j, "family", families_text(b.families));
	b.port = 0;
	b.ifindex = 0;
	netport_binding_to_text(text, sizeof(text), &b);
	json_text(j, "local", text);
	if (name)
		json_text(j, "dev", name);
	else if (e->binding.ifindex)
		json_number(j, "ifindex", e->binding.ifindex);
	netport_remote_to_text(text, sizeof(text), &b);
	if (strcmp(text, "*"))
		json_text(j, "remote", text);
	json_share(j, b.share);
	json_options(j, e->options);
	json_close(j, '}');
}

void snapshot_write(FILE *to, const struct netport_entry *bindings, unsigned int n,
		    unsigned int port, unsigned int count)
{
	struct json j = { .to = to };

	json_open(&j, NULL, '{');
	json_number(&j, "token", bindings->token);
	json_number(&j, "owner", bindings->owner);
	json_number(&j, "uid", bindings->uid);
	if (*bindings->owner_label)
		json_bytes(&j, "owner_label", bindings->owner_label, NETPORT_LABEL_LEN);
	if (*bindings->label)
		json_bytes(&j, "label", bindings->label, NETPORT_LABEL_LEN);
	json_number(&j, "port", port);
	json_number(&j, "count", count);
	json_open(&j, "bindings", '[');
	for (unsigned int i = 0; i < n; i++)
		write_binding(&j, &bindings[i]);
	json_close(&j, ']');
	json_close(&j, '}');
}

/* Reading: what is wrong with a line, or NULL */

static const char *read_flags(const struct json_value *v, const char *key,
			      int (*parse)(const char *), unsigned int *flags)
{
	v = json_get(v, key, JSON_ARRAY);
	for (v = v ? v->first : NULL; v; v = v->next) {
		int flag = v->type == JSON_STRING ? parse(v->string) : -1;

		if (flag < 0)
			return "a flag that isn't known";
		*flags |= flag;
	}
	return NULL;
}

static const char *read_device(const struct json_value *v, unsigned int *ifindex)
{
	const char *name = json_get_text(v, "dev", NULL);
	struct netport_binding b;
	char text[NETPORT_TEXT_LEN];

	if (!name) {
		*ifindex = json_get_number(v, "ifindex", 0);
		return NULL;
	}
	if (snprintf(text, sizeof(text), "*%%%s", name) >= (int)sizeof(text) ||
	    netport_binding_from_text(&b, text))
		return "a device that isn't here";
	*ifindex = b.ifindex;
	return NULL;
}

static const char *read_binding(const struct json_value *v, struct netport_binding *b,
				__u32 *options)
{
	const char *family = json_get_text(v, "family", ""), *wrong;
	unsigned int share = 0, ifindex = 0, protocol;

	protocol = json_get_number(v, "protocol", 65536);
	if (protocol > 65535)
		return "no protocol";
	b->protocol = protocol;
	if (netport_binding_from_text(b, json_get_text(v, "local", "")) || b->port || b->ifindex)
		return "no local address";
	if (strcmp(family, families_text(b->families)))
		return "an address of another family";
	wrong = read_device(v, &ifindex);
	if (wrong)
		return wrong;
	b->ifindex = ifindex;
	if (netport_remote_from_text(b, json_get_text(v, "remote", "*")))
		return "no remote";
	wrong = read_flags(v, "share", netport_share_from_text, &share) ?:
		read_flags(v, "options", option_from_text, options);
	b->share = share;
	return wrong;
}

static const char *read_bindings(struct saved *s, const struct json_value *v)
{
	v = json_get(v, "bindings", JSON_ARRAY);
	v = v ? v->first : NULL;
	for (; v; v = v->next) {
		const char *wrong;

		if (s->n == NETPORT_BINDINGS_MAX)
			return "too many bindings";
		if (!s->n) {
			s->bindings = calloc(NETPORT_BINDINGS_MAX, sizeof(*s->bindings));
			s->options = calloc(NETPORT_BINDINGS_MAX, sizeof(*s->options));
			if (!s->bindings || !s->options)
				errx(STATUS_NO_NETPORT, "no memory");
		}
		wrong = read_binding(v, &s->bindings[s->n], &s->options[s->n]);
		if (wrong)
			return wrong;
		s->n++;
	}
	if (!s->n)
		return "no bindings";
	/* Most have one. */
	s->bindings = reallocarray(s->bindings, s->n, sizeof(*s->bindings));
	s->options = reallocarray(s->options, s->n, sizeof(*s->options));
	return NULL;
}

static const char *read_label(const struct json_value *v, const char *key,
			      __u8 label[NETPORT_LABEL_LEN])
{
	const char *text = json_get_text(v, key, "");

	if (strlen(text) >= NETPORT_LABEL_LEN)
		return "a label that is too long";
	strcpy((char *)label, text);
	return NULL;
}

static const char *read_saved(struct saved *s, const struct json_value *v)
{
	uint64_t port = json_get_number(v, "port", 0), count = json_get_number(v, "count", 1);
	struct netport_request *r = &s->request;
	const char *wrong;

	s->token = json_get_number(v, "token", 0);
	s->owner = json_get_number(v, "owner", 0);
	if (!port || port > 65535)
		return "no port";
	if (!count || count > NETPORT_PORTS_MAX)
		return "no number of ports";
	wrong = read_label(v, "owner_label", s->owner_label) ?:
		read_label(v, "label", r->terms.label) ?: read_bindings(s, v);
	if (wrong)
		return wrong;
	for (unsigned int i = 0; i < s->n; i++)
		s->bindings[i].port = port;
	r->terms.count = count;
	return NULL;
}

static int by_token(const void *a, const void *b)
{
	const struct saved *s = a, *t = b;

	if (s->token != t->token)
		return s->token < t->token ? -1 : 1;
	return (s->line > t->line) - (s->line < t->line);
}

struct saved *snapshot_read(FILE *from, const char *name, size_t *count)
{
	struct saved *all = NULL;
	size_t size = 0, room = 0, n = 0;
	unsigned int line = 0;
	char *text = NULL;

	while (getline(&text, &size, from) > 0) {
		struct json_value *v = json_read(text);
		const char *wrong = NULL;

		line++;
		if (line == 1 &&
		    (!v || strcmp(json_get_text(v, "netport", ""), "snapshot") ||
		     json_get_number(v, "version", 0) != SNAPSHOT_VERSION))
			errx(STATUS_USAGE, "%s is no snapshot, as 'netport save' makes one", name);
		if (line > 1) {
			if (n == room) {
				room = room ? 2 * room : 64;
				all = reallocarray(all, room, sizeof(*all));
				if (!all)
					errx(STATUS_NO_NETPORT, "no memory");
			}
			all[n] = (struct saved){ .line = line, .fd = -1 };
			wrong = v ? read_saved(&all[n], v) : "no JSON";
			n++;
			progress("reading: %zu", n);
		}
		if (wrong)
			errx(STATUS_USAGE, "%s, line %u: %s", name, line, wrong);
		json_free(v);
	}
	end_progress();
	if (ferror(from))
		err(STATUS_USAGE, "can't read %s", name);
	if (!line)
		errx(STATUS_USAGE, "%s is empty; 'netport save' makes a snapshot", name);
	free(text);
	qsort(all, n, sizeof(*all), by_token);
	*count = n;
	return all;
}
