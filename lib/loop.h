/*
 * loop.h - the time of an event loop, and its end.
 */
#ifndef LIB_LOOP_H
#define LIB_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

/*
 * Microseconds of a clock that never goes back: when this turn of the loop
 * began. All that a turn does happens at one time, and asks the kernel once.
 */
static inline uint64_t loop_usec(sd_event *event)
{
	uint64_t now = 0;

	sd_event_now(event, CLOCK_MONOTONIC, &now);
	return now;
}

/*
 * What the loop served is being taken down, and nothing may be planned on
 * it any more (sd_event answers -ESTALE).
 */
static inline bool loop_is_over(sd_event *event)
{
	return sd_event_get_state(event) == SD_EVENT_FINISHED;
}

#endif
