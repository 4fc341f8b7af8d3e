// SPDX-License-Identifier: GPL-2.0
/*
 * json - what is in JSON, by a parser that isn't ours
 *
 *	json [KEY|INDEX]...	the value there, of the JSON on standard input
 *	json -l [KEY|INDEX]...	of that on each line
 *
 * Of an object without further words its keys, of an array how long it is.
 */
#include <err.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const json_t *find(const json_t *v, char **path)
{
	for (; v && *path; path++)
		v = json_is_array(v) ? json_array_get(v, atoi(*path)) : json_object_get(v, *path);
	return v;
}

static void show(const json_t *v)
{
	const char *key;
	json_t *value;

	if (json_is_array(v)) {
		printf("%zu\n", json_array_size(v));
	} else if (json_is_object(v)) {
		json_object_foreach((json_t *)v, key, value)
			printf("%s\n", key);
	} else if (json_is_string(v)) {
		printf("%s\n", json_string_value(v));
	} else {
		json_dumpf(v, stdout, JSON_ENCODE_ANY);
		putchar('\n');
	}
}

static bool look(json_t *v, const json_error_t *error, char **path)
{
	const json_t *found;

	if (!v) {
		warnx("line %d, column %d: %s", error->line, error->column, error->text);
		return false;
	}
	found = find(v, path);
	if (found)
		show(found);
	else
		puts("(nothing)");
	json_decref(v);
	return true;
}

int main(int argc, char **argv)
{
	bool lines = argc > 1 && !strcmp(argv[1], "-l"), ok = true;
	json_error_t error;
	char *line = NULL;
	size_t size = 0;

	if (!lines)
		return look(json_loadf(stdin, JSON_REJECT_DUPLICATES, &error), &error,
			    argv + 1) ? 0 : 1;
	while (getline(&line, &size, stdin) > 0)
		ok &= look(json_loads(line, JSON_REJECT_DUPLICATES, &error), &error, argv + 2);
	free(line);
	return ok ? 0 : 1;
}
