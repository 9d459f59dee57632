/*
 * folder-limit.c - refuses to create a folder in a mailbox that has many.
 * A part of the plugin for Dovecot 2.3 (folder-limit.h).
 */
#include "config.h"

#include "lib.h"

#include "mail-storage-hooks.h"
#include "mail-storage-private.h"
#include "mailbox-list-iter.h"
#include "module-context.h"

#include "chatmaild/instant-idle/folder-limit.h"

enum {
	/* As quota_mailbox_count in dovecot.conf of 2.4. */
	FOLDERS_MAX = 100,
};

static MODULE_CONTEXT_DEFINE_INIT(box_contexts, &mail_storage_module_register);

static unsigned count_folders(struct mailbox *box)
{
	struct mailbox_list_iterate_context *iter = mailbox_list_iter_init(
		box->list, "*", MAILBOX_LIST_ITER_RETURN_NO_FLAGS);
	unsigned n = 0;

	while (mailbox_list_iter_next(iter) != NULL)
		n++;
	/* What cannot be listed is not counted. */
	(void)mailbox_list_iter_deinit(&iter);
	return n;
}

/* The inbox is made for everybody. */
static int create_box(
	struct mailbox *box, const struct mailbox_update *update, bool directory)
{
	union mailbox_module_context *context =
		MODULE_CONTEXT_REQUIRE(box, box_contexts);

	if (!box->inbox_any && count_folders(box) >= FOLDERS_MAX) {
		mail_storage_set_error(box->storage, MAIL_ERROR_LIMIT,
			"The mailbox has its 100 folders; delete one first");
		return -1;
	}
	return context->super.create_box(box, update, directory);
}

static void box_allocated(struct mailbox *box)
{
	union mailbox_module_context *context =
		p_new(box->pool, union mailbox_module_context, 1);

	context->super = *box->vlast;
	box->vlast->create_box = create_box;
	box->vlast = &context->super;
	MODULE_CONTEXT_SET_SELF(box, box_contexts, context);
}

static struct mail_storage_hooks hooks = {
	.mailbox_allocated = box_allocated,
};

void folder_limit_init(struct module *module)
{
	mail_storage_hooks_add(module, &hooks);
}

void folder_limit_deinit(void)
{
	mail_storage_hooks_remove(&hooks);
}
