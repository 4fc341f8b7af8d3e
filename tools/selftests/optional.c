// SPDX-License-Identifier: GPL-2.0
/*
 * optional - a module that uses netport if it is there, and does without if it isn't.
 *
 * Its port is in the machine's first network namespace.  Whatever happens, each test leaves
 * netport loaded and the module not.
 */
#include "keep.h"
#include "modules.h"

#define OPTIONAL	"netport_optional"
#define PROTOCOL	254

FIXTURE(optional) {
	/* Not without members, in C. */
	int unused;
};

FIXTURE_SETUP(optional)
{
	enter_first_netns();
	if (access(module_path("netport"), R_OK) || access(module_path(OPTIONAL), R_OK))
		SKIP(return, "no %s; set NETPORT_MODULES", module_path(OPTIONAL));
	ASSERT_EQ(0, without_suites());
	ASSERT_FALSE(loaded(OPTIONAL));
}

FIXTURE_TEARDOWN_PARENT(optional)
{
	if (loaded(OPTIONAL) && unload(OPTIONAL))
		fprintf(stderr, "# " OPTIONAL " stays\n");
	if (!loaded("netport") && load("netport"))
		fprintf(stderr, "# netport can't be loaded\n");
}

static bool parameter_is(const char *name, const char *value)
{
	char text[64];

	return !strcmp(module_text(OPTIONAL, name, text, sizeof(text)), value);
}

static unsigned int its_port(void)
{
	return module_number(OPTIONAL, "port");
}

/* What netport lists of its protocol. */
static struct listing *listed(void)
{
	static struct listing l;
	struct netport_list list = { .flags = NETPORT_LIST_PROTOCOL, .protocol = PROTOCOL };
	int fd = owner();

	if (list_of(fd, &list, 16, &l))
		die("list");
	close(fd);
	return &l;
}

TEST_F(optional, does_without)
{
	ASSERT_EQ(0, unload("netport"));
	ASSERT_EQ(0, load(OPTIONAL));
	EXPECT_TRUE(parameter_is("known_to", "nobody"));
	EXPECT_GE(its_port(), 16000);
	EXPECT_FALSE(loaded("netport"));
	EXPECT_EQ(0, unload(OPTIONAL));
}

/* And then it's in nobody's way. */
TEST_F(optional, stays_without_if_netport_comes_later)
{
	unsigned int port;

	ASSERT_EQ(0, unload("netport"));
	ASSERT_EQ(0, load(OPTIONAL));
	port = its_port();
	ASSERT_EQ(0, load("netport"));
	EXPECT_TRUE(parameter_is("known_to", "nobody"));
	EXPECT_EQ(0, listed()->n);
	EXPECT_TRUE(all_free(PROTOCOL, port));
	EXPECT_EQ(0, unload("netport"));
	EXPECT_TRUE(loaded(OPTIONAL));
	EXPECT_EQ(port, its_port());
}

TEST_F(optional, has_its_port_from_netport)
{
	const struct netport_entry *e;
	struct listing *l;
	unsigned int port;

	ASSERT_EQ(0, load(OPTIONAL));
	EXPECT_TRUE(parameter_is("known_to", "netport"));
	port = its_port();
	l = listed();
	ASSERT_EQ(1, l->n);
	e = &l->e[0];
	EXPECT_EQ(port, e->binding.port);
	EXPECT_EQ(NETPORT_FAMILY_IPV4 | NETPORT_FAMILY_IPV6, e->binding.families);
	EXPECT_STREQ(OPTIONAL, (const char *)e->owner_label);
	EXPECT_EQ(0, e->uid);
	EXPECT_EQ(0, e->pid);
	EXPECT_FALSE(all_free(PROTOCOL, port));

	EXPECT_TRUE(refused(unload("netport")));
	EXPECT_TRUE(loaded("netport"));
	EXPECT_EQ(1, listed()->n);

	EXPECT_EQ(0, unload(OPTIONAL));
	EXPECT_EQ(0, listed()->n);
	EXPECT_TRUE(all_free(PROTOCOL, port));
	EXPECT_EQ(0, unload("netport"));
}

/* It isn't loaded then, rather than loaded with a port that netport said no to. */
TEST_F(optional, takes_no_for_an_answer)
{
	int fd = owner();

	ASSERT_EQ(0, set_range(fd, 20000, 20000));
	ASSERT_EQ(0, reserve(fd, "254 4 10.0.0.1:20000"));
	EXPECT_EQ(EADDRNOTAVAIL, load(OPTIONAL));
	EXPECT_FALSE(loaded(OPTIONAL));
	EXPECT_EQ(1, listed()->n);
	/* Free, it is taken; and no reference to netport was left by what failed. */
	ASSERT_EQ(0, release_key(fd, "254 4 10.0.0.1:20000"));
	close(fd);
	ASSERT_EQ(0, load(OPTIONAL));
	EXPECT_EQ(20000, its_port());
	ASSERT_EQ(0, unload(OPTIONAL));
	EXPECT_EQ(0, unload("netport"));	/* and the range is as ever */
}

/* Each time it finds what there is at that time, and leaves nothing behind. */
TEST_F(optional, again_and_again)
{
	unsigned int i, n = so_many("NETPORT_ROUNDS", 5, 2);

	for (i = 0; i < n; i++) {
		ASSERT_EQ(0, load(OPTIONAL));
		EXPECT_TRUE(parameter_is("known_to", "netport"));
		ASSERT_EQ(0, unload(OPTIONAL));
		ASSERT_EQ(0, unload("netport"));
		ASSERT_EQ(0, load(OPTIONAL));
		EXPECT_TRUE(parameter_is("known_to", "nobody"));
		ASSERT_EQ(0, unload(OPTIONAL));
		ASSERT_EQ(0, load("netport"));
	}
}

SELFTEST_MAIN
