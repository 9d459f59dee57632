/*
 * sender.h - somebody who sends, by submission over TLS as an app does it:
 * the commands of a message in one go (RFC 2920), over a connection that is
 * kept for the next message or only for this one.
 */
#ifndef CMDEPLOY_LOAD_SENDER_H
#define CMDEPLOY_LOAD_SENDER_H

#include "cmdeploy/load/ledger.h"
#include "cmdeploy/load/link.h"

enum sender_state {
	SENDER_CLOSED,
	SENDER_GREETING,
	SENDER_EHLO,
	SENDER_AUTH,
	SENDER_READY,
	SENDER_ENVELOPE,
	SENDER_CONTENT,
	SENDER_QUIT,
};

struct sender {
	struct link link;
	enum sender_state state;
	bool is_kept;
	bool has_message;
	struct ledger *ledger;
	const struct probe_account *account; /* who sends */
	size_t message;
	size_t n_replies;    /* of the envelope that are missing */
	struct buf envelope; /* the commands up to DATA */
	struct buf content;  /* with its final dot */
	bool is_refused;
	char *failure;
};

/* Connects and logs in. */
int sender_open(struct sender *s, int epoll_fd, const struct probe_relay *p,
	struct buf *why) MUST_CHECK;
/* A message that was added to the ledger; sent when the login is over. */
void sender_give(struct sender *s, size_t message, struct buf *envelope,
	size_t n_replies, struct buf *content);
void sender_close(struct sender *s);

#endif
