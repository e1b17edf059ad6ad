// A dense layer applied, x W': its weight is [COLUMNS, DEPTH].
const B_ALONG_DEPTH: bool = true;

fn b_at(k: u32, column: u32) -> f32 {
    return theta(WEIGHT + column * DEPTH + k);
}
