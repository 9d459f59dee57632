/*
 * client.h - one connection from Postfix: the SMTP session, the message
 * that is under way, and the verdict on it.
 *
 * The bytes of a message go downstream while the scanner reads them; only
 * the final dot waits for the verdict. What fails before the end drops
 * the downstream at once; the rest of the message is read and thrown
 * away, and the final dot gets the reply.
 *
 * MAIL is answered here, and said downstream with the first recipient, in
 * one piece; what the server has against the sender, each recipient gets
 * for a reply. Postfix asks its filter at the first recipient only, so
 * that its clients see no difference.
 */
#ifndef CHATMAILD_FILTERMAIL_CLIENT_H
#define CHATMAILD_FILTERMAIL_CLIENT_H

#include "chatmaild/filtermail/filter.h"

struct client;

/* Takes fd. */
void client_accept(struct filter *filter, int fd);
void client_free(struct client *client);

/* A deadline of filter->idle has passed. */
void client_on_due(struct deadline *deadline);

#endif
