/*
 * ask.h - one question to one name server, over UDP and, when the answer
 * does not fit, over TCP. Never takes longer than twice ASK_MAX_MSEC.
 */
#ifndef CMDEPLOY_DNS_ASK_H
#define CMDEPLOY_DNS_ASK_H

#include "cmdeploy/dns/message.h"
#include "lib/addr.h"

enum {
	ASK_UDP_TRIES = 2,
	ASK_UDP_MSEC = 1500, /* each */
	ASK_TCP_MSEC = 3000,
	ASK_MAX_MSEC = ASK_UDP_TRIES * ASK_UDP_MSEC + ASK_TCP_MSEC,
};

/*
 * 0 and its response, whatever that says. Otherwise -ETIMEDOUT, -EBADMSG,
 * or what the network says (-ECONNREFUSED, -ENETUNREACH).
 */
int dns_ask(const struct addr *server, const struct dns_question *question,
	struct dns_message *ret_message) MUST_CHECK;

enum {
	ASK_RACE_MAX = 8,
};

/*
 * Asks all of them at once, over UDP: which of the n, at most ASK_RACE_MAX,
 * answers first. -ETIMEDOUT when none does in that time.
 */
int dns_race(const struct addr *const *servers, size_t n,
	const struct dns_question *question, uint64_t msec) MUST_CHECK;

#endif
