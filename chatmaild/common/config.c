/* The table of all settings, their checks, and what follows from them. */
#include "chatmaild/common/config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "lib/die.h"
#include "lib/file.h"
#include "lib/url.h"

enum {
	CONFIG_MAX_BYTES = 1 << 20,
	LABEL_MAX_BYTES = 63,
	DOMAIN_MAX_BYTES = 253,
	SMTP_CONNECTIONS = 125, /* of a machine with a gigabyte */
};

#define DAYS_MAX    36500
#define BYTES_MAX   (1UL << 50)
#define MAIL_ROOT   "/home/vmail/mail/"
#define ACME_PUBLIC "https://acme-v02.api.letsencrypt.org/directory"

static bool is_label(struct slice label)
{
	if (label.len == 0 || label.len > LABEL_MAX_BYTES)
		return false;
	if (label.ptr[0] == '-' || label.ptr[label.len - 1] == '-')
		return false;
	for (size_t i = 0; i < label.len; i++) {
		char c = label.ptr[i];
		bool is_lower = c >= 'a' && c <= 'z';
		if (!is_lower && !ascii_is_digit(c) && c != '-' && c != '_')
			return false;
	}
	return true;
}

static bool is_ip(struct slice text)
{
	char copy[INET6_ADDRSTRLEN] = "";
	struct in6_addr address;

	if (text.len >= sizeof(copy))
		return false;
	memcpy(copy, text.ptr, text.len);
	return inet_pton(AF_INET, copy, &address) == 1 ||
		inet_pton(AF_INET6, copy, &address) == 1;
}

/* All digits and dots, yet no address: a mistyped one, not a name. */
static bool looks_like_ip(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!ascii_is_digit(text.ptr[i]) && text.ptr[i] != '.')
			return false;
	return true;
}

bool config_is_domain(struct slice text)
{
	struct slice rest = text, label;

	if (is_ip(text))
		return true;
	if (text.len > DOMAIN_MAX_BYTES || looks_like_ip(text))
		return false;
	while (slice_cut(rest, '.', &label, &rest))
		if (!is_label(label))
			return false;
	return is_label(rest);
}

uint64_t config_smtp_share(const struct config *config)
{
	uint64_t n = config->max_smtp_connections;

	if (n == 0)
		n = SMTP_CONNECTIONS;
	return (n * 2 + 4) / 5;
}

static bool is_passthrough(struct slice text)
{
	struct slice local, domain;

	return slice_cut_last(text, '@', &local, &domain) && domain.len > 0;
}

static bool is_http_url(struct slice text)
{
	return slice_starts(text, SLICE("https://")) ||
		slice_starts(text, SLICE("http://"));
}

static bool is_http_url_or_empty(struct slice text)
{
	return text.len == 0 || is_http_url(text);
}

/* All services may read the settings. */
static bool has_no_password(struct slice text)
{
	return url_password(text).len == 0;
}

static bool is_absolute(struct slice text)
{
	return text.len > 0 && text.ptr[0] == '/';
}

static bool is_absolute_or_empty(struct slice text)
{
	return text.len == 0 || is_absolute(text);
}

static bool is_visibility(struct slice text)
{
	return slice_eq_str(text, "private") || slice_eq_str(text, "public");
}

static bool is_delivery(struct slice text)
{
	return slice_eq_str(text, "auto") || slice_eq_str(text, "smtp") ||
		slice_eq_str(text, "https");
}

static bool is_host_or_empty(struct slice text)
{
	return text.len == 0 || config_is_domain(text);
}

static bool is_turn_or_empty(struct slice text)
{
	struct slice rest = text, part;
	int n = 0;

	while (slice_cut(rest, ':', &part, &rest))
		n += part.len > 0;
	return text.len == 0 || ((n == 2 || n == 3) && rest.len > 0);
}

#define AT(name) .offset = offsetof(struct config, name), .key = #name
#define TEXT     .type = SETTING_TEXT, .unit = ""
#define LIST     .type = SETTING_LIST, .unit = ""
#define FLAG     .type = SETTING_BOOL, .unit = "", .fallback = "false"
#define FLAG_ON  .type = SETTING_BOOL, .unit = "", .fallback = "true"
#define NUMBER(u, least, most)                                                 \
	.type = SETTING_NUMBER, .unit = (u), .min = (least), .max = (most)
#define BYTES(least)                                                           \
	.type = SETTING_SIZE, .unit = "bytes", .min = (least), .max = BYTES_MAX
/* Without unit it is in MB, as other software for relays has it. */
#define MEGABYTES(least) BYTES(least), .is_mega = true

/* Who reads what; cmdeploy reads everything. */
enum {
	OF_CREATION = READ_DOVEAUTH | READ_NEWEMAIL,
	OF_USERS =
		READ_DOVEAUTH | READ_LASTLOGIN | READ_METADATA | READ_METRICS,
	OF_FILTERS = READ_FILTER_OUTGOING | READ_FILTER_INCOMING,
	OF_COUNTERS = OF_USERS | OF_FILTERS,
	OF_MAILBOXES = OF_USERS | READ_EXPIRE | READ_NEWEMAIL,
	OF_DOMAIN = OF_USERS | OF_FILTERS | READ_NEWEMAIL | READ_MXDELIV |
		READ_MXSEND,
};

/* clang-format off */
static const struct setting rows[] = {
	{ AT(mail_domain), TEXT, .is_valid = config_is_domain,
	  .readers = OF_DOMAIN,
	  .accepts = "a DNS name in lower case, or an IP address",
	  .group = "Who this relay is",
	  .help = "The DNS name of the relay, or its IP address: what stands "
		  "after the @ of its users (an address in brackets)." },

	{ AT(max_user_send_per_minute), NUMBER("messages", 1, 1000000),
	  .readers = READ_FILTER_OUTGOING,
	  .fallback = "60", .group = "What one user may do",
	  .help = "How many messages a sender may send within any 60 seconds; "
		  "the next one is told to try again later. A message counts "
		  "once for each 50 recipients." },
	{ AT(max_user_send_burst_size), NUMBER("messages", 0, 1000000),
	  .readers = READ_FILTER_OUTGOING,
	  .fallback = "0",
	  .help = "How many messages may come at once before the rate above "
		  "is spread evenly over the minute; 0 sets no such limit." },
	{ AT(max_mailbox_size), MEGABYTES(1 << 20), .fallback = "500M",
	  .readers = READ_EXPIRE,
	  .help = "The size of a mailbox; before it is reached, the largest "
		  "messages of whoever takes most of it are deleted." },
	{ AT(max_mailbox_messages), NUMBER("messages", 100, 100000000),
	  .fallback = "20000", .readers = READ_EXPIRE,
	  .help = "How many messages a mailbox holds; likewise." },
	{ AT(max_message_size), BYTES(1 << 16), .fallback = "31457280",
	  .readers = OF_FILTERS | READ_MXDELIV | READ_MXSEND,
	  .help = "The size of one message as it travels." },
	{ AT(delete_mails_after), NUMBER("days", 1, DAYS_MAX),
	  .readers = READ_EXPIRE,
	  .fallback = "20",
	  .help = "Messages are deleted from the server after so many days." },
	{ AT(delete_large_after), NUMBER("days", 1, DAYS_MAX),
	  .readers = READ_EXPIRE,
	  .fallback = "7",
	  .help = "Messages over 200 KB that a device has seen are deleted "
		  "after so many days." },
	{ AT(delete_inactive_users_after), NUMBER("days", 1, DAYS_MAX),
	  .readers = READ_EXPIRE,
	  .fallback = "90",
	  .help = "An unused account is deleted after so many days." },
	{ AT(username_min_length), NUMBER("characters", 1, 64),
	  .readers = OF_CREATION,
	  .fallback = "9",
	  .help = "The shortest name, before the @, of a new account." },
	{ AT(username_max_length), NUMBER("characters", 1, 64),
	  .readers = OF_CREATION,
	  .fallback = "9",
	  .help = "The longest name, before the @, of a new account." },
	{ AT(password_min_length), NUMBER("characters", 1, 128),
	  .readers = OF_CREATION,
	  .fallback = "9",
	  .help = "The shortest password of a new account." },

	{ AT(passthrough_senders), LIST, .fallback = "",
	  .readers = READ_FILTER_OUTGOING,
	  .is_valid = is_passthrough, .accepts = "mail addresses",
	  .group = "What may pass without encryption",
	  .help = "Addresses of this relay that may send cleartext to the "
		  "outside." },
	{ AT(passthrough_recipients), LIST, .fallback = "",
	  .readers = OF_FILTERS,
	  .is_valid = is_passthrough,
	  .accepts = "mail addresses, or @domain for all of a domain",
	  .help = "Addresses, or @domain, to which everybody may send "
		  "cleartext." },
	{ AT(filter_incoming), FLAG_ON,
	  .readers = READ_FILTER_INCOMING,
	  .help = "Demand encryption of mail that comes from outside, too; "
		  "reports and requests to begin a chat may be in clear. With "
		  "false, accounts with a file enforceE2EEincoming demand it." },

	{ AT(max_imap_connections), NUMBER("connections", 10, 1000000),
	  .fallback = "10000", .group = "What the machine can carry",
	  .help = "How many IMAP connections are served at once, without "
		  "those that sleep in IDLE; fewer on a small machine." },
	{ AT(max_smtp_connections), NUMBER("connections", 0, 1000000),
	  .fallback = "0",
	  .help = "How many SMTP clients Postfix serves at once; one client "
		  "address may have two fifths of them. 0 means one for "
		  "every 8 MB of the machine's memory, 50 to 1000." },
	{ AT(max_new_accounts_per_hour), NUMBER("accounts", 0, 1000000),
	  .fallback = "120", .readers = READ_DOVEAUTH,
	  .help = "How many accounts one network (a /24 of IPv4, a /64 of "
		  "IPv6) may make within an hour; 0 means no limit." },
	{ AT(max_new_accounts_per_day), NUMBER("accounts", 0, 1000000),
	  .fallback = "400", .readers = READ_DOVEAUTH,
	  .help = "The same, within a day." },
	{ AT(max_load_1m), .type = SETTING_DECIMAL, .unit = "",
	  .max = 10000000, .fallback = "0",
	  .readers = OF_CREATION,
	  .help = "No new accounts while the one-minute load is higher; 0 "
		  "means five for each processor core." },
	{ AT(min_available_memory), MEGABYTES(0), .fallback = "100M",
	  .readers = OF_CREATION,
	  .help = "No new accounts while less memory is available." },
	{ AT(min_free_disk_space), MEGABYTES(0), .fallback = "1G",
	  .readers = OF_CREATION,
	  .help = "No new accounts while less disk space is free, or fewer "
		  "inodes than one for each 16 KB of it." },
	{ AT(disable_ipv6), FLAG, .readers = READ_MXSEND,
	  .help = "Neither listen on IPv6 nor send over it." },
	{ AT(delivery), TEXT, .fallback = "auto", .readers = READ_MXSEND,
	  .is_valid = is_delivery, .accepts = "auto, smtp or https",
	  .help = "How mail leaves for other relays: by SMTP, and over HTTPS "
		  "where port 25 does not answer (auto); by SMTP only; or over "
		  "HTTPS first." },
	{ AT(public_addresses), LIST, .fallback = "", .max = 16,
	  .is_valid = is_ip, .accepts = "IP addresses",
	  .help = "The addresses by which the relay is reached, where these "
		  "are not its own: those of a proxy in front of it." },

	{ AT(acme_email), TEXT, .fallback = "",
	  .group = "Certificates",
	  .help = "Where the certificate authority may write to." },
	{ AT(acme_directory), TEXT, .fallback = ACME_PUBLIC,
	  .is_valid = is_http_url, .accepts = "the URL of an ACME directory",
	  .help = "The certificate authority." },
	{ AT(tls_external_cert_and_key), LIST, .fallback = "", .max = 2,
	  .is_valid = is_absolute,
	  .accepts = "two paths, of the certificate chain and of its key",
	  .help = "Use this certificate chain and key, which somebody else "
		  "renews, in place of an authority." },

	{ AT(iroh_relay), TEXT, .fallback = "",
	  .readers = READ_METADATA,
	  .is_valid = is_http_url_or_empty, .accepts = "a URL, or nothing",
	  .group = "What apps are told",
	  .help = "The iroh relay that apps use for peer-to-peer channels." },
	{ AT(turn), FLAG, .readers = READ_METADATA,
	  .help = "Run a TURN server, by which phones that cannot reach each "
		  "other have calls." },
	{ AT(turn_server), TEXT, .fallback = "",
	  .readers = READ_METADATA,
	  .is_valid = is_turn_or_empty, .is_secret = true,
	  .accepts = "host:port:secret, host:port:expiry:password, or nothing",
	  .help = "The TURN server of somebody else: host:port:secret, of "
		  "which passwords for five days are made, or "
		  "host:port:expiry:password, which all users are told." },
	{ AT(notification_url), TEXT,
	  .readers = READ_METADATA,
	  .fallback = "https://notifications.delta.chat/notify",
	  .is_valid = is_http_url, .accepts = "a URL",
	  .help = "The service that wakes sleeping phones." },

	{ AT(mtail_address), TEXT, .fallback = "",
	  .is_valid = is_host_or_empty,
	  .accepts = "an address of this machine, or nothing",
	  .group = "Watching the relay",
	  .help = "Run mtail and let it answer on port 3903 of this address; "
		  "empty runs none." },
	{ AT(metrics), TEXT, .fallback = "private",
	  .is_valid = is_visibility, .accepts = "private or public",
	  .help = "Whether everybody may read /metrics on the web server." },
	{ AT(imap_rawlog), FLAG,
	  .help = "Write the IMAP dialogue of every user into the mail "
		  "folder. For debugging only: it holds what people write." },
	{ AT(imap_compress), FLAG,
	  .help = "Offer IMAP COMPRESS. Compressed connections cannot "
		  "hibernate and cost ten times the memory." },
	{ AT(echobot), FLAG,
	  .readers = OF_USERS,
	  .help = "Run a bot at echo@ that answers with what it was sent." },

	{ AT(www_folder), TEXT, .fallback = "www",
	  .group = "The web pages",
	  .help = "The folder of the web pages' sources." },
	{ AT(privacy_postal), TEXT, .fallback = "",
	  .help = "Postal address of the operator, for the privacy policy." },
	{ AT(privacy_mail), TEXT, .fallback = "",
	  .readers = READ_METADATA,
	  .help = "Mail address of the operator, for the privacy policy." },
	{ AT(privacy_pdo), TEXT, .fallback = "",
	  .help = "The data protection officer, for the privacy policy." },
	{ AT(privacy_supervisor), TEXT, .fallback = "",
	  .help = "The supervisory authority, for the privacy policy." },

	{ AT(backup_to), TEXT, .fallback = "",
	  .is_valid = has_no_password, .is_secret = true,
	  .accepts = "a place without a password, which "
		     "/etc/chatmail/backup.env is for",
	  .group = "Backups",
	  .help = "Where a backup goes each night, seen from the server: "
		  "sftp:HOST:FOLDER, a folder, or another place that "
		  "restic(1) knows; empty makes none." },

	{ AT(mailboxes_dir), TEXT, .fallback = "",
	  .readers = OF_MAILBOXES,
	  .is_valid = is_absolute_or_empty,
	  .accepts = "an absolute path, or nothing", .group = "Folders",
	  .help = "Where the mailboxes are; empty means "
		  MAIL_ROOT "<mail_domain>." },
	{ AT(counters_dir), TEXT, .fallback = "/var/lib/chatmail/counters",
	  .readers = OF_COUNTERS,
	  .is_valid = is_absolute, .accepts = "an absolute path",
	  .help = "Where the services keep what they count." },
};
/* clang-format on */

/*
 * Those of the chatmail software in Python that say where its parts are, or
 * were: filters and Postfix meet at sockets of files.
 */
static const char *const foreign[] = {
	"filtermail_host",
	"filtermail_http_port_incoming",
	"filtermail_lmtp_port_transport",
	"filtermail_smtp_port",
	"filtermail_smtp_port_incoming",
	"passdb_path",
	"postfix_host",
	"postfix_reinject_port",
	"postfix_reinject_port_incoming",
	"turn_socket_path",
	NULL,
};

const struct settings config_settings = {
	.section = "params",
	.rows = rows,
	.n = ARRAY_LEN(rows),
	.foreign = foreign,
};

static void derive(struct config *config)
{
	struct slice domain = slice_of(config->mail_domain);

	config->is_ip_literal = is_ip(domain);
	config->is_self_signed =
		config->is_ip_literal || slice_starts(domain, SLICE("_"));
	if (!config->is_ip_literal)
		config->address_domain = xstrdup(config->mail_domain);
	else
		config->address_domain = xasprintf("[%s%s]",
			slice_has_char(domain, ':') ? "IPv6:" : "",
			config->mail_domain);
	if (config->mailboxes_dir[0] == '\0') {
		free(config->mailboxes_dir);
		config->mailboxes_dir =
			xasprintf(MAIL_ROOT "%s", config->mail_domain);
	}
}

/* What one row alone cannot see. */
static int check_together(
	const struct config *config, const char *name, struct buf *why)
{
	if (config->username_min_length > config->username_max_length)
		return because(why, -EINVAL,
			"%s: username_min_length %lu is more than "
			"username_max_length %lu; lower one or raise the other",
			name, config->username_min_length,
			config->username_max_length);
	if (config->tls_external_cert_and_key.n == 1)
		return because(why, -EINVAL,
			"%s: tls_external_cert_and_key names one path; give "
			"two, of the certificate chain and of its key",
			name);
	if (config->max_message_size > config->max_mailbox_size)
		return because(why, -EINVAL,
			"%s: max_message_size is more than max_mailbox_size; "
			"lower one or raise the other",
			name);
	return 0;
}

int config_read(struct slice text, const char *name, struct config *ret_config,
	settings_warn_fn warn, void *owner, struct buf *why)
{
	*ret_config = (struct config){ 0 };
	return settings_parse(
		&config_settings, text, name, ret_config, warn, owner, why);
}

int config_override(struct config *config, const char *text, struct buf *why)
{
	int r = settings_override(&config_settings, text, config, why);

	if (r < 0)
		config_release(config);
	return r;
}

int config_finish(struct config *config, const char *name, struct buf *why)
{
	int r = check_together(config, name, why);

	if (r < 0)
		config_release(config);
	else
		derive(config);
	return r;
}

int config_parse(struct slice text, const char *name, struct config *ret_config,
	settings_warn_fn warn, void *owner, struct buf *why)
{
	struct config config;
	int r = config_read(text, name, &config, warn, owner, why);

	if (r == 0)
		r = config_finish(&config, name, why);
	if (r == 0)
		*ret_config = config;
	return r;
}

int config_load(const char *path, struct config *ret_config,
	settings_warn_fn warn, void *owner, struct buf *why)
{
	AUTO_BUF struct buf text = BUF_INIT(CONFIG_MAX_BYTES);
	int r = file_read(path, &text, why);

	if (r < 0)
		return r;
	return config_parse(
		buf_slice(&text), path, ret_config, warn, owner, why);
}

void config_release(struct config *config)
{
	if (!config)
		return;
	settings_release(&config_settings, config);
	free(config->address_domain);
	config->address_domain = NULL;
}

void config_take_overrides(
	int *argc, char **argv, struct config_overrides *ret_overrides)
{
	struct config_overrides overrides = { 0 };
	int n = 0;

	for (int i = 0; i < *argc; i++) {
		if (i == 0 || strcmp(argv[i], "-o") != 0) {
			argv[n++] = argv[i];
			continue;
		}
		if (i + 1 == *argc || overrides.n == CONFIG_OVERRIDES_MAX)
			die("-o: give KEY=VALUE, %d times at most",
				CONFIG_OVERRIDES_MAX);
		overrides.v[overrides.n++] = argv[++i];
	}
	argv[n] = NULL;
	*argc = n;
	*ret_overrides = overrides;
}

int config_load_with(const char *path, const struct config_overrides *overrides,
	struct config *ret_config, struct buf *why)
{
	AUTO_BUF struct buf text = BUF_INIT(CONFIG_MAX_BYTES);
	int r = file_read(path, &text, why);

	if (r == 0)
		r = config_read(
			buf_slice(&text), path, ret_config, NULL, NULL, why);
	for (size_t i = 0; r == 0 && i < overrides->n; i++)
		r = config_override(ret_config, overrides->v[i], why);
	return r < 0 ? r : config_finish(ret_config, path, why);
}

void config_keep(struct config *config, enum config_reader reader)
{
	settings_keep(&config_settings, config, reader);
}

void config_load_or_die(const char *path,
	const struct config_overrides *overrides, enum config_reader reader,
	struct config *ret_config)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);

	if (config_load_with(path, overrides, ret_config, &why) < 0)
		die("%s", buf_str(&why));
	config_keep(ret_config, reader);
}
