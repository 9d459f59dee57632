/*
 * The last errors that the services logged within a day: from the files of
 * a relay in a folder, from the journal of a server.
 */
#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cmdeploy/status/loglines.h"
#include "cmdeploy/status/status.h"
#include "lib/file.h"
#include "lib/proc.h"
#include "lib/words.h"

enum {
	DAY_SEC = 86400,
	/* Of one service, from the newest file back. */
	LOG_MAX_BYTES = 8 << 20,
	STAMP_MAX_BYTES = 32,
	JOURNAL_SEC = 30,
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
	findings_add(list, STATUS_DOUBT, name, "%s", buf_str(&text));
}

static void add_errors(const char *name, const struct log_errors *errors,
	struct findings *list)
{
	AUTO_FREE char *title = xasprintf("log of %s", name);

	for (size_t i = errors->n_last; i > 0; i--)
		add_line(list, title, errors->last[i - 1]);
	if (errors->n > errors->n_last)
		findings_add(list, STATUS_DOUBT, title, "and %zu more in a day",
			errors->n - errors->n_last);
}

/* "current" and, named by the time when they were full, those before it. */
static int is_log(const struct dirent *entry)
{
	return entry->d_name[0] == '@' || strcmp(entry->d_name, "current") == 0;
}

/*
 * The lines since then, oldest first: of as many files as fit, from the newest
 * one back. A file that was full before has none.
 */
static void read_logs(const char *folder, const char *since, struct buf *out)
{
	struct dirent **names = NULL;
	int n = scandir(folder, &names, is_log, alphasort);
	int first = n;
	off_t len = 0;

	for (; first > 0; first--) {
		const char *name = names[first - 1]->d_name;
		AUTO_FREE char *path = xasprintf("%s/%s", folder, name);
		struct stat st;
		if (name[0] == '@' && strcmp(name + 1, since) < 0)
			break;
		if (stat(path, &st) < 0 || len + st.st_size > LOG_MAX_BYTES)
			break;
		len += st.st_size;
	}
	for (int i = 0; i < n; i++) {
		AUTO_FREE char *path =
			xasprintf("%s/%s", folder, names[i]->d_name);
		/* One that has gone meanwhile was the oldest. */
		if (i >= first)
			(void)!file_read(path, out, NULL);
		free(names[i]);
	}
	free(names);
}

static void look_at_files(
	const struct relay *relay, const char *name, struct findings *list)
{
	AUTO_FREE char *folder =
		xasprintf("%s/%s", relay->places.log_dir, name);
	/* What is written meanwhile has room, too. */
	AUTO_BUF struct buf text = BUF_INIT(2 * LOG_MAX_BYTES);
	char since[STAMP_MAX_BYTES] = "";
	time_t yesterday = time(NULL) - DAY_SEC;
	struct log_errors errors;
	struct tm tm;

	if (!gmtime_r(&yesterday, &tm))
		return;
	strftime(since, sizeof(since), "%Y-%m-%d_%H:%M:%S", &tm);
	read_logs(folder, since, &text);
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
		findings_add(list, STATUS_DOUBT, "logs",
			"%zu errors in a day; \"journalctl -p err\" shows all",
			errors->n);
}

static void look_at_journal(const struct words *question, struct findings *list)
{
	AUTO_BUF struct buf text = BUF_INIT(LOG_MAX_BYTES);
	const struct proc proc = {
		.argv = words_list(question),
		.timeout_sec = JOURNAL_SEC,
		.out = &text,
	};
	struct log_errors errors = { 0 };
	struct slice rest, line;
	int status;

	if (proc_run(&proc, &status, NULL) < 0 || status != 0)
		return;
	rest = buf_slice(&text);
	while (slice_next_line(&rest, &line))
		if (!log_is_harmless(line))
			log_errors_add(&errors, line);
	add_journal(&errors, list);
}

static void add_unit(const struct relay *relay, const struct service *service,
	struct words *question)
{
	AUTO_FREE char *unit = NULL;

	if (relay_unit(relay, service, &unit, NULL) < 0)
		return;
	AUTO_FREE char *option = xasprintf("--unit=%s", unit);
	words_add(question, option);
}

/* The journal is asked once for all units. */
void status_log(struct relay *relay, struct findings *list)
{
	const struct component *const *components = relay->apply.components;
	AUTO_WORDS struct words question = { 0 };

	words_add_split(&question,
		SLICE("journalctl --quiet --no-pager --priority=err "
		      "--since=-1d "
		      "--output=short-iso"));
	for (size_t i = 0; components[i]; i++) {
		const struct service *s = components[i]->services;
		for (; s && s->name; s++) {
			if (!apply_counts(&relay->apply, s->when))
				continue;
			if (relay->has_systemd)
				add_unit(relay, s, &question);
			else
				look_at_files(relay, s->name, list);
		}
	}
	if (relay->has_systemd)
		look_at_journal(&question, list);
}
