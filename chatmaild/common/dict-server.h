/*
 * dict-server.h - serving Dovecot's dict protocol on connections: what
 * doveauth, lastlogin and chatmail-metadata share.
 *
 * A program gives a table of handlers. A request is answered at once or
 * later, from the event loop; the answers leave in the order in which the
 * requests of their connection came. Input that is no dict protocol ends
 * its connection with one line in the log.
 */
#ifndef CHATMAILD_COMMON_DICT_SERVER_H
#define CHATMAILD_COMMON_DICT_SERVER_H

#include <systemd/sd-event.h>

#include "lib/service.h"
#include "mail/dict.h"

struct dict_server;
/* An answer that is due. Exactly one dict_answer_*() ends it. */
struct dict_request;

struct dict_change {
	struct dict_change *next;
	enum dict_verb verb; /* DICT_SET or DICT_UNSET */
	struct slice key;
	struct slice value;
};

struct dict_transaction {
	struct dict_transaction *next;
	uint64_t id;
	struct slice user; /* from begin; may be empty */
	struct dict_change *changes;
	struct dict_change **tail;
	size_t n_changes;
	size_t n_bytes;
	const char *failure; /* why it cannot be committed, or NULL */
};

/*
 * A handler that is NULL answers: not found, no rows, failure. What a
 * handler is shown is valid until it returns. `owner` is the program's.
 */
struct dict_ops {
	void (*lookup)(struct dict_request *request,
		const struct dict_command *command, void *owner);
	void (*commit)(struct dict_request *request,
		const struct dict_transaction *transaction, void *owner);
	/* Opens an iteration over the keys that begin with `prefix`. */
	int (*iterate)(struct slice prefix, void *owner, void **ret_iteration);
	/* Adds the next row by dict_add_row(): 1, 0 at the end, or broken. */
	int (*iterate_next)(void *iteration, struct buf *out);
	void (*iterate_end)(void *iteration);
};

struct dict_server *dict_server_new(
	sd_event *event, const struct dict_ops *ops, void *owner);
/*
 * Closes all connections. Requests that are not answered yet stay valid
 * until they are. Accepts NULL.
 */
void dict_server_free(struct dict_server *server);

/* Serves an accepted connection; takes fd. */
void dict_server_accept(struct dict_server *server, int fd);

/*
 * Serves what connects to the socket at `path` ("unix:" may stand before
 * it); service->owner becomes the server.
 */
void dict_server_listen(
	struct dict_server *server, struct service *service, const char *path);

void dict_answer_value(struct dict_request *request, struct slice value);
/* Not found. */
void dict_answer_none(struct dict_request *request);
/* It is done: the answer to a commit. */
void dict_answer_done(struct dict_request *request);
/* A temporary failure; Dovecot logs the reason. */
void dict_answer_fail(struct dict_request *request, const char *reason);

#endif
