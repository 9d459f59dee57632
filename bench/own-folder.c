/* A temporary folder for a benchmark, and files in it (own-folder.h). */
#include "bench/own-folder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "lib/die.h"
#include "lib/file.h"

enum {
	PARENT_MAX_BYTES = 32,
};

char *own_folder_make(const char *program)
{
	const char *parent = getenv("TMPDIR");

	if (!parent || strlen(parent) > PARENT_MAX_BYTES)
		parent = "/tmp";
	char *path = xasprintf("%s/%s.XXXXXX", parent, program);
	if (!mkdtemp(path))
		die("%s: %s", path, strerror(errno));
	return path;
}

void own_folder_write(const char *path, const char *text)
{
	AUTO_CLOSE int fd =
		open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || fd_write_all(fd, slice_of(text)) < 0)
		die("%s: cannot write", path);
}
