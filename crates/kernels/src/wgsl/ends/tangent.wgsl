// The penalty's tangent after D's first stage.
fn finish(row: u32, column: u32, sum: f32) {
    let i = row * COLUMNS + column;
    store(OUTPUT, i, gamma(row) * derivative(AFTER, load(HIDDEN, i)) * sum);
}
