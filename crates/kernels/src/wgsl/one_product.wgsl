// A dispatch of one product: which tile, and which part of its sum, a workgroup works out.
fn tile_of(flat: u32, lane: u32) {
    let tile = flat % TILES_OF_PART;
    let number = flat / TILES_OF_PART;
    part = number;
    rows = ROWS;
    columns = COLUMNS;
    keeps = tile % TILES_ACROSS == 0u;
    let begin = number * DEPTH_OF_PART;
    product(tile / TILES_ACROSS * TILE, tile % TILES_ACROSS * TILE, begin, min(begin + DEPTH_OF_PART, DEPTH), lane);
}
