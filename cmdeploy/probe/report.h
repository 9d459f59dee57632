/*
 * report.h - what the tries of a relay have shown: a line each while they
 * run, for a person or as TAP (version 13); and afterwards a file as JUnit
 * writes it, for programs that collect tests.
 */
#ifndef CMDEPLOY_PROBE_REPORT_H
#define CMDEPLOY_PROBE_REPORT_H

#include "cmdeploy/probe/probe.h"

extern const struct probe_watcher probe_report_lines;
extern const struct probe_watcher probe_report_tap;

/* The names, and what each tries. Returns how many were chosen. */
size_t probe_report_list(const char *pattern);
/* "12 passed, 1 failed, 2 more, 3 skipped"; "more" and "skipped" when any. */
void probe_report_sum(const struct probe_results *results, struct buf *out);
int probe_report_junit(const struct probe_results *results, const char *domain,
	const char *path, struct buf *why) MUST_CHECK;

#endif
