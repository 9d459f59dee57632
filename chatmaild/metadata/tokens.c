/* tokens.c - metadata.json read, changed under a lock, and replaced. */
#include "chatmaild/metadata/tokens.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "lib/die.h"
#include "lib/file.h"

#define FILE_NAME  "metadata.json"
#define ASIDE_NAME FILE_NAME ".broken"
#define TMP_NAME   FILE_NAME ".tmp"
#define MEMBER     "devicetoken"

enum {
	FIRST_READ_BYTES = 8192,
};

static void json_release(json_t **json)
{
	json_decref(*json);
}

#define AUTO_JSON __attribute__((cleanup(json_release)))

static void must(int r)
{
	if (r < 0)
		oom();
}

static json_t *made(json_t *json)
{
	if (!json)
		oom();
	return json;
}

/* Length of the UTF-8 sequence at the front, or 0. */
static size_t utf8_len(struct slice s)
{
	unsigned char c = (unsigned char)s.ptr[0];
	size_t len = c < 0x80 ? 1
		: c < 0xc2    ? 0
		: c < 0xe0    ? 2
		: c < 0xf0    ? 3
		: c < 0xf5    ? 4
			      : 0;

	if (len > s.len)
		return 0;
	for (size_t i = 1; i < len; i++)
		if (((unsigned char)s.ptr[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

bool token_is_valid(struct slice token)
{
	if (token.len == 0 || token.len > TOKEN_MAX_BYTES)
		return false;
	for (size_t i = 0; i < token.len;) {
		size_t len = utf8_len(slice_from(token, i));
		if (len == 0 || token.ptr[i] == ' ' ||
			ascii_is_control(token.ptr[i]))
			return false;
		i += len;
	}
	/* What is left: surrogates and other odd code points. */
	AUTO_JSON json_t *json = json_stringn(token.ptr, token.len);
	return json != NULL;
}

/* The old format: a list. Names without a time count as set now. */
static json_t *from_list(const json_t *list, time_t now)
{
	json_t *tokens = made(json_object());
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		if (json_is_string(item))
			must(json_object_set_new(tokens,
				json_string_value(item),
				made(json_integer(now))));
	}
	return tokens;
}

/*
 * The whole file as an object whose member devicetoken is an object, too.
 * NULL when it is broken.
 */
static json_t *parse(
	struct slice text, time_t now, bool *ret_is_old, struct buf *why)
{
	json_error_t error;
	json_t *root = json_loadb(text.ptr, text.len, 0, &error);

	*ret_is_old = false;
	if (!root) {
		because(why, -EINVAL, "line %d: not JSON", error.line);
		return NULL;
	}
	json_t *tokens = json_object_get(root, MEMBER);
	if (json_is_array(tokens)) {
		must(json_object_set_new(root, MEMBER, from_list(tokens, now)));
		*ret_is_old = true;
	} else if (json_is_object(root) && !tokens) {
		must(json_object_set_new(root, MEMBER, made(json_object())));
	} else if (!json_is_object(tokens)) {
		because(why, -EINVAL, "\"" MEMBER "\" is not an object");
		json_decref(root);
		return NULL;
	}
	return root;
}

/* 1, 0: no file; the file's text. */
static int read_file(
	int folder_fd, const char *path, struct buf *out, struct buf *why)
{
	AUTO_CLOSE int fd = openat(folder_fd, path,
		O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return because(why, -errno, FILE_NAME ": %s", strerror(errno));
	/* Nearly all fit, and are read by one call. */
	char *room = buf_room(out, FIRST_READ_BYTES);
	ssize_t n = read(fd, room, FIRST_READ_BYTES);
	int r = n < 0 ? -errno : 0;
	buf_added(out, n < 0 ? 0 : (size_t)n);
	if (n == FIRST_READ_BYTES)
		r = fd_read_all(fd, out);
	if (r == -EFBIG)
		return because(why, r, "larger than %zu bytes", out->max);
	if (r < 0)
		return because(why, r, FILE_NAME ": %s", strerror(-r));
	return 1;
}

/* 1, 0: no file, -EINVAL: broken, or what reading gave. */
static int load(int folder_fd, const char *path, time_t now, json_t **ret_root,
	bool *ret_is_old, struct buf *why)
{
	AUTO_BUF struct buf text = BUF_INIT(TOKENS_FILE_MAX_BYTES);
	int r = read_file(folder_fd, path, &text, why);

	if (r == -EFBIG || r == -ELOOP || r == -EISDIR)
		return -EINVAL;
	if (r <= 0)
		return r;
	*ret_root = parse(buf_slice(&text), now, ret_is_old, why);
	return *ret_root ? 1 : -EINVAL;
}

static int open_home(const char *home, struct buf *why)
{
	int fd = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return because(why, -errno, "folder: %s", strerror(errno));
	return fd;
}

static bool is_stale(const json_t *when, time_t now)
{
	return json_number_value(when) < (double)(now - TOKEN_STALE_SEC);
}

static bool counts(const char *name, const json_t *when, time_t now)
{
	return json_is_number(when) && !is_stale(when, now) &&
		token_is_valid(slice_of(name));
}

static void fill_list(json_t *tokens, time_t now, struct token_list *list)
{
	AUTO_BUF struct buf text = BUF_INIT(TOKENS_FILE_MAX_BYTES);
	size_t n = json_object_size(tokens), at = 0;
	const char *name;
	json_t *when;

	list->tokens = xcalloc(n, sizeof(*list->tokens));
	json_object_foreach(tokens, name, when)
	{
		size_t len = strlen(name);
		if (list->n == TOKENS_MAX ||
			text.len + len + 1 > TOKENS_MAX_BYTES ||
			!counts(name, when, now))
			continue;
		buf_add(&text, name, len);
		buf_add_char(&text, ' ');
		list->tokens[list->n++].len = len;
	}
	list->text = buf_take(&text);
	for (size_t i = 0; i < list->n; i++) {
		list->tokens[i].ptr = list->text + at;
		at += list->tokens[i].len + 1;
	}
}

int tokens_read(const char *home, time_t now, struct token_list *ret_list,
	struct buf *why)
{
	struct token_list list = { 0 };
	AUTO_FREE char *path = xasprintf("%s/" FILE_NAME, home);
	AUTO_JSON json_t *root = NULL;

	int r = load(AT_FDCWD, path, now, &root, &list.is_old, why);
	list.is_broken = r == -EINVAL;
	if (r < 0 && !list.is_broken)
		return r;
	if (r > 0)
		fill_list(json_object_get(root, MEMBER), now, &list);
	*ret_list = list;
	return 0;
}

void token_list_release(struct token_list *list)
{
	free(list->tokens);
	free(list->text);
	*list = (struct token_list){ 0 };
}

static int sync_file(int home_fd, struct slice text)
{
	AUTO_CLOSE int fd = openat(home_fd, TMP_NAME,
		O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return -errno;
	int r = fd_write_all(fd, text);
	if (r == 0 && fdatasync(fd) < 0)
		r = -errno;
	return r;
}

static int store(int home_fd, const json_t *root, struct buf *why)
{
	char *text = json_dumps(root, JSON_COMPACT);

	if (!text)
		oom();
	int r = sync_file(home_fd, slice_of(text));
	free(text);
	if (r == 0 && renameat(home_fd, TMP_NAME, home_fd, FILE_NAME) < 0)
		r = -errno;
	if (r == 0 && fsync(home_fd) < 0)
		r = -errno;
	if (r < 0) {
		unlinkat(home_fd, TMP_NAME, 0);
		return because(why, r, FILE_NAME ": %s", strerror(-r));
	}
	return 1;
}

/* The one that was set longest ago goes. */
static void drop_oldest(json_t *tokens)
{
	const char *name, *oldest = NULL;
	double oldest_time = 0;
	json_t *when;

	json_object_foreach(tokens, name, when)
	{
		double t = json_number_value(when);
		if (oldest && t >= oldest_time)
			continue;
		oldest = name;
		oldest_time = t;
	}
	if (oldest)
		json_object_del(tokens, oldest);
}

static size_t total_bytes(json_t *tokens)
{
	const char *name;
	size_t total = 0;
	json_t *when;

	json_object_foreach(tokens, name, when) total += strlen(name) + 1;
	return total;
}

/* What is stale goes, and what is too many; true when something went. */
static bool tidy(json_t *tokens, time_t now)
{
	size_t n = json_object_size(tokens);
	const char *name;
	json_t *when;
	void *next;

	json_object_foreach_safe(tokens, next, name, when)
	{
		if (!counts(name, when, now))
			json_object_del(tokens, name);
	}
	while (json_object_size(tokens) > TOKENS_MAX ||
		total_bytes(tokens) > TOKENS_MAX_BYTES)
		drop_oldest(tokens);
	return json_object_size(tokens) != n;
}

static bool set(json_t *tokens, struct slice token, time_t now)
{
	AUTO_FREE char *name = slice_dup(token);
	double old = json_number_value(json_object_get(tokens, name));

	if (old > (double)(now - TOKEN_FRESH_SEC) && old <= (double)now)
		return false;
	/* At the end, whatever its place was. */
	json_object_del(tokens, name);
	must(json_object_set_new(tokens, name, made(json_integer(now))));
	return true;
}

/* true when something has changed. */
static bool apply(json_t *tokens, enum token_change change, struct slice token,
	time_t now)
{
	AUTO_FREE char *name = slice_dup(token);
	bool had_some = json_object_size(tokens) > 0;

	switch (change) {
	case TOKEN_SET:
		return set(tokens, token, now);
	case TOKEN_REMOVE:
		return json_object_del(tokens, name) == 0;
	case TOKEN_REMOVE_ALL:
		json_object_clear(tokens);
		return had_some;
	case TOKEN_CONVERT:
		return false;
	}
	bug("unknown change");
}

/* What there is, or a new object; *ret_aside: it was broken. */
static int load_or_begin(int home_fd, time_t now, json_t **ret_root,
	bool *ret_is_old, bool *ret_aside, struct buf *why)
{
	int r = load(home_fd, FILE_NAME, now, ret_root, ret_is_old, why);

	if (r == -EINVAL) {
		if (renameat(home_fd, FILE_NAME, home_fd, ASIDE_NAME) < 0)
			return because(why, -errno,
				"cannot put " FILE_NAME " aside: %s",
				strerror(errno));
		*ret_aside = true;
		r = 0;
	}
	if (r != 0)
		return r;
	*ret_root = made(json_object());
	must(json_object_set_new(*ret_root, MEMBER, made(json_object())));
	return 0;
}

int tokens_change(const char *home, enum token_change change,
	struct slice token, time_t now, bool *ret_aside, struct buf *why)
{
	AUTO_CLOSE int home_fd = open_home(home, why);
	AUTO_JSON json_t *root = NULL;
	bool is_old = false;

	*ret_aside = false;
	if (home_fd < 0)
		return home_fd;
	if (flock(home_fd, LOCK_EX) < 0)
		return because(why, -errno, "cannot lock: %s", strerror(errno));
	int r = load_or_begin(home_fd, now, &root, &is_old, ret_aside, why);
	if (r < 0)
		return r;
	json_t *tokens = json_object_get(root, MEMBER);
	bool has_changed = apply(tokens, change, token, now);
	/* An old file is as it should be only after it was written. */
	if (!tidy(tokens, now) && !has_changed && !is_old)
		return 0;
	return store(home_fd, root, why);
}
