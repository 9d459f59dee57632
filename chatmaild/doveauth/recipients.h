/*
 * recipients.h - tells Postfix who can be sent mail, before it takes any,
 * and filtermail who takes encrypted mail only.
 *
 * The protocol is that of chatmaild/common/socketmap.h; the map is the one
 * that chatmaild/common/user.h names, or any for Postfix. A key is an
 * address. What follows "+" in its local part is a tag,
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
