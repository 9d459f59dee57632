/*
 * web-server.h - an nginx on loopback that takes notifications, by HTTP/2
 * and TLS (one worker, an RSA key, limits as Debian has them), and counts
 * them. Each of these ends the program when it fails.
 */
#ifndef BENCH_WEB_SERVER_H
#define BENCH_WEB_SERVER_H

#include <stdint.h>

/* All of its files are in `dir`, which it must be able to read. */
void web_server_start(const char *dir);
void web_server_stop(void);

/* Where it takes them, and the authority that its certificate is from. */
const char *web_server_url(void);
const char *web_server_ca_path(void);

/* Requests that it has answered so far, this question included. */
uint64_t web_server_count(void);
/* Until it has got n more than `before`. */
void web_server_wait(uint64_t before, uint64_t n);

#endif
