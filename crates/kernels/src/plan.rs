//! The step as a list of dispatches, each with the WGSL that it runs: no device is needed to write it, count it or read it.
//!
//! The equations are those of `engines::cpu::mlp`'s header, with g made (`ByInput`), and rows in another order: all real
//! pictures, then all generated ones. What is elementwise happens where a product fetches its operands or ends, so a step is
//! little more than its products:
//!
//! | dispatch | product | [rows, columns], summed over |
//! | --- | --- | --- |
//! | begin | the minibatch's pictures and noise | |
//! | g_hidden1, g_hidden2, images | G's forward pass | [B, H] L, [B, H] H, [B, P] H |
//! | d_hidden1, d_hidden2 | D's forward pass | [2B, H] P in parts, [2B, H] H |
//! | d_chain | a1 = m1 (a2 W2); logits and losses beside it | [2B, H] H |
//! | penalty_input | g = a1 W1 | [2B, P] H |
//! | penalty_hidden1 | g W1'; squared norms of g beside it | [2B, H] P in parts |
//! | penalty_hidden2 | e1 W2' | [2B, H] H |
//! | d_update | dW1, dW2, dw3 with their biases, Adam at their end | over 2B |
//! | d_hidden1 to d_chain | the updated D's opinion, of what the loss looks at | |
//! | g_output | the gradient by generated pictures | [B, P] H |
//! | g_error2, g_error1 | G's errors | [B, H] P in parts, [B, H] H |
//! | g_update | dW1, dW2, dW3 with their biases, Adam and moving average at their end | over B |
//!
//! So 15 dispatches for `seed` and 18 for `stable`. A sum over pixels is split where its tiles would leave most of a GPU idle;
//! the dispatch that follows adds the parts up as it fetches them. How many parts depends on the recipe alone, never on the
//! device or the replicas.

use std::fmt::Write;

use crate::places::{Places, RATES, SEEDS, STATS};
use gan::recipe::{Loss, Recipe};
use noise::philox::Stream;

const COMMON: &str = include_str!("wgsl/common.wgsl");
const PRODUCT: &str = include_str!("wgsl/product.wgsl");
/// Logarithm, exponential and the like.
pub const FUNCTIONS: &str = include_str!("wgsl/functions.wgsl");
/// The noise's words.
pub const PHILOX: &str = include_str!("wgsl/philox.wgsl");
const BEGIN: &str = include_str!("wgsl/begin.wgsl");
const ADAM: &str = include_str!("wgsl/adam.wgsl");
const LOGITS: &str = include_str!("wgsl/logits.wgsl");
const REPORT: &str = include_str!("wgsl/report.wgsl");
const SQUARES: &str = include_str!("wgsl/squares.wgsl");

/// Rows and columns of a tile of a product.
const TILE: usize = 32;
/// Workgroups that fill a large GPU; sums are split over k until a product has as many.
const ENOUGH_GROUPS: usize = 256;
/// The least that a part of a split sum is worth.
const LEAST_DEPTH: usize = 64;
const MOST_SPLITS: usize = 16;
/// Workgroups along one dimension of a dispatch, at most: WebGPU's own limit is 65,535.
const ROW_OF_GROUPS: usize = 32_768;

/// A dispatch: its name, the whole of its WGSL, and its workgroups for one replica.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Dispatch {
    /// As in the table above; those of G's update after D's end in `_again`.
    pub name: String,
    /// Entry point `main`.
    pub source: String,
    /// Workgroups in x and y; z are the replicas.
    pub groups: [u32; 2],
}

/// A step of one recipe.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Sizes and places.
    pub places: Places,
    /// One step, in order.
    pub dispatches: Vec<Dispatch>,
    /// Steps that the buffers of one epoch have room for.
    pub steps: usize,
    /// Places in an epoch's order.
    pub order: usize,
}

/// An operand of a product: its elements as WGSL, and whether neighbours in memory are neighbours in k.
struct Operand {
    value: &'static str,
    along_depth: bool,
}

const fn along_depth(value: &'static str) -> Operand {
    Operand { value, along_depth: true }
}

const fn across_depth(value: &'static str) -> Operand {
    Operand { value, along_depth: false }
}

/// One product of a dispatch, and what becomes of each of its sums.
struct Product {
    rows: usize,
    columns: usize,
    depth: usize,
    splits: usize,
    a: &'static str,
    b: &'static str,
    finish: &'static str,
}

/// What a dispatch does beside its products: `jobs` workgroups that run `code`, with `i` and `lane`.
#[derive(Clone, Copy)]
struct Beside {
    jobs: usize,
    code: &'static str,
}

impl Plan {
    /// The step of `recipe` on pictures of `pixels`, `steps` of them in an epoch; `order` places in an epoch's order.
    /// `keeps_gradients`: for the probes of tests.
    pub fn new(recipe: &Recipe, pixels: usize, steps: usize, order: usize, keeps_gradients: bool) -> Self {
        let splits = splits(2 * recipe.batch, recipe.hidden, pixels);
        let places = Places::new(recipe, pixels, splits, keeps_gradients);
        let header = header(recipe, &places, pixels, steps, order, keeps_gradients);
        let dispatches = Writer { recipe, pixels, header }.step();
        Self { places, dispatches, steps, order }
    }
}

/// Parts of a product's sum.
fn splits(rows: usize, columns: usize, depth: usize) -> usize {
    let tiles = rows.div_ceil(TILE) * columns.div_ceil(TILE);
    (ENOUGH_GROUPS / tiles).min(depth / LEAST_DEPTH).clamp(1, MOST_SPLITS)
}

/// The constants of a run, as WGSL.
fn header(
    recipe: &Recipe,
    places: &Places,
    pixels: usize,
    steps: usize,
    order: usize,
    keeps_gradients: bool,
) -> String {
    let mut text = String::new();
    let [g, d] = &places.layouts;
    let mut whole = |name: &str, value: usize| writeln!(text, "const {name}: u32 = {value}u;").expect("a string");
    for (name, value) in [
        ("B", recipe.batch),
        ("L", recipe.latent),
        ("H", recipe.hidden),
        ("P", pixels),
        ("STEPS", steps),
        ("ORDER_STRIDE", order),
        ("ARENA_STRIDE", places.arena_len()),
        ("STATE_STRIDE", places.state),
        ("STATS", STATS),
        ("RATES", RATES),
        ("LR", 0),
        ("GAMMA_REAL", 1),
        ("GAMMA_FAKE", 2),
        ("EMA_KEEP", 3),
        ("EMA_TAKE", 4),
        ("NEXT", 0),
        ("CURRENT", 1),
        ("BASE", 2),
        ("DRAWS", 4),
        ("SEEDS", SEEDS),
        ("TRAINING_Z", Stream::TrainingZ as usize),
        ("G", 0),
        ("G_COUNT", g.len()),
        ("D", places.d),
        ("D_COUNT", d.len()),
        ("EMA", places.ema.unwrap_or_default()),
    ] {
        whole(name, value);
    }
    // Where a step's report has each of its numbers.
    for (place, statistic) in gan::STATISTICS.iter().enumerate() {
        whole(&format!("STAT_{}", statistic.name.to_uppercase()), place);
    }
    for (network, layout, base) in [("G", g, 0), ("D", d, places.d)] {
        for layer in 0..3 {
            whole(&format!("{network}_W{}", layer + 1), base + layout.weight(layer).start);
            whole(&format!("{network}_B{}", layer + 1), base + layout.bias(layer).start);
        }
    }
    for (name, start) in places.arena.starts() {
        whole(name, start);
    }
    // Rounded once, here: 1 - 0.999f32 would be off by 5e-5 of itself.
    for (name, value) in [
        ("BATCH", recipe.batch as f64),
        ("LEAKY_SLOPE", recipe.leaky_slope),
        ("D_INPUT_OFFSET", recipe.d_input_offset),
        ("REAL_LABEL", recipe.real_label),
        ("BETA1", recipe.beta1),
        ("REST1", 1.0 - recipe.beta1),
        ("BETA2", recipe.beta2),
        ("REST2", 1.0 - recipe.beta2),
        ("ADAM_EPSILON", recipe.adam_epsilon),
    ] {
        writeln!(text, "const {name}: f32 = {:?};", value as f32).expect("a string");
    }
    for (name, value) in [
        ("RELATIVISTIC", recipe.loss == Loss::Relativistic),
        ("PENALTY", has_penalty(recipe)),
        ("AVERAGED", recipe.has_ema()),
        ("KEEPS_GRADIENTS", keeps_gradients),
    ] {
        writeln!(text, "const {name}: bool = {value};").expect("a string");
    }
    text
}

fn has_penalty(recipe: &Recipe) -> bool {
    recipe.r1_gamma + recipe.r2_gamma > 0.0
}

struct Writer<'a> {
    recipe: &'a Recipe,
    pixels: usize,
    header: String,
}

impl Writer<'_> {
    fn step(&self) -> Vec<Dispatch> {
        let Recipe { batch: b, hidden: h, latent: l, .. } = *self.recipe;
        let p = self.pixels;
        let penalty = has_penalty(self.recipe);
        let mut step = vec![self.begin()];
        step.extend(self.forward());
        step.extend(self.discriminator("", 0, 2 * b, Beside { jobs: b, code: "of_d(i, lane);" }));
        if penalty {
            step.extend(self.penalty());
        }
        step.push(self.d_update());
        // Only the relativistic loss looks at D's opinion of the real pictures again.
        let first = if self.recipe.loss == Loss::Relativistic { 0 } else { b };
        step.extend(self.discriminator("_again", first, 2 * b - first, Beside { jobs: b, code: "of_g(i, lane);" }));
        step.push(self.dense(
            "g_output",
            [b, p, h],
            along_depth("load(A1, (B + row) * H + k)"),
            across_depth("theta(D_W1 + k * P + column)"),
            "store(BY_INPUT, row * P + column, load(SIGNAL, B + row) * sum);",
            None,
        ));
        step.push(self.product_of(
            "g_error2",
            Product {
                rows: b,
                columns: h,
                depth: p,
                splits: splits(2 * b, h, p),
                a: "let y = load(IMAGES, row * P + k); return load(BY_INPUT, row * P + k) * (1.0 - y * y);",
                b: "return theta(G_W3 + k * H + column);",
                finish: "store(PARTIAL, (split * rows + row) * H + column, sum);",
            },
            [true, false],
            "",
            Some(Beside { jobs: b, code: "square(i, lane);" }),
            &[SQUARES],
        ));
        step.push(self.product_of(
            "g_error1",
            Product {
                rows: b,
                columns: h,
                depth: h,
                splits: 1,
                a: "let i = row * H + k;
    let error = bend(load(G_H2, i)) * whole(row, k);
    if (keeps) {
        store(G_E2, i, error);
    }
    return error;",
                b: "return theta(G_W2 + k * H + column);",
                finish: "store(G_E1, row * H + column, bend(load(G_H1, row * H + column)) * sum);",
            },
            [true, false],
            &sum_of_parts(splits(2 * b, h, p), b),
            None,
            &[],
        ));
        step.push(self.update(
            "g_update",
            b,
            [h, h, p],
            [l, h, h],
            [
                ["load(G_E1, k * H + row)", "load(Z, k * L + column)"],
                ["load(G_E2, k * H + row)", "load(G_H1, k * H + column)"],
                ["by_output(k, row)", "load(G_H2, k * H + column)"],
            ],
            "1.0",
            "fn by_output(k: u32, pixel: u32) -> f32 {
    let y = load(IMAGES, k * P + pixel);
    return load(BY_INPUT, k * P + pixel) * (1.0 - y * y);
}
fn moves(i: u32, gradient: f32) {
    if (KEEPS_GRADIENTS) {
        store(G_GRADIENT, i, gradient);
    }
    let moved = adam(G, G_COUNT, i, gradient);
    if (AVERAGED) {
        let at = state_at + EMA + i;
        state[at] = rate(EMA_KEEP) * state[at] + rate(EMA_TAKE) * moved;
    }
}
",
            "report_g(lane);",
        ));
        step
    }

    fn begin(&self) -> Dispatch {
        let pixels = self.recipe.batch * self.pixels;
        let groups = pixels.div_ceil(64).min(ROW_OF_GROUPS);
        let parts = [&self.header, &format!("const GROUPS: u32 = {groups}u;\n"), COMMON, FUNCTIONS, PHILOX, BEGIN];
        Dispatch { name: "begin".to_owned(), source: parts.concat(), groups: [groups as u32, 1] }
    }

    /// G's forward pass. The second of its dispatches moves the step's number on: nothing else in it looks at it.
    fn forward(&self) -> [Dispatch; 3] {
        let Recipe { batch: b, hidden: h, latent: l, .. } = *self.recipe;
        let counter = Beside {
            jobs: 1,
            code: "if (lane == 0u && replica == 0u) { control[CURRENT] = control[NEXT]; control[NEXT] += 1u; }",
        };
        [
            self.dense(
                "g_hidden1",
                [b, h, l],
                along_depth("load(Z, row * L + k)"),
                along_depth("theta(G_W1 + column * L + k)"),
                "store(G_H1, row * H + column, leaky(sum + theta(G_B1 + column)));",
                None,
            ),
            self.dense(
                "g_hidden2",
                [b, h, h],
                along_depth("load(G_H1, row * H + k)"),
                along_depth("theta(G_W2 + column * H + k)"),
                "store(G_H2, row * H + column, leaky(sum + theta(G_B2 + column)));",
                Some(counter),
            ),
            self.dense(
                "images",
                [b, self.pixels, h],
                along_depth("load(G_H2, row * H + k)"),
                along_depth("theta(G_W3 + column * H + k)"),
                "store(IMAGES, row * P + column, tanh_of(sum + theta(G_B3 + column)));",
                None,
            ),
        ]
    }

    /// D's forward pass over `rows` rows from `first` on, its chain, and the loss.
    fn discriminator(&self, suffix: &str, first: usize, rows: usize, loss: Beside) -> [Dispatch; 3] {
        let (h, p) = (self.recipe.hidden, self.pixels);
        let splits = splits(2 * self.recipe.batch, h, p);
        let first = format!("const FIRST: u32 = {first}u;\n");
        [
            self.product_of(
                &format!("d_hidden1{suffix}"),
                Product {
                    rows,
                    columns: h,
                    depth: p,
                    splits,
                    a: "return x(FIRST + row, k);",
                    b: "return theta(D_W1 + column * P + k);",
                    finish: "store(PARTIAL, (split * rows + row) * H + column, sum);",
                },
                [true, true],
                &first,
                None,
                &[],
            ),
            self.product_of(
                &format!("d_hidden2{suffix}"),
                Product {
                    rows,
                    columns: h,
                    depth: h,
                    splits: 1,
                    a: "let value = leaky(whole(row, k) + theta(D_B1 + k));
    if (keeps) {
        store(H1, (FIRST + row) * H + k, value);
    }
    return value;",
                    b: "return theta(D_W2 + column * H + k);",
                    finish: "store(H2, (FIRST + row) * H + column, leaky(sum + theta(D_B2 + column)));",
                },
                [true, true],
                &(first.clone() + &sum_of_parts(splits, rows)),
                None,
                &[],
            ),
            self.product_of(
                &format!("d_chain{suffix}"),
                Product {
                    rows,
                    columns: h,
                    depth: h,
                    splits: 1,
                    a: "let i = (FIRST + row) * H + k;
    let value = bend(load(H2, i)) * theta(D_W3 + k);
    if (keeps) {
        store(A2, i, value);
    }
    return value;",
                    b: "return theta(D_W2 + k * H + column);",
                    finish: "let i = (FIRST + row) * H + column;
    store(A1, i, bend(load(H1, i)) * sum);",
                },
                [true, false],
                &first,
                Some(loss),
                &[LOGITS],
            ),
        ]
    }

    /// The gradient penalties' share of the chain.
    fn penalty(&self) -> [Dispatch; 3] {
        let (rows, h, p) = (2 * self.recipe.batch, self.recipe.hidden, self.pixels);
        let splits = splits(rows, h, p);
        [
            self.dense(
                "penalty_input",
                [rows, p, h],
                along_depth("load(A1, row * H + k)"),
                across_depth("theta(D_W1 + k * P + column)"),
                "store(BY_INPUT, row * P + column, sum);",
                None,
            ),
            self.product_of(
                "penalty_hidden1",
                Product {
                    rows,
                    columns: h,
                    depth: p,
                    splits,
                    a: "return load(BY_INPUT, row * P + k);",
                    b: "return theta(D_W1 + column * P + k);",
                    finish: "store(PARTIAL, (split * rows + row) * H + column, sum);",
                },
                [true, true],
                "",
                Some(Beside { jobs: rows, code: "square(i, lane);" }),
                &[SQUARES],
            ),
            self.product_of(
                "penalty_hidden2",
                Product {
                    rows,
                    columns: h,
                    depth: h,
                    splits: 1,
                    a: "let i = row * H + k;
    let value = gamma(row) * bend(load(H1, i)) * whole(row, k);
    if (keeps) {
        store(E1, i, value);
    }
    return value;",
                    b: "return theta(D_W2 + column * H + k);",
                    finish: "let i = row * H + column;
    store(BY_A2, i, bend(load(H2, i)) * sum);",
                },
                [true, true],
                &sum_of_parts(splits, rows),
                None,
                &[],
            ),
        ]
    }

    fn d_update(&self) -> Dispatch {
        let (rows, h, p) = (2 * self.recipe.batch, self.recipe.hidden, self.pixels);
        self.update(
            "d_update",
            rows,
            [h, h, 1],
            [p, h, h],
            [
                ["load(A1, k * H + row)", "blended(load(SIGNAL, k) * x(k, column), k, column)"],
                [
                    "load(A2, k * H + row)",
                    "and_penalty(load(SIGNAL, k) * load(H1, k * H + column), E1, k * H + column)",
                ],
                ["1.0", "and_penalty(load(SIGNAL, k) * load(H2, k * H + column), BY_A2, k * H + column)"],
            ],
            "load(SIGNAL, k)",
            "fn blended(value: f32, k: u32, column: u32) -> f32 {
    if (PENALTY) {
        return value + gamma(k) * load(BY_INPUT, k * P + column);
    }
    return value;
}
fn and_penalty(value: f32, region: u32, i: u32) -> f32 {
    if (PENALTY) {
        return value + load(region, i);
    }
    return value;
}
fn moves(i: u32, gradient: f32) {
    if (KEEPS_GRADIENTS) {
        store(D_GRADIENT, i, gradient);
    }
    let moved = adam(D, D_COUNT, i, gradient);
}
",
            "report_d(lane);",
        )
    }

    /// A product whose elements are single expressions. `sizes`: rows, columns, depth.
    fn dense(
        &self,
        name: &str,
        [rows, columns, depth]: [usize; 3],
        a: Operand,
        b: Operand,
        finish: &'static str,
        beside: Option<Beside>,
    ) -> Dispatch {
        let product = Product { rows, columns, depth, splits: 1, a: a.value, b: b.value, finish };
        self.product_of(name, product, [a.along_depth, b.along_depth], "", beside, &[])
    }

    /// One product, and what is done beside it. `more`: WGSL that it calls.
    fn product_of(
        &self,
        name: &str,
        product: Product,
        along: [bool; 2],
        more: &str,
        beside: Option<Beside>,
        files: &[&str],
    ) -> Dispatch {
        let Product { rows, columns, depth, splits, a, b, finish } = product;
        let body = |code: &str| if code.contains("return") { code.to_owned() } else { format!("return {code};") };
        let (a, b) = (body(a), body(b));
        let [tile_rows, tile_columns] = [rows.div_ceil(TILE), columns.div_ceil(TILE)];
        let tiles = tile_rows * tile_columns * splits;
        // A part's depth in whole tiles of depth, so that the parts are alike.
        let part = depth.div_ceil(splits).next_multiple_of(16);
        let functions = format!(
            "fn a_at(row: u32, k: u32) -> f32 {{
    {a}
}}
fn b_at(k: u32, column: u32) -> f32 {{
    {b}
}}
fn finish(row: u32, column: u32, sum: f32) {{
    {finish}
}}
"
        );
        let work = format!(
            "    if (flat < {tiles}u) {{
        let tile = flat % {per_part}u;
        let part = flat / {per_part}u;
        rows = {rows}u;
        columns = {columns}u;
        split = part;
        keeps = tile % {tile_columns}u == 0u;
        product(tile / {tile_columns}u * TILE, tile % {tile_columns}u * TILE, part * {part}u, min(part * {part}u + {part}u, {depth}u), lane);
    }}
",
            per_part = tile_rows * tile_columns,
        );
        self.kernel(name, tiles, along, &[files.concat(), more.to_owned(), functions].concat(), &work, beside)
    }

    /// Gradients of all three layers, each with its bias as the weight of one more input, and what moves the parameters.
    /// `of_layer`: an error [depth, outputs] and an input [depth, inputs]; `constant`: the bias's input.
    fn update(
        &self,
        name: &str,
        depth: usize,
        outputs: [usize; 3],
        inputs: [usize; 3],
        of_layer: [[&str; 2]; 3],
        constant: &str,
        more: &str,
        report: &'static str,
    ) -> Dispatch {
        let network = &name[..1].to_uppercase();
        let (mut a, mut b, mut finish, mut work) = (String::new(), String::new(), String::new(), String::new());
        let mut first = 0;
        for layer in 0..3 {
            let ([error, input], [outputs, inputs]) = (of_layer[layer], [outputs[layer], inputs[layer]]);
            let [tile_rows, tile_columns] = [outputs.div_ceil(TILE), (inputs + 1).div_ceil(TILE)];
            let n = layer + 1;
            let case = if layer == 2 { "default".to_owned() } else { format!("case {layer}u") };
            writeln!(a, "        {case}: {{ return {error}; }}").expect("a string");
            write!(
                b,
                "        {case}: {{
            if (column == {inputs}u) {{ return {constant}; }}
            return {input};
        }}\n"
            )
            .expect("a string");
            write!(
                finish,
                "        {case}: {{
            moves(select({network}_W{n} - {network} + row * {inputs}u + column, {network}_B{n} - {network} + row, column == {inputs}u), sum);
        }}\n"
            )
            .expect("a string");
            let end = first + tile_rows * tile_columns;
            write!(
                work,
                "    if (flat >= {first}u && flat < {end}u) {{
        let tile = flat - {first}u;
        layer = {layer}u;
        rows = {outputs}u;
        columns = {columns}u;
        product(tile / {tile_columns}u * TILE, tile % {tile_columns}u * TILE, 0u, {depth}u, lane);
    }}\n",
                columns = inputs + 1
            )
            .expect("a string");
            first = end;
        }
        let functions = format!(
            "fn a_at(row: u32, k: u32) -> f32 {{
    switch (layer) {{
{a}    }}
}}
fn b_at(k: u32, column: u32) -> f32 {{
    switch (layer) {{
{b}    }}
}}
fn finish(row: u32, column: u32, sum: f32) {{
    switch (layer) {{
{finish}    }}
}}
"
        );
        let code = [ADAM, REPORT, more, &functions].concat();
        self.kernel(name, first, [false, false], &code, &work, Some(Beside { jobs: 1, code: report }))
    }

    /// A kernel of `tiles` workgroups that run `work`, and then those beside them.
    fn kernel(
        &self,
        name: &str,
        tiles: usize,
        along: [bool; 2],
        code: &str,
        work: &str,
        beside: Option<Beside>,
    ) -> Dispatch {
        let beside = beside.unwrap_or(Beside { jobs: 0, code: "" });
        let total = tiles + beside.jobs;
        let [x, y] = [total.min(ROW_OF_GROUPS), total.div_ceil(ROW_OF_GROUPS)];
        let aside = format!(
            "    if (flat >= {tiles}u && flat < {total}u) {{
        let i = flat - {tiles}u;
        {}
    }}
",
            beside.code
        );
        let main = format!(
            "
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {{
    enter(group.z);
    let flat = group.y * {x}u + group.x;
{work}{}}}
",
            if beside.jobs > 0 { &aside } else { "" }
        );
        let [a_along, b_along] = along;
        let directions = format!("const A_ALONG_DEPTH: bool = {a_along};\nconst B_ALONG_DEPTH: bool = {b_along};\n");
        let source = [&self.header, &directions, COMMON, FUNCTIONS, PRODUCT, code, &main].concat();
        Dispatch { name: name.to_owned(), source, groups: [x as u32, y as u32] }
    }
}

/// `whole(row, k)`: the sum of a product's parts, in order.
fn sum_of_parts(splits: usize, rows: usize) -> String {
    format!(
        "fn whole(row: u32, k: u32) -> f32 {{
    var sum = load(PARTIAL, row * H + k);
    for (var part = 1u; part < {splits}u; part++) {{
        sum += load(PARTIAL, (part * {rows}u + row) * H + k);
    }}
    return sum;
}}
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_few_dispatches() {
        for (name, expected) in [("seed", 15), ("stable", 18)] {
            let recipe = Recipe::load(name, &toml::Table::new()).unwrap();
            let plan = Plan::new(&recipe, 784, 550, 55_000, false);
            assert_eq!(plan.dispatches.len(), expected, "{name}");
        }
    }

    #[test]
    fn a_long_sum_is_split_where_tiles_are_few_and_never_into_crumbs() {
        assert_eq!(splits(200, 128, 784), 9);
        assert_eq!(splits(200, 1024, 784), 1);
        assert_eq!(splits(2, 8, 25), 1);
        assert_eq!(splits(2, 8, 100_000), MOST_SPLITS);
    }
}
