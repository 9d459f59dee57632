/*
 * filtermail-clients.h - cases that are no dialogue: clients that send
 * anything, that are many, or that read nothing.
 */
#ifndef TESTS_T_FILTERMAIL_CLIENTS_H
#define TESTS_T_FILTERMAIL_CLIENTS_H

void play_hostile(const char *program);
void play_many(const char *program);
void play_unread(const char *program);

#endif
