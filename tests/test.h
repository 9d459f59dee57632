/*
 * test.h - the little that a unit test needs.
 *
 * A test is a program with a table of cases; each check prints what it
 * got and what it wanted when they differ, and counts. main() ends with
 * `return test_end();`, which prints the count and gives the status.
 */
#ifndef TESTS_TEST_H
#define TESTS_TEST_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/slice.h"

static int test_checks_;
static int test_failures_;

static inline void test_fail_(const char *file, int line, const char *name)
{
	test_failures_++;
	fprintf(stderr, "%s:%d: %s\n", file, line, name);
}

static inline void test_int_(const char *file, int line, const char *name,
	long long got, long long want)
{
	test_checks_++;
	if (got == want)
		return;
	test_fail_(file, line, name);
	fprintf(stderr, "  got  %lld\n  want %lld\n", got, want);
}

static inline void test_text_(const char *file, int line, const char *name,
	struct slice got, struct slice want)
{
	test_checks_++;
	if (slice_eq(got, want))
		return;
	AUTO_BUF struct buf text = BUF_INIT(4096);
	buf_add_str(&text, "  got  ");
	buf_add_quoted(&text, got);
	buf_add_str(&text, "\n  want ");
	buf_add_quoted(&text, want);
	test_fail_(file, line, name);
	fprintf(stderr, "%s\n", buf_str(&text));
}

/* `name` says which case of the table it is. */
#define check(name, condition)                                                 \
	test_int_(__FILE__, __LINE__, (name), !!(condition), 1)
#define check_int(name, got, want)                                             \
	test_int_(__FILE__, __LINE__, (name), (got), (want))
#define check_slice(name, got, want)                                           \
	test_text_(__FILE__, __LINE__, (name), (got), (want))
#define check_str(name, got, want)                                             \
	test_text_(__FILE__, __LINE__, (name), slice_of(got), slice_of(want))

static inline int test_end(void)
{
	if (test_failures_ || !test_checks_)
		fprintf(stderr, "%d of %d checks failed\n", test_failures_,
			test_checks_);
	return test_failures_ || !test_checks_ ? 1 : 0;
}

#endif
