/*
 * invite.h - what an app scans or opens to get an account here.
 *
 * dcaccount: the app makes up an account by itself, or asks /new for one
 * (needs a certificate that it trusts, or a domain that begins with "_").
 * dclogin: an account, with its password and all that is needed to reach
 * it; the only form that works on a relay whose domain is an IP address.
 * Forms as Delta Chat core 2.62 reads them.
 */
#ifndef CHATMAILD_COMMON_INVITE_H
#define CHATMAILD_COMMON_INVITE_H

#include "chatmaild/common/config.h"

/*
 * The app would not trust the certificate that `dcaccount:` leads to, so
 * each person needs a `dclogin:` of their own.
 */
bool invite_is_personal(const struct config *config);

/* dcaccount:https://<domain>/new */
void invite_add_dcaccount(const struct config *config, struct buf *out);

/*
 * dclogin:<user>@<host>?p=...&v=1; for an IP address, and for a name that
 * no authority certifies, with hosts and with ic=3 (any certificate).
 * `address` is a whole address.
 */
void invite_add_dclogin(const struct config *config, struct slice address,
	struct slice password, struct buf *out);

/*
 * Makes up an account by chatmail.ini's rules; it comes to life with its
 * first login. Wipe the password (buf_release_secret).
 */
void invite_new_account(const struct config *config, struct buf *ret_address,
	struct buf *ret_password);

#endif
