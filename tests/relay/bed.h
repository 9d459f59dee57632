/*
 * bed.h - what the relay tests happen on: whole relays that `cmdeploy up`
 * made on loopback addresses of their own, and one Delta Chat core in
 * which everybody has an account.
 *
 * Functions return 0 or a negative errno; the reason is in bed->why.
 */
#ifndef TESTS_RELAY_BED_H
#define TESTS_RELAY_BED_H

#include "deltachat/chat.h"

enum {
	BED_RELAYS_MAX = 2,
	BED_UP_SEC = 120,
	BED_DOWN_SEC = 30,
	BED_DEFER_SEC = 60,
};

struct bed_relay {
	char *address; /* 127.x.y.z */
	char *domain;  /* what stands right of the @: [127.x.y.z] or a name */
	char *dir;
};

struct bed {
	const char *dir;      /* $TEST_DIR */
	const char *core;     /* $RPC_SERVER */
	const char *cmdeploy; /* $CMDEPLOY */
	/* More lines of chatmail.ini, or NULL; behind a last @ comes the
	 * domain. */
	char *settings;
	int notified_fd; /* listens for notifications, or -1 */
	struct bed_relay relays[BED_RELAYS_MAX];
	size_t n_relays;
	struct rpc *rpc;
	struct buf *why;
};

/*
 * Chooses addresses that no other bed has at the same time. `domain` is
 * the name of the first relay; NULL: its address.
 */
void bed_init(
	struct bed *bed, size_t n_relays, const char *domain, struct buf *why);
void bed_release(struct bed *bed);

/* Starts a relay and waits until it is ready; ends it. */
int bed_up(struct bed *bed, size_t relay) MUST_CHECK;
int bed_down(struct bed *bed, size_t relay) MUST_CHECK;

/* Waits until the relay's queue holds a mail that could not be sent yet. */
int bed_wait_deferred(struct bed *bed, size_t relay) MUST_CHECK;
/* Waits until all mail has left the relay's queue. */
int bed_wait_empty(struct bed *bed, size_t relay) MUST_CHECK;

/*
 * Looks through the logs of the relay's services for what no input may
 * cause: reports of a sanitizer, panics, crashes.
 */
int bed_check_logs(struct bed *bed, size_t relay) MUST_CHECK;

/*
 * From here on this process and its children see the relay under its
 * name, and no name server: a mount namespace of their own in which
 * /etc/hosts and /etc/resolv.conf are others.
 */
int bed_enter_names(struct bed *bed) MUST_CHECK;

int bed_open_core(struct bed *bed) MUST_CHECK;

/* A random name of 9 and password of 22 characters, with a NUL. */
struct bed_login {
	char user[10];
	char password[23];
};
void bed_invent(struct bed_login *ret_login);
/* The dclogin: link that works without a name server. */
char *bed_login_link(
	const struct bed *bed, size_t relay, const struct bed_login *login);

/* A new account on the relay, signed up and online. */
int bed_new_user(
	struct bed *bed, size_t relay, struct chat_user *ret_user) MUST_CHECK;
/*
 * `guest` scans the invitation of `host`; both chats between them are
 * given (ret_host_chat may be NULL).
 */
int bed_befriend(struct bed *bed, const struct chat_user *host,
	const struct chat_user *guest, uint32_t *ret_host_chat,
	uint32_t *ret_guest_chat) MUST_CHECK;

/* A line of the story, with the time since its beginning. */
void bed_tell(const char *format, ...) PRINTF_LIKE(1, 2);

#endif
