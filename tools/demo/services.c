// SPDX-License-Identifier: GPL-2.0
/*
 * services - reserve every service of /etc/services for its protocol, on every address
 *
 * services list	reserve all, print them by protocol, and hold them until SIGTERM
 * services free	reserve all, say how it went, and leave
 * services held	expect that each is refused because somebody has it
 */
#include "demo.h"

#define SERVICES	"/etc/services"
#define PROTOCOLS	"/etc/protocols"
#define MAX_PROTOCOLS	16
#define MAX_SERVICES	16384
#define SAMPLES		3

struct protocol {
	char		name[16];
	int		number;		/* -1 if it has none */
	unsigned int	listed;
	unsigned int	services;	/* of those, how many were tried */
	unsigned int	aliases;	/* of a port that an earlier line has */
	unsigned int	reserved;
	unsigned int	in_use;
	unsigned int	low, high;
	char		samples[96];
	bool		seen[65536];
};

struct service {
	char		name[64];
	unsigned int	port;
	struct protocol	*protocol;
};

static struct protocol protocols[MAX_PROTOCOLS];
static int nprotocols;
static struct service services[MAX_SERVICES];
static int nservices;

static FILE *open_table(const char *path)
{
	FILE *f = fopen(path, "r");

	if (!f)
		err(1, "can't open %s", path);
	return f;
}

static bool next_line(FILE *f, char *line, int size)
{
	if (!fgets(line, size, f))
		return false;
	line[strcspn(line, "#\n")] = 0;
	return true;
}

static int protocol_number(const char *wanted)
{
	FILE *f = open_table(PROTOCOLS);
	char line[512], name[16];
	int number, found = -1;

	while (found < 0 && next_line(f, line, sizeof(line)))
		if (sscanf(line, "%15s %d", name, &number) == 2 && !strcmp(name, wanted))
			found = number;
	fclose(f);
	return found;
}

static struct protocol *protocol_of(const char *name)
{
	struct protocol *p;

	for (p = protocols; p < protocols + nprotocols; p++)
		if (!strcmp(p->name, name))
			return p;
	if (nprotocols == MAX_PROTOCOLS)
		errx(1, "more than %d protocols in %s", MAX_PROTOCOLS, SERVICES);
	nprotocols++;
	snprintf(p->name, sizeof(p->name), "%s", name);
	p->number = protocol_number(name);
	return p;
}

static void add_sample(struct protocol *p, const struct service *s)
{
	size_t len = strlen(p->samples);

	/* SAMPLES of them, evenly spread over the list. */
	if ((p->services - 1) * SAMPLES % p->listed >= SAMPLES)
		return;
	snprintf(p->samples + len, sizeof(p->samples) - len, "%s%s %u", len ? ", " : "",
		 s->name, s->port);
}

static void read_services(void)
{
	FILE *f = open_table(SERVICES);
	char line[512], name[16];

	while (nservices < MAX_SERVICES && next_line(f, line, sizeof(line))) {
		struct service *s = &services[nservices];

		if (sscanf(line, "%63s %u/%15s", s->name, &s->port, name) != 3 ||
		    !s->port || s->port > 65535)
			continue;
		s->protocol = protocol_of(name);
		s->protocol->listed++;
		nservices++;
	}
	fclose(f);
}

static int reserve_service(int fd, const struct service *s)
{
	struct netport_reserve r = {
		.binding.families = NETPORT_FAMILY_IPV4 | NETPORT_FAMILY_IPV6,
		.binding.protocol = s->protocol->number,
		.binding.port = s->port,
	};

	return ioctl(fd, NETPORT_IOC_RESERVE, &r) ? errno : 0;
}

/* Returns how long the reserving took, in microseconds. */
static double reserve_all(int fd)
{
	double spent = 0;

	for (struct service *s = services; s < services + nservices; s++) {
		struct protocol *p = s->protocol;
		double begun;
		int error;

		if (p->number < 0)
			continue;
		p->services++;
		if (p->seen[s->port]) {
			p->aliases++;
			continue;
		}
		p->seen[s->port] = true;
		if (!p->low || s->port < p->low)
			p->low = s->port;
		if (s->port > p->high)
			p->high = s->port;

		begun = now_us();
		error = reserve_service(fd, s);
		spent += now_us() - begun;
		if (!error) {
			p->reserved++;
			add_sample(p, s);
		} else if (error == EADDRINUSE) {
			p->in_use++;
		} else {
			printf("   %s %u/%s: %s\n", s->name, s->port, p->name, strerror(error));
		}
	}
	return spent;
}

static void print_table(void)
{
	printf("   %-9s %6s %9s %9s  %-10s  %s\n", "protocol", "number", "services", "reserved",
	       "ports", "for example");
	for (struct protocol *p = protocols; p < protocols + nprotocols; p++) {
		char range[16];

		if (p->number < 0) {
			printf("   %-9s has no number in %s: left out\n", p->name, PROTOCOLS);
			continue;
		}
		snprintf(range, sizeof(range), p->low < p->high ? "%u-%u" : "%u", p->low, p->high);
		printf("   %-9s %6d %9u %9u  %-10s  %s\n", p->name, p->number, p->services,
		       p->reserved, range, p->samples);
	}
}

int main(int argc, char **argv)
{
	unsigned int total = 0, reserved = 0, in_use = 0, aliases = 0;
	bool list, held;
	double spent;
	sigset_t set;
	int fd, sig;

	if (argc != 2 || (strcmp(argv[1], "list") && strcmp(argv[1], "free") &&
			  strcmp(argv[1], "held")))
		errx(2, "usage: services list|free|held");
	list = !strcmp(argv[1], "list");
	held = !strcmp(argv[1], "held");
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);

	fd = open_owner();
	read_services();
	spent = reserve_all(fd);

	if (list)
		print_table();
	for (struct protocol *p = protocols; p < protocols + nprotocols; p++) {
		total += p->services - p->aliases;
		aliases += p->aliases;
		reserved += p->reserved;
		in_use += p->in_use;
	}
	if (aliases)
		printf("   %u more name a port that another service has\n", aliases);
	if (held)
		printf("   %u of %u refused with EADDRINUSE\n", in_use, total);
	else
		printf("   %u of %u reserved, in %.1f ms\n", reserved, total, spent / 1e3);
	fflush(stdout);
	if (!total || (held ? in_use : reserved) != total)
		return 1;
	if (list)
		sigwait(&set, &sig);
	return 0;
}
