// Adam in TensorFlow's form, as reference/adam.rs has it, on parameter `i` of the network whose parameters lie at `base`,
// both moments after them, `count` each.
fn adam(base: u32, count: u32, i: u32, gradient: f32) -> f32 {
    let at = state_at + base + i;
    let m = BETA1 * state[at + count] + REST1 * gradient;
    let v = BETA2 * state[at + 2u * count] + REST2 * (gradient * gradient);
    let moved = state[at] - rate(LR) * m / (sqrt(v) + ADAM_EPSILON);
    state[at] = moved;
    state[at + count] = m;
    state[at + 2u * count] = v;
    return moved;
}
