/*
 * counters.h - what a service counts, in a file that outlives it:
 * <counters_dir>/<service>.counters, mapped into memory by the service and
 * read by chatmail-metrics(8).
 *
 * Rows of 64 bytes: a name with NULs behind it (56 bytes), and the value,
 * in the machine's byte order. The first row says "chatmail-counters 1"
 * and how many follow. A name is that of a Prometheus metric without its
 * "chatmail_", with labels if it has any:
 * messages_rejected_total{reason="size"}.
 *
 * Counting is one atomic addition; nothing is synced. A service whose file
 * cannot be used counts for itself and goes on.
 */
#ifndef CHATMAILD_COMMON_COUNTERS_H
#define CHATMAILD_COMMON_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"

enum {
	COUNTER_NAME_BYTES = 56, /* with its NUL */
	COUNTERS_MAX = 1023,
};

struct counter_row {
	char name[COUNTER_NAME_BYTES];
	uint64_t value;
};

#define COUNTERS_SUFFIX ".counters"

struct counters {
	struct counter_row *rows; /* rows[0] is the head */
	size_t n;                 /* without the head */
	size_t map_bytes;
};

/*
 * Counters of these names, in this order, at the values that the file has
 * for them. Negative when the file could not be used (`why` names it): the
 * counters work all the same.
 */
int counters_open(struct counters *ret_counters, const char *dir,
	const char *service, const char *const *names, struct buf *why);
/* For services: the same, but what is wrong with the file is logged. */
void counters_open_or_warn(struct counters *ret_counters, const char *dir,
	const char *service, const char *const *names);
void counters_close(struct counters *counters);

/*
 * `which` is an index into the names; beyond them, or without counters
 * (NULL), nothing is counted.
 */
void counters_add(struct counters *counters, size_t which, uint64_t n);
/* The index of "<family>{reason="<reason>"}"; the number of names if none. */
size_t counters_find(const struct counters *counters, const char *family,
	const char *reason);

/*
 * Reads a file for somebody else: rows without the head, which the caller
 * frees; none (NULL) in an empty file, whose service has not begun yet.
 * -EINVAL when it is something else.
 */
int counters_read(const char *path, struct counter_row **ret_rows,
	size_t *ret_n, struct buf *why) MUST_CHECK;

#endif
