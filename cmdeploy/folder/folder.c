/* A relay in a folder: where its things are, its address, its locks. */
#include "cmdeploy/folder/folder.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "cmdeploy/components/components.h"
#include "cmdeploy/embed.h"
#include "cmdeploy/host/lock.h"
#include "cmdeploy/host/net.h"
#include "cmdeploy/relay/programs.h"
#include "cmdeploy/relay/vars.h"
#include "cmdeploy/say.h"
#include "lib/file.h"

enum {
	INI_MAX_BYTES = 1 << 20,
};

#define LOCK_PATH    "run/cmdeploy.lock"
#define CHANGES_PATH "run/changes.lock"
#define ADDRESS_PATH "state/address"

char *folder_path(const struct relay *relay, const char *suffix)
{
	return xasprintf("%s/%s", relay->dir, suffix);
}

/* An absolute path; the folder itself need not exist yet. */
static int resolve_dir(const char *dir, char **ret_dir, struct buf *why)
{
	char *whole = realpath(dir, NULL);

	if (whole) {
		*ret_dir = whole;
		return 0;
	}
	if (errno != ENOENT)
		return because(why, -errno, "%s: %s", dir, strerror(errno));
	AUTO_FREE char *copy = xstrdup(dir), *other = xstrdup(dir);
	const char *above = dirname(copy);
	AUTO_FREE char *parent = realpath(above, NULL);
	if (!parent)
		return because(why, -errno,
			"%s: %s: %s; make that folder first", dir, above,
			strerror(errno));
	*ret_dir = xasprintf("%s/%s", strcmp(parent, "/") == 0 ? "" : parent,
		basename(other));
	return 0;
}

static int parse_address(
	const char *text, struct in_addr *ret_address, struct buf *why)
{
	AUTO_BUF struct buf all = BUF_INIT(BUF_WHY_MAX_BYTES);

	if (inet_pton(AF_INET, text, ret_address) != 1)
		return because(why, -EINVAL,
			"ADDRESS \"%s\": give an IPv4 address such as "
			"127.0.0.1; a name goes into mail_domain of "
			"chatmail.ini",
			text);
	if (net_is_local(*ret_address))
		return 0;
	net_list_addresses(&all);
	return because(why, -EADDRNOTAVAIL,
		"%s is not an address of this machine; it has %s", text,
		buf_str(&all));
}

/* The address of last time, or the one that the relay is named after. */
static bool remembered_address(
	const struct relay *relay, const char *mail_domain, char **ret_text)
{
	AUTO_FREE char *path = folder_path(relay, ADDRESS_PATH);
	AUTO_BUF struct buf text = BUF_INIT(INET_ADDRSTRLEN);
	struct in_addr ignored;

	if (file_read(path, &text, NULL) == 0 && text.len > 0) {
		*ret_text = slice_dup(slice_trim(buf_slice(&text)));
		return true;
	}
	if (!mail_domain || inet_pton(AF_INET, mail_domain, &ignored) != 1)
		return false;
	*ret_text = xstrdup(mail_domain);
	return true;
}

static int choose_address(struct relay *relay, const char *named,
	const char *mail_domain, struct buf *why)
{
	AUTO_FREE char *remembered = NULL;
	int r = 0;

	if (!named && remembered_address(relay, mail_domain, &remembered))
		named = remembered;
	if (named)
		r = parse_address(named, &relay->address, why);
	else
		relay->address = net_default_address();
	if (r < 0)
		return r;
	inet_ntop(AF_INET, &relay->address, relay->address_text,
		sizeof(relay->address_text));
	return 0;
}

/* The operator's file, or what stands in it once it is written. */
static int read_ini(struct relay *relay, struct buf *text, struct buf *why)
{
	relay->has_ini = file_exists(relay->places.operators_ini_path);
	if (!relay->has_ini)
		return 0;
	int r = file_read(relay->places.operators_ini_path, text, why);
	return r < 0
		? r
		: config_read(buf_slice(text), relay->places.operators_ini_path,
			  &relay->config, say_settings_note, NULL, why);
}

static int make_ini(struct relay *relay, struct buf *text, struct buf *why)
{
	const char *given[] = { "mail_domain", relay->address_text, NULL };

	settings_write_ini(&config_settings, given, text);
	return config_read(buf_slice(text), relay->places.operators_ini_path,
		&relay->config, NULL, NULL, why);
}

/*
 * Mailboxes and counters are in the folder, whatever the file says. The
 * services are told so by what the variable overrides adds to their commands.
 */
static int override(struct relay *relay, struct buf *why)
{
	AUTO_FREE char *mailboxes = xasprintf("mailboxes_dir=%s/mail/%s",
		relay->dir, relay->config.mail_domain);
	AUTO_FREE char *counters =
		xasprintf("counters_dir=%s/state/counters", relay->dir);
	AUTO_FREE char *both = xasprintf(" -o %s -o %s", mailboxes, counters);
	int r = config_override(&relay->config, mailboxes, why);

	template_vars_set(&relay->apply.vars, "overrides", both);
	return r < 0 ? r : config_override(&relay->config, counters, why);
}

/* A relay named after an address must answer there. */
static int check_domain(const struct relay *relay, struct buf *why)
{
	const struct config *config = &relay->config;

	if (!config->is_ip_literal ||
		strcmp(config->mail_domain, relay->address_text) == 0)
		return 0;
	return because(why, -EINVAL,
		"%s: mail_domain is %s, but the relay would answer on %s; "
		"name that address, or choose another --dir",
		relay->places.operators_ini_path, config->mail_domain,
		relay->address_text);
}

/* Below the folder. */
static const struct places places = {
	.etc_dir = (char *)"etc",
	.own_etc_dir = (char *)"etc",
	.run_dir = (char *)"run",
	.idle_dir = (char *)"run",
	.spool_dir = (char *)"spool",
	.state_dir = (char *)"state",
	.own_state_dir = (char *)"state",
	.mail_home = (char *)"mail",
	.mail_root = (char *)"mail",
	.log_dir = (char *)"log",
	.www_dir = (char *)"pages",
	.libexec_dir = (char *)"libexec",
	.service_dir = (char *)"service",
	.unit_dir = (char *)"/nonexistent",
	.ini_path = (char *)"etc/chatmail.ini",
	.operators_ini_path = (char *)"chatmail.ini",
	.metadata_socket = (char *)"run/chatmail-metadata/metadata.socket",
	.fcgiwrap_socket = (char *)"run/fcgiwrap/fcgiwrap.sock",
	.own_cert_path = (char *)"etc/tls/cert.pem",
	.own_key_path = (char *)"etc/tls/key.pem",
};

/* Names that templates know, and that mean nothing here. */
static const char *const server_only[] = { "acme_key_id", "has_acme",
	"has_dhclient", "has_dkim", "has_external_cert", "has_resolver",
	"legacy_key_path", "sandbox", "walls" };

/*
 * A loopback address for each address, so that relays on two addresses of
 * one machine do not meet inside: 127.0.2.15 for 10.0.2.15.
 */
static char *internal_address(struct in_addr address)
{
	char text[INET_ADDRSTRLEN];

	address.s_addr = htonl(INADDR_LOOPBACK & 0xff000000) |
		(address.s_addr & htonl(0x00ffffff));
	return xstrdup(inet_ntop(AF_INET, &address, text, sizeof(text)));
}

static void set_place_vars(struct relay *relay)
{
	struct template_vars *vars = &relay->apply.vars;
	AUTO_FREE char *internal = internal_address(relay->address);

	places_set_vars(&relay->places, vars);
	template_vars_set(vars, "cert_path", relay->places.own_cert_path);
	template_vars_set(vars, "key_path", relay->places.own_key_path);
	template_vars_set(vars, "listen_address", relay->address_text);
	template_vars_set(vars, "internal_address", internal);
	for (size_t i = 0; i < ARRAY_LEN(server_only); i++)
		template_vars_set(vars, server_only[i], "");
}

static int settle(struct relay *relay, const char *address, struct buf *text,
	struct buf *why)
{
	int r = read_ini(relay, text, why);

	if (r == 0)
		r = choose_address(
			relay, address, relay->config.mail_domain, why);
	if (r == 0 && !relay->has_ini)
		r = make_ini(relay, text, why);
	if (r == 0)
		r = override(relay, why);
	if (r == 0)
		r = config_finish(
			&relay->config, relay->places.operators_ini_path, why);
	return r < 0 ? r : check_domain(relay, why);
}

int folder_open(const char *dir, const char *address, struct relay *ret_relay,
	struct buf *why)
{
	struct relay relay = {
		.apply = {
			.components = components_private,
			.find_template = embed_find,
			.find_program = programs_find,
		},
	};
	AUTO_BUF struct buf text = BUF_INIT(INI_MAX_BYTES);
	int r = resolve_dir(dir, &relay.dir, why);

	if (r == 0) {
		places_fill(&places, relay.dir, &relay.places);
		free(relay.places.root);
		relay.places.root = xstrdup(relay.dir);
		r = settle(&relay, address, &text, why);
	}
	if (r < 0) {
		relay_release(&relay);
		return r;
	}
	template_vars_set(&relay.apply.vars, "operators_ini", buf_str(&text));
	vars_set_config(&relay);
	vars_set_packages(&relay);
	template_vars_set_bool(&relay.apply.vars, "self_signed", true);
	template_vars_set_bool(&relay.apply.vars, "is_private", true);
	template_vars_set_bool(&relay.apply.vars, "is_runit", true);
	template_vars_set_bool(&relay.apply.vars, "copies_programs", true);
	set_place_vars(&relay);
	supervisor_init_runit(&relay.supervisor, relay.places.service_dir,
		relay.places.log_dir);
	*ret_relay = relay;
	return 0;
}

int folder_open_existing(
	const char *dir, struct relay *ret_relay, struct buf *why)
{
	AUTO_FREE char *path = xasprintf("%s/" ADDRESS_PATH, dir);

	if (!file_exists(path))
		return because(why, -ENOENT,
			"%s: there is no relay here; \"%s up\" makes one, "
			"--dir DIR names another folder",
			dir, say_program());
	return folder_open(dir, NULL, ret_relay, why);
}

int folder_keep_address(const struct relay *relay, struct buf *why)
{
	AUTO_FREE char *path = folder_path(relay, ADDRESS_PATH);
	AUTO_FREE char *text = xasprintf("%s\n", relay->address_text);
	AUTO_BUF struct buf there = BUF_INIT(INET_ADDRSTRLEN);

	if (file_read(path, &there, NULL) == 0 &&
		slice_eq_str(buf_slice(&there), text))
		return 0;
	return file_write(
		path, slice_of(text), (struct file_owner){ 0644, 0, 0 }, why);
}

pid_t folder_runner(const struct relay *relay)
{
	AUTO_FREE char *path = folder_path(relay, LOCK_PATH);
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	return lock_holder(fd);
}

/* Opens a lock file, and makes the folder for it. */
static int open_lock(const struct relay *relay, const char *suffix, int *ret_fd,
	struct buf *why)
{
	AUTO_FREE char *path = folder_path(relay, suffix);
	int r = dir_make(relay->places.run_dir, 0755, why);

	return r < 0 ? r : lock_open(path, ret_fd, why);
}

int folder_lock(const struct relay *relay, struct buf *why)
{
	AUTO_CLOSE int fd = -1;
	int r = open_lock(relay, LOCK_PATH, &fd, why);

	if (r < 0)
		return r;
	r = lock_try(fd);
	if (r < 0)
		return because(why, r, "%s/" LOCK_PATH ": %s", relay->dir,
			strerror(-r));
	if (r == 0)
		return because(why, -EBUSY,
			"%s is in use by another \"cmdeploy up\" (pid %d); "
			"\"%s down --dir %s\" ends it",
			relay->dir, (int)lock_holder(fd), say_program(),
			relay->dir);
	/* Stays open, and so locked, until the process ends. */
	fd = -1;
	return 0;
}

int folder_lock_changes(const struct relay *relay, int *ret_fd, struct buf *why)
{
	AUTO_CLOSE int fd = -1;
	int r = open_lock(relay, CHANGES_PATH, &fd, why);

	if (r < 0)
		return r;
	r = lock_wait(fd);
	if (r < 0)
		return because(why, r, "%s/" CHANGES_PATH ": %s", relay->dir,
			strerror(-r));
	*ret_fd = fd;
	fd = -1;
	return 0;
}
