//! Links between pages lead somewhere, and paths that a page names exist.

use anyhow::Result;
use planisphere_tests::root;

use crate::markdown::{pages, read, words};

#[test]
fn links_lead_somewhere() -> Result<()> {
    let mut links = 0;
    for page in pages()? {
        let text = read(&page)?;
        let folder = page
            .parent()
            .map(std::path::Path::to_path_buf)
            .unwrap_or_default();
        for target in text.split("](").skip(1) {
            let target = target.split(')').next().unwrap_or_default();
            let file = target.split('#').next().unwrap_or_default();
            if file.is_empty() || file.contains("://") {
                continue;
            }
            assert!(folder.join(file).exists(), "{}: {target}", page.display());
            links += 1;
        }
    }
    assert!(links > 5);
    Ok(())
}

#[test]
fn paths_in_backticks_exist() -> Result<()> {
    const FOLDERS: [&str; 7] = [
        "schemas/", "etl/", "olap/", "proto/", "tests/", "deploy/", "docs/",
    ];
    let mut paths = 0;
    for page in pages()? {
        for word in words(&read(&page)?) {
            let is_path = FOLDERS.iter().any(|folder| word.starts_with(folder));
            if !is_path || word.contains(|c: char| c.is_whitespace() || "<*{".contains(c)) {
                continue;
            }
            assert!(root().join(&word).exists(), "{}: {word}", page.display());
            paths += 1;
        }
    }
    assert!(paths > 40);
    Ok(())
}
