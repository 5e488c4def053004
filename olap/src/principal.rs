//! Who asks, and what they may: both travel with every request from the first day.
//!
//! Today everybody may read everything; the planner already takes the policy as an input, so that row
//! policies and masking have their place. Not responsible for proving who somebody is.

use serde::{Deserialize, Serialize};

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Principal {
    /// The name under which the request is logged.
    pub name: String,
}

impl Principal {
    /// Somebody who did not say who they are.
    pub fn anonymous() -> Self {
        Self {
            name: "anonymous".into(),
        }
    }
}

impl Default for Principal {
    fn default() -> Self {
        Self::anonymous()
    }
}

/// What a principal may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// Every cube, member and cell.
    #[default]
    ReadEverything,
}

impl Policy {
    /// True if the cube may be seen at all; hidden cubes are unknown cubes.
    pub fn may_see_cube(&self, _principal: &Principal, _cube: &str) -> bool {
        match self {
            Self::ReadEverything => true,
        }
    }
}
