// SPDX-License-Identifier: GPL-2.0
/*
 * What AFL++ runs: its inputs as calls, and what KCOV says of them as its map.
 *
 *	fuzz			for afl-fuzz: inputs come from it, in memory that is shared
 *	fuzz show FILE		what the calls are, and what comes of them, if there is a netport
 *	fuzz split FILE DIR	a corpus to a file for each input
 *	fuzz join FILE...	and back
 *	fuzz last MEMORY	the inputs that ran last in a machine whose memory that is
 *
 * An input is a crash if the kernel has something to say after it that looks like trouble (the
 * expression is in SPLAT), if what it did isn't gone with its owners, or if a call that failed
 * has written.  Where the kernel has no time to say anything, `last` tells what it was.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/kcov.h>

#include "afl.h"
#include "calls.h"

#define PCS		(1 << 16)
#define PAGE		4096
#define RECORDS		8

/* afl-fuzz looks for these in the program. */
[[gnu::used]] static const char persistent[] = "##SIG_AFL_PERSISTENT##";
[[gnu::used]] static const char deferred[] = "##SIG_AFL_DEFER_FORKSRV##";
int __afl_sharedmem_fuzzing = 1;

/* coverage */

static unsigned long *pcs;

static void kcov_begin(void)
{
	int fd = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, KCOV_INIT_TRACE, PCS))
		err(1, "kcov");
	pcs = mmap(NULL, PCS * sizeof(*pcs), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (pcs == MAP_FAILED || ioctl(fd, KCOV_ENABLE, KCOV_TRACE_PC))
		err(1, "kcov");
}

/* From where to where, as AFL's own instrumentation counts. */
static void kcov_fold(void)
{
	unsigned long n = __atomic_load_n(&pcs[0], __ATOMIC_RELAXED), i, hash, prev = 0;
	__u8 *edge;

	for (i = 1; i <= n; i++) {
		hash = pcs[i] * 0x9e3779b97f4a7c15 >> 48;
		edge = &__afl_area_ptr[hash ^ prev];
		*edge += *edge != 255;
		prev = hash >> 1;
	}
}

/* the kernel's log */

static regex_t splat;
static int kmsg;

static void log_begin(void)
{
	const char *text = getenv("SPLAT");

	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (kmsg < 0 || lseek(kmsg, 0, SEEK_END) || !text ||
	    regcomp(&splat, text, REG_EXTENDED | REG_NOSUB))
		err(1, "the kernel's log");
}

static bool log_quiet(void)
{
	char line[1024];
	ssize_t n;

	while ((n = read(kmsg, line, sizeof(line) - 1)) > 0) {
		line[n] = 0;
		if (!regexec(&splat, line, 0, NULL, 0))
			return false;
	}
	return errno == EAGAIN;
}

/* what runs, for whoever finds the machine dead: each in a page, which all processes have */

struct record {
	__u8 mark[16];
	__u32 number, len;
	__u8 input[INPUT_MAX];
};

static __u8 *records;

/* Made here, so that it's nowhere else in memory. */
static void make_mark(__u8 *mark)
{
	unsigned int i;

	for (i = 0; i < 16; i++)
		mark[i] = 0xa5 ^ i * 29;
}

static void record(const __u8 *input, size_t len)
{
	static __u32 number;
	struct record *r = (struct record *)(records + number % RECORDS * PAGE);

	memcpy(r->input, input, len);
	r->len = len;
	r->number = ++number;
	make_mark(r->mark);
}

static int fuzz(void)
{
	size_t len;

	records = mmap(NULL, RECORDS * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	if (records == MAP_FAILED)
		err(1, "mmap");
	__afl_manual_init();
	calls_begin();
	kcov_begin();
	log_begin();
	while (__afl_persistent_loop(5000)) {
		len = *__afl_fuzz_len < INPUT_MAX ? *__afl_fuzz_len : INPUT_MAX;
		record(__afl_fuzz_ptr, len);
		__atomic_store_n(&pcs[0], 0, __ATOMIC_RELAXED);
		calls_run(__afl_fuzz_ptr, len);
		kcov_fold();
		if (!calls_tidy() || !log_quiet())
			abort();
	}
	return 0;
}

/* files */

static size_t load(const char *path, __u8 *input)
{
	FILE *f = fopen(path, "r");
	size_t n;

	if (!f)
		err(1, "%s", path);
	n = fread(input, 1, INPUT_MAX, f);
	fclose(f);
	return n;
}

static int show(const char *path)
{
	__u8 input[INPUT_MAX];
	size_t len = load(path, input);

	calls_shown = true;
	calls_begin();
	calls_run(input, len);
	return calls_tidy() ? 0 : 1;
}

static int split(const char *path, const char *dir)
{
	char line[2 * INPUT_MAX + 8], name[512];
	FILE *from = fopen(path, "r"), *to;
	__u8 input[INPUT_MAX];
	unsigned int n = 0;

	if (!from)
		err(1, "%s", path);
	while (fgets(line, sizeof(line), from)) {
		if (line[0] != '"')
			continue;
		snprintf(name, sizeof(name), "%s/%04u", dir, n++);
		to = fopen(name, "w");
		if (!to || !fwrite(input, hex_parse(line + 1, input), 1, to) || fclose(to))
			err(1, "%s", name);
	}
	fclose(from);
	return 0;
}

static int join(char **path)
{
	__u8 input[INPUT_MAX];

	for (; *path; path++)
		hex_print(input, load(*path, input));
	return 0;
}

/* Newest first. */
static int last(const char *path)
{
	const struct record *found[RECORDS] = { NULL }, *r;
	int fd = open(path, O_RDONLY), i;
	__u8 mark[16], *memory;
	struct stat st;
	off_t at;

	if (fd < 0 || fstat(fd, &st))
		err(1, "%s", path);
	memory = mmap(NULL, st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		err(1, "%s", path);
	make_mark(mark);
	for (at = 0; at + PAGE <= st.st_size; at += PAGE) {
		r = (struct record *)(memory + at);
		if (memcmp(r->mark, mark, sizeof(mark)) || r->len > INPUT_MAX)
			continue;
		for (i = 0; i < RECORDS && found[i] && found[i]->number > r->number; i++)
			;
		if (i == RECORDS)
			continue;
		memmove(&found[i + 1], &found[i], (RECORDS - 1 - i) * sizeof(found[0]));
		found[i] = r;
	}
	for (i = 0; i < RECORDS && found[i]; i++)
		hex_print(found[i]->input, found[i]->len);
	return found[0] ? 0 : 1;
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 2)
		return fuzz();
	if (argc == 3 && !strcmp(argv[1], "show"))
		return show(argv[2]);
	if (argc == 4 && !strcmp(argv[1], "split"))
		return split(argv[2], argv[3]);
	if (!strcmp(argv[1], "join"))
		return join(argv + 2);
	if (argc == 3 && !strcmp(argv[1], "last"))
		return last(argv[2]);
	errx(2, "usage: fuzz [show FILE | split FILE DIR | join FILE... | last MEMORY]");
}
