/* Counts and logs what became of messages. */
#include "chatmaild/filtermail/outcome.h"

#include "lib/log.h"

void outcome_count_refused(
	struct filter *filter, struct transaction *t, enum reason reason)
{
	struct counters *counters = &filter->counters;

	if (t->is_counted)
		return;
	t->is_counted = true;
	counters_add(counters, COUNT_FILTERED, 1);
	counters_add(counters, COUNT_REJECTED + (size_t)reason - 1, 1);
}

void outcome_log_refused(const struct transaction *t, enum reason reason)
{
	log_notice("refused: reason=%s size=%llu recipients=%u",
		reason_word(reason), (unsigned long long)t->size,
		t->n_recipients);
}

void outcome_refused(
	struct filter *filter, struct transaction *t, enum reason reason)
{
	outcome_count_refused(filter, t, reason);
	outcome_log_refused(t, reason);
}

static void count_passed(struct counters *counters, struct transaction *t)
{
	t->is_counted = true;
	counters_add(counters, COUNT_FILTERED, 1);
	counters_add(counters, COUNT_PASSED, 1);
	if (!message_scan_fault(&t->scan, false))
		counters_add(counters, COUNT_ENCRYPTED, 1);
}

void outcome_answered(
	struct filter *filter, struct transaction *t, struct slice reply)
{
	bool is_yes = reply.ptr[0] == '2';

	if (is_yes)
		count_passed(&filter->counters, t);
	else
		outcome_count_refused(filter, t, REASON_SERVER);
	log_at(is_yes ? LOG_LEVEL_INFO : LOG_LEVEL_NOTICE,
		"%s: size=%llu recipients=%u code=%.*s",
		is_yes ? "passed" : "not taken", (unsigned long long)t->size,
		t->n_recipients, SLICE_FMT(slice_head(reply, 3)));
}
