// relativistic.rs beside this file has the equations and their sources.

fn loss_of_d(real: f32, fake: f32) -> vec3<f32> {
    let by_fake = sigmoid(fake - real);
    return vec3<f32>(softplus(fake - real), -by_fake, by_fake);
}

fn loss_of_g(real: f32, fake: f32) -> vec2<f32> {
    let above = fake - real;
    return vec2<f32>(softplus(-above), -sigmoid(-above));
}

fn d_is_right(real: f32, fake: f32) -> vec2<bool> {
    return vec2<bool>(real > fake, real > fake);
}
