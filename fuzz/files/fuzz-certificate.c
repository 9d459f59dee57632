/* Any bytes as a PEM file: a certificate is read from it, or none. */
#include "cmdeploy/certificate/x509.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const names[] = {
		"relay.example.org", "192.0.2.1", "2001:db8::1", "", "*."
	};
	struct slice pem = slice_make(data, len);
	struct x509_facts facts, again;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		int r = x509_read(pem, names[i], &facts);
		demand(r == x509_read(pem, names[i], &again));
		if (r < 0)
			continue;
		demand(memcmp(facts.digest, again.digest,
			       sizeof(facts.digest)) == 0);
		demand(names[i][0] || !facts.is_for_name);
	}
	return 0;
}
