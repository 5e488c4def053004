//! Reads a model folder: `model.yaml` and the YAML files of its sub-folders.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::document::{Faults, Fields, Node, Place, Value, parse_yaml};
use crate::error::{Error, Result};

use super::types::Caption;
use super::{Model, decode, validate};

/// The version of the model language that this program reads.
const LANGUAGE: i64 = 1;

/// Where each object of a model stands, for messages of the validator: `kind name` to place.
pub(super) type Places = BTreeMap<(&'static str, String), Place>;

/// Reads, decodes and validates every file of a model folder.
///
/// # Errors
/// [`Error::Faults`] with all faults of all files at once; [`Error::Read`] if the folder cannot be read.
pub fn read_model(folder: &Path) -> Result<Model> {
    let mut faults = Faults::default();
    let mut files = Files {
        folder,
        faults: &mut faults,
        places: Places::new(),
    };
    let mut model = files.model()?;
    model.sources = files.objects("sources", "source", decode::source)?;
    model.dimensions = files.objects("conformed", "dimension", decode::dimension)?;
    model.stars = files.objects("stars", "star", decode::star)?;
    model.cubes = files.objects("cubes", "cube", decode::cube)?;
    let places = files.places;
    validate::validate(&model, &places, &mut faults);
    if faults.is_empty() {
        Ok(model)
    } else {
        Err(Error::Faults {
            faults: faults.sorted(),
        })
    }
}

struct Files<'a> {
    folder: &'a Path,
    faults: &'a mut Faults,
    places: Places,
}

impl Files<'_> {
    fn model(&mut self) -> Result<Model> {
        let path = self.folder.join("model.yaml");
        let text = std::fs::read_to_string(&path).map_err(|source| Error::Read {
            path: path.display().to_string(),
            source,
        })?;
        let node = self.document(&path, &text);
        let mut model = Model {
            name: String::new(),
            caption: Caption::default(),
            time_zone: "UTC".into(),
            sources: Vec::new(),
            dimensions: Vec::new(),
            stars: Vec::new(),
            cubes: Vec::new(),
        };
        let Some(node) = node else { return Ok(model) };
        self.places
            .insert(("model", String::new()), node.place.clone());
        if let Some(mut fields) = Fields::of(&node, "a model file", self.faults) {
            fields.optional("planisphere");
            model.name = fields.need("model").unwrap_or_default();
            model.caption = fields
                .want("caption")
                .unwrap_or_else(|| Caption::of_id(&model.name));
            model.time_zone = fields.or("time_zone", "UTC".to_owned());
            fields.finish();
        }
        Ok(model)
    }

    /// All objects of one sub-folder in the order of their file names.
    fn objects<T>(
        &mut self,
        sub_folder: &str,
        kind: &'static str,
        decode: fn(&Node, &mut Faults) -> Option<T>,
    ) -> Result<Vec<T>> {
        let mut objects = Vec::new();
        for path in yaml_files(&self.folder.join(sub_folder))? {
            let Some(node) = self.object(&path) else {
                continue;
            };
            self.remember(kind, &node);
            objects.extend(decode(&node, self.faults));
        }
        Ok(objects)
    }

    fn remember(&mut self, kind: &'static str, node: &Node) {
        let name = node
            .get(kind)
            .and_then(Node::scalar_text)
            .unwrap_or_default();
        if let Some(first) = self.places.get(&(kind, name.clone())) {
            let message = format!("{kind} '{name}' is already declared in {}", first.file);
            self.faults.add(&node.place, message);
            return;
        }
        remember_below(kind, &name, node, &mut self.places);
        self.places.insert((kind, name), node.place.clone());
    }

    /// A file of a sub-folder; one that cannot be read is a fault among the others.
    fn object(&mut self, path: &Path) -> Option<Node> {
        match std::fs::read_to_string(path) {
            Ok(text) => self.document(path, &text),
            Err(error) => {
                let place = Place::whole(&path.display().to_string());
                let message = format!("the file cannot be read: {error}");
                self.faults.add(&place, message);
                None
            }
        }
    }

    fn document(&mut self, path: &Path, text: &str) -> Option<Node> {
        let node = parse_yaml(&path.display().to_string(), text, self.faults);
        node.filter(|node| self.speaks_our_language(node))
    }

    fn speaks_our_language(&mut self, node: &Node) -> bool {
        let version = node.get("planisphere");
        let known = version.is_some_and(|version| version.value == Value::Integer(LANGUAGE));
        if !known {
            let place = version.map_or(&node.place, |version| &version.place);
            let message = format!("a model file starts with 'planisphere: {LANGUAGE}'");
            self.faults.add(place, message);
        }
        known
    }
}

/// Remembers the places of the things inside a file by their path, so that the validator can point at them:
/// named things by their names, fields and items of lists by field name and text (`sales/drill_through/revenue`).
fn remember_below(kind: &'static str, path: &str, node: &Node, places: &mut Places) {
    const NAMING: [&str; 12] = [
        "tables",
        "views",
        "entities",
        "attributes",
        "hierarchies",
        "levels",
        "dimensions",
        "degenerate",
        "measures",
        "columns",
        "exclude",
        "reject",
    ];
    let Value::Mapping(entries) = &node.value else {
        return;
    };
    for (key, inside) in entries {
        let name = key.scalar_text().unwrap_or_default();
        match &inside.value {
            Value::Mapping(named) if NAMING.contains(&name.as_str()) => {
                for (key, inside) in named {
                    let path = format!("{path}/{}", key.scalar_text().unwrap_or_default());
                    remember_below(kind, &path, inside, places);
                    places
                        .entry((kind, path))
                        .or_insert_with(|| key.place.clone());
                }
            }
            _ => remember_field(kind, &format!("{path}/{name}"), inside, places),
        }
    }
}

fn remember_field(kind: &'static str, path: &str, node: &Node, places: &mut Places) {
    let items = match &node.value {
        Value::Sequence(items) => items.as_slice(),
        _ => std::slice::from_ref(node),
    };
    for item in items {
        let fields = match &item.value {
            Value::Mapping(fields) => fields.as_slice(),
            _ => &[],
        };
        let texts = fields.iter().map(|(_, value)| value).chain([item]);
        for text in texts.filter_map(|node| Some((node.scalar_text()?, &node.place))) {
            places
                .entry((kind, format!("{path}/{}", text.0)))
                .or_insert_with(|| text.1.clone());
        }
    }
}

/// The YAML files of a folder in the order of their names; a missing folder has none.
fn yaml_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => {
            return Err(Error::Read {
                path: folder.display().to_string(),
                source,
            });
        }
    };
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| {
            path.extension()
                .is_some_and(|ending| ending == "yaml" || ending == "yml")
        })
        .collect();
    paths.sort();
    Ok(paths)
}
