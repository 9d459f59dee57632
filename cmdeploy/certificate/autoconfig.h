/*
 * autoconfig.h - https://autoconfig.DOMAIN/, where mail programs look for
 * their settings (Thunderbird, first of all), in the certificate of an
 * authority: only where that name has a record which leads here, and only
 * when there is a certificate without it, since an authority gives all names
 * or none.
 */
#ifndef CMDEPLOY_CERTIFICATE_AUTOCONFIG_H
#define CMDEPLOY_CERTIFICATE_AUTOCONFIG_H

#include "cmdeploy/relay/relay.h"

/*
 * Sets the variable has_autoconfig to what acmetool is told already: nobody
 * is asked, and nothing changes.
 */
void autoconfig_recall(struct relay *relay);
/* True when it was something else. */
bool autoconfig_set(struct relay *relay, bool value);

/*
 * 1: the name leads here; 0: it does not, and would keep the certificate from
 * being renewed. Negative: DNS does not answer, or there is no certificate of
 * an authority (yet).
 */
int autoconfig_leads(const struct relay *relay) MUST_CHECK;

/* The certificate is for that name, too. */
bool autoconfig_is_certified(const struct relay *relay);

#endif
