/* What is the Python software's, and what is not. */
#include "cmdeploy/relay/former.h"

#include "tests/test.h"

static const struct {
	const char *name, *list, *before, *want;
	int n;
} packages[] = {
	{ "none", "", "", "", 0 },
	{ "Debian's", "dovecot-core 1:2.3.19.1+dfsg1-2.1+deb12u1\n", "", "",
		0 },
	{ "its own",
		"dovecot-core 1:2.3.21+dfsg1-3\n"
		"dovecot-imapd 1:2.3.21+dfsg1-3\n",
		"", "dovecot-core=1:2.3.19* dovecot-imapd=1:2.3.19*", 2 },
	{ "one of them, beside others",
		"dovecot-core 1:2.3.19.1\ndovecot-lmtpd 1:2.3.21\n", "unbound",
		"unbound dovecot-lmtpd=1:2.3.19*", 1 },
	{ "another epoch", "dovecot-core 2.3.19\n", "",
		"dovecot-core=1:2.3.19*", 1 },
};

static void test_packages(void)
{
	for (size_t i = 0; i < ARRAY_LEN(packages); i++) {
		AUTO_BUF struct buf names = BUF_INIT(200);
		buf_add_str(&names, packages[i].before);
		check_int(packages[i].name,
			former_pick_packages(
				slice_of(packages[i].list), &names),
			packages[i].n);
		check_str(packages[i].name, buf_str(&names), packages[i].want);
	}
}

int main(void)
{
	test_packages();
	return test_end();
}
