/* Unit tests of lib/cmd.h. */
#include "lib/cmd.h"

#include <errno.h>

#include "tests/test.h"

static int got_argc;

static int run(int argc, char **argv UNUSED)
{
	got_argc = argc;
	return 42;
}

static const struct cmd cmds[] = {
	{ "status", "--dir DIR", "Tell how it is", run },
	{ "down", "--dir DIR", "End it", run },
};

static const struct cmd_set set = {
	.program = "try",
	.about = "a test",
	.cmds = cmds,
	.n = ARRAY_LEN(cmds),
};

static const struct {
	const char *name;
	const char *argv[6];
	int want_status;
	int want_argc;
} calls[] = {
	{ "runs", { "try", "status" }, 42, 1 },
	{ "hands on", { "try", "down", "a", "b" }, 42, 3 },
	{ "nothing", { "try" }, 2, 0 },
	{ "help", { "try", "--help" }, 0, 0 },
	{ "version", { "try", "--version" }, 0, 0 },
	{ "help of one", { "try", "down", "--help" }, 0, 0 },
	{ "help comes too late", { "try", "down", "--", "--help" }, 42, 3 },
	{ "unknown", { "try", "statsu" }, 2, 0 },
	{ "hostile", { "try", "\x1b[2J" }, 2, 0 },
};

static int count(const char *const *argv)
{
	int n = 0;

	while (argv[n])
		n++;
	return n;
}

static const struct {
	const char *name;
	const char *argv[7];
	int want;
	const char *first, *dir;
	bool is_quiet;
	const char *why;
} parses[] = {
	{ "none", { "up" }, 0, NULL, NULL, false, "" },
	{ "one", { "up", "127.0.0.1" }, 1, "127.0.0.1", NULL, false, "" },
	{ "after", { "up", "a", "--dir", "d", "-q" }, 1, "a", "d", true, "" },
	{ "before", { "up", "--dir=d", "a" }, 1, "a", "d", false, "" },
	{ "ended", { "up", "--", "-q" }, 1, "-q", NULL, false, "" },
	{ "dash", { "up", "-" }, 1, "-", NULL, false, "" },
	{ "two", { "up", "a", "b" }, -EINVAL, NULL, NULL, false,
		"\"b\" is one argument too many" },
	{ "unknown", { "up", "--dri", "x" }, -EINVAL, NULL, NULL, false,
		"there is no option --dri" },
	{ "no value", { "up", "--dir" }, -EINVAL, NULL, NULL, false,
		"--dir needs a value" },
	{ "empty value", { "up", "--dir=" }, -EINVAL, NULL, NULL, false,
		"--dir needs a value" },
	{ "flag with value", { "up", "-q=1" }, -EINVAL, NULL, NULL, true,
		"-q takes no value" },
};

static void test_parse(size_t i)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	const char *argv[ARRAY_LEN(parses[0].argv) + 1] = { 0 };
	const char *dir = NULL;
	bool is_quiet = false;
	const struct cmd_option options[] = {
		{ .name = "--dir", .text = &dir },
		{ .name = "-q", .flag = &is_quiet },
	};

	memcpy(argv, parses[i].argv, sizeof(parses[i].argv));
	int n = cmd_parse(count(argv), (char **)(void *)argv, options,
		ARRAY_LEN(options), 1, &why);
	check_int(parses[i].name, n, parses[i].want);
	check_str(parses[i].name, buf_str(&why), parses[i].why);
	if (n < 0)
		return;
	check_int(parses[i].name, is_quiet, parses[i].is_quiet);
	check_str(parses[i].name, dir ? dir : "none",
		parses[i].dir ? parses[i].dir : "none");
	if (n == 1)
		check_str(parses[i].name, argv[1], parses[i].first);
}

int main(void)
{
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		got_argc = 0;
		check_int(calls[i].name,
			cmd_main(&set, count(calls[i].argv),
				(char **)(void *)(const char **)calls[i].argv),
			calls[i].want_status);
		check_int(calls[i].name, got_argc, calls[i].want_argc);
	}
	for (size_t i = 0; i < ARRAY_LEN(parses); i++)
		test_parse(i);
	return test_end();
}
