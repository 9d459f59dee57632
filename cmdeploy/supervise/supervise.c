#include "cmdeploy/supervise/supervise.h"

void supervisor_release(struct supervisor *s)
{
	if (!s)
		return;
	free(s->dir);
	free(s->log_dir);
	*s = (struct supervisor){ 0 };
}

int supervisor_status(const struct supervisor *s, const char *const *units,
	size_t n, struct service_status *ret_statuses, struct buf *why)
{
	return s->ops->status(s, units, n, ret_statuses, why);
}

int supervisor_refresh(const struct supervisor *s, struct buf *why)
{
	return s->ops->refresh(s, why);
}

int supervisor_enable(const struct supervisor *s, const char *unit,
	bool is_wanted, struct buf *why)
{
	return s->ops->enable(s, unit, is_wanted, why);
}

int supervisor_restart(
	const struct supervisor *s, const char *unit, struct buf *why)
{
	return s->ops->restart(s, unit, why);
}

int supervisor_reload(
	const struct supervisor *s, const char *unit, struct buf *why)
{
	return s->ops->reload(s, unit, why);
}

int supervisor_stop(
	const struct supervisor *s, const char *unit, struct buf *why)
{
	return s->ops->stop(s, unit, why);
}

void supervisor_log_tail(
	const struct supervisor *s, const char *unit, size_t n, struct buf *out)
{
	s->ops->log_tail(s, unit, n, out);
}
