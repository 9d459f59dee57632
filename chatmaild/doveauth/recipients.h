/*
 * recipients.h - tells Postfix who can be sent mail, before it takes any.
 *
 * The protocol is that of Postfix's socketmap_table(5): netstrings with
 * "NAME KEY" in one direction, "OK ...", "NOTFOUND " or "TEMP ..." in the
 * other. A key is an address. What follows "+" in its local part is a tag,
 * which Dovecot takes off as well.
 */
#ifndef CHATMAILD_DOVEAUTH_RECIPIENTS_H
#define CHATMAILD_DOVEAUTH_RECIPIENTS_H

#include <systemd/sd-event.h>

#include "chatmaild/common/user.h"

struct recipients;

/* `users` has to outlive it. */
struct recipients *recipients_new(sd_event *event, const struct users *users);
/* Closes all connections. Accepts NULL. */
void recipients_free(struct recipients *recipients);

/* Serves an accepted connection; takes fd. */
void recipients_accept(struct recipients *recipients, int fd);

#endif
