#include "cmdeploy/status/x509.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "lib/file.h"
#include "lib/proc.h"

enum {
	OPENSSL_SEC = 5,
	TEXT_MAX_BYTES = 1 << 20,
};

static bool is_address(const char *name)
{
	struct in6_addr bytes;

	return inet_pton(AF_INET, name, &bytes) == 1 ||
		inet_pton(AF_INET6, name, &bytes) == 1;
}

static void take_line(struct slice line, struct x509_facts *facts,
	struct slice *issuer, struct slice *subject)
{
	struct slice name, value;

	if (slice_ends(line, SLICE(" does match certificate")))
		facts->is_for_name = true;
	if (!slice_cut(line, '=', &name, &value))
		return;
	if (slice_eq_str(name, "issuer"))
		*issuer = value;
	else if (slice_eq_str(name, "subject"))
		*subject = value;
	else if (slice_eq_str_nocase(name, "sha256 fingerprint") &&
		value.len < sizeof(facts->digest))
		memcpy(facts->digest, value.ptr, value.len);
	else if (slice_eq_str(name, "notAfter")) {
		AUTO_FREE char *text = slice_dup(value);
		struct tm tm = { 0 };
		const char *end = strptime(text, "%Y-%m-%d %H:%M:%SZ", &tm);
		facts->not_after = end && !*end ? timegm(&tm) : 0;
	}
}

int x509_parse(struct slice text, struct x509_facts *ret_facts)
{
	struct x509_facts facts = { 0 };
	struct slice line, issuer = SLICE_NONE, subject = SLICE_NONE;

	while (slice_next_line(&text, &line))
		take_line(slice_trim(line), &facts, &issuer, &subject);
	if (facts.not_after == 0 || !facts.digest[0])
		return -EBADMSG;
	facts.is_self_signed = slice_eq(issuer, subject);
	*ret_facts = facts;
	return 0;
}

/* Of a PEM text, with whatever stands around it. */
static int tell(struct slice pem, const char *name,
	struct x509_facts *ret_facts, struct buf *why)
{
	AUTO_BUF struct buf out = BUF_INIT(TEXT_MAX_BYTES);
	AUTO_BUF struct buf err = BUF_INIT(TEXT_MAX_BYTES);
	const char *const argv[] = { "openssl", "x509", "-noout", "-enddate",
		"-dateopt", "iso_8601", "-fingerprint", "-sha256", "-issuer",
		"-subject", is_address(name) ? "-checkip" : "-checkhost", name,
		NULL };
	const struct proc proc = {
		.argv = argv,
		.input = pem,
		.timeout_sec = OPENSSL_SEC,
		.out = &out,
		.err = &err,
	};
	int status;
	int r = proc_run(&proc, &status, why);

	if (r < 0)
		return r;
	if (x509_parse(buf_slice(&out), ret_facts) < 0)
		return because(
			why, -EBADMSG, "no certificate that can be read");
	return 0;
}

int x509_read_file(const char *path, const char *name,
	struct x509_facts *ret_facts, struct buf *why)
{
	AUTO_BUF struct buf text = BUF_INIT(TEXT_MAX_BYTES);
	AUTO_BUF struct buf reason = BUF_INIT(BUF_WHY_MAX_BYTES);
	int r = file_read(path, &text, why);

	if (r < 0)
		return r;
	r = tell(buf_slice(&text), name, ret_facts, &reason);
	return r < 0 ? because(why, r, "%s: %s", path, buf_str(&reason)) : 0;
}

int x509_read_server(const char *server, const char *name,
	struct x509_facts *ret_facts, struct buf *why)
{
	AUTO_BUF struct buf out = BUF_INIT(TEXT_MAX_BYTES);
	AUTO_BUF struct buf err = BUF_INIT(TEXT_MAX_BYTES);
	const char *const argv[] = { "openssl", "s_client", "-connect", server,
		is_address(name) ? "-noservername" : "-servername",
		is_address(name) ? NULL : name, NULL };
	const struct proc proc = {
		.argv = argv,
		.timeout_sec = OPENSSL_SEC,
		.out = &out,
		.err = &err,
	};
	int status;
	int r = proc_run(&proc, &status, why);

	return r < 0 ? r : tell(buf_slice(&out), name, ret_facts, why);
}
