//! Which small files of a table become one: pure, nothing is read or written.
//!
//! Nightly loads leave a small file each. More of them than a limit, of about the same size and following one another in the
//! order of the table, become one; so each row is written again only as often as its file becomes eight times as large, and
//! the files stay as few as their sizes are different. Not responsible for reading or writing them.

use planisphere_schemas::warehouse::DataFile;
use serde_json::Value;

use super::options::WriteOptions;

/// How many times as large the files of the next size are.
const STEP: u64 = 8;
/// Files of so many bytes stay as they are, or of half of what a file may have.
const LARGE_BYTES: u64 = 8 << 20;
/// What is joined at once is decoded in memory: so many bytes, or as many as a file may have.
const MOST_BYTES: u64 = 32 << 20;

/// Runs of files, by their places, that become one file each. `limit` is how many small files may follow one another; 0 for
/// any number.
pub(crate) fn runs(files: &[DataFile], options: &WriteOptions, limit: usize) -> Vec<Vec<usize>> {
    if limit == 0 || files.len() <= limit {
        return Vec::new();
    }
    let order = in_order(files, options);
    let largest = (options.file_rows / 4) as u64;
    let mut most = STEP;
    loop {
        let found = smaller_than(
            files,
            &order,
            (most.min(largest), limit),
            options.file_bytes,
        );
        if !found.is_empty() || most >= largest {
            return found;
        }
        most = most.saturating_mul(STEP);
    }
}

/// The places of the files in the order of the table: of its first sorted column, where that is a number, else of writing.
fn in_order(files: &[DataFile], options: &WriteOptions) -> Vec<usize> {
    let column = options.sorted_by.first().map(|sort| sort.column.as_str());
    let least = files.iter().map(|file| smallest(file, column?));
    let mut order: Vec<usize> = (0..files.len()).collect();
    if let Some(least) = least.collect::<Option<Vec<i64>>>() {
        order.sort_by_key(|at| least[*at]);
    }
    order
}

/// The smallest value of a column of numbers.
fn smallest(file: &DataFile, column: &str) -> Option<i64> {
    let stats: Value = serde_json::from_str(&file.stats).ok()?;
    stats.get("minValues")?.get(column)?.as_i64()
}

fn smaller_than(
    files: &[DataFile],
    order: &[usize],
    (rows, limit): (u64, usize),
    file_bytes: u64,
) -> Vec<Vec<usize>> {
    let large = LARGE_BYTES.min(file_bytes / 2);
    let is_small = |at: &usize| files[*at].rows < rows && files[*at].bytes < large;
    let runs = order.chunk_by(|a, b| is_small(a) && is_small(b));
    let runs = runs.filter(|run| run.len() > limit && run.iter().all(is_small));
    let most = MOST_BYTES.min(file_bytes);
    runs.flat_map(|run| pieces(files, run, most)).collect()
}

/// A run in pieces that fit into memory.
fn pieces(files: &[DataFile], run: &[usize], most: u64) -> Vec<Vec<usize>> {
    let (mut pieces, mut bytes) = (vec![Vec::new()], 0);
    for at in run {
        bytes += files[*at].bytes;
        if bytes > most {
            pieces.push(Vec::new());
            bytes = files[*at].bytes;
        }
        if let Some(piece) = pieces.last_mut() {
            piece.push(*at);
        }
    }
    pieces.retain(|piece| piece.len() > 1);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files of so many rows that begin at these keys.
    fn files(of: &[(u64, i64)]) -> Vec<DataFile> {
        let file = |(rows, key): &(u64, i64)| DataFile {
            path: format!("part-{key}.parquet"),
            bytes: rows * 10,
            rows: *rows,
            modified_at_ms: 0,
            stats: format!("{{\"numRecords\":{rows},\"minValues\":{{\"k\":{key}}}}}"),
        };
        of.iter().map(file).collect()
    }

    fn check(of: &[(u64, i64)], expected: &[&[usize]]) {
        let options = WriteOptions {
            file_rows: 4000,
            ..WriteOptions::default()
        };
        let options = options.sorted_by(["k"]);
        assert_eq!(runs(&files(of), &options, 3), expected, "{of:?}");
    }

    #[test]
    fn more_small_files_than_the_limit_that_follow_one_another_become_one() {
        check(&[(5, 1), (5, 6), (5, 11)], &[]);
        check(&[(5, 1), (5, 6), (5, 11), (5, 16)], &[&[0, 1, 2, 3]]);
        // in the order of their keys
        check(&[(5, 16), (5, 6), (5, 11), (5, 1)], &[&[3, 1, 2, 0]]);
        // a large one stands between them
        check(&[(5, 1), (5, 6), (2000, 11), (5, 3000), (5, 3005)], &[]);
        let of = [(2000, 1), (5, 2001), (5, 2006), (5, 2011), (5, 2016)];
        check(&of, &[&[1, 2, 3, 4]]);
        // a quarter of the size of files is not small
        check(&[(1000, 1), (1000, 1001), (1000, 2001), (1000, 3001)], &[]);
    }

    #[test]
    fn the_smallest_are_joined_first_and_larger_ones_once_they_are_many() {
        let of = [(90, 1), (90, 91), (90, 181), (5, 271), (5, 276), (5, 281)];
        check(&of, &[&[0, 1, 2, 3, 4, 5]]);
        let of = [&of[..], &[(5, 286)]].concat();
        check(&of, &[&[3, 4, 5, 6]]);
        assert!(runs(&files(&of), &WriteOptions::default(), 0).is_empty());
    }

    #[test]
    fn what_is_joined_at_once_is_bounded() {
        let of: Vec<(u64, i64)> = (0..12).map(|at| (500_000, at * 500_000)).collect();
        let joined = runs(&files(&of), &WriteOptions::default().sorted_by(["k"]), 3);
        assert_eq!(joined.iter().map(Vec::len).collect::<Vec<_>>(), [6, 6]);
    }

    #[test]
    fn a_load_with_little_memory_joins_no_more_than_a_file_of_its_own() {
        let options = WriteOptions::default().within(16 << 20).sorted_by(["k"]);
        assert_eq!(options.file_bytes, 4 << 20);
        let of = |rows: u64| -> Vec<(u64, i64)> { (0..6).map(|at| (rows, at)).collect() };
        // 1 MB each, and 3 MB each, which is no small file then
        let joined = runs(&files(&of(100_000)), &options, 3);
        assert_eq!(joined, [vec![0, 1, 2, 3], vec![4, 5]]);
        assert!(runs(&files(&of(300_000)), &options, 3).is_empty());
    }
}
