/*
 * hashing.h - what crypt(3) alone can do here: the peer of all that hashes
 * passwords.
 */
#ifndef BENCH_HASHING_H
#define BENCH_HASHING_H

/*
 * Hashes a second on all processors together; prints them. *ret_msec, which may
 * be NULL, is the time of a processor that each took.
 */
double hashing_rate(const char *password, double *ret_msec);

#endif
