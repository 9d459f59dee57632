/*
 * request.h - one POST of another relay: a message and its envelope.
 *
 * X-Mail-From is the sender (absent: the null sender), each X-Mail-To a
 * recipient or several with commas between them, X-Real-IP what nginx says
 * about who it is. The answer's body is the reply of SMTP: 200 once the
 * message is queued for all recipients, 400 when it is refused for any of
 * them, 413 when it is too large, 405 for another method than POST, 503 when
 * there is trouble here. What was refused was queued for nobody.
 */
#ifndef CHATMAILD_MXDELIV_REQUEST_H
#define CHATMAILD_MXDELIV_REQUEST_H

#include <microhttpd.h>
#include <systemd/sd-event.h>

#include "chatmaild/common/config.h"
#include "lib/addr.h"

enum {
	/* In one request; they are few, since Postfix sends 50 at once. */
	REQUEST_RECIPIENTS_MAX = 1000,
	/* At once; for one more the slowest client's is ended. */
	REQUESTS_MAX = 100,
};

struct receiver {
	sd_event *event;
	struct addr filter;
	struct config_overrides overrides;
	struct config config;
	struct request *requests; /* all that are under way */
	unsigned n_requests;
	/* Runs libmicrohttpd, which does not notice who was woken. */
	sd_event_source *timer;
};

/* For libmicrohttpd; `owner` is the receiver. */
enum MHD_Result request_on_access(void *owner,
	struct MHD_Connection *connection, const char *path, const char *method,
	const char *version, const char *upload, size_t *upload_len,
	void **state);
void request_on_completed(void *owner, struct MHD_Connection *connection,
	void **state, enum MHD_RequestTerminationCode why);
/* Before another connection comes: REQUESTS_MAX. */
void request_make_room(struct receiver *receiver);
/* Wakes those that wait, for libmicrohttpd to end them. */
void request_wake_all(struct receiver *receiver);

#endif
