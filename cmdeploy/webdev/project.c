/* Settings and sources of the pages that somebody works on. */
#include "cmdeploy/webdev/project.h"

#include <fts.h>
#include <string.h>
#include <sys/stat.h>

#include "cmdeploy/embed.h"
#include "cmdeploy/site/build.h"
#include "cmdeploy/site/source.h"
#include "cmdeploy/site/values.h"
#include "lib/file.h"
#include "lib/num.h"

enum {
	VALUE_MAX_BYTES = 1 << 16,
	LIST_MAX_BYTES = 16 << 20,
	SOURCE_MAX_BYTES = 16 << 20,
	AROUND_LINES = 3,
};

#define LINE_MARK ": line "

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

/* A line for each file and folder at and below `path`. */
static void list_sources(const char *path, struct buf *out)
{
	char *const paths[] = { (char *)path, NULL };
	FTS *tree = fts_open(
		paths, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, NULL);

	for (FTSENT *e; tree && (e = fts_read(tree));)
		if (e->fts_info == FTS_F || e->fts_info == FTS_D)
			buf_addf(out, "%s %lu %ld %ld.%09ld\n", e->fts_path,
				e->fts_statp->st_ino,
				(long)e->fts_statp->st_size,
				e->fts_statp->st_mtim.tv_sec,
				e->fts_statp->st_mtim.tv_nsec);
	if (tree)
		fts_close(tree);
}

static void look(struct project *project)
{
	AUTO_BUF struct buf list = BUF_INIT(LIST_MAX_BYTES);

	list_sources(project->ini, &list);
	if (project->dir)
		list_sources(project->dir, &list);
	free(project->seen);
	project->seen = buf_take(&list);
}

bool project_has_changed(struct project *project)
{
	AUTO_FREE char *before = TAKE(project->seen);

	look(project);
	return is_same_text(before, project->seen) &&
		!is_same_text(project->seen, project->built);
}

bool project_build(struct project *project)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_BUF struct buf notes = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_FREE char *before = TAKE(project->error);
	struct file_set pages = { 0 };

	/* What changes from here on is seen as a change. */
	look(project);
	free(project->built);
	project->built = xstrdup(project->seen);
	if (build(project, &pages, &notes, &why) < 0) {
		file_set_release(&pages);
		project->error = xstrdup(buf_str(&why));
		return !is_same_text(before, project->error);
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
	free(project->error);
	free(project->notes);
	free(project->seen);
	free(project->built);
	*project = (struct project){ 0 };
}

/* "PATH: line N: what": path and number. */
static bool find_place(const char *why, char **ret_path, uint64_t *ret_line)
{
	const char *mark = strstr(why, LINE_MARK);
	struct slice number, rest;

	if (!mark ||
		!slice_cut(slice_of(mark + strlen(LINE_MARK)), ':', &number,
			&rest) ||
		num_parse_max(number, SOURCE_MAX_BYTES, ret_line) < 0)
		return false;
	*ret_path = xstrndup(why, (size_t)(mark - why));
	return true;
}

static void add_line(uint64_t n, bool is_it, struct slice line, struct buf *out)
{
	buf_addf(out, "%s%4lu  ", is_it ? "<mark>" : "", n);
	values_add_text(out, line);
	buf_add_str(out, is_it ? "</mark>\n" : "\n");
}

/* Nothing when the error names no line of a file. */
static void add_source(const char *error, struct buf *out)
{
	AUTO_BUF struct buf text = BUF_INIT(SOURCE_MAX_BYTES);
	AUTO_FREE char *path = NULL;
	struct slice rest, line;
	uint64_t wanted;

	if (!find_place(error, &path, &wanted) ||
		file_read(path, &text, NULL) < 0)
		return;
	rest = buf_slice(&text);
	for (uint64_t n = 1; slice_next_line(&rest, &line); n++)
		if (n + AROUND_LINES >= wanted && n <= wanted + AROUND_LINES)
			add_line(n, n == wanted, line, out);
}

void project_add_error_page(const char *error, struct buf *out)
{
	AUTO_BUF struct buf text = BUF_INIT(SOURCE_MAX_BYTES);
	AUTO_BUF struct buf source = BUF_INIT(SOURCE_MAX_BYTES);
	struct template_vars vars = { 0 };
	struct slice page;

	values_add_text(&text, slice_of(error));
	add_source(error, &source);
	template_vars_set(&vars, "error", buf_str(&text));
	template_vars_set(&vars, "source", buf_str(&source));
	if (!embed_find("webdev/error.html", &page) ||
		template_render("error.html", page, &vars, out, NULL) < 0)
		buf_add_slice(out, buf_slice(&text));
	template_vars_release(&vars);
}
