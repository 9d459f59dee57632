/* Requests to one URL, by libcurl (https.h). */
#include "lib/https.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/curl-loop.h"
#include "lib/die.h"

enum {
	CONNECT_TIMEOUT_SEC = 10,
	/* Small: nothing of what comes is kept. */
	READ_BYTES = 1024,
	WRITE_BYTES = 16384,
};

struct request {
	struct request *next; /* among the idle ones */
	struct https *https;
	CURL *easy;
	https_done_fn done; /* NULL: idle */
	void *owner;
	size_t n_received;
};

struct https {
	struct curl_loop loop;
	struct curl_slist *headers;
	char *url;
	unsigned timeout_sec;
	struct request *idle;
	struct request *all[HTTPS_STREAMS_MAX];
	size_t n_all;
	size_t n_busy;
	size_t room;
};

static bool is_any_of(CURLcode code, const CURLcode *codes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (codes[i] == code)
			return true;
	return false;
}

static bool is_unreachable(CURL *easy, CURLcode code)
{
	static const CURLcode codes[] = {
		CURLE_COULDNT_RESOLVE_HOST,
		CURLE_COULDNT_CONNECT,
		CURLE_SSL_CONNECT_ERROR,
		CURLE_PEER_FAILED_VERIFICATION,
		CURLE_SSL_CACERT_BADFILE,
		CURLE_SSL_ISSUER_ERROR,
	};
	curl_off_t sent = 0;

	if (is_any_of(code, codes, ARRAY_LEN(codes)))
		return true;
	/* No time left for the request, for all went into connecting. */
	curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &sent);
	return code == CURLE_OPERATION_TIMEDOUT && sent == 0;
}

static bool is_lost(CURLcode code)
{
	static const CURLcode codes[] = {
		CURLE_HTTP2,
		CURLE_HTTP2_STREAM,
		CURLE_RECV_ERROR,
		CURLE_SEND_ERROR,
		CURLE_GOT_NOTHING,
		CURLE_PARTIAL_FILE,
	};

	return is_any_of(code, codes, ARRAY_LEN(codes));
}

/* Several connections only where each carries one request at a time. */
static void learn_version(struct https *https, CURL *easy)
{
	long version = 0;

	curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
	if (version == 0)
		return;
	bool is_two = version >= CURL_HTTP_VERSION_2_0;
	size_t room = is_two ? HTTPS_STREAMS_MAX : HTTPS_CONNECTIONS_MAX;
	if (room == https->room)
		return;
	https->room = room;
	curl_must_multi(curl_multi_setopt(https->loop.multi,
		CURLMOPT_MAX_HOST_CONNECTIONS,
		is_two ? 1L : (long)HTTPS_CONNECTIONS_MAX));
}

static struct https_answer answer_of(CURL *easy, CURLcode code)
{
	struct https_answer answer = { 0 };
	curl_off_t after = 0;
	long status = 0;

	/*
	 * A server may answer before it has read the request and then reset
	 * the stream (RFC 9113, 8.1): the status counts, whatever followed.
	 */
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	if (status == 0) {
		answer.failure = curl_easy_strerror(code);
		answer.is_unreachable = is_unreachable(easy, code);
		answer.is_timeout = code == CURLE_OPERATION_TIMEDOUT;
		answer.is_lost = is_lost(code);
		return answer;
	}
	answer.status = (int)status;
	if (status == 429 || status == 503) {
		curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &after);
		answer.retry_after_sec = (long)after;
	}
	return answer;
}

static void finish(struct request *request, CURLcode code)
{
	struct https *https = request->https;
	struct https_answer answer = answer_of(request->easy, code);
	https_done_fn done = request->done;

	if (answer.status)
		learn_version(https, request->easy);
	curl_must_multi(
		curl_multi_remove_handle(https->loop.multi, request->easy));
	request->done = NULL;
	request->next = https->idle;
	https->idle = request;
	https->n_busy--;
	done(&answer, request->owner);
}

static void on_done(CURL *easy, CURLcode code)
{
	char *request = NULL;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &request);
	finish((struct request *)(void *)request, code);
}

static size_t on_body(char *ptr UNUSED, size_t size, size_t n, void *userdata)
{
	struct request *request = userdata;

	request->n_received += size * n;
	return request->n_received > HTTPS_ANSWER_MAX_BYTES ? 0 : size * n;
}

/* A peer that vanished without a word is noticed by the kernel. */
static int on_new_socket(
	void *userdata, curl_socket_t fd, curlsocktype purpose UNUSED)
{
	const struct https *https = userdata;
	unsigned msec = https->timeout_sec * 1000;

	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &msec, sizeof(msec));
	return CURL_SOCKOPT_OK;
}

static void set_up_transport(struct https *https, CURL *easy)
{
	const char *authorities = getenv("SSL_CERT_FILE");

	curl_must(curl_easy_setopt(
		easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS));
	curl_must(curl_easy_setopt(easy, CURLOPT_PROXY, ""));
	curl_must(curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L));
	curl_must(curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L));
	curl_must(curl_easy_setopt(
		easy, CURLOPT_TIMEOUT, (long)https->timeout_sec));
	curl_must(curl_easy_setopt(
		easy, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_SEC));
	curl_must(curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)READ_BYTES));
	curl_must(curl_easy_setopt(
		easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)WRITE_BYTES));
	curl_must(
		curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_new_socket));
	curl_must(curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, https));
	if (authorities && authorities[0])
		curl_must(curl_easy_setopt(easy, CURLOPT_CAINFO, authorities));
}

static struct request *request_new(struct https *https)
{
	struct request *request = xcalloc(1, sizeof(*request));
	CURL *easy = curl_easy_init();

	if (!easy)
		oom();
	request->https = https;
	request->easy = easy;
	curl_must(curl_easy_setopt(easy, CURLOPT_URL, https->url));
	curl_must(curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https"));
	curl_must(curl_easy_setopt(easy, CURLOPT_POST, 1L));
	curl_must(curl_easy_setopt(easy, CURLOPT_HTTPHEADER, https->headers));
	curl_must(curl_easy_setopt(easy, CURLOPT_PRIVATE, request));
	curl_must(curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body));
	curl_must(curl_easy_setopt(easy, CURLOPT_WRITEDATA, request));
	set_up_transport(https, easy);
	https->all[https->n_all++] = request;
	return request;
}

static int check_url(const char *url, struct buf *why)
{
	CURLU *parts = curl_url();

	if (!parts)
		oom();
	CURLUcode code = curl_url_set(parts, CURLUPART_URL, url, 0);
	curl_url_cleanup(parts);
	if (code != CURLUE_OK)
		return because(
			why, -EINVAL, "not a URL: %s", curl_url_strerror(code));
	return 0;
}

static void set_up_multi(struct https *https)
{
	CURLM *multi = https->loop.multi;

	curl_must_multi(curl_multi_setopt(
		multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX));
	curl_must_multi(curl_multi_setopt(multi,
		CURLMOPT_MAX_CONCURRENT_STREAMS, (long)HTTPS_STREAMS_MAX));
	curl_must_multi(
		curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, 1L));
	curl_must_multi(curl_multi_setopt(
		multi, CURLMOPT_MAXCONNECTS, (long)HTTPS_CONNECTIONS_MAX));
}

int https_new(sd_event *event, const char *url, unsigned timeout_sec,
	struct https **ret_https, struct buf *why)
{
	static const char agent[] = "User-Agent: chatmail/" CHATMAIL_VERSION;
	static const char *const headers[] = {
		"Content-Type:", "Expect:", agent
	};
	struct https *https;

	int r = check_url(url, why);
	if (r < 0)
		return r;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return because(why, -ENOMEM, "cannot set up HTTPS");
	https = xcalloc(1, sizeof(*https));
	https->url = xstrdup(url);
	https->timeout_sec = timeout_sec;
	https->room = 1;
	curl_loop_init(&https->loop, event, on_done);
	for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
		https->headers = curl_slist_append(https->headers, headers[i]);
		if (!https->headers)
			oom();
	}
	set_up_multi(https);
	*ret_https = https;
	return 0;
}

void https_free(struct https *https)
{
	if (!https)
		return;
	for (size_t i = 0; i < https->n_all; i++) {
		struct request *request = https->all[i];
		if (request->done)
			curl_must_multi(curl_multi_remove_handle(
				https->loop.multi, request->easy));
		curl_easy_cleanup(request->easy);
		free(request);
	}
	curl_loop_release(&https->loop);
	curl_slist_free_all(https->headers);
	free(https->url);
	free(https);
	curl_global_cleanup();
}

size_t https_room(const struct https *https)
{
	return https->room > https->n_busy ? https->room - https->n_busy : 0;
}

int https_post(struct https *https, struct slice body, bool is_fresh,
	https_done_fn done, void *owner)
{
	struct request *request = https->idle;

	if (!request && https->n_all == HTTPS_STREAMS_MAX)
		return -EAGAIN;
	if (request)
		https->idle = request->next;
	else
		request = request_new(https);
	request->done = done;
	request->owner = owner;
	request->n_received = 0;
	curl_must(curl_easy_setopt(
		request->easy, CURLOPT_POSTFIELDSIZE, (long)body.len));
	curl_must(
		curl_easy_setopt(request->easy, CURLOPT_POSTFIELDS, body.ptr));
	curl_must(curl_easy_setopt(
		request->easy, CURLOPT_FRESH_CONNECT, is_fresh ? 1L : 0L));
	/* Waiting for a connection is for those who will share it. */
	curl_must(curl_easy_setopt(request->easy, CURLOPT_PIPEWAIT,
		https->room == HTTPS_STREAMS_MAX ? 1L : 0L));
	https->n_busy++;
	curl_must_multi(
		curl_multi_add_handle(https->loop.multi, request->easy));
	return 0;
}
