// What every kernel shares: the buffers, and where a replica's part of them lies. The constants above this text are the
// run's and the dispatch's sizes and places.

// Training pictures, four bytes a word; behind them, from LABELS on, the class of each where there are CLASSES.
@group(0) @binding(0) var<storage, read> pictures: array<u32>;
// Which picture comes when, in the epoch under way: [replicas, ORDER_STRIDE].
@group(0) @binding(1) var<storage, read> order: array<u32>;
// What changes from step to step: [steps of the epoch, RATES], see rates_of in buffers.rs.
@group(0) @binding(2) var<storage, read> rates: array<f32>;
// NEXT and CURRENT row of the epoch; then what the host says of it, and the replicas' seeds.
@group(0) @binding(3) var<storage, read_write> control: array<u32>;
// What a step keeps for each picture: [replicas, ARENA_STRIDE].
@group(0) @binding(4) var<storage, read_write> arena: array<f32>;
// Parameters, moments, moving average: [replicas, STATE_STRIDE].
@group(0) @binding(5) var<storage, read_write> state: array<f32>;
// What each step reports: [replicas, steps of the epoch, STATS].
@group(0) @binding(6) var<storage, read_write> stats: array<f32>;

const LANES: u32 = 64u;

var<private> replica: u32;
var<private> arena_at: u32;
var<private> state_at: u32;

// To be called first, with the third coordinate of the workgroup.
fn enter(of_replica: u32) {
    replica = of_replica;
    arena_at = of_replica * ARENA_STRIDE;
    state_at = of_replica * STATE_STRIDE;
}

fn load(region: u32, i: u32) -> f32 {
    return arena[arena_at + region + i];
}

fn store(region: u32, i: u32, value: f32) {
    arena[arena_at + region + i] = value;
}

fn theta(i: u32) -> f32 {
    return state[state_at + i];
}

fn rate(i: u32) -> f32 {
    return rates[control[CURRENT] * RATES + i];
}

fn report(i: u32, value: f32) {
    stats[(replica * STEPS + control[CURRENT]) * STATS + i] = value;
}

// Row `row` of D's input, pixel `k`: real pictures first, then as many generated ones.
fn x(row: u32, k: u32) -> f32 {
    if (row < B) {
        return load(X, row * P + k);
    }
    return load(IMAGES, (row - B) * P + k) + D_INPUT_OFFSET;
}

// The class of a row of D's input, in the row `step` of the epoch: a pair's pictures are both of the real one's.
fn label_at(step: u32, row: u32) -> u32 {
    return pictures[LABELS + order[replica * ORDER_STRIDE + step * B + row % B]];
}

// The share that a number of D's last stage has in the logit of a row of x: the first one counts for all, each other for its
// class.
fn share(row: u32, opinion: u32) -> f32 {
    if (CLASSES == 0u || opinion == 0u) {
        return 1.0;
    }
    return select(0.0, 1.0, opinion == 1u + label_at(control[CURRENT], row));
}

// The derivative of the logit of a row of x by input `k` of D's last stage.
fn logit_weight(row: u32, k: u32) -> f32 {
    let weight = theta(LOGIT_WEIGHT + k);
    if (CLASSES == 0u) {
        return weight;
    }
    return weight + theta(LOGIT_WEIGHT + (1u + label_at(control[CURRENT], row)) * LOGIT_INPUTS + k);
}

fn logit_bias(row: u32) -> f32 {
    let bias = theta(LOGIT_BIAS);
    if (CLASSES == 0u) {
        return bias;
    }
    return bias + theta(LOGIT_BIAS + 1u + label_at(control[CURRENT], row));
}

// The penalty's weight for a row of x.
fn gamma(row: u32) -> f32 {
    return rate(select(GAMMA_REAL, GAMMA_FAKE, row >= B));
}

var<workgroup> lane_sums: array<f32, 64>;

// The sum of all lanes' values, in a fixed order; given to every lane. All lanes must call it.
fn sum_of_lanes(lane: u32, value: f32) -> f32 {
    workgroupBarrier();
    lane_sums[lane] = value;
    for (var half = LANES / 2u; half > 0u; half = half / 2u) {
        workgroupBarrier();
        if (lane < half) {
            lane_sums[lane] += lane_sums[lane + half];
        }
    }
    workgroupBarrier();
    return lane_sums[0];
}
