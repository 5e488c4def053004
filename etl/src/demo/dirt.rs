//! What is wrong in the demo data on purpose: the kinds, their rates and their tally.
//!
//! Each rate is the probability for one row of the kind at its creation. docs/demo-crm.md lists every kind with the
//! SQL that finds it and its exact count for the default seed; tests hold that page equal to this file.

/// A kind of dirt that a summary counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Dirt {
    /// An account that stands for a company which another account stands for already.
    DuplicateAccount,
    /// An account whose industry is NULL.
    IndustryNull,
    /// An account whose industry is an empty text.
    IndustryEmpty,
    /// An account whose industry no list knows.
    IndustryUnknown,
    /// An account whose country is NULL.
    CountryNull,
    /// An account whose country is an empty text.
    CountryEmpty,
    /// An account whose country is written in another way than agreed.
    CountryVariant,
    /// An account whose owner is NULL.
    OwnerNull,
    /// An account whose owner is an empty text.
    OwnerEmpty,
    /// An account whose number of employees is no number.
    EmployeesText,
    /// An account whose annual revenue is no number.
    RevenueText,
    /// An account whose name has Chinese characters.
    ChineseName,
    /// An account whose name has accented Latin letters.
    AccentedName,
    /// An account marked as deleted.
    AccountDeleted,
    /// A contact or lead whose birthdate no calendar has.
    BirthdateImpossible,
    /// A contact or lead without a birthdate.
    BirthdateMissing,
    /// A lead whose status no list knows.
    LeadStatusUnknown,
    /// A lead whose amount is no number.
    LeadAmountText,
    /// An opportunity marked as deleted.
    OpportunityDeleted,
    /// An invoice whose account does not exist.
    InvoiceAccountOrphan,
    /// An invoice whose date no calendar has.
    InvoiceDateImpossible,
    /// An invoice without a date.
    InvoiceDateMissing,
    /// An invoice whose due date no calendar has.
    DueDateImpossible,
    /// An invoice without a due date.
    DueDateMissing,
    /// An invoice whose status no list knows.
    InvoiceStatusUnknown,
    /// An invoice marked as deleted.
    InvoiceDeleted,
    /// A line of a quote or invoice whose product does not exist.
    LineProductOrphan,
    /// An invoice line whose invoice does not exist.
    LineInvoiceOrphan,
    /// A line of a quote or invoice with a price of zero.
    LineZero,
    /// An invoice line that takes goods back.
    LineNegative,
    /// A line marked as deleted.
    LineDeleted,
    /// A case whose account does not exist.
    CaseAccountOrphan,
    /// A case whose status no list knows.
    CaseStatusUnknown,
    /// A case marked as deleted.
    CaseDeleted,
}

/// Every kind, in the order of the summary, with its name.
pub(crate) const KINDS: [(Dirt, &str); 34] = [
    (Dirt::DuplicateAccount, "duplicate_account"),
    (Dirt::IndustryNull, "industry_null"),
    (Dirt::IndustryEmpty, "industry_empty"),
    (Dirt::IndustryUnknown, "industry_unknown"),
    (Dirt::CountryNull, "country_null"),
    (Dirt::CountryEmpty, "country_empty"),
    (Dirt::CountryVariant, "country_variant"),
    (Dirt::OwnerNull, "owner_null"),
    (Dirt::OwnerEmpty, "owner_empty"),
    (Dirt::EmployeesText, "employees_text"),
    (Dirt::RevenueText, "revenue_text"),
    (Dirt::ChineseName, "chinese_name"),
    (Dirt::AccentedName, "accented_name"),
    (Dirt::AccountDeleted, "account_deleted"),
    (Dirt::BirthdateImpossible, "birthdate_impossible"),
    (Dirt::BirthdateMissing, "birthdate_missing"),
    (Dirt::LeadStatusUnknown, "lead_status_unknown"),
    (Dirt::LeadAmountText, "lead_amount_text"),
    (Dirt::OpportunityDeleted, "opportunity_deleted"),
    (Dirt::InvoiceAccountOrphan, "invoice_account_orphan"),
    (Dirt::InvoiceDateImpossible, "invoice_date_impossible"),
    (Dirt::InvoiceDateMissing, "invoice_date_missing"),
    (Dirt::DueDateImpossible, "due_date_impossible"),
    (Dirt::DueDateMissing, "due_date_missing"),
    (Dirt::InvoiceStatusUnknown, "invoice_status_unknown"),
    (Dirt::InvoiceDeleted, "invoice_deleted"),
    (Dirt::LineProductOrphan, "line_product_orphan"),
    (Dirt::LineInvoiceOrphan, "line_invoice_orphan"),
    (Dirt::LineZero, "line_zero"),
    (Dirt::LineNegative, "line_negative"),
    (Dirt::LineDeleted, "line_deleted"),
    (Dirt::CaseAccountOrphan, "case_account_orphan"),
    (Dirt::CaseStatusUnknown, "case_status_unknown"),
    (Dirt::CaseDeleted, "case_deleted"),
];

/// Probabilities of dirt at the creation of a row.
pub(crate) mod rate {
    /// A customer gets a second account.
    pub(crate) const DUPLICATE_ACCOUNT: f64 = 0.016;
    /// A second account is found and merged within two years.
    pub(crate) const DUPLICATE_MERGED: f64 = 0.45;
    /// Industry NULL.
    pub(crate) const INDUSTRY_NULL: f64 = 0.008;
    /// Industry empty.
    pub(crate) const INDUSTRY_EMPTY: f64 = 0.007;
    /// Industry unknown.
    pub(crate) const INDUSTRY_UNKNOWN: f64 = 0.009;
    /// Country NULL.
    pub(crate) const COUNTRY_NULL: f64 = 0.006;
    /// Country empty.
    pub(crate) const COUNTRY_EMPTY: f64 = 0.005;
    /// Country written differently.
    pub(crate) const COUNTRY_VARIANT: f64 = 0.018;
    /// Owner NULL.
    pub(crate) const OWNER_NULL: f64 = 0.006;
    /// Owner empty.
    pub(crate) const OWNER_EMPTY: f64 = 0.004;
    /// Employees as text.
    pub(crate) const EMPLOYEES_TEXT: f64 = 0.012;
    /// Revenue as text.
    pub(crate) const REVENUE_TEXT: f64 = 0.009;
    /// An account is deleted by mistake; its documents stay.
    pub(crate) const ACCOUNT_DELETED: f64 = 0.006;
    /// A known birthdate that does not exist.
    pub(crate) const BIRTHDATE_IMPOSSIBLE: f64 = 0.01;
    /// A lead that comes to nothing has an unknown status in the end.
    pub(crate) const LEAD_STATUS_UNKNOWN: f64 = 0.01;
    /// Lead amount as text.
    pub(crate) const LEAD_AMOUNT_TEXT: f64 = 0.015;
    /// An opportunity without documents is deleted some day.
    pub(crate) const OPPORTUNITY_DELETED: f64 = 0.09;
    /// Invoice of a missing account.
    pub(crate) const INVOICE_ACCOUNT_ORPHAN: f64 = 0.003;
    /// Invoice date impossible.
    pub(crate) const INVOICE_DATE_IMPOSSIBLE: f64 = 0.0025;
    /// Due date impossible.
    pub(crate) const DUE_DATE_IMPOSSIBLE: f64 = 0.003;
    /// Invoice status unknown.
    pub(crate) const INVOICE_STATUS_UNKNOWN: f64 = 0.003;
    /// An invoice is deleted some day.
    pub(crate) const INVOICE_DELETED: f64 = 0.025;
    /// An old invoice is archived: it vanishes with its lines.
    pub(crate) const INVOICE_VANISHES: f64 = 0.012;
    /// A quote that led to nothing vanishes.
    pub(crate) const QUOTE_VANISHES: f64 = 0.03;
    /// Line of a missing product.
    pub(crate) const LINE_PRODUCT_ORPHAN: f64 = 0.003;
    /// A document leaves a line behind that belongs to no invoice.
    pub(crate) const LINE_INVOICE_ORPHAN: f64 = 0.006;
    /// Line that is free of charge.
    pub(crate) const LINE_ZERO: f64 = 0.008;
    /// An invoice has goods returned.
    pub(crate) const RETURN: f64 = 0.024;
    /// A line is taken off its document some day.
    pub(crate) const LINE_DELETED: f64 = 0.012;
    /// Case of a missing account.
    pub(crate) const CASE_ACCOUNT_ORPHAN: f64 = 0.004;
    /// Case status unknown.
    pub(crate) const CASE_STATUS_UNKNOWN: f64 = 0.004;
    /// A case is deleted some day.
    pub(crate) const CASE_DELETED: f64 = 0.03;
    /// An old case vanishes with its updates.
    pub(crate) const CASE_VANISHES: f64 = 0.02;
}

/// Dates that no calendar has, as old imports left them behind.
pub(crate) const IMPOSSIBLE_DATES: [&str; 4] =
    ["2025-02-30", "0000-00-00", "2025-13-05", "2026-04-31"];

/// How often each kind of dirt was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tally([u64; KINDS.len()]);

impl Default for Tally {
    fn default() -> Self {
        Self([0; KINDS.len()])
    }
}

impl Tally {
    /// Counts one more.
    pub(crate) fn count(&mut self, dirt: Dirt) {
        self.0[dirt as usize] += 1;
    }

    /// Counts one more if the condition holds.
    pub(crate) fn count_if(&mut self, condition: bool, dirt: Dirt) {
        if condition {
            self.count(dirt);
        }
    }

    /// Moves impossible dates to missing ones, for a database that cannot store them.
    pub(crate) fn count_impossible_as_missing(&mut self) {
        for (impossible, missing) in [
            (Dirt::BirthdateImpossible, Dirt::BirthdateMissing),
            (Dirt::InvoiceDateImpossible, Dirt::InvoiceDateMissing),
            (Dirt::DueDateImpossible, Dirt::DueDateMissing),
        ] {
            self.0[missing as usize] += std::mem::take(&mut self.0[impossible as usize]);
        }
    }

    /// How many of a kind.
    pub(crate) fn of(&self, dirt: Dirt) -> u64 {
        self.0[dirt as usize]
    }
}
