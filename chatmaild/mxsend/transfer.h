/*
 * transfer.h - what curl-loop.h's on_done finds by CURLINFO_PRIVATE: the
 * first member of every object that has a transfer under way.
 */
#ifndef CHATMAILD_MXSEND_TRANSFER_H
#define CHATMAILD_MXSEND_TRANSFER_H

#include "lib/curl-loop.h"

struct transfer {
	CURL *easy;
	void (*on_done)(struct transfer *transfer, CURLcode code);
};

#endif
