/*
 * mxsend - takes mail for other relays from Postfix, and posts it over
 * HTTPS; tells Postfix for which of them. See mxsend(8).
 */
#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>

#include "chatmaild/common/config.h"
#include "chatmaild/mxsend/asker.h"
#include "chatmaild/mxsend/map.h"
#include "chatmaild/mxsend/session.h"
#include "chatmaild/mxsend/transfer.h"
#include "lib/die.h"
#include "lib/log.h"
#include "lib/service.h"

enum {
	CONNECTIONS_KEPT_MAX = 200,
	CONNECTIONS_OF_HOST_MAX = 16,
};

struct program {
	struct config config;
	struct config_overrides overrides;
	struct sender sender;
	struct map map;
	char *state_path;
	char *bind;
	uid_t postfix;
};

static void on_done(CURL *easy, CURLcode code)
{
	char *transfer = NULL;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
	struct transfer *t = (struct transfer *)(void *)transfer;
	t->on_done(t, code);
}

static void on_map(void *owner, int fd)
{
	struct program *program = owner;

	map_accept(&program->map, fd);
}

static void on_lmtp(void *owner, int fd)
{
	struct program *program = owner;

	session_accept(&program->sender, fd, true);
}

static bool may_send(const struct program *program, int fd)
{
	uid_t user = 0;

	if (asker_user(fd, &user) == 1 &&
		(user == 0 || user == geteuid() || user == program->postfix))
		return true;
	log_at(LOG_LEVEL_WARNING, "refused: not from Postfix user=%u", user);
	return false;
}

/* The folder of the other sockets lets in nobody else, a port everybody. */
static void on_smtp(void *owner, int fd)
{
	struct program *program = owner;

	if (may_send(program, fd))
		session_accept(&program->sender, fd, false);
	else
		close(fd);
}

static uid_t postfix_user(void)
{
	const struct passwd *user = getpwnam("postfix");

	return user ? user->pw_uid : geteuid();
}

static void set_up_curl(struct curl_loop *curl, sd_event *event)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		die("cannot set up HTTPS");
	curl_loop_init(curl, event, on_done);
	curl_must_multi(curl_multi_setopt(
		curl->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX));
	curl_must_multi(curl_multi_setopt(
		curl->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT_MAX));
	curl_must_multi(curl_multi_setopt(curl->multi,
		CURLMOPT_MAX_HOST_CONNECTIONS, (long)CONNECTIONS_OF_HOST_MAX));
}

static void set_up_peers(struct program *program, const char *dir)
{
	const struct config *config = &program->config;
	struct peers_options options = {
		.is_https_first = strcmp(config->delivery, "https") == 0,
		.is_private = program->bind != NULL,
		.is_ipv4 = config->disable_ipv6 || program->bind,
		.bind = program->bind,
	};

	program->state_path = xasprintf("%s/state", dir);
	options.state_path = program->state_path;
	program->sender.peers = peers_new(
		program->sender.event, &options, &program->sender.curl);
	program->map = (struct map){
		.event = program->sender.event,
		.peers = program->sender.peers,
		.dir = dir,
	};
}

/* DIR INI SMTP [BIND] */
static void start(struct service *service, int argc, char **argv)
{
	struct program *program = service->owner;
	struct sender *sender = &program->sender;
	AUTO_FREE char *to = xasprintf("%s/to", argv[0]);
	AUTO_FREE char *map = xasprintf("unix:%s/map", argv[0]);
	AUTO_FREE char *lmtp = xasprintf("unix:%s/lmtp", argv[0]);

	config_load_or_die(
		argv[1], &program->overrides, READ_MXSEND, &program->config);
	if (argc > 3)
		program->bind = xasprintf("host!%s", argv[3]);
	/* Whatever the umask is: Postfix follows the links in it. */
	if ((mkdir(to, 0755) < 0 && errno != EEXIST) || chmod(to, 0755) < 0)
		die("%s: %s", to, strerrordesc_np(errno));
	program->postfix = postfix_user();
	sender->event = service->event;
	sender->profile = (struct smtp_profile){
		.hostname = program->config.address_domain,
		.size_max = program->config.max_message_size * 2,
	};
	set_up_curl(&sender->curl, service->event);
	set_up_peers(program, argv[0]);
	service_listen(service, map, on_map, program);
	service_listen(service, lmtp, on_lmtp, program);
	service_listen(service, argv[2], on_smtp, program);
}

static void stop(struct service *service)
{
	struct program *program = service->owner;

	while (program->sender.sessions)
		session_free(program->sender.sessions);
	peers_free(program->sender.peers);
	curl_loop_release(&program->sender.curl);
	curl_global_cleanup();
	config_release(&program->config);
	free(program->state_path);
	free(program->bind);
}

int main(int argc, char **argv)
{
	static struct program program;
	struct service service = {
		.name = "mxsend",
		.usage = "[-o KEY=VALUE]... DIR INI SMTP [BIND]",
		.min_args = 3,
		.max_args = 4,
		.start = start,
		.stop = stop,
		.owner = &program,
	};

	config_take_overrides(&argc, argv, &program.overrides);
	return service_main(&service, argc, argv);
}
