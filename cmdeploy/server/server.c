/* A relay on a server: its places, its settings, and whose it is. */
#include "cmdeploy/server/server.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "cmdeploy/components/components.h"
#include "cmdeploy/embed.h"
#include "cmdeploy/host/net.h"
#include "cmdeploy/relay/programs.h"
#include "cmdeploy/relay/vars.h"
#include "cmdeploy/say.h"
#include "lib/file.h"

enum {
	INI_MAX_BYTES = 1 << 20,
	DOMAIN_MAX_BYTES = 1024,
	DNS_PORT = 53,
};

#define PACKAGED "/usr/libexec/chatmail"
#define LOCAL    "/usr/local/libexec/chatmail"
#define LOOPBACK "127.0.0.1"
#define STATE    "/var/lib/chatmail"

static const struct places places = {
	.root = (char *)"",
	.etc_dir = (char *)"/etc",
	.own_etc_dir = (char *)"/etc/chatmail",
	.run_dir = (char *)"/run",
	.idle_dir = (char *)"/run/instant-idle",
	.spool_dir = (char *)"/var/spool",
	.state_dir = (char *)"/var/lib",
	.own_state_dir = (char *)STATE,
	.mail_home = (char *)"/home/vmail",
	.mail_root = (char *)"/home/vmail/mail",
	.log_dir = (char *)"/var/log/chatmail",
	.www_dir = (char *)"/var/www/chatmail",
	.service_dir = (char *)"/run/chatmail/service",
	.unit_dir = (char *)"/etc/systemd/system",
	.ini_path = (char *)"/etc/chatmail/services.ini",
	.metadata_socket = (char *)"/run/chatmail-metadata/metadata.socket",
	.fcgiwrap_socket = (char *)"/run/fcgiwrap.socket",
	.own_cert_path = (char *)"/etc/chatmail/tls/cert.pem",
	.own_key_path = (char *)"/etc/chatmail/tls/key.pem",
	.acme_webroot = (char *)"/run/acme/acme-challenge",
	.dkim_key_path = (char *)"/etc/dkimkeys/opendkim.private",
	.opendkim_socket = (char *)"/var/spool/postfix/opendkim/opendkim.sock",
};

/* Not paths, and known from the start. */
static const struct {
	const char *name, *value;
} constants[] = {
	{ "overrides", "" },
	{ "listen_address", LOOPBACK },
	{ "internal_address", LOOPBACK },
};

/* With the package the programs are there, or will be; else they are copied. */
static bool is_packaged(void)
{
	AUTO_FREE char *path = NULL;

	return programs_find("doveauth", &path, NULL) == 0 &&
		slice_ends(slice_of(path), SLICE("/libexec/chatmail/doveauth"));
}

static void fill_places(struct relay *relay, const char *ini)
{
	struct places from = places;

	from.operators_ini_path = (char *)(uintptr_t)ini;
	/* systemd makes the socket itself; else fcgiwrap's user does. */
	if (!relay->has_systemd)
		from.fcgiwrap_socket =
			(char *)(uintptr_t) "/run/fcgiwrap/fcgiwrap.sock";
	from.libexec_dir = (char *)(is_packaged() ? PACKAGED : LOCAL);
	places_fill(&from, "", &relay->places);
}

/* Of settings that were brought here, the pages lie beside them. */
static int read_config(struct relay *relay, struct buf *text, struct buf *why)
{
	int r = file_read(relay->places.operators_ini_path, text, why);

	if (r == 0)
		r = config_read(buf_slice(text),
			relay->places.operators_ini_path, &relay->config,
			say_settings_note, NULL, why);
	if (r == 0 && server_is_driven())
		r = config_override(&relay->config, "www_folder=www", why);
	return r < 0 ? r
		     : config_finish(&relay->config,
			       relay->places.operators_ini_path, why);
}

static int read_ini(struct relay *relay, const char *path, struct buf *why)
{
	AUTO_BUF struct buf text = BUF_INIT(INI_MAX_BYTES);
	char absolute[PATH_MAX];

	if (!realpath(path, absolute))
		return because(why, -errno,
			"%s: %s; \"%s init DOMAIN --ini %s\" writes one", path,
			strerror(errno), say_program(), path);
	fill_places(relay, absolute);
	relay->has_ini = true;
	int r = read_config(relay, &text, why);
	template_vars_set(&relay->apply.vars, "operators_ini", buf_str(&text));
	return r;
}

/* Lines of units that several share: a template of that name. */
static void set_lines(struct template_vars *vars, const char *name)
{
	struct slice lines;

	if (!embed_find(name, &lines))
		return;
	AUTO_FREE char *text = slice_dup(slice_trim(lines));
	template_vars_set(vars, name, text);
}

static void set_kind(struct relay *relay)
{
	struct template_vars *vars = &relay->apply.vars;
	const struct config *config = &relay->config;
	bool is_external = config->tls_external_cert_and_key.n == 2;
	bool has_ipv6 = file_exists("/proc/net/if_inet6");

	template_vars_set(vars, "is_private", "");
	template_vars_set_bool(vars, "is_runit", !relay->has_systemd);
	template_vars_set_bool(
		vars, "disable_ipv6", config->disable_ipv6 || !has_ipv6);
	template_vars_set_bool(
		vars, "self_signed", config->is_self_signed && !is_external);
	template_vars_set_bool(
		vars, "has_acme", !config->is_self_signed && !is_external);
	template_vars_set_bool(vars, "has_external_cert", is_external);
	template_vars_set_bool(vars, "has_dkim", !config->is_ip_literal);
	template_vars_set_bool(vars, "has_dhclient",
		file_exists("/etc/dhcp/dhclient-enter-hooks.d"));
	set_lines(vars, "sandbox");
	set_lines(vars, "walls");
}

/* server_check() has seen to it that nobody else listens there. */
static bool is_resolver_there(void)
{
	AUTO_BUF struct buf ignored = BUF_INIT(BUF_WHY_MAX_BYTES);
	const struct in_addr loopback = { htonl(INADDR_LOOPBACK) };

	return net_port_free(loopback, DNS_PORT, &ignored) == -EADDRINUSE;
}

bool server_look_again(struct relay *relay)
{
	return relay_change(
		relay, "has_resolver", is_resolver_there() ? "true" : "");
}

const char *server_settings_name(const struct relay *relay)
{
	const char *name = getenv(SERVER_ENV_SETTINGS);

	return name && name[0] ? name : relay->places.operators_ini_path;
}

const char *server_package_news(void)
{
	const char *news = getenv(SERVER_ENV_PACKAGE);

	return news ? news : "";
}

bool server_is_driven(void)
{
	return getenv(SERVER_ENV_SETTINGS) != NULL;
}

static void set_all(struct relay *relay)
{
	struct template_vars *vars = &relay->apply.vars;

	vars_set_config(relay);
	vars_set_packages(relay);
	places_set_vars(&relay->places, vars);
	template_vars_set(vars, "settings_name", server_settings_name(relay));
	for (size_t i = 0; i < ARRAY_LEN(constants); i++)
		template_vars_set(vars, constants[i].name, constants[i].value);
	set_kind(relay);
	template_vars_set_bool(vars, "copies_programs", !is_packaged());
	AUTO_FREE char *self = realpath("/proc/self/exe", NULL);
	template_vars_set(vars, "cmdeploy_path",
		self && !is_packaged() ? self : "/usr/bin/cmdeploy");
	server_look_again(relay);
}

int server_open(const char *ini, struct relay *ret_relay, struct buf *why)
{
	struct relay relay = {
		.is_server = true,
		.has_systemd = file_exists("/run/systemd/system"),
		.dir = xstrdup(""),
		.apply = {
			.components = components_server,
			.find_template = embed_find,
			.find_program = programs_find,
		},
	};
	int r = read_ini(&relay, ini, why);

	if (r < 0) {
		relay_release(&relay);
		return r;
	}
	set_all(&relay);
	if (relay.has_systemd)
		supervisor_init_systemd(&relay.supervisor);
	else
		supervisor_init_runit(&relay.supervisor,
			relay.places.service_dir, relay.places.log_dir);
	*ret_relay = relay;
	return 0;
}

static char *claim_path(const struct relay *relay)
{
	return xasprintf("%s/mail_domain", relay->places.own_state_dir);
}

int server_claim(const struct relay *relay, struct buf *why)
{
	AUTO_FREE char *path = claim_path(relay);
	AUTO_FREE char *text = xasprintf("%s\n", relay->config.mail_domain);

	if (file_exists(path))
		return 0;
	int r = dir_make(relay->places.own_state_dir, 0755, why);
	if (r < 0)
		return r;
	return file_write(
		path, slice_of(text), (struct file_owner){ 0644, 0, 0 }, why);
}

static char *read_claim(const char *path)
{
	AUTO_BUF struct buf text = BUF_INIT(DOMAIN_MAX_BYTES);

	if (file_read(path, &text, NULL) < 0)
		return NULL;
	return slice_dup(slice_trim(buf_slice(&text)));
}

char *server_claimed_by(const struct relay *relay)
{
	AUTO_FREE char *path = claim_path(relay);

	return read_claim(path);
}

bool server_is_here(const char *domain)
{
	AUTO_FREE char *claimed = read_claim(STATE "/mail_domain");

	return geteuid() == 0 && claimed && strcmp(claimed, domain) == 0;
}
