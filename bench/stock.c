/* Switches a relay to Debian's Dovecot without the plugin (stock.h). */
#include "bench/stock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/die.h"
#include "lib/proc.h"

enum {
	RELOAD_SEC = 30,
};

/* What names the plugin to Dovecot, and where it is meanwhile. */
static char *plugin_conf, *aside, *dovecot_conf;

/* Dovecot takes its configuration anew; new connections follow it. */
static int reload(struct buf *why)
{
	const char *const argv[] = { "doveadm", "-c", dovecot_conf, "reload",
		NULL };
	struct proc proc = { .argv = argv, .timeout_sec = RELOAD_SEC };

	return proc_run_ok(&proc, why);
}

/* At the end, also when a measurement failed. */
static void switch_on(void)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);

	if (rename(aside, plugin_conf) < 0)
		fprintf(stderr, "%s: %s: move it to %s yourself\n", aside,
			strerror(errno), plugin_conf);
	else if (reload(&why) < 0)
		fprintf(stderr, "%s\n", buf_str(&why));
}

void stock_switch_off(const char *relay_dir)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);

	plugin_conf = xasprintf("%s/run/instant-idle.conf", relay_dir);
	aside = xasprintf("%s.off", plugin_conf);
	dovecot_conf = xasprintf("%s/etc/dovecot/dovecot.conf", relay_dir);
	if (rename(plugin_conf, aside) < 0)
		die("%s: %s", plugin_conf, strerror(errno));
	atexit(switch_on);
	if (reload(&why) < 0)
		die("%s", buf_str(&why));
}
