/* page.c - samples by family, written for Prometheus. */
#include "chatmaild/metrics/page.h"

#include <string.h>

static const struct {
	const char *family, *help;
} helps[] = {
	{ "accounts", "Accounts; those of test runs have names in ci-." },
	{ "accounts_logged_in",
		"Accounts whose last login is at most so many days old." },
	{ "mailbox_bytes", "Bytes of all messages in mailboxes." },
	{ "mailbox_messages", "Messages in mailboxes." },
	{ "postfix_queue_messages", "Messages in a queue of Postfix." },
	{ "notifier_queue_notifications", "Notifications that wait." },
	{ "collected_timestamp_seconds", "When all this was collected." },
	{ "accounts_created_total", "Accounts that were created." },
	{ "accounts_refused_total", "Accounts that were not created." },
	{ "logins_total", "Logins." },
	{ "messages_filtered_total", "Messages that the filter looked at." },
	{ "messages_passed_total", "Messages that passed the filter." },
	{ "messages_encrypted_total", "Encrypted messages that passed." },
	{ "messages_rejected_total", "Messages that did not pass." },
	{ "notifications_sent_total", "Notifications that were taken." },
	{ "notifications_failed_total", "Notifications that were given up." },
	{ "notifications_retried_total", "Attempts that have to be repeated." },
};

static const char *help_of(const char *family)
{
	for (size_t i = 0; i < ARRAY_LEN(helps); i++)
		if (strcmp(helps[i].family, family) == 0)
			return helps[i].help;
	return "Counted by a service.";
}

static struct sample *append(struct page *page)
{
	page->samples = xreallocarray(
		page->samples, page->n + 1, sizeof(*page->samples));
	return &page->samples[page->n++];
}

void page_add(struct page *page, const char *family, const char *labels,
	uint64_t value)
{
	*append(page) = (struct sample){ xstrdup(family),
		xstrdup(labels ? labels : ""), value };
}

static bool is_name(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (!ascii_is_alpha(c) && c != '_' &&
			(i == 0 || !ascii_is_digit(c)))
			return false;
	}
	return text.len > 0;
}

/* What may stand between the braces: nothing that ends a line. */
static bool are_labels(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!ascii_is_alpha(text.ptr[i]) &&
			!ascii_is_digit(text.ptr[i]) &&
			!slice_has_char(SLICE("_-=\","), text.ptr[i]))
			return false;
	return true;
}

bool page_add_counter(
	struct page *page, const char *service, const struct counter_row *row)
{
	struct slice family = slice_of(row->name), labels = SLICE_NONE;

	if (slice_cut(family, '{', &family, &labels)) {
		if (!slice_ends(labels, SLICE("}")))
			return false;
		labels.len--;
	}
	if (!is_name(family) || !are_labels(labels))
		return false;
	*append(page) = (struct sample){ slice_dup(family),
		xasprintf("service=\"%s\"%s%.*s", service,
			labels.len ? "," : "", SLICE_FMT(labels)),
		row->value };
	return true;
}

static bool was_before(const struct page *page, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(page->samples[k].family, page->samples[i].family) ==
			0)
			return true;
	return false;
}

static void write_sample(const struct sample *s, struct buf *out)
{
	bool has_labels = s->labels[0];

	buf_addf(out, "chatmail_%s%s%s%s %llu\n", s->family,
		has_labels ? "{" : "", s->labels, has_labels ? "}" : "",
		(unsigned long long)s->value);
}

static void write_family(const struct page *page, size_t from, struct buf *out)
{
	const char *family = page->samples[from].family;
	bool is_counter = slice_ends(slice_of(family), SLICE("_total"));

	buf_addf(out, "# HELP chatmail_%s %s\n# TYPE chatmail_%s %s\n", family,
		help_of(family), family, is_counter ? "counter" : "gauge");
	for (size_t i = from; i < page->n; i++)
		if (strcmp(page->samples[i].family, family) == 0)
			write_sample(&page->samples[i], out);
}

void page_write(const struct page *page, struct buf *out)
{
	for (size_t i = 0; i < page->n; i++)
		if (!was_before(page, i))
			write_family(page, i, out);
}

void page_release(struct page *page)
{
	for (size_t i = 0; i < page->n; i++) {
		free(page->samples[i].family);
		free(page->samples[i].labels);
	}
	free(page->samples);
	*page = (struct page){ 0 };
}
