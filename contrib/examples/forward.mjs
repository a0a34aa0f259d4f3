// SPDX-License-Identifier: Apache-2.0
// Forwards what dorad writes to Redis to an HTTP CloudEvents sink: node forward.mjs REDIS SINK [PREFIX]
// A consumer group of its own, so that dorad trims nothing which has not been forwarded (XACK after the sink's 2xx).
import { CloudEvent, emitterFor } from 'cloudevents';
import Redis from 'ioredis';

const [where, sink, prefix = 'dorad'] = process.argv.slice(2);
const KINDS = ['deployment', 'change', 'incident', 'work_item', 'change_request', 'correction'];
const keys = KINDS.map((kind) => `${prefix}:${kind}`);
const redis = new Redis(where);
const emit = emitterFor(async ({ headers, body }) => {
  const answer = await fetch(sink, { method: 'POST', headers, body });
  if (!answer.ok) throw new Error(`the sink answered ${answer.status}`);
});

function toCloudEvent(fields) {
  const event = {};
  for (let i = 0; i < fields.length; i += 2) event[fields[i]] = fields[i + 1];
  if (event.revision) event.revision = Number(event.revision);
  return new CloudEvent({ ...event, data: JSON.parse(event.data) });
}

for (const key of keys) await redis.xgroup('CREATE', key, 'forward', '0', 'MKSTREAM').catch(() => {});
for (let from = '0'; ; ) { // 0: what an earlier run took and did not finish; >: what is new
  const read = await redis.xreadgroup('GROUP', 'forward', 'one', 'COUNT', 100, 'BLOCK', 5000,
    'STREAMS', ...keys, ...keys.map(() => from));
  const entries = (read ?? []).flatMap(([key, list]) => list.map(([id, fields]) => [key, id, fields]));
  for (const [key, id, fields] of entries) {
    if (fields) await emit(toCloudEvent(fields));
    await redis.xack(key, 'forward', id);
  }
  if (from === '0' && entries.length === 0) from = '>';
}
