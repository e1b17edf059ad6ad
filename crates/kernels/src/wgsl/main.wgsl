// What a dispatch's workgroups do: the first TILES of them a tile of a product each, as tile_of(tile, lane) has it, then JOBS
// of them what is done beside, as beside(job, lane) has it.
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    enter(group.z);
    let flat = group.y * GROUPS_ACROSS + group.x;
    if (flat < TILES) {
        tile_of(flat, lane);
    }
    if (flat >= TILES && flat < TILES + JOBS) {
        beside(flat - TILES, lane);
    }
}
