// TensorFlow.js with its backend `wasm`.

import { startOn } from './tfjs.js';

export const start = (pictures) => startOn(pictures, 'wasm');
