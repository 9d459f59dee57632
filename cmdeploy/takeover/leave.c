/*
 * The way back: a server of ours becomes one that the chatmail software in
 * Python finds as it would have left it (takeover.h).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "chatmaild/common/user.h"
#include "cmdeploy/relay/update.h"
#include "cmdeploy/say.h"
#include "cmdeploy/takeover/legacy.h"
#include "cmdeploy/takeover/takeover.h"
#include "lib/file.h"
#include "lib/ini.h"
#include "lib/words.h"

#define ITS_INI  LEGACY_FOLDER "/chatmail.ini"
#define ITS_KEY  "/etc/ssl/private/mailserver.key"
#define ITS_CERT "/etc/ssl/certs/mailserver.pem"

enum {
	INI_MAX_BYTES = 1 << 20,
	PEM_MAX_BYTES = 1 << 16,
};

/* Settings that only our software has. */
static const char *const ours[] = { "max_mailbox_messages",
	"max_new_accounts_per_hour", "max_new_accounts_per_day", "delivery",
	"public_addresses", "turn", "backup_to", "counters_dir" };

/* And those that only the other one has, which it does not do without. */
static const struct {
	const char *key, *value;
} its[] = {
	{ "filtermail_smtp_port", "10080" },
	{ "filtermail_smtp_port_incoming", "10081" },
	{ "postfix_reinject_port", "10025" },
	{ "postfix_reinject_port_incoming", "10026" },
};

struct settings_text {
	struct buf text;
	struct words keys; /* that stand in it */
};

static bool is_ours(const char *key)
{
	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		if (strcmp(ours[i], key) == 0)
			return true;
	return false;
}

/* A value's further lines are indented. */
static void add_setting(
	struct settings_text *s, const char *key, struct slice value)
{
	struct slice line;

	if (is_ours(key) || words_has(&s->keys, key))
		return;
	words_add(&s->keys, key);
	buf_addf(&s->text, "%s =", key);
	while (slice_next_line(&value, &line))
		buf_addf(&s->text, " %.*s\n", SLICE_FMT(line));
	if (!slice_ends(buf_slice(&s->text), SLICE("\n")))
		buf_add_char(&s->text, '\n');
}

static int take_entry(
	const struct ini_entry *e, void *owner, struct buf *why UNUSED)
{
	AUTO_FREE char *key = slice_dup(e->key);

	if (slice_eq_str(e->section, config_settings.section))
		add_setting(owner, key, e->value);
	return 0;
}

/* A default of ours; "0" means that we choose, which it does not know. */
static void add_default(
	struct settings_text *s, const struct setting *row, const void *config)
{
	AUTO_BUF struct buf value = BUF_INIT(PEM_MAX_BYTES);
	const char *text = row->fallback;

	settings_value_text(row, config, &value);
	if (row->type == SETTING_BOOL)
		text = value.len > 0 ? "true" : "false";
	if (text && text[0] && strcmp(text, "0") != 0)
		add_setting(s, row->key, slice_of(text));
}

/* All that stands in the operator's file, and what it leaves to defaults. */
static int write_settings(const struct relay *relay, struct buf *why)
{
	struct settings_text s = { .text = BUF_INIT(INI_MAX_BYTES) };
	const char *ini =
		template_vars_get(&relay->apply.vars, SLICE("operators_ini"));

	buf_addf(&s.text, "[%s]\n", config_settings.section);
	int r = ini_parse(slice_of(ini), take_entry, &s, why);
	for (size_t i = 0; i < config_settings.n; i++)
		add_default(&s, &config_settings.rows[i], &relay->config);
	for (size_t i = 0; i < ARRAY_LEN(its); i++)
		add_setting(&s, its[i].key, slice_of(its[i].value));
	if (r == 0)
		r = dir_make(LEGACY_FOLDER, 0755, why);
	if (r == 0)
		r = file_write(ITS_INI, buf_slice(&s.text),
			(struct file_owner){ 0644, 0, 0 }, why);
	words_release(&s.keys);
	buf_release(&s.text);
	return r;
}

/* An empty file in an account's folder, which is not ours to trust. */
static int put_flag(int folder, const char *name, struct buf *why)
{
	struct stat st;
	AUTO_CLOSE int fd = openat(folder, name,
		O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);

	if (fd < 0 && errno == EEXIST)
		return 0;
	if (fd < 0 || fstat(folder, &st) < 0 ||
		fchown(fd, st.st_uid, st.st_gid) < 0)
		return because(why, -errno, "%s: %s", name, strerror(errno));
	return 0;
}

/* Of a blocked account that software can refuse mail, but not logins. */
static int convert_account(const struct relay *relay, int mailboxes,
	const char *address, size_t *n_blocked, struct buf *why)
{
	AUTO_CLOSE int folder = openat(mailboxes, address,
		O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r = 0;

	if (folder < 0)
		return errno == ENOTDIR || errno == ELOOP
			? 0
			: because(why, -errno, "%s: %s", address,
				  strerror(errno));
	bool is_blocked =
		faccessat(folder, USER_BLOCKED, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	*n_blocked += is_blocked;
	if (relay->config.filter_incoming)
		r = put_flag(folder, USER_DEMANDS, why);
	if (r == 0 && is_blocked)
		r = put_flag(folder, USER_DISABLED, why);
	return r;
}

static int convert_accounts(
	const struct relay *relay, size_t *n_blocked, struct buf *why)
{
	const char *path = relay->config.mailboxes_dir;
	DIR *dir = opendir(path);
	const struct dirent *entry;
	int r = dir ? 0 : because(why, -errno, "%s: %s", path, strerror(errno));

	while (r == 0 && (entry = readdir(dir)))
		if (strchr(entry->d_name, '@'))
			r = convert_account(relay, dirfd(dir), entry->d_name,
				n_blocked, why);
	if (dir)
		closedir(dir);
	return r;
}

static int copy(const char *from, const char *to, mode_t mode, struct buf *why)
{
	__attribute__((cleanup(buf_release_secret))) struct buf text =
		BUF_INIT(PEM_MAX_BYTES);
	int r = file_read(from, &text, why);

	return r < 0 ? r
		     : file_write(to, buf_slice(&text),
			       (struct file_owner){ mode, 0, 0 }, why);
}

/* The key by which apps know a relay whose certificate nobody vouches for. */
static int bring_certificate(const struct relay *relay, struct buf *why)
{
	int r = 0;

	if (apply_counts(&relay->apply, "self_signed"))
		r = copy(relay->places.own_key_path, ITS_KEY, 0600, why);
	if (r == 0 && apply_counts(&relay->apply, "self_signed"))
		r = copy(relay->places.own_cert_path, ITS_CERT, 0644, why);
	return r;
}

int takeover_leave(
	const struct relay *relay, size_t *ret_n_blocked, struct buf *why)
{
	AUTO_BUF struct buf stopped = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_FREE char *mark = takeover_mark_path(relay);
	AUTO_FREE char *hook =
		xasprintf("%s/acme/hooks/chatmail", relay->places.etc_dir);
	size_t n_blocked = 0;

	say_step("services");
	int r = update_forget_all(relay, &stopped, why);
	if (r < 0)
		return r;
	say_done("%s", stopped.len ? buf_str(&stopped) : "none is left");
	say_step("files");
	r = write_settings(relay, why);
	if (r == 0)
		r = convert_accounts(relay, &n_blocked, why);
	if (r == 0)
		r = bring_certificate(relay, why);
	if (r < 0)
		return r;
	/* It names services that are gone; and the next run of ours is a
	 * takeover. */
	unlink(hook);
	unlink(mark);
	say_done("settings in " ITS_INI);
	*ret_n_blocked = n_blocked;
	return 0;
}
