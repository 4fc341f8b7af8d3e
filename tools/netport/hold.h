/* SPDX-License-Identifier: GPL-2.0 */
/* Staying: whoever reserves has to, for an owner is an open file. */
#ifndef HOLD_H
#define HOLD_H

#include <stdbool.h>

#include "want.h"

/* Reserves what is wanted, and stays as long as @req says; returns the exit status. */
int hold(const struct request *req, struct want *w);

/* Until Enter or a signal. */
void hold_until_told(void);
/*
 * Until @command ends; what signals this process is sent it gets.  With @bound it doesn't
 * outlive this process, whatever that dies of.  Returns the exit status.
 */
int hold_while_running(char **command, bool bound);

/* $NETPORT_OWNER for the command: the number of the owner @fd. */
void export_owner(int fd);

#endif
