/* rules.c - verdicts over times, sizes and names of files. */
#include "chatmaild/expire/rules.h"

#include <string.h>

#include "chatmaild/common/user.h"
#include "lib/num.h"
#include "lib/slice.h"

enum {
	DAY_SEC = 24 * 3600,
	NAME_MAX_BYTES = 255,
	CONDEMNED_DIGITS = 16,
};

/* The product would overflow for sizes that nobody has. */
static uint64_t percent_of(uint64_t size, uint64_t percent)
{
	return size / 100 * percent + size % 100 * percent / 100;
}

static struct shares_limit share_of(
	const struct config *config, unsigned percent)
{
	return (struct shares_limit){
		.bytes = percent_of(config->max_mailbox_size, percent),
		.messages = percent_of(config->max_mailbox_messages, percent),
	};
}

struct rules rules_make(const struct config *config, int64_t now)
{
	return (struct rules){
		.mail = now - (int64_t)config->delete_mails_after * DAY_SEC,
		.large = now - (int64_t)config->delete_large_after * DAY_SEC,
		.login = now -
			(int64_t)config->delete_inactive_users_after * DAY_SEC,
		.unopened = now - RULES_UNOPENED_SEC,
		.stale = now - RULES_STALE_SEC,
		.stale_tmp = now - RULES_STALE_TMP_SEC,
		.tmp_grace = now - RULES_TMP_GRACE_SEC,
		.overfull = share_of(config, RULES_OVERFULL_PERCENT),
		.enough = share_of(config, RULES_ENOUGH_PERCENT),
		.own_domain = config->address_domain,
	};
}

const char *fate_name(enum fate fate)
{
	static const char *const names[] = {
		[FATE_KEEP] = "keep",
		[FATE_OLD] = "old",
		[FATE_LARGE] = "large",
		[FATE_OVERFULL] = "overfull",
		[FATE_LEFTOVER] = "leftover",
		[FATE_ACCOUNT] = "account",
	};

	return names[fate];
}

enum maildir_part rules_part(const char *name)
{
	switch (name[0]) {
	case 'n':
		return PART_NEW;
	case 't':
		return PART_TMP;
	default:
		return PART_CUR;
	}
}

/* What nobody has seen yet is not too large to wait for them. */
enum fate rules_message(const struct rules *rules, const struct dir_file *file,
	enum maildir_part part)
{
	if (file->mtime < rules->mail)
		return FATE_OLD;
	if (part != PART_NEW && file->size > RULES_LARGE_BYTES &&
		file->mtime < rules->large)
		return FATE_LARGE;
	if (part == PART_TMP && file->mtime < rules->stale_tmp &&
		file->changed < rules->tmp_grace)
		return FATE_LEFTOVER;
	return FATE_KEEP;
}

static bool is_condemned(struct slice name)
{
	const struct slice prefix = SLICE(RULES_CONDEMNED_PREFIX);

	if (name.len != prefix.len + CONDEMNED_DIGITS ||
		!slice_starts(name, prefix))
		return false;
	for (size_t i = prefix.len; i < name.len; i++)
		if (!slice_has_char(SLICE("0123456789abcdef"), name.ptr[i]))
			return false;
	return true;
}

bool rules_is_user(const char *name)
{
	size_t len = strlen(name);
	const char *at = strrchr(name, '@');

	return len <= NAME_MAX_BYTES && at && at > name && at[1] != '\0' &&
		!strchr(name, '/');
}

enum top_kind rules_top(const char *name)
{
	if (strcmp(name, "pending_notifications") == 0 ||
		strcmp(name, "lost+found") == 0)
		return TOP_SERVICE;
	if (is_condemned(slice_of(name)))
		return TOP_CONDEMNED;
	if (!rules_is_user(name))
		return TOP_ODD;
	return slice_starts(slice_of(name), SLICE("echo@")) ? TOP_ECHO
							    : TOP_USER;
}

static bool is_digits(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!ascii_is_digit(s.ptr[i]))
			return false;
	return s.len > 0;
}

/* "20240131-235959.1234.1.in", as Dovecot's rawlog_dir names them. */
static bool is_trace(struct slice name)
{
	struct slice day, rest;

	if (!slice_ends(name, SLICE(".in")) && !slice_ends(name, SLICE(".out")))
		return false;
	return slice_cut(name, '-', &day, &rest) && day.len == 8 &&
		is_digits(day) && rest.len > 6 &&
		is_digits(slice_head(rest, 6));
}

static bool is_known(struct slice name)
{
	static const char *const names[] = {
		USER_BLOCKED,
		USER_DISABLED,
		USER_DEMANDS,
		"maildirfolder",
		"maildirsize",
		"metadata.json",
		"password",
		"subscriptions",
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_eq_str(name, names[i]))
			return true;
	return slice_starts(name, SLICE("dovecot")) ||
		slice_starts(name, SLICE(".dovecot."));
}

static bool is_temporary(struct slice name)
{
	static const char *const suffixes[] = { ".tmp", ".lock", ".newlock" };

	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++)
		if (slice_ends(name, slice_of(suffixes[i])))
			return true;
	return slice_starts(name, SLICE(".temp."));
}

enum file_kind rules_file(const char *name)
{
	struct slice text = slice_of(name);

	if (is_temporary(text))
		return FILE_STALE;
	if (is_known(text))
		return FILE_KNOWN;
	return is_trace(text) ? FILE_TRACE : FILE_ODD;
}

int64_t rules_file_limit(const struct rules *rules, enum file_kind kind)
{
	switch (kind) {
	case FILE_STALE:
		return rules->stale;
	case FILE_TRACE:
		return rules->mail;
	default:
		return 0;
	}
}

uint64_t rules_quota_bytes(const char *name, uint64_t file_size)
{
	struct slice rest = slice_of(name), base, part;
	uint64_t bytes;

	if (!slice_cut(rest, ':', &base, &part))
		base = rest;
	while (slice_cut_last(base, ',', &base, &part))
		if (slice_starts(part, SLICE("S=")) &&
			num_parse_u64(slice_from(part, 2), &bytes) == 0)
			return bytes;
	return file_size;
}
