/*
 * tokens.h - the device tokens of a user, in <home>/metadata.json:
 *
 *	{"devicetoken": {"<token>": <unix time of the last set>}}
 *
 * Older files hold a list of tokens, which counts as just set. Other
 * members of the file are kept. The file is replaced as a whole, synced,
 * under an exclusive flock(2) on the user's folder, so that writers never
 * lose a token and a crash never leaves a part. A file that is not such
 * JSON is put aside as metadata.json.broken.
 *
 * Functions return negative errno with a reason that names no address.
 * All of them are safe on threads.
 */
#ifndef CHATMAILD_METADATA_TOKENS_H
#define CHATMAILD_METADATA_TOKENS_H

#include <time.h>

#include "lib/buf.h"

enum {
	TOKEN_MAX_BYTES = 4096,
	/* Tokens that nobody has set for this long count no more. */
	TOKEN_STALE_SEC = 90 * 86400,
	/* A token set again this soon is not written again. */
	TOKEN_FRESH_SEC = 3600,
	/* Of a user; beyond, those that were set longest ago go. */
	TOKENS_MAX = 16,
	/* Of all of a user's tokens: Dovecot's limit of a line, nearly. */
	TOKENS_MAX_BYTES = 60000,
	/* Of the file; a longer one is broken. */
	TOKENS_FILE_MAX_BYTES = 1 << 20,
};

/* UTF-8 without blanks and control characters, of at most 4096 bytes. */
bool token_is_valid(struct slice token);

struct token_list {
	struct slice *tokens; /* into `text` */
	size_t n;
	char *text;
	bool is_old;    /* the file has the old format: convert it */
	bool is_broken; /* to be put aside: convert it */
};

/*
 * The tokens that are not stale, in the order of the file. A user without
 * a folder, a file or a whole one has none; `why` then tells
 * what is broken.
 */
int tokens_read(const char *home, time_t now, struct token_list *ret_list,
	struct buf *why) MUST_CHECK;
void token_list_release(struct token_list *list);

enum token_change {
	TOKEN_SET,
	TOKEN_REMOVE,
	TOKEN_REMOVE_ALL,
	TOKEN_CONVERT, /* only rewrites a file that is old, or broken */
};

/*
 * 1 when the file was written, 0 when it says that already, -ENOENT when
 * there is no such folder. *ret_aside:
 * the file was broken and has been put aside; the reason is in `why`.
 */
int tokens_change(const char *home, enum token_change change,
	struct slice token, time_t now, bool *ret_aside,
	struct buf *why) MUST_CHECK;

#endif
