/*
 * component.h - how a piece of the relay says what it needs.
 *
 * A component is a table of packages, users, folders, files, services
 * and ports. It does nothing by itself: apply/ compares what it declares
 * with what is there. Every path, address and port is a template
 * (lib/template.h), so that one component serves a relay that has the
 * machine for itself and one in a private folder.
 *
 * Lists end with a row (or pointer) that is NULL. `when`, if not NULL,
 * names variables, separated by blanks; the row counts only while all of
 * them are not empty, or empty where a "!" stands before the name.
 */
#ifndef CMDEPLOY_APPLY_COMPONENT_H
#define CMDEPLOY_APPLY_COMPONENT_H

#include <sys/types.h>

#include "cmdeploy/apply/fileset.h"
#include "lib/buf.h"

struct apply;

struct system_user {
	const char *name;
	const char *home; /* NULL: none */
	const char *when;
};

struct folder {
	const char *path;
	mode_t mode;
	const char *user;  /* NULL: root */
	const char *group; /* NULL: that of root */
	const char *when;
};

struct file {
	const char *path;
	mode_t mode;
	const char *user;
	const char *group;
	const char *when;

	/* What it holds; exactly one of the next five. */
	const char *from;    /* a template of ours, by name */
	const char *program; /* one of our programs, by name */
	/* Text that follows from the variables: nothing else may be read. */
	int (*make)(
		const struct apply *apply, struct buf *out, struct buf *why);
	/*
	 * All that is in the folder `path`: names and texts that follow from
	 * the variables and from files of the operator's. What else lies
	 * there goes. `apply->notes` takes what a person should know.
	 */
	int (*make_all)(const struct apply *apply, struct file_set *out,
		struct buf *why);
	/* Made once, when absent: keys, certificates. */
	int (*create)(
		const struct apply *apply, struct buf *out, struct buf *why);

	/* For `create`: made again when this file changes. */
	const char *follows;
	/* The operator's: written when absent, never changed afterwards. */
	bool is_operators;
	/* What stands there as a symbolic link is replaced. */
	bool may_be_link;
	/* Dated back a little, for readers who wait until a file is old. */
	bool is_dated_back;
};

/* How a port shows that the service behind it works. */
enum probe {
	PROBE_OPEN, /* accepts a connection */
	PROBE_SMTP, /* greets with 220 */
	PROBE_IMAP, /* greets with * OK */
	PROBE_TLS,  /* answers a TLS hello */
	PROBE_NONE, /* another port answers for it */
	PROBE_HTTP, /* answers GET / */
};

struct port {
	const char *address; /* or "unix:/path" */
	const char *port;    /* NULL for unix sockets */
	enum probe probe;
	const char *label; /* for people; NULL: not for users */
	const char *when;
};

/*
 * A service, and how it is started: runit's run script and systemd's unit
 * are both made from this (launch.h). Texts are templates; lines of text
 * end with a line feed. Where systemd starts a unit of Debian's, `command`
 * is for runit alone, and the rest is added to that unit.
 */
struct service {
	const char *name;
	const char *when;
	/*
	 * Under systemd: what it is called; NULL: the name with .service.
	 * "NAME.timer" or "NAME.path" starts NAME.service when it is time.
	 */
	const char *unit;
	/* What is enabled for it to start with the machine; NULL: the unit. */
	const char *enable;
	bool is_mail;      /* for users' mail: not with --disable-mail */
	bool is_on_demand; /* started by what is enabled for it */
	bool is_oneshot;   /* does its work at once, and does not stay */

	const char *title; /* of a unit of our own; NULL: it is Debian's */
	const char *man;   /* "doveauth(8)" */
	/* Units, separated by blanks. */
	const char *before, *wants, *after;
	const char *command; /* the program and its arguments */
	const char *user;    /* NULL: root */
	const char *groups;  /* beside the user's own, separated by blanks */
	unsigned n_files;    /* open at once; 0: as many as is usual */
	const char *restart; /* systemd's word for when: "always" */
	unsigned restart_sec;
	/* Under runit: whom its main process leaves behind, when killed, ends.
	 */
	bool is_group;
	bool is_notify;    /* it tells systemd when it is ready */
	bool is_sandboxed; /* {{sandbox}} */
	bool is_walled;    /* {{walls}}: it starts as root, or is Debian's */
	bool has_run_dir;  /* a folder of its own in {{run_dir}} */
	/* Under runit: lines of shell before the command. */
	const char *run_lines;
	/* Under runit, in place of a timer: run again that long after. */
	unsigned every_sec;
	const char *unit_lines; /* of [Service] */
	/* The timer or path: what it is called, and its lines. */
	const char *trigger_title, *trigger_lines;

	/* It is restarted when one of these files changes, or what starts it;
	 * one that ends in "/" means all below. */
	const char *const *restart_on;
	const char *const *reload_on; /* a HUP is enough */
	/* With these arguments as well, the command only checks its files, as
	 * is done before a reload. NULL: it cannot. */
	const char *test_args;
	/* Who it is among the readers of config_settings: it is restarted when
	 * a setting changes that it reads. 0: it reads none, or each time. */
	unsigned reader;
	const struct port *ports;
};

struct component {
	const char *name;
	const char *when; /* of the packages; the rest has its own */
	const char *const *packages;
	const struct system_user *users; /* made when absent */
	const struct folder *folders;
	const struct file *files;
	const struct service *services;
};

#endif
