-- Before signatures are looked at: one of another domain than the From
-- header's says nothing about who wrote the message, and one about a part
-- of the body (l=) nothing about the rest.

-- When OpenDKIM reads its configuration it runs this with no message and
-- with things that are no strings; an error would end it.
local function lower(text)
  return type(text) == "string" and string.lower(text) or ""
end

-- The value of a tag of a DKIM-Signature header.
local function tag(header, name)
  for key, value in string.gmatch(lower(header), "([^;=]+)=([^;]*)") do
    if string.gsub(key, "%s", "") == name then
      return (string.gsub(value, "%s", ""))
    end
  end
  return nil
end

-- With two From headers, nobody knows which one a reader will be shown.
local has_one_from = odkim.get_header(ctx, "From", 1) == nil

local function is_good(signature, header)
  local domain = lower(odkim.sig_getdomain(signature))
  return has_one_from and domain == lower(odkim.get_fromdomain(ctx)) and
    tag(header, "d") == domain and tag(header, "l") == nil
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
