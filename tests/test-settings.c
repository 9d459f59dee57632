/* Unit tests of lib/settings.h. */
#include <errno.h>

#include "lib/settings.h"
#include "tests/test.h"

struct box {
	char *name;
	uint64_t count;
	uint64_t size;
	bool flag;
	struct text_list words;
};

static bool is_short(struct slice s)
{
	return s.len <= 5;
}

static const struct setting rows[] = {
	{ .key = "name",
		.type = SETTING_TEXT,
		.unit = "",
		.offset = offsetof(struct box, name),
		.is_valid = is_short,
		.accepts = "up to five letters",
		.help = "What it is called.",
		.group = "Names" },
	{ .key = "count",
		.type = SETTING_NUMBER,
		.unit = "things",
		.fallback = "3",
		.min = 1,
		.max = 9,
		.offset = offsetof(struct box, count),
		.help = "How many." },
	{ .key = "size",
		.type = SETTING_SIZE,
		.unit = "bytes",
		.fallback = "2K",
		.min = 1,
		.max = 1 << 20,
		.offset = offsetof(struct box, size),
		.help = "How large." },
	{ .key = "flag",
		.type = SETTING_BOOL,
		.unit = "",
		.fallback = "false",
		.offset = offsetof(struct box, flag),
		.help = "Whether." },
	{ .key = "words",
		.type = SETTING_LIST,
		.unit = "",
		.fallback = "",
		.is_valid = is_short,
		.accepts = "short words",
		.offset = offsetof(struct box, words),
		.help = ".Some words." },
};

static const char *const foreign[] = { "counts", "others_path", NULL };

static const struct settings settings = {
	.section = "params",
	.rows = rows,
	.n = ARRAY_LEN(rows),
	.foreign = foreign,
};

static void collect_warning(const char *text, void *owner)
{
	buf_addf(owner, "%s|", text);
}

static const struct {
	const char *name;
	const char *in;
	int want;
	const char *said; /* warnings, or the reason */
} cases[] = {
	{ "all well", "[params]\nname=a\n", 0, "" },
	{ "all keys",
		"[params]\nname=a\ncount=9\nsize=1K\nflag=Yes\nwords=a b\n c",
		0, "" },
	{ "unknown, near", "[params]\nname=a\ncuont=1\n", 0,
		"x.ini: line 3: unknown key \"cuont\"; did you mean "
		"\"count\"?|" },
	{ "unknown, far", "[params]\nname=a\nelephants=1\n", 0,
		"x.ini: line 3: unknown key \"elephants\" is ignored|" },
	{ "foreign", "[params]\nname=a\ncounts=1\nothers_path=/x\n", 0,
		"x.ini: line 3: counts is a key of other software and has no "
		"effect here; you can remove the line|"
		"x.ini: line 4: others_path is a key of other software and "
		"has no effect here; you can remove the line|" },
	{ "other section", "[params]\nname=a\n[more]\nb=1\n", 0,
		"x.ini: line 4: only section [params] is read, not [more]|" },
	{ "required", "[params]\n", -EINVAL,
		"x.ini: name is missing; write \"name = ...\" below [params], "
		"with up to five letters" },
	{ "number", "[params]\ncount=ten\n", -EINVAL,
		"x.ini: line 2: count: \"ten\" cannot be used; give a whole "
		"number of things from 1 to 9" },
	{ "bounds", "[params]\ncount=10\n", -EINVAL,
		"x.ini: line 2: count: \"10\" cannot be used; give a whole "
		"number of things from 1 to 9" },
	{ "flag", "[params]\nflag=maybe\n", -EINVAL,
		"x.ini: line 2: flag: \"maybe\" cannot be used; give true or "
		"false" },
	{ "text", "[params]\nname=elephant\n", -EINVAL,
		"x.ini: line 2: name: \"elephant\" cannot be used; give up to "
		"five letters" },
	{ "list", "[params]\nwords=a elephant\n", -EINVAL,
		"x.ini: line 2: words: \"a elephant\" cannot be used; give "
		"short words" },
	{ "twice", "[params]\nname=a\nname=b\n", -EINVAL,
		"x.ini: line 3: name: given twice; remove one of the lines" },
};

static void check_zero(const char *name, const struct box *box)
{
	check(name, !box->name && !box->words.items && box->words.n == 0);
	check_int(name, box->count, 0);
	check_int(name, box->size, 0);
	check(name, !box->flag);
}

static void test_cases(void)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_BUF struct buf said = BUF_INIT(1000);
		AUTO_BUF struct buf why = BUF_INIT(1000);
		struct box box = { 0 };
		int r = settings_parse(&settings, slice_of(cases[i].in),
			"x.ini", &box, collect_warning, &said, &why);

		check_int(cases[i].name, r, cases[i].want);
		check_str(cases[i].name, buf_str(r < 0 ? &why : &said),
			cases[i].said);
		if (r == 0)
			settings_release(&settings, &box);
		check_zero(cases[i].name, &box);
	}
}

static void test_values(void)
{
	struct box box = { 0 };
	int r = settings_parse(&settings,
		SLICE("[params]\nname = a\nflag = on\nwords = One two\n"), "x",
		&box, NULL, NULL, NULL);

	check_int("parsed", r, 0);
	check_str("name", box.name, "a");
	check_int("count", box.count, 3);
	check_int("size", box.size, 2048);
	check("flag", box.flag);
	check("words", text_list_has_nocase(&box.words, SLICE("oNE")));
	check("no such word", !text_list_has_nocase(&box.words, SLICE("on")));
	static const char *const texts[] = { "a", "3", "2048", "true",
		"One two" };
	for (size_t i = 0; i < settings.n; i++) {
		AUTO_BUF struct buf text = BUF_INIT(1000);
		settings_value_text(&rows[i], &box, &text);
		check_str(rows[i].key, buf_str(&text), texts[i]);
	}
	settings_release(&settings, &box);
	check_zero("released", &box);
	settings_release(&settings, &box);
}

/* A known key may be longer than any that a file could mean by it. */
static void test_nearest(void)
{
	AUTO_FREE char *endless = xcalloc(1, 100001);
	memset(endless, 'a', 100000);
	const struct setting long_rows[] = { { .key = endless },
		{ .key = "count" } };
	const struct settings long_keys = { "params", long_rows,
		ARRAY_LEN(long_rows), NULL };

	check_str(
		"near", settings_nearest(&long_keys, SLICE("cuont")), "count");
	check("far", !settings_nearest(&long_keys, SLICE("elephant")));
}

static void test_file(void)
{
	static const char *const given[] = { "name", "abc", NULL };
	AUTO_BUF struct buf text = BUF_INIT(10000);
	struct box box = { 0 };

	settings_write_ini(&settings, given, &text);
	check_str("file", buf_str(&text),
		"[params]\n\n#\n# Names\n#\n\n# What it is called.\nname = "
		"abc\n"
		"\n# How many.\n#count = 3\n\n# How large.\n#size = 2K\n"
		"\n# Whether.\n#flag = false\n\n# .Some words.\n#words =\n");
	check_int("reads back",
		settings_parse(&settings, buf_slice(&text), "x", &box, NULL,
			NULL, NULL),
		0);
	check_str("reads back", box.name, "abc");
	settings_release(&settings, &box);
}

/* Lines that go on are indented, or they would be keys of their own. */
static void test_long_value(void)
{
	static const char *const given[] = { "name", "a\nb\nc", NULL };
	AUTO_BUF struct buf text = BUF_INIT(10000);
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct box box = { 0 };

	settings_write_ini(&settings, given, &text);
	check_int("lines",
		settings_parse(&settings, buf_slice(&text), "x", &box, NULL,
			NULL, &why),
		0);
	check_str("lines", buf_str(&why), "");
	check_str("lines", box.name, "a\nb\nc");
	settings_release(&settings, &box);
}

static void test_mdoc(void)
{
	AUTO_BUF struct buf text = BUF_INIT(10000);

	settings_write_mdoc(&settings, &text);
	check("no request of ours",
		strstr(buf_str(&text), "\n\\&.Some words.\n") != NULL);
}

int main(void)
{
	test_cases();
	test_values();
	test_nearest();
	test_file();
	test_long_value();
	test_mdoc();
	return test_end();
}
