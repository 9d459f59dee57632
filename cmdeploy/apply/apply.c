/* Packages, system users, and the variables of templates. */
#include "cmdeploy/apply/apply.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>

#include "cmdeploy/host/packages.h"
#include "lib/words.h"

enum {
	TEXT_MAX_BYTES = 65536,
};

void apply_release(struct apply *apply)
{
	template_vars_release(&apply->vars);
}

static bool holds(const struct apply *apply, struct slice condition)
{
	bool is_negated = slice_starts(condition, SLICE("!"));
	const char *value = template_vars_get(
		&apply->vars, slice_from(condition, is_negated));

	return (value && value[0]) != is_negated;
}

bool apply_counts(const struct apply *apply, const char *when)
{
	struct slice rest = slice_of(when ? when : ""), condition;

	while (slice_next_word(&rest, &condition))
		if (!holds(apply, condition))
			return false;
	return true;
}

int apply_text(const struct apply *apply, const char *text, char **ret_text,
	struct buf *why)
{
	AUTO_BUF struct buf out = BUF_INIT(TEXT_MAX_BYTES);
	int r = template_render(text, slice_of(text), &apply->vars, &out, why);

	if (r == 0)
		*ret_text = buf_take(&out);
	return r;
}

int apply_missing_packages(
	const struct apply *apply, struct buf *missing, struct buf *why)
{
	AUTO_WORDS struct words names = { 0 };

	for (size_t i = 0; apply->components[i]; i++) {
		const struct component *c = apply->components[i];
		if (c->packages && apply_counts(apply, c->when))
			words_add_all(&names, c->packages);
	}
	return packages_missing(words_list(&names), names.n, missing, why);
}

int apply_missing_users(const struct apply *apply, struct buf *missing)
{
	int n = 0;

	for (size_t i = 0; apply->components[i]; i++) {
		const struct system_user *u = apply->components[i]->users;
		for (; u && u->name; u++) {
			if (!apply_counts(apply, u->when) || getpwnam(u->name))
				continue;
			buf_addf(missing, "%s%s", n ? " " : "", u->name);
			n++;
		}
	}
	return n;
}

int apply_create_users(const struct apply *apply, struct buf *why)
{
	for (size_t i = 0; apply->components[i]; i++) {
		const struct system_user *u = apply->components[i]->users;
		for (; u && u->name; u++) {
			if (!apply_counts(apply, u->when) || getpwnam(u->name))
				continue;
			int r = user_create(u->name, u->home, why);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

void apply_set_ids(struct apply *apply)
{
	const struct passwd *user = getpwnam("vmail");
	AUTO_FREE char *uid = NULL, *gid = NULL;

	if (!user) {
		template_vars_set(&apply->vars, "vmail_uid", "(new)");
		template_vars_set(&apply->vars, "vmail_gid", "(new)");
		return;
	}
	uid = xasprintf("%u", user->pw_uid);
	gid = xasprintf("%u", user->pw_gid);
	template_vars_set(&apply->vars, "vmail_uid", uid);
	template_vars_set(&apply->vars, "vmail_gid", gid);
}
