#!/bin/bash
# What bash, zsh and fish offer to complete a line of cmdeploy; and that its
# manual page has each command and option that it offers.
# shellcheck source=tests/t/lib.sh
. "${0%/*}/lib.sh"
sources=$(cd "$(dirname "$0")/../.." && pwd)
completion=$sources/cmdeploy/completion
mkdir bin
ln -s "$cmdeploy" bin/cmdeploy
export PATH=$PWD/bin:$PATH HOME=$PWD

in_bash() {
  # shellcheck source=cmdeploy/completion/cmdeploy.bash
  . "$completion/cmdeploy.bash"
  COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
  _cmdeploy 2>/dev/null
  printf '%s\n' "${COMPREPLY[@]}"
}

# zsh's own functions are replaced by such as print what they get.
in_zsh() {
  zsh -fc 'compadd() { shift; print -l -- ${(P)1} }; _files() { print -l * }
    file=$1; shift; words=("$@"); CURRENT=$#; . $file' \
    zsh "$completion/_cmdeploy" "$@" | grep -- "^${!#}"
}

in_fish() {
  fish --no-config -c "source $completion/cmdeploy.fish
    complete -C \"$*\"" | cut -f 1
}

# offers WANTED WORD...: each shell does, for these words of a line.
offers() {
  local want=$1 shell
  shift
  for shell in bash zsh fish; do
    "in_$shell" "$@" >out 2>&1 || true
    grep -qxF -- "$want" out ||
      fail "$shell does not offer $want for \"$*\":" "$(cat out)"
  done
}

offers status cmdeploy st
offers webdev cmdeploy w
offers --ssh-host cmdeploy run --ss
offers --dry-run cmdeploy up --dir relay --d
offers -k cmdeploy test -
touch chatmail.ini.test
offers chatmail.ini.test cmdeploy dns --ini chatmail.i
offers names/port-993 cmdeploy test -k names/port-9

echo '-- the manual page has them'
man=$sources/cmdeploy/cmdeploy.1
for command in $("$cmdeploy" --help | sed -n 's/^  \([a-z]*\) .*/\1/p'); do
  grep -qE "^\.(It )?Cm (.*\b)?$command\b|Cm $command" "$man" || fail "$command is not in cmdeploy.1"
  for option in $(in_bash cmdeploy "$command" -); do
    grep -qE -- "Fl ${option#-}\b" "$man" ||
      fail "$command: $option is not in cmdeploy.1"
  done
done
done_testing
