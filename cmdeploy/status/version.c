/* What is installed, and whether it is what it should be. */
#include <string.h>

#include "cmdeploy/apply/plan.h"
#include "cmdeploy/host/packages.h"
#include "cmdeploy/say.h"
#include "cmdeploy/status/status.h"
#include "lib/proc.h"

enum {
	ASK_SEC = 60,
	OUTPUT_MAX_BYTES = 4 << 20,
};

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

static const char *const apt_env[] = { "LC_ALL=C.UTF-8", NULL };

static const char *up_or_run(const struct relay *relay)
{
	return relay->is_server ? "run" : "up";
}

/* "1:2.3.19.1+dfsg1-2.1" is "2.3.19.1" to its makers. */
static struct slice upstream(struct slice version)
{
	struct slice before, after;

	if (slice_cut(version, ':', &before, &after))
		version = after;
	if (slice_cut_last(version, '-', &before, &after))
		version = before;
	slice_cut(version, '+', &version, &after);
	return version;
}

/* SLICE_NONE for a package that is not installed. */
static struct slice version_of(const char *package, struct slice versions)
{
	struct slice line, name;

	while (slice_next_line(&versions, &line))
		if (slice_cut(line, ' ', &name, &line) &&
			slice_eq_str(name, package))
			return line;
	return SLICE_NONE;
}

static void add_servers(
	const struct relay *relay, struct slice versions, struct findings *list)
{
	static const struct {
		const char *name, *package;
		bool is_of_server; /* one in a folder has none */
	} servers[] = {
		{ "Postfix", "postfix", false },
		{ "Dovecot", "dovecot-core", false },
		{ "nginx", "nginx", false },
		{ "OpenDKIM", "opendkim", true },
		{ "unbound", "unbound", false },
	};
	AUTO_BUF struct buf text = BUF_INIT(BUF_WHY_MAX_BYTES);

	for (size_t i = 0; i < ARRAY_LEN(servers); i++) {
		struct slice version = version_of(servers[i].package, versions);
		if (version.len &&
			(relay->is_server || !servers[i].is_of_server))
			buf_addf(&text, "%s%s %.*s", text.len ? ", " : "",
				servers[i].name, SLICE_FMT(upstream(version)));
	}
	findings_add(list, STATUS_FINE, "servers", "%s", buf_str(&text));
}

/* Our own programs: from the package, or copied from a build. */
static void add_package(
	const struct relay *relay, struct slice versions, struct findings *list)
{
	struct slice version = version_of("chatmail", versions);
	const char *told = getenv(STATUS_EXPECT);
	const char *expected = told && told[0] ? told : NULL;

	if (!relay->is_server || !version.len)
		findings_add(list, STATUS_FINE, "chatmail", CHATMAIL_VERSION);
	else if (!expected || slice_eq_str(version, expected))
		findings_add(list, STATUS_FINE, "chatmail", "%.*s%s",
			SLICE_FMT(version),
			expected ? ", the same as here" : "");
	else
		findings_add(list, STATUS_DOUBT, "chatmail",
			"%.*s, here it is %s; \"%s run\" brings that",
			SLICE_FMT(version), expected, say_program());
}

static void add_plan(
	struct relay *relay, const struct plan *plan, struct findings *list)
{
	size_t n = plan_count_files(plan) + plan_count_folders(plan);

	if (n == 0)
		findings_add(list, STATUS_FINE, "configuration",
			"matches chatmail.ini");
	else
		findings_add(list, STATUS_DOUBT, "configuration",
			"%zu file%s not match chatmail.ini and this version; "
			"\"%s %s\" puts that right",
			n, n == 1 ? " does" : "s do", say_program(),
			up_or_run(relay));
	findings_number(list, "files", (int64_t)n);
}

/* What the next run would write. */
static void add_configuration(struct relay *relay, struct findings *list)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct plan *plan;

	relay->apply.is_dry_run = true;
	apply_set_ids(&relay->apply);
	if (plan_make(&relay->apply, &plan, &why) < 0) {
		findings_add(
			list, STATUS_BAD, "configuration", "%s", buf_str(&why));
		return;
	}
	add_plan(relay, plan, list);
	plan_free(plan);
}

static void add_missing(const struct relay *relay, struct findings *list)
{
	AUTO_BUF struct buf missing = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);

	if (apply_missing_packages(&relay->apply, &missing, &why) > 0)
		findings_add(list, STATUS_BAD, "packages",
			"not installed: %s; \"%s %s\" brings them",
			buf_str(&missing), say_program(), up_or_run(relay));
}

/* "Inst NAME [OLD] (NEW Debian-Security:12/stable-security [amd64])" */
static bool is_security(struct slice line)
{
	struct slice word;

	while (slice_next_word(&line, &word))
		if (slice_starts(word, SLICE("Debian-Security:")) ||
			slice_ends(word, SLICE("-security")))
			return true;
	return false;
}

void upgrades_parse(struct slice text, struct upgrades *ret_upgrades)
{
	struct upgrades all = { 0 };
	struct slice line;

	while (slice_next_line(&text, &line)) {
		if (!slice_starts(line, SLICE("Inst ")))
			continue;
		all.n++;
		all.n_security += is_security(line);
	}
	*ret_upgrades = all;
}

/* As far as the lists go that apt-get has. */
static void add_upgrades(struct findings *list)
{
	AUTO_BUF struct buf out = BUF_INIT(OUTPUT_MAX_BYTES);
	const struct proc proc = {
		.argv = LIST("apt-get", "--simulate", "--quiet", "upgrade"),
		.env = apt_env,
		.timeout_sec = ASK_SEC,
		.out = &out,
	};
	struct upgrades upgrades;

	if (proc_run_ok(&proc, NULL) < 0)
		return;
	upgrades_parse(buf_slice(&out), &upgrades);
	findings_add(list, upgrades.n_security ? STATUS_DOUBT : STATUS_FINE,
		"Debian upgrades", "%u wait%s, %u of them for security%s",
		upgrades.n, upgrades.n == 1 ? "s" : "", upgrades.n_security,
		upgrades.n ? "; \"apt-get upgrade\" installs them" : "");
	findings_number(list, "packages", upgrades.n);
}

void status_version(struct relay *relay, struct findings *list)
{
	AUTO_BUF struct buf versions = BUF_INIT(OUTPUT_MAX_BYTES);

	if (packages_list("${Package} ${Version}", &versions, NULL) < 0)
		buf_reset(&versions);
	add_package(relay, buf_slice(&versions), list);
	add_servers(relay, buf_slice(&versions), list);
	add_missing(relay, list);
	add_configuration(relay, list);
	/* In a container the packages come with its image. */
	if (relay->has_systemd)
		add_upgrades(list);
}
