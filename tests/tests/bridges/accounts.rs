//! Trees of accounts whose operators say how each counts for the one above it, against SQL on the rows of the source.
//!
//! The chart is that of the parent-child example of SQL Server Analysis Services: net income is what is sold, less what is given back, less
//! costs, and statistical accounts count for nothing.

use anyhow::{Context as _, Result};

use planisphere_olap::model::{Additivity, CubeView};
use planisphere_schemas::model::read_model;

use super::crm::Crm;

const SOURCE: &str = "source: crm
tables:
  accounts: {key: id, columns: {id: text, parent: text, sign: text}}
  entries: {key: id, columns: {id: bigint, account: text, shop: text, amount: money}}
entities:
  account:
    from: accounts a
    columns: {account_id: a.id, parent: a.parent, sign: a.sign}
  entry:
    from: entries e
    columns: {entry_id: e.id, account_id: e.account, shop: e.shop, amount: e.amount}
";

const ACCOUNT: &str = "dimension: account
entity: account
key: account_id
attributes:
  sign: {type: text}
parent: {column: parent, operator: sign}
hierarchies:
  chart: {depth: 4}
  brief: {depth: 2}
";

const STAR: &str = "star: entry
grain: One row is one entry.
entity: entry
key: entry_id
dimensions:
  account: {column: account_id}
degenerate: {shop: text}
measures:
  amount: {type: money}
";

const CUBE: &str = "cube: books
star: entry
roles: [account]
degenerate: {shop: {columns: [shop]}}
measures:
  booked: {function: sum, of: amount}
  result: {function: sum, of: amount, signed: true}
  above: {expression: 'parent(result, account)'}
  all: {expression: 'total(result, account)'}
";

const TABLES: &str = "create table accounts (id text primary key, parent text, sign text);
create table entries (id integer primary key, account text, shop text, amount real);
insert into accounts values
  ('net income', null, '+'), ('operating profit', 'net income', '+'), ('other', 'net income', '+'), ('taxes', 'net income', '-'),
  ('gross margin', 'operating profit', '+'), ('expenses', 'operating profit', '-'),
  ('net sales', 'gross margin', '+'), ('cost of sales', 'gross margin', '-'),
  ('gross sales', 'net sales', '+'), ('returns', 'net sales', '-'), ('discounts', 'net sales', '-'),
  ('corrected returns', 'returns', '-'), ('labour', 'expenses', null), ('rent', 'expenses', ''),
  ('statistics', null, '~'), ('square metres', 'statistics', '+'), ('staff', 'statistics', '-');
with recursive n(i) as (select 1 union all select i + 1 from n where i < 400)
insert into entries select i, (select id from accounts where rowid = i * 7 % 17 + 1), 'shop ' || (i % 3), i * 1.25 from n;
insert into entries values (401, 'unheard of', 'shop 1', 1000), (402, null, 'shop 2', 500);";

fn books() -> Result<Crm> {
    let files = [
        ("sources/crm.yaml", SOURCE),
        ("conformed/account.yaml", ACCOUNT),
        ("stars/entry.yaml", STAR),
        ("cubes/books.yaml", CUBE),
    ];
    let crm = Crm::with(&files, TABLES)?;
    crm.lab.load()?.done()?;
    Ok(crm)
}

/// Entries with the accounts of four levels and the signs of the ways up to them; `s0` is that of the way through the top.
const SIGNED: &str = "with recursive
  op as (select id, parent, case sign when '-' then -1 when '~' then 0 else 1 end as sign from accounts),
  depth(id, level) as (select id, 1 from op where parent is null union all select op.id, level + 1 from op join depth on depth.id = op.parent),
  up(id, at, sign) as (select id, id, 1 from op union all select up.id, op.parent, up.sign * op.sign from up join op on op.id = up.at where op.parent is not null),
  leads as (select up.id, up.at, up.sign, own.level as own, there.level as there from up join depth own on own.id = up.id join depth there on there.id = up.at),
  at(k) as (values (1), (2), (3), (4)),
  told as (select id, k, at, sign from leads join at on there = min(k, own)),
  cells as (select e.shop, e.amount,
    coalesce(t1.at, e.account, '@not_given') as a1, coalesce(t1.sign, 1) as s1, coalesce(t2.at, e.account, '@not_given') as a2, coalesce(t2.sign, 1) as s2,
    coalesce(t3.at, e.account, '@not_given') as a3, coalesce(t3.sign, 1) as s3, coalesce(t4.at, e.account, '@not_given') as a4, coalesce(t4.sign, 1) as s4,
    coalesce(t1.sign * top.sign, 1) as s0
    from entries e left join told t1 on t1.id = e.account and t1.k = 1 left join told t2 on t2.id = e.account and t2.k = 2
    left join told t3 on t3.id = e.account and t3.k = 3 left join told t4 on t4.id = e.account and t4.k = 4
    left join op top on top.id = t1.at)";

/// The sum with the signs of a level; nothing where no entry counts.
fn sum_of(level: usize) -> String {
    format!(
        "coalesce(printf('%.4f', sum(case s{level} when 0 then null else amount * s{level} end)), '')"
    )
}

fn booked() -> &'static str {
    "printf('%.4f', sum(amount))"
}

#[test]
fn every_level_counts_by_the_operators_below_it_and_totals_by_all() -> Result<()> {
    let crm = books()?;
    let chart = (1..=4).map(|level| format!("account.chart.level_{level}"));
    let chart = chart.collect::<Vec<_>>().join(",");
    let found = crm.cells(
        4,
        &format!("cube=books; measures=booked,result; rows={chart}; subtotals=rows"),
    )?;
    let mut sets = Vec::new();
    for level in 0..=4 {
        let keys: Vec<String> = (1..=4)
            .map(|it| {
                if it <= level {
                    format!("a{it}")
                } else {
                    format!("'' as a{it}")
                }
            })
            .collect();
        let by = (1..=level)
            .map(|it| format!("a{it}"))
            .collect::<Vec<_>>()
            .join(", ");
        let by = if level == 0 {
            String::new()
        } else {
            format!("group by {by}")
        };
        sets.push(format!(
            "select {}, {}, {} from cells {by}",
            keys.join(", "),
            booked(),
            sum_of(level)
        ));
    }
    let expected = crm.ask(&format!(
        "{SIGNED} {} order by 1, 2, 3, 4",
        sets.join(" union all ")
    ))?;
    assert_eq!(found, expected);
    Ok(())
}

#[test]
fn signs_are_those_of_the_cell_beside_other_levels() -> Result<()> {
    let crm = books()?;
    let (all, own) = (sum_of(0), sum_of(2));
    // another tree of the same accounts, of fewer levels
    let told = "case a2 when '@not_given' then '(not given)' else a2 end";
    assert_eq!(
        crm.cells(2, "cube=books; measures=result; rows=shop.shop; columns=account.brief.level_2; subtotals=rows,columns")?,
        crm.ask(&format!(
            "{SIGNED} select shop, a1, {told}, {own} from cells group by shop, a1, a2 union all select '', a1, {told}, {own} from cells group by a1, a2
             union all select shop, '', 'Total', {all} from cells group by shop union all select '', '', 'Total', {all} from cells order by 1, 2, 3"
        ))?
    );
    assert_eq!(
        crm.cells(1, "cube=books; measures=result; rows=shop.shop; subtotals=rows")?,
        crm.ask(&format!(
            "{SIGNED} select shop, {all} from cells group by shop union all select '', {all} from cells order by 1"
        ))?
    );
    Ok(())
}

#[test]
fn a_filter_of_one_member_stands_for_it_and_one_of_several_for_what_they_give_to_all() -> Result<()>
{
    let crm = books()?;
    let result = "cube=books; measures=result; where=account.chart.level_2";
    assert_eq!(
        crm.cells(0, &format!("{result} = net income/taxes"))?,
        crm.ask(&format!(
            "{SIGNED} select {} from cells where a2 = 'taxes'",
            sum_of(2)
        ))?
    );
    assert_eq!(
        crm.cells(
            0,
            &format!("{result} in net income/taxes, net income/other")
        )?,
        crm.ask(&format!(
            "{SIGNED} select {} from cells where a2 in ('taxes', 'other')",
            sum_of(0)
        ))?
    );
    Ok(())
}

#[test]
fn contexts_take_the_signs_of_their_members() -> Result<()> {
    let crm = books()?;
    let (all, above, own) = (sum_of(0), sum_of(1), sum_of(2));
    let decimals = |text: &str| format!("{text} || case {text} when '' then '' else '000000' end");
    assert_eq!(
        crm.cells(2, "cube=books; measures=result,above,all; rows=account.chart.level_1,account.chart.level_2")?,
        crm.ask(&format!(
            "{SIGNED}, one as (select a1, {above} as v from cells group by a1), whole as (select {all} as v from cells),
             two as (select a1, a2, {own} as v from cells group by a1, a2)
             select two.a1, a2, two.v, {}, {} from two join one on one.a1 = two.a1, whole order by 1, 2",
            decimals("one.v"),
            decimals("whole.v")
        ))?
    );
    Ok(())
}

#[test]
fn clients_are_told_that_signed_cells_do_not_add_up() -> Result<()> {
    let crm = books()?;
    let model = read_model(&crm.lab.path("model"))?;
    let cube = model.cube("books").context("the cube")?;
    let view = CubeView::of(&model, cube).context("its view")?;
    let told = view.measures.iter().take(2);
    let told: Vec<_> = told
        .map(|it| (it.definition.as_str(), it.additivity))
        .collect();
    let expected = [
        ("sum(amount)", Additivity::Additive),
        ("sum(amount) by operators", Additivity::NonAdditive),
    ];
    assert_eq!(told, expected);
    Ok(())
}

#[test]
fn an_operator_that_means_nothing_and_models_that_make_no_sense_are_refused() -> Result<()> {
    let crm = books()?;
    crm.change("update accounts set sign = '*' where id = 'rent'")?;
    crm.lab.load()?.done()?;
    let asked = ["query", "--cube", "books", "--measures", "result"];
    crm.lab.olap(&asked)?.refused(
        2,
        &["unknown operator '*' of 'rent' in dimension 'account', which is none of '+', '-' and '~'", "mend it at the source"],
    )?;
    // what takes no operators is told
    assert!(!crm.cells(0, "cube=books; measures=booked")?.is_empty());
    let refused = |file: &str, old: &str, new: &str, expected: &str| -> Result<()> {
        let crm = books()?;
        crm.lab.replace(&format!("model/{file}.yaml"), old, new)?;
        crm.lab.etl(&["plan"])?.refused(2, &[expected])?;
        Ok(())
    };
    refused(
        "conformed/account",
        "operator: sign",
        "operator: sing",
        "unknown attribute 'sing' (did you mean 'sign'?)",
    )?;
    refused(
        "conformed/account",
        "sign: {type: text}",
        "sign: {type: text, scd: 2}",
        "attribute 'sign' cannot be the operator of members",
    )?;
    refused(
        "conformed/account",
        ", operator: sign",
        "",
        "has no dimension whose 'parent' has an 'operator'",
    )?;
    refused(
        "cubes/books",
        "function: sum, of: amount, signed",
        "function: max, of: amount, signed",
        "only a 'sum' that is not weighted can be signed",
    )?;
    Ok(())
}
