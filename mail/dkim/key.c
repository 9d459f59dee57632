/* The public keys of DKIM, out of their records. */
#include "mail/dkim/key.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "mail/base64.h"
#include "mail/tags.h"

enum {
	/* An RSA key of 8192 bits has 1100; a multiple of three. */
	KEY_MAX_BYTES = 3072,
	ED25519_BYTES = 32,
};

/* Most publish it with its algorithm around it, some the bare numbers. */
static EVP_PKEY *read_rsa(const unsigned char *bytes, long len)
{
	const unsigned char *at = bytes;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &at, len);

	at = bytes;
	return key ? key : d2i_PublicKey(EVP_PKEY_RSA, NULL, &at, len);
}

static int exponent_bits(const EVP_PKEY *key)
{
	BIGNUM *e = NULL;
	int bits = DKIM_EXPONENT_MAX_BITS + 1;

	if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e))
		bits = BN_num_bits(e);
	BN_free(e);
	return bits;
}

static const char *judge_rsa(const EVP_PKEY *key)
{
	if (!key || !EVP_PKEY_is_a(key, "RSA"))
		return "the key is not readable";
	int bits = EVP_PKEY_get_bits(key);
	if (bits < DKIM_RSA_MIN_BITS)
		return "the key has less than 1024 bits";
	if (bits > DKIM_RSA_MAX_BITS ||
		exponent_bits(key) > DKIM_EXPONENT_MAX_BITS)
		return "the key is too long";
	return NULL;
}

static const char *read_key(struct slice type, const unsigned char *bytes,
	ssize_t len, struct dkim_key *k)
{
	if (slice_eq_str_nocase(type, "rsa")) {
		k->algorithm = DKIM_RSA_SHA256;
		k->key = read_rsa(bytes, len);
		return judge_rsa(k->key);
	}
	if (!slice_eq_str_nocase(type, "ed25519"))
		return "the key is of an unknown type";
	k->algorithm = DKIM_ED25519_SHA256;
	if (len == ED25519_BYTES)
		k->key = EVP_PKEY_new_raw_public_key(
			EVP_PKEY_ED25519, NULL, bytes, (size_t)len);
	return k->key ? NULL : "the key is not readable";
}

/* What the record says beside the key. */
static const char *judge_record(struct slice record)
{
	struct slice value;

	if (!slice_eq_str(tags_value(record, "v", "DKIM1"), "DKIM1"))
		return "the key's record is not one of DKIM";
	if (!tags_get(record, "p", &value))
		return "the key's record has no key";
	if (value.len == 0)
		return "the key has been revoked";
	if (tags_get(record, "h", &value) && !tags_has_item(value, "sha256"))
		return "the key is not for sha256";
	if (tags_get(record, "s", &value) && !tags_has_item(value, "email") &&
		!tags_has_item(value, "*"))
		return "the key is not for mail";
	return NULL;
}

const char *dkim_key_parse(struct slice record, struct dkim_key *ret_key)
{
	unsigned char bytes[KEY_MAX_BYTES];
	struct dkim_key k = { 0 };
	const char *fault = judge_record(record);

	if (fault)
		return fault;
	ssize_t len = base64_decode(
		tags_value(record, "p", ""), bytes, sizeof(bytes));
	if (len < 0)
		return "the key is not readable";
	k.is_strict = tags_has_item(tags_value(record, "t", ""), "s");
	fault = read_key(tags_value(record, "k", "rsa"), bytes, len, &k);
	if (fault)
		dkim_key_release(&k);
	else
		*ret_key = k;
	return fault;
}

void dkim_key_release(struct dkim_key *k)
{
	EVP_PKEY_free(k->key);
	k->key = NULL;
}

static bool verify_rsa(EVP_PKEY *key, const unsigned char *hash,
	const unsigned char *signature, size_t len)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(key, NULL);
	bool is_good = c && EVP_PKEY_verify_init(c) > 0 &&
		EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PADDING) > 0 &&
		EVP_PKEY_CTX_set_signature_md(c, EVP_sha256()) > 0 &&
		EVP_PKEY_verify(c, signature, len, hash, DKIM_HASH_BYTES) == 1;

	EVP_PKEY_CTX_free(c);
	return is_good;
}

/* RFC 8463: what is signed as a message is the hash. */
static bool verify_ed25519(EVP_PKEY *key, const unsigned char *hash,
	const unsigned char *signature, size_t len)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	bool is_good = c &&
		EVP_DigestVerifyInit(c, NULL, NULL, NULL, key) > 0 &&
		EVP_DigestVerify(c, signature, len, hash, DKIM_HASH_BYTES) == 1;

	EVP_MD_CTX_free(c);
	return is_good;
}

bool dkim_key_verify(const struct dkim_key *k,
	const unsigned char hash[DKIM_HASH_BYTES], struct slice signature)
{
	const unsigned char *bytes = (const unsigned char *)signature.ptr;

	return k->algorithm == DKIM_RSA_SHA256
		? verify_rsa(k->key, hash, bytes, signature.len)
		: verify_ed25519(k->key, hash, bytes, signature.len);
}
