// The minibatch's real pictures as D sees them, and its noise.

fn one_pixel(i: u32) {
    let picture = order[replica * ORDER_STRIDE + control[NEXT] * B + i / P];
    let place = picture * P + i % P;
    let byte = (pictures[place / 4u] >> (8u * (place % 4u))) & 255u;
    store(X, i, f32(byte) * (2.0 / 255.0) - 1.0 + D_INPUT_OFFSET);
}

// Element i of a step's noise is lane i % 4 of Philox block i / 4.
fn one_block(i: u32) {
    let step = control[BASE] + control[NEXT];
    let carry = select(0u, 1u, step < control[BASE]);
    let seed = vec2<u32>(control[SEEDS + 2u * replica], control[SEEDS + 2u * replica + 1u]);
    let words = philox(seed, vec4<u32>(i, step, control[BASE + 1u] + carry, TRAINING_Z));
    let normals = vec4<f32>(box_muller(words.x, words.y), box_muller(words.z, words.w));
    for (var j = 0u; j < 4u; j++) {
        let element = 4u * i + j;
        if (element < B * L) {
            // A row of G's input is its noise, and then its class.
            store(Z, element + element / L * CLASSES, normals[j]);
        }
    }
}

fn one_class(i: u32) {
    // Without classes nobody comes here, but a constant 0 may not divide.
    let classes = max(CLASSES, 1u);
    let row = i / classes;
    let is_its = i % classes == label_at(control[NEXT], row);
    store(Z, row * (L + classes) + L + i % classes, select(0.0, CLASS_SCALE, is_its));
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    enter(group.z);
    let threads = GROUPS * LANES;
    for (var i = group.x * LANES + lane; i < B * P; i += threads) {
        one_pixel(i);
    }
    if (control[DRAWS] == 1u) {
        for (var i = group.x * LANES + lane; i < (B * L + 3u) / 4u; i += threads) {
            one_block(i);
        }
    }
    if (CLASSES > 0u) {
        for (var i = group.x * LANES + lane; i < B * CLASSES; i += threads) {
            one_class(i);
        }
    }
}
