//! What a later load says of the same thing takes the place of what an earlier one said: of changes that the source or the model
//! corrects, and of rebuilt histories.

mod case;
mod corrected;
mod expressions;
