/*
 * relay.h - a whole relay: where its things lie, on which address it
 * answers, with which settings, and who runs its services. It has a folder
 * for itself (this file), or a server (server.h).
 */
#ifndef CMDEPLOY_RELAY_RELAY_H
#define CMDEPLOY_RELAY_RELAY_H

#include <netinet/in.h>
#include <stdbool.h>

#include "chatmaild/common/config.h"
#include "cmdeploy/apply/apply.h"
#include "cmdeploy/supervise/supervise.h"

struct relay {
	bool is_server;
	bool is_without_mail; /* nothing that is_mail runs */
	bool is_verbose;      /* every file is named */
	bool has_told_notes;  /* what the pages lack */
	size_t n_changed;     /* packages, users, folders, files; so far */
	char *dir;      /* absolute, without symbolic links; "" of a server */
	char *ini_path; /* the operator's file */
	bool has_ini;   /* it is there already */
	struct in_addr address;
	char address_text[INET_ADDRSTRLEN];
	struct config config; /* as the services will see it */
	struct apply apply;
	struct supervisor supervisor;
};

/*
 * Finds out all of the above and writes nothing. `address` is what the
 * operator named, or NULL: then the one of last time, the one that the
 * settings name, or net_default_address().
 */
int relay_open(const char *dir, const char *address, struct relay *ret_relay,
	struct buf *why) MUST_CHECK;
/* The same for a relay that must be there already. */
int relay_open_existing(
	const char *dir, struct relay *ret_relay, struct buf *why) MUST_CHECK;
void relay_release(struct relay *relay);

/* Notes the address for the next time. */
int relay_keep_address(const struct relay *relay, struct buf *why) MUST_CHECK;

/* DIR/suffix; the caller frees. Of a relay in a folder. */
char *relay_path(const struct relay *relay, const char *suffix);
/* The path that the templates know by this name: "log_dir"; "": none. */
const char *relay_place(const struct relay *relay, const char *name);

/* What the supervisor calls the service; the caller frees. */
int relay_unit(const struct relay *relay, const struct service *service,
	char **ret_unit, struct buf *why) MUST_CHECK;

/*
 * Of its lock: the process that runs the relay, 0 when none does,
 * negative when that cannot be told.
 */
pid_t relay_runner(const struct relay *relay);
/*
 * Takes the lock for this process until it ends. -EBUSY when another
 * has it.
 */
int relay_lock(const struct relay *relay, struct buf *why) MUST_CHECK;
/*
 * One process at a time changes files and services: waits for its turn,
 * which ends when *ret_fd is closed.
 */
int relay_lock_changes(
	const struct relay *relay, int *ret_fd, struct buf *why) MUST_CHECK;

#endif
