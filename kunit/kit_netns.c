// SPDX-License-Identifier: GPL-2.0
/*
 * Network namespaces for the suites.  A module can't make one, but userspace can: a
 * process in a namespace of its own, which sleeps until it is killed.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/signal.h>
#include <linux/umh.h>
#include <net/net_namespace.h>

#include "kit.h"

#define KIT_NETNS_WAIT	250	/* times 20 ms */

static int kit_netns_init(struct subprocess_info *info, struct cred *new)
{
	struct kit_netns *ns = info->data;

	ns->pid = get_pid(task_pid(current));
	return 0;
}

static int kit_netns_exec(struct kit_netns *ns)
{
	char *argv[4] = { "/bin/sh", "-c", "exec unshare -n sleep 1000", NULL };
	char *envp[2] = { "PATH=/bin:/sbin:/usr/bin:/usr/sbin", NULL };
	struct subprocess_info *info;

	info = call_usermodehelper_setup(argv[0], argv, envp, GFP_KERNEL, kit_netns_init, NULL, ns);
	return info ? call_usermodehelper_exec(info, UMH_WAIT_EXEC) : -ENOMEM;
}

/* Its namespace, once it has left ours; NULL if it doesn't. */
static struct net *kit_netns_wait(struct kit_netns *ns)
{
	struct net *net;
	unsigned int i;

	for (i = 0; i < KIT_NETNS_WAIT; i++) {
		net = get_net_ns_by_pid(pid_nr(ns->pid));
		if (IS_ERR(net))
			return NULL;
		if (net != &init_net)
			return net;
		put_net(net);
		msleep(20);
	}
	return NULL;
}

static void kit_netns_kill(struct kit_netns *ns)
{
	kill_pid(ns->pid, SIGKILL, 1);
	put_pid(ns->pid);
	ns->pid = NULL;
}

static void kit_netns_cleanup(void *arg)
{
	struct kit_netns *ns = arg;

	if (ns->net)
		put_net(ns->net);
	if (ns->pid)
		kit_netns_kill(ns);
}

/**
 * kit_netns_start() - a new network namespace
 * @test: the test, which is skipped where there is no userspace to make one
 *
 * Return: the namespace; kit_netns_end() or the end of the test is its end.
 */
struct kit_netns *kit_netns_start(struct kunit *test)
{
	struct kit_netns *ns = kunit_kzalloc(test, sizeof(*ns), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, ns);
	KUNIT_ASSERT_EQ(test, kunit_add_action(test, kit_netns_cleanup, ns), 0);
	if (kit_netns_exec(ns))
		kunit_skip(test, "no shell to make a network namespace with");
	ns->net = kit_netns_wait(ns);
	if (!ns->net)
		kunit_skip(test, "no unshare to make a network namespace with");
	return ns;
}

/* Gives it up.  It takes a moment to be gone. */
void kit_netns_end(struct kit_netns *ns)
{
	kit_netns_kill(ns);
	put_net(ns->net);
	ns->net = NULL;
}

/* Waits until it is gone, and only these references to its tables are left. */
bool kit_netns_gone(struct np_net *nn, unsigned int refs)
{
	unsigned int i;

	for (i = 0; i < 1000; i++) {
		if (READ_ONCE(nn->dead) && refcount_read(&nn->ref) == refs)
			return true;
		msleep(20);
	}
	return false;
}
