/* SPDX-License-Identifier: GPL-2.0 */
/* An instance of tracefs that has nothing but the module's events. */
#ifndef TRACEFS_H
#define TRACEFS_H

/*
 * Made, with the events of network namespace @netns on, until this process exits; returns a
 * descriptor of its pipe, which doesn't block.
 */
int open_trace_pipe(unsigned int netns);

#endif
