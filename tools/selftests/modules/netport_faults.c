// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel API for the fail_nth selftest: whatever each function needs fails in turn, the
 * first allocation, the second, and so on.  The function fails, and changes nothing; then it
 * succeeds, and what it has done is what it does if nothing fails.
 *
 * It's done as the module is loaded, in the network namespace of whoever does that, with what
 * the kernel's fault injection lets fail (/sys/kernel/debug/failslab).
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/in.h>
#include <linux/inet.h>
#include <linux/jhash.h>
#include <linux/module.h>
#include <linux/netport.h>
#include <linux/nsproxy.h>
#include <linux/sched.h>
#include <net/net_namespace.h>

static uint calls;
module_param(calls, uint, 0444);
MODULE_PARM_DESC(calls, "functions called (result)");

static uint failures;
module_param(failures, uint, 0444);
MODULE_PARM_DESC(failures, "calls that failed for want of memory (result)");

static uint wrong;
module_param(wrong, uint, 0444);
MODULE_PARM_DESC(wrong, "what else happened; the kernel's log says what (result)");

#define FAILURES_MAX	1000
#define ENTRIES		32
#define PORT		40000

#ifdef CONFIG_FAULT_INJECTION
static void fail(unsigned int nth)
{
	current->fail_nth = nth;
}

/* No more; whether it has. */
static bool failed(void)
{
	bool so = !current->fail_nth;

	current->fail_nth = 0;
	return so;
}
#else
static void fail(unsigned int nth)
{
}

static bool failed(void)
{
	return false;
}
#endif

/* What each call finds. */
enum { PLAIN, BLOCK, SHARED, ATTACHED, NAMED, KEPT };

struct scene {
	struct net		*net;
	u16			protocol;
	struct netport_owner	*owner, *other, *made;
	u64			token[KEPT + 1];
	u64			orphan, candidate, wish, granted;
	struct netport_entry	entry[ENTRIES];
};

static struct netport_binding binding(const struct scene *s, u8 last, u16 port)
{
	return (struct netport_binding){
		.families = NETPORT_FAMILY_IPV4, .protocol = s->protocol, .port = port,
		.addr = { 10, 0, 0, last },
	};
}

static struct netport_request request(const struct scene *s, u8 last, u16 port)
{
	return (struct netport_request){ .reserve.binding = binding(s, last, port) };
}

static int take(u16 port, void *arg)
{
	return 1;
}

/* the calls */

static int call_owner_create(struct scene *s, gfp_t gfp)
{
	struct netport_owner *made = netport_owner_create(s->net, KUIDT_INIT(12345));

	if (IS_ERR(made))
		return PTR_ERR(made);
	s->made = made;
	return 0;
}

static int call_reserve(struct scene *s, gfp_t gfp)
{
	struct netport_reserve r = { .binding = binding(s, 9, PORT) };

	return netport_reserve(s->owner, &r, gfp);
}

static int call_reserve_pick(struct scene *s, gfp_t gfp)
{
	struct netport_reserve r = { .binding = binding(s, 0, 0), .low = 50000, .high = 50000 };

	return netport_reserve(s->owner, &r, gfp);
}

static int call_release(struct scene *s, gfp_t gfp)
{
	return netport_release(s->owner, s->token[PLAIN]);
}

static int call_release_binding(struct scene *s, gfp_t gfp)
{
	struct netport_binding b = binding(s, 1, PORT);

	return netport_release_binding(s->owner, &b, 0);
}

static int call_release_part(struct scene *s, gfp_t gfp)
{
	struct netport_release r = { .token = s->token[BLOCK], .port = PORT + 1, .count = 2 };

	return netport_release_request(s->owner, &r, gfp);
}

static int call_release_hold(struct scene *s, gfp_t gfp)
{
	struct netport_release r = { .token = s->token[BLOCK], .hold = 60000,
				     .options = NETPORT_RELEASE_PORT };

	return netport_release_request(s->owner, &r, gfp);
}

static int call_available(struct scene *s, gfp_t gfp)
{
	struct netport_reserve r = { .binding = binding(s, 9, PORT) };

	return netport_available(s->owner, &r);
}

static int call_request_set(struct scene *s, gfp_t gfp)
{
	struct netport_binding more = binding(s, 8, 0);
	struct netport_request r = request(s, 9, 0);

	r.reserve.low = PORT;
	r.reserve.high = PORT;
	r.terms.bindings = (uintptr_t)&more;
	r.terms.nbindings = 1;
	strscpy(r.terms.label, "set", sizeof(r.terms.label));
	return netport_request(s->owner, &r, gfp);
}

static int call_request_block(struct scene *s, gfp_t gfp)
{
	struct netport_request r = request(s, 9, PORT);

	r.terms.count = 3;
	return netport_request(s->owner, &r, gfp);
}

static int call_request_as(struct scene *s, gfp_t gfp)
{
	struct netport_request r = request(s, 9, PORT);

	return netport_request_as(s->owner, KUIDT_INIT(54321), &r, gfp);
}

static int call_request_host(struct scene *s, gfp_t gfp)
{
	struct netport_request r = request(s, 0, PORT);

	memset(r.reserve.binding.addr, 0, sizeof(r.reserve.binding.addr));
	r.reserve.binding.protocol = IPPROTO_UDP;
	r.reserve.options = NETPORT_OPT_HOST_HOLD;
	return netport_request(s->owner, &r, GFP_KERNEL);
}

static int call_request_available(struct scene *s, gfp_t gfp)
{
	struct netport_binding more = binding(s, 8, 0);
	struct netport_request r = request(s, 9, PORT);

	r.terms.bindings = (uintptr_t)&more;
	r.terms.nbindings = 1;
	return netport_request_available(s->owner, &r, gfp);
}

static int call_extend(struct scene *s, gfp_t gfp)
{
	struct netport_request r = request(s, 9, 0);

	r.reserve.token = s->token[PLAIN];
	return netport_extend(s->owner, &r, gfp);
}

static int call_extend_attached(struct scene *s, gfp_t gfp)
{
	struct netport_request r = request(s, 9, 0);

	r.reserve.token = s->token[ATTACHED];
	return netport_extend(s->owner, &r, gfp);
}

static int call_rebind(struct scene *s, gfp_t gfp)
{
	struct netport_request r = request(s, 9, PORT + 1);

	r.reserve.token = s->token[PLAIN];
	return netport_rebind(s->owner, &r, gfp);
}

static int call_rebind_attached(struct scene *s, gfp_t gfp)
{
	struct netport_request r = request(s, 9, PORT + 1);

	r.reserve.token = s->token[ATTACHED];
	return netport_rebind(s->owner, &r, gfp);
}

static int call_batch(struct scene *s, gfp_t gfp)
{
	struct netport_request r[] = { request(s, 9, PORT), request(s, 8, PORT) };
	int err;

	r[1].terms.count = 2;
	err = netport_batch(s->owner, r, NULL, ARRAY_SIZE(r), 0, gfp);
	return min(err, 0);
}

static int call_attach(struct scene *s, gfp_t gfp)
{
	return netport_attach(s->owner, s->token[PLAIN], s, gfp);
}

static int call_detach(struct scene *s, gfp_t gfp)
{
	return netport_detach(s->owner, s->token[ATTACHED]);
}

static int call_set_state(struct scene *s, gfp_t gfp)
{
	return netport_set_state(s->owner, s->token[PLAIN], NETPORT_LISTENING);
}

static int call_transfer(struct scene *s, gfp_t gfp)
{
	return netport_transfer(s->owner, s->token[SHARED], s->other);
}

static int call_adopt(struct scene *s, gfp_t gfp)
{
	return netport_adopt(s->owner, s->orphan);
}

static int call_label(struct scene *s, gfp_t gfp)
{
	struct netport_label l = { .token = s->token[PLAIN], .label = "label" };

	return netport_label(s->owner, &l, gfp);
}

static int call_wish(struct scene *s, gfp_t gfp)
{
	struct netport_request r = request(s, 1, PORT);

	return netport_wish(s->other, &r, gfp);
}

static int call_wish_granted(struct scene *s, gfp_t gfp)
{
	struct netport_request r = request(s, 9, PORT);

	return netport_wish(s->owner, &r, gfp);
}

static int call_granted(struct scene *s, gfp_t gfp)
{
	struct netport_granted g = { .wish = s->granted };

	return netport_granted(s->owner, &g);
}

static int call_unwish(struct scene *s, gfp_t gfp)
{
	return netport_unwish(s->other, s->wish);
}

static int call_unwish_granted(struct scene *s, gfp_t gfp)
{
	return netport_unwish(s->owner, s->granted);
}

static int call_candidate(struct scene *s, gfp_t gfp)
{
	struct netport_candidate c = { .reserve = {
		.binding = binding(s, 9, 0), .low = PORT, .high = PORT } };

	return netport_candidate(s->owner, &c, gfp);
}

static int call_accept(struct scene *s, gfp_t gfp)
{
	return netport_accept(s->owner, s->candidate);
}

static int call_pick(struct scene *s, gfp_t gfp)
{
	struct netport_reserve r = { .binding = binding(s, 9, 0), .low = PORT, .high = PORT };

	return netport_pick(s->owner, &r, take, NULL, gfp);
}

static int call_pick_ephemeral(struct scene *s, gfp_t gfp)
{
	int port = netport_pick_ephemeral(s->net, take, NULL);

	return min(port, 0);
}

static int call_set_range(struct scene *s, gfp_t gfp)
{
	struct netport_range r = { .low = 20000, .high = 20001 };

	return netport_set_range(s->net, &r);
}

static int call_get_range(struct scene *s, gfp_t gfp)
{
	struct netport_range r;

	return netport_get_range(s->net, &r);
}

static int call_set_space(struct scene *s, gfp_t gfp)
{
	struct netport_space space = { .flags = NETPORT_SPACE_FLOOR, .floor = 7 };

	return netport_set_space(s->net, s->protocol, &space);
}

static int call_get_space(struct scene *s, gfp_t gfp)
{
	struct netport_space space;

	return netport_get_space(s->net, s->protocol, &space);
}

static int call_list(struct scene *s, gfp_t gfp)
{
	struct netport_list list = { .count = ENTRIES };

	return netport_list(s->other, &list, s->entry);
}

/* A function, called in a scene, for 0 or an errno; one that's safe needs nothing. */
static const struct call {
	const char	*name;
	int		(*call)(struct scene *s, gfp_t gfp);
	bool		safe;
} all_calls[] = {
	{ "owner_create", call_owner_create },
	{ "reserve", call_reserve },
	{ "reserve, picked", call_reserve_pick },
	{ "release", call_release, true },
	{ "release_binding", call_release_binding, true },
	{ "release_request, a part", call_release_part },
	{ "release_request, held", call_release_hold },
	{ "available", call_available },
	{ "request, a set", call_request_set },
	{ "request, a block", call_request_block },
	{ "request, of the host", call_request_host },
	{ "request_as", call_request_as },
	{ "request_available", call_request_available },
	{ "extend", call_extend },
	{ "extend, attached", call_extend_attached },
	{ "rebind", call_rebind },
	{ "rebind, attached", call_rebind_attached },
	{ "batch", call_batch },
	{ "attach", call_attach },
	{ "detach", call_detach, true },
	{ "set_state", call_set_state, true },
	{ "transfer", call_transfer },
	{ "adopt", call_adopt },
	{ "label", call_label },
	{ "wish", call_wish },
	{ "wish, granted", call_wish_granted },
	{ "granted", call_granted, true },
	{ "unwish", call_unwish, true },
	{ "unwish, granted", call_unwish_granted, true },
	{ "candidate", call_candidate },
	{ "accept", call_accept, true },
	{ "pick", call_pick },
	{ "pick_ephemeral", call_pick_ephemeral },
	{ "set_range", call_set_range, true },
	{ "get_range", call_get_range, true },
	{ "set_space", call_set_space },
	{ "get_space", call_get_space, true },
	{ "list", call_list },
};

/* scenes */

static int scene_reserve(struct scene *s)
{
	struct netport_request r = request(s, 1, PORT);
	struct netport_candidate c = { .reserve = {
		.binding = binding(s, 6, 0), .low = PORT, .high = PORT } };
	struct netport_owner *gone;
	int err;

	err = netport_request(s->owner, &r, GFP_KERNEL);
	s->token[PLAIN] = r.reserve.token;
	r = request(s, 2, PORT);
	r.terms.count = 4;
	err = err ?: netport_request(s->owner, &r, GFP_KERNEL);
	s->token[BLOCK] = r.reserve.token;
	r = request(s, 3, PORT);
	r.reserve.binding.share = NETPORT_SHARE_LOAD_BALANCED;
	err = err ?: netport_request(s->owner, &r, GFP_KERNEL);
	s->token[SHARED] = r.reserve.token;
	r = request(s, 4, PORT);
	err = err ?: netport_request(s->owner, &r, GFP_KERNEL);
	s->token[ATTACHED] = r.reserve.token;
	err = err ?: netport_attach(s->owner, r.reserve.token, s, GFP_KERNEL);
	err = err ?: netport_candidate(s->owner, &c, GFP_KERNEL);
	s->candidate = c.reserve.token;
	r = request(s, 4, PORT);
	err = err ?: netport_wish(s->other, &r, GFP_KERNEL);
	s->wish = r.reserve.token;
	r = request(s, 7, PORT);
	err = err ?: netport_wish(s->owner, &r, GFP_KERNEL);
	s->granted = r.reserve.token;
	if (err)
		return err;
	gone = netport_owner_create(s->net, KUIDT_INIT(1));
	if (IS_ERR(gone))
		return PTR_ERR(gone);
	r = request(s, 5, PORT);
	r.reserve.options = NETPORT_OPT_PERSISTENT;
	err = netport_request(gone, &r, GFP_KERNEL);
	s->orphan = r.reserve.token;
	netport_owner_destroy(gone);
	return err;
}

static int scene_set(struct scene *s)
{
	s->protocol++;		/* what it needs is made once, and stays */
	s->owner = netport_owner_create(s->net, KUIDT_INIT(1));
	s->other = netport_owner_create(s->net, KUIDT_INIT(1));
	if (IS_ERR(s->owner) || IS_ERR(s->other))
		return -ENOMEM;
	return scene_reserve(s);
}

static unsigned int scene_list(struct scene *s)
{
	struct netport_list list = { .count = ENTRIES };

	memset(s->entry, 0, sizeof(s->entry));
	return netport_list(s->other, &list, s->entry) ? 0 : list.count;
}

/* Whether nothing is left then. */
static bool scene_end(struct scene *s)
{
	unsigned int i, n;

	if (IS_ERR_OR_NULL(s->other))
		return false;
	if (!IS_ERR_OR_NULL(s->owner))
		netport_owner_destroy(s->owner);
	if (s->made)
		netport_owner_destroy(s->made);
	/* Or it would be granted as the last hold ends. */
	netport_unwish(s->other, s->wish);
	n = scene_list(s);
	for (i = 0; i < n; i++) {
		struct netport_release r = { .token = s->entry[i].token };

		netport_release_request(s->other, &r, GFP_KERNEL);
	}
	netport_set_range(s->net, &(struct netport_range){ .low = 16000, .high = 65535 });
	netport_set_space(s->net, s->protocol, NULL);
	n = scene_list(s);
	netport_owner_destroy(s->other);
	s->owner = NULL;
	s->other = NULL;
	s->made = NULL;
	return !n;
}

static bool scene_found(struct scene *s, u8 last, u16 port)
{
	struct netport_key key = { .protocol = s->protocol };
	void *found;

	netport_key_ipv4(&key, htonl(0x0a000000 + last), htons(port), htonl(0x0a0000ff),
			 htons(1));
	rcu_read_lock();
	found = netport_lookup(s->net, &key, 0);
	rcu_read_unlock();
	return found;
}

/* All that can be seen, as a number; with names, or without. */
static u32 scene_digest(struct scene *s, bool names)
{
	unsigned int i, n = scene_list(s);
	struct netport_space space = {};
	struct netport_range range = {};
	u32 digest = n;
	u8 last;

	/* They come in no particular order. */
	for (i = 0; i < n; i++) {
		struct netport_entry *e = &s->entry[i];

		e->hold = !!e->hold;
		if (!names) {
			e->token = 0;
			e->owner = 0;
			if (e->binding.protocol == s->protocol)
				e->binding.protocol = 0;
		}
		digest += jhash(e, sizeof(*e), 0);
	}
	netport_get_range(s->net, &range);
	netport_get_space(s->net, s->protocol, &space);
	digest = jhash_3words(digest, range.low << 16 | range.high, space.floor, 0);
	for (last = 1; last < 10; last++)
		digest = digest * 31 + scene_found(s, last, PORT) +
			 2 * scene_found(s, last, PORT + 1);
	return digest;
}

/* sweeps */

static void complain(const struct call *c, unsigned int nth, const char *what, int err)
{
	pr_err("netport_faults: %s: %u. fails: %s (%d)\n", c->name, nth, what, err);
	wrong++;
}

/* Whether there was something to fail; with @nth 0 nothing does, and that's what is *@wanted. */
static bool try_call(struct scene *s, const struct call *c, gfp_t gfp, unsigned int nth,
		     u32 *wanted)
{
	u32 before, after;
	bool more = true;
	int err;

	if (scene_set(s)) {
		complain(c, nth, "no scene", 0);
		more = false;
		goto out;
	}
	before = scene_digest(s, true);
	fail(nth);
	err = c->call(s, gfp);
	if (nth)
		more = failed();
	if (err) {
		failures++;
		if (!nth || !more || err != -ENOMEM || c->safe)
			complain(c, nth, "strange", err);
		if (scene_digest(s, true) != before)
			complain(c, nth, "it has changed something", err);
		err = c->call(s, gfp);
		if (err)
			complain(c, nth, "and again", err);
	}
	after = scene_digest(s, false);
	if (!nth)
		*wanted = after;
	else if (after != *wanted)
		complain(c, nth, "not all of it was done", err);
out:
	if (!scene_end(s))
		complain(c, nth, "something is left", 0);
	return more;
}

static int __init netport_faults_init(void)
{
	static const gfp_t masks[] = { GFP_KERNEL, GFP_ATOMIC };
	static struct scene s = { .protocol = 2000 };
	unsigned int i, j, nth;
	u32 wanted;

	if (!IS_ENABLED(CONFIG_FAULT_INJECTION))
		return -EOPNOTSUPP;
	s.net = current->nsproxy->net_ns;
	for (i = 0; i < ARRAY_SIZE(all_calls); i++) {
		for (j = 0; j < ARRAY_SIZE(masks); j++) {
			for (nth = 0; try_call(&s, &all_calls[i], masks[j], nth, &wanted); nth++) {
				if (nth == FAILURES_MAX) {
					complain(&all_calls[i], nth, "no end", 0);
					break;
				}
				cond_resched();
			}
		}
		calls++;
	}
	return 0;
}

static void __exit netport_faults_exit(void)
{
}

module_init(netport_faults_init);
module_exit(netport_faults_exit);

MODULE_DESCRIPTION("Whatever the kernel API needs fails in turn");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(NETPORT_NS);
