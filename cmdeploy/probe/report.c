/* The results of tries as lines, as TAP, and as JUnit's XML (report.h). */
#include "cmdeploy/probe/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmdeploy/say.h"
#include "lib/file.h"

enum {
	NAME_WIDTH = 24,
	WHAT_WIDTH = 39,
	INDENT = 7,
	LINE_WIDTH = 80,
	FILE_MAX_BYTES = 1 << 20,
};

static const struct {
	const char *word;
	enum say_tone tone;
} looks[] = {
	[PROBE_PASSED] = { "ok", SAY_GOOD },
	[PROBE_FAILED] = { "FAIL", SAY_BAD },
	[PROBE_MORE] = { "more", SAY_DOUBT },
	[PROBE_SKIPPED] = { "skip", SAY_DOUBT },
};

/* A text below the line of a try, broken at blanks. */
static void show_text(const char *mark, const char *text)
{
	struct slice rest = slice_of(text), word;
	size_t column = INDENT - 1 + strlen(mark);

	printf("%*s%s", INDENT - 1, "", mark);
	while (slice_next_word(&rest, &word)) {
		if (column + 1 + word.len > LINE_WIDTH) {
			printf("\n%*s", INDENT - 1, "");
			column = INDENT - 1;
		}
		printf(" %.*s", SLICE_FMT(word));
		column += 1 + word.len;
	}
	putchar('\n');
}

static void line_begins(
	const struct probe_group *group, const struct probe_try *try)
{
	AUTO_FREE char *name = probe_full_name(group, try);

	if (say_is_terminal())
		printf("  ...  %-*s %s\r", NAME_WIDTH, name, try->what);
	fflush(stdout);
}

static void line_ended(const struct probe_result *r, size_t number UNUSED)
{
	AUTO_FREE char *name = probe_full_name(r->group, r->try);

	printf("%s  %s%-4s%s %-*s %-*s %6.2f s\n",
		say_is_terminal() ? "\033[K" : "",
		say_tone(looks[r->outcome].tone), looks[r->outcome].word,
		say_tone(SAY_PLAIN), NAME_WIDTH, name, WHAT_WIDTH, r->try->what,
		r->sec);
	if (r->text[0])
		show_text("", r->text);
	if (r->outcome == PROBE_FAILED)
		show_text(" next:", r->try->advice);
	fflush(stdout);
}

const struct probe_watcher probe_report_lines = {
	.begins = line_begins,
	.ended = line_ended,
};

/* "more" is TAP's TODO: not ok, and not counted as a failure. */
static void tap_ended(const struct probe_result *r, size_t number)
{
	AUTO_FREE char *name = probe_full_name(r->group, r->try);
	bool is_ok = r->outcome == PROBE_PASSED || r->outcome == PROBE_SKIPPED;

	printf("%s %zu - %s: %s", is_ok ? "ok" : "not ok", number, name,
		r->try->what);
	if (r->outcome == PROBE_SKIPPED)
		printf(" # SKIP %s", r->text);
	if (r->outcome == PROBE_MORE)
		printf(" # TODO more than this relay promises");
	AUTO_BUF struct buf text = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_BUF struct buf next = BUF_INIT(BUF_WHY_MAX_BYTES);
	buf_add_quoted(&text, slice_of(r->text));
	buf_add_quoted(&next, slice_of(r->try->advice));
	printf("\n  ---\n  duration_ms: %.0f\n", r->sec * 1000);
	if (!is_ok)
		printf("  message: %s\n  next: %s\n", buf_str(&text),
			buf_str(&next));
	printf("  ...\n");
	fflush(stdout);
}

const struct probe_watcher probe_report_tap = {
	.ended = tap_ended,
};

size_t probe_report_list(const char *pattern)
{
	size_t n = 0;

	for (size_t g = 0; probe_groups[g]; g++) {
		const struct probe_try *try = probe_groups[g]->tries;
		for (; try->name; try++) {
			AUTO_FREE char *name =
				probe_full_name(probe_groups[g], try);
			if (!probe_is_chosen(probe_groups[g], try, pattern))
				continue;
			printf("%-*s %s\n", NAME_WIDTH, name, try->what);
			n++;
		}
	}
	return n;
}

void probe_report_sum(const struct probe_results *results, struct buf *out)
{
	size_t n_more = probe_count(results, PROBE_MORE);
	size_t n_skipped = probe_count(results, PROBE_SKIPPED);

	buf_addf(out, "%zu passed, %zu failed",
		probe_count(results, PROBE_PASSED),
		probe_count(results, PROBE_FAILED));
	if (n_more > 0)
		buf_addf(out, ", %zu more", n_more);
	if (n_skipped > 0)
		buf_addf(out, ", %zu skipped", n_skipped);
}

/* XML 1.0 has no control characters, not even escaped. */
static void add_xml(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '&')
			buf_add_str(out, "&amp;");
		else if (*text == '<')
			buf_add_str(out, "&lt;");
		else if (*text == '"')
			buf_add_str(out, "&quot;");
		else
			buf_add_char(
				out, (unsigned char)*text < 0x20 ? ' ' : *text);
	}
}

static void add_case(struct buf *out, const struct probe_result *r)
{
	bool is_failure = r->outcome == PROBE_FAILED;

	buf_addf(out, "  <testcase classname=\"%s\" name=\"%s\" time=\"%.3f\"",
		r->group->name, r->try->name, r->sec);
	if (r->outcome == PROBE_PASSED) {
		buf_add_str(out, "/>\n");
		return;
	}
	buf_addf(out, ">\n    <%s message=\"",
		is_failure ? "failure" : "skipped");
	add_xml(out, r->text);
	buf_add_char(out, '"');
	if (is_failure) {
		buf_add_char(out, '>');
		add_xml(out, r->try->advice);
		buf_add_str(out, "</failure>\n  </testcase>\n");
	} else {
		buf_add_str(out, "/>\n  </testcase>\n");
	}
}

int probe_report_junit(const struct probe_results *results, const char *domain,
	const char *path, struct buf *why)
{
	AUTO_BUF struct buf out = BUF_INIT(FILE_MAX_BYTES);
	size_t n_skipped = probe_count(results, PROBE_MORE) +
		probe_count(results, PROBE_SKIPPED);

	buf_add_str(&out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	buf_add_str(&out, "<testsuite name=\"");
	add_xml(&out, domain);
	buf_addf(&out, "\" tests=\"%zu\" failures=\"%zu\" skipped=\"%zu\">\n",
		results->n, probe_count(results, PROBE_FAILED), n_skipped);
	for (size_t i = 0; i < results->n; i++)
		add_case(&out, &results->v[i]);
	buf_add_str(&out, "</testsuite>\n");
	return file_write(path, buf_slice(&out),
		(struct file_owner){ 0644, (uid_t)-1, (gid_t)-1 }, why);
}
