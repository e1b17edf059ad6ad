// A product's rows are G's errors at its last sums: the gradient by its pictures through the function that made them.
const A_ALONG_DEPTH: bool = true;

fn a_at(row: u32, k: u32) -> f32 {
    let i = row * DEPTH + k;
    return load(BY_INPUT, i) * derivative(OF_PICTURES, load(IMAGES, i));
}
