# Forgets an upgrade that is complete.
rm -f /var/lib/chatmail/upgrade-to-13
