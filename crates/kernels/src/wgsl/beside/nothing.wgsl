fn beside(i: u32, lane: u32) {
}
