// A product of two matrices in tiles of 32 by 32, whose operands are made as they are fetched and whose results are used
// where they are. What belongs to one product comes with it: a_at(row, k), b_at(k, column), finish(row, column, sum), and
// A_ALONG_DEPTH, B_ALONG_DEPTH: whether an operand's neighbours in memory are neighbours in k.
//
// A workgroup of 64 lanes keeps 32 rows of a and 32 columns of b, 16 deep, in its own memory; a lane has 4 by 4 sums in
// registers. Every sum is one chain over k.

const TILE: u32 = 32u;
const DEPTH_OF_TILE: u32 = 16u;

var<workgroup> a_tile: array<vec4<f32>, 128>;
var<workgroup> b_tile: array<vec4<f32>, 128>;

// How many rows and columns the product has; which part this is of a sum that is split over k; whether this is the workgroup
// of the first columns, which keeps what a_at makes.
var<private> rows: u32;
var<private> columns: u32;
var<private> part: u32;
var<private> keeps: bool;

fn a_or_0(row: u32, k: u32, to: u32) -> f32 {
    if (row < rows && k < to) {
        return a_at(row, k);
    }
    return 0.0;
}

fn b_or_0(k: u32, column: u32, to: u32) -> f32 {
    if (column < columns && k < to) {
        return b_at(k, column);
    }
    return 0.0;
}

// The tile that begins at `row0`, `column0`, summed over k in from..to.
fn product(row0: u32, column0: u32, begin: u32, to: u32, lane: u32) {
    let tile_row = lane / 8u;
    let tile_column = lane % 8u;
    var sums = array<vec4<f32>, 4>();
    for (var k0 = begin; k0 < to; k0 += DEPTH_OF_TILE) {
        for (var i = lane; i < 128u; i += LANES) {
            let a_k = select(i / 8u, i % 16u, A_ALONG_DEPTH);
            let a_row = select(i % 8u, i / 16u, A_ALONG_DEPTH);
            let row = row0 + 4u * a_row;
            let ka = k0 + a_k;
            a_tile[a_k * 8u + a_row] = vec4<f32>(
                a_or_0(row, ka, to), a_or_0(row + 1u, ka, to), a_or_0(row + 2u, ka, to), a_or_0(row + 3u, ka, to));
            let b_k = select(i / 8u, i % 16u, B_ALONG_DEPTH);
            let b_column = select(i % 8u, i / 16u, B_ALONG_DEPTH);
            let column = column0 + 4u * b_column;
            let kb = k0 + b_k;
            b_tile[b_k * 8u + b_column] = vec4<f32>(
                b_or_0(kb, column, to), b_or_0(kb, column + 1u, to), b_or_0(kb, column + 2u, to), b_or_0(kb, column + 3u, to));
        }
        workgroupBarrier();
        for (var k = 0u; k < DEPTH_OF_TILE; k++) {
            let a = a_tile[k * 8u + tile_row];
            let b = b_tile[k * 8u + tile_column];
            sums[0] += a.x * b;
            sums[1] += a.y * b;
            sums[2] += a.z * b;
            sums[3] += a.w * b;
        }
        workgroupBarrier();
    }
    for (var i = 0u; i < 4u; i++) {
        let row = row0 + 4u * tile_row + i;
        if (row < rows) {
            for (var j = 0u; j < 4u; j++) {
                let column = column0 + 4u * tile_column + j;
                if (column < columns) {
                    finish(row, column, sums[i][j]);
                }
            }
        }
    }
}
