// The gradients of a network's dense layers, e' x, in one dispatch: a tile belongs to one of LAYERS, and a layer's bias is
// the weight of one more input. What updates a network gives error_at(k, output), input_at(k, input), bias_input_at(k) and
// moves(i, gradient).
const A_ALONG_DEPTH: bool = false;
const B_ALONG_DEPTH: bool = false;

struct Layer {
    // Its tiles begin with this one; so many lie side by side.
    first_tile: u32,
    tiles_across: u32,
    outputs: u32,
    inputs: u32,
    // Regions of the arena: the errors [k, outputs], what went in [k, inputs], and what a penalty adds to that.
    error: u32,
    input: u32,
    tangent: u32,
    // Where weight and bias begin among the network's parameters.
    weight: u32,
    bias: u32,
}

var<private> layer: Layer;
var<private> is_first: bool;
var<private> is_last: bool;

fn a_at(row: u32, k: u32) -> f32 {
    return error_at(k, row);
}

fn b_at(k: u32, column: u32) -> f32 {
    if (column == layer.inputs) {
        return bias_input_at(k);
    }
    return input_at(k, column);
}

fn finish(row: u32, column: u32, sum: f32) {
    let weight = layer.weight + row * layer.inputs + column;
    moves(select(weight, layer.bias + row, column == layer.inputs), sum);
}

fn tile_of(flat: u32, lane: u32) {
    layer = LAYERS[0];
    is_first = true;
    is_last = LAYER_COUNT == 1u;
    // written out
    for (var i = 1u; i < LAYER_COUNT; i++) {
        if (flat >= LAYERS[i].first_tile) {
            layer = LAYERS[i];
            is_first = false;
            is_last = i + 1u == LAYER_COUNT;
        }
    }
    rows = layer.outputs;
    columns = layer.inputs + 1u;
    let tile = flat - layer.first_tile;
    product(tile / layer.tiles_across * TILE, tile % layer.tiles_across * TILE, 0u, DEPTH, lane);
}
