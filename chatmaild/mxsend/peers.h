/*
 * peers.h - what is known of other relays: which hosts take their mail, and
 * whether port 25 of one of them answers.
 *
 * A peer is found out about when its mail is on its way for the first time,
 * and again after a while, by its MX record and an SMTP greeting. None of it
 * holds up other mail: what is not known yet goes by SMTP, unless port 25 was
 * closed for every relay that was tried lately.
 */
#ifndef CHATMAILD_MXSEND_PEERS_H
#define CHATMAILD_MXSEND_PEERS_H

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "lib/curl-loop.h"
#include "lib/slice.h"

enum {
	/* Beyond, the ones that were found first are forgotten. */
	PEERS_MAX = 5000,
	PEER_NAME_MAX_BYTES = 255,
	/* What was found is true for so long. */
	PEER_KNOWN_SEC = 1800,
	/* Where port 25 was closed, it is tried again sooner. */
	PEER_CLOSED_SEC = 300,
	/* What did not take mail over HTTPS gets it by SMTP for so long. */
	PEER_HTTPS_BAD_SEC = 300,
	/* So many in a row without port 25: it is closed for us. */
	PEERS_CLOSED = 3,
};

struct peers;
struct peer;

struct peers_options {
	bool is_https_first; /* delivery = https */
	bool is_private;     /* names of /etc/hosts, and maybe no DNS */
	bool is_ipv4;        /* nothing else is used */
	const char *bind;    /* the address to send from, or NULL */
	const char *state_path;
};

/* Whoever waits for a peer's host; a member of its owner. */
struct peer_waiter {
	struct peer_waiter *next;
	void (*on_ready)(struct peer_waiter *waiter);
};

struct peers *peers_new(sd_event *event, const struct peers_options *options,
	struct curl_loop *curl);
void peers_free(struct peers *peers); /* accepts NULL */

enum peer_way {
	PEER_BY_SMTP,
	PEER_BY_SMTP_FIRST, /* by HTTPS where nothing answers */
	PEER_BY_HTTPS,
};

/* How its mail goes. Begins to find out what is not known. */
enum peer_way peers_ask(struct peers *peers, struct slice domain);

/* Stays until it is released. */
struct peer *peers_take(struct peers *peers, struct slice domain);
void peer_release(struct peer *peer); /* accepts NULL */

/* Its port 25 answered lately. */
bool peer_is_open(const struct peer *peer);
bool peer_is_resolving(const struct peer *peer);
void peer_wait(struct peer *peer, struct peer_waiter *waiter);
void peer_wait_no_more(struct peer *peer, struct peer_waiter *waiter);
/*
 * The host to be tried now. NULL: there is none, and *ret_reply is what SMTP
 * says then.
 */
const char *peer_host(const struct peer *peer, struct slice *ret_reply);

/*
 * What came of a message that was posted. After a failure it is another
 * host's turn; false when all of them have failed.
 */
void peer_note_taken(struct peer *peer);
bool peer_note_failed(struct peer *peer, const char *host);
/* For every transfer to it: families, addresses, certificates. */
void peer_set_up(const struct peer *peer, CURL *easy);

#endif
