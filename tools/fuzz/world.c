// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's side: namespaces, uids, capabilities, and processes that have files.
 */
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "fuzz.h"

struct peer peer[PEERS];
struct space space[SPACES];

static int base;		/* the namespace that was there before */
static int here = -1;		/* which this process is in */
static unsigned int spaces;	/* how many there were */
static unsigned int uids;	/* the first of this episode's */

__u64 now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

void nap_us(unsigned int us)
{
	struct timespec t = { .tv_nsec = us * 1000L };

	nanosleep(&t, NULL);
}

/* Memory that isn't copied, page by page, after each fork. */
void *unforked(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		die("mmap");
	return p;
}

/* Of what an episode leaves behind nothing is to count in the next. */
unsigned int real_uid(int uid)
{
	return uids + uid;
}

void set_caps(unsigned int caps)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	static unsigned int now = CAPS;

	if (caps == now)
		return;
	now = caps;
	if (syscall(SYS_capget, &head, data))
		die("capget");
	data[0].effective = data[0].permitted;
	if (!(caps & CAP_BIND))
		data[0].effective &= ~(1U << CAP_NET_BIND_SERVICE);
	if (!(caps & CAP_ADMIN))
		data[0].effective &= ~(1U << CAP_NET_ADMIN);
	if (syscall(SYS_capset, &head, data))
		die("capset");
}

/* namespaces */

void enter(int s)
{
	if (here == s)
		return;
	if (setns(space[s].fd, CLONE_NEWNET))
		die("setns");
	here = s;
}

/* To where nobody minds: a namespace stays as long as somebody is in it. */
void leave(void)
{
	if (here == -1)
		return;
	if (setns(base, CLONE_NEWNET))
		die("setns");
	here = -1;
}

int open_owner(int s, int uid)
{
	int fd;

	enter(s);
	setfsuid(real_uid(uid));
	fd = open(NETPORT_DEVICE, O_RDWR | O_CLOEXEC);
	setfsuid(0);
	if (fd < 0)
		die("open " NETPORT_DEVICE);
	return fd;
}

void own_name(struct who *who)
{
	who->pid = getpid();
	memset(who->comm, 0, sizeof(who->comm));
	prctl(PR_GET_NAME, who->comm);
}

void write_proc(int s, const char *path, const char *text)
{
	int fd;

	enter(s);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		die("write '%s' to %s", text, path);
	close(fd);
}

void space_new(int s)
{
	leave();
	if (unshare(CLONE_NEWNET))
		die("unshare(CLONE_NEWNET)");
	space[s].fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (space[s].fd < 0)
		die("open a namespace");
	here = s;
	space[s].observer = open(NETPORT_DEVICE, O_RDWR | O_CLOEXEC);
	if (space[s].observer < 0)
		die("open " NETPORT_DEVICE);
	space[s].nr = ++spaces;
}

/* Nobody is in it any more but this process.  To @wait is to see its reservations go. */
void space_end(int s, bool wait)
{
	struct pollfd p = { .fd = space[s].observer };

	leave();
	close(space[s].fd);
	if (wait && (poll(&p, 1, 20000) != 1 || !(p.revents & POLLHUP)))
		failed("the namespace is gone, and poll() of its files doesn't say so");
	close(space[s].observer);
}

/* peers: processes that open files, hold them, wait, and are killed */

static void send_message(int sock, const struct message *m, int fd)
{
	char control[CMSG_SPACE(sizeof(fd))] = { 0 };
	struct iovec iov = { .iov_base = (void *)m, .iov_len = sizeof(*m) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;

	if (fd >= 0) {
		msg.msg_control = control;
		msg.msg_controllen = sizeof(control);
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	}
	if (sendmsg(sock, &msg, MSG_NOSIGNAL) != sizeof(*m))
		die("sendmsg");
}

static bool receive_message(int sock, struct message *m, int *fd)
{
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { .iov_base = m, .iov_len = sizeof(*m) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg;

	*fd = -1;
	if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) != sizeof(*m))
		return false;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (cmsg && cmsg->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(cmsg), sizeof(*fd));
	return true;
}

static void peer_main(int sock)
{
	int files[OWNERS], fd, reply;
	struct message m;
	int i;

	for (i = 0; i < OWNERS; i++)
		files[i] = -1;
	while (receive_message(sock, &m, &fd)) {
		reply = -1;
		m.err = 0;
		switch (m.what) {
		case PEER_OPEN:
			setfsuid(m.uid);
			files[m.slot] = open(NETPORT_DEVICE, O_RDWR | O_CLOEXEC);
			setfsuid(0);
			if (files[m.slot] < 0)
				die("open " NETPORT_DEVICE);
			own_name(&m.who);
			reply = files[m.slot];
			break;
		case PEER_SHARE:
			files[m.slot] = fd;
			break;
		case PEER_FETCH:
			reply = files[m.slot];
			break;
		case PEER_CLOSE:
			close(files[m.slot]);
			files[m.slot] = -1;
			break;
		case PEER_WAIT:
			if (m.q.r.terms.bindings)
				m.q.r.terms.bindings = (uintptr_t)m.q.more;
			if (m.q.r.terms.exclude)
				m.q.r.terms.exclude = (uintptr_t)m.q.exclude;
			set_caps(m.caps);
			/* Each change of these is the end of it. */
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (ioctl(files[m.slot], NETPORT_IOC_REQUEST, &m.q.r))
				m.err = errno;
			break;
		}
		send_message(sock, &m, reply);
	}
	_exit(0);
}

void peer_start(int p, int s)
{
	char name[16];
	struct message m = { .what = -1 };
	int sock[2], fd;

	/* A socket keeps the namespace that it was made in. */
	leave();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock))
		die("socketpair");
	fflush(NULL);
	enter(s);
	peer[p].space = s;
	peer[p].sock = sock[0];
	peer[p].waits = false;
	peer[p].pid = fork();
	if (peer[p].pid < 0)
		die("fork");
	if (peer[p].pid)
		goto parent;

	/* Nothing of the parent's is to live on here. */
	snprintf(name, sizeof(name), "fuzz-peer%d", p);
	prctl(PR_SET_NAME, name);
	dup2(sock[1], 3);
	syscall(SYS_close_range, 4, ~0U, 0);
	send_message(3, &m, -1);
	peer_main(3);
parent:
	close(sock[1]);
	/* Until then it has all that is open here. */
	if (!peer_hear(p, &m, &fd, 10000))
		die("a peer doesn't start");
}

void peer_kill(int p)
{
	int status;

	if (!peer[p].pid)
		return;
	if (kill(peer[p].pid, SIGKILL) || waitpid(peer[p].pid, &status, 0) != peer[p].pid)
		die("kill a peer");
	peer[p].pid = 0;
	close(peer[p].sock);
}

void peer_tell(int p, const struct message *m, int fd)
{
	send_message(peer[p].sock, m, fd);
}

/* An answer, if there is one in time. */
bool peer_hear(int p, struct message *m, int *fd, int ms)
{
	struct pollfd poller = { .fd = peer[p].sock, .events = POLLIN };

	if (poll(&poller, 1, ms) != 1)
		return false;
	if (!receive_message(peer[p].sock, m, fd))
		die("a peer is gone");
	return true;
}

/* Does it sleep where only a kill wakes it?  That is in the module. */
bool peer_sleeps(int p)
{
	char path[64], text[512], *state;
	int fd, n;

	snprintf(path, sizeof(path), "/proc/%d/stat", peer[p].pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return false;
	text[n] = 0;
	state = strrchr(text, ')');
	return state && state[2] == 'D';
}

/* all of it */

/* The limits are small, so that they are met and the table stays small. */
static void set_limit(const char *name, int n)
{
	char path[128], text[16];
	int fd;

	snprintf(path, sizeof(path), "/sys/module/netport/parameters/%s", name);
	snprintf(text, sizeof(text), "%d", n);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die("write %s", path);
	close(fd);
}

void limits(bool small)
{
	set_limit("max_per_owner", small ? PER_OWNER : 65536);
	set_limit("max_per_uid", small ? PER_UID : 262144);
	set_limit("max_per_netns", small ? PER_NETNS : 1048576);
}

void world_init(void)
{
	base = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (base < 0)
		die("open a namespace");
	/* A peer has no use for it, and each fork would have it copied page by page. */
	if (madvise(&model, sizeof(model), MADV_DONTFORK))
		die("madvise");
	/* Of the processes that run at the same time each has its own. */
	uids = 1000000 + getpid() % 1000 * 1000000;
}

/* As a new namespace has it. */
void space_defaults(int s)
{
	model.low[s] = 16000;
	model.high[s] = 65535;
	model.floor[s] = 1024;
	model.reserved[s][0] = 0;
	model.reserved[s][1] = 0;
}

static void space_clean(int s)
{
	struct netport_range range = { .low = 16000, .high = 65535 };

	if (ioctl(space[s].observer, NETPORT_IOC_SET_RANGE, &range))
		die("set the range");
	write_proc(s, "/proc/sys/net/ipv4/ip_local_reserved_ports", "\n");
	write_proc(s, "/proc/sys/net/ipv4/ip_unprivileged_port_start", "1024");
}

/*
 * Begin anew: nothing is held, nobody waits.  @fresh: in namespaces never used before; else
 * that's so already.
 */
void world_reset(bool fresh)
{
	int i;

	set_caps(CAPS);
	for (i = 0; i < OWNERS; i++)
		if (model.owner[i].alive && model.owner[i].fd >= 0)
			close(model.owner[i].fd);
	for (i = 0; i < PEERS && fresh; i++)
		peer_kill(i);
	uids += UIDS;
	memset(&model, 0, sizeof(model));
	changed();
	for (i = 0; i < OWNERS; i++)
		model.owner[i].fd = -1;
	for (i = 0; i < SPACES; i++) {
		if (fresh && space[i].fd)
			space_end(i, false);
		if (fresh)
			space_new(i);
		else
			space_clean(i);
		space_defaults(i);
	}
	for (i = 0; i < PEERS && fresh; i++)
		peer_start(i, i % SPACES);
	model.caps = CAPS;
}
