// D's update: the chain from the logit back is the error of a unit signal, so the loss's signal multiplies what went in, and
// the penalty's tangent is added there. Then Adam.

fn error_at(k: u32, output: u32) -> f32 {
    if (is_last) {
        return share(k, output);
    }
    return load(layer.error, k * layer.outputs + output);
}

fn input_at(k: u32, input: u32) -> f32 {
    let i = k * layer.inputs + input;
    if (is_first) {
        let value = load(SIGNAL, k) * x(k, input);
        if (PENALTY) {
            return value + gamma(k) * load(BY_INPUT, i);
        }
        return value;
    }
    let value = load(SIGNAL, k) * load(layer.input, i);
    if (PENALTY) {
        return value + load(layer.tangent, i);
    }
    return value;
}

fn bias_input_at(k: u32) -> f32 {
    return load(SIGNAL, k);
}

fn moves(i: u32, gradient: f32) {
    if (KEEPS_GRADIENTS) {
        store(D_GRADIENT, i, gradient);
    }
    let moved = adam(D, D_COUNT, i, gradient);
}

fn beside(i: u32, lane: u32) {
    report_d(lane);
}
