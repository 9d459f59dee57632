/* Unit tests of chatmaild/mxsend/mx.h. */
#include "chatmaild/mxsend/mx.h"

#include <string.h>

#include "lib/buf.h"
#include "tests/test.h"

static void add_name(struct buf *packet, struct slice name)
{
	struct slice label;

	while (name.len > 0) {
		if (!slice_cut(name, '.', &label, &name)) {
			label = name;
			name = SLICE_NONE;
		}
		buf_add_char(packet, (char)label.len);
		buf_add_slice(packet, label);
	}
	buf_add_char(packet, '\0');
}

static void add_number(struct buf *packet, unsigned n)
{
	buf_add_char(packet, (char)(n >> 8));
	buf_add_char(packet, (char)(n & 0xff));
}

/* The record that "10 host" says, of the domain that the packet begins with. */
static void add_record(struct buf *packet, struct slice text)
{
	AUTO_BUF struct buf data = BUF_INIT(300);
	struct slice preference, host;
	unsigned n = 0;

	slice_cut(text, ' ', &preference, &host);
	for (size_t i = 0; i < preference.len; i++)
		n = n * 10 + (unsigned)(preference.ptr[i] - '0');
	add_number(&data, n);
	add_name(&data, host);
	buf_add_slice(packet, slice_make("\xc0\x0c\0\x0f\0\1\0\0\0\x3c", 10));
	add_number(packet, (unsigned)data.len);
	buf_add_slice(packet, buf_slice(&data));
}

static void make_answer(struct buf *packet, const char *records)
{
	struct slice rest = slice_of(records), line;
	unsigned n = 0;

	while (slice_next_line(&rest, &line))
		n++;
	buf_add_slice(packet, slice_make("\0\1\x81\x80\0\1", 6));
	add_number(packet, n);
	buf_add_slice(packet, slice_make("\0\0\0\0", 4));
	add_name(packet, SLICE("a.example"));
	buf_add_slice(packet, slice_make("\0\x0f\0\1", 4));
	rest = slice_of(records);
	while (slice_next_line(&rest, &line))
		add_record(packet, line);
}

static const struct {
	const char *name, *records, *hosts;
	enum mx_outcome outcome;
} rows[] = {
	{ "none", "", "a.example ", MX_HOST },
	{ "one", "10 mx.a.example\n", "mx.a.example ", MX_HOST },
	{ "the best first", "20 b.example\n10 a.example\n30 c.example\n",
		"a.example b.example c.example ", MX_HOST },
	{ "as good", "10 x.example\n10 y.example\n5 z.example\n",
		"z.example x.example y.example ", MX_HOST },
	{ "null MX", "0 \n", "", MX_REFUSED },
	{ "null MX beside others", "0 \n65535 b.example\n", "b.example ",
		MX_HOST },
	{ "a path, a user, a blank in a name",
		"10 a.example/x\n10 x@a.example\n10 a?b.example\n10 a b\n"
		"20 _b-1.example\n",
		"_b-1.example ", MX_HOST },
	{ "no name of a host", "10 a.example/x\n", "", MX_REFUSED },
	{ "the best of many",
		"70 g.example\n60 f.example\n50 e.example\n40 d.example\n"
		"30 c.example\n20 b.example\n10 a.example\n80 h.example\n",
		"a.example b.example c.example d.example e.example ", MX_HOST },
};

static void test_answers(void)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_BUF struct buf packet = BUF_INIT(4096);
		AUTO_BUF struct buf got = BUF_INIT(4096);
		struct mx_hosts hosts = { 0 };
		make_answer(&packet, rows[i].records);
		enum mx_outcome outcome =
			mx_read((const unsigned char *)packet.ptr,
				(int)packet.len, "a.example", &hosts);
		check_int(rows[i].name, outcome, rows[i].outcome);
		for (unsigned j = 0; j < hosts.n; j++)
			buf_addf(&got, "%s ", hosts.names[j]);
		check_str(rows[i].name, buf_str(&got), rows[i].hosts);
		mx_hosts_release(&hosts);
	}
}

/* What is cut off says nothing, or less; it never breaks anything. */
static void test_cut(void)
{
	AUTO_BUF struct buf packet = BUF_INIT(4096);

	make_answer(&packet, "10 mx.a.example\n20 b.example\n");
	for (size_t len = 0; len < packet.len; len++) {
		AUTO_FREE unsigned char *part = xcalloc(1, len + 1);
		struct mx_hosts hosts = { 0 };
		memcpy(part, packet.ptr, len);
		enum mx_outcome outcome =
			mx_read(part, (int)len, "a.example", &hosts);
		check_int("cut", outcome == MX_TROUBLE || hosts.n > 0, true);
		mx_hosts_release(&hosts);
	}
}

/* A domain that is not one has no host either. */
static void test_domain(void)
{
	AUTO_BUF struct buf packet = BUF_INIT(4096);
	struct mx_hosts hosts = { 0 };

	make_answer(&packet, "");
	enum mx_outcome outcome = mx_read((const unsigned char *)packet.ptr,
		(int)packet.len, "a.example/x", &hosts);
	check_int("domain", outcome, MX_NO_NAME);
	check_int("domain", hosts.n, 0);
	mx_hosts_release(&hosts);
}

int main(void)
{
	test_answers();
	test_domain();
	test_cut();
	return test_end();
}
