// SPDX-License-Identifier: GPL-2.0
/*
 * Requests with terms for the suites; kit.h says how they are written.
 */
#include <linux/string.h>

#include "kit.h"

static u16 kit_request_number(struct kunit *test, const char *text)
{
	u16 n = 0;

	KUNIT_ASSERT_EQ_MSG(test, kstrtou16(text, 0, &n), 0, "no number: %s", text);
	return n;
}

/* A word that is about terms; false if it's one of kit_parse(). */
static bool kit_request_word(struct kunit *test, struct kit_request *q, const char *word)
{
	struct netport_terms *t = &q->req.terms;

	if (strstarts(word, "count=")) {
		t->count = kit_request_number(test, word + 6);
	} else if (strstarts(word, "align=")) {
		t->align = kit_request_number(test, word + 6);
	} else if (strstarts(word, "offset=")) {
		t->offset = kit_request_number(test, word + 7);
	} else if (strstarts(word, "label=")) {
		KUNIT_ASSERT_GT(test, strscpy(t->label, word + 6, sizeof(t->label)), 0);
	} else if (strstarts(word, "not=")) {
		KUNIT_ASSERT_LT(test, t->nexclude, ARRAY_SIZE(q->exclude));
		q->exclude[t->nexclude++] = kit_request_number(test, word + 4);
	} else if (!strcmp(word, "persistent")) {
		q->req.reserve.options |= NETPORT_OPT_PERSISTENT;
	} else {
		return false;
	}
	return true;
}

/* Takes the words about terms out of a binding's text. */
static void kit_request_terms(struct kunit *test, struct kit_request *q, char *text)
{
	char buf[128], *rest = buf, *word;

	KUNIT_ASSERT_GT(test, strscpy(buf, text, sizeof(buf)), 0);
	*text = '\0';
	while ((word = strsep(&rest, " "))) {
		if (!*word || kit_request_word(test, q, word))
			continue;
		if (*text)
			strcat(text, " ");
		strcat(text, word);
	}
}

/**
 * kit_request() - a request with terms from its text
 * @test: the test, which is aborted if the text is malformed, and to which the request
 *	belongs
 * @text: the text, see kit.h
 *
 * Return: the request, with a poisoned token.
 */
struct kit_request *kit_request(struct kunit *test, const char *text)
{
	struct kit_request *q = kunit_kzalloc(test, sizeof(*q), GFP_KERNEL);
	char buf[512], one[128], *rest = buf, *part;
	u32 options;
	struct kit_req r;
	unsigned int n;

	KUNIT_ASSERT_NOT_NULL(test, q);
	KUNIT_ASSERT_GT(test, strscpy(buf, text, sizeof(buf)), 0);
	for (n = 0; (part = strsep(&rest, "+")); n++) {
		KUNIT_ASSERT_LE(test, n, ARRAY_SIZE(q->more));
		KUNIT_ASSERT_GT(test, strscpy(one, strim(part), sizeof(one)), 0);
		kit_request_terms(test, q, one);
		kit_parse(test, one, &r);
		if (n) {
			q->more[n - 1] = r.req.binding;
			q->more[n - 1].port = 0;
			continue;
		}
		options = q->req.reserve.options;
		q->who = r.who;
		q->req.reserve = r.req;
		q->req.reserve.options |= options;
	}
	q->req.terms.nbindings = n - 1;
	q->req.terms.bindings = n > 1 ? (uintptr_t)q->more : 0;
	q->req.terms.exclude = q->req.terms.nexclude ? (uintptr_t)q->exclude : 0;
	return q;
}

/* For how many ports a request counts. */
unsigned int kit_request_ports(const struct kit_request *q)
{
	return (q->req.terms.nbindings + 1) * (q->req.terms.count ?: 1);
}

/* What a request may have written to: its results, on success. */
static void kit_request_expect(struct kunit *test, const struct kit_request *q,
			       struct netport_request before, int err)
{
	if (!err) {
		KUNIT_EXPECT_NE(test, q->req.reserve.token, 0);
		KUNIT_EXPECT_NE(test, q->req.reserve.token, KIT_POISON64);
		KUNIT_EXPECT_NE(test, q->req.reserve.binding.port, 0);
		before.reserve.token = q->req.reserve.token;
		before.reserve.binding.port = before.reserve.binding.port ?:
					      q->req.reserve.binding.port;
	}
	KUNIT_EXPECT_MEMEQ_MSG(test, &q->req, &before, sizeof(before),
			       "only port and token are results");
}

/**
 * kit_request_try() - netport_request(), with a look at what it must leave alone
 * @test: the test
 * @q: the request
 * @gfp: for it
 *
 * netport_request_available() has to say so beforehand, where there is memory.
 *
 * Return: 0 or the error.
 */
int kit_request_try(struct kunit *test, struct kit_request *q, gfp_t gfp)
{
	struct netport_owner *owner = kit_owner(test, q->who);
	int held = kit_held(test), available, err;
	struct netport_request before;

	q->req.reserve.token = KIT_POISON64;
	before = q->req;
	available = netport_request_available(owner, &q->req, gfp);
	KUNIT_EXPECT_EQ_MSG(test, kit_held(test), held, "is-available reserves nothing");
	KUNIT_EXPECT_MEMEQ_MSG(test, &q->req, &before, sizeof(before),
			       "is-available writes nothing");
	err = netport_request(owner, &q->req, gfp);
	KUNIT_EXPECT_EQ_MSG(test, available, err, "available and request differ");
	kit_request_expect(test, q, before, err);
	KUNIT_EXPECT_EQ(test, kit_held(test), err ? held : held + (int)kit_request_ports(q));
	return err;
}

/* kit_request_try() of a text. */
int kit_request_text(struct kunit *test, const char *text)
{
	return kit_request_try(test, kit_request(test, text), GFP_KERNEL);
}

/**
 * kit_request_hold() - reserve what has to be there for a case to make sense
 * @test: the test, which is aborted if it can't be had
 * @text: the request
 *
 * Return: the token.
 */
u64 kit_request_hold(struct kunit *test, const char *text)
{
	struct kit_request *q = kit_request(test, text);

	KUNIT_ASSERT_EQ_MSG(test, kit_request_try(test, q, GFP_KERNEL), 0, "%s", text);
	return q->req.reserve.token;
}

typedef int (*kit_change_fn)(struct netport_owner *owner, struct netport_request *req,
			     gfp_t gfp);

static int kit_change(struct kunit *test, u64 token, struct kit_request *q, kit_change_fn fn,
		      gfp_t gfp)
{
	struct netport_request before;
	int err;

	q->req.reserve.token = token;
	before = q->req;
	err = fn(kit_owner(test, q->who), &q->req, gfp);
	kit_request_expect(test, q, before, err);
	KUNIT_EXPECT_EQ_MSG(test, q->req.reserve.token, token, "the token stays");
	return err;
}

/* netport_extend() of a token by a request, with a look at what it must leave alone. */
int kit_extend(struct kunit *test, u64 token, struct kit_request *q, gfp_t gfp)
{
	return kit_change(test, token, q, netport_extend, gfp);
}

/* Likewise netport_rebind(). */
int kit_rebind(struct kunit *test, u64 token, struct kit_request *q, gfp_t gfp)
{
	return kit_change(test, token, q, netport_rebind, gfp);
}

int kit_extend_text(struct kunit *test, u64 token, const char *text)
{
	return kit_extend(test, token, kit_request(test, text), GFP_KERNEL);
}

int kit_rebind_text(struct kunit *test, u64 token, const char *text)
{
	return kit_rebind(test, token, kit_request(test, text), GFP_KERNEL);
}

/**
 * kit_find() - a reservation, by its token
 * @test: the test
 * @token: the token
 *
 * Nobody else may be about, as no lock is held on return.
 *
 * Return: the reservation or NULL.
 */
struct np_resv *kit_find(struct kunit *test, u64 token)
{
	struct np_net *nn = kit_of(test)->nn;
	struct np_shard *shard = np_token_shard(nn, token);
	struct np_resv *r;

	spin_lock_bh(&shard->lock);
	r = np_token_find(shard, nn, token);
	spin_unlock_bh(&shard->lock);
	return r;
}
