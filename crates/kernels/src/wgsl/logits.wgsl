// Logits and losses, pair by pair: a real picture and a generated one. The functions of the loss are the `gan` crate's.

fn logit(row: u32, lane: u32) -> f32 {
    var sum = 0.0;
    for (var k = lane; k < LOGIT_INPUTS; k += LANES) {
        sum += seen_by_logit(row, k) * logit_weight(row, k);
    }
    return sum_of_lanes(lane, sum) + logit_bias(row);
}

// What D's last stage takes: what the one before gave, or the picture itself.
fn seen_by_logit(row: u32, k: u32) -> f32 {
    if (HAS_HIDDEN) {
        return load(LAST_HIDDEN, row * LOGIT_INPUTS + k);
    }
    return x(row, k);
}

// D's loss of pair `i`, and the derivative of their mean by both logits.
fn of_d(i: u32, lane: u32) {
    let real = logit(i, lane);
    let fake = logit(B + i, lane);
    if (lane != 0u) {
        return;
    }
    store(LOGITS, i, real);
    store(LOGITS, B + i, fake);
    let loss = loss_of_d(real, fake);
    store(LOSSES, i, loss.x);
    store(SIGNAL, i, loss.y / BATCH);
    store(SIGNAL, B + i, loss.z / BATCH);
}

// G's loss of pair `i`, and the derivative of their mean by the generated picture's logit.
fn of_g(i: u32, lane: u32) {
    let fake = logit(B + i, lane);
    var real = 0.0;
    if (G_LOOKS_AT_REAL) {
        real = logit(i, lane);
    }
    if (lane != 0u) {
        return;
    }
    store(LOGITS_AFTER, i, fake);
    let loss = loss_of_g(real, fake);
    store(LOSSES, i, loss.x);
    store(SIGNAL, B + i, loss.y / BATCH);
}
