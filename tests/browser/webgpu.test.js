// The kernels of the GPU engine in the browser's WebGPU, whose compiler refuses what wgpu's lets through: they compile, and a
// few steps of training, driven as the page drives them, report what the trainer's CPU engine does.
//
//   FORGER_GPU_PLANS  a folder with seed.json, stable.json and classes.json, by `trainer gpu-plan --recipe seed --out seed.json`

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { chromium } from 'playwright-core';
import { SWIFTSHADER } from './runs.js';
import { serve } from './server.js';

const { FORGER_GPU_PLANS, FORGER_CHROMIUM = '/usr/bin/chromium', FORGER_REQUIRE_ALL } = process.env;


/** Of 1 + |x|: three steps of sums in another order come to 3e-6 at most. */
const TOLERANCE = 1e-5;

const reason =
  (!FORGER_GPU_PLANS && 'no FORGER_GPU_PLANS') ||
  (!existsSync(FORGER_CHROMIUM) && `there is no browser at ${FORGER_CHROMIUM} (FORGER_CHROMIUM)`);
const skip = FORGER_REQUIRE_ALL !== '1' && reason;
if (skip) console.log(`skipped: ${skip}`);

describe('the GPU engine in WebGPU', { skip }, () => {
  let server;
  let browser;
  before(async () => {
    assert.ok(!reason, reason);
    server = await serve(FORGER_GPU_PLANS);
    browser = await chromium.launch({ executablePath: FORGER_CHROMIUM, args: SWIFTSHADER });
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });

  for (const recipe of ['seed', 'stable', 'classes']) {
    test(`${recipe}: every kernel compiles, and its steps report what they do on the CPU`, async (t) => {
      const page = await browser.newPage();
      for (const name of DRIVER) await page.route(`**/${name}`, async (route) => route.fulfill({ contentType: 'text/javascript', body: await driver(name) }));
      // WebGPU is for pages of this machine or by https; the plan itself is one.
      await page.goto(`${server.url}${recipe}.json`);
      const ran = await page.evaluate(run);
      await page.close();
      if (ran.missing && FORGER_REQUIRE_ALL !== '1') return t.skip(ran.missing);
      assert.equal(ran.missing, undefined);
      assert.deepEqual(ran.complaints, []);
      const { plan, stats } = ran;
      assert.equal(plan.recipe, recipe);
      assert.equal(stats.length, plan.steps * plan.reported.length);
      let worst = 0;
      for (const [step, row] of plan.expected.entries()) {
        for (const [i, expected] of row.entries()) {
          const [name, found] = [plan.reported[i], stats[step * row.length + i]];
          const error = Math.abs(found - expected);
          const allowed = tolerance(plan, step, name, expected);
          assert.ok(error <= allowed, `step ${step}: ${name} is ${found}, not ${expected}`);
          worst = Math.max(worst, error / allowed);
        }
      }
      t.diagnostic(`${ran.adapter}: ${plan.dispatches.length} kernels, ${plan.steps} steps, ${worst.toFixed(2)} of what may differ`);
    });
  }
});

/** How far a number that a step reports may be from the CPU's. */
function tolerance({ batch, logits_drift }, step, name, expected) {
  const rounding = TOLERANCE * (1 + Math.abs(expected));
  // A picture whose logit rounding moves over the line is counted on the other side of it.
  if (name.startsWith('d_accuracy')) return rounding + 1 / batch;
  // Two runs drift apart by twice what one may, Adam's young second moment lets a step be twice as long, and a sigmoid moves
  // by a quarter of its logit.
  if (name === 'd_real' || name === 'd_fake') return rounding + step * logits_drift;
  return rounding;
}

/** What the page runs steps by, beside the plan. */
const DRIVER = ['trainer-gpu.js', 'error.js'];
const driver = (name) => readFile(new URL(`../../web/${name}`, import.meta.url));

/** In the page, which is the plan: hands its steps to the page's own driver. `complaints`: whatever WebGPU finds wrong. */
async function run() {
  const plan = await (await fetch(location.href)).json();
  const { findAdapter, Gpu } = await import(new URL('trainer-gpu.js', location.href).href);
  const adapter = await findAdapter();
  if (!adapter) return { missing: 'this browser has no WebGPU here' };
  const complaints = [];
  const requestDevice = adapter.requestDevice.bind(adapter);
  adapter.requestDevice = async (wanted) => {
    const device = await requestDevice(wanted);
    device.addEventListener('uncapturederror', ({ error }) => complaints.push(`uncaptured: ${error.message}`));
    const createShaderModule = device.createShaderModule.bind(device);
    device.createShaderModule = (described) => {
      const module = createShaderModule(described);
      module.getCompilationInfo().then(({ messages }) => messages.forEach(({ type, lineNum, message }) => complaints.push(`line ${lineNum}: ${type}: ${message}`)));
      return module;
    };
    return device;
  };
  // What the module that trains says, said by the plan.
  const words = Object.fromEntries(plan.buffers.map(({ name, words }) => [name, Uint32Array.from(words)]));
  const module = {
    gpuBuffers: () => plan.buffers.map(({ name }) => name),
    gpuReadOnly: () => plan.buffers.filter((buffer) => buffer.read_only).length,
    statistics: () => plan.reported,
  };
  const steps = {
    gpuPlan: () => Float64Array.from(plan.buffers, ({ bytes }) => bytes),
    gpuKernels: () => plan.dispatches.map(({ source }) => source),
    gpuGroups: () => plan.dispatches.flatMap(({ groups }) => groups),
    gpuPictures: () => words.pictures,
    gpuState: () => words.state,
    toGpu: () => {},
    gpuEpoch: () => plan.steps,
    gpuOrder: () => words.order,
    gpuRates: () => words.rates,
    gpuControl: () => words.control,
  };
  let stats = [];
  try {
    const gpu = await Gpu.open(adapter, module, steps);
    // The first step is read by itself: what comes after is another part of the same buffer.
    await gpu.advance(() => false, 1);
    stats.push(...(await gpu.read()).stats);
    while (!gpu.isAtEnd) await gpu.advance(() => true);
    stats.push(...(await gpu.read()).stats);
    gpu.free();
  } catch (error) {
    complaints.push(`${error.message} (${error.cause?.message})`);
  }
  const { dispatches, recipe, batch, logits_drift, reported, expected } = plan;
  return {
    complaints,
    adapter: adapter.info.description || adapter.info.architecture,
    stats,
    plan: { dispatches: dispatches.map(({ name }) => name), steps: plan.steps, recipe, batch, logits_drift, reported, expected },
  };
}
