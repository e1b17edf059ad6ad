// A dense layer applied backwards, e W: its weight is [DEPTH, COLUMNS].
const B_ALONG_DEPTH: bool = false;

fn b_at(k: u32, column: u32) -> f32 {
    return theta(WEIGHT + k * COLUMNS + column);
}
