/*
 * push-notice-plugin - a Dovecot plugin for lmtp: tells chatmail-metadata(8)
 * of each message that was delivered, so that it wakes the user's phones.
 *
 * It does what push.lua does, which stays for a Dovecot that this was not
 * built for, at a fraction of the cost: one write to a connection that the
 * process keeps, in place of an interpreter, an opened mailbox and a dict
 * for each delivery. What goes wrong here is logged and never holds up a
 * delivery: nothing waits, neither for a connection nor for an answer.
 *
 * The socket is beside this file, as instant-idle-setup has put it.
 */
#include "config.h"

#include "lib.h"

#include "mail-storage-private.h"
#include "mail-user.h"
#include "message-address.h"
#include "module-dir.h"
#include "net.h"
#include "notify-plugin.h"
#include "str.h"
#include "strescape.h"

#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	ANSWERS_BYTES = 4096,
	/* The service may have ended an old connection. */
	TRIES = 2,
};

/* Version 3 of the dict protocol, which 2.3 speaks; values are strings. */
static const char HELLO[] = "H3\t2\t0\t\tmetadata\n";
/* No client can name what is below vendor.dovecot/pvt. */
static const char KEY[] = "priv/lmtp/vendor/vendor.dovecot/pvt/messagenew";

struct notice {
	const char *username; /* the mailbox's, which outlives it */
	bool is_due;
};

extern const char *push_notice_plugin_version;
extern const char *push_notice_plugin_dependencies[];
extern const char push_notice_plugin_binary_dependency[];
void push_notice_plugin_init(struct module *module);
void push_notice_plugin_deinit(void);

const char *push_notice_plugin_version = DOVECOT_ABI_VERSION;
const char *push_notice_plugin_dependencies[] = { "notify", NULL };
const char push_notice_plugin_binary_dependency[] = "lmtp";

static struct notify_context *notify;
static char *socket_path;
static int service_fd = -1;
static unsigned n_notices; /* on this connection */

static void hang_up(void)
{
	if (service_fd >= 0)
		i_close_fd(&service_fd);
	n_notices = 0;
}

/* Answers say nothing that a delivery depends on. */
static void skip_answers(void)
{
	char bytes[ANSWERS_BYTES];
	ssize_t n;

	if (service_fd < 0)
		return;
	do {
		n = recv(service_fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	} while (n > 0);
	if (n == 0 || errno != EAGAIN)
		hang_up();
}

static bool try_to_tell(const char *username)
{
	string_t *text = t_str_new(256);

	skip_answers();
	if (service_fd < 0) {
		service_fd = net_connect_unix(socket_path);
		str_append(text, HELLO);
	}
	if (service_fd < 0)
		return false;
	n_notices++;
	str_printfa(text, "B%u\t%s\nS%u\t%s\t\nC%u\n", n_notices,
		str_tabescape(username), n_notices, KEY, n_notices);
	ssize_t n = send(service_fd, str_data(text), str_len(text),
		MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n == (ssize_t)str_len(text))
		return true;
	/* Half a line spoils the connection. */
	if (n >= 0)
		errno = EAGAIN;
	int error = errno;
	hang_up();
	errno = error;
	return false;
}

static void tell(const char *username)
{
	for (int i = 0; i < TRIES; i++)
		if (try_to_tell(username))
			return;
	i_error("push-notice: %s: %m", socket_path);
}

/* A copy that users send to their own other devices wakes nobody. */
static bool is_from(struct mail *mail, const char *username)
{
	const struct message_address *from;
	const char *field;

	if (mail_get_first_header(mail, "From", &field) <= 0)
		return false;
	from = message_address_parse(pool_datastack_create(),
		(const unsigned char *)field, strlen(field), 1, 0);
	if (from == NULL || from->mailbox == NULL || from->domain == NULL)
		return false;
	return strcasecmp(t_strconcat(from->mailbox, "@", from->domain, NULL),
		       username) == 0;
}

static void *transaction_begun(struct mailbox_transaction_context *t)
{
	struct notice *notice = i_new(struct notice, 1);

	notice->username = t->box->storage->user->username;
	return notice;
}

static void mail_saved(void *txn, struct mail *mail)
{
	struct notice *notice = txn;

	T_BEGIN
	{
		if (!is_from(mail, notice->username))
			notice->is_due = true;
	}
	T_END;
}

static void mail_copied(
	void *txn, struct mail *src ATTR_UNUSED, struct mail *dst)
{
	mail_saved(txn, dst);
}

static void transaction_rolled_back(void *txn)
{
	struct notice *notice = txn;

	i_free(notice);
}

static void transaction_committed(
	void *txn, struct mail_transaction_commit_changes *changes ATTR_UNUSED)
{
	struct notice *notice = txn;

	T_BEGIN
	{
		if (notice->is_due)
			tell(notice->username);
	}
	T_END;
	transaction_rolled_back(txn);
}

static const struct notify_vfuncs vfuncs = {
	.mail_transaction_begin = transaction_begun,
	.mail_save = mail_saved,
	.mail_copy = mail_copied,
	.mail_transaction_commit = transaction_committed,
	.mail_transaction_rollback = transaction_rolled_back,
};

void push_notice_plugin_init(struct module *module)
{
	const char *name = strrchr(module->path, '/');
	size_t len = name == NULL ? 0 : (size_t)(name - module->path) + 1;

	socket_path =
		i_strdup_printf("%.*smetadata.socket", (int)len, module->path);
	notify = notify_register(&vfuncs);
}

void push_notice_plugin_deinit(void)
{
#ifdef DOVECOT_IS_2_3
	notify_unregister(notify);
#else
	notify_unregister(&notify);
#endif
	hang_up();
	i_free(socket_path);
}
