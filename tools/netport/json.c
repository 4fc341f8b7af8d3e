// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "utf8.h"

static void string(FILE *to, const unsigned char *s, size_t size)
{
	putc('"', to);
	for (size_t i = 0, n; i < size && s[i]; i += n) {
		n = utf8_length(s + i, size - i);
		if (!n) {
			fputs("\\ufffd", to);
			n = 1;
		} else if (s[i] < 0x20 || s[i] == '"' || s[i] == '\\') {
			fprintf(to, "\\u%04x", s[i]);
		} else {
			for (size_t j = i; j < i + n; j++)
				putc(s[j], to);
		}
	}
	putc('"', to);
}

static void begin(struct json *j, const char *key)
{
	if (j->items[j->depth])
		putc(',', j->to);
	/* A line for each, of an array at the top. */
	if (j->depth == 1 && !key)
		putc('\n', j->to);
	j->items[j->depth] = true;
	if (key) {
		putc('"', j->to);
		fputs(key, j->to);
		fputs("\":", j->to);
	}
}

void json_open(struct json *j, const char *key, char bracket)
{
	begin(j, key);
	putc(bracket, j->to);
	j->items[++j->depth] = false;
}

void json_close(struct json *j, char bracket)
{
	j->depth--;
	if (!j->depth && bracket == ']')
		putc('\n', j->to);
	putc(bracket, j->to);
	if (!j->depth) {
		putc('\n', j->to);
		j->items[0] = false;
	}
}

void json_number(struct json *j, const char *key, uint64_t value)
{
	begin(j, key);
	fprintf(j->to, "%" PRIu64, value);
}

void json_bool(struct json *j, const char *key, bool value)
{
	begin(j, key);
	fputs(value ? "true" : "false", j->to);
}

void json_bytes(struct json *j, const char *key, const unsigned char *s, size_t size)
{
	begin(j, key);
	string(j->to, s, size);
}

void json_text(struct json *j, const char *key, const char *s)
{
	json_bytes(j, key, (const unsigned char *)s, SIZE_MAX);
}

/* Reading */

static void skip_space(const char **s)
{
	while (**s && strchr(" \t\r\n", **s))
		++*s;
}

static bool read_word(const char **s, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(*s, word, n))
		return false;
	*s += n;
	return true;
}

static bool read_hex(const char **s, unsigned int *c)
{
	char digits[5] = "";

	for (int i = 0; i < 4; i++) {
		digits[i] = (*s)[i];
		if (!isxdigit((unsigned char)digits[i]))
			return false;
	}
	*c = strtoul(digits, NULL, 16);
	*s += 4;
	return true;
}

static char *put_utf8(char *to, unsigned int c)
{
	if (c < 0x80) {
		*to++ = c;
	} else if (c < 0x800) {
		*to++ = 0xc0 | c >> 6;
		*to++ = 0x80 | (c & 0x3f);
	} else if (c < 0x10000) {
		*to++ = 0xe0 | c >> 12;
		*to++ = 0x80 | (c >> 6 & 0x3f);
		*to++ = 0x80 | (c & 0x3f);
	} else {
		*to++ = 0xf0 | c >> 18;
		*to++ = 0x80 | (c >> 12 & 0x3f);
		*to++ = 0x80 | (c >> 6 & 0x3f);
		*to++ = 0x80 | (c & 0x3f);
	}
	return to;
}

/* What comes after a backslash; a zero can't be in a string here. */
static char *read_escape(const char **s, char *to)
{
	static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	const char *p = **s ? strchr(letters, **s) : NULL;
	unsigned int c, low;

	if (p) {
		++*s;
		*to++ = meant[p - letters];
		return to;
	}
	if (*(*s)++ != 'u' || !read_hex(s, &c) || !c)
		return NULL;
	if (c >= 0xd800 && c < 0xe000) {
		if (c >= 0xdc00 || !read_word(s, "\\u") || !read_hex(s, &low) ||
		    low < 0xdc00 || low > 0xdfff)
			return NULL;
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	}
	return put_utf8(to, c);
}

static char *read_string(const char **s)
{
	char *text, *to;

	if (*(*s)++ != '"')
		return NULL;
	text = malloc(strlen(*s) + 1);		/* no escape is shorter than what it stands for */
	to = text;
	while (to && **s != '"') {
		unsigned char c = **s;

		if (c < 0x20) {
			to = NULL;
		} else if (c == '\\') {
			++*s;
			to = read_escape(s, to);
		} else {
			*to++ = c;
			++*s;
		}
	}
	if (!to) {
		free(text);
		return NULL;
	}
	++*s;
	*to = 0;
	return text;
}

static struct json_value *read_value(const char **s, int depth);

static bool read_items(const char **s, struct json_value *v, char end, int depth)
{
	struct json_value **last = &v->first;
	bool first = true;

	for (;; first = false) {
		char *key = NULL;

		skip_space(s);
		if (first && **s == end)
			break;
		if (v->type == JSON_OBJECT) {
			key = read_string(s);
			skip_space(s);
			if (!key || *(*s)++ != ':') {
				free(key);
				return false;
			}
		}
		*last = read_value(s, depth + 1);
		if (!*last) {
			free(key);
			return false;
		}
		(*last)->key = key;
		last = &(*last)->next;
		skip_space(s);
		if (**s == end)
			break;
		if (*(*s)++ != ',')
			return false;
	}
	++*s;
	return true;
}

static bool read_number(const char **s, uint64_t *number)
{
	char *end;

	errno = 0;
	*number = strtoull(*s, &end, 10);
	if (errno || *end == '.' || *end == 'e' || *end == 'E' || (**s == '0' && end - *s > 1))
		return false;
	*s = end;
	return true;
}

static bool read_into(const char **s, struct json_value *v, int depth)
{
	if (depth > JSON_DEPTH)
		return false;
	switch (**s) {
	case '"':
		v->type = JSON_STRING;
		v->string = read_string(s);
		return v->string;
	case '{':
	case '[':
		v->type = *(*s)++ == '{' ? JSON_OBJECT : JSON_ARRAY;
		return read_items(s, v, v->type == JSON_OBJECT ? '}' : ']', depth);
	case 't':
	case 'f':
		v->type = JSON_BOOL;
		v->number = **s == 't';
		return read_word(s, v->number ? "true" : "false");
	case 'n':
		v->type = JSON_NULL;
		return read_word(s, "null");
	default:
		v->type = JSON_NUMBER;
		return isdigit((unsigned char)**s) && read_number(s, &v->number);
	}
}

static struct json_value *read_value(const char **s, int depth)
{
	struct json_value *v = calloc(1, sizeof(*v));

	skip_space(s);
	if (v && !read_into(s, v, depth)) {
		json_free(v);
		v = NULL;
	}
	return v;
}

struct json_value *json_read(const char *text)
{
	struct json_value *v = read_value(&text, 0);

	skip_space(&text);
	if (*text) {
		json_free(v);
		return NULL;
	}
	return v;
}

void json_free(struct json_value *v)
{
	while (v) {
		struct json_value *next = v->next;

		json_free(v->first);
		free(v->key);
		free(v->string);
		free(v);
		v = next;
	}
}

const struct json_value *json_get(const struct json_value *v, const char *key,
				  enum json_type type)
{
	for (v = v->first; v; v = v->next)
		if (v->key && !strcmp(v->key, key))
			return v->type == type ? v : NULL;
	return NULL;
}

const char *json_get_text(const struct json_value *v, const char *key, const char *otherwise)
{
	v = json_get(v, key, JSON_STRING);
	return v ? v->string : otherwise;
}

uint64_t json_get_number(const struct json_value *v, const char *key, uint64_t otherwise)
{
	v = json_get(v, key, JSON_NUMBER);
	return v ? v->number : otherwise;
}
