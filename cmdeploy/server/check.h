/*
 * check.h - what must be so before a server is made a relay, looked
 * at before anything is written.
 */
#ifndef CMDEPLOY_SERVER_CHECK_H
#define CMDEPLOY_SERVER_CHECK_H

#include "cmdeploy/host/host.h"
#include "cmdeploy/relay/relay.h"

enum {
	/* Of a machine that is sold with 512 MB, what the kernel leaves. */
	SERVER_NEEDED_MEMORY_MB = 440,
	SERVER_NEEDED_DISK_MB = 1000, /* packages, and room for mail */
	SERVER_KEPT_DISK_MB = 100,    /* of one that is a relay already */
};

/* The chatmail software in Python (takeover.h). */
struct server_legacy {
	bool is_there;
	bool is_due; /* to make room */
};

/*
 * By the facts of a host (cmdeploy/host/facts.sh), the first thing that is
 * wrong there: system, other relays, memory, disk, other sites, ports. For
 * one that nothing has been brought to yet.
 */
int server_check_host(const struct host *host, const struct config *config,
	struct buf *why) MUST_CHECK;

/* It is that domain's relay already. */
bool server_is_relay(const struct host *host, const struct config *config);

/* The same of this machine, and rights, and each port of the relay. */
int server_check(const struct relay *relay, const struct server_legacy *legacy,
	struct buf *why) MUST_CHECK;

/* -ENOENT when this machine is not a relay yet. */
int server_check_there(const struct relay *relay, struct buf *why) MUST_CHECK;

#endif
