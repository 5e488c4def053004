//! Names of companies by culture, and the ways in which the same company gets typed twice.

use super::people::person;
use super::place::{Culture, Place};
use crate::demo::dice::Dice;

const BRAND_FIRST: [&str; 24] = [
    "恒", "华", "中", "鑫", "宏", "永", "金", "新", "东", "天", "瑞", "盛", "安", "同", "万", "博",
    "海", "长", "德", "嘉", "泰", "联", "力", "启",
];
const BRAND_SECOND: [&str; 24] = [
    "达", "通", "源", "科", "泰", "兴", "星", "业", "诚", "信", "锐", "创", "丰", "隆", "辉", "邦",
    "腾", "远", "润", "和", "翔", "能", "凯", "成",
];
const CHINESE_SECTORS: [&str; 14] = [
    "机械",
    "电子",
    "科技",
    "精密仪器",
    "自动化设备",
    "建筑工程",
    "化工",
    "新能源",
    "物流",
    "医疗器械",
    "信息技术",
    "环保",
    "纺织",
    "食品",
];
const CHINESE_FORMS: [&str; 4] = ["有限公司", "股份有限公司", "集团有限公司", "有限责任公司"];
const GERMAN_SECTORS: [&str; 10] = [
    "Maschinenbau",
    "Antriebstechnik",
    "Anlagenbau",
    "Elektronik",
    "Feinmechanik",
    "Kältetechnik",
    "Werkzeuge",
    "Gießerei",
    "Prüftechnik",
    "Förderanlagen",
];
const FRENCH_SECTORS: [&str; 8] = [
    "Mécanique",
    "Électricité",
    "Outillage",
    "Systèmes",
    "Industrie",
    "Énergie",
    "Matériaux",
    "Ingénierie",
];
const SPANISH_SECTORS: [&str; 7] = [
    "Maquinaria",
    "Energía",
    "Construcción",
    "Logística",
    "Electrónica",
    "Metalúrgica",
    "Técnica",
];
const SWEDISH_SECTORS: [&str; 6] = [
    "Verkstad",
    "Teknik",
    "Mekaniska",
    "Energi",
    "Industri",
    "Verktyg",
];
const ENGLISH_HEADS: [&str; 36] = [
    "Cascade",
    "Summit",
    "Granite",
    "Harbor",
    "Pioneer",
    "Redwood",
    "Atlas",
    "Beacon",
    "Liberty",
    "Northfield",
    "Lakeside",
    "Ironwood",
    "Silver Creek",
    "Keystone",
    "Evergreen",
    "Prairie",
    "Falcon",
    "Meridian",
    "Copperline",
    "Stonebridge",
    "Blue Ridge",
    "Highland",
    "Westgate",
    "Riverside",
    "Oakmont",
    "Crescent",
    "Sterling",
    "Vanguard",
    "Old Mill",
    "Bayview",
    "Ashford",
    "Kingsway",
    "Thornton",
    "Whitfield",
    "Marlow",
    "Eastbrook",
];
const ENGLISH_SECTORS: [&str; 16] = [
    "Machinery",
    "Tools",
    "Controls",
    "Fabrication",
    "Electronics",
    "Logistics",
    "Instruments",
    "Energy",
    "Dynamics",
    "Foundry",
    "Automation",
    "Packaging",
    "Plastics",
    "Robotics",
    "Components",
    "Materials",
];

/// The name of a company of a place.
pub(crate) fn company(dice: &mut Dice, place: &Place) -> String {
    let family = person(dice, place.culture).1;
    match place.culture {
        Culture::Chinese => chinese(dice, place),
        Culture::German => {
            let form = dice.pick(&["GmbH", "GmbH & Co. KG", "AG", "KG"]);
            let tail = dice.pick(&["", " & Söhne", " + Partner"]);
            format!("{family}{tail} {} {form}", dice.pick(&GERMAN_SECTORS))
        }
        Culture::French => {
            let form = dice.pick(&["SA", "SARL", "SAS", "et Fils"]);
            let head = dice.pick(&["Établissements", "Société", "Groupe", "Ateliers"]);
            format!("{head} {family} {} {form}", dice.pick(&FRENCH_SECTORS))
        }
        Culture::Spanish => {
            let form = dice.pick(&["S.A.", "S.L.", "e Hijos S.L."]);
            format!("{} {family} {form}", dice.pick(&SPANISH_SECTORS))
        }
        Culture::Swedish => format!("{family}s {} AB", dice.pick(&SWEDISH_SECTORS)),
        Culture::English => {
            let form = dice.pick(&["Inc.", "LLC", "Ltd.", "Corp.", "Co."]);
            let sector = dice.pick(&ENGLISH_SECTORS);
            match dice.below(4) {
                0 => format!("{family} {sector} {form}"),
                1 => format!("{family} & {} {form}", person(dice, place.culture).1),
                _ => format!("{} {sector} {form}", dice.pick(&ENGLISH_HEADS)),
            }
        }
    }
}

fn chinese(dice: &mut Dice, place: &Place) -> String {
    let first = dice.pick(&BRAND_FIRST);
    let second = dice.pick(&BRAND_SECOND);
    let sector = dice.pick(&CHINESE_SECTORS);
    let form = CHINESE_FORMS[dice.weighted(&[10, 3, 1, 3])];
    format!("{}{first}{second}{sector}{form}", place.city)
}

/// The same company, as another colleague would have typed it; never equal to the name given.
pub(crate) fn typed_again(dice: &mut Dice, name: &str, place: &Place) -> String {
    let typed = if place.culture == Culture::Chinese {
        chinese_again(dice, name, place)
    } else {
        latin_again(dice, name)
    };
    if typed == name {
        format!("{name} ")
    } else {
        typed
    }
}

fn chinese_again(dice: &mut Dice, name: &str, place: &Place) -> String {
    match dice.below(4) {
        0 => name.replacen(place.city, &format!("{}市", place.city), 1),
        1 => name.replacen(place.city, &format!("（{}）", place.city), 1),
        2 => name.replace("有限公司", "公司").replace("有限责任", "责任"),
        _ => format!("{name}　"),
    }
}

fn latin_again(dice: &mut Dice, name: &str) -> String {
    match dice.below(6) {
        0 => name.chars().map(full_width).collect(),
        1 => name.to_uppercase(),
        2 => name.chars().filter(|c| !".,&+".contains(*c)).collect(),
        3 => name.chars().map(without_accent).collect(),
        4 => name.replacen(' ', "  ", 1),
        _ => name
            .replace(" Inc.", ", Incorporated")
            .replace("GmbH", "G.m.b.H."),
    }
}

/// The full-width form of an ASCII letter or digit.
fn full_width(letter: char) -> char {
    match letter {
        'A'..='Z' | 'a'..='z' | '0'..='9' => {
            char::from_u32(u32::from(letter) + 0xFEE0).unwrap_or(letter)
        }
        other => other,
    }
}

fn without_accent(letter: char) -> char {
    match letter {
        'ä' | 'á' | 'å' => 'a',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'í' | 'î' => 'i',
        'ö' | 'ó' | 'ô' => 'o',
        'ü' | 'ú' => 'u',
        'ñ' => 'n',
        'É' => 'E',
        'Ö' => 'O',
        'Å' => 'A',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::super::place::PLACES;
    use super::*;
    use crate::demo::dice::Stream;

    #[test]
    fn a_name_typed_again_is_never_the_same() {
        let mut dice = Dice::new(1, Stream::Customer, 1);
        for place in &PLACES {
            for _ in 0..50 {
                let name = company(&mut dice, place);
                assert_ne!(typed_again(&mut dice, &name, place), name);
                assert!(name.chars().count() > 4);
            }
        }
    }
}
