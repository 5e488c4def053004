//! Names of people by culture, with their titles and departments.

use crate::demo::catalog::place::Culture;
use crate::demo::dice::Dice;

const CHINESE_FAMILY: [&str; 28] = [
    "王", "李", "张", "刘", "陈", "杨", "黄", "赵", "吴", "周", "徐", "孙", "马", "朱", "胡", "郭",
    "何", "林", "高", "罗", "郑", "梁", "谢", "宋", "唐", "许", "邓", "欧阳",
];
const CHINESE_GIVEN: [&str; 32] = [
    "伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "洋", "艳", "勇", "军", "杰", "娟", "涛", "超",
    "明", "霞", "秀英", "建国", "志强", "晓东", "海燕", "雪梅", "文博", "子涵", "思远", "雨桐",
    "国栋", "玉兰", "俊杰", "婷婷",
];
const GERMAN_GIVEN: [&str; 14] = [
    "Jürgen", "Anna", "Björn", "Käthe", "Lukas", "Sabine", "Günter", "Heike", "Stefan", "Jörg",
    "Monika", "Felix", "Bärbel", "Tobias",
];
const GERMAN_FAMILY: [&str; 16] = [
    "Müller",
    "Schmidt",
    "Schäfer",
    "Weiß",
    "Köhler",
    "Fischer",
    "Krüger",
    "Bauer",
    "Jäger",
    "Vogel",
    "Böhm",
    "Groß",
    "Keller",
    "Hübner",
    "Lang",
    "Schröder",
];
const FRENCH_GIVEN: [&str; 12] = [
    "Hélène",
    "François",
    "Chloé",
    "Rémi",
    "Zoé",
    "Jérôme",
    "Amélie",
    "Benoît",
    "Claire",
    "Éric",
    "Noémie",
    "Gaël",
];
const FRENCH_FAMILY: [&str; 14] = [
    "Lefèvre",
    "Dubois",
    "Garnier",
    "Côté",
    "Béranger",
    "Moreau",
    "Gérard",
    "Fournier",
    "Lemaître",
    "Roux",
    "Tremblay",
    "Bélanger",
    "Noël",
    "Marchand",
];
const SPANISH_GIVEN: [&str; 10] = [
    "José", "María", "Íñigo", "Lucía", "Andrés", "Begoña", "Álvaro", "Inés", "Javier", "Nuria",
];
const SPANISH_FAMILY: [&str; 12] = [
    "García",
    "Muñoz",
    "Fernández",
    "Núñez",
    "Ibáñez",
    "Castro",
    "Peña",
    "Giménez",
    "Ortiz",
    "Vázquez",
    "Serrano",
    "Rubio",
];
const SWEDISH_GIVEN: [&str; 8] = [
    "Åsa", "Björn", "Märta", "Lars", "Göran", "Elin", "Håkan", "Sigrid",
];
const SWEDISH_FAMILY: [&str; 8] = [
    "Åkesson",
    "Söderberg",
    "Lindström",
    "Öberg",
    "Nyström",
    "Holm",
    "Sjögren",
    "Björk",
];
const ENGLISH_GIVEN: [&str; 20] = [
    "James", "Olivia", "Noah", "Emma", "Liam", "Ava", "Henry", "Grace", "Zoë", "Oscar", "Chloe",
    "Daniel", "Ruth", "Samuel", "Alice", "Peter", "Renée", "Marcus", "Joan", "Victor",
];
const ENGLISH_FAMILY: [&str; 24] = [
    "Smith", "Johnson", "O'Brien", "Taylor", "Walker", "Hughes", "Murphy", "Baker", "Cooper",
    "Reed", "Morgan", "Bell", "Ward", "Brontë", "Foster", "Hayes", "Coleman", "Powell", "Barnes",
    "Fisher", "Hunt", "Mason", "Webb", "Stone",
];

/// Job titles of contacts.
pub(crate) const TITLES: [&str; 10] = [
    "Purchasing Manager",
    "Managing Director",
    "Head of Production",
    "Buyer",
    "Plant Engineer",
    "Chief Financial Officer",
    "Maintenance Lead",
    "Quality Manager",
    "Owner",
    "IT Manager",
];

/// Departments of contacts.
pub(crate) const DEPARTMENTS: [&str; 6] = [
    "Purchasing",
    "Management",
    "Production",
    "Finance",
    "Maintenance",
    "Quality",
];

/// First and last name of a person.
pub(crate) fn person(dice: &mut Dice, culture: Culture) -> (&'static str, &'static str) {
    let (given, family): (&[&str], &[&str]) = match culture {
        Culture::Chinese => (&CHINESE_GIVEN, &CHINESE_FAMILY),
        Culture::German => (&GERMAN_GIVEN, &GERMAN_FAMILY),
        Culture::French => (&FRENCH_GIVEN, &FRENCH_FAMILY),
        Culture::Spanish => (&SPANISH_GIVEN, &SPANISH_FAMILY),
        Culture::Swedish => (&SWEDISH_GIVEN, &SWEDISH_FAMILY),
        Culture::English => (&ENGLISH_GIVEN, &ENGLISH_FAMILY),
    };
    (dice.pick(given), dice.pick(family))
}

/// How a person of this culture is addressed.
pub(crate) fn salutation(dice: &mut Dice) -> &'static str {
    dice.pick(&["Mr.", "Ms.", "Mrs.", "Dr.", "Prof."])
}
