/*
 * move.h - the two servers of a move, and what is known and told of them; for
 * migrate.c and migrate-finish.c.
 */
#ifndef CMDEPLOY_MOVING_MOVE_H
#define CMDEPLOY_MOVING_MOVE_H

#include "chatmaild/common/config.h"
#include "cmdeploy/host/ssh.h"

struct move_options {
	/* As ssh_target_parse() takes them; both NULL: of the move that has
	 * begun. */
	const char *from, *to;
	const char *ini_path;
	bool is_dry_run;
	bool waits;     /* until DNS points to the new server */
	bool is_forced; /* the old one is wiped although it does not */
	bool is_verbose;
};

struct move_server {
	char *name; /* as the operator calls it */
	struct ssh_host ssh;
	struct buf marks;       /* "name=value" lines of migrate.sh */
	struct words addresses; /* its own */
};

struct move {
	const struct move_options *options;
	struct config config;
	char *note_path; /* says which servers they are */
	struct move_server from, to;
};

#define AUTO_MOVE __attribute__((cleanup(move_release)))

/* Reads the settings and the note; nothing is connected yet. */
int move_open(const struct move_options *options, struct move *ret_move,
	struct buf *why) MUST_CHECK;
void move_release(struct move *move);

/* A step: connects to both, and looks at them. */
int move_connect(struct move *move, struct buf *why) MUST_CHECK;

/* The note of which move has begun. */
int move_write_note(const struct move *move, struct buf *why) MUST_CHECK;

/* A mark; "" where there is none. The caller frees. */
char *move_mark(const struct move_server *server, const char *name);
bool move_has_mark(const struct move_server *server, const char *name);
uint64_t move_number(const struct move_server *server, const char *name);
/* It serves mail: somebody listens for IMAP. */
bool move_is_serving(const struct move_server *server);
/* Both have the id of the same move. */
bool move_is_same(const struct move *move);

/*
 * An action of migrate.sh and its arguments, ended by NULL. `out`, which may
 * be NULL, takes what it prints.
 */
int move_tell(const struct move_server *server, const char *const *action,
	struct buf *out, struct buf *why) MUST_CHECK;

/* Those of public_addresses that are of neither server: of proxies. */
void move_add_proxies(const struct move *move, struct words *out);
/* DNS points to these then, not to a server. */
bool move_has_proxies(const struct move *move);

/*
 * Does the relay's name point to the new server and to no other? 1 yes; 0 no,
 * `lines` gets what is wrong, and records to publish; negative: nobody could
 * be asked.
 */
int move_check_dns(
	const struct move *move, struct buf *lines, struct buf *why) MUST_CHECK;

#endif
