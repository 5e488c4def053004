//! What a table names, as files: one file, those that a pattern means, or those of a folder.

use glob::{MatchOptions, Pattern};
use planisphere_schemas::model::Table;

use crate::source::{Fault, Part, Stop, lookup};

use super::fault::Named;
use super::place::{Entry, Place};

const MATCHING: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

/// The files of a table in the order of their names, each as it is now.
///
/// # Errors
/// A [`Fault`] if there is none, or the place does not say.
pub(super) fn files(
    source: &str,
    place: &dyn Place,
    table: &Table,
    stop: &Stop,
) -> Result<Vec<Part>, Fault> {
    let named = |file: &str| Named {
        source: source.to_owned(),
        file: file.to_owned(),
    };
    let origin = table.origin.trim_end_matches('/');
    let origin = origin.strip_prefix("./").unwrap_or(origin);
    if origin
        .split('/')
        .any(|part| matches!(part, "" | "." | ".."))
    {
        let hint =
            "name a file within the source's folder, without '.', '..' or a '/' at its begin";
        return Err(named(&table.origin).content("it lies outside of the source's folder", hint));
    }
    let mut names = match place.find(&named(origin), stop)? {
        Some(Entry::File(state)) => {
            let name = origin.to_owned();
            return Ok(vec![Part::File { name, state }]);
        }
        Some(Entry::Folder) => of_folder(place, &named(origin), stop)?,
        None => of_pattern(place, &named(origin), stop)?,
    };
    names.sort();
    let mut parts = Vec::new();
    for name in names {
        // one that has gone since it was listed was not there at this moment
        if let Some(Entry::File(state)) = place.find(&named(&name), stop)? {
            parts.push(Part::File { name, state });
        }
    }
    if parts.is_empty() {
        let near = place.names(&named(parent(origin)), false, stop)?;
        return Err(lookup::not_in_source(source, "file", table, None, &near).into());
    }
    Ok(parts)
}

/// The files right in a folder; what begins with `.` or `_` is what programs leave for themselves.
fn of_folder(place: &dyn Place, folder: &Named, stop: &Stop) -> Result<Vec<String>, Fault> {
    let mut names = place.names(folder, false, stop)?;
    names.retain(|name| {
        !name
            .rsplit('/')
            .next()
            .unwrap_or(name)
            .starts_with(['.', '_'])
    });
    Ok(names)
}

fn of_pattern(place: &dyn Place, named: &Named, stop: &Stop) -> Result<Vec<String>, Fault> {
    const SIGNS: [char; 3] = ['*', '?', '['];
    let Some(first) = named.file.find(SIGNS) else {
        return Ok(Vec::new());
    };
    let hint = "write a pattern such as 'orders-*.csv', '2026/**/*.csv' or 'part-[0-9].csv'";
    let pattern = Pattern::new(&named.file)
        .map_err(|error| named.content(format!("its pattern is wrong: {}", error.msg), hint))?;
    let folder = Named {
        source: named.source.clone(),
        file: parent(&named.file[..first]).to_owned(),
    };
    let deep = named.file[first..].contains('/');
    let mut names = place.names(&folder, deep, stop)?;
    names.retain(|name| pattern.matches_with(name, MATCHING));
    Ok(names)
}

/// The folder of a name; the text before a pattern's first sign ends within a name.
fn parent(name: &str) -> &str {
    name.rfind('/').map_or("", |at| &name[..at])
}
