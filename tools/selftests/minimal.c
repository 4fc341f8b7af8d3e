// SPDX-License-Identifier: GPL-2.0
/*
 * minimal - the README's example for kernel modules receives what is for its port, and no more.
 */
#include "keep.h"
#include "modules.h"

#define MINIMAL		"netport_minimal"
#define PROTOCOL	254

FIXTURE(minimal) {
	/* Not without members, in C. */
	int unused;
};

FIXTURE_SETUP(minimal)
{
	enter_first_netns();
	set_lo_up();
	if (access(module_path(MINIMAL), R_OK))
		SKIP(return, "no %s; set NETPORT_MODULES", module_path(MINIMAL));
	ASSERT_EQ(0, load(MINIMAL));
}

FIXTURE_TEARDOWN_PARENT(minimal)
{
	if (loaded(MINIMAL) && unload(MINIMAL))
		fprintf(stderr, "# " MINIMAL " stays\n");
}

/* Over lo, where the packet has arrived when this returns, or soon after. */
static void send_to(unsigned int port, size_t size)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	__be16 ports[2] = { htons(4711), htons(port) };
	int s = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, PROTOCOL);

	if (s < 0 || sendto(s, ports, size, 0, (const void *)&to, sizeof(to)) != (ssize_t)size)
		die("send");
	close(s);
}

TEST_F(minimal, receives_what_is_for_its_port)
{
	unsigned int port = module_number(MINIMAL, "port");

	EXPECT_GE(port, 16000);
	EXPECT_FALSE(all_free(PROTOCOL, port));
	EXPECT_EQ(0, module_number(MINIMAL, "packets"));
	send_to(port ^ 1, 4);
	send_to(port, 3);
	send_to(port, 4);
	EXPECT_TRUE(AWAIT(module_number(MINIMAL, "packets")));
	send_to(port ^ 1, 4);
	send_to(port, 4);
	EXPECT_TRUE(AWAIT(module_number(MINIMAL, "packets") >= 2));
	EXPECT_EQ(2, module_number(MINIMAL, "packets"));
}

TEST_F(minimal, keeps_netport_and_gives_all_back)
{
	unsigned int port = module_number(MINIMAL, "port");

	EXPECT_TRUE(refused(unload("netport")));
	EXPECT_EQ(0, unload(MINIMAL));
	EXPECT_TRUE(all_free(PROTOCOL, port));
}

SELFTEST_MAIN
