/* A message is posted to another relay (post.h). */
#include "chatmaild/mxsend/post.h"

#include <string.h>

#include "chatmaild/mxsend/mx.h"
#include "chatmaild/mxsend/transfer.h"
#include "lib/die.h"
#include "lib/log.h"
#include "lib/util.h"
#include "mail/smtp-reply.h"

enum {
	/* Below what servers keep an idle connection for. */
	KEPT_SEC = 60,
	STATUS_OK = 200,
	STATUS_REDIRECT = 300,
	CODE_BYTES = 4,
};

struct post {
	struct transfer transfer;
	struct curl_loop *curl;
	struct peer *peer;
	const struct post_ops *ops;
	void *owner;
	struct curl_slist *headers;
	char *host; /* that it is sent to */
	unsigned n_tried;
	bool is_begun;     /* the host has got a piece of it */
	struct buf held;   /* of the message */
	struct buf answer; /* the body of it */
	bool is_whole;
	bool is_starved; /* curl waits for more */
};

static size_t on_read(char *ret_ptr, size_t size, size_t n, void *userdata)
{
	struct post *post = userdata;
	size_t len = post->held.len < size * n ? post->held.len : size * n;

	if (len == 0 && !post->is_whole) {
		post->is_starved = true;
		return CURL_READFUNC_PAUSE;
	}
	if (len > 0)
		memcpy(ret_ptr, post->held.ptr, len);
	post->is_begun = post->is_begun || len > 0;
	buf_consume(&post->held, len);
	post->ops->on_room(post->owner);
	return len;
}

static size_t on_body(char *ptr, size_t size, size_t n, void *userdata)
{
	struct post *post = userdata;

	buf_add_slice(&post->answer,
		slice_head(slice_make(ptr, size * n),
			post->answer.max - post->answer.len));
	return size * n;
}

/* The refusal in an answer: its first line, when that is a reply of SMTP. */
static bool find_refusal(struct slice answer, struct buf *out)
{
	struct slice rest = answer, line = SLICE_NONE;
	struct smtp_reply reply;

	if (!slice_next_line(&rest, &line))
		return false;
	line = slice_trim(line);
	buf_add_slice(out, line);
	buf_add_str(out, "\r\n");
	return line.len >= CODE_BYTES && line.ptr[CODE_BYTES - 1] == ' ' &&
		smtp_reply_parse(buf_slice(out), &reply) > 0 &&
		reply.code >= 400;
}

static void go_to(struct post *post, const char *host)
{
	CURL *easy = post->transfer.easy;
	AUTO_FREE char *url = xasprintf("https://%s/mxdeliv", host);

	free(post->host);
	post->host = xstrdup(host);
	post->n_tried++;
	post->is_starved = false;
	buf_reset(&post->answer);
	curl_must(curl_easy_setopt(easy, CURLOPT_URL, url));
	curl_must_multi(curl_multi_add_handle(post->curl->multi, easy));
}

/* No host has got any of the message, so another one may take it. */
static bool try_next(struct post *post)
{
	struct slice reply;
	bool has_more = peer_note_failed(post->peer, post->host);
	const char *host = peer_host(post->peer, &reply);

	if (!has_more || !host || post->is_begun ||
		post->n_tried >= MX_HOSTS_MAX)
		return false;
	curl_must_multi(curl_multi_remove_handle(
		post->curl->multi, post->transfer.easy));
	go_to(post, host);
	return true;
}

static void on_done(struct transfer *transfer, CURLcode code)
{
	struct post *post = CONTAINER_OF(transfer, struct post, transfer);
	AUTO_BUF struct buf reply = BUF_INIT(2 * POST_ANSWER_MAX_BYTES);
	long status = 0;

	curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
	bool is_taken = status >= STATUS_OK && status < STATUS_REDIRECT;
	bool is_answer =
		is_taken || find_refusal(buf_slice(&post->answer), &reply);
	if (is_taken)
		buf_add_str(&reply, "250 2.0.0 Ok: taken over HTTPS\r\n");
	if (is_answer) {
		peer_note_taken(post->peer);
	} else if (try_next(post)) {
		return;
	} else {
		buf_reset(&reply);
		buf_addf(&reply, "451 4.4.1 HTTPS: %s (status %ld)\r\n",
			status ? "no answer of a relay"
			       : curl_easy_strerror(code),
			status);
	}
	post->ops->on_reply(post->owner, buf_slice(&reply));
}

static void add_header(struct post *post, const char *line)
{
	struct curl_slist *headers = curl_slist_append(post->headers, line);

	if (!headers)
		oom();
	post->headers = headers;
}

static void add_headers(
	struct post *post, struct slice sender, struct slice recipients)
{
	struct slice line;

	add_header(post, "Content-Type: message/rfc822");
	add_header(post, "Expect:");
	if (sender.len > 0) {
		AUTO_FREE char *text =
			xasprintf("X-Mail-From: %.*s", SLICE_FMT(sender));
		add_header(post, text);
	}
	while (slice_next_line(&recipients, &line)) {
		AUTO_FREE char *text = slice_dup(line);
		add_header(post, text);
	}
}

static void set_up(struct post *post)
{
	CURL *easy = post->transfer.easy;

	peer_set_up(post->peer, easy);
	curl_must(curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https"));
	curl_must(curl_easy_setopt(
		easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS));
	curl_must(curl_easy_setopt(easy, CURLOPT_POST, 1L));
	curl_must(curl_easy_setopt(easy, CURLOPT_HTTPHEADER, post->headers));
	curl_must(curl_easy_setopt(easy, CURLOPT_TIMEOUT, (long)POST_SEC));
	curl_must(curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)KEPT_SEC));
	curl_must(curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read));
	curl_must(curl_easy_setopt(easy, CURLOPT_READDATA, post));
	curl_must(curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body));
	curl_must(curl_easy_setopt(easy, CURLOPT_WRITEDATA, post));
	curl_must(curl_easy_setopt(easy, CURLOPT_PRIVATE, &post->transfer));
}

struct post *post_new(struct curl_loop *curl, struct peer *peer,
	const char *host, struct slice sender, struct slice recipients,
	const struct post_ops *ops, void *owner)
{
	struct post *post = xcalloc(1, sizeof(*post));

	*post = (struct post){
		.transfer = { .easy = curl_easy_init(), .on_done = on_done },
		.curl = curl,
		.peer = peer,
		.ops = ops,
		.owner = owner,
		.held = BUF_INIT(POST_HELD_MAX_BYTES),
		.answer = BUF_INIT(POST_ANSWER_MAX_BYTES),
	};
	if (!post->transfer.easy)
		oom();
	add_headers(post, sender, recipients);
	set_up(post);
	go_to(post, host);
	return post;
}

void post_free(struct post *post)
{
	if (!post)
		return;
	curl_must_multi(curl_multi_remove_handle(
		post->curl->multi, post->transfer.easy));
	curl_easy_cleanup(post->transfer.easy);
	curl_slist_free_all(post->headers);
	free(post->host);
	buf_release(&post->held);
	buf_release(&post->answer);
	free(post);
}

static void feed(struct post *post)
{
	if (!post->is_starved)
		return;
	post->is_starved = false;
	curl_easy_pause(post->transfer.easy, CURLPAUSE_CONT);
}

void post_add(struct post *post, struct slice piece)
{
	buf_add_slice(&post->held, piece);
	feed(post);
}

bool post_is_full(const struct post *post)
{
	return post->held.len > POST_HELD_MAX_BYTES / 2;
}

void post_end(struct post *post)
{
	post->is_whole = true;
	feed(post);
}
