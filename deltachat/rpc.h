/*
 * rpc.h - drives a Delta Chat core: JSON-RPC 2.0, one object a line, on
 * the standard input and output of `deltachat-rpc-server`. The methods
 * and events are those of the package @deltachat/jsonrpc-client.
 *
 * Blocking; one thread. Functions return 0 or a negative errno with a
 * reason that begins with the method or event in question:
 *
 *   -EREMOTEIO  core answered with an error; the reason is its text
 *   -ETIMEDOUT  no answer, or no such event, within the time limit
 *   -EPROTO     core printed something that is not a JSON-RPC answer
 *   -EPIPE      core is gone
 *
 * Core's log goes to a file: its standard error, and its events of kind
 * Info, Warning and Error, which are not kept otherwise.
 */
#ifndef DELTACHAT_RPC_H
#define DELTACHAT_RPC_H

#include <jansson.h>
#include <stdint.h>

#include "lib/buf.h"

enum {
	RPC_TIMEOUT_MS = 60000,
	/* Events that nobody waited for yet; beyond, the oldest go. */
	RPC_EVENTS_MAX = 20000,
};

struct rpc;

struct rpc_options {
	const char *server;       /* path of deltachat-rpc-server */
	const char *accounts_dir; /* made by core if it does not exist */
	const char *log_path;
	int timeout_ms; /* of each call and wait; 0: RPC_TIMEOUT_MS */
};

/* Starts core and asks it for its version, so that it is known to work. */
int rpc_open(const struct rpc_options *options, struct rpc **ret_rpc,
	struct buf *why) MUST_CHECK;
/* Ends core; accepts NULL. */
void rpc_close(struct rpc *rpc);

/* For the calls and waits from now on. Returns the limit before. */
int rpc_set_timeout(struct rpc *rpc, int timeout_ms);
/* "v2.62.0" or the like, as core says it. */
const char *rpc_core_version(const struct rpc *rpc);

/*
 * Calls a method; takes `params` (an array, or NULL for none) over in
 * any case. The result is the caller's to json_decref(); ret_result may
 * be NULL where nobody wants it.
 */
int rpc_call(struct rpc *rpc, const char *method, json_t *params,
	json_t **ret_result, struct buf *why) MUST_CHECK;

/* Says whether an event (the inner object, with "kind") is the one. */
typedef bool rpc_is_wanted(const json_t *event, void *ctx);

/*
 * The first event of account `account` and kind `kind` (NULL: any) that has not
 * been waited for yet and for which is_wanted() (NULL: any) holds. Others are
 * kept for later waits. ret_event may be NULL, else json_decref() it.
 */
int rpc_wait_event(struct rpc *rpc, uint32_t account, const char *kind,
	rpc_is_wanted *is_wanted, void *ctx, json_t **ret_event,
	struct buf *why) MUST_CHECK;

#endif
