/*
 * bench-disk - what an account takes on the disk: one that was only created,
 * one whose mailbox was opened, and one that has received and deleted many
 * messages.
 *
 *	bench-disk ADDRESS LMTP DOMAIN FOLDER [MESSAGES]
 *
 * The relay at ADDRESS runs already; LMTP is that of its Dovecot, as in
 * lib/addr.h, DOMAIN what stands behind the "@", and FOLDER has the accounts.
 * After each BATCH messages the app deletes them. What grows is told each time
 * that the number of messages has doubled: the bytes of the blocks and the
 * inodes of all below the account's folder, and the sizes of Dovecot's files.
 */
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>

#include "bench/argument.h"
#include "bench/letter.h"
#include "bench/newcomer.h"
#include "lib/die.h"
#include "tests/client/mail-client.h"
#include "tests/client/must.h"

enum {
	MESSAGES_DEFAULT = 20000,
	N_MAX = 10000000,
	BATCH = 20,
	FIRST_TOLD = 100,
	DESCRIPTORS = 16,
	BLOCK_BYTES = 512,
	FILES_MAX_BYTES = 4096,
};

static const char *const files[] = { "dovecot.index", "dovecot.index.log",
	"dovecot.index.log.2", "dovecot.index.cache", "dovecot-uidlist" };

/* Of the folder that is being counted. */
static uint64_t n_bytes, n_inodes;
static uint64_t file_bytes[ARRAY_LEN(files)];

static int count_one(
	const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	if (type == FTW_DNR || type == FTW_NS)
		die("%s: cannot look at it", path);
	n_inodes++;
	n_bytes += (uint64_t)st->st_blocks * BLOCK_BYTES;
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		if (!strcmp(path + ftw->base, files[i]))
			file_bytes[i] += (uint64_t)st->st_size;
	return 0;
}

static void tell(const char *when, const char *folder)
{
	AUTO_BUF struct buf sizes = BUF_INIT(FILES_MAX_BYTES);

	n_bytes = n_inodes = 0;
	memset(file_bytes, 0, sizeof(file_bytes));
	if (nftw(folder, count_one, DESCRIPTORS, FTW_PHYS) < 0)
		die("%s: %s", folder, strerror(errno));
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		if (file_bytes[i])
			buf_addf(&sizes, "  %s %.1f", files[i],
				(double)file_bytes[i] / 1024);
	printf("%-28s %6.1f KB  %3lu inodes %s\n", when, (double)n_bytes / 1024,
		n_inodes, buf_str(&sizes));
	fflush(stdout);
}

static void delete_all(struct mail_client *app)
{
	MUST(mail_client_imap(app, why, "NOOP"));
	MUST(mail_client_imap(app, why, "UID FETCH 1:* (UID FLAGS)"));
	MUST(mail_client_imap(
		app, why, "UID STORE 1:* +FLAGS.SILENT (\\Deleted)"));
	MUST(mail_client_imap(app, why, "EXPUNGE"));
}

int main(int argc, char **argv)
{
	struct newcomer who = newcomer_invent();
	AUTO_BUF struct buf text = BUF_INIT(LETTER_MAX_BYTES);
	struct mail_client app, lmtp;

	if (argc < 5 || argc > 6)
		die("usage: bench-disk ADDRESS LMTP DOMAIN FOLDER [MESSAGES]");
	uint64_t n = argc > 5 ? argument_number(argv[5], 1, N_MAX)
			      : MESSAGES_DEFAULT;
	AUTO_FREE char *imap = xasprintf("%s:993", argv[1]);
	AUTO_FREE char *address = xasprintf("%s@%s", who.name, argv[3]);
	AUTO_FREE char *folder = xasprintf("%s/%s", argv[4], address);

	MUST(mail_client_open(&app, imap, true, why));
	MUST(mail_client_imap_authenticate(&app, address, who.password, why));
	tell("has logged in", folder);
	MUST(mail_client_imap(&app, why, "SELECT INBOX"));
	tell("has opened the mailbox", folder);
	letter_write(&text, address);
	struct mail_client_letter letter = { address, address,
		buf_slice(&text) };
	MUST(mail_client_open(&lmtp, argv[2], false, why));
	MUST(mail_client_smtp(&lmtp, '2', NULL, why));
	MUST(mail_client_smtp(&lmtp, '2', "LHLO bench", why));
	for (uint64_t i = 1, told = FIRST_TOLD; i <= n; i++) {
		MUST(mail_client_deliver(&lmtp, &letter, why));
		if (i % BATCH == 0 || i == n)
			delete_all(&app);
		if (i == told || i == n) {
			AUTO_FREE char *when =
				xasprintf("%lu came and went", i);
			tell(when, folder);
			told *= 2;
		}
	}
	MUST(mail_client_imap(&app, why, "LOGOUT"));
	tell("has logged out", folder);
	mail_client_close(&app);
	mail_client_close(&lmtp);
	return 0;
}
