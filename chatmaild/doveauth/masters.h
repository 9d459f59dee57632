/*
 * masters.h - those that ask who has logged in and who users are: imap,
 * lmtp and doveadm, on connections in Dovecot's authentication protocol
 * (mail/auth/protocol.h). "No such user" and "cannot tell now" are different
 * answers.
 */
#ifndef CHATMAILD_DOVEAUTH_MASTERS_H
#define CHATMAILD_DOVEAUTH_MASTERS_H

#include <systemd/sd-event.h>

#include "chatmaild/common/user.h"
#include "chatmaild/doveauth/clients.h"

struct masters;

/* `users` and `clients` have to outlive it. */
struct masters *masters_new(
	sd_event *event, const struct users *users, struct clients *clients);
/* Closes all connections. Accepts NULL. */
void masters_free(struct masters *masters);

/* Serves an accepted connection; takes fd. */
void masters_accept(struct masters *masters, int fd);

#endif
