// A product's rows lie in the arena, from row FIRST on: [rows, DEPTH].
const A_ALONG_DEPTH: bool = true;

fn a_at(row: u32, k: u32) -> f32 {
    return load(INPUT, (FIRST + row) * DEPTH + k);
}
