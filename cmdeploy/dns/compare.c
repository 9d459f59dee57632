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

static struct slice data_of(const struct dns_rr *rr)
{
	return slice_make(rr->data, rr->len);
}

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
	const struct dns_rrs *rrs = &c->seen->rrs;

	for (size_t i = 0; i < rrs->n; i++) {
		const char *address = rrs->v[i].data;
		if (slice_has_word(slice_of(c->record->accepts), address))
			continue;
		if (!is_nat(c, address))
			return refuse_address(c, address);
		because(c->note, 0,
			"not checked: the host shows %s only, it seems to be "
			"behind a router",
			c->record->data);
	}
	if (rrs->n > 0 || !c->record->data)
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

	if (dns_rrs_has(&seen->aliases, c->record->data))
		return DNS_RIGHT;
	if (seen->rrs.n == 0) {
		if (seen->aliases.n == 0)
			return DNS_MISSING;
		because(c->note, 0, "an alias of %s, which has no address",
			seen->aliases.v[seen->aliases.n - 1].data);
		return DNS_WRONG;
	}
	for (size_t i = 0; i < seen->rrs.n; i++) {
		const char *address = seen->rrs.v[i].data;
		if (dns_rrs_has(seen->domain_addresses, address))
			continue;
		n_other++;
		because(c->note, 0,
			"resolves to %s, which is not an address of %s",
			address, c->record->data);
	}
	return n_other ? DNS_WRONG : DNS_RIGHT;
}

/* What stands behind the last blank. */
static struct slice last_word(const char *text)
{
	struct slice before, after, all = slice_of(text);

	return slice_cut_last(all, ' ', &before, &after) ? after : all;
}

/* Any preference will do; another exchanger would get a part of the mail. */
static enum dns_verdict compare_mx(struct comparison *c)
{
	const struct dns_rrs *rrs = &c->seen->rrs;
	struct slice want = last_word(c->record->data);

	for (size_t i = 0; i < rrs->n; i++)
		if (!slice_eq(last_word(rrs->v[i].data), want)) {
			because(c->note, 0, "\"%s\" sends mail elsewhere",
				rrs->v[i].data);
			return DNS_WRONG;
		}
	return rrs->n > 0 ? DNS_RIGHT : DNS_MISSING;
}

/* Port and target, the last two of four. */
static struct slice srv_where(const char *data)
{
	struct slice rest = slice_of(data), word;

	for (int i = 0; i < 2; i++)
		if (!slice_next_word(&rest, &word))
			break;
	return slice_trim(rest);
}

static enum dns_verdict compare_srv(struct comparison *c)
{
	const struct dns_rrs *rrs = &c->seen->rrs;
	struct slice want = srv_where(c->record->data);

	for (size_t i = 0; i < rrs->n; i++)
		if (!slice_eq(srv_where(rrs->v[i].data), want)) {
			because(c->note, 0, "\"%s\" points elsewhere",
				rrs->v[i].data);
			return DNS_WRONG;
		}
	return rrs->n > 0 ? DNS_RIGHT : DNS_MISSING;
}

/* The only one of the TXT records that begins so; NULL: none, or many. */
static const struct dns_rr *only_one(
	struct comparison *c, const char *start, enum dns_verdict *ret_verdict)
{
	const struct dns_rr *found = NULL;
	const struct dns_rrs *rrs = &c->seen->rrs;

	*ret_verdict = DNS_MISSING;
	for (size_t i = 0; i < rrs->n; i++) {
		struct slice text = slice_trim(data_of(&rrs->v[i]));
		if (!slice_starts_nocase(text, slice_of(start)))
			continue;
		if (found) {
			*ret_verdict = DNS_WRONG;
			because(c->note, 0,
				"there are several such records, which makes "
				"all of them void");
			return NULL;
		}
		found = &rrs->v[i];
	}
	return found;
}

static enum dns_verdict compare_mta_sts(struct comparison *c)
{
	enum dns_verdict verdict;
	const struct dns_rr *rr = only_one(c, "v=STSv1", &verdict);
	struct slice id;

	if (!rr)
		return verdict;
	if (tags_get(data_of(rr), "id", &id) && id.len > 0)
		return DNS_RIGHT;
	because(c->note, 0, "the record has no id");
	return DNS_WRONG;
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
	enum dns_verdict verdict;
	const struct dns_rr *rr = only_one(c, "", &verdict);

	if (!rr)
		return verdict;
	const char *fault = dkim_fault(data_of(rr), slice_of(c->record->data));
	if (!fault)
		return DNS_RIGHT;
	because(c->note, 0, "%s", fault);
	return DNS_WRONG;
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

static bool spf_eq(struct slice found, struct slice want)
{
	struct slice a, b;

	for (;;) {
		bool has_a = slice_next_word(&found, &a);
		bool has_b = slice_next_word(&want, &b);
		if (!has_a || !has_b)
			return has_a == has_b;
		if (!spf_term_eq(a, b))
			return false;
	}
}

static enum dns_verdict compare_spf(struct comparison *c)
{
	enum dns_verdict verdict;
	const struct dns_rr *rr = only_one(c, "v=spf1", &verdict);

	if (!rr)
		return verdict;
	return spf_eq(data_of(rr), slice_of(c->record->data)) ? DNS_RIGHT
							      : DNS_WRONG;
}

static enum dns_verdict compare_tags(struct comparison *c, const char *start)
{
	enum dns_verdict verdict;
	const struct dns_rr *rr = only_one(c, start, &verdict);

	if (!rr)
		return verdict;
	return tags_include(data_of(rr), slice_of(c->record->data)) ? DNS_RIGHT
								    : DNS_WRONG;
}

static enum dns_verdict compare_dmarc(struct comparison *c)
{
	return compare_tags(c, "v=DMARC1");
}

static enum dns_verdict compare_adsp(struct comparison *c)
{
	return compare_tags(c, "dkim=");
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

/* May the host's account get certificates; and only that one? */
static enum dns_verdict judge_issue(
	const struct dns_record *record, const char *data, bool *ret_may)
{
	struct slice authority, params, want, want_params, account;

	*ret_may = false;
	if (!cut_issue(record->data, &want, &want_params) ||
		!cut_issue(data, &authority, &params) ||
		!slice_eq_nocase(authority, want))
		return DNS_WRONG;
	*ret_may = !tags_get(params, "accounturi", &account) ||
		slice_eq(account, tags_value(want_params, "accounturi", ""));
	return *ret_may && tags_include(params, want_params) ? DNS_RIGHT
							     : DNS_WRONG;
}

static enum dns_verdict compare_caa(struct comparison *c)
{
	const struct dns_rrs *rrs = &c->seen->rrs;
	struct slice authority, params;
	size_t n_issue = 0, n_right = 0, n_may = 0;

	for (size_t i = 0; i < rrs->n; i++) {
		bool may;
		n_issue += cut_issue(rrs->v[i].data, &authority, &params);
		n_right += judge_issue(c->record, rrs->v[i].data, &may) ==
			DNS_RIGHT;
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
