/*
 * web.h - questions to the web server of a relay, by HTTPS.
 */
#ifndef CMDEPLOY_PROBE_WEB_H
#define CMDEPLOY_PROBE_WEB_H

#include "cmdeploy/probe/probe.h"

enum {
	WEB_ANSWER_MAX_BYTES = 1 << 20,
};

/* What a server has answered. */
struct web_answer {
	long status;
	struct buf head, body;
};

#define AUTO_WEB_ANSWER __attribute__((cleanup(web_answer_release)))
#define WEB_ANSWER_NONE                                                        \
	((struct web_answer){ .head = BUF_INIT(WEB_ANSWER_MAX_BYTES),          \
		.body = BUF_INIT(WEB_ANSWER_MAX_BYTES) })

void web_answer_release(struct web_answer *a);

/*
 * A question to the relay under one of its names ("", "mta-sts."); `post`
 * NULL: GET. 0, or -EPROTO with the reason in p->why.
 */
int web_ask(struct probe_relay *p, const char *label, const char *path,
	const char *post, struct web_answer *ret_answer) MUST_CHECK;
/* The next question makes a new connection. */
void web_disconnect(void);

#endif
