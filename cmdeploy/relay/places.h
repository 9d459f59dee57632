/*
 * places.h - where the things of a relay are: paths, filled in once, by a
 * relay in a folder or by one on a server.
 */
#ifndef CMDEPLOY_RELAY_PLACES_H
#define CMDEPLOY_RELAY_PLACES_H

#include "lib/template.h"

/* What templates know by the same names (components/README.md). Owned. */
struct places {
	char *root; /* "" of a server */
	char *etc_dir, *own_etc_dir;
	char *run_dir, *idle_dir;
	char *spool_dir;
	char *state_dir, *own_state_dir;
	char *mail_home, *mail_root;
	char *log_dir;
	char *www_dir;
	char *libexec_dir;
	char *service_dir, *unit_dir; /* of runit, of systemd */
	char *ini_path;               /* as the services read it */
	char *operators_ini_path;
	char *metadata_socket, *fcgiwrap_socket, *opendkim_socket;
	char *own_cert_path, *own_key_path; /* self-signed */
	char *dkim_key_path;
	char *acme_webroot;
};

/*
 * A copy of `from`; paths that are not absolute are below `dir`. What is
 * NULL becomes "": there is no such place.
 */
void places_fill(
	const struct places *from, const char *dir, struct places *ret_places);
/* A variable for each. */
void places_set_vars(const struct places *places, struct template_vars *vars);
void places_release(struct places *places);

#endif
