// A product's rows are the derivative of a logit by what D's last stage gives, where a chain begins: 1, where that is one number.
const A_ALONG_DEPTH: bool = true;

fn a_at(row: u32, k: u32) -> f32 {
    return share(FIRST + row, k);
}
