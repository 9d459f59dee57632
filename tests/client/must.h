/*
 * must.h - for programs that end when a call fails.
 */
#ifndef TESTS_CLIENT_MUST_H
#define TESTS_CLIENT_MUST_H

#include "lib/buf.h"
#include "lib/die.h"

static inline void must_(int result, const struct buf *why)
{
	if (result < 0)
		die("%s", buf_str(why));
}

/* Ends the program with the reason; the call puts it into `why`. */
#define MUST(call)                                                             \
	({                                                                     \
		AUTO_BUF struct buf why_ = BUF_INIT(BUF_WHY_MAX_BYTES);        \
		struct buf *why = &why_;                                       \
		must_((call), why);                                            \
	})

#endif
