/*
 * payload.h - what is shipped to a host: each thing only when the host has
 * another one.
 */
#ifndef CMDEPLOY_REMOTE_PAYLOAD_H
#define CMDEPLOY_REMOTE_PAYLOAD_H

#include "cmdeploy/host/ssh.h"
#include "cmdeploy/remote/package.h"

struct payload {
	const char *ini_path;
	const char *www_path; /* the operator's own pages; NULL: none */
	const struct package *package;

	/* What differs. */
	bool has_ini;
	bool has_www; /* also when it is to be removed there */
	bool has_package;
};

/* Compares with the host's facts; `ini_path`, `www_path`, `package` given. */
int payload_compare(struct payload *payload, const struct host *host,
	struct buf *why) MUST_CHECK;

bool payload_is_empty(const struct payload *payload);
/* Appends "the package, chatmail.ini". */
void payload_describe(const struct payload *payload, struct buf *out);

/* Sends it all at once, to where it belongs on the host. `dir` is private. */
int payload_send(const struct payload *payload, const struct ssh_host *ssh,
	const char *dir, struct buf *why) MUST_CHECK;
/* The same archive, for another use of it. */
int payload_pack(const struct payload *payload, const char *dir,
	struct buf *out, struct buf *why) MUST_CHECK;

#endif
