/* A POST of another relay becomes a message for the filter (request.h). */
#include "chatmaild/mxdeliv/request.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>

#include "chatmaild/mxdeliv/injection.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "mail/smtp-command.h"
#include "mail/smtp-reply.h"

enum {
	WORTH_A_SECOND_BYTES = 10000,
	USEC_PER_SEC = 1000000,
};

#define TROUBLE "451 4.3.0 Temporary trouble; try again later\r\n"

struct request {
	struct request *prev, *next;
	struct receiver *receiver;
	struct MHD_Connection *connection;
	struct injection *injection;
	struct buf envelope;
	struct buf outcome; /* the reply, once it is known */
	unsigned status;
	unsigned n_recipients;
	uint64_t n_bytes; /* of the message, until now */
	uint64_t begun_usec;
	bool is_whole;
	bool is_suspended;
};

static void refuse(struct request *r, unsigned status, struct slice reply)
{
	if (r->outcome.len > 0)
		return;
	buf_add_slice(&r->outcome, reply);
	r->status = status;
}

static void wake(struct request *r)
{
	if (!r->is_suspended)
		return;
	r->is_suspended = false;
	MHD_resume_connection(r->connection);
	if (loop_is_over(r->receiver->event))
		return;
	sd_event_source_set_time_relative(r->receiver->timer, 0);
	sd_event_source_set_enabled(r->receiver->timer, SD_EVENT_ONESHOT);
}

static enum MHD_Result suspend(struct request *r)
{
	r->is_suspended = true;
	MHD_suspend_connection(r->connection);
	return MHD_YES;
}

static void on_room(void *owner)
{
	wake(owner);
}

static void on_outcome(void *owner, struct slice reply)
{
	struct request *r = owner;
	unsigned status = MHD_HTTP_BAD_REQUEST;

	if (reply.ptr[0] == '2')
		status = MHD_HTTP_OK;
	else if (slice_starts(reply, SLICE("552 ")))
		status = MHD_HTTP_CONTENT_TOO_LARGE;
	else if (slice_starts(reply, SLICE("451 4.3.0")))
		status = MHD_HTTP_SERVICE_UNAVAILABLE;
	refuse(r, status, reply);
	wake(r);
}

static const struct injection_ops ops = {
	.on_room = on_room,
	.on_outcome = on_outcome,
};

/* "<a@b.example>" or without the brackets. */
static struct slice bare(struct slice path)
{
	path = slice_trim(path);
	if (path.len >= 2 && path.ptr[0] == '<' &&
		path.ptr[path.len - 1] == '>')
		path = slice_head(slice_from(path, 1), path.len - 2);
	return path;
}

/* Nothing that ends the path, or the line, before its end. */
static bool is_path(struct slice path)
{
	for (size_t i = 0; i < path.len; i++)
		if ((unsigned char)path.ptr[i] <= ' ' ||
			strchr("<>\"\\,\x7f", path.ptr[i]))
			return false;
	return path.len <= SMTP_PATH_MAX_BYTES;
}

static void add_recipient(struct request *r, struct slice path)
{
	if (path.len == 0 || !is_path(path))
		refuse(r, MHD_HTTP_BAD_REQUEST,
			SLICE("501 5.1.3 Bad recipient address syntax\r\n"));
	else if (++r->n_recipients > REQUEST_RECIPIENTS_MAX)
		refuse(r, MHD_HTTP_BAD_REQUEST,
			SLICE("452 4.5.3 Too many recipients\r\n"));
	else
		buf_addf(&r->envelope, "RCPT TO:<%.*s>\r\n", SLICE_FMT(path));
}

/* Servers between us may join repeated headers with commas. */
static enum MHD_Result on_header(void *owner, enum MHD_ValueKind kind UNUSED,
	const char *name, const char *value)
{
	struct slice rest = slice_of(value ? value : ""), path;

	if (strcasecmp(name, "X-Mail-To") != 0)
		return MHD_YES;
	while (slice_cut(rest, ',', &path, &rest))
		add_recipient(owner, bare(path));
	add_recipient(owner, bare(rest));
	return MHD_YES;
}

static const char *header(const struct request *r, const char *name)
{
	const char *value = MHD_lookup_connection_value(
		r->connection, MHD_HEADER_KIND, name);

	return value ? value : "";
}

/* As port 25 has it: our own users log in. */
static bool is_our_own(const struct config *config, struct slice sender)
{
	struct slice name, domain;

	return slice_cut_last(sender, '@', &name, &domain) &&
		slice_eq_str_nocase(domain, config->address_domain);
}

static void add_sender(struct request *r)
{
	struct slice sender = bare(slice_of(header(r, "X-Mail-From")));

	if (!is_path(sender))
		refuse(r, MHD_HTTP_BAD_REQUEST,
			SLICE("501 5.1.7 Bad sender address syntax\r\n"));
	else if (is_our_own(&r->receiver->config, sender))
		refuse(r, MHD_HTTP_BAD_REQUEST,
			SLICE("553 5.7.1 Sender address rejected: not logged "
			      "in\r\n"));
	buf_addf(&r->envelope, "MAIL FROM:<%.*s>\r\n", SLICE_FMT(sender));
}

static void add_client(struct request *r)
{
	const char *text = header(r, "X-Real-IP");
	struct in6_addr address;
	bool is_v6 = inet_pton(AF_INET6, text, &address) == 1;

	if (is_v6 || inet_pton(AF_INET, text, &address) == 1)
		buf_addf(&r->envelope,
			"XFORWARD NAME=[UNAVAILABLE] ADDR=%s%s\r\n",
			is_v6 ? "IPV6:" : "", text);
	else
		refuse(r, MHD_HTTP_SERVICE_UNAVAILABLE, SLICE(TROUBLE));
}

static void check_size(struct request *r)
{
	uint64_t size = 0;
	const char *text = header(r, "Content-Length");

	for (; ascii_is_digit(*text) && size < UINT64_MAX / 16; text++)
		size = size * 10 + (uint64_t)(*text - '0');
	if (size > r->receiver->config.max_message_size)
		refuse(r, MHD_HTTP_CONTENT_TOO_LARGE,
			SLICE("552 5.3.4 Message size exceeds fixed "
			      "limit\r\n"));
}

static void read_envelope(struct request *r)
{
	buf_addf(&r->envelope, "EHLO %s\r\n",
		r->receiver->config.address_domain);
	add_client(r);
	add_sender(r);
	MHD_get_connection_values(r->connection, MHD_HEADER_KIND, on_header, r);
	if (r->n_recipients == 0)
		refuse(r, MHD_HTTP_BAD_REQUEST,
			SLICE("503 5.5.1 No recipients: X-Mail-To is "
			      "missing\r\n"));
	buf_add_str(&r->envelope, "DATA\r\n");
	if (!buf_ok(&r->envelope))
		refuse(r, MHD_HTTP_BAD_REQUEST,
			SLICE("452 4.5.3 Too many recipients\r\n"));
}

static enum MHD_Result begin(struct receiver *receiver,
	struct MHD_Connection *connection, const char *method, void **state)
{
	struct request *r = xcalloc(1, sizeof(*r));

	*r = (struct request){
		.next = receiver->requests,
		.receiver = receiver,
		.connection = connection,
		.begun_usec = loop_usec(receiver->event),
		.envelope = BUF_INIT(INJECTION_ENVELOPE_MAX_BYTES),
		.outcome = BUF_INIT(SMTP_REPLY_MAX_BYTES),
	};
	if (r->next)
		r->next->prev = r;
	receiver->requests = r;
	receiver->n_requests++;
	*state = r;
	if (strcmp(method, "POST") != 0) {
		refuse(r, MHD_HTTP_METHOD_NOT_ALLOWED,
			SLICE("502 5.5.1 Use POST\r\n"));
		return MHD_YES;
	}
	check_size(r);
	read_envelope(r);
	if (r->outcome.len == 0 &&
		injection_new(receiver->event, &receiver->filter, &r->envelope,
			&ops, r, &r->injection) < 0) {
		log_warning("the filter is not there");
		refuse(r, MHD_HTTP_SERVICE_UNAVAILABLE, SLICE(TROUBLE));
	}
	return MHD_YES;
}

static enum MHD_Result answer(struct request *r)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		r->outcome.len, r->outcome.ptr, MHD_RESPMEM_MUST_COPY);

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, "Content-Type", "text/plain");
	if (r->status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, "Allow", "POST");
	enum MHD_Result result =
		MHD_queue_response(r->connection, r->status, response);
	MHD_destroy_response(response);
	return result;
}

/*
 * What is refused is read to its end: only then is the answer heard. Whoever
 * sends far too much gets none.
 */
static enum MHD_Result take(
	struct request *r, struct slice piece, size_t *upload_len)
{
	if (r->outcome.len == 0 && !injection_has_room(r->injection))
		return suspend(r);
	if (r->outcome.len == 0)
		injection_add(r->injection, piece);
	r->n_bytes += piece.len;
	*upload_len = 0;
	return r->n_bytes / 2 > r->receiver->config.max_message_size ? MHD_NO
								     : MHD_YES;
}

enum MHD_Result request_on_access(void *owner,
	struct MHD_Connection *connection, const char *path UNUSED,
	const char *method, const char *version UNUSED, const char *upload,
	size_t *upload_len, void **state)
{
	struct request *r = *state;

	if (!r)
		return begin(owner, connection, method, state);
	if (*upload_len > 0)
		return take(r, slice_make(upload, *upload_len), upload_len);
	if (r->outcome.len > 0)
		return answer(r);
	if (!injection_has_room(r->injection))
		return suspend(r);
	if (!r->is_whole)
		injection_end(r->injection);
	r->is_whole = true;
	return suspend(r);
}

void request_on_completed(void *owner UNUSED,
	struct MHD_Connection *connection UNUSED, void **state,
	enum MHD_RequestTerminationCode why UNUSED)
{
	struct request *r = *state;

	if (!r)
		return;
	*(r->prev ? &r->prev->next : &r->receiver->requests) = r->next;
	if (r->next)
		r->next->prev = r->prev;
	r->receiver->n_requests--;
	injection_free(r->injection);
	buf_release(&r->envelope);
	buf_release(&r->outcome);
	free(r);
	*state = NULL;
}

/* How many seconds it has taken, without those that its bytes are worth. */
static int64_t lateness(const struct request *r, uint64_t now)
{
	return (int64_t)((now - r->begun_usec) / USEC_PER_SEC) -
		(int64_t)(r->n_bytes / WORTH_A_SECOND_BYTES);
}

/* One that waits for us is not slow itself. */
static struct request *find_slowest(struct receiver *receiver)
{
	uint64_t now = loop_usec(receiver->event);
	struct request *slowest = NULL;

	for (struct request *r = receiver->requests; r; r = r->next)
		if (!r->is_suspended &&
			(!slowest || lateness(r, now) > lateness(slowest, now)))
			slowest = r;
	return slowest;
}

void request_make_room(struct receiver *receiver)
{
	struct request *r = NULL;

	if (receiver->n_requests >= REQUESTS_MAX)
		r = find_slowest(receiver);
	if (!r)
		return;
	log_notice("closed to make room: bytes=%" PRIu64, r->n_bytes);
	shutdown(MHD_get_connection_info(
			 r->connection, MHD_CONNECTION_INFO_CONNECTION_FD)
			 ->connect_fd,
		SHUT_RDWR);
}

void request_wake_all(struct receiver *receiver)
{
	for (struct request *r = receiver->requests; r; r = r->next)
		wake(r);
}
