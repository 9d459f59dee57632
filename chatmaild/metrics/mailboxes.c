/* mailboxes.c - counting accounts, bytes and messages in the mail folder. */
#include "chatmaild/metrics/mailboxes.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/file.h"
#include "lib/num.h"
#include "lib/path.h"

enum {
	DAY_SEC = 86400,
	/* Dovecot writes a new one long before. */
	MAILDIRSIZE_MAX_BYTES = 65536,
};

static const char test_prefix[] = "ci-";
static const char queue_name[] = "pending_notifications";

const unsigned login_ages[LOGIN_AGES_N] = { 1, 7, 30, 60, 90 };

static bool parse_signed(struct slice text, int64_t *ret_value)
{
	uint64_t value;
	bool is_minus = slice_starts(text, SLICE("-"));

	if (num_parse_max(slice_from(text, is_minus), INT64_MAX >> 16, &value) <
		0)
		return false;
	*ret_value = is_minus ? -(int64_t)value : (int64_t)value;
	return true;
}

bool maildirsize_parse(
	struct slice text, uint64_t *ret_bytes, uint64_t *ret_messages)
{
	struct slice line, word;
	int64_t bytes = 0, messages = 0, value;

	if (!slice_next_line(&text, &line))
		return false;
	while (slice_next_line(&text, &line)) {
		if (!slice_next_word(&line, &word) ||
			!parse_signed(word, &value))
			return false;
		bytes += value;
		if (!slice_next_word(&line, &word) ||
			!parse_signed(word, &value))
			return false;
		messages += value;
	}
	if (bytes < 0 || messages < 0)
		return false;
	*ret_bytes = (uint64_t)bytes;
	*ret_messages = (uint64_t)messages;
	return true;
}

static bool read_maildirsize(
	const char *home, uint64_t *ret_bytes, uint64_t *ret_messages)
{
	AUTO_FREE char *path = xasprintf("%s/maildirsize", home);
	AUTO_BUF struct buf text = BUF_INIT(MAILDIRSIZE_MAX_BYTES);

	return file_read(path, &text, NULL) == 0 &&
		maildirsize_parse(buf_slice(&text), ret_bytes, ret_messages);
}

/* "1700000000.M1P2.host,S=1234,W=1260:2,S"; or what stat(2) says. */
static uint64_t message_bytes(int dir, const char *name)
{
	struct slice rest = slice_of(name), part;
	uint64_t bytes;
	struct stat st;

	while (slice_cut(rest, ',', &part, &rest)) {
		struct slice size = rest, after;
		if (!slice_starts(rest, SLICE("S=")))
			continue;
		if (!slice_cut(size, ',', &size, &after))
			slice_cut(size, ':', &size, &after);
		if (num_parse_u64(slice_from(size, 2), &bytes) == 0)
			return bytes;
	}
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	return (uint64_t)st.st_size;
}

static void count_folder(struct mailboxes *m, const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || entry->d_type == DT_DIR)
			continue;
		m->bytes += message_bytes(dirfd(dir), entry->d_name);
		m->n_messages++;
	}
	if (dir)
		closedir(dir);
}

static void count_maildir(struct mailboxes *m, const char *path)
{
	AUTO_FREE char *cur = xasprintf("%s/cur", path);
	AUTO_FREE char *new = xasprintf("%s/new", path);

	count_folder(m, cur);
	count_folder(m, new);
}

static void count_messages(struct mailboxes *m, const char *home)
{
	DIR *dir = opendir(home);
	const struct dirent *entry;

	count_maildir(m, home);
	while (dir && (entry = readdir(dir))) {
		const char *name = entry->d_name;
		if (name[0] != '.' || name[1] == '\0' ||
			strcmp(name, "..") == 0 || entry->d_type != DT_DIR)
			continue;
		AUTO_FREE char *path = xasprintf("%s/%s", home, name);
		count_maildir(m, path);
	}
	if (dir)
		closedir(dir);
}

static void count_login(struct mailboxes *m, const char *home, time_t now)
{
	AUTO_FREE char *path = xasprintf("%s/password", home);
	struct stat st;

	if (lstat(path, &st) < 0)
		return;
	/* The stamp is the start of a day, or of now's yesterday. */
	for (size_t i = 0; i < LOGIN_AGES_N; i++)
		if (now - st.st_mtime < ((time_t)login_ages[i] + 1) * DAY_SEC)
			m->n_logged_in[i]++;
}

static void count_user(struct mailboxes *m, const struct users *users,
	struct slice address, time_t now)
{
	AUTO_BUF struct buf home = BUF_INIT(PATH_MAX_BYTES);
	uint64_t bytes, messages;

	user_add_home(users, address, &home);
	if (slice_starts(address, slice_of(test_prefix)))
		m->n_test_accounts++;
	else
		m->n_accounts++;
	count_login(m, buf_str(&home), now);
	if (read_maildirsize(buf_str(&home), &bytes, &messages)) {
		m->bytes += bytes;
		m->n_messages += messages;
	} else {
		count_messages(m, buf_str(&home));
	}
}

/* Notifications have plain names; "<id>.tmp" and the like are none yet. */
static uint64_t count_notifications(const char *mailboxes_dir)
{
	AUTO_FREE char *path = xasprintf("%s/%s", mailboxes_dir, queue_name);
	DIR *dir = opendir(path);
	const struct dirent *entry;
	uint64_t n = 0;

	while (dir && (entry = readdir(dir)))
		n += !strchr(entry->d_name, '.');
	if (dir)
		closedir(dir);
	return n;
}

int mailboxes_count(const struct users *users, time_t now,
	struct mailboxes *ret_mailboxes, struct buf *why)
{
	struct mailboxes m = { 0 };
	struct user_list list;
	struct slice address;
	int r = user_list_open(users, &list, why);

	if (r < 0)
		return r;
	while ((r = user_list_next(&list, &address)) > 0)
		count_user(&m, users, address, now);
	user_list_close(&list);
	if (r < 0)
		return because(why, r, "%s: %s", users->dir, strerror(-r));
	m.n_notifications = count_notifications(users->dir);
	*ret_mailboxes = m;
	return 0;
}
