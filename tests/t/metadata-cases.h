/*
 * metadata-cases.h - the cases of metadata-push.c.
 */
#ifndef TESTS_T_METADATA_CASES_H
#define TESTS_T_METADATA_CASES_H

void case_notify(void);
void case_retry(void);
void case_kill(void);
void case_coalesce(void);
void case_share(void);
void case_old(void);
void case_away(void);
void case_ends_busy(void);

#endif
