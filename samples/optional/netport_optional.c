// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * netport_optional - a module that has its port from netport, if that is there
 *
 * Built without netport's header, or loaded without netport, it takes a port by a means of its
 * own, and nobody else knows of that.  Which it is depends on the moment of its loading: if
 * netport comes later nothing changes.  While it has its port from netport, that stays.
 */
#include <linux/err.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/uidgid.h>
#include <net/net_namespace.h>

#define OPTIONAL_PROTOCOL	254	/* RFC 3692: for experiments */

static ushort port;
module_param(port, ushort, 0444);
MODULE_PARM_DESC(port, "port that was taken (result)");

static char *known_to = "nobody";
module_param(known_to, charp, 0444);
MODULE_PARM_DESC(known_to, "who keeps others out of it: netport, or nobody (result)");

/* When it is built.  (Sparse doesn't know __has_include.) */
#ifdef __CHECKER__
#define HAVE_NETPORT_H
#elif __has_include("linux/netport.h")
#define HAVE_NETPORT_H
#endif

#ifdef HAVE_NETPORT_H
#include <linux/netport.h>

/*
 * All functions that are used, and no others.  symbol_get() looks them up by name when it is
 * called, so the module doesn't depend on netport.  It needs no MODULE_IMPORT_NS() either, and
 * one would change nothing: modpost and the loader check namespaces as they link, and here is
 * nothing to link.  Each symbol_get() is a reference to netport.ko; it fails until netport's
 * init is over.
 */
#define NETPORT_FUNCTIONS(of)	\
	of(netport_owner_create);	\
	of(netport_owner_destroy);	\
	of(netport_label);	\
	of(netport_reserve)

#define POINTER(name)	typeof(name) *name	/* of the type that the header says */
#define GET(name)	do { api.name = symbol_get(name); all = all && api.name; } while (0)
#define PUT(name)	do { if (api.name) symbol_put(name); } while (0)

static struct {
	NETPORT_FUNCTIONS(POINTER);
} api;

static struct netport_owner *owner;

/* When the last call has returned: from here on netport may go. */
static void put_netport(void)
{
	NETPORT_FUNCTIONS(PUT);
}

/* All or none: one of another version may lack some. */
static bool get_netport(void)
{
	bool all = true;

	NETPORT_FUNCTIONS(GET);
	if (!all)
		put_netport();
	return all;
}

/* -ENOENT: there is no netport.  What netport says is an error like any other. */
static int take_known_port(void)
{
	struct netport_label label = { .label = "netport_optional" };
	struct netport_reserve req = { .binding = {
		.families = NETPORT_FAMILY_IPV4 | NETPORT_FAMILY_IPV6,
		.protocol = OPTIONAL_PROTOCOL } };
	int err;

	if (!get_netport())
		return -ENOENT;
	owner = api.netport_owner_create(&init_net, GLOBAL_ROOT_UID);
	err = PTR_ERR_OR_ZERO(owner);
	if (err)
		goto put;
	err = api.netport_label(owner, &label, GFP_KERNEL) ?:
	      api.netport_reserve(owner, &req, GFP_KERNEL);
	if (err)
		goto destroy;
	port = req.binding.port;
	known_to = "netport";
	return 0;

destroy:
	api.netport_owner_destroy(owner);
put:
	put_netport();
	return err;
}

static void give_back(void)
{
	if (!owner)
		return;
	api.netport_owner_destroy(owner);	/* and with it the port */
	put_netport();
}
#else
static int take_known_port(void) { return -ENOENT; }
static void give_back(void) { }
#endif

static int __init netport_optional_init(void)
{
	int err = take_known_port();

	if (err != -ENOENT)
		return err;
	/* Only luck keeps two of this kind apart, or one of it and one of netport's. */
	port = get_random_u32_inclusive(16000, 65535);
	known_to = "nobody";
	return 0;
}

static void __exit netport_optional_exit(void)
{
	give_back();
}

module_init(netport_optional_init);
module_exit(netport_optional_exit);
MODULE_DESCRIPTION("Uses netport if it is there: an example of a soft dependency");
MODULE_LICENSE("Dual BSD/GPL");
MODULE_SOFTDEP("pre: netport");		/* modprobe loads that first, if it is installed */
