/*
 * answer.h - what a browser gets that looks at pages under work: the page
 * or file, or why there is none, with a script that loads it again.
 */
#ifndef CMDEPLOY_WEBDEV_ANSWER_H
#define CMDEPLOY_WEBDEV_ANSWER_H

#include "cmdeploy/webdev/project.h"
#include "cmdeploy/webdev/serve.h"

/* Fills *answer, which says 404 before. */
void answer_request(const struct project *project,
	const struct serve_request *request, struct serve_answer *answer);

#endif
