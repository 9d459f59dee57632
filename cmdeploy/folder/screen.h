/*
 * screen.h - what a person is shown of a relay that runs.
 */
#ifndef CMDEPLOY_FOLDER_SCREEN_H
#define CMDEPLOY_FOLDER_SCREEN_H

#include "cmdeploy/relay/relay.h"

/* The code and the link by which an app gets an account. */
void screen_link(const struct relay *relay);

/* The same of a relay on a server, whether it is there already or not. */
void screen_invitation(const struct config *config);

/* All of it: address, ports, code, link, logs, how to stop. */
void screen_show(const struct relay *relay, bool is_detached);

#endif
