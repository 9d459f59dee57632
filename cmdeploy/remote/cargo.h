/*
 * cargo.h - what is shipped to a host: each thing only when the host has
 * another one.
 */
#ifndef CMDEPLOY_REMOTE_CARGO_H
#define CMDEPLOY_REMOTE_CARGO_H

#include "cmdeploy/host/ssh.h"
#include "cmdeploy/remote/package.h"

struct cargo {
	const char *ini_path;
	const char *www_path; /* the operator's own pages; NULL: none */
	const struct package *package;

	/* What differs. */
	bool has_ini;
	bool has_www; /* also when it is to be removed there */
	bool has_package;
};

/* Compares with the host's facts; `ini_path`, `www_path`, `package` given. */
int cargo_compare(struct cargo *cargo, const struct host *host,
	struct buf *why) MUST_CHECK;

bool cargo_is_empty(const struct cargo *cargo);
/* Appends "the package, chatmail.ini". */
void cargo_describe(const struct cargo *cargo, struct buf *out);

/* Sends it all at once, to where the host wants it. `dir` is private. */
int cargo_send(const struct cargo *cargo, const struct ssh_host *ssh,
	const char *dir, struct buf *why) MUST_CHECK;
/* The same archive, for another use of it. */
int cargo_pack(const struct cargo *cargo, const char *dir, struct buf *out,
	struct buf *why) MUST_CHECK;

#endif
