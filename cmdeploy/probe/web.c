/* Questions to a relay's web server, by libcurl (web.h). */
#include "cmdeploy/probe/web.h"

#include <errno.h>
#include <string.h>

/* Its checks are macros around names that we forbid. */
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#include "lib/die.h"

void web_answer_release(struct web_answer *a)
{
	buf_release(&a->head);
	buf_release(&a->body);
}

static size_t on_data(char *data, size_t size, size_t n, void *owner)
{
	struct buf *out = owner;

	buf_add(out, data, size * n);
	return buf_ok(out) ? size * n : 0;
}

/* One for all questions, so that its connections are used again. */
static CURL *curl;

static void set_up(const struct probe_relay *p, struct web_answer *a)
{
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)p->answer_sec);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &a->body);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_data);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, &a->head);
	if (p->config.is_self_signed) {
		curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
	}
}

void web_disconnect(void)
{
	curl_easy_cleanup(curl);
	curl = NULL;
}

static void be_ready(void)
{
	if (!curl)
		curl = curl_easy_init();
	if (!curl)
		oom();
	curl_easy_reset(curl);
}

int web_ask(struct probe_relay *p, const char *label, const char *path,
	const char *post, struct web_answer *ret_answer)
{
	bool is_v6 = strchr(p->hosts[0], ':') != NULL;
	AUTO_FREE char *url =
		xasprintf("https://%s%s%s", label, p->config.mail_domain, path);
	AUTO_FREE char *where = xasprintf(
		"::%s%s%s:", is_v6 ? "[" : "", p->hosts[0], is_v6 ? "]" : "");
	struct curl_slist *to = curl_slist_append(NULL, where);

	if (!to)
		oom();
	buf_reset(&ret_answer->head);
	buf_reset(&ret_answer->body);
	be_ready();
	set_up(p, ret_answer);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_CONNECT_TO, to);
	if (post)
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, post);
	CURLcode code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &ret_answer->status);
	curl_easy_setopt(curl, CURLOPT_CONNECT_TO, NULL);
	curl_slist_free_all(to);
	if (code == CURLE_OK)
		return 0;
	return because(
		&p->why, -EPROTO, "%s: %s", url, curl_easy_strerror(code));
}
