# In front of the other scripts: commands that go on when the connection is
# lost, so that dpkg is never cut in two, and whose words go into a log.
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
log=$cache/log
mkdir -p "$cache"

# quietly COMMAND...: what it says is also said here, while somebody listens.
quietly() {
	: >"$log"
	"$@" >>"$log" 2>&1 </dev/null &
	tail -n +1 -s 0.1 -f --pid=$! "$log" 2>/dev/null || true
	wait $!
}

# The line that tells most goes last, to standard error.
give_up() {
	{
		grep '^E: ' "$log" || grep -E '^dpkg: (error|depend)' "$log" ||
			grep -v '^ *$' "$log" | tail -n 1
	} | head -n 1 >&2
	exit 1
}

# Another program's lock, in the words of apt-get and of dpkg.
is_locked() {
	grep -E 'Could not get lock|Unable to (lock|acquire)|locked by another' \
		"$log"
}

# patiently COMMAND...: another apt-get or dpkg may be at work; for two minutes.
patiently() {
	until="$(($(date +%s) + 120))"
	while ! quietly "$@"; do
		is_locked >/dev/null || return 1
		if [ "$(date +%s)" -ge "$until" ]; then
			echo 'another program has been installing packages for two' \
				'minutes; run it again when that has ended:' \
				"$(is_locked | head -n 1)" >&2
			exit 1
		fi
		echo 'waiting for another program that installs packages'
		sleep 3
	done
}

apt() {
	patiently apt-get -q -o Dpkg::Use-Pty=0 "$@"
}

# What an earlier run, or anybody, has left half done.
mend() {
	patiently dpkg --configure -a || apt -y -f --no-remove install || give_up
	patiently dpkg --configure -a || give_up
}
