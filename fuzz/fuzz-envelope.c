/*
 * What mxdeliv makes of header lines of a POST: they are refused with a reply,
 * or become a whole envelope, in which each line is one command. Of the input,
 * each line is a header line. libmicrohttpd and the connection to the filter
 * are played here.
 */
#include <string.h>

#include "chatmaild/mxdeliv/injection.h"
#include "chatmaild/mxdeliv/request.h"
#include "fuzz/fuzz.h"
#include "mail/smtp-reply.h"

enum {
	LINES_MAX = 2000,
};

struct MHD_Connection {
	char *names[LINES_MAX], *values[LINES_MAX];
	size_t n;
};

struct MHD_Response {
	int unused;
};

static struct buf envelope;
static unsigned status;

const char *MHD_lookup_connection_value(
	struct MHD_Connection *c, enum MHD_ValueKind kind, const char *name)
{
	demand(kind == MHD_HEADER_KIND);
	for (size_t i = 0; i < c->n; i++)
		if (strcasecmp(c->names[i], name) == 0)
			return c->values[i];
	return NULL;
}

int MHD_get_connection_values(struct MHD_Connection *c, enum MHD_ValueKind kind,
	MHD_KeyValueIterator fn, void *owner)
{
	for (size_t i = 0; i < c->n; i++)
		if (fn(owner, kind, c->names[i], c->values[i]) != MHD_YES)
			break;
	return (int)c->n;
}

const union MHD_ConnectionInfo *MHD_get_connection_info(
	struct MHD_Connection *c UNUSED,
	enum MHD_ConnectionInfoType type UNUSED, ...)
{
	return NULL;
}

void MHD_suspend_connection(struct MHD_Connection *c UNUSED)
{
}

void MHD_resume_connection(struct MHD_Connection *c UNUSED)
{
}

struct MHD_Response *MHD_create_response_from_buffer(
	size_t len, void *text, enum MHD_ResponseMemoryMode mode UNUSED)
{
	static struct MHD_Response response;
	struct smtp_reply reply;

	demand(smtp_reply_parse(slice_make(text, len), &reply) == (ssize_t)len);
	demand(reply.code >= 400);
	return &response;
}

enum MHD_Result MHD_add_response_header(struct MHD_Response *r UNUSED,
	const char *name UNUSED, const char *value UNUSED)
{
	return MHD_YES;
}

enum MHD_Result MHD_queue_response(struct MHD_Connection *c UNUSED,
	unsigned code, struct MHD_Response *r UNUSED)
{
	status = code;
	return MHD_YES;
}

void MHD_destroy_response(struct MHD_Response *r UNUSED)
{
}

int injection_new(sd_event *event UNUSED, const struct addr *filter UNUSED,
	struct buf *text, const struct injection_ops *ops UNUSED,
	void *owner UNUSED, struct injection **ret_injection)
{
	envelope = *text;
	*text = BUF_INIT(text->max);
	*ret_injection = NULL;
	return 0;
}

void injection_free(struct injection *i UNUSED)
{
}

bool injection_has_room(const struct injection *i UNUSED)
{
	return false;
}

void injection_add(struct injection *i UNUSED, struct slice piece UNUSED)
{
}

void injection_end(struct injection *i UNUSED)
{
}

static void take_line(struct slice *text, const char *verb)
{
	struct slice line;

	demand(slice_next_line(text, &line) && slice_ends(line, SLICE("\r")));
	line = slice_head(line, line.len - 1);
	demand(slice_starts(line, slice_of(verb)));
	for (size_t i = 0; i < line.len; i++)
		demand(!ascii_is_control(line.ptr[i]));
	if (slice_has_char(slice_of(verb), '<')) {
		line = slice_from(line, strlen(verb));
		demand(line.len > 0 && line.ptr[line.len - 1] == '>');
		line = slice_head(line, line.len - 1);
		demand(!slice_has_char(line, '>') &&
			!slice_has_char(line, ' '));
	}
}

static void check_envelope(void)
{
	struct slice rest = buf_slice(&envelope);
	unsigned n = 0;

	demand(buf_ok(&envelope));
	take_line(&rest, "EHLO relay.example");
	take_line(&rest, "XFORWARD NAME=[UNAVAILABLE] ADDR=");
	take_line(&rest, "MAIL FROM:<");
	for (; slice_starts(rest, SLICE("RCPT")); n++)
		take_line(&rest, "RCPT TO:<");
	take_line(&rest, "DATA");
	demand(rest.len == 0 && n > 0 && n <= REQUEST_RECIPIENTS_MAX);
}

static void read_lines(struct slice text, struct MHD_Connection *c)
{
	struct slice line, name, value;

	while (c->n < LINES_MAX && slice_next_line(&text, &line)) {
		if (!slice_cut(line, ':', &name, &value))
			continue;
		c->names[c->n] = slice_dup(name);
		c->values[c->n++] = slice_dup(slice_trim(value));
	}
}

static void ask(struct MHD_Connection *c)
{
	char domain[] = "relay.example";
	struct receiver receiver = {
		.config = { .address_domain = domain,
			.max_message_size = 1 << 20 },
	};
	size_t upload_len = 0;
	void *state = NULL;

	status = 0;
	demand(request_on_access(&receiver, c, "/mxdeliv", "POST", "HTTP/1.0",
		       "", &upload_len, &state) == MHD_YES);
	demand(request_on_access(&receiver, c, "/mxdeliv", "POST", "HTTP/1.0",
		       "", &upload_len, &state) == MHD_YES);
	demand((status != 0) != (envelope.len > 0));
	if (envelope.len > 0)
		check_envelope();
	request_on_completed(&receiver, c, &state, 0);
	demand(!state && !receiver.requests);
	buf_release(&envelope);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct MHD_Connection connection;

	read_lines(slice_make(data, len), &connection);
	ask(&connection);
	for (size_t i = 0; i < connection.n; i++) {
		free(connection.names[i]);
		free(connection.values[i]);
	}
	connection.n = 0;
	return 0;
}
