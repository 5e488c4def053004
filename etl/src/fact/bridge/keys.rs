//! A set of keys, of groups or versions: one bit a key.

/// Keys from 1 on; those of special members are in no set.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeySet {
    words: Vec<u64>,
}

impl KeySet {
    /// Adds keys.
    pub(crate) fn add(&mut self, keys: &[i32]) {
        for key in keys {
            let Some((word, bit)) = place(*key) else {
                continue;
            };
            if self.words.len() <= word {
                self.words.resize((word + 1).next_power_of_two(), 0);
            }
            self.words[word] |= bit;
        }
    }

    /// True if a key is in the set.
    pub(crate) fn has(&self, key: i32) -> bool {
        let word = place(key).and_then(|(word, bit)| Some(self.words.get(word)? & bit));
        word.is_some_and(|word| word != 0)
    }

    /// How many keys there are.
    pub(super) fn len(&self) -> u64 {
        let ones = self.words.iter().map(|word| u64::from(word.count_ones()));
        ones.sum()
    }

    /// How many keys there are that another set lacks.
    pub(super) fn without(&self, other: &Self) -> u64 {
        let others = other.words.iter().copied().chain(std::iter::repeat(0));
        let left = self
            .words
            .iter()
            .zip(others)
            .map(|(own, other)| own & !other);
        left.map(|word| u64::from(word.count_ones())).sum()
    }

    /// The keys, in their order.
    pub(super) fn iter(&self) -> impl Iterator<Item = i32> {
        let words = self.words.iter().zip(0..);
        words.flat_map(|(word, at): (&u64, i32)| {
            let bits = (0..64).filter(move |bit| word >> bit & 1 == 1);
            bits.map(move |bit| at * 64 + bit)
        })
    }
}

/// The word of a key, and its bit there.
fn place(key: i32) -> Option<(usize, u64)> {
    let at = usize::try_from(key).ok().filter(|key| *key > 0)?;
    Some((at / 64, 1 << (at % 64)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_counted_and_come_in_their_order() {
        let mut set = KeySet::default();
        set.add(&[700, 1, -4, 64, 63, 0, 700]);
        assert_eq!(set.iter().collect::<Vec<_>>(), [1, 63, 64, 700]);
        assert_eq!(set.len(), 4);
        let mut other = KeySet::default();
        other.add(&[63, 5]);
        assert_eq!((set.without(&other), other.without(&set)), (3, 1));
        assert!(set.has(700) && !set.has(-4) && !set.has(0) && !set.has(9_000));
    }
}
