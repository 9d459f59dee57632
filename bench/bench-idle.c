/*
 * bench-idle - how soon a recipient in IDLE is told of a message: from the
 * `250` of the submission to `EXISTS`.
 *
 * Usage: bench-idle ADDRESS [COUNT [DIR]]
 *
 * The relay at ADDRESS runs already and lets anybody create an account.
 * When it was made by `cmdeploy up --dir DIR`, a quarter of the COUNT
 * messages (200) is then measured on it with the plugin switched off.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bench/figures.h"
#include "bench/letter.h"
#include "bench/newcomer.h"
#include "bench/stock.h"
#include "lib/die.h"
#include "lib/num.h"
#include "tests/client/mail-client.h"
#include "tests/client/must.h"

enum {
	COUNT_DEFAULT = 200,
	COUNT_MAX = 100000,
	/* A sender may send so many in a minute (max_user_send_per_minute). */
	PER_SENDER = 50,
	STOCK_SHARE = 4,
	NSEC_PER_MSEC = 1000000,
	GAP_MAX_MSEC = 20,
	LOGIN_TRIES = 5,
};

struct account {
	struct newcomer newcomer;
	char address[128];
};

struct figures {
	double *msec;
	size_t n;
};

/* A pause that is in step with nothing. */
static void gap(void)
{
	struct timespec ts = {
		.tv_nsec = arc4random_uniform(GAP_MAX_MSEC * NSEC_PER_MSEC),
	};

	nanosleep(&ts, NULL);
}

static void invent(struct account *account, const char *host)
{
	account->newcomer = newcomer_invent();
	snprintf(account->address, sizeof(account->address), "%s@[%s]",
		account->newcomer.name, host);
}

/* Dovecot refuses logins for a moment while it reloads. */
static void open_submission(struct mail_client *out, const char *address,
	const struct account *sender)
{
	AUTO_BUF struct buf why = BUF_INIT(BUF_WHY_MAX_BYTES);

	for (int i = 0; i < LOGIN_TRIES; i++) {
		int r = mail_client_open(out, address, true, &why);
		if (r == 0)
			r = mail_client_submission_login(out, sender->address,
				sender->newcomer.password, &why);
		if (r == 0)
			return;
		mail_client_close(out);
		sleep(1);
	}
	die("%s", buf_str(&why));
}

/* `n` messages from one new account to another. */
static void measure_pair(const char *host, size_t n, struct figures *figures)
{
	AUTO_BUF struct buf text = BUF_INIT(LETTER_MAX_BYTES);
	AUTO_FREE char *imap = xasprintf("%s:993", host);
	AUTO_FREE char *smtp = xasprintf("%s:465", host);
	struct account sender, recipient;
	struct mail_client in, out;

	invent(&sender, host);
	invent(&recipient, host);
	letter_write(&text, sender.address);
	struct mail_client_letter letter = { sender.address, recipient.address,
		buf_slice(&text) };
	open_submission(&out, smtp, &sender);
	MUST(mail_client_open(&in, imap, true, why));
	MUST(mail_client_imap_login(
		&in, recipient.address, recipient.newcomer.password, why));
	MUST(mail_client_idle(&in, why));
	for (size_t i = 1; i <= n; i++) {
		gap();
		MUST(mail_client_deliver(&out, &letter, why));
		double queued = figures_msec();
		MUST(mail_client_exists(&in, i, why));
		figures->msec[figures->n++] = figures_msec() - queued;
	}
	mail_client_close(&in);
	mail_client_close(&out);
}

/* Prints a line; the median. */
static double measure(const char *what, const char *host, size_t count)
{
	AUTO_FREE double *msec = xcalloc(count, sizeof(*msec));
	struct figures figures = { .msec = msec };

	while (figures.n < count) {
		size_t left = count - figures.n;
		measure_pair(
			host, left < PER_SENDER ? left : PER_SENDER, &figures);
	}
	return figures_print(what, msec, count);
}

static double measure_stock(const char *host, size_t count, const char *relay)
{
	stock_switch_off(relay);
	return measure("stock", host, count);
}

int main(int argc, char **argv)
{
	uint64_t count = COUNT_DEFAULT;

	if (argc < 2 || argc > 4 ||
		(argc > 2 &&
			num_parse_max(slice_of(argv[2]), COUNT_MAX, &count) <
				0) ||
		!count)
		die("usage: bench-idle ADDRESS [COUNT [DIR]]");
	double median = measure("instant-idle", argv[1], count);
	if (argc < 4)
		return 0;
	size_t n_stock = (count + STOCK_SHARE - 1) / STOCK_SHARE;
	double stock = measure_stock(argv[1], n_stock, argv[3]);
	printf("ratio of the medians: %.0f\n", stock / median);
	return 0;
}
