#include "cmdeploy/relay/programs.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <string.h>

static bool try_path(char *path, char **ret_path)
{
	if (access(path, X_OK) < 0) {
		free(path);
		return false;
	}
	*ret_path = path;
	return true;
}

int programs_find(const char *name, char **ret_path, struct buf *why)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0)
		return because(
			why, -errno, "/proc/self/exe: %s", strerror(errno));
	self[n] = '\0';
	const char *here = dirname(self);
	if (try_path(xasprintf("%s/../chatmaild/%s/%s", here, name, name),
		    ret_path) ||
		try_path(xasprintf(
				 "%s/../chatmaild/instant-idle/%s", here, name),
			ret_path) ||
		try_path(xasprintf("/usr/libexec/chatmail/%s", name),
			ret_path) ||
		try_path(xasprintf("/usr/lib/chatmail/%s", name), ret_path))
		return 0;
	return because(why, -ENOENT,
		"the program \"%s\" is neither beside %s nor in "
		"/usr/libexec/chatmail; build it with scripts/initenv.sh",
		name, here);
}
