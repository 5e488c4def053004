//! `cubes`, `describe`, `members`: what can be asked.

use planisphere_proto::v1 as wire;
use serde_json::{Map, Value, json};

use super::args::{CubesArgs, DescribeArgs, MembersArgs, Shown as ShownArgs};
use super::backend::Backend;
use super::error::CliError;
use super::output;
use super::sheet::{Column, Sheet, Shown};
use crate::grpc::path_text;
use crate::query::{Condition, Language, LevelRef, MemberPath, parse_filter};
use crate::service::MembersQuery;

/// Lists the cubes.
pub(super) async fn cubes(arguments: CubesArgs) -> Result<(), CliError> {
    let language = language(&arguments.shown)?;
    let mut backend = Backend::open(&arguments.from).await?;
    let list = backend.cubes(arguments.shown.version).await?;
    let columns = [
        ("cube", "Cube"),
        ("caption", "Caption"),
        ("grain", "One fact row is"),
        ("description", "Description"),
    ];
    let rows = list.cubes.iter().map(|cube| {
        let (caption, description) = (
            said(&cube.caption, language),
            said(&cube.description, language),
        );
        [cube.name.clone(), caption, cube.grain.clone(), description]
            .map(Shown::text)
            .to_vec()
    });
    let sheet = Sheet {
        columns: texts(&columns),
        rows: rows.collect(),
    };
    answer(
        &sheet,
        &arguments.shown,
        list.warehouse_version,
        &list.model_hash,
    )
}

/// Describes a cube: one row for each level and each measure.
pub(super) async fn describe(arguments: DescribeArgs) -> Result<(), CliError> {
    let language = language(&arguments.shown)?;
    let mut backend = Backend::open(&arguments.from).await?;
    let described = backend
        .describe(&arguments.cube, arguments.shown.version)
        .await?;
    let cube = described.cube.unwrap_or_default();
    let columns = [
        ("kind", "Kind"),
        ("name", "Name"),
        ("caption", "Caption"),
        ("type", "Type"),
        ("about", "About"),
    ];
    let levels = cube
        .dimensions
        .iter()
        .flat_map(|dimension| level_rows(dimension, language));
    let measures = cube.measures.iter().map(|measure| {
        let caption = said(&measure.caption, language);
        row(
            "measure",
            &measure.name,
            caption,
            &measure.data_type,
            measure.definition.clone(),
        )
    });
    let sheet = Sheet {
        columns: texts(&columns),
        rows: levels.chain(measures).collect(),
    };
    answer(
        &sheet,
        &arguments.shown,
        described.warehouse_version,
        &described.model_hash,
    )?;
    output::note(&format!(
        "{}: {}",
        said(&cube.caption, language),
        cube.grain
    ));
    Ok(())
}

fn level_rows(dimension: &wire::Dimension, language: Language) -> Vec<Vec<Shown>> {
    let about = about_dimension(dimension);
    let mut rows = Vec::new();
    for hierarchy in &dimension.hierarchies {
        for level in &hierarchy.levels {
            let name = format!("{}.{}.{}", dimension.name, hierarchy.name, level.name);
            let caption = format!(
                "{}: {}",
                said(&dimension.caption, language),
                said(&level.caption, language)
            );
            rows.push(row("level", &name, caption, &level.key_type, about.clone()));
        }
    }
    rows
}

fn about_dimension(dimension: &wire::Dimension) -> String {
    match (dimension.kind(), dimension.versioned) {
        (wire::DimensionKind::Degenerate, _) => "column of the fact".to_owned(),
        (_, true) => format!("{} (keeps history)", dimension.conformed_dimension),
        (_, false) => dimension.conformed_dimension.clone(),
    }
}

fn row(kind: &str, name: &str, caption: String, data_type: &str, about: String) -> Vec<Shown> {
    [
        kind.to_owned(),
        name.to_owned(),
        caption,
        data_type.to_owned(),
        about,
    ]
    .map(Shown::text)
    .to_vec()
}

/// Lists members of a level.
pub(super) async fn members(arguments: MembersArgs) -> Result<(), CliError> {
    let asked = members_query(&arguments)?;
    let mut backend = Backend::open(&arguments.from).await?;
    let page = backend.members(&asked).await?;
    let columns = [
        ("member", "Member"),
        ("caption", "Caption"),
        ("deleted", "Deleted"),
    ];
    let rows = page.members.iter().map(|member| {
        let path = member.member.as_ref().map(path_text).unwrap_or_default();
        let deleted = Shown {
            value: json!(member.deleted),
            text: if member.deleted {
                "yes".into()
            } else {
                String::new()
            },
        };
        vec![Shown::text(path), Shown::text(&member.caption), deleted]
    });
    let sheet = Sheet {
        columns: texts(&columns),
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
            "there are more members: --page-token {}",
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

fn texts(columns: &[(&str, &str)]) -> Vec<Column> {
    columns
        .iter()
        .map(|(name, heading)| Column::text(*name, *heading))
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
