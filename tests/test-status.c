/* Unit tests of cmdeploy/status/status.h. */
#include "cmdeploy/status/loglines.h"

#include "cmdeploy/host/resolver.h"
#include "cmdeploy/status/status.h"
#include "tests/test.h"

static void test_is_error(void)
{
	static const struct {
		const char *line;
		bool is_error;
	} rows[] = {
		{ "2026-01-31_10:00:00.00001 <3>disk full", true },
		{ "<2>worse", true },
		{ "<4>a warning", false },
		{ "<6>sent <31>", false },
		{ "postfix/smtpd[7]: fatal: open /x: No such file", true },
		{ "postfix/cleanup[7]: error: no", true },
		{ "postfix/smtpd[7]: warning: hostname", false },
		{ "imap-login: Error: Diffie-Hellman", true },
		{ "master: Fatal: execv(x) failed", true },
		{ "imap: Info: Error_handler", false },
		{ "2026/01/31 10:00:00 [error] 7#7: *1 open() failed", true },
		{ "2026/01/31 10:00:00 [emerg] 7#7: no port", true },
		{ "2026/01/31 10:00:00 [warn] 7#7: x", false },
		{ "x [error] 7#7: *5 broken header: \"\" while reading PROXY "
		  "protocol, client: IP",
			false },
		{ "[error] 7#7: *1 FastCGI sent in stderr: \"<5>refused: "
		  "reason=nocreate\" while reading response",
			false },
		{ "[error] 7#7: *1 FastCGI sent in stderr: \"<4>not now\"",
			false },
		{ "[error] 7#7: *1 FastCGI sent in stderr: \"<3>failed\"",
			true },
		{ "", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_int(rows[i].line, log_is_error(slice_of(rows[i].line)),
			rows[i].is_error);
}

static void test_find_errors(void)
{
	AUTO_BUF struct buf text = BUF_INIT(1 << 16);
	struct log_errors errors;

	buf_add_str(&text,
		"2026-01-30_09:59:59.99999 <3>before\n"
		"2026-01-30_10:00:00.00000 <3>first\n"
		"<3>without time\n"
		"2026-01-30_10:00:01.00000 <6>fine\n");
	log_find_errors(buf_slice(&text), "2026-01-30_10:00:00", &errors);
	check_int("two", errors.n, 2);
	check_int("two", errors.n_last, 2);
	check_slice("newest first", errors.last[0], SLICE("<3>without time"));
	for (int i = 0; i < 2 * LOG_LINES_MAX; i++)
		buf_addf(&text, "<3>%d line %c\n<3>%d line %c\n", i, 'a' + i,
			i + 1, 'a' + i);
	log_find_errors(buf_slice(&text), "2026-01-30_10:00:00", &errors);
	check_int("many", errors.n, 4 * LOG_LINES_MAX + 2);
	check_int("many", errors.n_last, LOG_LINES_MAX);
	check_slice("many", errors.last[0], SLICE("<3>10 line j"));
	check_slice(
		"many", errors.last[LOG_LINES_MAX - 1], SLICE("<3>6 line f"));
}

static void test_upgrades(void)
{
	static const char text[] =
		"NOTE: This is only a simulation!\n"
		"Inst libc6 [2.36-9] (2.36-10 Debian-Security:12/"
		"stable-security [amd64]) []\n"
		"Inst postfix [3.7.11] (3.7.12 Debian:12.13/stable [amd64])\n"
		"Inst x [1] (2 Debian-Security:13/stable-security [all])\n"
		"Conf libc6 (2.36-10 Debian-Security:12/stable-security)\n";
	struct upgrades got;

	upgrades_parse(slice_of(text), &got);
	check_int("all", got.n, 3);
	check_int("security", got.n_security, 2);
	upgrades_parse(SLICE(""), &got);
	check_int("none", got.n, 0);
}

static void test_forwarders(void)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "", "" },
		{ ". IN forward 10.77.0.53\n", "10.77.0.53" },
		{ ". IN forward +i 10.0.0.1 2001:db8::1\n",
			"10.0.0.1 2001:db8::1" },
		{ "example.org. IN forward 10.0.0.1\n", "" },
		{ "lan. IN stub noprime 10.0.0.1\n. IN forward 10.0.0.2\n",
			"10.0.0.2" },
		{ "error: no such thing\n", "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_BUF struct buf out = BUF_INIT(BUF_WHY_MAX_BYTES);
		resolver_parse_forwarders(&out, slice_of(rows[i].text));
		check_str(rows[i].text, buf_str(&out), rows[i].want);
	}
}

static void test_texts(void)
{
	static const struct {
		int64_t seconds;
		const char *want;
	} durations[] = {
		{ -5, "0 s" },
		{ 59, "59 s" },
		{ 60, "1 min" },
		{ 3599, "59 min" },
		{ 3600, "1 h 0 min" },
		{ 86399, "23 h 59 min" },
		{ 90000, "1 d 1 h" },
	};
	static const struct {
		uint64_t bytes;
		const char *want;
	} sizes[] = {
		{ 0, "0 MB" },
		{ 500UL << 20, "500 MB" },
		{ 3UL << 29, "1.5 GB" },
	};

	for (size_t i = 0; i < ARRAY_LEN(durations); i++) {
		AUTO_BUF struct buf out = BUF_INIT(64);
		status_add_duration(&out, durations[i].seconds);
		check_str("duration", buf_str(&out), durations[i].want);
	}
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		AUTO_BUF struct buf out = BUF_INIT(64);
		status_add_size(&out, sizes[i].bytes);
		check_str("size", buf_str(&out), sizes[i].want);
	}
}

static void test_shortages(void)
{
	static const struct {
		struct account_shortage shortage;
		const char *want;
	} rows[] = {
		{ { ACCOUNT_LOAD, 10.74, 10 },
			"none until the machine is less busy: its load is "
			"10.7, and more than 10.0 is too much (max_load_1m); "
			"they come back by themselves, \"top\" shows what "
			"keeps it busy" },
		{ { ACCOUNT_MEMORY, 80 << 20, 100 << 20 },
			"none until there is more memory: 80 MB available, and "
			"less than 100 MB is too little "
			"(min_available_memory); end what does not belong "
			"there, or take a larger machine" },
		{ { ACCOUNT_DISK, 700 << 20, 3UL << 29 },
			"none until there is more room for mail: 700 MB free, "
			"and less than 1.5 GB is too little "
			"(min_free_disk_space); make room, lower "
			"delete_mails_after, or take a larger disk" },
		{ { ACCOUNT_FILES, 700, 65536 },
			"none until more files can be made: 700 inodes are "
			"free, and less than 65536 is too little "
			"(min_free_disk_space); \"df -i\" shows them; delete "
			"files, or move to a file system with more "
			"inodes" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_BUF struct buf out = BUF_INIT(BUF_WHY_MAX_BYTES);
		status_add_shortage(&out, &rows[i].shortage);
		check_str("shortage", buf_str(&out), rows[i].want);
	}
}

static void test_list(void)
{
	struct findings list = { 0 };

	check_int("empty", findings_grade(&list), STATUS_FINE);
	findings_number(&list, "days", 1);
	findings_add(&list, STATUS_FINE, "a", "%d", 1);
	findings_add(&list, STATUS_BAD, "b", "%d", 2);
	findings_number(&list, "days", 3);
	findings_add(&list, STATUS_DOUBT, "c", "%d", 3);
	check_int("worst", findings_grade(&list), STATUS_BAD);
	check_int("bad", findings_count(&list, STATUS_BAD), 1);
	check_str("text", list.v[1].text, "2");
	check_int("number", list.v[1].number, 3);
	check("no number", !list.v[2].unit);
	findings_release(&list);
	check_int("released", list.n, 0);
}

/* Of what there is one, or NULL. */
static const struct finding *find(const struct findings *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->v[i].name, name) == 0)
			return &list->v[i];
	return NULL;
}

/* Whatever this machine's limits are, for so many they are too low. */
static void test_idle_connections(void)
{
	static const struct {
		uint64_t wanted;
		bool is_server;
		int grade; /* -1: it is not told */
	} rows[] = {
		{ 0, true, -1 },
		{ UINT64_MAX, true, STATUS_DOUBT },
		{ UINT64_MAX, false, STATUS_FINE },
	};
	char nowhere[] = "/nonexistent", none[] = "";

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct findings list = { 0 };
		struct relay relay = {
			.is_server = rows[i].is_server,
			.places = { .mail_root = nowhere,
				.libexec_dir = nowhere,
				.own_state_dir = nowhere },
			.config = { .max_imap_connections = rows[i].wanted,
				.backup_to = none },
		};
		status_machine(&relay, &list);
		const struct finding *found = find(&list, "idle connections");
		check_int(
			"grade", found ? (int)found->grade : -1, rows[i].grade);
		check("how to raise it",
			!found ||
				strstr(found->text,
					"; for more: sysctl "
					"fs.inotify.max_user_instances="));
		check("a number", !found || found->number > 0);
		findings_release(&list);
	}
}

int main(void)
{
	test_idle_connections();
	test_is_error();
	test_find_errors();
	test_upgrades();
	test_forwarders();
	test_texts();
	test_shortages();
	test_list();
	return test_end();
}
