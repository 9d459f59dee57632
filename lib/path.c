/* path.c - cutting paths and putting them together. */
#include "lib/path.h"

#include <string.h>

#include "lib/util.h"

struct slice path_folder(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return SLICE(".");
	return slice_make(path, slash == path ? 1 : (size_t)(slash - path));
}

const char *path_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

char *path_beside(const char *path, const char *name)
{
	size_t len = (size_t)(path_name(path) - path);

	return xasprintf("%.*s%s", (int)len, path, name);
}
