// A product's rows are G's errors at the sums of its last hidden stage, which came in parts; kept for the update.
const A_ALONG_DEPTH: bool = true;

fn a_at(row: u32, k: u32) -> f32 {
    let i = row * DEPTH + k;
    let error = derivative(BEFORE, load(HIDDEN_BEFORE, i)) * whole(row, k);
    if (keeps) {
        store(KEPT, i, error);
    }
    return error;
}
