// Of a product whose sum is split over k, this is a part.
fn finish(row: u32, column: u32, sum: f32) {
    store(PARTIAL, (part * ROWS + row) * COLUMNS + column, sum);
}
