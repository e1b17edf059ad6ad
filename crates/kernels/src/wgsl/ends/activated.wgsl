// The sum, its bias and the stage's function: what the stage gives.
fn finish(row: u32, column: u32, sum: f32) {
    store(OUTPUT, (FIRST + row) * COLUMNS + column, activated(AFTER, sum + theta(BIAS + column)));
}
