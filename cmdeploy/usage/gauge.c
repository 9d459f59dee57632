/* Reads clocks, and what a process has used from /proc (gauge.h). */
#include "cmdeploy/usage/gauge.h"

#include <time.h>

#include "lib/file.h"
#include "lib/num.h"

enum {
	FILE_MAX_BYTES = 1 << 16,
};

static double in_sec(clockid_t clock)
{
	struct timespec t = { 0 };

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

double gauge_sec(void)
{
	return in_sec(CLOCK_MONOTONIC);
}

double gauge_msec(void)
{
	return gauge_sec() * 1e3;
}

double gauge_cpu_sec(pid_t pid)
{
	clockid_t clock;

	return clock_getcpuclockid(pid, &clock) == 0 ? in_sec(clock) : 0;
}

uint64_t gauge_number(pid_t pid, const char *file, const char *label)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/%s", (int)pid, file);
	AUTO_BUF struct buf text = BUF_INIT(FILE_MAX_BYTES);
	struct slice rest, line, word;
	uint64_t n;

	if (file_read(path, &text, NULL) < 0)
		return 0;
	rest = buf_slice(&text);
	while (slice_next_line(&rest, &line))
		if (slice_next_word(&line, &word) &&
			slice_eq_str(word, label) &&
			slice_next_word(&line, &word) &&
			num_parse_u64(word, &n) == 0)
			return n;
	return 0;
}
