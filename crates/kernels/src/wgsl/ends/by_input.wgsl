// The derivative of a logit by D's input.
fn finish(row: u32, column: u32, sum: f32) {
    store(BY_INPUT, row * COLUMNS + column, sum);
}
