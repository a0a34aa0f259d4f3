// SPDX-License-Identifier: Apache-2.0
// The usual Node receiver: HMAC over the body, JSON.parse, XADD by ioredis, 200. Nothing is kept before.
'use strict';
const crypto = require('node:crypto');
const http = require('node:http');
const Redis = require('ioredis');

const [port, socket, secret] = process.argv.slice(2);
const redis = new Redis(socket);

function isSigned(given, body) {
  const want = 'sha256=' + crypto.createHmac('sha256', secret).update(body).digest('hex');
  return typeof given === 'string' && given.length === want.length &&
    crypto.timingSafeEqual(Buffer.from(given), Buffer.from(want));
}

async function webhook(request, response) {
  const parts = [];
  for await (const part of request) parts.push(part);
  const body = Buffer.concat(parts);
  if (!isSigned(request.headers['x-hub-signature-256'], body)) {
    response.writeHead(401, { 'Content-Length': 0 }).end();
    return;
  }
  const payload = JSON.parse(body);
  await redis.xadd('rival', '*', 'repository', payload.repository?.full_name ?? '',
    'kind', request.headers['x-github-event'] ?? '');
  response.writeHead(200, { 'Content-Length': 0 }).end();
}

const server = http.createServer((request, response) => {
  webhook(request, response).catch(() => response.writeHead(503).end());
});
server.keepAliveTimeout = 60000;
server.listen(Number(port), '127.0.0.1');
