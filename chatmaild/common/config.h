/*
 * config.h - chatmail.ini, section [params], as every program sees it.
 *
 * One table (config_settings) says which keys there are; the parser, the
 * defaults, the commented file of `cmdeploy init`, the manual page
 * chatmail.ini(5) and the values of the templates all come from it.
 */
#ifndef CHATMAILD_COMMON_CONFIG_H
#define CHATMAILD_COMMON_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/settings.h"

struct config {
	char *mail_domain; /* "example.org", or an IP address, bare */
	uint64_t max_user_send_per_minute;
	uint64_t max_user_send_burst_size; /* 0: no burst limit */
	uint64_t max_mailbox_size;         /* bytes */
	uint64_t max_mailbox_messages;
	uint64_t max_message_size;            /* bytes */
	uint64_t delete_mails_after;          /* days */
	uint64_t delete_large_after;          /* days */
	uint64_t delete_inactive_users_after; /* days */
	uint64_t username_min_length;
	uint64_t username_max_length;
	uint64_t password_min_length;
	struct text_list passthrough_senders;
	struct text_list passthrough_recipients;
	bool filter_incoming;
	uint64_t max_imap_connections;
	uint64_t max_smtp_connections;
	uint64_t max_new_accounts_per_hour; /* of a network; 0: no limit */
	uint64_t max_new_accounts_per_day;
	uint64_t max_load_1m;          /* hundredths; 0: five per core */
	uint64_t min_available_memory; /* bytes */
	uint64_t min_free_disk_space;  /* bytes */
	bool disable_ipv6;
	char *delivery; /* auto, smtp or https */
	struct text_list public_addresses;
	char *acme_email;
	char *acme_directory;
	struct text_list tls_external_cert_and_key;
	char *iroh_relay;
	bool turn;
	char *turn_server;
	char *notification_url;
	char *mtail_address;
	char *metrics;
	char *www_folder;
	bool imap_rawlog;
	bool imap_compress;
	bool echobot;
	char *privacy_postal;
	char *privacy_mail;
	char *privacy_pdo;
	char *privacy_supervisor;
	char *backup_to;     /* for restic(1); empty: nowhere */
	char *mailboxes_dir; /* absolute */
	char *counters_dir;  /* absolute */

	/* Derived from mail_domain: what stands behind the "@". */
	char *address_domain; /* "example.org" or "[1.2.3.4]" */
	bool is_ip_literal;
	/* No public authority certifies it: IP address, or name with "_". */
	bool is_self_signed;
};

/*
 * The programs that read settings. A service is restarted when one changes
 * that has its bit (readers of config_settings), and what has not is zero
 * for it: a bit that was forgotten is a missing value, never an old one.
 */
enum config_reader {
	READ_DOVEAUTH = 1 << 0,
	READ_LASTLOGIN = 1 << 1,
	READ_METADATA = 1 << 2,
	READ_FILTER_OUTGOING = 1 << 3,
	READ_EXPIRE = 1 << 4,
	READ_METRICS = 1 << 5,
	READ_NEWEMAIL = 1 << 6,
	READ_FILTER_INCOMING = 1 << 7,
	READ_MXDELIV = 1 << 8,
	READ_MXSEND = 1 << 9,
};

extern const struct settings config_settings;

/*
 * Reads `path`. Each doubtful but harmless thing (an unknown key, with the
 * nearest known one) goes to warn(text, owner), which may be NULL. On
 * failure `why` names file, line, key, what was wrong, what is accepted.
 */
int config_load(const char *path, struct config *ret_config,
	settings_warn_fn warn, void *owner, struct buf *why) MUST_CHECK;
/* The same from text; `name` stands for the file in messages. */
int config_parse(struct slice text, const char *name, struct config *ret_config,
	settings_warn_fn warn, void *owner, struct buf *why) MUST_CHECK;
/*
 * The two halves of config_parse(), for who overrides a value in between:
 * config_override() takes "key=value". When config_finish(), which checks
 * the values together and computes what follows from them. When one of the
 * two fails, *config is released.
 */
int config_read(struct slice text, const char *name, struct config *ret_config,
	settings_warn_fn warn, void *owner, struct buf *why) MUST_CHECK;
int config_override(
	struct config *config, const char *text, struct buf *why) MUST_CHECK;
int config_finish(
	struct config *config, const char *name, struct buf *why) MUST_CHECK;
void config_release(struct config *config);

/* What "-o KEY=VALUE" on a command line puts in place of the file's. */
enum {
	CONFIG_OVERRIDES_MAX = 8,
};

struct config_overrides {
	const char *v[CONFIG_OVERRIDES_MAX]; /* of argv */
	size_t n;
};

/* Takes them out of argv; dies when one is incomplete. */
void config_take_overrides(
	int *argc, char **argv, struct config_overrides *ret_overrides);

/* Without warnings: cmdeploy tells the operator what is doubtful. */
int config_load_with(const char *path, const struct config_overrides *overrides,
	struct config *ret_config, struct buf *why) MUST_CHECK;
/* Makes zero what that program does not read; derived values stay. */
void config_keep(struct config *config, enum config_reader reader);
/* For daemons: the same, and they die when it fails. */
void config_load_or_die(const char *path,
	const struct config_overrides *overrides, enum config_reader reader,
	struct config *ret_config);

/*
 * How many SMTP connections one address may have. Without a setting, and where
 * the memory of the relay is not known, it counts as one with a gigabyte.
 */
uint64_t config_smtp_share(const struct config *config);
/* A DNS name or an IP address that can stand in mail_domain. */
bool config_is_domain(struct slice text);

#endif
