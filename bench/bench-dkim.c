/*
 * bench-dkim - how many messages a second are verified, reading the key's
 * record for each, beside the bare work of OpenSSL in the same run: the
 * hash of as many bytes, and one check of a signature.
 *
 * Usage: bench-dkim; one line a size, on one processor.
 */
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/die.h"
#include "tests/dkim-judge.h"

enum {
	RUN_NSEC = 1000000000,
	NSEC_PER_SEC = 1000000000,
	KEY_BITS = 2048,
	MESSAGE_MAX_BYTES = 4 * 1024 * 1024,
	BASE64_MAX_BYTES = 1024,
	NOW = 1528638000,
};

struct mail {
	struct buf wire;
	struct buf record; /* of the key */
	EVP_PKEY *key;
};

static void must(bool is_done, const char *what)
{
	if (!is_done)
		die("OpenSSL cannot %s", what);
}

static void add_base64(struct buf *out, const unsigned char *bytes, size_t len)
{
	unsigned char text[BASE64_MAX_BYTES];
	int n = EVP_EncodeBlock(text, bytes, (int)len);

	buf_add(out, text, (size_t)n);
}

static void add_body(struct buf *out, size_t len)
{
	size_t start = out->len;

	while (out->len - start < len)
		buf_add_str(out,
			"wRQDAAECAwQFBgcICQoLDA0ODxAREtIoAWRlZmdoaWprbG1ub3Bx"
			"cnN0dXZ3\r\n");
}

/* With the hash and the signature that are known so far. */
static void write_mail(struct mail *m, size_t len, struct slice body_hash,
	struct slice signature)
{
	buf_reset(&m->wire);
	buf_addf(&m->wire,
		"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/simple; "
		"d=a.example;\r\n s=s; h=From:To:Subject:Date:Message-ID:"
		"MIME-Version:Content-Type:From:To;\r\n bh=%.*s;\r\n b=%.*s\r\n"
		"From: <u@a.example>\r\nTo: <v@b.example>\r\nSubject: [...]\r\n"
		"Date: Fri, 11 Jul 2003 21:00:37 -0700\r\nMessage-ID: <x@y>\r\n"
		"MIME-Version: 1.0\r\nContent-Type: "
		"multipart/encrypted\r\n\r\n",
		SLICE_FMT(body_hash), SLICE_FMT(signature));
	add_body(&m->wire, len);
}

static void sign(struct mail *m, const unsigned char *hash, struct buf *out)
{
	unsigned char signature[KEY_BITS / 8];
	size_t len = sizeof(signature);
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(m->key, NULL);

	must(c && EVP_PKEY_sign_init(c) > 0 &&
			EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PADDING) >
				0 &&
			EVP_PKEY_CTX_set_signature_md(c, EVP_sha256()) > 0 &&
			EVP_PKEY_sign(
				c, signature, &len, hash, DKIM_HASH_BYTES) > 0,
		"sign");
	EVP_PKEY_CTX_free(c);
	add_base64(out, signature, len);
}

/* Our verifier says what is to be signed. */
static void make_mail(struct mail *m, size_t len)
{
	AUTO_BUF struct buf body_hash = BUF_INIT(BASE64_MAX_BYTES);
	AUTO_BUF struct buf signature = BUF_INIT(BASE64_MAX_BYTES);
	struct slice nothing = SLICE("AAAA"), domain = SLICE("a.example");
	unsigned char hash[DKIM_HASH_BYTES];
	struct dkim_body body;
	struct dkim d;

	write_mail(m, len, nothing, nothing);
	const char *text = memmem(m->wire.ptr, m->wire.len, "\r\n\r\n", 4);
	dkim_body_init(&body, DKIM_SIMPLE);
	dkim_body_feed(&body,
		slice_from(
			buf_slice(&m->wire), (size_t)(text - m->wire.ptr) + 4));
	dkim_body_end(&body, hash);
	dkim_body_release(&body);
	add_base64(&body_hash, hash, sizeof(hash));
	write_mail(m, len, buf_slice(&body_hash), nothing);
	dkim_feed(&d, buf_slice(&m->wire), chunk_whole, NULL, domain, NOW);
	sign(m, d.signatures[0].header_hash, &signature);
	dkim_release(&d);
	write_mail(m, len, buf_slice(&body_hash), buf_slice(&signature));
}

static void make_key(struct mail *m)
{
	unsigned char *der = NULL;

	m->key = EVP_RSA_gen(KEY_BITS);
	int len = m->key ? i2d_PUBKEY(m->key, &der) : -1;
	must(len > 0, "make a key");
	buf_add_str(&m->record, "v=DKIM1; k=rsa; p=");
	add_base64(&m->record, der, (size_t)len);
	OPENSSL_free(der);
}

static void verify(struct mail *m)
{
	struct dkim_key key = { 0 };
	struct dkim d;

	dkim_feed(&d, buf_slice(&m->wire), chunk_whole, NULL,
		SLICE("a.example"), NOW);
	const char *fault = dkim_key_parse(buf_slice(&m->record), &key);
	if (!fault)
		fault = dkim_verify(&d.signatures[0], &key);
	if (fault)
		die("not good: %s", fault);
	dkim_key_release(&key);
	dkim_release(&d);
}

/* A signature that is wrong costs as much. */
static void do_bare(struct mail *m)
{
	unsigned char hash[DKIM_HASH_BYTES], signature[KEY_BITS / 8] = { 1 };
	struct dkim_key key = { .key = m->key };

	must(EVP_Digest(m->wire.ptr, m->wire.len, hash, NULL, EVP_sha256(),
		     NULL) > 0 &&
			!dkim_key_verify(&key, hash,
				slice_make(signature, sizeof(signature))),
		"hash");
}

static uint64_t cpu_nsec(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * NSEC_PER_SEC + (uint64_t)t.tv_nsec;
}

static double rate(struct mail *m, void (*work)(struct mail *))
{
	uint64_t start = cpu_nsec(), spent = 0;
	unsigned n = 0;

	for (; spent < RUN_NSEC; n++) {
		work(m);
		spent = cpu_nsec() - start;
	}
	return n * (double)NSEC_PER_SEC / (double)spent;
}

int main(void)
{
	static const size_t sizes[] = { 3000, 10000, 100000, 1000000 };
	struct mail m = {
		.wire = BUF_INIT(MESSAGE_MAX_BYTES),
		.record = BUF_INIT(BASE64_MAX_BYTES),
	};

	make_key(&m);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		make_mail(&m, sizes[i]);
		double ours = rate(&m, verify), bare = rate(&m, do_bare);
		printf("%7zu bytes: %6.0f/s, %5.1f us each; bare %6.0f/s, "
		       "%4.2f of it\n",
			sizes[i], ours, 1e6 / ours, bare, ours / bare);
	}
	EVP_PKEY_free(m.key);
	buf_release(&m.wire);
	buf_release(&m.record);
	return 0;
}
