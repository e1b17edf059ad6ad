// The sum of a product's parts, in order: [PARTS, ROWS, DEPTH], where DEPTH is the width of what was summed.
fn whole(row: u32, k: u32) -> f32 {
    var sum = load(PARTIAL, row * DEPTH + k);
    // written out
    for (var part = 1u; part < PARTS; part++) {
        sum += load(PARTIAL, (part * ROWS + row) * DEPTH + k);
    }
    return sum;
}
