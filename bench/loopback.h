/*
 * loopback.h - ports and connections for what a benchmark starts. Each of
 * these ends the program when it fails.
 */
#ifndef BENCH_LOOPBACK_H
#define BENCH_LOOPBACK_H

/* One of 127.0.0.1 that was free a moment ago. */
unsigned loopback_port(void);

/* A connection that waits; `address` is as in lib/addr.h. */
int loopback_dial(const char *address);

#endif
