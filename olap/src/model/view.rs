//! One cube with everything that its model files say about it, roles and degenerate columns alike.

use planisphere_schemas::model::{
    Caption, Cube, CubeDimension, CubeRole, DataType, Dimension, Hierarchy, Kpi, Level,
    MemberAttribute, Model, NamedSet, Star,
};
use serde::Serialize;

use super::describe::{MeasureView, grain};

/// One cube as analysts see it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CubeView {
    /// The id.
    pub name: String,
    /// What people read.
    pub caption: Caption,
    /// What it is for.
    pub description: Caption,
    /// What one fact row is.
    pub grain: Caption,
    /// The star; none of a cube across others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub star: Option<String>,
    /// The cubes that it is across.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub across: Vec<String>,
    /// The dimensions.
    pub dimensions: Vec<DimensionView>,
    /// The measures, hidden ones left out.
    pub measures: Vec<MeasureView>,
    /// What is measured against a target.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kpis: Vec<Kpi>,
    /// Sets of members with names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sets: Vec<NamedSet>,
    /// Filters that hold where a question does not touch their dimension.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub defaults: Vec<String>,
}

/// A dimension of a cube.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DimensionView {
    /// The id: the role, or the name of degenerate columns.
    pub name: String,
    /// What people read.
    pub caption: Caption,
    /// Where the members come from.
    pub source: DimensionSource,
    /// The hierarchies.
    pub hierarchies: Vec<HierarchyView>,
}

/// Where the members of a cube's dimension come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DimensionSource {
    /// A conformed dimension in a role.
    Role {
        /// The conformed dimension.
        dimension: String,
        /// True if members keep their history.
        versioned: bool,
        /// True for the calendar.
        calendar: bool,
        /// True for the times of day.
        time_of_day: bool,
        /// True if a fact has many members: the name is that of a bridge.
        bridged: bool,
    },
    /// Columns of the fact itself.
    Degenerate,
}

/// A hierarchy of levels, the coarsest first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HierarchyView {
    /// The id.
    pub name: String,
    /// What people read.
    pub caption: Caption,
    /// The levels.
    pub levels: Vec<LevelView>,
}

/// A level.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LevelView {
    /// The id.
    pub name: String,
    /// What people read.
    pub caption: Caption,
    /// What identifies a member within its parent.
    pub key: ColumnType,
    /// What names a member in English.
    pub name_en: ColumnType,
    /// What names a member in Chinese.
    pub name_zh: ColumnType,
    /// What orders the members.
    pub sort: ColumnType,
    /// What members tell beside.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<AttributeView>,
}

/// What the members of a level tell beside their key and name.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AttributeView {
    /// The id.
    pub name: String,
    /// What people read.
    pub caption: Caption,
    /// What holds it.
    pub column: ColumnType,
}

/// A column with its type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ColumnType {
    /// The column.
    pub name: String,
    /// Its type.
    pub data_type: DataType,
}

impl CubeView {
    /// The view of a cube; `None` if the model lacks its star, which the validator excludes.
    pub fn of(model: &Model, cube: &Cube) -> Option<Self> {
        if cube.star_in(model).is_none() && cube.across.is_empty() {
            return None;
        }
        let dimensions = cube.dimensions.iter();
        let measures = cube.measures.iter().filter(|measure| !measure.hidden);
        Some(Self {
            name: cube.name.clone(),
            caption: cube.caption.clone(),
            description: cube.description.clone(),
            grain: grain(model, cube),
            star: cube.star.clone(),
            kpis: cube.kpis.clone(),
            sets: cube.sets.clone(),
            defaults: cube.defaults.clone(),
            across: cube.across.iter().map(|part| part.cube.clone()).collect(),
            dimensions: dimensions
                .filter_map(|it| DimensionView::of(model, cube, it))
                .collect(),
            measures: measures
                .filter_map(|measure| MeasureView::of(model, cube, measure))
                .collect(),
        })
    }

    /// The dimension of that name.
    pub fn dimension(&self, name: &str) -> Option<&DimensionView> {
        self.dimensions
            .iter()
            .find(|dimension| dimension.name == name)
    }
}

impl DimensionView {
    fn of(model: &Model, cube: &Cube, dimension: &CubeDimension) -> Option<Self> {
        let (name, caption) = match dimension {
            CubeDimension::Degenerate {
                name,
                caption,
                columns,
            } => {
                return Some(degenerate_view(
                    cube.star_in(model)?,
                    name,
                    caption,
                    columns,
                ));
            }
            CubeDimension::Role { role } => (role, None),
            CubeDimension::Shared { name, caption } => (name, caption.as_ref()),
        };
        let role = cube.role_in(model, dimension)?;
        role_view(model, name, caption.unwrap_or(role.caption), role)
    }

    /// The hierarchy of that name.
    pub fn hierarchy(&self, name: &str) -> Option<&HierarchyView> {
        self.hierarchies
            .iter()
            .find(|hierarchy| hierarchy.name == name)
    }
}

impl HierarchyView {
    /// The depth (from 0) of the level of that name.
    pub fn depth(&self, level: &str) -> Option<usize> {
        self.levels
            .iter()
            .position(|candidate| candidate.name == level)
    }
}

fn role_view(
    model: &Model,
    name: &str,
    caption: &Caption,
    role: CubeRole<'_>,
) -> Option<DimensionView> {
    let dimension = model.dimension(role.dimension)?;
    let hierarchies = dimension.ways();
    Some(DimensionView {
        name: name.to_owned(),
        caption: caption.clone(),
        source: DimensionSource::Role {
            dimension: dimension.name.clone(),
            versioned: dimension.is_versioned(),
            calendar: dimension.is_calendar(),
            time_of_day: dimension.is_time_of_day(),
            bridged: role.is_bridge,
        },
        hierarchies: hierarchies
            .map(|hierarchy| hierarchy_view(dimension, &hierarchy))
            .collect(),
    })
}

fn hierarchy_view(dimension: &Dimension, hierarchy: &Hierarchy) -> HierarchyView {
    let levels = hierarchy.levels.iter();
    HierarchyView {
        name: hierarchy.name.clone(),
        caption: hierarchy.caption.clone(),
        levels: levels
            .map(|level| level_view(dimension, hierarchy, level))
            .collect(),
    }
}

fn level_view(dimension: &Dimension, hierarchy: &Hierarchy, level: &Level) -> LevelView {
    let attributes = dimension.member_attributes(hierarchy, level).into_iter();
    let column = |name: &str| ColumnType {
        name: name.to_owned(),
        data_type: dimension.type_of(name).unwrap_or(DataType::Text),
    };
    LevelView {
        name: level.name.clone(),
        caption: level.caption.clone(),
        key: column(&level.key),
        name_en: column(&level.name_en),
        name_zh: column(&level.name_zh),
        sort: column(&level.sort),
        attributes: attributes.map(attribute_view).collect(),
    }
}

fn attribute_view(told: MemberAttribute) -> AttributeView {
    AttributeView {
        name: told.name,
        caption: told.caption,
        column: ColumnType {
            name: told.attribute,
            data_type: told.data_type,
        },
    }
}

fn degenerate_view(
    star: &Star,
    name: &str,
    caption: &Caption,
    columns: &[String],
) -> DimensionView {
    let levels = columns
        .iter()
        .filter_map(|name| star.degenerate(name))
        .map(|column| {
            let key = ColumnType {
                name: column.name.clone(),
                data_type: column.data_type,
            };
            LevelView {
                name: column.name.clone(),
                caption: column.caption.clone(),
                name_en: key.clone(),
                name_zh: key.clone(),
                sort: key.clone(),
                key,
                attributes: vec![],
            }
        });
    DimensionView {
        name: name.to_owned(),
        caption: caption.clone(),
        source: DimensionSource::Degenerate,
        hierarchies: vec![HierarchyView {
            name: name.to_owned(),
            caption: caption.clone(),
            levels: levels.collect(),
        }],
    }
}
