# Completion of cmdeploy for fish. The program itself tells its commands and
# options, so this list is never behind.
function __cmdeploy_commands
    cmdeploy --help 2>/dev/null | sed -n 's/^  \([a-z]*\) *\(.*\)/\1\t\2/p'
end
function __cmdeploy_options
    set -l words (commandline -opc)
    cmdeploy $words[2] --help 2>/dev/null | sed -n 's/^usage: //p' \
        | grep -oE -- '[[ |]--?[a-z][a-z-]*' | tr -d '[| '
end
function __cmdeploy_takes_file
    set -l words (commandline -opc)
    contains -- $words[-1] --dir --vs-dir --html --ini --config --junit --key --zonefile
end
function __cmdeploy_takes_try
    set -l words (commandline -opc)
    test "$words[-1]" = -k
end
complete -c cmdeploy -f
complete -c cmdeploy -n __fish_use_subcommand -a '(__cmdeploy_commands)'
complete -c cmdeploy -n 'not __fish_use_subcommand; and not __cmdeploy_takes_file; and not __cmdeploy_takes_try' -a '(__cmdeploy_options)'
complete -c cmdeploy -n __cmdeploy_takes_file -F
complete -c cmdeploy -n __cmdeploy_takes_try -a '(cmdeploy test --list | cut -d " " -f 1)'
