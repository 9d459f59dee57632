/*
 * Signatures of RFC 8463 and of dkimpy, as they are and changed, and the
 * canonical forms. t/dkim.sh tries much more of what dkimpy signs.
 */
#include "mail/dkim/dkim.h"

#include "tests/dkim-judge.h"
#include "tests/test.h"

enum {
	WIRE_MAX = 65536,
	RANDOM_RUNS = 8,
	NOW = 1528638000,
};

#define RSA_KEY                                                                \
	"MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6"     \
	"Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/"     \
	"e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G"     \
	"+2kryOTIKT+l/K4w3QIDAQAB"
#define OLD_KEY                                                                \
	"MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCpiFBCBTUjEehspw/+FTRl"         \
	"hjhKDbxsBqhvCUC6fv98HK2YP42OcY4OLl0w8G05M4VwfiUWzxOxmSIJD7kg"         \
	"ivNO5hk1RdxBXipbL9ygnDiS0gagc3JRcqwL83tfeWjtBW7WRP8z6tTMevUV"         \
	"Q3pXoxPsSGGzqT+lOhCxjBqXkJlhIwIDAQAB"
#define BARE_KEY                                                               \
	"MIGJAoGBAKmIUEIFNSMR6GynD/4VNGWGOEoNvGwGqG8JQLp+/3wcrZg/jY5x"         \
	"jg4uXTDwbTkzhXB+JRbPE7GZIgkPuSCK807mGTVF3EFeKlsv3KCcOJLSBqBz"         \
	"clFyrAvze195aO0FbtZE/zPq1Mx69RVDelejE+xIYbOpP6U6ELGMGpeQmWEj"         \
	"AgMBAAE="
#define ED_KEY "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="

#define MESSAGE(gap)                                                           \
	"From: Joe SixPack <joe@football.example.com>\n"                       \
	"To: Suzie Q <suzie@shopping.example.net>\n"                           \
	"Subject: Is dinner ready?\n"                                          \
	"Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\n"                        \
	"Message-ID: <20030712040037.46341.5F8J@football.example.com>\n"       \
	"\n"                                                                   \
	"Hi.\n"                                                                \
	"\n"                                                                   \
	"We lost the game." gap "Are you hungry yet?\n"                        \
	"\n"                                                                   \
	"Joe.\n"

/* RFC 8463, appendix A.3. */
#define SIGNED(algorithm, selector, value)                                     \
	"DKIM-Signature: v=1; a=" algorithm "; c=relaxed/relaxed;\n"           \
	" d=football.example.com; i=@football.example.com;\n"                  \
	" q=dns/txt; s=" selector "; t=1528637909; h=from : to :\n"            \
	" subject : date : message-id : from : subject : date;\n"              \
	" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\n"                  \
	" b=" value "\n" MESSAGE("  ")

static const char ed25519[] = SIGNED("ed25519-sha256", "brisbane",
	"/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\n"
	" Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==");
static const char rsa[] = SIGNED("rsa-sha256", "test",
	"F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\n"
	" DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\n"
	" dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=");
/* Signed by dkimpy, with a key made for this. */
static const char simple[] =
	"DKIM-Signature: v=1; a=rsa-sha256; c=simple/simple; d=example.com;\n"
	" i=joe@football.example.com; q=dns/txt; s=brisbane; t=1528637909;\n"
	" h=from : to : subject : date : message-id;\n"
	" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\n"
	" b=Ubl5R7NTY2jgR9OTQLvjLRnElcFhF3S52uasWFjfy5WyTQ/k8lFXUeVoL/"
	"AhxJDsS0cHI\n"
	" L7H2lukYDFHXG5/PMNlwRQGNO0A77r0i5RG3ikiaPs/"
	"kl7aUxUjlQMPH+AWskcKr03BCZst\n"
	" f9RmCaNDBNYKh1Yl8VgjzCt0F/tvTwE=\n" MESSAGE(" ");

#define HEADER_CHANGED "the header is not what was signed, or by another key"
#define BODY_CHANGED   "the body is not what was signed"

/* The message changed by putting one text for another; what is said. */
static const struct {
	const char *name, *message, *domain, *record;
	const char *find, *put;
	const char *want;
} rows[] = {
#define ED  ed25519, "football.example.com", "v=DKIM1; k=ed25519; p=" ED_KEY
#define RSA rsa, "football.example.com", "v=DKIM1; k=rsa; p=" RSA_KEY
#define OLD simple, "example.com", "v=DKIM1; p=" OLD_KEY
	{ "ed25519", ED, "", "", "good" },
	{ "rsa", RSA, "", "", "good" },
	{ "simple", OLD, "", "", "good" },
	{ "domain in capitals", rsa, "FOOTBALL.example.COM",
		"v=DKIM1; p=" RSA_KEY, "", "", "good" },
	{ "other domain", rsa, "example.com", "p=" RSA_KEY, "", "", "none" },
	{ "domain below", rsa, "a.football.example.com", "p=" RSA_KEY, "", "",
		"none" },
	{ "d= twice", RSA, "q=dns/txt", "d=football.example.com", "none" },
	{ "not a list", RSA, "q=dns/txt", "q", "none" },

	{ "body changed", RSA, "lost", "won", BODY_CHANGED },
	{ "body longer", RSA, "Joe.\n", "Joe.\nAnd more\n", BODY_CHANGED },
	{ "empty lines at the end", RSA, "Joe.\n", "Joe.\n\n\n", "good" },
	{ "empty lines at the end, simple", OLD, "Joe.\n", "Joe.\n\n", "good" },
	{ "blanks, relaxed", RSA, "We lost", "We \t lost", "good" },
	{ "blanks at the end of a line, relaxed", RSA, "yet?", "yet? \t",
		"good" },
	{ "blanks, simple", OLD, "We lost", "We  lost", BODY_CHANGED },
	{ "subject changed", RSA, "dinner", "lunch", HEADER_CHANGED },
	{ "name in capitals, relaxed", RSA, "Subject: ", "SUBJECT :\t",
		"good" },
	{ "name in capitals, simple", OLD,
		"Subject: ", "SUBJECT: ", HEADER_CHANGED },
	{ "folded, relaxed", RSA, "Suzie Q", "Suzie\n\t Q", "good" },
	{ "folded, simple", OLD, "Suzie Q", "Suzie\n Q", HEADER_CHANGED },
	{ "a Subject added on top, oversigned", RSA, "From: Joe",
		"Subject: x\nFrom: Joe", HEADER_CHANGED },
	{ "a To added below", RSA,
		"Message-ID:", "To: x@y\nMessage-ID:", HEADER_CHANGED },
	{ "a To added on top", RSA, "From: Joe", "To: x@y\nFrom: Joe", "good" },
	{ "a field that is not signed", RSA,
		"Date:", "X-Seen: 1\nDate:", "good" },
	{ "blanks around b=", OLD, "b=Ubl5", "b= Ubl5", "good" },
	{ "a tag added to a signature", RSA, "v=1;", "v=1; z=x;",
		HEADER_CHANGED },

	{ "l=", RSA, "q=dns/txt", "l=5",
		"only a part of the body is signed (l=)" },
	{ "v=2", RSA, "v=1", "v=2", "unknown version" },
	{ "sha1", RSA, "rsa-sha256", "rsa-sha1",
		"neither rsa-sha256 nor ed25519-sha256" },
	{ "c=", RSA, "c=relaxed/relaxed", "c=nofws",
		"unknown canonicalization" },
	{ "c= of the header alone", RSA, "c=relaxed/relaxed", "c=relaxed",
		BODY_CHANGED },
	{ "q=", RSA, "q=dns/txt", "q=http", "its key is not in the DNS" },
	{ "q= with others", RSA, "q=dns/txt", "q=http:dns/txt",
		HEADER_CHANGED },
	{ "i= of another", RSA, "i=@football.example.com", "i=@example.com",
		"i= is not of the signing domain" },
	{ "i= that ends alike", RSA, "i=@football.example.com",
		"i=@xfootball.example.com", "i= is not of the signing domain" },
	{ "i= without @", RSA, "i=@football.example.com", "i=joe",
		"i= is not an address" },
	{ "no bh", RSA, "bh=", "xx=", "a tag is missing" },
	{ "no b", RSA, " b=", " y=", "a tag is missing" },
	{ "bh= too short", RSA, "2jUSOH9N", "", "bh= is not a hash" },
	{ "b= not base64", RSA, "F45d", "F4:d", "b= is not a signature" },
	{ "selector", RSA, "s=test", "s=te/st", "s= is not a selector" },
	{ "From not signed", RSA, "h=from : to", "h=sender : to",
		HEADER_CHANGED },
	{ "From not signed at all", OLD, "h=from", "h=sender",
		"From is not signed" },
	{ "t= in the future", RSA, "t=1528637909", "t=1528640000",
		"signed in the future: a clock is wrong" },
	{ "t= by a clock that goes ahead", RSA, "t=1528637909", "t=1528638100",
		HEADER_CHANGED },
	{ "t= not a time", RSA, "t=1528637909", "t=now", "t= is not a time" },
	{ "x= past", RSA, "q=dns/txt", "x=1528637910", HEADER_CHANGED },
	{ "x= long past", RSA, "q=dns/txt; s=test; t=1528637909",
		"s=test; t=1528630000; x=1528637000", "it has expired" },
	{ "x= before t=", RSA, "q=dns/txt", "x=1528637909",
		"x= is not a time after t=" },
	{ "x= to come", RSA, "q=dns/txt", "x=1628637909", HEADER_CHANGED },

	{ "no v=, blanks, no k=", rsa, "football.example.com",
		" p = " RSA_KEY " ; n=a note; ", "", "", "good" },
	{ "key without its algorithm", simple, "example.com", "p=" BARE_KEY, "",
		"", "good" },
	{ "key of another", rsa, "football.example.com", "p=" OLD_KEY, "", "",
		HEADER_CHANGED },
	{ "key of another kind", rsa, "football.example.com",
		"k=ed25519; p=" ED_KEY, "", "",
		"the key is of another algorithm" },
	{ "key revoked", rsa, "football.example.com", "v=DKIM1; p=", "", "",
		"the key has been revoked" },
	{ "no record of DKIM", rsa, "football.example.com", "v=spf1 a -all", "",
		"", "the key's record is not one of DKIM" },
	{ "no key", rsa, "football.example.com", "v=DKIM1; k=rsa", "", "",
		"the key's record has no key" },
	{ "v= of another", rsa, "football.example.com", "v=DKIM2; p=x", "", "",
		"the key's record is not one of DKIM" },
	{ "key for sha1", rsa, "football.example.com", "h=sha1; p=" RSA_KEY, "",
		"", "the key is not for sha256" },
	{ "key for both", rsa, "football.example.com",
		"h=sha1 : sha256; p=" RSA_KEY, "", "", "good" },
	{ "key for the web", rsa, "football.example.com", "s=tlsrpt; p=x", "",
		"", "the key is not for mail" },
	{ "key for mail", rsa, "football.example.com",
		"s=email; t=s:y; p=" RSA_KEY, "", "", "good" },
	{ "key for d= alone", simple, "example.com", "t=s; p=" OLD_KEY, "", "",
		"the key is for d= alone, not for i=" },
	{ "key cut", rsa, "football.example.com", "p=MIGfMA0GCSqG", "", "",
		"the key is not readable" },
	{ "key of 512 bits", rsa, "football.example.com",
		"p=MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAL6fsuYc+ALvvAHldkJTBWU6Lj"
		"i2FhjP7UTR9QAYHlWNajNx4BZXQq54Ruz6D2mJ+z2IMsmoVyzNFgsP4u/z6b"
		"cCAwEAAQ==",
		"", "", "the key has less than 1024 bits" },
};

static void add_wire(struct buf *out, struct slice text)
{
	struct slice line;

	while (slice_next_line(&text, &line)) {
		if (line.len > 0 && line.ptr[0] == '.')
			buf_add_char(out, '.');
		buf_add_slice(out, line);
		buf_add_str(out, "\r\n");
	}
}

static const char *verdict(struct slice wire, const char *domain,
	const char *record, chunk_fn *chunk, void *context)
{
	struct dkim_key key = { 0 };
	struct dkim d;
	const char *got = "none";

	dkim_feed(&d, wire, chunk, context, slice_of(domain), NOW);
	if (d.n_signatures > 0) {
		got = dkim_key_parse(slice_of(record), &key);
		if (!got || d.signatures[0].fault)
			got = d.signatures[0].fault;
		if (!got)
			got = dkim_verify(&d.signatures[0], &key);
		if (!got)
			got = "good";
	}
	dkim_key_release(&key);
	dkim_release(&d);
	return got;
}

static void check_row(size_t i)
{
	AUTO_BUF struct buf text = BUF_INIT(WIRE_MAX);
	AUTO_BUF struct buf wire = BUF_INIT(WIRE_MAX);
	const char *at = strstr(rows[i].message, rows[i].find);

	check(rows[i].name, at != NULL);
	if (!at)
		return;
	buf_add(&text, rows[i].message, (size_t)(at - rows[i].message));
	buf_add_str(&text, rows[i].put);
	buf_add_str(&text, at + strlen(rows[i].find));
	add_wire(&wire, buf_slice(&text));
	check_str(rows[i].name,
		verdict(buf_slice(&wire), rows[i].domain, rows[i].record,
			chunk_whole, NULL),
		rows[i].want);
	for (unsigned n = 0; n < RANDOM_RUNS; n++) {
		unsigned seed = n;
		check_str(rows[i].name,
			verdict(buf_slice(&wire), rows[i].domain,
				rows[i].record, n ? chunk_random : chunk_one,
				&seed),
			rows[i].want);
	}
}

/* A body, stuffed where it has dots, and what is hashed of it. */
static const struct {
	const char *name, *body, *simple, *relaxed;
} bodies[] = {
	{ "of RFC 6376", " C \r\nD \t E\r\n\r\n\r\n", " C \r\nD \t E\r\n",
		" C\r\nD E\r\n" },
	{ "empty", "", "\r\n", "" },
	{ "of empty lines", "\r\n\r\n", "\r\n", "" },
	{ "of blanks", " \t\r\n\r\n", " \t\r\n", "" },
	{ "blanks at the end", "a\r\n \r\n", "a\r\n \r\n", "a\r\n" },
	{ "blanks between", "a\r\n \r\nb\r\n", "a\r\n \r\nb\r\n",
		"a\r\n\r\nb\r\n" },
	{ "stuffed", "..a\r\n..\r\n...\r\nb.\r\n", ".a\r\n.\r\n..\r\nb.\r\n",
		".a\r\n.\r\n..\r\nb.\r\n" },
	{ "no CRLF at the end", "a", "a\r\n", "a\r\n" },
};

static void check_body(const char *name, const char *body, const char *want,
	enum dkim_form form, bool is_whole)
{
	struct slice rest = slice_of(body);
	unsigned char got[DKIM_HASH_BYTES], wanted[DKIM_HASH_BYTES];
	struct dkim d;
	struct dkim_hash hash;

	dkim_init(&d);
	d.is_body_hashed[form] = true;
	dkim_body_init(&d.bodies[form], form);
	while (rest.len > 0) {
		size_t n = is_whole ? rest.len : 1;
		dkim_body(&d, slice_head(rest, n));
		rest = slice_from(rest, n);
	}
	dkim_body_end(&d.bodies[form], got);
	dkim_release(&d);
	dkim_hash_init(&hash);
	dkim_hash_add(&hash, slice_of(want));
	dkim_hash_end(&hash, wanted);
	dkim_hash_release(&hash);
	check(name, memcmp(got, wanted, sizeof(got)) == 0);
}

/* Signatures of others, before and after, are passed over. */
static void check_others(void)
{
	AUTO_BUF struct buf text = BUF_INIT(WIRE_MAX * 4);
	AUTO_BUF struct buf wire = BUF_INIT(WIRE_MAX * 4);
	struct dkim d;

	for (unsigned i = 0; i < 60; i++)
		buf_addf(&text, "DKIM-Signature: v=1; d=%u.example; b=x\n", i);
	for (unsigned i = 0; i < 8; i++)
		buf_add_str(&text, "DKIM-Signature: d=football.example.com\n");
	buf_add_str(&text, rsa);
	add_wire(&wire, buf_slice(&text));
	dkim_feed(&d, buf_slice(&wire), chunk_whole, NULL,
		SLICE("football.example.com"), NOW);
	check_int("counting", d.n_signatures, 9);
	check_str("name", buf_str(&d.signatures[8].key_name),
		"test._domainkey.football.example.com");
	check("no fault", !d.signatures[8].fault);
	dkim_release(&d);
}

int main(void)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_row(i);
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++)
		for (int is_whole = 0; is_whole < 2; is_whole++) {
			check_body(bodies[i].name, bodies[i].body,
				bodies[i].simple, DKIM_SIMPLE, is_whole);
			check_body(bodies[i].name, bodies[i].body,
				bodies[i].relaxed, DKIM_RELAXED, is_whole);
		}
	check_others();
	return test_end();
}
