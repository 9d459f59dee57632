/*
 * apply.h - the engine: makes a machine, or a folder of it, be what the
 * components declare, and knows what it changed.
 *
 * In order: packages, users, then a plan of folders and files (plan.h),
 * then the services whose files changed (services.h). Each step can be
 * asked what it would do. What is there already is left alone, so a
 * second run changes nothing.
 */
#ifndef CMDEPLOY_APPLY_APPLY_H
#define CMDEPLOY_APPLY_APPLY_H

#include "cmdeploy/apply/component.h"
#include "lib/template.h"

struct apply {
	const struct component *const *components; /* ended by NULL */
	struct template_vars vars;
	/* The text of a template of ours; false when there is none. */
	bool (*find_template)(const char *name, struct slice *ret_text);
	/* The path of one of our programs. */
	int (*find_program)(const char *name, char **ret_path, struct buf *why);
	/* What planning has to tell a person, a line each. May be NULL. */
	struct buf *notes;
	/* Of users that do not exist yet: a look at what would be. */
	bool is_dry_run;
};

void apply_release(struct apply *apply);

/* `when` of a row holds. */
bool apply_counts(const struct apply *apply, const char *when);

/* The text with its variables filled in; the caller frees. */
int apply_text(const struct apply *apply, const char *text, char **ret_text,
	struct buf *why) MUST_CHECK;

/* As packages_missing(), for all components. */
int apply_missing_packages(const struct apply *apply, struct buf *missing,
	struct buf *why) MUST_CHECK;

/* Appends the users that are missing, separated by blanks; their number. */
int apply_missing_users(
	const struct apply *apply, struct buf *missing) MUST_CHECK;
int apply_create_users(const struct apply *apply, struct buf *why) MUST_CHECK;

/*
 * Sets the variables vmail_uid and vmail_gid from the user database: to
 * be called when the users are there, before a plan is made.
 */
void apply_set_ids(struct apply *apply);

#endif
