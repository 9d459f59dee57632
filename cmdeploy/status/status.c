/* The list of findings, its words, and the parts that fill it. */
#include "cmdeploy/status/status.h"

#include "lib/util.h"

enum {
	TEXT_MAX_BYTES = 8192,
	MINUTE = 60,
	HOUR = 60 * MINUTE,
	DAY = 24 * HOUR,
	MEGABYTE = 1 << 20,
	GIGABYTE = 1 << 30,
};

void findings_add(struct findings *list, enum status_grade grade,
	const char *name, const char *format, ...)
{
	AUTO_BUF struct buf text = BUF_INIT(TEXT_MAX_BYTES);
	va_list args;

	va_start(args, format);
	buf_vaddf(&text, format, args);
	va_end(args);
	list->v = xreallocarray(list->v, list->n + 1, sizeof(*list->v));
	list->v[list->n++] = (struct finding){
		.group = list->group,
		.grade = grade,
		.name = xstrdup(name),
		.text = xstrdup(buf_str(&text)),
	};
}

void findings_number(struct findings *list, const char *unit, int64_t number)
{
	if (list->n == 0)
		return;
	list->v[list->n - 1].unit = unit;
	list->v[list->n - 1].number = number;
}

void findings_release(struct findings *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->v[i].name);
		free(list->v[i].text);
	}
	free(list->v);
	*list = (struct findings){ 0 };
}

size_t findings_count(const struct findings *list, enum status_grade grade)
{
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++)
		n += list->v[i].grade == grade;
	return n;
}

enum status_grade findings_grade(const struct findings *list)
{
	enum status_grade worst = STATUS_FINE;

	for (size_t i = 0; i < list->n; i++)
		if (list->v[i].grade > worst)
			worst = list->v[i].grade;
	return worst;
}

const char *status_grade_name(enum status_grade grade)
{
	static const char *const names[] = {
		[STATUS_FINE] = "fine",
		[STATUS_DOUBT] = "doubt",
		[STATUS_BAD] = "bad",
	};

	return names[grade];
}

void status_add_duration(struct buf *out, int64_t seconds)
{
	if (seconds < 0)
		seconds = 0;
	if (seconds < MINUTE)
		buf_addf(out, "%ld s", seconds);
	else if (seconds < HOUR)
		buf_addf(out, "%ld min", seconds / MINUTE);
	else if (seconds < DAY)
		buf_addf(out, "%ld h %ld min", seconds / HOUR,
			seconds % HOUR / MINUTE);
	else
		buf_addf(out, "%ld d %ld h", seconds / DAY,
			seconds % DAY / HOUR);
}

void status_add_size(struct buf *out, uint64_t bytes)
{
	if (bytes < GIGABYTE)
		buf_addf(out, "%lu MB", bytes / MEGABYTE);
	else
		buf_addf(out, "%.1f GB", (double)bytes / GIGABYTE);
}

static void add_load(struct buf *out, const struct account_shortage *s)
{
	buf_addf(out,
		"none until the machine is less busy: its load is %.1f, and "
		"more than %.1f is too much (max_load_1m); they come back by "
		"themselves, \"top\" shows what keeps it busy",
		s->is, s->limit);
}

/* "A of WHAT, and less than B is too little" */
static void add_bytes(
	struct buf *out, const struct account_shortage *s, const char *what)
{
	status_add_size(out, (uint64_t)s->is);
	buf_addf(out, " %s, and less than ", what);
	status_add_size(out, (uint64_t)s->limit);
	buf_add_str(out, " is too little");
}

static void add_memory(struct buf *out, const struct account_shortage *s)
{
	buf_add_str(out, "none until there is more memory: ");
	add_bytes(out, s, "available");
	buf_add_str(out,
		" (min_available_memory); end what does not belong there, or "
		"take a larger machine");
}

static void add_disk(struct buf *out, const struct account_shortage *s)
{
	buf_add_str(out, "none until there is more room for mail: ");
	add_bytes(out, s, "free");
	buf_add_str(out,
		" (min_free_disk_space); make room, lower delete_mails_after, "
		"or take a larger disk");
}

static void add_files(struct buf *out, const struct account_shortage *s)
{
	buf_addf(out,
		"none until more files can be made: %.0f inodes are free, and "
		"less than %.0f is too little (min_free_disk_space); \"df -i\" "
		"shows them; delete files, or move to a file system with more "
		"inodes",
		s->is, s->limit);
}

static void (*const adders[])(
	struct buf *out, const struct account_shortage *s) = {
	[ACCOUNT_LOAD] = add_load,
	[ACCOUNT_MEMORY] = add_memory,
	[ACCOUNT_DISK] = add_disk,
	[ACCOUNT_FILES] = add_files,
};

void status_add_shortage(
	struct buf *out, const struct account_shortage *shortage)
{
	adders[shortage->of](out, shortage);
}

static const struct {
	const char *name;
	void (*collect)(struct relay *relay, struct findings *list);
} parts[] = {
#define STATUS_ROW(name) { #name, status_##name },
	STATUS_PARTS(STATUS_ROW)
#undef STATUS_ROW
};

/* The parts depend on that alone, and not on each other. */
void status_collect(struct relay *relay, struct findings *list)
{
	relay->is_without_mail = status_is_mail_off(relay);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		list->group = parts[i].name;
		parts[i].collect(relay, list);
	}
}
