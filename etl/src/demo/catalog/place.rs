//! Cities with their state, country, currency and tax, so that an address is always consistent in itself.

/// A part of the world with its own sales team.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Region {
    /// Mainland China.
    China,
    /// Europe.
    Europe,
    /// North America.
    America,
}

/// Which names people and companies have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Culture {
    /// Chinese characters, family name first.
    Chinese,
    /// German names and legal forms.
    German,
    /// French names and legal forms.
    French,
    /// Spanish names and legal forms.
    Spanish,
    /// Swedish names and legal forms.
    Swedish,
    /// English names and legal forms.
    English,
}

/// A city with everything that an address there implies.
#[derive(Debug)]
pub(crate) struct Place {
    /// Country as the sales staff is told to write it.
    pub(crate) country: &'static str,
    /// Other spellings of the country that turn up all the same.
    pub(crate) country_variants: &'static [&'static str],
    /// State or province.
    pub(crate) state: &'static str,
    /// City.
    pub(crate) city: &'static str,
    /// Postal code; `#` stands for a digit.
    pub(crate) postal: &'static str,
    /// Telephone prefix.
    pub(crate) dial: &'static str,
    /// Part of the world.
    pub(crate) region: Region,
    /// Names used there.
    pub(crate) culture: Culture,
    /// Position in [`super::codes::CURRENCIES`]; `None` is the base currency.
    pub(crate) currency: Option<usize>,
    /// Sales tax in tenths of a percent.
    pub(crate) tax_permille: i64,
    /// Hours between UTC and the local clock.
    pub(crate) utc_offset: i64,
    /// How many customers come from here, relative to the others.
    pub(crate) weight: u32,
}

/// What all cities of one country share.
struct Country {
    name: &'static str,
    variants: &'static [&'static str],
    region: Region,
    culture: Culture,
    currency: Option<usize>,
    tax_permille: i64,
    utc_offset: i64,
}

const CHINA: Country = Country {
    name: "China",
    variants: &["中国", "CN", "P.R. China", "CHINA "],
    region: Region::China,
    culture: Culture::Chinese,
    currency: Some(0),
    tax_permille: 130,
    utc_offset: 8,
};
const GERMANY: Country = europe(
    "Germany",
    &["Deutschland", "DE", "germany"],
    Culture::German,
    Some(1),
    190,
);
const AUSTRIA: Country = europe(
    "Austria",
    &["Österreich", "AT"],
    Culture::German,
    Some(1),
    200,
);
const FRANCE: Country = europe(
    "France",
    &["FR", "FRANCE", "République française"],
    Culture::French,
    Some(1),
    200,
);
const SPAIN: Country = europe("Spain", &["España", "ES"], Culture::Spanish, Some(1), 210);
const SWEDEN: Country = europe("Sweden", &["Sverige", "SE"], Culture::Swedish, Some(3), 250);
const BRITAIN: Country = Country {
    utc_offset: 0,
    ..europe(
        "United Kingdom",
        &["UK", "Great Britain", "England"],
        Culture::English,
        Some(2),
        200,
    )
};
const AMERICA: Country = Country {
    name: "United States",
    variants: &["USA", "US", "U.S.A.", "united states"],
    region: Region::America,
    culture: Culture::English,
    currency: None,
    tax_permille: 0,
    utc_offset: -6,
};
const CANADA: Country = Country {
    name: "Canada",
    variants: &["CA", "CANADA"],
    region: Region::America,
    culture: Culture::French,
    currency: Some(4),
    tax_permille: 50,
    utc_offset: -5,
};

/// A European country on Central European time.
const fn europe(
    name: &'static str,
    variants: &'static [&'static str],
    culture: Culture,
    currency: Option<usize>,
    tax_permille: i64,
) -> Country {
    Country {
        name,
        variants,
        region: Region::Europe,
        culture,
        currency,
        tax_permille,
        utc_offset: 1,
    }
}

/// A city of a country.
const fn city(
    country: &Country,
    state: &'static str,
    city: &'static str,
    postal: &'static str,
    dial: &'static str,
    weight: u32,
) -> Place {
    Place {
        country: country.name,
        country_variants: country.variants,
        state,
        city,
        postal,
        dial,
        region: country.region,
        culture: country.culture,
        currency: country.currency,
        tax_permille: country.tax_permille,
        utc_offset: country.utc_offset,
        weight,
    }
}

/// Every city in which customers live.
pub(crate) static PLACES: [Place; 44] = [
    city(&CHINA, "北京市", "北京", "100###", "+86 10", 11),
    city(&CHINA, "上海市", "上海", "200###", "+86 21", 13),
    city(&CHINA, "广东省", "深圳", "518###", "+86 755", 10),
    city(&CHINA, "广东省", "广州", "510###", "+86 20", 7),
    city(&CHINA, "浙江省", "杭州", "310###", "+86 571", 7),
    city(&CHINA, "浙江省", "宁波", "315###", "+86 574", 3),
    city(&CHINA, "江苏省", "苏州", "215###", "+86 512", 7),
    city(&CHINA, "江苏省", "南京", "210###", "+86 25", 5),
    city(&CHINA, "四川省", "成都", "610###", "+86 28", 5),
    city(&CHINA, "湖北省", "武汉", "430###", "+86 27", 4),
    city(&CHINA, "陕西省", "西安", "710###", "+86 29", 3),
    city(&CHINA, "山东省", "青岛", "266###", "+86 532", 3),
    city(&CHINA, "福建省", "厦门", "361###", "+86 592", 2),
    city(&CHINA, "天津市", "天津", "300###", "+86 22", 3),
    city(&GERMANY, "Bayern", "München", "80###", "+49 89", 5),
    city(&GERMANY, "Bayern", "Nürnberg", "90###", "+49 911", 2),
    city(
        &GERMANY,
        "Nordrhein-Westfalen",
        "Köln",
        "50###",
        "+49 221",
        3,
    ),
    city(
        &GERMANY,
        "Nordrhein-Westfalen",
        "Düsseldorf",
        "40###",
        "+49 211",
        2,
    ),
    city(
        &GERMANY,
        "Baden-Württemberg",
        "Stuttgart",
        "70###",
        "+49 711",
        3,
    ),
    city(&GERMANY, "Hamburg", "Hamburg", "20###", "+49 40", 2),
    city(&GERMANY, "Berlin", "Berlin", "10###", "+49 30", 3),
    city(&AUSTRIA, "Wien", "Wien", "1##0", "+43 1", 2),
    city(&AUSTRIA, "Steiermark", "Graz", "80##", "+43 316", 1),
    city(&FRANCE, "Île-de-France", "Paris", "750##", "+33 1", 4),
    city(&FRANCE, "Auvergne-Rhône-Alpes", "Lyon", "690##", "+33 4", 2),
    city(&FRANCE, "Occitanie", "Toulouse", "310##", "+33 5", 1),
    city(&SPAIN, "Cataluña", "Barcelona", "080##", "+34 93", 2),
    city(&SPAIN, "Andalucía", "Málaga", "290##", "+34 952", 1),
    city(
        &SPAIN,
        "Comunidad de Madrid",
        "Madrid",
        "280##",
        "+34 91",
        2,
    ),
    city(
        &SWEDEN,
        "Västra Götaland",
        "Göteborg",
        "41# ##",
        "+46 31",
        1,
    ),
    city(&SWEDEN, "Skåne", "Malmö", "21# ##", "+46 40", 1),
    city(&BRITAIN, "England", "London", "EC#A #BT", "+44 20", 4),
    city(&BRITAIN, "England", "Manchester", "M## #GH", "+44 161", 2),
    city(&BRITAIN, "Scotland", "Edinburgh", "EH# #YL", "+44 131", 1),
    city(
        &AMERICA,
        "California",
        "San Francisco",
        "941##",
        "+1 415",
        4,
    ),
    city(&AMERICA, "California", "San José", "951##", "+1 408", 3),
    city(&AMERICA, "Texas", "Austin", "787##", "+1 512", 3),
    city(&AMERICA, "Illinois", "Chicago", "606##", "+1 312", 4),
    city(&AMERICA, "New York", "New York", "100##", "+1 212", 5),
    city(&AMERICA, "Massachusetts", "Boston", "021##", "+1 617", 3),
    city(&AMERICA, "Washington", "Seattle", "981##", "+1 206", 3),
    city(&AMERICA, "Ohio", "Cleveland", "441##", "+1 216", 2),
    city(&CANADA, "Québec", "Montréal", "H#A #K#", "+1 514", 2),
    city(&CANADA, "Québec", "Trois-Rivières", "G#A #B#", "+1 819", 1),
];
