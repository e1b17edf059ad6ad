// What a step reports: means over the minibatch. One workgroup. Each number has its place, STAT_..., from the list of statistics.

fn mean_of(lane: u32, sum: f32) -> f32 {
    return sum_of_lanes(lane, sum) / BATCH;
}

fn report_d(lane: u32) {
    var sums = array<f32, STATS>();
    for (var i = lane; i < B; i += LANES) {
        let real = load(LOGITS, i);
        let fake = load(LOGITS, B + i);
        sums[STAT_D_LOSS] += load(LOSSES, i);
        sums[STAT_D_REAL] += sigmoid(real);
        sums[STAT_D_FAKE] += sigmoid(fake);
        sums[STAT_D_MARGIN] += real - fake;
        let partner_real = select(0.0, fake, RELATIVISTIC);
        let partner_fake = select(0.0, real, RELATIVISTIC);
        sums[STAT_D_ACCURACY_REAL] += select(0.0, 1.0, real > partner_real);
        sums[STAT_D_ACCURACY_FAKE] += select(0.0, 1.0, fake < partner_fake);
        if (PENALTY) {
            sums[STAT_R1] += select(0.0, load(SQUARES, i), gamma(i) > 0.0);
            sums[STAT_R2] += select(0.0, load(SQUARES, B + i), gamma(B + i) > 0.0);
        }
    }
    // G's are 0 here, until its update reports them.
    for (var j = 0u; j < STATS; j++) {
        let mean = mean_of(lane, sums[j]);
        if (lane == 0u) {
            report(j, mean);
        }
    }
}

fn report_g(lane: u32) {
    var loss = 0.0;
    var square = 0.0;
    for (var i = lane; i < B; i += LANES) {
        loss += load(LOSSES, i);
        square += load(SQUARES, i);
    }
    let mean = mean_of(lane, loss);
    // The signals are of the mean over the batch; of a picture's own loss they are B times that.
    let reaching = sqrt(sum_of_lanes(lane, square) * BATCH);
    if (lane == 0u) {
        report(STAT_G_LOSS, mean);
        report(STAT_G_GRADIENT, reaching);
    }
}
