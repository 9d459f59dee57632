/*
 * stock.h - a relay as it would be with Debian's Dovecot alone, to measure
 * the plugin instant-idle(7) beside it.
 */
#ifndef BENCH_STOCK_H
#define BENCH_STOCK_H

/*
 * Of the relay that `cmdeploy up --dir DIR` runs: IDLE without the plugin
 * for connections from now on. It is switched on again at exit. Ends the
 * program when that cannot be done.
 */
void stock_switch_off(const char *relay_dir);

#endif
