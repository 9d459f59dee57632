/* The variables that follow from the settings. */
#include "cmdeploy/relay/vars.h"

#include <string.h>

#include "cmdeploy/relay/kept.h"
#include "cmdeploy/relay/programs.h"

enum {
	VALUE_MAX_BYTES = 1 << 16,
	CLIENT_SHARE = 5,     /* of the connections, for one address */
	FIELDS_BYTES = 65536, /* that a message may get on its way */
};

/* Built where Dovecot's headers are, only. */
static bool has_plugin(void)
{
	AUTO_FREE char *path = NULL;

	return programs_find("lib95_instant_idle_plugin.so", &path, NULL) == 0;
}

void vars_set_config(struct relay *relay)
{
	struct template_vars *vars = &relay->apply.vars;
	const struct config *config = &relay->config;

	kept_apply(relay);
	for (size_t i = 0; i < config_settings.n; i++) {
		const struct setting *row = &config_settings.rows[i];
		AUTO_BUF struct buf value = BUF_INIT(VALUE_MAX_BYTES);
		settings_value_text(row, config, &value);
		template_vars_set(vars, row->key, buf_str(&value));
	}
	AUTO_FREE char *share =
		xasprintf("%lu", config->max_smtp_connections / CLIENT_SHARE);
	template_vars_set(vars, "max_smtp_connections_per_ip", share);
	AUTO_FREE char *stored =
		xasprintf("%lu", config->max_message_size + FIELDS_BYTES);
	template_vars_set(vars, "max_stored_size", stored);
	template_vars_set(vars, "address_domain", config->address_domain);
	template_vars_set_bool(vars, "is_ip_literal", config->is_ip_literal);
	template_vars_set_bool(vars, "has_instant_idle", has_plugin());
	template_vars_set_bool(vars, "has_public_metrics",
		strcmp(config->metrics, "public") == 0);
}
