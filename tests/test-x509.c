/* Unit tests of cmdeploy/certificate/x509.h. */
#include "cmdeploy/certificate/x509.h"

#include <errno.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <unistd.h>

#include "lib/file.h"
#include "tests/test.h"

enum {
	DAY_SEC = 86400,
};

static void set_name(X509_NAME *name, const char *text)
{
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
		(const unsigned char *)text, -1, -1, 0);
}

/* For these names ("DNS:r.test"), as PEM. */
static void make(
	const char *issuer, const char *names, int days, struct buf *ret_pem)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	X509_EXTENSION *san =
		X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);
	BIO *out = BIO_new(BIO_s_mem());
	char *text;

	set_name(X509_get_subject_name(cert), "subject");
	set_name(X509_get_issuer_name(cert), issuer);
	X509_gmtime_adj(X509_getm_notBefore(cert), -30 * DAY_SEC);
	X509_gmtime_adj(X509_getm_notAfter(cert), (long)days * DAY_SEC);
	X509_set_pubkey(cert, key);
	X509_add_ext(cert, san, -1);
	check("signed", X509_sign(cert, key, EVP_sha256()) > 0);
	PEM_write_bio_X509(out, cert);
	long len = BIO_get_mem_data(out, &text);
	buf_add(ret_pem, text, (size_t)len);
	BIO_free(out);
	X509_EXTENSION_free(san);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static void test_facts(void)
{
	static const struct {
		const char *what, *issuer, *names, *asked;
		int days;
		bool is_for_name, is_self_signed;
	} rows[] = {
		{ "name", "ca", "DNS:r.test", "r.test", 90, true, false },
		{ "self-signed", "subject", "DNS:r.test", "r.test", 3650, true,
			true },
		{ "expired", "ca", "DNS:r.test", "R.Test", -3, true, false },
		{ "one of several", "ca", "DNS:x.test,DNS:r.test", "r.test", 1,
			true, false },
		{ "wildcard", "ca", "DNS:*.r.test", "a.r.test", 1, true,
			false },
		{ "other name", "ca", "DNS:r.test", "www.r.test", 1, false,
			false },
		{ "address", "ca", "IP:192.0.2.1", "192.0.2.1", 1, true,
			false },
		{ "IPv6 address", "ca", "IP:2001:db8::1", "2001:db8:0::1", 1,
			true, false },
		{ "other address", "ca", "IP:192.0.2.1", "192.0.2.2", 1, false,
			false },
		{ "address as a name", "ca", "DNS:192.0.2.1", "192.0.2.1", 1,
			false, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_BUF struct buf pem = BUF_INIT(1 << 16);
		struct x509_facts got;
		/* What openssl(1) writes in front of it. */
		buf_add_str(&pem, "Certificate:\n    Data:\n");
		make(rows[i].issuer, rows[i].names, rows[i].days, &pem);
		check_int(rows[i].what,
			x509_read(buf_slice(&pem), rows[i].asked, &got), 0);
		int64_t late = (int64_t)rows[i].days * DAY_SEC - got.left_sec;
		check(rows[i].what, late >= 0 && late < 60);
		check_int(rows[i].what, got.is_for_name, rows[i].is_for_name);
		check_int(rows[i].what, got.is_self_signed,
			rows[i].is_self_signed);
	}
}

static void test_digest(void)
{
	AUTO_BUF struct buf chain = BUF_INIT(1 << 16);
	AUTO_BUF struct buf other = BUF_INIT(1 << 16);
	struct x509_facts first, whole, second;

	make("ca", "DNS:r.test", 1, &chain);
	check_int("first", x509_read(buf_slice(&chain), "r.test", &first), 0);
	make("ca", "DNS:r.test", 1, &other);
	buf_add_slice(&chain, buf_slice(&other));
	check_int("chain", x509_read(buf_slice(&chain), "r.test", &whole), 0);
	check_int("other", x509_read(buf_slice(&other), "r.test", &second), 0);
	check("the first of a chain",
		memcmp(first.digest, whole.digest, X509_DIGEST_BYTES) == 0);
	check("another one",
		memcmp(first.digest, second.digest, X509_DIGEST_BYTES) != 0);
}

static void test_rubbish(void)
{
	static const char *const rows[] = {
		"",
		"garbage\n",
		"-----BEGIN CERTIFICATE-----\n",
		"-----BEGIN CERTIFICATE-----\nAAAA\n"
		"-----END CERTIFICATE-----\n",
		"-----BEGIN PRIVATE KEY-----\nAAAA\n"
		"-----END PRIVATE KEY-----\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
		struct x509_facts got;
		check_int(rows[i], x509_read(slice_of(rows[i]), "r.test", &got),
			-EBADMSG);
		check("nobody there",
			x509_read_server("127.0.0.1:1", "r.test", &got, &why) <
				0);
		check("why", why.len > 0);
	}
}

/* The same key in a file, and what openssl(1) calls its traditional form. */
static void test_key(void)
{
	AUTO_BUF struct buf pem = BUF_INIT(1 << 16), old = BUF_INIT(1 << 16);
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);
	const struct file_owner owner = { 0600, getuid(), getgid() };
	AUTO_FREE char *path =
		xasprintf("/tmp/test-x509-%d.pem", (int)getpid());
	unsigned char digest[X509_DIGEST_BYTES], want[X509_DIGEST_BYTES];
	EVP_PKEY *key = EVP_EC_gen("P-256");
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(key, &der);
	BIO *out = BIO_new(BIO_s_mem());
	char *text;

	check("digest",
		EVP_Digest(der, (size_t)len, want, NULL, EVP_sha256(), NULL));
	PEM_write_bio_PKCS8PrivateKey(out, key, NULL, NULL, 0, NULL, NULL);
	long n = BIO_get_mem_data(out, &text);
	buf_add(&pem, text, (size_t)n);
	check_int("write", file_write(path, buf_slice(&pem), owner, &why), 0);
	check_int("key", x509_read_key(path, digest, &old, &why), 0);
	check("digest", memcmp(digest, want, X509_DIGEST_BYTES) == 0);
	check("old form",
		slice_starts(buf_slice(&old),
			SLICE("-----BEGIN EC PRIVATE KEY-----\n")));
	check_int("write", file_write(path, buf_slice(&old), owner, &why), 0);
	check_int("old", x509_read_key(path, digest, NULL, &why), 0);
	check("digest", memcmp(digest, want, X509_DIGEST_BYTES) == 0);
	check_int("rubbish", file_write(path, SLICE("x"), owner, &why), 0);
	check_int("rubbish", x509_read_key(path, digest, NULL, &why), -EBADMSG);
	check_int("nothing", unlink(path), 0);
	check_int("nothing", x509_read_key(path, digest, NULL, NULL), -ENOENT);
	BIO_free(out);
	OPENSSL_free(der);
	EVP_PKEY_free(key);
}

int main(void)
{
	test_facts();
	test_digest();
	test_key();
	test_rubbish();
	return test_end();
}
