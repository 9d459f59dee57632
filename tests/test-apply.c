/* The engine on components of the test's own, below a temporary root. */
#include "cmdeploy/apply/apply.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "chatmaild/common/config.h"
#include "cmdeploy/apply/plan.h"
#include "cmdeploy/apply/services.h"
#include "lib/file.h"
#include "tests/test.h"

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

static char root[] = "/tmp/test-apply.XXXXXX";
static char *user, *group;
static const char *program_text = "one";
static int n_created;

static bool find_template(const char *name, struct slice *ret_text)
{
	if (strcmp(name, "conf") == 0)
		*ret_text = SLICE("level = {{level}}\n");
	else if (strcmp(name, "broken") == 0)
		*ret_text = SLICE("a\n{{nobody}}\n");
	else
		return false;
	return true;
}

static int find_program(const char *name, char **ret_path, struct buf *why)
{
	char *path = xasprintf("%s.%s", root, name);
	int r = file_write(path, slice_of(program_text),
		(struct file_owner){ 0755, (uid_t)-1, (gid_t)-1 }, why);

	*ret_path = path;
	return r;
}

static int make_text(
	const struct apply *apply, struct buf *out, struct buf *why UNUSED)
{
	buf_add_str(out, template_vars_get(&apply->vars, SLICE("text")));
	return 0;
}

static int create_key(const struct apply *apply UNUSED, struct buf *out,
	struct buf *why UNUSED)
{
	buf_addf(out, "key %d\n", ++n_created);
	return 0;
}

/* A file for each word of {{pages}}. */
static int make_pages(
	const struct apply *apply, struct file_set *out, struct buf *why UNUSED)
{
	struct slice rest =
		slice_of(template_vars_get(&apply->vars, SLICE("pages")));
	struct slice word;

	while (slice_next_word(&rest, &word)) {
		AUTO_FREE char *name = slice_dup(word);
		file_set_add(out, name, word);
	}
	return 0;
}

/* Filled in by main(): tests run as anybody. */
static struct folder folders[] = {
	{ .path = "{{root}}/etc", .mode = 0755 },
	{ .path = "{{root}}/secret", .mode = 0700 },
	{ .path = "{{root}}/state/services", .mode = 0755 },
	{ .path = "{{root}}/pages", .mode = 0755 },
	{ .path = "{{root}}/extra", .mode = 0755, .when = "has_extra" },
	{ 0 },
};

static struct file files[] = {
	{ .path = "{{root}}/etc/conf",
		.mode = 0644,
		.from = "conf",
		.is_dated_back = true },
	{ .path = "{{root}}/etc/text", .mode = 0600, .make = make_text },
	{ .path = "{{root}}/etc/key", .mode = 0600, .create = create_key },
	{ .path = "{{root}}/etc/cert",
		.mode = 0644,
		.create = create_key,
		.follows = "{{root}}/etc/text" },
	{ .path = "{{root}}/program", .mode = 0755, .program = "program" },
	{ .path = "{{root}}/mine",
		.mode = 0644,
		.make = make_text,
		.is_operators = true },
	{ .path = "{{root}}/extra/conf",
		.mode = 0644,
		.from = "conf",
		.when = "has_extra" },
	{ .path = "{{root}}/pages", .mode = 0644, .make_all = make_pages },
	{ 0 },
};

static struct service services[] = {
	{ .name = "server",
		.restart_on = LIST("{{root}}/program"),
		.reload_on = LIST("{{root}}/etc/") },
	{ .name = "bystander", .restart_on = LIST("{{root}}/mine") },
	{ .name = "extra",
		.when = "has_extra",
		.restart_on = LIST("{{root}}/extra/conf") },
	{ 0 },
};

static const struct component component = {
	.name = "test",
	.folders = folders,
	.files = files,
	.services = services,
};

static const struct component *const components[] = { &component, NULL };

static struct apply apply = {
	.components = components,
	.find_template = find_template,
	.find_program = find_program,
};

static void set(const char *name, const char *value)
{
	template_vars_set(&apply.vars, name, value);
}

static char *path_of(const char *suffix)
{
	return xasprintf("%s/%s", root, suffix);
}

static void check_file(const char *name, const char *suffix, const char *want)
{
	AUTO_FREE char *path = path_of(suffix);
	AUTO_BUF struct buf got = BUF_INIT(4096);
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);

	if (file_read(path, &got, &why) < 0)
		buf_add_slice(&got, buf_slice(&why));
	check_str(name, buf_str(&got), want);
}

static void check_mode(const char *name, const char *suffix, mode_t want)
{
	AUTO_FREE char *path = path_of(suffix);
	struct stat st = { 0 };

	check(name, stat(path, &st) == 0);
	check_int(name, st.st_mode & 07777, want);
}

static void put(const char *suffix, const char *text)
{
	AUTO_FREE char *path = path_of(suffix);

	check_int(suffix,
		file_write(path, slice_of(text),
			(struct file_owner){ 0644, (uid_t)-1, (gid_t)-1 },
			NULL),
		0);
}

/* "server restart, bystander keep" */
static void describe(const struct service_states *states, struct buf *out)
{
	static const char *const needs[] = { "keep", "reload", "restart" };

	for (size_t i = 0; i < states->n; i++)
		buf_addf(out, "%s%s %s", i ? ", " : "", states->v[i].decl->name,
			needs[states->v[i].need]);
}

/* One whole run; what had to be done to folders, files and services. */
static void run(const char *name, size_t want_folders, size_t want_files,
	const char *want_services)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_BUF struct buf told = BUF_INIT(4096);
	struct service_states states = { 0 };
	struct plan *plan = NULL;
	int r = plan_make(&apply, &plan, &why);

	if (r == 0) {
		check_int(name, (long long)plan_count_folders(plan),
			(long long)want_folders);
		check_int(name, (long long)plan_count_files(plan),
			(long long)want_files);
		r = plan_carry_out(&apply, plan, &why);
	}
	if (r == 0)
		r = services_compare(&apply, plan, &states, &why);
	for (size_t i = 0; r == 0 && i < states.n; i++)
		r = service_mark(&apply, &states.v[i], &why);
	describe(&states, &told);
	check_str(name, buf_str(&why), "");
	check_str(name, buf_str(&told), want_services);
	services_release(&states);
	plan_free(plan);
}

static double age(const char *name)
{
	AUTO_FREE char *path = xasprintf("%s/%s", root, name);
	struct stat st = { 0 };

	check_int("stat", stat(path, &st), 0);
	return difftime(time(NULL), st.st_mtime);
}

static void test_first_runs(void)
{
	run("first", 4, 6, "server restart, bystander restart");
	check_file("template", "etc/conf", "level = 1\n");
	check_file("made", "etc/text", "hello\n");
	check_file("created", "etc/key", "key 1\n");
	check_file("created", "etc/cert", "key 2\n");
	check_file("program", "program", "one");
	check_file("operator's", "mine", "hello\n");
	check_mode("folder", "secret", 0700);
	check_mode("file", "etc/text", 0600);
	check_mode("program", "program", 0755);
	check_int("dated back", age("etc/conf") >= 5, true);
	check_int("not dated back", age("etc/text") < 5, true);
	run("second", 0, 0, "server keep, bystander keep");
}

static void test_changes(void)
{
	set("level", "2");
	run("template", 0, 1, "server reload, bystander keep");
	check_file("template", "etc/conf", "level = 2\n");

	program_text = "two";
	run("program", 0, 1, "server restart, bystander keep");

	set("text", "bye\n");
	run("followed", 0, 2, "server reload, bystander keep");
	check_file("key stays", "etc/key", "key 1\n");
	check_file("cert follows", "etc/cert", "key 3\n");
	check_file("operator's stays", "mine", "hello\n");

	put("mine", "edited\n");
	run("operator", 0, 0, "server keep, bystander restart");

	put("etc/conf", "level = 99\n");
	run("put right", 0, 1, "server reload, bystander keep");
	check_file("put right", "etc/conf", "level = 2\n");

	AUTO_FREE char *path = path_of("secret");
	check_int("mode", chmod(path, 0755), 0);
	run("mode", 1, 0, "server keep, bystander keep");
	check_mode("mode", "secret", 0700);

	set("has_extra", "true");
	run("extra", 1, 1, "server keep, bystander keep, extra restart");
	set("has_extra", "");
	run("no extra", 0, 0, "server keep, bystander keep");
}

static void check_gone(const char *name, const char *suffix)
{
	AUTO_FREE char *path = path_of(suffix);
	struct stat st;

	check(name, lstat(path, &st) < 0);
}

static void test_sets(void)
{
	const char *keep = "server keep, bystander keep";
	AUTO_FREE char *link = path_of("pages/link");
	AUTO_FREE char *outside = path_of("etc");

	set("pages", "a b/c b/d/e b/d/f");
	run("set", 2, 4, keep);
	check_file("set", "pages/a", "a");
	check_file("set, deep", "pages/b/d/f", "b/d/f");
	check_mode("set", "pages/a", 0644);
	check_mode("set, folder", "pages/b/d", 0755);
	run("set again", 0, 0, keep);

	put("pages/a", "edited");
	put("pages/b/.old", "left behind");
	check_int("link", symlink(outside, link), 0);
	set("pages", "a b/c");
	run("fewer", 0, 5, keep);
	check_file("put right", "pages/a", "a");
	check_gone("page", "pages/b/d/e");
	check_gone("hidden", "pages/b/.old");
	check_gone("link", "pages/link");
	check_file("not behind the link", "etc/conf", "level = 2\n");

	set("pages", "");
	run("none", 0, 2, keep);
	check_gone("last page", "pages/a");
}

/* A run that broke off after writing: the next one knows what to restart. */
static void test_broken_off(void)
{
	struct plan *plan = NULL;

	program_text = "three";
	check_int("plan", plan_make(&apply, &plan, NULL), 0);
	check_int("written", plan_carry_out(&apply, plan, NULL), 0);
	plan_free(plan);
	run("later", 0, 0, "server restart, bystander keep");
}

static void test_show(void)
{
	AUTO_BUF struct buf out = BUF_INIT(65536);
	AUTO_FREE char *want = NULL;
	struct plan *plan = NULL;

	set("level", "3");
	set("pages", "new");
	check_int("plan", plan_make(&apply, &plan, NULL), 0);
	plan_show(plan, &out);
	plan_free(plan);
	want = xasprintf("file %s/etc/conf (%s:%s 0644)\n"
			 "--- %s/etc/conf\n+++ %s/etc/conf\n"
			 "@@ -1 +1 @@\n-level = 2\n+level = 3\n"
			 "new file %s/pages/new (%s:%s 0644)\n"
			 "--- /dev/null\n+++ %s/pages/new\n"
			 "@@ -0,0 +1 @@\n+new\n"
			 "\\ No newline at end of file\n",
		root, user, group, root, root, root, user, group, root);
	check_str("diff", buf_str(&out), want);
	check_file("not written", "etc/conf", "level = 2\n");
}

static const struct {
	const char *name, *when;
	bool want;
} conditions[] = {
	{ "none", NULL, true },
	{ "empty", "", true },
	{ "set", "text", true },
	{ "not set", "has_extra", false },
	{ "nobody knows it", "nobody", false },
	{ "negated", "!has_extra", true },
	{ "negated, set", "!text", false },
	{ "both", "text level", true },
	{ "one of two", "text has_extra", false },
	{ "mixed", "text !has_extra  level", true },
};

static void test_conditions(void)
{
	for (size_t i = 0; i < ARRAY_LEN(conditions); i++)
		check_int(conditions[i].name,
			apply_counts(&apply, conditions[i].when),
			conditions[i].want);
}

/* What a service reads of the file of all settings, and what others do. */
static void test_settings(void)
{
	services[1].reader = READ_FILTER_OUTGOING;
	set("max_user_send_per_minute", "60");
	set("max_message_size", "9");
	set("delete_mails_after", "1");
	run("settings", 0, 0, "server keep, bystander restart");
	run("the same", 0, 0, "server keep, bystander keep");
	set("delete_mails_after", "2");
	run("another's", 0, 0, "server keep, bystander keep");
	set("max_user_send_per_minute", "609");
	set("max_message_size", "");
	run("changed", 0, 0, "server keep, bystander restart");
	services[1].reader = 0;
	run("no more", 0, 0, "server keep, bystander restart");
}

static void test_links(void)
{
	AUTO_FREE char *path = path_of("etc/conf");
	AUTO_FREE char *other = path_of("mine");

	files[0].may_be_link = true;
	check_int("unlink", unlink(path), 0);
	check_int("link", symlink(other, path), 0);
	run("link", 0, 1, "server reload, bystander keep");
	check_file("replaced", "etc/conf", "level = 2\n");
	check_file("not through it", "mine", "edited\n");
	files[0].may_be_link = false;
}

/*
 * A service owns a folder, and puts a link where root, a moment later,
 * sets an owner and a mode, or makes a folder.
 */
static void test_attacks(void)
{
	static const struct {
		const char *name, *link, *folder;
	} cases[] = {
		{ "the folder itself", "loose/it", "{{root}}/loose/it" },
		{ "one on the way", "loose/way", "{{root}}/loose/way/it" },
	};
	AUTO_FREE char *loose = path_of("loose"), *victim = path_of("victim");
	const char *before = folders[1].path;

	check_int("loose", mkdir(loose, 0700), 0);
	check_int("loose", chmod(loose, 0777), 0);
	check_int("victim", mkdir(victim, 0711), 0);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
		AUTO_FREE char *link = path_of(cases[i].link);
		struct plan *plan = NULL;
		folders[1].path = cases[i].folder;
		check_int(cases[i].name, plan_make(&apply, &plan, NULL), 0);
		check_int(cases[i].name, symlink(victim, link), 0);
		check(cases[i].name, plan_carry_out(&apply, plan, &why) < 0);
		check(cases[i].name,
			strstr(buf_str(&why), "not a link of somebody else's"));
		check_mode(cases[i].name, "victim", 0711);
		check_gone(cases[i].name, "victim/it");
		check_int(cases[i].name, unlink(link), 0);
		plan_free(plan);
	}
	folders[1].path = before;
}

/* A link of the operator's, to another disk maybe, is as good as a folder. */
static void test_own_link(void)
{
	AUTO_FREE char *to = path_of("disk"), *link = path_of("linked");
	const char *before = folders[1].path;

	check_int("disk", mkdir(to, 0755), 0);
	check_int("link", symlink(to, link), 0);
	folders[1].path = "{{root}}/linked/it";
	run("through it", 1, 0, "server keep, bystander keep");
	check_mode("through it", "disk/it", 0700);
	folders[1].path = before;
}

static void test_new_folder(void)
{
	const char *before = files[0].path;

	files[0].path = "{{root}}/etc/of.its/own/conf";
	run("folder of a file", 0, 1, "server reload, bystander keep");
	check_file("in it", "etc/of.its/own/conf", "level = 2\n");
	check_mode("open", "etc/of.its", 0755);
	files[0].path = before;
	run("back", 0, 0, "server reload, bystander keep");
}

static void refuse(const char *name, const char *want)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct plan *plan = NULL;

	check(name, plan_make(&apply, &plan, &why) < 0);
	check_str(name, buf_str(&why), want);
}

static void test_refusals(void)
{
	AUTO_FREE char *path = path_of("etc/conf");
	AUTO_FREE char *want = xasprintf(
		"%s: a plain file must stand here; move it away", path);

	files[0].from = "broken";
	refuse("template", "broken: line 2: nothing is called \"nobody\"");
	files[0].from = "absent";
	refuse("no template", "absent: no such template");
	files[0].from = "conf";
	files[0].user = "no-such-user";
	refuse("user", "the system has no user called \"no-such-user\"");
	files[0].user = user;
	folders[0].group = "no-such-group";
	refuse("group", "the system has no group called \"no-such-group\"");
	folders[0].group = group;
	unlink(path);
	check_int("link", symlink("/etc/passwd", path), 0);
	refuse("link", want);
	unlink(path);
	check_int("folder", mkdir(path, 0755), 0);
	refuse("folder", want);
}

int main(void)
{
	user = xstrdup(getpwuid(geteuid())->pw_name);
	group = xstrdup(getgrgid(getegid())->gr_name);
	for (struct folder *f = folders; f->path; f++)
		f->user = user, f->group = group;
	for (struct file *f = files; f->path; f++)
		f->user = user, f->group = group;
	check("root", mkdtemp(root) != NULL);
	AUTO_FREE char *state = path_of("state");
	set("root", root);
	set("own_state_dir", state);
	set("level", "1");
	set("text", "hello\n");
	set("has_extra", "");
	set("pages", "");
	test_first_runs();
	test_changes();
	test_sets();
	test_broken_off();
	test_conditions();
	test_settings();
	test_links();
	test_new_folder();
	test_attacks();
	test_own_link();
	test_show();
	test_refusals();
	dir_remove(root);
	AUTO_FREE char *program = xasprintf("%s.program", root);
	unlink(program);
	apply_release(&apply);
	free(user);
	free(group);
	return test_end();
}
