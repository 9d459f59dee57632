/* Unit tests of cmdeploy/moving/uidlist.h. */
#include <errno.h>

#include "cmdeploy/moving/uidlist.h"
#include "tests/test.h"

static const struct {
	const char *name, *text;
	int r;
	const char *out;
} cases[] = {
	{ "empty mailbox", "3 V170 N1 G0a\n", 0, "3 V170 N1000001 G0a\n" },
	{ "messages", "3 V170 N6 G0a\n4 W5 :x\n5 :y\n", 0,
		"3 V170 N1000006 G0a\n4 W5 :x\n5 :y\n" },
	{ "messages that the header does not know yet",
		"3 V170 N3 G0a\n4 W5 :x\n9 :y\n", 0,
		"3 V170 N1000010 G0a\n4 W5 :x\n9 :y\n" },
	{ "a last line that was cut", "3 V170 N6 G0a\n4 :x\n5 :", 0,
		"3 V170 N1000006 G0a\n4 :x\n" },
	{ "only a cut line", "3 V170 N6 G0a\n4", 0, "3 V170 N1000006 G0a\n" },
	{ "twice", "3 V170 N1000006\n", 0, "3 V170 N2000006\n" },
	{ "the last that can be", "3 V1 N4293967295\n", 0,
		"3 V1 N4294967295\n" },
	{ "none left", "3 V1 N4293967296\n", -ERANGE, NULL },
	{ "no next UID", "3 V170 G0a\n", -EINVAL, NULL },
	{ "two of them", "3 V170 N1 N2\n", -EINVAL, NULL },
	{ "not a number", "3 V170 N-1\n", -EINVAL, NULL },
	{ "another version", "1 170 6\n", -EINVAL, NULL },
	{ "nothing", "", -EINVAL, NULL },
	{ "a cut header", "3 V170 N6", -EINVAL, NULL },
	{ "NULs", "\n\n", -EINVAL, NULL },
};

static void test_raise(void)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_BUF struct buf out = BUF_INIT(1000);
		int r = uidlist_raise(slice_of(cases[i].text), &out);

		check_int(cases[i].name, r, cases[i].r);
		if (r == 0)
			check_str(cases[i].name, buf_str(&out), cases[i].out);
	}
}

int main(void)
{
	test_raise();
	return test_end();
}
