/* Tries of the web server: pages, /new, and what other programs read. */
#include <errno.h>
#include <string.h>

#include "cmdeploy/host/temp.h"
#include "cmdeploy/probe/web.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/proc.h"

enum {
	ZBAR_SEC = 20,
	POSTS_MAX = 300,
	POSTS_SEC = 15,
};

/* The answer has to be 200, and to hold a text. */
static int expect(struct probe_relay *p, const char *label, const char *path,
	const char *want, struct web_answer *a)
{
	int r = web_ask(p, label, path, NULL, a);

	if (r < 0)
		return r;
	if (a->status != 200)
		return because(&p->why, -ENOENT, "%s%s: status %ld, not 200",
			label, path, a->status);
	if (!strstr(buf_str(&a->body), want))
		return because(&p->why, -EPROTO, "%s%s has no \"%s\"", label,
			path, want);
	return 0;
}

static int try_pages(struct probe_relay *p)
{
	static const char *const pages[] = { "/", "/info.html",
		"/privacy.html" };
	AUTO_WEB_ANSWER struct web_answer a = WEB_ANSWER_NONE;
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(pages); i++)
		r = expect(p, "", pages[i], "</html>", &a);
	return r;
}

static int try_headers(struct probe_relay *p)
{
	static const char *const headers[] = { "Content-Security-Policy:",
		"X-Content-Type-Options: nosniff",
		"Referrer-Policy:", "X-Frame-Options:" };
	AUTO_WEB_ANSWER struct web_answer a = WEB_ANSWER_NONE;
	int r = web_ask(p, "", "/", NULL, &a);

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(headers); i++)
		if (!strcasestr(buf_str(&a.head), headers[i]))
			r = because(&p->why, -EPROTO,
				"the page is sent without %s", headers[i]);
	return r;
}

/* By the program that reads QR codes, where it is installed. */
static int read_code(struct probe_relay *p, struct slice png, struct buf *out)
{
	char *dir = NULL;
	int r = temp_make(&dir, &p->why);

	if (r < 0)
		return r;
	AUTO_FREE char *path = xasprintf("%s/code.png", dir);
	struct proc proc = {
		.argv = PROC_WORDS("zbarimg", "--quiet", "--raw", path),
		.timeout_sec = ZBAR_SEC,
		.out = out,
	};
	AUTO_BUF struct buf err = BUF_INIT(BUF_WHY_MAX_BYTES);
	proc.err = &err;
	r = file_write(path, png,
		(struct file_owner){ 0600, (uid_t)-1, (gid_t)-1 }, &p->why);
	if (r == 0)
		r = proc_run_ok(&proc, &p->why);
	temp_remove(dir);
	if (r == -ENOENT)
		return because(&p->why, PROBE_SKIP,
			"zbarimg reads QR codes; install zbar-tools");
	return r;
}

static int try_code(struct probe_relay *p)
{
	const char *domain = p->config.mail_domain;
	AUTO_FREE char *path = xasprintf("/qr-chatmail-invite-%s.png", domain);
	AUTO_BUF struct buf text = BUF_INIT(BUF_WHY_MAX_BYTES);
	AUTO_WEB_ANSWER struct web_answer a = WEB_ANSWER_NONE;

	if (p->config.is_ip_literal)
		return because(&p->why, PROBE_SKIP,
			"the page of a relay without a name draws its code "
			"for each visitor");
	int r = expect(p, "", path, "PNG", &a);
	if (r == 0)
		r = read_code(p, buf_slice(&a.body), &text);
	if (r != 0)
		return r;
	if (!slice_starts_nocase(buf_slice(&text), SLICE("dcaccount:")) ||
		!strcasestr(buf_str(&text), domain))
		return because(&p->why, -EPROTO,
			"the code reads \"%s\", not an invitation to %s",
			buf_str(&text), domain);
	return 0;
}

/* The account is not made before somebody logs in. */
static int try_new(struct probe_relay *p)
{
	AUTO_FREE char *end = xasprintf("@%s\"", p->accounts.domain);
	AUTO_WEB_ANSWER struct web_answer a = WEB_ANSWER_NONE;
	int r = web_ask(p, "", "/new", "", &a);

	if (r < 0)
		return r;
	if (a.status != 200 || !strstr(buf_str(&a.body), "\"email\"") ||
		!strstr(buf_str(&a.body), "\"password\"") ||
		!strcasestr(buf_str(&a.body), end))
		return because(&p->why, -EPROTO,
			"POST /new: status %ld, and not an account of %s",
			a.status, p->config.mail_domain);
	return 0;
}

/* A browser is sent on to the app. */
static int try_new_get(struct probe_relay *p)
{
	AUTO_WEB_ANSWER struct web_answer a = WEB_ANSWER_NONE;
	int r = web_ask(p, "", "/new", NULL, &a);

	if (r < 0)
		return r;
	if (a.status / 100 != 3 ||
		!strcasestr(buf_str(&a.head), "\nLocation: dc"))
		return because(&p->why, -EPROTO,
			"GET /new: status %ld, and not a way to the app",
			a.status);
	return 0;
}

/* A relay that answers slowly is not asked often enough to meet its limit. */
static int try_new_limit(struct probe_relay *p)
{
	AUTO_WEB_ANSWER struct web_answer a = WEB_ANSWER_NONE;
	uint64_t end = clock_msec() + POSTS_SEC * 1000;

	for (int i = 0; i < POSTS_MAX; i++) {
		if (clock_msec() > end)
			return because(&p->why, PROBE_SKIP,
				"%d answers in %d s are too few to meet a "
				"limit",
				i, POSTS_SEC);
		int r = web_ask(p, "", "/new", "", &a);
		if (r < 0 || a.status == 429)
			return r;
	}
	return because(&p->why, -EPERM,
		"%d requests one after the other, and none was refused",
		POSTS_MAX);
}

static int try_autoconfig(struct probe_relay *p)
{
	AUTO_WEB_ANSWER struct web_answer a = WEB_ANSWER_NONE;
	AUTO_FREE char *want =
		xasprintf("<domain>%s</domain>", p->config.mail_domain);

	return expect(p, "", "/.well-known/autoconfig/mail/config-v1.1.xml",
		want, &a);
}

static int try_mta_sts(struct probe_relay *p)
{
	static const char path[] = "/.well-known/mta-sts.txt";
	AUTO_FREE char *mx = xasprintf("mx: %s", p->config.mail_domain);
	AUTO_WEB_ANSWER struct web_answer a = WEB_ANSWER_NONE;

	if (p->config.is_ip_literal)
		return because(&p->why, PROBE_SKIP, "it needs a name");
	int r = expect(p, "mta-sts.", path, mx, &a);
	return r < 0 ? r : expect(p, "mta-sts.", path, "mode: enforce", &a);
}

#define HTTPS "names/port-443"
#define ADVICE_PAGES                                                           \
	"\"cmdeploy run --website-only\" builds the pages again; see the "     \
	"log of nginx"
#define ADVICE_NEW   "see the logs of nginx and fcgiwrap"
#define ADVICE_NGINX "\"cmdeploy run\" writes nginx's settings again"

static const struct probe_try tries[] = {
	{ "pages", "the pages of the relay", ADVICE_PAGES, try_pages,
		.needs = HTTPS },
	{ "headers", "what protects visitors", ADVICE_NGINX, try_headers,
		.needs = HTTPS, .is_more = true },
	{ "code", "the QR code is the invitation", ADVICE_PAGES, try_code,
		.needs = HTTPS },
	{ "new", "POST /new answers with an account", ADVICE_NEW, try_new,
		.needs = HTTPS },
	{ "new-get", "GET /new leads to the app", ADVICE_NEW, try_new_get,
		.needs = HTTPS },
	{ "autoconfig", "mail programs find their settings", ADVICE_NGINX,
		try_autoconfig, .needs = HTTPS },
	{ "mta-sts", "other servers find the MTA-STS policy", ADVICE_NGINX,
		try_mta_sts, .needs = HTTPS },
	{ "new-limit", "/new has a limit", ADVICE_NGINX, try_new_limit,
		.needs = HTTPS, .is_more = true },
	{ 0 },
};

const struct probe_group probe_web = { "web", tries };
