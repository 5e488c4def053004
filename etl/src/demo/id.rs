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

    /// The 36 characters, written into a buffer. A database has millions of them, hence no formatting machinery.
    pub(crate) fn encode(self, buffer: &mut [u8; 36]) -> &str {
        let first = (self.0 & !0xF000) | 0x4000;
        let second = (self.1 & !(0xC << 60)) | (0x8 << 60);
        let [a, b] = [hex((first >> 32) as u32), hex(first as u32)];
        let [c, d] = [hex((second >> 32) as u32), hex(second as u32)];
        *buffer = [b'-'; 36];
        buffer[0..8].copy_from_slice(&a);
        buffer[9..13].copy_from_slice(&b[..4]);
        buffer[14..18].copy_from_slice(&b[4..]);
        buffer[19..23].copy_from_slice(&c[..4]);
        buffer[24..28].copy_from_slice(&c[4..]);
        buffer[28..36].copy_from_slice(&d);
        std::str::from_utf8(buffer).unwrap_or_default()
    }
}

/// The eight hexadecimal digits of a number, all at once: each nibble in a byte of its own, then made a character.
fn hex(number: u32) -> [u8; 8] {
    let spread = u64::from(number);
    let spread = (spread | spread << 16) & 0x0000_FFFF_0000_FFFF;
    let spread = (spread | spread << 8) & 0x00FF_00FF_00FF_00FF;
    let spread = (spread | spread << 4) & 0x0F0F_0F0F_0F0F_0F0F;
    let is_letter = ((spread + 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101;
    (spread + 0x3030_3030_3030_3030 + is_letter * 39).to_be_bytes()
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
    fn hexadecimal_digits_are_right() {
        assert_eq!(&hex(0x0123_4567), b"01234567");
        assert_eq!(&hex(0x89ab_cdef), b"89abcdef");
        let id = Id(0x0011_2233_4455_6677, 0xff99_aabb_ccdd_eeff);
        assert_eq!(id.to_string(), "00112233-4455-4677-bf99-aabbccddeeff");
    }

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
