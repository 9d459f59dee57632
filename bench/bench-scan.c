/*
 * bench-scan - how fast the message scanner reads an encrypted message,
 * beside a memcpy() of the same bytes in the same run.
 *
 * Usage: bench-scan [CHUNK-BYTES]; a chunk is what one read(2) brings
 * (default 65536). One line a case, best of several runs.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/die.h"
#include "lib/num.h"
#include "mail/scan.h"

enum {
	RUNS = 40,
	LINE_CHARS = 64,
	LINE_OCTETS = 48,
	CHUNK_DEFAULT_BYTES = 65536,
	CHUNK_MAX_BYTES = 64 * 1024 * 1024,
	NSEC_PER_SEC = 1000000000,
};

static const char head[] =
	"From: <alice@example.org>\r\n"
	"MIME-Version: 1.0\r\n"
	"Subject: [...]\r\n"
	"Content-Type: multipart/encrypted; "
	"protocol=\"application/pgp-encrypted\";\r\n\tboundary=\"b0\"\r\n"
	"\r\n"
	"--b0\r\nContent-Type: application/pgp-encrypted\r\n\r\n"
	"Version: 1\r\n\r\n"
	"--b0\r\nContent-Type: application/octet-stream\r\n\r\n"
	"-----BEGIN PGP MESSAGE-----\r\n\r\n";
static const char tail[] =
	"=AAAA\r\n-----END PGP MESSAGE-----\r\n\r\n--b0--\r\n\r\n";

static const char alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Text of 4 characters for 3 octets. */
static void add_quad(struct buf *out, const unsigned char *octets)
{
	unsigned bits = (unsigned)octets[0] << 16 | octets[1] << 8 | octets[2];

	for (int shift = 18; shift >= 0; shift -= 6)
		buf_add_char(out, alphabet[bits >> shift & 63]);
}

/* One SEIPD packet in `n_lines` lines of armor. */
static void add_armor(struct buf *out, size_t n_lines)
{
	size_t n_body = n_lines * LINE_OCTETS - 6;
	unsigned char octets[LINE_OCTETS] = { 0xd2, 0xff,
		(unsigned char)(n_body >> 24), (unsigned char)(n_body >> 16),
		(unsigned char)(n_body >> 8), (unsigned char)n_body, 1 };
	unsigned noise = 1;

	for (size_t i = 0; i < n_lines; i++) {
		for (size_t k = i ? 0 : 7; k < LINE_OCTETS; k++) {
			noise = noise * 1664525 + 1013904223;
			octets[k] = (unsigned char)(noise >> 24);
		}
		for (size_t k = 0; k < LINE_OCTETS; k += 3)
			add_quad(out, octets + k);
		buf_add_str(out, "\r\n");
	}
}

static void make_message(struct buf *out, size_t len)
{
	buf_add_str(out, head);
	add_armor(out, len / (LINE_CHARS + 2));
	buf_add_str(out, tail);
	if (!buf_ok(out))
		die("message of %zu bytes does not fit", len);
}

static uint64_t cpu_nsec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * NSEC_PER_SEC + (uint64_t)now.tv_nsec;
}

static void scan(struct slice message, size_t chunk)
{
	struct message_scan s;

	message_scan_init(&s);
	while (message.len > 0) {
		message_scan_feed(&s, slice_head(message, chunk));
		message = slice_from(message, chunk);
	}
	message_scan_end(&s);
	if (message_scan_fault(&s, true))
		die("message not judged encrypted");
	message_scan_release(&s);
}

static void copy(struct slice message, char *to)
{
	memcpy(to, message.ptr, message.len);
	__asm__ volatile("" : : "r"(to) : "memory");
}

static void run(size_t len, size_t chunk)
{
	AUTO_BUF struct buf message = BUF_INIT(len + 4096);
	uint64_t best_scan = UINT64_MAX, best_copy = UINT64_MAX;

	make_message(&message, len);
	struct slice bytes = buf_slice(&message);
	AUTO_FREE char *to = xmalloc(bytes.len);
	for (int i = 0; i < RUNS; i++) {
		uint64_t start = cpu_nsec();
		copy(bytes, to);
		uint64_t middle = cpu_nsec();
		scan(bytes, chunk);
		uint64_t end = cpu_nsec();
		if (middle - start < best_copy)
			best_copy = middle - start;
		if (end - middle < best_scan)
			best_scan = end - middle;
	}
	double mega = (double)bytes.len / 1e6, nano = 1e9;
	printf("scan of %zu bytes: %.3f ms, %.0f MB/s; "
	       "memcpy %.3f ms, %.0f MB/s; ratio %.2f\n",
		bytes.len, (double)best_scan / 1e6,
		mega / ((double)best_scan / nano), (double)best_copy / 1e6,
		mega / ((double)best_copy / nano),
		(double)best_scan / (double)best_copy);
}

int main(int argc, char **argv)
{
	uint64_t chunk = CHUNK_DEFAULT_BYTES;

	if (argc > 1 &&
		(num_parse_max(slice_of(argv[1]), CHUNK_MAX_BYTES, &chunk) <
				0 ||
			chunk == 0))
		die("usage: bench-scan [CHUNK-BYTES]");
	run(10 * 1000, chunk);
	run(1000 * 1000, chunk);
	run(10 * 1000 * 1000, chunk);
	return 0;
}
