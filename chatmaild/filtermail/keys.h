/*
 * keys.h - asks the machine's resolver for the public keys of DKIM, by
 * libunbound, without blocking the event loop.
 *
 * The resolver checks DNSSEC, follows aliases, and keeps what it knows. On
 * this side libunbound keeps a little for as long as the DNS allows; that
 * there is no key is not kept, so that one published a moment ago is found.
 */
#ifndef CHATMAILD_FILTERMAIL_KEYS_H
#define CHATMAILD_FILTERMAIL_KEYS_H

#include <systemd/sd-event.h>

#include "chatmaild/filtermail/deadline.h"
#include "mail/dkim/key.h"

enum {
	/* A sender waits for it with its final dot. */
	KEY_LOOKUP_SEC = 10,
	/* At a time; beyond, it is trouble. */
	KEY_LOOKUPS_MAX = 1000,
};

enum key_outcome {
	KEY_FOUND,
	KEY_BAD,     /* there is one, and `fault` says why it is no good */
	KEY_NONE,    /* the DNS says that there is none */
	KEY_TROUBLE, /* it cannot be known now */
};

struct key_answer {
	enum key_outcome outcome;
	const char *fault;
	struct dkim_key key; /* the taker releases it */
};

struct keys;
struct key_lookup;

typedef void key_answer_fn(void *owner, const struct key_answer *answer);

/* `resolver` is an address, or NULL for those of /etc/resolv.conf. */
int keys_new(sd_event *event, const char *resolver,
	struct keys **ret_keys) MUST_CHECK;
/* Accepts NULL. No lookup may be under way. */
void keys_free(struct keys *keys);

/* Calls back once, later; NULL: it cannot even be asked. */
struct key_lookup *keys_ask(struct keys *keys, const char *name,
	key_answer_fn *on_answer, void *owner) MUST_CHECK;
/* No call any more. Accepts NULL. */
void key_lookup_cancel(struct key_lookup *lookup);

#endif
