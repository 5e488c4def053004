//! Answers to the two surveys: after a case was closed, and now and then.

use super::customer::{Customer, Part, Span};
use super::life::Life;
use crate::demo::catalog::service::{Question, REMARKS, SURVEYS};
use crate::demo::dice::Dice;
use crate::demo::id::{Id, IdKind};
use crate::demo::time::Stamp;

/// A response to a survey.
#[derive(Debug)]
pub(crate) struct Response {
    /// Identifier.
    pub(crate) id: Id,
    /// When it was given.
    pub(crate) life: Life,
    /// Position of the survey.
    pub(crate) survey: usize,
    /// Account.
    pub(crate) account: Id,
    /// Contact.
    pub(crate) contact: Id,
    /// Happiness from 0 to 10.
    pub(crate) happiness: i64,
    /// One answer for each question, in order; none where it was skipped.
    pub(crate) answers: Vec<Option<Answer>>,
}

/// An answer to one question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A number on a scale.
    Number(i64),
    /// Yes or no.
    Yes(bool),
    /// The position of a choice.
    Choice(usize),
    /// Free text.
    Text(&'static str),
}

/// The identifier of a survey.
pub(crate) fn survey_id(seed: u64, survey: usize) -> Id {
    Id::of(seed, IdKind::Survey, survey as u64)
}

/// The identifier of a question.
pub(crate) fn question_id(seed: u64, survey: usize, question: usize) -> Id {
    survey_id(seed, survey).child(1, question as u64)
}

/// The identifier of a choice.
pub(crate) fn option_id(seed: u64, survey: usize, question: usize, option: usize) -> Id {
    question_id(seed, survey, question).child(1, option as u64)
}

impl Customer<'_> {
    /// Some customers answer when their case was closed.
    pub(super) fn answer_after_case(&mut self, closed: Stamp) {
        if self.dice.chance(0.14) {
            let at = self.later(closed, 1, 6);
            self.answer(0, at);
        }
    }

    /// Each month some customers answer the general survey.
    pub(super) fn answer_quarterly(&mut self, span: Span) {
        if self.dice.chance(0.036) {
            let at = self.working_moment(span);
            self.answer(1, at);
        }
    }

    fn answer(&mut self, survey: usize, at: Stamp) {
        let mood = (self.mood.satisfaction + self.dice.normal() * 0.12).clamp(0.0, 1.0);
        let dice = &mut self.dice;
        let answers = SURVEYS[survey]
            .1
            .iter()
            .map(|question| dice.chance(0.95).then(|| reply(dice, question, mood)))
            .collect();
        let response = Response {
            id: self.next_id(Part::Response),
            life: Life::from(at),
            survey,
            account: self.account.id,
            contact: self.contact(at),
            happiness: (mood * 10.99) as i64,
            answers,
        };
        self.rows.responses.push(response);
    }
}

fn reply(dice: &mut Dice, question: &Question, mood: f64) -> Answer {
    let felt = (mood + dice.normal() * 0.08).clamp(0.0, 0.999);
    match (question.kind, question.is_happiness) {
        ("Scale", _) => Answer::Number((mood * 10.99) as i64),
        ("Rating", true) => Answer::Number(1 + (mood * 4.99) as i64),
        ("Rating", false) => Answer::Number(1 + (felt * 5.0) as i64),
        ("Checkbox", _) => Answer::Yes(dice.chance(mood)),
        ("Radio", _) => Answer::Choice(dice.below(question.options.len())),
        _ => Answer::Text(REMARKS[(felt * REMARKS.len() as f64) as usize]),
    }
}
