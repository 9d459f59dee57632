/* Certificates and keys, by OpenSSL; what servers show, by libcurl. */
#include "cmdeploy/certificate/x509.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

/* Its checks are macros around names that we forbid. */
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#include "lib/file.h"

enum {
	SERVER_SEC = 5,
	DAY_SEC = 86400,
	TEXT_MAX_BYTES = 1 << 20,
};

/* Of its public half. */
static bool digest_key(
	EVP_PKEY *key, unsigned char ret_digest[X509_DIGEST_BYTES])
{
	unsigned char *der = NULL;
	int len = key ? i2d_PUBKEY(key, &der) : -1;
	bool is_done = len > 0 &&
		EVP_Digest(
			der, (size_t)len, ret_digest, NULL, EVP_sha256(), NULL);

	OPENSSL_free(der);
	return is_done;
}

static bool is_address(const char *name)
{
	struct in6_addr bytes;

	return inet_pton(AF_INET, name, &bytes) == 1 ||
		inet_pton(AF_INET6, name, &bytes) == 1;
}

static bool is_for(X509 *cert, const char *name)
{
	return is_address(name)
		? X509_check_ip_asc(cert, name, 0) == 1
		: X509_check_host(cert, name, strlen(name), 0, NULL) == 1;
}

int x509_read(struct slice pem, const char *name, struct x509_facts *ret_facts)
{
	BIO *in = BIO_new_mem_buf(pem.ptr, (int)pem.len);
	X509 *cert = in ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;
	struct x509_facts facts = { 0 };
	int days, seconds, r = -EBADMSG;

	if (cert && X509_digest(cert, EVP_sha256(), facts.digest, NULL) &&
		digest_key(X509_get0_pubkey(cert), facts.key_digest) &&
		ASN1_TIME_diff(
			&days, &seconds, NULL, X509_get0_notAfter(cert))) {
		facts.left_sec = (int64_t)days * DAY_SEC + seconds;
		facts.is_for_name = is_for(cert, name);
		facts.is_self_signed =
			X509_NAME_cmp(X509_get_issuer_name(cert),
				X509_get_subject_name(cert)) == 0;
		*ret_facts = facts;
		r = 0;
	}
	X509_free(cert);
	BIO_free(in);
	return r;
}

int x509_read_file(const char *path, const char *name,
	struct x509_facts *ret_facts, struct buf *why)
{
	AUTO_BUF struct buf text = BUF_INIT(TEXT_MAX_BYTES);
	int r = file_read(path, &text, why);

	if (r == 0 && x509_read(buf_slice(&text), name, ret_facts) < 0)
		r = because(why, -EBADMSG,
			"%s: no certificate that can be read", path);
	return r;
}

/* A password would be asked for at the terminal; there is nobody. */
static int no_password(char *out UNUSED, int size UNUSED, int is_writing UNUSED,
	void *arg UNUSED)
{
	return -1;
}

static bool write_key(EVP_PKEY *key, struct buf *out)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	bool is_written = bio &&
		PEM_write_bio_PrivateKey_traditional(
			bio, key, NULL, NULL, 0, NULL, NULL);

	if (is_written) {
		char *text;
		long len = BIO_get_mem_data(bio, &text);
		buf_add(out, text, (size_t)len);
	}
	BIO_free(bio);
	return is_written;
}

int x509_read_key(const char *path, unsigned char ret_digest[X509_DIGEST_BYTES],
	struct buf *out, struct buf *why)
{
	__attribute__((cleanup(buf_release_secret))) struct buf text =
		BUF_INIT(TEXT_MAX_BYTES);
	int r = file_read(path, &text, why);

	if (r < 0)
		return r;
	BIO *in = BIO_new_mem_buf(text.ptr, (int)text.len);
	EVP_PKEY *key = in
		? PEM_read_bio_PrivateKey(in, NULL, no_password, NULL)
		: NULL;
	if (!digest_key(key, ret_digest) || (out && !write_key(key, out)))
		r = because(why, -EBADMSG,
			"%s: no private key that can be read", path);
	EVP_PKEY_free(key);
	BIO_free(in);
	return r;
}

/* Of the first of those that the server has sent. */
static int read_shown(CURL *curl, const char *name,
	struct x509_facts *ret_facts, struct buf *why)
{
	static const struct slice mark = { "Cert:", 5 };
	const struct curl_certinfo *shown = NULL;

	curl_easy_getinfo(curl, CURLINFO_CERTINFO, &shown);
	const struct curl_slist *line =
		shown && shown->num_of_certs > 0 ? shown->certinfo[0] : NULL;
	for (; line; line = line->next) {
		struct slice text = slice_of(line->data);
		if (slice_starts(text, mark) &&
			x509_read(slice_from(text, mark.len), name,
				ret_facts) == 0)
			return 0;
	}
	return because(
		why, -EBADMSG, "it shows no certificate that can be read");
}

/* The handshake and no more; the name goes where it is told to. */
static void set_options(
	CURL *curl, const char *url, struct curl_slist *connect_to, char *error)
{
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_CONNECT_TO, connect_to);
	curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L);
	curl_easy_setopt(curl, CURLOPT_CERTINFO, 1L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
	curl_easy_setopt(curl, CURLOPT_SSL_ENABLE_ALPN, 0L);
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)SERVER_SEC);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
}

int x509_read_server(const char *server, const char *name,
	struct x509_facts *ret_facts, struct buf *why)
{
	AUTO_FREE char *url =
		xasprintf("https://%s", is_address(name) ? server : name);
	AUTO_FREE char *target = xasprintf("::%s", server);
	struct curl_slist *connect_to = curl_slist_append(NULL, target);
	char error[CURL_ERROR_SIZE] = "";
	CURL *curl = curl_easy_init();
	CURLcode code = CURLE_FAILED_INIT;
	int r;

	if (curl) {
		set_options(curl, url, connect_to, error);
		code = curl_easy_perform(curl);
	}
	if (code == CURLE_OK)
		r = read_shown(curl, name, ret_facts, why);
	else
		r = because(why, -EIO, "%s",
			error[0] ? error : curl_easy_strerror(code));
	curl_easy_cleanup(curl);
	curl_slist_free_all(connect_to);
	return r;
}
