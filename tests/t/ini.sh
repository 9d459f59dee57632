#!/bin/bash
# Where commands find the settings: --ini, --config, CHATMAIL_INI, this folder;
# and init, which never loses a file.
# shellcheck source=tests/t/lib.sh
. "${0%/*}/lib.sh"

run 0 init one.example.org
says chatmail.ini 'mail_domain = one.example.org'
run 1 init two.example.org
says err '--force puts a new one in its place'
says chatmail.ini one.example.org
run 0 init two.example.org --force
says chatmail.ini two.example.org
says chatmail.ini.old one.example.org
run 0 init three.example.org --force --config three.ini
says three.ini three.example.org
[ ! -e three.ini.old ] || fail 'three.ini.old out of nothing'

CHATMAIL_INI=env.ini run 0 init four.example.org
says env.ini four.example.org
run 0 qr
says out two.example.org
CHATMAIL_INI=env.ini run 0 qr
says out four.example.org
# A name is said that is not there, and no other file is taken for it.
CHATMAIL_INI=nowhere.ini run 1 qr
says err nowhere.ini
run 0 init 127.0.0.1 --config five.ini
CHATMAIL_INI=env.ini run 0 dns --config five.ini
says out '127.0.0.1 is an IP address'
CHATMAIL_INI=five.ini run 0 dns
says out '127.0.0.1 is an IP address'
done_testing
