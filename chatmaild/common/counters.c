/* counters.c - rows of counters in a mapped file. */
#include "chatmaild/common/counters.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/die.h"
#include "lib/file.h"
#include "lib/log.h"

enum {
	FILE_MODE = 0644,
	FILE_MAX_BYTES = (COUNTERS_MAX + 1) * sizeof(struct counter_row),
};

static const char head_name[] = "chatmail-counters 1";

static void set_name(struct counter_row *row, const char *name)
{
	if (strlen(name) >= sizeof(row->name))
		bug("name of a counter is too long");
	memcpy(row->name, name, strlen(name) + 1);
}

/* The file's text as rows, when that is what it is. */
static bool parse_rows(
	struct slice text, const struct counter_row **ret_rows, size_t *ret_n)
{
	const struct counter_row *rows = (const void *)text.ptr;
	size_t n = text.len / sizeof(*rows);

	if (n == 0 || text.len % sizeof(*rows) ||
		strncmp(rows[0].name, head_name, sizeof(rows[0].name)) != 0 ||
		rows[0].value != n - 1)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!memchr(rows[i].name, '\0', sizeof(rows[i].name)))
			return false;
	*ret_rows = rows + 1;
	*ret_n = n - 1;
	return true;
}

static uint64_t value_of(
	const struct counter_row *rows, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(rows[i].name, name) == 0)
			return rows[i].value;
	return 0;
}

/* The rows as they shall be, with what the file counted so far. */
static struct counter_row *make_rows(
	const char *const *names, size_t n, struct slice before)
{
	struct counter_row *rows = xcalloc(n + 1, sizeof(*rows));
	const struct counter_row *old = NULL;
	size_t n_old = 0;

	if (!parse_rows(before, &old, &n_old))
		n_old = 0;
	set_name(&rows[0], head_name);
	rows[0].value = n;
	for (size_t i = 0; i < n; i++) {
		set_name(&rows[i + 1], names[i]);
		rows[i + 1].value = value_of(old, n_old, names[i]);
	}
	return rows;
}

/* Only where the rows are others: another process may be counting. */
static int write_rows(int fd, const struct counter_row *rows, size_t bytes,
	struct slice before)
{
	bool is_same = before.len == bytes;

	for (size_t i = 0; is_same && i < bytes / sizeof(*rows); i++)
		is_same = memcmp(before.ptr + i * sizeof(*rows), rows[i].name,
				  sizeof(rows[i].name)) == 0;
	if (is_same)
		return 0;
	if (ftruncate(fd, 0) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	return fd_write_all(fd, slice_make(rows, bytes));
}

static int map_file(struct counters *c, const char *path,
	const char *const *names, struct buf *why)
{
	AUTO_CLOSE int fd = open(
		path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
	AUTO_BUF struct buf before = BUF_INIT(FILE_MAX_BYTES);

	if (fd < 0)
		return because(why, -errno, "%s: %s", path, strerror(errno));
	int r = fd_read_all(fd, &before);
	if (r < 0)
		return because(why, r, "%s: %s", path, strerror(-r));
	AUTO_FREE struct counter_row *rows =
		make_rows(names, c->n, buf_slice(&before));
	r = write_rows(fd, rows, c->map_bytes, buf_slice(&before));
	if (r < 0)
		return because(why, r, "%s: %s", path, strerror(-r));
	void *map = mmap(
		NULL, c->map_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return because(why, -errno, "%s: %s", path, strerror(errno));
	c->rows = map;
	return 0;
}

/* Counters that nobody else sees. */
static void map_memory(struct counters *c, const char *const *names)
{
	AUTO_FREE struct counter_row *rows = make_rows(names, c->n, SLICE_NONE);
	void *map = mmap(NULL, c->map_bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED)
		oom();
	memcpy(map, rows, c->map_bytes);
	c->rows = map;
}

int counters_open(struct counters *ret_counters, const char *dir,
	const char *service, const char *const *names, struct buf *why)
{
	AUTO_FREE char *path = xasprintf("%s/%s" COUNTERS_SUFFIX, dir, service);
	struct counters c = { 0 };

	while (names[c.n])
		c.n++;
	if (c.n > COUNTERS_MAX)
		bug("too many counters");
	c.map_bytes = (c.n + 1) * sizeof(*c.rows);
	int r = map_file(&c, path, names, why);
	if (r < 0)
		map_memory(&c, names);
	*ret_counters = c;
	return r;
}

void counters_open_or_warn(struct counters *ret_counters, const char *dir,
	const char *service, const char *const *names)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);

	if (counters_open(ret_counters, dir, service, names, &why) < 0)
		log_warning("counts are not kept: %s", buf_str(&why));
}

void counters_close(struct counters *c)
{
	if (c->rows)
		munmap(c->rows, c->map_bytes);
	*c = (struct counters){ 0 };
}

void counters_add(struct counters *c, size_t which, uint64_t n)
{
	if (c && which < c->n)
		__atomic_fetch_add(
			&c->rows[which + 1].value, n, __ATOMIC_RELAXED);
}

size_t counters_find(
	const struct counters *c, const char *family, const char *reason)
{
	AUTO_FREE char *name = xasprintf("%s{reason=\"%s\"}", family, reason);
	size_t i = 0;

	while (i < c->n && strcmp(c->rows[i + 1].name, name) != 0)
		i++;
	return i;
}

int counters_read(const char *path, struct counter_row **ret_rows,
	size_t *ret_n, struct buf *why)
{
	AUTO_BUF struct buf text = BUF_INIT(FILE_MAX_BYTES);
	const struct counter_row *rows;
	size_t n;
	int r = file_read(path, &text, why);

	if (r < 0)
		return r;
	*ret_rows = NULL;
	*ret_n = 0;
	if (text.len == 0)
		return 0;
	if (!parse_rows(buf_slice(&text), &rows, &n))
		return because(
			why, -EINVAL, "%s: not a file of counters", path);
	*ret_rows = xcalloc(n + 1, sizeof(*rows));
	memcpy(*ret_rows, rows, n * sizeof(*rows));
	*ret_n = n;
	return 0;
}
