/*
 * clock.h - time that passes, whatever the calendar says: since some moment
 * in the past. What happens on an event loop has loop_usec() (loop.h).
 */
#ifndef LIB_CLOCK_H
#define LIB_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t clock_usec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static inline uint64_t clock_msec(void)
{
	return clock_usec() / 1000;
}

#endif
