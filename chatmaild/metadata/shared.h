/*
 * shared.h - what every user may ask of the server: IMAP METADATA
 * /shared/admin and /shared/vendor/deltachat/<name> (RFC 5464), as
 * Dovecot asks for it in its dict keys.
 */
#ifndef CHATMAILD_METADATA_SHARED_H
#define CHATMAILD_METADATA_SHARED_H

#include "chatmaild/common/config.h"

struct shared {
	const struct config *config;
	char *appversions_path;
	char *secret_path; /* of our TURN server */
	char *server_path; /* of somebody else's */
};

/*
 * The versions of apps are in appversions.json beside the INI file: a JSON
 * object, told in one line. What is none is told to nobody. With `turn`, the
 * secret of the TURN server is in turn.secret there. The value of turn_server,
 * which others may not read, is in a file of that name, or in the INI file.
 */
void shared_init(struct shared *shared, const struct config *config,
	const char *ini_path);
void shared_release(struct shared *shared);

/*
 * Appends the value of a dict key that begins with "shared/", as `user` is
 * told it: each has passwords of their own for calls. 1, or 0:
 * there is none; negative: a file cannot be read, `why` names it.
 */
int shared_lookup(const struct shared *shared, struct slice key,
	struct slice user, struct buf *out, struct buf *why) MUST_CHECK;

#endif
