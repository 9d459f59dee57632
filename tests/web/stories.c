/*
 * What people see: a real browser opens the pages of real relays, and the
 * link and the codes on them bring a real core its account.
 */
#include "tests/relay/stories.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "lib/file.h"
#include "lib/proc.h"

enum {
	LOOK_SEC = 100,
	READ_SEC = 20,
	OUTPUT_MAX_BYTES = 1 << 20,
};

/* Runs a program; what it prints to standard output. */
static int run(
	struct bed *bed, const char *const *argv, unsigned sec, struct buf *out)
{
	AUTO_BUF struct buf err = BUF_INIT(OUTPUT_MAX_BYTES);
	struct proc proc = {
		.argv = argv,
		.timeout_sec = sec,
		.out = out,
		.err = &err,
	};
	int r = proc_run_ok(&proc, bed->why);

	printf("%s", buf_str(&err));
	return r;
}

/* What look.js found out about the pages of a relay. */
struct view {
	json_t *json;
	const char *link;
	const char *plain_link; /* without scripts */
	bool plain_says;        /* and that is explained */
};

static int check_view(struct bed *bed, const struct view *view)
{
	const json_t *troubles = json_object_get(view->json, "troubles");

	for (size_t i = 0; i < json_array_size(troubles); i++)
		printf("trouble: %s\n",
			json_string_value(json_array_get(troubles, i)));
	if (json_array_size(troubles) > 0)
		return because(bed->why, -EBADMSG, "the pages have %zu faults",
			json_array_size(troubles));
	if (!view->link || !view->plain_link)
		return because(bed->why, -EBADMSG, "the button has no link");
	bed_tell("the button leads to %s", view->link);
	return 0;
}

/* `host` is what stands in the address bar. */
static int look(struct bed *bed, const char *host, struct view *ret_view)
{
	AUTO_BUF struct buf out = BUF_INIT(OUTPUT_MAX_BYTES);
	AUTO_FREE char *url = xasprintf("http://%s/", host);
	const char *const argv[] = { "node", SCRIPTS_DIR "/look.js", url,
		bed->relays[0].address, bed->dir, NULL };
	int r = run(bed, argv, LOOK_SEC, &out);

	if (r < 0)
		return r;
	json_t *json = json_loads(buf_str(&out), 0, NULL);
	*ret_view = (struct view){
		.json = json,
		.link = json_string_value(json_object_get(json, "link")),
		.plain_link =
			json_string_value(json_object_get(json, "plain_link")),
		.plain_says = json_is_true(json_object_get(json, "plain_says")),
	};
	return check_view(bed, ret_view);
}

/* A decoder finds this, and only this, in the picture. */
static int read_code(struct bed *bed, const char *picture, const char *want)
{
	AUTO_BUF struct buf out = BUF_INIT(OUTPUT_MAX_BYTES);
	const char *const argv[] = { "zbarimg", "--nodbus", "-q", "--raw",
		picture, NULL };
	int r = run(bed, argv, READ_SEC, &out);

	if (r < 0)
		return r;
	if (!slice_eq_str(slice_trim(buf_slice(&out)), want))
		return because(bed->why, -EBADMSG,
			"%s: the code says \"%s\", not \"%s\"", picture,
			buf_str(&out), want);
	bed_tell("the code in %s says the same", picture);
	return 0;
}

static int read_screen(struct bed *bed, const char *want)
{
	AUTO_FREE char *picture = xasprintf("%s/whole.png", bed->dir);

	return read_code(bed, picture, want);
}

static int sign_up(struct bed *bed, const char *link)
{
	struct chat_user user;
	AUTO_FREE char *address = NULL;
	int r = chat_add_user(bed->rpc, &user, bed->why);

	if (r == 0)
		r = chat_sign_up(&user, link, bed->why);
	if (r == 0)
		r = chat_get_config(
			&user, "configured_addr", &address, bed->why);
	if (r == 0)
		bed_tell("core has the account %s", address);
	return r;
}

/* Who comes while there are no accounts is told so. */
static int close_relay(struct bed *bed)
{
	const struct bed_relay *relay = &bed->relays[0];
	AUTO_BUF struct buf out = BUF_INIT(OUTPUT_MAX_BYTES);
	AUTO_FREE char *url = xasprintf("http://%s/", relay->address);
	AUTO_FREE char *path =
		xasprintf("%s/etc/chatmail-nocreate", relay->dir);
	const char *const argv[] = { "node", SCRIPTS_DIR "/closed.js", url,
		NULL };
	int r = file_write(
		path, SLICE(""), (struct file_owner){ 0644, -1, -1 }, bed->why);

	if (r == 0)
		r = run(bed, argv, LOOK_SEC, &out);
	if (r == 0 &&
		!slice_eq_str(slice_trim(buf_slice(&out)),
			"No code could be made just now: this relay takes no "
			"new accounts at the moment."))
		r = because(bed->why, -EBADMSG, "a closed relay says \"%s\"",
			buf_str(&out));
	if (r == 0)
		bed_tell("the closed relay says so");
	return r;
}

/* An account for each visitor, drawn by the page's script. */
static int story_address(struct bed *bed)
{
	struct view view = { 0 };
	int r = look(bed, bed->relays[0].address, &view);

	if (r == 0)
		r = read_screen(bed, view.link);
	if (r == 0 && strcmp(view.plain_link, "/new") != 0)
		r = because(bed->why, -EBADMSG,
			"without scripts the button leads to %s",
			view.plain_link);
	if (r == 0 && !view.plain_says)
		r = because(bed->why, -EBADMSG,
			"nothing is said to those without scripts");
	if (r == 0)
		r = sign_up(bed, view.link);
	if (r == 0)
		r = close_relay(bed);
	json_decref(view.json);
	return r;
}

/* One link for all, in the page and on paper. */
static int story_name(struct bed *bed)
{
	const struct bed_relay *relay = &bed->relays[0];
	AUTO_FREE char *png = xasprintf("%s/pages/qr-chatmail-invite-%s.png",
		relay->dir, relay->domain);
	struct view view = { 0 };
	int r = look(bed, relay->domain, &view);

	if (r == 0)
		r = read_screen(bed, view.link);
	if (r == 0)
		r = read_code(bed, png, view.link);
	if (r == 0 && strcmp(view.plain_link, view.link) != 0)
		r = because(bed->why, -EBADMSG,
			"without scripts the button leads to %s",
			view.plain_link);
	if (r == 0)
		r = sign_up(bed, view.link);
	json_decref(view.json);
	return r;
}

const struct story stories[] = {
	{ "address", 1, .tell = story_address },
	{ "name", 1, "_web.test", .tell = story_name },
};
const size_t stories_n = ARRAY_LEN(stories);
