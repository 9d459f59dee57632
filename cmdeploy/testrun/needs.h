/*
 * needs.h - what a test may need beyond the build, and how it comes.
 *
 * Each need is brought in once, before the first test that names it;
 * where it is there already, that takes no time. What was installed
 * stays for the next run.
 */
#ifndef CMDEPLOY_TESTRUN_NEEDS_H
#define CMDEPLOY_TESTRUN_NEEDS_H

#include "lib/buf.h"
#include "lib/slice.h"

enum {
	NEED_ROOT = 1 << 0,  /* the tests run as root */
	NEED_CORE = 1 << 1,  /* a Delta Chat core in the build folder */
	NEED_RELAY = 1 << 2, /* the Debian packages of a relay */
	NEED_CLANG = 1 << 3, /* clang and its sanitizers */
	NEED_PROMTOOL = 1 << 4,
	NEED_BED = 1 << 5,     /* a host for ssh: tests/t/bed/bed.sh */
	NEED_KNOT = 1 << 6,    /* name servers */
	NEED_HOSTS = 1 << 7,   /* what makes throw-away hosts */
	NEED_BROWSER = 1 << 8, /* Chromium, its driver, axe, zbarimg */
	NEED_TOOLS = 1 << 9,   /* what scripts call: curl, ssh, pgrep, ip */
	NEED_MTAIL = 1 << 10,
	NEEDS_N = 11,
};

/*
 * "-" or names joined by commas: root, core, relay, clang, promtool, bed,
 * knot, hosts, browser, tools, mtail.
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
