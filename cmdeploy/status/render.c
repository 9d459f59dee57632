/* Findings as lines for a person, and as JSON. */
#include "cmdeploy/status/status.h"

#include <jansson.h>
#include <stdio.h>

#include "cmdeploy/say.h"

static const struct {
	char mark;
	enum say_tone tone;
} looks[] = {
	[STATUS_FINE] = { ' ', SAY_PLAIN },
	[STATUS_DOUBT] = { '?', SAY_DOUBT },
	[STATUS_BAD] = { '!', SAY_BAD },
};

static void print_finding(const struct finding *f)
{
	const char *end = f->grade == STATUS_FINE ? "" : say_tone(SAY_PLAIN);
	const char *begin =
		f->grade == STATUS_FINE ? "" : say_tone(looks[f->grade].tone);

	say("%s%c %-20s %s%s", begin, looks[f->grade].mark, f->name, f->text,
		end);
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void print_sum(const struct findings *list)
{
	size_t n_bad = findings_count(list, STATUS_BAD);
	size_t n_doubt = findings_count(list, STATUS_DOUBT);

	if (n_bad > 0)
		say_bold("%zu thing%s (!) need%s attention.", n_bad,
			plural(n_bad), n_bad == 1 ? "s" : "");
	else if (n_doubt > 0)
		say_bold("It works; %zu thing%s (?) to look at.", n_doubt,
			plural(n_doubt));
	else
		say_bold("All is well.");
}

void status_print(const struct findings *list)
{
	for (size_t i = 0; i < list->n; i++)
		print_finding(&list->v[i]);
	print_sum(list);
}

/* Foreign bytes, as from a log, need not be UTF-8. */
static json_t *text_of(const char *text)
{
	json_t *whole = json_string(text);

	if (whole)
		return whole;
	char *copy = xstrdup(text);
	for (char *c = copy; *c; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	whole = json_string(copy);
	free(copy);
	return whole;
}

static json_t *object_of(const struct finding *f)
{
	json_t *object = json_pack("{s:s, s:o, s:s, s:o}", "group", f->group,
		"name", text_of(f->name), "grade", status_grade_name(f->grade),
		"text", text_of(f->text));

	if (f->unit) {
		json_object_set_new(object, "number", json_integer(f->number));
		json_object_set_new(object, "unit", json_string(f->unit));
	}
	return object;
}

void status_print_json(
	const struct status_subject *subject, const struct findings *list)
{
	json_t *all = json_array();

	for (size_t i = 0; i < list->n; i++)
		json_array_append_new(all, object_of(&list->v[i]));
	json_t *whole = json_pack("{s:s, s:s, s:o, s:s*, s:b, s:s, s:o}",
		"domain", subject->domain, "kind", subject->kind, "place",
		text_of(subject->place), "address", subject->address, "running",
		subject->is_running, "grade",
		status_grade_name(findings_grade(list)), "findings", all);
	char *text = json_dumps(whole, JSON_INDENT(2));
	say("%s", text);
	free(text);
	json_decref(whole);
}
