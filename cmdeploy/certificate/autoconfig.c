#include "cmdeploy/certificate/autoconfig.h"

#include <errno.h>

#include "cmdeploy/certificate/certificate.h"
#include "cmdeploy/dns/check.h"
#include "lib/file.h"

enum {
	DESIRED_MAX_BYTES = 1 << 16,
};

#define LABEL "autoconfig"

bool autoconfig_set(struct relay *relay, bool value)
{
	bool before = relay_place(relay, "has_autoconfig")[0];

	template_vars_set_bool(&relay->apply.vars, "has_autoconfig", value);
	return before != value;
}

static bool has_name(struct slice text, const char *domain)
{
	AUTO_FREE char *name = xasprintf("- " LABEL ".%s", domain);
	struct slice line;

	while (slice_next_line(&text, &line))
		if (slice_eq_str(slice_trim(line), name))
			return true;
	return false;
}

void autoconfig_recall(struct relay *relay)
{
	const char *domain = relay->config.mail_domain;
	AUTO_FREE char *path = xasprintf(
		"%s/acme/desired/%s", relay_place(relay, "state_dir"), domain);
	AUTO_BUF struct buf text = BUF_INIT(DESIRED_MAX_BYTES);

	template_vars_set_bool(&relay->apply.vars, "has_autoconfig",
		file_read(path, &text, NULL) == 0 &&
			has_name(buf_slice(&text), domain));
}

int autoconfig_leads(const struct relay *relay)
{
	if (!relay_place(relay, "has_acme")[0] || !certificate_is_there(relay))
		return -ENOENT;
	return dns_alias_points_here(relay->apply.host, &relay->config, LABEL, NULL);
}

bool autoconfig_is_certified(const struct relay *relay)
{
	AUTO_FREE char *name =
		xasprintf(LABEL ".%s", relay->config.mail_domain);

	return certificate_has_name(relay, name);
}
