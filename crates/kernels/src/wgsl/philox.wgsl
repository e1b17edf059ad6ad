// Philox4x32-10, as philox.rs has it.

// The 64 bits of a product of two words, the upper half first, by halves of words.
fn wide_product(a: u32, b: u32) -> vec2<u32> {
    let low = vec2<u32>(a & 0xffffu, b & 0xffffu);
    let high = vec2<u32>(a >> 16u, b >> 16u);
    let first = low.x * low.y;
    let middle = high.x * low.y + (first >> 16u);
    let other = low.x * high.y + (middle & 0xffffu);
    return vec2<u32>(high.x * high.y + (middle >> 16u) + (other >> 16u), a * b);
}

fn philox(first_key: vec2<u32>, counter: vec4<u32>) -> vec4<u32> {
    var key = first_key;
    var words = counter;
    for (var round = 0u; round < 10u; round++) {
        let product0 = wide_product(0xD2511F53u, words.x);
        let product1 = wide_product(0xCD9E8D57u, words.z);
        words = vec4<u32>(product1.x ^ words.y ^ key.x, product1.y, product0.x ^ words.w ^ key.y, product0.y);
        key = key + vec2<u32>(0x9E3779B9u, 0xBB67AE85u);
    }
    return words;
}
