#include "cmdeploy/testrun/cases.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#include "cmdeploy/testrun/needs.h"
#include "lib/num.h"
#include "lib/proc.h"

enum {
	LIST_SEC = 10,
	FIELDS_MIN = 5,
	FIELDS_MAX = FIELDS_MIN + CASE_ARGS_MAX,
};

static void case_release(struct test_case *c)
{
	for (char **arg = c->argv; arg && *arg; arg++)
		free(*arg);
	free(c->argv);
	free(c->name);
}

void test_cases_release(struct test_cases *cases)
{
	for (size_t i = 0; i < cases->n; i++)
		case_release(&cases->v[i]);
	for (size_t i = 0; i < cases->n_grounds; i++)
		case_release(&cases->grounds[i]);
	free(cases->v);
	free(cases->grounds);
	*cases = (struct test_cases){ 0 };
}

int test_cases_ground(
	const struct test_cases *cases, const struct test_case *test)
{
	size_t len = (size_t)(strchr(test->name, '/') - test->name) + 1;

	for (size_t i = 0; i < cases->n_grounds; i++)
		if (!strncmp(cases->grounds[i].name, test->name, len))
			return (int)i;
	return -1;
}

/* Program and arguments, `extra` (may be empty) as the last of them. */
static char **make_argv(
	const struct slice *fields, size_t n, struct slice extra)
{
	char **argv = xcalloc(n + 2, sizeof(*argv));

	for (size_t i = 0; i < n; i++)
		argv[i] = slice_dup(fields[i]);
	if (extra.len > 0)
		argv[n] = slice_dup(extra);
	return argv;
}

static bool has_case(const struct test_cases *cases, const char *name)
{
	for (size_t i = 0; i < cases->n; i++)
		if (!strcmp(cases->v[i].name, name))
			return true;
	return false;
}

/* The name of a listed case; what failed to list shows why once more. */
static struct slice extra_argument(
	const struct slice *fields, struct slice name)
{
	if (slice_eq_str(name, "*"))
		return SLICE("--list");
	return slice_eq(name, fields[1]) ? SLICE_NONE : name;
}

/* fields: as in the manifest; `name` replaces the second. */
static int make_case(const struct slice *fields, size_t n, struct slice name,
	struct test_case *ret_case, struct buf *why)
{
	struct test_case c = { 0 };
	uint64_t sec;

	if (num_parse_max(fields[2], CASE_SEC_MAX, &sec) < 0 || sec == 0)
		return because(why, -EINVAL,
			"\"%.*s\" is no number of seconds from 1 to %d",
			SLICE_FMT(fields[2]), CASE_SEC_MAX);
	int r = needs_parse(fields[3], &c.needs, why);
	if (r < 0)
		return r;
	c.limit_sec = (int)sec;
	c.name = xasprintf("%.*s/%.*s", SLICE_FMT(fields[0]), SLICE_FMT(name));
	c.argv = make_argv(fields + 4, n - 4, extra_argument(fields, name));
	*ret_case = c;
	return 0;
}

static int add_case(struct test_cases *cases, const struct slice *fields,
	size_t n, struct slice name, struct buf *why)
{
	struct test_case c;
	int r = make_case(fields, n, name, &c, why);

	if (r < 0)
		return r;
	if (cases->n == CASES_MAX)
		r = because(why, -E2BIG, "over %d cases", CASES_MAX);
	else if (has_case(cases, c.name))
		r = because(why, -EEXIST, "a second test %s", c.name);
	if (r < 0) {
		case_release(&c);
		return r;
	}
	cases->v = xreallocarray(cases->v, cases->n + 1, sizeof(*cases->v));
	cases->v[cases->n++] = c;
	return 0;
}

static int add_ground(struct test_cases *cases, const struct slice *fields,
	size_t n, struct buf *why)
{
	struct test_case c;
	int r = make_case(fields, n, fields[1], &c, why);

	if (r < 0)
		return r;
	if (test_cases_ground(cases, &c) >= 0 ||
		cases->n_grounds == GROUNDS_MAX) {
		r = because(why, -EEXIST, "one ground too many: %s", c.name);
		case_release(&c);
		return r;
	}
	cases->grounds = xreallocarray(
		cases->grounds, cases->n_grounds + 1, sizeof(*cases->grounds));
	cases->grounds[cases->n_grounds++] = c;
	return 0;
}

static int list_program(
	const struct slice *fields, size_t n, struct buf *out, struct buf *why)
{
	struct test_case c = {
		.argv = make_argv(fields + 4, n - 4, SLICE("--list")),
	};
	AUTO_BUF struct buf err = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct proc proc = {
		.argv = (const char *const *)c.argv,
		.timeout_sec = LIST_SEC,
		.out = out,
		.err = &err,
	};
	int r = proc_run_ok(&proc, why);

	case_release(&c);
	return r;
}

/* A case for each line that the program prints. */
static int add_listed(struct test_cases *cases, const struct slice *fields,
	size_t n, struct buf *why)
{
	AUTO_BUF struct buf list = BUF_INIT(CASE_LIST_MAX_BYTES);
	int r = 0;

	if (list_program(fields, n, &list, why) < 0)
		return add_case(cases, fields, n, fields[1], why);
	struct slice rest = buf_slice(&list), name;

	while (r == 0 && slice_next_line(&rest, &name))
		if (name.len > 0)
			r = add_case(cases, fields, n, name, why);
	if (r == 0 && list.len == 0)
		return because(why, -EINVAL, "%.*s lists no tests",
			SLICE_FMT(fields[4]));
	return r;
}

static int add_line(
	struct test_cases *cases, struct slice line, struct buf *why)
{
	struct slice fields[FIELDS_MAX];
	size_t n = 0;

	if (line.len == 0 || line.ptr[0] == '#')
		return 0;
	while (n < FIELDS_MAX - 1 && slice_cut(line, '\t', &fields[n], &line))
		n++;
	fields[n++] = line;
	if (n < FIELDS_MIN || slice_has_char(line, '\t'))
		return because(why, -EINVAL, "%zu fields, not %d to %d", n,
			FIELDS_MIN, FIELDS_MAX);
	for (size_t i = 0; i < FIELDS_MIN; i++)
		if (fields[i].len == 0)
			return because(
				why, -EINVAL, "field %zu is empty", i + 1);
	if (slice_eq_str(fields[1], "*"))
		return add_listed(cases, fields, n, why);
	if (slice_eq_str(fields[1], "@"))
		return add_ground(cases, fields, n, why);
	return add_case(cases, fields, n, fields[1], why);
}

int test_cases_add(struct test_cases *cases, struct slice manifest,
	const char *path, struct buf *why)
{
	AUTO_BUF struct buf reason = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct slice line;

	for (int n = 1; slice_next_line(&manifest, &line); n++) {
		int r = add_line(cases, line, &reason);
		if (r < 0)
			return because(
				why, r, "%s:%d: %s", path, n, buf_str(&reason));
	}
	return 0;
}

static bool is_selected(const struct test_case *c, const char *pattern)
{
	return strstr(c->name, pattern) || fnmatch(pattern, c->name, 0) == 0;
}

static bool is_of_suite(const struct test_case *c, const char *suite)
{
	size_t len = strlen(suite);

	return strncmp(c->name, suite, len) == 0 && c->name[len] == '/';
}

static bool is_of_other_suite(const struct test_case *c, const char *suite)
{
	return !is_of_suite(c, suite);
}

static void keep(struct test_cases *cases,
	bool (*is_kept)(const struct test_case *c, const char *text),
	const char *text)
{
	size_t kept = 0;

	for (size_t i = 0; i < cases->n; i++) {
		if (is_kept(&cases->v[i], text))
			cases->v[kept++] = cases->v[i];
		else
			case_release(&cases->v[i]);
	}
	cases->n = kept;
}

void test_cases_select(struct test_cases *cases, const char *pattern)
{
	keep(cases, is_selected, pattern);
}

void test_cases_drop(struct test_cases *cases, const char *suite)
{
	keep(cases, is_of_other_suite, suite);
}
