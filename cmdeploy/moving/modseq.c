/* The header of a transaction log of Dovecot, in the machine's byte order. */
#include "cmdeploy/moving/modseq.h"

#include <stdint.h>

enum {
	LITTLE_ENDIAN_FLAG = 1,
};

struct log_header {
	uint8_t major, minor;
	uint16_t len;
	uint32_t index_id;
	uint32_t number; /* of this file, from 1 on */
	uint32_t previous_number, previous_offset;
	uint32_t created;
	uint64_t first_modseq;
	uint8_t flags;
	uint8_t unused[7];
};
_Static_assert(sizeof(struct log_header) == 40, "as Dovecot has it");

void modseq_add_log(struct buf *out, time_t now)
{
	const uint16_t one = 1;
	const struct log_header header = {
		.major = 1,
		.minor = 3,
		.len = sizeof(header),
		.index_id = (uint32_t)now,
		.number = 1,
		.created = (uint32_t)now,
		.first_modseq = (uint64_t)now,
		.flags = *(const uint8_t *)&one ? LITTLE_ENDIAN_FLAG : 0,
	};

	buf_add(out, &header, sizeof(header));
}
