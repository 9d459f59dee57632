/* What is on the disk when a service is killed, the power fails, no room is. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>

#include "lib/file.h"
#include "tests/t/accounts-bed.h"
#include "tests/t/accounts-cases.h"

enum {
	KILLS = 12,
	HASH_LINE_BYTES = 120,
};

/* How many accounts there are; each has to be whole. */
static int count_whole_accounts(void)
{
	DIR *folder = opendir(bed.mail);
	struct dirent *entry;
	int n = 0;

	demand(folder, "%s", bed.mail);
	while ((entry = readdir(folder))) {
		AUTO_FREE char *path =
			xasprintf("%s/%s/password", bed.mail, entry->d_name);
		AUTO_BUF struct buf text = BUF_INIT(1024);
		if (entry->d_name[0] == '.' || !file_exists(path))
			continue;
		demand(file_read(path, &text, NULL) == 0, "%s", path);
		demand(text.len == HASH_LINE_BYTES &&
				slice_starts(buf_slice(&text),
					SLICE("{SHA512-CRYPT}$6$")),
			"%s: half an account", path);
		n++;
	}
	closedir(folder);
	return n;
}

void case_kill_while_creating(void)
{
	enum {
		AT_ONCE = 40,
	};
	int answered = 0;

	for (int round = 0; round < KILLS; round++) {
		bed_start(bed.doveauth, 0);
		int fd = bed_dial(0);
		for (int i = 0; i < AT_ONCE; i++) {
			AUTO_FREE char *user = xasprintf("k%04d%04d", round, i);
			bed_ask(fd, user, PASSWORD);
		}
		for (uint32_t n = arc4random_uniform(AT_ONCE); n > 0; n--) {
			unsigned id;
			demand(bed_answer(fd, &id) == 'O', "refused");
			answered++;
		}
		bed_stop(0, SIGKILL);
		close(fd);
	}
	int n = count_whole_accounts();
	demand(n >= answered, "%d accounts, %d answers", n, answered);
	bed_start(bed.doveauth, 0);
	int fd = bed_dial(0);
	/* Some may have been finished that nobody was told of. */
	n = count_whole_accounts();
	demand(bed_count_listed(0) == n, "the list is not %d", n);
	for (int i = 0; i < AT_ONCE; i++) {
		AUTO_FREE char *user = xasprintf("k%04d%04d", 0, i);
		bed_demand_login(fd, user, PASSWORD, 'O');
	}
	close(fd);
}

static void expect_failure(int fd, const char *user)
{
	AUTO_FREE char *home = xasprintf("%s/%s@x.test", bed.mail, user);

	bed_demand_login(fd, user, PASSWORD, 'T');
	demand(!file_exists(home), "%s is left", home);
}

/* A disk of its own that runs full, and is then read-only. */
void case_disk_full(void)
{
	AUTO_FREE char *filler = xasprintf("%s/filler", bed.mail);
	static char block[4096];

	demand(mount("tmpfs", bed.mail, "tmpfs", 0, "size=2m") == 0,
		"mount: %s; run as root", strerror(errno));
	bed_start(bed.doveauth, 0);
	int fd = bed_dial(0);
	bed_demand_login(fd, "abcdef123", PASSWORD, 'O');
	int file = open(filler, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	while (write(file, block, sizeof(block)) > 0)
		;
	close(file);
	expect_failure(fd, "abcdef124");
	demand(bed_log_has(0, "<3>account not created: No space left"),
		"not logged");
	bed_demand_login(fd, "abcdef123", PASSWORD, 'O');
	unlink(filler);
	bed_demand_login(fd, "abcdef124", PASSWORD, 'O');
	close(fd);
	bed_end_well(0);
	demand(mount("", bed.mail, "", MS_REMOUNT | MS_RDONLY, "") == 0,
		"remount");
	bed_start(bed.doveauth, 0);
	fd = bed_dial(0);
	expect_failure(fd, "abcdef125");
	demand(bed_log_has(0, "not created: Read-only"), "not logged");
	bed_demand_login(fd, "abcdef123", PASSWORD, 'O');
	demand(!bed_log_has(0, "abcdef"), "somebody is in the log");
	close(fd);
	bed_end_well(0);
	demand(umount(bed.mail) == 0, "umount");
}

/* Few files can be made, though there is room for bytes. */
void case_few_inodes(void)
{
	demand(mount("tmpfs", bed.mail, "tmpfs", 0, "size=8m,nr_inodes=100") ==
			0,
		"mount: %s; run as root", strerror(errno));
	bed_write_ini("min_free_disk_space = 2M\n");
	bed_start(bed.doveauth, 0);
	int fd = bed_dial(0);
	expect_failure(fd, "abcdef123");
	demand(bed_log_has(0, "reason=inodes free="), "not logged");
	close(fd);
	bed_end_well(0);
	demand(umount(bed.mail) == 0, "umount");
}

/* What the version before has left is put in place, once. */
void case_old_journal(void)
{
	static const struct slice record =
		SLICE("1\tabcdef123@x.test\t{SHA512-CRYPT}$6$salt$hash\t"
		      "a3e495f97106c242\n");
	AUTO_FREE char *path = xasprintf("%s/.creations", bed.mail);
	struct file_owner owner = { 0600, (uid_t)-1, (gid_t)-1 };

	demand(file_write(path, record, owner, NULL) == 0, "%s", path);
	bed_start(bed.doveauth, 0);
	int fd = bed_dial(0);
	demand(bed_log_has(0, "old journal of accounts removed: placed=1"),
		"not logged");
	demand(!file_exists(path), "%s is kept", path);
	demand(bed_count_listed(0) == 1, "nobody was placed");
	close(fd);
}

void case_ends_while_creating(void)
{
	bed_start(bed.doveauth, 0);
	int fd = bed_dial(0);
	/* More than the service takes at once: some lines wait. */
	for (int i = 0; i < 1500; i++) {
		AUTO_FREE char *user = xasprintf("e%08d", i);
		bed_ask(fd, user, PASSWORD);
	}
	unsigned id;
	demand(bed_answer(fd, &id) == 'O', "no answer");
	bed_end_well(0);
	demand(count_whole_accounts() > 0, "nobody");
	close(fd);
}

/* The only one, at any moment of its making. */
void case_ends_while_creating_first(void)
{
	enum {
		MOMENTS = 16,
		STEP_NSEC = 250000,
	};

	for (int i = 0; i < MOMENTS; i++) {
		const struct timespec moment = { .tv_nsec = i * STEP_NSEC };
		AUTO_FREE char *user = xasprintf("f%08d", i);
		bed_start(bed.doveauth, 0);
		int fd = bed_dial(0);
		bed_ask(fd, user, PASSWORD);
		nanosleep(&moment, NULL);
		bed_end_well(0);
		close(fd);
	}
	count_whole_accounts();
}
