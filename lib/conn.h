/*
 * conn.h - a buffered stream connection on the event loop.
 *
 * Bytes that arrive are handed to on_input; bytes to send are appended
 * to conn_out() and leave when the handler returns, or at conn_flush().
 * Memory is held only while there is something in it: an idle connection
 * costs its structs.
 *
 * Ownership: conn_new() takes the descriptor. The connection lives until
 * conn_close(), which frees it at once: afterwards the owner must not
 * touch it. Callbacks may close their own connection; conn notices.
 */
#ifndef LIB_CONN_H
#define LIB_CONN_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "lib/addr.h"
#include "lib/buf.h"

struct conn;

struct conn_ops {
	/*
	 * `in` is all that has arrived and was not consumed yet. Returns
	 * how many bytes are done with; the rest comes again, together
	 * with what follows it. Not called while paused. When the peer
	 * has sent in_max bytes of which nothing is consumed, the
	 * connection ends with -EMSGSIZE.
	 */
	size_t (*on_input)(struct conn *c, struct slice in);
	/* Everything in conn_out() has been written. May be NULL. */
	void (*on_drained)(struct conn *c);
	/* A connect has succeeded. May be NULL. */
	void (*on_connected)(struct conn *c);
	/*
	 * A negative errno: the connection is broken; -ETIMEDOUT when
	 * nothing moved for the time given to conn_set_timeout(). The owner
	 * calls conn_close() in here. 0: the peer will send no more. It may
	 * still read, so the owner may close the connection later, and is
	 * told of an error that comes until then.
	 */
	void (*on_end)(struct conn *c, int error);
};

enum {
	CONN_LINGER_USEC = 30 * 1000000,
};

struct conn_limits {
	size_t in_max;  /* bytes held unconsumed */
	size_t out_max; /* bytes waiting to be written */
	/*
	 * How long conn_close_when_sent() goes on while the peer takes
	 * nothing; 0: CONN_LINGER_USEC.
	 */
	uint64_t linger_usec;
};

/* Takes fd. `owner` is for conn_owner(). */
int conn_new(sd_event *event, int fd, const struct conn_ops *ops,
	const struct conn_limits *limits, void *owner,
	struct conn **ret_conn) MUST_CHECK;
/* The same for a connection that is yet to be made: on_connected tells. */
int conn_connect(sd_event *event, const struct addr *addr,
	const struct conn_ops *ops, const struct conn_limits *limits,
	void *owner, struct conn **ret_conn) MUST_CHECK;
/* Accepts NULL. What is still in conn_out() is dropped. */
void conn_close(struct conn *c);
/*
 * Writes what is in conn_out(), then closes, also when the peer takes none
 * of it for too long; no callback any more.
 */
void conn_close_when_sent(struct conn *c);
/*
 * The same, where the peer was asked for the end: what is written leaves
 * in one packet with it. Bytes that come in after all may cost the peer
 * both.
 */
void conn_close_together(struct conn *c);

void *conn_owner(const struct conn *c);
int conn_fd(const struct conn *c);

/* Append here; over-full output ends the connection with -ENOBUFS. */
struct buf *conn_out(struct conn *c);
/* Sends what can be sent now. Needed outside of callbacks only. */
void conn_flush(struct conn *c);
/*
 * Sends what is in conn_out(), then `data`, as far as that goes at once,
 * and keeps the rest; what need not wait is never copied. Calls nobody
 * back: a failure shows later, from the loop. So it is safe anywhere.
 */
void conn_send(struct conn *c, struct slice data);
/* Bytes accepted by conn_out() and not yet written. */
size_t conn_pending(const struct conn *c);

/* Back-pressure: while paused nothing is read and on_input is silent. */
void conn_pause(struct conn *c);
void conn_resume(struct conn *c);

/*
 * Ends the connection after `usec` in which no byte moved in or out;
 * 0: never. Cheap to call; accurate to a quarter of the time.
 */
void conn_set_timeout(struct conn *c, uint64_t usec);

#endif
