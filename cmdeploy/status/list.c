#include "cmdeploy/status/list.h"

#include "lib/util.h"

enum {
	TEXT_MAX_BYTES = 8192,
	MINUTE = 60,
	HOUR = 60 * MINUTE,
	DAY = 24 * HOUR,
	MEGABYTE = 1 << 20,
	GIGABYTE = 1 << 30,
};

void findings_add(struct findings *list, enum status_group group,
	enum status_grade grade, const char *name, const char *format, ...)
{
	AUTO_BUF struct buf text = BUF_INIT(TEXT_MAX_BYTES);
	va_list args;

	va_start(args, format);
	buf_vaddf(&text, format, args);
	va_end(args);
	list->v = xreallocarray(list->v, list->n + 1, sizeof(*list->v));
	list->v[list->n++] = (struct finding){
		.group = group,
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

const char *status_group_name(enum status_group group)
{
	static const char *const names[STATUS_GROUPS] = {
		[STATUS_SERVICES] = "services",
		[STATUS_PORTS] = "ports",
		[STATUS_CERTIFICATE] = "certificate",
		[STATUS_DNS] = "dns",
		[STATUS_MAIL] = "mail",
		[STATUS_MACHINE] = "machine",
		[STATUS_VERSION] = "version",
		[STATUS_LOG] = "log",
	};

	return names[group];
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
