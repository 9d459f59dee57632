/*
 * stories.h - the relay tests: each is a story of people with apps.
 */
#ifndef TESTS_RELAY_STORIES_H
#define TESTS_RELAY_STORIES_H

#include "tests/relay/bed.h"

struct story {
	const char *name;
	size_t n_relays;
	const char *domain; /* of the first relay; NULL: its address */
	/* The relays are up and a core runs. 0, or negative with bed->why. */
	int (*tell)(struct bed *bed);
	const char *settings; /* more of the relays' chatmail.ini, or NULL */
	/* Before the relays start: may set bed->settings. NULL: nothing. */
	int (*prepare)(struct bed *bed);
};

/* flood.c */
extern const char story_flood_settings[];
int story_flood(struct bed *bed);
/* push.c */
int story_push_prepare(struct bed *bed);
int story_push(struct bed *bed);
/* privacy.c */
int story_privacy(struct bed *bed);

extern const struct story stories[];
extern const size_t stories_n;

#endif
