// SPDX-License-Identifier: GPL-2.0
/*
 * crash - a worker is killed, and its ports go out again
 *
 * Some workers pick UDP ports of 127.0.0.1 until the range is empty, and bind sockets to
 * them.  One of them gets SIGKILL.  Then exactly its ports, and none of the others', can
 * be picked and bound again.
 */
#include "demo.h"

#define WORKERS		4
#define VICTIM		2

/* Which worker picked a port; 0 is nobody. */
static unsigned char *holder;

/* Picks up to @max ports and binds them; writes down @who holds them. */
static unsigned int pick_and_bind(int fd, unsigned int max, unsigned char who)
{
	unsigned int n, port;

	for (n = 0; n < max; n++) {
		port = pick_loopback(fd, IPPROTO_UDP);
		if (!port)
			break;
		if (bind_loopback(SOCK_DGRAM, port) < 0)
			errx(1, "port %u was picked, but is in use", port);
		holder[port] = who;
	}
	return n;
}

static void work(unsigned int share, unsigned char who, int ready)
{
	char c = 0;

	if (pick_and_bind(open_owner(), share, who) != share)
		errx(1, "worker %d didn't get its %u ports", who, share);
	if (write(ready, &c, 1) != 1)
		err(1, "write");
	pause();
	_exit(0);
}

int main(void)
{
	unsigned int share, again = 0, victims = 0, others = 0;
	unsigned char before[65536];
	struct netport_range range;
	pid_t pids[WORKERS];
	double killed, first, all;
	int fd, ready[2];
	bool full;

	fd = open_owner();
	range = get_range(fd);
	share = (range.high - range.low + 1) / WORKERS;
	if ((range.high - range.low + 1) % WORKERS || share > 900)
		errx(2, "can't share out the range %u-%u among %d", range.low, range.high, WORKERS);
	holder = shared_memory(65536);
	if (pipe(ready))
		err(1, "pipe");

	for (int w = 0; w < WORKERS; w++) {
		char c;

		pids[w] = fork_child();
		if (!pids[w]) {
			close(fd);
			close(ready[0]);
			work(share, w + 1, ready[1]);
		}
		if (w == WORKERS - 1)
			close(ready[1]);
		if (read(ready[0], &c, 1) != 1)
			errx(1, "a worker failed");
	}
	full = !pick_loopback(fd, IPPROTO_UDP);
	printf("   %d workers hold %u ports each; one more pick: %s\n", WORKERS, share,
	       full ? "refused, EADDRNOTAVAIL" : "granted");
	memcpy(before, holder, sizeof(before));

	killed = now_us();
	kill(pids[VICTIM], SIGKILL);
	waitpid(pids[VICTIM], NULL, 0);
	again = pick_and_bind(fd, 1, WORKERS + 1);
	first = now_us();
	again += pick_and_bind(fd, 65536, WORKERS + 1);
	all = now_us();

	for (unsigned int port = range.low; port <= range.high; port++) {
		if (holder[port] != WORKERS + 1)
			continue;
		victims += before[port] == VICTIM + 1;
		others += before[port] != VICTIM + 1;
	}
	printf("   kill -9 of worker %d (pid %d); %.1f ms later, a port is picked and bound\n",
	       VICTIM + 1, pids[VICTIM], (first - killed) / 1e3);
	printf("   %u picks succeed, in %.1f ms: %u ports of the dead worker, %u of the living\n",
	       again, (all - first) / 1e3, victims, others);

	for (int w = 0; w < WORKERS; w++) {
		if (w == VICTIM)
			continue;
		kill(pids[w], SIGKILL);
		waitpid(pids[w], NULL, 0);
	}
	return !full || again != share || victims != share || others;
}
