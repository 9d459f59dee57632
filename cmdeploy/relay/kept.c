/* Finds the defaults that a relay has kept, in the services' settings. */
#include "cmdeploy/relay/kept.h"

#include "lib/file.h"
#include "lib/ini.h"

enum {
	INI_MAX_BYTES = 1 << 20,
};

#define KEY "filter_incoming"

static int look_at(
	const struct ini_entry *entry, void *owner, struct buf *why UNUSED)
{
	bool *has_key = owner;

	*has_key = *has_key || slice_eq_str(entry->key, KEY);
	return 0;
}

static bool has_key(struct slice ini)
{
	bool is_there = false;

	return ini_parse(ini, look_at, &is_there, NULL) == 0 && is_there;
}

/* What the services' copy says; true where it cannot be read. */
static bool value_in(struct slice ini)
{
	struct config config;

	if (config_parse(ini, "", &config, NULL, NULL, NULL) < 0)
		return true;
	bool value = config.filter_incoming;
	config_release(&config);
	return value;
}

/* An older relay's copy lacks the key; a new relay has no copy yet. */
static bool kept_value(struct relay *relay)
{
	AUTO_BUF struct buf copy = BUF_INIT(INI_MAX_BYTES);

	if (file_read(relay->places.ini_path, &copy, NULL) < 0)
		return true;
	if (has_key(buf_slice(&copy)))
		return value_in(buf_slice(&copy));
	template_vars_set(&relay->apply.vars, "kept_note",
		"cleartext from outside is refused by default now, but this "
		"relay goes on taking it; to refuse it, write \"" KEY
		" = true\" into chatmail.ini\n");
	return false;
}

void kept_apply(struct relay *relay)
{
	struct template_vars *vars = &relay->apply.vars;
	const char *ini = template_vars_get(vars, SLICE("operators_ini"));

	template_vars_set(vars, "kept_settings", "");
	template_vars_set(vars, "kept_note", "");
	if (has_key(slice_of(ini)))
		return;
	bool value = kept_value(relay);
	AUTO_FREE char *line = xasprintf(
		"\n# The default when this relay was set up.\n" KEY " = %s\n",
		value ? "true" : "false");
	template_vars_set(vars, "kept_settings", line);
	relay->config.filter_incoming = value;
}
