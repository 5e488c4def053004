//! What each error means to whoever handles it, and what can be done about it.

use planisphere_schemas::{ErrorKind, FULL_DISK_HINT, is_forbidden, is_full_disk};

use super::Error;
use crate::warehouse::WriteError;

impl Error {
    /// What the error means to whoever handles it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            error if error.is_of_rights() => ErrorKind::Invalid,
            Self::Schemas(error) => error.kind(),
            Self::Write(error) => error.kind(),
            Self::SourceNotConfigured { .. }
            | Self::SourceUrl { .. }
            | Self::Conform { .. }
            | Self::SourceRefused { .. }
            | Self::Unreadable { .. }
            | Self::EarlierDate { .. }
            | Self::NotEmpty { .. }
            | Self::NotAllowed { .. }
            | Self::NoNativeType { .. }
            | Self::FanOut { .. }
            | Self::ModelChange { .. }
            | Self::KeysExhausted { .. }
            | Self::TooManyRejects { .. }
            | Self::TooManyRejectsSoFar { .. }
            | Self::TooManyVanished { .. } => ErrorKind::Invalid,
            Self::UnknownSource { .. }
            | Self::SourceAbsent { .. }
            | Self::NotInSource { .. }
            | Self::AllNotInSource { .. }
            | Self::NothingRetained { .. }
            | Self::PasswordFile { .. } => ErrorKind::NotFound,
            Self::SourceUnreachable { .. } | Self::SnapshotLost { .. } | Self::Read { .. } => {
                ErrorKind::Unavailable
            }
            Self::Staging { source, .. } if is_full_disk(source) => ErrorKind::ResourceExhausted,
            Self::Staging { .. } => ErrorKind::Unavailable,
            Self::Damaged { .. } | Self::DamagedPackage { .. } => ErrorKind::Damaged,
            Self::Crash { .. } | Self::Stopped { .. } => ErrorKind::Cancelled,
            Self::Unbalanced { .. } | Self::Engine { .. } | Self::Task { .. } => {
                ErrorKind::Internal
            }
        }
    }

    /// True if nobody lets the load read or write where its warehouse lies.
    fn is_of_rights(&self) -> bool {
        use planisphere_schemas::Error::{Delta, Store};
        let is_of_warehouse = match self {
            Self::Staging { .. } => true,
            Self::Schemas(error) | Self::Write(WriteError::Warehouse(error)) => {
                matches!(error, Store { .. } | Delta { .. })
            }
            Self::Write(error) => {
                matches!(error, WriteError::File { .. } | WriteError::Delta { .. })
            }
            _ => false,
        };
        is_of_warehouse && is_forbidden(self)
    }

    /// The error, and what helps more than doing the same again, for where it is only told of.
    pub(crate) fn told(&self) -> String {
        match self {
            Self::Read {
                hint: Some(hint), ..
            } => format!("{self}; {hint}"),
            _ => self.to_string(),
        }
    }

    /// What the operator can do about it, where we know.
    pub fn hint(&self) -> Option<String> {
        match self {
            error if error.is_of_rights() => Some(
                "check that the warehouse folder exists, is writable and on no read-only disk: [warehouse] url, and the rights of the warehouse's folder".into(),
            ),
            Self::Schemas(error) => error.hint(),
            Self::Write(error) => error.hint(),
            Self::SourceNotConfigured { source_name, file, near: Some(near) } => {
                Some(format!("{file} has [source.{near}]: did you mean '{source_name}'?"))
            }
            Self::SourceNotConfigured { source_name, file, near: None } => {
                Some(format!("add [source.{source_name}] with its url to {file}"))
            }
            Self::UnknownSource { known, .. } => Some(format!("its sources are: {known}")),
            Self::SourceUrl { .. } => Some(
                "write sqlite:<path>, postgres://user@host:port/database, or a folder of files".into(),
            ),
            Self::PasswordFile { .. } => Some("check the path and its permissions".into()),
            Self::SourceUnreachable { .. } => {
                Some("check that it runs, and the address in its url".into())
            }
            Self::SourceRefused { hint, .. } => Some((*hint).to_owned()),
            Self::SourceAbsent { source_name, .. } => {
                Some(format!("check the url of [source.{source_name}] in the settings"))
            }
            Self::NotInSource { near: Some(near), .. } => Some(format!("did you mean '{near}'?")),
            Self::NotInSource { .. } | Self::AllNotInSource { .. } => {
                Some(
                    "check the names in the source file of the model against what the user of the load sees in the source".into(),
                )
            }
            Self::Read { hint: Some(hint), .. } => Some(hint.clone()),
            Self::Read { hint: None, .. } | Self::SnapshotLost { .. } => Some("nothing was published; run the load again".into()),
            Self::Unreadable { hint, .. } => Some(hint.clone().into_owned()),
            Self::NoNativeType { .. } => {
                Some("declare the type that its values shall have, such as text or money".into())
            }
            Self::NotAllowed { table, user, .. } => {
                Some(format!("as its owner: GRANT SELECT ON {table} TO {user}"))
            }
            Self::Staging { source, .. } if is_full_disk(source) => {
                Some(FULL_DISK_HINT.into())
            }
            Self::Staging { .. } => {
                Some("nothing was published; check the room and the rights of the warehouse's folder".into())
            }
            Self::KeysExhausted { .. } => Some(
                "nothing was published; keys are never used again: give attributes that change often scd 1 or a mini-dimension, or divide the dimension, and load into a new warehouse folder".into(),
            ),
            Self::Damaged { .. } => Some(
                "nothing was published; restore the file from a backup, or load into a new warehouse folder".into(),
            ),
            Self::DamagedPackage { is_retained: false, .. } => Some(
                "nothing was published; look after the disk of the warehouse, then run the load again".into(),
            ),
            Self::DamagedPackage { load, .. } => Some(format!(
                "nothing was published; restore the file from a backup, or delete the folder _planisphere/staging/{load}, whose rows are then done without"
            )),
            Self::Conform { .. } => Some("check the expression in the source file of the model".into()),
            Self::FanOut { .. } => {
                Some("make the joined table unique on the join columns, for example by a view".into())
            }
            Self::Unbalanced { .. } => {
                Some("nothing was published; this is a defect, please report it with the load id".into())
            }
            Self::TooManyRejects { .. } | Self::TooManyRejectsSoFar { .. } => Some(
                "nothing was published; see the rejects of 'planisphere-etl status', mend the source or raise [etl] reject_limit_permille".into(),
            ),
            Self::TooManyVanished { .. } => Some(
                "nothing was published; check that the source is complete, or raise [etl] vanish_limit_permille for this load".into(),
            ),
            Self::EarlierDate { published, .. } => Some(format!(
                "nothing was published; load --as-of {published} or later, or load into a new warehouse folder"
            )),
            Self::ModelChange { .. } => {
                Some("load into a new warehouse folder to rebuild; 'planisphere-etl rebuild --from' fills it from this one".into())
            }
            Self::NotEmpty { .. } => {
                Some("name a new folder as [warehouse] url of the settings".into())
            }
            Self::NothingRetained { .. } => Some(
                "packages are kept for [etl] staging_days; load from the sources instead".into(),
            ),
            Self::Engine { .. } | Self::Task { .. } => Some("nothing was published".into()),
            Self::Crash { .. } => None,
            Self::Stopped { .. } => {
                Some("nothing was published; run the load again, it takes back what this one left".into())
            }
        }
    }
}

/// An error with the name that may be meant.
pub(super) fn with_hint(error: &Error) -> String {
    match error {
        Error::NotInSource {
            near: Some(near), ..
        } => format!("{error} (did you mean '{near}'?)"),
        _ => error.to_string(),
    }
}
