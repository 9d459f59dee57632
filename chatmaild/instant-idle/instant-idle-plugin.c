/*
 * instant-idle-plugin - a Dovecot plugin for imap: a client in IDLE learns
 * of a new message when it arrives.
 *
 * Dovecot watches new/ and cur/ of a maildir with inotify, but waits half
 * a second after an event before it looks (NOTIFY_DELAY_MSECS in its
 * lib-storage/mailbox-watch.c). We watch the same folders and look in the
 * next turn of the event loop; in a burst, every few milliseconds.
 *
 * Two more things make sure that no message waits for the next one:
 *
 * Dovecot decides by a folder's mtime whether there is anything to read,
 * and two messages can arrive within its granularity. Half a second made
 * that unlikely; without it, each look reads the folders in full.
 *
 * A hibernating connection moves to the watch of another process, which
 * knows nothing of an event that came a moment before. So when it has
 * moved and a folder has changed since our last look, we touch the
 * folder: the new watch fires, and the connection comes back and looks.
 *
 * instant-idle(7) says how it is loaded, and what happens where it cannot.
 */
#include "config.h"

#include "lib.h"

#include "imap-common.h"
#include "ioloop.h"
#include "mail-storage-hooks.h"
#include "mail-storage-private.h"
#include "module-context.h"
#include "time-util.h"

#include "chatmaild/instant-idle/folder-limit.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>

enum {
	/* The shortest time from one look to the next. */
	COALESCE_MSEC = 5,
	FOLDERS_N = 2,
};

/* Maildir readers skip names that begin with a dot. */
static const char TOUCH_NAME[] = "/.instant-idle";
static const char *const FOLDERS[FOLDERS_N] = { "/new", "/cur" };

struct watch {
	struct io *io;
	/* The folder's mtime when the last look began. */
	struct timespec seen;
};

struct instant_box {
	union mailbox_module_context module_ctx;
	struct watch watches[FOLDERS_N];
	struct timeout *look; /* when to look, after an event */
	struct timeval looked;
};

struct instant_client {
	union imap_module_context module_ctx;
};

/* The version makes Dovecot refuse us when it is another. */
extern const char *instant_idle_plugin_version;
extern const char instant_idle_plugin_binary_dependency[];
void instant_idle_plugin_init(struct module *module);
void instant_idle_plugin_deinit(void);

const char *instant_idle_plugin_version = DOVECOT_ABI_VERSION;
const char instant_idle_plugin_binary_dependency[] = "imap";

static MODULE_CONTEXT_DEFINE_INIT(box_contexts, &mail_storage_module_register);
static MODULE_CONTEXT_DEFINE_INIT(client_contexts, &imap_module_register);

static imap_client_created_func_t *next_client_created;

static struct instant_box *box_context(struct mailbox *box)
{
	return MODULE_CONTEXT_REQUIRE(box, box_contexts);
}

/* A maildir: others have no context of ours. */
static bool is_ours(struct mailbox *box)
{
	return MODULE_CONTEXT(box, box_contexts) != NULL;
}

static const char *folder_path(struct mailbox *box, int i)
{
	return t_strconcat(mailbox_get_path(box), FOLDERS[i], NULL);
}

/* All zero for a folder that is not there. */
static struct timespec folder_mtime(struct mailbox *box, int i)
{
	struct stat st;

	if (stat(folder_path(box, i), &st) < 0)
		return (struct timespec){ 0 };
	return st.st_mtim;
}

static void note_folders(struct mailbox *box)
{
	struct instant_box *ibox = box_context(box);

	for (int i = 0; i < FOLDERS_N; i++)
		ibox->watches[i].seen = folder_mtime(box, i);
}

static bool has_unseen(struct mailbox *box)
{
	const struct instant_box *ibox = box_context(box);

	for (int i = 0; i < FOLDERS_N; i++) {
		struct timespec seen = ibox->watches[i].seen;
		struct timespec now = folder_mtime(box, i);
		if (now.tv_sec != seen.tv_sec || now.tv_nsec != seen.tv_nsec)
			return true;
	}
	return false;
}

/* Makes the watches of others fire; leaves nothing behind. */
static void touch_folder(struct mailbox *box)
{
	const char *path = t_strconcat(folder_path(box, 0), TOUCH_NAME, NULL);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
	i_unlink_if_exists(path);
}

static void watch_stop(struct mailbox *box)
{
	struct instant_box *ibox = box_context(box);

	for (int i = 0; i < FOLDERS_N; i++)
		io_remove(&ibox->watches[i].io);
	timeout_remove(&ibox->look);
}

static void look_now(struct mailbox *box)
{
	struct instant_box *ibox = box_context(box);

	timeout_remove(&ibox->look);
	timeout_remove(&box->to_notify_delay);
	ibox->looked = ioloop_timeval;
	/* May free the mailbox: nothing of it may be touched afterwards. */
	if (box->notify_callback != NULL)
		box->notify_callback(box, box->notify_context);
}

static unsigned msec_to_next_look(const struct instant_box *ibox)
{
	long long since = timeval_diff_msecs(&ioloop_timeval, &ibox->looked);

	if (since < 0 || since >= COALESCE_MSEC)
		return 0;
	return (unsigned)(COALESCE_MSEC - since);
}

/*
 * Always through a timeout, even of 0 ms: the callback can free the watch
 * that is being handled.
 */
static void folder_changed(struct mailbox *box)
{
	struct instant_box *ibox = box_context(box);

	if (box->to_notify != NULL)
		timeout_reset(box->to_notify);
	if (ibox->look == NULL)
		ibox->look = timeout_add_short(
			msec_to_next_look(ibox), look_now, box);
}

/* Begins or ends IDLE: box->notify_callback is set, or NULL. */
static void box_notify_changes(struct mailbox *box)
{
	struct instant_box *ibox = box_context(box);

	watch_stop(box);
	/* Makes the list of files that hibernation hands over. */
	ibox->module_ctx.super.notify_changes(box);
	if (box->notify_callback == NULL)
		return;
	/*
	 * After Dovecot's own: both share a watch of the kernel, and the
	 * one added last is told. Where the kernel has no watch left, its
	 * poll every half minute remains.
	 */
	for (int i = 0; i < FOLDERS_N; i++)
		(void)io_add_notify(folder_path(box, i), folder_changed, box,
			&ibox->watches[i].io);
}

static struct mailbox_sync_context *box_sync_init(
	struct mailbox *box, enum mailbox_sync_flags flags)
{
	struct instant_box *ibox = box_context(box);

	if (box->notify_callback != NULL) {
		note_folders(box);
		flags |= MAILBOX_SYNC_FLAG_FULL_READ;
	}
	return ibox->module_ctx.super.sync_init(box, flags);
}

static void box_close(struct mailbox *box)
{
	watch_stop(box);
	box_context(box)->module_ctx.super.close(box);
}

static void box_free(struct mailbox *box)
{
	watch_stop(box);
	box_context(box)->module_ctx.super.free(box);
}

static void box_allocated(struct mailbox *box)
{
	struct mailbox_vfuncs *v = box->vlast;

	if (strcmp(box->storage->name, "maildir") != 0)
		return;
	struct instant_box *ibox = p_new(box->pool, struct instant_box, 1);
	ibox->module_ctx.super = *v;
	box->vlast = &ibox->module_ctx.super;
	v->notify_changes = box_notify_changes;
	v->sync_init = box_sync_init;
	v->close = box_close;
	v->free = box_free;
	MODULE_CONTEXT_SET(box, box_contexts, ibox);
}

/* A hibernated client is destroyed here and lives on elsewhere. */
static void client_destroyed(struct client *client, const char *reason)
{
	struct instant_client *iclient =
		MODULE_CONTEXT_REQUIRE(client, client_contexts);
	struct mailbox *box = client->mailbox;

	if (client->hibernated && box != NULL && is_ours(box) &&
		has_unseen(box))
		touch_folder(box);
	iclient->module_ctx.super.destroy(client, reason);
}

static void client_created(struct client **client_p)
{
	struct client *client = *client_p;
	struct instant_client *iclient =
		p_new(client->pool, struct instant_client, 1);

	iclient->module_ctx.super = client->v;
	client->v.destroy = client_destroyed;
	MODULE_CONTEXT_SET(client, client_contexts, iclient);
	if (next_client_created != NULL)
		next_client_created(client_p);
}

static struct mail_storage_hooks storage_hooks = {
	.mailbox_allocated = box_allocated,
};

void instant_idle_plugin_init(struct module *module)
{
	mail_storage_hooks_add(module, &storage_hooks);
	next_client_created = imap_client_created_hook_set(client_created);
#ifdef DOVECOT_IS_2_3
	folder_limit_init(module);
#endif
}

void instant_idle_plugin_deinit(void)
{
#ifdef DOVECOT_IS_2_3
	folder_limit_deinit();
#endif
	imap_client_created_hook_set(next_client_created);
	mail_storage_hooks_remove(&storage_hooks);
}
