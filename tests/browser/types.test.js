// The page's scripts, type-checked as they are written, by their JSDoc; and what the npm package declares against what it has.
//
//   FORGER_SITE   a built site, whose `runtime/` has the declarations of the compiled modules; without it these tests are skipped

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const { FORGER_SITE, FORGER_REQUIRE_ALL } = process.env;
const WEB = fileURLToPath(new URL('../../web', import.meta.url));
const TSC = fileURLToPath(new URL('node_modules/typescript/bin/tsc', import.meta.url));
const run = promisify(execFile);

const reason = !FORGER_SITE && 'FORGER_SITE names no built site (`cargo xtask site --model gen.onnx --out site`)';
if (reason && FORGER_REQUIRE_ALL !== '1') console.log(`skipped: ${reason}`);

/** What the scripts use of Node, and of WebGPU what TypeScript does not declare, so that no package of declarations is needed. */
const NODE = `
declare const GPUBufferUsage: Readonly<Record<'MAP_READ' | 'COPY_SRC' | 'COPY_DST' | 'STORAGE', number>>;
declare const GPUShaderStage: Readonly<Record<'COMPUTE', number>>;
declare const GPUMapMode: Readonly<Record<'READ', number>>;
declare module 'node:fs/promises' {
  export function readFile(path: URL): Promise<Uint8Array>;
  export function stat(path: URL): Promise<{ size: number }>;
}
declare var process: { cwd(): string; getBuiltinModule(name: string): any };
`;

/** Whatever one side has and the other has not, or has of another type, is an error of this file. */
const SAME = `
import * as declared from './npm/forger.js';
import * as real from './forger.js';
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
const names: Same<keyof real.Generator, keyof declared.Generator> = true;
const statics: Same<keyof typeof real.Generator, keyof typeof declared.Generator> = true;
const exported: Same<keyof typeof real, keyof typeof declared> = true;
type Options<Load extends (...all: any) => any> = NonNullable<Parameters<Load>[1]>;
const options: Same<Options<typeof real.Generator.load>, Options<typeof declared.Generator.load>> = true;
// All of them can be left out, so that one that is missing would still be the same.
const named: Same<keyof Options<typeof real.Generator.load>, keyof Options<typeof declared.Generator.load>> = true;
const source: Same<Parameters<typeof real.Generator.load>[0], declared.Source> = true;
declare const generator: real.Generator;
declare const error: real.ForgerError;
const asDeclared: declared.Generator = generator;
const failure: Pick<declared.ForgerError, 'message' | 'hint' | 'code' | 'values'> = error;
const info: typeof declared.runtimeInfo = real.runtimeInfo;
const trainer: typeof declared.Trainer = real.Trainer;
type Started<T extends { start: (...all: any) => any }> = Awaited<ReturnType<T['start']>>;
type Reported<T> = T extends AsyncIterable<infer Report> ? Report : never;
// Whoever makes a run waits for it; who has one need not.
const run: Same<Exclude<keyof Started<typeof real.Trainer>, 'ready'>, keyof declared.Trainer> = true;
const report: Same<Reported<Started<typeof real.Trainer>>, declared.Report> = true;
const wanted: Same<keyof Parameters<typeof real.Trainer.start>[0], keyof declared.TrainerOptions> = true;
type Third<T extends (...all: any) => any> = NonNullable<Parameters<T>[2]>;
const rest: Same<keyof Third<typeof real.Trainer.resume>, keyof Third<typeof declared.Trainer.resume>> = true;
console.log(rest, trainer, run, report, wanted, names, statics, exported, options, named, source, asDeclared, failure, info);
`;

describe('types', { skip: FORGER_REQUIRE_ALL !== '1' && reason }, () => {
  let folder;
  before(async () => {
    assert.ok(!reason, reason);
    folder = await mkdtemp(join(tmpdir(), 'forger-types-'));
    await cp(WEB, folder, { recursive: true, filter: (path) => basename(path) !== 'node_modules' });
    await cp(join(FORGER_SITE, 'runtime'), join(folder, 'runtime'), { recursive: true, filter: (path) => !/\.(br|gz|wasm)$/.test(path) });
    await writeFile(join(folder, 'node.d.ts'), NODE);
    await writeFile(join(folder, 'same.ts'), SAME);
    // Of declarations only what is used is looked at: those of the compiled modules name a library of tomorrow.
    const options = { noEmit: true, skipLibCheck: true, allowJs: true, strict: true, target: 'es2023', module: 'esnext', moduleResolution: 'bundler', lib: ['es2023', 'dom', 'dom.iterable'], types: [] };
    for (const [name, include, exclude] of [
      // `boot.js` is no module, and for browsers of any age.
      ['page', ['**/*.js', 'node.d.ts'], ['boot.js', 'runtime', 'npm']],
      ['same', ['same.ts', 'node.d.ts'], []],
      ['wrong', ['wrong.js'], []],
    ]) {
      await writeFile(join(folder, `${name}.json`), JSON.stringify({ compilerOptions: options, include, exclude }));
    }
  });
  after(() => rm(folder, { recursive: true, force: true }));

  /** What the compiler complains of, a line each. */
  async function complaints(name) {
    const failed = await run('node', [TSC, '--project', join(folder, `${name}.json`), '--pretty', 'false'], { cwd: folder }).catch((error) => error);
    return failed instanceof Error ? failed.stdout.trim().split('\n') : [];
  }

  test('the page’s scripts are what their comments say', async () => {
    assert.deepEqual(await complaints('page'), []);
  });

  test('the package declares what it has, and nothing else', async () => {
    assert.deepEqual(await complaints('same'), []);
  });

  test('a script that is not what its comments say is found', async () => {
    await writeFile(join(folder, 'wrong.js'), "// @ts-check\nimport { pack } from './packed.js';\nexport const word = pack(1, 'z').nothing;\n");
    const found = await complaints('wrong');
    assert.ok(found.length > 0 && found.every((line) => line.startsWith('wrong.js(3,')), found.join('\n'));
  });
});
