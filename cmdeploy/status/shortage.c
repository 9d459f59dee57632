#include "cmdeploy/status/shortage.h"

#include "cmdeploy/status/list.h"

static void add_load(struct buf *out, const struct account_shortage *s)
{
	buf_addf(out,
		"none until the machine is less busy: its load is %.1f, and "
		"more than %.1f is too much (max_load_1m); they come back by "
		"themselves, \"top\" shows what keeps it busy",
		s->is, s->limit);
}

/* "A of WHAT, and less than B is too little" */
static void add_bytes(
	struct buf *out, const struct account_shortage *s, const char *what)
{
	status_add_size(out, (uint64_t)s->is);
	buf_addf(out, " %s, and less than ", what);
	status_add_size(out, (uint64_t)s->limit);
	buf_add_str(out, " is too little");
}

static void add_memory(struct buf *out, const struct account_shortage *s)
{
	buf_add_str(out, "none until there is more memory: ");
	add_bytes(out, s, "available");
	buf_add_str(out,
		" (min_available_memory); end what does not belong there, or "
		"take a larger machine");
}

static void add_disk(struct buf *out, const struct account_shortage *s)
{
	buf_add_str(out, "none until there is more room for mail: ");
	add_bytes(out, s, "free");
	buf_add_str(out,
		" (min_free_disk_space); make room, lower delete_mails_after, "
		"or take a larger disk");
}

static void (*const adders[])(
	struct buf *out, const struct account_shortage *s) = {
	[ACCOUNT_LOAD] = add_load,
	[ACCOUNT_MEMORY] = add_memory,
	[ACCOUNT_DISK] = add_disk,
};

void status_add_shortage(
	struct buf *out, const struct account_shortage *shortage)
{
	adders[shortage->of](out, shortage);
}
