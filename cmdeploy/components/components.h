/*
 * components.h - the components of a relay, in the order in which they are
 * set up. The lists are made from the components' own meson.build.
 */
#ifndef CMDEPLOY_COMPONENTS_COMPONENTS_H
#define CMDEPLOY_COMPONENTS_COMPONENTS_H

#include "cmdeploy/apply/component.h"

/* Those of a relay in a private folder; ended by NULL. */
extern const struct component *const components_private[];
/* Those of a relay that has the server for itself. */
extern const struct component *const components_server[];
/* Of those, what a certificate authority wants to see. */
extern const struct component *const components_web[];
/* The web pages alone. */
extern const struct component *const components_website[];

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

#endif
