// The gradient of G's loss by a generated picture.
fn finish(row: u32, column: u32, sum: f32) {
    store(BY_INPUT, row * COLUMNS + column, load(SIGNAL, B + row) * sum);
}
