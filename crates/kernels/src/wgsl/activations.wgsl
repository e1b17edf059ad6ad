// The functions that follow a linear map, number by number. A kernel knows those it takes as constants.

const IDENTITY: u32 = 0u;
const LEAKY_RELU: u32 = 1u;
const TANH: u32 = 2u;

struct Activation {
    kind: u32,
    // Of LEAKY_RELU, for numbers that are not above 0.
    slope: f32,
}

fn activated(by: Activation, value: f32) -> f32 {
    if (by.kind == LEAKY_RELU) {
        return unless_nan(value, select(by.slope * value, value, value > 0.0));
    }
    if (by.kind == TANH) {
        return tanh_of(value);
    }
    return value;
}

// The derivative where the function gave `activation`: a leaky ReLU's has the sign of what went in.
fn derivative(of_function: Activation, activation: f32) -> f32 {
    if (of_function.kind == LEAKY_RELU) {
        return select(of_function.slope, 1.0, activation > 0.0);
    }
    if (of_function.kind == TANH) {
        return 1.0 - activation * activation;
    }
    return 1.0;
}
