-- SPDX-License-Identifier: Apache-2.0
local cjson = require "cjson"
local ffi = require "ffi"
local redis = require "nginx.redis"

ffi.cdef [[
const void *EVP_sha256(void);
unsigned char *HMAC(const void *type, const void *key, int key_len,
  const unsigned char *data, size_t n, unsigned char *md, unsigned int *md_len);
]]
local crypto = ffi.load("libcrypto.so.3")
local hash = ffi.new("unsigned char[64]")
local length = ffi.new("unsigned int[1]")

local function signature(secret, body)
  crypto.HMAC(crypto.EVP_sha256(), secret, #secret, body, #body, hash, length)
  return "sha256=" .. (ffi.string(hash, length[0]):gsub(".", function(c)
    return string.format("%02x", c:byte())
  end))
end

local receive = {}

function receive.webhook(socket, secret)
  ngx.req.read_body()
  local body = ngx.req.get_body_data()
  if not body or ngx.req.get_headers()["x-hub-signature-256"] ~= signature(secret, body) then
    return ngx.exit(401)
  end
  local payload = cjson.decode(body)
  local connection = redis:new()
  connection:set_timeout(1000)
  if not connection:connect("unix:" .. socket) then
    return ngx.exit(503)
  end
  local ok = connection:xadd("rival", "*",
    "repository", payload.repository and payload.repository.full_name or "",
    "kind", ngx.req.get_headers()["x-github-event"] or "")
  connection:set_keepalive(60000, 100)
  ngx.header.content_length = 0
  return ngx.exit(ok and 200 or 503)
end

return receive
