/*
 * walk.h - what the servers that answer for a zone say right now: from
 * the root down, zone by zone, as a resolver does it (RFC 1034, 5.3.3),
 * but without its cache, so that a record counts as soon as it is
 * published. Aliases are followed, also into other zones. What a zone's
 * own primary says is not asked for: the servers that the world asks are
 * those of its NS records.
 *
 * Bounded: servers in turn, silent ones last; so many questions in all.
 */
#ifndef CMDEPLOY_DNS_WALK_H
#define CMDEPLOY_DNS_WALK_H

#include "cmdeploy/dns/message.h"

enum {
	WALK_QUESTIONS_MAX = 1000, /* in all */
	WALK_LOOKUP_MSEC = 30000,
	WALK_ALIASES_MAX = 8, /* of one name */
	WALK_CUTS_MAX = 32,   /* on the way to one name */
	WALK_DEPTH_MAX = 4,   /* names of servers of names of servers ... */
};

struct walk;

/*
 * Begins at the servers that $CMDEPLOY_DNS_ROOT names, as "ADDRESS[:PORT]"
 * separated by commas, with a port that then holds for all servers below
 * (-EINVAL when it cannot be read); or at the root servers; or, when none of
 * these answers within that time, asks the resolvers of this machine
 * (/etc/resolv.conf) instead: some networks let no question pass to other
 * servers. Answers of a resolver may be as old as their time to live.
 */
int walk_open(
	uint64_t msec, struct walk **ret_walk, struct buf *why) MUST_CHECK;
void walk_free(struct walk *walk); /* accepts NULL */

/*
 * Adds what there is to *io_seen. 1 found; 0 there is no such record.
 * Negative: nobody could be asked, `why` tells who was and what happened.
 */
int walk_lookup(struct walk *walk, const char *name, ldns_rr_type type,
	struct dns_seen *io_seen, struct buf *why) MUST_CHECK;

/*
 * Who gave the first answer: "ns.example.org (192.0.2.1), which serves
 * example.org"; NULL before there is one. The walk's.
 */
const char *walk_source(const struct walk *walk);

/*
 * Asks each server of the zone that holds the name, one that is known by an
 * earlier walk_lookup(), which state of the zone it has. Appends a line about
 * each one that is behind another one, or silent, or does not serve the zone;
 * nothing when only a resolver can be asked.
 */
void walk_compare(struct walk *walk, const char *name, struct buf *out);

#endif
