/* What a run on a server says at its end. */
#include "cmdeploy/run/ending.h"
#include "tests/test.h"

#define NEWS "from 0.1 to 0.2"

static const struct {
	const char *name, *package;
	bool is_changed, is_new, is_without_mail;
	const char *want;
} rows[] = {
	{ "nothing", "", false, false, false,
		"The relay r.test matches r.ini; nothing was changed." },
	{ "the package alone", NEWS, false, false, false,
		"The relay r.test matches r.ini; nothing was changed "
		"but our package, " NEWS "." },
	{ "files", "", true, false, false,
		"The relay r.test now matches r.ini." },
	{ "both", NEWS, true, false, false,
		"The relay r.test now matches r.ini, with our package "
		"" NEWS "." },
	{ "the first run", "", true, true, false, "The relay r.test runs." },
	{ "the first run, cut and with another package", NEWS, true, true,
		false, "The relay r.test runs." },
	{ "without mail", "", true, true, true,
		"The relay r.test now matches r.ini." },
};

int main(void)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_BUF struct buf out = BUF_INIT(BUF_WHY_MAX_BYTES);
		const struct ending ending = {
			.domain = "r.test",
			.settings = "r.ini",
			.package = rows[i].package,
			.is_changed = rows[i].is_changed,
			.is_new = rows[i].is_new,
			.is_without_mail = rows[i].is_without_mail,
		};
		ending_add(&ending, &out);
		check_str(rows[i].name, buf_str(&out), rows[i].want);
	}
	return test_end();
}
