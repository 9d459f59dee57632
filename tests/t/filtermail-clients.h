/*
 * filtermail-clients.h - the cases that no dialogue can describe: clients
 * that send random commands, hundreds of clients at once, and one that never
 * reads its replies.
 */
#ifndef TESTS_T_FILTERMAIL_CLIENTS_H
#define TESTS_T_FILTERMAIL_CLIENTS_H

void play_hostile(const char *program);
void play_many(const char *program);
void play_unread(const char *program);

#endif
