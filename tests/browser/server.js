// A static host as small as they come: files of one folder, under a sub-path, on a free port of this machine.

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize, sep } from 'node:path';

const TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.onnx': 'application/octet-stream',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
};

/** Not the root: a page with a path from the root in it must fail here as it would on GitHub Pages. */
const SUB_PATH = '/some/where/';

/** Serves `folder`, of which browsers may keep what they have for `maxAge` s; gives the address of its index page, and a way to stop. */
export async function serve(folder, { maxAge } = {}) {
  const keeping = maxAge ? { 'cache-control': `max-age=${maxAge}` } : {};
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url, 'http://localhost').pathname);
    const inside = path.startsWith(SUB_PATH) ? normalize(path.slice(SUB_PATH.length) || 'index.html') : '..';
    const file = join(folder, inside);
    const isFile = !inside.split(sep).includes('..') && (await stat(file).catch(() => null))?.isFile();
    if (!isFile) return response.writeHead(404).end('not here');
    response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream', ...keeping });
    createReadStream(file).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}${SUB_PATH}`,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}
