/* SPDX-License-Identifier: GPL-2.0 */
/* JSON: written as it comes, read a line at a time. */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define JSON_DEPTH	8

/**
 * struct json - JSON that is being written
 * @to: where to
 * @depth: how many objects and arrays are open
 * @items: whether the one at that depth has anything in it
 *
 * Keys are NULL in arrays and at the top.  What is in an array at the top has a line each.
 */
struct json {
	FILE	*to;
	int	depth;
	bool	items[JSON_DEPTH + 1];
};

void json_open(struct json *j, const char *key, char bracket);
void json_close(struct json *j, char bracket);
void json_number(struct json *j, const char *key, uint64_t value);
void json_bool(struct json *j, const char *key, bool value);
void json_text(struct json *j, const char *key, const char *s);
/* Of @size bytes at most; what isn't UTF-8 becomes U+FFFD. */
void json_bytes(struct json *j, const char *key, const unsigned char *s, size_t size);

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

/**
 * struct json_value - JSON that was read
 * @type: what it is
 * @key: its key, or NULL
 * @number: of a bool or number: whole and not below 0, others aren't read
 * @string: of a string
 * @first: of an array or object, what is in it
 * @next: what comes after it there
 */
struct json_value {
	enum json_type		type;
	char			*key;
	uint64_t		number;
	char			*string;
	struct json_value	*first;
	struct json_value	*next;
};

/* NULL if it isn't JSON, or more of it than there's memory for. */
struct json_value *json_read(const char *text);
void json_free(struct json_value *v);

/* The value of that key and type, or NULL. */
const struct json_value *json_get(const struct json_value *v, const char *key,
				  enum json_type type);
const char *json_get_text(const struct json_value *v, const char *key, const char *otherwise);
uint64_t json_get_number(const struct json_value *v, const char *key, uint64_t otherwise);

#endif
