/*
 * lock.h - one process at a time: a lock on a file, which ends with the last
 * descriptor of that opening (F_OFD_SETLK of fcntl(2)). Opening and closing
 * the file elsewhere in the process does not end it. The file names who
 * holds it.
 */
#ifndef CMDEPLOY_HOST_LOCK_H
#define CMDEPLOY_HOST_LOCK_H

#include <sys/types.h>

#include "lib/buf.h"

/* Opens it, made when it is not there. */
int lock_open(const char *path, int *ret_fd, struct buf *why) MUST_CHECK;

/* 1: we have it, 0: another process has. */
int lock_try(int fd) MUST_CHECK;
/* Waits until we have it. */
int lock_wait(int fd) MUST_CHECK;

/* Who has it: 0 nobody, negative when that cannot be told. */
pid_t lock_holder(int fd);

#endif
