// The kernels of the GPU engine in the browser's WebGPU, whose compiler refuses what wgpu's lets through: they compile, and a
// few steps of training report what the trainer's CPU engine does.
//
//   FORGER_GPU_PLANS  a folder with seed.json, stable.json and classes.json, by `trainer gpu-plan --recipe seed --out seed.json`

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { chromium } from 'playwright-core';
import { serve } from './server.js';

const { FORGER_GPU_PLANS, FORGER_CHROMIUM = '/usr/bin/chromium', FORGER_REQUIRE_ALL } = process.env;

/** WebGPU on SwiftShader, a GPU that is a program; browser.js switches GPUs off. */
const FLAGS = [
  '--no-sandbox',
  '--no-first-run',
  '--disable-gpu-sandbox',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan,WebGPU',
];

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
    browser = await chromium.launch({ executablePath: FORGER_CHROMIUM, args: FLAGS });
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });

  for (const recipe of ['seed', 'stable', 'classes']) {
    test(`${recipe}: every kernel compiles, and its steps report what they do on the CPU`, async (t) => {
      const page = await browser.newPage();
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

/** In the page, which is the plan: runs its steps. `complaints`: whatever WebGPU finds wrong. */
async function run() {
  const plan = await (await fetch(location.href)).json();
  const adapter = await navigator.gpu?.requestAdapter();
  if (!adapter) return { missing: 'this browser has no WebGPU here' };
  const device = await adapter.requestDevice();
  const complaints = [];
  device.addEventListener('uncapturederror', ({ error }) => complaints.push(`uncaptured: ${error.message}`));
  device.pushErrorScope('validation');

  const buffers = plan.buffers.map(({ bytes, words }) => {
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
    const buffer = device.createBuffer({ size: bytes, usage });
    if (words.length > 0) device.queue.writeBuffer(buffer, 0, Uint32Array.from(words));
    return buffer;
  });
  const bindGroupLayout = device.createBindGroupLayout({
    entries: plan.buffers.map(({ read_only }, binding) => ({
      binding,
      visibility: GPUShaderStage.COMPUTE,
      buffer: { type: read_only ? 'read-only-storage' : 'storage' },
    })),
  });
  const bindGroup = device.createBindGroup({
    layout: bindGroupLayout,
    entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
  });
  const layout = device.createPipelineLayout({ bindGroupLayouts: [bindGroupLayout] });
  const pipelines = [];
  for (const { name, source } of plan.dispatches) {
    const module = device.createShaderModule({ label: name, code: source });
    for (const { type, lineNum, message } of (await module.getCompilationInfo()).messages) {
      complaints.push(`${name}, line ${lineNum}: ${type}: ${message}`);
    }
    try {
      pipelines.push(await device.createComputePipelineAsync({ layout, compute: { module, entryPoint: 'main' } }));
    } catch (error) {
      complaints.push(`${name}: ${error.message}`);
    }
  }
  if (complaints.length > 0) return { complaints };

  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setBindGroup(0, bindGroup);
  for (let step = 0; step < plan.steps; step++) {
    for (const [i, { groups }] of plan.dispatches.entries()) {
      pass.setPipeline(pipelines[i]);
      pass.dispatchWorkgroups(...groups, 1);
    }
  }
  pass.end();
  const stats = plan.buffers.findIndex(({ name }) => name === 'stats');
  const staging = device.createBuffer({ size: plan.buffers[stats].bytes, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  encoder.copyBufferToBuffer(buffers[stats], 0, staging, 0, plan.buffers[stats].bytes);
  device.queue.submit([encoder.finish()]);
  const wrong = await device.popErrorScope();
  if (wrong) complaints.push(wrong.message);
  if (complaints.length > 0) return { complaints };
  await staging.mapAsync(GPUMapMode.READ);
  const { dispatches, steps, recipe, batch, logits_drift, reported, expected } = plan;
  return {
    complaints,
    adapter: adapter.info.description || adapter.info.architecture,
    stats: [...new Float32Array(staging.getMappedRange())],
    plan: { dispatches: dispatches.map(({ name }) => name), steps, recipe, batch, logits_drift, reported, expected },
  };
}
