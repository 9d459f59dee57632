/* What log lines look like, and which of them are written. */
#include "lib/log.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/test.h"

static int terminal; /* where this test itself reports */
static int reader;

/* From here on standard error is a pipe, as of a supervisor. */
static void capture(void)
{
	int fds[2];

	if (pipe2(fds, O_NONBLOCK | O_CLOEXEC) < 0 ||
		dup2(fds[1], STDERR_FILENO) < 0)
		abort();
	close(fds[1]);
	reader = fds[0];
}

/* What was written since. */
static void check_said(const char *name, const char *want)
{
	char got[1024];
	ssize_t n;

	if (dup2(terminal, STDERR_FILENO) < 0)
		abort();
	n = read(reader, got, sizeof(got) - 1);
	got[n > 0 ? n : 0] = '\0';
	close(reader);
	check_str(name, got, want);
}

static void set_level(const char *word)
{
	if (word)
		setenv("CHATMAIL_LOG_LEVEL", word, 1);
	else
		unsetenv("CHATMAIL_LOG_LEVEL");
	log_read_level();
}

static void say_all(const char *level)
{
	capture();
	set_level(level);
	log_info("passed: size=%d", 1);
	log_notice("ready");
}

int main(void)
{
	terminal = dup(STDERR_FILENO);
	say_all(NULL);
	check_said("without a word", "<5>ready\n");
	say_all("info");
	check_said("info", "<6>passed: size=1\n<5>ready\n");
	say_all("notice");
	check_said("notice", "<5>ready\n");
	say_all("loud");
	check_said("another word",
		"<4>CHATMAIL_LOG_LEVEL: \"loud\" is neither notice nor info; "
		"notice it is\n<5>ready\n");
	capture();
	log_err("odd: text=%s",
		"a\nb\x7f"
		"c\r");
	check_said("control bytes", "<3>odd: text=a?b?c?\n");
	return test_end();
}
