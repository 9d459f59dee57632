-- After signatures are looked at: a message of others needs one that is
-- valid and of the From domain.

-- When OpenDKIM reads its configuration it runs this with no message and
-- with things that are no strings; an error would end it.
local function lower(text)
  return type(text) == "string" and string.lower(text) or ""
end

local function has_valid_signature()
  local from = lower(odkim.get_fromdomain(ctx))
  for i = 0, (odkim.get_sigcount(ctx) or 0) - 1 do
    local signature = odkim.get_sighandle(ctx, i)
    if from ~= "" and odkim.sig_result(signature) == 0 and
       lower(odkim.sig_getdomain(signature)) == from then
      return true
    end
  end
  return false
end

if odkim.get_mtasymbol(ctx, "{daemon_name}") ~= "ORIGINATING" and
   not has_valid_signature() then
  odkim.set_reply(ctx, "554", "5.7.1", "No valid DKIM signature found")
  odkim.set_result(ctx, SMFIS_REJECT)
end
return nil
