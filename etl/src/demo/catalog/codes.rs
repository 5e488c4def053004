//! Code lists as the operational system ships them, and the currencies.

/// Industries of an account.
pub(crate) const INDUSTRIES: [&str; 20] = [
    "Machinery",
    "Electronics",
    "Manufacturing",
    "Engineering",
    "Construction",
    "Chemicals",
    "Energy",
    "Transportation",
    "Healthcare",
    "Technology",
    "Telecommunications",
    "Utilities",
    "Education",
    "Government",
    "Retail",
    "Shipping",
    "Environmental",
    "Apparel",
    "Hospitality",
    "Biotechnology",
];

/// How often each industry comes.
pub(crate) const INDUSTRY_WEIGHTS: [u32; 20] = [
    16, 14, 14, 9, 7, 6, 5, 5, 4, 5, 3, 3, 2, 2, 2, 2, 2, 2, 1, 1,
];

/// Industry codes of an old system that no list knows.
pub(crate) const UNKNOWN_INDUSTRIES: [&str; 4] = ["XX-04", "XX-17", "XX-23", "XX-99"];

/// Credit ratings of an account, best first.
pub(crate) const RATINGS: [&str; 4] = ["A", "B", "C", "D"];

/// Forms of ownership.
pub(crate) const OWNERSHIPS: [&str; 4] = ["Private", "Public", "State-owned", "Family"];

/// Where a lead or contact came from.
pub(crate) const LEAD_SOURCES: [&str; 9] = [
    "Cold Call",
    "Existing Customer",
    "Self Generated",
    "Partner",
    "Direct Mail",
    "Conference",
    "Trade Show",
    "Web Site",
    "Word of mouth",
];

/// The lead source of a lead that a campaign brought.
pub(crate) const CAMPAIGN_SOURCE: &str = "Campaign";

/// Opportunity stages on the way, with their probability in percent and typical days.
pub(crate) const STAGES: [(&str, i64, i32); 8] = [
    ("Prospecting", 10, 7),
    ("Qualification", 20, 8),
    ("Needs Analysis", 25, 9),
    ("Value Proposition", 30, 7),
    ("Id. Decision Makers", 40, 6),
    ("Perception Analysis", 50, 6),
    ("Proposal/Price Quote", 65, 11),
    ("Negotiation/Review", 80, 9),
];

/// The position of the stage in which a quote is written.
pub(crate) const QUOTE_STAGE: usize = 6;

/// The stage of a sale that was made.
pub(crate) const WON: &str = "Closed Won";

/// The stage of a sale that was lost.
pub(crate) const LOST: &str = "Closed Lost";

/// What is to be done next for an opportunity.
pub(crate) const NEXT_STEPS: [&str; 6] = [
    "Send material",
    "Demonstrate on site",
    "Visit plant",
    "Confirm budget",
    "Revise price",
    "Await signature",
];

/// Roles of a contact in an opportunity.
pub(crate) const ROLES: [&str; 5] = [
    "Primary Decision Maker",
    "Business Evaluator",
    "Technical Evaluator",
    "Executive Sponsor",
    "Influencer",
];

/// A currency other than the base currency.
#[derive(Debug)]
pub(crate) struct CurrencyCode {
    /// Name.
    pub(crate) name: &'static str,
    /// ISO 4217 code.
    pub(crate) iso: &'static str,
    /// Symbol.
    pub(crate) symbol: &'static str,
    /// Units of the currency for one US dollar, in ten-thousandths.
    pub(crate) rate_e4: i64,
}

/// The identifier of the base currency, the US dollar.
pub(crate) const BASE_CURRENCY: &str = "-99";

/// Every currency but the base.
pub(crate) static CURRENCIES: [CurrencyCode; 5] = [
    currency("Chinese Yuan", "CNY", "¥", 71_000),
    currency("Euro", "EUR", "€", 9_200),
    currency("Pound Sterling", "GBP", "£", 7_900),
    currency("Swedish Krona", "SEK", "kr", 104_000),
    currency("Canadian Dollar", "CAD", "C$", 13_600),
];

const fn currency(
    name: &'static str,
    iso: &'static str,
    symbol: &'static str,
    rate_e4: i64,
) -> CurrencyCode {
    CurrencyCode {
        name,
        iso,
        symbol,
        rate_e4,
    }
}
