/*
 * https.c - libcurl's multi interface on our event loop: curl says which
 * sockets and which moment it waits for, and is called when they come.
 */
#include "lib/https.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

/* curl's type checks use function names that lib/banned.h forbids. */
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#include "lib/die.h"
#include "lib/loop.h"

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
	sd_event *event;
	sd_event_source *timer;
	CURLM *multi;
	struct curl_slist *headers;
	char *url;
	unsigned timeout_sec;
	struct request *idle;
	struct request *all[HTTPS_STREAMS_MAX];
	size_t n_all;
	size_t n_busy;
	size_t room;
};

static void must(CURLMcode code)
{
	if (code == CURLM_OUT_OF_MEMORY)
		oom();
	if (code != CURLM_OK)
		bug(curl_multi_strerror(code));
}

static void must_easy(CURLcode code)
{
	if (code == CURLE_OUT_OF_MEMORY)
		oom();
	if (code != CURLE_OK)
		bug(curl_easy_strerror(code));
}

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
	must(curl_multi_setopt(https->multi, CURLMOPT_MAX_HOST_CONNECTIONS,
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
	must(curl_multi_remove_handle(https->multi, request->easy));
	request->done = NULL;
	request->next = https->idle;
	https->idle = request;
	https->n_busy--;
	done(&answer, request->owner);
}

static void collect(struct https *https)
{
	CURLMsg *message;
	int n_left;

	while ((message = curl_multi_info_read(https->multi, &n_left))) {
		char *request = NULL;
		CURLcode code = message->data.result;
		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(
			message->easy_handle, CURLINFO_PRIVATE, &request);
		finish((struct request *)(void *)request, code);
	}
}

static void act(struct https *https, curl_socket_t fd, int events)
{
	int n_running;

	must(curl_multi_socket_action(https->multi, fd, events, &n_running));
	collect(https);
}

static int on_io(
	sd_event_source *s UNUSED, int fd, uint32_t revents, void *userdata)
{
	int events = 0, on = 1;

	/*
	 * Many small answers come on one connection: a server that waits for
	 * an ACK before it sends more is not to wait for a timer of ours.
	 */
	setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
	if (revents & EPOLLIN)
		events |= CURL_CSELECT_IN;
	if (revents & EPOLLOUT)
		events |= CURL_CSELECT_OUT;
	if (revents & (EPOLLERR | EPOLLHUP))
		events |= CURL_CSELECT_ERR;
	act(userdata, fd, events);
	return 0;
}

static int on_timer(
	sd_event_source *s UNUSED, uint64_t usec UNUSED, void *userdata)
{
	act(userdata, CURL_SOCKET_TIMEOUT, 0);
	return 0;
}

/* curl keeps the source of each of its sockets, and gives it back. */
static int on_socket(CURL *easy UNUSED, curl_socket_t fd, int what,
	void *userdata, void *socket_source)
{
	struct https *https = userdata;
	sd_event_source *io = socket_source;
	uint32_t events = 0;

	if (what == CURL_POLL_REMOVE) {
		sd_event_source_disable_unref(io);
		return 0;
	}
	if (loop_is_over(https->event))
		return 0;
	if (what & CURL_POLL_IN)
		events |= EPOLLIN;
	if (what & CURL_POLL_OUT)
		events |= EPOLLOUT;
	int r = io
		? sd_event_source_set_io_events(io, events)
		: sd_event_add_io(https->event, &io, fd, events, on_io, https);
	if (r < 0)
		bug("cannot watch a connection");
	must(curl_multi_assign(https->multi, fd, io));
	return 0;
}

static int on_set_timer(CURLM *multi UNUSED, long msec, void *userdata)
{
	struct https *https = userdata;
	uint64_t usec = (uint64_t)msec * 1000;
	int r;

	if (loop_is_over(https->event))
		return 0;
	if (msec < 0)
		r = sd_event_source_set_enabled(https->timer, SD_EVENT_OFF);
	else
		r = sd_event_source_set_time_relative(https->timer, usec);
	if (r >= 0 && msec >= 0)
		r = sd_event_source_set_enabled(https->timer, SD_EVENT_ONESHOT);
	if (r < 0)
		bug("cannot set a timer");
	return 0;
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

	must_easy(curl_easy_setopt(
		easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS));
	must_easy(curl_easy_setopt(easy, CURLOPT_PROXY, ""));
	must_easy(curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L));
	must_easy(curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L));
	must_easy(curl_easy_setopt(
		easy, CURLOPT_TIMEOUT, (long)https->timeout_sec));
	must_easy(curl_easy_setopt(
		easy, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_SEC));
	must_easy(curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)READ_BYTES));
	must_easy(curl_easy_setopt(
		easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)WRITE_BYTES));
	must_easy(
		curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_new_socket));
	must_easy(curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, https));
	if (authorities && authorities[0])
		must_easy(curl_easy_setopt(easy, CURLOPT_CAINFO, authorities));
}

static struct request *request_new(struct https *https)
{
	struct request *request = xcalloc(1, sizeof(*request));
	CURL *easy = curl_easy_init();

	if (!easy)
		oom();
	request->https = https;
	request->easy = easy;
	must_easy(curl_easy_setopt(easy, CURLOPT_URL, https->url));
	must_easy(curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https"));
	must_easy(curl_easy_setopt(easy, CURLOPT_POST, 1L));
	must_easy(curl_easy_setopt(easy, CURLOPT_HTTPHEADER, https->headers));
	must_easy(curl_easy_setopt(easy, CURLOPT_PRIVATE, request));
	must_easy(curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body));
	must_easy(curl_easy_setopt(easy, CURLOPT_WRITEDATA, request));
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
	CURLM *multi = https->multi;

	must(curl_multi_setopt(
		multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX));
	must(curl_multi_setopt(multi, CURLMOPT_MAX_CONCURRENT_STREAMS,
		(long)HTTPS_STREAMS_MAX));
	must(curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, 1L));
	must(curl_multi_setopt(
		multi, CURLMOPT_MAXCONNECTS, (long)HTTPS_CONNECTIONS_MAX));
	must(curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket));
	must(curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, https));
	must(curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_set_timer));
	must(curl_multi_setopt(multi, CURLMOPT_TIMERDATA, https));
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
	https->event = event;
	https->url = xstrdup(url);
	https->timeout_sec = timeout_sec;
	https->room = 1;
	https->multi = curl_multi_init();
	if (!https->multi)
		oom();
	for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
		https->headers = curl_slist_append(https->headers, headers[i]);
		if (!https->headers)
			oom();
	}
	if (sd_event_add_time(event, &https->timer, CLOCK_MONOTONIC, 0, 1,
		    on_timer, https) < 0 ||
		sd_event_source_set_enabled(https->timer, SD_EVENT_OFF) < 0)
		bug("cannot set a timer");
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
			must(curl_multi_remove_handle(
				https->multi, request->easy));
		curl_easy_cleanup(request->easy);
		free(request);
	}
	must(curl_multi_cleanup(https->multi));
	sd_event_source_disable_unref(https->timer);
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
	must_easy(curl_easy_setopt(
		request->easy, CURLOPT_POSTFIELDSIZE, (long)body.len));
	must_easy(
		curl_easy_setopt(request->easy, CURLOPT_POSTFIELDS, body.ptr));
	must_easy(curl_easy_setopt(
		request->easy, CURLOPT_FRESH_CONNECT, is_fresh ? 1L : 0L));
	/* Waiting for a connection is for those who will share it. */
	must_easy(curl_easy_setopt(request->easy, CURLOPT_PIPEWAIT,
		https->room == HTTPS_STREAMS_MAX ? 1L : 0L));
	https->n_busy++;
	must(curl_multi_add_handle(https->multi, request->easy));
	return 0;
}
