/*
 * status.h - what is found out about a relay that runs: a list of findings,
 * each with a name, a grade, words for a person, and a number where there
 * is one. Finding out changes nothing.
 */
#ifndef CMDEPLOY_STATUS_STATUS_H
#define CMDEPLOY_STATUS_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "chatmaild/common/account.h"
#include "cmdeploy/relay/relay.h"
#include "lib/buf.h"

/*
 * In the environment: the version of the package that the operator's own
 * cmdeploy would bring; what is installed is compared with it.
 */
#define STATUS_EXPECT "CMDEPLOY_EXPECT"

/*
 * The parts, in the order in which they are shown: each name is that of
 * its group in the JSON form, and of its function, status_<name>().
 */
#define STATUS_PARTS(PART)                                                     \
	PART(services)                                                         \
	PART(ports)                                                            \
	PART(certificate)                                                      \
	PART(dns)                                                              \
	PART(mail)                                                             \
	PART(machine)                                                          \
	PART(version)                                                          \
	PART(log)

enum status_grade {
	STATUS_FINE,
	STATUS_DOUBT, /* to be looked at one of these days */
	STATUS_BAD,   /* needs the operator */
};

struct finding {
	const char *group;
	enum status_grade grade;
	char *name;
	char *text;
	const char *unit; /* of the number: "days"; NULL: there is none */
	int64_t number;
};

struct findings {
	struct finding *v;
	size_t n;
	const char *group; /* of what is added */
};

void findings_add(struct findings *list, enum status_grade grade,
	const char *name, const char *format, ...) PRINTF_LIKE(4, 5);
/* The number of what was added last. */
void findings_number(struct findings *list, const char *unit, int64_t number);
void findings_release(struct findings *list);

size_t findings_count(const struct findings *list, enum status_grade grade);
/* The worst of all. */
enum status_grade findings_grade(const struct findings *list);

/* "fine": the word of the JSON form. */
const char *status_grade_name(enum status_grade grade);

#define STATUS_DECLARE(name)                                                   \
	void status_##name(struct relay *relay, struct findings *list);
STATUS_PARTS(STATUS_DECLARE)
#undef STATUS_DECLARE

/* All parts. Notes in the relay whether its mail is switched off. */
void status_collect(struct relay *relay, struct findings *list);

/* What `cmdeploy run --disable-mail` leaves: nothing runs, or is to start. */
bool status_is_mail_off(const struct relay *relay);

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

/*
 * Of a relay on another machine: its own cmdeploy tells it. The exit status
 * of `cmdeploy status` there; negative: it did not run.
 */
int status_remote(
	const char *ssh_host, bool is_json, struct buf *why) MUST_CHECK;

/* "12 s", "3 min", "5 h 12 min", "2 d 3 h" */
void status_add_duration(struct buf *out, int64_t seconds);
/* "512 MB", "1.5 GB" */
void status_add_size(struct buf *out, uint64_t bytes);

/*
 * Why nobody gets an account just now, and what to do about it: "none until
 * the machine is less busy: ...; ..."
 */
void status_add_shortage(
	struct buf *out, const struct account_shortage *shortage);

struct upgrades {
	unsigned n;
	unsigned n_security; /* of them, from Debian's security archive */
};

/* What "apt-get --simulate upgrade" prints. */
void upgrades_parse(struct slice text, struct upgrades *ret_upgrades);

#endif
