// A product's rows are pictures as D sees them, from row FIRST on.
const A_ALONG_DEPTH: bool = true;

fn a_at(row: u32, k: u32) -> f32 {
    return x(FIRST + row, k);
}
