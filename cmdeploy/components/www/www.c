/* The web pages: the operator's, or ours. */
#include "cmdeploy/apply/apply.h"
#include "cmdeploy/components/components.h"
#include "cmdeploy/site/build.h"

static int make_pages(
	const struct apply *apply, struct file_set *out, struct buf *why)
{
	const struct template_vars *vars = &apply->vars;
	const char *ini = template_vars_get(vars, SLICE("operators_ini_path"));
	const char *folder = template_vars_get(vars, SLICE("www_folder"));
	struct site_source source = { 0 };
	AUTO_FREE char *dir = NULL;
	int r = site_source_find(ini, folder, &dir, why);

	if (r == 0)
		r = site_source_read(dir, &source, why);
	if (r == 0)
		r = site_build(&source, vars, out, apply->notes, why);
	site_source_release(&source);
	return r;
}

static const struct folder folders[] = {
	{ .path = "{{www_dir}}", .mode = 0755 },
	{ 0 },
};

static const struct file files[] = {
	{ .path = "{{www_dir}}", .mode = 0644, .make_all = make_pages },
	{ 0 },
};

const struct component component_www = {
	.name = "www",
	.folders = folders,
	.files = files,
};
