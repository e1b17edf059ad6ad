// Serves the bench's pages, the site's files and the packages, compressed by brotli at its best, and counts what it sends.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';

const TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.onnx': 'application/octet-stream',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
};
const HERE = fileURLToPath(new URL('.', import.meta.url));

export async function startServer(site) {
  /** Compressed once: a host does not do it while a visitor waits. @type {Map<string, Buffer>} */
  const compressed = new Map();
  let sent = 0;
  const server = createServer(async (request, response) => {
    const inside = normalize(decodeURIComponent(new URL(request.url, 'http://localhost').pathname).slice(1));
    const [room, ...rest] = inside.split(sep);
    const inSite = { site: join(site, ...rest), model: join(site, 'gen.onnx') };
    const file = inSite[room] ?? join(HERE, inside);
    try {
      if (inside.split(sep).includes('..')) throw new Error('outside');
      if (!compressed.has(file)) compressed.set(file, compress(await readFile(file)));
    } catch {
      return response.writeHead(404).end('not here');
    }
    const body = compressed.get(file);
    // The contestants' model is one and the same, and page.html, page.js and onnx.js are ours, not theirs.
    if (room === 'site' || room === 'node_modules') sent += body.length;
    response.writeHead(200, {
      'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
      'content-encoding': 'br',
      'content-length': body.length,
    });
    response.end(body);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    sent: () => sent,
    forget: () => (sent = 0),
    close: () => server.close(),
  };
}

const compress = (bytes) =>
  brotliCompressSync(bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 },
  });
