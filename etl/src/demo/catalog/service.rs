//! What service, marketing and sales staff write: kinds of cases, subjects, campaign names, survey questions.

/// Kinds of cases that are no complaint.
pub(crate) const REQUESTS: [&str; 3] = ["Product", "User", "Administration"];

/// Kinds of complaints, with how often each comes.
pub(crate) const COMPLAINTS: [(&str, u32); 9] = [
    ("Complaint_Quality", 26),
    ("Complaint_Technique", 14),
    ("Complaint_Price", 8),
    ("Complaint_Part", 10),
    ("Complaint_Delay", 16),
    ("Complaint_Attitude", 6),
    ("Complaint_Delivery_Short", 7),
    ("Complaint_Delivery_Late", 9),
    ("Complaint_Delivery_Incomplete", 4),
];

/// Titles of cases that are no complaint.
pub(crate) const REQUEST_NAMES: [&str; 8] = [
    "Question about operation",
    "Need a spare part number",
    "Request for documentation",
    "New user account",
    "Change of delivery address",
    "询问操作方法",
    "申请技术资料",
    "Question about an invoice",
];

/// Titles of complaints.
pub(crate) const COMPLAINT_NAMES: [&str; 10] = [
    "Machine stops under load",
    "Part does not fit",
    "Delivery came too late",
    "Delivery is incomplete",
    "Nobody calls back",
    "Price differs from quote",
    "产品质量问题",
    "交货延迟",
    "Surface is scratched",
    "Controller shows an error",
];

/// Titles of the updates that staff or customer add to a case.
pub(crate) const UPDATE_TEXTS: [&str; 7] = [
    "We look into it and come back to you.",
    "Please send us a photo of the type plate.",
    "The replacement is on its way.",
    "Technician visit arranged.",
    "Any news on this?",
    "已安排技术人员处理。",
    "Solved, thank you.",
];

/// How cases were resolved.
pub(crate) const RESOLUTIONS: [&str; 6] = [
    "Replaced under warranty",
    "Explained by phone",
    "Credit note issued",
    "Technician repaired on site",
    "Configuration corrected",
    "No fault found",
];

/// Subjects of calls.
pub(crate) const CALL_SUBJECTS: [&str; 7] = [
    "Follow-up call",
    "Discuss needs",
    "Check on delivery",
    "Payment reminder",
    "Introduce product",
    "电话回访",
    "Clarify specification",
];

/// Subjects of meetings.
pub(crate) const MEETING_SUBJECTS: [&str; 6] = [
    "Plant visit",
    "Product demonstration",
    "Contract negotiation",
    "Quarterly review",
    "技术交流",
    "Kick-off",
];

/// Subjects of e-mails.
pub(crate) const EMAIL_SUBJECTS: [&str; 8] = [
    "Your enquiry",
    "Offer attached",
    "Order confirmation",
    "Delivery notice",
    "Re: question",
    "报价单",
    "Invitation to trade show",
    "Thank you for your visit",
];

/// Where meetings are held.
pub(crate) const LOCATIONS: [&str; 4] = ["Customer site", "Our office", "Trade fair", "Online"];

/// Themes of campaigns.
pub(crate) const CAMPAIGN_THEMES: [&str; 12] = [
    "Spring maintenance",
    "新品发布",
    "Trade fair invitation",
    "Filter bundle",
    "Energy saving",
    "双十一促销",
    "Year-end service",
    "Training season",
    "Laser upgrade",
    "Loyal customer offer",
    "Spare part stock-up",
    "Webinar automation",
];

/// Types of campaigns, with how often each comes.
pub(crate) const CAMPAIGN_TYPES: [(&str, u32); 7] = [
    ("Email", 9),
    ("NewsLetter", 4),
    ("Telesales", 3),
    ("Mail", 2),
    ("Web", 3),
    ("Print", 1),
    ("Radio", 1),
];

/// A question of a survey.
#[derive(Debug)]
pub(crate) struct Question {
    /// Text of the question.
    pub(crate) name: &'static str,
    /// Type of its answer.
    pub(crate) kind: &'static str,
    /// Choices, if its type has any.
    pub(crate) options: &'static [&'static str],
    /// Whether it is the question that the response's happiness repeats.
    pub(crate) is_happiness: bool,
}

/// The two surveys: after a case was closed, and each quarter.
pub(crate) const SURVEYS: [(&str, [Question; 5]); 2] = [
    (
        "Service satisfaction 服务满意度",
        [
            question("How satisfied are you with the solution?", "Rating", true),
            question("How important is a quick answer to you?", "Rating", false),
            question(
                "Was the case solved at the first contact?",
                "Checkbox",
                false,
            ),
            choice(
                "How were you mainly served?",
                &["Phone", "E-mail", "On site", "Chat"],
            ),
            question("What could we do better?", "Textbox", false),
        ],
    ),
    (
        "Customer satisfaction 客户满意度",
        [
            question("How likely are you to recommend us?", "Scale", true),
            question("How good is the quality of our products?", "Rating", false),
            question("What quality do you expect?", "Rating", false),
            choice(
                "Why do you buy from us?",
                &["Quality", "Price", "Service", "Delivery", "Habit"],
            ),
            question("Would you buy from us again?", "Checkbox", false),
        ],
    ),
];

/// Free-text answers, from displeased to pleased.
pub(crate) const REMARKS: [&str; 6] = [
    "Too slow.",
    "没有人回复。",
    "It works, but late.",
    "Fine.",
    "非常满意。",
    "Great help, thank you!",
];

const fn question(name: &'static str, kind: &'static str, is_happiness: bool) -> Question {
    Question {
        name,
        kind,
        options: &[],
        is_happiness,
    }
}

const fn choice(name: &'static str, options: &'static [&'static str]) -> Question {
    Question {
        name,
        kind: "Radio",
        options,
        is_happiness: false,
    }
}
