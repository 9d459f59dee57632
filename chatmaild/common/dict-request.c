/* dict-request.c - the queue of answers of one connection. */
#include "chatmaild/common/dict-request.h"

#include "chatmaild/common/limits.h"
#include "lib/die.h"

struct dict_request {
	struct dict_request *next;
	struct dict_requests *all; /* NULL: gone, the answer goes nowhere */
	uint64_t id;               /* of the transaction */
	bool is_commit;
	bool is_answered;
	struct buf text;
};

static void request_free(struct dict_request *request)
{
	buf_release_secret(&request->text);
	free(request);
}

/* The answers that are ready leave, in order, as far as there are any. */
static void send_answers(struct dict_requests *all)
{
	struct dict_request *request;

	while ((request = all->first) && request->is_answered) {
		buf_add_slice(all->out, buf_slice(&request->text));
		all->first = request->next;
		if (!all->first)
			all->tail = &all->first;
		all->n--;
		request_free(request);
	}
}

static void answered(struct dict_request *request)
{
	struct dict_requests *all = request->all;

	if (!all) {
		request_free(request);
		return;
	}
	request->is_answered = true;
	if (all->first != request)
		return;
	send_answers(all);
	all->on_answers(all->owner);
}

static struct buf *answer_to(struct dict_request *request)
{
	bool is_next = request->all && request->all->first == request;

	/* The one that is due may go out without a detour. */
	return is_next ? request->all->out : &request->text;
}

static void add_outcome(struct dict_request *request, enum dict_outcome outcome,
	const char *reason)
{
	dict_add_committed(
		answer_to(request), request->id, outcome, slice_of(reason));
}

void dict_answer_value(struct dict_request *request, struct slice value)
{
	if (request->is_commit)
		bug("a commit is answered with a value");
	dict_add_value(answer_to(request), value);
	answered(request);
}

void dict_answer_none(struct dict_request *request)
{
	if (request->is_commit)
		add_outcome(request, DICT_NOT_FOUND, "");
	else
		dict_add_none(answer_to(request));
	answered(request);
}

void dict_answer_done(struct dict_request *request)
{
	if (!request->is_commit)
		bug("a lookup is answered with an outcome");
	add_outcome(request, DICT_DONE, "");
	answered(request);
}

void dict_answer_fail(struct dict_request *request, const char *reason)
{
	if (request->is_commit)
		add_outcome(request, DICT_FAILED, reason);
	else
		dict_add_fail(answer_to(request), slice_of(reason));
	answered(request);
}

void dict_requests_init(struct dict_requests *all, struct buf *out,
	void (*on_answers)(void *owner), void *owner)
{
	*all = (struct dict_requests){
		.tail = &all->first,
		.out = out,
		.on_answers = on_answers,
		.owner = owner,
	};
}

void dict_requests_release(struct dict_requests *all)
{
	struct dict_request *request;

	while ((request = all->first)) {
		all->first = request->next;
		request->all = NULL;
		if (request->is_answered)
			request_free(request);
	}
}

struct dict_request *dict_requests_add(struct dict_requests *all)
{
	struct dict_request *request = xcalloc(1, sizeof(*request));

	request->all = all;
	request->text = BUF_INIT(DICT_OUT_MAX_BYTES);
	*all->tail = request;
	all->tail = &request->next;
	all->n++;
	return request;
}

struct dict_request *dict_requests_add_commit(
	struct dict_requests *all, uint64_t id)
{
	struct dict_request *request = dict_requests_add(all);

	request->id = id;
	request->is_commit = true;
	return request;
}
