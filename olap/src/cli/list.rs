//! `cubes`, `describe`, `members`: what can be asked.

use planisphere_proto::v1 as wire;
use serde_json::{Map, Value, json};

use super::args::{CubesArgs, DescribeArgs, MembersArgs, Shown as ShownArgs};
use super::backend::Backend;
use super::error::CliError;
use super::output;
use super::sheet::{Column, Sheet, Shown};
use super::words::{self, Phrase};
use crate::grpc::path_text;
use crate::query::{Condition, Language, LevelRef, MemberPath, parse_filter};
use crate::service::MembersQuery;

/// Lists the cubes.
pub(super) async fn cubes(arguments: CubesArgs) -> Result<(), CliError> {
    let language = language(&arguments.shown)?;
    let mut backend = Backend::open(&arguments.from).await?;
    let list = backend.cubes(arguments.shown.version).await?;
    let columns = [
        ("cube", words::CUBE),
        ("caption", words::CAPTION),
        ("grain", words::GRAIN),
        ("description", words::DESCRIPTION),
    ];
    let rows = list.cubes.iter().map(|cube| {
        let (caption, description) = (
            said(&cube.caption, language),
            said(&cube.description, language),
        );
        let grain = of_language(&cube.grain, &cube.grain_zh, language);
        [cube.name.clone(), caption, grain, description]
            .map(Shown::text)
            .to_vec()
    });
    let sheet = Sheet {
        columns: texts(&columns, language),
        rows: rows.collect(),
    };
    answer(
        &sheet,
        &arguments.shown,
        list.warehouse_version,
        &list.model_hash,
    )
}

/// Describes a cube: one row for each level, each measure, each named set and, where asked for, each attribute of members.
pub(super) async fn describe(arguments: DescribeArgs) -> Result<(), CliError> {
    let language = language(&arguments.shown)?;
    let mut backend = Backend::open(&arguments.from).await?;
    let described = backend
        .describe(&arguments.cube, arguments.shown.version)
        .await?;
    let cube = described.cube.unwrap_or_default();
    let columns = [
        ("kind", words::KIND),
        ("name", words::NAME),
        ("caption", words::CAPTION),
        ("type", words::TYPE),
        ("about", words::ABOUT),
    ];
    let levels = cube
        .dimensions
        .iter()
        .flat_map(|dimension| level_rows(dimension, arguments.attributes, language));
    let measures = cube.measures.iter().map(|measure| {
        let caption = said(&measure.caption, language);
        row(
            kind("measure", words::MEASURE, language),
            &measure.name,
            caption,
            &measure.data_type,
            Shown::text(&measure.definition),
        )
    });
    let sets = cube.sets.iter().map(|set| {
        let caption = said(&set.caption, language);
        let about = Shown::text(set.definition.join("; "));
        row(
            kind("set", words::SET, language),
            &set.name,
            caption,
            "",
            about,
        )
    });
    let sheet = Sheet {
        columns: texts(&columns, language),
        rows: levels.chain(measures).chain(sets).collect(),
    };
    answer(
        &sheet,
        &arguments.shown,
        described.warehouse_version,
        &described.model_hash,
    )?;
    let grain = of_language(&cube.grain, &cube.grain_zh, language);
    output::note(&language.labelled(&said(&cube.caption, language), &grain));
    Ok(())
}

fn level_rows(
    dimension: &wire::Dimension,
    attributes: bool,
    language: Language,
) -> Vec<Vec<Shown>> {
    let about = Shown {
        value: about_dimension(dimension, Language::English).into(),
        text: about_dimension(dimension, language),
    };
    let mut rows = Vec::new();
    for hierarchy in &dimension.hierarchies {
        for level in &hierarchy.levels {
            let name = format!("{}.{}.{}", dimension.name, hierarchy.name, level.name);
            let caption = language.labelled(
                &said(&dimension.caption, language),
                &said(&level.caption, language),
            );
            let kind = kind("level", words::LEVEL, language);
            rows.push(row(kind, &name, caption, &level.key_type, about.clone()));
            if attributes {
                rows.extend(attribute_rows(level, &name, language));
            }
        }
    }
    rows
}

/// What a level tells of its members.
fn attribute_rows(level: &wire::Level, of: &str, language: Language) -> Vec<Vec<Shown>> {
    let rows = level.attributes.iter().map(|told| {
        let name = format!("{of}.{}", told.name);
        let caption = said(&told.caption, language);
        let kind = kind("attribute", words::ATTRIBUTE, language);
        row(kind, &name, caption, &told.data_type, Shown::nothing())
    });
    rows.collect()
}

fn about_dimension(dimension: &wire::Dimension, language: Language) -> String {
    match (dimension.kind(), dimension.versioned) {
        (wire::DimensionKind::Degenerate, _) => words::OF_THE_FACT.text(language).to_owned(),
        (_, true) => {
            let history = words::KEEPS_HISTORY.text(language);
            format!("{}{history}", dimension.conformed_dimension)
        }
        (_, false) => dimension.conformed_dimension.clone(),
    }
}

/// The kind of a row: its id for programs, a word for people.
fn kind(id: &str, word: Phrase, language: Language) -> Shown {
    Shown {
        value: id.into(),
        text: word.text(language).to_owned(),
    }
}

fn row(kind: Shown, name: &str, caption: String, data_type: &str, about: Shown) -> Vec<Shown> {
    let [name, caption, data_type] = [name, caption.as_str(), data_type].map(Shown::text);
    vec![kind, name, caption, data_type, about]
}

/// Lists members of a level.
pub(super) async fn members(arguments: MembersArgs) -> Result<(), CliError> {
    let language = language(&arguments.shown)?;
    let asked = members_query(&arguments)?;
    let mut backend = Backend::open(&arguments.from).await?;
    let page = backend.members(&asked).await?;
    let columns = [
        ("member", words::MEMBER),
        ("caption", words::CAPTION),
        ("deleted", words::DELETED),
    ];
    let rows = page.members.iter().map(|member| {
        let path = member.member.as_ref().map(path_text).unwrap_or_default();
        let deleted = Shown {
            value: json!(member.deleted),
            text: if member.deleted {
                words::YES.text(language).into()
            } else {
                String::new()
            },
        };
        vec![Shown::text(path), Shown::text(&member.caption), deleted]
    });
    let sheet = Sheet {
        columns: texts(&columns, language),
        rows: rows.collect(),
    };
    answer(
        &sheet,
        &arguments.shown,
        page.warehouse_version,
        &page.model_hash,
    )?;
    if !page.next_page_token.is_empty() {
        output::note(&format!(
            "{} {}",
            words::MORE_MEMBERS.text(language),
            page.next_page_token
        ));
    }
    Ok(())
}

fn members_query(arguments: &MembersArgs) -> Result<MembersQuery, CliError> {
    let level: LevelRef = arguments.level.parse().map_err(CliError::usage)?;
    let parent = arguments
        .parent
        .as_deref()
        .map(|text| parent(&level, text))
        .transpose()?;
    Ok(MembersQuery {
        cube: arguments.cube.clone(),
        level: Some(level),
        parent,
        search: arguments.search.clone(),
        include_deleted: arguments.include_deleted,
        history: arguments.history.parse().map_err(CliError::usage)?,
        locale: arguments.shown.locale.clone(),
        version: arguments.shown.version,
        model_hash: None,
        page_size: arguments.limit,
        page_token: arguments.page_token.clone(),
    })
}

/// A key path in its written form.
fn parent(level: &LevelRef, text: &str) -> Result<MemberPath, CliError> {
    let filter = parse_filter(&format!("{level} = {text}")).map_err(CliError::usage)?;
    match filter.condition {
        Condition::In(mut paths) => Ok(paths.pop().unwrap_or_default()),
        _ => Err(CliError::usage(format!("'{text}' is not a member"))),
    }
}

fn texts(columns: &[(&str, Phrase)], language: Language) -> Vec<Column> {
    columns
        .iter()
        .map(|(name, heading)| Column::text(*name, heading.text(language)))
        .collect()
}

/// The text of a caption in the language of the reader.
fn said(caption: &Option<wire::Caption>, language: Language) -> String {
    let caption = caption.clone().unwrap_or_default();
    match language {
        Language::English => caption.en,
        Language::Chinese => caption.zh,
    }
}

/// The text in the language of the reader; an older server may know it in English only.
fn of_language(en: &str, zh: &str, language: Language) -> String {
    match (language, zh.is_empty()) {
        (Language::Chinese, false) => zh.to_owned(),
        _ => en.to_owned(),
    }
}

fn language(shown: &ShownArgs) -> Result<Language, CliError> {
    shown.locale.parse().map_err(CliError::usage)
}

fn answer(sheet: &Sheet, shown: &ShownArgs, version: u64, hash: &str) -> Result<(), CliError> {
    let about: Map<String, Value> = Map::from_iter([
        ("warehouse_version".to_owned(), json!(version)),
        ("model_hash".to_owned(), json!(hash)),
    ]);
    output::answer(sheet, shown.format, about)
}
