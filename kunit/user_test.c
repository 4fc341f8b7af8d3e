// SPDX-License-Identifier: GPL-2.0
/*
 * user.c: one np_user a uid, for as long as somebody has it.
 */
#include "kit.h"

#define USER_UID	700200

static struct np_user *user_get(struct kunit *test, unsigned int uid)
{
	struct np_user *u = np_user_get(KUIDT_INIT(uid), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, u);
	KUNIT_EXPECT_EQ(test, __kuid_val(u->uid), uid);
	return u;
}

static void user_get__same_uid_is_same_user(struct kunit *test)
{
	struct np_user *a = user_get(test, USER_UID), *b = user_get(test, USER_UID);

	KUNIT_EXPECT_PTR_EQ(test, a, b);
	KUNIT_EXPECT_EQ(test, refcount_read(&a->ref), 2);
	np_user_put(b);
	KUNIT_EXPECT_EQ(test, refcount_read(&a->ref), 1);
	np_user_put(a);
}

/* Among them some that fall into one bucket. */
static void user_get__other_uid_is_other_user(struct kunit *test)
{
	struct np_user *u[150];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(u); i++)
		u[i] = user_get(test, USER_UID + i * 256);
	for (i = 0; i < ARRAY_SIZE(u); i++) {
		KUNIT_EXPECT_EQ(test, refcount_read(&u[i]->ref), 1);
		KUNIT_EXPECT_PTR_EQ(test, user_get(test, USER_UID + i * 256), u[i]);
		np_user_put(u[i]);
	}
	for (i = 1; i < ARRAY_SIZE(u); i++)
		KUNIT_EXPECT_NE(test, u[i]->id, u[i - 1]->id);
	for (i = 0; i < ARRAY_SIZE(u); i++)
		np_user_put(u[i]);
}

static void user_get__starts_at_nothing(struct kunit *test)
{
	struct np_user *u = user_get(test, USER_UID);

	KUNIT_EXPECT_EQ(test, atomic_read(&u->count), 0);
	np_user_put(u);
}

/* The last reference ends it: the next one of that uid has another secret. */
static void user_put__last_one_ends_it(struct kunit *test)
{
	struct np_user *u = user_get(test, USER_UID);
	u64 id = u->id;

	np_user_put(u);
	u = user_get(test, USER_UID);
	KUNIT_EXPECT_NE(test, u->id, id);
	np_user_put(u);
}

static void user_put__others_keep_it(struct kunit *test)
{
	struct np_user *u = user_get(test, USER_UID), *other;
	u64 id = u->id;

	other = user_get(test, USER_UID);
	np_user_put(u);
	u = user_get(test, USER_UID);
	KUNIT_EXPECT_EQ(test, u->id, id);
	np_user_put(u);
	np_user_put(other);
}

static struct kunit_case user_test_cases[] = {
	KUNIT_CASE(user_get__same_uid_is_same_user),
	KUNIT_CASE(user_get__other_uid_is_other_user),
	KUNIT_CASE(user_get__starts_at_nothing),
	KUNIT_CASE(user_put__last_one_ends_it),
	KUNIT_CASE(user_put__others_keep_it),
	{}
};

static struct kunit_suite user_test_suite = {
	.name = "netport_user",
	.test_cases = user_test_cases,
};

kunit_test_suite(user_test_suite);
