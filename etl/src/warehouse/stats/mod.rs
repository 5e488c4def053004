//! Delta statistics of one file, gathered while its rows are written.

mod literal;
mod members;

use arrow::array::{Array as _, RecordBatch};
use arrow::datatypes::Schema;
use datafusion::error::Result;
use datafusion::functions_aggregate::min_max::{MaxAccumulator, MinAccumulator};
use datafusion::logical_expr::Accumulator as _;

use self::literal::{json_text, lower_literal, upper_literal};
use self::members::members;

/// What is known of the rows so far: how many, and of each column nulls, smallest and largest value.
#[derive(Debug)]
pub(crate) struct FileStats {
    rows: u64,
    columns: Vec<ColumnStats>,
}

#[derive(Debug)]
struct ColumnStats {
    name: String,
    nulls: u64,
    min: MinAccumulator,
    max: MaxAccumulator,
}

impl FileStats {
    pub(crate) fn new(schema: &Schema) -> Result<Self> {
        let columns = schema.fields().iter().map(|field| {
            Ok(ColumnStats {
                name: field.name().clone(),
                nulls: 0,
                min: MinAccumulator::try_new(field.data_type())?,
                max: MaxAccumulator::try_new(field.data_type())?,
            })
        });
        Ok(Self {
            rows: 0,
            columns: columns.collect::<Result<_>>()?,
        })
    }

    /// Takes in rows of the schema that the statistics were made for.
    pub(crate) fn update(&mut self, rows: &RecordBatch) -> Result<()> {
        self.rows += rows.num_rows() as u64;
        for (column, values) in self.columns.iter_mut().zip(rows.columns()) {
            column.nulls += values.logical_null_count() as u64;
            column.min.update_batch(std::slice::from_ref(values))?;
            column.max.update_batch(std::slice::from_ref(values))?;
        }
        Ok(())
    }

    /// Takes in the statistics of further rows of the same columns.
    pub(crate) fn merge(&mut self, other: Self) -> Result<()> {
        self.rows += other.rows;
        for (column, mut other) in self.columns.iter_mut().zip(other.columns) {
            column.nulls += other.nulls;
            let (min, max) = (other.min.evaluate()?, other.max.evaluate()?);
            column.min.update_batch(&[min.to_array()?])?;
            column.max.update_batch(&[max.to_array()?])?;
        }
        Ok(())
    }

    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// The statistics as the Delta protocol writes them. Bounds that JSON cannot hold are left out.
    pub(crate) fn into_json(self) -> Result<String> {
        self.into_json_over("{}")
    }

    /// The same for a file of which only some columns are described here: the others stand as in older statistics.
    pub(crate) fn into_json_over(mut self, older: &str) -> Result<String> {
        let known: Vec<String> = self.columns.iter().map(|c| c.name.clone()).collect();
        let stays = |section: &str| -> Vec<String> {
            let sections = members(older).into_iter();
            let found = sections.filter(|(name, _)| name == section);
            let found = found.flat_map(|(_, object)| members(object));
            found
                .filter(|(name, _)| !known.contains(name))
                .map(|(name, value)| format!("{}:{value}", json_text(&name)))
                .collect()
        };
        let (mut min, mut max) = (stays("minValues"), stays("maxValues"));
        let mut nulls = stays("nullCount");
        for column in &mut self.columns {
            let name = json_text(&column.name);
            nulls.push(format!("{name}:{}", column.nulls));
            let smallest = lower_literal(&column.min.evaluate()?);
            let largest = upper_literal(&column.max.evaluate()?);
            min.extend(smallest.map(|value| format!("{name}:{value}")));
            max.extend(largest.map(|value| format!("{name}:{value}")));
        }
        Ok(format!(
            "{{\"numRecords\":{},\"minValues\":{{{}}},\"maxValues\":{{{}}},\"nullCount\":{{{}}}}}",
            self.rows,
            min.join(","),
            max.join(","),
            nulls.join(",")
        ))
    }
}
