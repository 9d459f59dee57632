# Completion of cmdeploy for bash. The program itself tells its commands and
# options, so this list is never behind.
_cmdeploy() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
  local program=${COMP_WORDS[0]} words
  COMPREPLY=()
  if [ "$COMP_CWORD" = 1 ]; then
    words=$("$program" --help 2>/dev/null | sed -n 's/^  \([a-z]*\) .*/\1/p')
  else
    case $prev in
    --dir | --vs-dir | --html | --ini | --config | --junit | --key | --zonefile)
      mapfile -t COMPREPLY < <(compgen -f -- "$cur")
      compopt -o filenames 2>/dev/null
      return
      ;;
    -k) words=$("$program" "${COMP_WORDS[1]}" --list 2>/dev/null | cut -d ' ' -f 1) ;;
    *)
      words=$("$program" "${COMP_WORDS[1]}" --help 2>/dev/null |
        sed -n 's/^usage: //p' | grep -oE -- '[[ |]--?[a-z][a-z-]*' | tr -d '[| ')
      ;;
    esac
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -F _cmdeploy cmdeploy scripts/cmdeploy
