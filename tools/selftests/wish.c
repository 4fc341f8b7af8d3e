// SPDX-License-Identifier: GPL-2.0
/*
 * wish - waiting without blocking: wishes, what poll() says of them, fetching them and
 * taking them back.
 */
#include "waiter.h"

#include <sys/epoll.h>

#define PORT	40000
#define A	"udp 4 10.0.0.1:40000"
#define ANY	"udp 4 10.0.0.1:0 =40000-40000"
#define SET	"udp 4 10.0.0.1:40000;tcp 4 10.0.0.1:40000"

/* commands */

static int wish_request(int fd, struct netport_request *r)
{
	struct netport_request before;
	int err;

	r->reserve.token = POISON;
	before = *r;
	err = command(fd, NETPORT_IOC_WISH, r);
	if (err)
		return err;
	/* The name is the only result. */
	before.reserve.token = r->reserve.token;
	if (memcmp(&before, r, sizeof(before)) || !r->reserve.token ||
	    r->reserve.token == POISON) {
		fprintf(stderr, "# WISH wrote more than its result\n");
		return BROKEN;
	}
	return 0;
}

static int wish(int fd, const char *text, __u64 *id)
{
	struct netport_binding more[MORE_MAX];
	struct netport_request r = terms_request(text, more);
	int err = wish_request(fd, &r);

	*id = err ? 0 : r.reserve.token;
	return err;
}

/* Fetch *@id, or any if it's 0. */
static int granted(int fd, __u64 *id, __u64 *token, unsigned int *port)
{
	struct netport_granted g = { .wish = *id, .token = POISON, .port = 0xcccc };
	int err = command(fd, NETPORT_IOC_GRANTED, &g);

	if (err)
		return err;
	if (!g.wish || (*id && g.wish != *id) || !g.token || g.token == POISON ||
	    g.__pad[0] || g.__pad[1] || g.__pad[2])
		return BROKEN;
	*id = g.wish;
	*token = g.token;
	if (port)
		*port = g.port;
	return 0;
}

static int unwish(int fd, __u64 id)
{
	struct netport_token t = { .token = id };

	return command(fd, NETPORT_IOC_UNWISH, &t);
}

/* What poll() says at once, or when it says something within @ms. */
static int poll_for(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLPRI | POLLOUT };

	return poll(&p, 1, ms) < 0 ? -1 : p.revents;
}

FIXTURE(wish) {
	int holder, fd;
};

/* Somebody has the port. */
FIXTURE_SETUP(wish)
{
	self->holder = owner();
	self->fd = owner();
	ASSERT_EQ(0, reserve(self->holder, A));
}

FIXTURE_TEARDOWN(wish)
{
	close(self->holder);
	close(self->fd);
	EXPECT_TRUE(all_free(IPPROTO_UDP, PORT));
	EXPECT_TRUE(all_free(IPPROTO_TCP, PORT));
}

FIXTURE_VARIANT(wish) {
	const char *text;
};

FIXTURE_VARIANT_ADD(wish, port) { .text = A };
FIXTURE_VARIANT_ADD(wish, any) { .text = ANY };
FIXTURE_VARIANT_ADD(wish, set) { .text = SET };

TEST_F(wish, is_granted_by_the_release)
{
	__u64 id, token;
	unsigned int port;

	ASSERT_EQ(0, wish(self->fd, variant->text, &id));
	EXPECT_EQ(0, poll_for(self->fd, 0));
	EXPECT_EQ(ENOENT, granted(self->fd, &id, &token, NULL));
	EXPECT_EQ(0, release_key(self->holder, A));
	EXPECT_EQ(POLLIN, poll_for(self->fd, 0));
	/* It holds the port, fetched or not. */
	EXPECT_EQ(EADDRINUSE, reserve(self->holder, A));
	ASSERT_EQ(0, granted(self->fd, &id, &token, &port));
	EXPECT_EQ(PORT, port);
	EXPECT_NE(id, token);
	EXPECT_EQ(0, poll_for(self->fd, 0));
	EXPECT_EQ(ENOENT, granted(self->fd, &id, &token, NULL));
	EXPECT_EQ(ENOENT, unwish(self->fd, id));
	EXPECT_EQ(EADDRINUSE, reserve(self->holder, A));
	EXPECT_EQ(0, release(self->fd, token));
	EXPECT_EQ(0, reserve(self->holder, A));
}

TEST_F(wish, can_be_granted_at_once)
{
	__u64 id, token;

	EXPECT_EQ(0, release_key(self->holder, A));
	ASSERT_EQ(0, wish(self->fd, variant->text, &id));
	EXPECT_EQ(POLLIN, poll_for(self->fd, 0));
	EXPECT_EQ(EADDRINUSE, reserve(self->holder, A));
	ASSERT_EQ(0, granted(self->fd, &id, &token, NULL));
	EXPECT_EQ(0, release(self->fd, token));
}

TEST_F(wish, unwished_before_it_is_granted)
{
	__u64 id, other, token;

	ASSERT_EQ(0, wish(self->fd, variant->text, &id));
	ASSERT_EQ(0, wish(self->fd, variant->text, &other));
	EXPECT_EQ(0, unwish(self->fd, id));
	EXPECT_EQ(ENOENT, unwish(self->fd, id));
	EXPECT_EQ(0, release_key(self->holder, A));
	EXPECT_EQ(ENOENT, granted(self->fd, &id, &token, NULL));
	EXPECT_EQ(0, granted(self->fd, &other, &token, NULL));
}

/* The reservation is released, to whoever is next. */
TEST_F(wish, unwished_when_it_is_granted)
{
	__u64 id, other, token;

	ASSERT_EQ(0, wish(self->fd, variant->text, &id));
	ASSERT_EQ(0, wish(self->fd, variant->text, &other));
	EXPECT_EQ(0, release_key(self->holder, A));
	EXPECT_EQ(ENOENT, granted(self->fd, &other, &token, NULL));
	EXPECT_EQ(0, unwish(self->fd, id));
	EXPECT_EQ(ENOENT, granted(self->fd, &id, &token, NULL));
	EXPECT_EQ(POLLIN, poll_for(self->fd, 0));
	EXPECT_EQ(0, unwish(self->fd, other));
	EXPECT_EQ(0, poll_for(self->fd, 0));
	EXPECT_EQ(0, reserve(self->holder, A));
}

TEST_F(wish, close_ends_those_that_wait)
{
	__u64 id[3];
	unsigned int i;

	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, wish(self->fd, variant->text, &id[i]));
	close(self->fd);
	EXPECT_EQ(0, release_key(self->holder, A));
	EXPECT_EQ(0, free_for_others(A));
	self->fd = owner();
}

TEST_F(wish, close_releases_what_was_granted)
{
	int other = owner();
	__u64 id, token;

	ASSERT_EQ(0, wish(self->fd, variant->text, &id));
	ASSERT_EQ(0, wish(self->fd, variant->text, &id));
	ASSERT_EQ(0, wish(other, variant->text, &id));
	EXPECT_EQ(0, release_key(self->holder, A));
	EXPECT_EQ(POLLIN, poll_for(self->fd, 0));
	EXPECT_EQ(0, poll_for(other, 0));
	close(self->fd);
	EXPECT_EQ(POLLIN, poll_for(other, 0));
	EXPECT_EQ(0, granted(other, &id, &token, NULL));
	close(other);
	self->fd = owner();
}

TEST_F(wish, kill_ends_it)
{
	pid_t pid = spawn();
	__u64 id;

	if (!pid) {
		close(self->holder);
		CHECK_EQ(0, wish(owner(), variant->text, &id));
		raise(SIGKILL);
	}
	EXPECT_EQ(256 + SIGKILL, ended(pid));
	EXPECT_EQ(0, release_key(self->holder, A));
	EXPECT_EQ(0, free_for_others(A));
}

TEST_F(wish, waits_in_turn_with_those_that_sleep)
{
	struct waiter first, third;
	__u64 id, token;

	ASSERT_TRUE(waiter_queue(&first, self->fd, variant->text));
	ASSERT_EQ(0, wish(self->fd, variant->text, &id));
	ASSERT_TRUE(waiter_queue(&third, self->fd, variant->text));
	EXPECT_EQ(0, release_key(self->holder, A));
	EXPECT_EQ(0, waiter_end(&first));
	EXPECT_EQ(0, poll_for(self->fd, 0));
	EXPECT_EQ(0, waiter_release(&first));
	EXPECT_TRUE(waiter_asleep(&third));
	EXPECT_EQ(0, granted(self->fd, &id, &token, NULL));
	EXPECT_EQ(0, release(self->fd, token));
	EXPECT_EQ(0, waiter_end(&third));
}

/* poll */

struct poller {
	int		fd, revents;
	atomic_int	tid;
};

static void *poll_thread(void *arg)
{
	struct poller *p = arg;

	atomic_store(&p->tid, syscall(SYS_gettid));
	p->revents = poll_for(p->fd, -1);
	return NULL;
}

/* A thread that sleeps in poll(). */
static pthread_t poller(struct poller *p, int fd)
{
	char path[64], where[64] = "";
	pthread_t thread;

	*p = (struct poller){ .fd = fd };
	if (pthread_create(&thread, NULL, poll_thread, p))
		die("pthread_create");
	do {
		breathe();
		snprintf(path, sizeof(path), "/proc/%d/wchan", atomic_load(&p->tid));
		read_file(path, where, sizeof(where));
	} while (!strstr(where, "poll"));
	return thread;
}

TEST_F(wish, wakes_poll)
{
	struct poller p;
	pthread_t thread;
	__u64 id;

	ASSERT_EQ(0, wish(self->fd, variant->text, &id));
	thread = poller(&p, self->fd);
	EXPECT_EQ(0, release_key(self->holder, A));
	pthread_join(thread, NULL);
	EXPECT_EQ(POLLIN, p.revents);
}

/* Also one that is made while somebody polls. */
TEST_F(wish, granted_at_once_wakes_poll)
{
	struct poller p;
	pthread_t thread;
	__u64 id;

	EXPECT_EQ(0, release_key(self->holder, A));
	thread = poller(&p, self->fd);
	ASSERT_EQ(0, wish(self->fd, variant->text, &id));
	pthread_join(thread, NULL);
	EXPECT_EQ(POLLIN, p.revents);
}

TEST_F(wish, epoll)
{
	int level = epoll_create1(EPOLL_CLOEXEC), edge = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event e = { .events = EPOLLIN }, seen;
	__u64 id[2], token;

	ASSERT_EQ(0, epoll_ctl(level, EPOLL_CTL_ADD, self->fd, &e));
	e.events |= EPOLLET;
	ASSERT_EQ(0, epoll_ctl(edge, EPOLL_CTL_ADD, self->fd, &e));
	ASSERT_EQ(0, wish(self->fd, variant->text, &id[0]));
	ASSERT_EQ(0, wish(self->fd, variant->text, &id[1]));
	EXPECT_EQ(0, epoll_wait(level, &seen, 1, 0));
	EXPECT_EQ(0, epoll_wait(edge, &seen, 1, 0));
	EXPECT_EQ(0, release_key(self->holder, A));
	EXPECT_EQ(1, epoll_wait(level, &seen, 1, 0));
	EXPECT_EQ(EPOLLIN, seen.events);
	EXPECT_EQ(1, epoll_wait(level, &seen, 1, 0));
	EXPECT_EQ(1, epoll_wait(edge, &seen, 1, 0));
	EXPECT_EQ(0, epoll_wait(edge, &seen, 1, 0));
	EXPECT_EQ(0, granted(self->fd, &id[0], &token, NULL));
	EXPECT_EQ(0, epoll_wait(level, &seen, 1, 0));
	EXPECT_EQ(0, release(self->fd, token));
	EXPECT_EQ(1, epoll_wait(level, &seen, 1, 0));
	EXPECT_EQ(1, epoll_wait(edge, &seen, 1, 0));
}

TEST(poll_of_a_file_without_wishes)
{
	int fd = owner();

	EXPECT_EQ(0, poll_for(fd, 0));
	EXPECT_EQ(0, reserve(fd, A));
	EXPECT_EQ(0, poll_for(fd, 0));
}

TEST(poll_tells_only_its_own_file)
{
	int holder = owner(), a = owner(), b = owner();
	__u64 id;

	ASSERT_EQ(0, reserve(holder, A));
	ASSERT_EQ(0, wish(a, A, &id));
	ASSERT_EQ(0, wish(b, A, &id));
	EXPECT_EQ(0, release_key(holder, A));
	EXPECT_EQ(POLLIN, poll_for(a, 0));
	EXPECT_EQ(0, poll_for(b, 0));
	EXPECT_EQ(0, poll_for(holder, 0));
}

/* several on one file */

TEST(several_are_fetched_in_the_order_they_were_granted)
{
	int holder = owner(), fd = owner();
	__u64 id[5], got, token;
	unsigned int i, port;
	char text[64];

	for (i = 0; i < 5; i++) {
		snprintf(text, sizeof(text), "udp 4 10.0.0.1:%u", 40000 + i);
		ASSERT_EQ(0, reserve(holder, text));
		ASSERT_EQ(0, wish(fd, text, &id[i]));
	}
	for (i = 5; i--;) {
		snprintf(text, sizeof(text), "udp 4 10.0.0.1:%u", 40000 + i);
		EXPECT_EQ(0, release_key(holder, text));
	}
	/* By name, in any order. */
	got = id[2];
	EXPECT_EQ(0, granted(fd, &got, &token, &port));
	EXPECT_EQ(40002, port);
	for (i = 5; i--;) {
		if (i == 2)
			continue;
		EXPECT_EQ(POLLIN, poll_for(fd, 0));
		got = 0;
		EXPECT_EQ(0, granted(fd, &got, &token, &port));
		EXPECT_EQ(id[i], got);
		EXPECT_EQ(40000 + i, port);
	}
	EXPECT_EQ(0, poll_for(fd, 0));
	got = 0;
	EXPECT_EQ(ENOENT, granted(fd, &got, &token, &port));
}

TEST(names_are_the_owners)
{
	int holder = owner(), fd = owner(), other = owner();
	__u64 id, token, held;

	ASSERT_EQ(0, reserve_token(holder, A, &held));
	ASSERT_EQ(0, wish(fd, A, &id));
	EXPECT_EQ(ENOENT, unwish(other, id));
	EXPECT_EQ(ENOENT, unwish(fd, id + 1));
	EXPECT_EQ(ENOENT, unwish(fd, 0));
	EXPECT_EQ(ENOENT, unwish(holder, held));
	/* It's no reservation. */
	EXPECT_EQ(ENOENT, release(fd, id));
	EXPECT_EQ(ENOENT, accept_token(fd, id));
	EXPECT_EQ(0, release(holder, held));
	EXPECT_EQ(ENOENT, granted(other, &id, &token, NULL));
	EXPECT_EQ(ENOENT, unwish(other, id));
	held = 0;
	EXPECT_EQ(ENOENT, granted(other, &held, &token, NULL));
	EXPECT_EQ(0, granted(fd, &id, &token, NULL));
	EXPECT_EQ(ENOENT, unwish(fd, token));
	EXPECT_EQ(0, release(fd, token));
}

/* The reservation is there before the wish is fetched, and can end before. */
TEST(released_before_it_is_fetched)
{
	int fd = owner();
	__u64 id, token;

	ASSERT_EQ(0, wish(fd, A, &id));
	EXPECT_EQ(0, release_key(fd, A));
	EXPECT_TRUE(all_free(IPPROTO_UDP, PORT));
	EXPECT_EQ(0, granted(fd, &id, &token, NULL));
	EXPECT_EQ(ENOENT, release(fd, token));
	ASSERT_EQ(0, wish(fd, A, &id));
	EXPECT_EQ(0, release_key(fd, A));
	EXPECT_EQ(0, unwish(fd, id));
}

TEST(with_a_label)
{
	struct netport_request r = { .reserve = request(A), .terms.label = "wished" };
	struct netport_entry in_the_way;
	int holder = owner(), fd = owner();
	__u64 id, token;

	ASSERT_EQ(0, reserve(holder, A));
	ASSERT_EQ(0, wish_request(fd, &r));
	id = r.reserve.token;
	EXPECT_EQ(0, release_key(holder, A));
	ASSERT_EQ(0, granted(fd, &id, &token, NULL));
	r.reserve.token = 0;
	memset(&r.terms, 0, sizeof(r.terms));
	memset(&in_the_way, 0xcc, sizeof(in_the_way));
	r.terms.conflict = (uintptr_t)&in_the_way;
	EXPECT_EQ(EADDRINUSE, command(holder, NETPORT_IOC_REQUEST, &r));
	EXPECT_EQ(token, in_the_way.token);
	EXPECT_EQ(0, strcmp((char *)in_the_way.label, "wished"));
	EXPECT_EQ(0, release(fd, token));
	EXPECT_TRUE(all_free(IPPROTO_UDP, PORT));
}

/* Granted and not fetched it would outlive an owner that never had it. */
TEST(not_for_something_persistent)
{
	struct netport_request r = { .reserve = request(A) };
	int fd = owner();

	r.reserve.options = NETPORT_OPT_PERSISTENT;
	EXPECT_EQ(EINVAL, wish_request(fd, &r));
	EXPECT_EQ(0, poll_for(fd, 0));
	EXPECT_TRUE(all_free(IPPROTO_UDP, PORT));
}

/* Whoever is in the way is told to nobody: the memory for that is long gone. */
TEST(conflict_isnt_written)
{
	struct netport_entry conflict, before;
	struct netport_request r = { .reserve = request("udp 4 *:40000") };
	int holder = owner(), fd = owner();
	__u64 id, token;

	memset(&conflict, 0xcc, sizeof(conflict));
	before = conflict;
	r.terms.conflict = (uintptr_t)&conflict;
	ASSERT_EQ(0, reserve(holder, A));
	ASSERT_EQ(0, reserve(holder, "udp 4 10.0.0.2:40000"));
	ASSERT_EQ(0, wish_request(fd, &r));
	id = r.reserve.token;
	/* It doesn't fit yet. */
	EXPECT_EQ(0, release_key(holder, A));
	EXPECT_EQ(0, poll_for(fd, 0));
	EXPECT_EQ(0, release_key(holder, "udp 4 10.0.0.2:40000"));
	EXPECT_EQ(0, granted(fd, &id, &token, NULL));
	EXPECT_EQ(0, memcmp(&conflict, &before, sizeof(before)));
}

/* limits */

TEST(so_many_different_may_wait)
{
	int holder = owner(), fd = owner();
	__u64 id[NETPORT_WISHES_MAX], more;
	char text[64];
	unsigned int i;

	ASSERT_EQ(0, reserve(holder, "udp 4 *:40000"));
	for (i = 0; i < NETPORT_WISHES_MAX; i++) {
		snprintf(text, sizeof(text), "udp 4 10.0.0.%u:40000", i + 1);
		ASSERT_EQ(0, wish(fd, text, &id[i]));
	}
	EXPECT_EQ(EDQUOT, wish(fd, "udp 4 10.0.0.200:40000", &more));
	for (; i < NETPORT_BATCH_MAX - 1; i++)
		ASSERT_EQ(0, wish(fd, "udp 4 10.0.0.1:40000", &more));
	EXPECT_EQ(0, unwish(fd, id[3]));
	EXPECT_EQ(0, wish(fd, "udp 4 10.0.0.200:40000", &more));
	EXPECT_EQ(EDQUOT, wish(fd, "udp 4 10.0.0.201:40000", &more));
	/* And no more than so many of an owner. */
	EXPECT_EQ(0, wish(fd, "udp 4 10.0.0.1:40000", &more));
	EXPECT_EQ(EDQUOT, wish(fd, "udp 4 10.0.0.1:40000", &more));
	EXPECT_EQ(0, wish(holder, "udp 4 10.0.0.1:40000", &id[3]));
	EXPECT_EQ(0, unwish(holder, id[3]));
	close(fd);
	EXPECT_EQ(0, release_key(holder, "udp 4 *:40000"));
	EXPECT_TRUE(all_free(IPPROTO_UDP, PORT));
}

/* namespaces */

TEST(namespace_goes)
{
	struct poller p, without;
	pthread_t thread, other;
	int old, own, fd, plain;
	__u64 id, token;

	old = new_netns();
	own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	fd = owner();
	plain = owner();
	ASSERT_EQ(0, reserve(plain, A));
	ASSERT_EQ(0, wish(fd, A, &id));
	ASSERT_EQ(0, wish(fd, ANY, &id));
	ASSERT_EQ(0, setns(old, CLONE_NEWNET));
	thread = poller(&p, fd);
	other = poller(&without, plain);
	close(own);
	pthread_join(thread, NULL);
	EXPECT_TRUE(p.revents & POLLHUP);
	EXPECT_FALSE(p.revents & POLLIN);
	pthread_join(other, NULL);
	EXPECT_TRUE(without.revents & POLLHUP);
	EXPECT_EQ(ENOENT, granted(fd, &id, &token, NULL));
	EXPECT_EQ(ENETDOWN, wish(fd, A, &token));
	EXPECT_EQ(ENETDOWN, wish(fd, ANY, &token));
	EXPECT_EQ(0, unwish(fd, id));
	close(fd);
}

/* many threads */

struct fetchers {
	int		fd;
	atomic_uint	fetched, failed;
	atomic_uchar	seen[512];
	__u64		first;
};

static void *fetch_thread(void *arg)
{
	struct fetchers *f = arg;
	unsigned int port;
	__u64 id, token;
	int err;

	for (;;) {
		id = 0;
		err = granted(f->fd, &id, &token, &port);
		if (err == ENOENT && atomic_load(&f->fetched) == sizeof(f->seen))
			return NULL;
		if (err == ENOENT) {
			poll_for(f->fd, 10);
			continue;
		}
		if (err || port < PORT || port >= PORT + sizeof(f->seen) ||
		    atomic_fetch_add(&f->seen[port - PORT], 1) || release(f->fd, token))
			atomic_fetch_add(&f->failed, 1);
		if (atomic_fetch_add(&f->fetched, 1) >= sizeof(f->seen))
			atomic_fetch_add(&f->failed, 1);
		if (err && err != ENOENT)
			return NULL;
	}
}

TEST(each_is_fetched_once)
{
	static struct fetchers f;
	int holder = owner();
	pthread_t thread[4];
	unsigned int i;
	char text[64];
	__u64 id;

	f.fd = owner();
	for (i = 0; i < sizeof(f.seen); i++) {
		snprintf(text, sizeof(text), "udp 4 10.0.0.1:%u", PORT + i);
		ASSERT_EQ(0, reserve(holder, text));
		ASSERT_EQ(0, wish(f.fd, text, &id));
	}
	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, fetch_thread, &f));
	for (i = 0; i < sizeof(f.seen); i++) {
		snprintf(text, sizeof(text), "udp 4 10.0.0.1:%u", PORT + i);
		ASSERT_EQ(0, release_key(holder, text));
	}
	for (i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	EXPECT_EQ(0, atomic_load(&f.failed));
	EXPECT_EQ(sizeof(f.seen), atomic_load(&f.fetched));
}

/* Threads that wish, fetch whatever there is, and take back names they guess. */
static void *wishing_thread(void *arg)
{
	static const char *const texts[] = { A, ANY, SET, "udp 4 10.0.0.1:0 =40000-40003" };
	unsigned int seed = syscall(SYS_gettid), i, n = so_many("NETPORT_ROUNDS", 400, 100);
	int fd = *(int *)arg, err;
	__u64 id, any, token;

	for (i = 0; i < n; i++) {
		err = wish(fd, texts[rand_r(&seed) % 4], &id);
		if (err)
			return "wish";
		any = 0;
		if (!granted(fd, &any, &token, NULL))
			release(fd, token);
		unwish(fd, id + (__s64)(rand_r(&seed) % 3) * 65536);
		err = unwish(fd, id);
		if (err && err != ENOENT)
			return "unwish";
	}
	return NULL;
}

TEST(threads_wish_fetch_and_unwish)
{
	pthread_t thread[6];
	int fd = owner();
	unsigned int i;
	void *failed;

	for (i = 0; i < 6; i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, wishing_thread, &fd));
	for (i = 0; i < 6; i++) {
		pthread_join(thread[i], &failed);
		EXPECT_EQ(NULL, failed) TH_LOG("%s", (char *)failed);
	}
	close(fd);
	for (i = 0; i < 4; i++)
		EXPECT_TRUE(all_free(IPPROTO_UDP, PORT + i));
	EXPECT_TRUE(all_free(IPPROTO_TCP, PORT));
}

/* results that can't be copied out */

static void *page(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		die("mmap");
	return p;
}

TEST(unwritable_wish_is_none)
{
	struct netport_request *r = page();
	int holder = owner(), fd = owner();

	r->reserve = request(A);
	ASSERT_EQ(0, mprotect(r, 4096, PROT_READ));
	/* Granted at once, or not. */
	EXPECT_EQ(EFAULT, command(fd, NETPORT_IOC_WISH, r));
	EXPECT_EQ(0, poll_for(fd, 0));
	ASSERT_EQ(0, reserve(holder, A));
	EXPECT_EQ(EFAULT, command(fd, NETPORT_IOC_WISH, r));
	EXPECT_EQ(0, release_key(holder, A));
	EXPECT_EQ(0, poll_for(fd, 0));
	EXPECT_TRUE(all_free(IPPROTO_UDP, PORT));
}

TEST(unwritable_result_isnt_fetched)
{
	struct netport_granted *g = page();
	int fd = owner();
	__u64 id, token;

	ASSERT_EQ(0, wish(fd, A, &id));
	ASSERT_EQ(0, mprotect(g, 4096, PROT_READ));
	EXPECT_EQ(EFAULT, command(fd, NETPORT_IOC_GRANTED, g));
	EXPECT_EQ(POLLIN, poll_for(fd, 0));
	EXPECT_EQ(0, granted(fd, &id, &token, NULL));
	EXPECT_EQ(0, release(fd, token));
	EXPECT_EQ(EFAULT, ioctl(fd, NETPORT_IOC_GRANTED, NULL) ? errno : 0);
	EXPECT_EQ(EFAULT, ioctl(fd, NETPORT_IOC_UNWISH, NULL) ? errno : 0);
	EXPECT_EQ(EFAULT, ioctl(fd, NETPORT_IOC_WISH, NULL) ? errno : 0);
}

/* refusals */

TEST(malformed_wish)
{
	const struct netport_request ok = { .reserve = request(A) };
	struct netport_request r;
	int fd = owner();

#define REFUSED(what) do {						\
	r = ok;								\
	what;								\
	EXPECT_EQ(EINVAL, wish_request(fd, &r)) TH_LOG(#what);		\
} while (0)

	REFUSED(r.terms.deadline = 1);
	REFUSED(r.terms.deadline = FOREVER);
	REFUSED(r.terms.count = 2);
	REFUSED(r.reserve.options = NETPORT_OPT_HOST_CHECK);
	REFUSED(r.reserve.options = NETPORT_OPT_HOST_HOLD);
	REFUSED(r.reserve.options = 1U << 31);
	REFUSED(r.reserve.low = 1);
	REFUSED(r.reserve.high = 1);
	REFUSED(r.reserve.binding.families = 0);
	REFUSED(r.reserve.binding.share = 1U << 31);
	REFUSED(r.terms.__pad = 1);
	REFUSED(r.terms.offset = 1);
	REFUSED(r.terms.align = 3);
	REFUSED(r.terms.nbindings = 1);
	REFUSED(r.terms.bindings = (uintptr_t)&ok);
	REFUSED(r.terms.nexclude = 1);
	REFUSED(memset(r.terms.label, 'x', sizeof(r.terms.label)));
#undef REFUSED
	EXPECT_EQ(0, poll_for(fd, 0));
	EXPECT_TRUE(all_free(IPPROTO_UDP, PORT));
}

TEST(malformed_fetch)
{
	struct netport_granted g = { .wish = 0 };
	int fd = owner();
	unsigned int i;
	__u64 id, token;

	ASSERT_EQ(0, wish(fd, A, &id));
	for (i = 0; i < 3; i++) {
		g.__pad[i] = 1;
		EXPECT_EQ(EINVAL, command(fd, NETPORT_IOC_GRANTED, &g));
		g.__pad[i] = 0;
	}
	/* The first version's size is the least. */
	EXPECT_EQ(EINVAL, command(fd, _IOWR(NETPORT_IOC_MAGIC, 0x10, __u64), &g));
	EXPECT_EQ(EINVAL, command(fd, _IOWR(NETPORT_IOC_MAGIC, 0x11, __u32), &g));
	EXPECT_EQ(EINVAL, command(fd, _IOWR(NETPORT_IOC_MAGIC, 0x0f, struct netport_reserve),
				  &(struct netport_reserve){ .token = 0 }));
	EXPECT_EQ(POLLIN, poll_for(fd, 0));
	EXPECT_EQ(0, granted(fd, &id, &token, NULL));
}

TEST(not_for_everybody)
{
	pid_t pid = spawn();
	__u64 id;
	int fd;

	if (!pid) {
		become(NOBODY);
		fd = owner();
		CHECK_EQ(EACCES, wish(fd, "udp 4 *:80", &id));
		CHECK_EQ(0, wish(fd, A, &id));
		CHECK_EQ(0, unwish(fd, id));
		_exit(0);
	}
	EXPECT_EQ(0, ended(pid));
}

SELFTEST_MAIN
