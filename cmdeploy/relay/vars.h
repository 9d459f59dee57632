/*
 * vars.h - from the settings to what the templates get; the same for every
 * kind of relay.
 */
#ifndef CMDEPLOY_RELAY_VARS_H
#define CMDEPLOY_RELAY_VARS_H

#include "cmdeploy/relay/relay.h"

/* A variable for each of relay->config, and those that follow from them. */
void vars_set_config(struct relay *relay);

/*
 * The variables that follow from versions of Debian's packages: those that
 * are installed, or else those that apt-get would install. To be called
 * again when packages have been installed.
 */
void vars_set_packages(struct relay *relay);

#endif
