import type { Generator } from './forger.js';

/**
 * `<latent-explorer src="gen.onnx" seed="1" controls="slider sweep new" class="7" theme="light" lang="en"
 * loading="eager">`: a generator's picture with a slider for z[0], a sweep and a button for another picture. Only `src` is needed;
 * `class` names the class that a model with classes draws. Dispatches `load` when it can be
 * used and `error` when it cannot.
 */
export class LatentExplorer extends HTMLElement {
  /** What draws, once it is loaded. */
  generator: Generator | undefined;
}

declare global {
  interface HTMLElementTagNameMap {
    'latent-explorer': LatentExplorer;
  }
}
