// SPDX-License-Identifier: GPL-2.0
/*
 * chains - debugfs tells root, of his own namespace, how long the chains of the hash tables are.
 */
#include "selftest.h"

/**
 * struct chains - what the file says of one table
 * @buckets: how many there are
 * @entries: how many are in them
 * @longest: the length of the longest
 */
struct chains {
	unsigned long buckets;
	unsigned long entries;
	unsigned long longest;
};

static struct chains chains_of(const char *table)
{
	char text[8192], word[16], *line = read_file(CHAINS, text, sizeof(text));
	struct chains c = { 0 };
	unsigned long length, n;

	if (!line || strncmp(line, "table    length  buckets\n", 25))
		die("what is in %s", CHAINS);
	while ((line = strchr(line, '\n')) && *++line) {
		if (sscanf(line, "%15s %lu %lu", word, &length, &n) != 3)
			die("a line of %s: %s", CHAINS, line);
		if (strcmp(word, table))
			continue;
		c.buckets += n;
		c.entries += n * length;
		if (length > c.longest)
			c.longest = length;
	}
	return c;
}

TEST(each_reservation_is_there_once)
{
	struct chains bindings, tokens;
	unsigned int port, i;
	int fd;

	new_netns();
	fd = owner();
	tokens = chains_of("tokens");
	EXPECT_EQ(0, tokens.entries);
	EXPECT_LT(0, tokens.buckets);
	for (i = 0; i < 2000; i++)
		ASSERT_EQ(0, pick(fd, "udp 4 10.0.0.1:0", &port));
	tokens = chains_of("tokens");
	bindings = chains_of("bindings");
	EXPECT_EQ(2000, tokens.entries);
	EXPECT_EQ(2000, bindings.entries);
	EXPECT_LT(1000, tokens.buckets);
	EXPECT_LT(1000, bindings.buckets);
	EXPECT_GT(16, tokens.longest);
	EXPECT_GT(16, bindings.longest);
	close(fd);
	EXPECT_EQ(0, chains_of("tokens").entries);
	EXPECT_EQ(0, chains_of("bindings").entries);
}

TEST(of_ones_own_namespace)
{
	int fd, file;
	char c;

	new_netns();
	fd = owner();
	ASSERT_EQ(0, reserve(fd, "tcp 46 *:80"));
	EXPECT_EQ(1, chains_of("tokens").entries);
	file = open(CHAINS, O_RDONLY);
	ASSERT_LE(0, file);
	close(new_netns());
	EXPECT_EQ(0, chains_of("tokens").entries);
	/* An open file doesn't keep its namespace, and has its tables all the same. */
	close(fd);
	EXPECT_EQ(1, read(file, &c, 1));
	close(file);
}

TEST(for_root_alone)
{
	struct stat st;
	pid_t pid;

	ASSERT_EQ(0, stat(CHAINS, &st));
	EXPECT_EQ(0400, st.st_mode & 07777);
	EXPECT_EQ(0, st.st_uid);
	pid = spawn();
	if (!pid) {
		become(NOBODY);
		CHECK_EQ(-1, open(CHAINS, O_RDONLY));
		CHECK_EQ(EACCES, errno);
		exit(0);
	}
	EXPECT_EQ(0, ended(pid));
}

SELFTEST_MAIN
