-- Before signatures are looked at: one of another domain than the From
-- header's says nothing about who wrote the message, and one about a part
-- of the body (l=) nothing about the rest.

local from = string.lower(odkim.get_fromdomain(ctx) or "")

-- The value of a tag of a DKIM-Signature header.
local function tag(header, name)
  for key, value in string.gmatch(header, "([^;=]+)=([^;]*)") do
    if string.gsub(key, "%s", "") == name then
      return string.lower((string.gsub(value, "%s", "")))
    end
  end
  return nil
end

local function is_good(signature, header)
  local domain = string.lower(odkim.sig_getdomain(signature) or "")
  return header ~= nil and domain == from and tag(header, "d") == domain and
    tag(header, "l") == nil
end

if odkim.get_mtasymbol(ctx, "{daemon_name}") ~= "ORIGINATING" then
  for i = 0, (odkim.get_sigcount(ctx) or 0) - 1 do
    local signature = odkim.get_sighandle(ctx, i)
    if not is_good(signature, odkim.get_header(ctx, "DKIM-Signature", i)) then
      odkim.sig_ignore(signature)
    end
  end
end
return nil
