/*
 * shortage.h - why nobody gets an account just now, and what to do about
 * it, in words. Pure.
 */
#ifndef CMDEPLOY_STATUS_SHORTAGE_H
#define CMDEPLOY_STATUS_SHORTAGE_H

#include "chatmaild/common/account.h"

/* "none until the machine is less busy: ...; ..." */
void status_add_shortage(
	struct buf *out, const struct account_shortage *shortage);

#endif
