// @ts-check
/**
 * LZW as GIF has it: codes of growing width, packed from the lowest bit on, over a dictionary that starts afresh when it
 * holds 4,096 entries.
 *
 * Source: Welch, "A technique for high-performance data compression", 1984; GIF 89a, appendix F.
 */

const LARGEST_CODE = 4095;

/**
 * @param {Uint8Array} symbols Each below 2 ** symbolBits.
 * @param {number} symbolBits 2 to 8.
 */
export function lzw(symbols, symbolBits) {
  const clear = 1 << symbolBits;
  const end = clear + 1;
  const output = bitWriter(symbols.length);
  /** From a known string's code and the symbol after it to the longer string's code. @type {Map<number, number>} */
  let longer = new Map();
  let next = end + 1;
  let width = symbolBits + 1;
  output.put(clear, width);
  if (symbols.length > 0) {
    let code = symbols[0];
    for (let i = 1; i < symbols.length; i++) {
      const key = (code << 8) | symbols[i];
      const known = longer.get(key);
      if (known !== undefined) {
        code = known;
        continue;
      }
      output.put(code, width);
      if (next <= LARGEST_CODE) {
        // The reader learns an entry one code later than we do: widths change when its dictionary has grown.
        if (next === 1 << width) width++;
        longer.set(key, next++);
      } else {
        output.put(clear, width);
        longer = new Map();
        next = end + 1;
        width = symbolBits + 1;
      }
      code = symbols[i];
    }
    output.put(code, width);
    if (next === 1 << width && width < 12) width++;
  }
  output.put(end, width);
  return output.bytes();
}

/** @param {number} symbols Written in codes of up to 12 bits, and never more codes than symbols but a few. */
function bitWriter(symbols) {
  const buffer = new Uint8Array(Math.ceil(symbols * 1.5) + 64 + Math.ceil(symbols / 1024));
  let [at, bits, held] = [0, 0, 0];
  return {
    /** @param {number} code @param {number} width */
    put(code, width) {
      bits |= code << held;
      held += width;
      while (held >= 8) {
        buffer[at++] = bits & 255;
        bits >>>= 8;
        held -= 8;
      }
    },
    bytes() {
      if (held > 0) buffer[at++] = bits & 255;
      return buffer.subarray(0, at);
    },
  };
}
