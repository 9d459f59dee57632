/*
 * settings.h - settings as a table: key, type, unit, default, bounds and
 * one line of help. Parser, defaults, a commented file and a manual page
 * come from the same rows.
 */
#ifndef LIB_SETTINGS_H
#define LIB_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"

/* A list of words, separated by white space in the file. */
struct text_list {
	char **items;
	size_t n;
};

bool text_list_has_nocase(const struct text_list *list, struct slice item);

enum setting_type {
	SETTING_TEXT,    /* char *, "" when empty */
	SETTING_NUMBER,  /* uint64_t */
	SETTING_SIZE,    /* uint64_t bytes; accepts K, M, G, KB, MB, GB */
	SETTING_DECIMAL, /* uint64_t hundredths; accepts "4.5" */
	SETTING_BOOL,    /* bool; true/false, yes/no, on/off, 1/0 */
	SETTING_LIST,    /* struct text_list */
};

struct setting {
	const char *key;
	enum setting_type type;
	const char *unit;     /* "days", "bytes"; "" for none */
	const char *fallback; /* the default as text; NULL: required */
	uint64_t min, max;    /* numbers, sizes, and the items of a list */
	size_t offset;        /* of the member in the object */
	/*
	 * Further demand on a value: true when it will do. `accepts` says
	 * in words what it takes. Both may be NULL.
	 */
	bool (*is_valid)(struct slice value);
	const char *accepts;
	bool is_secret;    /* a value that is refused is not shown */
	bool is_mega;      /* a small size without unit is in MB */
	unsigned readers;  /* who reads it, a bit each: settings_keep() */
	const char *help;  /* one line, a sentence */
	const char *group; /* set on the first row of a group: its title */
};

struct settings {
	const char *section;
	const struct setting *rows;
	size_t n;
	/* Keys of other software, ended by NULL: allowed, and not used. */
	const char *const *foreign;
};

typedef void (*settings_warn_fn)(const char *text, void *owner);

/*
 * Fills the members of *object (zeroed before) from INI text: defaults,
 * then what the file says. On failure *object is released and zero, and
 * `why` names `name`, line, key, what was wrong and what is accepted.
 */
int settings_parse(const struct settings *settings, struct slice text,
	const char *name, void *object, settings_warn_fn warn, void *owner,
	struct buf *why) MUST_CHECK;
/*
 * Puts a value in place of what was read: `text` is "key=value". -EINVAL
 * when there is no such key, or the value will not do.
 */
int settings_override(const struct settings *settings, const char *text,
	void *object, struct buf *why) MUST_CHECK;
/* Frees the values; *object is zero afterwards. */
void settings_release(const struct settings *settings, void *object);

/* Makes all members zero that none of these readers reads. */
void settings_keep(
	const struct settings *settings, void *object, unsigned readers);

/*
 * A commented INI file with every key at its default; those in `given`
 * (key, value pairs, ended by NULL) stand uncommented with that value.
 */
void settings_write_ini(const struct settings *settings,
	const char *const *given, struct buf *out);
/* The list of keys as mdoc(7) source: a .Bl -tag list. */
void settings_write_mdoc(const struct settings *settings, struct buf *out);
/* The value of a row as text for a template; sizes in bytes, true or "". */
void settings_value_text(
	const struct setting *row, const void *object, struct buf *out);

/* The nearest known key by edit distance, or NULL when none is near. */
const char *settings_nearest(const struct settings *settings, struct slice key);

#endif
