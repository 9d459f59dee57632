/* Starts a Dovecot of its own for a test or a benchmark (dovecot-lab.h). */
#include "tests/client/dovecot-lab.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "lib/die.h"
#include "lib/file.h"
#include "lib/proc.h"
#include "tests/client/mail-client.h"

enum {
	CONF_MAX_BYTES = 1 << 16,
	LOG_MAX_BYTES = 1 << 26,
	START_TRIES = 2000,
	TRY_MSEC = 10,
	HOST_BYTES = 3,
	SETUP_SEC = 30,
	LABS_MAX = 8,
};

extern char **environ;

/* Which Dovecot the machine has decides what it is told. */
static const char conf_text_2_3[] =
	"protocols = imap lmtp\n"
	"listen = %s\n"
	"base_dir = %s/run\n"
	"state_dir = %s/state\n"
	"instance_name = lab-%s\n"
	"log_path = %s/log\n"
	"stats_writer_socket_path =\n"
	"ssl = yes\n"
	"ssl_cert = <%s/cert.pem\n"
	"ssl_key = <%s/key.pem\n"
	"disable_plaintext_auth = no\n"
	"passdb {\n"
	"  driver = static\n"
	"  args = password=" DOVECOT_LAB_PASSWORD "\n"
	"}\n"
	"userdb {\n"
	"  driver = static\n"
	"  args = uid=vmail gid=vmail home=%s/mail/%%u\n"
	"}\n"
	"first_valid_uid = 1\n"
	"mail_location = maildir:~\n"
	/* What the watch misses stays missed, and the test sees it. */
	"mailbox_idle_check_interval = 1 hour\n"
	"protocol imap {\n"
	"  imap_hibernate_timeout = %us\n"
	"  mail_max_userip_connections = 0\n"
	"  !include_try %s/instant-idle.conf\n"
	"}\n"
	"service imap {\n"
	"  extra_groups = $default_internal_group\n"
	"  unix_listener imap-master {\n"
	"    user = $default_internal_user\n"
	"  }\n"
	"}\n"
	"service imap-hibernate {\n"
	"  unix_listener imap-hibernate {\n"
	"    mode = 0660\n"
	"    group = $default_internal_group\n"
	"  }\n"
	"}\n"
	"service lmtp {\n"
	"  inet_listener lmtp {\n"
	"    port = 24\n"
	"  }\n"
	"}\n"
	"%s";

static const char conf_text_2_4[] =
	"dovecot_config_version = 2.4.1\n"
	"dovecot_storage_version = 2.4.1\n"
	"protocols = imap lmtp\n"
	"listen = %s\n"
	"base_dir = %s/run\n"
	"state_dir = %s/state\n"
	"instance_name = lab-%s\n"
	"log_path = %s/log\n"
	"stats_writer_socket_path =\n"
	"ssl = yes\n"
	"ssl_server_cert_file = %s/cert.pem\n"
	"ssl_server_key_file = %s/key.pem\n"
	"auth_allow_cleartext = yes\n"
	"passdb static {\n"
	"  password = " DOVECOT_LAB_PASSWORD "\n"
	"}\n"
	"userdb static {\n"
	"  fields {\n"
	"    uid = vmail\n"
	"    gid = vmail\n"
	"    home = %s/mail/%%{user}\n"
	"  }\n"
	"}\n"
	"first_valid_uid = 1\n"
	"mail_driver = maildir\n"
	"mail_path = ~\n"
	"mailbox_idle_check_interval = 1 hour\n"
	"protocol imap {\n"
	"  imap_hibernate_timeout = %us\n"
	"  mail_max_userip_connections = 0\n"
	"  !include_try %s/instant-idle.conf\n"
	"}\n"
	"service imap {\n"
	"  extra_groups = $SET:default_internal_group\n"
	"  unix_listener imap-master {\n"
	"    user = $SET:default_internal_user\n"
	"  }\n"
	"}\n"
	"service imap-hibernate {\n"
	"  unix_listener imap-hibernate {\n"
	"    mode = 0660\n"
	"    group = $SET:default_internal_group\n"
	"  }\n"
	"}\n"
	"service lmtp {\n"
	"  inet_listener lmtp {\n"
	"    port = 24\n"
	"  }\n"
	"}\n"
	"%s";

static void nap(void)
{
	struct timespec ts = { .tv_nsec = TRY_MSEC * 1000000L };

	nanosleep(&ts, NULL);
}

/* Tests that run at the same time do not meet. */
static void choose_address(struct dovecot_lab *lab, char host[static 16])
{
	unsigned n[HOST_BYTES];

	for (int i = 0; i < HOST_BYTES; i++)
		n[i] = 2 + arc4random_uniform(250);
	snprintf(host, 16, "127.%u.%u.%u", n[0], n[1], n[2]);
	snprintf(lab->imap, sizeof(lab->imap), "%s:143", host);
	snprintf(lab->imaps, sizeof(lab->imaps), "%s:993", host);
	snprintf(lab->lmtp, sizeof(lab->lmtp), "%s:24", host);
}

static int make_certificate(const char *dir, struct buf *why)
{
	AUTO_FREE char *key = xasprintf("%s/key.pem", dir);
	AUTO_FREE char *cert = xasprintf("%s/cert.pem", dir);
	const char *const argv[] = { "openssl", "req", "-x509", "-newkey", "ec",
		"-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
		"/CN=lab", "-days", "2", "-keyout", key, "-out", cert, NULL };

	if (file_exists(cert))
		return 0;
	struct proc proc = { .argv = argv, .timeout_sec = SETUP_SEC };
	return proc_run_ok(&proc, why);
}

static int make_mail_folder(const char *dir, struct buf *why)
{
	AUTO_FREE char *mail = xasprintf("%s/mail", dir);
	const char *const argv[] = { "chown", "vmail:vmail", mail, NULL };
	int r = dir_make(mail, 0755, why);

	if (r < 0)
		return r;
	struct proc proc = { .argv = argv, .timeout_sec = SETUP_SEC };
	return proc_run_ok(&proc, why);
}

/* As a relay does it before each start. */
static int set_up_plugin(const char *dir, const char *plugin, struct buf *why)
{
	AUTO_FREE char *conf = xasprintf("%s/instant-idle.conf", dir);
	AUTO_FREE char *links = xasprintf("%s/modules", dir);
	const char *const argv[] = { INSTANT_IDLE_SETUP, plugin, conf, links,
		NULL };
	struct proc proc = { .argv = argv, .timeout_sec = SETUP_SEC };

	return plugin ? proc_run_ok(&proc, why) : 0;
}

static int write_conf(const struct dovecot_lab_options *o, const char *host,
	const char *path, struct buf *why)
{
	AUTO_BUF struct buf text = BUF_INIT(CONF_MAX_BYTES);
	AUTO_BUF struct buf version = BUF_INIT(CONF_MAX_BYTES);
	struct proc ask = { .argv = PROC_WORDS("dovecot", "--version"),
		.timeout_sec = SETUP_SEC,
		.out = &version };
	int r = proc_run_ok(&ask, why);

	if (r < 0)
		return r;
	buf_addf(&text,
		slice_starts(buf_slice(&version), SLICE("2.3."))
			? conf_text_2_3
			: conf_text_2_4,
		host, o->dir, o->dir, host, o->dir, o->dir,
		o->dir, o->dir, o->hibernate_sec, o->dir,
		o->conf ? o->conf : "");
	struct file_owner owner = { 0644, (uid_t)-1, (gid_t)-1 };
	return file_write(path, buf_slice(&text), owner, why);
}

/* A test that gives up leaves none behind. */
static pid_t running[LABS_MAX];

static void end_running(void)
{
	for (int i = 0; i < LABS_MAX; i++)
		if (running[i] > 0)
			kill(running[i], SIGTERM);
}

static void replace_running(pid_t old, pid_t pid)
{
	for (int i = 0; i < LABS_MAX; i++) {
		if (running[i] == old) {
			running[i] = pid;
			return;
		}
	}
	bug("more labs than LABS_MAX");
}

static int spawn_dovecot(const char *conf, pid_t *ret_pid, struct buf *why)
{
	static bool is_told;
	char *argv[] = { (char *)"dovecot", (char *)"-F", (char *)"-c",
		(char *)conf, NULL };
	posix_spawn_file_actions_t actions;

	/* It logs to its file, and must not hold our output open. */
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(
		&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(
		&actions, STDOUT_FILENO, STDERR_FILENO);
	int r = posix_spawnp(ret_pid, "dovecot", &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (r)
		return because(why, -r, "dovecot: %s", strerror(r));
	if (!is_told)
		atexit(end_running);
	is_told = true;
	replace_running(0, *ret_pid);
	return 0;
}

/* What the log ends with, for a Dovecot that is gone. */
static int died(const struct dovecot_lab *lab, struct buf *why)
{
	AUTO_BUF struct buf log = BUF_INIT(LOG_MAX_BYTES);
	struct slice before, last;

	if (dovecot_lab_log(lab, &log, NULL) < 0 ||
		!slice_cut_last(
			slice_trim(buf_slice(&log)), '\n', &before, &last))
		last = buf_slice(&log);
	return because(why, -ECHILD, "dovecot in %s ended: %.*s", lab->dir,
		SLICE_FMT(last));
}

static int wait_for_port(
	struct dovecot_lab *lab, const char *address, struct buf *why)
{
	for (int i = 0; i < START_TRIES; i++) {
		struct mail_client c;
		int r = mail_client_open(&c, address, false, why);
		if (r == 0) {
			mail_client_close(&c);
			return 0;
		}
		if (waitpid(lab->pid, NULL, WNOHANG) == lab->pid) {
			replace_running(lab->pid, 0);
			lab->pid = 0;
			return died(lab, why);
		}
		nap();
	}
	return because(
		why, -ETIMEDOUT, "%s: dovecot does not open it", address);
}

int dovecot_lab_start(struct dovecot_lab *lab,
	const struct dovecot_lab_options *o, struct buf *why)
{
	AUTO_FREE char *conf = xasprintf("%s/dovecot.conf", o->dir);
	char host[16];

	*lab = (struct dovecot_lab){ .dir = xstrdup(o->dir) };
	choose_address(lab, host);
	int r = make_certificate(o->dir, why);
	if (r == 0)
		r = make_mail_folder(o->dir, why);
	if (r == 0)
		r = set_up_plugin(o->dir, o->plugin, why);
	if (r == 0)
		r = write_conf(o, host, conf, why);
	if (r == 0)
		r = spawn_dovecot(conf, &lab->pid, why);
	if (r == 0)
		r = wait_for_port(lab, lab->imap, why);
	if (r == 0)
		r = wait_for_port(lab, lab->lmtp, why);
	if (r < 0)
		dovecot_lab_stop(lab);
	return r;
}

int dovecot_lab_log(
	const struct dovecot_lab *lab, struct buf *out, struct buf *why)
{
	AUTO_FREE char *path = xasprintf("%s/log", lab->dir);

	return file_read(path, out, why);
}

static int count_reloads(const struct dovecot_lab *lab)
{
	AUTO_BUF struct buf log = BUF_INIT(LOG_MAX_BYTES);
	int n = 0;

	if (dovecot_lab_log(lab, &log, NULL) < 0)
		return 0;
	const char *at = buf_str(&log);
	while ((at = strstr(at, "SIGHUP received"))) {
		n++;
		at++;
	}
	return n;
}

int dovecot_lab_reload(struct dovecot_lab *lab, struct buf *why)
{
	int n = count_reloads(lab);

	if (kill(lab->pid, SIGHUP) < 0)
		return because(why, -errno, "dovecot: %s", strerror(errno));
	for (int i = 0; i < START_TRIES; i++) {
		if (count_reloads(lab) > n)
			return 0;
		nap();
	}
	return because(why, -ETIMEDOUT, "dovecot does not reload");
}

void dovecot_lab_stop(struct dovecot_lab *lab)
{
	if (lab->pid > 0) {
		kill(lab->pid, SIGTERM);
		while (waitpid(lab->pid, NULL, 0) < 0 && errno == EINTR)
			;
		replace_running(lab->pid, 0);
	}
	free(lab->dir);
	*lab = (struct dovecot_lab){ 0 };
}
