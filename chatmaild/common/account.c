/* account.c - the rules of an address, and whether the machine has room. */
#include "chatmaild/common/account.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/statvfs.h>

#include "chatmaild/common/limits.h"
#include "lib/file.h"
#include "lib/memory.h"
#include "lib/path.h"
#include "mail/address.h"

enum {
	/* For one file of this size ext4 makes an inode. */
	BYTES_A_FILE = 16384,
	LOAD_PER_CORE = 5,
};

static const char system_nocreate[] = "/etc/chatmail-nocreate";

void account_rules_init(struct account_rules *rules,
	const struct config *config, const char *ini_path)
{
	*rules = (struct account_rules){
		.config = config,
		.nocreate = {
			xstrdup(system_nocreate),
			path_beside(ini_path, "chatmail-nocreate"),
		},
	};
}

void account_rules_release(struct account_rules *rules)
{
	for (size_t i = 0; i < ARRAY_LEN(rules->nocreate); i++)
		free(rules->nocreate[i]);
	*rules = (struct account_rules){ 0 };
}

const char *account_nocreate(const struct account_rules *rules)
{
	for (size_t i = 0; i < ARRAY_LEN(rules->nocreate); i++)
		if (file_exists(rules->nocreate[i]))
			return rules->nocreate[i];
	return NULL;
}

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || ascii_is_digit(c) || c == '-' ||
		c == '.' || c == '_';
}

static bool is_name(struct slice name)
{
	if (name.len == 0 || name.ptr[0] == '.')
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (!is_name_char(name.ptr[i]))
			return false;
	return true;
}

/* No dot at the end, nor two together: RFC 5321 wants a dot-atom. */
static bool is_dot_atom(struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.ptr[i] == '.' &&
			(i + 1 == name.len || name.ptr[i + 1] == '.'))
			return false;
	return true;
}

static int check_name(
	const struct config *config, struct slice name, struct buf *why)
{
	if (!is_name(name)) {
		int r = because(why, -EPERM, "reason=name-characters name=");
		if (why)
			buf_add_quoted(why, name);
		return r;
	}
	if (!is_dot_atom(name))
		return because(why, -EPERM, "reason=name-dots");
	if (slice_eq_str(name, "echo"))
		return because(why, -EPERM, "reason=name-reserved");
	if (name.len < config->username_min_length)
		return because(why, -EPERM,
			"reason=name-too-short length=%zu min=%" PRIu64,
			name.len, config->username_min_length);
	if (name.len > config->username_max_length)
		return because(why, -EPERM,
			"reason=name-too-long length=%zu max=%" PRIu64,
			name.len, config->username_max_length);
	return 0;
}

static int check_password(
	const struct config *config, struct slice password, struct buf *why)
{
	for (size_t i = 0; i < password.len; i++)
		if (ascii_is_control(password.ptr[i]))
			return because(
				why, -EPERM, "reason=password-characters");
	if (password.len < config->password_min_length)
		return because(why, -EPERM,
			"reason=password-too-short length=%zu min=%" PRIu64,
			password.len, config->password_min_length);
	if (password.len > PASSWORD_MAX_BYTES)
		return because(why, -EPERM,
			"reason=password-too-long length=%zu max=%d",
			password.len, PASSWORD_MAX_BYTES);
	return 0;
}

int account_check(const struct account_rules *rules, struct slice address,
	struct slice password, struct buf *why)
{
	const struct config *config = rules->config;
	const char *nocreate = account_nocreate(rules);
	struct slice name, domain;

	if (nocreate)
		return because(
			why, -EPERM, "reason=nocreate file=%s", nocreate);
	if (address.len > ADDRESS_MAX_BYTES)
		return because(why, -EPERM,
			"reason=address-too-long length=%zu max=%d",
			address.len, ADDRESS_MAX_BYTES);
	if (!slice_cut(address, '@', &name, &domain))
		return because(why, -EPERM, "reason=no-address");
	if (!slice_eq_str(domain, config->address_domain)) {
		int r = because(why, -EPERM, "reason=foreign-domain domain=");
		if (why)
			buf_add_quoted(why, domain);
		return r;
	}
	int r = check_name(config, name, why);
	if (r == 0)
		r = check_password(config, password, why);
	return r;
}

static bool is_load_short(
	const struct config *config, struct account_shortage *out)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	out->limit = config->max_load_1m ? (double)config->max_load_1m / 100
					 : (double)(cores * LOAD_PER_CORE);
	return getloadavg(&out->is, 1) == 1 && out->is > out->limit;
}

static bool is_memory_short(
	const struct config *config, struct account_shortage *out)
{
	struct memory memory;

	if (!memory_read(&memory))
		return false;
	out->is = (double)memory.available;
	out->limit = (double)config->min_available_memory;
	return memory.available < config->min_available_memory;
}

static bool is_disk_short(
	const struct config *config, struct account_shortage *out)
{
	struct statvfs fs;

	/* A folder that is broken shows when it is written to. */
	if (statvfs(config->mailboxes_dir, &fs) < 0)
		return false;
	uint64_t bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	out->is = (double)bytes;
	out->limit = (double)config->min_free_disk_space;
	return bytes < config->min_free_disk_space;
}

/* File systems that make inodes as they need them tell of none. */
static bool is_files_short(
	const struct config *config, struct account_shortage *out)
{
	uint64_t least = config->min_free_disk_space / BYTES_A_FILE;
	struct statvfs fs;

	if (statvfs(config->mailboxes_dir, &fs) < 0 || fs.f_files == 0)
		return false;
	out->is = (double)fs.f_favail;
	out->limit = (double)least;
	return fs.f_favail < least;
}

static bool (*const shortages[])(
	const struct config *config, struct account_shortage *out) = {
	[ACCOUNT_LOAD] = is_load_short,
	[ACCOUNT_MEMORY] = is_memory_short,
	[ACCOUNT_DISK] = is_disk_short,
	[ACCOUNT_FILES] = is_files_short,
};

bool account_find_shortage(
	const struct config *config, struct account_shortage *ret_shortage)
{
	for (size_t i = 0; i < ARRAY_LEN(shortages); i++) {
		struct account_shortage found = {
			.of = (enum account_resource)i
		};
		if (!shortages[i](config, &found))
			continue;
		*ret_shortage = found;
		return true;
	}
	return false;
}

int account_check_machine(const struct account_rules *rules, struct buf *why)
{
	struct account_shortage s;

	if (!account_find_shortage(rules->config, &s))
		return 0;
	if (s.of == ACCOUNT_LOAD)
		return because(why, -EBUSY, "reason=load load=%.1f max=%.1f",
			s.is, s.limit);
	if (s.of == ACCOUNT_MEMORY)
		return because(why, -EBUSY,
			"reason=memory available=%.0f min=%.0f", s.is, s.limit);
	return because(why, -EBUSY, "reason=%s free=%.0f min=%.0f path=%s",
		s.of == ACCOUNT_DISK ? "disk" : "inodes", s.is, s.limit,
		rules->config->mailboxes_dir);
}
