//! The written form of subtotals: an axis for all of its totals, `total` and an axis for the grand total alone, or a level for those of its members.

use super::cube_query::{Axis, Subtotals};
use super::level_ref::LevelRef;

/// The first axis behind rows and columns.
const PAGES: usize = 2;

/// Adds the subtotals that a text names to the axes of a query.
///
/// # Errors
/// If it names no axis and no level on one, or the last level of an axis, whose rows are no totals.
pub fn add_subtotals(axes: &mut [Axis], text: &str) -> Result<(), String> {
    let text = text.trim();
    if let Some(places) = places_of(text, axes.len()) {
        for axis in taken(axes, places, text)? {
            axis.subtotals = Subtotals::All;
        }
        return Ok(());
    }
    if let Some(name) = text.strip_prefix("total ") {
        let places = places_of(name.trim(), axes.len());
        let places =
            places.ok_or_else(|| format!("'{name}' is none of rows, columns and pages"))?;
        for axis in taken(axes, places, name)? {
            axis.subtotals.add(0);
        }
        return Ok(());
    }
    let wanted: LevelRef = text.parse().map_err(|_| {
        format!("'{text}' is neither an axis (rows, columns, pages), the total of one (total rows), nor a level")
    })?;
    let mut on_axes = axes.iter_mut().filter_map(|axis| {
        let at = axis
            .levels
            .iter()
            .position(|level| is_named(level, &wanted))?;
        Some((axis, at + 1))
    });
    match on_axes.next() {
        None => Err(format!(
            "level '{wanted}' stands on no axis, so that it has no totals"
        )),
        Some((axis, kept)) if kept == axis.levels.len() => Err(format!(
            "level '{wanted}' is the last of its axis, whose rows are no totals"
        )),
        Some((axis, kept)) => {
            axis.subtotals.add(kept);
            Ok(())
        }
    }
}

/// The places of the axes that a name stands for.
fn places_of(name: &str, axes: usize) -> Option<std::ops::Range<usize>> {
    match name {
        "rows" => Some(0..1),
        "columns" => Some(1..2),
        "pages" => Some(PAGES..axes.max(PAGES + 1)),
        _ => None,
    }
}

fn taken<'a>(
    axes: &'a mut [Axis],
    places: std::ops::Range<usize>,
    name: &str,
) -> Result<impl Iterator<Item = &'a mut Axis> + use<'a>, String> {
    if axes.len() < places.end {
        return Err(format!("there are no {name} to have subtotals"));
    }
    Ok(axes.iter_mut().take(places.end).skip(places.start))
}

/// True if a level is the wanted one, whose hierarchy need not be said.
fn is_named(level: &LevelRef, wanted: &LevelRef) -> bool {
    let same_hierarchy = level.hierarchy == wanted.hierarchy
        || level.hierarchy.is_none()
        || wanted.hierarchy.is_none();
    level.dimension == wanted.dimension && level.level == wanted.level && same_hierarchy
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::collections::BTreeSet;

    use super::*;

    fn axes() -> Vec<Axis> {
        let level = |text: &str| text.parse().unwrap();
        vec![
            Axis::of([
                level("d.calendar.year"),
                level("d.calendar.month"),
                level("p.p"),
            ]),
            Axis::of([level("c.s")]),
        ]
    }

    #[test]
    fn axes_levels_and_grand_totals_are_named() {
        let mut axes = axes();
        add_subtotals(&mut axes, "d.month").unwrap();
        add_subtotals(&mut axes, "total rows").unwrap();
        assert_eq!(
            axes[0].subtotals,
            Subtotals::Keeping(BTreeSet::from([0, 2]))
        );
        add_subtotals(&mut axes, "columns").unwrap();
        assert_eq!(axes[1].subtotals, Subtotals::All);
        assert_eq!(axes[1].subtotals.kept(1), BTreeSet::from([0]));
    }

    #[test]
    fn what_has_no_totals_is_refused() {
        for (text, reason) in [
            ("pages", "there are no pages"),
            ("total", "neither an axis"),
            ("total lines", "none of rows"),
            ("x.y", "stands on no axis"),
            ("p.p", "is the last of its axis"),
        ] {
            let said = add_subtotals(&mut axes(), text).unwrap_err();
            assert!(said.contains(reason), "{said}");
        }
    }
}
