/*
 * smtp.h - a plain SMTP client, as a person with an ordinary mail program
 * has one: TLS by openssl(1) s_client, AUTH PLAIN, one mail.
 */
#ifndef TESTS_RELAY_SMTP_H
#define TESTS_RELAY_SMTP_H

#include "lib/buf.h"

struct smtp_login {
	const char *host; /* an address; port 465 */
	const char *address;
	const char *password;
	const char *log_path; /* what openssl says */
};

/*
 * Logs in and sends `mail` (lines that end in LF, no dot-stuffing needed)
 * to one recipient. The reply to the end of the mail, or to what was
 * refused before it, goes to *ret_reply: its last line. Negative errno
 * only when the conversation broke.
 */
int smtp_send(const struct smtp_login *login, const char *recipient,
	const char *mail, struct buf *ret_reply, struct buf *why) MUST_CHECK;

#endif
