/*
 * proxy.h - a bare host becomes the front of a relay: by nftables there, the
 * relay's ports are forwarded to it, of both families as far as both have
 * them. Ssh is not.
 */
#ifndef CMDEPLOY_MOVING_PROXY_H
#define CMDEPLOY_MOVING_PROXY_H

#include "chatmaild/common/config.h"
#include "cmdeploy/host/ssh.h"
#include "lib/words.h"

struct proxy_options {
	const char *ssh_host; /* the proxy */
	const char *to;       /* the relay; NULL: the mail_domain */
	bool is_tunnel;       /* to be made, and `to` is for ssh */
	const char *ini_path;
	bool is_removal;
};

/*
 * Tells the person at the terminal what is done, and changes
 * public_addresses in the settings. -EINTR: told to stop.
 */
int proxy_run(const struct proxy_options *options, struct buf *why) MUST_CHECK;

/* The addresses that a host itself has, but for those of tunnels. */
int proxy_add_addresses(
	const struct host *host, struct words *out, struct buf *why) MUST_CHECK;
/* The ports that a relay serves to others, each once. */
void proxy_add_ports(struct words *ports);

/*
 * On the host of `ssh`: what comes to these ports of it is forwarded to the
 * relay that has these addresses, of the families that `own`, the host's
 * addresses, have. proxy_prepare() does what takes long of that.
 */
int proxy_prepare(const struct ssh_host *ssh, struct buf *why) MUST_CHECK;
int proxy_forward(const struct ssh_host *ssh, const struct words *ports,
	const struct words *own, const struct words *relay,
	struct buf *why) MUST_CHECK;
/* Forwards nothing any more. */
int proxy_stop(const struct ssh_host *ssh, struct buf *why) MUST_CHECK;

/* Puts these into the file of settings, as public_addresses. */
int proxy_write_settings(const char *ini_path, const struct words *addresses,
	struct buf *why) MUST_CHECK;

/*
 * Appends the text of settings with these words as public_addresses, in
 * place of those that are there. Pure.
 */
void proxy_add_settings(
	struct buf *out, struct slice text, const struct words *addresses);

#endif
