// TensorFlow.js with its backend `cpu`.

import { startOn } from './tfjs.js';

export const start = (pictures) => startOn(pictures, 'cpu');
