/*
 * newemail - a CGI program that hands out accounts. See newemail(8).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "chatmaild/common/account.h"
#include "chatmaild/common/invite.h"
#include "lib/file.h"
#include "lib/json.h"
#include "lib/log.h"

#define DEFAULT_INI "/etc/chatmail/chatmail.ini"

enum {
	ANSWER_MAX_BYTES = 16384,
};

struct answer {
	const char *status;
	struct buf headers; /* further ones, each with its line end */
	struct buf body;    /* JSON, or empty */
};

static void refuse(
	struct answer *answer, const char *status, const char *reason)
{
	answer->status = status;
	buf_add_char(&answer->body, '{');
	json_add_member(&answer->body, "reason", slice_of(reason));
	buf_add_str(&answer->body, "}\n");
}

/* 0, or the answer says why there are no new accounts. */
static int check(const struct account_rules *rules, struct answer *answer)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	const char *nocreate = account_nocreate(rules);

	if (nocreate) {
		log_notice("refused: reason=nocreate file=%s", nocreate);
		refuse(answer, "403 Forbidden",
			"this relay takes no new accounts at the moment");
		return -EPERM;
	}
	int r = account_check_machine(rules, &why);
	if (r < 0) {
		log_warning("not now: %s", buf_str(&why));
		buf_add_str(&answer->headers, "Retry-After: 60\r\n");
		refuse(answer, "503 Service Unavailable",
			"this relay is too busy for new accounts; "
			"try again in some minutes");
	}
	return r;
}

static void add_dclogin(const struct config *config, struct buf *address,
	struct buf *password, struct buf *out)
{
	invite_new_account(config, address, password);
	invite_add_dclogin(
		config, buf_slice(address), buf_slice(password), out);
}

static void do_post(const struct account_rules *rules, struct answer *answer)
{
	const struct config *config = rules->config;
	struct buf address = BUF_INIT(ANSWER_MAX_BYTES);
	struct buf password = BUF_INIT(ANSWER_MAX_BYTES);
	struct buf link = BUF_INIT(ANSWER_MAX_BYTES);

	if (check(rules, answer) < 0)
		return;
	add_dclogin(config, &address, &password, &link);
	buf_add_char(&answer->body, '{');
	json_add_member(&answer->body, "email", buf_slice(&address));
	json_add_member(&answer->body, "password", buf_slice(&password));
	if (config->is_self_signed)
		json_add_member(&answer->body, "dclogin_url", buf_slice(&link));
	buf_add_str(&answer->body, "}\n");
	answer->status = "200 OK";
	buf_release(&address);
	buf_release_secret(&password);
	buf_release_secret(&link);
}

/* A browser goes on to the app. */
static void do_get(const struct account_rules *rules, struct answer *answer)
{
	const struct config *config = rules->config;
	struct buf address = BUF_INIT(ANSWER_MAX_BYTES);
	struct buf password = BUF_INIT(ANSWER_MAX_BYTES);
	struct buf link = BUF_INIT(ANSWER_MAX_BYTES);

	if (invite_is_personal(config) && check(rules, answer) < 0)
		return;
	if (invite_is_personal(config))
		add_dclogin(config, &address, &password, &link);
	else
		invite_add_dcaccount(config, &link);
	answer->status = "302 Found";
	buf_add_str(&answer->headers, "Location: ");
	buf_add_slice(&answer->headers, buf_slice(&link));
	buf_add_str(&answer->headers, "\r\n");
	buf_release(&address);
	buf_release_secret(&password);
	buf_release_secret(&link);
}

static void do_other(
	const struct account_rules *rules UNUSED, struct answer *answer)
{
	buf_add_str(&answer->headers, "Allow: GET, HEAD, POST\r\n");
	refuse(answer, "405 Method Not Allowed",
		"POST makes an account, GET redirects to the app");
}

static const struct {
	const char *name; /* NULL: any other */
	void (*handler)(
		const struct account_rules *rules, struct answer *answer);
} methods[] = {
	{ "POST", do_post },
	{ "GET", do_get },
	{ "HEAD", do_get },
	{ NULL, do_other },
};

static void respond(const struct account_rules *rules, const char *method,
	struct answer *answer)
{
	size_t i = 0;

	while (methods[i].name && strcmp(methods[i].name, method) != 0)
		i++;
	methods[i].handler(rules, answer);
}

static int send_answer(struct answer *answer, bool has_body)
{
	struct buf text = BUF_INIT(2 * ANSWER_MAX_BYTES);

	buf_addf(&text, "Status: %s\r\n", answer->status);
	buf_add_slice(&text, buf_slice(&answer->headers));
	buf_add_str(&text,
		"Cache-Control: no-store\r\n"
		"Content-Type: application/json\r\n\r\n");
	if (has_body)
		buf_add_slice(&text, buf_slice(&answer->body));
	int r = fd_write_all(STDOUT_FILENO, buf_slice(&text));
	buf_release_secret(&text);
	buf_release_secret(&answer->headers);
	buf_release_secret(&answer->body);
	return r;
}

static const char *ini_path(int argc, char **argv)
{
	const char *from_env = getenv("CHATMAIL_INI");

	if (argc > 1)
		return argv[1];
	return from_env && from_env[0] ? from_env : DEFAULT_INI;
}

/* The web server gets an answer even where we cannot work. */
static int answer_request(const char *method, const char *ini)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct answer answer = {
		.headers = BUF_INIT(ANSWER_MAX_BYTES),
		.body = BUF_INIT(ANSWER_MAX_BYTES),
	};
	struct account_rules rules = { 0 };
	struct config config = { 0 };
	const char *dir = getenv("CHATMAIL_MAILBOXES_DIR");
	AUTO_FREE char *dir_is = xasprintf("mailboxes_dir=%s", dir ? dir : "");
	const struct config_overrides overrides = { { dir_is }, dir ? 1 : 0 };
	int r = config_load_with(ini, &overrides, &config, &why);

	if (r < 0) {
		log_err("%s", buf_str(&why));
		refuse(&answer, "500 Internal Server Error",
			"this relay is not set up right; "
			"tell its operator to look at the log");
	} else {
		config_keep(&config, READ_NEWEMAIL);
		if (getenv("CHATMAIL_SELF_SIGNED"))
			config.is_self_signed = true;
		account_rules_init(&rules, &config, ini);
		respond(&rules, method, &answer);
		account_rules_release(&rules);
		config_release(&config);
	}
	int sent = send_answer(&answer, strcmp(method, "HEAD") != 0);
	return r < 0 || sent < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	const char *method = getenv("REQUEST_METHOD");

	if (argc > 2 || !method) {
		fprintf(stderr,
			"usage: REQUEST_METHOD=POST newemail [INI]\n"
			"newemail is a CGI program: a web server runs it\n");
		return 2;
	}
	return answer_request(method, ini_path(argc, argv));
}
