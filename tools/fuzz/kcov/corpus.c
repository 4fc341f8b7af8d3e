// SPDX-License-Identifier: GPL-2.0
/*
 * corpus - what the fuzzer has found to be worth keeping, once more; a selftest.
 */
#include <stdio.h>
#include <unistd.h>

#include "calls.h"

static const char *const corpus[] = {
#include "corpus.inc"
};

static unsigned int tests;

static bool test(bool ok, const char *name)
{
	printf("%sok %u %s\n", ok ? "" : "not ", ++tests, name);
	return ok;
}

/* It is of this version of calls.c, and of the module. */
static bool meaningful(void)
{
	bool good = true;
	unsigned int i;

	for (i = 0; i < COMMANDS; i++) {
		if (!seen[i].worked || !seen[i].failed) {
			printf("# %s never %s\n", command_name(i),
			       seen[i].worked ? "fails" : "works");
			good = false;
		}
	}
	return good;
}

int main(void)
{
	__u8 input[INPUT_MAX];
	bool tidy = true;
	unsigned int i;

	printf("TAP version 13\n");
	if (geteuid()) {
		printf("1..0 # SKIP needs root\n");
		return 4;
	}
	printf("1..2\n");
	calls_begin();
	for (i = 0; i < ARRAY_SIZE(corpus); i++) {
		calls_run(input, hex_parse(corpus[i], input));
		if (!calls_tidy()) {
			printf("# something is left of %s\n", corpus[i]);
			tidy = false;
		}
	}
	tidy = test(tidy, "runs, and nothing is left");
	return test(meaningful(), "each command works, and fails") && tidy ? 0 : 1;
}
