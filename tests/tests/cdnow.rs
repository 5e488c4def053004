//! CDNOW's purchase histories, loaded as a file source and held to a straight read of the file by this test itself.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use planisphere_tests::number::canonical;
use planisphere_tests::programs::{etl, olap, succeed};
use planisphere_tests::root;
use tempfile::TempDir;

#[test]
fn every_month_and_cohort_equals_a_straight_read_of_the_file() -> Result<()> {
    let purchases = read_purchases(&root().join("tests/data/cdnow/CDNOW_master.txt"))?;
    the_file_is_the_known_one(&purchases);
    let shop = Shop::copy()?;
    let said = shop.load("1998-07-01")?;
    assert!(said.contains("published version 1"), "{said}");

    shop.has_every_row(&purchases)?;
    shop.months_are_right(&purchases)?;
    shop.cohorts_are_right(&purchases)?;
    shop.cohorts_by_month_are_right(&purchases)?;

    let said = shop.load("1998-07-01")?;
    assert!(!said.contains("published version"), "{said}");
    assert_eq!(shop.versions()?, 1, "a second load published a version");
    Ok(())
}

/// One line of the file.
struct Purchase {
    customer: String,
    /// Year and month.
    month: (i32, u32),
    /// The line without its spaces, to see which rows are equal.
    fields: Vec<String>,
    units: i64,
    cents: i64,
}

fn read_purchases(path: &Path) -> Result<Vec<Purchase>> {
    let text = std::fs::read_to_string(path)?;
    let lines = text.lines().skip(1).filter(|line| !line.trim().is_empty());
    lines.map(read_purchase).collect()
}

fn read_purchase(line: &str) -> Result<Purchase> {
    let fields: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    let [customer, date, units, dollars] = fields.as_slice() else {
        anyhow::bail!("'{line}' has not four fields");
    };
    let (whole, cents) = dollars.split_once('.').context("no cents")?;
    ensure!(cents.len() == 2, "'{dollars}' has not two decimals");
    Ok(Purchase {
        customer: customer.clone(),
        month: (date[..4].parse()?, date[4..6].parse()?),
        units: units.parse()?,
        cents: whole.parse::<i64>()? * 100 + cents.parse::<i64>()?,
        fields,
    })
}

fn the_file_is_the_known_one(purchases: &[Purchase]) {
    let total = Total::of(purchases.iter());
    assert_eq!(
        total.cells(),
        ["69659", "167881", "2500315.63", "23570"].map(str::to_owned)
    );
    let distinct: HashSet<_> = purchases.iter().map(|it| &it.fields).collect();
    assert_eq!(purchases.len() - distinct.len(), 255);
    assert_eq!(purchases.iter().filter(|it| it.cents == 0).count(), 80);
}

/// What is compared: rows, units, cents and distinct customers.
#[derive(Default)]
struct Total<'p> {
    rows: u64,
    units: i64,
    cents: i64,
    customers: HashSet<&'p str>,
}

impl<'p> Total<'p> {
    fn of(purchases: impl Iterator<Item = &'p Purchase>) -> Self {
        let mut total = Self::default();
        purchases.for_each(|purchase| total.add(purchase));
        total
    }

    fn add(&mut self, purchase: &'p Purchase) {
        self.rows += 1;
        self.units += purchase.units;
        self.cents += purchase.cents;
        self.customers.insert(&purchase.customer);
    }

    /// As the server's cells, in the order of `MEASURES`.
    fn cells(&self) -> [String; 4] {
        let dollars = format!("{}.{:02}", self.cents / 100, self.cents % 100);
        [
            self.rows.to_string(),
            self.units.to_string(),
            canonical(&dollars),
            self.customers.len().to_string(),
        ]
    }
}

const MEASURES: &str = "purchases,units,revenue,customers";

/// Members by their numbers, and the four cells.
type Table = BTreeMap<Vec<i64>, [String; 4]>;

fn expected<'p>(
    purchases: &'p [Purchase],
    member: impl Fn(&'p Purchase) -> Vec<(i32, u32)>,
) -> Table {
    let mut totals: BTreeMap<Vec<i64>, Total<'p>> = BTreeMap::new();
    for purchase in purchases {
        let months = member(purchase).into_iter();
        let path = months.flat_map(|(year, month)| [i64::from(year), i64::from(month)]);
        totals.entry(path.collect()).or_default().add(purchase);
    }
    let cells = totals
        .into_iter()
        .map(|(path, total)| (path, total.cells()));
    cells.collect()
}

fn first_months(purchases: &[Purchase]) -> HashMap<&str, (i32, u32)> {
    let mut first = HashMap::new();
    for purchase in purchases {
        let month = first
            .entry(purchase.customer.as_str())
            .or_insert(purchase.month);
        *month = purchase.month.min(*month);
    }
    first
}

/// A copy of the data set's folder, so that its warehouse stands in a temporary place.
struct Shop {
    folder: TempDir,
}

impl Shop {
    fn copy() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let from = root().join("tests/data/cdnow");
        for name in ["planisphere.toml", "CDNOW_master.txt"] {
            std::fs::copy(from.join(name), folder.path().join(name))?;
        }
        copy_folder(&from.join("model"), &folder.path().join("model"))?;
        Ok(Self { folder })
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("planisphere.toml")
    }

    /// Loads and gives what the program said.
    fn load(&self, business_date: &str) -> Result<String> {
        let mut command = etl()?;
        command.args(["load", "--as-of", business_date, "--config"]);
        let output = succeed(command.arg(self.config()))?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr))
    }

    fn versions(&self) -> Result<usize> {
        let folder = self.folder.path().join("warehouse/_planisphere/versions");
        Ok(std::fs::read_dir(folder)?.count())
    }

    /// Runs `planisphere-olap` and gives the records of its CSV, header first.
    fn csv(&self, flags: &[&str]) -> Result<Vec<Vec<String>>> {
        let mut command = olap()?;
        command.args(flags).args(["--format", "csv", "--config"]);
        let output = succeed(command.arg(self.config()))?;
        let text = String::from_utf8(output.stdout)?;
        let record = |line: &str| line.split(',').map(canonical).collect();
        Ok(text.lines().map(record).collect())
    }

    fn has_every_row(&self, purchases: &[Purchase]) -> Result<()> {
        let sql = "select count(*) as rows, sum(units) as units, sum(revenue) as revenue, \
                   count(distinct customer_key) as customers, \
                   count(*) filter (where revenue = 0) as free, \
                   count(*) - count(distinct source_row_id) as merged from fact_sales_line";
        let answer = self.csv(&["sql", sql])?;
        let mut row = Total::of(purchases.iter()).cells().to_vec();
        row.extend(["80".to_owned(), "0".to_owned()]);
        let names = ["rows", "units", "revenue", "customers", "free", "merged"];
        assert_eq!(answer, [names.map(str::to_owned).to_vec(), row]);

        let sql = "select sum(n - 1) as repeated from (select count(*) as n from fact_sales_line f \
                   join dim_customer c on c.customer_key = f.customer_key \
                   group by c.customer_id, f.order_date_key, f.units, f.revenue) t";
        assert_eq!(self.csv(&["sql", sql])?, [["repeated"], ["255"]]);
        Ok(())
    }

    fn months_are_right(&self, purchases: &[Purchase]) -> Result<()> {
        let levels = ["order_date.calendar.year", "order_date.calendar.month"];
        let table = self.cube(&levels)?;
        assert_eq!(table.len(), 18);
        assert_eq!(table, expected(purchases, |it| vec![it.month]));
        Ok(())
    }

    fn cohorts_are_right(&self, purchases: &[Purchase]) -> Result<()> {
        let first = first_months(purchases);
        let table = self.cube(&["customer.cohort.year", "customer.cohort.month"])?;
        assert_eq!(table.len(), 3);
        let cohort = |it: &Purchase| vec![first[it.customer.as_str()]];
        assert_eq!(table, expected(purchases, cohort));
        Ok(())
    }

    fn cohorts_by_month_are_right(&self, purchases: &[Purchase]) -> Result<()> {
        let first = first_months(purchases);
        let levels = [
            "customer.cohort.year",
            "customer.cohort.month",
            "order_date.calendar.year",
            "order_date.calendar.month",
        ];
        let cell = |it: &Purchase| vec![first[it.customer.as_str()], it.month];
        assert_eq!(self.cube(&levels)?, expected(purchases, cell));
        Ok(())
    }

    /// Asks all measures by levels, each of which has a number for its key.
    fn cube(&self, levels: &[&str]) -> Result<Table> {
        let rows = levels.join(",");
        let flags = [
            "query",
            "--cube",
            "sales",
            "--measures",
            MEASURES,
            "--rows",
            &rows,
        ];
        let mut records = self.csv(&flags)?.into_iter();
        let header = records.next().context("no header")?;
        let column = |name: &str| {
            let at = header.iter().position(|column| column == name);
            at.with_context(|| format!("no column {name} in {header:?}"))
        };
        let keys = levels.iter().map(|level| column(level));
        let keys = keys.collect::<Result<Vec<_>>>()?;
        let cells = MEASURES
            .split(',')
            .map(column)
            .collect::<Result<Vec<_>>>()?;
        let mut table = Table::new();
        for record in records {
            let path = keys.iter().map(|at| record[*at].parse());
            let path = path.collect::<Result<Vec<i64>, _>>()?;
            let values = std::array::from_fn(|at| record[cells[at]].clone());
            ensure!(table.insert(path, values).is_none(), "a cell stands twice");
        }
        Ok(table)
    }
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy_folder(&entry.path(), &target)?,
            false => std::fs::copy(entry.path(), target).map(|_| ())?,
        }
    }
    Ok(())
}
