// Moves the step's number on, which nothing else in the dispatch looks at.
fn beside(i: u32, lane: u32) {
    if (lane == 0u && replica == 0u) {
        control[CURRENT] = control[NEXT];
        control[NEXT] += 1u;
    }
}
