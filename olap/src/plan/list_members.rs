//! Member listings: below a parent, searched, paged, in the order of the axes.

use arrow::array::RecordBatch;
use arrow::datatypes::DataType as Arrow;
use datafusion::functions::expr_fn::{contains, lower};
use datafusion::logical_expr::utils::disjunction;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast, lit};
use datafusion::scalar::ScalarValue;

use super::columns::column;
use super::filter_members::is_path;
use super::find_members::paths_of;
use super::member_rows::{
    DELETED, NAME_EN, NAME_ZH, key_at, member_columns, member_rows, path_order, special_at,
};
use super::order_rows::Page;
use super::planner::{Planner, columns_named};
use super::project_answer::{member_caption, special_text, with_order_columns};
use super::resolve::{CubeOf, resolve_history, resolve_level, resolve_locale};
use super::resolve_filter::resolve_keys;
use super::resolved::{ResolvedHistory, ResolvedKey, ResolvedLevel, ResolvedPath};
use crate::error::{QueryFaults, Result};
use crate::query::{Language, MemberPath};
use crate::service::{Member, MembersQuery};

/// A listing whose names are all known.
#[derive(Debug, Clone)]
pub(crate) struct MemberList {
    pub(crate) level: ResolvedLevel,
    parent: Vec<ResolvedKey>,
    search: Option<String>,
    include_deleted: bool,
    history: ResolvedHistory,
    language: Language,
    fact: String,
}

/// Resolves a listing; all faults of it are reported at once.
pub(crate) fn resolve_member_list(of: &CubeOf<'_>, asked: &MembersQuery) -> Result<MemberList> {
    let mut faults = QueryFaults::default();
    let level = match &asked.level {
        Some(level) => resolve_level(&of.view, level, "level", &mut faults),
        None => {
            let hint = Some("write dimension.hierarchy.level".to_owned());
            faults.invalid("level", "the level is missing", hint);
            None
        }
    };
    let parent = level
        .as_ref()
        .and_then(|level| resolve_parent(level, asked, &mut faults));
    if asked.page_size == Some(0) {
        faults.invalid("page_size", "a page of 0 members lists nothing", None);
    }
    let language = resolve_locale(&asked.locale, &mut faults);
    let list = level.zip(parent).map(|(level, parent)| MemberList {
        level,
        parent,
        search: asked.search.clone().filter(|text| !text.is_empty()),
        include_deleted: asked.include_deleted,
        history: resolve_history(of.model, asked.history),
        language,
        fact: of
            .cube
            .star_in(of.model)
            .map(|star| star.table())
            .unwrap_or_default(),
    });
    faults
        .or(list)?
        .ok_or_else(|| Planner::internal("a listing without a level"))
}

fn resolve_parent(
    level: &ResolvedLevel,
    asked: &MembersQuery,
    faults: &mut QueryFaults,
) -> Option<Vec<ResolvedKey>> {
    let Some(parent) = &asked.parent else {
        return Some(vec![]);
    };
    if parent.0.len() >= level.path.len() {
        let message = format!("'{parent}' is no member above level '{}'", level.name);
        let above: Vec<&str> = level.path.iter().map(|part| part.name.as_str()).collect();
        let above = above
            .split_last()
            .map(|(_, above)| above.join("/"))
            .unwrap_or_default();
        let hint = if above.is_empty() {
            "the level is the coarsest; leave the parent out".to_owned()
        } else {
            format!("write {above} or fewer keys")
        };
        faults.invalid("parent", message, Some(hint));
        return None;
    }
    resolve_keys(&level.path, &parent.0, "parent", faults)
}

/// Plans one page: keys and special members of the path, the caption, whether it is deleted.
pub(crate) fn plan_member_list(
    planner: &Planner<'_>,
    list: &MemberList,
    page: Page,
) -> Result<LogicalPlan> {
    let mut rows = member_rows(planner, &list.level, &list.fact, list.history)?;
    let columns = member_columns(&list.level);
    if !list.parent.is_empty() {
        rows = rows
            .filter(is_path(&columns, &list.parent))
            .map_err(Planner::failed)?;
    }
    if !list.include_deleted {
        rows = rows
            .filter(column(DELETED).is_not_true())
            .map_err(Planner::failed)?;
    }
    if let Some(text) = &list.search {
        rows = rows.filter(matches(list, text)?).map_err(Planner::failed)?;
    }
    let shown = shown(list)?;
    let names: Vec<String> = shown
        .iter()
        .map(|column| column.schema_name().to_string())
        .collect();
    with_order_columns(rows, shown)?
        .sort(path_order(&list.level.path))
        .and_then(|rows| rows.limit(page.skip, page.fetch))
        .and_then(|rows| rows.project(columns_named(&names)))
        .and_then(LogicalPlanBuilder::build)
        .map_err(Planner::failed)
}

fn own_depth(list: &MemberList) -> usize {
    list.level.path.len().saturating_sub(1)
}

/// True where the key, a name or a special caption contains the text, whatever the case.
fn matches(list: &MemberList, text: &str) -> Result<Expr> {
    let depth = own_depth(list);
    let special = column(&special_at(depth));
    let mut texts: Vec<Expr> = [key_at(depth).as_str(), NAME_EN, NAME_ZH]
        .into_iter()
        .map(|name| cast(column(name), Arrow::Utf8))
        .collect();
    for language in [Language::English, Language::Chinese] {
        let caption = special_text(special.clone(), |special| {
            language.of_caption(&special.caption()).to_owned()
        });
        texts.push(caption?);
    }
    let text = text.to_lowercase();
    let contain = texts
        .into_iter()
        .map(|it| contains(lower(it), lit(text.clone())));
    disjunction(contain).ok_or_else(|| Planner::internal("a search in no columns"))
}

fn shown(list: &MemberList) -> Result<Vec<Expr>> {
    let depth = own_depth(list);
    let (key, special) = (column(&key_at(depth)), column(&special_at(depth)));
    let name = match list.language {
        Language::English => column(NAME_EN),
        Language::Chinese => column(NAME_ZH),
    };
    let mut columns = Vec::new();
    for (depth, part) in list.level.path.iter().enumerate() {
        let name = key_at(depth);
        columns.push(cast(column(&name), part.key.data_type.arrow()).alias(name));
        columns.push(column(&special_at(depth)).alias(special_at(depth)));
    }
    columns.push(member_caption(list.language, name, key, special)?.alias("#caption"));
    columns.push(column(DELETED).alias(DELETED));
    Ok(columns)
}

/// The members in the rows of a page.
pub(crate) fn members_of(list: &MemberList, batches: &[RecordBatch]) -> Result<Vec<Member>> {
    let depth = list.level.path.len();
    let paths = paths_of(batches, depth)?;
    let mut rest = Vec::new();
    for batch in batches {
        for row in 0..batch.num_rows() {
            let value = |at: usize| {
                ScalarValue::try_from_array(batch.column(at), row).map_err(Planner::failed)
            };
            let caption = value(depth * 2)?
                .try_as_str()
                .flatten()
                .unwrap_or_default()
                .to_owned();
            rest.push((
                caption,
                value(depth * 2 + 1)? == ScalarValue::Boolean(Some(true)),
            ));
        }
    }
    let members = paths
        .into_iter()
        .zip(rest)
        .map(|(keys, (caption, deleted))| Member {
            path: path_of(&keys),
            caption,
            deleted,
        });
    Ok(members.collect())
}

fn path_of(keys: &[ResolvedKey]) -> MemberPath {
    ResolvedPath::Full(keys.to_vec()).to_member_path()
}
