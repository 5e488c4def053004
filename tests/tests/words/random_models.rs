//! Random models, one a night, over a stream that shows each change once: at the end the warehouse is what one load of all changes
//! makes of the last model, and what a rebuild makes of the retained packages, keys included.

use anyhow::Result;
use planisphere_tests::lab::of_environment;
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rand::{Rng as _, SeedableRng as _};

use super::case::Case;
use super::changed_model::{MINI, SOURCE, STAR, WITH_MINI};

const TABLES: &str = "create table every_c(n integer primary key, id text, at text, into_id text, p text, q text);
create table c(n integer primary key, id text, at text, into_id text, p text, q text);
create table o(id text primary key, cust text, at text, amount integer, other integer);
insert into o select 'o' || column1 || m, column1, '2025-0' || m || '-15 00:00:00', 1, 1
  from (values ('a'), ('b'), ('c'), ('nobody')), (select 1 as m union select 2 union select 3 union select 4 union select 5);";

/// How an attribute may be kept; not at all, if there is nothing.
const WAYS: [&str; 7] = [
    "",
    "scd: 0",
    "scd: 1",
    "scd: 2",
    "scd: 3",
    "scd: 6",
    "scd: 4, mini: m",
];

/// How both attributes are kept.
#[derive(Clone, Copy)]
struct Ways([&'static str; 2]);

impl Ways {
    fn random(random: &mut StdRng) -> Self {
        let mut way = || WAYS.choose(random).copied().unwrap_or_default();
        Self([way(), way()])
    }

    fn of(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        ["p", "q"].into_iter().zip(self.0)
    }

    fn has_mini(&self) -> bool {
        self.of().any(|(_, way)| way.contains("mini"))
    }

    fn declare(&self, case: &Case) -> Result<()> {
        let declared = self.of().filter(|(_, way)| !way.is_empty());
        let declared = declared.map(|(name, way)| format!("  {name}: {{type: text, {way}}}\n"));
        let declared: String = declared.collect();
        case.declare(
            "conformed/c.yaml",
            &format!(
                "dimension: c\nentity: c\nkey: id\nattributes:\n  name: {{type: text, scd: 1, column: p}}\n{declared}"
            ),
        )?;
        let mini = case.lab.path("model/conformed/m.yaml");
        if self.has_mini() {
            case.declare("conformed/m.yaml", MINI)?;
            return case.declare("stars/o.yaml", WITH_MINI);
        }
        if mini.exists() {
            std::fs::remove_file(mini)?;
        }
        case.declare("stars/o.yaml", STAR)
    }

    /// What members are, and what facts find.
    fn questions(&self) -> [String; 2] {
        let columns = self.of().map(|(name, way)| match way {
            "" => String::new(),
            "scd: 3" => format!(", d.{name}, d.previous_{name}"),
            "scd: 6" => format!(", d.{name}, d.current_{name}"),
            mini if mini.contains("mini") => String::new(),
            _ => format!(", d.{name}"),
        });
        let mut columns: String = columns.collect();
        let (mut found, mut join) = ("", "");
        if self.has_mini() {
            columns.push_str(", d.current_m_id");
            (found, join) = (", m.m_id", "join dim_m m on m.m_key = f.m_key");
        }
        [
            format!(
                "select d.c_id, d.name{columns}, d.valid_from, d.valid_to, d.valid_from_basis, d.is_current from dim_c d where d.c_key > 0 order by d.c_id, d.valid_from"
            ),
            format!(
                "select f.source_row_id, d.c_id, d.valid_from{found} from fact_o f join dim_c d on d.c_key = f.c_key {join} order by 1"
            ),
        ]
    }
}

/// Changes of few members at few instants, some of them merges.
fn fill(case: &Case, random: &mut StdRng) -> Result<Vec<u32>> {
    let numbers: Vec<u32> = (1..=14).collect();
    for number in &numbers {
        let mut one = |of: &[&'static str]| of.choose(random).copied().unwrap_or("null");
        let (id, p, q) = (
            one(&["a", "b", "c"]),
            one(&["'x'", "'y'", "null"]),
            one(&["'x'", "'y'", "null"]),
        );
        let (days, merges) = (random.random_range(0..8) * 20, random.random_bool(0.12));
        let into = if merges { "'a'" } else { "null" };
        case.change(&format!(
            "insert into every_c values ({number}, '{id}', datetime('2025-01-05 12:00:00', '{days} days'), {into}, {p}, {q})"
        ))?;
    }
    Ok(numbers)
}

fn show(case: &Case, numbers: &[u32]) -> Result<()> {
    let numbers: Vec<String> = numbers.iter().map(u32::to_string).collect();
    case.change(&format!(
        "delete from c; insert into c select * from every_c where n in ({})",
        numbers.join(", ")
    ))
}

fn check(seed: u64) -> Result<()> {
    let mut random = StdRng::seed_from_u64(seed);
    let files = [("sources/crm.yaml", SOURCE)];
    let (living, fresh) = (Case::new(TABLES, &files)?, Case::new(TABLES, &files)?);
    let mut numbers = fill(&living, &mut random)?;
    for row in living.source("select n, id, at, into_id, p, q from every_c")? {
        let values = row.iter().map(|value| match value.as_str() {
            "" => "null".to_owned(),
            value => format!("'{value}'"),
        });
        let values: Vec<String> = values.collect();
        fresh.change(&format!(
            "insert into every_c values ({})",
            values.join(", ")
        ))?;
    }
    numbers.shuffle(&mut random);
    let mut ways = Ways([""; 2]);
    let mut told = Vec::new();
    for (night, some) in numbers.chunks(5).enumerate() {
        ways = Ways::random(&mut random);
        told.push(format!("{:?}", ways.0));
        ways.declare(&living)?;
        show(&living, some)?;
        living.load(&format!("2025-06-0{}", night + 1))?;
    }
    ways.declare(&fresh)?;
    show(&fresh, &numbers)?;
    fresh.load("2025-06-03")?;
    for question in ways.questions() {
        assert_eq!(
            living.sql(&question)?,
            fresh.sql(&question)?,
            "SEED={seed} {told:?}"
        );
    }
    let keys = "select c_key, c_id, name, valid_from from dim_c order by c_key";
    assert_eq!(
        living.rebuilt("anew", keys)?,
        living.sql(keys)?,
        "SEED={seed} {told:?}"
    );
    Ok(())
}

/// `SEED` and `N` ask for others.
#[test]
fn nights_of_other_models_end_in_what_the_last_one_makes_of_all_changes() -> Result<()> {
    let first = of_environment("SEED", 1);
    (first..first + of_environment("N", 4)).try_for_each(check)
}
