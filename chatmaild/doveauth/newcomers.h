/*
 * newcomers.h - how many new accounts the networks of their owners may have:
 * a /24 of IPv4, a /64 of IPv6, in an hour and in a day.
 *
 * Nothing of it is written anywhere. An address that is not known, or of
 * this machine (a proxy before the service), is nobody's network.
 */
#ifndef CHATMAILD_DOVEAUTH_NEWCOMERS_H
#define CHATMAILD_DOVEAUTH_NEWCOMERS_H

#include "chatmaild/common/config.h"

struct newcomers;

/* `config` has to outlive it. */
struct newcomers *newcomers_new(const struct config *config);
void newcomers_free(struct newcomers *newcomers); /* accepts NULL */

/* `address` is the client's, as text; `now` is in seconds. */
bool newcomers_have_room(
	const struct newcomers *newcomers, struct slice address, uint32_t now);
void newcomers_add(
	struct newcomers *newcomers, struct slice address, uint32_t now);

#endif
