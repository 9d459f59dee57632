/* One document from the web, by libcurl. */
#include "cmdeploy/host/fetch.h"

#include <curl/curl.h>
#include <errno.h>

enum {
	REDIRECTS_MAX = 5,
	HTTP_OK = 200,
};

static size_t on_data(char *data, size_t size, size_t n, void *owner)
{
	struct buf *out = owner;

	buf_add(out, data, size * n);
	return buf_ok(out) ? size * n : 0;
}

static void set_up(CURL *curl, const char *url, unsigned timeout_sec,
	struct buf *out, char *error)
{
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)timeout_sec);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(curl, CURLOPT_MAXREDIRS, (long)REDIRECTS_MAX);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https,http");
	curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "https");
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "cmdeploy/" CHATMAIL_VERSION);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, out);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
}

int fetch(
	const char *url, unsigned timeout_sec, struct buf *out, struct buf *why)
{
	char error[CURL_ERROR_SIZE] = "";
	long status = 0;
	CURL *curl = curl_easy_init();

	if (!curl)
		return because(why, -ENOMEM, "libcurl cannot start");
	set_up(curl, url, timeout_sec, out, error);
	CURLcode code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(curl);
	if (code != CURLE_OK)
		return because(why, -EIO, "%s: %s", url,
			error[0] ? error : curl_easy_strerror(code));
	if (status != HTTP_OK)
		return because(
			why, -EIO, "%s: the answer was %ld", url, status);
	return 0;
}
