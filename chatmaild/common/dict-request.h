/*
 * dict-request.h - requests of one connection of Dovecot's dict protocol
 * that an answer is due to. Each is answered when its program can; the
 * answers leave in the order in which the requests came.
 */
#ifndef CHATMAILD_COMMON_DICT_REQUEST_H
#define CHATMAILD_COMMON_DICT_REQUEST_H

#include "mail/dict.h"

/* An answer that is due. Exactly one dict_answer_*() ends it. */
struct dict_request;

void dict_answer_value(struct dict_request *request, struct slice value);
/* Not found. */
void dict_answer_none(struct dict_request *request);
/* It is done: the answer to a commit. */
void dict_answer_done(struct dict_request *request);
/* A temporary failure; Dovecot logs the reason. */
void dict_answer_fail(struct dict_request *request, const char *reason);

/* Those of a connection, in order; the rest is for who serves it. */
struct dict_requests {
	struct dict_request *first, **tail;
	size_t n;
	struct buf *out; /* what is ready goes here */
	/* Something went there. May release the requests. */
	void (*on_answers)(void *owner);
	void *owner;
};

void dict_requests_init(struct dict_requests *all, struct buf *out,
	void (*on_answers)(void *owner), void *owner);
/*
 * Those that are not answered yet stay valid until they are; their answers
 * go nowhere.
 */
void dict_requests_release(struct dict_requests *all);

/* A lookup; and the commit of transaction `id`. */
struct dict_request *dict_requests_add(struct dict_requests *all);
struct dict_request *dict_requests_add_commit(
	struct dict_requests *all, uint64_t id);

#endif
