/*
 * relay.h - a whole relay: where its things lie, on which address it
 * answers, with which settings, and who runs its services.
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

void relay_release(struct relay *relay);

/* The path that the templates know by this name: "log_dir"; "": none. */
const char *relay_place(const struct relay *relay, const char *name);

/* Sets it; true when it was something else. */
bool relay_change(struct relay *relay, const char *name, const char *value);

/* What the supervisor calls the service; the caller frees. */
int relay_unit(const struct relay *relay, const struct service *service,
	char **ret_unit, struct buf *why) MUST_CHECK;

#endif
