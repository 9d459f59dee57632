/*
 * certificate.h - the certificate of a server: of an ACME authority, by
 * acmetool; of somebody else, who renews it; or self-signed.
 *
 * Apps remember the key of a relay, so it is made once: acmetool is given
 * the one that the first, self-signed certificate was made with.
 */
#ifndef CMDEPLOY_CERTIFICATE_CERTIFICATE_H
#define CMDEPLOY_CERTIFICATE_CERTIFICATE_H

#include "cmdeploy/apply/plan.h"
#include "cmdeploy/relay/relay.h"

enum certificate_kind {
	CERTIFICATE_SELF_SIGNED,
	CERTIFICATE_ACME,     /* of an authority */
	CERTIFICATE_EXTERNAL, /* tls_external_cert_and_key */
};

/* Which one its settings ask for. */
enum certificate_kind certificate_kind(const struct relay *relay);

/* Chain and key that the servers are to use now; the caller frees. */
void certificate_find(
	const struct relay *relay, char **ret_cert, char **ret_key);

/*
 * Sets the variables cert_path, key_path (certificate_find) and acme_key_id,
 * acmetool's name for the key: that of the certificate there is, else of the
 * key that was brought; "" when there is none yet. True when one has changed.
 */
bool certificate_look(struct relay *relay);

/*
 * Of tls_external_cert_and_key: both files are there, belong together, and
 * the time of the certificate is not over. Messages call the settings so.
 */
int certificate_check_external(const struct relay *relay,
	const char *settings_name, struct buf *why) MUST_CHECK;

/* acmetool has a certificate for the relay. */
bool certificate_is_there(const struct relay *relay);
/* That one is for this name, too. */
bool certificate_has_name(const struct relay *relay, const char *name);

/* Gives acmetool the relay's key, unless it has one. */
int certificate_bring_key(
	const struct relay *relay, struct buf *why) MUST_CHECK;

/* Asks the authority for it, and waits; nginx must answer on port 80. */
int certificate_fetch(const struct relay *relay, struct buf *why) MUST_CHECK;

/*
 * `acmetool want` by hand, or by other software, leaves a wish for the same
 * names without the key that is to stay: it goes, where ours is there, and
 * a note tells so. One that has any other name stays. Tells how many went.
 */
size_t certificate_drop_wishes(const struct relay *relay);
/* Appends a line for each that would go, were the plan carried out. */
void certificate_list_wishes(
	const struct relay *relay, const struct plan *plan, struct buf *out);

/*
 * https://autoconfig.DOMAIN/, where mail programs look for
 * their settings (Thunderbird, first of all), in the certificate of an
 * authority: only where that name has a record that points here, and only
 * when there is a certificate without it, since an authority gives all names
 * or none.
 */

/*
 * Sets the variable has_autoconfig to what acmetool is told already: nobody
 * is asked, and nothing changes.
 */
void autoconfig_recall(struct relay *relay);
/* True when it was something else. */
bool autoconfig_set(struct relay *relay, bool value);

/*
 * 1: the name points here; 0: it does not, and would keep the certificate from
 * being renewed. Negative: DNS does not answer, or there is no certificate of
 * an authority (yet).
 */
int autoconfig_points_here(const struct relay *relay) MUST_CHECK;

/* The certificate is for that name, too. */
bool autoconfig_is_certified(const struct relay *relay);

#endif
