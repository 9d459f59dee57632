/*
 * Each line is an answer of the client. Whoever is known in the end has a
 * name and a password, without NULs, of a length with a limit; and it takes
 * two answers at most.
 */
#include <errno.h>

#include "fuzz/fuzz.h"
#include "mail/auth/sasl.h"

static void try_mechanism(const char *mechanism, struct slice text)
{
	struct sasl sasl;
	struct slice line;
	int r = sasl_init(&sasl, slice_of(mechanism)), n = 0;

	demand(r == 0);
	while (r == 0 && slice_next_line(&text, &line)) {
		r = sasl_respond(&sasl, line);
		n++;
	}
	demand(r == 0 || r == 1 || r == -EINVAL);
	demand(r != 0 || n <= 1);
	if (r == 1) {
		demand(sasl.user.len > 0 && sasl.password.len > 0);
		demand(sasl.user.len <= SASL_TEXT_MAX_BYTES);
		demand(sasl.password.len <= SASL_TEXT_MAX_BYTES);
		demand(!slice_has_char(buf_slice(&sasl.user), '\0'));
		demand(!slice_has_char(buf_slice(&sasl.password), '\0'));
	}
	sasl_release(&sasl);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	try_mechanism("PLAIN", slice_make(data, len));
	try_mechanism("login", slice_make(data, len));
	return 0;
}
