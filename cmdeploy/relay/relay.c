/* What every relay has, wherever it is. */
#include "cmdeploy/relay/relay.h"

#include <string.h>

bool relay_change(struct relay *relay, const char *name, const char *value)
{
	struct template_vars *vars = &relay->apply.vars;
	const char *before = template_vars_get(vars, slice_of(name));
	bool is_same = before && strcmp(before, value) == 0;

	if (!is_same)
		template_vars_set(vars, name, value);
	return !is_same;
}

int relay_unit(const struct relay *relay, const struct service *service,
	char **ret_unit, struct buf *why)
{
	if (!relay->has_systemd) {
		*ret_unit = xstrdup(service->name);
		return 0;
	}
	if (service->unit)
		return apply_text(&relay->apply, service->unit, ret_unit, why);
	*ret_unit = xasprintf("%s.service", service->name);
	return 0;
}

void relay_release(struct relay *relay)
{
	if (!relay)
		return;
	free(relay->dir);
	places_release(&relay->places);
	config_release(&relay->config);
	supervisor_release(&relay->supervisor);
	apply_release(&relay->apply);
	*relay = (struct relay){ 0 };
}
