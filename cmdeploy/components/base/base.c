/* The folders that all others stand in, the operator's file, runit. */
#include "cmdeploy/apply/apply.h"
#include "cmdeploy/components/components.h"

static int make_operators_ini(
	const struct apply *apply, struct buf *out, struct buf *why UNUSED)
{
	buf_add_str(
		out, template_vars_get(&apply->vars, SLICE("operators_ini")));
	return 0;
}

#define PRIVATE .when = "is_private"
#define RUNIT   .when = "is_runit"

static const struct folder folders[] = {
	{ .path = "{{root}}", .mode = 0755, PRIVATE },
	{ .path = "{{etc_dir}}", .mode = 0755, PRIVATE },
	{ .path = "{{run_dir}}", .mode = 0755, PRIVATE },
	{ .path = "{{spool_dir}}", .mode = 0755, PRIVATE },
	{ .path = "{{own_etc_dir}}", .mode = 0755 },
	{ .path = "{{own_state_dir}}", .mode = 0755 },
	{ .path = "{{own_state_dir}}/services", .mode = 0755 },
	{ .path = "{{log_dir}}", .mode = 0755 },
	{ .path = "{{libexec_dir}}", .mode = 0755 },
	{ .path = "{{service_dir}}", .mode = 0755, RUNIT },
	{ 0 },
};

static const struct file files[] = {
	{ .path = "{{operators_ini_path}}",
		.mode = 0644,
		.make = make_operators_ini,
		.is_operators = true,
		PRIVATE },
	{ 0 },
};

const struct component component_base = {
	.name = "base",
	RUNIT,
	.packages = LIST("runit"),
	.folders = folders,
	.files = files,
};
