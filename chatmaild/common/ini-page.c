/*
 * ini-page: prints chatmail.ini(5) from the table of settings, when the
 * project is built.
 */
#include <stdio.h>

#include "chatmaild/common/config.h"
#include "lib/file.h"

enum {
	PAGE_MAX_BYTES = 1 << 20,
};

static const char head[] =
	".Dd October 1, 2025\n"
	".Dt CHATMAIL.INI 5\n"
	".Os\n"
	".Sh NAME\n"
	".Nm chatmail.ini\n"
	".Nd settings of a chatmail relay\n"
	".Sh DESCRIPTION\n"
	"The file has one section,\n"
	".Ic [params] ,\n"
	"with one\n"
	".Ar key = value\n"
	"a line.\n"
	"A value may go on in indented lines; lists are separated by white\n"
	"space; sizes may end in K, M or G, powers of 1024.\n"
	"Lines that begin with # are comments.\n"
	"A key that is not there has its default.\n"
	".Pp\n"
	"An unknown key is ignored with a warning; a value that cannot be\n"
	"used is an error, and nothing starts.\n"
	".Pp\n"
	".Xr cmdeploy 1\n"
	"writes the file with all keys and what they mean as comments, and\n"
	"applies changes to it.\n"
	".Sh KEYS\n";

static const char foot[] = ".Sh SEE ALSO\n"
			   ".Xr cmdeploy 1\n";

int main(void)
{
	AUTO_BUF struct buf page = BUF_INIT(PAGE_MAX_BYTES);

	buf_add_str(&page, head);
	settings_write_mdoc(&config_settings, &page);
	buf_add_str(&page, foot);
	return buf_ok(&page) &&
			fd_write_all(STDOUT_FILENO, buf_slice(&page)) == 0
		? 0
		: 1;
}
