#!/bin/sh
# What the processes of a server use, but those of its ssh: a line for each, of
# pid, parent, hundredths of seconds of CPU, the same of children that have
# ended, how often it got a processor, bytes written, KB of memory (0 without
# the argument "weigh"), and its name. It runs there as root.
cd /proc && exec awk -v is_weighing="${1:-}" '
function first(path, line) {
	line = ""
	getline line <path
	close(path)
	return line
}

function number(path, label, line, words, n) {
	n = 0
	while ((getline line <path) > 0)
		if (split(line, words, " ") > 1 && words[1] == label)
			n = words[2]
	close(path)
	return n + 0
}

# The service that it belongs to; "" when it is not one of the machine.
function unit_of(pid, line, unit) {
	unit = ""
	while ((getline line <(pid "/cgroup")) > 0)
		if (line ~ /\/system\.slice\/.*\.service/) {
			unit = line
			sub(/\.service.*/, "", unit)
			sub(/.*\//, "", unit)
			sub(/@.*/, "", unit)
		}
	close(pid "/cgroup")
	return unit
}

BEGIN {
	for (i = 1; i < ARGC; i++) {
		pid = ARGV[i]
		unit = unit_of(pid)
		if ((unit == "" || unit == "ssh") && pid != 1)
			continue
		stat = first(pid "/stat")
		name = stat
		sub(/^[^(]*\(/, "", name)
		sub(/\)[^)]*$/, "", name)
		sub(/.*\) /, "", stat)
		if (split(stat, f, " ") < 15)
			continue
		split(first(pid "/schedstat") " 0 0 0", runs, " ")
		if ((unit == "postfix" || unit == "dovecot" || unit == "mailproxy") && name != unit)
			name = unit " " name
		print pid, f[2], f[12] + f[13], f[14] + f[15], runs[3] + 0,
			number(pid "/io", "write_bytes:"),
			is_weighing ? number(pid "/smaps_rollup", "Pss:") : 0,
			name
	}
}' [0-9]*
