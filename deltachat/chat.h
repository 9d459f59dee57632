/*
 * chat.h - what a person does with an app, as functions over rpc.h:
 * accounts, SecureJoin, messages, groups. Waiting is bounded by the time
 * limit of the rpc; errors are those of rpc.h, and -EBADMSG when a
 * message failed (the reason is what the app would show).
 *
 * Ids are core's, and valid within one account. Texts given out are the
 * caller's to free.
 */
#ifndef DELTACHAT_CHAT_H
#define DELTACHAT_CHAT_H

#include "deltachat/rpc.h"

/* One account (profile) in a core. */
struct chat_user {
	struct rpc *rpc;
	uint32_t account;
};

/* Message states, as core numbers them. */
enum chat_state {
	CHAT_IN_FRESH = 10,
	CHAT_IN_SEEN = 16,
	CHAT_OUT_PENDING = 20,
	CHAT_OUT_FAILED = 24,
	CHAT_OUT_DELIVERED = 26,
	CHAT_OUT_READ = 28,
};

/* Like rpc_call() with the account in front of the parameters. */
int chat_call(const struct chat_user *user, const char *method, json_t *params,
	json_t **ret_result, struct buf *why) MUST_CHECK;

int chat_add_user(struct rpc *rpc, struct chat_user *ret_user,
	struct buf *why) MUST_CHECK;
/* Signs up or in by a dcaccount: or dclogin: link, and starts its I/O. */
int chat_sign_up(const struct chat_user *user, const char *link,
	struct buf *why) MUST_CHECK;
/* An unset value is "". */
int chat_get_config(const struct chat_user *user, const char *key,
	char **ret_value, struct buf *why) MUST_CHECK;
int chat_start_io(const struct chat_user *user, struct buf *why) MUST_CHECK;
int chat_stop_io(const struct chat_user *user, struct buf *why) MUST_CHECK;

/* The invitation to the user (group 0), or to a group. */
int chat_invite(const struct chat_user *user, uint32_t group, char **ret_qr,
	struct buf *why) MUST_CHECK;
/* Scans an invitation; the handshake goes on in the background. */
int chat_join(const struct chat_user *user, const char *qr, uint32_t *ret_chat,
	struct buf *why) MUST_CHECK;
/* The handshake has ended, seen from who joins and from who invited. */
int chat_wait_joined(const struct chat_user *user, struct buf *why) MUST_CHECK;
int chat_wait_guest(const struct chat_user *user, uint32_t *ret_contact,
	struct buf *why) MUST_CHECK;
/* The one-to-one chat with a contact. */
int chat_with(const struct chat_user *user, uint32_t contact,
	uint32_t *ret_chat, struct buf *why) MUST_CHECK;

int chat_make_group(const struct chat_user *user, const char *name,
	uint32_t *ret_chat, struct buf *why) MUST_CHECK;
int chat_count_members(const struct chat_user *user, uint32_t chat,
	struct buf *why) MUST_CHECK;

int chat_send_text(const struct chat_user *user, uint32_t chat,
	const char *text, uint32_t *ret_msg, struct buf *why) MUST_CHECK;
int chat_send_file(const struct chat_user *user, uint32_t chat,
	const char *path, uint32_t *ret_msg, struct buf *why) MUST_CHECK;
/* Waits for an incoming message with this text. */
int chat_wait_text(const struct chat_user *user, const char *text,
	uint32_t *ret_msg, struct buf *why) MUST_CHECK;
/* Waits for an incoming message with a file, whole; gives its path. */
int chat_wait_file(const struct chat_user *user, char **ret_path,
	uint32_t *ret_msg, struct buf *why) MUST_CHECK;
/* Sends the read receipt. */
int chat_mark_seen(
	const struct chat_user *user, uint32_t msg, struct buf *why) MUST_CHECK;
/* The state that a message has. */
int chat_state_of(
	const struct chat_user *user, uint32_t msg, struct buf *why) MUST_CHECK;
/* Waits until the message has reached `state` or a later one. */
int chat_wait_state(const struct chat_user *user, uint32_t msg,
	enum chat_state state, struct buf *why) MUST_CHECK;

#endif
