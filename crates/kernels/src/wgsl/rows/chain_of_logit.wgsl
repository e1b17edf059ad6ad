// A product's rows are the derivative of D's logit by what its last hidden stage summed: LOGIT_WEIGHT through the stage's
// function; kept for the update.
const A_ALONG_DEPTH: bool = true;

fn a_at(row: u32, k: u32) -> f32 {
    let i = (FIRST + row) * DEPTH + k;
    let value = derivative(BEFORE, load(HIDDEN_BEFORE, i)) * theta(LOGIT_WEIGHT + k);
    if (keeps) {
        store(KEPT, i, value);
    }
    return value;
}
