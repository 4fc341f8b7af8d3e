/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What bench.h is to programs: medians by the clock, which counts instructions on the machine
 * of make bench.
 */
#ifndef _MEASURE_H
#define _MEASURE_H

#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/sort.h>

#define SAMPLES	101
#define CALLS	64

static int by_number(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

static u64 median(u64 *sample)
{
	sort(sample, SAMPLES, sizeof(*sample), by_number, NULL);
	return sample[SAMPLES / 2];
}

static u64 clock_cost(u64 *sample)
{
	u64 start;
	uint i;

	for (i = 0; i < SAMPLES; i++) {
		start = ktime_get_ns();
		sample[i] = ktime_get_ns() - start;
	}
	return median(sample);
}

/* Hundredths of a nanosecond that @work takes, which returns 0 or an errno, as this does. */
static int measure(int (*work)(void *data), void *data, uint *result)
{
	static u64 sample[SAMPLES];
	u64 start, cost = clock_cost(sample);
	int err = 0;
	uint i, j;

	for (i = 0; i < SAMPLES && !err; i++) {
		start = ktime_get_ns();
		for (j = 0; j < CALLS && !err; j++)
			err = work(data);
		sample[i] = ktime_get_ns() - start;
	}
	*result = div_u64((median(sample) - cost) * 100, CALLS);
	return err;
}

#endif /* _MEASURE_H */
