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
#include "cmdeploy/relay/places.h"
#include "cmdeploy/supervise/supervise.h"

struct relay {
	bool is_server;
	bool has_systemd; /* which runs its services; else runit does */
	bool is_keeper;   /* runsvdir is, or will be, a child of this process */
	bool is_without_mail; /* nothing that is_mail runs */
	char *dir;    /* absolute, without symbolic links; "" of a server */
	bool has_ini; /* it is there already */
	struct in_addr address;
	char address_text[INET_ADDRSTRLEN];
	struct places places;
	struct config config; /* as the services will see it */
	struct apply apply;
	struct supervisor supervisor;
};

void relay_release(struct relay *relay);

/* Sets a variable of the templates; true when it was something else. */
bool relay_change(struct relay *relay, const char *name, const char *value);

/* What the supervisor calls the service; the caller frees. */
int relay_unit(const struct relay *relay, const struct service *service,
	char **ret_unit, struct buf *why) MUST_CHECK;

#endif
