/*
 * render.h - findings for a person, and for a program.
 */
#ifndef CMDEPLOY_STATUS_RENDER_H
#define CMDEPLOY_STATUS_RENDER_H

#include "cmdeploy/status/status.h"

/*
 * A line each, with "?" in front of what is doubtful and "!" in front of
 * what is bad, in their colours on a terminal; then a sentence.
 */
void status_print(const struct findings *list);

/* What the list is about. */
struct status_subject {
	const char *domain;
	const char *kind;    /* "folder", "server" */
	const char *place;   /* the folder, or the name of the host */
	const char *address; /* NULL: all */
	bool is_running;
};

/*
 * One object: domain, kind, place, address, running, grade ("fine",
 * "doubt", "bad"), and findings: [{group, name, grade, text, number?, unit?}].
 */
void status_print_json(
	const struct status_subject *subject, const struct findings *list);

#endif
