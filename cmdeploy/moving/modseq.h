/*
 * modseq.h - Dovecot's file dovecot.index.log with nothing but its header,
 * version 1.3, out of which a mailbox takes its first HIGHESTMODSEQ. Pure.
 *
 * An app asks for flags that have changed since a MODSEQ (RFC 7162). Dovecot
 * counts from 1 in a mailbox that comes back without its index, so what
 * changes then would not be told to an app that has seen more.
 */
#ifndef CMDEPLOY_MOVING_MODSEQ_H
#define CMDEPLOY_MOVING_MODSEQ_H

#include <time.h>

#include "lib/buf.h"

#define MODSEQ_FILE "dovecot.index.log"

/*
 * The first MODSEQ is the time `now` in seconds: a mailbox does not change as
 * often as each second of its life, and a later restore begins higher.
 */
void modseq_add_log(struct buf *out, time_t now);

#endif
