-- After signatures are looked at: a message of others needs one that is
-- valid and of the From domain.

local from = string.lower(odkim.get_fromdomain(ctx) or "")

local function has_valid_signature()
  for i = 0, (odkim.get_sigcount(ctx) or 0) - 1 do
    local signature = odkim.get_sighandle(ctx, i)
    if odkim.sig_result(signature) == 0 and
       string.lower(odkim.sig_getdomain(signature) or "") == from then
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
