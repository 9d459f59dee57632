/* deadline.c - a ring of deadlines, and the timer of the first. */
#include "chatmaild/filtermail/deadline.h"

#include "lib/die.h"
#include "lib/loop.h"

static void arm(struct deadlines *all)
{
	struct deadline *first = all->list.next;

	if (all->is_armed || first == &all->list)
		return;
	if (sd_event_source_set_time(all->timer, first->due) < 0 ||
		sd_event_source_set_enabled(all->timer, SD_EVENT_ONESHOT) < 0)
		bug("cannot set a timer");
	all->is_armed = true;
}

static int on_timer(
	sd_event_source *s UNUSED, uint64_t usec UNUSED, void *userdata)
{
	struct deadlines *all = userdata;
	uint64_t now = loop_usec(all->event);

	all->is_armed = false;
	while (all->list.next != &all->list && all->list.next->due <= now) {
		struct deadline *d = all->list.next;
		deadline_stop(d);
		all->on_due(d);
	}
	arm(all);
	return 0;
}

int deadlines_init(struct deadlines *all, sd_event *event, uint64_t usec,
	void (*on_due)(struct deadline *))
{
	*all = (struct deadlines){
		.event = event,
		.usec = usec,
		.on_due = on_due,
	};
	all->list.prev = all->list.next = &all->list;
	int r = sd_event_add_time(event, &all->timer, CLOCK_MONOTONIC, 0,
		usec / 20 + 1, on_timer, all);
	if (r < 0)
		return r;
	return sd_event_source_set_enabled(all->timer, SD_EVENT_OFF);
}

void deadlines_release(struct deadlines *all)
{
	sd_event_source_disable_unref(all->timer);
	all->timer = NULL;
}

void deadline_start(struct deadlines *all, struct deadline *d)
{
	deadline_stop(d);
	d->due = loop_usec(all->event) + all->usec;
	d->prev = all->list.prev;
	d->next = &all->list;
	d->prev->next = d;
	d->next->prev = d;
	arm(all);
}

void deadline_stop(struct deadline *d)
{
	if (!d->next)
		return;
	d->prev->next = d->next;
	d->next->prev = d->prev;
	d->prev = d->next = NULL;
}
