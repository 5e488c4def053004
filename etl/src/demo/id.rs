//! Identifiers as the operational database has them: 36 characters, here derived from the seed.

/// What an identifier is for; identifiers of different purposes never meet.
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
pub(crate) enum IdKind {
    /// A user.
    User = 1,
    /// A currency.
    Currency,
    /// A product or product category.
    Product,
    /// A campaign or what belongs to it.
    Campaign,
    /// A survey, its questions and options.
    Survey,
    /// An account and what belongs to it.
    Customer,
    /// A lead that comes to nothing.
    ColdLead,
}

/// A 128-bit identifier, written as a version 4 UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Id(u64, u64);

impl Id {
    /// The identifier of the `index`-th thing of a kind.
    pub(crate) fn of(seed: u64, kind: IdKind, index: u64) -> Self {
        let root = mix(seed ^ mix(kind as u64));
        Self(mix(root ^ mix(index)), mix(root.rotate_left(32) ^ index))
    }

    /// The identifier of the `index`-th part of the thing that this one identifies.
    pub(crate) fn child(self, part: u16, index: u64) -> Self {
        let salt = mix(u64::from(part) << 40 ^ index);
        Self(mix(self.0 ^ salt), mix(self.1 ^ salt.rotate_left(17)))
    }

    /// The 36 characters, written into a buffer.
    pub(crate) fn encode(self, buffer: &mut [u8; 36]) -> &str {
        let bytes = uuid::Uuid::from_u64_pair(self.0, self.1).into_bytes();
        uuid::Builder::from_random_bytes(bytes)
            .into_uuid()
            .hyphenated()
            .encode_lower(buffer)
    }
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.encode(&mut [0; 36]))
    }
}

/// The finaliser of SplitMix64 (Steele, Lea & Flood 2014): every input bit moves every output bit.
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_uuids_that_do_not_repeat() {
        let mut seen = std::collections::HashSet::new();
        for index in 0..2_000 {
            let id = Id::of(7, IdKind::Customer, index);
            assert!(seen.insert(id) && seen.insert(id.child(1, 0)) && seen.insert(id.child(2, 0)));
            assert_eq!(id.to_string().len(), 36);
            assert_eq!(id.to_string().as_bytes()[14], b'4');
        }
        assert!(!seen.contains(&Id::of(8, IdKind::Customer, 0)));
    }
}
