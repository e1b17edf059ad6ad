// A product's rows are the outputs of the stage before, whose sums came in parts; kept for those who come later.
const A_ALONG_DEPTH: bool = true;

fn a_at(row: u32, k: u32) -> f32 {
    let value = activated(BEFORE, whole(row, k) + theta(BIAS_BEFORE + k));
    if (keeps) {
        store(KEPT, (FIRST + row) * DEPTH + k, value);
    }
    return value;
}
