//! Work on several threads whose results are taken in order.

use std::collections::VecDeque;
use std::num::NonZero;
use std::thread::{ScopedJoinHandle, available_parallelism, scope};

use crate::error::{Error, Result};

/// Works on items on as many threads as there are processors; takes each result in the order of the items.
///
/// # Errors
/// The first error of `items`, `work` or `take`.
pub(crate) fn in_order<T: Send, R: Send>(
    items: impl Iterator<Item = Result<T>>,
    work: impl Fn(T) -> Result<R> + Sync,
    mut take: impl FnMut(R) -> Result<()>,
) -> Result<()> {
    let most = available_parallelism().map_or(1, NonZero::get);
    let work = &work;
    scope(|threads| {
        let mut working: VecDeque<ScopedJoinHandle<'_, Result<R>>> = VecDeque::new();
        for item in items {
            let item = item?;
            if working.len() >= most {
                next(&mut working, &mut take)?;
            }
            working.push_back(threads.spawn(move || work(item)));
        }
        while !working.is_empty() {
            next(&mut working, &mut take)?;
        }
        Ok(())
    })
}

fn next<R>(
    working: &mut VecDeque<ScopedJoinHandle<'_, Result<R>>>,
    take: &mut impl FnMut(R) -> Result<()>,
) -> Result<()> {
    match working.pop_front().map(ScopedJoinHandle::join) {
        Some(Ok(done)) => take(done?),
        // the panic has been told where it happened
        Some(Err(_)) => Err(Error::Task {
            doing: "building dimensions and facts",
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn results_come_in_order_and_the_first_error_ends_it() {
        let mut taken = Vec::new();
        in_order(
            (0..50).map(Ok),
            |n: u64| {
                std::thread::sleep(std::time::Duration::from_micros(50 - n));
                Ok(n * n)
            },
            |square| {
                taken.push(square);
                Ok(())
            },
        )
        .unwrap();
        assert_eq!(taken, (0..50).map(|n| n * n).collect::<Vec<u64>>());
        let fails = in_order(
            (0..50).map(Ok),
            |n: u64| match n {
                7 => Err(Error::Task { doing: "seven" }),
                n => Ok(n),
            },
            |n| {
                assert!(n < 7);
                Ok(())
            },
        );
        assert!(fails.unwrap_err().to_string().contains("seven"));
    }
}
