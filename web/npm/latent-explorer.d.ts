import type { Generator } from './forger.js';

/**
 * `<latent-explorer src="gen.onnx" seed="1">`: a generator's picture with a slider for z[0] and a sweep. Dispatches `load` when it
 * can be used and `error` when it cannot.
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
