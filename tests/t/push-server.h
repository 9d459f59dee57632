/*
 * push-server.h - a notification server that is played: it lives only in
 * the calls below that serve. What goes wrong ends the test.
 *
 * It answers by the beginning of the token: gone* 410, hang* never, reset*
 * hangs up, fail* 500 the first time, late* 429 with Retry-After: 10 the
 * first time, anything else 200.
 */
#ifndef TESTS_T_PUSH_SERVER_H
#define TESTS_T_PUSH_SERVER_H

#include <stddef.h>

enum {
	PATIENCE_SEC = 40,
};

/* Its port on 127.0.0.1, where nobody is let in before it is opened. */
unsigned push_server_bind(void);
void push_server_open(void);

/* Until something happens, or the time is over. */
void push_server_serve(int msec);
/* Until the token has been posted n times. */
void push_server_wait(const char *body, size_t n);

/* How often a token was posted; how many posts there were in all. */
size_t push_server_count(const char *body);
size_t push_server_count_all(void);

/* Seconds; when the token was posted for the nth time, from 0. */
double push_server_now(void);
double push_server_time(const char *body, size_t nth);

#endif
