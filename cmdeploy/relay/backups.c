/* The note of the last backup: a file with its place, and its mtime. */
#include "cmdeploy/relay/backups.h"

#include <errno.h>
#include <sys/stat.h>

#include "cmdeploy/say.h"
#include "lib/file.h"

static char *note_path(const struct relay *relay)
{
	return xasprintf("%s/last-backup", relay->places.own_state_dir);
}

int backups_note(const struct relay *relay, const char *target, struct buf *why)
{
	AUTO_FREE char *path = note_path(relay);
	AUTO_FREE char *text = xasprintf("%s\n", target);

	return file_write(
		path, slice_of(text), (struct file_owner){ 0644, 0, 0 }, why);
}

time_t backups_last(const struct relay *relay, struct buf *target)
{
	AUTO_FREE char *path = note_path(relay);
	AUTO_BUF struct buf text = BUF_INIT(BUF_WHY_MAX_BYTES);
	struct stat st;

	if (stat(path, &st) < 0 || file_read(path, &text, NULL) < 0)
		return 0;
	buf_add_slice(target, slice_trim(buf_slice(&text)));
	return st.st_mtime;
}

int backups_check(const struct relay *relay, struct buf *why)
{
	AUTO_FREE char *path =
		xasprintf("%s/" BACKUPS_RESTORING, relay->places.own_state_dir);

	if (!file_exists(path))
		return 0;
	return because(why, -EBUSY,
		"a restore has begun here and was cut; run \"%s restore\" "
		"again, and all accounts come back",
		say_program());
}
