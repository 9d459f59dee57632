/*
 * page.h - metrics in Prometheus' text format, version 0.0.4: each family
 * once, with its help and type before its samples.
 */
#ifndef CHATMAILD_METRICS_PAGE_H
#define CHATMAILD_METRICS_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "chatmaild/common/counters.h"

struct sample {
	char *family; /* without "chatmail_" */
	char *labels; /* `a="b",c="d"`, or "" */
	uint64_t value;
};

struct page {
	struct sample *samples;
	size_t n;
};

/* `labels` may be NULL. Labels and values are ours: nothing is escaped. */
void page_add(struct page *page, const char *family, const char *labels,
	uint64_t value);
/* A row of a service's counters; false: its name is not a metric's name. */
bool page_add_counter(struct page *page, const char *service,
	const struct counter_row *row) MUST_CHECK;
void page_write(const struct page *page, struct buf *out);
void page_release(struct page *page);

#endif
