/*
 * kept.h - defaults that a relay keeps from the time when it was set up.
 *
 * Today's default of filter_incoming is true. It was false until the
 * services' copy of the settings began to name it always. So a copy
 * without the key is of an older relay, which keeps false; the copy that
 * is written then says so, and every later one the same, until the
 * operator's file has the key.
 */
#ifndef CMDEPLOY_RELAY_KEPT_H
#define CMDEPLOY_RELAY_KEPT_H

#include "cmdeploy/relay/relay.h"

/*
 * Sets filter_incoming in relay->config, and the variable kept_settings:
 * what the services' copy has beyond the operator's file, or "". The
 * variable kept_note is for the operator: not "" when they are to be told.
 */
void kept_apply(struct relay *relay);

#endif
