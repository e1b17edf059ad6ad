// non_saturating.rs beside this file has the equations and their sources.

fn loss_of_d(real: f32, fake: f32) -> vec3<f32> {
    let value = softplus(real) - REAL_LABEL * real + softplus(fake);
    return vec3<f32>(value, sigmoid(real) - REAL_LABEL, sigmoid(fake));
}

fn loss_of_g(real: f32, fake: f32) -> vec2<f32> {
    return vec2<f32>(softplus(-fake), -sigmoid(-fake));
}

fn d_is_right(real: f32, fake: f32) -> vec2<bool> {
    return vec2<bool>(real > 0.0, fake < 0.0);
}
