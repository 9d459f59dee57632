/*
 * cmdeploy status: the state of a relay in a folder, of this server, or of
 * another one over ssh.
 */
#include <errno.h>
#include <string.h>

#include "cmdeploy/commands.h"
#include "cmdeploy/folder/folder.h"
#include "cmdeploy/run/deploy.h"
#include "cmdeploy/say.h"
#include "cmdeploy/server/server.h"
#include "cmdeploy/status/status.h"
#include "lib/file.h"

#define AUTO_RELAY    __attribute__((cleanup(relay_release)))
#define AUTO_FINDINGS __attribute__((cleanup(findings_release)))

enum {
	HOST_NAME_MAX_BYTES = 256,
};

struct status_options {
	const char *dir;
	const char *ssh_host;
	bool is_json;
};

static void print(const struct status_options *o,
	const struct status_subject *subject, const struct findings *list)
{
	if (o->is_json)
		status_print_json(subject, list);
	else
		status_print(list);
}

static int exit_of(const struct findings *list)
{
	return findings_grade(list) == STATUS_BAD ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int not_running(const struct status_options *o,
	const struct relay *relay, const struct status_subject *subject)
{
	static const struct findings none = { 0 };

	if (o->is_json)
		status_print_json(subject, &none);
	else
		say("The relay %s in %s does not run.", subject->domain,
			relay->dir);
	return EXIT_NOT_RUNNING;
}

static int show_folder(const struct status_options *o)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_RELAY struct relay relay = { 0 };
	AUTO_FINDINGS struct findings list = { 0 };

	if (folder_open_existing(o->dir, &relay, &why) < 0) {
		say_error("%s", buf_str(&why));
		return EXIT_NOT_RUNNING;
	}
	pid_t pid = folder_runner(&relay);
	const struct status_subject subject = {
		.domain = relay.config.mail_domain,
		.kind = "folder",
		.place = relay.dir,
		.address = relay.address_text,
		.is_running = pid > 0,
	};
	if (pid <= 0)
		return not_running(o, &relay, &subject);
	if (!o->is_json)
		say_bold("The relay %s runs on %s (pid %d).", subject.domain,
			relay.address_text, (int)pid);
	status_collect(&relay, &list);
	print(o, &subject, &list);
	return exit_of(&list);
}

/* Where chatmail.ini lies alone, nothing was set up yet. */
static int open_server(struct relay *relay, struct buf *why)
{
	int r = deploy_open(SERVER_INI, relay, why);

	if (r < 0)
		return r;
	AUTO_FREE char *domain = server_claimed_by(relay);
	if (domain)
		return 0;
	return because(why, -ENOENT,
		"this server is not a relay yet; \"%s run "
		"--ssh-host " HOST_LOCAL "\" makes it one",
		say_program());
}

static int show_server(const struct status_options *o)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_RELAY struct relay relay = { 0 };
	AUTO_FINDINGS struct findings list = { 0 };
	char name[HOST_NAME_MAX_BYTES] = "";

	if (open_server(&relay, &why) < 0) {
		say_error("%s", buf_str(&why));
		return EXIT_NOT_RUNNING;
	}
	gethostname(name, sizeof(name) - 1);
	const struct status_subject subject = {
		.domain = relay.config.mail_domain,
		.kind = "server",
		.place = name,
		.is_running = true,
	};
	if (!o->is_json)
		say_bold("The relay %s on %s", subject.domain, name);
	status_collect(&relay, &list);
	print(o, &subject, &list);
	return exit_of(&list);
}

static int show_remote(const struct status_options *o)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	int r = status_remote(o->ssh_host, o->is_json, &why);

	if (r >= 0)
		return r;
	say_error("%s", buf_str(&why));
	return EXIT_FAILURE;
}

/* The relay of the settings that lie here, by its own name. */
static int show_settings(struct status_options *o)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	__attribute__((cleanup(config_release))) struct config config = { 0 };

	if (config_load(command_ini(), &config, NULL, NULL, &why) < 0) {
		say_error("%s", buf_str(&why));
		return EXIT_FAILURE;
	}
	o->ssh_host = config.mail_domain;
	return show_remote(o);
}

/*
 * Nothing was named: the folder of `up`, else a server that this one is,
 * else one whose settings lie here.
 */
static int show_what_is_there(struct status_options *o)
{
	AUTO_FREE char *state = xasprintf("%s/state", DIR_DEFAULT);

	o->dir = DIR_DEFAULT;
	if (!file_exists(state) && file_exists(SERVER_INI))
		return show_server(o);
	if (!file_exists(state) && command_has_ini())
		return show_settings(o);
	return show_folder(o);
}

int cmd_status(int argc, char **argv)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct status_options o = { 0 };
	const struct cmd_option options[] = {
		{ .name = "--dir", .text = &o.dir },
		{ .name = "--ssh-host", .text = &o.ssh_host },
		{ .name = "--json", .flag = &o.is_json },
	};

	if (cmd_parse(argc, argv, options, ARRAY_LEN(options), 0, &why) < 0)
		return cmd_usage(&commands, "status", buf_str(&why));
	if (o.dir && o.ssh_host)
		return cmd_usage(&commands, "status",
			"--dir is for a relay of \"up\", --ssh-host for a "
			"server; give one of them");
	if (o.ssh_host)
		return strcmp(o.ssh_host, HOST_LOCAL) == 0 ? show_server(&o)
							   : show_remote(&o);
	return o.dir ? show_folder(&o) : show_what_is_there(&o);
}
