/*
 * outcome.h - what became of a message: counted once, and logged.
 */
#ifndef CHATMAILD_FILTERMAIL_OUTCOME_H
#define CHATMAILD_FILTERMAIL_OUTCOME_H

#include "chatmaild/filtermail/transaction.h"

void outcome_count_refused(
	struct filter *filter, struct transaction *t, enum reason reason);
void outcome_log_refused(const struct transaction *t, enum reason reason);
/* Both. */
void outcome_refused(
	struct filter *filter, struct transaction *t, enum reason reason);
/* What the server behind us said to its final dot. */
void outcome_answered(
	struct filter *filter, struct transaction *t, struct slice reply);

#endif
