/* The accounts with which relays are tried, and their file (accounts.h). */
#include "cmdeploy/probe/accounts.h"

#include <errno.h>
#include <string.h>

#include "cmdeploy/host/lock.h"
#include "lib/file.h"
#include "lib/random.h"

enum {
	FILE_MAX_BYTES = 1 << 16,
};

static const char name_alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789";

static char *random_text(size_t n)
{
	AUTO_BUF struct buf text = BUF_INIT(64);

	random_add_text(&text, name_alphabet, n);
	return buf_take(&text);
}

struct probe_account probe_account_invent(const char *domain, const char *role)
{
	AUTO_FREE char *name = random_text(PROBE_ACCOUNT_CHARS);

	return (struct probe_account){
		.role = xstrdup(role),
		.address = xasprintf("%s@%s", name, domain),
		.password = random_text(PROBE_PASSWORD_CHARS),
	};
}

void probe_account_release(struct probe_account *account)
{
	if (account->password)
		explicit_bzero(account->password, strlen(account->password));
	free(account->role);
	free(account->address);
	free(account->password);
	*account = (struct probe_account){ 0 };
}

static char *file_path(const struct probe_accounts *a)
{
	return xasprintf("%s/accounts", a->dir);
}

/* A line that is not whole is passed over: another account is made. */
static void take_line(struct probe_accounts *a, struct slice line)
{
	struct slice role, address, password;

	if (a->n == PROBE_ACCOUNTS_MAX || !slice_next_word(&line, &role) ||
		!slice_next_word(&line, &address) ||
		!slice_next_word(&line, &password))
		return;
	a->v[a->n++] = (struct probe_account){
		.role = slice_dup(role),
		.address = slice_dup(address),
		.password = slice_dup(password),
	};
}

static int read_file(struct probe_accounts *a, struct buf *why)
{
	__attribute__((cleanup(buf_release_secret))) struct buf text =
		BUF_INIT(FILE_MAX_BYTES);
	AUTO_FREE char *path = file_path(a);
	struct slice line;
	int r = file_read(path, &text, why);

	if (r == -ENOENT)
		return 0;
	struct slice rest = buf_slice(&text);
	while (r == 0 && slice_next_line(&rest, &line))
		take_line(a, line);
	return r;
}

static char *cache_folder(void)
{
	const char *cache = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");

	if (cache && cache[0] == '/')
		return xasprintf("%s/cmdeploy", cache);
	return xasprintf("%s/.cache/cmdeploy", home && home[0] ? home : "");
}

int probe_accounts_open(struct probe_accounts *a, const char *folder,
	const char *domain, struct buf *why)
{
	AUTO_FREE char *cache = cache_folder();

	*a = (struct probe_accounts){
		.lock_fd = -1,
		.dir = xasprintf("%s/test/%s", cache, folder),
		.domain = xstrdup(domain),
	};
	AUTO_FREE char *lock = xasprintf("%s/lock", a->dir);
	int r = dir_make(a->dir, 0700, why);
	if (r == 0)
		r = lock_open(lock, &a->lock_fd, why);
	if (r == 0)
		r = lock_try(a->lock_fd);
	if (r == 0)
		r = because(why, -EBUSY,
			"this relay is being tried already (pid %d); wait "
			"until that has ended",
			(int)lock_holder(a->lock_fd));
	else if (r > 0)
		r = read_file(a, why);
	if (r < 0)
		probe_accounts_release(a);
	return r;
}

void probe_accounts_release(struct probe_accounts *a)
{
	for (size_t i = 0; i < a->n; i++)
		probe_account_release(&a->v[i]);
	if (a->dir)
		fd_close(&a->lock_fd);
	free(a->dir);
	free(a->domain);
	*a = (struct probe_accounts){ .lock_fd = -1 };
}

const struct probe_account *probe_accounts_find(
	const struct probe_accounts *a, const char *role)
{
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->v[i].role, role) == 0)
			return &a->v[i];
	return NULL;
}

static int write_file(const struct probe_accounts *a, struct buf *why)
{
	__attribute__((cleanup(buf_release_secret))) struct buf text =
		BUF_INIT(FILE_MAX_BYTES);
	AUTO_FREE char *path = file_path(a);

	for (size_t i = 0; i < a->n; i++)
		buf_addf(&text, "%s %s %s\n", a->v[i].role, a->v[i].address,
			a->v[i].password);
	return file_write(path, buf_slice(&text),
		(struct file_owner){ 0600, (uid_t)-1, (gid_t)-1 }, why);
}

int probe_accounts_keep(struct probe_accounts *a,
	const struct probe_account *account, struct buf *why)
{
	struct probe_account *slot = NULL;

	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->v[i].role, account->role) == 0)
			slot = &a->v[i];
	if (slot)
		probe_account_release(slot);
	else if (a->n < PROBE_ACCOUNTS_MAX)
		slot = &a->v[a->n++];
	else
		return because(why, -ENOSPC, "too many accounts");
	*slot = (struct probe_account){
		.role = xstrdup(account->role),
		.address = xstrdup(account->address),
		.password = xstrdup(account->password),
	};
	return write_file(a, why);
}
