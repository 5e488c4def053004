//! Accounts: what is known of a company and how that changes.

use super::Backdrop;
use super::life::{Chain, Life};
use super::profile::{Profile, Size};
use crate::demo::catalog::codes::{OWNERSHIPS, RATINGS, UNKNOWN_INDUSTRIES};
use crate::demo::catalog::company::{company, typed_again};
use crate::demo::catalog::place::{Culture, Place};
use crate::demo::dice::Dice;
use crate::demo::dirt::rate;
use crate::demo::id::{Id, IdKind};
use crate::demo::time::Stamp;

/// Who looks after an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// NULL.
    Missing,
    /// An empty text.
    Blank,
    /// The user at this position.
    User(usize),
}

/// An account.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    /// Identifier.
    pub(crate) id: Id,
    /// When it appears and goes.
    pub(crate) life: Life,
    /// Name of the company.
    pub(crate) name: String,
    /// Where it is.
    pub(crate) place: &'static Place,
    /// Country as typed.
    pub(crate) country: Option<&'static str>,
    /// Street and number.
    pub(crate) street: String,
    /// Postal code.
    pub(crate) postal: String,
    /// Telephone; no two companies share one.
    pub(crate) phone: String,
    /// Number of employees as typed.
    pub(crate) employees: String,
    /// Annual revenue as typed.
    pub(crate) revenue: String,
    /// Form of ownership.
    pub(crate) ownership: &'static str,
    /// The account of the parent company.
    pub(crate) parent: Option<Id>,
    /// Position of the campaign that brought it.
    pub(crate) campaign: Option<usize>,
    /// Industry over time.
    pub(crate) industry: Chain<Option<&'static str>>,
    /// Rating over time.
    pub(crate) rating: Chain<&'static str>,
    /// Account type over time.
    pub(crate) kind: Chain<&'static str>,
    /// Owner over time.
    pub(crate) owner: Chain<Owner>,
    /// Position of the user who entered it.
    pub(crate) created_by: usize,
    /// Whether another account stands for the same company.
    pub(crate) is_duplicate: bool,
}

/// Customers that were there before the first day; only they can be parents of others.
fn possible_parents(backdrop: &Backdrop, index: u64) -> usize {
    (u64::from(backdrop.params.customers) * 2 / 5).min(index) as usize
}

impl Account {
    /// Writes down a new company.
    pub(crate) fn enter(
        backdrop: &Backdrop,
        dice: &mut Dice,
        profile: &Profile,
        index: u64,
        (user, at): (usize, Stamp),
    ) -> Self {
        let place = profile.place;
        let seed = backdrop.params.seed;
        let number = 10_000_000 + index * 7_919 % 9_999_991;
        let parents = possible_parents(backdrop, index);
        let has_parent = parents > 0 && dice.chance(0.05);
        let is_old = at < backdrop.start.start();
        let mut life = Life::from(at);
        if dice.chance(rate::ACCOUNT_DELETED) {
            life.removed = Some(at.plus_days(dice.between(100, 700)));
        }
        Self {
            id: Id::of(seed, IdKind::Customer, index),
            life,
            name: company(dice, place),
            place,
            country: country(dice, place),
            street: street(dice, place),
            postal: postal(dice, place.postal),
            phone: format!("{} {number}", place.dial),
            employees: employees(dice, profile.size),
            revenue: revenue(dice, profile.size),
            ownership: dice.pick(&OWNERSHIPS),
            parent: has_parent.then(|| Id::of(seed, IdKind::Customer, dice.below(parents) as u64)),
            campaign: None,
            industry: Chain::new(industry(dice, profile)),
            rating: Chain::new(RATINGS[dice.weighted(&[22, 43, 27, 8])]),
            kind: Chain::new(if is_old { "Customer" } else { "Prospect" }),
            owner: Chain::new(owner(dice, user)),
            created_by: user,
            is_duplicate: false,
        }
    }

    /// Writes the same company down once more, as a colleague does who did not look.
    pub(crate) fn enter_again(&self, dice: &mut Dice, user: usize, at: Stamp) -> Self {
        let mut twin = Self {
            id: self.id.child(super::customer::Part::Twin as u16, 0),
            life: Life::from(at),
            name: typed_again(dice, &self.name, self.place),
            country: country(dice, self.place),
            industry: Chain::new(*self.industry.last()),
            rating: Chain::new(self.rating.last()),
            kind: Chain::new("Customer"),
            owner: Chain::new(Owner::User(user)),
            created_by: user,
            is_duplicate: true,
            ..self.clone()
        };
        if dice.chance(rate::DUPLICATE_MERGED) {
            let merged = at.plus_days(dice.between(40, 600));
            twin.life.remove(dice, merged);
        }
        twin
    }

    /// The last time that the row was written, as of an instant.
    pub(crate) fn modified(&self, at: Stamp) -> Stamp {
        let changes = [
            self.industry.changed(at),
            self.rating.changed(at),
            self.kind.changed(at),
            self.owner.changed(at),
        ];
        self.life.modified(at, changes)
    }
}

fn country(dice: &mut Dice, place: &Place) -> Option<&'static str> {
    let ticket = dice.unit();
    let empty = rate::COUNTRY_NULL + rate::COUNTRY_EMPTY;
    if ticket < rate::COUNTRY_NULL {
        None
    } else if ticket < empty {
        Some("")
    } else if ticket < empty + rate::COUNTRY_VARIANT {
        Some(dice.pick(place.country_variants))
    } else {
        Some(place.country)
    }
}

fn industry(dice: &mut Dice, profile: &Profile) -> Option<&'static str> {
    let ticket = dice.unit();
    let empty = rate::INDUSTRY_NULL + rate::INDUSTRY_EMPTY;
    if ticket < rate::INDUSTRY_NULL {
        None
    } else if ticket < empty {
        Some("")
    } else if ticket < empty + rate::INDUSTRY_UNKNOWN {
        Some(dice.pick(&UNKNOWN_INDUSTRIES))
    } else {
        Some(profile.industry)
    }
}

fn owner(dice: &mut Dice, user: usize) -> Owner {
    let ticket = dice.unit();
    if ticket < rate::OWNER_NULL {
        Owner::Missing
    } else if ticket < rate::OWNER_NULL + rate::OWNER_EMPTY {
        Owner::Blank
    } else {
        Owner::User(user)
    }
}

fn street(dice: &mut Dice, place: &Place) -> String {
    let number = dice.between(1, 280);
    match place.culture {
        Culture::Chinese => {
            let road = dice.pick(&[
                "人民路",
                "中山路",
                "科技园路",
                "工业大道",
                "建设路",
                "解放路",
            ]);
            format!("{road}{number}号")
        }
        Culture::German => {
            let road = dice.pick(&[
                "Hauptstraße",
                "Industriestraße",
                "Am Güterbahnhof",
                "Gewerbering",
            ]);
            format!("{road} {number}")
        }
        Culture::French => format!(
            "{number} {}",
            dice.pick(&["rue de la Gare", "avenue Foch", "rue des Écoles"])
        ),
        Culture::Spanish => format!(
            "{} {number}",
            dice.pick(&["Calle Mayor", "Avenida de la Constitución"])
        ),
        Culture::Swedish => format!(
            "{} {number}",
            dice.pick(&["Storgatan", "Hamngatan", "Järnvägsgatan"])
        ),
        Culture::English => {
            format!(
                "{number} {}",
                dice.pick(&[
                    "Main Street",
                    "Mill Road",
                    "Industrial Park Drive",
                    "Station Road"
                ])
            )
        }
    }
}

fn postal(dice: &mut Dice, pattern: &str) -> String {
    let digit = |letter| match letter {
        '#' => char::from(b'0' + dice.below(10) as u8),
        other => other,
    };
    pattern.chars().map(digit).collect()
}

fn employees(dice: &mut Dice, size: Size) -> String {
    let (low, high) = match size {
        Size::Small => (3, 50),
        Size::Medium => (51, 500),
        Size::Large => (501, 9000),
    };
    let number = dice.between(low, high);
    if dice.chance(rate::EMPLOYEES_TEXT) {
        format!("about {}", (number / 10 * 10).max(5))
    } else {
        number.to_string()
    }
}

fn revenue(dice: &mut Dice, size: Size) -> String {
    let thousands = match size {
        Size::Small => dice.between(200, 6_000),
        Size::Medium => dice.between(6_000, 90_000),
        Size::Large => dice.between(90_000, 1_900_000),
    };
    if dice.chance(rate::REVENUE_TEXT) {
        format!("{}.{}M", thousands / 1000, thousands % 1000 / 100)
    } else {
        format!("{thousands}000")
    }
}
