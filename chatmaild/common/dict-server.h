/*
 * dict-server.h - serving Dovecot's dict protocol on connections: what
 * lastlogin and chatmail-metadata share.
 *
 * A program gives a table of handlers. A request is answered at once or
 * later, from the event loop; the answers leave in the order in which the
 * requests of their connection came. Input that is not a dict protocol ends
 * its connection with one line in the log.
 */
#ifndef CHATMAILD_COMMON_DICT_SERVER_H
#define CHATMAILD_COMMON_DICT_SERVER_H

#include <systemd/sd-event.h>

#include "chatmaild/common/dict-request.h"
#include "chatmaild/common/dict-transaction.h"
#include "lib/service.h"

struct dict_server;

/*
 * A handler that is NULL answers: not found, failure. What a
 * handler is shown is valid until it returns. `owner` is the program's.
 */
struct dict_ops {
	void (*lookup)(struct dict_request *request,
		const struct dict_command *command, void *owner);
	void (*commit)(struct dict_request *request,
		const struct dict_transaction *transaction, void *owner);
};

struct dict_server *dict_server_new(
	sd_event *event, const struct dict_ops *ops, void *owner);
/*
 * Closes all connections. Requests that are not answered yet stay valid
 * until they are. Accepts NULL.
 */
void dict_server_free(struct dict_server *server);

/*
 * Serves what connects to the socket at `path` ("unix:" may stand before
 * it).
 */
void dict_server_listen(
	struct dict_server *server, struct service *service, const char *path);

#endif
