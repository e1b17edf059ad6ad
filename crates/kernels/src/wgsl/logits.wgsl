// Logits and losses, pair by pair: a real picture and a generated one. The sources are in fused/loss.rs.

fn logit(row: u32, lane: u32) -> f32 {
    var sum = 0.0;
    for (var k = lane; k < LOGIT_INPUTS; k += LANES) {
        sum += seen_by_logit(row, k) * theta(LOGIT_WEIGHT + k);
    }
    return sum_of_lanes(lane, sum) + theta(LOGIT_BIAS);
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
    if (RELATIVISTIC) {
        store(LOSSES, i, softplus(fake - real));
        let signal = sigmoid(fake - real) / BATCH;
        store(SIGNAL, i, -signal);
        store(SIGNAL, B + i, signal);
    } else {
        store(LOSSES, i, softplus(real) - REAL_LABEL * real + softplus(fake));
        store(SIGNAL, i, (sigmoid(real) - REAL_LABEL) / BATCH);
        store(SIGNAL, B + i, sigmoid(fake) / BATCH);
    }
}

// G's loss of pair `i`, and the derivative of their mean by the generated picture's logit.
fn of_g(i: u32, lane: u32) {
    let fake = logit(B + i, lane);
    var above = fake;
    if (RELATIVISTIC) {
        above = fake - logit(i, lane);
    }
    if (lane != 0u) {
        return;
    }
    store(LOGITS_AFTER, i, fake);
    store(LOSSES, i, softplus(-above));
    store(SIGNAL, B + i, -sigmoid(-above) / BATCH);
}
