//! The forms that dimensions take, each against a computation in SQL on the source that knows nothing of ours.

mod combination;
mod crm;
mod inferred;
mod mini;
mod outrigger;
mod parent;
