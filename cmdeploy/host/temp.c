/* Private folders for the time of one run. */
#include "cmdeploy/host/temp.h"

#include <errno.h>
#include <string.h>

#include "lib/file.h"

enum {
	/* ssh(1) appends 17 bytes; 108 are the end. */
	PARENT_MAX_BYTES = 60,
};

int temp_make(char **ret_dir, struct buf *why)
{
	const char *parent = getenv("TMPDIR");

	if (!parent || parent[0] != '/' || strlen(parent) > PARENT_MAX_BYTES)
		parent = "/tmp";
	AUTO_FREE char *path = xasprintf("%s/cmdeploy.XXXXXX", parent);
	if (!mkdtemp(path))
		return because(why, -errno, "%s: %s", path, strerror(errno));
	*ret_dir = TAKE(path);
	return 0;
}

void temp_remove(char *dir)
{
	if (dir)
		dir_remove(dir);
	free(dir);
}
