/*
 * cases.h - the tests there are, from the manifest that the build writes
 * (build/test-manifest; tests/t/README.md explains how to add one).
 *
 * A line of it has these fields, separated by one TAB:
 *
 *   suite   name   seconds   needs   program   argument...
 *
 * `seconds` is the time limit. `needs` is what has to be there first:
 * `-`, or names out of needs.h joined by commas. A name `*` stands for
 * the cases that the program names, one a line, when it is called with
 * --list after its arguments; each is run as `program argument... NAME`.
 * A program that cannot do so is one test, which fails.
 *
 * A name `@` is no test but the ground that the tests of its suite stand
 * on: a program that is started before the first of them and kept until
 * the last has ended (ground.h).
 *
 * Empty lines and lines that begin with # are skipped.
 */
#ifndef CMDEPLOY_TESTRUN_CASES_H
#define CMDEPLOY_TESTRUN_CASES_H

#include "lib/buf.h"

enum {
	CASES_MAX = 10000,
	GROUNDS_MAX = 8,
	CASE_ARGS_MAX = 32,
	CASE_SEC_MAX = 3600,
	MANIFEST_MAX_BYTES = 1 << 20,
	CASE_LIST_MAX_BYTES = 1 << 20,
};

struct test_case {
	char *name;  /* suite/name */
	char **argv; /* NULL-terminated */
	int limit_sec;
	unsigned needs; /* bits of needs.h */
};

struct test_cases {
	struct test_case *v;
	size_t n;
	struct test_case *grounds;
	size_t n_grounds;
};

/*
 * Adds the cases of the manifest's text; `path` is for reasons only.
 * -EINVAL with `path:line: ...` for a line that is not as above.
 */
int test_cases_add(struct test_cases *cases, struct slice manifest,
	const char *path, struct buf *why) MUST_CHECK;
void test_cases_release(struct test_cases *cases);

/* The index of the ground that the test stands on, or -1. */
int test_cases_ground(
	const struct test_cases *cases, const struct test_case *test);

/* Drops all cases of a suite. */
void test_cases_drop(struct test_cases *cases, const char *suite);

/* Keeps the cases whose name contains `pattern`, or matches it as a glob. */
void test_cases_select(struct test_cases *cases, const char *pattern);

#endif
