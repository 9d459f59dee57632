/*
 * needs.h - what a test may need beyond the build, and how it comes.
 *
 * All of them come before the first test, so that no package changes the
 * machine under the feet of one; the bed, which is the machine with some
 * more, comes last. Where a need is met already, that takes no time. What
 * was installed stays for the next run.
 */
#ifndef CMDEPLOY_TESTRUN_NEEDS_H
#define CMDEPLOY_TESTRUN_NEEDS_H

#include "lib/buf.h"
#include "lib/slice.h"

/* In the order in which they are met. */
enum {
	NEED_ROOT = 1 << 0,     /* the tests run as root */
	NEED_TOOLS = 1 << 1,    /* what scripts call: curl, ssh, pgrep, ip */
	NEED_RELAY = 1 << 2,    /* the Debian packages of a relay */
	NEED_CORE = 1 << 3,     /* a Delta Chat core in the build folder */
	NEED_CLANG = 1 << 4,    /* clang and its sanitizers */
	NEED_PROMTOOL = 1 << 5, /* a judge of metrics */
	NEED_MTAIL = 1 << 6,    /* what makes metrics of logs */
	NEED_KNOT = 1 << 7,     /* name servers */
	NEED_HOSTS = 1 << 8,    /* what makes throw-away hosts */
	NEED_BROWSER = 1 << 9,  /* Chromium, its driver, axe, zbarimg */
	NEED_BED = 1 << 10,     /* a host for ssh: tests/t/bed/bed.sh */
	NEED_DKIMPY = 1 << 11,  /* it gives a second opinion */
	NEEDS_N = 12,
};

/*
 * "-" or names joined by commas: root, tools, relay, core, clang, promtool,
 * mtail, knot, hosts, browser, bed.
 */
int needs_parse(
	struct slice names, unsigned *ret_needs, struct buf *why) MUST_CHECK;

/*
 * Brings in one need (one bit). `build` is the build folder. Says what it
 * does on standard output when it does something.
 */
int need_meet(unsigned need, const char *build, struct buf *why) MUST_CHECK;

/*
 * The paths of core, of the browser's node_modules, and of the cmdeploy that
 * the tests run ($CMDEPLOY replaces that of the build folder); the caller
 * frees.
 */
char *core_path(const char *build);
char *browser_modules_path(const char *build);
char *cmdeploy_path(const char *build);

#endif
