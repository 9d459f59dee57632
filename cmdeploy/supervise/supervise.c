/* Hands each call to the relay's supervisor, runit or systemd (supervise.h). */
#include "cmdeploy/supervise/supervise.h"

void supervisor_release(struct supervisor *s)
{
	if (!s)
		return;
	free(s->dir);
	free(s->log_dir);
	*s = (struct supervisor){ 0 };
}

int supervisor_status(const struct supervisor *s, struct unit_list units,
	struct service_status *ret_statuses, struct buf *why)
{
	return s->ops->status(s, units, ret_statuses, why);
}

int supervisor_refresh(const struct supervisor *s, struct buf *why)
{
	return s->ops->refresh(s, why);
}

int supervisor_enable(
	const struct supervisor *s, struct unit_list units, struct buf *why)
{
	return units.n > 0 ? s->ops->enable(s, units, why) : 0;
}

int supervisor_disable(
	const struct supervisor *s, struct unit_list units, struct buf *why)
{
	return units.n > 0 ? s->ops->disable(s, units, why) : 0;
}

int supervisor_restart(
	const struct supervisor *s, struct unit_list units, struct buf *why)
{
	return units.n > 0 ? s->ops->restart(s, units, why) : 0;
}

int supervisor_reload(
	const struct supervisor *s, struct unit_list units, struct buf *why)
{
	return units.n > 0 ? s->ops->reload(s, units, why) : 0;
}

void supervisor_log_tail(
	const struct supervisor *s, const char *unit, size_t n, struct buf *out)
{
	s->ops->log_tail(s, unit, n, out);
}
