//! Reads a model folder: `model.yaml` and the YAML files of its sub-folders.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::document::{Faults, Fields, Node, Place, Value, parse_yaml};
use crate::error::{Error, Result};

use super::places::{Places, remember_below};
use super::types::Caption;
use super::{Model, decode, link, validate};

/// The version of the model language that this program reads.
const LANGUAGE: i64 = 1;

/// Reads, decodes and validates every file of a model folder.
///
/// # Errors
/// [`Error::Faults`] with all faults of all files at once; [`Error::Read`] if the folder cannot be read.
pub fn read_model(folder: &Path) -> Result<Model> {
    read_model_with_places(folder).map(|(model, _)| model)
}

/// The same as [`read_model`], with the places of what the files say.
///
/// # Errors
/// As [`read_model`].
pub fn read_model_with_places(folder: &Path) -> Result<(Model, Places)> {
    let mut faults = Faults::default();
    let mut files = Files {
        folder,
        faults: &mut faults,
        places: Places::default(),
        unread: BTreeSet::new(),
    };
    let mut model = files.model()?;
    model.sources = files.objects("sources", "source", decode::source)?;
    model.dimensions = files.objects("conformed", "dimension", decode::dimension)?;
    model.stars = files.objects("stars", "star", decode::star)?;
    model.cubes = files.objects("cubes", "cube", decode::cube)?;
    let (places, unread) = (files.places, files.unread);
    link::link(&mut model);
    validate::validate(&model, &places, &unread, &mut faults);
    if faults.is_empty() {
        Ok((model, places))
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
    /// Kinds of files of which one could not be read or understood.
    unread: BTreeSet<&'static str>,
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
        self.places.insert("model", "", &node.place);
        remember_below("model", "", &node, &mut self.places);
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
                self.unread.insert(kind);
                continue;
            };
            if self.remember(kind, &node) {
                objects.extend(decode(&node, self.faults));
            }
        }
        Ok(objects)
    }

    /// Remembers where an object and the things inside it stand; false if another file declares it already.
    fn remember(&mut self, kind: &'static str, node: &Node) -> bool {
        let name = node
            .get(kind)
            .and_then(Node::scalar_text)
            .unwrap_or_default();
        if let Some(first) = self.places.get(kind, &name) {
            let message = format!("{kind} '{name}' is already declared in {}", first.file);
            self.faults.add(&node.place, message);
            return false;
        }
        if name.is_empty() {
            self.unread.insert(kind);
        }
        remember_below(kind, &name, node, &mut self.places);
        self.places.insert(kind, &name, &node.place);
        true
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
            let message = match version.and_then(Node::scalar_text) {
                Some(said) => format!(
                    "this program reads version {LANGUAGE} of the model language, the file says 'planisphere: {said}'"
                ),
                None => format!("a model file starts with 'planisphere: {LANGUAGE}'"),
            };
            self.faults.add(place, message);
        }
        known
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
