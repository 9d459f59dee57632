/* Asks for the records of a relay, one after another, and compares them. */
#include "cmdeploy/dns/check.h"

#include <errno.h>
#include <string.h>

#include "cmdeploy/dns/walk.h"
#include "cmdeploy/say.h"

enum {
	FOUND_MAX_BYTES = 1 << 14,
	/* Until it is clear that no question gets out. */
	PATIENT_MSEC = 2000,
	HASTY_MSEC = 300, /* each run waits for that */
};

/* What is known while one record after another is asked for. */
struct round {
	struct walk *walk;
	struct words domain_addresses;
	struct dns_report report;
};

static int look_for_record(struct round *round, const struct dns_record *record,
	struct dns_seen *seen, struct buf *why)
{
	bool is_alias = record->match == DNS_MATCH_ALIAS;
	int r = walk_lookup(round->walk, record->name,
		is_alias ? LDNS_RR_TYPE_A : record->type, seen, why);

	return r >= 0 && is_alias ? walk_lookup(round->walk, record->name,
					    LDNS_RR_TYPE_AAAA, seen, why)
				  : r;
}

/* Other TXT records of the relay's name are nobody's business. */
static bool is_told(const struct dns_record *record, const char *data)
{
	return record->match != DNS_MATCH_SPF ||
		slice_starts_nocase(slice_of(data), SLICE("v=spf1"));
}

/* "www.cdn.example. -> 192.0.2.1, 192.0.2.2" */
static char *found_text(
	const struct dns_record *record, const struct dns_seen *seen)
{
	AUTO_BUF struct buf out = BUF_INIT(FOUND_MAX_BYTES);
	const char *separator = "";

	for (size_t i = 0; i < seen->aliases.n; i++, separator = " -> ")
		buf_addf(&out, "%s%s.", separator, seen->aliases.v[i]);
	for (size_t i = 0; i < seen->data.n; i++) {
		if (!is_told(record, seen->data.v[i]))
			continue;
		buf_addf(&out, "%s%s", separator, seen->lines.v[i]);
		separator = ", ";
	}
	return xstrdup(buf_str(&out));
}

/*
 * Without CAA records of its own, a name has those of the nearest name above
 * (RFC 8659, 3): these may forbid what it needs.
 */
static void look_above(struct round *round, const struct dns_record *record,
	struct dns_finding *finding, struct buf *note)
{
	AUTO_BUF struct buf ignored = BUF_INIT(BUF_WHY_MAX_BYTES);
	const char *dot = strchr(record->name, '.');
	struct dns_seen seen = { 0 };
	int r = 0;

	for (; dot && r == 0; dot = strchr(dot + 1, '.')) {
		bool is_grave = false;
		r = walk_lookup(
			round->walk, dot + 1, LDNS_RR_TYPE_CAA, &seen, NULL);
		if (r != 1 ||
			dns_compare(record, &seen, &ignored, &is_grave) !=
				DNS_WRONG ||
			!is_grave)
			continue;
		finding->verdict = DNS_WRONG;
		finding->is_grave = true;
		because(note, 0,
			"that of %s holds here, too, and forbids the host's "
			"account to get a certificate",
			dot + 1);
	}
	dns_seen_release(&seen);
}

/* Takes the record. */
static void add_finding(struct round *round, struct dns_record *record)
{
	AUTO_BUF struct buf note = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct dns_report *report = &round->report;
	struct dns_seen seen = { .domain_addresses = &round->domain_addresses };
	struct dns_finding finding = { .verdict = DNS_UNKNOWN };
	int r = look_for_record(round, record, &seen, &note);

	if (r < 0)
		finding.is_grave = record->is_required;
	else
		finding.verdict =
			dns_compare(record, &seen, &note, &finding.is_grave);
	if (record->match == DNS_MATCH_CAA && finding.verdict == DNS_MISSING)
		look_above(round, record, &finding, &note);
	if (record->match == DNS_MATCH_ADDRESS)
		words_add_all(&round->domain_addresses, words_list(&seen.data));
	finding.found = found_text(record, &seen);
	finding.note = xstrdup(buf_str(&note));
	report->n_unknown += finding.verdict == DNS_UNKNOWN;
	finding.record = *record;
	*record = (struct dns_record){ 0 };
	if (finding.verdict != DNS_RIGHT)
		*(finding.is_grave ? &report->n_grave : &report->n_other) += 1;
	report->v = xreallocarray(report->v, report->n + 1, sizeof(*report->v));
	report->v[report->n++] = finding;
	dns_seen_release(&seen);
}

static bool is_on_way(const struct dns_record *record)
{
	return record->match == DNS_MATCH_ADDRESS ||
		record->match == DNS_MATCH_ALIAS;
}

/*
 * The records that are needed on the way to `name`, an alias; or, when it is
 * NULL, those by which the host is found, or all.
 */
static void look_for_all(struct round *round, const struct config *config,
	const struct dns_facts *facts, bool is_way_only, const char *name)
{
	struct dns_records records;

	dns_records_make(config, facts, &records);
	for (size_t i = 0; i < records.n; i++) {
		struct dns_record *record = &records.v[i];
		bool is_address = record->match == DNS_MATCH_ADDRESS;
		if (name ? is_address || strcmp(record->name, name) == 0
			 : !is_way_only || is_on_way(record))
			add_finding(round, record);
	}
	dns_records_release(&records);
	words_release(&round->domain_addresses);
}

/* Nobody answered anything. */
static int fail(struct dns_report *report, struct buf *why)
{
	because(why, -EIO, "%s", report->v[0].note);
	dns_report_release(report);
	return -EIO;
}

int dns_check(const struct config *config, const struct dns_facts *facts,
	bool is_way_only, struct dns_report *ret_report, struct buf *why)
{
	AUTO_BUF struct buf servers = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct round round = { 0 };
	int r = walk_open(PATIENT_MSEC, &round.walk, why);

	if (r < 0)
		return r;
	look_for_all(&round, config, facts, is_way_only, NULL);
	const char *source = walk_source(round.walk);
	round.report.source = source ? xstrdup(source) : NULL;
	if (!is_way_only)
		walk_compare(round.walk, config->mail_domain, &servers);
	round.report.servers = xstrdup(buf_str(&servers));
	walk_free(round.walk);
	if (round.report.n_unknown == round.report.n)
		return fail(&round.report, why);
	*ret_report = round.report;
	return 0;
}

void dns_report_release(struct dns_report *report)
{
	for (size_t i = 0; i < report->n; i++) {
		dns_record_release(&report->v[i].record);
		free(report->v[i].found);
		free(report->v[i].note);
	}
	free(report->v);
	free(report->source);
	free(report->servers);
	*report = (struct dns_report){ 0 };
}

/* Both the domain and the alias; of a server that is left, neither. */
static int judge_alias(
	const struct dns_report *report, const char *name, struct buf *why)
{
	int r = 0;

	for (size_t i = 0; i < report->n; i++) {
		const struct dns_finding *f = &report->v[i];
		if (f->verdict == DNS_UNKNOWN)
			return because(why, -EIO, "%s", f->note);
		if (strcmp(f->record.name, name) == 0)
			r = f->verdict == DNS_RIGHT;
		else if (f->verdict == DNS_WRONG)
			return 0;
	}
	return r;
}

int dns_alias_points_here(const struct host *host, const struct config *config,
	const char *label, struct buf *why)
{
	AUTO_FREE char *name = xasprintf("%s.%s", label, config->mail_domain);
	struct round round = { 0 };
	struct dns_facts facts;
	int r = dns_facts_get(host, config, &facts, why);

	if (r < 0)
		return r;
	r = walk_open(HASTY_MSEC, &round.walk, why);
	if (r == 0) {
		look_for_all(&round, config, &facts, false, name);
		r = judge_alias(&round.report, name, why);
		dns_report_release(&round.report);
		walk_free(round.walk);
	}
	dns_facts_release(&facts);
	return r;
}

void dns_finding_tell(const struct dns_finding *finding, struct buf *out)
{
	AUTO_FREE char *found = xasprintf(" (now %s)", finding->found);
	const char *what = finding->verdict == DNS_UNKNOWN ? "not answered"
		: finding->found[0]                        ? "wrong"
							   : "missing";

	buf_addf(out, "%s %s: %s%s%s%s", finding->record.name,
		dns_type_name(finding->record.type), what,
		finding->found[0] ? found : "", finding->note[0] ? ": " : "",
		finding->note);
}

/* What is in the way, then lines to copy. */
static void add_grave(const struct dns_report *report, struct buf *out)
{
	AUTO_BUF struct buf lines = BUF_INIT(FOUND_MAX_BYTES);

	for (size_t i = 0; i < report->n; i++) {
		const struct dns_finding *finding = &report->v[i];
		if (!finding->is_grave)
			continue;
		buf_add_str(out, "  ");
		dns_finding_tell(finding, out);
		buf_add_char(out, '\n');
		if (finding->verdict != DNS_UNKNOWN && finding->record.line)
			buf_addf(&lines, "%s\n", finding->record.line);
	}
	if (lines.len > 0)
		buf_addf(out, "Publish these lines:\n%s", buf_str(&lines));
}

/* A host that knows no address of its own still needs one in its records. */
static bool has_address(const struct dns_report *report)
{
	for (size_t i = 0; i < report->n; i++)
		if (report->v[i].record.match == DNS_MATCH_ADDRESS &&
			report->v[i].found[0])
			return true;
	return false;
}

int dns_check_run(const struct host *host, const struct config *config,
	struct buf *out, struct buf *why)
{
	struct dns_facts facts;
	struct dns_report report;

	if (config->is_ip_literal)
		return 1;
	int r = dns_facts_get(host, config, &facts, why);
	if (r < 0)
		return r;
	r = dns_check(config, &facts, true, &report, why);
	if (r == 0) {
		r = report.n_grave == 0 && has_address(&report);
		add_grave(&report, out);
		dns_report_release(&report);
	}
	dns_facts_release(&facts);
	return r;
}

int dns_step(
	const struct host *host, const struct config *config, struct buf *why)
{
	AUTO_BUF struct buf lines = BUF_INIT(FOUND_MAX_BYTES);
	AUTO_BUF struct buf reason = BUF_INIT(BUF_WHY_MAX_BYTES);

	if (config->is_ip_literal)
		return 0;
	say_step("dns");
	int r = dns_check_run(host, config, &lines, &reason);
	if (r == 0)
		return because(why, -EINVAL,
			"DNS does not point to %s; set these records, wait "
			"until they are known, and run it again:\n"
			"%s--skip-dns-check goes on without them.",
			host->name,
			lines.len ? buf_str(&lines)
				  : "  there is no address at all\n");
	if (r < 0)
		say_done("not checked: %s", buf_str(&reason));
	else
		say_done("%s points to %s", config->mail_domain, host->name);
	return 0;
}
