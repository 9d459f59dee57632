/*
 * curl-loop.h - libcurl's multi interface on our event loop: curl says which
 * sockets and which moment it waits for, and is called when they come.
 *
 * Not a part of the common library: link https_dep.
 */
#ifndef LIB_CURL_LOOP_H
#define LIB_CURL_LOOP_H

#include <systemd/sd-event.h>

/* curl's type checks use function names that lib/banned.h forbids. */
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

struct curl_loop {
	sd_event *event;
	sd_event_source *timer;
	CURLM *multi;
	/* A transfer has ended, and may be removed and added again. */
	void (*on_done)(CURL *easy, CURLcode code);
};

/* `loop` stays where it is until it is released. */
void curl_loop_init(struct curl_loop *loop, sd_event *event,
	void (*on_done)(CURL *easy, CURLcode code));
/* After all transfers have been removed. Accepts a zeroed one. */
void curl_loop_release(struct curl_loop *loop);

/* A mistake of the caller's, or no memory: ends the process. */
void curl_must_multi(CURLMcode code);
void curl_must(CURLcode code);

#endif
