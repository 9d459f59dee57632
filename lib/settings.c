/*
 * settings.c - a table of settings turned into a parser, a file and a
 * manual.
 */
#include "lib/settings.h"

#include <errno.h>
#include <string.h>

#include "lib/ini.h"
#include "lib/num.h"

enum {
	/* A key is near another when it is at most this many edits away. */
	NEAR_EDITS = 3,
	KEY_MAX_BYTES = 64,
	MEGA_BYTES = 1 << 20,
	MDOC_WIDTH = 72,
	HELP_COLUMN = 76,
};

bool text_list_has_nocase(const struct text_list *list, struct slice item)
{
	for (size_t i = 0; i < list->n; i++)
		if (slice_eq_nocase(slice_of(list->items[i]), item))
			return true;
	return false;
}

static void text_list_release(struct text_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct text_list){ 0 };
}

static void *member(const struct setting *row, const void *object)
{
	return (char *)(uintptr_t)object + row->offset;
}

/* The value becomes NULL, 0, false, or an empty list. */
static void release_value(const struct setting *row, void *object)
{
	void *at = member(row, object);

	switch (row->type) {
	case SETTING_TEXT:
		free(*(char **)at);
		*(char **)at = NULL;
		break;
	case SETTING_NUMBER:
	case SETTING_SIZE:
	case SETTING_DECIMAL:
		*(uint64_t *)at = 0;
		break;
	case SETTING_BOOL:
		*(bool *)at = false;
		break;
	case SETTING_LIST:
		text_list_release(at);
		break;
	}
}

void settings_release(const struct settings *settings, void *object)
{
	for (size_t i = 0; i < settings->n; i++)
		release_value(&settings->rows[i], object);
}

void settings_keep(
	const struct settings *settings, void *object, unsigned readers)
{
	for (size_t i = 0; i < settings->n; i++)
		if (!(settings->rows[i].readers & readers))
			release_value(&settings->rows[i], object);
}

static bool parse_bool(struct slice value, bool *ret)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = {
		{ "true", true },
		{ "yes", true },
		{ "on", true },
		{ "1", true },
		{ "false", false },
		{ "no", false },
		{ "off", false },
		{ "0", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (slice_eq_str_nocase(value, words[i].word)) {
			*ret = words[i].value;
			return true;
		}
	}
	return false;
}

/* Nobody means so few bytes who writes no unit: it is MB then. */
static int parse_size(
	const struct setting *row, struct slice value, uint64_t *ret)
{
	int r = num_parse_u64(value, ret);

	if (r < 0)
		return num_parse_size(value, ret);
	if (row->is_mega && *ret < MEGA_BYTES)
		*ret *= MEGA_BYTES;
	return 0;
}

static int parse_any_number(
	const struct setting *row, struct slice value, uint64_t *ret)
{
	switch (row->type) {
	case SETTING_SIZE:
		return parse_size(row, value, ret);
	case SETTING_DECIMAL:
		return num_parse_hundredths(value, ret);
	default:
		return num_parse_u64(value, ret);
	}
}

static bool parse_number(
	const struct setting *row, struct slice value, uint64_t *ret)
{
	uint64_t n;
	int r = parse_any_number(row, value, &n);

	if (r < 0 || n < row->min || n > row->max)
		return false;
	*ret = n;
	return true;
}

static bool parse_list(
	const struct setting *row, struct slice value, struct text_list *ret)
{
	struct text_list list = { 0 };
	struct slice word;

	while (slice_next_word(&value, &word)) {
		list.items = xreallocarray(
			list.items, list.n + 1, sizeof(*list.items));
		list.items[list.n++] = slice_dup(word);
		if (row->is_valid && !row->is_valid(word)) {
			text_list_release(&list);
			return false;
		}
	}
	if (list.n < row->min || (row->max && list.n > row->max)) {
		text_list_release(&list);
		return false;
	}
	*ret = list;
	return true;
}

static bool parse_text(
	const struct setting *row, struct slice value, char **ret)
{
	if (row->is_valid && !row->is_valid(value))
		return false;
	*ret = slice_dup(value);
	return true;
}

/* Replaces the value of a row. false when the text will not do. */
static bool set_value(
	const struct setting *row, struct slice value, void *object)
{
	void *at = member(row, object);

	release_value(row, object);
	switch (row->type) {
	case SETTING_TEXT:
		return parse_text(row, value, at);
	case SETTING_NUMBER:
	case SETTING_SIZE:
	case SETTING_DECIMAL:
		return parse_number(row, value, at);
	case SETTING_BOOL:
		return parse_bool(value, at);
	case SETTING_LIST:
		return parse_list(row, value, at);
	}
	return false;
}

static void describe_accepted(const struct setting *row, struct buf *out)
{
	switch (row->type) {
	case SETTING_BOOL:
		buf_add_str(out, "true or false");
		return;
	case SETTING_NUMBER:
		buf_addf(out, "a whole number%s%s from %lu to %lu",
			row->unit[0] ? " of " : "", row->unit, row->min,
			row->max);
		return;
	case SETTING_SIZE:
		buf_addf(out,
			"a number of bytes, with K, M or G if you like, "
			"from %lu to %lu%s",
			row->min, row->max,
			row->is_mega ? "; one below 1048576 without a unit "
				       "is in MB"
				     : "");
		return;
	case SETTING_DECIMAL:
		buf_addf(out, "a number such as 4.5, from %lu to %lu",
			row->min / 100, row->max / 100);
		return;
	case SETTING_TEXT:
	case SETTING_LIST:
		buf_add_str(out, row->accepts ? row->accepts : "text");
		return;
	}
}

static const struct setting *find(
	const struct settings *settings, struct slice key)
{
	for (size_t i = 0; i < settings->n; i++)
		if (slice_eq_str(key, settings->rows[i].key))
			return &settings->rows[i];
	return NULL;
}

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Levenshtein's distance, one row of the table at a time. */
static size_t edits_between(struct slice a, struct slice b)
{
	AUTO_FREE size_t *row = xcalloc(b.len + 1, sizeof(*row));

	for (size_t j = 0; j <= b.len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			size_t above = row[j];
			size_t cost = a.ptr[i - 1] != b.ptr[j - 1];
			row[j] = min3(
				above + 1, row[j - 1] + 1, diagonal + cost);
			diagonal = above;
		}
	}
	return row[b.len];
}

const char *settings_nearest(const struct settings *settings, struct slice key)
{
	const char *nearest = NULL;
	size_t least = NEAR_EDITS + 1;

	if (key.len > KEY_MAX_BYTES)
		return NULL;
	for (size_t i = 0; i < settings->n; i++) {
		const char *known = settings->rows[i].key;
		size_t edits = edits_between(key, slice_of(known));
		if (edits < least) {
			least = edits;
			nearest = known;
		}
	}
	return nearest;
}

struct reading {
	const struct settings *settings;
	const char *name;
	void *object;
	settings_warn_fn warn;
	void *owner;
	bool *is_set;
};

static void PRINTF_LIKE(2, 3)
	warn_of(const struct reading *r, const char *format, ...)
{
	AUTO_BUF struct buf text = BUF_INIT(BUF_WHY_MAX_BYTES);
	va_list args;

	if (!r->warn)
		return;
	va_start(args, format);
	buf_vaddf(&text, format, args);
	va_end(args);
	r->warn(buf_str(&text), r->owner);
}

static bool is_foreign(const struct settings *settings, struct slice key)
{
	const char *const *name = settings->foreign;

	while (name && *name && !slice_eq_str(key, *name))
		name++;
	return name && *name;
}

static void warn_unknown(const struct reading *r, const struct ini_entry *e)
{
	const char *near = settings_nearest(r->settings, e->key);

	if (is_foreign(r->settings, e->key))
		warn_of(r,
			"%s: line %d: %.*s is a key of other software and has "
			"no effect here; you can remove the line",
			r->name, e->line, SLICE_FMT(e->key));
	else if (near)
		warn_of(r,
			"%s: line %d: unknown key \"%.*s\"; did you mean "
			"\"%s\"?",
			r->name, e->line, SLICE_FMT(e->key), near);
	else
		warn_of(r, "%s: line %d: unknown key \"%.*s\" is ignored",
			r->name, e->line, SLICE_FMT(e->key));
}

static int refuse_value(
	const struct setting *row, const struct ini_entry *e, struct buf *why)
{
	AUTO_BUF struct buf quoted = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_BUF struct buf accepted = BUF_INIT(BUF_WHY_MAX_BYTES);

	if (row->is_secret)
		buf_add_str(&quoted, "the value");
	else
		buf_add_quoted(&quoted, e->value);
	describe_accepted(row, &accepted);
	return because(why, -EINVAL, "line %d: %s: %s cannot be used; give %s",
		e->line, row->key, buf_str(&quoted), buf_str(&accepted));
}

static int take_entry(const struct ini_entry *e, void *owner, struct buf *why)
{
	struct reading *r = owner;

	if (!slice_eq_str(e->section, r->settings->section)) {
		warn_of(r, "%s: line %d: only section [%s] is read, not [%.*s]",
			r->name, e->line, r->settings->section,
			SLICE_FMT(e->section));
		return 0;
	}
	const struct setting *row = find(r->settings, e->key);
	if (!row) {
		warn_unknown(r, e);
		return 0;
	}
	size_t index = (size_t)(row - r->settings->rows);
	if (r->is_set[index])
		return because(why, -EINVAL,
			"line %d: %s: given twice; remove one of the lines",
			e->line, row->key);
	if (!set_value(row, e->value, r->object))
		return refuse_value(row, e, why);
	r->is_set[index] = true;
	return 0;
}

static int demand_required(const struct reading *r, struct buf *why)
{
	for (size_t i = 0; i < r->settings->n; i++) {
		const struct setting *row = &r->settings->rows[i];
		AUTO_BUF struct buf accepted = BUF_INIT(BUF_WHY_MAX_BYTES);

		if (row->fallback || r->is_set[i])
			continue;
		describe_accepted(row, &accepted);
		return because(why, -EINVAL,
			"%s is missing; write \"%s = ...\" below [%s], with %s",
			row->key, row->key, r->settings->section,
			buf_str(&accepted));
	}
	return 0;
}

static void set_defaults(const struct settings *settings, void *object)
{
	for (size_t i = 0; i < settings->n; i++) {
		const struct setting *row = &settings->rows[i];
		const char *text = row->fallback ? row->fallback : "";
		void *at = member(row, object);

		/* An empty default stands even where a file may not have it. */
		if (row->type == SETTING_TEXT)
			*(char **)at = xstrdup(text);
		else if (text[0])
			set_value(row, slice_of(text), object);
	}
}

int settings_parse(const struct settings *settings, struct slice text,
	const char *name, void *object, settings_warn_fn warn, void *owner,
	struct buf *why)
{
	AUTO_FREE bool *is_set = xcalloc(settings->n, sizeof(*is_set));
	AUTO_BUF struct buf reason = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct reading reading = { settings, name, object, warn, owner,
		is_set };

	set_defaults(settings, object);
	int r = ini_parse(text, take_entry, &reading, &reason);
	if (r >= 0)
		r = demand_required(&reading, &reason);
	if (r < 0) {
		settings_release(settings, object);
		return because(why, r, "%s: %s", name, buf_str(&reason));
	}
	return 0;
}

int settings_override(const struct settings *settings, const char *text,
	void *object, struct buf *why)
{
	AUTO_BUF struct buf accepted = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct slice key, value;

	if (!slice_cut(slice_of(text), '=', &key, &value))
		return because(why, -EINVAL, "%s: give KEY=VALUE", text);
	const struct setting *row = find(settings, key);
	if (!row)
		return because(why, -EINVAL, "%s: there is no such key", text);
	if (set_value(row, value, object))
		return 0;
	describe_accepted(row, &accepted);
	return because(why, -EINVAL, "%s: the value cannot be used; give %s",
		row->is_secret ? row->key : text, buf_str(&accepted));
}

void settings_value_text(
	const struct setting *row, const void *object, struct buf *out)
{
	const void *at = member(row, object);
	const struct text_list *list = at;

	switch (row->type) {
	case SETTING_TEXT:
		buf_add_str(out, *(char *const *)at);
		return;
	case SETTING_NUMBER:
	case SETTING_SIZE:
		buf_addf(out, "%lu", *(const uint64_t *)at);
		return;
	case SETTING_DECIMAL:
		buf_addf(out, "%lu.%02lu", *(const uint64_t *)at / 100,
			*(const uint64_t *)at % 100);
		return;
	case SETTING_BOOL:
		buf_add_str(out, *(const bool *)at ? "true" : "");
		return;
	case SETTING_LIST:
		for (size_t i = 0; i < list->n; i++)
			buf_addf(out, "%s%s", i ? " " : "", list->items[i]);
		return;
	}
}

/* `text` as comment lines of at most HELP_COLUMN columns. */
static void write_comment(const char *text, struct buf *out)
{
	struct slice rest = slice_of(text), word;
	size_t column = 0;

	while (slice_next_word(&rest, &word)) {
		if (column && column + 1 + word.len > HELP_COLUMN) {
			buf_add_char(out, '\n');
			column = 0;
		}
		buf_add_str(out, column ? " " : "# ");
		buf_add_slice(out, word);
		column += word.len + (column ? 1 : 2);
	}
	buf_add_char(out, '\n');
}

static const char *given_value(const char *const *given, const char *key)
{
	for (; given && given[0]; given += 2)
		if (strcmp(given[0], key) == 0)
			return given[1];
	return NULL;
}

/* A value of several lines goes on where a line is indented. */
static void write_value(const char *key, const char *value, struct buf *out)
{
	struct slice rest = slice_of(value), line;

	buf_addf(out, "%s =", key);
	for (int n = 0; slice_next_line(&rest, &line); n++)
		buf_addf(out, "%s%.*s", n ? "\n\t" : " ", SLICE_FMT(line));
	buf_add_char(out, '\n');
}

void settings_write_ini(const struct settings *settings,
	const char *const *given, struct buf *out)
{
	buf_addf(out, "[%s]\n", settings->section);
	for (size_t i = 0; i < settings->n; i++) {
		const struct setting *row = &settings->rows[i];
		const char *value = given_value(given, row->key);
		const char *fallback = row->fallback ? row->fallback : "";

		if (row->group)
			buf_addf(out, "\n#\n# %s\n#\n", row->group);
		buf_add_char(out, '\n');
		write_comment(row->help, out);
		if (value)
			write_value(row->key, value, out);
		else
			buf_addf(out, "#%s =%s%s\n", row->key,
				fallback[0] ? " " : "", fallback);
	}
}

static void write_mdoc_word(struct slice word, struct buf *out)
{
	for (size_t i = 0; i < word.len; i++) {
		if (word.ptr[i] == '\\')
			buf_add_str(out, "\\e");
		else
			buf_add_char(out, word.ptr[i]);
	}
}

/*
 * Lines of source, short, and each sentence on its own, the style of mdoc.
 * A leading dot or quote would be a request to the formatter.
 */
static void write_mdoc_text(const char *text, struct buf *out)
{
	struct slice rest = slice_of(text), word;
	size_t width = 0;

	while (slice_next_word(&rest, &word)) {
		if (width > 0 && width + 1 + word.len > MDOC_WIDTH) {
			buf_add_char(out, '\n');
			width = 0;
		}
		if (width > 0)
			buf_add_char(out, ' ');
		else if (word.ptr[0] == '.' || word.ptr[0] == '\'')
			buf_add_str(out, "\\&");
		write_mdoc_word(word, out);
		width += word.len + 1;
		if (slice_ends(word, SLICE("."))) {
			buf_add_char(out, '\n');
			width = 0;
		}
	}
	if (width > 0)
		buf_add_char(out, '\n');
}

void settings_write_mdoc(const struct settings *settings, struct buf *out)
{
	buf_add_str(out, ".Bl -tag -width Ds\n");
	for (size_t i = 0; i < settings->n; i++) {
		const struct setting *row = &settings->rows[i];
		AUTO_BUF struct buf accepted = BUF_INIT(BUF_WHY_MAX_BYTES);

		describe_accepted(row, &accepted);
		buf_addf(out, ".It Ic %s\n", row->key);
		write_mdoc_text(row->help, out);
		AUTO_FREE char *give = xasprintf("Give %s", buf_str(&accepted));
		write_mdoc_text(give, out);
		if (!row->fallback)
			buf_add_str(out, "(required).\n");
		else if (!row->fallback[0])
			buf_add_str(out, "(default: empty).\n");
		else
			buf_addf(out, "(default: %s).\n", row->fallback);
	}
	buf_add_str(out, ".El\n");
}
