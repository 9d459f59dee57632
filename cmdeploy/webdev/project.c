#include "cmdeploy/webdev/project.h"

#include <string.h>

#include "cmdeploy/site/build.h"
#include "cmdeploy/site/source.h"
#include "lib/file.h"

enum {
	VALUE_MAX_BYTES = 1 << 16,
};

/* For those who have not chosen a domain yet. */
static const struct slice sample_ini =
	SLICE("[params]\nmail_domain = chat.example.org\n");

static int read_config(
	const char *ini, struct config *ret_config, struct buf *why)
{
	if (file_exists(ini))
		return config_load(ini, ret_config, NULL, NULL, why);
	return config_parse(sample_ini, ini, ret_config, NULL, NULL, why);
}

int project_open(struct project *project, struct buf *why)
{
	struct config config = { 0 };
	int r = read_config(project->ini, &config, why);

	if (r < 0)
		return r;
	config_release(&project->config);
	project->config = config;
	free(project->dir);
	project->dir = site_source_folder(project->ini, config.www_folder);
	return 0;
}

static void set_vars(const struct project *project, struct template_vars *vars)
{
	const struct config *config = &project->config;

	for (size_t i = 0; i < config_settings.n; i++) {
		AUTO_BUF struct buf value = BUF_INIT(VALUE_MAX_BYTES);
		settings_value_text(&config_settings.rows[i], config, &value);
		template_vars_set(
			vars, config_settings.rows[i].key, buf_str(&value));
	}
	template_vars_set(vars, "address_domain", config->address_domain);
	template_vars_set_bool(vars, "is_ip_literal", config->is_ip_literal);
	template_vars_set_bool(vars, "self_signed", config->is_self_signed);
	template_vars_set(vars, "operators_ini_path", project->ini);
}

static int build(struct project *project, struct file_set *pages,
	struct buf *notes, struct buf *why)
{
	struct template_vars vars = { 0 };
	struct site_source source = { 0 };
	AUTO_FREE char *dir = NULL;
	int r = project_open(project, why);

	if (r == 0)
		r = site_source_find(
			project->ini, project->config.www_folder, &dir, why);
	if (r < 0)
		return r;
	project->is_ours = !dir;
	r = site_source_read(dir, &source, why);
	if (r == 0) {
		set_vars(project, &vars);
		r = site_build(&source, &vars, pages, notes, why);
	}
	template_vars_release(&vars);
	site_source_release(&source);
	return r;
}

static bool is_same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* What is served stays as it was while there is trouble. */
int project_build(struct project *project)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_BUF struct buf notes = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_FREE char *before = TAKE(project->trouble);
	struct file_set pages = { 0 };

	if (build(project, &pages, &notes, &why) < 0) {
		file_set_release(&pages);
		project->trouble = xstrdup(buf_str(&why));
		return !is_same_text(before, project->trouble);
	}
	bool is_changed = before || !file_set_equals(&pages, &project->pages);
	file_set_release(&project->pages);
	project->pages = pages;
	free(project->notes);
	project->notes = buf_take(&notes);
	return is_changed;
}

void project_release(struct project *project)
{
	config_release(&project->config);
	file_set_release(&project->pages);
	free(project->dir);
	free(project->trouble);
	free(project->notes);
	*project = (struct project){ 0 };
}
