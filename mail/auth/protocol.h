/*
 * protocol.h - Dovecot's authentication protocol, version 1, the
 * server's side, as pure functions.
 *
 * Lines that end in LF; fields separated by TAB and escaped as in the dict
 * protocol (dict.h). Clients (imap-login, Postfix) have somebody log in;
 * masters (imap, lmtp, doveadm) ask who has, and who users are. Sources:
 * https://doc.dovecot.org "Dovecot Authentication Protocol", and what
 * Dovecot 2.3 and 2.4 and Postfix 3.7 and 3.10 send.
 */
#ifndef MAIL_AUTH_PROTOCOL_H
#define MAIL_AUTH_PROTOCOL_H

#include <stdint.h>
#include <sys/types.h>

#include "lib/buf.h"

enum {
	/* Dovecot's own limit of a line. */
	AUTH_LINE_MAX_BYTES = 16384,
	AUTH_COOKIE_CHARS = 32,
};

enum auth_role {
	AUTH_CLIENT,
	AUTH_MASTER,
};

enum auth_verb {
	AUTH_VERSION,
	AUTH_CPID,        /* client: pid */
	AUTH_BEGIN,       /* client: "AUTH": id, mechanism and what follows */
	AUTH_CONTINUE,    /* client: "CONT": id, response */
	AUTH_CANCEL,      /* client: id */
	AUTH_REQUEST,     /* master: id, pid, login_id, cookie */
	AUTH_USER,        /* master: id, user */
	AUTH_PASS,        /* master: id, user */
	AUTH_LIST,        /* master: id */
	AUTH_CACHE_FLUSH, /* master: id */
};

/* Which members are set depends on the verb; the others are empty or 0. */
struct auth_command {
	enum auth_verb verb;
	uint64_t id;         /* of the command, to be answered */
	uint64_t pid;        /* of the client */
	uint64_t login_id;   /* the id of the client's AUTH */
	struct slice cookie; /* of the client's connection */
	struct slice mechanism;
	struct slice user;
	struct slice service;  /* "imap", "smtp"; Dovecot 2.4: protocol= */
	struct slice address;  /* of whoever logs in; may be empty */
	struct slice response; /* base64 */
	bool has_response;     /* else it is to be asked for */
	bool is_nologin;       /* no master will ask for the result */
};

struct auth_session {
	enum auth_role role;
	bool has_version;
};

/*
 * The next command in *in, from which it is taken: 1. 0: nothing but a
 * part of a line is left. Slices point into *in or *scratch, whose contents
 * are replaced. Commands and fields that nobody knows are passed over, as
 * the protocol wants. -EPROTO for anything else than well-formed commands
 * after one VERSION; the reason never quotes a field: it may be a secret.
 */
int auth_session_next(struct auth_session *session, struct slice *in,
	struct buf *scratch, struct auth_command *ret_command,
	struct buf *why) MUST_CHECK;

/* All that the server says before it is asked; cuid is unique to clients. */
void auth_add_greeting(struct buf *out, enum auth_role role, pid_t pid,
	uint64_t cuid, const char *cookie);

/* To a client. `challenge` is base64. */
void auth_add_challenge(struct buf *out, uint64_t id, const char *challenge);
void auth_add_ok(struct buf *out, uint64_t id, struct slice user);
/* The user may be empty: nobody knows it yet. */
void auth_add_refused(struct buf *out, uint64_t id, struct slice user);
/* Temporary failure; `reason` is for the person who logs in. */
void auth_add_not_now(
	struct buf *out, uint64_t id, struct slice user, const char *reason);

struct auth_user {
	struct slice user;
	struct slice home;
	uid_t uid;
	gid_t gid;
};

/* To a master. */
void auth_add_user(struct buf *out, uint64_t id, const struct auth_user *user);
void auth_add_pass(struct buf *out, uint64_t id, struct slice user);
void auth_add_not_found(struct buf *out, uint64_t id);
void auth_add_failed(struct buf *out, uint64_t id);
void auth_add_row(struct buf *out, uint64_t id, struct slice user);
void auth_add_rows_end(struct buf *out, uint64_t id, bool is_whole);
void auth_add_flushed(struct buf *out, uint64_t id);

#endif
