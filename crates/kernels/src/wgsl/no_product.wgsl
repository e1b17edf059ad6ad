// A dispatch without a product: there is no tile to work out.
fn tile_of(flat: u32, lane: u32) {
}
