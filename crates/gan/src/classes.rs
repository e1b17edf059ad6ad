//! How the class of a picture takes part in training: the one place that knows.
//!
//! Where a recipe says `classes`, G is told which class to draw and D which class it looks at. G's input is z and, after it, the
//! class as a row of zeros with [`SCALE`] in the place of the class, so its first layer has columns for the classes as it has for
//! z. D's last layer gives `1 + classes` numbers: an opinion about pictures as such, and one about pictures of each class. D's
//! logit is the first plus the one of the picture's class, which is the projection of Miyato and Koyama ("cGANs with Projection
//! Discriminator", 2018) with a bias for each class. Both are linear maps of what is there already, so the products of a dense
//! layer, and the penalties' chain that is made of them, stay as they are: only where a chain ends at the logit do the two
//! numbers of [`Classes::share`] stand for the 1 that it begins with elsewhere.
//!
//! The pictures of a pair, a real one and a generated one, are of one class, the real one's. So classes are generated as often as
//! they occur, and what the step is given says which: an epoch's order, by the labels of its pictures.
//!
//! Without classes there is one opinion and no further input, and all of this is what it was without.

use net::architecture::OneHot;

/// Stands in the place of the class in G's input. Of a one-hot row, 1 would be lost beside a hundred normal numbers, which have a
/// norm of 10.
pub const SCALE: f32 = 3.0;

/// Counts the classes that G and D are told; 0 where they are told none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Classes(pub usize);

impl Classes {
    /// Says for model files how a class goes into G; nothing where none does.
    pub fn one_hot(self) -> Option<OneHot> {
        (self.0 > 0).then_some(OneHot { count: self.0, scale: SCALE })
    }

    /// Counts the numbers that D's last layer gives: [`Classes::logit`] makes one logit of them.
    pub fn opinions(self) -> usize {
        1 + self.0
    }

    /// Makes the logit of a picture of class `label` of what D's last layer gave for it: [opinions].
    pub fn logit(self, opinions: &[f32], label: usize) -> f32 {
        if self.0 == 0 { opinions[0] } else { opinions[0] + opinions[1 + label] }
    }

    /// Gives the derivative of the logit of a picture of class `label` by opinion number `opinion`: 1 or 0.
    pub fn share(self, opinion: usize, label: usize) -> f32 {
        if opinion == 0 || opinion == 1 + label { 1.0 } else { 0.0 }
    }

    /// Makes rows of G's input. z: [n, latent]; `labels`: one for each row, not looked at where there are no classes;
    /// gives [n, latent + classes].
    ///
    /// # Panics
    /// If there are fewer labels than rows, or one that is no class.
    pub fn inputs(self, z: &[f32], latent: usize, labels: impl IntoIterator<Item = usize>) -> Vec<f32> {
        let mut inputs = vec![0.0; z.len() / latent * (latent + self.0)];
        self.write_inputs(z, latent, labels, &mut inputs);
        inputs
    }

    /// Writes what [`Classes::inputs`] gives to `inputs`: [n, latent + classes].
    ///
    /// # Panics
    /// If there are fewer labels than rows, or one that is no class.
    pub fn write_inputs(self, z: &[f32], latent: usize, labels: impl IntoIterator<Item = usize>, inputs: &mut [f32]) {
        if self.0 == 0 {
            inputs.copy_from_slice(z);
            return;
        }
        let mut labels = labels.into_iter();
        for (row, z) in inputs.chunks_exact_mut(latent + self.0).zip(z.chunks_exact(latent)) {
            let (of_z, of_class) = row.split_at_mut(latent);
            of_z.copy_from_slice(z);
            of_class.fill(0.0);
            of_class[labels.next().expect("a label for each row")] = SCALE;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_is_z_and_its_class() {
        let z = [0.1, 0.2, 0.3, 0.4];
        assert_eq!(Classes(3).inputs(&z, 2, [2, 0]), [0.1, 0.2, 0.0, 0.0, SCALE, 0.3, 0.4, SCALE, 0.0, 0.0]);
        assert_eq!(Classes(0).inputs(&z, 2, []), z);
    }

    #[test]
    fn a_logit_is_the_sum_of_the_opinions_by_their_shares() {
        let opinions = [0.5, 2.0, -3.0, 7.0];
        for (classes, label, expected) in [(Classes(3), 1, -2.5), (Classes(3), 2, 7.5), (Classes(0), 0, 0.5)] {
            let told = &opinions[..classes.opinions()];
            let by_shares: f32 = told.iter().enumerate().map(|(i, told)| classes.share(i, label) * told).sum();
            assert_eq!((classes.logit(told, label), by_shares), (expected, expected), "{classes:?}, {label}");
        }
    }
}
