//! `hierarchies:` of a dimension: levels by name, or the tree of its parents.

use crate::document::{Faults, Fields, Node, Place};
use crate::model::dimension::{Hierarchy, Level};
use crate::model::tree::Tree;

use super::{caption, id};

/// A way to drill through the members.
pub(super) enum Way {
    /// By levels that are attributes.
    Levels(Hierarchy),
    /// By the members above each member.
    Tree(Tree),
}

/// A hierarchy of a dimension that may have parents.
pub(super) fn way(name: &str, node: &Node, place: &Place, faults: &mut Faults) -> Option<Way> {
    match node.get("depth") {
        Some(_) => tree(name, node, place, faults).map(Way::Tree),
        None => hierarchy(name, node, place, faults).map(Way::Levels),
    }
}

fn tree(name: &str, node: &Node, place: &Place, faults: &mut Faults) -> Option<Tree> {
    const DEEPEST: i64 = 64;
    let name = id(name, place, faults);
    let mut fields = Fields::of(node, "a hierarchy of parents", faults)?;
    let depth = fields.need::<i64>("depth").unwrap_or(1);
    if !(1..=DEEPEST).contains(&depth) {
        let place = fields.place().clone();
        let message = format!("hierarchy '{name}' cannot have {depth} levels, but 1 to {DEEPEST}");
        fields.faults().add(&place, message);
    }
    // the business key is filled in where nothing is said
    let name_en = fields
        .want::<String>("name")
        .or_else(|| fields.want("name_en"));
    let name_en = name_en.unwrap_or_default();
    let tree = Tree {
        caption: caption(&mut fields, &name),
        depth: u8::try_from(depth).unwrap_or(1),
        name_zh: fields.or("name_zh", name_en.clone()),
        sort: fields.or("sort", String::new()),
        name_en,
        name,
    };
    fields.finish();
    Some(tree)
}

/// A hierarchy of levels.
pub(super) fn hierarchy(
    name: &str,
    node: &Node,
    place: &Place,
    faults: &mut Faults,
) -> Option<Hierarchy> {
    let name = id(name, place, faults);
    let mut fields = Fields::of(node, "a hierarchy", faults)?;
    let hierarchy = Hierarchy {
        caption: caption(&mut fields, &name),
        levels: fields.named("levels", level),
        name,
    };
    if hierarchy.levels.is_empty() {
        let place = fields.place().clone();
        fields.faults().add(
            &place,
            format!("hierarchy '{}' lacks levels", hierarchy.name),
        );
    }
    fields.finish();
    Some(hierarchy)
}

fn level(name: &str, node: &Node, place: &Place, faults: &mut Faults) -> Option<Level> {
    let name = id(name, place, faults);
    let mut fields = Fields::of(node, "a level", faults)?;
    let key = fields.or("key", name.clone());
    let name_en = fields
        .want::<String>("name")
        .or_else(|| fields.want("name_en"));
    let name_en = name_en.unwrap_or_else(|| key.clone());
    let level = Level {
        caption: caption(&mut fields, &name),
        name_zh: fields.or("name_zh", name_en.clone()),
        sort: fields.or("sort", key.clone()),
        optional: fields.or("optional", false),
        attributes: fields.list("attributes"),
        name_en,
        key,
        name,
    };
    fields.finish();
    Some(level)
}
