//! surveys, their questions and options, and the responses

use super::{BEAN, Sink, Table, Type, Value, bean};
use crate::demo::catalog::service::SURVEYS as FORMS;
use crate::demo::error::DemoError;
use crate::demo::time::Stamp;
use crate::demo::world::{ADMIN, Answer, Life, Response, World, option_id, question_id, survey_id};

/// Surveys.
pub(crate) static SURVEYS: Table = Table {
    name: "surveys",
    columns: &[
        BEAN,
        &[
            ("assigned_user_id", Type::Id),
            ("name", Type::Varchar(255)),
            ("status", Type::Varchar(100)),
        ],
    ],
    key: 1,
    indexes: &[],
    rows: surveys,
};

/// Questions of surveys.
pub(crate) static QUESTIONS: Table = Table {
    name: "surveyquestions",
    columns: &[
        BEAN,
        &[
            ("assigned_user_id", Type::Id),
            ("name", Type::Varchar(255)),
            ("sort_order", Type::Int),
            ("type", Type::Varchar(100)),
            ("happiness_question", Type::Flag),
            ("survey_id", Type::Id),
        ],
    ],
    key: 1,
    indexes: &[&["survey_id"]],
    rows: questions,
};

/// Choices of questions.
pub(crate) static OPTIONS: Table = Table {
    name: "surveyquestionoptions",
    columns: &[
        BEAN,
        &[
            ("assigned_user_id", Type::Id),
            ("name", Type::Varchar(255)),
            ("sort_order", Type::Int),
            ("survey_question_id", Type::Id),
        ],
    ],
    key: 1,
    indexes: &[&["survey_question_id"]],
    rows: options,
};

/// Responses: somebody filled in a survey.
pub(crate) static RESPONSES: Table = Table {
    name: "surveyresponses",
    columns: &[
        BEAN,
        &[
            ("assigned_user_id", Type::Id),
            ("name", Type::Varchar(255)),
            ("happiness", Type::Int),
            ("email_response_sent", Type::Flag),
            ("account_id", Type::Id),
            ("campaign_id", Type::Id),
            ("contact_id", Type::Id),
            ("survey_id", Type::Id),
        ],
    ],
    key: 1,
    indexes: &[&["survey_id"], &["account_id"]],
    rows: responses,
};

/// Answers to single questions.
pub(crate) static ANSWERS: Table = Table {
    name: "surveyquestionresponses",
    columns: &[
        BEAN,
        &[
            ("assigned_user_id", Type::Id),
            ("name", Type::Varchar(255)),
            ("answer", Type::Text),
            ("answer_bool", Type::Flag),
            ("answer_datetime", Type::Datetime),
            ("surveyquestion_id", Type::Id),
            ("surveyresponse_id", Type::Id),
        ],
    ],
    key: 1,
    indexes: &[&["surveyresponse_id"], &["surveyquestion_id"]],
    rows: answers,
};

/// Which choice an answer took.
pub(crate) static CHOICES: Table = Table {
    name: "surveyquestionoptions_surveyquestionresponses",
    columns: &[&[
        ("id", Type::Varchar(36)),
        ("date_modified", Type::Datetime),
        ("deleted", Type::Flag),
        ("surveyq72c7options_ida", Type::Varchar(36)),
        ("surveyq10d4sponses_idb", Type::Varchar(36)),
    ]],
    key: 1,
    indexes: &[&["surveyq72c7options_ida", "surveyq10d4sponses_idb"]],
    rows: choices,
};

/// Since when the surveys exist.
fn founded(world: &World) -> Life {
    Life::from(world.backdrop.staff.users[ADMIN].life.entered)
}

fn surveys(world: &World, at: Stamp, sink: &mut Sink<'_>) -> Result<(), DemoError> {
    let life = founded(world);
    let seed = world.backdrop.params.seed;
    for (survey, (name, _)) in FORMS.iter().enumerate() {
        let id = survey_id(seed, survey);
        let mut row = bean(&world.backdrop, id, &life, (ADMIN, life.entered, at), 3);
        row.extend([Value::text("1"), Value::text(name), Value::text("Public")]);
        sink.row(&row)?;
    }
    Ok(())
}

fn questions(world: &World, at: Stamp, sink: &mut Sink<'_>) -> Result<(), DemoError> {
    let life = founded(world);
    let seed = world.backdrop.params.seed;
    for (survey, (_, questions)) in FORMS.iter().enumerate() {
        for (number, question) in questions.iter().enumerate() {
            let id = question_id(seed, survey, number);
            let mut row = bean(&world.backdrop, id, &life, (ADMIN, life.entered, at), 6);
            row.extend([
                Value::text("1"),
                question.name.into(),
                Value::Int(number as i64),
                question.kind.into(),
                question.is_happiness.into(),
                survey_id(seed, survey).into(),
            ]);
            sink.row(&row)?;
        }
    }
    Ok(())
}

fn options(world: &World, at: Stamp, sink: &mut Sink<'_>) -> Result<(), DemoError> {
    let life = founded(world);
    let seed = world.backdrop.params.seed;
    for (survey, (_, questions)) in FORMS.iter().enumerate() {
        for (number, question) in questions.iter().enumerate() {
            for (position, option) in question.options.iter().enumerate() {
                let id = option_id(seed, survey, number, position);
                let mut row = bean(&world.backdrop, id, &life, (ADMIN, life.entered, at), 4);
                row.extend([
                    Value::text("1"),
                    Value::text(option),
                    Value::Int(position as i64),
                    question_id(seed, survey, number).into(),
                ]);
                sink.row(&row)?;
            }
        }
    }
    Ok(())
}

fn visible(world: &World, at: Stamp) -> impl Iterator<Item = &Response> {
    let all = world.rows.responses.iter();
    all.filter(move |response| response.life.is_visible(at))
}

fn responses(world: &World, at: Stamp, sink: &mut Sink<'_>) -> Result<(), DemoError> {
    for response in visible(world, at) {
        let own = (ADMIN, response.life.entered, at);
        let mut row = bean(&world.backdrop, response.id, &response.life, own, 8);
        row.extend([
            Value::Null,
            FORMS[response.survey].0.into(),
            Value::Int(response.happiness),
            Value::Int(1),
            response.account.into(),
            Value::Null,
            response.contact.into(),
            survey_id(world.backdrop.params.seed, response.survey).into(),
        ]);
        sink.row(&row)?;
    }
    Ok(())
}

fn answers(world: &World, at: Stamp, sink: &mut Sink<'_>) -> Result<(), DemoError> {
    let seed = world.backdrop.params.seed;
    for response in visible(world, at) {
        for (number, answer) in response.answers.iter().enumerate() {
            let Some(answer) = answer else { continue };
            let id = response.id.child(1, number as u64);
            let own = (ADMIN, response.life.entered, at);
            let mut row = bean(&world.backdrop, id, &response.life, own, 7);
            let (text, flag) = match answer {
                Answer::Number(value) => (Value::owned(value.to_string()), Value::Null),
                Answer::Text(text) => (Value::text(text), Value::Null),
                Answer::Yes(yes) => (Value::Null, Value::from(*yes)),
                Answer::Choice(_) => (Value::Null, Value::Null),
            };
            row.extend([
                Value::Null,
                Value::Null,
                text,
                flag,
                Value::Null,
                question_id(seed, response.survey, number).into(),
                response.id.into(),
            ]);
            sink.row(&row)?;
        }
    }
    Ok(())
}

fn choices(world: &World, at: Stamp, sink: &mut Sink<'_>) -> Result<(), DemoError> {
    let seed = world.backdrop.params.seed;
    for response in visible(world, at) {
        for (number, answer) in response.answers.iter().enumerate() {
            if let Some(Answer::Choice(option)) = answer {
                let id = response.id.child(1, number as u64);
                sink.row(&[
                    id.child(1, 0).into(),
                    response.life.entered.into(),
                    Value::Int(0),
                    option_id(seed, response.survey, number, *option).into(),
                    id.into(),
                ])?;
            }
        }
    }
    Ok(())
}
