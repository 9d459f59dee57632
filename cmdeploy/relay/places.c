/* The places of a relay, as members of a struct and as names in templates. */
#include "cmdeploy/relay/places.h"

#include <stddef.h>
#include <stdint.h>

#define AT(member) .offset = offsetof(struct places, member), .name = #member

static const struct {
	const char *name;
	size_t offset;
} rows[] = {
	{ AT(root) },
	{ AT(etc_dir) },
	{ AT(own_etc_dir) },
	{ AT(run_dir) },
	{ AT(idle_dir) },
	{ AT(spool_dir) },
	{ AT(state_dir) },
	{ AT(own_state_dir) },
	{ AT(mail_home) },
	{ AT(mail_root) },
	{ AT(log_dir) },
	{ AT(www_dir) },
	{ AT(libexec_dir) },
	{ AT(service_dir) },
	{ AT(unit_dir) },
	{ AT(ini_path) },
	{ AT(operators_ini_path) },
	{ AT(metadata_socket) },
	{ AT(fcgiwrap_socket) },
	{ AT(opendkim_socket) },
	{ AT(own_cert_path) },
	{ AT(own_key_path) },
	{ AT(dkim_key_path) },
	{ AT(acme_webroot) },
};

_Static_assert(sizeof(struct places) == ARRAY_LEN(rows) * sizeof(char *),
	"each place has a row");

static char **member(const struct places *places, size_t i)
{
	char *at = (char *)(uintptr_t)places + rows[i].offset;

	return (char **)(void *)at;
}

static char *path_of(const char *from, const char *dir)
{
	if (!from)
		return xstrdup("");
	return from[0] == '/' || !from[0] ? xstrdup(from)
					  : xasprintf("%s/%s", dir, from);
}

void places_fill(
	const struct places *from, const char *dir, struct places *ret_places)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		*member(ret_places, i) = path_of(*member(from, i), dir);
}

void places_set_vars(const struct places *places, struct template_vars *vars)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		template_vars_set(vars, rows[i].name, *member(places, i));
}

void places_release(struct places *places)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		free(*member(places, i));
	*places = (struct places){ 0 };
}
