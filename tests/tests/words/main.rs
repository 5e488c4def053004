//! What a later load says of the same thing takes the place of what an earlier one said: of changes that the source or the model
//! corrects, and of rebuilt histories. Beside it what is told of that which is left out, unknown or damaged.

mod anew;
mod case;
mod changed_model;
mod corrected;
mod expressions;
mod faults;
mod key_map;
mod left_out;
mod limits;
mod machines;
mod random_models;
mod roles;
mod ties;
