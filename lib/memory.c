/* How much memory the machine has. */
#include "lib/memory.h"

#include "lib/file.h"
#include "lib/num.h"

enum {
	FILE_MAX_BYTES = 1 << 16,
};

/* "MemAvailable:   123 kB", in bytes. */
static bool find(struct slice text, const char *name, uint64_t *ret)
{
	struct slice line, word;
	uint64_t kilobytes;

	while (slice_next_line(&text, &line))
		if (slice_next_word(&line, &word) && slice_eq_str(word, name) &&
			slice_next_word(&line, &word) &&
			num_parse_max(word, UINT64_MAX >> 10, &kilobytes) ==
				0) {
			*ret = kilobytes << 10;
			return true;
		}
	return false;
}

bool memory_read(struct memory *ret)
{
	AUTO_BUF struct buf text = BUF_INIT(FILE_MAX_BYTES);
	AUTO_BUF struct buf limit = BUF_INIT(FILE_MAX_BYTES);
	uint64_t most;

	if (file_read("/proc/meminfo", &text, NULL) < 0 ||
		!find(buf_slice(&text), "MemTotal:", &ret->whole) ||
		!find(buf_slice(&text), "MemAvailable:", &ret->available))
		return false;
	/* "max", or no such file, where nothing is limited. */
	if (file_read("/sys/fs/cgroup/memory.max", &limit, NULL) == 0 &&
		num_parse_u64(slice_trim(buf_slice(&limit)), &most) == 0 &&
		most < ret->whole)
		ret->whole = most;
	if (ret->available > ret->whole)
		ret->available = ret->whole;
	return true;
}
