/*
 * vars.h - from the operator's chatmail.ini to what the services and the
 * templates get; the same for every kind of relay.
 */
#ifndef CMDEPLOY_RELAY_VARS_H
#define CMDEPLOY_RELAY_VARS_H

#include "cmdeploy/relay/relay.h"

/*
 * Sets relay->config and the variable services_ini: all settings in full.
 * `pairs` (key, value, ..., NULL) stand in place of the operator's.
 */
int vars_make_config(struct relay *relay, const struct config *operators,
	const char *const *pairs, struct buf *why) MUST_CHECK;

/* A variable for each setting, and those that follow from them. */
void vars_set_config(struct relay *relay);

#endif
