/*
 * loop.h - the end of an event loop: what it served is being taken down,
 * and nothing may be planned on it any more (sd_event answers -ESTALE).
 */
#ifndef LIB_LOOP_H
#define LIB_LOOP_H

#include <stdbool.h>
#include <systemd/sd-event.h>

static inline bool loop_is_over(sd_event *event)
{
	return sd_event_get_state(event) == SD_EVENT_FINISHED;
}

#endif
