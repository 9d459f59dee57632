/*
 * collect.h - finds out how a relay is that runs; changes nothing.
 */
#ifndef CMDEPLOY_STATUS_COLLECT_H
#define CMDEPLOY_STATUS_COLLECT_H

#include "cmdeploy/relay/relay.h"
#include "cmdeploy/status/list.h"

/*
 * In the environment: the version of the package that the operator's own
 * cmdeploy would bring; what is installed is compared with it.
 */
#define STATUS_EXPECT "CMDEPLOY_EXPECT"

/*
 * All of it, in the order in which it is shown. Notes in the relay whether
 * its mail is switched off.
 */
void status_collect(struct relay *relay, struct findings *list);

/* Each part of it. */
void status_services(struct relay *relay, struct findings *list);
void status_ports(struct relay *relay, struct findings *list);
void status_certificate(struct relay *relay, struct findings *list);
void status_dns(struct relay *relay, struct findings *list);
void status_mail(struct relay *relay, struct findings *list);
void status_machine(struct relay *relay, struct findings *list);
void status_version(struct relay *relay, struct findings *list);
void status_log(struct relay *relay, struct findings *list);

#endif
