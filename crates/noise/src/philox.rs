//! Philox4x32-10, the counter-based generator behind every random number in the project.
//!
//! A block of four 32-bit words is a pure function of a key and a counter, so any number of a run can be made again
//! from (seed, step, element) alone: a resumed run needs no generator state, and every engine trains on the same noise.
//!
//! Source: Salmon, Moraes, Dror, Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", SC'11, section 3.3; the known
//! answers in the tests are those published with its reference implementation, Random123.

const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
/// Steps the key from round to round: the golden ratio and the square root of 3, less one, as 32-bit fractions.
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
const ROUNDS: usize = 10;

/// Says what a sequence of random numbers is for. Different purposes never share a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Stream {
    /// Draws the latent vectors of the training steps; the step is the training step.
    TrainingZ = 0,
    /// Draws the order of the training images; the step is the epoch.
    Permutation = 1,
    /// Draws the starting weights; the step is 0 for the generator, 1 for the discriminator, 16 for a judge.
    Weights = 2,
    /// Draws the latent vectors of pictures that are shown: sample sheets, sweeps, parity vectors, the page's digits.
    Samples = 3,
    /// Resamples a study's runs; the step is the question that is asked of them.
    Resampling = 4,
}

/// Gives the four words of one block: number `block` of step `step` of `stream`, under the key `seed`.
pub fn block(seed: u64, stream: Stream, step: u64, block: u32) -> [u32; 4] {
    philox(key_of(seed), [block, step as u32, (step >> 32) as u32, stream as u32])
}

/// Counts the blocks that [`blocks`] makes at a time.
pub const LANES: usize = 16;

/// Gives the blocks `first` to `first + LANES` that [`block`] gives one by one, word by word: [4, LANES]. It is written
/// so that it vectorises where it is inlined.
#[inline(always)]
pub fn blocks(seed: u64, stream: Stream, step: u64, first: u32) -> [[u32; LANES]; 4] {
    let lanes = std::array::from_fn(|lane| first.wrapping_add(lane as u32));
    rounds(key_of(seed), [lanes, [step as u32; LANES], [(step >> 32) as u32; LANES], [stream as u32; LANES]])
}

fn key_of(seed: u64) -> [u32; 2] {
    [seed as u32, (seed >> 32) as u32]
}

/// Does Philox4x32-10 itself on `N` counters, word by word: ten rounds, the key bumped between them.
#[inline(always)]
fn rounds<const N: usize>(mut key: [u32; 2], mut words: [[u32; N]; 4]) -> [[u32; N]; 4] {
    for round in 0..ROUNDS {
        if round > 0 {
            key[0] = key[0].wrapping_add(WEYL[0]);
            key[1] = key[1].wrapping_add(WEYL[1]);
        }
        let [a, b, c, d] = &mut words;
        for (((a, b), c), d) in a.iter_mut().zip(b).zip(c).zip(d) {
            let (product0, product1) =
                (u64::from(MULTIPLIERS[0]) * u64::from(*a), u64::from(MULTIPLIERS[1]) * u64::from(*c));
            *a = (product1 >> 32) as u32 ^ *b ^ key[0];
            *b = product1 as u32;
            *c = (product0 >> 32) as u32 ^ *d ^ key[1];
            *d = product0 as u32;
        }
    }
    words
}

/// Does Philox4x32-10 on a single counter.
fn philox(key: [u32; 2], counter: [u32; 4]) -> [u32; 4] {
    rounds(key, counter.map(|word| [word])).map(|[word]| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_answers_of_random123() {
        let cases = [
            ("zeros", [0; 2], [0; 4], [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]),
            ("ones", [u32::MAX; 2], [u32::MAX; 4], [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]),
            (
                "digits of pi",
                [0xa4093822, 0x299f31d0],
                [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
                [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
            ),
        ];
        for (name, key, counter, expected) in cases {
            assert_eq!(philox(key, counter), expected, "{name}");
        }
    }

    #[test]
    fn many_blocks_are_each_of_them() {
        let (seed, step, first) = (0x0123_4567_89ab_cdef, 0x1_0000_0007, u32::MAX - 5);
        let words = blocks(seed, Stream::Samples, step, first);
        for lane in 0..LANES {
            let expected = block(seed, Stream::Samples, step, first.wrapping_add(lane as u32));
            assert_eq!(words.map(|word| word[lane]), expected, "lane {lane}");
        }
    }

    #[test]
    fn seed_step_stream_and_block_all_matter() {
        let base = block(1, Stream::TrainingZ, 2, 3);
        assert_ne!(base, block(1 << 32 | 1, Stream::TrainingZ, 2, 3));
        assert_ne!(base, block(1, Stream::Samples, 2, 3));
        assert_ne!(base, block(1, Stream::TrainingZ, 2 | 1 << 32, 3));
        assert_ne!(base, block(1, Stream::TrainingZ, 2, 4));
    }
}
