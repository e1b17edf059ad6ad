// The sum through the derivative of a stage's function, where it gave HIDDEN.
fn finish(row: u32, column: u32, sum: f32) {
    let i = (FIRST + row) * COLUMNS + column;
    store(OUTPUT, i, derivative(AFTER, load(HIDDEN, i)) * sum);
}
