// A product's rows are the derivative of D's logit by what its last hidden stage summed: the logit's weights through the
// stage's function; kept for the update.
const A_ALONG_DEPTH: bool = true;

fn a_at(row: u32, k: u32) -> f32 {
    let i = (FIRST + row) * DEPTH + k;
    let value = derivative(BEFORE, load(HIDDEN_BEFORE, i)) * logit_weight(FIRST + row, k);
    if (keeps) {
        store(KEPT, i, value);
    }
    return value;
}
