/* The report of `cmdeploy dns`, as a person reads it. */
#include "cmdeploy/dns/check.h"

#include <string.h>

#include "cmdeploy/say.h"

enum {
	LINE_MAX_BYTES = 1 << 13,
	SHORT_MAX_BYTES = 60,
};

static const struct {
	const char *text;
	enum say_tone tone;
} verdicts[] = {
	[DNS_RIGHT] = { "right", SAY_GOOD },
	[DNS_MISSING] = { "missing", SAY_BAD },
	[DNS_WRONG] = { "wrong", SAY_BAD },
	[DNS_NOT_YET] = { "not yet", SAY_BAD },
	[DNS_UNKNOWN] = { "unknown", SAY_BAD },
};

static enum say_tone tone_of(const struct dns_finding *f)
{
	if (f->verdict == DNS_RIGHT || f->is_grave)
		return verdicts[f->verdict].tone;
	return SAY_DOUBT;
}

/* Nothing to publish, and nothing is. */
static bool is_void(const struct dns_finding *f)
{
	return f->verdict == DNS_RIGHT && !f->found[0] && !f->record.data;
}

static const char *explain(const struct dns_finding *f)
{
	if (f->note[0])
		return f->note;
	if (f->verdict == DNS_NOT_YET && f->record.unknown)
		return f->record.unknown;
	return "";
}

static void add_short(const char *text, struct buf *out)
{
	if (strlen(text) > SHORT_MAX_BYTES)
		buf_addf(out, "%.*s...", SHORT_MAX_BYTES - 3, text);
	else
		buf_add_str(out, text);
}

/* What there is, or what is the matter. */
static void add_remark(const struct dns_finding *f, struct buf *out)
{
	const char *why = explain(f);

	if (f->verdict == DNS_MISSING)
		buf_add_str(out, f->record.label);
	else if (f->verdict == DNS_RIGHT || !why[0])
		add_short(f->found, out);
	if (why[0])
		buf_addf(out, "%s%s", out->len ? ": " : "", why);
}

static size_t name_width(const struct dns_report *report)
{
	size_t width = 0;

	for (size_t i = 0; i < report->n; i++) {
		size_t len = strlen(report->v[i].record.name);
		if (len > width)
			width = len;
	}
	return width;
}

static void show_table(const struct dns_report *report)
{
	int width = (int)name_width(report);

	for (size_t i = 0; i < report->n; i++) {
		const struct dns_finding *f = &report->v[i];
		AUTO_BUF struct buf remark = BUF_INIT(LINE_MAX_BYTES);
		if (is_void(f))
			continue;
		add_remark(f, &remark);
		say("  %s%-7s%s  %-5s  %-*s  %s", say_tone(tone_of(f)),
			verdicts[f->verdict].text, say_tone(SAY_PLAIN),
			dns_type_name(f->record.type), width, f->record.name,
			buf_str(&remark));
	}
}

/* Has a line that puts it right. */
static bool is_to_copy(const struct dns_finding *f)
{
	return f->record.data &&
		(f->verdict == DNS_MISSING || f->verdict == DNS_WRONG);
}

/* Published though there is nothing to be published. */
static void show_removal(const struct dns_finding *f)
{
	say("; remove: %s. %s %s", f->record.name,
		dns_type_name(f->record.type), f->found);
}

static void show_lines(
	const struct dns_report *report, bool is_grave, const char *title)
{
	size_t n = 0;

	for (size_t i = 0; i < report->n; i++) {
		const struct dns_finding *f = &report->v[i];
		bool is_surplus = f->verdict == DNS_WRONG && !f->record.data;
		if (f->is_grave != is_grave || !(is_to_copy(f) || is_surplus))
			continue;
		if (n++ == 0) {
			say("%s", "");
			say_bold("%s", title);
		}
		if (is_surplus)
			show_removal(f);
		else
			say("%s", f->record.line);
	}
}

/* Web forms take the name and one string, without quotes. */
static void show_one_string(const struct dns_report *report)
{
	for (size_t i = 0; i < report->n; i++) {
		const struct dns_finding *f = &report->v[i];
		if (f->record.match != DNS_MATCH_DKIM || !is_to_copy(f))
			continue;
		say("%s", "");
		say_bold("The DKIM key in one string, for web forms:");
		say("%s", f->record.name);
		say("%s", f->record.data);
	}
}

/* "2 required and 1 recommended records are" */
static void add_counts(const struct dns_report *report, struct buf *out)
{
	size_t n = report->n_other > 0 ? report->n_other : report->n_grave;

	if (report->n_grave > 0)
		buf_addf(out, "%zu required ", report->n_grave);
	if (report->n_grave > 0 && report->n_other > 0)
		buf_add_str(out, "and ");
	if (report->n_other > 0)
		buf_addf(out, "%zu recommended ", report->n_other);
	buf_add_str(out, n == 1 ? "record is" : "records are");
}

void dns_report_sum(const struct dns_report *report, struct buf *out)
{
	if (report->n_grave == 0 && report->n_other == 0) {
		buf_add_str(out, "All records are right.");
		return;
	}
	if (report->n_grave == 0)
		buf_add_str(out, "All required records are right; ");
	add_counts(report, out);
	buf_add_str(out, " not right.");
}

static bool has_foreign_address(const struct dns_report *report)
{
	for (size_t i = 0; i < report->n; i++)
		if (report->v[i].record.match == DNS_MATCH_ADDRESS &&
			report->v[i].verdict == DNS_WRONG)
			return true;
	return false;
}

static void show_next_step(const struct dns_report *report)
{
	if (has_foreign_address(report))
		say("If that address is of a proxy in front of the relay, name "
		    "it in public_addresses\nof chatmail.ini.");
	if (report->n_grave + report->n_other > 0)
		say("When the lines above are published, run \"%s dns\" "
		    "again.",
			say_program());
}

static void show_servers(const struct dns_report *report)
{
	struct slice rest = slice_of(report->servers), line;

	if (rest.len == 0)
		return;
	say("%s", "");
	say_bold("Of the zone's name servers, which the world asks in turn:");
	while (slice_next_line(&rest, &line))
		say("%s? %.*s%s", say_tone(SAY_DOUBT), SLICE_FMT(line),
			say_tone(SAY_PLAIN));
}

void dns_report_show(const struct dns_report *report, const char *domain)
{
	AUTO_BUF struct buf sum = BUF_INIT(BUF_WHY_MAX_BYTES);

	say_bold("DNS records of %s", domain);
	if (report->source)
		say("as told by %s", report->source);
	say("%s", "");
	show_table(report);
	show_servers(report);
	show_lines(report, true,
		"Required; publish these, in place of what is wrong:");
	show_one_string(report);
	show_lines(report, false, "Recommended:");
	dns_report_sum(report, &sum);
	say("%s", "");
	say_bold("%s", buf_str(&sum));
	show_next_step(report);
}
