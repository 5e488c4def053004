//! What the C library's allocator keeps of memory that was given back.
//!
//! Left to itself it keeps one arena for each of many threads, and learns to keep ever larger blocks (up to 32 MiB) in the holes of the
//! last ones: the memory of a load grew with its rows though these lay in files. Where the library is another one nothing is said to it.

/// Says before any other thread runs that few arenas shall be kept.
pub fn keep_few_arenas() {
    const ARENAS: i32 = 2;
    glibc::say(glibc::ARENAS, ARENAS);
}

/// Blocks of at least a sixteenth of these bytes go back to the system at once, where a load may take less than [`PLENTY`]. It costs
/// time (a tenth to a third of a load of facts where such blocks are small), so where there is plenty the library goes on by itself.
pub(crate) fn keep_little(memory_bytes: usize) {
    if memory_bytes >= PLENTY {
        return;
    }
    let block = (memory_bytes / 16).max(LEAST_BLOCK);
    glibc::say(glibc::BLOCKS, i32::try_from(block).unwrap_or(i32::MAX));
}

/// From here on the largest block that the library keeps by itself (32 MiB) is a sixteenth or less.
const PLENTY: usize = 512 << 20;
/// What the library gives back at once before it learns.
const LEAST_BLOCK: usize = 128 << 10;

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod glibc {
    pub(super) const ARENAS: i32 = libc::M_ARENA_MAX;
    pub(super) const BLOCKS: i32 = libc::M_MMAP_THRESHOLD;

    #[expect(
        unsafe_code,
        reason = "mallopt has no safe form; it takes two numbers and locks what it changes"
    )]
    pub(super) fn say(parameter: i32, value: i32) {
        // SAFETY: a parameter of glibc's own with a number; the function may be called at any time by any thread
        unsafe {
            libc::mallopt(parameter, value);
        }
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
mod glibc {
    pub(super) const ARENAS: i32 = 0;
    pub(super) const BLOCKS: i32 = 0;

    pub(super) fn say(_parameter: i32, _value: i32) {}
}
