#include "cmdeploy/remote/settings.h"

#include <errno.h>
#include <libgen.h>

#include "cmdeploy/host/temp.h"
#include "cmdeploy/say.h"
#include "cmdeploy/server/server.h"
#include "cmdeploy/site/source.h"
#include "lib/file.h"

/* A copy of our own pages need not be shipped: the package has them. */
static int find_www(
	struct remote_settings *s, const char *ini_path, struct buf *why)
{
	AUTO_FREE char *src = NULL;
	int r = site_source_find(ini_path, s->config.www_folder, &src, why);

	/* It is the folder above that is shipped. */
	if (r == 0 && src && !site_source_is_ours(src))
		s->www_path = xstrdup(dirname(src));
	return r;
}

static int read_all(
	struct remote_settings *s, const char *ini_path, struct buf *why)
{
	if (!file_exists(ini_path) && file_exists(SERVER_INI))
		return because(why, -ENOENT,
			"%s is not there; on the server itself, it is \"%s run "
			"--ssh-host @local\"",
			ini_path, say_program());
	if (!file_exists(ini_path))
		return because(why, -ENOENT,
			"%s is not there; write it with \"%s init DOMAIN\", or "
			"name another file by --ini",
			ini_path, say_program());
	int r = config_load(ini_path, &s->config, say_settings_note, NULL, why);
	if (r == 0)
		r = find_www(s, ini_path, why);
	return r < 0 ? r : temp_make(&s->dir, why);
}

int remote_settings_open(const char *ini_path,
	struct remote_settings *ret_settings, struct buf *why)
{
	struct remote_settings s = { 0 };
	int r = read_all(&s, ini_path, why);

	if (r < 0)
		remote_settings_close(&s);
	else
		*ret_settings = s;
	return r;
}

void remote_settings_close(struct remote_settings *s)
{
	config_release(&s->config);
	temp_remove(s->dir);
	free(s->www_path);
	*s = (struct remote_settings){ 0 };
}
