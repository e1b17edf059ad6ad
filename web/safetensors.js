// @ts-check
/**
 * A safetensors file: eight bytes of header length, a JSON header, the numbers. Tensors of float32, and of whole numbers of
 * eight bits that come with a scale for each of their first dimension (`exporter round` writes those).
 *
 * Source: https://github.com/huggingface/safetensors.
 */

/** @typedef {{shape: number[], values: Float32Array}} Tensor Row-major. */

/**
 * @param {ArrayBuffer} file
 * @returns {{metadata: Record<string, string>, tensor: (name: string) => Tensor}} `tensor` throws where there is none of the name.
 */
export function readSafetensors(file) {
  const length = Number(new DataView(file).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(file, 8, length)));
  const entryOf = (/** @type {string} */ name) => {
    const entry = header[name];
    if (!entry) throw new Error(`the file has no tensor ${name}`);
    // A copy, as numbers in a file need not lie where an array of theirs may begin.
    const [start, end] = entry.data_offsets.map((/** @type {number} */ offset) => 8 + length + offset);
    return { shape: entry.shape, dtype: entry.dtype, bytes: file.slice(start, end) };
  };
  return {
    metadata: header.__metadata__ ?? {},
    tensor(name) {
      const { shape, dtype, bytes } = entryOf(name);
      if (dtype === 'F32') return { shape, values: new Float32Array(bytes) };
      if (dtype !== 'I8') throw new Error(`the tensor ${name} is of the type ${dtype}`);
      const scales = new Float32Array(entryOf(`${name}.scale`).bytes);
      const whole = new Int8Array(bytes);
      const row = whole.length / scales.length;
      return { shape, values: Float32Array.from(whole, (value, i) => value * scales[Math.floor(i / row)]) };
    },
  };
}
