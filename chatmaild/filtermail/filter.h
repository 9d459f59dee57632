/*
 * filter.h - what all connections of this process share.
 */
#ifndef CHATMAILD_FILTERMAIL_FILTER_H
#define CHATMAILD_FILTERMAIL_FILTER_H

#include "chatmaild/common/counters.h"
#include "chatmaild/common/policy.h"
#include "chatmaild/common/rate.h"
#include "chatmaild/filtermail/deadline.h"
#include "chatmaild/filtermail/keys.h"
#include "lib/addr.h"
#include "mail/smtp-reply.h"
#include "mail/smtp-session.h"

enum {
	/*
	 * A client that says nothing. Postfix ends its own sessions after
	 * 300 s (smtpd_timeout), so it goes first.
	 */
	CLIENT_IDLE_SEC = 360,
	/*
	 * From a client's command to the answer of the server behind us.
	 * Postfix gives us 100 s (smtpd_proxy_timeout); we answer first.
	 */
	DOWNSTREAM_SEC = 90,
	DOWNSTREAM_MAX_SEC = 3600,
	/*
	 * Each parked connection holds a process of the server behind us, so
	 * they are few, and not for long.
	 */
	PARKED_MAX = 16,
	PARKED_SEC = 2,
	/* Then a new one, or a busy one would never see new settings. */
	DOWNSTREAM_MESSAGES_MAX = 100,

	CLIENT_IN_MAX_BYTES = 65536,
	/* Replies; one of the server behind us and some of our own. */
	CLIENT_OUT_MAX_BYTES = 65536,
	CLIENT_OUT_PAUSE_BYTES = 8192, /* beyond, no command is taken */
	/* A piece of a message, and what did not leave of the one before. */
	DOWNSTREAM_OUT_MAX_BYTES = 262144,
	/*
	 * Postfix counts what its client sends, and puts Received and more
	 * on top of it.
	 */
	SIZE_SLACK_BYTES = 65536,
	XFORWARD_MAX_BYTES = 4096,
	REPLY_MAX_BYTES = 2048,
	/* Incoming: RCPT commands, and a message until the server is ready. */
	RECIPIENTS_MAX_BYTES = 131072,
	HELD_MAX_BYTES = MESSAGE_HEADER_MAX_BYTES + 2 * CLIENT_IN_MAX_BYTES,
};

/* What is counted, as main.c names it. */
enum filter_counter {
	COUNT_FILTERED, /* every message that was judged or refused */
	COUNT_PASSED,
	COUNT_ENCRYPTED, /* of those that passed */
	COUNT_REJECTED,  /* for the first of the reasons, and so on */
};

struct filter {
	sd_event *event;
	struct config_overrides overrides;
	struct config config;
	enum policy_direction direction;
	struct addr forward;  /* the server behind us */
	struct addr accounts; /* doveauth */
	struct smtp_profile profile;
	struct rate *rate;
	struct keys *keys; /* incoming: for signatures */
	struct counters counters;
	struct deadlines idle;    /* clients */
	struct deadlines answers; /* what the server behind us owes */
	struct deadlines parked;  /* connections to it between messages */
	struct client *clients;   /* all that are connected */
	unsigned n_parked;
};

#endif
