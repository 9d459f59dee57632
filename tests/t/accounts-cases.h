/*
 * accounts-cases.h - the cases that are in files of their own.
 */
#ifndef TESTS_T_ACCOUNTS_CASES_H
#define TESTS_T_ACCOUNTS_CASES_H

/* accounts-disk.c */
void case_kill_while_creating(void);
void case_ends_while_creating(void);
void case_ends_while_creating_first(void);
void case_disk_full(void);
void case_few_inodes(void);
void case_old_journal(void);

/* accounts-login.c */
void case_existing(void);
void case_pick_up(void);
void case_dropped(void);
void case_guesses(void);
void case_networks(void);
void case_smtp(void);

/* accounts-newemail.c */
void case_newemail(void);
void case_newemail_logs_in(void);
void case_newemail_self_signed(void);

#endif
