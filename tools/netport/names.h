/* SPDX-License-Identifier: GPL-2.0 */
/* Numbers and their names, beyond those that libnetport knows. */
#ifndef NAMES_H
#define NAMES_H

#include <stdbool.h>

bool parse_number(const char *s, unsigned int max, unsigned int *value);
unsigned int parse_protocol(const char *s);
unsigned int parse_port(const char *s, unsigned int protocol);
unsigned int parse_device(const char *s);

/* NULL where there is none. */
const char *service_name(unsigned int protocol, unsigned int port);
const char *device_name(unsigned int ifindex);
const char *user_name(unsigned int uid);

#endif
