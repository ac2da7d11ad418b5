// A shop on loopback and its voice: what every JavaScript script beside this file begins with. See shop.py.
'use strict';

const http = require('http');

// A script that waits for something which never comes ends by itself. This decides no test.
const GUARD_MS = 120000;
setTimeout(() => {
    console.error(`waited ${GUARD_MS} ms`);
    process.exit(1);
}, GUARD_MS).unref();
process.on('unhandledRejection', (error) => {
    throw error;
});

const terms = JSON.parse(process.argv[2]);

// Tells the test that a step is done.
const say = (step, facts) => process.stdout.write(JSON.stringify({ step, ...facts }) + '\n');

const read = async (stream) => {
    const parts = [];
    for await (const part of stream) {
        parts.push(part);
    }
    return Buffer.concat(parts).toString();
};

// The status, the headers and the text of an answer; a redirect is an answer.
const ask = (address, { method = 'GET', headers = {}, body } = {}) =>
    new Promise((resolve, reject) => {
        const request = http.request(new URL(address), { method, headers }, async (answer) => {
            resolve({ status: answer.statusCode, headers: answer.headers, text: await read(answer) });
        });
        request.on('error', reject);
        request.end(body);
    });

// Hears callbacks: each is handed over with `answer`, which must be called.
const open = () =>
    new Promise((resolve) => {
        const [waiting, came] = [[], []];
        const server = http.createServer(async (request, response) => {
            const body = await read(request);
            const url = new URL(request.url, 'http://shop');
            const query = request.method === 'GET' ? url.search : body;
            const params = Object.fromEntries(new URLSearchParams(query));
            const answer = (text) => response.end(text);
            const callback = { method: request.method, headers: request.headers, params, body, answer };
            const heard = waiting.shift();
            if (heard) {
                heard(callback);
            } else {
                came.push(callback);
            }
        });
        server.listen(0, '127.0.0.1', () => {
            const address = `http://127.0.0.1:${server.address().port}/notify`;
            const callback = () =>
                new Promise((heard) => (came.length > 0 ? heard(came.shift()) : waiting.push(heard)));
            const close = () => {
                server.close();
                server.closeAllConnections();
            };
            resolve({ address, callback, close });
        });
    });

// The text with another letter or digit in one place.
const changed = (text, at = text.length - 1) =>
    text.slice(0, at) + (text[at] === '0' ? '1' : '0') + text.slice(at + 1);

module.exports = { terms, say, ask, open, changed };
