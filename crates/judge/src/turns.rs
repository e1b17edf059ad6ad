//! What a judge learns where pictures have no classes: how a picture was turned and mirrored.
//!
//! To tell that, a network must know what is up and what is left in these pictures: faces, ground, letters. The idea, with
//! turns alone, is Gidaris, Singh and Komodakis's, "Unsupervised representation learning by predicting image rotations", 2018.

use serde::{Deserialize, Serialize};

/// Says what a judge was taught.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// The classes that the pictures have.
    #[default]
    Classes,
    /// How a picture was turned and mirrored.
    Turns,
}

impl Task {
    /// Says whether it is what most judges are taught, which a file need not say.
    pub(super) fn is_classes(&self) -> bool {
        *self == Self::Classes
    }

    /// Gives how each of `count` pictures is turned, by numbers in [-1, 1) that `draw` fills in; none where they are not turned.
    pub(super) fn turns(self, ways: usize, count: usize, draw: impl FnOnce(&mut [f32])) -> Vec<usize> {
        if self == Self::Classes {
            return Vec::new();
        }
        let mut numbers = vec![0.0; count];
        draw(&mut numbers);
        numbers.iter().map(|x| (((x + 1.0) / 2.0 * ways as f32) as usize).min(ways - 1)).collect()
    }
}

/// Counts the ways to turn and mirror a picture of `rows` and `columns` that leave it one of such: 8 of a square, 4 of others.
pub(super) fn ways(rows: usize, columns: usize) -> usize {
    if rows == columns { 8 } else { 4 }
}

/// Turns a picture, planes of [channels, rows, columns], in place; 0 leaves it as it is. The first bit of `turn` mirrors left and
/// right, the second above and below, the third rows and columns, which only a square has in common.
pub(super) fn turn(picture: &mut [f32], [_, rows, columns]: [usize; 3], turn: usize) {
    for plane in picture.chunks_exact_mut(rows * columns) {
        if turn & 1 != 0 {
            plane.chunks_exact_mut(columns).for_each(<[f32]>::reverse);
        }
        if turn & 2 != 0 {
            for row in 0..rows / 2 {
                let (above, below) = plane.split_at_mut((rows - 1 - row) * columns);
                above[row * columns..][..columns].swap_with_slice(&mut below[..columns]);
            }
        }
        if turn & 4 != 0 {
            for row in 0..rows {
                (0..row).for_each(|column| plane.swap(row * columns + column, column * columns + row));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_way_to_turn_a_picture_is_another_one() {
        for (image, count) in [([3, 3, 3], 8), ([1, 4, 4], 8), ([2, 2, 3], 4), ([1, 3, 2], 4)] {
            let [channels, rows, columns] = image;
            assert_eq!(ways(rows, columns), count);
            let picture: Vec<f32> = (0..channels * rows * columns).map(|i| i as f32).collect();
            let turned = |way| {
                let mut turned = picture.clone();
                turn(&mut turned, image, way);
                turned.iter().map(|x| *x as usize).collect::<Vec<_>>()
            };
            assert_eq!(turned(0), (0..picture.len()).collect::<Vec<_>>());
            let all: HashSet<Vec<usize>> = (0..count).map(turned).collect();
            assert_eq!(all.len(), count, "{image:?}");
            // Planes do not mix.
            assert!(all.iter().all(|one| one[..rows * columns].iter().all(|&from| from < rows * columns)), "{image:?}");
        }
        let mut square = [1.0, 2.0, 3.0, 4.0];
        turn(&mut square, [1, 2, 2], 5);
        assert_eq!(square, [2.0, 4.0, 1.0, 3.0], "mirrored, then rows for columns");
    }

    #[test]
    fn pictures_are_turned_each_way_and_those_with_classes_are_not() {
        let draw = |out: &mut [f32]| noise::fill_uniform(0, 3, 1.0, out);
        assert!(Task::Classes.turns(8, 10, draw).is_empty());
        let turns = Task::Turns.turns(8, 4000, draw);
        for way in 0..8 {
            // A binomial of 4000 and 1/8 has a standard deviation of 21.
            let count = turns.iter().filter(|&&turn| turn == way).count();
            assert!(count.abs_diff(500) < 100, "{way}: {count}");
        }
    }
}
