/* curl's sockets and its clock, served by our event loop (curl-loop.h). */
#include "lib/curl-loop.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "lib/die.h"
#include "lib/loop.h"
#include "lib/util.h"

void curl_must_multi(CURLMcode code)
{
	if (code == CURLM_OUT_OF_MEMORY)
		oom();
	if (code != CURLM_OK)
		bug(curl_multi_strerror(code));
}

void curl_must(CURLcode code)
{
	if (code == CURLE_OUT_OF_MEMORY)
		oom();
	if (code != CURLE_OK)
		bug(curl_easy_strerror(code));
}

static void collect(struct curl_loop *loop)
{
	CURLMsg *message;
	int n_left;

	while ((message = curl_multi_info_read(loop->multi, &n_left)))
		if (message->msg == CURLMSG_DONE)
			loop->on_done(
				message->easy_handle, message->data.result);
}

static void act(struct curl_loop *loop, curl_socket_t fd, int events)
{
	int n_running;

	curl_must_multi(
		curl_multi_socket_action(loop->multi, fd, events, &n_running));
	collect(loop);
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
	struct curl_loop *loop = userdata;
	sd_event_source *io = socket_source;
	uint32_t events = 0;

	if (what == CURL_POLL_REMOVE) {
		sd_event_source_disable_unref(io);
		return 0;
	}
	if (loop_is_over(loop->event))
		return 0;
	if (what & CURL_POLL_IN)
		events |= EPOLLIN;
	if (what & CURL_POLL_OUT)
		events |= EPOLLOUT;
	int r = io ? sd_event_source_set_io_events(io, events)
		   : sd_event_add_io(loop->event, &io, fd, events, on_io, loop);
	if (r < 0)
		bug("cannot watch a connection");
	curl_must_multi(curl_multi_assign(loop->multi, fd, io));
	return 0;
}

static int on_set_timer(CURLM *multi UNUSED, long msec, void *userdata)
{
	struct curl_loop *loop = userdata;
	uint64_t usec = (uint64_t)msec * 1000;
	int r;

	if (loop_is_over(loop->event))
		return 0;
	if (msec < 0)
		r = sd_event_source_set_enabled(loop->timer, SD_EVENT_OFF);
	else
		r = sd_event_source_set_time_relative(loop->timer, usec);
	if (r >= 0 && msec >= 0)
		r = sd_event_source_set_enabled(loop->timer, SD_EVENT_ONESHOT);
	if (r < 0)
		bug("cannot set a timer");
	return 0;
}

void curl_loop_init(struct curl_loop *loop, sd_event *event,
	void (*on_done)(CURL *easy, CURLcode code))
{
	CURLM *multi = curl_multi_init();

	if (!multi)
		oom();
	*loop = (struct curl_loop){
		.event = event, .multi = multi, .on_done = on_done
	};
	curl_must_multi(
		curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket));
	curl_must_multi(curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, loop));
	curl_must_multi(
		curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_set_timer));
	curl_must_multi(curl_multi_setopt(multi, CURLMOPT_TIMERDATA, loop));
	if (sd_event_add_time(event, &loop->timer, CLOCK_MONOTONIC, 0, 1,
		    on_timer, loop) < 0 ||
		sd_event_source_set_enabled(loop->timer, SD_EVENT_OFF) < 0)
		bug("cannot set a timer");
}

void curl_loop_release(struct curl_loop *loop)
{
	if (!loop->multi)
		return;
	curl_must_multi(curl_multi_cleanup(loop->multi));
	sd_event_source_disable_unref(loop->timer);
	*loop = (struct curl_loop){ 0 };
}
