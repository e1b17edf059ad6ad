// The squared norm of row `row` of BY_INPUT, by one workgroup.
fn beside(row: u32, lane: u32) {
    var sum = 0.0;
    for (var k = lane; k < P; k += LANES) {
        let value = load(BY_INPUT, row * P + k);
        sum += value * value;
    }
    let whole = sum_of_lanes(lane, sum);
    if (lane == 0u) {
        store(SQUARES, row, whole);
    }
}
