//! Pages of answers: tokens that say where a page ended, tied to one request and one warehouse version.

use std::hash::{DefaultHasher, Hash, Hasher};

use arrow::array::RecordBatch;
use futures::TryStreamExt;

use crate::error::{OlapError, Result};
use crate::exec::ResultStream;
use crate::plan::Page;

/// Where the next page starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PageToken {
    /// The version on which the first page was computed: all pages come from it.
    pub(crate) version: u64,
    fingerprint: u64,
    /// The rows of all pages before.
    pub(crate) skip: usize,
}

impl PageToken {
    /// The token of the first page of a request, or of the page that `text` names.
    ///
    /// `request` is the request without its token: a token of another request is refused.
    pub(crate) fn read(text: Option<&str>, request: &str) -> Result<Option<Self>> {
        let Some(text) = text.filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let token = Self::parse(text).ok_or_else(|| refused("it was not made by this server"))?;
        match token.fingerprint == fingerprint(request) {
            true => Ok(Some(token)),
            false => Err(refused("it belongs to another request")),
        }
    }

    /// The version that a token is of, whatever its request.
    pub(crate) fn version_of(text: Option<&str>) -> Option<u64> {
        text.and_then(Self::parse).map(|token| token.version)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-').map(|part| u64::from_str_radix(part, 16));
        let (version, fingerprint, skip) = (
            parts.next()?.ok()?,
            parts.next()?.ok()?,
            parts.next()?.ok()?,
        );
        let skip = usize::try_from(skip).ok()?;
        parts.next().is_none().then_some(Self {
            version,
            fingerprint,
            skip,
        })
    }

    /// The token of the page that starts after `skip` rows.
    pub(crate) fn write(version: u64, request: &str, skip: usize) -> String {
        format!("{version:x}-{:x}-{skip:x}", fingerprint(request))
    }
}

/// The page of one call, and how its rows are cut.
pub(crate) struct Paging {
    skip: usize,
    size: Option<usize>,
    request: String,
    version: u64,
}

impl Paging {
    /// The page after a token, of at most `size` rows; without a size all rows are one page.
    pub(crate) fn of(
        token: Option<PageToken>,
        size: Option<u64>,
        request: String,
        version: u64,
    ) -> Self {
        let size = size.map(|size| usize::try_from(size).unwrap_or(usize::MAX));
        Self {
            skip: token.map_or(0, |token| token.skip),
            size,
            request,
            version,
        }
    }

    /// What the engine computes: one row more than wanted shows whether another page follows.
    pub(crate) fn page(&self) -> Page {
        Page {
            skip: self.skip,
            fetch: self.size.map(|size| size.saturating_add(1)),
        }
    }

    /// The rows of the page and the token of the next one.
    pub(crate) async fn cut(&self, rows: ResultStream) -> Result<(ResultStream, Option<String>)> {
        let Some(size) = self.size else {
            return Ok((rows, None));
        };
        let schema = rows.schema();
        let batches: Vec<RecordBatch> = rows.try_collect().await?;
        let there: usize = batches.iter().map(RecordBatch::num_rows).sum();
        let next =
            (there > size).then(|| PageToken::write(self.version, &self.request, self.skip + size));
        Ok((ResultStream::ready(schema, first_rows(batches, size)), next))
    }
}

fn first_rows(batches: Vec<RecordBatch>, mut size: usize) -> Vec<RecordBatch> {
    let mut kept = Vec::new();
    for batch in batches {
        let rows = batch.num_rows().min(size);
        size -= rows;
        if rows > 0 {
            kept.push(batch.slice(0, rows));
        }
    }
    kept
}

fn refused(reason: &str) -> OlapError {
    OlapError::PageToken {
        reason: reason.to_owned(),
    }
}

fn fingerprint(request: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    request.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_token_belongs_to_its_request() {
        let text = PageToken::write(7, "q", 20);
        let token = PageToken::read(Some(&text), "q").unwrap().unwrap();
        assert_eq!((token.version, token.skip), (7, 20));
        assert!(PageToken::read(Some(&text), "other").is_err());
        assert!(PageToken::read(Some("nonsense"), "q").is_err());
        assert_eq!(PageToken::read(None, "q").unwrap(), None);
    }
}
