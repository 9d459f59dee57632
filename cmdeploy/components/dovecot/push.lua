-- A new message wakes the recipient's phones: chatmail-metadata is told by
-- an attribute of the mailbox, and sends the user's device tokens on.
--
-- Dovecot calls these for each message it delivers by LMTP (push
-- notification driver "lua"). What goes wrong here never holds up a
-- delivery: Dovecot logs it and goes on.

function dovecot_lua_notify_begin_txn(user)
  return user
end

function dovecot_lua_notify_event_message_new(user, event)
  -- A copy that a user sends to their own other devices wakes nobody.
  local from = event.from_address or ""
  if string.lower(from) == string.lower(user.username) then
    return
  end
  local mailbox = user:mailbox(event.mailbox)
  -- Opens it, too: Dovecot ends on an attribute of a closed mailbox.
  mailbox:sync()
  -- Users may not name what is below vendor.dovecot/pvt.
  mailbox:metadata_set("/private/vendor/vendor.dovecot/pvt/messagenew", "")
  mailbox:free()
end

function dovecot_lua_notify_end_txn(user, success)
end
