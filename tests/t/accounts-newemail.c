/* newemail, as a web server runs it. */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "lib/file.h"
#include "tests/t/accounts-bed.h"
#include "tests/t/accounts-cases.h"

/* Runs newemail once; its standard output. */
static void run_newemail(
	const char *method, bool is_self_signed, int want, struct buf *out)
{
	AUTO_FREE char *variable = xasprintf("REQUEST_METHOD=%s", method);
	AUTO_FREE char *path = xasprintf("CHATMAIL_INI=%s", bed.ini);
	char *argv[] = { (char *)bed.newemail, NULL };
	char *env[] = { variable, path,
		is_self_signed ? (char *)"CHATMAIL_SELF_SIGNED=1" : NULL,
		NULL };
	posix_spawn_file_actions_t actions;
	int pipe_fds[2], status;
	pid_t pid;

	demand(pipe2(pipe_fds, O_CLOEXEC) == 0, "pipe");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, pipe_fds[1], 1);
	demand(posix_spawn(&pid, bed.newemail, &actions, NULL, argv, env) == 0,
		"%s", bed.newemail);
	posix_spawn_file_actions_destroy(&actions);
	close(pipe_fds[1]);
	buf_reset(out);
	demand(fd_read_all(pipe_fds[0], out) == 0, "read");
	close(pipe_fds[0]);
	demand(waitpid(pid, &status, 0) == pid && status == want << 8,
		"status %d", status);
}

static const struct {
	const char *ini, *method;
	bool is_nocreate;
	int status;
	const char *has[3]; /* parts of the answer */
	const char *lacks;
} requests[] = {
	{ "", "POST", false, 0,
		{ "Status: 200 OK\r\n", "{\"email\":\"", "@x.test\",\"pass" },
		"dclogin" },
	{ "", "GET", false, 0,
		{ "Status: 302 Found\r\n",
			"\r\nLocation: dcaccount:https://x.test/new\r\n", "" },
		"{" },
	{ "", "HEAD", false, 0,
		{ "Status: 302 Found\r\n", "Location: dcaccount:", "" }, "{" },
	{ "", "PUT", false, 0,
		{ "Status: 405 Method Not Allowed\r\n",
			"\r\nAllow: GET, HEAD, POST\r\n", "{\"reason\":\"" },
		"email" },
	{ "", "POST", true, 0,
		{ "Status: 403 Forbidden\r\n", "{\"reason\":\"", "" },
		"email" },
	{ "min_free_disk_space = 1000000G\n", "POST", false, 0,
		{ "Status: 503 ", "{\"reason\":\"", "Retry-After: " },
		"email" },
	{ "mail_domain = 192.0.2.1\n", "POST", false, 0,
		{ "@[192.0.2.1]\",\"password\":\"",
			"\"dclogin_url\":\"dclogin:",
			"&v=1&ih=192.0.2.1&sh=192.0.2.1&ic=3\"" },
		"reason" },
	{ "mail_domain = 192.0.2.1\n", "GET", false, 0,
		{ "Status: 302 Found\r\n",
			"Location: dclogin:", "@[192.0.2.1]?p=" },
		"{" },
	{ "mail_domain = _c.test\n", "POST", false, 0,
		{ "\"dclogin_url\":\"dclogin:", "@_c.test?p=", "&ic=3" },
		"reason" },
	{ "mail_domain = _c.test\n", "GET", false, 0,
		{ "Location: dcaccount:", "", "" }, "dclogin" },
	{ "username_min_length = what\n", "POST", false, 1,
		{ "Status: 500 ", "{\"reason\":\"", "" }, "email" },
};

static void write_request_ini(const char *more)
{
	bool has_domain = strstr(more, "mail_domain");
	AUTO_FREE char *text = xasprintf("[params]\n%smailboxes_dir = %s\n"
					 "max_load_1m = 100000\n%s",
		has_domain ? "" : "mail_domain = x.test\n", bed.mail, more);
	struct file_owner owner = { 0600, (uid_t)-1, (gid_t)-1 };

	demand(file_write(bed.ini, slice_of(text), owner, NULL) == 0, "ini");
}

void case_newemail(void)
{
	AUTO_FREE char *file = xasprintf("%s/chatmail-nocreate", bed.dir);
	AUTO_BUF struct buf out = BUF_INIT(TEXT_MAX_BYTES);

	for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
		struct file_owner owner = { 0600, (uid_t)-1, (gid_t)-1 };
		write_request_ini(requests[i].ini);
		if (requests[i].is_nocreate)
			demand(file_write(file, SLICE(""), owner, NULL) == 0,
				"%s", file);
		run_newemail(
			requests[i].method, false, requests[i].status, &out);
		unlink(file);
		for (size_t k = 0; k < ARRAY_LEN(requests[i].has); k++)
			demand(strstr(buf_str(&out), requests[i].has[k]),
				"request %zu: no %s in %s", i,
				requests[i].has[k], buf_str(&out));
		demand(!strstr(buf_str(&out), requests[i].lacks),
			"request %zu: %s in %s", i, requests[i].lacks,
			buf_str(&out));
	}
}

/* The relay knows that nobody vouches for its name's certificate. */
static void check_self_signed(const char *method, const char *want)
{
	AUTO_BUF struct buf out = BUF_INIT(TEXT_MAX_BYTES);

	write_request_ini("");
	run_newemail(method, true, 0, &out);
	demand(strstr(buf_str(&out), want) &&
			strstr(buf_str(&out), "&sh=x.test&ic=3"),
		"self-signed: no %s in %s", want, buf_str(&out));
}

void case_newemail_self_signed(void)
{
	check_self_signed("POST", "\"dclogin_url\":\"dclogin:");
	check_self_signed("GET", "\r\nLocation: dclogin:");
}

/* What newemail hands out is what doveauth takes. */
void case_newemail_logs_in(void)
{
	AUTO_BUF struct buf out = BUF_INIT(TEXT_MAX_BYTES);
	char user[64], password[64];

	bed_start(bed.doveauth, 0);
	run_newemail("POST", false, 0, &out);
	const char *at = strstr(buf_str(&out), "{\"email\":\"");
	demand(at &&
			sscanf(at,
				"{\"email\":\"%63[^@]@x.test\",\"password\":"
				"\"%63[^\"]\"}",
				user, password) == 2,
		"answer %s", buf_str(&out));
	int fd = bed_dial(0);
	bed_demand_login(fd, user, password, 'O');
	close(fd);
}
