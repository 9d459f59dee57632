/*
 * store.h - a folder of logs that forgets: "current" is written to, and
 * becomes a file named after the time when it is full or a day old; such
 * files go two days after their last line. So no line is older than three
 * days, also where nothing is written any more.
 *
 * Each line begins with the time in UTC, as `svlogd -tt` writes it.
 */
#ifndef CHATMAILD_LOG_STORE_H
#define CHATMAILD_LOG_STORE_H

#include <stdint.h>
#include <time.h>

#include "lib/buf.h"

enum {
	STORE_FILE_MAX_BYTES = 1000000,
	STORE_FILES_MAX = 64, /* besides "current" */
	STORE_TURN_SEC = 86400,
	STORE_KEEP_SEC = 2 * 86400,
};

struct store {
	int dir;
	int fd;
	size_t size;
	time_t begun; /* the first line of "current" */
	struct buf pending;
	uint64_t n_lost; /* lines that the disk did not take */
};

int store_open(const char *path, time_t now, struct store *ret_store,
	struct buf *why) MUST_CHECK;
void store_close(struct store *store);

/* Adds a line, without LF; it is on its way to the file by store_flush(). */
void store_add(
	struct store *store, const struct timespec *now, struct slice line);
void store_flush(struct store *store, time_t now);

/* Does what time asks for; to be called every hour at least. */
void store_tidy(struct store *store, time_t now);

#endif
