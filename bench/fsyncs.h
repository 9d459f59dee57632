/*
 * fsyncs.h - which process called fsync(2) or fdatasync(2) how often, as the
 * kernel's tracefs tells it. All calls accept NULL, and count nothing then.
 */
#ifndef BENCH_FSYNCS_H
#define BENCH_FSYNCS_H

#include <stdint.h>
#include <sys/types.h>

struct fsyncs;

/* NULL where tracefs is not there or not for us. */
struct fsyncs *fsyncs_new(void);
void fsyncs_free(struct fsyncs *fsyncs);

/* Forgets what was counted. */
void fsyncs_begin(struct fsyncs *fsyncs);
/* Takes in what has happened since. */
void fsyncs_read(struct fsyncs *fsyncs);
uint64_t fsyncs_of(const struct fsyncs *fsyncs, pid_t pid);

#endif
