/*
 * upgrades.h - which packages apt-get would renew. Pure.
 */
#ifndef CMDEPLOY_STATUS_UPGRADES_H
#define CMDEPLOY_STATUS_UPGRADES_H

#include "lib/slice.h"

struct upgrades {
	unsigned n;
	unsigned n_security; /* of them, from Debian's security archive */
};

/* What "apt-get --simulate upgrade" prints. */
void upgrades_parse(struct slice text, struct upgrades *ret_upgrades);

#endif
