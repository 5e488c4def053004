//! Cubes and members to the wire.

use planisphere_proto::v1 as wire;
use planisphere_schemas::model::{Caption, Kpi, NamedSet};

use super::header::format_to_wire;
use super::member::member_to_wire;
use crate::model::{
    Additivity, AttributeView, CubeSummary, CubeView, DimensionSource, DimensionView,
    HierarchyView, MeasureView,
};
use crate::service::{CubeDetail, CubeList, MembersPage};

fn caption(caption: &Caption) -> Option<wire::Caption> {
    Some(wire::Caption {
        en: caption.en.clone(),
        zh: caption.zh.clone(),
    })
}

/// A cube in a list.
pub(super) fn summary_to_wire(cube: &CubeSummary) -> wire::CubeSummary {
    wire::CubeSummary {
        name: cube.name.clone(),
        caption: caption(&cube.caption),
        description: caption(&cube.description),
        grain: cube.grain.en.clone(),
        grain_zh: cube.grain.zh.clone(),
    }
}

/// A cube with all that can be asked of it.
fn cube_to_wire(cube: &CubeView) -> wire::Cube {
    wire::Cube {
        name: cube.name.clone(),
        caption: caption(&cube.caption),
        description: caption(&cube.description),
        star: cube.star.clone().unwrap_or_default(),
        across: cube.across.clone(),
        grain: cube.grain.en.clone(),
        grain_zh: cube.grain.zh.clone(),
        dimensions: cube.dimensions.iter().map(dimension).collect(),
        measures: cube.measures.iter().map(measure).collect(),
        kpis: cube.kpis.iter().map(kpi).collect(),
        defaults: cube.defaults.clone(),
        sets: cube.sets.iter().map(set).collect(),
    }
}

fn kpi(kpi: &Kpi) -> wire::Kpi {
    let said = |measure: &Option<String>| measure.clone().unwrap_or_default();
    wire::Kpi {
        name: kpi.name.clone(),
        caption: caption(&kpi.caption),
        value: kpi.value.clone(),
        target: said(&kpi.target),
        status: said(&kpi.status),
        trend: said(&kpi.trend),
    }
}

fn set(set: &NamedSet) -> wire::NamedSet {
    wire::NamedSet {
        name: set.name.clone(),
        caption: caption(&set.caption),
        definition: set.of.clone(),
    }
}

fn dimension(dimension: &DimensionView) -> wire::Dimension {
    let (kind, conformed, versioned) = match &dimension.source {
        DimensionSource::Degenerate => (wire::DimensionKind::Degenerate, "", false),
        DimensionSource::Role {
            dimension,
            versioned,
            calendar,
            time_of_day,
            bridged: _,
        } => {
            let kind = match (calendar, time_of_day) {
                (true, _) => wire::DimensionKind::Calendar,
                (_, true) => wire::DimensionKind::TimeOfDay,
                _ => wire::DimensionKind::Entity,
            };
            (kind, dimension.as_str(), *versioned)
        }
    };
    wire::Dimension {
        name: dimension.name.clone(),
        caption: caption(&dimension.caption),
        conformed_dimension: conformed.to_owned(),
        kind: kind.into(),
        versioned,
        hierarchies: dimension.hierarchies.iter().map(hierarchy).collect(),
    }
}

fn hierarchy(hierarchy: &HierarchyView) -> wire::Hierarchy {
    let levels = hierarchy.levels.iter().map(|level| wire::Level {
        name: level.name.clone(),
        caption: caption(&level.caption),
        key_type: level.key.data_type.to_string(),
        attributes: level.attributes.iter().map(attribute).collect(),
    });
    wire::Hierarchy {
        name: hierarchy.name.clone(),
        caption: caption(&hierarchy.caption),
        levels: levels.collect(),
    }
}

fn attribute(attribute: &AttributeView) -> wire::Attribute {
    wire::Attribute {
        name: attribute.name.clone(),
        caption: caption(&attribute.caption),
        data_type: attribute.column.data_type.to_string(),
    }
}

fn measure(measure: &MeasureView) -> wire::Measure {
    let additivity = match measure.additivity {
        Additivity::Additive => wire::Additivity::Additive,
        Additivity::NonAdditive => wire::Additivity::NonAdditive,
        Additivity::SemiAdditive => wire::Additivity::SemiAdditive,
    };
    wire::Measure {
        name: measure.name.clone(),
        caption: caption(&measure.caption),
        data_type: measure.data_type.to_string(),
        additivity: additivity.into(),
        format: format_to_wire(measure.format).into(),
        definition: measure.definition.clone(),
        unit: measure.unit.as_ref().and_then(caption),
    }
}

/// All cubes of a version.
pub(crate) fn cubes_to_wire(list: &CubeList) -> wire::ListCubesResponse {
    wire::ListCubesResponse {
        cubes: list.cubes.iter().map(summary_to_wire).collect(),
        next_page_token: String::new(),
        warehouse_version: list.warehouse_version,
        model_hash: list.model_hash.clone(),
    }
}

/// A described cube.
pub(crate) fn detail_to_wire(detail: &CubeDetail) -> wire::DescribeCubeResponse {
    wire::DescribeCubeResponse {
        cube: Some(cube_to_wire(&detail.cube)),
        warehouse_version: detail.warehouse_version,
        model_hash: detail.model_hash.clone(),
    }
}

/// A page of members.
pub(crate) fn members_to_wire(page: &MembersPage) -> wire::ListMembersResponse {
    let members = page.members.iter().map(|member| wire::Member {
        member: Some(member_to_wire(&page.level, &member.path)),
        caption: member.caption.clone(),
        total: false,
        deleted: member.deleted,
    });
    wire::ListMembersResponse {
        members: members.collect(),
        next_page_token: page.next_page_token.clone().unwrap_or_default(),
        warehouse_version: page.warehouse_version,
        model_hash: page.model_hash.clone(),
    }
}
