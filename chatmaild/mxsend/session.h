/*
 * session.h - Postfix hands over mail for another relay, by LMTP (RFC 2033)
 * or SMTP, and hears what the other relay said over HTTPS.
 *
 * One domain in a transaction: Postfix has a destination for each.
 */
#ifndef CHATMAILD_MXSEND_SESSION_H
#define CHATMAILD_MXSEND_SESSION_H

#include "chatmaild/mxsend/peers.h"
#include "mail/smtp-session.h"

struct session;

struct sender {
	sd_event *event;
	struct peers *peers;
	struct curl_loop curl;
	struct smtp_profile profile;
	struct session *sessions; /* all that are connected */
};

enum {
	SESSION_IDLE_SEC = 360,
	SESSION_IN_MAX_BYTES = 65536,
	SESSION_OUT_MAX_BYTES = 262144,
	SESSION_RECIPIENTS_MAX_BYTES = 65536,
};

/* Takes the connection. */
void session_accept(struct sender *sender, int fd, bool is_lmtp);
void session_free(struct session *session);

#endif
