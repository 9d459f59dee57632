/* Looks for our own programs: in a build folder, or in a package. */
#include "cmdeploy/relay/programs.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <string.h>

#define COMMON_NAME "chatmail-"

static bool try_path(char *path, char **ret_path)
{
	if (access(path, X_OK) < 0) {
		free(path);
		return false;
	}
	*ret_path = path;
	return true;
}

static int read_own_path(char ret_path[PATH_MAX], struct buf *why)
{
	ssize_t n = readlink("/proc/self/exe", ret_path, PATH_MAX - 1);

	if (n < 0)
		return because(
			why, -errno, "/proc/self/exe: %s", strerror(errno));
	ret_path[n] = '\0';
	return 0;
}

int programs_build_dir(char **ret_dir, struct buf *why)
{
	char self[PATH_MAX];
	int r = read_own_path(self, why);

	if (r < 0)
		return r;
	*ret_dir = xstrdup(dirname(dirname(self)));
	return 0;
}

int programs_find(const char *name, char **ret_path, struct buf *why)
{
	char self[PATH_MAX];
	int r = read_own_path(self, why);

	if (r < 0)
		return r;
	const char *here = dirname(self);
	/* Folders go without what all the names share. */
	bool is_long = strncmp(name, COMMON_NAME, strlen(COMMON_NAME)) == 0;
	const char *folder = is_long ? name + strlen(COMMON_NAME) : name;
	if (try_path(xasprintf("%s/../chatmaild/%s/%s", here, folder, name),
		    ret_path) ||
		try_path(xasprintf(
				 "%s/../chatmaild/instant-idle/%s", here, name),
			ret_path) ||
		try_path(xasprintf("/usr/libexec/chatmail/%s", name),
			ret_path) ||
		try_path(xasprintf("/usr/lib/chatmail/%s", name), ret_path) ||
		try_path(xasprintf("%s/../libexec/chatmail/%s", here, name),
			ret_path) ||
		try_path(xasprintf("%s/../lib/chatmail/%s", here, name),
			ret_path))
		return 0;
	return because(why, -ENOENT,
		"the program \"%s\" is neither beside %s nor in "
		"/usr/libexec/chatmail; build it with scripts/initenv.sh",
		name, here);
}
