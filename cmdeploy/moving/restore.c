/* A restore, step by step: files, the relay without mail, accounts, mail. */
#include "cmdeploy/moving/restore.h"

#include <errno.h>
#include <fts.h>
#include <pwd.h>
#include <string.h>
#include <time.h>

#include "cmdeploy/folder/folder.h"
#include "cmdeploy/host/packages.h"
#include "cmdeploy/moving/backup.h"
#include "cmdeploy/moving/files.h"
#include "cmdeploy/moving/modseq.h"
#include "cmdeploy/moving/restic.h"
#include "cmdeploy/moving/uidlist.h"
#include "cmdeploy/relay/backups.h"
#include "cmdeploy/run/deploy.h"
#include "cmdeploy/say.h"
#include "cmdeploy/server/server.h"
#include "cmdeploy/signals.h"
#include "lib/file.h"
#include "lib/path.h"

enum {
	UIDLIST_MAX_BYTES = 256 << 20,
	MOVE_SEC = 24 * 3600,
};

#define AUTO_RELAY __attribute__((cleanup(relay_release)))

/* Where the relay is to be, before anything is known of it. */
struct place {
	const char *root; /* "/" of a server */
	char *ini, *state, *key;
	char *shown; /* where the backup is, for people */
	char *stage; /* what has come out of the backup, until it has a place */
	char *domain; /* of the settings that are there, or NULL */
};

static int find_place(
	const struct restore_options *o, struct place *p, struct buf *why)
{
	const char *dir = o->dir ? o->dir : "";
	const char *key =
		o->dir ? "etc/" BACKUP_KEY : "etc/chatmail/" BACKUP_KEY;
	struct config config;

	p->root = o->dir ? o->dir : "/";
	p->shown = restic_shown(o->target);
	p->ini = o->dir ? xasprintf("%s/chatmail.ini", dir)
			: xstrdup(SERVER_INI);
	p->state =
		xasprintf("%s/%s", dir, o->dir ? "state" : "var/lib/chatmail");
	p->stage = xasprintf("%s/" BACKUPS_RESTORING, p->state);
	p->key = o->key_path ? xstrdup(o->key_path)
			     : xasprintf("%s/%s", dir, key);
	if (!file_exists(p->ini))
		return 0;
	int r = config_load(p->ini, &config, NULL, NULL, why);
	if (r < 0)
		return r;
	p->domain = xstrdup(config.mail_domain);
	config_release(&config);
	return 0;
}

static void release(struct place *p)
{
	free(p->ini);
	free(p->state);
	free(p->key);
	free(p->shown);
	free(p->stage);
	free(p->domain);
}

/* A relay that is there is not mixed with another one. */
static int check(const struct place *p, struct buf *why)
{
	AUTO_FREE char *server = xasprintf("%s/mail_domain", p->state);
	AUTO_FREE char *folder = xasprintf("%s/address", p->state);

	if (geteuid() != 0)
		return because(why, -EPERM,
			"only root can restore a relay; try it with sudo");
	if (strcmp(p->root, "/") == 0 && !file_exists("/run/systemd/system"))
		return because(why, -ENOTSUP,
			"a backup is restored where systemd runs; restore it "
			"onto a server");
	if (!file_exists(p->key))
		return because(why, -ENOENT,
			"%s: the key of the backup is not there; name it by "
			"--key FILE",
			p->key);
	if (file_exists(p->stage) ||
		(!file_exists(server) && !file_exists(folder)))
		return 0;
	return because(why, -EEXIST,
		"there is a relay already in %s; a backup is restored onto a "
		"bare server or into a new folder",
		p->root);
}

/* Into the stage, which is there from now on: what follows can be cut. */
static int step_fetch(
	const struct restore_options *o, const struct place *p, struct buf *why)
{
	const struct restic restic = {
		.target = o->target,
		.key_path = p->key,
		.host = p->domain,
	};
	AUTO_FREE char *files = xasprintf("%s/files", p->stage);
	int r = restic_install(!o->dir, why);

	if (r < 0)
		return r;
	say_step("backup");
	dir_remove(p->stage);
	r = dir_make(p->state, 0755, why);
	if (r == 0)
		r = dir_make(p->stage, 0700, why);
	if (r == 0)
		r = restic_restore(&restic, o->has_mail, p->stage, why);
	if (r == 0 && !file_exists(files))
		r = because(
			why, -EINVAL, "%s: not a backup of a relay", p->shown);
	if (r < 0) {
		dir_remove(p->stage);
		return r;
	}
	r = files_put(files, p->root, p->ini, why);
	if (r == 0)
		say_done("settings, keys and certificates are in place");
	return r;
}

/* Where that is not possible, Dovecot begins again with another UIDVALIDITY. */
static int raise_uids(const char *path, struct buf *why)
{
	AUTO_BUF struct buf text = BUF_INIT(UIDLIST_MAX_BYTES);
	AUTO_BUF struct buf raised = BUF_INIT(UIDLIST_MAX_BYTES);
	int r = file_read(path, &text, why);

	if (r < 0)
		return r;
	r = uidlist_raise(buf_slice(&text), &raised);
	if (r < 0)
		return unlink(path) < 0 ? -errno : 0;
	return file_write(path, buf_slice(&raised),
		(struct file_owner){ 0600, (uid_t)-1, (gid_t)-1 }, why);
}

static int raise_modseq(const char *uidlist, struct buf *why)
{
	AUTO_BUF struct buf log = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_FREE char *path = path_beside(uidlist, MODSEQ_FILE);

	modseq_add_log(&log, time(NULL));
	return file_write(path, buf_slice(&log),
		(struct file_owner){ 0600, (uid_t)-1, (gid_t)-1 }, why);
}

/* Each mailbox has a list of UIDs. */
static int raise_all(const char *mail, struct buf *why)
{
	AUTO_FREE char *path = xstrdup(mail);
	FTS *tree = fts_open((char *const[]){ path, NULL },
		FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	int r = 0;

	if (!tree)
		return because(why, -errno, "%s: %s", mail, strerror(errno));
	for (FTSENT *at; r == 0 && (at = fts_read(tree)) != NULL;)
		if (at->fts_info == FTS_F &&
			strcmp(at->fts_name, "dovecot-uidlist") == 0) {
			r = raise_uids(at->fts_accpath, why);
			if (r == 0)
				r = raise_modseq(at->fts_accpath, why);
		}
	fts_close(tree);
	return r;
}

/* All accounts at once: where others are there already, none. */
static int step_accounts(
	const struct place *p, const char *mailboxes, struct buf *why)
{
	AUTO_FREE char *mail = xasprintf("%s/mail", p->stage);
	int r = getpwnam("vmail") ? 0
				  : user_create("vmail", "/home/vmail", why);

	say_step("accounts");
	if (r == 0)
		r = raise_all(mail, why);
	if (r == 0)
		r = dir_make_for(mailboxes, 0755, why);
	if (r == 0)
		r = proc_run_ok(
			&(struct proc){
				.argv = PROC_WORDS("chown", "-hR",
					"vmail:vmail", "--", mail),
				.timeout_sec = MOVE_SEC,
			},
			why);
	/* It replaces an empty folder. */
	if (r == 0)
		r = proc_run_ok(
			&(struct proc){
				.argv = PROC_WORDS(
					"mv", "-T", "--", mail, mailboxes),
				.timeout_sec = MOVE_SEC,
			},
			why);
	if (r < 0)
		return r;
	sync();
	dir_remove(p->stage);
	say_done("all are back in %s", mailboxes);
	return 0;
}

static int restore_folder(
	const char *dir, const struct place *p, struct buf *why)
{
	AUTO_RELAY struct relay relay = { 0 };
	int r = folder_open(dir, NULL, &relay, why);

	if (r == 0)
		r = step_accounts(p, relay.config.mailboxes_dir, why);
	if (r < 0)
		return r;
	say_bold("The relay %s is back.", relay.config.mail_domain);
	say("Start it: \"%s up --dir %s\"", say_program(), dir);
	return 0;
}

static int restore_server(const struct place *p, struct buf *why)
{
	struct deploy_options deploy = {
		.ini = p->ini,
		.disable_mail = true,
		.skips_dns = true,
		.is_restore = true,
	};
	AUTO_RELAY struct relay relay = { 0 };
	int r = deploy_run(&deploy, why);

	if (r == 0)
		r = deploy_open(p->ini, &relay, why);
	if (r == 0)
		r = step_accounts(p, relay.config.mailboxes_dir, why);
	deploy.disable_mail = false;
	deploy.is_restore = false;
	return r < 0 ? r : deploy_run(&deploy, why);
}

int restore_run(const struct restore_options *o, struct buf *why)
{
	__attribute__((cleanup(release))) struct place p = { 0 };
	int r = find_place(o, &p, why);

	signals_hold();
	if (r == 0)
		r = check(&p, why);
	if (r < 0)
		return r;
	say_bold("A relay out of the backup at %s", p.shown);
	r = step_fetch(o, &p, why);
	if (r < 0)
		return r;
	return o->dir ? restore_folder(o->dir, &p, why)
		      : restore_server(&p, why);
}
