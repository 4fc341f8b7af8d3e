/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the selftests share: bindings from text, the commands as functions that
 * return 0 or an errno, and processes that report how they ended.
 *
 * A request as text is a few words, see request():
 *
 *	tcp 4 10.0.0.1:80			the families are 4, 6 or 46
 *	udp 46 *:53 LB|MR			any address, with share flags
 *	tcp 6 [fe80::1]:80 %2			on device 2
 *	262 4 1.1.1.1:80 >2.2.2.2:5 tuple	for one remote, with NETPORT_OPT_TUPLE
 *	tcp 4 10.0.0.1:0 =40000-40009		to be picked of a range
 *
 * Every test program runs in a network namespace of its own, made by main(), so that
 * nothing of the machine's is in its way.
 */
#ifndef _SELFTEST_H
#define _SELFTEST_H

#include "kselftest_harness.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>

#include <linux/netport.h>

/* An emulated machine with every checker on is slow, and its host may be busy. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 120

#define LB	NETPORT_SHARE_LOAD_BALANCED
#define MR	NETPORT_SHARE_MOST_RECENT
#define TO	NETPORT_SHARE_TUPLE_ONLY

#define NOBODY	65534

/* What a command returns here if it breaks a promise that holds for every call. */
#define BROKEN	9999

#define POISON	0xcccccccccccccccc

/* The test can't go on, and it isn't the module's fault. */
#define die(fmt, ...) do {						\
	fprintf(stderr, "# %s:%d: " fmt ": %s\n", __FILE__, __LINE__,	\
		##__VA_ARGS__, strerror(errno));			\
	abort();							\
} while (0)

/* text to requests */

static inline void parse_addr(const char *text, unsigned int families, __u8 *addr)
{
	int family = families == NETPORT_FAMILY_IPV4 ? AF_INET : AF_INET6;

	memset(addr, 0, 16);
	if (strcmp(text, "*") && inet_pton(family, text, addr) != 1)
		die("no address: %s", text);
}

/* "10.0.0.1:80", "[::1]:80", "*:80" */
static inline void parse_endpoint(char *text, unsigned int families, __u8 *addr, __u16 *port)
{
	char *colon = strrchr(text, ':'), *end;

	if (!colon)
		die("no port: %s", text);
	*colon = 0;
	*port = strtoul(colon + 1, &end, 10);
	if (*end)
		die("no port: %s", colon + 1);
	if (*text == '[') {
		text++;
		colon[-1] = 0;
	}
	parse_addr(text, families, addr);
}

static inline unsigned int parse_number(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (!*text || *end)
		die("no number: %s", text);
	return n;
}

static inline unsigned int parse_protocol(const char *text)
{
	if (!strcmp(text, "tcp"))
		return IPPROTO_TCP;
	if (!strcmp(text, "udp"))
		return IPPROTO_UDP;
	if (!strcmp(text, "sctp"))
		return IPPROTO_SCTP;
	return parse_number(text);
}

static inline unsigned int parse_share(char *text)
{
	unsigned int share = 0;
	char *save, *s;

	for (s = strtok_r(text, "|", &save); s; s = strtok_r(NULL, "|", &save)) {
		if (!strcmp(s, "LB"))
			share |= LB;
		else if (!strcmp(s, "MR"))
			share |= MR;
		else if (!strcmp(s, "TO"))
			share |= TO;
		else
			die("no share flag: %s", s);
	}
	return share;
}

static inline struct netport_reserve request(const char *text)
{
	struct netport_reserve r = { .token = 0 };
	struct netport_binding *b = &r.binding;
	char copy[256], *save, *word;
	int n = 0;

	if (strlen(text) >= sizeof(copy))
		die("too long: %s", text);
	strcpy(copy, text);
	for (word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		switch (n++) {
		case 0:
			b->protocol = parse_protocol(word);
			continue;
		case 1:
			if (strchr(word, '4'))
				b->families |= NETPORT_FAMILY_IPV4;
			if (strchr(word, '6'))
				b->families |= NETPORT_FAMILY_IPV6;
			continue;
		case 2:
			parse_endpoint(word, b->families, b->addr, &b->port);
			continue;
		}
		if (*word == '%') {
			b->ifindex = parse_number(word + 1);
		} else if (*word == '>') {
			parse_endpoint(word + 1, b->families, b->remote, &b->remote_port);
		} else if (*word == '=') {
			char *dash = strchr(word, '-');

			if (!dash)
				die("no range: %s", word);
			*dash = 0;
			r.low = parse_number(word + 1);
			r.high = parse_number(dash + 1);
		} else if (!strcmp(word, "tuple")) {
			r.options = NETPORT_OPT_TUPLE;
		} else {
			b->share = parse_share(word);
		}
	}
	if (n < 3)
		die("no request: %s", text);
	return r;
}

/* commands */

/*
 * The result of an ioctl as 0 or an errno.  What the header promises of every call is
 * checked here, so that each use of it is a test of that too: nothing but 0 is success,
 * and a call that fails leaves the structure as it was.
 */
static inline int command(int fd, unsigned long cmd, void *arg)
{
	__u8 before[256];
	int ret, err;

	if (_IOC_SIZE(cmd) > sizeof(before))
		die("a large structure");
	memcpy(before, arg, _IOC_SIZE(cmd));
	ret = ioctl(fd, cmd, arg);
	err = errno;
	if (!ret)
		return 0;
	if (ret != -1) {
		fprintf(stderr, "# command %#lx returned %d\n", cmd, ret);
		return BROKEN;
	}
	if (memcmp(before, arg, _IOC_SIZE(cmd))) {
		fprintf(stderr, "# command %#lx failed (%s) and wrote\n", cmd, strerror(err));
		return BROKEN;
	}
	return err;
}

/* Only the port, if it was to be picked, and the token may differ. */
static inline bool only_results_written(const struct netport_reserve *before,
					const struct netport_reserve *after)
{
	struct netport_reserve r = *after;

	if (!r.token || r.token == POISON || !r.binding.port)
		return false;
	r.token = before->token;
	if (!before->binding.port)
		r.binding.port = 0;
	return !memcmp(before, &r, sizeof(r));
}

static inline int reserve_request(int fd, struct netport_reserve *r)
{
	struct netport_reserve before;
	int err;

	r->token = POISON;
	before = *r;
	err = command(fd, NETPORT_IOC_RESERVE, r);
	if (!err && !only_results_written(&before, r)) {
		fprintf(stderr, "# RESERVE wrote more than its results\n");
		return BROKEN;
	}
	return err;
}

/* Reserve what @text says. */
static inline int reserve(int fd, const char *text)
{
	struct netport_reserve r = request(text);

	return reserve_request(fd, &r);
}

/* Likewise, for callers that need the token. */
static inline int reserve_token(int fd, const char *text, __u64 *token)
{
	struct netport_reserve r = request(text);
	int err = reserve_request(fd, &r);

	*token = err ? 0 : r.token;
	return err;
}

/* Pick what @text, with port 0, says; @port may be NULL. */
static inline int pick(int fd, const char *text, unsigned int *port)
{
	struct netport_reserve r = request(text);
	int err;

	if (r.binding.port)
		die("a port to pick: %s", text);
	err = reserve_request(fd, &r);
	if (port)
		*port = r.binding.port;
	return err;
}

/* What RESERVE would say; checks that the structure isn't written. */
static inline int available(int fd, const char *text)
{
	struct netport_reserve r = request(text), before;
	int err;

	r.token = POISON;
	before = r;
	err = command(fd, NETPORT_IOC_AVAILABLE, &r);
	if (memcmp(&before, &r, sizeof(r))) {
		fprintf(stderr, "# AVAILABLE wrote\n");
		return BROKEN;
	}
	return err;
}

static inline int release(int fd, __u64 token)
{
	struct netport_release r = { .token = token };

	return command(fd, NETPORT_IOC_RELEASE, &r);
}

static inline int release_request(int fd, const struct netport_reserve *r)
{
	struct netport_release rel = { .binding = r->binding, .options = r->options };

	return command(fd, NETPORT_IOC_RELEASE, &rel);
}

/* Release what reserve() of the same text got. */
static inline int release_key(int fd, const char *text)
{
	struct netport_reserve r = request(text);

	return release_request(fd, &r);
}

/* The candidate after *@c; what comes first when its token is 0. */
static inline int candidate(int fd, struct netport_candidate *c)
{
	struct netport_candidate before, after;
	int err;

	c->reserve.binding.port = 0xcccc;
	if (!c->reserve.token)
		c->cursor = POISON;
	before = *c;
	err = command(fd, NETPORT_IOC_CANDIDATE, c);
	if (err)
		return err;
	after = *c;
	after.cursor = before.cursor;
	before.reserve.binding.port = 0;
	if (!only_results_written(&before.reserve, &after.reserve)) {
		fprintf(stderr, "# CANDIDATE wrote more than its results\n");
		return BROKEN;
	}
	return 0;
}

static inline struct netport_candidate candidate_request(const char *text)
{
	struct netport_candidate c = { .reserve = request(text) };

	return c;
}

static inline int accept_token(int fd, __u64 token)
{
	struct netport_token a = { .token = token };

	return command(fd, NETPORT_IOC_ACCEPT, &a);
}

static inline int get_range(int fd, unsigned int *low, unsigned int *high)
{
	struct netport_range r = { .low = 0xcccc, .high = 0xcccc };
	int err = command(fd, NETPORT_IOC_GET_RANGE, &r);

	*low = r.low;
	*high = r.high;
	return err;
}

static inline int set_range(int fd, unsigned int low, unsigned int high)
{
	struct netport_range r = { .low = low, .high = high };

	return command(fd, NETPORT_IOC_SET_RANGE, &r);
}

/* owners */

/* A new owner, or -1 with errno. */
static inline int try_owner(void)
{
	return open(NETPORT_DEVICE, O_RDWR | O_CLOEXEC);
}

static inline int owner(void)
{
	int fd = try_owner();

	if (fd < 0)
		die("open " NETPORT_DEVICE);
	return fd;
}

/* A new owner of another uid; the caller is root. */
static inline int owner_as(uid_t uid)
{
	int fd;

	setfsuid(uid);
	fd = try_owner();
	setfsuid(0);
	if (fd < 0)
		die("open " NETPORT_DEVICE " as uid %d", uid);
	return fd;
}

/* What a new owner that shares nothing would get for @text. */
static inline int free_for_others(const char *text)
{
	int fd = owner();
	int err = reserve(fd, text);

	close(fd);
	return err;
}

/* Whether nothing at all is held on a port; a reservation of @fd, which has none, tells. */
static inline bool all_free_to(int fd, unsigned int protocol, unsigned int port)
{
	struct netport_reserve r = {
		.binding.families = NETPORT_FAMILY_IPV4 | NETPORT_FAMILY_IPV6,
		.binding.protocol = protocol,
		.binding.port = port,
	};

	return !reserve_request(fd, &r) && !release(fd, r.token);
}

static inline bool all_free(unsigned int protocol, unsigned int port)
{
	int fd = owner();
	bool ok = all_free_to(fd, protocol, port);

	close(fd);
	return ok;
}

/* processes */

/* How a child ended: its exit status, or 256 and the signal. */
static inline int ended(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) != pid)
		if (errno != EINTR)
			die("waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

/* A child that doesn't survive its parent. */
static inline pid_t spawn(void)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

/* In a child: complain, and end as a failure, unless @cond. */
#define CHECK(cond) do {						\
	if (!(cond)) {							\
		fprintf(stderr, "# %s:%d: not so: %s (%s)\n",		\
			__FILE__, __LINE__, #cond, strerror(errno));	\
		_exit(1);						\
	}								\
} while (0)

/* In a child: the same for two numbers. */
#define CHECK_EQ(want, seen) do {					\
	long long __want = (want), __seen = (seen);			\
	if (__want != __seen) {						\
		fprintf(stderr, "# %s:%d: %s is %lld, not %lld\n",	\
			__FILE__, __LINE__, #seen, __seen, __want);	\
		_exit(1);						\
	}								\
} while (0)

/* A pipe on which processes tell each other how far they are. */
struct gate {
	int fd[2];
};

static inline struct gate gate_new(void)
{
	struct gate g;

	if (pipe2(g.fd, O_CLOEXEC))
		die("pipe");
	return g;
}

static inline void gate_open(const struct gate *g)
{
	if (write(g->fd[1], "", 1) != 1)
		die("write to a pipe");
}

static inline void gate_wait(const struct gate *g)
{
	char c;

	if (read(g->fd[0], &c, 1) != 1)
		die("read from a pipe");
}

static inline void become(uid_t uid)
{
	if (setgid(uid) || setuid(uid))
		die("become uid %d", uid);
}

/* Send a file, with MSG_DONTWAIT or without: 0 or an errno. */
static inline int pass_fd(int sock, int fd, int flags)
{
	char control[CMSG_SPACE(sizeof(fd))] = { 0 };
	struct iovec iov = { .iov_base = (void *)"", .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	return sendmsg(sock, &msg, flags) == 1 ? 0 : errno;
}

/* Likewise receive one: -1 if there is none in the message. */
static inline int take_fd(int sock, int *fd, int flags)
{
	char control[CMSG_SPACE(sizeof(*fd))], c;
	struct iovec iov = { .iov_base = &c, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg;

	*fd = -1;
	if (recvmsg(sock, &msg, flags | MSG_CMSG_CLOEXEC) != 1)
		return errno;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (cmsg && cmsg->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(cmsg), sizeof(*fd));
	return 0;
}

static inline void send_fd(int sock, int fd)
{
	errno = pass_fd(sock, fd, 0);
	if (errno)
		die("sendmsg");
}

static inline int receive_fd(int sock)
{
	int fd;

	errno = take_fd(sock, &fd, 0);
	if (errno)
		die("recvmsg");
	if (fd < 0)
		die("no file in the message");
	return fd;
}

/* files of /proc and /sys */

static inline int try_write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return errno;
	n = write(fd, text, strlen(text));
	if (n < 0) {
		int err = errno;

		close(fd);
		return err;
	}
	close(fd);
	return 0;
}

static inline void write_file(const char *path, const char *text)
{
	errno = try_write_file(path, text);
	if (errno)
		die("write '%s' to %s", text, path);
}

/* The beginning of a file, as a string without the last newline; NULL without it. */
static inline char *read_file(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return NULL;
	n = read(fd, buf, size - 1);
	close(fd);
	if (n < 0)
		return NULL;
	if (n && buf[n - 1] == '\n')
		n--;
	buf[n] = 0;
	return buf;
}

/* Namespaced by the task that opens them. */
#define RESERVED_PORTS	"/proc/sys/net/ipv4/ip_local_reserved_ports"
#define FIRST_UNPRIVILEGED	"/proc/sys/net/ipv4/ip_unprivileged_port_start"
#define CHAINS	"/sys/kernel/debug/netport/chains"

/*
 * Owners don't keep a namespace alive.  The one that is left here stays as long as the
 * process, unless the caller closes the file that is returned.
 */
static inline int new_netns(void)
{
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || unshare(CLONE_NEWNET))
		die("unshare(CLONE_NEWNET)");
	return fd;
}

/* What a test may have set in the program's namespace, as it was in the beginning. */
static inline void restore_netns(void)
{
	int fd = owner();

	if (set_range(fd, 16000, 65535))
		die("restore the range");
	close(fd);
	if (!access(RESERVED_PORTS, W_OK))
		write_file(RESERVED_PORTS, "\n");
	if (!access(FIRST_UNPRIVILEGED, W_OK))
		write_file(FIRST_UNPRIVILEGED, "1024");
}

static inline void sleep_ms(unsigned int ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	nanosleep(&t, NULL);
}

/* For what the kernel counts on each CPU by itself. */
static inline void stay_on_first_cpu(void)
{
	cpu_set_t first;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	if (sched_setaffinity(0, sizeof(first), &first))
		die("sched_setaffinity");
}

static inline unsigned long env_number(const char *name, unsigned long fallback)
{
	const char *text = getenv(name);

	return text && *text ? strtoul(text, NULL, 0) : fallback;
}

/*
 * How often something is to be done, which is less where whoever runs it says so, as for a kernel
 * that checks itself, and in a 32-bit program: that is for what is different there.
 */
static inline unsigned int so_many(const char *name, unsigned int n, unsigned int fewer)
{
	return env_number(name, getenv("NETPORT_FEWER") || sizeof(long) == 4 ? fewer : n);
}

/* All the programs' main(). */
static inline int selftest_main(int argc, char **argv)
{
	if (geteuid()) {
		printf("1..0 # SKIP needs root\n");
		return KSFT_SKIP;
	}
	close(new_netns());
	return test_harness_run(argc, argv);
}

#define SELFTEST_MAIN							\
	int main(int argc, char **argv)					\
	{								\
		return selftest_main(argc, argv);			\
	}

#endif /* _SELFTEST_H */
