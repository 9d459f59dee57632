#include "cmdeploy/relay/vars.h"

#include <string.h>

#include "cmdeploy/relay/programs.h"

enum {
	INI_MAX_BYTES = 1 << 20,
	VALUE_MAX_BYTES = 1 << 16,
	SETTINGS_MAX = 128,
	CLIENT_SHARE = 5, /* of the connections, for one address */
};

/* "true" and "" of a template are "true" and "false" in a file. */
static const char *ini_value(const struct setting *row, const char *value)
{
	return row->type == SETTING_BOOL && !value[0] ? "false" : value;
}

/* NULL when the pairs of key and value, ended by NULL, do not have it. */
static const char *find_pair(const char *const *pairs, const char *key)
{
	for (; *pairs; pairs += 2)
		if (strcmp(pairs[0], key) == 0)
			return pairs[1];
	return NULL;
}

/* The settings as the services get them: all of them, said in full. */
static void write_services_ini(
	const struct config *config, const char *const *pairs, struct buf *out)
{
	const char *given[2 * SETTINGS_MAX + 1] = { 0 };
	char *values[SETTINGS_MAX] = { 0 };

	for (size_t i = 0; i < config_settings.n && i < SETTINGS_MAX; i++) {
		const struct setting *row = &config_settings.rows[i];
		AUTO_BUF struct buf value = BUF_INIT(VALUE_MAX_BYTES);
		settings_value_text(row, config, &value);
		values[i] = buf_take(&value);
		given[2 * i] = row->key;
		given[2 * i + 1] = find_pair(pairs, row->key);
		if (!given[2 * i + 1])
			given[2 * i + 1] = ini_value(row, values[i]);
	}
	settings_write_ini(&config_settings, given, out);
	for (size_t i = 0; i < SETTINGS_MAX; i++)
		free(values[i]);
}

int vars_make_config(struct relay *relay, const struct config *operators,
	const char *const *pairs, struct buf *why)
{
	AUTO_BUF struct buf text = BUF_INIT(INI_MAX_BYTES);

	write_services_ini(operators, pairs, &text);
	int r = config_parse(buf_slice(&text), "the services' settings",
		&relay->config, NULL, NULL, why);
	if (r < 0)
		return r;
	template_vars_set(&relay->apply.vars, "services_ini", buf_str(&text));
	return 0;
}

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

	for (size_t i = 0; i < config_settings.n; i++) {
		const struct setting *row = &config_settings.rows[i];
		AUTO_BUF struct buf value = BUF_INIT(VALUE_MAX_BYTES);
		settings_value_text(row, config, &value);
		template_vars_set(vars, row->key, buf_str(&value));
	}
	AUTO_FREE char *share =
		xasprintf("%lu", config->max_smtp_connections / CLIENT_SHARE);
	template_vars_set(vars, "max_smtp_connections_per_ip", share);
	template_vars_set(vars, "address_domain", config->address_domain);
	template_vars_set_bool(vars, "is_ip_literal", config->is_ip_literal);
	template_vars_set_bool(vars, "has_instant_idle", has_plugin());
	template_vars_set_bool(vars, "has_public_metrics",
		strcmp(config->metrics, "public") == 0);
}
