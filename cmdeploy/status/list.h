/*
 * list.h - what is found out about a relay: a list of findings, each with
 * a name, a grade, words for a person, and a number where there is one.
 */
#ifndef CMDEPLOY_STATUS_LIST_H
#define CMDEPLOY_STATUS_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"

enum status_grade {
	STATUS_FINE,
	STATUS_DOUBT, /* to be looked at one of these days */
	STATUS_BAD,   /* needs the operator */
};

enum status_group {
	STATUS_SERVICES,
	STATUS_PORTS,
	STATUS_CERTIFICATE,
	STATUS_DNS,
	STATUS_MAIL,
	STATUS_MACHINE,
	STATUS_VERSION,
	STATUS_LOG,
	STATUS_GROUPS,
};

struct finding {
	enum status_group group;
	enum status_grade grade;
	char *name;
	char *text;
	const char *unit; /* of the number: "days"; NULL: there is none */
	int64_t number;
};

struct findings {
	struct finding *v;
	size_t n;
};

void findings_add(struct findings *list, enum status_group group,
	enum status_grade grade, const char *name, const char *format, ...)
	PRINTF_LIKE(5, 6);
/* The number of what was added last. */
void findings_number(struct findings *list, const char *unit, int64_t number);
void findings_release(struct findings *list);

size_t findings_count(const struct findings *list, enum status_grade grade);
/* The worst of all. */
enum status_grade findings_grade(const struct findings *list);

/* "services", "fine": the words of the JSON form. */
const char *status_group_name(enum status_group group);
const char *status_grade_name(enum status_grade grade);

/* "12 s", "3 min", "5 h 12 min", "2 d 3 h" */
void status_add_duration(struct buf *out, int64_t seconds);
/* "512 MB", "1.5 GB" */
void status_add_size(struct buf *out, uint64_t bytes);

#endif
