/* Is what is published what a relay needs? A comparison for each kind. */
#include "cmdeploy/dns/compare.h"

#include <string.h>

#include "mail/tags.h"

/* What a comparison has to go by, and what it finds. */
struct comparison {
	const struct dns_record *record;
	const struct dns_seen *seen;
	struct buf *note;
	bool is_grave;
};

static enum dns_verdict refuse_address(
	struct comparison *c, const char *address)
{
	if (c->record->accepts[0])
		because(c->note, 0,
			"%s is not an address of the host; it has %s", address,
			c->record->accepts);
	else
		because(c->note, 0,
			"%s is not an address of the host: it has no %s",
			address, c->record->label);
	c->is_grave = true;
	return DNS_WRONG;
}

/*
 * A host behind a router knows its private address only; then one of the
 * Internet that is published has to be believed.
 */
static bool is_nat(const struct comparison *c, const char *address)
{
	return c->record->data && dns_address_is_private(c->record->data) &&
		!dns_address_is_private(address);
}

static enum dns_verdict compare_address(struct comparison *c)
{
	const struct words *data = &c->seen->data;

	for (size_t i = 0; i < data->n; i++) {
		const char *address = data->v[i];
		if (slice_has_word(slice_of(c->record->accepts), address))
			continue;
		if (!is_nat(c, address))
			return refuse_address(c, address);
		because(c->note, 0,
			"not checked: the host shows %s only, it seems to be "
			"behind a router",
			c->record->data);
	}
	if (data->n > 0 || !c->record->data)
		return DNS_RIGHT;
	if (dns_address_is_private(c->record->data))
		because(c->note, 0,
			"that is a private address; if the Internet reaches "
			"the host by another one, publish that");
	return DNS_MISSING;
}

static enum dns_verdict compare_alias(struct comparison *c)
{
	const struct dns_seen *seen = c->seen;
	size_t n_other = 0;

	if (words_has(&seen->aliases, c->record->data))
		return DNS_RIGHT;
	if (seen->data.n == 0) {
		if (seen->aliases.n == 0)
			return DNS_MISSING;
		because(c->note, 0, "an alias of %s, which has no address",
			seen->aliases.v[seen->aliases.n - 1]);
		return DNS_WRONG;
	}
	for (size_t i = 0; i < seen->data.n; i++) {
		const char *address = seen->data.v[i];
		if (words_has(seen->domain_addresses, address))
			continue;
		n_other++;
		because(c->note, 0,
			"resolves to %s, which is not an address of %s",
			address, c->record->data);
	}
	return n_other ? DNS_WRONG : DNS_RIGHT;
}

/* A record without its first n words, which are preferences. */
static struct slice without_words(const char *data, int n)
{
	struct slice rest = slice_of(data), word;

	for (; n > 0; n--)
		slice_next_word(&rest, &word);
	return slice_trim(rest);
}

/* Any preference will do; another target would get a part of what comes. */
static enum dns_verdict compare_targets(
	struct comparison *c, int n_preferences, const char *fault)
{
	const struct words *data = &c->seen->data;
	struct slice want = without_words(c->record->data, n_preferences);

	for (size_t i = 0; i < data->n; i++)
		if (!slice_eq(without_words(data->v[i], n_preferences), want)) {
			because(c->note, 0, "\"%s\" %s", data->v[i], fault);
			return DNS_WRONG;
		}
	return data->n > 0 ? DNS_RIGHT : DNS_MISSING;
}

static enum dns_verdict compare_mx(struct comparison *c)
{
	return compare_targets(c, 1, "sends mail elsewhere");
}

/* After priority and weight: port and target. */
static enum dns_verdict compare_srv(struct comparison *c)
{
	return compare_targets(c, 2, "points elsewhere");
}

/* The only one of the TXT records that begins so; NULL: none, or many. */
static const char *only_one(
	struct comparison *c, const char *start, enum dns_verdict *ret_verdict)
{
	const char *found = NULL;
	const struct words *data = &c->seen->data;

	*ret_verdict = DNS_MISSING;
	for (size_t i = 0; i < data->n; i++) {
		struct slice text = slice_trim(slice_of(data->v[i]));
		if (!slice_starts_nocase(text, slice_of(start)))
			continue;
		if (found) {
			*ret_verdict = DNS_WRONG;
			because(c->note, 0,
				"there are several such records, which makes "
				"all of them void");
			return NULL;
		}
		found = data->v[i];
	}
	return found;
}

/*
 * A fault of a text: NULL when there is none, "" when comparing it with what
 * is wanted says it all.
 */
typedef const char *(*fault_fn)(struct slice text, struct slice want);

static enum dns_verdict compare_text(
	struct comparison *c, const char *start, fault_fn find_fault)
{
	enum dns_verdict verdict;
	const char *text = only_one(c, start, &verdict);

	if (!text)
		return verdict;
	const char *fault =
		find_fault(slice_of(text), slice_of(c->record->data));
	if (!fault)
		return DNS_RIGHT;
	buf_add_str(c->note, fault);
	return DNS_WRONG;
}

/* Any id will do: the record may be of an earlier policy. */
static const char *mta_sts_fault(struct slice text, struct slice want)
{
	(void)want;
	return tags_value(text, "id", "").len > 0 ? NULL
						  : "the record has no id";
}

static enum dns_verdict compare_mta_sts(struct comparison *c)
{
	return compare_text(c, "v=STSv1", mta_sts_fault);
}

/* NULL when the key can be used; else what is wrong with it. */
static const char *dkim_fault(struct slice text, struct slice want)
{
	struct slice services = tags_value(text, "s", "*");
	struct slice key = tags_value(text, "p", "");

	if (!slice_eq_str(tags_value(text, "v", "DKIM1"), "DKIM1"))
		return "it is not a DKIM1 record";
	if (key.len == 0)
		return "its key is empty: revoked";
	if (!slice_eq_str(tags_value(text, "k", "rsa"), "rsa") ||
		!tags_eq_folded(key, tags_value(want, "p", "")))
		return "its key is not that of the host";
	if (!tags_has_item(services, "*") && !tags_has_item(services, "email"))
		return "it is not for mail";
	if (tags_has_item(tags_value(text, "t", ""), "y"))
		return "t=y says that it is only a test";
	return NULL;
}

static enum dns_verdict compare_dkim(struct comparison *c)
{
	return compare_text(c, "", dkim_fault);
}

/* "+a" is "a"; "-all" is as good as "~all", and stricter. */
static bool spf_term_eq(struct slice found, struct slice want)
{
	if (slice_starts(found, SLICE("+")))
		found = slice_from(found, 1);
	return slice_eq_nocase(found, want) ||
		(slice_eq_str(want, "~all") &&
			slice_eq_str_nocase(found, "-all"));
}

static const char *spf_fault(struct slice text, struct slice want)
{
	struct slice a, b;

	for (;;) {
		bool has_a = slice_next_word(&text, &a);
		bool has_b = slice_next_word(&want, &b);
		if (!has_a || !has_b)
			return has_a == has_b ? NULL : "";
		if (!spf_term_eq(a, b))
			return "";
	}
}

static enum dns_verdict compare_spf(struct comparison *c)
{
	return compare_text(c, "v=spf1", spf_fault);
}

static const char *tags_fault(struct slice text, struct slice want)
{
	return tags_include(text, want) ? NULL : "";
}

static enum dns_verdict compare_dmarc(struct comparison *c)
{
	return compare_text(c, "v=DMARC1", tags_fault);
}

static enum dns_verdict compare_adsp(struct comparison *c)
{
	return compare_text(c, "dkim=", tags_fault);
}

/* "0 issue ca.example;accounturi=..." into its authority and the rest. */
static bool cut_issue(
	const char *data, struct slice *ret_authority, struct slice *ret_params)
{
	struct slice rest = slice_of(data), flags, tag, value;

	if (!slice_cut(rest, ' ', &flags, &rest) ||
		!slice_cut(rest, ' ', &tag, &value) ||
		!slice_eq_str_nocase(tag, "issue"))
		return false;
	*ret_params = SLICE_NONE;
	if (!slice_cut(value, ';', ret_authority, ret_params))
		*ret_authority = value;
	*ret_authority = slice_trim(*ret_authority);
	return true;
}

/* May the host's account get certificates? Returns: and only that one? */
static bool judge_issue(
	const struct dns_record *record, const char *data, bool *ret_may)
{
	struct slice authority, params, want, want_params, account;

	*ret_may = false;
	if (!cut_issue(record->data, &want, &want_params) ||
		!cut_issue(data, &authority, &params) ||
		!slice_eq_nocase(authority, want))
		return false;
	*ret_may = !tags_get(params, "accounturi", &account) ||
		slice_eq(account, tags_value(want_params, "accounturi", ""));
	return *ret_may && tags_include(params, want_params);
}

static enum dns_verdict compare_caa(struct comparison *c)
{
	const struct words *data = &c->seen->data;
	struct slice authority, params;
	size_t n_issue = 0, n_right = 0, n_may = 0;

	for (size_t i = 0; i < data->n; i++) {
		bool may;
		n_issue += cut_issue(data->v[i], &authority, &params);
		n_right += judge_issue(c->record, data->v[i], &may);
		n_may += may;
	}
	if (n_issue == 0)
		return DNS_MISSING;
	if (n_may == 0) {
		because(c->note, 0,
			"it forbids the host's account to get a certificate");
		c->is_grave = true;
		return DNS_WRONG;
	}
	if (n_right == n_issue)
		return DNS_RIGHT;
	because(c->note, 0, "others can get certificates as well");
	return DNS_WRONG;
}

static enum dns_verdict (*const comparisons[])(struct comparison *c) = {
	[DNS_MATCH_ADDRESS] = compare_address,
	[DNS_MATCH_ALIAS] = compare_alias,
	[DNS_MATCH_MX] = compare_mx,
	[DNS_MATCH_SRV] = compare_srv,
	[DNS_MATCH_DKIM] = compare_dkim,
	[DNS_MATCH_MTA_STS] = compare_mta_sts,
	[DNS_MATCH_SPF] = compare_spf,
	[DNS_MATCH_DMARC] = compare_dmarc,
	[DNS_MATCH_ADSP] = compare_adsp,
	[DNS_MATCH_CAA] = compare_caa,
};

enum dns_verdict dns_compare(const struct dns_record *record,
	const struct dns_seen *seen, struct buf *note, bool *ret_is_grave)
{
	struct comparison c = { .record = record, .seen = seen, .note = note };
	enum dns_verdict verdict = DNS_NOT_YET;

	if (record->data || record->match == DNS_MATCH_ADDRESS)
		verdict = comparisons[record->match](&c);
	*ret_is_grave =
		c.is_grave || (record->is_required && verdict != DNS_RIGHT);
	return verdict;
}
