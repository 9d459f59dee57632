/* Reads what a process has used, from its clock and /proc (gauge.h). */
#include "cmdeploy/usage/gauge.h"

#include <time.h>

#include "lib/file.h"
#include "lib/num.h"

enum {
	FILE_MAX_BYTES = 1 << 16,
};

double gauge_cpu_sec(pid_t pid)
{
	struct timespec t = { 0 };
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) != 0)
		return 0;
	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
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
