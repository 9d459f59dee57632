/*
 * ask.h - a question to name servers, over UDP and, when the answer does
 * not fit, over TCP. The sockets are ours: ldns would take a datagram of
 * anybody for the answer, whatever its id, and not see a closed port.
 */
#ifndef CMDEPLOY_DNS_ASK_H
#define CMDEPLOY_DNS_ASK_H

#include "cmdeploy/dns/message.h"
#include "lib/addr.h"

enum {
	/* What we say that we take over UDP: passes everywhere unsplit. */
	ASK_UDP_MAX_BYTES = 1232,
	ASK_UDP_TRIES = 2,
	ASK_UDP_MSEC = 1500, /* each */
	ASK_TCP_MSEC = 3000,
	ASK_RACE_MAX = 8,
};

/*
 * One server, for less than 15 s. The id and the EDNS part of the question
 * are set here. 0 and its response, whatever that says. Otherwise
 * -ETIMEDOUT, -EBADMSG, or what the network says (-ECONNREFUSED,
 * -ENETUNREACH).
 */
int dns_ask(const struct addr *server, ldns_pkt *question,
	ldns_pkt **ret_message) MUST_CHECK;

/*
 * Asks all of them at once, over UDP: which of the n, at most ASK_RACE_MAX,
 * answers first. -ETIMEDOUT when none does in that time.
 */
int dns_race(const struct addr *const *servers, size_t n, ldns_pkt *question,
	uint64_t msec) MUST_CHECK;

#endif
