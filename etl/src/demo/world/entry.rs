//! What is written down when a customer arrives: its contacts, the lead that it was, at times a second account.

use super::contact::{Contact, Person};
use super::customer::{Customer, Part};
use super::lead::Lead;
use crate::demo::dirt::rate;
use crate::demo::time::Stamp;

impl Customer<'_> {
    /// Enters the people whom we know at the customer.
    pub(super) fn enter_contacts(&mut self, at: Stamp, user: usize) {
        let most = 1.0 + self.profile.bulk();
        let count = 1 + self.dice.below(most as usize + 1);
        self.first_contact = self.rows.contacts.len();
        let mut chief = None;
        for position in 0..count as i32 {
            let later = self.dice.between(0, 200) * position;
            let entered = at.plus_days(later).plus_seconds(i64::from(60 * position));
            let person = Person::draw(&mut self.dice, self.profile.place);
            let id = self.next_id(Part::Contact);
            let mut contact = Contact::enter(id, self.account.id, person, user, entered);
            contact.reports_to = chief.filter(|_| self.dice.chance(0.5));
            chief = chief.or(Some(id));
            self.contacts.push((id, entered));
            self.rows.contacts.push(contact);
        }
    }

    /// Enters some companies a second time.
    pub(super) fn enter_twin(&mut self, at: Stamp) {
        if !self.dice.chance(rate::DUPLICATE_ACCOUNT) {
            return;
        }
        let from = at.max(self.backdrop.start.start());
        let entered = from.plus_days(self.dice.between(20, 400));
        let user = self.user(entered);
        let twin = self.account.enter_again(&mut self.dice, user, entered);
        let id = self.next_id(Part::Contact);
        let person = self
            .rows
            .contacts
            .last()
            .map(|contact| contact.person.clone());
        if let Some(person) = person {
            let mut contact = Contact::enter(id, twin.id, person, user, entered);
            contact.life = twin.life;
            self.rows.contacts.push(contact);
        }
        self.twin = Some(twin);
    }

    /// Most customers were leads before; the first opportunity comes with the conversion.
    pub(super) fn convert_lead(&mut self, at: Stamp, user: usize) {
        if self.dice.chance(0.72) {
            let opportunity = self.pursue(at, true);
            let id = self.next_id(Part::Lead);
            let person = self.rows.contacts[self.first_contact].person.clone();
            let lead = Lead::converted(self, (id, person), opportunity, (user, at));
            self.account.campaign = lead.campaign;
            self.rows.leads.push(lead);
        }
    }
}
