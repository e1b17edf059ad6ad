fn beside(i: u32, lane: u32) {
    of_d(i, lane);
}
