/* Hashes with crypt(3) on all processors (hashing.h). */
#include "bench/hashing.h"

#include <crypt.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "bench/figures.h"
#include "lib/die.h"

enum {
	HASHES = 2000,
	THREADS_MAX = 64,
};

struct share {
	const char *password;
	int n;
};

static void *hash_some(void *arg)
{
	const struct share *share = arg;
	AUTO_FREE struct crypt_data *data = xcalloc(1, sizeof(*data));

	for (int i = 0; i < share->n; i++)
		if (!crypt_rn(share->password, "$6$saltsaltsaltsalt", data,
			    sizeof(*data)))
			die("crypt: cannot hash");
	return NULL;
}

static int n_processors(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n < THREADS_MAX ? (int)n : THREADS_MAX;
}

double hashing_rate(const char *password, double *ret_msec)
{
	pthread_t threads[THREADS_MAX];
	int n = n_processors();
	struct share share = { password, HASHES / n };
	double began = figures_sec(), own = figures_own_sec();

	for (int i = 0; i < n; i++)
		if (pthread_create(&threads[i], NULL, hash_some, &share) != 0)
			die("cannot start a thread");
	for (int i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	double rate = (double)share.n * n / (figures_sec() - began);
	own = figures_own_sec() - own;
	if (ret_msec)
		*ret_msec = own * 1e3 / (share.n * n);
	printf("%-44s %9.0f\n", "crypt(3) alone, all processors", rate);
	fflush(stdout);
	return rate;
}
