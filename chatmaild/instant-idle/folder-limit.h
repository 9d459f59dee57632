/*
 * folder-limit.h - how many folders a mailbox may have with Dovecot 2.3, where
 * no setting says it: 2.4 has quota_mailbox_count. One folder is 8 inodes.
 */
#ifndef CHATMAILD_INSTANT_IDLE_FOLDER_LIMIT_H
#define CHATMAILD_INSTANT_IDLE_FOLDER_LIMIT_H

struct module;

/* As of a plugin. */
void folder_limit_init(struct module *module);
void folder_limit_deinit(void);

#endif
