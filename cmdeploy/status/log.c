/*
 * The last errors that the services logged within a day: from the files of
 * a relay in a folder, from the journal of a server.
 */
#include <string.h>
#include <time.h>

#include "cmdeploy/status/collect.h"
#include "cmdeploy/status/loglines.h"
#include "lib/file.h"

enum {
	DAY_SEC = 86400,
	LOG_MAX_BYTES = 8 << 20,
	STAMP_MAX_BYTES = 32,
	JOURNAL_SEC = 30,
	UNITS_MAX = 64,
	HOUR_BYTES = 8, /* 12:00:00 */
};

/* "2026-01-31_12:00:00.12345 " without what nobody reads. */
static struct slice take_stamp(struct slice line, struct buf *out)
{
	struct slice stamp, rest, day, hour, fraction;

	if (!slice_cut(line, ' ', &stamp, &rest) ||
		!slice_cut(stamp, '_', &day, &hour) ||
		!slice_cut(hour, '.', &hour, &fraction))
		return line;
	buf_addf(out, "%.*s %.*s ", SLICE_FMT(day), SLICE_FMT(hour));
	return rest;
}

static void add_line(struct findings *list, const char *name, struct slice line)
{
	AUTO_BUF struct buf text = BUF_INIT(BUF_WHY_MAX_BYTES);

	line = take_stamp(line, &text);
	buf_add_plain(&text, line);
	findings_add(
		list, STATUS_LOG, STATUS_DOUBT, name, "%s", buf_str(&text));
}

static void add_errors(const char *name, const struct log_errors *errors,
	struct findings *list)
{
	AUTO_FREE char *title = xasprintf("log of %s", name);

	for (size_t i = errors->n_last; i > 0; i--)
		add_line(list, title, errors->last[i - 1]);
	if (errors->n > errors->n_last)
		findings_add(list, STATUS_LOG, STATUS_DOUBT, title,
			"and %zu more in a day", errors->n - errors->n_last);
}

static void look_at_file(
	const struct relay *relay, const char *name, struct findings *list)
{
	AUTO_FREE char *path =
		xasprintf("%s/%s/current", relay_place(relay, "log_dir"), name);
	AUTO_BUF struct buf text = BUF_INIT(LOG_MAX_BYTES);
	char since[STAMP_MAX_BYTES] = "";
	time_t yesterday = time(NULL) - DAY_SEC;
	struct log_errors errors;
	struct tm tm;

	if (file_read(path, &text, NULL) < 0 || !gmtime_r(&yesterday, &tm))
		return;
	strftime(since, sizeof(since), "%Y-%m-%d_%H:%M:%S", &tm);
	log_find_errors(buf_slice(&text), since, &errors);
	add_errors(name, &errors, list);
}

/* "2026-01-31T12:00:00+0000 host nginx[12]: text" */
static bool parse_journal(struct slice line, struct slice *ret_stamp,
	struct slice *ret_name, struct slice *ret_text)
{
	struct slice name, text, before, after;

	if (!slice_cut(line, ' ', ret_stamp, &text) ||
		!slice_cut(text, ' ', &before, &text) ||
		!slice_cut(text, ' ', &name, ret_text))
		return false;
	if (slice_cut(name, '[', &before, &after) ||
		slice_cut(name, ':', &before, &after))
		name = before;
	*ret_name = name;
	return name.len > 0;
}

static void add_journal_line(struct findings *list, struct slice line)
{
	struct slice stamp, name, text, day, hour;

	if (!parse_journal(line, &stamp, &name, &text) ||
		!slice_cut(stamp, 'T', &day, &hour)) {
		add_line(list, "journal", line);
		return;
	}
	AUTO_FREE char *title = xasprintf("log of %.*s", SLICE_FMT(name));
	AUTO_FREE char *whole = xasprintf("%.*s %.*s %.*s", SLICE_FMT(day),
		SLICE_FMT(slice_head(hour, HOUR_BYTES)), SLICE_FMT(text));
	add_line(list, title, slice_of(whole));
}

static void add_journal(const struct log_errors *errors, struct findings *list)
{
	for (size_t i = errors->n_last; i > 0; i--)
		add_journal_line(list, errors->last[i - 1]);
	if (errors->n > errors->n_last)
		findings_add(list, STATUS_LOG, STATUS_DOUBT, "logs",
			"%zu errors in a day; \"journalctl -p err\" shows all",
			errors->n);
}

/* One question for all units. */
static void look_at_journal(char *const *units, size_t n, struct findings *list)
{
	AUTO_BUF struct buf text = BUF_INIT(LOG_MAX_BYTES);
	const char *argv[2 * UNITS_MAX + 8] = { "journalctl", "--quiet",
		"--no-pager", "--priority=err", "--since=-1d",
		"--output=short-iso" };
	struct log_errors errors = { 0 };
	struct slice rest, line;
	size_t at = 6;
	int status;

	for (size_t i = 0; i < n; i++) {
		argv[at++] = "--unit";
		argv[at++] = units[i];
	}
	const struct proc proc = {
		.argv = argv,
		.timeout_sec = JOURNAL_SEC,
		.out = &text,
	};
	if (proc_run(&proc, &status, NULL) < 0 || status != 0)
		return;
	rest = buf_slice(&text);
	while (slice_next_line(&rest, &line))
		if (!log_is_harmless(line))
			log_errors_add(&errors, line);
	add_journal(&errors, list);
}

void status_log(struct relay *relay, struct findings *list)
{
	const struct component *const *components = relay->apply.components;
	char *units[UNITS_MAX];
	size_t n = 0;

	for (size_t i = 0; components[i]; i++) {
		const struct service *s = components[i]->services;
		for (; s && s->name; s++) {
			if (!apply_counts(&relay->apply, s->when))
				continue;
			if (!relay->is_server)
				look_at_file(relay, s->name, list);
			else if (n < UNITS_MAX &&
				relay_unit(relay, s, &units[n], NULL) == 0)
				n++;
		}
	}
	if (n > 0)
		look_at_journal(units, n, list);
	for (size_t i = 0; i < n; i++)
		free(units[i]);
}
