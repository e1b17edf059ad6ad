// A product's rows are the penalty's tangent after D's first stage, whose sums came in parts; kept for the update.
const A_ALONG_DEPTH: bool = true;

fn a_at(row: u32, k: u32) -> f32 {
    let i = row * DEPTH + k;
    let value = gamma(row) * derivative(BEFORE, load(HIDDEN_BEFORE, i)) * whole(row, k);
    if (keeps) {
        store(KEPT, i, value);
    }
    return value;
}
