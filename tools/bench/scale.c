// SPDX-License-Identifier: GPL-2.0
/*
 * scale WORK THREADS MS - prints how often a second THREADS threads do the work, each on a CPU
 * of its own, by wall clock.  WORK: control (system calls that have nothing in common), netport
 * (reserve + release, different ports), read (is a port available?), udp, tcp.
 */
#include "bench.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>

#include <linux/netport.h>

#define THREADS_MAX	8

struct thread {
	pthread_t id;
	unsigned int cpu;
	unsigned long done;
	int fd;
	struct netport_reserve want;
	struct sockaddr_in name;
};

static void (*work)(struct thread *t);
static int type;
static pthread_barrier_t together;
static uint64_t duration;

static void work_control(struct thread *t)
{
	(void)t;
	getppid();
}

static void work_netport(struct thread *t)
{
	struct netport_reserve r = t->want;
	struct netport_release rel = { .token = 0 };

	if (ioctl(t->fd, NETPORT_IOC_RESERVE, &r))
		err(1, "NETPORT_IOC_RESERVE");
	rel.token = r.token;
	if (ioctl(t->fd, NETPORT_IOC_RELEASE, &rel))
		err(1, "NETPORT_IOC_RELEASE");
}

static void work_read(struct thread *t)
{
	if (ioctl(t->fd, NETPORT_IOC_AVAILABLE, &t->want))
		err(1, "NETPORT_IOC_AVAILABLE");
}

static void work_socket(struct thread *t)
{
	int s = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	if (s < 0 || bind(s, (struct sockaddr *)&t->name, sizeof(t->name)))
		err(1, "bind");
	close(s);
}

static void *run(void *arg)
{
	struct thread *t = arg;
	uint64_t end;
	cpu_set_t set;
	int i;

	CPU_ZERO(&set);
	CPU_SET(t->cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		err(1, "sched_setaffinity to CPU %u", t->cpu);
	for (i = 0; i < 1000; i++)
		work(t);
	pthread_barrier_wait(&together);
	end = now() + duration;
	do {
		for (i = 0; i < 64; i++)
			work(t);
		t->done += 64;
	} while (now() < end);
	return NULL;
}

static void prepare(struct thread *t, unsigned int cpu)
{
	unsigned int port = 20000 + 5000 * cpu;

	t->cpu = cpu;
	t->fd = open(NETPORT_DEVICE, O_RDWR | O_CLOEXEC);
	if (t->fd < 0)
		err(1, NETPORT_DEVICE);
	t->want.binding = (struct netport_binding){
		.families = NETPORT_FAMILY_IPV4, .protocol = IPPROTO_UDP, .port = port,
		.addr = { 127, 0, 0, 1 + cpu },
	};
	t->name = (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK + cpu),
	};
}

static bool choose(const char *name)
{
	if (!strcmp(name, "control"))
		work = work_control;
	else if (!strcmp(name, "netport"))
		work = work_netport;
	else if (!strcmp(name, "read"))
		work = work_read;
	else
		work = work_socket;
	type = strcmp(name, "tcp") ? SOCK_DGRAM : SOCK_STREAM;
	return work != work_socket || !strcmp(name, "tcp") || !strcmp(name, "udp");
}

int main(int argc, char **argv)
{
	static struct thread thread[THREADS_MAX];
	unsigned int i, n = argc == 4 ? atoi(argv[2]) : 0;
	double sum = 0;

	if (n < 1 || n > THREADS_MAX || !choose(argv[1]))
		errx(2, "usage: %s control|netport|read|udp|tcp THREADS MS", argv[0]);
	duration = atoi(argv[3]) * 1000000ULL;
	pthread_barrier_init(&together, NULL, n);
	for (i = 0; i < n; i++) {
		prepare(&thread[i], i);
		if (pthread_create(&thread[i].id, NULL, run, &thread[i]))
			errx(1, "pthread_create");
	}
	for (i = 0; i < n; i++) {
		pthread_join(thread[i].id, NULL);
		sum += thread[i].done;
	}
	printf("%.0f\n", sum * 1e9 / duration);
	return 0;
}
