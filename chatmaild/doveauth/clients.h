/*
 * clients.h - those that have people log in: imap-login and Postfix, on
 * connections in Dovecot's authentication protocol (mail/auth/protocol.h).
 *
 * A wrong password is told late, so that guessing takes time. A good one
 * of imap-login waits to be picked up by a master. Where Postfix would take
 * a temporary failure for a wrong password, its connection is ended instead:
 * it then tells its client to come again.
 */
#ifndef CHATMAILD_DOVEAUTH_CLIENTS_H
#define CHATMAILD_DOVEAUTH_CLIENTS_H

#include <systemd/sd-event.h>

#include "chatmaild/doveauth/login.h"

struct clients;

/* `logins` has to outlive the connections and be freed before the clients. */
struct clients *clients_new(sd_event *event, struct logins *logins);
/* Closes all connections. Accepts NULL. */
void clients_free(struct clients *clients);

/* Serves an accepted connection; takes fd. */
void clients_accept(struct clients *clients, int fd);

/*
 * Whether login `id` of the client with this pid and cookie was good: once.
 * The user is appended to *ret_user.
 */
bool clients_pick_up(struct clients *clients, uint64_t pid, uint64_t id,
	struct slice cookie, struct buf *ret_user);

#endif
