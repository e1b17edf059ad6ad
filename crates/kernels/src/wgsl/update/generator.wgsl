// G's update: errors and what went in, picture by picture; then Adam and the moving average.

fn error_at(k: u32, output: u32) -> f32 {
    if (is_last) {
        let i = k * P + output;
        return load(BY_INPUT, i) * derivative(OF_PICTURES, load(IMAGES, i));
    }
    return load(layer.error, k * layer.outputs + output);
}

fn input_at(k: u32, input: u32) -> f32 {
    return load(layer.input, k * layer.inputs + input);
}

fn bias_input_at(k: u32) -> f32 {
    return 1.0;
}

fn moves(i: u32, gradient: f32) {
    if (KEEPS_GRADIENTS) {
        store(G_GRADIENT, i, gradient);
    }
    let moved = adam(G, G_COUNT, i, gradient);
    if (AVERAGED) {
        let at = state_at + EMA + i;
        state[at] = rate(EMA_KEEP) * state[at] + rate(EMA_TAKE) * moved;
    }
}

fn beside(i: u32, lane: u32) {
    report_g(lane);
}
