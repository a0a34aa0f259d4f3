// SPDX-License-Identifier: Apache-2.0
// The same as requests.c, by Node's own parser: the third field is the body in hex, the second
// the method's name.
'use strict';
const { HTTPParser, methods } = require('_http_common');

function read(bytes) {
	const requests = [];
	const parser = new HTTPParser();
	let target;
	let method;
	let body;
	let inHead = true;      // kOnHeaders is for trailers, too

	parser.initialize(HTTPParser.REQUEST, {});
	parser[HTTPParser.kOnHeaders | 0] = (headers, url) => { target += inHead ? url : ''; };
	parser[HTTPParser.kOnHeadersComplete | 0] = (major, minor, headers, number, url) => {
		target = (target || '') + (url || '');
		method = methods[number];
		body = [];
		inHead = false;
		return 0;
	};
	parser[HTTPParser.kOnBody | 0] = (chunk) => { body.push(Buffer.from(chunk)); };
	parser[HTTPParser.kOnMessageComplete | 0] = () => {
		requests.push([target, method, Buffer.concat(body).toString('hex')]);
		target = '';
		inHead = true;
		return 0;
	};
	target = '';
	const result = parser.execute(bytes);
	return { requests, end: result instanceof Error ? result.code || 'error' : 'more' };
}

const input = require('fs').readFileSync(0);
const lines = [];
for (let at = 0; at < input.length;) {
	const n = input.readUInt32BE(at);
	lines.push(JSON.stringify(read(input.subarray(at + 4, at + 4 + n))));
	at += 4 + n;
}
process.stdout.write(lines.join('\n') + '\n', 'latin1');     // as requests.c does
