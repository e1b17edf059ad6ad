fn beside(i: u32, lane: u32) {
    of_g(i, lane);
}
